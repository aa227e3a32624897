/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* ledger-client: lets the clients of a data file loose on a server, all at once, and says what became of their requests. */

#include "books.h"
#include "day.h"
#include "money.h"
#include "server.h"

#include <locale.h>
#include <stdlib.h>

typedef struct
{
  Day          day;
  guint16      port;
  ClientTally *tallies;
  Answer       total;       /* what the server says is in all accounts, when all clients are done */
} Visit;

/* All clients, and then one more question: has anything been lost? */
static gboolean
visit (gpointer data, GError **error)
{
  const Request total = { .kind = REQUEST_TOTAL };
  Visit *visit = data;
  Client auditor = {
    .host = SERVER_HOST, .port = visit->port, .patience_us = 2 * G_TIME_SPAN_SECOND, .requests = &total, .n_requests = 1,
  };

  if (!day_run_clients (&visit->day, SERVER_HOST, visit->port, visit->tallies, error)
      || !client_run (&auditor, error))
    return FALSE;

  if (auditor.tally.done != 1)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "there is no ledger server at port %u", visit->port);
      return FALSE;
    }
  visit->total = auditor.last_answer;
  return TRUE;
}

static void
print_tallies (const Books *books, const ClientTally *tallies)
{
  ClientTally all = { 0 };

  for (guint i = 0; i < books->clients->len; i++)
    client_tally_add (&all, &tallies[i]);

  g_print ("%u clients at once: %u requests done, %u refused", books->clients->len, all.done, all.refused);
  if (all.retries > 0)
    g_print (", %u asked again", all.retries);
  if (all.unclear > 0)
    g_print (", %u unclear", all.unclear);
  if (all.given_up > 0)
    g_print (", %u given up", all.given_up);
  g_print ("\n");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Books) books = NULL;
  g_autofree ClientTally *tallies = NULL;
  g_autofree char *opening = NULL;
  Visit it;
  int port = 7878, rounds = 1;
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &port, "Where the server listens (7878)", "PORT" },
    { "rounds", 'r', 0, G_OPTION_ARG_INT, &rounds, "How often each client goes through its requests (1)", "N" },
    { 0 },
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("BOOKS");

  setlocale (LC_ALL, "");
  g_option_context_set_summary (options, "Lets the clients of a data file loose on a ledger server, all at once.");
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error))
    {
      g_printerr ("ledger-client: %s\n", error->message);
      return 2;
    }
  if (argc != 2 || port <= 0 || port > G_MAXUINT16 || rounds <= 0 || rounds > 1000000)
    {
      g_printerr ("usage: ledger-client [--port PORT] [--rounds N] BOOKS\n");
      return 2;
    }

  books = books_load (argv[1], &error);
  if (books == NULL)
    {
      g_printerr ("ledger-client: %s\n", error->message);
      return EXIT_FAILURE;
    }

  tallies = g_new0 (ClientTally, books->clients->len);
  it = (Visit) { .day = { .books = books, .rounds = (guint) rounds }, .port = (guint16) port, .tallies = tallies };
  if (!trio_run (visit, &it, &error))
    {
      g_printerr ("ledger-client: %s\n", error->message);
      return EXIT_FAILURE;
    }

  print_tallies (books, tallies);
  opening = money_to_string (books->total_cents);
  g_print ("in the morning there was %s in all accounts, now there is %s\n", opening, it.total.text);
  return EXIT_SUCCESS;
}
