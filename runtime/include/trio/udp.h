/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* UDP: datagrams, by host name and port.
 *
 * A datagram arrives whole or not at all; it may be lost, arrive twice, or be overtaken by a later one, and nobody tells the sender.
 * (The simulator does all of that when faults are injected.) An endpoint is for several tasks: one receives, any number send. */

#pragma once

#include <trio/address.h>

G_BEGIN_DECLS

/* A datagram has at most so many bytes of data over IPv4; 20 more over IPv6. What a network carries in one piece is far less: 1,232
 * bytes are safe nearly everywhere (RFC 8085, section 3.2). */
#define TRIO_UDP_SIZE_MAX 65507

typedef struct _TrioUdpEndpoint TrioUdpEndpoint;

/**
 * TrioUdpDatagram:
 * @from: who sent it
 * @size: how many bytes it had
 * @truncated: whether that was more than there was room for; the rest is lost
 */
typedef struct
{
  TrioAddress from;
  gsize       size;
  gboolean    truncated;
} TrioUdpDatagram;

/**
 * TrioUdpEndpointStatistics:
 * @n_sent: datagrams that were handed to the system
 * @bytes_sent: their bytes
 * @n_received: datagrams that were received, truncated ones included
 * @bytes_received: the bytes that they had
 * @n_truncated: those that did not fit
 * @n_refused: how often the network said that nobody is there
 * @tasks_waiting_send: tasks that wait for their turn to send
 * @open: whether it is not closed
 *
 * Since the endpoint was opened. How many datagrams were lost nobody knows.
 */
typedef struct
{
  guint64  n_sent;
  guint64  bytes_sent;
  guint64  n_received;
  guint64  bytes_received;
  guint64  n_truncated;
  guint64  n_refused;
  guint    tasks_waiting_send;
  gboolean open;
} TrioUdpEndpointStatistics;

/**
 * trio_open_udp_endpoint:
 * @host: (nullable): the address to receive at; %NULL for all
 * @port: a port; 0 for one that is free
 * @error: where it says why not
 *
 * An endpoint that talks with anybody: a server, or a client that asks several servers. It has one socket for each address of @host
 * ("localhost" is two), all at the same port. Checkpoint.
 *
 * Errors: cancellation; %G_RESOLVER_ERROR; %G_IO_ERROR, such as %G_IO_ERROR_ADDRESS_IN_USE, naming host and port.
 *
 * Returns: (transfer full): an endpoint, or %NULL
 */
TRIO_API TrioUdpEndpoint *trio_open_udp_endpoint   (const char *host, guint16 port, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_open_udp_connection:
 * @host: a name or a numeric address
 * @port: a port
 * @error: where it says why not
 *
 * An endpoint that talks with one peer: the first address of @host that there is a way to. Nothing is sent, so that nobody knows yet
 * whether the peer is there. Datagrams of others are not received. Checkpoint.
 *
 * Errors: as trio_open_udp_endpoint().
 *
 * Returns: (transfer full): an endpoint, or %NULL
 */
TRIO_API TrioUdpEndpoint *trio_open_udp_connection (const char *host, guint16 port, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_udp_endpoint_receive:
 * @endpoint: an endpoint
 * @buffer: where the bytes go
 * @size: how many fit
 * @datagram: (out) (optional): who sent it, and whether it was truncated
 * @error: where it says why not
 *
 * Waits for the next datagram. Checkpoint. A cancellation never loses one.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE if another task receives; %TRIO_ERROR_CLOSED_RESOURCE; %G_IO_ERROR_MESSAGE_TOO_LARGE
 * if it did not fit and @datagram is %NULL, so that nobody would be told: it is lost; %G_IO_ERROR_CONNECTION_REFUSED if the network
 * says that nobody was there to receive what was sent before (connections only; the next call goes on).
 *
 * Returns: how many bytes are in @buffer, 0 for an empty datagram; -1 on error
 */
TRIO_API gssize   trio_udp_endpoint_receive (TrioUdpEndpoint *endpoint, gpointer buffer, gsize size, TrioUdpDatagram *datagram,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_udp_endpoint_send:
 * @endpoint: an endpoint made by trio_open_udp_connection()
 * @data: the bytes
 * @size: how many; may be 0
 * @error: where it says why not
 *
 * Sends one datagram to the peer. Checkpoint. If it fails, nothing was sent, and the next one may go well. Several tasks may send at
 * the same time; they take turns, first in, first out.
 *
 * Errors: cancellation; %TRIO_ERROR_CLOSED_RESOURCE; %TRIO_ERROR_MISUSE if the endpoint has no peer;
 * %G_IO_ERROR_MESSAGE_TOO_LARGE; %G_IO_ERROR_CONNECTION_REFUSED if the network says that nobody was there to receive an *earlier*
 * datagram; others of %G_IO_ERROR, such as that there is no way to the peer.
 *
 * Returns: %TRUE if it is on its way
 */
TRIO_API gboolean trio_udp_endpoint_send    (TrioUdpEndpoint *endpoint, gconstpointer data, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_udp_endpoint_send_to:
 * @endpoint: an endpoint made by trio_open_udp_endpoint()
 * @data: the bytes
 * @size: how many; may be 0
 * @to: (transfer none): where to, such as the address that a datagram came from
 * @error: where it says why not
 *
 * trio_udp_endpoint_send() to an address. It goes from the first socket of the address' family. Checkpoint.
 *
 * Errors: those of trio_udp_endpoint_send(); %TRIO_ERROR_MISUSE if the endpoint has a peer; %G_IO_ERROR_NOT_SUPPORTED if none of
 * its sockets is of the address' family.
 *
 * Returns: %TRUE if it is on its way
 */
TRIO_API gboolean trio_udp_endpoint_send_to (TrioUdpEndpoint *endpoint, gconstpointer data, gsize size, const TrioAddress *to,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_udp_endpoint_get_port:
 * @endpoint: an endpoint
 *
 * Where it receives. Never suspends.
 *
 * Returns: the port; 0 when it is closed
 */
TRIO_API guint16  trio_udp_endpoint_get_port (TrioUdpEndpoint *endpoint);

/**
 * trio_udp_endpoint_get_address:
 * @endpoint: an endpoint
 * @address: (out): the first of the addresses it receives at
 *
 * Returns: %FALSE, with @address untouched, if it is closed
 */
TRIO_API gboolean trio_udp_endpoint_get_address (TrioUdpEndpoint *endpoint, TrioAddress *address);

/**
 * trio_udp_endpoint_get_peer:
 * @endpoint: an endpoint
 * @peer: (out): whom it is connected with
 *
 * Returns: %FALSE, with @peer untouched, if it talks with anybody, or is closed
 */
TRIO_API gboolean trio_udp_endpoint_get_peer (TrioUdpEndpoint *endpoint, TrioAddress *peer);

/**
 * trio_udp_endpoint_get_statistics:
 * @endpoint: an endpoint
 * @statistics: (out): what was counted, and what is so now
 *
 * Also of one that is closed. Never suspends.
 */
TRIO_API void     trio_udp_endpoint_get_statistics (TrioUdpEndpoint *endpoint, TrioUdpEndpointStatistics *statistics);

/**
 * trio_udp_endpoint_close:
 * @endpoint: an endpoint
 *
 * Closes at once; tasks that wait wake up with %TRIO_ERROR_CLOSED_RESOURCE. Never suspends. Idempotent. Does not free.
 */
TRIO_API void     trio_udp_endpoint_close   (TrioUdpEndpoint *endpoint);

/**
 * trio_udp_endpoint_free:
 * @endpoint: (transfer full) (nullable): an endpoint
 *
 * trio_udp_endpoint_close(), and frees. Never suspends.
 */
TRIO_API void     trio_udp_endpoint_free    (TrioUdpEndpoint *endpoint);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioUdpEndpoint, trio_udp_endpoint_free)

G_END_DECLS
