/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One socket for each address. See every-address.h. */

#include "net/every-address.h"

#include <errno.h>
#include <gio/gio.h>

#include <trio/resolver.h>

/* With port 0 and several addresses, a port that is free at the first may be taken at the next: then another is tried. */
#define PORT_ATTEMPTS 16

guint16
trio_socket_get_port (TrioSocketHandle *socket)
{
  TrioAddress address;

  return trio_socket_get_address (socket, FALSE, &address) ? address.port : 0;
}

/* Whether this address is none of this machine's, rather than taken. */
static gboolean
is_foreign (int errnum)
{
  return errnum == EAFNOSUPPORT || errnum == EADDRNOTAVAIL;
}

static GPtrArray *
open_all (const TrioAddress *addresses, gsize n_addresses, TrioSocketMaker make, gconstpointer options, guint16 *port, GError **error)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_socket_handle_unref);
  g_autoptr (GError) foreign = NULL;

  for (gsize i = 0; i < n_addresses; i++)
    {
      TrioAddress address = addresses[i];
      GError *failure = NULL;
      TrioSocketHandle *socket;
      int errnum;

      address.port = *port;
      socket = make (&address, options, &errnum, &failure);
      if (socket != NULL)
        {
          g_ptr_array_add (sockets, socket);
          *port = trio_socket_get_port (socket);
        }
      else if (is_foreign (errnum))
        {
          g_clear_error (&foreign);
          foreign = failure;
        }
      else
        {
          g_propagate_error (error, failure);
          return NULL;
        }
    }

  if (sockets->len > 0)
    return g_steal_pointer (&sockets);
  g_propagate_error (error, g_steal_pointer (&foreign));
  return NULL;
}

GPtrArray *
trio_open_at_every_address (const char *host, guint16 port, TrioSocketMaker make, gconstpointer options, guint16 *chosen, GError **error)
{
  g_autofree TrioAddress *addresses = NULL;
  gsize n_addresses = 0;

  if (!trio_resolve (host, port, &addresses, &n_addresses, error))
    return NULL;

  for (guint attempt = 1;; attempt++)
    {
      GError *failure = NULL;
      GPtrArray *sockets;

      *chosen = port;
      sockets = open_all (addresses, n_addresses, make, options, chosen, &failure);
      if (sockets != NULL)
        return sockets;
      if (port != 0 || attempt == PORT_ATTEMPTS || !g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
        {
          g_propagate_error (error, failure);
          return NULL;
        }
      g_error_free (failure);
    }
}
