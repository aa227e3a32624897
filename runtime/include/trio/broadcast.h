/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A broadcast: each value that is sent reaches every receiver that is subscribed then.
 *
 * The lag policy: sending never waits. Each receiver has a buffer of a stated size; one that does not keep up loses the oldest
 * values in its buffer, and is told how many it missed. So a slow receiver harms nobody but itself. (Where nothing may be lost,
 * give each receiver a memory channel and send to all of them: then the slowest holds up the sender.)
 *
 *   TrioBroadcast *prices = trio_broadcast_new (16, (TrioCopyFunc) g_variant_ref, (GDestroyNotify) g_variant_unref);
 *   g_autoptr (TrioBroadcastReceiver) receiver = trio_broadcast_subscribe (prices);
 *   gpointer price;
 *   guint64 missed;
 *
 *   while (trio_broadcast_receiver_receive (receiver, &price, &missed, error))
 *     …
 *
 * Source: the broadcast channel of Rust's tokio, for the lag policy. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gsize   max_lag;
  gsize   receivers;              /* that are subscribed */
  gsize   tasks_waiting;
  guint64 sent;                   /* values, since the beginning */
  guint64 missed;                 /* by all receivers together */
} TrioBroadcastStatistics;

typedef struct
{
  gsize   lag;                    /* values that it could receive at once */
  gsize   max_lag;
  gsize   tasks_waiting;          /* 0 or 1 */
  guint64 missed;                 /* since it subscribed */
} TrioBroadcastReceiverStatistics;

/**
 * trio_broadcast_new:
 * @max_lag: how many values may wait for each receiver; at least 1
 * @copy: (nullable): makes a receiver's value from the one that was sent, or takes a reference; %NULL if values need not be freed,
 *   such as static strings
 * @destroy: (nullable): frees a value that nobody will receive; %NULL exactly if @copy is
 *
 * Both functions may subscribe, and close or free receivers; they must not free the broadcast that they are called for.
 *
 * Returns: (transfer full): a broadcast without receivers
 */
TRIO_API TrioBroadcast *trio_broadcast_new   (gsize max_lag, TrioCopyFunc copy, GDestroyNotify destroy) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_broadcast_free:
 * @broadcast: (nullable) (transfer full): a broadcast
 *
 * Closes it if it is open, and frees it. Receivers live on, and receive what they have. Never suspends.
 */
TRIO_API void           trio_broadcast_free  (TrioBroadcast *broadcast);

/**
 * trio_broadcast_send:
 * @broadcast: an open broadcast
 * @value: (transfer full): the value
 *
 * Gives @value to every receiver, in the order of subscription. If there is none it is destroyed. Never suspends. After the
 * broadcast was closed it is a programmer's mistake (critical), and @value is destroyed.
 */
TRIO_API void           trio_broadcast_send  (TrioBroadcast *broadcast, gpointer value);

/**
 * trio_broadcast_close:
 * @broadcast: a broadcast
 *
 * No more values will come: receivers get what they have and then %TRIO_ERROR_END_OF_CHANNEL. Idempotent. Never suspends.
 */
TRIO_API void           trio_broadcast_close (TrioBroadcast *broadcast);

/**
 * trio_broadcast_get_statistics:
 * @broadcast: a broadcast
 * @statistics: (out caller-allocates): how many receivers there are, what was sent, and what they have missed together
 *
 * A snapshot. Never suspends.
 */
TRIO_API void           trio_broadcast_get_statistics (TrioBroadcast *broadcast, TrioBroadcastStatistics *statistics);

/**
 * trio_broadcast_subscribe:
 * @broadcast: a broadcast, open or closed
 *
 * Never suspends.
 *
 * Returns: (transfer full): a receiver of every value that is sent from now on
 */
TRIO_API TrioBroadcastReceiver *trio_broadcast_subscribe (TrioBroadcast *broadcast) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_broadcast_receiver_receive:
 * @receiver: a receiver
 * @value: (out) (transfer full): the value; untouched if this fails
 * @missed: (out) (optional): how many values between the one received before and this one were lost because there was no room for
 *   them; 0 for a receiver that keeps up. Untouched if this fails
 * @error: where it says why not
 *
 * Takes the oldest value that the receiver still has, waiting for one if need be. A receiver that waits has the next value at once
 * and misses nothing. Checkpoint.
 *
 * Errors: cancellation (no value was taken); %TRIO_ERROR_END_OF_CHANNEL if the broadcast is closed and no value is left;
 * %TRIO_ERROR_CLOSED_RESOURCE if this receiver was closed, also while waiting; %TRIO_ERROR_BUSY_RESOURCE if another task waits on
 * this receiver: each task wants one of its own.
 *
 * Returns: %TRUE if there was a value
 */
TRIO_API gboolean trio_broadcast_receiver_receive        (TrioBroadcastReceiver *receiver, gpointer *value, guint64 *missed,
                                                          GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_broadcast_receiver_receive_nowait:
 * @receiver: a receiver
 * @value: (out) (transfer full): the value; untouched if this fails
 * @missed: (out) (optional): how many were lost before it; untouched if this fails
 * @error: where it says why not
 *
 * As trio_broadcast_receiver_receive(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if nothing is there; the others likewise.
 *
 * Returns: %TRUE if there was a value
 */
TRIO_API gboolean trio_broadcast_receiver_receive_nowait (TrioBroadcastReceiver *receiver, gpointer *value, guint64 *missed,
                                                          GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_broadcast_receiver_close:
 * @receiver: a receiver
 *
 * Unsubscribes; what it has is destroyed. Wakes a task that waits on it with %TRIO_ERROR_CLOSED_RESOURCE. Idempotent. Never suspends.
 */
TRIO_API void     trio_broadcast_receiver_close          (TrioBroadcastReceiver *receiver);

/**
 * trio_broadcast_receiver_free:
 * @receiver: (nullable) (transfer full): a receiver
 *
 * Closes it if it is open, and frees it. Never suspends.
 */
TRIO_API void     trio_broadcast_receiver_free           (TrioBroadcastReceiver *receiver);

/**
 * trio_broadcast_receiver_get_statistics:
 * @receiver: a receiver
 * @statistics: (out caller-allocates): how much it lags behind, and what it has missed
 *
 * A snapshot. Never suspends.
 */
TRIO_API void     trio_broadcast_receiver_get_statistics (TrioBroadcastReceiver *receiver,
                                                          TrioBroadcastReceiverStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioBroadcast, trio_broadcast_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioBroadcastReceiver, trio_broadcast_receiver_free)

G_END_DECLS
