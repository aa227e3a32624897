/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "server.h"
#include "lines.h"
#include "money.h"

#include <trio/lowlevel/instrument.h>

struct _Server
{
  Bank         *bank;
  Journal      *journal;
  GTimeSpan     patience_us;
  TrioListener *listener;       /* borrowed from server_run(); NULL while closed */
  guint         n_answered;
};

static gboolean serve_while   (Server *server, guint16 port, TrioFunc while_open, gpointer data, GError **error);
static gboolean serve         (gpointer data, GError **error);
static gboolean teller        (TrioStream *stream, gpointer data, GError **error);
static gboolean answer_all    (Server *server, TrioStream *stream, GError **error);
static gboolean answer_within (Server *server, const char *line, Answer *answer, GError **error);
static gboolean answer_one    (Server *server, const char *line, Answer *answer, GError **error);

Server *
server_new (const Books *books, GTimeSpan patience_us)
{
  Server *server = g_new0 (Server, 1);

  server->journal = journal_new ();
  server->bank = bank_new (books, server->journal);
  server->patience_us = patience_us;
  return server;
}

void
server_free (Server *server)
{
  if (server == NULL)
    return;

  bank_free (server->bank);
  journal_free (server->journal);
  g_free (server);
}

gboolean
server_run (Server *server, guint16 port, TrioFunc while_open, gpointer data, GError **error)
{
  g_autoptr (TrioNursery) house = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon_full (house, journal_write, server->journal, NULL, "journal");
  ok = serve_while (server, port, while_open, data, error);
  journal_close (server->journal);      /* all tellers have gone: the writer ends when it has written what it has */
  return trio_nursery_close (house, ok);
}

static gboolean
serve_while (Server *server, guint16 port, TrioFunc while_open, gpointer data, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener (SERVER_HOST, port, error);
  g_autoptr (TrioNursery) counter = NULL;
  gboolean ok;

  if (listener == NULL)
    return FALSE;

  server->listener = listener;
  counter = trio_nursery_open (error);
  trio_nursery_start_soon (counter, serve, server);
  ok = while_open (data, error);
  trio_nursery_cancel (counter);
  ok = trio_nursery_close (counter, ok);
  server->listener = NULL;
  return ok;
}

static gboolean
serve (gpointer data, GError **error)
{
  Server *server = data;

  return trio_serve_listener (server->listener, teller, server, error);
}

/* Serves one connection. What is wrong with that connection is no reason to close the bank; only a cancellation is passed on. */
static gboolean
teller (TrioStream *stream, gpointer data, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (answer_all (data, stream, &why))
    return TRUE;

  if (trio_error_contains (why, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }

  trio_annotate ("hung up: %s", why->message);
  return TRUE;
}

static gboolean
answer_all (Server *server, TrioStream *stream, GError **error)
{
  LineReader reader = LINE_READER_INIT (stream);
  GError *failed = NULL;

  for (;;)
    {
      g_autofree char *line = line_reader_next (&reader, &failed);
      g_autofree char *answer_line = NULL;
      Answer answer;

      if (line == NULL)
        break;

      if (!answer_within (server, line, &answer, error))
        return FALSE;

      server->n_answered++;
      answer_line = answer_to_line (&answer);
      trio_annotate ("%s: %s", line, answer_line);
      if (!line_send (stream, answer_line, error))
        return FALSE;
    }

  if (failed == NULL)
    return TRUE;      /* the client has nothing more to ask */

  g_propagate_error (error, failed);
  return FALSE;
}

static gboolean
answer_within (Server *server, const char *line, Answer *answer, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (server->patience_us, error);

  if (!trio_cancel_scope_close (patience, answer_one (server, line, answer, error)))
    return FALSE;

  if (trio_cancel_scope_cancelled_caught (patience))
    answer_set (answer, ANSWER_LATER, "it takes too long today; nothing was done");
  return TRUE;
}

static gboolean
answer_transfer (Server *server, const Request *request, Answer *answer, GError **error)
{
  BankOutcome outcome;

  if (!bank_transfer (server->bank, request->account, request->payee, request->cents, &outcome, error))
    return FALSE;

  switch (outcome)
    {
    case BANK_DONE:
      trio_sometimes (TRUE, "a transfer was done");
      answer_set (answer, ANSWER_OK, "%s", "");
      break;
    case BANK_NO_PAYER:
      answer_set (answer, ANSWER_NO, "there is no account \"%s\"", request->account);
      break;
    case BANK_NO_PAYEE:
      answer_set (answer, ANSWER_NO, "there is no account \"%s\"", request->payee);
      break;
    case BANK_NOT_ENOUGH_MONEY:
      trio_sometimes (TRUE, "a transfer was refused");
      answer_set (answer, ANSWER_NO, "%s has not enough money", request->account);
      break;
    }
  return TRUE;
}

static void
answer_amount (Answer *answer, gint64 cents)
{
  g_autofree char *amount = money_to_string (cents);

  answer_set (answer, ANSWER_OK, "%s", amount);
}

static gboolean
answer_one (Server *server, const char *line, Answer *answer, GError **error)
{
  g_autoptr (GError) unclear = NULL;
  Request request;
  gint64 cents;

  if (!request_parse (line, &request, &unclear))
    {
      answer_set (answer, ANSWER_NO, "%s", unclear->message);
      return TRUE;
    }

  switch (request.kind)
    {
    case REQUEST_TRANSFER:
      return answer_transfer (server, &request, answer, error);

    case REQUEST_TOTAL:
      answer_amount (answer, bank_get_total (server->bank));
      return TRUE;

    case REQUEST_BALANCE:
      if (bank_get_balance (server->bank, request.account, &cents))
        answer_amount (answer, cents);
      else
        answer_set (answer, ANSWER_NO, "there is no account \"%s\"", request.account);
      return TRUE;
    }
  g_assert_not_reached ();
}

guint16
server_get_port (Server *server)
{
  g_return_val_if_fail (server->listener != NULL, 0);

  return trio_listener_get_port (server->listener);
}

guint
server_get_count (Server *server)
{
  return server->n_answered;
}

Bank *
server_get_bank (Server *server)
{
  return server->bank;
}
