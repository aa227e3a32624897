/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Broadcasts: every receiver gets every value or is told how many it missed, and nothing leaks; statements 17, 20, 38, 105 for
 * them. */

#include "tests/sync/sync-test.h"

static TrioBroadcastStatistics
look (TrioBroadcast *broadcast)
{
  TrioBroadcastStatistics statistics;

  trio_broadcast_get_statistics (broadcast, &statistics);
  return statistics;
}

static TrioBroadcastReceiverStatistics
look_at (TrioBroadcastReceiver *receiver)
{
  TrioBroadcastReceiverStatistics statistics;

  trio_broadcast_receiver_get_statistics (receiver, &statistics);
  return statistics;
}

/* Values that are counted: how many there are now. */
static int n_values;

static gpointer
value_new (int number)
{
  int *value = g_new (int, 1);

  *value = number;
  n_values++;
  return value;
}

static gpointer
value_copy (gpointer value)
{
  return value_new (*(int *) value);
}

static void
value_free (gpointer value)
{
  n_values--;
  g_free (value);
}

static TrioBroadcast *
broadcast_new (gsize max_lag)
{
  return trio_broadcast_new (max_lag, value_copy, value_free);
}

TRIO_CHECKPOINT static void
expect_value (TrioBroadcastReceiver *receiver, int number, guint64 n_missed)
{
  gpointer value;
  guint64 missed = 77;
  GError *error = NULL;

  if (!trio_broadcast_receiver_receive (receiver, &value, &missed, &error))
    g_error ("%s", error->message);
  g_assert_cmpint (*(int *) value, ==, number);
  g_assert_cmpuint (missed, ==, n_missed);
  value_free (value);
}

TRIO_CHECKPOINT static void
expect_error (TrioBroadcastReceiver *receiver, int code)
{
  gpointer value = &n_values;
  guint64 missed = 77;
  GError *error = NULL;

  g_assert_false (trio_broadcast_receiver_receive_nowait (receiver, &value, &missed, &error));
  mock_assert_error (error, code);
  if (code != TRIO_ERROR_WOULD_BLOCK)
    {
      g_assert_false (trio_broadcast_receiver_receive (receiver, &value, &missed, &error));
      mock_assert_error (error, code);
    }
  g_assert_true (value == &n_values);
  g_assert_cmpuint (missed, ==, 77);
}

static gboolean
test_each_gets_every_value_since_it_subscribed (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = broadcast_new (10);
  TrioBroadcastReceiver *early, *late;

  n_values = 0;
  trio_broadcast_send (broadcast, value_new (1));      /* to nobody */
  g_assert_cmpint (n_values, ==, 0);
  early = trio_broadcast_subscribe (broadcast);
  expect_error (early, TRIO_ERROR_WOULD_BLOCK);
  trio_broadcast_send (broadcast, value_new (2));
  late = trio_broadcast_subscribe (broadcast);
  trio_broadcast_send (broadcast, value_new (3));
  g_assert_cmpint (n_values, ==, 3);
  g_assert_cmpuint (look (broadcast).receivers, ==, 2);
  g_assert_cmpuint (look (broadcast).sent, ==, 3);
  g_assert_cmpuint (look (broadcast).max_lag, ==, 10);
  g_assert_cmpuint (look_at (early).lag, ==, 2);
  expect_value (early, 2, 0);
  expect_value (early, 3, 0);
  expect_value (late, 3, 0);

  /* Values survive the broadcast; then it is over (statement 105). */
  trio_broadcast_send (broadcast, value_new (4));
  trio_broadcast_free (broadcast);
  expect_value (early, 4, 0);
  expect_error (early, TRIO_ERROR_END_OF_CHANNEL);
  trio_broadcast_receiver_free (early);
  trio_broadcast_receiver_free (late);
  g_assert_cmpint (n_values, ==, 0);
  return trio_checkpoint (error);
}

static gboolean
test_who_lags_is_told_how_much_it_missed (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = broadcast_new (3);
  TrioBroadcastReceiver *receiver = trio_broadcast_subscribe (broadcast);

  n_values = 0;
  for (int i = 1; i <= 5; i++)
    trio_broadcast_send (broadcast, value_new (i));
  g_assert_cmpint (n_values, ==, 3);
  g_assert_cmpuint (look_at (receiver).missed, ==, 2);
  expect_value (receiver, 3, 2);
  expect_value (receiver, 4, 0);
  for (int i = 6; i <= 9; i++)
    trio_broadcast_send (broadcast, value_new (i));
  expect_value (receiver, 7, 2);
  expect_value (receiver, 8, 0);
  expect_value (receiver, 9, 0);
  expect_error (receiver, TRIO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (look (broadcast).missed, ==, 4);
  g_assert_cmpuint (look_at (receiver).max_lag, ==, 3);
  trio_broadcast_receiver_free (receiver);
  trio_broadcast_free (broadcast);
  return trio_checkpoint (error);
}

typedef struct
{
  TrioBroadcastReceiver *receiver;
  gpointer               value;
  guint64                missed;
  GError                *error;
} Listener;

static gboolean
listen_once (gpointer data, GError **error)
{
  Listener *self = data;

  if (trio_broadcast_receiver_receive (self->receiver, &self->value, &self->missed, &self->error))
    return TRUE;
  if (!g_error_matches (self->error, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

/* A receiver that waits misses nothing, however many values follow before it runs. */
static gboolean
test_who_waits_misses_nothing (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = broadcast_new (1);
  Listener listener = { .receiver = trio_broadcast_subscribe (broadcast), .missed = 77 };
  SyncTask task;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  n_values = 0;
  sync_task_start (&task, nursery, listen_once, &listener, "listener");
  sync_test_settle ();
  g_assert_cmpuint (look (broadcast).tasks_waiting, ==, 1);
  expect_error (listener.receiver, TRIO_ERROR_BUSY_RESOURCE);
  for (int i = 1; i <= 3; i++)
    trio_broadcast_send (broadcast, value_new (i));
  sync_task_cancel (&task);       /* too late: statement 38 */
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (task.ok);
  g_assert_cmpint (*(int *) listener.value, ==, 1);
  g_assert_cmpuint (listener.missed, ==, 0);
  value_free (listener.value);
  expect_value (listener.receiver, 3, 1);
  trio_broadcast_receiver_free (listener.receiver);
  trio_broadcast_free (broadcast);
  g_assert_cmpint (n_values, ==, 0);
  return TRUE;
}

/* statement 20 */
static gboolean
test_who_is_cancelled_took_nothing (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = broadcast_new (2);
  Listener listener = { .receiver = trio_broadcast_subscribe (broadcast) };
  SyncTask task;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  n_values = 0;
  sync_task_start (&task, nursery, listen_once, &listener, "listener");
  sync_test_settle ();
  sync_task_cancel (&task);
  trio_broadcast_send (broadcast, value_new (1));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (task.cancelled);
  g_assert_null (listener.value);
  {
    g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
    gboolean ok;

    trio_cancel_scope_cancel (scope);
    ok = listen_once (&listener, error);
    g_assert_false (ok);
    g_assert_true (trio_cancel_scope_close (scope, ok));
  }
  expect_value (listener.receiver, 1, 0);
  trio_broadcast_receiver_free (listener.receiver);
  trio_broadcast_free (broadcast);
  return TRUE;
}

static gboolean
test_closing_wakes_who_waits (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = broadcast_new (2);
  Listener own = { .receiver = trio_broadcast_subscribe (broadcast) };
  Listener other = { .receiver = trio_broadcast_subscribe (broadcast) };
  SyncTask tasks[2];
  TrioBroadcastReceiver *late;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  n_values = 0;
  sync_task_start (&tasks[0], nursery, listen_once, &own, "own");
  sync_task_start (&tasks[1], nursery, listen_once, &other, "other");
  sync_test_settle ();
  trio_broadcast_receiver_close (own.receiver);
  trio_broadcast_receiver_close (own.receiver);
  g_assert_cmpuint (look (broadcast).receivers, ==, 1);
  trio_broadcast_close (broadcast);
  trio_broadcast_close (broadcast);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  mock_assert_error (own.error, TRIO_ERROR_CLOSED_RESOURCE);
  mock_assert_error (other.error, TRIO_ERROR_END_OF_CHANNEL);
  expect_error (own.receiver, TRIO_ERROR_CLOSED_RESOURCE);

  late = trio_broadcast_subscribe (broadcast);
  expect_error (late, TRIO_ERROR_END_OF_CHANNEL);
  mock_expect_critical ("this broadcast was closed");
  trio_broadcast_send (broadcast, value_new (1));
  g_test_assert_expected_messages ();
  g_assert_cmpint (n_values, ==, 0);
  trio_broadcast_receiver_free (own.receiver);
  trio_broadcast_receiver_free (other.receiver);
  trio_broadcast_receiver_free (late);
  trio_broadcast_free (broadcast);
  return TRUE;
}

/* A closed receiver gives up what it has. */
static gboolean
test_what_nobody_will_receive_is_destroyed (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = broadcast_new (5);
  TrioBroadcastReceiver *a = trio_broadcast_subscribe (broadcast);
  TrioBroadcastReceiver *b = trio_broadcast_subscribe (broadcast);

  n_values = 0;
  for (int i = 0; i < 4; i++)
    trio_broadcast_send (broadcast, value_new (i));
  g_assert_cmpint (n_values, ==, 8);
  trio_broadcast_receiver_close (a);
  g_assert_cmpint (n_values, ==, 4);
  trio_broadcast_receiver_free (a);
  trio_broadcast_free (broadcast);
  trio_broadcast_receiver_free (b);
  g_assert_cmpint (n_values, ==, 0);
  trio_broadcast_free (NULL);
  trio_broadcast_receiver_free (NULL);
  return trio_checkpoint (error);
}

static gboolean
test_values_that_nobody_owns (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = trio_broadcast_new (1, NULL, NULL);
  TrioBroadcastReceiver *receiver = trio_broadcast_subscribe (broadcast);
  gpointer value;

  trio_broadcast_send (broadcast, (gpointer) "one");
  trio_broadcast_send (broadcast, (gpointer) "two");
  if (!trio_broadcast_receiver_receive (receiver, &value, NULL, error))
    return FALSE;
  g_assert_cmpstr (value, ==, "two");
  trio_broadcast_receiver_free (receiver);
  trio_broadcast_free (broadcast);
  return TRUE;
}

/* One receiver and the end of patience, in a select. */
static gboolean
test_receive_in_a_select (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = broadcast_new (1);
  TrioBroadcastReceiver *receiver = trio_broadcast_subscribe (broadcast);
  gpointer value;
  guint64 missed = 77;
  gsize chosen;
  TrioSelectCase cases[2];
  GError *failure = NULL;

  n_values = 0;
  cases[0] = trio_case_broadcast (receiver, &value, &missed);
  cases[1] = trio_case_after (G_TIME_SPAN_HOUR);
  g_assert_true (trio_select (cases, 2, &chosen, error));
  g_assert_cmpuint (chosen, ==, 1);
  g_assert_cmpuint (look_at (receiver).tasks_waiting, ==, 0);

  trio_broadcast_send (broadcast, value_new (1));
  trio_broadcast_send (broadcast, value_new (2));
  g_assert_true (trio_select (cases, 1, &chosen, error));
  g_assert_cmpint (*(int *) value, ==, 2);
  g_assert_cmpuint (missed, ==, 1);
  value_free (value);

  trio_broadcast_close (broadcast);
  g_assert_false (trio_select (cases, 1, &chosen, &failure));
  mock_assert_error (failure, TRIO_ERROR_END_OF_CHANNEL);
  g_assert_cmpuint (chosen, ==, 0);
  trio_broadcast_receiver_free (receiver);
  trio_broadcast_free (broadcast);
  g_assert_cmpint (n_values, ==, 0);
  return TRUE;
}

static gboolean
send_soon (gpointer broadcast, GError **error)
{
  if (!trio_checkpoint (error))
    return FALSE;
  trio_broadcast_send (broadcast, value_new (5));
  return TRUE;
}

static gboolean
test_wait_in_a_select (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = broadcast_new (1);
  TrioBroadcastReceiver *receiver = trio_broadcast_subscribe (broadcast);
  gpointer value;
  gsize chosen;
  TrioSelectCase cases[2];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  n_values = 0;
  cases[0] = trio_case_broadcast (receiver, &value, NULL);
  cases[1] = cases[0];
  trio_nursery_start_soon (nursery, send_soon, broadcast);
  g_assert_true (trio_select (cases, 2, &chosen, error));
  g_assert_cmpint (*(int *) value, ==, 5);
  value_free (value);
  trio_broadcast_receiver_free (receiver);
  trio_broadcast_free (broadcast);
  g_assert_cmpint (n_values, ==, 0);
  return trio_nursery_close (nursery, TRUE);
}

/* Many to many, in any order: each receiver sees the values in order, and what it missed is accounted for. */
enum { N_RECEIVERS = 3, N_SENT = 12 };

static gboolean
count_all (gpointer receiver, GError **error)
{
  int expected = 1;
  gpointer value;
  guint64 missed;
  GError *failure = NULL;

  while (trio_broadcast_receiver_receive (receiver, &value, &missed, &failure))
    {
      expected += (int) missed;
      g_assert_cmpint (*(int *) value, ==, expected);
      value_free (value);
      expected++;
    }
  if (!g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  g_error_free (failure);
  g_assert_cmpint (expected, ==, N_SENT + 1);
  return TRUE;
}

static gboolean
send_all (gpointer broadcast, GError **error)
{
  for (int i = 1; i <= N_SENT; i++)
    {
      trio_broadcast_send (broadcast, value_new (i));
      if (!trio_checkpoint (error))
        return FALSE;
    }
  trio_broadcast_close (broadcast);
  return TRUE;
}

static gboolean
test_what_is_missed_is_accounted_for (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *broadcast = broadcast_new (2);
  TrioBroadcastReceiver *receivers[N_RECEIVERS];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  n_values = 0;
  for (int i = 0; i < N_RECEIVERS; i++)
    {
      receivers[i] = trio_broadcast_subscribe (broadcast);
      trio_nursery_start_soon (nursery, count_all, receivers[i]);
    }
  trio_nursery_start_soon (nursery, send_all, broadcast);
  ok = trio_nursery_close (nursery, TRUE);
  for (int i = 0; i < N_RECEIVERS; i++)
    trio_broadcast_receiver_free (receivers[i]);
  trio_broadcast_free (broadcast);
  g_assert_cmpint (n_values, ==, 0);
  return ok;
}

/* ---- copy and destroy functions that use the broadcast ---- */

typedef enum
{
  MEDDLE_NOT,
  MEDDLE_CLOSE,               /* the other receiver */
  MEDDLE_FREE,                /* likewise */
  MEDDLE_SUBSCRIBE,
  MEDDLE_SEND,
  MEDDLE_END,                 /* close the broadcast */
} Meddling;

static struct
{
  Meddling               in_copy;
  Meddling               in_destroy;
  TrioBroadcast         *broadcast;
  TrioBroadcastReceiver *other;
  TrioBroadcastReceiver *third;
} meddler;

static void
meddle (Meddling *how)
{
  Meddling now = *how;

  *how = MEDDLE_NOT;
  switch (now)
    {
    case MEDDLE_NOT:       break;
    case MEDDLE_CLOSE:     trio_broadcast_receiver_close (meddler.other); break;
    case MEDDLE_FREE:      trio_broadcast_receiver_free (g_steal_pointer (&meddler.other)); break;
    case MEDDLE_SUBSCRIBE: meddler.third = trio_broadcast_subscribe (meddler.broadcast); break;
    case MEDDLE_SEND:      trio_broadcast_send (meddler.broadcast, value_new (99)); break;
    case MEDDLE_END:       trio_broadcast_close (meddler.broadcast); break;
    }
}

static gpointer
meddling_copy (gpointer value)
{
  meddle (&meddler.in_copy);
  return value_copy (value);
}

static void
meddling_free (gpointer value)
{
  value_free (value);
  meddle (&meddler.in_destroy);
}

/* Whichever does what: every value is received or freed, once. */
static gboolean
test_copy_and_destroy_may_subscribe_and_close (gpointer unused G_GNUC_UNUSED, GError **error)
{
  n_values = 0;
  for (int in_copy = 0; in_copy < 2; in_copy++)
    for (Meddling how = MEDDLE_CLOSE; how <= MEDDLE_END; how++)
      for (int other_first = 0; other_first < 2; other_first++)
        {
          TrioBroadcastReceiver *receiver;
          gpointer value;

          memset (&meddler, 0, sizeof meddler);
          meddler.broadcast = trio_broadcast_new (1, meddling_copy, meddling_free);
          if (other_first)
            meddler.other = trio_broadcast_subscribe (meddler.broadcast);
          receiver = trio_broadcast_subscribe (meddler.broadcast);
          if (!other_first)
            meddler.other = trio_broadcast_subscribe (meddler.broadcast);
          trio_broadcast_send (meddler.broadcast, value_new (1));     /* is there, so that the next makes it fall out */

          *(in_copy ? &meddler.in_copy : &meddler.in_destroy) = how;
          trio_broadcast_send (meddler.broadcast, value_new (2));
          if (!trio_broadcast_receiver_receive (receiver, &value, NULL, error))
            return FALSE;
          value_free (value);
          trio_broadcast_receiver_free (receiver);
          trio_broadcast_receiver_free (meddler.other);
          trio_broadcast_receiver_free (meddler.third);
          trio_broadcast_free (meddler.broadcast);
          g_assert_cmpint (n_values, ==, 0);
        }
  return TRUE;
}

static void
test_wrong_arguments_are_reported (void)
{
  mock_expect_critical ("max_lag >= 1");
  g_assert_null (trio_broadcast_new (0, NULL, NULL));
  mock_expect_critical ("copy == NULL");
  g_assert_null (trio_broadcast_new (1, NULL, g_free));
  g_test_assert_expected_messages ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/broadcast/each-gets-every-value-since-it-subscribed", test_each_gets_every_value_since_it_subscribed);
  SYNC_TEST ("/broadcast/who-lags-is-told-how-much-it-missed", test_who_lags_is_told_how_much_it_missed);
  SYNC_TEST ("/broadcast/who-waits-misses-nothing", test_who_waits_misses_nothing);
  SYNC_TEST ("/broadcast/who-is-cancelled-took-nothing", test_who_is_cancelled_took_nothing);
  SYNC_TEST ("/broadcast/closing-wakes-who-waits", test_closing_wakes_who_waits);
  SYNC_TEST ("/broadcast/what-nobody-will-receive-is-destroyed", test_what_nobody_will_receive_is_destroyed);
  SYNC_TEST ("/broadcast/values-that-nobody-owns", test_values_that_nobody_owns);
  SYNC_TEST ("/broadcast/receive-in-a-select", test_receive_in_a_select);
  SYNC_TEST ("/broadcast/wait-in-a-select", test_wait_in_a_select);
  SYNC_TEST ("/broadcast/what-is-missed-is-accounted-for", test_what_is_missed_is_accounted_for);
  SYNC_TEST ("/broadcast/copy-and-destroy-may-subscribe-and-close", test_copy_and_destroy_may_subscribe_and_close);
  g_test_add_func ("/broadcast/wrong-arguments-are-reported", test_wrong_arguments_are_reported);
  return g_test_run ();
}
