/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A peer if it is installed: State Threads 1.9 (Debian: libst-dev), a small and fast C library for fibers without errors or cancel scopes.
 * It has no yield and no channels: a condition variable hands the turn over, which is its cheapest way to do either. */

#include "bench.h"

#include <st.h>

static st_cond_t turn[2];

static st_thread_t
spawn (void *(*func) (void *data), void *data, int joinable)
{
  st_thread_t thread = st_thread_create (func, data, joinable, 64 * 1024);

  if (thread == NULL)
    abort ();
  return thread;
}

static void
play (int me, int n)
{
  for (int i = 0; i < n; i++)
    {
      st_cond_signal (turn[!me]);
      st_cond_wait (turn[me]);
    }
  st_cond_signal (turn[!me]);
}

static void *
player (void *n)
{
  play (1, *(int *) n);
  return NULL;
}

/* Nanoseconds for one turn of one of the two. */
static double
hand_over (int n)
{
  st_thread_t other;
  double before;

  turn[0] = st_cond_new ();
  turn[1] = st_cond_new ();
  other = spawn (player, &n, 1);
  before = bench_cpu_ns ();
  play (0, n);
  st_thread_join (other, NULL);
  return (bench_cpu_ns () - before) / n / 2;
}

static void
do_switch (void)
{
  bench_say ("switch-ns", hand_over (BENCH_SWITCHES / 2));
}

static void
do_rendezvous (void)
{
  bench_say ("rendezvous-ns", hand_over (BENCH_ROUND_TRIPS) * 2);
}

static void *
nothing (void *data)
{
  return data;
}

static void
spawn_and_join (int n)
{
  st_thread_t threads[BENCH_BATCH];

  for (int i = 0; i < n; i++)
    threads[i] = spawn (nothing, NULL, 1);
  for (int i = 0; i < n; i++)
    st_thread_join (threads[i], NULL);
}

static void
do_spawn (void)
{
  double before = bench_cpu_ns ();

  for (int i = 0; i < BENCH_BATCHES; i++)
    spawn_and_join (BENCH_BATCH);
  bench_say ("spawn-batch-ns", (bench_cpu_ns () - before) / BENCH_BATCHES / BENCH_BATCH);

  before = bench_cpu_ns ();
  for (int i = 0; i < BENCH_ONE_BY_ONE; i++)
    spawn_and_join (1);
  bench_say ("spawn-one-ns", (bench_cpu_ns () - before) / BENCH_ONE_BY_ONE);
}

static int n_asleep;

static void *
sleeper (void *data)
{
  n_asleep++;
  st_sleep (3600);
  n_asleep--;
  return data;
}

static void
put_to_sleep (int n, const char *prefix)
{
  st_thread_t *threads = calloc (n, sizeof *threads);
  double bytes = bench_resident_bytes ();
  double before = bench_cpu_ns ();

  for (int i = 0; i < n; i++)
    threads[i] = spawn (sleeper, NULL, 1);
  while (n_asleep < n)
    st_usleep (0);
  printf ("%s-create-ns %.9g\n", prefix, (bench_cpu_ns () - before) / n);
  printf ("%s-bytes %.9g\n", prefix, (bench_resident_bytes () - bytes) / n);

  before = bench_cpu_ns ();
  for (int i = 0; i < n; i++)
    st_thread_interrupt (threads[i]);
  for (int i = 0; i < n; i++)
    st_thread_join (threads[i], NULL);
  printf ("%s-cancel-ns %.9g\n", prefix, (bench_cpu_ns () - before) / n);
  free (threads);
}

static void
do_sleepers (void)
{
  put_to_sleep (BENCH_SLEEPERS, "sleeper");
}

static void
do_many_sleepers (void)
{
  put_to_sleep (BENCH_MANY_SLEEPERS, "many-sleepers");
}

static void *
napper (void *data)
{
  unsigned state = *(unsigned *) data;

  for (int i = 0; i < BENCH_TIMERS / BENCH_TIMER_TASKS; i++)
    st_usleep (bench_next_us (&state));
  return NULL;
}

static void
do_timers (void)
{
  st_thread_t threads[BENCH_TIMER_TASKS];
  unsigned seeds[BENCH_TIMER_TASKS];
  double before = bench_cpu_ns ();

  for (unsigned i = 0; i < BENCH_TIMER_TASKS; i++)
    {
      seeds[i] = i;
      threads[i] = spawn (napper, &seeds[i], 1);
    }
  for (unsigned i = 0; i < BENCH_TIMER_TASKS; i++)
    st_thread_join (threads[i], NULL);
  bench_say ("timer-ns", (bench_cpu_ns () - before) / BENCH_TIMERS);
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = {
    { "switch", do_switch }, { "spawn", do_spawn }, { "rendezvous", do_rendezvous }, { "sleepers", do_sleepers },
    { "many-sleepers", do_many_sleepers }, { "timers", do_timers }, { 0 }
  };

  if (st_init () != 0)
    return 1;
  return bench_main (argc, argv, works);
}
