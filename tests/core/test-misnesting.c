/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Scopes and nurseries closed in the wrong order, twice, by the wrong task, or never: statements 34, 55 and 56. Whatever happens,
 * the mistake is named, what was abandoned is cancelled, and the run goes on. */

#include "tests/core/core-test.h"

/* ---- the wrong order ---- */

static gboolean
close_outer_first (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);

  mock_expect_critical ("was closed before the one opened inside it");
  g_assert_false (trio_cancel_scope_close (outer, TRUE));
  g_test_assert_expected_messages ();
  mock_assert_error (*error, TRIO_ERROR_MISUSE);
  if (!mock_yield (error))
    return FALSE;
  /* The later exit adds no second error. */
  g_assert_true (trio_cancel_scope_cancel_called (inner));
  if (!trio_cancel_scope_close (inner, TRUE))
    return FALSE;
  return trio_checkpoint (error);
}

static gboolean
close_outer_first_and_free_inner (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) middle = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);

  g_assert_true (middle != inner);
  trio_cancel_scope_cancel (outer);
  g_assert_false (trio_checkpoint (error));
  mock_expect_critical ("was closed before");
  mock_expect_critical ("was closed before");
  g_assert_false (trio_cancel_scope_close (outer, FALSE));
  g_test_assert_expected_messages ();
  g_assert_true (trio_error_contains (*error, TRIO_ERROR, TRIO_ERROR_MISUSE));
  return FALSE;
}

/* (55) */
static void
test_closing_an_outer_scope_first_is_an_error_of_that_close_only (void)
{
  g_autoptr (GError) error = NULL;

  mock_run_ok (close_outer_first, NULL);
  g_assert_false (mock_run (close_outer_first_and_free_inner, NULL, &error));
  g_assert_false (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_MISUSE));
}

static gboolean
expect_to_be_abandoned (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean ok = trio_sleep_forever (error);

  mock_assert_says ((*error)->message, "abandoned");
  mock_say ("cancelled");
  return ok;
}

static gboolean
abandon_a_nursery (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, expect_to_be_abandoned, NULL);
  if (!mock_yield (error))
    return FALSE;
  mock_expect_critical ("was closed before");
  g_assert_false (trio_cancel_scope_close (outer, TRUE));
  g_test_assert_expected_messages ();
  mock_assert_error (*error, TRIO_ERROR_MISUSE);
  /* The nursery still joins. */
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  mock_say ("joined");
  return TRUE;
}

/* (55) What was abandoned is cancelled at once and for good. */
static void
test_an_abandoned_nursery_is_cancelled_and_can_still_be_joined (void)
{
  mock_run_ok (abandon_a_nursery, NULL);
  mock_expect ("cancelled joined");
}

static gboolean
wait_with_a_slow_abort (gpointer data, GError **error);

static TrioAbort
refuse_abort (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_FAILED;
}

static gboolean
wait_with_a_slow_abort (gpointer data, GError **error)
{
  TrioTask **task = data;

  *task = trio_current_task ();
  if (!trio_wait_task_rescheduled (refuse_abort, NULL, error))
    return FALSE;
  /* Now its cancellation has to be explained, although the scope that began it is gone. */
  g_assert_false (trio_checkpoint (error));
  mock_assert_says ((*error)->message, "abandoned");
  return FALSE;
}

static gboolean
outlive_the_cause (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioTask *sleeper = NULL;
  TrioCancelScope *outer = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_with_a_slow_abort, &sleeper);
  if (!mock_yield (error))
    return FALSE;
  trio_cancel_scope_cancel_with_reason (outer, "the first reason");
  mock_expect_critical ("was closed before");
  g_assert_false (trio_cancel_scope_close (outer, TRUE));
  g_test_assert_expected_messages ();
  trio_cancel_scope_free (outer);
  g_clear_error (error);
  trio_reschedule (sleeper, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* (55) An abandoned part that was cancelled from outside does not remember a scope that is gone. */
static void
test_an_abandoned_nursery_outlives_the_scope_that_cancelled_it (void)
{
  mock_run_ok (outlive_the_cause, NULL);
}

static gboolean
wait_to_be_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_sleep_forever (error);
}

/* Nor does it wait for a child that would never end. */
static gboolean
close_nursery_before_scope (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);

  trio_nursery_start_soon (nursery, mock_check_in, NULL);
  trio_nursery_start_soon (nursery, wait_to_be_cancelled, NULL);
  mock_expect_critical ("was closed before");
  g_assert_false (trio_nursery_close (nursery, TRUE));
  g_test_assert_expected_messages ();
  mock_assert_error (*error, TRIO_ERROR_MISUSE);
  return trio_cancel_scope_close (inner, trio_checkpoint (error));
}

/* (55, 57) */
static void
test_closing_a_nursery_before_a_scope_inside_it_is_an_error (void)
{
  mock_run_ok (close_nursery_before_scope, NULL);
}

/* ---- twice, or by another task ---- */

static gboolean
close_twice (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  if (!trio_cancel_scope_close (scope, TRUE))
    return FALSE;
  mock_expect_critical ("closed already");
  g_assert_false (trio_cancel_scope_close (scope, TRUE));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  mock_expect_critical ("closed already");
  g_assert_false (trio_nursery_close (nursery, TRUE));
  g_test_assert_expected_messages ();
  return trio_checkpoint (error);
}

/* (34) */
static void
test_a_scope_is_closed_once (void)
{
  mock_run_ok (close_twice, NULL);
}

typedef struct
{
  TrioCancelScope *scope;
  TrioNursery     *nursery;
} Foreign;

static gboolean
close_what_is_not_mine (gpointer data, GError **error)
{
  Foreign *foreign = data;

  mock_expect_critical ("belongs to another task");
  g_assert_false (trio_cancel_scope_close (foreign->scope, TRUE));
  mock_expect_critical ("belongs to another task");
  trio_cancel_scope_free (foreign->scope);
  mock_expect_critical ("belongs to another task");
  g_assert_false (trio_nursery_close (foreign->nursery, TRUE));
  g_test_assert_expected_messages ();
  return trio_checkpoint (error);
}

static gboolean
let_another_task_close (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  Foreign foreign = { scope, nursery };

  trio_nursery_start_soon (nursery, close_what_is_not_mine, &foreign);
  for (int i = 0; i < 4; i++)
    if (!mock_yield (error))
      return FALSE;
  trio_cancel_scope_cancel (scope);
  if (!trio_cancel_scope_close (scope, trio_checkpoint (error)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  return trio_nursery_close (nursery, TRUE);
}

/* (34, 55) */
static void
test_a_close_from_another_task_is_refused_and_changes_nothing (void)
{
  mock_run_ok (let_another_task_close, NULL);
}

/* ---- never ---- */

typedef struct
{
  TrioCancelScope *scope;
  TrioNursery     *nursery;
  gboolean         fail;
} Left;

static gboolean
forget_a_scope (gpointer data, GError **error)
{
  Left *left = data;

  left->scope = trio_move_on_after (1000, error);
  return left->fail ? mock_fail ((char *) "mine", error) : TRUE;
}

static gboolean
forget_a_nursery (gpointer data, GError **error)
{
  Left *left = data;

  left->nursery = trio_nursery_open (error);
  trio_nursery_start_soon (left->nursery, mock_sleep_forever, NULL);
  return TRUE;
}

static gboolean
forget_a_nursery_and_its_slot (gpointer data, GError **error G_GNUC_UNUSED)
{
  Left *left = data;
  GError **slot = g_new0 (GError *, 1);

  left->nursery = trio_nursery_open (slot);
  trio_nursery_start_soon (left->nursery, mock_fail, (char *) "child");
  /* As the frame of a function that has returned. */
  g_free (slot);
  return TRUE;
}

static gboolean
forget_an_abandoned_nursery (gpointer data, GError **error)
{
  Left *left = data;
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);

  left->nursery = trio_nursery_open (error);
  trio_nursery_start_soon (left->nursery, mock_sleep_forever, NULL);
  if (!mock_yield (error))
    return FALSE;
  mock_expect_critical ("was closed before");
  g_assert_false (trio_cancel_scope_close (outer, TRUE));
  g_clear_error (error);
  mock_expect_critical ("task \"careless\" ended inside the nursery");
  return TRUE;
}

static gboolean
run_as_child (gpointer func, GError **error)
{
  Left left = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon_full (nursery, (TrioFunc) func, &left, NULL, "careless");
  ok = trio_nursery_close (nursery, TRUE);
  trio_cancel_scope_free (left.scope);
  trio_nursery_free (left.nursery);
  /* Nobody runs on. */
  g_assert_true (trio_sleep (5, NULL));
  return ok;
}

/* (56) */
static void
test_a_task_that_ends_inside_a_scope_or_nursery_ends_with_misuse (void)
{
  static const TrioFunc careless[] = {
    forget_a_scope, forget_a_nursery, forget_a_nursery_and_its_slot, forget_an_abandoned_nursery,
  };

  for (guint i = 0; i < G_N_ELEMENTS (careless); i++)
    {
      g_autoptr (GError) error = NULL;

      if (careless[i] != forget_an_abandoned_nursery)
        mock_expect_critical ("task \"careless\" ended inside the");
      g_assert_false (mock_run (run_as_child, careless[i], &error));
      g_test_assert_expected_messages ();
      g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_MISUSE));
      g_assert_false (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
    }
}

/* (56) …whose context is its own error: both come out. */
static void
test_the_error_of_a_task_that_ends_inside_a_scope_is_kept (void)
{
  g_autoptr (GError) error = NULL;
  Left left = { .fail = TRUE };

  mock_expect_critical ("task \"main\" ended inside the scope");
  g_assert_false (mock_run (forget_a_scope, &left, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_GROUP);
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_FAILED));
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_MISUSE));
  trio_cancel_scope_free (left.scope);
}

static void
note_call (gpointer called)
{
  *(gboolean *) called = TRUE;
}

static gboolean
forget_and_call (gpointer data, GError **error)
{
  gpointer *args = data;
  Left *left = args[0];
  g_autoptr (TrioToken) token = trio_current_token ();

  left->nursery = trio_nursery_open (error);
  g_assert_true (trio_token_run_sync_soon (token, note_call, args[1], NULL));
  return TRUE;
}

/* (56, 122) Such a mistake of main is main's error, no failure of the runtime: the run still ends in good order. */
static void
test_a_main_that_ends_inside_a_nursery_ends_its_run_in_good_order (void)
{
  g_autoptr (GError) error = NULL;
  Left left = { 0 };
  gboolean called = FALSE;
  gpointer args[] = { &left, &called };

  mock_expect_critical ("task \"main\" ended inside the nursery");
  g_assert_false (mock_run (forget_and_call, args, &error));
  g_test_assert_expected_messages ();
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  g_assert_true (called);
  trio_nursery_free (left.nursery);
}

static gboolean
spawn_into_closed (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean freed = FALSE;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  mock_expect_critical ("is closed; task \"late\" was not started");
  trio_nursery_start_soon_full (nursery, mock_return, &freed, note_call, "late");
  g_test_assert_expected_messages ();
  g_assert_true (freed);
  return TRUE;
}

/* (62) */
static void
test_spawning_into_a_closed_nursery_is_refused (void)
{
  mock_run_ok (spawn_into_closed, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_undisturbed ("/misnesting/closing-an-outer-scope-first-is-an-error-of-that-close-only",
                             test_closing_an_outer_scope_first_is_an_error_of_that_close_only,
                             "it looks at the complaint");
  core_test_add_undisturbed ("/misnesting/an-abandoned-nursery-is-cancelled-and-can-still-be-joined",
                             test_an_abandoned_nursery_is_cancelled_and_can_still_be_joined,
                             "it looks at the complaint");
  core_test_add_undisturbed ("/misnesting/an-abandoned-nursery-outlives-the-scope-that-cancelled-it",
                             test_an_abandoned_nursery_outlives_the_scope_that_cancelled_it,
                             "it looks at the complaint");
  core_test_add_undisturbed ("/misnesting/closing-a-nursery-before-a-scope-inside-it-is-an-error",
                             test_closing_a_nursery_before_a_scope_inside_it_is_an_error,
                             "it looks at the complaint");
  core_test_add ("/misnesting/a-scope-is-closed-once", test_a_scope_is_closed_once);
  core_test_add ("/misnesting/a-close-from-another-task-is-refused-and-changes-nothing",
                 test_a_close_from_another_task_is_refused_and_changes_nothing);
  core_test_add_mock ("/misnesting/a-task-that-ends-inside-a-scope-or-nursery-ends-with-misuse",
                      test_a_task_that_ends_inside_a_scope_or_nursery_ends_with_misuse,
                      "the simulator makes a failure of its critical");
  core_test_add ("/misnesting/the-error-of-a-task-that-ends-inside-a-scope-is-kept",
                 test_the_error_of_a_task_that_ends_inside_a_scope_is_kept);
  core_test_add ("/misnesting/a-main-that-ends-inside-a-nursery-ends-its-run-in-good-order",
                 test_a_main_that_ends_inside_a_nursery_ends_its_run_in_good_order);
  core_test_add ("/misnesting/spawning-into-a-closed-nursery-is-refused", test_spawning_into_a_closed_nursery_is_refused);
  return g_test_run ();
}
