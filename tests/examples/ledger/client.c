/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "client.h"
#include "lines.h"

#include <trio/lowlevel/instrument.h>

#define PAUSE_US (20 * G_TIME_SPAN_MILLISECOND)      /* before the second try; twice that before the third */

static gboolean settle     (Client *client, const Request *request, GError **error);
static gboolean ask_within (Client *client, const Request *request, Answer *answer, gboolean *sent, GError **error);
static gboolean ask        (Client *client, const Request *request, Answer *answer, gboolean *sent, GError **error);

static void
hang_up (Client *client)
{
  g_clear_pointer (&client->stream, trio_stream_free);
}

gboolean
client_run (gpointer data, GError **error)
{
  Client *client = data;
  guint n_rounds = MAX (client->rounds, 1);
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < client->n_requests * n_rounds; i++)
    ok = (i == 0 || client->pause_us == 0 || trio_sleep (client->pause_us, error))
         && settle (client, &client->requests[i % client->n_requests], error);

  hang_up (client);
  return ok;
}

/* Whether the task itself is to stop, rather than a request to have failed. */
static gboolean
is_stop (const GError *error)
{
  return trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_CANCELLED)
         || trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

/* Asks until it is answered or there is no use in asking. */
static gboolean
settle (Client *client, const Request *request, GError **error)
{
  for (guint i = 0; i < CLIENT_TRIES_MAX; i++)
    {
      g_autoptr (GError) why = NULL;
      gboolean sent = FALSE;
      Answer answer;

      if (i > 0)
        {
          trio_sometimes (TRUE, "a client retried");
          client->tally.retries++;
          if (!trio_sleep (i * PAUSE_US, error))
            return FALSE;
        }

      if (ask_within (client, request, &answer, &sent, &why))
        {
          if (answer.kind == ANSWER_LATER)
            continue;

          client->last_answer = answer;
          if (answer.kind == ANSWER_OK)
            client->tally.done++;
          else
            client->tally.refused++;
          return TRUE;
        }

      hang_up (client);
      if (is_stop (why))
        {
          g_propagate_error (error, g_steal_pointer (&why));
          return FALSE;
        }

      trio_annotate ("no answer: %s", why->message);
      if (sent && request->kind == REQUEST_TRANSFER)
        {
          client->tally.unclear++;
          return TRUE;
        }
    }

  client->tally.given_up++;
  return TRUE;
}

/* As ask(), with the client's patience: TOO_SLOW when that is over. */
static gboolean
ask_within (Client *client, const Request *request, Answer *answer, gboolean *sent, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_fail_after (client->patience_us, error);

  if (!trio_cancel_scope_close (patience, ask (client, request, answer, sent, error)))
    return FALSE;

  /* A fail scope that was cancelled before its time moves on in silence; here there is no answer to move on with. */
  if (trio_cancel_scope_cancelled_caught (patience))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_TOO_SLOW, "the client was told not to wait");
      return FALSE;
    }
  return TRUE;
}

static gboolean
ask (Client *client, const Request *request, Answer *answer, gboolean *sent, GError **error)
{
  g_autofree char *line = request_to_line (request);
  g_autofree char *answer_line = NULL;
  GError *failed = NULL;
  LineReader reader;

  if (client->stream == NULL)
    client->stream = trio_open_tcp_stream (client->host, client->port, error);
  if (client->stream == NULL)
    return FALSE;

  *sent = TRUE;      /* from here on nobody knows, whatever sending says */
  if (!line_send (client->stream, line, error))
    return FALSE;

  /* A reader for each request is enough: the server sends one line for one line. */
  reader = (LineReader) LINE_READER_INIT (client->stream);
  answer_line = line_reader_next (&reader, &failed);
  if (answer_line == NULL)
    {
      if (failed == NULL)
        failed = g_error_new (TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "the server hung up");
      g_propagate_error (error, failed);
      return FALSE;
    }

  return answer_parse (answer_line, answer, error);
}

void
client_tally_add (ClientTally *into, const ClientTally *tally)
{
  into->done += tally->done;
  into->refused += tally->refused;
  into->unclear += tally->unclear;
  into->given_up += tally->given_up;
  into->retries += tally->retries;
}
