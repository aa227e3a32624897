/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A broadcast: a list of receivers, each with a ring of its own.
 *
 * Always true:
 *  1. A receiver on which a task waits has an empty ring: a value that is sent goes into the waiting cell, and cannot be missed.
 *  2. Every value that a receiver was sent is received, counted as missed, or in its ring. `missed_before` counts those that were
 *     lost since the last one received, so it belongs to the oldest in the ring.
 *  3. A closed receiver is in no list; one whose broadcast has ended is in none either, and keeps its ring.
 *  4. The program's functions (copy, destroy) are called while nobody walks the list or a ring: they may subscribe and close.
 */

#include <trio/broadcast.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/instrument.h>

#include "sync/select-private.h"

typedef struct
{
  gpointer value;
  guint64  flow;
} Item;

struct _TrioBroadcast
{
  GQueue          receivers;      /* in the order of subscription */
  TrioCopyFunc    copy;
  GDestroyNotify  destroy;
  gsize           max_lag;
  guint64         n_sent;
  guint64         n_missed;
  gboolean        closed;
};

struct _TrioBroadcastReceiver
{
  GList           link;           /* in broadcast->receivers */
  TrioBroadcast  *broadcast;      /* NULL: it has ended, or this receiver is closed */
  GDestroyNotify  destroy;
  Item           *ring;           /* of max_lag; NULL until one is needed */
  gsize           max_lag;
  gsize           first;
  gsize           n_items;
  guint64         missed_before;
  guint64         n_missed;
  GQueue          waiters;        /* one at most */
  guint64         chosen_at;
  gboolean        closed;
};

TrioBroadcast *
trio_broadcast_new (gsize max_lag, TrioCopyFunc copy, GDestroyNotify destroy)
{
  TrioBroadcast *broadcast;

  g_return_val_if_fail (max_lag >= 1, NULL);
  g_return_val_if_fail ((copy == NULL) == (destroy == NULL), NULL);

  broadcast = g_new0 (TrioBroadcast, 1);
  trio_note_access (broadcast, TRIO_ACCESS_CREATE);
  g_queue_init (&broadcast->receivers);
  broadcast->copy = copy;
  broadcast->destroy = destroy;
  broadcast->max_lag = max_lag;
  return broadcast;
}

void
trio_broadcast_free (TrioBroadcast *broadcast)
{
  if (broadcast == NULL)
    return;
  trio_broadcast_close (broadcast);
  g_free (broadcast);
}

static void
destroy_value (GDestroyNotify destroy, gpointer value)
{
  if (destroy != NULL)
    destroy (value);
}

/* ---- the ring ---- */

static Item
pop (TrioBroadcastReceiver *receiver)
{
  Item item = receiver->ring[receiver->first];

  receiver->first = (receiver->first + 1) % receiver->max_lag;
  receiver->n_items--;
  return item;
}

/* Whether that made the oldest one fall out, which nobody will receive. */
static gboolean
push (TrioBroadcastReceiver *receiver, Item item, gpointer *lost)
{
  gboolean overflows = receiver->n_items == receiver->max_lag;

  if (receiver->ring == NULL)
    receiver->ring = g_new (Item, receiver->max_lag);
  if (overflows)
    {
      *lost = pop (receiver).value;
      receiver->missed_before++;
      receiver->n_missed++;
      receiver->broadcast->n_missed++;
    }
  receiver->ring[(receiver->first + receiver->n_items++) % receiver->max_lag] = item;
  return overflows;
}

/* ---- sending ---- */

/* So many values fit in the frame; more are allocated. */
enum { N_VALUES_INLINE = 8 };

static gboolean
give (TrioBroadcastReceiver *receiver, Item item, gpointer *lost)
{
  TrioWaiter *waiter = trio_waiters_first (&receiver->waiters);

  trio_note_access (&receiver->waiters, TRIO_ACCESS_WRITE);
  if (waiter == NULL)
    return push (receiver, item, lost);
  waiter->value = item.value;
  waiter->flow = item.flow;
  waiter->missed = 0;
  trio_waiter_wake (waiter, NULL);
  return FALSE;
}

/* A value for each receiver: copies, and for the last one the value itself. First all are made, then all are given, then is destroyed what is left
 * over: what fell out, and what was made for receivers that were closed meanwhile. */
static void
give_copies (TrioBroadcast *broadcast, Item item)
{
  gsize n_values = broadcast->receivers.length, n_given = 0, n_left = 0;
  g_autofree gpointer *allocated = n_values > N_VALUES_INLINE ? g_new (gpointer, n_values) : NULL;
  gpointer fixed[N_VALUES_INLINE];
  gpointer *values = allocated != NULL ? allocated : fixed;
  GDestroyNotify destroy = broadcast->destroy;

  for (gsize i = 0; i + 1 < n_values; i++)
    values[i] = broadcast->copy (item.value);
  values[n_values - 1] = item.value;

  for (GList *link = broadcast->receivers.head; link != NULL && n_given < n_values; link = link->next)
    {
      gpointer lost;

      item.value = values[n_given++];
      if (give (link->data, item, &lost))
        values[n_left++] = lost;      /* not beyond those that were given */
    }
  while (n_given < n_values)
    values[n_left++] = values[n_given++];
  for (gsize i = 0; i < n_left; i++)
    destroy (values[i]);
}

void
trio_broadcast_send (TrioBroadcast *broadcast, gpointer value)
{
  Item item = { value, 0 };

  g_return_if_fail (broadcast != NULL);

  trio_note_access (broadcast, TRIO_ACCESS_WRITE);
  if (broadcast->closed)
    g_critical ("trio_broadcast_send: this broadcast was closed; the value is dropped");
  if (broadcast->receivers.head == NULL)
    {
      broadcast->n_sent += !broadcast->closed;
      destroy_value (broadcast->destroy, value);
      return;
    }

  broadcast->n_sent++;
  if (G_UNLIKELY (trio_is_watched ()))
    {
      item.flow = trio_flow_new_id ();
      trio_flow (item.flow, TRUE, "broadcast");
    }
  if (broadcast->copy != NULL)
    give_copies (broadcast, item);
  else
    for (GList *link = broadcast->receivers.head; link != NULL; link = link->next)
      {
        gpointer lost;

        (void) give (link->data, item, &lost);
      }
}

void
trio_broadcast_close (TrioBroadcast *broadcast)
{
  GList *link;

  g_return_if_fail (broadcast != NULL);

  trio_note_access (broadcast, TRIO_ACCESS_WRITE);
  broadcast->closed = TRUE;
  while ((link = g_queue_pop_head_link (&broadcast->receivers)) != NULL)
    {
      TrioBroadcastReceiver *receiver = link->data;
      TrioWaiter *waiter = trio_waiters_first (&receiver->waiters);

      trio_note_access (&receiver->waiters, TRIO_ACCESS_WRITE);
      receiver->broadcast = NULL;
      if (waiter != NULL)
        trio_waiter_wake (waiter, g_error_new_literal (TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL, "the broadcast was closed"));
    }
}

/* ---- receiving ---- */

TrioBroadcastReceiver *
trio_broadcast_subscribe (TrioBroadcast *broadcast)
{
  TrioBroadcastReceiver *receiver;

  g_return_val_if_fail (broadcast != NULL, NULL);

  trio_note_access (broadcast, TRIO_ACCESS_WRITE);
  receiver = g_new0 (TrioBroadcastReceiver, 1);
  trio_note_access (&receiver->waiters, TRIO_ACCESS_CREATE);
  receiver->link.data = receiver;
  receiver->destroy = broadcast->destroy;
  receiver->max_lag = broadcast->max_lag;
  g_queue_init (&receiver->waiters);
  if (!broadcast->closed)
    {
      receiver->broadcast = broadcast;
      g_queue_push_tail_link (&broadcast->receivers, &receiver->link);
    }
  return receiver;
}

void
trio_broadcast_receiver_close (TrioBroadcastReceiver *receiver)
{
  TrioBroadcastReceiver left;
  TrioWaiter *waiter;

  g_return_if_fail (receiver != NULL);
  trio_note_access (&receiver->waiters, TRIO_ACCESS_WRITE);
  if (receiver->closed)
    return;
  trio_note_access (receiver->broadcast, TRIO_ACCESS_WRITE);
  receiver->closed = TRUE;
  if (receiver->broadcast != NULL)
    g_queue_unlink (&receiver->broadcast->receivers, &receiver->link);
  receiver->broadcast = NULL;
  waiter = trio_waiters_first (&receiver->waiters);
  if (waiter != NULL)
    trio_waiter_wake (waiter, g_error_new_literal (TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this receiver was closed"));
  left = *receiver;
  receiver->ring = NULL;
  receiver->n_items = 0;
  while (left.n_items > 0)
    destroy_value (left.destroy, pop (&left).value);
  g_free (left.ring);
}

void
trio_broadcast_receiver_free (TrioBroadcastReceiver *receiver)
{
  if (receiver == NULL)
    return;
  trio_broadcast_receiver_close (receiver);
  g_free (receiver->ring);
  g_free (receiver);
}

/* The errors when nothing is there and nothing will come, or it may not be asked. */
static gboolean
may_receive (TrioBroadcastReceiver *receiver, GError **error)
{
  trio_note_access (&receiver->waiters, TRIO_ACCESS_WRITE);
  if (receiver->closed)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this receiver was closed");
  else if (receiver->waiters.head != NULL)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE,
                         "another task waits on this receiver: each task wants one of its own");
  else if (receiver->broadcast == NULL && receiver->n_items == 0)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL, "the broadcast was closed");
  else
    return TRUE;
  return FALSE;
}

static void
hand_out (Item item, guint64 n_missed, gpointer *value, guint64 *missed)
{
  trio_flow (item.flow, FALSE, "broadcast");
  *value = item.value;
  if (missed != NULL)
    *missed = n_missed;
}

/* Something is there. */
static void
receive_now (TrioBroadcastReceiver *receiver, gpointer *value, guint64 *missed)
{
  guint64 n_missed = receiver->missed_before;

  receiver->missed_before = 0;
  hand_out (pop (receiver), n_missed, value, missed);
}

gboolean
trio_broadcast_receiver_receive_nowait (TrioBroadcastReceiver *receiver, gpointer *value, guint64 *missed, GError **error)
{
  g_return_val_if_fail (receiver != NULL && value != NULL, FALSE);

  if (!may_receive (receiver, error))
    return FALSE;
  if (receiver->n_items == 0)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "nothing was sent yet");
      return FALSE;
    }
  receive_now (receiver, value, missed);
  return TRUE;
}

gboolean
trio_broadcast_receiver_receive (TrioBroadcastReceiver *receiver, gpointer *value, guint64 *missed, GError **error)
{
  static const TrioWaitClass klass = { "trio_broadcast_receiver_receive", trio_waiter_abort, NULL };
  TrioWaiter waiter = { 0 };

  g_return_val_if_fail (receiver != NULL && value != NULL, FALSE);

  if (!trio_checkpoint_if_cancelled (error) || !may_receive (receiver, error))
    return FALSE;
  if (receiver->n_items > 0)
    {
      receive_now (receiver, value, missed);
      return trio_finish_checkpoint ();
    }
  if (!trio_waiter_wait (&waiter, &receiver->waiters, &klass, error))
    return FALSE;
  hand_out ((Item) { waiter.value, waiter.flow }, waiter.missed, value, missed);
  return TRUE;
}

/* ---- statistics ---- */

void
trio_broadcast_get_statistics (TrioBroadcast *broadcast, TrioBroadcastStatistics *statistics)
{
  g_return_if_fail (broadcast != NULL && statistics != NULL);
  trio_note_access (broadcast, TRIO_ACCESS_WRITE);
  *statistics = (TrioBroadcastStatistics) {
    .max_lag = broadcast->max_lag,
    .receivers = broadcast->receivers.length,
    .sent = broadcast->n_sent,
    .missed = broadcast->n_missed,
  };
  for (GList *link = broadcast->receivers.head; link != NULL; link = link->next)
    statistics->tasks_waiting += ((TrioBroadcastReceiver *) link->data)->waiters.length;
}

void
trio_broadcast_receiver_get_statistics (TrioBroadcastReceiver *receiver, TrioBroadcastReceiverStatistics *statistics)
{
  g_return_if_fail (receiver != NULL && statistics != NULL);
  trio_note_access (&receiver->waiters, TRIO_ACCESS_READ);
  *statistics = (TrioBroadcastReceiverStatistics) {
    .lag = receiver->n_items,
    .max_lag = receiver->max_lag,
    .tasks_waiting = receiver->waiters.length,
    .missed = receiver->n_missed,
  };
}

/* ---- in a select ---- */

static gboolean
is_ready (const TrioSelectCase *self)
{
  TrioBroadcastReceiver *receiver = self->object;

  trio_note_access (&receiver->waiters, TRIO_ACCESS_WRITE);
  return receiver->closed || receiver->waiters.head != NULL || receiver->broadcast == NULL || receiver->n_items > 0;
}

static gboolean
take (const TrioSelectCase *self, GError **error)
{
  return trio_broadcast_receiver_receive_nowait (self->object, self->result, self->missed, error);
}

static void
join (const TrioSelectCase *self, TrioWaiter *waiter)
{
  TrioBroadcastReceiver *receiver = self->object;

  trio_waiter_join (waiter, &receiver->waiters);
}

static void
collect (const TrioSelectCase *self, TrioWaiter *waiter)
{
  hand_out ((Item) { waiter->value, waiter->flow }, waiter->missed, self->result, self->missed);
}

static guint64 *
chosen_at (const TrioSelectCase *self)
{
  return &((TrioBroadcastReceiver *) self->object)->chosen_at;
}

const TrioSelectable trio_broadcast_selectable = {
  .what = "a broadcast",
  .is_ready = is_ready,
  .take = take,
  .join = join,
  .collect = collect,
  .chosen_at = chosen_at,
};
