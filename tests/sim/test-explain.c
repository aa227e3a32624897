/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Dumps and reports in virtual time: exact about since when, with stacks, and the same text each time. */

#include <string.h>

#include <trio/dump.h>

#include "tests/sim/sim-test.h"

static void
assert_has (const char *text, const char *words)
{
  if (text == NULL || strstr (text, words) == NULL)
    g_error ("\"%s\" is not in: %s", words, text);
}

/* --- a dump --- */

static gboolean __attribute__ ((noinline))
wait_in_turn (TrioLock *lock, GError **error)
{
  if (!trio_lock_acquire (lock, error))
    return FALSE;
  if (!trio_sleep (100 * G_TIME_SPAN_MILLISECOND, error))
    {
      trio_lock_release (lock);
      return FALSE;
    }
  trio_lock_release (lock);
  return TRUE;
}

static gboolean
visitor (gpointer lock, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (G_TIME_SPAN_SECOND, error);

  return trio_cancel_scope_close (scope, wait_in_turn (lock, error));
}

static gboolean
watch_the_line (gpointer text, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok = trio_sleep (G_TIME_SPAN_SECOND, error);

  for (guint i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, visitor, lock);
  ok = ok && trio_sleep (150 * G_TIME_SPAN_MILLISECOND, error);
  g_free (*(char **) text);
  *(char **) text = trio_dump_to_string (TRIO_DUMP_STACKS);
  return trio_nursery_close (nursery, ok);
}

static void
test_a_dump_is_exact_about_virtual_time (void)
{
  g_autofree char *text = NULL;
  g_autoptr (TrioSimReport) report = sim_run_fifo (watch_the_line, &text);

  sim_expect (report, TRIO_SIM_OK, NULL);
  assert_has (text, "simulator: 3 tasks, \"main\" runs, next deadline in 50 ms\n");
  assert_has (text, "visitor (4), main/visitor#2: waits in trio_sleep: 0.05 s more, for 50 ms\n");
  assert_has (text, ", deadline in 850 ms\n");
  assert_has (text, "visitor (5), main/visitor#3: waits in trio_lock_acquire: held by main/visitor#2, for 150 ms\n");
#ifdef HAVE_STACKS
  assert_has (text, "wait_in_turn < visitor");
#endif
}

static void
test_the_same_run_gives_the_same_dump (void)
{
  for (guint64 seed = 1; seed <= 10; seed++)
    {
      g_autofree char *first = NULL;
      g_autofree char *second = NULL;
      g_autoptr (TrioSimReport) once = sim_run_random (watch_the_line, &first, seed, TRIO_SIM_INJECT_NONE);
      g_autoptr (TrioSimReport) again = sim_run_random (watch_the_line, &second, seed, TRIO_SIM_INJECT_NONE);

      g_assert_cmpuint (once->hash, ==, again->hash);
      g_assert_nonnull (first);
      g_assert_cmpstr (first, ==, second);
    }
}

/* A dump is no event of the run. */
static gboolean
watch_without_looking (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok = trio_sleep (G_TIME_SPAN_SECOND, error);

  for (guint i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, visitor, lock);
  ok = ok && trio_sleep (150 * G_TIME_SPAN_MILLISECOND, error);
  return trio_nursery_close (nursery, ok);
}

static void
test_a_dump_leaves_no_trace (void)
{
  for (guint64 seed = 1; seed <= 10; seed++)
    {
      g_autofree char *text = NULL;
      g_autoptr (TrioSimReport) with = sim_run_random (watch_the_line, &text, seed, TRIO_SIM_INJECT_NONE);
      g_autoptr (TrioSimReport) without = sim_run_random (watch_without_looking, NULL, seed, TRIO_SIM_INJECT_NONE);

      g_assert_cmpuint (with->hash, ==, without->hash);
    }
}

/* --- a report --- */

/* semantics: D14 */
static gboolean __attribute__ ((noinline))
wait_for_nobody (GError **error)
{
  static TrioEvent *event;
  gboolean ok;

  if (event == NULL)
    event = trio_event_new ();
  ok = trio_event_wait (event, error);
  g_assert_false (ok);
  return ok;
}

static gboolean __attribute__ ((noinline))
get_stuck (gpointer data G_GNUC_UNUSED, GError **error)
{
  gboolean ok = trio_sleep (G_TIME_SPAN_SECOND, error) && wait_for_nobody (error);

  g_assert_false (ok);
  return ok;
}

static void
test_a_deadlock_report_has_stacks_and_is_the_same_each_time (void)
{
  g_autoptr (TrioSimReport) once = sim_run_fifo (get_stuck, NULL);
  g_autoptr (TrioSimReport) again = sim_run_fifo (get_stuck, NULL);

  sim_expect (once, TRIO_SIM_DEADLOCK, "tasks wait in trio_event_wait");
  assert_has (once->message, "main waits in trio_event_wait, since 1 s");
#ifdef HAVE_STACKS
  assert_has (once->message, "\n      stack: trio_event_wait < wait_for_nobody < get_stuck");
#endif
  g_assert_cmpstr (once->message, ==, again->message);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/explain/a-dump-is-exact-about-virtual-time", test_a_dump_is_exact_about_virtual_time);
  g_test_add_func ("/sim/explain/the-same-run-gives-the-same-dump", test_the_same_run_gives_the_same_dump);
  g_test_add_func ("/sim/explain/a-dump-leaves-no-trace", test_a_dump_leaves_no_trace);
  g_test_add_func ("/sim/explain/a-deadlock-report-has-stacks-and-is-the-same-each-time",
                   test_a_deadlock_report_has_stacks_and_is_the_same_each_time);
  return g_test_run ();
}
