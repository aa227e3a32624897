/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Listeners as net/ makes them: of one unix socket, or of the TCP sockets of a host. */

#pragma once

#include <trio/tcp.h>

#include "net/socket-select.h"

/* Takes the socket, which listens. */
TrioListener *trio_listener_new_one         (TrioSocketHandle *socket) G_GNUC_WARN_UNUSED_RESULT;
/* The name is removed when the listener closes, if it still has that identity. */
void          trio_listener_remove_at_close (TrioListener *listener, const TrioAddress *name, const guint64 id[2]);
/* For trio_case_accept(): its line, and what it does. Errors: WOULD_BLOCK if there was nobody after all; those of trio_listener_accept(). */
TrioSocketLine *trio_listener_get_line  (TrioListener *listener);
TrioStream   *trio_listener_accept_now      (TrioListener *listener, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The backlog that is asked for, or the usual one. */
int           trio_listener_backlog         (const TrioListenerOptions *options);
