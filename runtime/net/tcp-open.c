/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Connecting by host name: look the name up, try its addresses in order, the first that answers wins. Whatever happens, no socket
 * but the winner's stays open. */

#include <trio/tcp.h>

#include <trio/error.h>

#include "net/address.h"
#include "net/socket-errors.h"
#include "net/tcp-stream.h"

/* What went wrong so far. */
typedef struct
{
  GString *attempts;         /* "127.0.0.1:80: Connection refused; …" */
  GError  *last;
} Failures;

static void failures_add   (Failures *self, const TrioAddress *address, int errnum, GError *error);
static void failures_raise (Failures *self, const char *host, guint16 port, gsize n_attempts, GError **error);
static void failures_clear (Failures *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Failures, failures_clear)

static TrioSocketHandle *
try_address (const TrioAddress *address, int *errnum, GError **error)
{
  g_autoptr (TrioSocketHandle) socket = trio_socket_open (address->family, TRIO_SOCKET_STREAM, errnum, error);

  if (socket == NULL || !trio_socket_connect (socket, address, errnum, error))
    return NULL;
  return g_steal_pointer (&socket);
}

/* One after the other. The place for RFC 8305: several at once, each a little later than the one before. */
static TrioSocketHandle *
try_addresses (const char *host, guint16 port, const TrioAddress *addresses, gsize n_addresses, GError **error)
{
  g_auto (Failures) failures = { g_string_new (NULL), NULL };

  for (gsize i = 0; i < n_addresses; i++)
    {
      GError *failure = NULL;
      int errnum;
      TrioSocketHandle *socket = try_address (&addresses[i], &errnum, &failure);

      if (socket != NULL)
        return socket;
      /* Only the world's refusals make us go on: not a cancellation, not Ctrl-C. */
      if (failure->domain == TRIO_ERROR)
        {
          g_propagate_error (error, failure);
          return NULL;
        }
      failures_add (&failures, &addresses[i], errnum, failure);
    }

  failures_raise (&failures, host, port, n_addresses, error);
  return NULL;
}

TrioStream *
trio_open_tcp_stream (const char *host, guint16 port, GError **error)
{
  TrioIo *io = trio_current_io ();
  g_autofree TrioAddress *addresses = NULL;
  gsize n_addresses = 0;
  TrioSocketHandle *socket;

  g_return_val_if_fail (host != NULL, NULL);

  if (!io->resolve (io, host, port, &addresses, &n_addresses, error))
    return NULL;
  socket = try_addresses (host, port, addresses, n_addresses, error);
  return socket != NULL ? trio_tcp_stream_new (socket) : NULL;
}

static void
failures_add (Failures *self, const TrioAddress *address, int errnum, GError *error)
{
  g_autofree char *text = trio_address_to_string (address);

  g_string_append_printf (self->attempts, "%s%s: %s", self->attempts->len > 0 ? "; " : "", text,
                          errnum != 0 ? g_strerror (errnum) : error->message);
  g_clear_error (&self->last);
  self->last = error;
}

static void
failures_raise (Failures *self, const char *host, guint16 port, gsize n_attempts, GError **error)
{
  if (n_attempts > 1)
    {
      g_free (self->last->message);
      self->last->message = g_strdup_printf ("could not connect to %s:%u (%s)", host, port, self->attempts->str);
    }
  g_propagate_error (error, g_steal_pointer (&self->last));
}

static void
failures_clear (Failures *self)
{
  g_string_free (self->attempts, TRUE);
  g_clear_error (&self->last);
}
