/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio_nursery_start(): statements 65, 66, 68 to 74 and 76, and D5. (75 has no counterpart: nobody can reach the private
 * nursery.) */

#include "tests/core/core-test.h"

static gboolean
start_and_say (gpointer word, TrioTaskStatus *status, GError **error)
{
  if (!trio_sleep (10, error))
    return FALSE;
  mock_say ("ready");
  trio_task_status_started (status, word);
  mock_say ("goes-on");
  /* So long that whoever waits for start() is first, however the machine lags. */
  if (!trio_sleep (G_TIME_SPAN_HOUR, error))
    return FALSE;
  mock_say ("ends");
  return TRUE;
}

static gboolean
start_one (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gpointer value = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  if (!trio_nursery_start (nursery, start_and_say, (char *) "tea", &value, error))
    return FALSE;
  mock_say ("%s", (char *) value);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  mock_say ("joined");
  return TRUE;
}

/* (65) */
static void
test_start_returns_what_started_was_given_and_the_nursery_then_owns_the_child (void)
{
  mock_run_ok (start_one, NULL);
  mock_expect ("ready goes-on tea ends joined");
}

/* ---- before it has started ---- */

static gboolean
fail_before (gpointer message, TrioTaskStatus *status G_GNUC_UNUSED, GError **error)
{
  if (!trio_sleep (10, error))
    return FALSE;
  return mock_fail (message, error);
}

static gboolean
start_a_failure (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gpointer value = (gpointer) 0x7;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_assert_false (trio_nursery_start (nursery, fail_before, (char *) "no port", &value, error));
  g_assert_true (value == (gpointer) 0x7);
  if (mock_is_disturbed ())
    return FALSE;
  g_assert_cmpstr ((*error)->message, ==, "no port");
  mock_assert_error (*error, TRIO_ERROR_FAILED);
  /* Outputs are written only on success, and the nursery knows nothing of it. */
  g_assert_false (trio_cancel_scope_cancel_called (trio_nursery_get_cancel_scope (nursery)));
  if (!mock_yield (error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

/* (66) */
static void
test_an_error_before_started_comes_out_of_start_and_does_not_touch_the_nursery (void)
{
  mock_run_ok (start_a_failure, NULL);
}

static gboolean
never_say (gpointer unused G_GNUC_UNUSED, TrioTaskStatus *status G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

static gboolean
start_a_silent_one (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_assert_false (trio_nursery_start (nursery, never_say, NULL, NULL, error));
  if (mock_is_disturbed ())
    return FALSE;
  mock_assert_says ((*error)->message, "never_say");
  mock_assert_error (*error, TRIO_ERROR_FAILED);
  return trio_nursery_close (nursery, TRUE);
}

/* (68) */
static void
test_a_child_that_ends_without_started_fails_start (void)
{
  mock_run_ok (start_a_silent_one, NULL);
}

static gboolean
say_twice (gpointer unused G_GNUC_UNUSED, TrioTaskStatus *status, GError **error)
{
  trio_task_status_started (status, (char *) "first");
  mock_expect_critical ("said so before");
  trio_task_status_started (status, (char *) "second");
  g_test_assert_expected_messages ();
  return trio_checkpoint (error);
}

static gboolean
start_one_that_says_twice (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gpointer value = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  if (!trio_nursery_start (nursery, say_twice, NULL, &value, error))
    return FALSE;
  g_assert_cmpstr (value, ==, "first");
  return trio_nursery_close (nursery, TRUE);
}

/* (69) */
static void
test_saying_started_twice_is_a_critical_and_changes_nothing (void)
{
  mock_run_ok (start_one_that_says_twice, NULL);
}

/* ---- cancelling the caller ---- */

static gboolean
be_cancelled_before (gpointer unused G_GNUC_UNUSED, TrioTaskStatus *status G_GNUC_UNUSED, GError **error)
{
  gboolean ok = trio_sleep_forever (error);

  mock_say ("child");
  return ok;
}

static gboolean
cancel_the_caller (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);
  gboolean ok = trio_nursery_start (nursery, be_cancelled_before, NULL, NULL, error);

  g_assert_false (ok);
  if (!mock_is_disturbed ())
    g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  if (!trio_cancel_scope_close (scope, ok))
    return FALSE;
  if (!mock_yield (error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

/* (70) */
static void
test_cancelling_the_caller_of_start_cancels_the_child (void)
{
  mock_run_ok (cancel_the_caller, NULL);
  mock_expect ("child");
}

typedef struct
{
  gboolean fail_after;
  gboolean check_in_after;
} Late;

static gboolean
start_too_late (gpointer data, TrioTaskStatus *status, GError **error)
{
  Late *late = data;

  g_assert_false (trio_sleep_forever (NULL));
  trio_task_status_started (status, (char *) "late");
  if (late->check_in_after)
    return trio_checkpoint (error);
  return late->fail_after ? mock_fail ((char *) "after", error) : TRUE;
}

static gboolean
start_in_a_cancelled_caller (gpointer data, GError **error)
{
  gpointer value = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);
  gboolean ok = trio_nursery_start (nursery, start_too_late, data, &value, error);

  g_assert_cmpint (ok, ==, value != NULL);
  ok = trio_cancel_scope_close (scope, ok);
  /* The nursery never had it. */
  if (!mock_is_disturbed ())
    g_assert_false (trio_cancel_scope_cancel_called (trio_nursery_get_cancel_scope (nursery)));
  return trio_nursery_close (nursery, ok);
}

/* (71) */
static void
test_in_a_cancelled_caller_the_child_stays_under_start (void)
{
  Late ends_well = { FALSE, FALSE }, fails = { TRUE, FALSE }, checks_in = { FALSE, TRUE };
  g_autoptr (GError) error = NULL;

  mock_run_ok (start_in_a_cancelled_caller, &ends_well);
  mock_run_ok (start_in_a_cancelled_caller, &checks_in);
  g_assert_false (mock_run (start_in_a_cancelled_caller, &fails, &error));
  g_assert_cmpstr (error->message, ==, "after");
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

/* ---- the target ---- */

typedef struct
{
  TrioNursery    *target;
  TrioTaskStatus *status;
  int             block;      /* 1: in the nursery's own scope, 2: in one of its own */
} Move;

static gboolean
ignore_the_target_until_moved (gpointer data, TrioTaskStatus *status, GError **error)
{
  Move *move = data;

  trio_nursery_cancel (move->target);
  if (!trio_sleep (10, error))
    return FALSE;
  mock_say ("untouched");
  if (move->block)
    {
      gboolean ok;
      g_autoptr (TrioCancelScope) scope = move->block == 2 ? trio_cancel_scope_open (error) : NULL;

      /* Somebody else says it, while this task waits. */
      move->status = status;
      ok = trio_sleep_forever (error);
      mock_say ("cancelled");
      return scope != NULL ? trio_cancel_scope_close (scope, ok) : ok;
    }
  trio_task_status_started (status, NULL);
  g_assert_false (trio_checkpoint (error));
  mock_say ("cancelled");
  return FALSE;
}

static gboolean
start_into_target (gpointer data, GError **error)
{
  Move *move = data;
  gboolean ok = trio_nursery_start (move->target, ignore_the_target_until_moved, data, NULL, error);

  mock_say ("start:%d", ok);
  return ok;
}

static gboolean
cancel_the_target (gpointer block, GError **error)
{
  g_autoptr (TrioNursery) around = trio_nursery_open (error);
  g_autoptr (TrioNursery) target = trio_nursery_open (error);
  Move move = { .target = target, .block = GPOINTER_TO_INT (block) };

  trio_nursery_start_soon (around, start_into_target, &move);
  if (move.block)
    {
      g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

      trio_cancel_scope_set_shield (shield, TRUE);
      if (!trio_sleep (20, error))
        return FALSE;
      trio_task_status_started (move.status, NULL);
      if (!trio_sleep (20, error))
        return FALSE;
      if (!trio_cancel_scope_close (shield, TRUE))
        return FALSE;
    }
  if (!trio_nursery_close (target, TRUE))
    return FALSE;
  mock_say ("target-closed");
  return trio_nursery_close (around, TRUE);
}

/* (72) */
static void
test_a_child_is_cancelled_by_its_target_only_when_it_moves_there (void)
{
  mock_run_ok (cancel_the_target, NULL);
  mock_expect_in_any_order ("untouched start:1 cancelled target-closed");
}

/* (72, 76) */
static void
test_a_blocked_child_is_cancelled_in_the_moment_it_moves (void)
{
  for (int block = 1; block <= 2; block++)
    {
      mock_run_ok (cancel_the_target, GINT_TO_POINTER (block));
      mock_expect_in_any_order ("untouched cancelled start:1 target-closed");
    }
}

static gboolean
start_from_outside (gpointer target, GError **error)
{
  g_assert_false (trio_nursery_start ((TrioNursery *) target, fail_before, (char *) "in the end", NULL, error));
  mock_say ("failed");
  if (mock_is_disturbed ())
    return FALSE;
  mock_assert_error (*error, TRIO_ERROR_FAILED);
  return TRUE;
}

static gboolean
keep_the_target_open (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) around = trio_nursery_open (error);
  g_autoptr (TrioNursery) target = trio_nursery_open (error);

  trio_nursery_start_soon (around, start_from_outside, target);
  trio_nursery_start_soon (target, mock_sleep, GINT_TO_POINTER (5));      /* not even when its last child has gone */
  if (!mock_yield (error))
    return FALSE;
  if (!trio_nursery_close (target, TRUE))
    return FALSE;
  mock_say ("closed");
  return trio_nursery_close (around, TRUE);
}

/* (73) */
static void
test_a_pending_start_keeps_the_target_open (void)
{
  mock_run_ok (keep_the_target_open, NULL);
  mock_expect ("failed closed");
}

static gboolean
wait_for_pending_start (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) around = trio_nursery_open (error);
  g_autoptr (TrioNursery) target = trio_nursery_open (error);
  guint cancel_points, before, after;

  trio_nursery_start_soon (around, start_from_outside, target);
  if (!mock_yield (error))
    return FALSE;
  trio_task_get_points (trio_current_task (), &cancel_points, &before);
  if (!trio_nursery_close (target, TRUE))
    return FALSE;
  trio_task_get_points (trio_current_task (), &cancel_points, &after);
  g_assert_cmpuint (after - before, ==, 1);
  mock_say ("closed");
  return trio_nursery_close (around, TRUE);
}

/* (73), (61): also if it is all there is to wait for; and that is one wait. */
static void
test_a_pending_start_is_waited_for_once (void)
{
  mock_run_ok (wait_for_pending_start, NULL);
  mock_expect ("failed closed");
}

static void
note_free (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static gboolean
never_run (gpointer data G_GNUC_UNUSED, TrioTaskStatus *status G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

static gboolean
start_into_closed (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean freed = FALSE;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_false (trio_nursery_start_full (nursery, never_run, &freed, note_free, NULL, NULL, error));
  g_assert_true (freed);
  mock_assert_error (*error, TRIO_ERROR_MISUSE);
  return TRUE;
}

static gboolean
start_into_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean freed = FALSE;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_cancel_scope_cancel_with_reason (trio_nursery_get_cancel_scope (nursery), "closing time");
  g_assert_false (trio_nursery_start_full (nursery, never_run, &freed, note_free, "late", NULL, error));
  g_assert_true (freed);
  mock_assert_says ((*error)->message, "closing time");
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  return trio_nursery_close (nursery, FALSE);
}

/* (74) */
static void
test_start_into_a_closed_nursery_is_refused (void)
{
  mock_run_ok (start_into_closed, NULL);
}

/* (D5) */
static void
test_start_into_a_cancelled_nursery_is_refused_before_the_child_runs (void)
{
  mock_run_ok (start_into_cancelled, NULL);
}

/* ---- what moves along ---- */

static gboolean
die_with_a_word (gpointer word, GError **error)
{
  gboolean ok = trio_sleep_forever (error);

  mock_say ("%s", (char *) word);
  return ok;
}

static gboolean
have_a_family (gpointer unused G_GNUC_UNUSED, TrioTaskStatus *status, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) inner = trio_move_on_after (10, error);

  trio_nursery_start_soon (nursery, die_with_a_word, (char *) "grandchild");
  trio_task_status_started (status, NULL);
  if (!trio_cancel_scope_close (inner, trio_sleep_forever (error)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (inner));
  mock_say ("inner");
  return trio_cancel_scope_close (scope, trio_nursery_close (nursery, TRUE));
}

static gboolean
move_a_family (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  {
    g_autoptr (TrioCancelScope) here = trio_cancel_scope_open (error);

    if (!trio_nursery_start (nursery, have_a_family, NULL, NULL, error))
      return FALSE;
    /* It is no longer below the caller. */
    trio_cancel_scope_cancel (here);
    if (!trio_cancel_scope_close (here, TRUE))
      return FALSE;
  }
  if (!trio_sleep (20, error))
    return FALSE;
  mock_say ("now");
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

/* (76) */
static void
test_a_child_moves_with_its_scopes_and_nurseries (void)
{
  mock_run_ok (move_a_family, NULL);
  mock_expect ("inner now grandchild");
}

static gboolean
fail_after_started (gpointer message, TrioTaskStatus *status, GError **error)
{
  trio_task_status_started (status, NULL);
  if (!mock_yield (error))
    return FALSE;
  return mock_fail (message, error);
}

static gboolean
start_a_later_failure (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  if (!trio_nursery_start (nursery, fail_after_started, (char *) "later", NULL, error))
    return FALSE;
  return trio_nursery_close (nursery, trio_sleep_forever (error));
}

/* (65) */
static void
test_an_error_after_started_is_the_nurserys (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (start_a_later_failure, NULL, &error));
  g_assert_cmpstr (error->message, ==, "later");
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add ("/start/start-returns-what-started-was-given-and-the-nursery-then-owns-the-child",
                 test_start_returns_what_started_was_given_and_the_nursery_then_owns_the_child);
  core_test_add ("/start/an-error-before-started-comes-out-of-start-and-does-not-touch-the-nursery",
                 test_an_error_before_started_comes_out_of_start_and_does_not_touch_the_nursery);
  core_test_add ("/start/a-child-that-ends-without-started-fails-start", test_a_child_that_ends_without_started_fails_start);
  core_test_add ("/start/saying-started-twice-is-a-critical-and-changes-nothing",
                 test_saying_started_twice_is_a_critical_and_changes_nothing);
  core_test_add ("/start/cancelling-the-caller-of-start-cancels-the-child",
                 test_cancelling_the_caller_of_start_cancels_the_child);
  core_test_add ("/start/in-a-cancelled-caller-the-child-stays-under-start",
                 test_in_a_cancelled_caller_the_child_stays_under_start);
  core_test_add_ordered ("/start/a-child-is-cancelled-by-its-target-only-when-it-moves-there",
                         test_a_child_is_cancelled_by_its_target_only_when_it_moves_there,
                         "times are exact only where the machine is never busy elsewhere");
  core_test_add_mock ("/start/a-blocked-child-is-cancelled-in-the-moment-it-moves",
                      test_a_blocked_child_is_cancelled_in_the_moment_it_moves,
                      "times are exact only where the machine is never busy elsewhere");
  core_test_add_undisturbed ("/start/a-pending-start-keeps-the-target-open",
                             test_a_pending_start_keeps_the_target_open,
                             "it looks at what comes out of start");
  core_test_add_undisturbed ("/start/a-pending-start-is-waited-for-once",
                             test_a_pending_start_is_waited_for_once,
                             "it looks at what comes out of start");
  core_test_add ("/start/start-into-a-closed-nursery-is-refused", test_start_into_a_closed_nursery_is_refused);
  core_test_add ("/start/start-into-a-cancelled-nursery-is-refused-before-the-child-runs",
                 test_start_into_a_cancelled_nursery_is_refused_before_the_child_runs);
  core_test_add_mock ("/start/a-child-moves-with-its-scopes-and-nurseries",
                      test_a_child_moves_with_its_scopes_and_nurseries,
                      "times are exact only where the machine is never busy elsewhere");
  core_test_add ("/start/an-error-after-started-is-the-nurserys", test_an_error_after_started_is_the_nurserys);
  return g_test_run ();
}
