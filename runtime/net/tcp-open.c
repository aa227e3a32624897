/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Connecting by host name: look the name up, then whichever of its addresses answers first. */

#include <trio/tcp.h>

#include <trio/resolver.h>

#include "net/happy-eyeballs.h"
#include "net/tcp-stream.h"

TrioStream *
trio_open_tcp_stream_with (const char *host, guint16 port, const TrioTcpOptions *options, GError **error)
{
  static const TrioTcpOptions usual = { 0 };
  g_autofree TrioAddress *addresses = NULL;
  gsize n_addresses = 0;
  TrioSocketHandle *socket;

  g_return_val_if_fail (host != NULL, NULL);

  if (!trio_resolve (host, port, &addresses, &n_addresses, error))
    return NULL;
  socket = trio_connect_to_first (host, addresses, n_addresses, options != NULL ? options : &usual, error);
  return socket != NULL ? trio_tcp_stream_new (socket) : NULL;
}

TrioStream *
trio_open_tcp_stream (const char *host, guint16 port, GError **error)
{
  return trio_open_tcp_stream_with (host, port, NULL, error);
}
