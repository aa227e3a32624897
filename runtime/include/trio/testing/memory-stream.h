/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Streams in memory, for tests of code that uses streams. They are ordinary streams (trio_stream_send_all() …) with more:
 *
 *   a memory stream has two buffers that the test looks into and fills, and never waits to send:
 *
 *       trio_stream_send_all ()      -> [ outgoing ] -> trio_memory_stream_get_data ()
 *       trio_stream_receive_some ()  <- [ incoming ] <- trio_memory_stream_put_data (), _put_eof ()
 *
 *   a pair of them moves bytes from one's outgoing to the other's incoming buffer whenever something was sent;
 *   a lock-step pair has no buffer at all: sending ends when the other side has received everything.
 *
 * Hooks let the test do something at the right moment: be late, be cut in pieces, fail. On the thread of the run. */

#pragma once

#include <trio/stream.h>

G_BEGIN_DECLS

/**
 * TrioStreamHooks:
 * @send_all: (nullable): called by trio_stream_send_all(), for a memory stream when the bytes are in the outgoing buffer, for a
 *   lock-step stream before they are offered. May suspend. If it fails, so does the call
 * @receive_some: (nullable): called by trio_stream_receive_some() before it looks for bytes. May suspend. If it fails, so does the call
 * @send_eof: (nullable): called by trio_stream_send_eof(), the first time. Must not suspend
 * @close: (nullable): called when the stream has been closed, once. Must not suspend
 *
 * What the test wants to do itself. @data is as given to trio_testing_stream_set_hooks().
 */
typedef struct
{
  gboolean (*send_all)     (TrioStream *stream, gpointer data, GError **error);
  gboolean (*receive_some) (TrioStream *stream, gpointer data, GError **error);
  void     (*send_eof)     (TrioStream *stream, gpointer data);
  void     (*close)        (TrioStream *stream, gpointer data);
} TrioStreamHooks;

/**
 * trio_testing_stream_set_hooks:
 * @stream: a memory or lock-step stream
 * @hooks: (nullable) (transfer none): what is to be called; copied
 * @data: what the hooks get
 *
 * A memory stream of a pair that has a send_all hook no longer moves its bytes by itself: the hook says when, with trio_memory_stream_pump().
 */
TRIO_API void trio_testing_stream_set_hooks (TrioStream *stream, const TrioStreamHooks *hooks, gpointer data);

/**
 * trio_memory_stream_new:
 *
 * A memory stream whose other side is the test. It sends and receives.
 *
 * Source: Trio's `trio.testing.MemorySendStream` and `MemoryReceiveStream`.
 *
 * Returns: (transfer full): the stream; trio_stream_free() it
 */
TRIO_API TrioStream *trio_memory_stream_new          (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_memory_send_stream_new:
 *
 * As trio_memory_stream_new(), for sending only; to receive from it is %TRIO_ERROR_MISUSE.
 *
 * Returns: (transfer full): the stream
 */
TRIO_API TrioStream *trio_memory_send_stream_new     (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_memory_receive_stream_new:
 *
 * As trio_memory_stream_new(), for receiving only; to send into it is %TRIO_ERROR_MISUSE.
 *
 * Returns: (transfer full): the stream
 */
TRIO_API TrioStream *trio_memory_receive_stream_new  (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_memory_stream_get_data:
 * @stream: a memory stream
 * @max: how many bytes at most; 0 for all
 * @error: where it says why not
 *
 * Waits until something was sent, and takes it from the outgoing buffer. Checkpoint. A cancellation loses no bytes.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE if another task waits here.
 *
 * Returns: (transfer full): at least one byte; none if no more will be sent; %NULL on error
 */
TRIO_API GBytes  *trio_memory_stream_get_data        (TrioStream *stream, gsize max, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_memory_stream_get_data_nowait:
 * @stream: a memory stream
 * @max: how many bytes at most; 0 for all
 * @error: where it says why not
 *
 * As trio_memory_stream_get_data(), but never suspends.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if there is nothing yet.
 *
 * Returns: (transfer full): at least one byte; none if no more will be sent; %NULL on error
 */
TRIO_API GBytes  *trio_memory_stream_get_data_nowait (TrioStream *stream, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_memory_stream_put_data:
 * @stream: a memory stream
 * @data: (array length=size): the bytes, which are copied
 * @size: how many
 * @error: where it says why not
 *
 * Puts bytes where the stream receives them. Never suspends.
 *
 * Errors: %TRIO_ERROR_BROKEN_RESOURCE if the stream is closed, or after trio_memory_stream_put_eof().
 *
 * Returns: %FALSE on error
 */
TRIO_API gboolean trio_memory_stream_put_data        (TrioStream *stream, gconstpointer data, gsize size, GError **error);

/**
 * trio_memory_stream_put_eof:
 * @stream: a memory stream
 *
 * No more will come. Idempotent. Never suspends.
 */
TRIO_API void     trio_memory_stream_put_eof         (TrioStream *stream);

/**
 * trio_memory_stream_pump:
 * @from: a memory stream
 * @to: another
 * @max: how many bytes at most; 0 for all
 * @moved: (out) (optional): whether there was anything: bytes, or the end of them
 * @error: where it says why not
 *
 * Takes what @from has sent and puts it where @to receives it. The end comes over when no bytes are left before it. Never suspends.
 *
 * Errors: %TRIO_ERROR_BROKEN_RESOURCE if @to is closed; the bytes are lost.
 *
 * Source: Trio's `trio.testing.memory_stream_pump`.
 *
 * Returns: %FALSE on error
 */
TRIO_API gboolean trio_memory_stream_pump            (TrioStream *from, TrioStream *to, gsize max, gboolean *moved, GError **error);

/**
 * trio_memory_stream_pair:
 * @first: (out) (transfer full): one end
 * @second: (out) (transfer full): the other
 *
 * Two connected streams that send and receive. Each is to be freed; in any order.
 */
TRIO_API void     trio_memory_stream_pair            (TrioStream **first, TrioStream **second);

/**
 * trio_memory_stream_one_way_pair:
 * @send: (out) (transfer full): the end that only sends
 * @receive: (out) (transfer full): the end that only receives
 *
 * Two connected streams, one way.
 */
TRIO_API void     trio_memory_stream_one_way_pair    (TrioStream **send, TrioStream **receive);

/**
 * trio_lockstep_stream_pair:
 * @first: (out) (transfer full): one end
 * @second: (out) (transfer full): the other
 *
 * Two connected streams without a buffer: trio_stream_send_all() returns when the other side has received the last byte. If it is cancelled before the
 * first was taken, it had no effect; if later, the stream is broken.
 *
 * Source: Trio's `trio.testing.lockstep_stream_pair`.
 */
TRIO_API void     trio_lockstep_stream_pair          (TrioStream **first, TrioStream **second);

/**
 * trio_lockstep_stream_one_way_pair:
 * @send: (out) (transfer full): the end that only sends
 * @receive: (out) (transfer full): the end that only receives
 *
 * The same, one way.
 */
TRIO_API void     trio_lockstep_stream_one_way_pair  (TrioStream **send, TrioStream **receive);

G_END_DECLS
