/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Trying to make an error disappear, by every route there is: D17 and its like. Each test drops an error named "lost" (or several) where
 * a program could lose it by negligence, and expects the run to end with it, or at least a critical that says it. */

#include "tests/core/core-test.h"

static GError *
lost (const char *what)
{
  return g_error_new (TRIO_ERROR, TRIO_ERROR_FAILED, "lost: %s", what);
}

static gboolean
says_lost (const GError *error, gpointer data)
{
  const char *what = data;

  return g_str_has_prefix (error->message, "lost: ") && g_str_equal (error->message + strlen ("lost: "), what);
}

static gboolean
lose (gpointer what, GError **error)
{
  g_propagate_error (error, lost (what));
  return FALSE;
}

static gboolean
lose_when_cancelled (gpointer what, GError **error)
{
  (void) !trio_sleep_forever (NULL);
  return lose (what, error);
}

/* The run fails, and each of those words, separated by spaces, comes out of it exactly once. */
static void
expect_lost (TrioFunc main, gpointer data, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) all = g_strsplit (words, " ", -1);
  GError *rest;

  g_assert_false (mock_run (main, data, &error));
  rest = g_error_copy (error);
  for (guint i = 0; all[i] != NULL; i++)
    {
      GError *one;

      trio_error_split_if (g_steal_pointer (&rest), says_lost, all[i], &one, &rest);
      if (one == NULL)
        g_error ("\"%s\" vanished from %s", all[i], error->message);
      g_assert_false (g_error_matches (one, TRIO_ERROR, TRIO_ERROR_GROUP));
      g_error_free (one);
    }
  g_clear_error (&rest);
  g_test_assert_expected_messages ();
}

/* --- what the body of a scope or a nursery forgets --- */

static gboolean
return_early (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope G_GNUC_UNUSED = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) inner = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, lose_when_cancelled, "outer");
  trio_nursery_start_soon (inner, lose_when_cancelled, "inner");
  /* Only a child that has begun can fail when it is cancelled. */
  if (!trio_checkpoint (error))
    return FALSE;
  return lose ("body", error);
}

static void
test_an_early_return_brings_all_errors_of_body_and_children (void)
{
  expect_lost (return_early, NULL, "body inner outer");
}

static gboolean
pass_no_slot (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (TrioNursery) a = trio_nursery_open (NULL);
  g_autoptr (TrioCancelScope) b = trio_cancel_scope_open (NULL);
  g_autoptr (TrioNursery) c = trio_nursery_open (NULL);

  trio_nursery_start_soon (a, lose_when_cancelled, "a");
  trio_nursery_start_soon (c, lose, "c");
  (void) !trio_nursery_close (c, TRUE);
  (void) !trio_cancel_scope_close (b, TRUE);
  trio_nursery_cancel (a);
  (void) !trio_checkpoint (NULL);
  (void) !trio_nursery_close (a, TRUE);
  return TRUE;
}

/* semantics: D17 */
static void
test_errors_of_children_find_their_way_through_nested_scopes_without_slots (void)
{
  expect_lost (pass_no_slot, NULL, "a c");
}

/* What is never closed is the program's to free, also after the run. */
static TrioNursery *left_nurseries[3];
static TrioCancelScope *left_scope;

static void
free_left (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (left_nurseries); i++)
    g_clear_pointer (&left_nurseries[i], trio_nursery_free);
  g_clear_pointer (&left_scope, trio_cancel_scope_free);
}

static gboolean
leave_all_open (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioNursery *outer = trio_nursery_open (error);
  TrioNursery *inner = trio_nursery_open (NULL);

  left_nurseries[0] = outer;
  left_nurseries[1] = inner;
  left_scope = trio_cancel_scope_open (error);
  trio_nursery_start_soon (outer, lose_when_cancelled, "outer");
  trio_nursery_start_soon (inner, lose_when_cancelled, "inner");
  (void) !trio_checkpoint (NULL);
  return lose ("body", error);
}

/* The task has ended inside; what its children fail with while they are cleared away for it is told. */
static void
test_children_that_fail_while_their_nursery_is_abandoned_are_heard (void)
{
  mock_expect_critical ("ended inside the scope");
  mock_expect_critical ("ended inside the nursery");
  mock_expect_critical ("ended inside the nursery");
  expect_lost (leave_all_open, NULL, "body inner outer");
  free_left ();
}

static gboolean
close_the_wrong_one_first (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioNursery *outer = trio_nursery_open (error);
  TrioNursery *inner = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon (outer, lose, "outer");
  trio_nursery_start_soon (inner, lose_when_cancelled, "inner");
  (void) !trio_checkpoint (NULL);
  ok = trio_nursery_close (outer, lose ("body", error));
  g_assert_false (trio_nursery_close (inner, ok));
  trio_nursery_free (inner);
  trio_nursery_free (outer);
  return FALSE;
}

static void
test_misnesting_loses_nobodys_error (void)
{
  mock_expect_critical ("was closed before the one opened inside it");
  expect_lost (close_the_wrong_one_first, NULL, "body outer inner");
}

static gboolean
say_true_with_an_error (gpointer data G_GNUC_UNUSED, GError **error)
{
  (void) !lose ("true", error);
  return TRUE;
}

static gboolean
have_a_child_that_says_true (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, say_true_with_an_error, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_success_with_an_error_set_is_a_failure (void)
{
  mock_expect_critical ("returned TRUE but set an error: lost: true");
  expect_lost (say_true_with_an_error, NULL, "true");
  mock_expect_critical ("returned TRUE but set an error: lost: true");
  expect_lost (have_a_child_that_says_true, NULL, "true");
}

static gboolean
say_false (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return FALSE;
}

static void
test_a_failure_without_an_error_is_a_failure (void)
{
  g_autoptr (GError) error = NULL;

  mock_expect_critical ("returned FALSE and set no error");
  g_assert_false (mock_run (say_false, NULL, &error));
  g_test_assert_expected_messages ();
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

/* --- cancellation and clean-up --- */

static gboolean
clean_up_badly (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (G_TIME_SPAN_SECOND, error);
  gboolean ok = trio_sleep_forever (error);

  /* The clean-up fails; its error goes beside the cancellation, which the scope takes. */
  if (error != NULL)
    *error = trio_error_merge (lost ("cleanup"), g_steal_pointer (error));
  trio_cancel_scope_cancel (outer);
  ok = trio_cancel_scope_close (scope, ok);
  return trio_cancel_scope_close (outer, ok);
}

static void
test_a_failing_clean_up_outlives_the_cancellation_that_led_to_it (void)
{
  expect_lost (clean_up_badly, NULL, "cleanup");
}

static gboolean
lose_after_being_ready (gpointer what, TrioTaskStatus *status, GError **error)
{
  (void) !trio_sleep (G_TIME_SPAN_SECOND, NULL);
  trio_task_status_started (status, NULL);
  return lose (what, error);
}

static gboolean
start_and_be_cancelled (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (1, error);
  gboolean ok = trio_nursery_start (nursery, lose_after_being_ready, "late", NULL, error);

  ok = trio_cancel_scope_close (scope, ok);
  return trio_nursery_close (nursery, ok);
}

static void
test_a_child_that_fails_while_start_is_given_up_is_heard (void)
{
  expect_lost (start_and_be_cancelled, NULL, "late");
}

/* --- groups of groups --- */

static gboolean
nest (gpointer depth, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  int n = GPOINTER_TO_INT (depth);
  static const char *const names[] = { "n0", "n1", "n2", "n3" };

  trio_nursery_start_soon (nursery, lose_when_cancelled, (char *) names[n]);
  if (n > 0)
    trio_nursery_start_soon (nursery, nest, GINT_TO_POINTER (n - 1));
  if (!trio_checkpoint (error))
    return FALSE;
  return n > 0 ? trio_nursery_close (nursery, TRUE) : lose ("innermost", error);
}

static void
test_a_group_of_groups_has_all_its_members (void)
{
  expect_lost (nest, GINT_TO_POINTER (3), "n0 n1 n2 n3 innermost");
}

/* --- the run breaks off --- */

static TrioAbort
answer_nonsense (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return (TrioAbort) 7;
}

static gboolean
wait_brokenly (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_wait_task_rescheduled (answer_nonsense, NULL, error);
}

static gboolean
break_the_run (gpointer data G_GNUC_UNUSED, GError **error)
{
  GError *inner = NULL;
  TrioNursery *nursery = trio_nursery_open (&inner);

  (void) !lose ("set", error);
  trio_nursery_start_soon (nursery, wait_brokenly, NULL);
  trio_nursery_start_soon (nursery, lose, "sibling");
  (void) !trio_nursery_close (nursery, TRUE);
  g_assert_not_reached ();
}

/* An abort function breaks its promise: no task goes on, but what had failed by then is told. statement 83 */
static void
test_what_had_failed_before_the_run_broke_off_is_told (void)
{
  expect_lost (break_the_run, NULL, "set sibling");
}

static gboolean
break_deadlock (MockWorld *world G_GNUC_UNUSED, TrioLoop *loop)
{
  trio_loop_break_deadlock (loop);
  return TRUE;
}

static gboolean
clean_up_for_ever (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  return trio_cancel_scope_close (shield, trio_sleep_forever (error));
}

static gboolean
fail_and_hang (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, lose, "before");
  trio_nursery_start_soon (nursery, clean_up_for_ever, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_what_had_failed_before_a_deadlock_in_the_clean_up_is_told (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;

  world->on_idle = break_deadlock;
  g_assert_false (mock_run_in (world, fail_and_hang, NULL, NULL, &error));
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK));
  g_assert_nonnull (trio_error_find_if (error, says_lost, (char *) "before"));
}

/* --- those that have no error slot --- */

static guint n_steps_seen;

static void
fail_in_a_hook (TrioInstrument *self, TrioTask *task G_GNUC_UNUSED)
{
  n_steps_seen++;
  trio_instrument_fail (self, lost ("hook"));
}

static void
count_step (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task G_GNUC_UNUSED)
{
  n_steps_seen += 100;
}

static gboolean
be_watched (gpointer data G_GNUC_UNUSED, GError **error)
{
  static TrioInstrument good = { .name = "good", .before_task_step = count_step };
  static TrioInstrument bad = { .name = "bad", .before_task_step = fail_in_a_hook };
  gboolean ok;

  n_steps_seen = 0;
  trio_add_instrument (&good);
  trio_add_instrument (&bad);
  mock_expect_critical ("instrument \"bad\" failed, and watches no more: lost: hook");
  ok = trio_checkpoint (error) && trio_checkpoint (error);
  trio_remove_instrument (&good);
  return ok;
}

/* semantics: 182 */
static void
test_a_hook_that_fails_is_reported_and_disables_its_instrument_only (void)
{
  mock_run_ok (be_watched, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (n_steps_seen, ==, 201);
}

static void
fail_in_a_call (gpointer what)
{
  trio_token_call_fail (lost (what));
}

static void
say (gpointer word)
{
  mock_say ("%s", (const char *) word);
}

static gboolean
wait_for_calls (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  GError *failure = NULL;
  gboolean ok;

  g_assert_true (trio_token_run_sync_soon (token, fail_in_a_call, (char *) "first", NULL));
  g_assert_true (trio_token_run_sync_soon (token, fail_in_a_call, (char *) "second", NULL));
  g_assert_true (trio_token_run_sync_soon (token, say, (char *) "called", NULL));
  ok = trio_sleep_forever (&failure);
  mock_assert_says (failure->message, "a call from outside failed: lost: first");
  g_propagate_error (error, failure);
  return ok;
}

/* semantics: 123 */
static void
test_a_call_from_outside_that_fails_cancels_everything_and_stops_no_other_call (void)
{
  g_autoptr (GError) error = NULL;

  expect_lost (wait_for_calls, NULL, "first second");
  mock_expect ("called");
  g_assert_false (mock_run (wait_for_calls, NULL, &error));
  mock_expect ("called");
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_INTERNAL));
  g_assert_false (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
}

static gboolean
call_at_the_end (gpointer token, GError **error)
{
  (void) !trio_sleep_forever (error);
  g_assert_true (trio_token_run_sync_soon (token, fail_in_a_call, (char *) "last", NULL));
  return FALSE;
}

static gboolean
have_a_late_caller (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_spawn_system_task (call_at_the_end, trio_current_token (), (GDestroyNotify) trio_token_unref, "late", error)
         && trio_checkpoint (error);
}

/* semantics: 123 and 124 */
static void
test_a_call_that_fails_when_main_has_ended_fails_the_run (void)
{
  expect_lost (have_a_late_caller, NULL, "last");
}

static gboolean
have_a_bad_system_task (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_spawn_system_task (lose_when_cancelled, (char *) "system", NULL, NULL, error) && trio_checkpoint (error)
         && lose ("main", error);
}

/* semantics: 152 and 153 */
static void
test_a_system_task_that_fails_in_its_clean_up_fails_the_run_beside_main (void)
{
  expect_lost (have_a_bad_system_task, NULL, "system main");
}

/* A function that frees something may use nurseries like any code of its task, and has no slot to report to. */
TRIO_CHECKPOINT static void
free_badly (gpointer what)
{
  TrioNursery *nursery = trio_nursery_open (NULL);

  trio_nursery_start_soon (nursery, lose, what);
  (void) !trio_nursery_close (nursery, TRUE);
  trio_nursery_free (nursery);
}

static void
free_and_leave_open (gpointer what)
{
  left_nurseries[2] = trio_nursery_open (NULL);
  trio_nursery_start_soon (left_nurseries[2], lose, what);
}

static gboolean
free_in_many_bad_ways (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, mock_return, (char *) "destroy", free_badly, NULL);
  trio_nursery_start_soon_full (nursery, mock_return, (char *) "open", free_and_leave_open, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_what_fails_while_a_task_frees_what_it_had_is_its_error (void)
{
  mock_expect_critical ("ended inside the nursery");
  expect_lost (free_in_many_bad_ways, NULL, "destroy open");
  free_left ();
}

/* --- one that is woken by whom it does not know --- */

static TrioTask *the_sleeper;

static gboolean
sleep_where_all_can_see (gpointer data G_GNUC_UNUSED, GError **error)
{
  the_sleeper = trio_current_task ();
  return trio_sleep_forever (error);
}

static gboolean
wake_the_sleeper (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, sleep_where_all_can_see, NULL);
  (void) !trio_checkpoint (error);
  (void) !lose ("main", error);
  trio_reschedule (the_sleeper, NULL);
  (void) !trio_nursery_close (nursery, FALSE);
  g_assert_not_reached ();
}

static void
test_waking_a_task_that_nobody_may_wake_ends_the_run (void)
{
  g_autoptr (GError) error = NULL;

  expect_lost (wake_the_sleeper, NULL, "main");
  g_assert_false (mock_run (wake_the_sleeper, NULL, &error));
  mock_assert_says (error->message, "a task in trio_sleep_forever() was rescheduled without an error");
}

typedef struct
{
  TrioCancelScope *theirs;
  guint            n_told;
} Fiddler;

static TrioAbort
fiddle_with_a_shield (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Fiddler *self = data;

  trio_cancel_scope_set_shield (self->theirs, TRUE);
  trio_cancel_scope_set_shield (self->theirs, FALSE);
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
fiddle (gpointer data, GError **error)
{
  return trio_wait_task_rescheduled (fiddle_with_a_shield, data, error);
}

static gboolean
be_told (gpointer data, GError **error)
{
  Fiddler *self = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  self->theirs = scope;
  ok = trio_sleep_forever (error);
  self->n_told++;
  ok = trio_cancel_scope_close (scope, ok);
  return ok;
}

static gboolean
cancel_both (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, fiddle, data);
  trio_nursery_start_soon (nursery, be_told, data);
  if (!trio_checkpoint (error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

/* An abort function may change the tree while others are still to be told: each is told once. */
static void
test_a_cancellation_that_is_changed_while_it_is_told_is_told_once (void)
{
  Fiddler self = { 0 };

  mock_run_ok (cancel_both, &self);
  g_assert_cmpuint (self.n_told, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add ("/nothing-vanishes/an-early-return-brings-all-errors-of-body-and-children",
                 test_an_early_return_brings_all_errors_of_body_and_children);
  core_test_add ("/nothing-vanishes/errors-of-children-find-their-way-through-nested-scopes-without-slots",
                 test_errors_of_children_find_their_way_through_nested_scopes_without_slots);
  core_test_add ("/nothing-vanishes/children-that-fail-while-their-nursery-is-abandoned-are-heard",
                 test_children_that_fail_while_their_nursery_is_abandoned_are_heard);
  core_test_add ("/nothing-vanishes/misnesting-loses-nobodys-error",
                 test_misnesting_loses_nobodys_error);
  core_test_add ("/nothing-vanishes/success-with-an-error-set-is-a-failure",
                 test_success_with_an_error_set_is_a_failure);
  core_test_add ("/nothing-vanishes/a-failure-without-an-error-is-a-failure",
                 test_a_failure_without_an_error_is_a_failure);
  core_test_add ("/nothing-vanishes/a-failing-clean-up-outlives-the-cancellation-that-led-to-it",
                 test_a_failing_clean_up_outlives_the_cancellation_that_led_to_it);
  core_test_add ("/nothing-vanishes/a-child-that-fails-while-start-is-given-up-is-heard",
                 test_a_child_that_fails_while_start_is_given_up_is_heard);
  core_test_add ("/nothing-vanishes/a-group-of-groups-has-all-its-members",
                 test_a_group_of_groups_has_all_its_members);
  core_test_add ("/nothing-vanishes/what-had-failed-before-the-run-broke-off-is-told",
                 test_what_had_failed_before_the_run_broke_off_is_told);
  core_test_add_mock ("/nothing-vanishes/what-had-failed-before-a-deadlock-in-the-clean-up-is-told",
                      test_what_had_failed_before_a_deadlock_in_the_clean_up_is_told, "it drives the loop or the world itself");
  core_test_add ("/nothing-vanishes/a-hook-that-fails-is-reported-and-disables-its-instrument-only",
                 test_a_hook_that_fails_is_reported_and_disables_its_instrument_only);
  core_test_add_undisturbed ("/nothing-vanishes/a-call-from-outside-that-fails-cancels-everything-and-stops-no-other-call",
                             test_a_call_from_outside_that_fails_cancels_everything_and_stops_no_other_call,
                             "it looks at the reason");
  core_test_add ("/nothing-vanishes/a-call-that-fails-when-main-has-ended-fails-the-run",
                 test_a_call_that_fails_when_main_has_ended_fails_the_run);
  core_test_add ("/nothing-vanishes/a-system-task-that-fails-in-its-clean-up-fails-the-run-beside-main",
                 test_a_system_task_that_fails_in_its_clean_up_fails_the_run_beside_main);
  core_test_add_mock ("/nothing-vanishes/what-fails-while-a-task-frees-what-it-had-is-its-error",
                      test_what_fails_while_a_task_frees_what_it_had_is_its_error,
                      "the simulator makes a failure of its critical");
  core_test_add_ordered ("/nothing-vanishes/waking-a-task-that-nobody-may-wake-ends-the-run",
                         test_waking_a_task_that_nobody_may_wake_ends_the_run,
                         "it wakes a task in the turn after it fell asleep");
  core_test_add_ordered ("/nothing-vanishes/a-cancellation-that-is-changed-while-it-is-told-is-told-once",
                         test_a_cancellation_that_is_changed_while_it_is_told_is_told_once,
                         "it wakes a task in the turn after it fell asleep");
  return g_test_run ();
}
