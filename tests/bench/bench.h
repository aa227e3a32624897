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
#define BENCH_SLEEPERS     100000

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
