/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Memory channels.
 *
 * Always true:
 *  1. Waiting senders: the buffer is full and no receiver waits. Waiting receivers: the buffer is empty and no sender waits. (But
 *     one select may wait at both ends: it does not meet itself.)
 *  2. A value is in one place: with the sender, in the buffer, or in a waiting receiver's cell. Whoever takes it out of one place
 *     puts it into the next in the same step, so a cancellation neither loses nor doubles it.
 */

#include <trio/channel.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/instrument.h>
#include <trio/lowlevel/mutation.h>

#include "sync/select-private.h"

typedef struct
{
  gpointer value;
  guint64  flow;              /* for the arrow in a trace; 0 when nobody watches */
} Item;

typedef struct
{
  GDestroyNotify destroy;
  GQueue         senders;     /* of TrioWaiter: their values and flows are the items */
  GQueue         receivers;
  Item          *ring;        /* the buffer */
  gsize          ring_size;
  gsize          first;
  gsize          n_items;
  gsize          peak;
  gsize          max;
  gsize          open_send;
  gsize          open_receive;
  gsize          refs;        /* ends that are not freed yet */
} Channel;

struct _TrioSendChannel
{
  Channel  *channel;
  guint64   chosen_at;        /* by a select */
  gboolean  closed;
};

struct _TrioReceiveChannel
{
  Channel  *channel;
  guint64   chosen_at;
  gboolean  closed;
};

/* What any operation on a channel may touch, seen from outside: both lines, since whoever is cancelled leaves one of them by itself. */
static inline void
touch (Channel *channel)
{
  if (G_LIKELY (trio_accesses_watched == 0))
    return;
  trio_report_access (&channel->senders, TRIO_ACCESS_WRITE);
  trio_report_access (&channel->receivers, TRIO_ACCESS_WRITE);
}

/* ---- the buffer ---- */

/* Apart, so that the ordinary way needs no more registers than it has. */
G_GNUC_NO_INLINE static void
buffer_grow (Channel *channel)
{
  gsize size = MAX (8, channel->ring_size * 2);
  Item *ring = g_new (Item, size);

  for (gsize i = 0; i < channel->n_items; i++)
    ring[i] = channel->ring[(channel->first + i) & (channel->ring_size - 1)];
  g_free (channel->ring);
  channel->ring = ring;
  channel->ring_size = size;
  channel->first = 0;
}

static void
buffer_push (Channel *channel, Item item)
{
  if (G_UNLIKELY (channel->n_items == channel->ring_size))
    buffer_grow (channel);
  /* The size is a power of two. */
  channel->ring[(channel->first + channel->n_items++) & (channel->ring_size - 1)] = item;
  channel->peak = MAX (channel->peak, channel->n_items);
}

static Item
buffer_pop (Channel *channel)
{
  Item item = channel->ring[channel->first];

  channel->first = (channel->first + 1) & (channel->ring_size - 1);
  channel->n_items--;
  return item;
}

static void
buffer_discard (Channel *channel)
{
  while (channel->n_items > 0)
    {
      Item item = buffer_pop (channel);

      if (channel->destroy != NULL)
        channel->destroy (item.value);
    }
}

/* ---- waiting ---- */

static void
describe_channel (Channel *channel, GString *out)
{
  g_string_append_printf (out, "%" G_GSIZE_FORMAT " values in the buffer, %" G_GSIZE_FORMAT " senders and %" G_GSIZE_FORMAT
                          " receivers open", channel->n_items, channel->open_send, channel->open_receive);
}

static void
describe_send (gpointer data, GString *out)
{
  describe_channel (((TrioSendChannel *) ((TrioWaiter *) data)->end)->channel, out);
}

static void
describe_receive (gpointer data, GString *out)
{
  describe_channel (((TrioReceiveChannel *) ((TrioWaiter *) data)->end)->channel, out);
}

static const TrioWaitClass send_class = { "trio_send_channel_send", trio_waiter_abort, describe_send };
static const TrioWaitClass receive_class = { "trio_receive_channel_receive", trio_waiter_abort, describe_receive };

/* What a waiting sender brings. */
static void
prepare_to_send (TrioWaiter *waiter, TrioSendChannel *send, gpointer value)
{
  waiter->end = send;
  waiter->value = value;
  if (G_UNLIKELY (trio_is_watched ()))
    {
      waiter->flow = trio_flow_new_id ();
      trio_flow (waiter->flow, TRUE, "channel");
    }
}

/* Fails those who wait in line; only those on `end`, unless it is NULL. */
static void
fail_waiters (GQueue *line, gpointer end, TrioError code, const char *message)
{
  g_autoptr (GError) error = NULL;

  if (line->head == NULL)
    return;
  error = g_error_new_literal (TRIO_ERROR, code, message);
  trio_waiters_wake_all (line, end, error);
}

/* ---- opening and freeing ---- */

static TrioSendChannel *
send_channel_new (Channel *channel)
{
  TrioSendChannel *send = g_new0 (TrioSendChannel, 1);

  touch (channel);
  send->channel = channel;
  channel->open_send++;
  channel->refs++;
  return send;
}

static TrioReceiveChannel *
receive_channel_new (Channel *channel)
{
  TrioReceiveChannel *receive = g_new0 (TrioReceiveChannel, 1);

  touch (channel);
  receive->channel = channel;
  channel->open_receive++;
  channel->refs++;
  return receive;
}

static void
channel_unref (Channel *channel)
{
  touch (channel);
  if (--channel->refs > 0)
    return;
  buffer_discard (channel);
  g_free (channel->ring);
  g_free (channel);
}

void
trio_open_memory_channel (gsize max_buffer_size, GDestroyNotify destroy, TrioSendChannel **send, TrioReceiveChannel **receive)
{
  Channel *channel;

  g_return_if_fail (send != NULL && receive != NULL);

  channel = g_new0 (Channel, 1);
  channel->max = max_buffer_size;
  channel->destroy = destroy;
  trio_note_access (&channel->senders, TRIO_ACCESS_CREATE);
  trio_note_access (&channel->receivers, TRIO_ACCESS_CREATE);
  g_queue_init (&channel->senders);
  g_queue_init (&channel->receivers);
  *send = send_channel_new (channel);
  *receive = receive_channel_new (channel);
}

/* ---- sending ---- */

/* The errors that do not depend on room. */
static gboolean
may_send (TrioSendChannel *send, GError **error)
{
  touch (send->channel);
  if (send->closed)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this send channel was closed");
  else if (send->channel->open_receive == 0)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "all receivers of this channel are closed");
  else
    return TRUE;
  return FALSE;
}

/* FALSE if there is no room. */
G_ALWAYS_INLINE static inline gboolean
try_send (Channel *channel, gpointer value)
{
  TrioWaiter *receiver = trio_waiters_first (&channel->receivers);
  Item item = { value, 0 };

  if (receiver == NULL && channel->n_items >= channel->max + TRIO_MUTATION (buffer_one_too_large))
    return FALSE;
  if (G_UNLIKELY (trio_is_watched ()))
    {
      item.flow = trio_flow_new_id ();
      trio_flow (item.flow, TRUE, "channel");
    }
  if (receiver != NULL)
    {
      receiver->value = item.value;
      receiver->flow = item.flow;
      trio_waiter_wake (receiver, NULL);
    }
  else
    buffer_push (channel, item);
  return TRUE;
}

gboolean
trio_send_channel_send_nowait (TrioSendChannel *send, gpointer value, GError **error)
{
  g_return_val_if_fail (send != NULL, FALSE);

  if (!may_send (send, error))
    return FALSE;
  if (try_send (send->channel, value))
    return TRUE;
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "the channel is full");
  return FALSE;
}

static gboolean
wait_to_send (TrioSendChannel *send, gpointer value, GError **error)
{
  TrioWaiter waiter = { 0 };

  prepare_to_send (&waiter, send, value);
  return trio_waiter_wait (&waiter, &send->channel->senders, &send_class, error);
}

gboolean
trio_send_channel_send (TrioSendChannel *send, gpointer value, GError **error)
{
  g_return_val_if_fail (send != NULL, FALSE);

  if (!trio_checkpoint_if_cancelled (error) || !may_send (send, error))
    return FALSE;
  if (!try_send (send->channel, value))
    return wait_to_send (send, value, error);
  return trio_finish_checkpoint ();
}

TrioSendChannel *
trio_send_channel_clone (TrioSendChannel *send)
{
  g_return_val_if_fail (send != NULL && !send->closed, NULL);
  return send_channel_new (send->channel);
}

void
trio_send_channel_close (TrioSendChannel *send)
{
  Channel *channel;

  g_return_if_fail (send != NULL);
  touch (send->channel);
  if (send->closed)
    return;
  send->closed = TRUE;
  channel = send->channel;
  fail_waiters (&channel->senders, send, TRIO_ERROR_CLOSED_RESOURCE, "this send channel was closed");
  if (--channel->open_send == 0 && !TRIO_MUTATION (end_of_channel_not_told))
    fail_waiters (&channel->receivers, NULL, TRIO_ERROR_END_OF_CHANNEL, "all senders of this channel are closed");
}

void
trio_send_channel_free (TrioSendChannel *send)
{
  if (send == NULL)
    return;
  trio_send_channel_close (send);
  channel_unref (send->channel);
  g_free (send);
}

/* ---- receiving ---- */

/* FALSE if nothing is there. */
G_ALWAYS_INLINE static inline gboolean
try_receive (Channel *channel, Item *item)
{
  TrioWaiter *sender = trio_waiters_first (&channel->senders);
  Item brought = { 0 };

  if (sender == NULL && channel->n_items == 0)
    return FALSE;
  if (sender != NULL)
    brought = (Item) { sender->value, sender->flow };
  if (channel->n_items > 0 && !(sender != NULL && TRIO_MUTATION (sender_overtakes_buffer)))
    {
      *item = buffer_pop (channel);
      /* Room for the first who waits. */
      if (sender != NULL && !TRIO_MUTATION (lost_value))
        buffer_push (channel, brought);
    }
  else
    *item = brought;
  if (sender != NULL)
    trio_waiter_wake (sender, NULL);
  return TRUE;
}

/* The error when nothing is there and nothing will come, or this end is closed. */
static gboolean
may_receive (TrioReceiveChannel *receive, GError **error)
{
  touch (receive->channel);
  if (receive->closed)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this receive channel was closed");
  else if (receive->channel->open_send == 0 && receive->channel->n_items == 0)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL, "all senders of this channel are closed");
  else
    return TRUE;
  return FALSE;
}

static void
hand_out (Item item, gpointer *value)
{
  if (G_UNLIKELY (item.flow != 0))
    trio_flow (item.flow, FALSE, "channel");
  *value = item.value;
}

gboolean
trio_receive_channel_receive_nowait (TrioReceiveChannel *receive, gpointer *value, GError **error)
{
  Item item;

  g_return_val_if_fail (receive != NULL && value != NULL, FALSE);

  if (!may_receive (receive, error))
    return FALSE;
  if (try_receive (receive->channel, &item))
    {
      hand_out (item, value);
      return TRUE;
    }
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "the channel is empty");
  return FALSE;
}

static gboolean
wait_to_receive (TrioReceiveChannel *receive, gpointer *value, GError **error)
{
  TrioWaiter waiter = { .end = receive };

  if (!trio_waiter_wait (&waiter, &receive->channel->receivers, &receive_class, error))
    return FALSE;
  hand_out ((Item) { waiter.value, waiter.flow }, value);
  return TRUE;
}

gboolean
trio_receive_channel_receive (TrioReceiveChannel *receive, gpointer *value, GError **error)
{
  Item item;

  g_return_val_if_fail (receive != NULL && value != NULL, FALSE);

  if (!trio_checkpoint_if_cancelled (error) || !may_receive (receive, error))
    return FALSE;
  if (!try_receive (receive->channel, &item))
    return wait_to_receive (receive, value, error);
  hand_out (item, value);
  return trio_finish_checkpoint ();
}

TrioReceiveChannel *
trio_receive_channel_clone (TrioReceiveChannel *receive)
{
  g_return_val_if_fail (receive != NULL && !receive->closed, NULL);
  return receive_channel_new (receive->channel);
}

void
trio_receive_channel_close (TrioReceiveChannel *receive)
{
  Channel *channel;

  g_return_if_fail (receive != NULL);
  touch (receive->channel);
  if (receive->closed)
    return;
  receive->closed = TRUE;
  channel = receive->channel;
  if (!TRIO_MUTATION (close_wakes_nobody))
    fail_waiters (&channel->receivers, receive, TRIO_ERROR_CLOSED_RESOURCE, "this receive channel was closed");
  if (--channel->open_receive == 0)
    {
      fail_waiters (&channel->senders, NULL, TRIO_ERROR_BROKEN_RESOURCE, "all receivers of this channel are closed");
      buffer_discard (channel);
    }
}

void
trio_receive_channel_free (TrioReceiveChannel *receive)
{
  if (receive == NULL)
    return;
  trio_receive_channel_close (receive);
  channel_unref (receive->channel);
  g_free (receive);
}

/* ---- statistics ---- */

static void
get_statistics (Channel *channel, TrioChannelStatistics *statistics)
{
  touch (channel);
  *statistics = (TrioChannelStatistics) {
    .current_buffer_used = channel->n_items,
    .peak_buffer_used = channel->peak,
    .max_buffer_size = channel->max,
    .open_send_channels = channel->open_send,
    .open_receive_channels = channel->open_receive,
    .tasks_waiting_send = channel->senders.length,
    .tasks_waiting_receive = channel->receivers.length,
  };
}

void
trio_send_channel_get_statistics (TrioSendChannel *send, TrioChannelStatistics *statistics)
{
  g_return_if_fail (send != NULL && statistics != NULL);
  get_statistics (send->channel, statistics);
}

void
trio_receive_channel_get_statistics (TrioReceiveChannel *receive, TrioChannelStatistics *statistics)
{
  g_return_if_fail (receive != NULL && statistics != NULL);
  get_statistics (receive->channel, statistics);
}

/* ---- in a select ---- */

static gboolean
is_ready_to_send (const TrioSelectCase *self)
{
  TrioSendChannel *send = self->object;
  Channel *channel = send->channel;

  touch (channel);
  return send->closed || channel->open_receive == 0 || channel->receivers.head != NULL || channel->n_items < channel->max;
}

static gboolean
take_send (const TrioSelectCase *self, GError **error)
{
  return trio_send_channel_send_nowait (self->object, self->value, error);
}

static void
join_send (const TrioSelectCase *self, TrioWaiter *waiter)
{
  TrioSendChannel *send = self->object;

  prepare_to_send (waiter, send, self->value);
  trio_waiter_join (waiter, &send->channel->senders);
}

static guint64 *
send_chosen_at (const TrioSelectCase *self)
{
  return &((TrioSendChannel *) self->object)->chosen_at;
}

const TrioSelectable trio_send_selectable = {
  .what = "room in a channel",
  .is_ready = is_ready_to_send,
  .take = take_send,
  .join = join_send,
  .chosen_at = send_chosen_at,
};

static gboolean
is_ready_to_receive (const TrioSelectCase *self)
{
  TrioReceiveChannel *receive = self->object;
  Channel *channel = receive->channel;

  touch (channel);
  return receive->closed || channel->open_send == 0 || channel->senders.head != NULL || channel->n_items > 0;
}

static gboolean
take_receive (const TrioSelectCase *self, GError **error)
{
  return trio_receive_channel_receive_nowait (self->object, self->result, error);
}

static void
join_receive (const TrioSelectCase *self, TrioWaiter *waiter)
{
  TrioReceiveChannel *receive = self->object;

  waiter->end = receive;
  trio_waiter_join (waiter, &receive->channel->receivers);
}

static void
collect_received (const TrioSelectCase *self, TrioWaiter *waiter)
{
  hand_out ((Item) { waiter->value, waiter->flow }, self->result);
}

static guint64 *
receive_chosen_at (const TrioSelectCase *self)
{
  return &((TrioReceiveChannel *) self->object)->chosen_at;
}

const TrioSelectable trio_receive_selectable = {
  .what = "a value from a channel",
  .is_ready = is_ready_to_receive,
  .take = take_receive,
  .join = join_receive,
  .collect = collect_received,
  .chosen_at = receive_chosen_at,
};
