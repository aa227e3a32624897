/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Passing: open sockets, ends of pipes and files go to another process, or to another task, through a unix socket. The same in the real
 * and the simulated world.
 *
 *     sender                          the unix socket                    receiver
 *     socket, stream or file  ----->  beside the bytes: nobody's  ---->  a new socket, stream or file
 *     (closed once it was sent)
 *
 * Always true:
 *  1. What is passed has one owner. Once it was sent it is closed on this side, as by trio_socket_close(), trio_stream_close() or
 *     trio_file_close(), and still has to be freed; if sending fails or is cancelled it is as it was.
 *  2. What was sent and is never received is closed with the socket that it lies in, and so is what arrives with bytes that are received by a
 *     call that does not ask for it.
 *  3. It goes with the first byte sent together with it, and comes with that byte. Of a stream bytes sent before may come in the same
 *     call, those sent after do not (unix(7)).
 *
 * In the real world any process may be at the other end: what travels are descriptors of the system (SCM_RIGHTS, unix(7)). A program
 * that does not use this library gets those of sockets and pipes that were made here non-blocking, and those that were adopted as they were found.
 * What such a program sends is received as what it is: a socket (IPv4, IPv6, unix; stream or datagram), a file, or anything else
 * that can be waited for, as a stream. In the simulated world the other end is another task of the same host.
 *
 * All of it on the thread of the run. */

#pragma once

#include <trio/lowlevel/socket.h>

G_BEGIN_DECLS

typedef enum
{
  TRIO_PASSED_SOCKET,
  TRIO_PASSED_STREAM,
  TRIO_PASSED_FILE,
} TrioPassedKind;

/**
 * TrioPassed:
 * @kind: which of the others counts
 * @socket: a socket
 * @stream: sending: a stream over something that the system knows: an end of a pipe, a terminal, or a connection, which arrives as its
 *   socket. Received: of what is no socket and no file
 * @file: a file. Its position travels with it, its path does not always: trio_file_get_path() is what the system calls it
 *
 * Something that is passed.
 */
typedef struct
{
  TrioPassedKind kind;
  union
  {
    TrioSocketHandle *socket;
    TrioStream       *stream;
    TrioFile         *file;
  };
} TrioPassed;

/**
 * trio_passed_clear:
 * @self: (inout): something that was received
 *
 * Closes and frees what it holds. Never suspends. Once it was cleared, or if its pointer is %NULL, nothing happens.
 */
TRIO_API void   trio_passed_clear           (TrioPassed *self);

/**
 * trio_socket_send_passed:
 * @self: a connected unix socket
 * @data: bytes to go with it; at least 1
 * @size: how many
 * @passed: (array length=n_passed): what to send: nothing that a task is using, and not @self. It stays the caller's to free
 * @n_passed: how many: at most %TRIO_SOCKET_PASSED_MAX
 * @error: where it says why not
 *
 * Sends open sockets, streams and files. They are the receiver's then: on success they are closed here; on failure they are as they were.
 * Until it returns nobody else may use them (%TRIO_ERROR_BUSY_RESOURCE) or free a file; closing one makes it fail. Of a stream socket the
 * count may be less than @size, and the rest goes with trio_socket_send_all(). Checkpoint.
 *
 * Errors: as trio_socket_send(); %TRIO_ERROR_BUSY_RESOURCE, %TRIO_ERROR_CLOSED_RESOURCE of one of @passed; %TRIO_ERROR_MISUSE if that
 * cannot be: too many, no byte, @self, a stream that is not the system's (in memory, stapled, buffered: send its bytes instead);
 * %G_IO_ERROR_NOT_SUPPORTED if @self is no unix socket; %G_IO_ERROR_FAILED with the words for ETOOMANYREFS if too many are under way that
 * nobody has received.
 *
 * Source: sendmsg(2), unix(7); Trio's `sendmsg`.
 *
 * Returns: how many bytes; -1 on error
 */
TRIO_API gssize trio_socket_send_passed     (TrioSocketHandle *self, gconstpointer data, gsize size, const TrioPassed *passed, guint n_passed,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_receive_passed:
 * @self: a unix socket
 * @buffer: where the bytes go; at least 1
 * @size: how many fit
 * @passed: (out) (transfer full): room for %TRIO_SOCKET_PASSED_MAX; trio_passed_clear() each that came, or take it out
 * @n_passed: (out): how many came
 * @error: where it says why not
 *
 * As trio_socket_receive(), and takes what came with the bytes. Checkpoint. A cancellation loses nothing.
 *
 * Errors: as trio_socket_receive(); %G_IO_ERROR_TOO_MANY_OPEN_FILES if this process has no descriptors left for what came;
 * %G_IO_ERROR_MESSAGE_TOO_LARGE if more than %TRIO_SOCKET_PASSED_MAX came; %G_IO_ERROR_NOT_SUPPORTED if a directory or a disk came.
 * After these three the bytes and all that came with them are lost, closed, and the next call receives what follows.
 *
 * Returns: how many bytes; -1 on error, and nothing came
 */
TRIO_API gssize trio_socket_receive_passed  (TrioSocketHandle *self, gpointer buffer, gsize size, TrioPassed *passed, guint *n_passed,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_send_sockets:
 * @self: a connected unix socket
 * @data: bytes to go with them; at least 1
 * @size: how many
 * @sockets: (array length=n_sockets): what to send
 * @n_sockets: how many: at most %TRIO_SOCKET_PASSED_MAX
 * @error: where it says why not
 *
 * trio_socket_send_passed() of sockets. Checkpoint.
 *
 * Errors: those of trio_socket_send_passed().
 *
 * Returns: how many bytes; -1 on error
 */
TRIO_API gssize trio_socket_send_sockets    (TrioSocketHandle *self, gconstpointer data, gsize size, TrioSocketHandle *const *sockets,
                                             guint n_sockets, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_socket_receive_sockets:
 * @self: a unix socket
 * @buffer: where the bytes go; at least 1
 * @size: how many fit
 * @sockets: (out) (transfer full): room for %TRIO_SOCKET_PASSED_MAX
 * @n_sockets: (out): how many came
 * @error: where it says why not
 *
 * trio_socket_receive_passed() where nothing but sockets is wanted. Checkpoint.
 *
 * Errors: those of trio_socket_receive_passed(); %G_IO_ERROR_MESSAGE_TOO_LARGE also if something else came: the bytes and all that came
 * with them are lost then.
 *
 * Returns: how many bytes; -1 on error, and nothing came
 */
TRIO_API gssize trio_socket_receive_sockets (TrioSocketHandle *self, gpointer buffer, gsize size, TrioSocketHandle **sockets,
                                             guint *n_sockets, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TrioPassed, trio_passed_clear)

G_END_DECLS
