/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Events: statements 9, 17, 38, 39 and D15. What is left when somebody is cancelled or interrupted is in sweep-locks.c. */

#include "tests/core/core-test.h"

typedef struct
{
  TrioEvent  *event;
  const char *name;
} Waiter;

static gboolean
wait_and_say (gpointer data, GError **error)
{
  Waiter *waiter = data;
  gboolean ok = trio_event_wait (waiter->event, error);

  mock_say ("%s%s", waiter->name, ok ? "" : "-cancelled");
  return ok;
}

static gsize
count_waiting (TrioEvent *event)
{
  TrioEventStatistics statistics;

  trio_event_get_statistics (event, &statistics);
  return statistics.tasks_waiting;
}

static gboolean
set_for_three (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  Waiter waiters[] = { { event, "a" }, { event, "b" }, { event, "c" } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, wait_and_say, &waiters[i]);
  g_assert_true (mock_yield (error));
  g_assert_cmpuint (count_waiting (event), ==, 3);
  g_assert_false (trio_event_is_set (event));
  trio_event_set (event);
  trio_event_set (event);
  g_assert_true (trio_event_is_set (event));
  g_assert_cmpuint (count_waiting (event), ==, 0);
  mock_say ("set");
  return trio_nursery_close (nursery, TRUE);
}

/* (D15) */
static void
test_setting_wakes_all_in_the_order_of_coming_and_none_of_them_inside_the_call (void)
{
  mock_run_ok (set_for_three, NULL);
  g_assert_true (g_str_has_prefix (mock_log->str, "set "));
  mock_expect_in_any_order ("set a b c");
}

static gboolean
note_turn (gpointer done, GError **error G_GNUC_UNUSED)
{
  *(gboolean *) done = TRUE;
  return TRUE;
}

static gboolean
wait_for_what_is_set (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  gboolean done = FALSE;
  int n_turns = 0;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = NULL;

  trio_event_set (event);
  trio_nursery_start_soon (nursery, note_turn, &done);
  /* In another order this task may go first a few times. */
  while (!done)
    {
      g_assert_cmpint (n_turns++, <, mock_is_ordered () ? 1 : 100);
      g_assert_true (trio_event_wait (event, error));
    }

  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  return trio_nursery_close (nursery, trio_cancel_scope_close (scope, trio_event_wait (event, error)));
}

/* (17) */
static void
test_waiting_for_a_set_event_is_a_checkpoint (void)
{
  mock_run_ok (wait_for_what_is_set, NULL);
}

static gboolean
set_later (gpointer data, GError **error)
{
  Waiter *setter = data;

  /* Asleep until the very instant of the timeout, but woken after it. */
  g_assert_true (trio_sleep (10, error));
  mock_say ("set");
  trio_event_set (setter->event);
  return TRUE;
}

static gboolean
race_with_a_timeout (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  Waiter setter = { event, NULL };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);

  trio_nursery_start_soon (nursery, set_later, &setter);
  g_assert_false (trio_event_wait (event, error));
  mock_say ("timeout");
  g_assert_true (trio_cancel_scope_close (scope, FALSE));
  return trio_nursery_close (nursery, TRUE);
}

/* (9) Deadlines are expired before the batch, so the setter comes too late. */
static void
test_of_a_timeout_and_a_set_in_one_instant_the_timeout_wins (void)
{
  mock_run_ok (race_with_a_timeout, NULL);
  mock_expect_in_any_order ("timeout set");
}

typedef struct
{
  TrioEvent       *event;
  TrioCancelScope *scope;
} Victim;

static gboolean
wait_in_a_scope (gpointer data, GError **error)
{
  Victim *victim = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  victim->scope = scope;
  ok = trio_event_wait (victim->event, error);
  mock_say ("wait:%d", ok);
  ok = ok && trio_checkpoint (error);
  mock_say ("next:%d", ok);
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
set_and_cancel (gpointer cancel_first, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  Victim victim = { event, NULL };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_in_a_scope, &victim);
  g_assert_true (mock_yield (error));
  if (cancel_first != NULL)
    trio_cancel_scope_cancel (victim.scope);
  trio_event_set (event);
  if (cancel_first == NULL)
    trio_cancel_scope_cancel (victim.scope);
  return trio_nursery_close (nursery, TRUE);
}

/* (38, D6) */
static void
test_a_wake_up_before_a_cancellation_stands_and_the_next_checkpoint_fails (void)
{
  mock_run_ok (set_and_cancel, NULL);
  mock_expect ("wait:1 next:0");
}

/* (39) */
static void
test_a_cancellation_before_a_wake_up_stands (void)
{
  mock_run_ok (set_and_cancel, GINT_TO_POINTER (TRUE));
  mock_expect ("wait:0 next:0");
}

static gboolean
free_while_waited_for (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioEvent *event = trio_event_new ();
  Waiter waiter = { event, "a" };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_and_say, &waiter);
  g_assert_true (mock_yield (error));
  trio_nursery_cancel (nursery);
  g_assert_cmpuint (count_waiting (event), ==, 0);
  g_assert_true (trio_nursery_close (nursery, TRUE));
  trio_event_free (event);
  trio_event_free (NULL);
  return trio_cancel_scope_close (scope, TRUE);
}

/* (90) */
static void
test_a_cancelled_waiter_is_gone_at_once (void)
{
  mock_run_ok (free_while_waited_for, NULL);
  mock_expect ("a-cancelled");
}

int
main (int argc, char **argv)
{
  static const char why[] = "it asserts what comes of it when nobody else cancels";

  g_test_init (&argc, &argv, NULL);
  core_test_add_undisturbed ("/event/setting-wakes-all-in-the-order-of-coming-and-none-of-them-inside-the-call",
                             test_setting_wakes_all_in_the_order_of_coming_and_none_of_them_inside_the_call, why);
  core_test_add_undisturbed ("/event/waiting-for-a-set-event-is-a-checkpoint", test_waiting_for_a_set_event_is_a_checkpoint, why);
  core_test_add_undisturbed ("/event/of-a-timeout-and-a-set-in-one-instant-the-timeout-wins",
                             test_of_a_timeout_and_a_set_in_one_instant_the_timeout_wins, why);
  core_test_add_undisturbed ("/event/a-wake-up-before-a-cancellation-stands-and-the-next-checkpoint-fails",
                             test_a_wake_up_before_a_cancellation_stands_and_the_next_checkpoint_fails, why);
  core_test_add_undisturbed ("/event/a-cancellation-before-a-wake-up-stands", test_a_cancellation_before_a_wake_up_stands, why);
  core_test_add_undisturbed ("/event/a-cancelled-waiter-is-gone-at-once", test_a_cancelled_waiter_is_gone_at_once, why);
  return g_test_run ();
}
