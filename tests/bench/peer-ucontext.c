/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A peer that is always there: what a program would do by hand with glibc's ucontext. Stacks come from one mapping and are used again; no
 * guard pages, no errors, no cancellation, no timers. */

#include "bench.h"

#include <sys/mman.h>
#include <ucontext.h>

#define STACK_BYTES (64 * 1024)

static ucontext_t scheduler;
static ucontext_t *contexts;
static char *stacks;

static void
prepare (int n)
{
  contexts = calloc (n, sizeof *contexts);
  stacks = mmap (NULL, (size_t) n * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (contexts == NULL || stacks == MAP_FAILED)
    abort ();
}

static void
spawn (int i, void (*func) (void))
{
  if (getcontext (&contexts[i]) != 0)
    abort ();
  contexts[i].uc_stack.ss_sp = stacks + (size_t) i * STACK_BYTES;
  contexts[i].uc_stack.ss_size = STACK_BYTES;
  contexts[i].uc_link = &scheduler;
  makecontext (&contexts[i], func, 0);
}

static void
bounce (void)
{
  for (;;)
    swapcontext (&contexts[0], &scheduler);
}

static void
do_switch (void)
{
  double before;

  prepare (1);
  spawn (0, bounce);
  before = bench_cpu_ns ();
  for (int i = 0; i < BENCH_SWITCHES / 2; i++)
    swapcontext (&scheduler, &contexts[0]);
  bench_say ("switch-ns", (bench_cpu_ns () - before) / BENCH_SWITCHES);
}

static void
nothing (void)
{
}

static void
spawn_and_join (int n)
{
  for (int i = 0; i < n; i++)
    spawn (i, nothing);
  for (int i = 0; i < n; i++)
    swapcontext (&scheduler, &contexts[i]);
}

static void
do_spawn (void)
{
  double before;

  prepare (BENCH_BATCH);
  before = bench_cpu_ns ();
  for (int i = 0; i < BENCH_BATCHES; i++)
    spawn_and_join (BENCH_BATCH);
  bench_say ("spawn-batch-ns", (bench_cpu_ns () - before) / BENCH_BATCHES / BENCH_BATCH);

  before = bench_cpu_ns ();
  for (int i = 0; i < BENCH_ONE_BY_ONE; i++)
    spawn_and_join (1);
  bench_say ("spawn-one-ns", (bench_cpu_ns () - before) / BENCH_ONE_BY_ONE);
}

static int running;

static void
sleeper (void)
{
  swapcontext (&contexts[running], &scheduler);
}

static void
do_sleepers (void)
{
  double bytes = bench_resident_bytes ();
  double before = bench_cpu_ns ();

  prepare (BENCH_SLEEPERS);
  for (running = 0; running < BENCH_SLEEPERS; running++)
    {
      spawn (running, sleeper);
      swapcontext (&scheduler, &contexts[running]);
    }
  bench_say ("sleeper-create-ns", (bench_cpu_ns () - before) / BENCH_SLEEPERS);
  bench_say ("sleeper-bytes", (bench_resident_bytes () - bytes) / BENCH_SLEEPERS);

  before = bench_cpu_ns ();
  for (running = 0; running < BENCH_SLEEPERS; running++)
    swapcontext (&scheduler, &contexts[running]);
  bench_say ("sleeper-cancel-ns", (bench_cpu_ns () - before) / BENCH_SLEEPERS);
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = { { "switch", do_switch }, { "spawn", do_spawn }, { "sleepers", do_sleepers }, { 0 } };

  return bench_main (argc, argv, works);
}
