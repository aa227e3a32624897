/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Streams: bytes in order, both ways. One task may send and another receive at the same time; two that send, or two that receive,
 * at the same time is BUSY_RESOURCE. After a close on this side everything is CLOSED_RESOURCE; when the other side or the
 * connection is gone, sending (and an unclean end when receiving) is BROKEN_RESOURCE, with the system's words in the message, in that call
 * and in all later ones: what was cut off is never the clean end of the stream.
 *
 * There are streams that only send, or only receive, such as the two ends of a pipe, and some that cannot end one direction and keep the
 * other. They are of the same type: their class has no function for what they cannot do, and the call answers MISUSE. */

#pragma once

#include <trio/file.h>
#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_stream_receive_some:
 * @stream: a stream
 * @buffer: where the bytes go
 * @size: how many fit; at least 1
 * @error: where it says why not
 *
 * Receives at least one byte, as many as are there, up to @size. Checkpoint. A cancellation never loses bytes.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE, %TRIO_ERROR_CLOSED_RESOURCE, %TRIO_ERROR_BROKEN_RESOURCE as above.
 *
 * Returns: how many; 0 at the end of the stream; -1 on error
 */
TRIO_API gssize   trio_stream_receive_some (TrioStream *stream, gpointer buffer, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_stream_send_all:
 * @stream: a stream
 * @data: the bytes
 * @size: how many
 * @error: where it says why not
 *
 * Sends all bytes, waiting while the other side does not read. Checkpoint. If it fails, an unknown part was sent: the stream is only
 * good for closing then.
 *
 * Errors: as trio_stream_receive_some(), and %TRIO_ERROR_CLOSED_RESOURCE after trio_stream_send_eof().
 *
 * Returns: %TRUE if all was sent
 */
TRIO_API gboolean trio_stream_send_all     (TrioStream *stream, gconstpointer data, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_stream_send_all_vectors:
 * @stream: a stream
 * @vectors: pieces of what is to be sent, in their order; less than 2 GiB together
 * @n_vectors: how many
 * @error: where it says why not
 *
 * trio_stream_send_all() of what lies in several places, such as a header and a body ("gathering"): TCP, unix sockets and pipes hand them
 * to the system in one call, as writev(2); other streams join them first. Checkpoint. Errors: as trio_stream_send_all();
 * %TRIO_ERROR_MISUSE if there is too much.
 *
 * Returns: %TRUE if all was sent
 */
TRIO_API gboolean trio_stream_send_all_vectors (TrioStream *stream, const TrioOutputVector *vectors, guint n_vectors, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_stream_send_file:
 * @stream: a stream
 * @file: open for reading; its position neither matters nor moves
 * @offset: from which place of it, in bytes
 * @size: how many bytes; -1 for all up to its end
 * @sent: (out) (optional): how many went, also when it fails
 * @error: where it says why not
 *
 * Sends a part of a file. Over TCP, unix sockets and pipes the system does it where it can, without our touching a byte (sendfile, splice);
 * else, and over all other streams, the bytes are read and sent. Checkpoint. Like the disk, and unlike the peer, a piece that was begun is
 * waited for.
 *
 * A file may turn out shorter than @size, or become so meanwhile: then what there was is sent, and @sent says how much. Whoever has
 * promised a length to the peer compares it. What is written to @file meanwhile may or may not be sent.
 *
 * If it fails, over TCP, unix sockets and pipes exactly the first @sent bytes have gone, and unless the connection is broken one can go on
 * behind them, or close. Of other streams at least so many have gone, and the stream is only good for closing if it was its sending that
 * failed or was cancelled, as after trio_stream_send_all().
 *
 * Errors: as trio_stream_send_all(), and those of <trio/file.h>; %TRIO_ERROR_MISUSE for an @offset below 0 or a @size below -1.
 *
 * Source: sendfile(2); Python's `loop.sendfile()`.
 *
 * Returns: %TRUE if all was sent, or all that there was
 */
TRIO_API gboolean trio_stream_send_file    (TrioStream *stream, TrioFile *file, gint64 offset, gint64 size, gint64 *sent, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_stream_send_eof:
 * @stream: a stream, of which trio_stream_can_send_eof() is %TRUE
 * @error: where it says why not
 *
 * Says that nothing more will be sent; receiving goes on. Checkpoint. Idempotent.
 *
 * Errors: cancellation; %TRIO_ERROR_MISUSE if this kind of stream cannot end one direction only; %TRIO_ERROR_BUSY_RESOURCE if
 * another task sends; %TRIO_ERROR_CLOSED_RESOURCE, %TRIO_ERROR_BROKEN_RESOURCE as above, the latter of a connection also when a call
 * that sends has failed half-way: the end would say to the other side that this was all.
 *
 * Returns: %TRUE if it is said
 */
TRIO_API gboolean trio_stream_send_eof     (TrioStream *stream, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_stream_close:
 * @stream: a stream
 * @error: where it says why it was not a clean end
 *
 * Closes, always, even when it fails or the task is cancelled; wakes tasks that use the stream with %TRIO_ERROR_CLOSED_RESOURCE.
 * Checkpoint. Idempotent. Does not free.
 *
 * Errors: cancellation; where a kind of stream says good-bye to the other side, what went wrong then.
 *
 * Returns: %TRUE if it went well; closed it is in any case
 */
TRIO_API gboolean trio_stream_close        (TrioStream *stream, GError **error) TRIO_CHECKPOINT;

/**
 * trio_stream_free:
 * @stream: (transfer full) (nullable): a stream
 *
 * Closes at once if it is open, without a Checkpoint and without a word about errors, and frees. Never suspends.
 */
TRIO_API void     trio_stream_free         (TrioStream *stream);

/**
 * trio_stream_can_receive:
 * @stream: a stream
 *
 * What its kind can do, whatever its state. Never suspends.
 *
 * Returns: whether trio_stream_receive_some() is for it
 */
TRIO_API gboolean trio_stream_can_receive  (TrioStream *stream);

/**
 * trio_stream_can_send:
 * @stream: a stream
 *
 * What its kind can do, whatever its state. Never suspends.
 *
 * Returns: whether trio_stream_send_all() is for it
 */
TRIO_API gboolean trio_stream_can_send     (TrioStream *stream);

/**
 * trio_stream_can_send_eof:
 * @stream: a stream
 *
 * What its kind can do, whatever its state. Never suspends.
 *
 * Returns: whether trio_stream_send_eof() is for it: it can end one direction and keep the other
 */
TRIO_API gboolean trio_stream_can_send_eof (TrioStream *stream);

/**
 * trio_stapled_stream_new:
 * @send: (transfer full): a stream that sends
 * @receive: (transfer full): a stream that receives
 *
 * Makes one stream of two halves, such as the pipes to and from a child process. trio_stream_send_eof() ends @send, or closes it if it
 * cannot do one without the other. Closing closes both, @send first, even if that fails.
 *
 * Source: Trio's `trio.StapledStream`.
 *
 * Returns: (transfer full): the stream
 */
TRIO_API TrioStream *trio_stapled_stream_new (TrioStream *send, TrioStream *receive) G_GNUC_WARN_UNUSED_RESULT;

/* A kind of stream: embed TrioStream as the first member and fill a class. Every function keeps the promise of the public one with
 * its name; `free` also closes at once. What the kind cannot do is NULL: receive_some, or send_all and send_eof, or only send_eof. What it
 * has no way of its own for is NULL, too, and is done with send_all: send_file, for which sent is never NULL and size -1 or above 0, and
 * send_all_vectors. One over a socket of the run tells it: get_socket, for trio_stream_get_socket() of <trio/lowlevel/socket.h>. */
typedef struct
{
  const char *name;                          /* "TCP stream" */
  gssize   (*receive_some) (TrioStream *stream, gpointer buffer, gsize size, GError **error);
  gboolean (*send_all)     (TrioStream *stream, gconstpointer data, gsize size, GError **error);
  gboolean (*send_eof)     (TrioStream *stream, GError **error);
  gboolean (*close)        (TrioStream *stream, GError **error);
  void     (*free)         (TrioStream *stream);
  gboolean (*send_all_vectors) (TrioStream *stream, const TrioOutputVector *vectors, guint n_vectors, GError **error);
  gboolean (*send_file)    (TrioStream *stream, TrioFile *file, gint64 offset, gint64 size, gint64 *sent, GError **error);
  struct _TrioSocketHandle *(*get_socket) (TrioStream *stream);
} TrioStreamClass;

struct _TrioStream
{
  const TrioStreamClass *klass;
};

/**
 * TrioStreamHandler:
 * @stream: (transfer none): a connection; the server closes and frees it after the handler has returned
 * @data: as given to the server
 * @error: where the handler says why it failed; that stops the server
 *
 * Serves one connection, in a task of its own.
 *
 * Returns: %TRUE if it went well
 */
typedef gboolean (*TrioStreamHandler) (TrioStream *stream, gpointer data, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioStream, trio_stream_free)

G_END_DECLS
