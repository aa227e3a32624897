/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The switch by itself, without tasks: who runs when, what travels with a fiber, and what the checkers think of it. */

#include "core/fiber/fiber.h"
#include "core/fiber/stack-pool.h"

#include <fenv.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_EXECINFO
#include <execinfo.h>
#endif
#ifdef TRIO_WITH_ASAN
#include <sanitizer/lsan_interface.h>
#endif

/* A fiber on a stack of the pool, and who it goes back to. */
typedef struct
{
  TrioFiber  fiber;
  TrioFiber *back;
  void      *top;
  gint64     value;
  gboolean   ended;
} Runner;

static void
runner_init (Runner *runner, TrioStackPool *pool, TrioFiber *back, TrioFiberFunc entry)
{
  gsize usable = trio_stack_pool_get_usable (pool);

  *runner = (Runner) { .back = back, .top = trio_stack_pool_take (pool) };
  g_assert_nonnull (runner->top);
  trio_fiber_init (&runner->fiber, (char *) runner->top - usable, usable, entry, runner, "runner");
}

static void
runner_clear (Runner *runner, TrioStackPool *pool)
{
  trio_fiber_clear (&runner->fiber);
  trio_stack_pool_give (pool, runner->top);
}

static TrioFiber *
runner_end (Runner *runner)
{
  runner->ended = TRUE;
  return runner->back;
}

static TrioFiber *
count_three (gpointer data)
{
  Runner *runner = data;

  for (int i = 0; i < 3; i++)
    {
      runner->value++;
      trio_fiber_switch (&runner->fiber, runner->back);
    }
  return runner_end (runner);
}

static void
test_a_fiber_runs_only_when_it_is_switched_to (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  TrioFiber self;
  Runner runner;

  trio_fiber_init_thread (&self);
  runner_init (&runner, pool, &self, count_three);
  g_assert_cmpint (runner.value, ==, 0);
  for (int i = 1; i <= 3; i++)
    {
      trio_fiber_switch (&self, &runner.fiber);
      g_assert_cmpint (runner.value, ==, i);
      g_assert_false (runner.ended);
    }
  trio_fiber_switch (&self, &runner.fiber);
  g_assert_true (runner.ended);

  runner_clear (&runner, pool);
  trio_fiber_clear (&self);
  trio_stack_pool_free (pool);
}

/* Each fiber starts the next one, 500 deep, and goes back to the one that started it. */
typedef struct
{
  TrioStackPool *pool;
  Runner        *runners;
  gsize          n;
  gsize          next;
  GString       *way;
} Chain;

static Chain chain;

static TrioFiber *
go_deeper (gpointer data)
{
  Runner *runner = data;
  gsize number = chain.next++;

  if (chain.next < chain.n)
    {
      runner_init (&chain.runners[chain.next], chain.pool, &runner->fiber, go_deeper);
      trio_fiber_switch (&runner->fiber, &chain.runners[chain.next].fiber);
      g_assert_cmpint (chain.runners[number + 1].value, ==, (gint64) number + 1);
    }
  runner->value = (gint64) number;
  return runner_end (runner);
}

static void
test_fibers_start_fibers_in_a_deep_chain (void)
{
  TrioFiber self;

  trio_fiber_init_thread (&self);
  chain = (Chain) { .pool = trio_stack_pool_new (0), .n = 500 };
  chain.runners = g_new0 (Runner, chain.n);
  runner_init (&chain.runners[0], chain.pool, &self, go_deeper);
  trio_fiber_switch (&self, &chain.runners[0].fiber);

  for (gsize i = 0; i < chain.n; i++)
    {
      g_assert_true (chain.runners[i].ended);
      g_assert_cmpint (chain.runners[i].value, ==, (gint64) i);
      runner_clear (&chain.runners[i], chain.pool);
    }
  g_free (chain.runners);
  trio_stack_pool_free (chain.pool);
}

/* More live values than there are registers to keep them in. */
static TrioFiber *
mix (gpointer data)
{
  Runner *runner = data;
  guint64 a = 1, b = 2, c = 3, d = 5, e = 7, f = 11, g = 13, h = 17;
  double x = 0.5, y = 0.25;

  for (int i = 0; i < 100; i++)
    {
      a += b * 3; b ^= c << 1; c += d; d = d * 31 + e; e ^= f >> 1; f += g; g = g * 7 + h; h += a;
      x = x * 1.5 + y; y = y * 0.5 + 1;
      if (runner->back != NULL)
        trio_fiber_switch (&runner->fiber, runner->back);
    }
  runner->value = (gint64) (a ^ b ^ c ^ d ^ e ^ f ^ g ^ h) + (gint64) (x / 1e15 + y);
  return runner_end (runner);
}

static void
test_variables_survive_switches (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  Runner alone = { 0 };
  Runner runners[3];
  TrioFiber self;

  trio_fiber_init_thread (&self);
  mix (&alone);
  for (int i = 0; i < 3; i++)
    runner_init (&runners[i], pool, &self, mix);
  while (!runners[2].ended)
    for (int i = 0; i < 3; i++)
      trio_fiber_switch (&self, &runners[i].fiber);
  for (int i = 0; i < 3; i++)
    {
      g_assert_cmpint (runners[i].value, ==, alone.value);
      runner_clear (&runners[i], pool);
    }
  trio_stack_pool_free (pool);
}

/* What the processor does, and not only what the register says: bit 0 if the vector unit's 1/3 is larger than the nearest, bit 1
 * the same for long double, which is the x87 on x86-64. All volatile, because compilers think that a division is the same
 * everywhere. */
static int
how_it_rounds (void)
{
  volatile double one = 1, third = 3, here, nearest;
  volatile long double long_one = 1, long_third = 3, long_here, long_nearest;
  int mode = fegetround ();

  here = one / third;
  long_here = long_one / long_third;
  fesetround (FE_TONEAREST);
  nearest = one / third;
  long_nearest = long_one / long_third;
  fesetround (mode);
  return (here > nearest ? 1 : 0) | (long_here > long_nearest ? 2 : 0);
}

static TrioFiber *
round_upward (gpointer data)
{
  Runner *runner = data;

  /* A new fiber has the mode of the one that made it. */
  g_assert_cmpint (fegetround (), ==, FE_TONEAREST);
  fesetround (FE_UPWARD);
  for (int i = 0; i < 3; i++)
    {
      trio_fiber_switch (&runner->fiber, runner->back);
      g_assert_cmpint (fegetround (), ==, FE_UPWARD);
      runner->value = how_it_rounds ();
    }
  return runner_end (runner);
}

static void
test_the_rounding_mode_stays_with_its_fiber (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  TrioFiber self;
  Runner runner;
  int nearest = how_it_rounds ();
  int upward;

  fesetround (FE_UPWARD);
  upward = how_it_rounds ();
  fesetround (FE_TONEAREST);
  if (nearest == upward)
    {
      g_test_skip ("this machine does not round upward");
      trio_stack_pool_free (pool);
      return;
    }

  trio_fiber_init_thread (&self);
  runner_init (&runner, pool, &self, round_upward);
  while (!runner.ended)
    {
      trio_fiber_switch (&self, &runner.fiber);
      g_assert_cmpint (fegetround (), ==, FE_TONEAREST);
      g_assert_cmpint (how_it_rounds (), ==, nearest);
    }
  g_assert_cmpint (runner.value, ==, upward);
  runner_clear (&runner, pool);
  trio_stack_pool_free (pool);
}

static TrioFiber *
pass_on (gpointer data)
{
  Runner *runner = data;
  char scratch[200];

  memset (scratch, (int) runner->value, sizeof scratch);
  trio_fiber_switch (&runner->fiber, runner->back);
  for (gsize i = 0; i < sizeof scratch; i++)
    g_assert_cmpint ((guint8) scratch[i], ==, (guint8) runner->value);
  return runner_end (runner);
}

static void
test_ten_thousand_fibers_are_alive_at_once (void)
{
  TrioStackPool *pool = trio_stack_pool_new (64 * 1024);
  TrioFiber self;
  Runner *runners;
  /* ThreadSanitizer takes its time, and gcc's ends at 8,128 fibers. */
#ifdef TRIO_WITH_TSAN
  const gsize n = 1000;
#else
  const gsize n = 10000;
#endif

  trio_fiber_init_thread (&self);
  runners = g_new0 (Runner, n);
  for (gsize i = 0; i < n; i++)
    {
      runner_init (&runners[i], pool, &self, pass_on);
      runners[i].value = (gint64) i;
      trio_fiber_switch (&self, &runners[i].fiber);
    }
  for (gsize i = 0; i < n; i++)
    {
      trio_fiber_switch (&self, &runners[i].fiber);
      g_assert_true (runners[i].ended);
    }
  for (gsize i = 0; i < n; i++)
    runner_clear (&runners[i], pool);
  g_free (runners);
  trio_stack_pool_free (pool);
}

static void
test_a_stack_serves_fiber_after_fiber (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  TrioFiber self;
  void *top = NULL;
#ifdef TRIO_WITH_TSAN
  const int n = 300;
#else
  const int n = 3000;
#endif

  trio_fiber_init_thread (&self);
  for (int i = 0; i < n; i++)
    {
      Runner runner;

      runner_init (&runner, pool, &self, pass_on);
      g_assert_true (top == NULL || top == runner.top);
      top = runner.top;
      runner.value = i;
      trio_fiber_switch (&self, &runner.fiber);
      /* Every third one never gets to its end: a run that is abandoned does this. */
      if (i % 3 != 0)
        trio_fiber_switch (&self, &runner.fiber);
      g_assert_cmpint (runner.ended, ==, i % 3 != 0);
      runner_clear (&runner, pool);
    }
  trio_stack_pool_free (pool);
}

static gpointer
count_in_a_thread (gpointer data)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  TrioFiber self;
  Runner runners[10];

  (void) data;
  trio_fiber_init_thread (&self);
  for (int i = 0; i < 10; i++)
    runner_init (&runners[i], pool, &self, count_three);
  for (int turn = 0; turn < 4; turn++)
    for (int i = 0; i < 10; i++)
      trio_fiber_switch (&self, &runners[i].fiber);
  for (int i = 0; i < 10; i++)
    {
      g_assert_true (runners[i].ended);
      runner_clear (&runners[i], pool);
    }
  trio_stack_pool_free (pool);
  return NULL;
}

static void
test_threads_have_fibers_of_their_own (void)
{
  GThread *threads[4];

  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("fibers", count_in_a_thread, NULL);
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
}

#ifdef HAVE_EXECINFO
static struct
{
  void *frames[64];
  int   n;
  void *caller_of_entry;
} seen;

static G_GNUC_NO_INLINE void
look_back (int deeper)
{
  if (deeper > 0)
    look_back (deeper - 1);
  else
    seen.n = backtrace (seen.frames, G_N_ELEMENTS (seen.frames));
  __asm__ volatile ("");                   /* not a tail call */
}

static G_GNUC_NO_INLINE TrioFiber *
entry_that_looks_back (gpointer data)
{
  seen.caller_of_entry = __builtin_return_address (0);
  look_back (3);
  return runner_end (data);
}

static void
test_a_backtrace_ends_at_the_entry_function (void)
{
  TrioStackPool *pool = trio_stack_pool_new (0);
  TrioFiber self;
  Runner runner;
  int at;

  trio_fiber_init_thread (&self);
  runner_init (&runner, pool, &self, entry_that_looks_back);
  trio_fiber_switch (&self, &runner.fiber);

  for (at = 0; at < seen.n && seen.frames[at] != seen.caller_of_entry; at++)
    ;
  g_assert_cmpint (at, <, seen.n);
  /* look_back() four times and the entry function, and one of a sanitizer's own at most. */
  g_assert_cmpint (at, >=, 5);
  g_assert_cmpint (at, <=, 6);
  /* Behind the entry function's caller: at most what ucontext, or begin_sanitized(), adds. */
  g_assert_cmpint (seen.n - at, <=, 3);

  runner_clear (&runner, pool);
  trio_stack_pool_free (pool);
}
#endif

#ifdef TRIO_WITH_ASAN
static TrioFiber *
hold_a_block (gpointer data)
{
  Runner *runner = data;
  char *block = g_malloc (4321);

  trio_fiber_switch (&runner->fiber, runner->back);
  g_free (block);
  return runner_end (runner);
}

static gpointer
leak_a_block (gpointer data)
{
  (void) data;
  return g_malloc (1234) == NULL ? data : NULL;
}

/* LeakSanitizer has to look into the stacks of fibers that are stopped. */
static void
test_what_a_stopped_fiber_holds_is_not_leaked (void)
{
  TrioStackPool *pool;
  TrioFiber self;
  Runner *runner;

  if (g_test_subprocess ())
    {
      /* The proof that it would tell: a leak is found. */
      g_thread_join (g_thread_new ("leak", leak_a_block, NULL));
      _exit (__lsan_do_recoverable_leak_check () == 0 ? 0 : 1);
    }
  g_test_trap_subprocess (NULL, 0, 0);
  if (g_test_trap_has_passed ())
    {
      g_test_skip ("LeakSanitizer does not work here");
      return;
    }

  pool = trio_stack_pool_new (0);
  trio_fiber_init_thread (&self);
  runner = g_new0 (Runner, 1);
  runner_init (runner, pool, &self, hold_a_block);
  trio_fiber_switch (&self, &runner->fiber);
  g_assert_cmpint (__lsan_do_recoverable_leak_check (), ==, 0);
  trio_fiber_switch (&self, &runner->fiber);
  g_assert_true (runner->ended);
  runner_clear (runner, pool);
  g_free (runner);
  trio_stack_pool_free (pool);
}
#endif

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/fiber/a_fiber_runs_only_when_it_is_switched_to", test_a_fiber_runs_only_when_it_is_switched_to);
  g_test_add_func ("/core/fiber/fibers_start_fibers_in_a_deep_chain", test_fibers_start_fibers_in_a_deep_chain);
  g_test_add_func ("/core/fiber/variables_survive_switches", test_variables_survive_switches);
  g_test_add_func ("/core/fiber/the_rounding_mode_stays_with_its_fiber", test_the_rounding_mode_stays_with_its_fiber);
  g_test_add_func ("/core/fiber/ten_thousand_fibers_are_alive_at_once", test_ten_thousand_fibers_are_alive_at_once);
  g_test_add_func ("/core/fiber/a_stack_serves_fiber_after_fiber", test_a_stack_serves_fiber_after_fiber);
  g_test_add_func ("/core/fiber/threads_have_fibers_of_their_own", test_threads_have_fibers_of_their_own);
#ifdef HAVE_EXECINFO
  g_test_add_func ("/core/fiber/a_backtrace_ends_at_the_entry_function", test_a_backtrace_ends_at_the_entry_function);
#endif
#ifdef TRIO_WITH_ASAN
  g_test_add_func ("/core/fiber/what_a_stopped_fiber_holds_is_not_leaked", test_what_a_stopped_fiber_holds_is_not_leaked);
#endif

  return g_test_run ();
}
