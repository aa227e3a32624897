/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "day.h"
#include "server.h"

#include <gio/gio.h>

typedef struct
{
  const Day *day;
  Server    *server;
} Opening;

gboolean
day_run_clients (const Day *day, const char *host, guint16 port, ClientTally *tallies, GError **error)
{
  guint n_clients = day->books->clients->len;
  GTimeSpan patience_us = day->client_patience_us > 0 ? day->client_patience_us : 2 * G_TIME_SPAN_SECOND;
  g_autofree Client *clients = g_new0 (Client, n_clients);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  for (guint i = 0; i < n_clients; i++)
    {
      const BooksClient *who = &g_array_index (day->books->clients, BooksClient, i);

      clients[i] = (Client) {
        .host = host, .port = port, .patience_us = patience_us,
        .requests = (const Request *) (gpointer) who->requests->data, .n_requests = who->requests->len, .rounds = day->rounds,
        .pause_us = day->client_pause_us,
      };
      trio_nursery_start_soon_full (nursery, client_run, &clients[i], NULL, who->name);
    }

  ok = trio_nursery_close (nursery, TRUE);
  for (guint i = 0; i < n_clients; i++)
    tallies[i] = clients[i].tally;
  return ok;
}

static gboolean
while_open (gpointer data, GError **error)
{
  Opening *opening = data;
  g_autofree ClientTally *tallies = g_new0 (ClientTally, opening->day->books->clients->len);

  return day_run_clients (opening->day, SERVER_HOST, server_get_port (opening->server), tallies, error);
}

gboolean
day_run (gpointer data, GError **error)
{
  const Day *day = data;
  GTimeSpan patience_us = day->server_patience_us > 0 ? day->server_patience_us : G_TIME_SPAN_SECOND;
  g_autoptr (Server) server = server_new (day->books, patience_us);
  Opening opening = { day, server };
  gboolean ok = server_run (server, 0, while_open, &opening, error);

  g_assert (ok == (*error == NULL));

  /* However the day ended, with a cancellation or with Ctrl-C: the bank is closed now, and every cent must be somewhere. */
  bank_check_quiet (server_get_bank (server));

  /* Where no socket can be had there is no day, and that is not the bank's fault. */
  if (!ok)
    *error = trio_error_remove (*error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, NULL);
  return *error == NULL;
}
