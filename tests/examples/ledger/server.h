/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The server: a bank that answers over TCP (protocol.h).
 *
 *     server_run
 *       journal                  writes what the tellers hand it; outlives them
 *       serve                    accepts connections
 *         teller, teller …       one for each connection: reads a request, answers it, reads the next
 *
 * A request that is not answered within the server's patience is given up, and answered with LATER.
 *
 * From tasks of one run. */

#pragma once

#include "bank.h"

#define SERVER_HOST "127.0.0.1"

typedef struct _Server Server;

/* `books` must outlive the server. */
Server   *server_new       (const Books *books, GTimeSpan patience_us);
void      server_free      (Server *server);

/**
 * server_run:
 * @server: a server, for one run only
 * @port: where to listen; 0 for a port that is free
 * @while_open: what to do while the bank is open
 * @data: what @while_open gets
 * @error: where it says why it failed
 *
 * Opens the bank, runs @while_open in the calling task, and closes the bank when it has returned. Checkpoint. However it ends,
 * nobody is in the middle of a transfer afterwards.
 *
 * Returns: %TRUE if all went well
 */
gboolean  server_run       (Server *server, guint16 port, TrioFunc while_open, gpointer data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* Where it listens; known while it is open. */
guint16   server_get_port  (Server *server);
/* How many requests it has answered. */
guint     server_get_count (Server *server);
Bank     *server_get_bank  (Server *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Server, server_free)
