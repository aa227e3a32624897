/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Sockets at the height of the system call, for what <trio/tcp.h>, <trio/udp.h> and <trio/unix.h> do not do. The same in the real and
 * the simulated world.
 *
 * Always true:
 *  1. One task does each direction of a socket at a time: a second one gets BUSY_RESOURCE. The two directions do not disturb each other.
 *  2. An operation attempts first, and waits only where the system says "not now". A cancellation loses no bytes that were received.
 *  3. After trio_socket_close() everything is CLOSED_RESOURCE, also for a task that was about to go on: it never touches a descriptor
 *     that belongs to somebody else by now.
 *
 * Urgent ("out-of-band") data of TCP cannot be sent. An urgent byte of a peer is taken out of the stream by the system and lost,
 * unless the socket says %TRIO_SOCKET_OUT_OF_BAND_INLINE: then it is a byte like the others. It makes a socket readable in no other
 * way. RFC 6093 advises programs not to use it; the simulated world has none.
 *
 * Where there is an errnum it gets the system's errno, or 0 if something else went wrong; it may be NULL. All of it on the thread of the
 * run. After Trio's `trio.socket` and `trio.lowlevel`. */

#pragma once

#include <trio/address.h>
#include <trio/file.h>
#include <trio/seam/io.h>

G_BEGIN_DECLS

/* A socket, counted: an operation under way keeps it alive, also when it is closed meanwhile. */
typedef struct _TrioSocketHandle TrioSocketHandle;

typedef enum
{
  TRIO_SOCKET_SHUT_RECEIVE,
  TRIO_SOCKET_SHUT_SEND,
  TRIO_SOCKET_SHUT_BOTH,
} TrioSocketShut;

/**
 * trio_socket_open:
 * @family: of addresses
 * @kind: stream (TCP, or unix) or datagram (UDP, or unix)
 * @errnum: (out) (optional): see above
 * @error: where it says why not
 *
 * Not a Checkpoint. Errors: %G_IO_ERROR, such as %G_IO_ERROR_TOO_MANY_OPEN_FILES.
 *
 * Returns: (transfer full): a socket, not bound and not connected, or %NULL
 */
TRIO_API TrioSocketHandle *trio_socket_open  (TrioAddressFamily family, TrioSocketKind kind, int *errnum, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* Two unix sockets, connected with each other. Not a Checkpoint. */
TRIO_API gboolean          trio_socket_pair  (TrioSocketKind kind, TrioSocketHandle *ends[2], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_socket_adopt:
 * @descriptor: (transfer full): a descriptor of a socket, IPv4, IPv6 or unix, stream or datagram
 * @error: where it says why not
 *
 * A socket that somebody else has made: a service manager, a parent process. It is made non-blocking, until it is closed or detached,
 * and closed on exec. When it fails, @descriptor stays the caller's, as it was. Not a Checkpoint.
 *
 * Errors: %G_IO_ERROR if it is no such socket; %G_IO_ERROR_NOT_SUPPORTED in a simulated run, which has no descriptors.
 *
 * Returns: (transfer full): a socket, or %NULL
 */
TRIO_API TrioSocketHandle *trio_socket_adopt (int descriptor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_socket_detach:
 * @self: an open socket that no task is using
 * @error: where it says why not
 *
 * Gives the descriptor away: it is the caller's, and @self is as if closed, but that nothing was said to the peer. One that was adopted
 * blocks again if it did; one that was made here does not block. Not a Checkpoint.
 *
 * Errors: %TRIO_ERROR_CLOSED_RESOURCE; %TRIO_ERROR_BUSY_RESOURCE; %G_IO_ERROR_NOT_SUPPORTED in a simulated run.
 *
 * Returns: the descriptor, or -1
 */
TRIO_API int               trio_socket_detach         (TrioSocketHandle *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The descriptor, which stays the socket's, to ask the system what is not asked here; -1 on error: closed, or a simulated run. */
TRIO_API int               trio_socket_get_descriptor (TrioSocketHandle *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

TRIO_API TrioSocketHandle *trio_socket_handle_ref   (TrioSocketHandle *self);
/* Closes with the last reference, if nobody has done so. */
TRIO_API void              trio_socket_handle_unref (TrioSocketHandle *self);

/* Closes at once; tasks that wait wake up with CLOSED_RESOURCE. Idempotent. Never suspends. */
TRIO_API void              trio_socket_close        (TrioSocketHandle *self);
TRIO_API gboolean          trio_socket_is_open      (TrioSocketHandle *self);
/* What it was opened as, or found to be when it was adopted; family may be NULL. It must be open. */
TRIO_API TrioSocketKind    trio_socket_get_kind     (TrioSocketHandle *self, TrioAddressFamily *family);
/* Whether receiving, or accepting, would not have to wait now, since there is something, or an end, or an error. Not a Checkpoint. */
TRIO_API gboolean          trio_socket_is_readable  (TrioSocketHandle *self);
/* Whether trio_socket_shutdown() has said that nothing more is sent. */
TRIO_API gboolean          trio_socket_has_shut_send (TrioSocketHandle *self);

/* Not Checkpoints; errors are CLOSED_RESOURCE and G_IO_ERROR, which names the address. */
TRIO_API gboolean          trio_socket_bind         (TrioSocketHandle *self, const TrioAddress *address, int *errnum, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
TRIO_API gboolean          trio_socket_listen       (TrioSocketHandle *self, int backlog, int *errnum, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_socket_set_option:
 * @self: a socket
 * @option: which; those of addresses and buffers count before bind, connect and listen. What a listening TCP socket has is set for those
 *   that it accepts
 * @value: its value; for those that are on or off, 0 or 1
 * @error: (nullable): where it says why not
 *
 * %TRIO_SOCKET_LINGER (SO_LINGER of socket(7)) says what closing a TCP connection does. -1, which is how it begins: what was sent
 * still goes out, then comes the end of the stream (or a reset, if bytes were left unread here). 0: a reset, and what was sent and has not
 * arrived may be lost; the peer still receives what had arrived, then gets %TRIO_ERROR_BROKEN_RESOURCE (ECONNRESET). Where both directions
 * had ended before, there is nothing to reset; where only this one had, the peer finds the end of the stream, and cannot send. A number
 * of seconds is %G_IO_ERROR_NOT_SUPPORTED: Linux waits for them in close(), of a socket that does not block, too, and with the thread all
 * tasks would wait. Say trio_socket_shutdown() instead, and receive until the end, with a deadline. A socket that was
 * adopted with one keeps it until it is set. Sockets that are not TCP's take the option, and it does nothing.
 *
 * Not a Checkpoint. Errors: %TRIO_ERROR_CLOSED_RESOURCE; %G_IO_ERROR if this kind of socket, or this world, does not know the option;
 * %G_IO_ERROR_INVALID_ARGUMENT for a linger below -1.
 *
 * Returns: %TRUE if it is set
 */
TRIO_API gboolean          trio_socket_set_option   (TrioSocketHandle *self, TrioSocketOption option, int value, GError **error);
/* The value may be another one than was set: a system rounds sizes of buffers. */
TRIO_API gboolean          trio_socket_get_option   (TrioSocketHandle *self, TrioSocketOption option, int *value, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* Its own address, or the peer's. FALSE, with address untouched, if there is none, or it is closed. */
TRIO_API gboolean          trio_socket_get_address  (TrioSocketHandle *self, gboolean remote, TrioAddress *address);

/**
 * trio_socket_connect:
 * @self: a socket
 * @address: where to
 * @errnum: (out) (optional): see above
 * @error: where it says why not
 *
 * Of a datagram socket it names the peer, and nothing is sent. Checkpoint. Whatever goes wrong, a cancellation included, @self is closed
 * then: nobody knows what state it is in.
 *
 * Errors: cancellation; %TRIO_ERROR_CLOSED_RESOURCE; %TRIO_ERROR_BUSY_RESOURCE; %G_IO_ERROR.
 *
 * Returns: %TRUE if it is connected
 */
TRIO_API gboolean          trio_socket_connect      (TrioSocketHandle *self, const TrioAddress *address, int *errnum, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* The next connection, which is the caller's; a client that has gone away again is passed over. Checkpoint. Errors: as
 * trio_socket_connect(); of G_IO_ERROR those for which trio_socket_accept() may be tried again are TOO_MANY_OPEN_FILES and NO_SPACE. */
TRIO_API TrioSocketHandle *trio_socket_accept       (TrioSocketHandle *self, int *errnum, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_receive:
 * @self: a connected socket
 * @buffer: where the bytes go
 * @size: how many fit
 * @error: where it says why not
 *
 * Of a stream what is there; of a datagram socket one datagram, and what does not fit is lost. Checkpoint.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE, %TRIO_ERROR_CLOSED_RESOURCE; %TRIO_ERROR_BROKEN_RESOURCE if the connection is gone;
 * %G_IO_ERROR_CONNECTION_REFUSED if a datagram sent before has met nobody.
 *
 * Returns: how many bytes; of a stream, 0 is its end; -1 on error
 */
TRIO_API gssize            trio_socket_receive      (TrioSocketHandle *self, gpointer buffer, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* What trio_socket_receive() would give, which stays there for it (MSG_PEEK). Checkpoint. Errors: the same; G_IO_ERROR of a pipe. */
TRIO_API gssize            trio_socket_peek         (TrioSocketHandle *self, gpointer buffer, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* As trio_socket_receive(); from says who sent it (its bytes are 0 if the sender has no name), and full_size how large the datagram was. Both may be
 * NULL. Errors of the system are G_IO_ERROR. Checkpoint. */
TRIO_API gssize            trio_socket_receive_from (TrioSocketHandle *self, gpointer buffer, gsize size, TrioAddress *from,
                                                     gsize *full_size, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* The same into several places, of which one is filled after the other (recvmsg). Checkpoint. */
TRIO_API gssize            trio_socket_receive_vectors (TrioSocketHandle *self, const TrioInputVector *vectors, guint n_vectors,
                                                        TrioAddress *from, gsize *full_size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* Sends some of the bytes, at least one if there are any; of a datagram socket all or nothing. Returns how many, -1 on error: as
 * trio_socket_receive(). Checkpoint. */
TRIO_API gssize            trio_socket_send         (TrioSocketHandle *self, gconstpointer data, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* A datagram to an address. G_IO_ERROR_NO_SPACE (or FAILED with errno ENOBUFS): a unix socket there has no room, and nothing tells
 * when it has; connect with it to wait for that. Checkpoint. */
TRIO_API gssize            trio_socket_send_to      (TrioSocketHandle *self, gconstpointer data, gsize size, const TrioAddress *to,
                                                     GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* From several places at once (sendmsg): of a stream some of the bytes, of a datagram socket all of them as one datagram. To is NULL for
 * the peer that it is connected with. Errors: as trio_socket_send(), or trio_socket_send_to(). Checkpoint. */
TRIO_API gssize            trio_socket_send_vectors (TrioSocketHandle *self, const TrioOutputVector *vectors, guint n_vectors,
                                                     const TrioAddress *to, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* All of them, of a stream: as trio_stream_send_all_vectors(). Checkpoint. */
TRIO_API gboolean          trio_socket_send_all_vectors (TrioSocketHandle *self, const TrioOutputVector *vectors, guint n_vectors,
                                                         GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* All of the bytes, of a stream: as trio_stream_send_all(). Checkpoint. */
TRIO_API gboolean          trio_socket_send_all     (TrioSocketHandle *self, gconstpointer data, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* A part of a file, by a stream socket (else MISUSE): as trio_stream_send_file(), and sent is not NULL. Checkpoint. */
TRIO_API gboolean          trio_socket_send_file    (TrioSocketHandle *self, TrioFile *file, gint64 offset, gint64 size, gint64 *sent,
                                                     GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_send_sockets:
 * @self: a connected unix socket
 * @data: bytes to go with them; at least 1
 * @size: how many
 * @sockets: what to send: at most %TRIO_SOCKET_PASSED_MAX, none of them in use by a task, none of them @self
 * @n_sockets: how many
 * @error: where it says why not
 *
 * Sends sockets to another process, or task. They are the receiver's then: on success they are closed here; on failure they are as they
 * were. They go with the first byte; of a stream, the count may be less than @size, and the rest goes with trio_socket_send_all().
 * Checkpoint.
 *
 * Errors: as trio_socket_send(); %TRIO_ERROR_BUSY_RESOURCE if one of @sockets is in use; %TRIO_ERROR_MISUSE.
 *
 * Returns: how many bytes; -1 on error
 */
TRIO_API gssize            trio_socket_send_sockets (TrioSocketHandle *self, gconstpointer data, gsize size,
                                                     TrioSocketHandle *const *sockets, guint n_sockets, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_receive_sockets:
 * @self: a unix socket
 * @buffer: where the bytes go; at least 1
 * @size: how many fit
 * @sockets: (out) (transfer full): room for %TRIO_SOCKET_PASSED_MAX
 * @n_sockets: (out): how many came
 * @error: where it says why not
 *
 * As trio_socket_receive(), and takes the sockets that came with the bytes. Checkpoint.
 *
 * Errors: as trio_socket_receive(); %G_IO_ERROR_MESSAGE_TOO_LARGE if more came, or descriptors that are no sockets: the bytes and all
 * that came with them are lost then.
 *
 * Returns: how many bytes; -1 on error, and nothing came
 */
TRIO_API gssize            trio_socket_receive_sockets (TrioSocketHandle *self, gpointer buffer, gsize size,
                                                        TrioSocketHandle **sockets, guint *n_sockets, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* Nothing more is received, or sent, or both; what is sent here is at its end for the peer. Not a Checkpoint. */
TRIO_API gboolean          trio_socket_shutdown     (TrioSocketHandle *self, TrioSocketShut how, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* Until receiving (or accepting), or sending, would not have to wait; it may have to all the same, if something happens between.
 * Checkpoint. Errors: cancellation; BUSY_RESOURCE; CLOSED_RESOURCE. */
TRIO_API gboolean          trio_socket_wait_readable (TrioSocketHandle *self, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
TRIO_API gboolean          trio_socket_wait_writable (TrioSocketHandle *self, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_wait_readable:
 * @descriptor: (transfer none): any descriptor that can be waited for: of a socket, a pipe, a terminal, an inotify; not of a file
 * @error: where it says why not
 *
 * For a library that has descriptors of its own. Waits until reading from it would not have to wait. Checkpoint. It must stay open
 * until then: say trio_notify_closing() before closing it. If it is closed all the same, the wait goes on, and can be cancelled.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE if another task waits for it in this direction; %TRIO_ERROR_CLOSED_RESOURCE after
 * trio_notify_closing(); %G_IO_ERROR at once if there is no such descriptor, or it cannot be waited for;
 * %G_IO_ERROR_NOT_SUPPORTED in a simulated run, which has no descriptors.
 *
 * Returns: %TRUE if it is readable
 */
TRIO_API gboolean          trio_wait_readable       (int descriptor, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
TRIO_API gboolean          trio_wait_writable       (int descriptor, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* Tasks that wait for it wake up with CLOSED_RESOURCE. Never suspends. */
TRIO_API void              trio_notify_closing      (int descriptor);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSocketHandle, trio_socket_handle_unref)

G_END_DECLS
