/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the benchmark programs share: a program is one contestant, `PROGRAM WORK` does one kind of work once and prints what it cost,
 * "NAME VALUE" a line. table.py runs the contestants in turns and makes a table of it. Time is CPU time of the whole process: what
 * others do on the machine meanwhile matters less.
 *
 * Plain C, no GLib: the peers need none. */

#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How much of each kind of work everybody does. */
#define BENCH_SWITCHES    2000000     /* in all, by two tasks in turns */
#define BENCH_BATCHES        1000     /* spawn them… */
#define BENCH_BATCH          1000     /* …so many at a time, then join them: a million tasks */
#define BENCH_ONE_BY_ONE  1000000     /* spawn one, join it */
#define BENCH_ROUND_TRIPS  500000     /* there and back through rendezvous channels */
#define BENCH_MESSAGES    1000000     /* one way, through a rendezvous channel, then through a buffer */
#define BENCH_BUFFER         1024
#define BENCH_SLEEPERS     100000
#define BENCH_MANY_SLEEPERS 1000000
#define BENCH_TIMERS      1000000     /* set and fired: by a thousand tasks that sleep… */
#define BENCH_TIMER_TASKS    1000
#define BENCH_TIMER_US_MAX   1000     /* …for up to so long, each time another span */
#define BENCH_ERRANDS       20000     /* to a worker thread and back */

typedef struct
{
  const char *name;
  void      (*func) (void);
} BenchWork;

static inline double
bench_cpu_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

static inline double
bench_resident_bytes (void)
{
  long pages = 0;
  FILE *file = fopen ("/proc/self/statm", "r");

  if (file == NULL || fscanf (file, "%*s %ld", &pages) != 1)
    abort ();
  fclose (file);
  return (double) pages * sysconf (_SC_PAGESIZE);
}

/* Spans that look random and are the same for everybody: 1 to BENCH_TIMER_US_MAX. */
static inline unsigned
bench_next_us (unsigned *state)
{
  *state = *state * 1664525u + 1013904223u;
  return (*state >> 16) % BENCH_TIMER_US_MAX + 1;
}

static inline void
bench_say (const char *name, double value)
{
  printf ("%s %.9g\n", name, value);
}

/* `works` ends with { 0 }. Without an argument it prints their names. */
static inline int
bench_main (int argc, char **argv, const BenchWork *works)
{
  for (; works->name != NULL; works++)
    if (argc < 2)
      puts (works->name);
    else if (strcmp (argv[1], works->name) == 0)
      return works->func (), 0;

  return argc < 2 ? 0 : 2;
}
