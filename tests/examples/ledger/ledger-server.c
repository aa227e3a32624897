/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* ledger-server: the ledger in production. It serves until Ctrl-C, then closes the bank and checks it. */

#include "books.h"
#include "money.h"
#include "server.h"

#include <locale.h>
#include <stdlib.h>

#define PATIENCE_US (10 * G_TIME_SPAN_SECOND)

/* Says where it is, and stays open. */
static gboolean
stay_open (gpointer data, GError **error)
{
  Server *server = data;

  g_print ("listening at %s:%u\n", SERVER_HOST, server_get_port (server));
  return trio_sleep_forever (error);
}

typedef struct
{
  Server  *server;
  guint16  port;
} Opening;

static gboolean
open_bank (gpointer data, GError **error)
{
  Opening *opening = data;

  return server_run (opening->server, opening->port, stay_open, opening->server, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Books) books = NULL;
  g_autoptr (Server) server = NULL;
  g_autofree char *total = NULL;
  int port = 7878;
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &port, "Where to listen; 0 for a port that is free (7878)", "PORT" },
    { 0 },
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("BOOKS");

  setlocale (LC_ALL, "");
  g_option_context_set_summary (options, "Opens the bank with the accounts of a data file, and serves until Ctrl-C.");
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    {
      g_printerr ("ledger-server: %s\n", error->message);
      return 2;
    }
  if (argc != 2 || port < 0 || port > G_MAXUINT16)
    {
      g_printerr ("usage: ledger-server [--port PORT] BOOKS\n");
      return 2;
    }

  books = books_load (argv[1], &error);
  if (books == NULL)
    {
      g_printerr ("ledger-server: %s\n", error->message);
      return EXIT_FAILURE;
    }

  server = server_new (books, PATIENCE_US);
  if (!trio_run (open_bank, &(Opening) { server, (guint16) port }, &error)
      && !g_error_matches (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    {
      g_printerr ("ledger-server: %s\n", error->message);
      return EXIT_FAILURE;
    }

  bank_check_quiet (server_get_bank (server));
  total = money_to_string (bank_get_total (server_get_bank (server)));
  g_print ("closed: %u requests answered, %s in the accounts, as in the morning\n", server_get_count (server), total);
  return EXIT_SUCCESS;
}
