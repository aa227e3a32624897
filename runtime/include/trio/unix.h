/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Unix sockets: connecting and serving within one machine, by a path. */

#pragma once

#include <trio/stream.h>
#include <trio/tcp.h>

G_BEGIN_DECLS

/**
 * trio_open_unix_stream:
 * @path: a path, or "@name" for a name in Linux' abstract name space
 * @error: where it says why not
 *
 * Connects. Checkpoint. Nobody is waited for: a listener whose line is full refuses, since no system tells when it is not any more.
 *
 * Errors: cancellation; %G_IO_ERROR_NOT_FOUND if there is no such path; %G_IO_ERROR_CONNECTION_REFUSED if nobody listens there (the
 * file may be left over from a server that has crashed); %G_IO_ERROR_PERMISSION_DENIED; %G_IO_ERROR_FILENAME_TOO_LONG;
 * %G_IO_ERROR_INVALID_ARGUMENT for an empty @path.
 *
 * Returns: (transfer full): a stream, or %NULL
 */
TRIO_API TrioStream   *trio_open_unix_stream   (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_open_unix_listener:
 * @path: a path, or "@name" for a name in Linux' abstract name space
 * @options: (nullable): @backlog and @mode count
 * @error: where it says why not
 *
 * Binds and listens. A socket file at @path at which nobody listens any more, as a crashed server leaves it, is replaced; a living
 * server is not, and neither is a file that is no socket. trio_listener_close() removes the file, if it still is the same one. (Two
 * servers that replace the same left-over file at the same moment may both believe that they have it: let one supervisor start them.)
 * Checkpoint.
 *
 * Errors: cancellation; %G_IO_ERROR_ADDRESS_IN_USE if somebody listens there, or if the file is no socket, which the message tells;
 * %G_IO_ERROR_NOT_FOUND if there is no such directory; %G_IO_ERROR_PERMISSION_DENIED; %G_IO_ERROR_FILENAME_TOO_LONG;
 * %G_IO_ERROR_INVALID_ARGUMENT for an empty @path.
 *
 * Returns: (transfer full): a listener, or %NULL
 */
TRIO_API TrioListener *trio_open_unix_listener (const char *path, const TrioListenerOptions *options, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_serve_unix_full:
 * @handler: serves one connection
 * @data: what @handler gets
 * @path: where to listen
 * @handler_name: (nullable): the name of the handlers' tasks, copied; %NULL for "task"
 * @error: where it says why it ended
 *
 * trio_serve_unix() with a name. Checkpoint.
 *
 * Errors: those of trio_open_unix_listener() and trio_serve_listener().
 *
 * Returns: %TRUE if it was asked to end gracefully and all handlers have finished
 */
TRIO_API gboolean      trio_serve_unix_full    (TrioStreamHandler handler, gpointer data, const char *path, const char *handler_name,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_serve_unix:
 * @handler: serves one connection
 * @data: what @handler gets
 * @path: where to listen
 * @error: where it says why it ended
 *
 * trio_open_unix_listener() and trio_serve_listener() in one. Checkpoint.
 *
 * Returns: %TRUE if it was asked to end gracefully and all handlers have finished
 */
#define trio_serve_unix(handler, data, path, error) (trio_serve_unix_full ((handler), (data), (path), #handler, (error)))

/**
 * trio_unix_stream_pair:
 * @one: (out) (transfer full): one end
 * @other: (out) (transfer full): the other
 * @error: where it says why not
 *
 * Two streams connected with each other by the system: what is sent into one is received from the other. Not a Checkpoint.
 *
 * Errors: %G_IO_ERROR_TOO_MANY_OPEN_FILES.
 *
 * Returns: %TRUE if both are there
 */
TRIO_API gboolean      trio_unix_stream_pair   (TrioStream **one, TrioStream **other, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
