/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A peer that is always there: threads, with small stacks, and a rendezvous over a mutex and a condition variable. A twentieth of the
 * work, since it takes so long; figures are for one. */

#include "bench.h"

#include <pthread.h>

#define LESS 20

static pthread_attr_t small;

static void *
nothing (void *data)
{
  return data;
}

static void
spawn_and_join (int n)
{
  pthread_t threads[BENCH_BATCH];

  for (int i = 0; i < n; i++)
    if (pthread_create (&threads[i], &small, nothing, NULL) != 0)
      abort ();
  for (int i = 0; i < n; i++)
    pthread_join (threads[i], NULL);
}

static void
do_spawn (void)
{
  double before = bench_cpu_ns ();

  for (int i = 0; i < BENCH_BATCHES / LESS; i++)
    spawn_and_join (BENCH_BATCH);
  bench_say ("spawn-batch-ns", (bench_cpu_ns () - before) / (BENCH_BATCHES / LESS) / BENCH_BATCH);

  before = bench_cpu_ns ();
  for (int i = 0; i < BENCH_ONE_BY_ONE / LESS; i++)
    spawn_and_join (1);
  bench_say ("spawn-one-ns", (bench_cpu_ns () - before) / (BENCH_ONE_BY_ONE / LESS));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int whose_turn;

static void *
player (void *data)
{
  int me = *(int *) data;

  for (int i = 0; i < BENCH_ROUND_TRIPS / LESS; i++)
    {
      pthread_mutex_lock (&mutex);
      while (whose_turn != me)
        pthread_cond_wait (&changed, &mutex);
      whose_turn = !me;
      pthread_cond_signal (&changed);
      pthread_mutex_unlock (&mutex);
    }
  return NULL;
}

static void
do_rendezvous (void)
{
  int numbers[] = { 0, 1 };
  pthread_t other;
  double before = bench_cpu_ns ();
  double each;

  if (pthread_create (&other, &small, player, &numbers[1]) != 0)
    abort ();
  player (&numbers[0]);
  pthread_join (other, NULL);
  each = (bench_cpu_ns () - before) / (BENCH_ROUND_TRIPS / LESS);
  bench_say ("rendezvous-ns", each);
  /* What an errand to a thread and back cannot fall below: it is the same hand-over. */
  bench_say ("errand-ns", each);
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = { { "spawn", do_spawn }, { "rendezvous", do_rendezvous }, { 0 } };

  pthread_attr_init (&small);
  pthread_attr_setstacksize (&small, 64 * 1024);
  return bench_main (argc, argv, works);
}
