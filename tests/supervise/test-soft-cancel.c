/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Soft cancellation: who is told, who is not, and what comes after the grace period; and shields with a span. */

#include "tests/sync/sync-test.h"

#define SECOND G_TIME_SPAN_SECOND

/* Time is exact in production's order; in the simulator it may lag a little. */
static void
expect_elapsed (gint64 since, GTimeSpan span)
{
  g_assert_cmpint (trio_current_time () - since, >=, span);
  if (!sync_test_is_simulated ())
    g_assert_cmpint (trio_current_time () - since, ==, span);
}

static gboolean
work_for_a_second (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 10; i++)
    if (!trio_sleep (SECOND / 10, error) || !trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
who_does_not_ask_does_not_notice (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioCancelScope *scope = trio_nursery_get_cancel_scope (nursery);
  g_autofree char *dump = NULL;
  gboolean ok;

  trio_nursery_start_soon (nursery, work_for_a_second, NULL);
  trio_cancel_scope_cancel_gracefully (scope, 10 * SECOND);
  g_assert_true (trio_cancel_scope_soft_cancel_called (scope));
  g_assert_false (trio_cancel_scope_cancel_called (scope));
  dump = trio_dump_to_string (TRIO_DUMP_DEFAULT);
  mock_assert_says (dump, "asked to end gracefully");
  g_assert_true (work_for_a_second (NULL, error));
  ok = trio_nursery_close (nursery, TRUE);
  g_assert_true (ok);
  g_assert_false (trio_cancel_scope_cancelled_caught (scope));
  /* Both at the same time, and nobody sooner. */
  expect_elapsed (start, SECOND);
  return TRUE;
}

/* statement 54: the end is the effective deadline; and what is cancelled then is told by whom and why. */
static gboolean
after_the_grace_period_it_is_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  GError *failure = NULL;

  trio_cancel_scope_cancel_gracefully_with_reason (scope, 2 * SECOND, "maintenance");
  g_assert_cmpint (trio_current_effective_deadline (), ==, trio_cancel_scope_get_deadline (scope));
  g_assert_false (trio_sleep_forever (&failure));
  expect_elapsed (start, 2 * SECOND);
  mock_assert_says (failure->message, "the grace period of 2 s");
  mock_assert_says (failure->message, "is over: maintenance");
  g_propagate_error (error, failure);
  g_assert_true (trio_cancel_scope_close (scope, FALSE));
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  g_assert_true (trio_cancel_scope_soft_cancel_called (scope));
  return TRUE;
}

static gboolean
no_grace_is_a_cancellation (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel_gracefully (scope, -5);
  g_assert_true (trio_cancel_scope_cancel_called (scope));
  g_assert_true (trio_cancel_scope_soft_cancel_called (scope));
  g_assert_true (trio_current_soft_cancelled ());
  g_assert_false (trio_checkpoint (error));
  return trio_cancel_scope_close (scope, FALSE);
}

static gboolean
wait_to_be_asked (gpointer told, GError **error)
{
  if (!trio_wait_soft_cancelled (error))
    return FALSE;
  g_assert_true (trio_current_soft_cancelled ());
  ++*(guint *) told;
  return trio_checkpoint (error);
}

static gboolean
work_until_asked (gpointer told, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_when_soft_cancelled (error);

  if (!trio_cancel_scope_close (scope, trio_sleep_forever (error)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  mock_assert_says (trio_cancel_scope_get_reason (scope), "asked to end gracefully: enough");
  ++*(guint *) told;
  return trio_sleep (SECOND, error);
}

/* Shields do not stop it: it interrupts nobody who did not ask. */
static gboolean
wait_behind_a_shield (gpointer told, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  return trio_cancel_scope_close (shield, wait_to_be_asked (told, error));
}

static gboolean
those_who_listen_are_told (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint told = 0;

  trio_nursery_start_soon (nursery, wait_to_be_asked, &told);
  trio_nursery_start_soon (nursery, work_until_asked, &told);
  trio_nursery_start_soon (nursery, wait_behind_a_shield, &told);
  sync_test_settle ();
  g_assert_cmpuint (told, ==, 0);
  g_assert_false (trio_current_soft_cancelled ());
  trio_cancel_scope_cancel_gracefully_with_reason (trio_nursery_get_cancel_scope (nursery), G_MAXINT64, "enough");
  g_assert_true (trio_current_soft_cancelled ());
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (told, ==, 3);
  g_assert_false (trio_current_soft_cancelled ());
  return TRUE;
}

static gboolean
those_born_later_are_told (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint told = 0;

  trio_cancel_scope_cancel_gracefully_with_reason (trio_nursery_get_cancel_scope (nursery), SECOND * 10, "enough");
  trio_nursery_start_soon (nursery, wait_to_be_asked, &told);
  trio_nursery_start_soon (nursery, work_until_asked, &told);
  trio_nursery_start_soon (nursery, wait_behind_a_shield, &told);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (told, ==, 3);
  return TRUE;
}

/* A hard cancellation is not an answer to "was I asked", but waiting for that can be cancelled. */
static gboolean
waiting_to_be_asked_can_be_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint told = 0;

  trio_nursery_start_soon (nursery, wait_to_be_asked, &told);
  trio_nursery_start_soon (nursery, work_until_asked, &told);
  sync_test_settle ();
  trio_nursery_cancel (nursery);
  g_assert_false (trio_cancel_scope_soft_cancel_called (trio_nursery_get_cancel_scope (nursery)));
  g_assert_true (trio_nursery_close (nursery, TRUE));
  g_assert_cmpuint (told, ==, 0);
  return TRUE;
}

/* statement 45: what comes after the grace period is an ordinary cancellation, and a shield holds it off. */
static gboolean
a_shield_holds_off_what_comes_after_the_grace_period (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) shield = trio_shield_for (5 * SECOND, error);

  trio_cancel_scope_cancel_gracefully (scope, SECOND);
  g_assert_true (trio_sleep (3 * SECOND, error));
  g_assert_true (trio_current_soft_cancelled ());
  g_assert_true (trio_cancel_scope_close (shield, TRUE));
  g_assert_false (trio_checkpoint (error));
  expect_elapsed (start, 3 * SECOND);
  return trio_cancel_scope_close (scope, FALSE);
}

static gboolean
it_reaches_inwards_only (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  {
    g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);

    trio_cancel_scope_cancel_gracefully (inner, 10 * SECOND);
    g_assert_true (trio_current_soft_cancelled ());
    /* The nearer end is the one that comes. */
    trio_cancel_scope_cancel_gracefully (outer, SECOND);
    g_assert_false (trio_sleep_forever (error));
    expect_elapsed (start, SECOND);
    g_assert_false (trio_cancel_scope_close (inner, FALSE));
    g_assert_false (trio_cancel_scope_cancelled_caught (inner));
  }
  g_assert_true (trio_cancel_scope_close (outer, FALSE));
  g_assert_false (trio_current_soft_cancelled ());
  {
    g_autoptr (TrioCancelScope) around = trio_cancel_scope_open (error);
    g_autoptr (TrioCancelScope) within = trio_cancel_scope_open (error);

    trio_cancel_scope_cancel_gracefully (within, 10 * SECOND);
    g_assert_true (trio_cancel_scope_close (within, TRUE));
    g_assert_false (trio_current_soft_cancelled ());
    g_assert_false (trio_cancel_scope_soft_cancel_called (around));
    return trio_cancel_scope_close (around, trio_checkpoint (error));
  }
}

/* statements 36, 52: the first reason wins, and the deadline that is left is no way out. */
static gboolean
the_end_of_the_grace_period_can_only_come_nearer (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (50 * SECOND, error);
  gint64 due;

  trio_cancel_scope_cancel_gracefully_with_reason (scope, 10 * SECOND, "first");
  due = trio_cancel_scope_get_deadline (scope);
  g_assert_cmpint (due - start, >=, 10 * SECOND);
  trio_cancel_scope_cancel_gracefully_with_reason (scope, 20 * SECOND, "second");
  g_assert_cmpint (trio_cancel_scope_get_deadline (scope), ==, due);
  trio_cancel_scope_set_deadline (scope, G_MAXINT64);
  g_assert_cmpint (trio_cancel_scope_get_deadline (scope), ==, due);
  trio_cancel_scope_cancel_gracefully_with_reason (scope, 3 * SECOND, "third");
  g_assert_cmpint (trio_cancel_scope_get_deadline (scope), <, due);
  g_assert_false (trio_sleep_forever (error));
  expect_elapsed (start, 3 * SECOND);
  mock_assert_says (trio_cancel_scope_get_reason (scope), "the grace period of 3 s");
  mock_assert_says (trio_cancel_scope_get_reason (scope), "is over: first");
  return trio_cancel_scope_close (scope, FALSE);
}

/* difference D10: an explicit cancellation of a fail scope is not TOO_SLOW, also one that takes its time; its own deadline is. */
static gboolean
a_fail_scope_that_ends_gracefully_is_not_too_slow (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (10 * SECOND, error);
  g_autoptr (TrioCancelScope) hurried = NULL;
  GError *failure = NULL;

  trio_cancel_scope_cancel_gracefully (scope, SECOND);
  g_assert_false (trio_sleep_forever (error));
  g_assert_true (trio_cancel_scope_close (scope, FALSE));

  hurried = trio_fail_after (SECOND, &failure);
  trio_cancel_scope_cancel_gracefully (hurried, 10 * SECOND);
  g_assert_false (trio_cancel_scope_close (hurried, trio_sleep_forever (&failure)));
  mock_assert_error (failure, TRIO_ERROR_TOO_SLOW);
  return TRUE;
}

static gboolean
what_is_cancelled_or_closed_is_not_asked (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (scope);
  trio_cancel_scope_cancel_gracefully (scope, SECOND);
  g_assert_false (trio_cancel_scope_soft_cancel_called (scope));
  g_assert_true (trio_cancel_scope_close (scope, TRUE));
  trio_cancel_scope_cancel_gracefully (scope, SECOND);
  g_assert_false (trio_cancel_scope_soft_cancel_called (scope));
  return TRUE;
}

/* A task that moves with trio_nursery_start() comes under whoever was asked where it goes. */
static gboolean
start_and_wait_to_be_asked (gpointer told, TrioTaskStatus *status, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_when_soft_cancelled (error);

  g_assert_false (trio_current_soft_cancelled ());
  trio_task_status_started (status, NULL);
  g_assert_true (trio_current_soft_cancelled ());
  if (!trio_cancel_scope_close (scope, trio_sleep_forever (error)))
    return FALSE;
  ++*(guint *) told;
  return TRUE;
}

static gboolean
start_away_from_the_asked (gpointer unused G_GNUC_UNUSED, TrioTaskStatus *status, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  g_assert_true (trio_current_soft_cancelled ());
  trio_task_status_started (status, NULL);
  g_assert_false (trio_current_soft_cancelled ());
  return trio_cancel_scope_close (scope, trio_sleep (SECOND, error));
}

static gboolean
a_task_that_moves_is_told_where_it_arrives (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) asked = trio_nursery_open (error);
  g_autoptr (TrioNursery) other = NULL;
  guint told = 0;
  gboolean ok;

  other = trio_nursery_open (error);
  trio_cancel_scope_set_shield (trio_nursery_get_cancel_scope (other), TRUE);
  {
    g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);

    trio_cancel_scope_cancel_gracefully (inner, 10 * SECOND);
    g_assert_true (trio_nursery_start (other, start_away_from_the_asked, NULL, NULL, error));
    g_assert_true (trio_cancel_scope_close (inner, TRUE));
  }
  ok = trio_nursery_close (other, TRUE);
  {
    g_autoptr (TrioNursery) target = trio_nursery_open (error);

    trio_cancel_scope_cancel_gracefully (trio_nursery_get_cancel_scope (target), 10 * SECOND);
    g_assert_true (trio_current_soft_cancelled ());
    ok = ok && trio_nursery_close (target, TRUE);
  }
  return trio_nursery_close (asked, ok) && told == 0;
}

typedef struct
{
  TrioNursery *target;
  TrioEvent   *end;
} Target;

static gboolean
hold_target (gpointer data, GError **error)
{
  Target *target = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  target->target = nursery;
  trio_cancel_scope_cancel_gracefully (trio_nursery_get_cancel_scope (nursery), 10 * SECOND);
  return trio_nursery_close (nursery, trio_event_wait (target->end, error));
}

static gboolean
a_task_that_moves_into_the_asked_is_told (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioEvent) end = trio_event_new ();
  Target target = { NULL, end };
  guint told = 0;

  trio_nursery_start_soon (nursery, hold_target, &target);
  sync_test_settle ();
  g_assert_true (trio_nursery_start (target.target, start_and_wait_to_be_asked, &told, NULL, error));
  trio_event_set (end);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (told, ==, 1);
  return TRUE;
}

/* Nothing recurses, and asking is linear. */
static gboolean
ten_thousand_scopes_are_told (gpointer unused G_GNUC_UNUSED, GError **error)
{
  enum { N = 10000 };
  g_autofree TrioCancelScope **scopes = g_new (TrioCancelScope *, N);

  if (sync_test_is_simulated ())
    return TRUE;
  for (guint i = 0; i < N; i++)
    scopes[i] = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel_gracefully (scopes[0], SECOND);
  g_assert_true (trio_current_soft_cancelled ());
  for (guint i = N; i-- > 0;)
    {
      g_assert_true (trio_cancel_scope_close (scopes[i], TRUE));
      trio_cancel_scope_free (scopes[i]);
    }
  g_assert_false (trio_current_soft_cancelled ());
  return TRUE;
}

/* ---- trio_shield_for() ---- */

TRIO_CHECKPOINT static void
say_goodbye (GTimeSpan takes, gboolean *said)
{
  g_autoptr (TrioCancelScope) shield G_GNUC_UNUSED = trio_shield_for (2 * SECOND, NULL);

  *said = trio_sleep (takes, NULL);
}

/* statements 45, 48: clean-up in a cancelled scope has its time, and no more. */
static gboolean
a_shield_with_a_span_gives_clean_up_its_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean said;

  trio_cancel_scope_cancel (scope);
  say_goodbye (SECOND, &said);
  g_assert_true (said);
  expect_elapsed (start, SECOND);
  say_goodbye (10 * SECOND, &said);
  g_assert_false (said);
  expect_elapsed (start, 3 * SECOND);
  {
    g_autoptr (TrioCancelScope) shield = trio_shield_for (SECOND, error);

    g_assert_true (trio_cancel_scope_get_shield (shield));
    g_assert_true (trio_cancel_scope_close (shield, trio_sleep_forever (error)));
    g_assert_true (trio_cancel_scope_cancelled_caught (shield));
  }
  g_assert_false (trio_checkpoint (error));
  return trio_cancel_scope_close (scope, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(body) SYNC_TEST ("/soft-cancel/" #body, body)
  ADD (who_does_not_ask_does_not_notice);
  ADD (after_the_grace_period_it_is_cancelled);
  ADD (no_grace_is_a_cancellation);
  ADD (those_who_listen_are_told);
  ADD (those_born_later_are_told);
  ADD (waiting_to_be_asked_can_be_cancelled);
  ADD (a_shield_holds_off_what_comes_after_the_grace_period);
  ADD (it_reaches_inwards_only);
  ADD (the_end_of_the_grace_period_can_only_come_nearer);
  ADD (a_fail_scope_that_ends_gracefully_is_not_too_slow);
  ADD (what_is_cancelled_or_closed_is_not_asked);
  ADD (a_task_that_moves_is_told_where_it_arrives);
  ADD (a_task_that_moves_into_the_asked_is_told);
  ADD (ten_thousand_scopes_are_told);
  ADD (a_shield_with_a_span_gives_clean_up_its_time);
#undef ADD

  return g_test_run ();
}
