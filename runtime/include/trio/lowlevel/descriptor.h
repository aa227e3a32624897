/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Descriptors: the numbers by which the operating system knows sockets, pipes and terminals. For a program that was given one, or has a
 * library that has some of its own. A simulated run has none, and says so: %G_IO_ERROR_NOT_SUPPORTED.
 *
 * All of it on the thread of the run. Streams over descriptors: <trio/fd-stream.h>. */

#pragma once

#include <trio/lowlevel/socket.h>

G_BEGIN_DECLS

/**
 * trio_socket_adopt:
 * @descriptor: (transfer full): a descriptor of a socket, IPv4, IPv6 or unix, stream or datagram
 * @error: where it says why not
 *
 * A socket that somebody else has made: a service manager, a parent process. It is made non-blocking, until it is closed or detached
 * (of several that are the same open file, until the last of them is), and closed on exec. When it fails, @descriptor stays the caller's, as
 * it was. Not a Checkpoint.
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

/**
 * trio_socket_get_descriptor:
 * @self: a socket
 * @error: where it says why not
 *
 * To ask the system what is not asked here. It stays the socket's: do not close it. Not a Checkpoint.
 *
 * Errors: %TRIO_ERROR_CLOSED_RESOURCE; %G_IO_ERROR_NOT_SUPPORTED in a simulated run, which has no descriptors.
 *
 * Returns: (transfer none): the descriptor, or -1
 */
TRIO_API int               trio_socket_get_descriptor (TrioSocketHandle *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

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

/**
 * trio_wait_writable:
 * @descriptor: (transfer none): as for trio_wait_readable()
 * @error: where it says why not
 *
 * Waits until writing to it would not have to wait. Checkpoint. Otherwise as trio_wait_readable(), at the same time as which it
 * may be.
 *
 * Errors: those of trio_wait_readable().
 *
 * Returns: %TRUE if it is writable
 */
TRIO_API gboolean          trio_wait_writable       (int descriptor, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_notify_closing:
 * @descriptor: (transfer none): one that is about to be closed
 *
 * Tasks that wait for it by trio_wait_readable() or trio_wait_writable() wake up with %TRIO_ERROR_CLOSED_RESOURCE. From inside a
 * run. Never suspends.
 *
 * Source: Trio's `trio.lowlevel.notify_closing`.
 */
TRIO_API void              trio_notify_closing      (int descriptor);

G_END_DECLS
