/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Futures: set once, waited for by many; statements 17, 20, 38, 39 and D15 for them. */

#include "tests/sync/sync-test.h"

typedef struct
{
  TrioFuture *future;
  gpointer    value;
  GError     *error;
} Asker;

static gboolean
ask (gpointer data, GError **error)
{
  Asker *asker = data;

  if (trio_future_wait (asker->future, &asker->value, &asker->error))
    return TRUE;
  if (!g_error_matches (asker->error, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&asker->error));
  return FALSE;
}

static TrioFutureStatistics
look (TrioFuture *future)
{
  TrioFutureStatistics statistics;

  trio_future_get_statistics (future, &statistics);
  return statistics;
}

static guint n_destroyed;

static void
destroy (gpointer value)
{
  n_destroyed++;
  g_free (value);
}

static gboolean
test_all_get_the_value (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFuture) future = trio_future_new (destroy);
  Asker askers[3];
  SyncTask tasks[3];
  GError *failure = NULL;
  gpointer value = &failure;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  n_destroyed = 0;
  for (int i = 0; i < 3; i++)
    {
      askers[i] = (Asker) { .future = future };
      sync_task_start (&tasks[i], nursery, ask, &askers[i], "asker");
    }
  sync_test_settle ();
  g_assert_cmpuint (look (future).tasks_waiting, ==, 3);
  g_assert_false (look (future).is_set);
  g_assert_false (trio_future_get_nowait (future, &value, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  g_assert_true (value == &failure);

  trio_future_set_value (future, g_strdup ("42"));
  g_assert_cmpuint (look (future).tasks_waiting, ==, 0);
  g_assert_true (trio_future_is_set (future));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  for (int i = 0; i < 3; i++)
    g_assert_cmpstr (askers[i].value, ==, "42");
  g_assert_true (trio_future_get_nowait (future, &value, error));
  g_assert_cmpstr (value, ==, "42");
  g_assert_true (trio_future_wait (future, NULL, error));
  g_assert_cmpuint (n_destroyed, ==, 0);
  return TRUE;
}

static gboolean
test_all_get_the_error (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFuture) future = trio_future_new (destroy);
  Asker askers[3];
  SyncTask tasks[3];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    {
      askers[i] = (Asker) { .future = future };
      if (i == 2)
        {
          sync_test_settle ();
          trio_future_set_error (future, g_error_new (TRIO_ERROR, TRIO_ERROR_FAILED, "nobody knows"));
        }
      sync_task_start (&tasks[i], nursery, ask, &askers[i], "asker");
    }
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  for (int i = 0; i < 3; i++)
    {
      g_assert_null (askers[i].value);
      mock_assert_says (askers[i].error->message, "nobody knows");
      mock_assert_error (askers[i].error, TRIO_ERROR_FAILED);
    }
  return TRUE;
}

static gboolean
ask_and_say (gpointer data, GError **error)
{
  Asker *asker = data;
  gboolean ok = trio_future_wait (asker->future, NULL, error);

  mock_say ("%s", (char *) asker->value);
  return ok;
}

static gboolean
set_for_three (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFuture) future = trio_future_new (NULL);
  Asker askers[] = { { future, (gpointer) "a", NULL }, { future, (gpointer) "b", NULL }, { future, (gpointer) "c", NULL } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, ask_and_say, &askers[i]);
  sync_test_settle ();
  trio_future_set_value (future, NULL);
  mock_say ("set");
  return trio_nursery_close (nursery, TRUE);
}

/* statement D15 */
static void
test_setting_wakes_all_in_the_order_of_coming_and_none_of_them_inside_the_call (void)
{
  mock_run_ok (set_for_three, NULL);
  mock_expect ("set a b c");
}

/* statements 38 and 39: set and then cancelled is set; cancelled and then set is cancelled. */
static gboolean
test_set_and_cancel_in_both_orders (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFuture) future = trio_future_new (NULL);
  Asker first = { .future = future }, second = { .future = future };
  SyncTask kept, lost;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  sync_task_start (&kept, nursery, ask, &first, "kept");
  sync_task_start (&lost, nursery, ask, &second, "lost");
  sync_test_settle ();
  sync_task_cancel (&lost);
  trio_future_set_value (future, (gpointer) "value");
  sync_task_cancel (&kept);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (kept.ok);
  g_assert_cmpstr (first.value, ==, "value");
  g_assert_true (lost.cancelled);
  g_assert_null (second.value);
  return TRUE;
}

/* statement 17, and that a cancelled scope is noticed although the future is set. */
static gboolean
test_waiting_for_a_set_future_is_a_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFuture) future = trio_future_new (NULL);
  g_autoptr (TrioCancelScope) scope = NULL;
  SyncTask other;
  gboolean ok;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_future_set_value (future, (gpointer) "value");
  sync_task_start (&other, nursery, mock_return, NULL, "other");
  for (int i = 0; !other.ended; i++)
    {
      g_assert_cmpint (i, <, sync_test_is_simulated () ? 100 : 1);
      g_assert_true (trio_future_wait (future, NULL, error));
    }
  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  ok = trio_future_wait (future, NULL, error);
  g_assert_false (ok);
  g_assert_true (trio_cancel_scope_close (scope, ok));
  return trio_nursery_close (nursery, TRUE);
}

/* Who sets it need not be there when the others look, and the other way round. */
static gboolean
test_it_belongs_to_those_who_hold_it (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioFuture *future = trio_future_new (destroy);
  TrioFuture *other = trio_future_ref (future);
  gpointer value;

  n_destroyed = 0;
  trio_future_set_value (future, g_strdup ("kept"));
  trio_future_unref (future);
  g_assert_cmpuint (n_destroyed, ==, 0);
  g_assert_true (trio_future_wait (other, &value, error));
  g_assert_cmpstr (value, ==, "kept");
  trio_future_unref (other);
  g_assert_cmpuint (n_destroyed, ==, 1);

  /* One that was never set, and one with no value, have nothing to destroy. */
  trio_future_unref (trio_future_new (destroy));
  future = trio_future_new (destroy);
  trio_future_set_value (future, NULL);
  trio_future_unref (future);
  trio_future_unref (NULL);
  g_assert_cmpuint (n_destroyed, ==, 1);
  return TRUE;
}

static void
test_setting_twice_is_a_mistake_and_loses_nothing_silently (void)
{
  TrioFuture *future = trio_future_new (destroy);

  n_destroyed = 0;
  trio_future_set_value (future, g_strdup ("first"));
  mock_expect_critical ("this future was set before");
  trio_future_set_value (future, g_strdup ("second"));
  mock_expect_critical ("the second result is dropped: what went wrong");
  trio_future_set_error (future, g_error_new (TRIO_ERROR, TRIO_ERROR_FAILED, "what went wrong"));
  g_test_assert_expected_messages ();
  g_assert_cmpuint (n_destroyed, ==, 1);
  trio_future_unref (future);
  g_assert_cmpuint (n_destroyed, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/future/all-get-the-value", test_all_get_the_value);
  SYNC_TEST ("/future/all-get-the-error", test_all_get_the_error);
  g_test_add_func ("/future/setting-wakes-all-in-the-order-of-coming-and-none-of-them-inside-the-call",
                   test_setting_wakes_all_in_the_order_of_coming_and_none_of_them_inside_the_call);
  SYNC_TEST ("/future/set-and-cancel-in-both-orders", test_set_and_cancel_in_both_orders);
  SYNC_TEST ("/future/waiting-for-a-set-future-is-a-checkpoint", test_waiting_for_a_set_future_is_a_checkpoint);
  SYNC_TEST ("/future/it-belongs-to-those-who-hold-it", test_it_belongs_to_those_who_hold_it);
  g_test_add_func ("/future/setting-twice-is-a-mistake-and-loses-nothing-silently",
                   test_setting_twice_is_a_mistake_and_loses_nothing_silently);
  return g_test_run ();
}
