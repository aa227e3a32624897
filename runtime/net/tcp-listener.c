/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Listening: a listener has one socket for each address of its host ("localhost" is two), all at the same port, and accepts from
 * whichever has a client.
 *
 * Serving: one task per connection in a nursery of the server's own, so that no handler outlives it. */

#include <trio/lowlevel/mutation.h>
#include <trio/tcp.h>

#include <gio/gio.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/graceful.h>
#include <trio/nursery.h>

#include "net/every-address.h"
#include "net/listener.h"
#include "net/socket-errors.h"
#include "net/tcp-stream.h"

#define BACKLOG_USUAL 4096

/* So many connections are taken at one wake-up before other tasks run. */
#define ACCEPTS_PER_WAKE_UP 16

/* Between two attempts to accept while there are no descriptors. Source: Trio's `serve_listeners`. */
#define CAPACITY_PAUSE (G_TIME_SPAN_SECOND / 10)

struct _TrioListener
{
  guint              n_refs;      /* the owner's, and that of an accept() under way */
  guint16            port;
  guint              turn;        /* the socket to look at first */
  GPtrArray         *sockets;     /* of TrioSocketHandle */
  TrioAddress       *name;        /* to be removed at close, if it still has this identity; or NULL */
  guint64            name_id[2];
  TrioSocketLine     line;        /* of a select */
};

typedef struct
{
  TrioStream        *stream;
  TrioStreamHandler  handler;
  gpointer           data;
} Connection;

static TrioSocketHandle *listen_at (const TrioAddress *address, gconstpointer options, int *errnum, GError **error);
static void     remove_name (TrioListener *self);

static TrioListener *
listener_new (GPtrArray *sockets, guint16 port)
{
  TrioListener *self = g_new0 (TrioListener, 1);

  self->n_refs = 1;
  self->sockets = sockets;
  self->port = port;
  trio_socket_line_init (&self->line, (TrioSocketHandle *const *) sockets->pdata, sockets->len, TRIO_IO_READ);
  return self;
}

static void
listener_unref (TrioListener *self)
{
  if (--self->n_refs > 0)
    return;
  g_ptr_array_unref (self->sockets);
  g_free (self->name);
  g_free (self);
}

TrioListener *
trio_listener_new_one (TrioSocketHandle *socket)
{
  GPtrArray *sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_socket_handle_unref);

  g_ptr_array_add (sockets, socket);
  return listener_new (sockets, 0);
}

TrioListener *
trio_socket_listener_new (TrioSocketHandle *socket)
{
  TrioListener *self;

  g_return_val_if_fail (socket != NULL, NULL);

  self = trio_listener_new_one (socket);
  self->port = trio_socket_get_port (socket);
  return self;
}

void
trio_listener_remove_at_close (TrioListener *listener, const TrioAddress *name, const guint64 id[2])
{
  listener->name = g_memdup2 (name, sizeof *name);
  listener->name_id[0] = id[0];
  listener->name_id[1] = id[1];
}

int
trio_listener_backlog (const TrioListenerOptions *options)
{
  return options->backlog > 0 ? options->backlog : BACKLOG_USUAL;
}

TrioListener *
trio_open_tcp_listener (const char *host, guint16 port, GError **error)
{
  return trio_open_tcp_listener_with (host, port, NULL, error);
}

TrioListener *
trio_open_tcp_listener_with (const char *host, guint16 port, const TrioListenerOptions *options, GError **error)
{
  static const TrioListenerOptions usual = { 0 };
  guint16 chosen;
  GPtrArray *sockets = trio_open_at_every_address (host, port, listen_at, options != NULL ? options : &usual, &chosen, error);

  return sockets != NULL ? listener_new (sockets, chosen) : NULL;
}

static TrioSocketHandle *
listen_at (const TrioAddress *address, gconstpointer data, int *errnum, GError **error)
{
  const TrioListenerOptions *options = data;
  g_autoptr (TrioSocketHandle) socket = trio_socket_open (address->family, TRIO_SOCKET_STREAM, errnum, error);

  if (socket == NULL)
    return NULL;
  /* A server that is started again must not wait for the last connections of its former life to be forgotten. */
  trio_socket_set_option (socket, TRIO_SOCKET_REUSE_ADDRESS, TRUE, NULL);
  if (options->reuse_port)
    trio_socket_set_option (socket, TRIO_SOCKET_REUSE_PORT, TRUE, NULL);
  if (address->family == TRIO_ADDRESS_IPV6)
    trio_socket_set_option (socket, TRIO_SOCKET_IPV6_ONLY, TRUE, NULL);
  if (!trio_socket_listen_at (socket, address, trio_listener_backlog (options), errnum, error))
    return NULL;
  return g_steal_pointer (&socket);
}

guint16
trio_listener_get_port (TrioListener *listener)
{
  g_return_val_if_fail (listener != NULL, 0);

  return listener->port;
}

static TrioStream *
stream_of (TrioSocketHandle *socket)
{
  return socket != NULL ? trio_socket_stream_new (socket) : NULL;
}

static TrioStream *
accept_one (TrioListener *self, int *errnum, GError **error)
{
  TrioSocketHandle *socket;

  self->n_refs++;
  socket = trio_socket_accept_any ((TrioSocketHandle *const *) self->sockets->pdata, self->sockets->len, &self->turn, errnum, error);
  listener_unref (self);
  return stream_of (socket);
}

/* One more that is there already. */
static TrioStream *
accept_another (TrioListener *self)
{
  int errnum;           /* what is wrong is seen by the next accept_one() */

  return stream_of (trio_socket_accept_nowait ((TrioSocketHandle *const *) self->sockets->pdata, self->sockets->len, &self->turn,
                                               &errnum));
}

TrioSocketLine *
trio_listener_get_line (TrioListener *listener)
{
  return &listener->line;
}

TrioStream *
trio_listener_accept_now (TrioListener *listener, GError **error)
{
  return stream_of (trio_socket_accept_now ((TrioSocketHandle *const *) listener->sockets->pdata, listener->sockets->len, &listener->turn,
                                            error));
}

TrioStream *
trio_listener_accept (TrioListener *listener, GError **error)
{
  int errnum;

  g_return_val_if_fail (listener != NULL, NULL);

  return accept_one (listener, &errnum, error);
}

/* Unless somebody else has put a socket of their own there. */
static void
remove_name (TrioListener *self)
{
  TrioSocketHandle *socket = g_ptr_array_index (self->sockets, 0);
  guint64 id[2];

  if (self->name == NULL || socket->socket == NULL)
    return;
  if (socket->io->get_name (socket->io, self->name, id) >= 0 && id[0] == self->name_id[0] && id[1] == self->name_id[1])
    socket->io->remove_name (socket->io, self->name);
}

void
trio_listener_close (TrioListener *listener)
{
  g_return_if_fail (listener != NULL);

  remove_name (listener);
  for (guint i = 0; i < listener->sockets->len; i++)
    trio_socket_close (g_ptr_array_index (listener->sockets, i));
}

void
trio_listener_free (TrioListener *listener)
{
  if (listener == NULL)
    return;
  trio_listener_close (listener);
  listener_unref (listener);
}

/* The body of a connection's task. It starts even if the server is cancelled meanwhile, so the stream is closed in any case. */
static gboolean
serve_connection (gpointer data, GError **error)
{
  Connection *connection = data;
  gboolean ok = connection->handler (connection->stream, connection->data, error);

  trio_stream_free (g_steal_pointer (&connection->stream));
  return ok;
}

static void
connection_free (gpointer data)
{
  Connection *connection = data;

  trio_stream_free (connection->stream);
  g_free (connection);
}

/* Whether the server can go on: descriptors ran out, and it has waited a little. Takes failure. */
static gboolean
recover (int errnum, gboolean *warned, GError *failure, GError **error)
{
  if (!trio_errno_is_capacity (errnum) || TRIO_MUTATION (no_descriptors_ends_server))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  if (!*warned)
    g_message ("cannot take new connections for now: %s; trying again every 0.1 s", failure->message);
  *warned = TRUE;
  g_error_free (failure);
  return trio_sleep (CAPACITY_PAUSE, error);
}

typedef struct
{
  TrioListener      *listener;
  TrioStreamHandler  handler;
  gpointer           data;
  const char        *handler_name;
  TrioNursery       *nursery;       /* where the handlers live */
  gboolean           warned;
} Server;

static void
start_serving (Server *server, TrioStream *stream)
{
  Connection *connection = g_new (Connection, 1);

  *connection = (Connection) { stream, server->handler, server->data };
  trio_nursery_start_soon_full (server->nursery, serve_connection, connection, connection_free, server->handler_name);
}

/* Ends only by cancellation or error. */
static gboolean
accept_all (Server *server, GError **error)
{
  for (;;)
    {
      GError *failure = NULL;
      int errnum;
      TrioStream *stream = accept_one (server->listener, &errnum, &failure);

      if (stream != NULL)
        for (guint n = 1; stream != NULL; n++)
          {
            start_serving (server, stream);
            stream = n < ACCEPTS_PER_WAKE_UP ? accept_another (server->listener) : NULL;
          }
      else if (!recover (errnum, &server->warned, failure, error))
        return FALSE;
    }
}

/* The scope is inside the nursery, and the handlers are not inside the scope: what ends the accepting leaves them alone. */
static gboolean
accept_until_soft_cancelled (Server *server, GError **error)
{
  g_autoptr (TrioCancelScope) accepting = trio_move_on_when_soft_cancelled (error);

  return trio_cancel_scope_close (accepting, accept_all (server, error));
}

gboolean
trio_serve_listener_full (TrioListener *listener, TrioStreamHandler handler, gpointer data, const char *handler_name,
                          GError **error)
{
  g_autoptr (TrioNursery) nursery = NULL;
  Server server = { listener, handler, data, handler_name, NULL, FALSE };
  gboolean ok;

  g_return_val_if_fail (listener != NULL && handler != NULL, FALSE);

  server.nursery = nursery = trio_nursery_open (error);
  /* If something else cancelled the accepting, as only the simulator does, nobody has asked the server to stop. */
  do
    ok = accept_until_soft_cancelled (&server, error);
  while (ok && !trio_current_soft_cancelled ());

  /* Who connects from now on is refused, rather than left waiting for an answer. */
  if (ok && !TRIO_MUTATION (stopping_server_still_listens))
    trio_listener_close (listener);
  return trio_nursery_close (nursery, ok);
}

gboolean
trio_serve_tcp_full (TrioStreamHandler handler, gpointer data, const char *host, guint16 port, const char *handler_name,
                     GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener (host, port, error);

  return listener != NULL && trio_serve_listener_full (listener, handler, data, handler_name, error);
}

/* Behind the macro: for those who take its address or call from another language. */
gboolean
(trio_serve_tcp) (TrioStreamHandler handler, gpointer data, const char *host, guint16 port, GError **error)
{
  return trio_serve_tcp_full (handler, data, host, port, NULL, error);
}
