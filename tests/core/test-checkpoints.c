/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Checkpoints: statements 12 to 16, 18, 21 and 24. */

#include "tests/core/core-test.h"

static guint64
count_steps (void)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  return statistics.steps;
}

static gboolean
cancel_scope (gpointer scope, GError **error G_GNUC_UNUSED)
{
  trio_cancel_scope_cancel (scope);
  return TRUE;
}

static gboolean
be_cancelled_while_yielding (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  /* Nobody has cancelled when the checkpoint begins; this task does so while it yields. */
  trio_nursery_start_soon (nursery, cancel_scope, scope);
  ok = trio_checkpoint (error);
  g_assert_false (ok);
  ok = trio_cancel_scope_close (scope, ok);
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  return trio_nursery_close (nursery, ok);
}

/* (12) */
static void
test_a_checkpoint_yields_first_and_looks_afterwards (void)
{
  mock_run_ok (be_cancelled_while_yielding, NULL);
}

static gboolean
let_a_deadline_pass (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);
  gboolean ok;

  mock_advance (10);
  ok = trio_checkpoint (error);
  g_assert_false (ok);
  return trio_cancel_scope_close (scope, ok);
}

/* (13) */
static void
test_a_checkpoint_notices_a_deadline_that_just_passed (void)
{
  mock_run_ok (let_a_deadline_pass, NULL);
}

static gboolean
look_without_yielding (gpointer unused G_GNUC_UNUSED, GError **error)
{
  guint64 before = count_steps ();

  for (int i = 0; i < 10; i++)
    if (!trio_checkpoint_if_cancelled (error))
      return FALSE;
  g_assert_cmpuint (count_steps (), ==, before);
  return TRUE;
}

/* (14) */
static void
test_looking_for_a_cancellation_does_not_yield_when_there_is_none (void)
{
  mock_run_ok (look_without_yielding, NULL);
}

static gboolean
say (gpointer word, GError **error G_GNUC_UNUSED)
{
  mock_say ("%s", (const char *) word);
  return TRUE;
}

typedef gboolean (*Wait) (GError **error);

static gboolean
wait_in_a_cancelled_scope (gpointer data, GError **error)
{
  Wait wait = (Wait) data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_cancel (scope);
  trio_nursery_start_soon (nursery, say, (char *) "other");
  ok = wait (error);
  mock_say ("raised");
  g_assert_false (ok);
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  ok = trio_cancel_scope_close (scope, ok);
  return trio_nursery_close (nursery, ok);
}

static TrioAbort
abort_at_once (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_bare (GError **error)
{
  return trio_wait_task_rescheduled (abort_at_once, NULL, error);
}

static gboolean
wait_asleep (GError **error)
{
  return trio_sleep (1000, error);
}

/* (15) */
static void
test_in_a_cancelled_scope_others_run_before_a_wait_fails (void)
{
  static const Wait waits[] = { trio_checkpoint, trio_checkpoint_if_cancelled, trio_sleep_forever, wait_bare, wait_asleep };

  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      mock_run_ok (wait_in_a_cancelled_scope, waits[i]);
      mock_expect ("other raised");
    }
}

static gboolean
yield_under_a_shield (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (scope);
  for (int i = 0; i < 10; i++)
    {
      guint64 before = count_steps ();

      trio_cancel_shielded_checkpoint ();
      g_assert_cmpuint (count_steps (), ==, before + 1);
    }
  return trio_cancel_scope_close (scope, trio_checkpoint (error));
}

/* (16) */
static void
test_a_shielded_checkpoint_yields_and_never_fails (void)
{
  mock_run_ok (yield_under_a_shield, NULL);
}

static gboolean
do_what_never_suspends (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = NULL;
  gpointer value;
  gint64 now;
  guint64 before;

  trio_nursery_cancel (nursery);
  before = count_steps ();
  now = trio_current_time ();
  trio_nursery_start_soon (nursery, mock_return, NULL);
  scope = trio_move_on_after (0, error);
  trio_cancel_scope_cancel (scope);
  trio_cancel_scope_set_deadline (scope, now + 5);
  trio_cancel_scope_set_shield (scope, TRUE);
  trio_cancel_scope_set_shield (scope, FALSE);
  g_assert_true (trio_cancel_scope_cancel_called (scope));
  g_assert_cmpint (trio_current_effective_deadline (), ==, G_MININT64);
  if (!trio_cancel_scope_close (scope, TRUE))
    return FALSE;
  trio_event_set (event);
  g_assert_true (trio_event_is_set (event));
  g_assert_true (trio_lock_acquire_nowait (lock, error));
  trio_lock_release (lock);
  trio_open_memory_channel (1, NULL, &send, &receive);
  g_assert_true (trio_send_channel_send_nowait (send, event, error));
  g_assert_true (trio_receive_channel_receive_nowait (receive, &value, error));
  trio_send_channel_close (send);
  trio_receive_channel_close (receive);
  g_assert_cmpuint (count_steps (), ==, before);
  return trio_nursery_close (nursery, TRUE);
}

/* (18) */
static void
test_what_takes_no_wait_switches_no_task_and_ignores_the_cancellation (void)
{
  mock_run_ok (do_what_never_suspends, NULL);
}

static gboolean
complete_and_be_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, cancel_scope, scope);
  /* The lock is taken before the yield in which the cancellation comes. */
  if (!trio_lock_acquire (lock, error))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancel_called (scope));
  ok = trio_checkpoint (error);
  g_assert_false (ok);
  trio_lock_release (lock);
  return trio_nursery_close (nursery, trio_cancel_scope_close (scope, ok));
}

/* (21) */
static void
test_an_operation_that_completed_does_not_fail_with_the_cancellation (void)
{
  mock_run_ok (complete_and_be_cancelled, NULL);
}

static gboolean
miss_a_deadline_in_a_sandwich (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);
  gboolean ok;

  mock_advance (20);
  if (!trio_lock_acquire (lock, error))
    return FALSE;
  trio_lock_release (lock);
  ok = trio_lock_acquire (lock, error);
  g_assert_false (ok);
  return trio_cancel_scope_close (scope, ok);
}

/* (24) */
static void
test_a_sandwich_that_succeeds_at_once_misses_the_deadline_and_the_next_one_does_not (void)
{
  mock_run_ok (miss_a_deadline_in_a_sandwich, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_ordered ("/checkpoints/a-checkpoint-yields-first-and-looks-afterwards",
                         test_a_checkpoint_yields_first_and_looks_afterwards,
                         "that others run once meanwhile is the order of production");
  core_test_add ("/checkpoints/a-checkpoint-notices-a-deadline-that-just-passed",
                 test_a_checkpoint_notices_a_deadline_that_just_passed);
  core_test_add ("/checkpoints/looking-for-a-cancellation-does-not-yield-when-there-is-none",
                 test_looking_for_a_cancellation_does_not_yield_when_there_is_none);
  core_test_add_ordered ("/checkpoints/in-a-cancelled-scope-others-run-before-a-wait-fails",
                         test_in_a_cancelled_scope_others_run_before_a_wait_fails,
                         "that others run once meanwhile is the order of production");
  core_test_add ("/checkpoints/a-shielded-checkpoint-yields-and-never-fails", test_a_shielded_checkpoint_yields_and_never_fails);
  core_test_add ("/checkpoints/what-takes-no-wait-switches-no-task-and-ignores-the-cancellation",
                 test_what_takes_no_wait_switches_no_task_and_ignores_the_cancellation);
  core_test_add_ordered ("/checkpoints/an-operation-that-completed-does-not-fail-with-the-cancellation",
                         test_an_operation_that_completed_does_not_fail_with_the_cancellation,
                         "that others run once meanwhile is the order of production");
  core_test_add ("/checkpoints/a-sandwich-that-succeeds-at-once-misses-the-deadline-and-the-next-one-does-not",
                 test_a_sandwich_that_succeeds_at_once_misses_the_deadline_and_the_next_one_does_not);
  return g_test_run ();
}
