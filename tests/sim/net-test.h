/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The simulated network at the height of its verbs: waits are short sleeps in virtual time, so that a test reads top down. All of
 * it from inside a task, as a scenario that runs to its end. */

#pragma once

#include <errno.h>

#include <trio/seam/io.h>

#include "tests/sim/sim-test.h"

#define ms(n) ((n) * G_TIME_SPAN_MILLISECOND)

/* Replays lines (see sim_run_lines) on scenario, which must end well, leave nothing open, and be asked each of these. */
void        net_expect_well (TrioFunc scenario, const char *lines);

/* Lets virtual time pass. */
void        net_nap       (GTimeSpan span) TRIO_CHECKPOINT;
/* Waits until the socket is ready, at most two virtual hours; a test that waits longer is wrong. */
void        net_await     (TrioSocket *socket, TrioIoDirection direction) TRIO_CHECKPOINT;

TrioAddress net_ipv4      (guint8 a, guint8 b, guint8 c, guint8 d, guint16 port);
TrioSocket *net_socket    (TrioAddressFamily family);
TrioSocket *net_listen    (const TrioAddress *address, int backlog);
/* What became of the attempt: 0 or a negative errno. */
int         net_connect   (TrioSocket *socket, const TrioAddress *address) TRIO_CHECKPOINT;
/* Both ends of a connection to 127.0.0.1:7, whose listener is closed again. */
void        net_pair      (TrioSocket **client, TrioSocket **server) TRIO_CHECKPOINT;
gssize      net_receive   (TrioSocket *socket, gpointer buffer, gsize size) TRIO_CHECKPOINT;      /* waits */
gssize      net_send      (TrioSocket *socket, gconstpointer data, gsize size);   /* does not */
void        net_close     (TrioSocket *socket);
