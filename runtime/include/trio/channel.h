/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Memory channels: pointers handed from task to task, with a buffer of a stated size (0: sender and receiver meet). Either end can
 * be cloned and must be closed; when all senders are closed the receivers read what is left and then END_OF_CHANNEL, when all
 * receivers are closed the senders get BROKEN_RESOURCE and what is left is destroyed. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gsize current_buffer_used;
  gsize peak_buffer_used;         /* the buffer only, never a direct hand-off */
  gsize max_buffer_size;
  gsize open_send_channels;
  gsize open_receive_channels;
  gsize tasks_waiting_send;
  gsize tasks_waiting_receive;
} TrioChannelStatistics;

/**
 * trio_open_memory_channel:
 * @max_buffer_size: how many values may wait in the buffer; %G_MAXSIZE for no limit
 * @destroy: (nullable): frees a value that nobody will receive
 * @send: (out) (transfer full): the sending end
 * @receive: (out) (transfer full): the receiving end
 *
 * Never suspends.
 */
TRIO_API void trio_open_memory_channel (gsize max_buffer_size, GDestroyNotify destroy, TrioSendChannel **send,
                                        TrioReceiveChannel **receive);

/**
 * trio_send_channel_send:
 * @send: a sending end
 * @value: (transfer full): the value; it stays the caller's if this fails
 * @error: where it says why not
 *
 * Hands @value on, waiting while the buffer is full. First come, first served. Checkpoint.
 *
 * Errors: cancellation (nothing was sent); %TRIO_ERROR_BROKEN_RESOURCE if no receiver is left; %TRIO_ERROR_CLOSED_RESOURCE if this
 * end was closed, also while waiting.
 *
 * Returns: %TRUE if it was sent
 */
TRIO_API gboolean         trio_send_channel_send        (TrioSendChannel *send, gpointer value, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_send_channel_send_nowait:
 * @send: a sending end
 * @value: (transfer full): the value; it stays the caller's if this fails
 * @error: where it says why not
 *
 * As trio_send_channel_send(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if the buffer is full and nobody waits to receive; %TRIO_ERROR_BROKEN_RESOURCE and %TRIO_ERROR_CLOSED_RESOURCE likewise.
 *
 * Returns: %TRUE if it was sent
 */
TRIO_API gboolean         trio_send_channel_send_nowait (TrioSendChannel *send, gpointer value, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_send_channel_clone:
 * @send: an open sending end
 *
 * Another end of the same channel, which is open as long as one of them is. Each is closed and freed for itself. Never suspends.
 *
 * Returns: (transfer full): the new end
 */
TRIO_API TrioSendChannel *trio_send_channel_clone       (TrioSendChannel *send) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_send_channel_close:
 * @send: a sending end
 *
 * No more comes through this end. Wakes those who wait on this very end with %TRIO_ERROR_CLOSED_RESOURCE; and if it was the last open one, those who
 * wait to receive, with %TRIO_ERROR_END_OF_CHANNEL. What is in the buffer can still be received. Idempotent. Never suspends.
 */
TRIO_API void             trio_send_channel_close       (TrioSendChannel *send);

/**
 * trio_send_channel_free:
 * @send: (nullable) (transfer full): a sending end
 *
 * Closes it if it is open, and frees it. Never suspends.
 */
TRIO_API void             trio_send_channel_free        (TrioSendChannel *send);

/**
 * trio_send_channel_get_statistics:
 * @send: a sending end
 * @statistics: (out caller-allocates): of the whole channel: the buffer, the open ends, and who waits now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void             trio_send_channel_get_statistics (TrioSendChannel *send, TrioChannelStatistics *statistics);

/**
 * trio_receive_channel_receive:
 * @receive: a receiving end
 * @value: (out) (transfer full): the value; untouched if this fails
 * @error: where it says why not
 *
 * Takes the next value, waiting for one. First come, first served. Checkpoint.
 *
 * Errors: cancellation (no value was taken); %TRIO_ERROR_END_OF_CHANNEL if no sender and no value is left;
 * %TRIO_ERROR_CLOSED_RESOURCE if this end was closed, also while waiting.
 *
 * Returns: %TRUE if there was a value
 */
TRIO_API gboolean            trio_receive_channel_receive        (TrioReceiveChannel *receive, gpointer *value, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_receive_channel_receive_nowait:
 * @receive: a receiving end
 * @value: (out) (transfer full): the value; untouched if this fails
 * @error: where it says why not
 *
 * As trio_receive_channel_receive(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if nothing is there; %TRIO_ERROR_END_OF_CHANNEL and %TRIO_ERROR_CLOSED_RESOURCE likewise.
 *
 * Returns: %TRUE if there was a value
 */
TRIO_API gboolean            trio_receive_channel_receive_nowait (TrioReceiveChannel *receive, gpointer *value, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_receive_channel_clone:
 * @receive: an open receiving end
 *
 * Another end of the same channel: each value goes to one of them. Each is closed and freed for itself. Never suspends.
 *
 * Returns: (transfer full): the new end
 */
TRIO_API TrioReceiveChannel *trio_receive_channel_clone          (TrioReceiveChannel *receive) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_receive_channel_close:
 * @receive: a receiving end
 *
 * Nothing is received through this end any more. Wakes those who wait on this very end with %TRIO_ERROR_CLOSED_RESOURCE; and if it was the last open
 * one, what is in the buffer is destroyed, and those who wait to send get %TRIO_ERROR_BROKEN_RESOURCE and keep their values. Idempotent. Never suspends.
 */
TRIO_API void                trio_receive_channel_close          (TrioReceiveChannel *receive);

/**
 * trio_receive_channel_free:
 * @receive: (nullable) (transfer full): a receiving end
 *
 * Closes it if it is open, and frees it. Never suspends.
 */
TRIO_API void                trio_receive_channel_free           (TrioReceiveChannel *receive);

/**
 * trio_receive_channel_get_statistics:
 * @receive: a receiving end
 * @statistics: (out caller-allocates): of the whole channel: the buffer, the open ends, and who waits now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void                trio_receive_channel_get_statistics (TrioReceiveChannel *receive, TrioChannelStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSendChannel, trio_send_channel_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioReceiveChannel, trio_receive_channel_free)

G_END_DECLS
