/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the loop does about a deadlock that its driver has found. (semantics: D14) */

#include <trio/lowlevel/dump.h>

#include "tests/core/core-test.h"
#include "tests/core/reports.h"

static gboolean
break_it (MockWorld *self G_GNUC_UNUSED, TrioLoop *loop)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (loop, &statistics);
  if (statistics.next_deadline != G_MAXINT64)
    return FALSE;
  trio_loop_break_deadlock (loop);
  return TRUE;
}

static GError *
run_into_a_deadlock (TrioFunc main, gpointer data)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  GError *error = NULL;

  world->on_idle = break_it;
  g_assert_false (mock_run_in (world, main, data, NULL, &error));
  g_assert_nonnull (error);
  return error;
}

static void
test_a_deadlock_fails_the_run_after_its_clean_up (void)
{
  g_autoptr (TrioLock) a = trio_lock_new ();
  g_autoptr (TrioLock) b = trio_lock_new ();
  Forks forks = { .locks = { a, b } };
  g_autoptr (GError) error = run_into_a_deadlock (dine, &forks);

  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK);
  error->message = report_without_lines (error->message, "reports.c");
  g_assert_cmpstr (error->message, ==,
                   "deadlock: 3 tasks wait for what can never come\n"
                   "  main waits in trio_nursery_close: 2 children of the nursery opened at reports.c, for 0 us\n"
                   "  main/left waits in trio_lock_acquire: held by main/right, for 0 us\n"
                   "  main/right waits in trio_lock_acquire: held by main/left, for 0 us");
  g_assert_cmpuint (forks.n_cleaned_up, ==, 2);
  g_assert_false (trio_lock_locked (a) || trio_lock_locked (b));
}

static gboolean
fail_in_the_clean_up (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (trio_sleep_forever (error))
    return TRUE;
  g_clear_error (error);
  return mock_fail ((gpointer) "the disk is full", error);
}

static void
test_what_fails_in_the_clean_up_after_a_deadlock_is_told_too (void)
{
  g_autoptr (GError) error = run_into_a_deadlock (fail_in_the_clean_up, NULL);
  gsize n;
  const GError *const *errors = trio_error_group_get_errors (error, &n);

  g_assert_cmpuint (n, ==, 2);
  g_assert_error (errors[0], TRIO_ERROR, TRIO_ERROR_DEADLOCK);
  g_assert_cmpstr (errors[1]->message, ==, "the disk is full");
}

static gboolean
succeed_in_spite_of_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  (void) !trio_sleep_forever (error);
  g_clear_error (error);
  return TRUE;
}

static void
test_a_deadlock_fails_a_run_whose_main_returns_true (void)
{
  g_autoptr (GError) error = run_into_a_deadlock (succeed_in_spite_of_it, NULL);

  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK);
}

static gboolean
wait_for_ever_in_a_shield (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioCancelScope *shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  (void) !trio_sleep_forever (error);
  g_assert_not_reached ();
}

static void
test_a_clean_up_that_is_stuck_is_given_up (void)
{
  g_autoptr (GError) error = run_into_a_deadlock (wait_for_ever_in_a_shield, NULL);
  gsize n;
  const GError *const *errors = trio_error_group_get_errors (error, &n);

  g_assert_cmpuint (n, ==, 2);
  g_assert_error (errors[0], TRIO_ERROR, TRIO_ERROR_DEADLOCK);
  g_assert_true (g_str_has_prefix (errors[0]->message, "deadlock: 1 task waits for what can never come\n"));
  g_assert_error (errors[1], TRIO_ERROR, TRIO_ERROR_DEADLOCK);
  g_assert_true (g_str_has_prefix (errors[1]->message, "deadlock in the clean-up: 1 task waits for what can never come\n"));
}

static gboolean
keep_a_stubborn_system_task (gpointer data, GError **error)
{
  return trio_spawn_system_task (wait_for_ever_in_a_shield, data, NULL, "stubborn", error);
}

static void
test_a_run_that_is_stuck_after_main_has_ended_is_given_up (void)
{
  g_autoptr (GError) error = run_into_a_deadlock (keep_a_stubborn_system_task, NULL);

  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK);
  report_assert_has (error->message, "stubborn waits in trio_sleep_forever");
}

static gboolean
start_a_crowd (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < 100; i++)
    trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_report_about_many_tasks_stays_readable (void)
{
  g_autoptr (GError) error = run_into_a_deadlock (start_a_crowd, NULL);

  report_assert_has (error->message, "101 tasks wait for what can never come\n");
  g_assert_true (g_str_has_suffix (error->message, "\n  … and 61 more"));
}

static gboolean
give_the_token_away (gpointer token, GError **error)
{
  TrioLoop *loop = trio_loop_get_current ();

  g_assert_false (trio_loop_can_be_called (loop));
  *(TrioToken **) token = trio_current_token ();
  g_assert_true (trio_loop_can_be_called (loop));
  trio_token_unref (trio_token_ref (*(TrioToken **) token));
  g_assert_true (trio_loop_can_be_called (loop));
  trio_token_unref (*(TrioToken **) token);
  g_assert_false (trio_loop_can_be_called (loop));
  return trio_checkpoint (error);
}

static void
test_a_token_elsewhere_can_call (void)
{
  TrioToken *token;

  mock_run_ok (give_the_token_away, &token);
}

int
main (int argc, char **argv)
{
  static const char why[] = "its driver has its own way with a deadlock";

  g_test_init (&argc, &argv, NULL);
  core_test_add_mock ("/deadlock/fails-the-run-after-its-clean-up", test_a_deadlock_fails_the_run_after_its_clean_up, why);
  core_test_add_mock ("/deadlock/what-fails-in-the-clean-up-is-told-too",
                      test_what_fails_in_the_clean_up_after_a_deadlock_is_told_too, why);
  core_test_add_mock ("/deadlock/fails-a-run-whose-main-returns-true", test_a_deadlock_fails_a_run_whose_main_returns_true, why);
  core_test_add_mock ("/deadlock/a-clean-up-that-is-stuck-is-given-up", test_a_clean_up_that_is_stuck_is_given_up, why);
  core_test_add_mock ("/deadlock/a-run-that-is-stuck-after-main-has-ended-is-given-up",
                      test_a_run_that_is_stuck_after_main_has_ended_is_given_up, why);
  core_test_add_mock ("/deadlock/a-report-about-many-tasks-stays-readable", test_a_report_about_many_tasks_stays_readable, why);
  core_test_add ("/deadlock/a-token-elsewhere-can-call", test_a_token_elsewhere_can_call);
  return g_test_run ();
}
