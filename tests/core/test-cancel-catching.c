/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Cancel scopes, who catches: statements 40 to 46, and D10. */

#include "tests/core/core-test.h"

static gboolean
nest_three (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) middle = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_cancel (inner);
  trio_cancel_scope_cancel (middle);
  ok = trio_cancel_scope_close (inner, trio_checkpoint (error));
  g_assert_false (ok);
  g_assert_false (trio_cancel_scope_cancelled_caught (inner));
  ok = trio_cancel_scope_close (middle, ok);
  if (!ok)
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (middle));
  if (!mock_yield (error))
    return FALSE;
  if (!trio_cancel_scope_close (outer, TRUE))
    return FALSE;
  g_assert_false (trio_cancel_scope_cancelled_caught (outer));
  return TRUE;
}

static gboolean
nest_with_a_shield (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_set_shield (shield, TRUE);
  trio_cancel_scope_cancel (outer);
  trio_cancel_scope_cancel (shield);
  ok = trio_cancel_scope_close (inner, trio_checkpoint (error));
  g_assert_false (ok);
  ok = trio_cancel_scope_close (shield, ok);
  if (!ok)
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (shield));
  ok = trio_cancel_scope_close (outer, trio_checkpoint (error));
  g_assert_true (trio_cancel_scope_cancelled_caught (outer));
  return ok;
}

/* (40) */
static void
test_of_several_cancelled_scopes_the_outermost_one_up_to_a_shield_catches (void)
{
  mock_run_ok (nest_three, NULL);
  mock_run_ok (nest_with_a_shield, NULL);
}

static gboolean
expire_both (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 due = trio_current_time () + 10;
  g_autoptr (TrioCancelScope) outer = trio_move_on_at (due, error);
  g_autoptr (TrioCancelScope) inner = trio_move_on_at (due, error);
  gboolean ok = trio_cancel_scope_close (inner, trio_sleep_forever (error));

  g_assert_false (ok);
  g_assert_true (trio_cancel_scope_cancel_called (inner));
  g_assert_false (trio_cancel_scope_cancelled_caught (inner));
  ok = trio_cancel_scope_close (outer, ok);
  g_assert_true (trio_cancel_scope_cancelled_caught (outer));
  return ok;
}

/* (41) */
static void
test_of_two_scopes_with_one_deadline_the_outer_catches (void)
{
  mock_run_ok (expire_both, NULL);
}

/* ---- groups ---- */

static gboolean
fail_when_cancelled (gpointer message, GError **error)
{
  g_assert_false (trio_sleep_forever (NULL));
  return mock_fail (message, error);
}

static gboolean
inner_family (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  trio_nursery_start_soon (nursery, fail_when_cancelled, (char *) "inner");
  trio_nursery_start_soon (nursery, fail_when_cancelled, (char *) "other");
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
filter_a_group (gpointer unused G_GNUC_UNUSED, GError **error)
{
  const GError *const *members;
  gsize n;
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, fail_when_cancelled, (char *) "first");
  trio_nursery_start_soon (nursery, inner_family, NULL);
  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  ok = trio_nursery_close (nursery, trio_sleep_forever (error));
  g_assert_false (ok);
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_GROUP);
  g_assert_true (trio_error_contains (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  ok = trio_cancel_scope_close (scope, ok);
  g_assert_false (ok);
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  g_assert_false (trio_error_contains (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  members = trio_error_group_get_errors (*error, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (members[0]->message, ==, "first");
  members = trio_error_group_get_errors (members[1], &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (members[0]->message, ==, "inner");
  g_assert_cmpstr (members[1]->message, ==, "other");
  g_clear_error (error);
  return TRUE;
}

/* (42) */
static void
test_a_scope_takes_cancellations_out_of_a_group_at_any_depth_and_leaves_the_rest (void)
{
  mock_run_ok (filter_a_group, NULL);
}

static gboolean
fail_in_a_cancelled_scope (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_cancel (scope);
  ok = trio_cancel_scope_close (scope, mock_fail ((char *) "mine", error));
  g_assert_false (trio_cancel_scope_cancelled_caught (scope));
  return ok;
}

/* (43) */
static void
test_a_cancelled_scope_lets_other_errors_through_and_claims_nothing (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (fail_in_a_cancelled_scope, NULL, &error));
  g_assert_cmpstr (error->message, ==, "mine");
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

static gboolean
let_an_inherited_cancellation_through (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_cancel (outer);
  ok = trio_checkpoint (error);
  trio_cancel_scope_set_shield (inner, TRUE);
  ok = trio_cancel_scope_close (inner, ok);
  g_assert_false (ok);
  g_assert_false (trio_cancel_scope_cancelled_caught (inner));
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  ok = trio_cancel_scope_close (outer, ok);
  g_assert_true (trio_cancel_scope_cancelled_caught (outer));
  return ok;
}

/* (44) */
static void
test_a_shield_set_while_the_error_travels_does_not_stop_it (void)
{
  mock_run_ok (let_an_inherited_cancellation_through, NULL);
}

static gboolean
work_behind_a_shield (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = NULL;
  gboolean ok;

  trio_cancel_scope_set_shield (shield, TRUE);
  trio_cancel_scope_cancel (outer);
  if (!trio_sleep (100, error))
    return FALSE;
  inner = trio_move_on_after (50, error);
  ok = trio_cancel_scope_close (inner, trio_sleep_forever (error));
  if (!ok)
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (inner));
  trio_cancel_scope_cancel (shield);
  ok = trio_cancel_scope_close (shield, trio_checkpoint (error));
  if (!ok)
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (shield));
  return trio_cancel_scope_close (outer, trio_checkpoint (error));
}

/* (45) */
static void
test_a_shield_hides_outer_scopes_only (void)
{
  mock_run_ok (work_behind_a_shield, NULL);
}

typedef struct
{
  TrioCancelScope *shield;
  gboolean         aborted;
} Shielded;

static TrioAbort
note_abort (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  ((Shielded *) data)->aborted = TRUE;
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_shielded (gpointer data, GError **error)
{
  Shielded *shielded = data;
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  shielded->shield = shield;
  trio_cancel_scope_set_shield (shield, TRUE);
  return trio_cancel_scope_close (shield, trio_wait_task_rescheduled (note_abort, data, error));
}

static gboolean
lower_a_shield (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Shielded shielded = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_shielded, &shielded);
  if (!mock_yield (error))
    return FALSE;
  trio_nursery_cancel (nursery);
  g_assert_false (shielded.aborted);
  trio_cancel_scope_set_shield (shielded.shield, FALSE);
  g_assert_true (shielded.aborted);
  return trio_nursery_close (nursery, TRUE);
}

/* (46) */
static void
test_lowering_a_shield_under_a_cancelled_scope_wakes_at_once (void)
{
  mock_run_ok (lower_a_shield, NULL);
}

static gboolean
cancel_a_fail_scope (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (10, error);

  trio_cancel_scope_cancel (scope);
  mock_advance (20);
  if (!trio_cancel_scope_close (scope, trio_checkpoint (error)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  return TRUE;
}

/* (D10) */
static void
test_a_fail_scope_that_is_cancelled_by_hand_absorbs_like_a_plain_one (void)
{
  mock_run_ok (cancel_a_fail_scope, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_undisturbed ("/cancel-catching/of-several-cancelled-scopes-the-outermost-one-up-to-a-shield-catches",
                             test_of_several_cancelled_scopes_the_outermost_one_up_to_a_shield_catches,
                             "who catches depends on who is cancelled");
  core_test_add_undisturbed ("/cancel-catching/of-two-scopes-with-one-deadline-the-outer-catches",
                             test_of_two_scopes_with_one_deadline_the_outer_catches,
                             "who catches depends on who is cancelled");
  core_test_add_ordered ("/cancel-catching/a-scope-takes-cancellations-out-of-a-group-at-any-depth-and-leaves-the-rest",
                         test_a_scope_takes_cancellations_out_of_a_group_at_any_depth_and_leaves_the_rest,
                         "errors come in the order in which tasks were told");
  core_test_add ("/cancel-catching/a-cancelled-scope-lets-other-errors-through-and-claims-nothing",
                 test_a_cancelled_scope_lets_other_errors_through_and_claims_nothing);
  core_test_add_undisturbed ("/cancel-catching/a-shield-set-while-the-error-travels-does-not-stop-it",
                             test_a_shield_set_while_the_error_travels_does_not_stop_it,
                             "who catches depends on who is cancelled");
  core_test_add ("/cancel-catching/a-shield-hides-outer-scopes-only", test_a_shield_hides_outer_scopes_only);
  core_test_add_undisturbed ("/cancel-catching/lowering-a-shield-under-a-cancelled-scope-wakes-at-once",
                             test_lowering_a_shield_under_a_cancelled_scope_wakes_at_once,
                             "its wait ends only when it is told to");
  core_test_add ("/cancel-catching/a-fail-scope-that-is-cancelled-by-hand-absorbs-like-a-plain-one",
                 test_a_fail_scope_that_is_cancelled_by_hand_absorbs_like_a_plain_one);
  return g_test_run ();
}
