/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* UDP endpoints: one socket with a peer, or one for each address of the host to receive at, all at the same port.
 *
 * Always true: of the tasks that send, the one that holds `sending` is at a socket; the others stand in the lock's line. Sending
 * waits so rarely that one line for all sockets is enough. */

#include <trio/udp.h>

#include <gio/gio.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lock.h>
#include <trio/resolver.h>

#include "net/every-address.h"
#include "net/socket-errors.h"
#include "net/socket-wait.h"
#include "net/socket.h"

struct _TrioUdpEndpoint
{
  guint                     n_refs;      /* the owner's, and one for each operation under way */
  GPtrArray                *sockets;     /* of TrioSocketHandle */
  gboolean                  has_peer;
  guint                     turn;        /* the socket to look at first */
  TrioLock                 *sending;
  TrioUdpEndpointStatistics statistics;
};

static TrioUdpEndpoint *
endpoint_new (GPtrArray *sockets, gboolean has_peer)
{
  TrioUdpEndpoint *self = g_new0 (TrioUdpEndpoint, 1);

  self->n_refs = 1;
  self->sockets = sockets;
  self->has_peer = has_peer;
  self->sending = trio_lock_new ();
  return self;
}

static void
endpoint_unref (TrioUdpEndpoint *self)
{
  if (--self->n_refs > 0)
    return;
  g_ptr_array_unref (self->sockets);
  trio_lock_free (self->sending);
  g_free (self);
}

static TrioSocketHandle *
first_socket (TrioUdpEndpoint *self)
{
  return g_ptr_array_index (self->sockets, 0);
}

static TrioSocketHandle *
bind_one (const TrioAddress *address, gconstpointer options G_GNUC_UNUSED, int *errnum, GError **error)
{
  g_autoptr (TrioSocketHandle) socket = trio_socket_open (address->family, TRIO_SOCKET_DATAGRAM, errnum, error);

  if (socket == NULL)
    return NULL;
  if (address->family == TRIO_ADDRESS_IPV6)
    trio_socket_set_option (socket, TRIO_SOCKET_IPV6_ONLY, TRUE, NULL);
  return trio_socket_bind (socket, address, errnum, error) ? g_steal_pointer (&socket) : NULL;
}

TrioUdpEndpoint *
trio_open_udp_endpoint (const char *host, guint16 port, GError **error)
{
  guint16 chosen;
  GPtrArray *sockets = trio_open_at_every_address (host, port, bind_one, NULL, &chosen, error);

  return sockets != NULL ? endpoint_new (sockets, FALSE) : NULL;
}

TrioUdpEndpoint *
trio_open_udp_connection (const char *host, guint16 port, GError **error)
{
  g_autofree TrioAddress *addresses = NULL;
  g_autoptr (GError) failure = NULL;
  gsize n_addresses = 0;

  g_return_val_if_fail (host != NULL, NULL);

  if (!trio_resolve (host, port, &addresses, &n_addresses, error))
    return NULL;

  for (gsize i = 0; i < n_addresses; i++)
    {
      g_autoptr (TrioSocketHandle) socket = NULL;
      int errnum;

      g_clear_error (&failure);
      socket = trio_socket_open (addresses[i].family, TRIO_SOCKET_DATAGRAM, &errnum, &failure);
      if (socket != NULL && trio_socket_connect (socket, &addresses[i], &errnum, &failure))
        {
          g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_socket_handle_unref);

          g_ptr_array_add (sockets, g_steal_pointer (&socket));
          return endpoint_new (g_steal_pointer (&sockets), TRUE);
        }
      if (errnum == 0)
        break;                        /* cancelled: no other address is any better */
    }
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

static void
note_refusal (TrioUdpEndpoint *self, int errnum)
{
  if (errnum == ECONNREFUSED)
    self->statistics.n_refused++;
}

/* FALSE if nobody would be told that the datagram was cut. */
static gboolean
note_received (TrioUdpEndpoint *self, const TrioSocketMessage *message, gsize room, TrioUdpDatagram *datagram, GError **error)
{
  gboolean truncated = message->size > room;

  self->statistics.n_received++;
  self->statistics.bytes_received += message->size;
  self->statistics.n_truncated += truncated ? 1 : 0;
  if (datagram != NULL)
    *datagram = (TrioUdpDatagram) { message->address, message->size, truncated };
  else if (truncated)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                 "a datagram of %" G_GSIZE_FORMAT " bytes was lost: there was room for %" G_GSIZE_FORMAT, message->size, room);
  return !truncated || datagram != NULL;
}

gssize
trio_udp_endpoint_receive (TrioUdpEndpoint *endpoint, gpointer buffer, gsize size, TrioUdpDatagram *datagram, GError **error)
{
  const TrioInputVector vector = { buffer, MIN (size, (gsize) G_MAXSSIZE) };
  TrioSocketMessage message;
  int errnum;
  gssize n;

  g_return_val_if_fail (endpoint != NULL && (buffer != NULL || size == 0), -1);

  endpoint->n_refs++;
  n = trio_socket_receive_message ((TrioSocketHandle *const *) endpoint->sockets->pdata, endpoint->sockets->len, &endpoint->turn,
                                   &vector, 1, &message, &errnum, error);
  if (n < 0)
    note_refusal (endpoint, errnum);
  else if (!note_received (endpoint, &message, size, datagram, error))
    n = -1;
  endpoint_unref (endpoint);
  return n;
}

/* The lock is taken without a word where nobody has it, so that a send is one checkpoint and not two. */
static gboolean
wait_for_turn (TrioUdpEndpoint *self, GError **error)
{
  if (!trio_lock_locked (self->sending))
    return trio_lock_acquire_nowait (self->sending, error);
  return trio_lock_acquire (self->sending, error);
}

static gboolean
send_by (TrioUdpEndpoint *self, TrioSocketHandle *socket, gconstpointer data, gsize size, const TrioSocketMessage *message,
         GError **error)
{
  int errnum;
  gssize sent;

  self->n_refs++;
  if (!wait_for_turn (self, error))
    {
      endpoint_unref (self);
      return FALSE;
    }
  sent = trio_socket_send_message (socket, &(TrioOutputVector) { data, size }, 1, message, &errnum, error);
  trio_lock_release (self->sending);
  if (sent >= 0)
    {
      self->statistics.n_sent++;
      self->statistics.bytes_sent += size;
    }
  else
    note_refusal (self, errnum);
  endpoint_unref (self);
  return sent >= 0;
}

gboolean
trio_udp_endpoint_send (TrioUdpEndpoint *endpoint, gconstpointer data, gsize size, GError **error)
{
  const TrioSocketMessage message = { .has_address = FALSE };

  g_return_val_if_fail (endpoint != NULL && (data != NULL || size == 0), FALSE);

  if (!endpoint->has_peer)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                           "this endpoint has no peer: say where to with trio_udp_endpoint_send_to(), or open it with "
                           "trio_open_udp_connection()");
      return FALSE;
    }
  return send_by (endpoint, first_socket (endpoint), data, size, &message, error);
}

/* The closed ones count, too, so that the answer is "closed" then. */
static TrioSocketHandle *
socket_for (TrioUdpEndpoint *self, TrioAddressFamily family)
{
  for (guint i = 0; i < self->sockets->len; i++)
    {
      TrioSocketHandle *socket = g_ptr_array_index (self->sockets, i);
      TrioAddress address;

      if (!trio_socket_get_address (socket, FALSE, &address) || address.family == family)
        return socket;
    }
  return NULL;
}

gboolean
trio_udp_endpoint_send_to (TrioUdpEndpoint *endpoint, gconstpointer data, gsize size, const TrioAddress *to, GError **error)
{
  TrioSocketMessage message = { .has_address = TRUE };
  TrioSocketHandle *socket;

  g_return_val_if_fail (endpoint != NULL && (data != NULL || size == 0) && to != NULL, FALSE);

  if (endpoint->has_peer)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                           "this endpoint is connected with one peer: send with trio_udp_endpoint_send(), or open another one with "
                           "trio_open_udp_endpoint()");
      return FALSE;
    }
  socket = socket_for (endpoint, to->family);
  if (socket == NULL)
    {
      g_autofree char *text = trio_address_to_string (to);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "this endpoint has no address of the same family as %s", text);
      return FALSE;
    }
  message.address = *to;
  return send_by (endpoint, socket, data, size, &message, error);
}

gboolean
trio_udp_endpoint_get_address (TrioUdpEndpoint *endpoint, TrioAddress *address)
{
  g_return_val_if_fail (endpoint != NULL && address != NULL, FALSE);

  return trio_socket_get_address (first_socket (endpoint), FALSE, address);
}

gboolean
trio_udp_endpoint_get_peer (TrioUdpEndpoint *endpoint, TrioAddress *peer)
{
  g_return_val_if_fail (endpoint != NULL && peer != NULL, FALSE);

  return endpoint->has_peer && trio_socket_get_address (first_socket (endpoint), TRUE, peer);
}

guint16
trio_udp_endpoint_get_port (TrioUdpEndpoint *endpoint)
{
  TrioAddress address;

  return trio_udp_endpoint_get_address (endpoint, &address) ? address.port : 0;
}

void
trio_udp_endpoint_get_statistics (TrioUdpEndpoint *endpoint, TrioUdpEndpointStatistics *statistics)
{
  TrioLockStatistics line;

  g_return_if_fail (endpoint != NULL && statistics != NULL);

  trio_lock_get_statistics (endpoint->sending, &line);
  *statistics = endpoint->statistics;
  statistics->tasks_waiting_send = line.tasks_waiting;
  statistics->open = first_socket (endpoint)->socket != NULL;
}

void
trio_udp_endpoint_close (TrioUdpEndpoint *endpoint)
{
  g_return_if_fail (endpoint != NULL);

  for (guint i = 0; i < endpoint->sockets->len; i++)
    trio_socket_close (g_ptr_array_index (endpoint->sockets, i));
}

void
trio_udp_endpoint_free (TrioUdpEndpoint *endpoint)
{
  if (endpoint == NULL)
    return;
  trio_udp_endpoint_close (endpoint);
  endpoint_unref (endpoint);
}
