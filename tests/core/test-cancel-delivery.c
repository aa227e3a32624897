/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Cancel scopes, the request and its delivery: statements 25 to 33, 35 to 37. (38 and 39 are in tests/sync/test-event.c.) */

#include "tests/core/core-test.h"

static TrioAbort
abort_at_once (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

static TrioAbort
count_abort (TrioTask *task G_GNUC_UNUSED, gpointer n_aborted)
{
  ++*(guint *) n_aborted;
  return TRIO_ABORT_SUCCEEDED;
}

/* ---- level-triggered, idempotent ---- */

static gboolean
try_all_waits (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (scope);
  for (int i = 0; i < 3; i++)
    {
      g_assert_false (trio_checkpoint (NULL));
      g_assert_false (trio_checkpoint_if_cancelled (NULL));
      g_assert_false (trio_sleep (5, NULL));
      g_assert_false (trio_sleep_forever (NULL));
      g_assert_false (trio_wait_task_rescheduled (abort_at_once, NULL, NULL));
    }
  return trio_cancel_scope_close (scope, trio_checkpoint (error));
}

/* (25) */
static void
test_every_checkpoint_in_a_cancelled_scope_fails (void)
{
  mock_run_ok (try_all_waits, NULL);
}

static gboolean
cancel_twice_and_shield (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (outer);
  trio_cancel_scope_cancel (outer);
  g_assert_true (trio_cancel_scope_cancel_called (outer));
  g_assert_false (trio_cancel_scope_cancel_called (inner));
  g_assert_false (trio_checkpoint (NULL));
  trio_cancel_scope_set_shield (inner, TRUE);
  g_assert_true (trio_cancel_scope_get_shield (inner));
  if (!mock_yield (error))
    return FALSE;
  trio_cancel_scope_set_shield (inner, FALSE);
  g_assert_false (trio_checkpoint (NULL));
  trio_cancel_scope_set_shield (inner, TRUE);
  if (!mock_yield (error))
    return FALSE;
  if (!trio_cancel_scope_close (inner, TRUE))
    return FALSE;
  return trio_cancel_scope_close (outer, trio_checkpoint (error));
}

/* (26) */
static void
test_a_cancellation_is_never_undone_but_can_be_shielded (void)
{
  mock_run_ok (cancel_twice_and_shield, NULL);
}

/* ---- delivery ---- */

static gboolean
wait_counting (gpointer n_aborted, GError **error)
{
  return trio_wait_task_rescheduled (count_abort, n_aborted, error);
}

static gboolean
wait_in_scopes_and_nursery (gpointer n_aborted, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, wait_counting, n_aborted);
  trio_nursery_start_soon (nursery, wait_counting, n_aborted);
  ok = trio_wait_task_rescheduled (count_abort, n_aborted, error);
  ok = trio_cancel_scope_close (inner, ok);
  ok = trio_nursery_close (nursery, ok);
  ok = trio_cancel_scope_close (scope, ok);
  g_assert_false (trio_cancel_scope_cancelled_caught (inner));
  g_assert_false (trio_cancel_scope_cancelled_caught (scope));
  return ok;
}

static gboolean
wait_behind_a_shield (gpointer n_aborted, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_move_on_after (1000, error);

  trio_cancel_scope_set_shield (shield, TRUE);
  return trio_cancel_scope_close (shield, trio_wait_task_rescheduled (count_abort, n_aborted, error));
}

static gboolean
cancel_a_tree (gpointer unused G_GNUC_UNUSED, GError **error)
{
  guint n_aborted = 0, n_shielded = 0;
  gint64 start = trio_current_time ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_in_scopes_and_nursery, &n_aborted);
  trio_nursery_start_soon (nursery, wait_counting, &n_aborted);
  trio_nursery_start_soon (nursery, wait_behind_a_shield, &n_shielded);
  for (int i = 0; i < 3; i++)
    if (!mock_yield (error))
      return FALSE;
  trio_nursery_cancel (nursery);
  /* (27): not later, but inside that call. */
  g_assert_cmpuint (n_aborted, ==, 4);
  g_assert_cmpuint (n_shielded, ==, 0);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (n_shielded, ==, 1);
  mock_assert_time (start + 1000);
  return TRUE;
}

/* (27, 28) */
static void
test_cancel_has_run_all_abort_functions_below_it_when_it_returns (void)
{
  mock_run_ok (cancel_a_tree, NULL);
}

static gboolean
change_shields_in_the_middle (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) a = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) b = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) c = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) d = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_set_shield (c, TRUE);
  trio_cancel_scope_cancel (a);
  g_assert_true (trio_checkpoint (error));            /* c hides it */
  trio_cancel_scope_set_shield (b, TRUE);
  trio_cancel_scope_set_shield (c, FALSE);
  g_assert_true (trio_checkpoint (error));            /* b hides it */
  trio_cancel_scope_cancel (b);
  g_assert_false (trio_checkpoint (NULL));            /* a shield does not hide the scope's own */
  trio_cancel_scope_set_shield (c, TRUE);
  if (!mock_yield (error))
    return FALSE;
  trio_cancel_scope_cancel (d);
  ok = trio_checkpoint (error);
  g_assert_false (ok);
  if (!trio_cancel_scope_close (d, ok))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (d));
  if (!trio_cancel_scope_close (c, trio_checkpoint (error)))
    return FALSE;
  ok = trio_cancel_scope_close (b, trio_checkpoint (error));
  if (!ok)
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (b));
  return trio_cancel_scope_close (a, trio_checkpoint (error));
}

/* (29, 45) */
static void
test_effectively_cancelled_is_own_or_not_shielded_and_outer (void)
{
  mock_run_ok (change_shields_in_the_middle, NULL);
}

/* ---- running, runnable and new tasks ---- */

static gboolean
run_on_although_cancelled (gpointer data, GError **error)
{
  trio_cancel_scope_cancel (trio_nursery_get_cancel_scope (data));
  mock_say ("goes-on");
  g_assert_false (trio_checkpoint (error));
  mock_say ("noticed");
  return FALSE;
}

static gboolean
be_runnable_when_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  /* It is yielding when the cancellation comes. */
  gboolean ok = trio_checkpoint (error);

  mock_say ("yielded:%d", ok);
  return ok;
}

static gboolean
cancel_running_and_runnable (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, be_runnable_when_cancelled, NULL);
  trio_nursery_start_soon (nursery, run_on_although_cancelled, nursery);
  return trio_nursery_close (nursery, TRUE);
}

/* (31) */
static void
test_a_running_task_goes_on_to_its_next_checkpoint (void)
{
  mock_run_ok (cancel_running_and_runnable, NULL);
  mock_expect ("goes-on yielded:0 noticed");
}

static gboolean
leave_before_any_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (scope);
  if (!trio_cancel_scope_close (scope, TRUE))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancel_called (scope));
  g_assert_false (trio_cancel_scope_cancelled_caught (scope));
  return trio_checkpoint (error);
}

/* Without a slot the scope does not see what its body failed with; it still knows that nobody gave that to the body. */
static gboolean
fail_before_any_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (NULL);

  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_cancel_scope_close (scope, FALSE));
  g_assert_false (trio_cancel_scope_cancelled_caught (scope));
  return trio_checkpoint (error);
}

/* (32) */
static void
test_leaving_before_any_checkpoint_catches_nothing (void)
{
  mock_run_ok (leave_before_any_checkpoint, NULL);
  mock_run_ok (fail_before_any_checkpoint, NULL);
}

static gboolean
reach_first_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  mock_say ("started");
  g_assert_false (trio_checkpoint (error));
  mock_say ("cancelled");
  return FALSE;
}

static gboolean
spawn_into_a_cancelled_nursery (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_cancel (nursery);
  trio_nursery_start_soon (nursery, reach_first_checkpoint, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* (33, 35: a scope that is cancelled before anything happened in it) */
static void
test_a_task_born_into_a_cancelled_nursery_runs_to_its_first_checkpoint (void)
{
  mock_run_ok (spawn_into_a_cancelled_nursery, NULL);
  mock_expect ("started cancelled");
}

/* ---- reasons ---- */

static gboolean
cancel_then_expire (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);

  trio_cancel_scope_cancel_with_reason (scope, "first");
  trio_cancel_scope_cancel_with_reason (scope, "second");
  mock_advance (20);
  g_assert_false (trio_checkpoint (error));
  mock_assert_says ((*error)->message, "first");
  mock_assert_says ((*error)->message, "test-cancel-delivery.c:");
  g_assert_null (strstr ((*error)->message, "deadline"));
  g_assert_null (strstr ((*error)->message, "second"));
  return trio_cancel_scope_close (scope, FALSE);
}

static gboolean
expire_then_cancel (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (2500 * G_TIME_SPAN_MILLISECOND, error);

  mock_advance (2500 * G_TIME_SPAN_MILLISECOND);
  g_assert_false (trio_checkpoint (NULL));
  trio_cancel_scope_cancel_with_reason (scope, "later");
  g_assert_false (trio_checkpoint (error));
  mock_assert_says ((*error)->message, "deadline of 2.5 s, set at test-cancel-delivery.c:");
  g_assert_null (strstr ((*error)->message, "later"));
  return trio_cancel_scope_close (scope, FALSE);
}

static gboolean
move_the_deadline (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (9 * G_TIME_SPAN_SECOND, error);

  trio_cancel_scope_set_deadline (scope, trio_current_time () + 1);
  g_assert_false (trio_sleep (5, error));
  mock_assert_says ((*error)->message, "deadline");
  /* It did not last that long. */
  g_assert_null (strstr ((*error)->message, "9 s"));
  return trio_cancel_scope_close (scope, FALSE);
}

/* (36) */
static void
test_the_first_reason_stays (void)
{
  mock_run_ok (cancel_then_expire, NULL);
  mock_run_ok (expire_then_cancel, NULL);
  mock_run_ok (move_the_deadline, NULL);
}

static gboolean
look_at_reason (gpointer data, GError **error)
{
  const char *part = data;
  gboolean ok = trio_sleep_forever (error);

  mock_assert_says ((*error)->message, part);
  mock_say ("looked");
  return ok;
}

static gboolean
child_fails (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, look_at_reason, (char *) "task \"mock_fail\" failed: no tea");
  trio_nursery_start_soon (nursery, mock_fail, (char *) "no tea");
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
body_fails (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, look_at_reason, (char *) "the body of task \"main\" failed: no milk");
  if (!mock_yield (error))
    return FALSE;
  return trio_nursery_close (nursery, mock_fail ((char *) "no milk", error));
}

/* (37) */
static void
test_a_failure_is_named_in_the_reason_of_those_it_cancels (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (child_fails, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_FAILED);
  g_assert_false (mock_run (body_fails, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_FAILED);
  mock_expect ("looked looked");
}

static gboolean
cancel_outer_after_inner (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel_with_reason (outer, "outer reason");
  trio_cancel_scope_cancel_with_reason (inner, "inner reason");
  g_assert_false (trio_checkpoint (error));
  mock_assert_says ((*error)->message, "outer reason");
  g_clear_error (error);
  /* Behind a shield only the inner one is left. */
  trio_cancel_scope_set_shield (inner, TRUE);
  g_assert_false (trio_checkpoint (error));
  mock_assert_says ((*error)->message, "inner reason");
  if (!trio_cancel_scope_close (inner, FALSE))
    return FALSE;
  return trio_cancel_scope_close (outer, trio_checkpoint (error));
}

/* The error tells of a cancellation that reaches the task, not of one that a shield hides. */
static void
test_the_reason_is_one_that_reaches_the_task (void)
{
  mock_run_ok (cancel_outer_after_inner, NULL);
}

/* ---- between the request and the moment when the task goes on ---- */

static gboolean
wait_in_scope (gpointer scope, GError **error)
{
  g_autoptr (TrioCancelScope) inner = *(TrioCancelScope **) scope = trio_cancel_scope_open (error);
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_sleep_forever (&failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  g_assert_nonnull (strstr (failure->message, "the house is on fire"));
  g_propagate_error (error, g_steal_pointer (&failure));
  return trio_cancel_scope_close (inner, FALSE);
}

static gboolean
shield_too_late (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioCancelScope *inner = NULL;

  trio_nursery_start_soon (nursery, wait_in_scope, &inner);
  while (inner == NULL)
    if (!mock_yield (error))
      return FALSE;
  trio_cancel_scope_cancel_with_reason (trio_nursery_get_cancel_scope (nursery), "the house is on fire");
  trio_cancel_scope_set_shield (inner, TRUE);
  return trio_nursery_close (nursery, TRUE);
}

/* (27): the wait was aborted when the request was made, and nothing that comes after changes that, or why. */
static void
test_a_shield_does_not_take_back_what_a_wait_was_told (void)
{
  mock_run_ok (shield_too_late, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add ("/cancel-delivery/every-checkpoint-in-a-cancelled-scope-fails",
                 test_every_checkpoint_in_a_cancelled_scope_fails);
  core_test_add ("/cancel-delivery/a-cancellation-is-never-undone-but-can-be-shielded",
                 test_a_cancellation_is_never_undone_but_can_be_shielded);
  core_test_add_mock ("/cancel-delivery/cancel-has-run-all-abort-functions-below-it-when-it-returns",
                      test_cancel_has_run_all_abort_functions_below_it_when_it_returns,
                      "all children must have come to their wait in one round");
  core_test_add_undisturbed ("/cancel-delivery/effectively-cancelled-is-own-or-not-shielded-and-outer",
                             test_effectively_cancelled_is_own_or_not_shielded_and_outer,
                             "it looks at who is cancelled, and for which reason");
  core_test_add_ordered ("/cancel-delivery/a-running-task-goes-on-to-its-next-checkpoint",
                         test_a_running_task_goes_on_to_its_next_checkpoint,
                         "all children must have come to their wait in one round");
  core_test_add ("/cancel-delivery/leaving-before-any-checkpoint-catches-nothing",
                 test_leaving_before_any_checkpoint_catches_nothing);
  core_test_add ("/cancel-delivery/a-task-born-into-a-cancelled-nursery-runs-to-its-first-checkpoint",
                 test_a_task_born_into_a_cancelled_nursery_runs_to_its_first_checkpoint);
  core_test_add_undisturbed ("/cancel-delivery/the-first-reason-stays",
                             test_the_first_reason_stays,
                             "it looks at who is cancelled, and for which reason");
  core_test_add_undisturbed ("/cancel-delivery/a-failure-is-named-in-the-reason-of-those-it-cancels",
                             test_a_failure_is_named_in_the_reason_of_those_it_cancels,
                             "it looks at who is cancelled, and for which reason");
  core_test_add_undisturbed ("/cancel-delivery/the-reason-is-one-that-reaches-the-task",
                             test_the_reason_is_one_that_reaches_the_task,
                             "it looks at who is cancelled, and for which reason");
  core_test_add_undisturbed ("/cancel-delivery/a-shield-does-not-take-back-what-a-wait-was-told",
                             test_a_shield_does_not_take_back_what_a_wait_was_told,
                             "it looks at who is cancelled, and for which reason");
  return g_test_run ();
}
