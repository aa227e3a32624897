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
 * run. After Trio's `trio.socket` and `trio.lowlevel`. Descriptors of the system: <trio/lowlevel/descriptor.h>; sending open sockets,
 * pipes and files to another process: <trio/lowlevel/passing.h>. */

#pragma once

#include <trio/address.h>
#include <trio/file.h>
#include <trio/seam/io.h>
#include <trio/select.h>
#include <trio/types.h>

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

/**
 * trio_socket_pair:
 * @kind: stream or datagram
 * @ends: (out) (transfer full): two sockets; written only on success
 * @error: where it says why not
 *
 * Two unix sockets, connected with each other. Not a Checkpoint.
 *
 * Errors: %G_IO_ERROR, such as %G_IO_ERROR_TOO_MANY_OPEN_FILES.
 *
 * Returns: %TRUE if both are there
 */
TRIO_API gboolean          trio_socket_pair  (TrioSocketKind kind, TrioSocketHandle *ends[2], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_socket_handle_ref:
 * @self: a socket
 *
 * One reference more. Never suspends.
 *
 * Returns: (transfer full): @self
 */
TRIO_API TrioSocketHandle *trio_socket_handle_ref   (TrioSocketHandle *self);

/**
 * trio_socket_handle_unref:
 * @self: (transfer full): a socket
 *
 * One reference less; with the last one it is closed, if nobody has done so, and freed. Never suspends.
 */
TRIO_API void              trio_socket_handle_unref (TrioSocketHandle *self);

/**
 * trio_socket_close:
 * @self: a socket
 *
 * Closes at once; tasks that wait wake up with %TRIO_ERROR_CLOSED_RESOURCE. Never suspends. Idempotent. Does not free.
 */
TRIO_API void              trio_socket_close        (TrioSocketHandle *self);

/**
 * trio_socket_is_open:
 * @self: a socket
 *
 * Not a Checkpoint.
 *
 * Returns: whether it was neither closed nor detached
 */
TRIO_API gboolean          trio_socket_is_open      (TrioSocketHandle *self);

/**
 * trio_socket_get_kind:
 * @self: an open socket
 * @family: (out) (optional): of addresses
 *
 * What it was opened as, or found to be when it was adopted. Not a Checkpoint.
 *
 * Returns: its kind
 */
TRIO_API TrioSocketKind    trio_socket_get_kind     (TrioSocketHandle *self, TrioAddressFamily *family);

/**
 * trio_socket_is_readable:
 * @self: a socket
 *
 * Whether receiving, or accepting, would not have to wait now, since there is something, or an end, or an error. Not a Checkpoint.
 *
 * Returns: whether that is so; %FALSE of one that is closed
 */
TRIO_API gboolean          trio_socket_is_readable  (TrioSocketHandle *self);

/**
 * trio_socket_has_shut_send:
 * @self: a socket
 *
 * Whether it was said that nothing more is sent, by trio_socket_shutdown(). Not a Checkpoint.
 *
 * Returns: whether that is so, also of one that is closed by now
 */
TRIO_API gboolean          trio_socket_has_shut_send (TrioSocketHandle *self);

/**
 * trio_socket_bind:
 * @self: a socket
 * @address: (transfer none): where it is to be found; port 0 for one that is free
 * @errnum: (out) (optional): see above
 * @error: where it says why not
 *
 * Gives it an address of its own. Not a Checkpoint.
 *
 * Errors: %TRIO_ERROR_CLOSED_RESOURCE; %G_IO_ERROR, such as %G_IO_ERROR_ADDRESS_IN_USE, naming the address.
 *
 * Returns: %TRUE if it has the address
 */
TRIO_API gboolean          trio_socket_bind         (TrioSocketHandle *self, const TrioAddress *address, int *errnum, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_socket_listen:
 * @self: a stream socket that has an address
 * @backlog: so many clients may have connected that nobody has accepted yet; the system may make it less
 * @errnum: (out) (optional): see above
 * @error: where it says why not
 *
 * Clients may connect from now on. Not a Checkpoint.
 *
 * Errors: %TRIO_ERROR_CLOSED_RESOURCE; %G_IO_ERROR, naming the address.
 *
 * Returns: %TRUE if it listens
 */
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

/**
 * trio_socket_get_option:
 * @self: a socket
 * @option: which
 * @value: (out): its value; for those that are on or off, 0 is off. Written only on success
 * @error: where it says why not
 *
 * What an option is set to. That may be another value than was set: a system rounds sizes of buffers. Not a Checkpoint.
 *
 * Errors: those of trio_socket_set_option().
 *
 * Returns: %TRUE if @value is filled
 */
TRIO_API gboolean          trio_socket_get_option   (TrioSocketHandle *self, TrioSocketOption option, int *value, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_socket_get_address:
 * @self: a socket
 * @remote: %TRUE for the peer's, %FALSE for its own
 * @address: (out): the address
 *
 * Not a Checkpoint.
 *
 * Returns: %FALSE, with @address untouched, if there is none, or the socket is closed
 */
TRIO_API gboolean          trio_socket_get_address  (TrioSocketHandle *self, gboolean remote, TrioAddress *address);

/**
 * trio_socket_connect:
 * @self: a socket
 * @address: where to
 * @errnum: (out) (optional): see above
 * @error: where it says why not
 *
 * Of a datagram socket it names the peer, and nothing is sent. Checkpoint. Whatever goes wrong, a cancellation included, @self is closed
 * then, since nobody knows what state it is in; but not if another task is just using it.
 *
 * Errors: cancellation; %TRIO_ERROR_CLOSED_RESOURCE; %TRIO_ERROR_BUSY_RESOURCE; %G_IO_ERROR.
 *
 * Returns: %TRUE if it is connected
 */
TRIO_API gboolean          trio_socket_connect      (TrioSocketHandle *self, const TrioAddress *address, int *errnum, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_accept:
 * @self: a listening socket
 * @errnum: (out) (optional): see above
 * @error: where it says why not
 *
 * Waits for the next connection. A client that has gone away again is passed over. Checkpoint. A cancellation loses no client.
 *
 * Errors: cancellation; %TRIO_ERROR_CLOSED_RESOURCE; %TRIO_ERROR_BUSY_RESOURCE; %G_IO_ERROR, of which
 * %G_IO_ERROR_TOO_MANY_OPEN_FILES and %G_IO_ERROR_NO_SPACE are such after which it may be tried again.
 *
 * Returns: (transfer full): the connection, or %NULL
 */
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
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE, %TRIO_ERROR_CLOSED_RESOURCE; %TRIO_ERROR_BROKEN_RESOURCE if the connection is gone, in
 * this call and all later ones, also if it was sending that found it (the system tells it once, and an end of the stream from then on);
 * %G_IO_ERROR_CONNECTION_REFUSED if a datagram sent before has met nobody.
 *
 * Returns: how many bytes; of a stream, 0 is its end; -1 on error
 */
TRIO_API gssize            trio_socket_receive      (TrioSocketHandle *self, gpointer buffer, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_peek:
 * @self: a connected socket
 * @buffer: where the bytes go
 * @size: how many fit
 * @error: where it says why not
 *
 * What trio_socket_receive() would give, which stays there for it (MSG_PEEK). Checkpoint.
 *
 * Errors: those of trio_socket_receive().
 *
 * Returns: how many bytes; of a stream, 0 is its end; -1 on error
 */
TRIO_API gssize            trio_socket_peek         (TrioSocketHandle *self, gpointer buffer, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_receive_from:
 * @self: a socket
 * @buffer: where the bytes go
 * @size: how many fit
 * @from: (out) (optional): who sent it; its bytes are 0 if the sender has no name
 * @full_size: (out) (optional): how large the datagram was, which may be more than @size; of a stream, what was received
 * @error: where it says why not
 *
 * Of a datagram socket one datagram, and what does not fit is lost; of a stream what is there. Descriptors that travelled with it are
 * closed (<trio/lowlevel/passing.h> takes them). Checkpoint. A cancellation loses none.
 *
 * Errors: those of trio_socket_receive().
 *
 * Source: recvfrom(2).
 *
 * Returns: how many bytes are in @buffer, 0 for an empty datagram or the end of a stream; -1 on error
 */
TRIO_API gssize            trio_socket_receive_from (TrioSocketHandle *self, gpointer buffer, gsize size, TrioAddress *from,
                                                     gsize *full_size, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_receive_vectors:
 * @self: a socket
 * @vectors: where the bytes go: one is filled after the other
 * @n_vectors: how many
 * @from: (out) (optional): as of trio_socket_receive_from()
 * @full_size: (out) (optional): as of trio_socket_receive_from()
 * @error: where it says why not
 *
 * trio_socket_receive_from() into several places ("scattering"). Checkpoint.
 *
 * Errors: those of trio_socket_receive_from().
 *
 * Returns: how many bytes are in @vectors together; -1 on error
 */
TRIO_API gssize            trio_socket_receive_vectors (TrioSocketHandle *self, const TrioInputVector *vectors, guint n_vectors,
                                                        TrioAddress *from, gsize *full_size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_send:
 * @self: a connected socket
 * @data: the bytes
 * @size: how many
 * @error: where it says why not
 *
 * Sends some of the bytes, at least one if there are any; of a datagram socket all or nothing. Checkpoint. If it fails, nothing
 * was sent.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE; %TRIO_ERROR_CLOSED_RESOURCE, also after trio_socket_shutdown() of this
 * direction; %TRIO_ERROR_BROKEN_RESOURCE of a stream whose connection is gone; %G_IO_ERROR for all else that the system says, such as
 * %G_IO_ERROR_MESSAGE_TOO_LARGE, or %G_IO_ERROR_CONNECTION_REFUSED if a datagram sent before has met nobody.
 *
 * Returns: how many; -1 on error
 */
TRIO_API gssize            trio_socket_send         (TrioSocketHandle *self, gconstpointer data, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_send_to:
 * @self: a datagram socket
 * @data: the bytes
 * @size: how many; may be 0
 * @to: (transfer none): where to
 * @error: where it says why not
 *
 * Sends a datagram to an address, whole or not at all. Checkpoint.
 *
 * Errors: those of trio_socket_send(); %G_IO_ERROR_NO_SPACE (or %G_IO_ERROR_FAILED with the words for ENOBUFS) if a unix socket
 * there has no room: nothing tells when it has; connect with it to wait for that.
 *
 * Returns: how many bytes; -1 on error
 */
TRIO_API gssize            trio_socket_send_to      (TrioSocketHandle *self, gconstpointer data, gsize size, const TrioAddress *to,
                                                     GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_send_vectors:
 * @self: a socket
 * @vectors: pieces of what is to be sent, in their order
 * @n_vectors: how many
 * @to: (nullable): where to; %NULL for the peer that it is connected with
 * @error: where it says why not
 *
 * Sends from several places at once ("gathering"): of a stream some of the bytes, of a datagram socket all of them as one
 * datagram. Checkpoint.
 *
 * Errors: those of trio_socket_send(); with @to those of trio_socket_send_to().
 *
 * Source: sendmsg(2).
 *
 * Returns: how many bytes; -1 on error
 */
TRIO_API gssize            trio_socket_send_vectors (TrioSocketHandle *self, const TrioOutputVector *vectors, guint n_vectors,
                                                     const TrioAddress *to, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_send_all_vectors:
 * @self: a connected stream socket
 * @vectors: pieces of what is to be sent, in their order
 * @n_vectors: how many
 * @error: where it says why not
 *
 * Sends all of them, in as few calls of the system as it lets us. Checkpoint. If it fails after some bytes have gone, the socket
 * is only good for receiving and for closing.
 *
 * Errors: those of trio_socket_send_all().
 *
 * Returns: %TRUE if all was sent
 */
TRIO_API gboolean          trio_socket_send_all_vectors (TrioSocketHandle *self, const TrioOutputVector *vectors, guint n_vectors,
                                                         GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_send_all:
 * @self: a connected stream socket
 * @data: the bytes
 * @size: how many
 * @error: where it says why not
 *
 * Sends all bytes, waiting while the peer does not read. Checkpoint. If it fails after some bytes have gone, the socket is only
 * good for receiving and for closing.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE; %TRIO_ERROR_CLOSED_RESOURCE, also after trio_socket_shutdown() of this
 * direction; %TRIO_ERROR_BROKEN_RESOURCE if the connection is gone, or an earlier call failed half-way.
 *
 * Returns: %TRUE if all was sent
 */
TRIO_API gboolean          trio_socket_send_all     (TrioSocketHandle *self, gconstpointer data, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_send_file:
 * @self: a connected stream socket
 * @file: open for reading; its position neither matters nor moves
 * @offset: from which place of it, in bytes
 * @size: how many bytes; -1 for all up to its end
 * @sent: (out): how many went, also when it fails
 * @error: where it says why not
 *
 * Sends a part of a file, as trio_stream_send_file(). Checkpoint.
 *
 * Errors: those of trio_socket_send_all(), and those of <trio/file.h>; %TRIO_ERROR_MISUSE of a datagram socket.
 *
 * Source: sendfile(2).
 *
 * Returns: %TRUE if all was sent, or all that there was
 */
TRIO_API gboolean          trio_socket_send_file    (TrioSocketHandle *self, TrioFile *file, gint64 offset, gint64 size, gint64 *sent,
                                                     GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_shutdown:
 * @self: a connected socket
 * @how: which direction, or both
 * @error: where it says why not
 *
 * Nothing more is received, or sent, or both; what is sent here is at its end for the peer. A task that waits to receive finds the end
 * of the stream, and one that waits to send fails with %TRIO_ERROR_CLOSED_RESOURCE. Not a Checkpoint.
 *
 * Errors: %TRIO_ERROR_CLOSED_RESOURCE; %G_IO_ERROR, such as %G_IO_ERROR_NOT_CONNECTED.
 *
 * Returns: %TRUE if it is done
 */
TRIO_API gboolean          trio_socket_shutdown     (TrioSocketHandle *self, TrioSocketShut how, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_socket_wait_readable:
 * @self: a socket
 * @error: where it says why not
 *
 * Waits until receiving, or accepting, would not have to wait; it may have to all the same, if something happens between.
 * Checkpoint.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE if another task uses this direction; %TRIO_ERROR_CLOSED_RESOURCE.
 *
 * Returns: %TRUE if it is readable
 */
TRIO_API gboolean          trio_socket_wait_readable (TrioSocketHandle *self, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_case_readable:
 * @socket: (nullable): a socket; it must not be freed before the select returns
 *
 * A case of trio_select() (<trio/select.h>) that waits as trio_socket_wait_readable() does. Nothing is received: what there is stays for who
 * receives next. While the select waits it is one who receives. That of a stream is trio_stream_get_socket(); what a buffered stream has
 * taken already it does not see.
 *
 * Returns: the case, which fails as trio_socket_wait_readable() does
 */
TRIO_API TrioSelectCase    trio_case_readable       (TrioSocketHandle *socket) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_socket_wait_writable:
 * @self: a socket
 * @error: where it says why not
 *
 * Waits until sending would not have to wait; it may have to all the same, if something happens between. Checkpoint.
 *
 * Errors: those of trio_socket_wait_readable().
 *
 * Returns: %TRUE if it is writable
 */
TRIO_API gboolean          trio_socket_wait_writable (TrioSocketHandle *self, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_stream_new:
 * @socket: (transfer full): a connected stream socket, TCP or unix
 *
 * A stream over a socket that was made, accepted, adopted or received by hand. Closing and freeing the stream closes the socket. Not
 * a Checkpoint.
 *
 * Source: Trio's `trio.SocketStream`.
 *
 * Returns: (transfer full): the stream
 */
TRIO_API TrioStream       *trio_socket_stream_new   (TrioSocketHandle *socket) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_socket_listener_new:
 * @socket: (transfer full): a listening socket, TCP or unix
 *
 * A listener over a socket that was made or adopted by hand, as one that a service manager holds. Closing and freeing the listener
 * closes the socket; the name of a unix socket stays. Not a Checkpoint.
 *
 * Source: Trio's `trio.SocketListener`.
 *
 * Returns: (transfer full): the listener
 */
TRIO_API TrioListener     *trio_socket_listener_new (TrioSocketHandle *socket) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_stream_get_socket:
 * @stream: a stream
 *
 * What is underneath, to set options, to ask for addresses or the descriptor, or to wait: it is the stream's, and lives as long. Do
 * not send or receive with it while the stream does. Of a pipe or a terminal its kind is %TRIO_SOCKET_PIPE. Not a Checkpoint.
 *
 * Source: the attribute `socket` of Trio's `trio.SocketStream`.
 *
 * Returns: (transfer none) (nullable): the socket; %NULL of a stream that has none, such as one in memory
 */
TRIO_API TrioSocketHandle *trio_stream_get_socket   (TrioStream *stream);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSocketHandle, trio_socket_handle_unref)

G_END_DECLS
