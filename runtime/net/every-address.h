/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A socket at each address of a host, all at the same port: "localhost" is two. For those who wait to be addressed: listeners and UDP
 * endpoints. */

#pragma once

#include "net/socket.h"

/* A socket at that address, which is bound. Never suspends. NULL with *errnum and @error. */
typedef TrioSocketHandle *(*TrioSocketMaker) (const TrioAddress *address, gconstpointer options, int *errnum, GError **error);

/* With @port 0 any port that is free at all of them. An address that is none of this machine's is left out: "localhost" may name ::1 where there
 * is no IPv6; one that is taken is not.
 *
 * Returns: (element-type TrioSocketHandle): at least one; *@chosen is their port. NULL with the errors of trio_resolve() and of @make. */
GPtrArray *trio_open_at_every_address (const char *host, guint16 port, TrioSocketMaker make, gconstpointer options, guint16 *chosen, GError **error)
  TRIO_CHECKPOINT;
/* 0 if it has none. */
guint16    trio_socket_get_port       (TrioSocketHandle *socket);
