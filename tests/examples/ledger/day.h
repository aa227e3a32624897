/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A day at the bank: it opens with what the books say, the books' clients come all at once and ask for what they ask for, and it
 * closes. Then it is checked. The same in both worlds: it knows of no simulator. */

#pragma once

#include "books.h"
#include "client.h"

typedef struct
{
  const Books *books;
  GTimeSpan    server_patience_us;     /* 0 for a second */
  GTimeSpan    client_patience_us;     /* 0 for two */
  guint        rounds;                 /* how often each client goes through its requests; 0 for once */
  GTimeSpan    client_pause_us;        /* between an answer and the next request */
} Day;

/* A TrioFunc. `day` is only read: one may be used for many runs. */
gboolean day_run         (gpointer day, GError **error);

/* The clients alone, each in a task named after it, against whatever listens there. `tallies` has room for each. Checkpoint. */
gboolean day_run_clients (const Day *day, const char *host, guint16 port, ClientTally *tallies, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
