/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The language of slots: "the happy path says close; every unhappy path may simply return". What a scope or a nursery puts into the
 * slot it was opened with, when it is closed and when it is left without close. */

#include "tests/core/core-test.h"

/* ---- close ---- */

static gboolean
close_in_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (10, error);

  return trio_cancel_scope_close (scope, trio_sleep (5, error));
}

static gboolean
close_too_late (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (3 * G_TIME_SPAN_SECOND, error);
  gboolean ok = trio_cancel_scope_close (scope, trio_sleep_forever (error));

  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  return ok;
}

static gboolean
close_at_absolute_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_at (trio_current_time () + 10, error);

  return trio_cancel_scope_close (scope, trio_sleep_forever (error));
}

static void
test_a_fail_scope_closed_after_its_deadline_says_too_slow_and_where_it_was_set (void)
{
  g_autoptr (GError) error = NULL;

  mock_run_ok (close_in_time, NULL);
  g_assert_false (mock_run (close_too_late, NULL, &error));
  mock_assert_says (error->message, "too slow: the deadline of 3 s, set at test-slots.c:");
  mock_assert_error (error, TRIO_ERROR_TOO_SLOW);
  g_assert_false (mock_run (close_at_absolute_time, NULL, &error));
  mock_assert_says (error->message, "opened at test-slots.c:");
  mock_assert_error (error, TRIO_ERROR_TOO_SLOW);
}

static gboolean
finish_although_late (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (10, error);

  mock_advance (50);
  g_assert_true (trio_cancel_scope_cancel_called (scope));
  /* The body did all its work before it noticed. */
  return trio_cancel_scope_close (scope, TRUE);
}

static void
test_a_body_that_finished_is_not_too_slow (void)
{
  mock_run_ok (finish_although_late, NULL);
}

static gboolean
fail_while_late (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (10, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  g_assert_false (trio_sleep_forever (NULL));
  return trio_cancel_scope_close (scope, trio_nursery_close (nursery, mock_fail ((char *) "clean-up failed", error)));
}

/* If more than the cancellation happened to the body, that is the result. */
static void
test_an_error_of_the_body_comes_before_too_slow (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (fail_while_late, NULL, &error));
  g_assert_cmpstr (error->message, ==, "clean-up failed");
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

/* ---- an early return ---- */

static gboolean
return_early (gpointer scope_opener, GError **error)
{
  TrioCancelScope *(*open_scope) (GError **error) = (TrioCancelScope * (*) (GError **)) scope_opener;
  g_autoptr (TrioCancelScope) scope = open_scope (error);

  g_assert_nonnull (scope);
  if (!trio_sleep_forever (error))
    return FALSE;
  g_assert_not_reached ();
}

static TrioCancelScope *
open_move_on (GError **error)
{
  return trio_move_on_after (2 * G_TIME_SPAN_SECOND, error);
}

static TrioCancelScope *
open_fail (GError **error)
{
  return trio_fail_after (2 * G_TIME_SPAN_SECOND, error);
}

static TrioCancelScope *
open_cancelled (GError **error)
{
  TrioCancelScope *scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel_with_reason (scope, "enough");
  return scope;
}

static TrioCancelScope *
open_fail_cancelled (GError **error)
{
  TrioCancelScope *scope = trio_fail_after (5, error);

  trio_cancel_scope_cancel_with_reason (scope, "enough");
  return scope;
}

/* It cannot move on: the frame that would is gone. */
static void
test_an_early_return_turns_the_scopes_own_cancellation_into_too_slow_or_failed (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (return_early, open_move_on, &error));
  mock_assert_says (error->message, "deadline of 2 s");
  mock_assert_error (error, TRIO_ERROR_TOO_SLOW);
  g_assert_false (mock_run (return_early, open_fail, &error));
  mock_assert_error (error, TRIO_ERROR_TOO_SLOW);
  g_assert_false (mock_run (return_early, open_cancelled, &error));
  mock_assert_says (error->message, "enough");
  mock_assert_says (error->message, "test-slots.c:");
  mock_assert_error (error, TRIO_ERROR_FAILED);
  g_assert_false (mock_run (return_early, open_fail_cancelled, &error));
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

static gboolean
return_early_from_outer_cancellation (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) inner = trio_move_on_after (100, error);

  g_assert_nonnull (inner);
  if (!trio_sleep_forever (error))
    return FALSE;
  g_assert_not_reached ();
}

static gboolean
cancel_around_an_early_return (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_move_on_after (50, error);
  gboolean ok = return_early_from_outer_cancellation (NULL, error);

  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  return trio_cancel_scope_close (outer, ok);
}

static void
test_an_early_return_leaves_an_outer_cancellation_alone (void)
{
  mock_run_ok (cancel_around_an_early_return, NULL);
}

typedef struct
{
  int n_ended;
} Pump;

static gboolean
pump (gpointer data, GError **error)
{
  Pump *pumps = data;
  gboolean ok = trio_sleep_forever (error);

  trio_cancel_shielded_checkpoint ();
  pumps->n_ended++;
  return ok;
}

static gboolean
serve_one (gpointer data, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_fail_after (30 * G_TIME_SPAN_SECOND, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, pump, data);
  trio_nursery_start_soon (nursery, pump, data);
  if (!trio_sleep (1, error))
    return FALSE;
  if (!mock_fail ((char *) "peer went away", error))
    return FALSE;
  return trio_cancel_scope_close (patience, trio_nursery_close (nursery, TRUE));
}

static gboolean
serve_and_look (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Pump pumps = { 0 };
  gboolean ok = serve_one (&pumps, error);

  /* They lived in a nursery of that frame, and have been joined. */
  g_assert_cmpint (pumps.n_ended, ==, 2);
  g_assert_true (trio_checkpoint (NULL));
  return ok;
}

static void
test_an_early_return_cancels_and_joins_the_children (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (serve_and_look, NULL, &error));
  g_assert_cmpstr (error->message, ==, "peer went away");
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

static gboolean
time_out_inside_a_nursery (gpointer data, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_fail_after (10, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_assert_nonnull (patience);
  trio_nursery_start_soon (nursery, pump, data);
  if (!trio_sleep_forever (error))
    return FALSE;
  g_assert_not_reached ();
}

static gboolean
time_out_and_look (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Pump pumps = { 0 };
  gboolean ok = time_out_inside_a_nursery (&pumps, error);

  g_assert_cmpint (pumps.n_ended, ==, 1);
  return ok;
}

static void
test_an_early_return_through_a_nursery_and_a_fail_scope_is_too_slow (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (time_out_and_look, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_TOO_SLOW);
}

static gboolean
fail_when_cancelled (gpointer message, GError **error)
{
  g_assert_false (trio_sleep_forever (NULL));
  return mock_fail (message, error);
}

static gboolean
return_early_beside_failing_children (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, fail_when_cancelled, (char *) "first child");
  trio_nursery_start_soon (nursery, fail_when_cancelled, (char *) "second child");
  if (!mock_yield (error))
    return FALSE;
  return mock_fail ((char *) "body", error);
}

/* (58) */
static void
test_an_early_return_merges_the_childrens_errors_after_the_bodys (void)
{
  g_autoptr (GError) error = NULL;
  const GError *const *members;
  gsize n;

  g_assert_false (mock_run (return_early_beside_failing_children, NULL, &error));
  members = trio_error_group_get_errors (error, &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpstr (members[0]->message, ==, "body");
  g_assert_cmpstr (members[1]->message, ==, "first child");
  g_assert_cmpstr (members[2]->message, ==, "second child");
}

static gboolean
return_early_from_a_cancelled_nursery (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_cancel (nursery);
  if (!trio_checkpoint (error))
    return FALSE;
  g_assert_not_reached ();
}

static void
test_an_early_return_from_a_nursery_that_was_cancelled_by_hand_is_failed (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (return_early_from_a_cancelled_nursery, NULL, &error));
  mock_assert_says (error->message, "nursery opened at test-slots.c:");
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

/* ---- no error, no slot ---- */

static gboolean
leave_without_error (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  g_assert_nonnull (scope);
  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  mock_expect_critical ("the scope opened at test-slots.c:*was left without trio_cancel_scope_close");
  mock_expect_critical ("the nursery opened at test-slots.c:*was left without trio_nursery_close");
  /* It was cancelled, and there was nobody to move on: so there is an error after all. */
  mock_expect_critical ("the main task returned TRUE but set an error");
  return TRUE;
}

static void
test_leaving_without_close_and_without_error_is_a_critical (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (leave_without_error, NULL, &error));
  g_test_assert_expected_messages ();
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

static gboolean
close_without_slot (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, NULL);
  g_autoptr (TrioCancelScope) other = NULL;

  if (!trio_cancel_scope_close (scope, trio_sleep_forever (NULL)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));

  other = trio_cancel_scope_open (NULL);
  g_assert_false (trio_cancel_scope_close (other, mock_fail ((char *) "lost", NULL)));
  g_assert_false (trio_cancel_scope_cancelled_caught (other));
  return trio_checkpoint (error);
}

static gboolean
fail_without_slot (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (10, NULL);

  g_assert_false (trio_cancel_scope_close (scope, trio_sleep_forever (NULL)));
  return trio_checkpoint (error);
}

static gboolean
take_long (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  return trio_cancel_scope_close (shield, trio_sleep (100, error));
}

static gboolean
fail_after_a_join_that_was_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (50, NULL);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (NULL);

  trio_nursery_start_soon (nursery, take_long, NULL);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  /* The cancellation came while joining, and nobody was told; what fails now is something else. */
  g_assert_false (trio_cancel_scope_close (scope, mock_fail ((char *) "lost", NULL)));
  g_assert_false (trio_cancel_scope_cancelled_caught (scope));
  return trio_checkpoint (error);
}

static gboolean
fail_in_a_cancelled_nursery (gpointer cancelled, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (NULL);
  gboolean ok;

  trio_nursery_cancel (nursery);
  /* Only if it was the cancellation that failed the body is it absorbed. */
  ok = trio_nursery_close (nursery, cancelled != NULL ? trio_checkpoint (NULL) : mock_fail ((char *) "lost", NULL));
  g_assert_cmpint (ok, ==, cancelled != NULL);
  g_assert_cmpint (trio_cancel_scope_cancelled_caught (trio_nursery_get_cancel_scope (nursery)), ==, ok);
  return trio_checkpoint (error);
}

TRIO_CHECKPOINT static gboolean
leave_without_slot (void)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, NULL);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (NULL);

  g_assert_nonnull (scope);
  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  return trio_sleep_forever (NULL);
}

static gboolean
leave_without_slot_in_main (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_assert_false (leave_without_slot ());
  return trio_checkpoint (error);
}

static void
test_a_scope_without_a_slot_judges_by_what_was_raised (void)
{
  mock_run_ok (close_without_slot, NULL);
  mock_run_ok (fail_without_slot, NULL);
  mock_run_ok (leave_without_slot_in_main, NULL);
  mock_run_ok (fail_after_a_join_that_was_cancelled, NULL);
  mock_run_ok (fail_in_a_cancelled_nursery, NULL);
  mock_run_ok (fail_in_a_cancelled_nursery, GINT_TO_POINTER (TRUE));
}

static gboolean
lose_a_childs_error (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioNursery *nursery = trio_nursery_open (NULL);

  trio_nursery_start_soon (nursery, mock_fail, (char *) "stray");
  g_assert_false (trio_nursery_close (nursery, TRUE));
  trio_nursery_free (nursery);
  return trio_checkpoint (error);
}

static gboolean
lose_a_childs_error_and_fail (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_assert_true (lose_a_childs_error (NULL, error));
  return mock_fail ((char *) "own", error);
}

static gboolean
lose_a_childs_error_within_a_nursery (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_assert_true (lose_a_childs_error (NULL, error));
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
lose_it_in_a_child (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, lose_a_childs_error, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* (D17) What no slot takes stays with the task and becomes its error, or that of the nursery around it. */
static void
test_a_childs_error_that_finds_no_slot_becomes_the_tasks_own (void)
{
  static const TrioFunc losers[] = { lose_a_childs_error, lose_a_childs_error_within_a_nursery, lose_it_in_a_child };
  g_autoptr (GError) error = NULL;
  gsize n;

  for (guint i = 0; i < G_N_ELEMENTS (losers); i++)
    {
      g_assert_false (mock_run (losers[i], NULL, &error));
      g_assert_cmpstr (error->message, ==, "stray");
      mock_assert_error (error, TRIO_ERROR_FAILED);
    }
  g_assert_false (mock_run (lose_a_childs_error_and_fail, NULL, &error));
  g_assert_cmpstr (trio_error_group_get_errors (error, &n)[0]->message, ==, "own");
  g_assert_cmpuint (n, ==, 2);
}

static gboolean
say_ok_with_an_error (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  (void) !mock_fail ((char *) "forgotten", error);
  mock_expect_critical ("set an error and reports success: forgotten");
  return trio_cancel_scope_close (scope, TRUE);
}

static gboolean
say_ok_with_an_error_in_a_nursery (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  (void) !mock_fail ((char *) "forgotten", error);
  mock_expect_critical ("set an error and reports success: forgotten");
  return trio_nursery_close (nursery, TRUE);
}

static void
test_success_with_an_error_in_the_slot_is_a_critical_and_a_failure (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (say_ok_with_an_error, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_FAILED);
  g_assert_false (mock_run (say_ok_with_an_error_in_a_nursery, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_FAILED);
  g_test_assert_expected_messages ();
}

/* ---- a cancellation while joining ---- */

static gboolean
take_long_to_die (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  return trio_cancel_scope_close (shield, trio_sleep (100, error));
}

static gboolean
return_early_and_wait_long (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, take_long_to_die, NULL);
  if (!mock_yield (error))
    return FALSE;
  return mock_fail ((char *) "mine", error);
}

static gboolean
cancel_while_joining (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (50, error);

  g_assert_false (return_early_and_wait_long (NULL, error));
  /* The join was not cut short, and what came is not in the slot… */
  mock_assert_time (start + 100);
  mock_assert_error (*error, TRIO_ERROR_FAILED);
  /* …but at the next checkpoint. */
  return trio_cancel_scope_close (scope, trio_checkpoint (error));
}

static void
test_a_cancellation_that_arrives_while_joining_is_kept_for_the_next_checkpoint (void)
{
  mock_run_ok (cancel_while_joining, NULL);
}

static void
test_freeing_nothing_is_nothing (void)
{
  trio_cancel_scope_free (NULL);
  trio_nursery_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_undisturbed ("/slots/a-fail-scope-closed-after-its-deadline-says-too-slow-and-where-it-was-set",
                             test_a_fail_scope_closed_after_its_deadline_says_too_slow_and_where_it_was_set,
                             "it looks at which error is in the slot");
  core_test_add ("/slots/a-body-that-finished-is-not-too-slow", test_a_body_that_finished_is_not_too_slow);
  core_test_add ("/slots/an-error-of-the-body-comes-before-too-slow", test_an_error_of_the_body_comes_before_too_slow);
  core_test_add ("/slots/an-early-return-turns-the-scopes-own-cancellation-into-too-slow-or-failed",
                 test_an_early_return_turns_the_scopes_own_cancellation_into_too_slow_or_failed);
  core_test_add_undisturbed ("/slots/an-early-return-leaves-an-outer-cancellation-alone",
                             test_an_early_return_leaves_an_outer_cancellation_alone,
                             "it looks at which error is in the slot");
  core_test_add_undisturbed ("/slots/an-early-return-cancels-and-joins-the-children",
                             test_an_early_return_cancels_and_joins_the_children,
                             "it looks at which error is in the slot");
  core_test_add ("/slots/an-early-return-through-a-nursery-and-a-fail-scope-is-too-slow",
                 test_an_early_return_through_a_nursery_and_a_fail_scope_is_too_slow);
  core_test_add_ordered ("/slots/an-early-return-merges-the-childrens-errors-after-the-bodys",
                         test_an_early_return_merges_the_childrens_errors_after_the_bodys,
                         "errors come in the order in which tasks were told");
  core_test_add ("/slots/an-early-return-from-a-nursery-that-was-cancelled-by-hand-is-failed",
                 test_an_early_return_from_a_nursery_that_was_cancelled_by_hand_is_failed);
  core_test_add ("/slots/leaving-without-close-and-without-error-is-a-critical",
                 test_leaving_without_close_and_without_error_is_a_critical);
  core_test_add_undisturbed ("/slots/a-scope-without-a-slot-judges-by-what-was-raised",
                             test_a_scope_without_a_slot_judges_by_what_was_raised,
                             "it looks at which error is in the slot");
  core_test_add_undisturbed ("/slots/a-childs-error-that-finds-no-slot-becomes-the-tasks-own",
                             test_a_childs_error_that_finds_no_slot_becomes_the_tasks_own,
                             "it looks at which error is in the slot");
  core_test_add ("/slots/success-with-an-error-in-the-slot-is-a-critical-and-a-failure",
                 test_success_with_an_error_in_the_slot_is_a_critical_and_a_failure);
  core_test_add_mock ("/slots/a-cancellation-that-arrives-while-joining-is-kept-for-the-next-checkpoint",
                      test_a_cancellation_that_arrives_while_joining_is_kept_for_the_next_checkpoint,
                      "times are exact only where the machine is never busy elsewhere");
  g_test_add_func ("/slots/freeing-nothing-is-nothing", test_freeing_nothing_is_nothing);
  return g_test_run ();
}
