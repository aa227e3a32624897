/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The bare switch under everything else: two of our fibers, no task, no loop. The one benchmark that looks into the kernel. */

#include "bench.h"

#include "core/fiber/fiber.h"
#include "core/fiber/stack-pool.h"

static TrioFiber thread_fiber;
static TrioFiber other;

static void
bounce (gpointer data G_GNUC_UNUSED)
{
  for (;;)
    trio_fiber_switch (&other, &thread_fiber);
}

static void
do_switch (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  char *top = trio_stack_pool_take (pool);
  gsize usable = trio_stack_pool_get_usable (pool);
  double before;

  trio_fiber_init_thread (&thread_fiber);
  trio_fiber_init (&other, top - usable, usable, bounce, NULL, "other");
  before = bench_cpu_ns ();
  for (int i = 0; i < BENCH_SWITCHES / 2; i++)
    trio_fiber_switch (&thread_fiber, &other);
  bench_say ("switch-ns", (bench_cpu_ns () - before) / BENCH_SWITCHES);
}

int
main (int argc, char **argv)
{
  static const BenchWork works[] = { { "switch", do_switch }, { 0 } };

  return bench_main (argc, argv, works);
}
