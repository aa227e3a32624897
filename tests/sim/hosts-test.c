/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Two hosts, a server and a client; see hosts-test.h. */

#include "tests/sim/hosts-test.h"

/* --- a server, and clients of it --- */

static gboolean
answer (TrioStream *stream, gpointer data G_GNUC_UNUSED, GError **error)
{
  char letter;

  for (;;)
    {
      gssize n = trio_stream_receive_some (stream, &letter, 1, error);

      if (n <= 0)
        return n == 0;
      if (!trio_stream_send_all (stream, &letter, 1, error))
        return FALSE;
    }
}

/* A client that goes away is no failure of the server's. */
static gboolean
answer_and_forgive (TrioStream *stream, gpointer data, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (answer (stream, data, &failure) || !g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
serve (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_serve_tcp (answer_and_forgive, NULL, NULL, 7, error);
}

/* Sends a letter, and has it back. */
gboolean
hosts_exchange (TrioStream *stream, GError **error)
{
  char letter = 'a';
  gssize n;

  if (!trio_stream_send_all (stream, &letter, 1, error))
    return FALSE;
  n = trio_stream_receive_some (stream, &letter, 1, error);
  if (n == 0)
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "the server hung up");
  if (n <= 0)
    return FALSE;
  g_assert_cmpint (letter, ==, 'a');
  return TRUE;
}

gboolean
hosts_ask_once (const char *name, GTimeSpan patience, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (patience, error);
  g_autoptr (TrioStream) stream = trio_open_tcp_stream (name, 7, error);

  if (stream == NULL || !hosts_exchange (stream, error) || !trio_stream_close (stream, error))
    return FALSE;
  return trio_cancel_scope_close (scope, TRUE);
}

static gboolean
run_client (gpointer data, GError **error)
{
  HostsPair *pair = data;
  gboolean ok;

  /* The server listens by then. */
  if (!trio_sleep (ms (100), error))
    return FALSE;
  ok = pair->client (pair, error);
  trio_nursery_cancel (pair->nursery);
  return ok;
}

/* "db" serves, and "web" runs the client; when that has ended so does all. */
gboolean
hosts_run_pair (gpointer client, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  HostsPair pair = { .client = (TrioFunc) (gsize) client, .nursery = nursery };

  pair.server_host = trio_sim_host_new ("db");
  pair.client_host = trio_sim_host_new ("web");
  trio_sim_host_start (pair.server_host, nursery, serve, NULL);
  trio_sim_host_start (pair.client_host, nursery, run_client, &pair);
  return trio_nursery_close (nursery, TRUE);
}

void
hosts_expect_pair (TrioFunc client, const char *lines, TrioSimVerdict verdict)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (hosts_run_pair, (gpointer) (gsize) client, lines);

  if (report->verdict != verdict || report->unmatched > 0)
    g_error ("%s, and not %s, with %u unmatched, of:\n%s\n%s", trio_sim_verdict_to_string (report->verdict),
             trio_sim_verdict_to_string (verdict), report->unmatched, lines, report->message == NULL ? "" : report->message);
}

gboolean
hosts_ask_and_hope (gpointer data G_GNUC_UNUSED, GError **error)
{
  return hosts_ask_once ("db", G_TIME_SPAN_SECOND / 2, error);
}

/* Each attempt has its own patience, and a new connection. */
gboolean
hosts_ask_again (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint attempt = 0; attempt < 40; attempt++)
    {
      g_autoptr (GError) failure = NULL;

      if (hosts_ask_once ("db", G_TIME_SPAN_SECOND / 2, &failure))
        return TRUE;
      if (!trio_sleep (G_TIME_SPAN_SECOND / 2, error))
        return FALSE;
    }
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "there is no answer");
  return FALSE;
}
