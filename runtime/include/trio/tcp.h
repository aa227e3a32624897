/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* TCP: connecting and serving, by host name and port. */

#pragma once

#include <trio/select.h>
#include <trio/stream.h>

G_BEGIN_DECLS

/* How long an attempt at one address may go on before the next one begins beside it (RFC 8305, section 5). */
#define TRIO_TCP_ATTEMPT_DELAY (250 * G_TIME_SPAN_MILLISECOND)

/**
 * TrioTcpOptions:
 * @attempt_delay: between the beginnings of attempts at several addresses; 0 for %TRIO_TCP_ATTEMPT_DELAY; %G_MAXINT64 for one
 *   after the other
 * @local_address: (nullable): a numeric address of this machine to connect from
 *
 * Start it from `{ 0 }`.
 */
typedef struct
{
  GTimeSpan   attempt_delay;
  const char *local_address;
} TrioTcpOptions;

/**
 * trio_open_tcp_stream:
 * @host: a name or a numeric address, IPv4 or IPv6
 * @port: a port
 * @error: where it says why not
 *
 * Looks up @host and connects to the first of its addresses that answers: happy eyeballs, RFC 8305. Checkpoint. A cancellation leaves
 * nothing open.
 *
 * Errors: cancellation; %G_RESOLVER_ERROR if there is no such host; %G_IO_ERROR if no address answers (the last refusal, with all
 * addresses tried in the message).
 *
 * Returns: (transfer full): a stream, or %NULL
 */
TRIO_API TrioStream   *trio_open_tcp_stream     (const char *host, guint16 port, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_open_tcp_stream_with:
 * @host: a name or a numeric address, IPv4 or IPv6
 * @port: a port
 * @options: (nullable): options; %NULL for the usual ones
 * @error: where it says why not
 *
 * trio_open_tcp_stream() with options. An address that is not of the local address' family counts as one that failed. Checkpoint.
 *
 * Errors: those of trio_open_tcp_stream(); %G_IO_ERROR_INVALID_ARGUMENT if the local address is not numeric;
 * %G_IO_ERROR_NOT_SUPPORTED if no address of @host is of its family.
 *
 * Returns: (transfer full): a stream, or %NULL
 */
TRIO_API TrioStream   *trio_open_tcp_stream_with (const char *host, guint16 port, const TrioTcpOptions *options, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * TrioListenerOptions:
 * @backlog: so many clients may have connected that nobody has accepted yet; 0 for 4096. The system may make it less
 *   (net.core.somaxconn)
 * @reuse_port: TCP: several listeners, of several processes, may have the same port, and the system deals the clients out among them
 *   (SO_REUSEPORT); all of them must say so
 * @mode: unix: the permissions of the socket's file, such as 0600; 0 for what the umask leaves. Who may write may connect
 *
 * Start it from `{ 0 }`.
 */
typedef struct
{
  int      backlog;
  gboolean reuse_port;
  guint    mode;
} TrioListenerOptions;

/**
 * trio_open_tcp_listener:
 * @host: (nullable): the address to listen at; %NULL for all
 * @port: a port; 0 for one that is free
 * @error: where it says why not
 *
 * Binds and listens, so that clients may connect from now on. Checkpoint.
 *
 * Errors: cancellation; %G_RESOLVER_ERROR; %G_IO_ERROR, such as %G_IO_ERROR_ADDRESS_IN_USE, naming host and port.
 *
 * Returns: (transfer full): a listener, or %NULL
 */
TRIO_API TrioListener *trio_open_tcp_listener   (const char *host, guint16 port, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_open_tcp_listener_with:
 * @host: (nullable): the address to listen at; %NULL for all
 * @port: a port; 0 for one that is free
 * @options: (nullable): options, of which @backlog and @reuse_port count; %NULL for the usual ones
 * @error: where it says why not
 *
 * trio_open_tcp_listener() with options. It has one socket for each address of @host, all at the same port; addresses that this
 * machine does not have are passed over, as long as there is one that it has. Checkpoint.
 *
 * Errors: those of trio_open_tcp_listener().
 *
 * Returns: (transfer full): a listener, or %NULL
 */
TRIO_API TrioListener *trio_open_tcp_listener_with (const char *host, guint16 port, const TrioListenerOptions *options,
                                                    GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_listener_get_port:
 * @listener: a listener
 *
 * Where clients find it, also if 0 was asked for. It does not change when the listener is closed. Never suspends.
 *
 * Returns: the port; 0 of a unix listener
 */
TRIO_API guint16       trio_listener_get_port   (TrioListener *listener);

/**
 * trio_listener_accept:
 * @listener: a listener
 * @error: where it says why not
 *
 * Waits for the next connection. A client that has gone away again is passed over. Checkpoint. A cancellation loses no client.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE if another task accepts; %TRIO_ERROR_CLOSED_RESOURCE; %G_IO_ERROR, such as
 * %G_IO_ERROR_TOO_MANY_OPEN_FILES, after which it may be tried again.
 *
 * Returns: (transfer full): the connection, or %NULL
 */
TRIO_API TrioStream   *trio_listener_accept     (TrioListener *listener, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_case_accept:
 * @listener: (nullable): a listener; it must not be freed before the select returns
 * @stream: (out) (transfer full): where the connection goes, if the case is chosen
 *
 * A case of trio_select() (<trio/select.h>) that accepts a connection. A select that chose another case, or was cancelled, has accepted nobody: the client
 * waits for who accepts next. It is one who accepts: while it waits, another gets %TRIO_ERROR_BUSY_RESOURCE. It fails as
 * trio_listener_accept() does.
 *
 * Returns: the case
 */
TRIO_API TrioSelectCase trio_case_accept        (TrioListener *listener, TrioStream **stream) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_listener_close:
 * @listener: a listener
 *
 * Closes at once, and wakes a waiting trio_listener_accept() with %TRIO_ERROR_CLOSED_RESOURCE. Of a unix listener it removes the
 * file, if that still is the same one. Connections that were accepted go on. Never suspends. Idempotent. Does not free.
 */
TRIO_API void          trio_listener_close      (TrioListener *listener);

/**
 * trio_listener_free:
 * @listener: (transfer full) (nullable): a listener
 *
 * trio_listener_close(), and frees. Never suspends. A task that waits in trio_listener_accept() fails as after a close.
 */
TRIO_API void          trio_listener_free       (TrioListener *listener);

/**
 * trio_serve_listener_full:
 * @listener: (transfer none): a listener
 * @handler: serves one connection
 * @data: what @handler gets
 * @handler_name: (nullable): the name of the handlers' tasks, copied; %NULL for "task"
 * @error: where it says why it ended
 *
 * trio_serve_listener() with a name. Checkpoint.
 *
 * Errors: those of trio_serve_listener().
 *
 * Returns: %TRUE if it was asked to end gracefully and all handlers have finished
 */
TRIO_API gboolean      trio_serve_listener_full (TrioListener *listener, TrioStreamHandler handler, gpointer data,
                                                 const char *handler_name, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_serve_tcp:
 * @handler: serves one connection
 * @data: what @handler gets
 * @host: (nullable): the address to listen at; %NULL for all
 * @port: a port
 * @error: where it says why it ended
 *
 * trio_open_tcp_listener() and trio_serve_listener() in one. Checkpoint.
 *
 * Returns: %TRUE if it was asked to end gracefully and all handlers have finished
 */
TRIO_API gboolean      trio_serve_tcp           (TrioStreamHandler handler, gpointer data, const char *host, guint16 port,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_serve_tcp_full:
 * @handler: serves one connection
 * @data: what @handler gets
 * @host: (nullable): the address to listen at; %NULL for all
 * @port: a port
 * @handler_name: (nullable): the name of the handlers' tasks, copied; %NULL for "task"
 * @error: where it says why it ended
 *
 * trio_serve_tcp() with a name. Checkpoint.
 *
 * Errors: those of trio_open_tcp_listener() and trio_serve_listener().
 *
 * Returns: %TRUE if it was asked to end gracefully and all handlers have finished
 */
TRIO_API gboolean      trio_serve_tcp_full      (TrioStreamHandler handler, gpointer data, const char *host, guint16 port,
                                                 const char *handler_name, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_serve_listener:
 * @listener: (transfer none): a listener
 * @handler: serves one connection
 * @data: what @handler gets
 * @error: where it says why it ended
 *
 * Accepts connections and runs @handler for each in a task of its own. When descriptors run out it says so once, waits 0.1 s and
 * tries again. Ends by cancellation or error: of the listener, or of a handler. Checkpoint.
 *
 * When it is asked to end gracefully (<trio/graceful.h>) it closes @listener, so that new clients are refused, waits until the handlers
 * that run have returned, and succeeds. What cancels them if they take too long is the end of the grace period.
 *
 * Returns: %TRUE if it was asked to end and all handlers have finished
 */
#define trio_serve_listener(listener, handler, data, error) \
  (trio_serve_listener_full ((listener), (handler), (data), #handler, (error)))

#define trio_serve_tcp(handler, data, host, port, error) \
  (trio_serve_tcp_full ((handler), (data), (host), (port), #handler, (error)))

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioListener, trio_listener_free)

G_END_DECLS
