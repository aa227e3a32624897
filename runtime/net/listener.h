/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Listeners as net/ makes them: of one unix socket, or of the TCP sockets of a host. */

#pragma once

#include <trio/tcp.h>

#include "net/socket.h"

/* Takes the socket, which listens. */
TrioListener *trio_listener_new_one         (TrioSocketHandle *socket) G_GNUC_WARN_UNUSED_RESULT;
/* The name is removed when the listener closes, if it still has that identity. */
void          trio_listener_remove_at_close (TrioListener *listener, const TrioAddress *name, const guint64 id[2]);
/* The backlog that is asked for, or the usual one. */
int           trio_listener_backlog         (const TrioListenerOptions *options);
