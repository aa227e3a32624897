/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Nothing is lost and nothing doubled, whatever is cancelled or interrupted wherever: statements 20, 21, 38 for what hands values
 * on. A value is made, and ends in one place: received, destroyed by what was to hand it on, or kept by a sender whose attempt
 * failed.
 *
 *     sweep-values sweep --all-pairs --inject cancel,interrupt */

#include <trio-sim/sim.h>
#include <trio/trio.h>

enum { N_VALUES_MAX = 16 };

typedef enum
{
  NOWHERE,
  UNDER_WAY,
  KEPT,
  RECEIVED,
  DESTROYED,
} Place;

static Place places[N_VALUES_MAX + 1];
static int n_made;

static void
begin (void)
{
  n_made = 0;
  for (int i = 0; i <= N_VALUES_MAX; i++)
    places[i] = NOWHERE;
}

static gpointer
make (void)
{
  g_assert (n_made < N_VALUES_MAX);
  places[++n_made] = UNDER_WAY;
  return GINT_TO_POINTER (n_made);
}

static void
put (gpointer value, Place place)
{
  trio_always (places[GPOINTER_TO_INT (value)] == UNDER_WAY, "a value ends in one place");
  places[GPOINTER_TO_INT (value)] = place;
}

static void
destroy (gpointer value)
{
  put (value, DESTROYED);
}

static gpointer
copy (gpointer value G_GNUC_UNUSED)
{
  return make ();
}

static void
all_has_ended (void)
{
  for (int i = 1; i <= n_made; i++)
    trio_always (places[i] != UNDER_WAY, "no value is lost");
}

/* ---- a channel and its clones ---- */

typedef struct
{
  TrioSendChannel    *send;
  TrioReceiveChannel *receive;
} Ends;

/* Each send in a scope of its own, so that a cancellation has somebody who survives it. */
static gboolean
send_two (gpointer data, GError **error)
{
  g_autoptr (TrioSendChannel) send = data;

  for (int i = 0; i < 2; i++)
    {
      gpointer value = make ();
      GError *failure = NULL;
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (&failure);
      gboolean ok = trio_send_channel_send (send, value, &failure);

      if (!ok)
        put (value, KEPT);
      if (trio_cancel_scope_close (scope, ok))
        continue;
      /* Nobody is left to receive, or all is cancelled. */
      if (!g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE))
        {
          g_propagate_error (error, failure);
          return FALSE;
        }
      g_error_free (failure);
    }
  return TRUE;
}

static gboolean
is_the_end (const GError *error)
{
  return g_error_matches (error, TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL) || g_error_matches (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
}

static gboolean
receive_until_the_end (gpointer data, GError **error)
{
  TrioReceiveChannel *receive = data;

  for (;;)
    {
      gpointer value = NULL;
      GError *failure = NULL;
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (&failure);
      gboolean ok = trio_receive_channel_receive (receive, &value, &failure);

      trio_always (ok == (value != NULL), "the value comes exactly with success");
      if (ok)
        put (value, RECEIVED);
      if (trio_cancel_scope_close (scope, ok))
        continue;
      if (is_the_end (failure))
        {
          g_error_free (failure);
          return TRUE;
        }
      g_propagate_error (error, failure);
      return FALSE;
    }
}

/* Under one who waits on it, or has just been given something through it. */
static gboolean
close_a_clone (gpointer receive, GError **error)
{
  gboolean ok = trio_checkpoint (error);
  TrioChannelStatistics statistics;

  trio_receive_channel_close (receive);
  trio_receive_channel_get_statistics (receive, &statistics);
  trio_always (statistics.tasks_waiting_receive <= 1, "nobody waits on what is closed");
  return ok;
}

static gboolean
use_clones (Ends *ends, TrioReceiveChannel *clone, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, receive_until_the_end, ends->receive);
  trio_nursery_start_soon (nursery, receive_until_the_end, clone);
  trio_nursery_start_soon_full (nursery, send_two, trio_send_channel_clone (ends->send), NULL, "sender");
  trio_nursery_start_soon_full (nursery, send_two, g_steal_pointer (&ends->send), NULL, "sender");
  trio_nursery_start_soon (nursery, close_a_clone, clone);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
send_through_clones (gsize buffer, GError **error)
{
  Ends ends;
  TrioReceiveChannel *clone;
  TrioChannelStatistics statistics;
  gboolean ok;

  begin ();
  trio_open_memory_channel (buffer, destroy, &ends.send, &ends.receive);
  clone = trio_receive_channel_clone (ends.receive);
  ok = use_clones (&ends, clone, error);
  trio_receive_channel_get_statistics (ends.receive, &statistics);
  trio_always (statistics.tasks_waiting_send + statistics.tasks_waiting_receive == 0, "nobody waits in the end");
  trio_always (statistics.open_send_channels == 0 && statistics.open_receive_channels == 1, "each end is counted once");
  trio_receive_channel_free (clone);
  trio_receive_channel_free (ends.receive);
  all_has_ended ();
  return ok;
}

static gboolean
channel_meeting (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return send_through_clones (0, error);
}

static gboolean
channel_buffered (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return send_through_clones (1, error);
}

/* ---- a task-local value ---- */

static TrioTaskLocal note = TRIO_TASK_LOCAL_INIT ("note", copy, destroy);

static gboolean
change_note (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gpointer inherited = trio_task_local_get (&note);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_checkpoint (error);

  trio_always (trio_task_local_get (&note) == inherited, "a value is its task's alone");
  trio_task_local_set (&note, make ());
  trio_always (places[GPOINTER_TO_INT (inherited)] == DESTROYED, "what is replaced is destroyed");
  return trio_cancel_scope_close (scope, ok && trio_checkpoint (error));
}

static gboolean
have_children_with_notes (GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_task_local_set (&note, make ());
  trio_nursery_start_soon (nursery, change_note, NULL);
  trio_nursery_start_soon (nursery, change_note, NULL);
  return trio_nursery_close (nursery, trio_checkpoint (error));
}

static gboolean
task_local (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean ok;

  begin ();
  ok = have_children_with_notes (error);
  trio_task_local_set (&note, NULL);
  all_has_ended ();
  return ok;
}

/* ---- select ---- */

typedef struct
{
  TrioSendChannel    *send[2];
  TrioReceiveChannel *receive[2];
  TrioEvent          *stop;
  TrioCancelScope    *taking;           /* the scope of the receiver's attempt; NULL between two */
} Trade;

/* One attempt in a scope of its own, so that a cancellation has somebody who survives it. */
static gboolean
offer (Trade *trade, int which, GError **error)
{
  gpointer value = make ();
  gsize chosen;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  TrioSelectCase cases[2];
  gboolean ok;

  cases[0] = trio_case_send (trade->send[which], value);
  cases[1] = trio_case_send (trade->send[1 - which], value);
  ok = trio_select (cases, 2, &chosen, error);
  if (!ok)
    put (value, KEPT);
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
offer_two (gpointer data, GError **error)
{
  return offer (data, 0, error) && offer (data, 1, error);
}

static gboolean
send_plainly (gpointer data, GError **error)
{
  Trade *trade = data;
  gpointer value = make ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_send_channel_send (trade->send[0], value, error);

  if (!ok)
    put (value, KEPT);
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
take_until_stopped (gpointer data, GError **error)
{
  Trade *trade = data;
  gsize chosen = 0;

  while (chosen != 2)
    {
      gpointer value = NULL;
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      TrioSelectCase cases[4];
      gboolean ok;

      trade->taking = scope;
      cases[0] = trio_case_receive (trade->receive[0], &value);
      cases[1] = trio_case_receive (trade->receive[1], &value);
      cases[2] = trio_case_event (trade->stop);
      cases[3] = trio_case_after (G_TIME_SPAN_SECOND);
      ok = trio_select (cases, 4, &chosen, error);
      trio_always (ok == (chosen != G_MAXSIZE), "these cases do not fail");
      trio_always ((value != NULL) == (ok && chosen < 2), "a value comes exactly from a case with one");
      if (value != NULL)
        put (value, RECEIVED);
      trade->taking = NULL;
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
  return TRUE;
}

/* Cancels an attempt: before it waits, while it does, or when it has something already, whenever it gets to it. */
static gboolean
cancel_one (gpointer data, GError **error)
{
  Trade *trade = data;

  if (!trio_checkpoint (error))
    return FALSE;
  if (trade->taking != NULL)
    trio_cancel_scope_cancel (trade->taking);
  return TRUE;
}

static void
nobody_waits (TrioSendChannel *send)
{
  TrioChannelStatistics statistics;

  trio_send_channel_get_statistics (send, &statistics);
  trio_always (statistics.tasks_waiting_send + statistics.tasks_waiting_receive == 0, "losers leave no trace");
}

static gboolean
trade_all (Trade *trade, GError **error)
{
  g_autoptr (TrioNursery) receivers = trio_nursery_open (error);
  g_autoptr (TrioNursery) senders = NULL;

  trio_nursery_start_soon (receivers, take_until_stopped, trade);
  senders = trio_nursery_open (error);
  trio_nursery_start_soon (senders, offer_two, trade);
  trio_nursery_start_soon (senders, send_plainly, trade);
  trio_nursery_start_soon (senders, cancel_one, trade);
  if (!trio_nursery_close (senders, TRUE))
    return FALSE;
  trio_event_set (trade->stop);
  return trio_nursery_close (receivers, TRUE);
}

static gboolean
trade_through (gsize first_buffer, gsize second_buffer, GError **error)
{
  Trade trade = { .stop = trio_event_new () };
  TrioEventStatistics statistics;
  gboolean ok;

  begin ();
  trio_open_memory_channel (first_buffer, destroy, &trade.send[0], &trade.receive[0]);
  trio_open_memory_channel (second_buffer, destroy, &trade.send[1], &trade.receive[1]);
  ok = trade_all (&trade, error);
  trio_event_get_statistics (trade.stop, &statistics);
  trio_always (statistics.tasks_waiting == 0, "losers leave no trace");
  for (int i = 0; i < 2; i++)
    {
      nobody_waits (trade.send[i]);
      trio_send_channel_free (trade.send[i]);
      trio_receive_channel_free (trade.receive[i]);
    }
  trio_event_free (trade.stop);
  all_has_ended ();
  return ok;
}

static gboolean
select_meeting (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trade_through (0, 0, error);
}

static gboolean
select_buffered (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trade_through (1, 0, error);
}

/* ---- a future ---- */

static gboolean
answer (gpointer data, GError **error)
{
  TrioFuture *future = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_checkpoint (error);

  trio_future_set_value (future, make ());
  ok = trio_cancel_scope_close (scope, ok);
  trio_future_unref (future);
  return ok;
}

static gboolean
wait_for_answer (gpointer data, GError **error)
{
  TrioFuture *future = data;
  gpointer value = NULL;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_future_wait (future, &value, error);

  trio_always (ok == (value != NULL), "the value comes exactly with success");
  trio_always (!ok || places[GPOINTER_TO_INT (value)] == UNDER_WAY, "the value lives while it is looked at");
  ok = trio_cancel_scope_close (scope, ok);
  trio_future_unref (future);
  return ok;
}

static gboolean
select_answer (gpointer data, GError **error)
{
  TrioFuture *future = data;
  gpointer value = NULL;
  gsize chosen;
  TrioSelectCase cases[2];
  gboolean ok;

  cases[0] = trio_case_future (future, &value);
  cases[1] = trio_case_future (future, &value);
  ok = trio_select (cases, 2, &chosen, error);
  trio_always (ok == (value != NULL), "the value comes exactly with success");
  trio_future_unref (future);
  return ok;
}

static gboolean
ask_and_wait (TrioFuture *future, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_for_answer, trio_future_ref (future));
  trio_nursery_start_soon (nursery, select_answer, trio_future_ref (future));
  trio_nursery_start_soon (nursery, answer, trio_future_ref (future));
  trio_nursery_start_soon (nursery, wait_for_answer, trio_future_ref (future));
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
future (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioFuture *one = trio_future_new (destroy);
  TrioFutureStatistics statistics;
  gboolean ok;

  begin ();
  ok = ask_and_wait (one, error);
  trio_future_get_statistics (one, &statistics);
  trio_always (statistics.tasks_waiting == 0, "nobody waits for what is over");
  trio_future_unref (one);
  all_has_ended ();
  return ok;
}

/* ---- a broadcast ---- */

static gboolean
announce (gpointer data, GError **error)
{
  TrioBroadcast *broadcast = data;
  gboolean ok = TRUE;

  for (int i = 0; ok && i < 3; i++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

      trio_broadcast_send (broadcast, make ());
      ok = trio_cancel_scope_close (scope, trio_checkpoint (error));
    }
  trio_broadcast_close (broadcast);
  return ok;
}

static gboolean
listen_to_all (gpointer data, GError **error)
{
  TrioBroadcastReceiver *receiver = data;
  TrioBroadcastReceiverStatistics statistics;
  guint64 n_received = 0, n_missed = 0;
  gboolean ended = FALSE;

  while (!ended)
    {
      GError *failure = NULL;
      gpointer value = NULL;
      guint64 missed = 0;
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (&failure);
      gboolean ok = trio_broadcast_receiver_receive (receiver, &value, &missed, &failure);

      trio_always (ok == (value != NULL), "the value comes exactly with success");
      if (ok)
        {
          put (value, RECEIVED);
          n_received++;
          n_missed += missed;
        }
      if (trio_cancel_scope_close (scope, ok))
        continue;
      ended = g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL);
      if (!ended)
        {
          g_propagate_error (error, failure);
          return FALSE;
        }
      g_error_free (failure);
    }
  trio_broadcast_receiver_get_statistics (receiver, &statistics);
  trio_always (n_missed == statistics.missed, "what is missed is told");
  trio_sometimes (n_received == 3, "a receiver gets all");
  return TRUE;
}

static gboolean
broadcast_to (TrioBroadcast *broadcast, TrioBroadcastReceiver **receivers, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 2; i++)
    trio_nursery_start_soon (nursery, listen_to_all, receivers[i]);
  trio_nursery_start_soon (nursery, announce, broadcast);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
broadcast (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioBroadcast *one = trio_broadcast_new (1, copy, destroy);
  TrioBroadcastReceiver *receivers[2];
  gboolean ok;

  begin ();
  for (int i = 0; i < 2; i++)
    receivers[i] = trio_broadcast_subscribe (one);
  ok = broadcast_to (one, receivers, error);
  trio_broadcast_free (one);
  for (int i = 0; i < 2; i++)
    trio_broadcast_receiver_free (receivers[i]);
  all_has_ended ();
  return ok;
}

static const TrioScenario scenarios[] = {
  { "channel-meeting", channel_meeting, NULL, "two clones send, two receive, and one of those is closed meanwhile; no buffer" },
  { "channel-buffered", channel_buffered, NULL, "the same with room for a value" },
  { "task-local", task_local, NULL, "children with copies of a value, which they change" },
  { "select-meeting", select_meeting, NULL, "selects that send and receive through two channels without buffers" },
  { "select-buffered", select_buffered, NULL, "the same, and one of the channels has room for a value" },
  { "future", future, NULL, "a future that is set, and three who wait for it" },
  { "broadcast", broadcast, NULL, "a broadcast with two receivers that may lag" },
  { NULL, NULL, NULL, NULL },
};

int
main (int argc, char **argv)
{
  return trio_sim_main (argc, argv, scenarios);
}
