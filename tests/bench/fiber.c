/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The bare switch under everything else: two of our fibers, no task, no loop. The one benchmark that looks into the kernel. */

#include "bench.h"

#include "core/fiber/fiber.h"
#include "core/fiber/stack-pool.h"

static TrioFiber thread_fiber;
static TrioFiber other;

/* Both sides run this one function, as the tasks of a loop all stop in one place: how well the processor predicts where a switch
 * returns to depends on it (5 ns or 11 ns). The pointer below keeps the compiler from making a copy for each. */
static void
play (TrioFiber *from, TrioFiber *to, int n)
{
  for (int i = 0; i < n; i++)
    trio_fiber_switch (from, to);
}

static void (*volatile play_here) (TrioFiber *from, TrioFiber *to, int n) = play;

static TrioFiber *
other_side (gpointer data G_GNUC_UNUSED)
{
  play_here (&other, &thread_fiber, G_MAXINT);
  return &thread_fiber;
}

static void
do_switch (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  char *top = trio_stack_pool_take (pool);
  gsize usable = trio_stack_pool_get_usable (pool);
  double before;

  trio_fiber_init_thread (&thread_fiber);
  trio_fiber_init (&other, top - usable, usable, other_side, NULL, "other");
  before = bench_cpu_ns ();
  play_here (&thread_fiber, &other, BENCH_SWITCHES / 2);
  bench_say ("switch-ns", (bench_cpu_ns () - before) / BENCH_SWITCHES);
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = { { "switch", do_switch }, { 0 } };

  return bench_main (argc, argv, works);
}
