/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* http-sim: visitors of all kinds, in the simulator. This file, and only this one, knows that there is one. */

#include "http.h"

#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <trio-sim/sim.h>

#define BIG_BYTES   20000
#define PATIENCE_US (10 * G_TIME_SPAN_SECOND)

#define BIG_FILE    "/big.txt"

/* What makes it closing time: the clock, or a SIGTERM at that time. */
typedef struct
{
  GTimeSpan after_us;
  gboolean  told;
} Closing;

static const Closing late = { PATIENCE_US * 3, FALSE }, early = { 2 * G_TIME_SPAN_MILLISECOND, FALSE },
                     told = { 2 * G_TIME_SPAN_MILLISECOND, TRUE };

/* What a visitor says, waits, says, and should hear. */
typedef struct
{
  const char *first;
  GTimeSpan   pause_us;
  const char *second;
  int         status;                   /* 0: none */
  gsize       size;                     /* of the body; 0: any */
} Visit;

static const Visit visits[] = {
  { "GET / HTTP/1.0\r\n\r\n", 0, "", 200, 5 },
  { "GET /big?really HTTP/1.0\r\nHost: here\r\n", 100, "User-Agent: sim\r\n\r\n", 200, BIG_BYTES },
  { "GET /missing HTTP/1.0\n\n", 0, "", 404, 0 },
  { "POST / HTTP/1.0\r\n\r\n", 0, "a body that nobody reads", 501, 0 },
  { "good morning\r\n\r\n", 0, "", 400, 0 },
  { "GET / HT", PATIENCE_US * 2, "", 408, 0 },
  { "", PATIENCE_US * 2, "", 408, 0 },
};

typedef struct
{
  HttpServer   server;
  TrioNursery *street;
  guint        n_served;
} Day;

typedef struct
{
  Day         *day;
  guint16      port;
  const Visit *visit;
} Visitor;

static gboolean
read_line (TrioBufferedReader *reader, char **line, GError **error)
{
  if (!trio_buffered_reader_read_line (reader, 1000, line, NULL, error))
    return FALSE;
  if (*line == NULL)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "sent away without a whole answer");
  return *line != NULL;
}

/* The status line, headers, and so many bytes: then the answer is whole. If it is not, one can see that. */
static gboolean
hear (TrioBufferedReader *reader, int *status, gsize *size, GError **error)
{
  g_autofree char *line = NULL;
  g_autofree char *body = NULL;
  gsize promised = 0;

  if (!read_line (reader, &line, error))
    return FALSE;
  trio_always (g_str_has_prefix (line, "HTTP/1.0 "), "an answer begins with the version");
  *status = atoi (line + strlen ("HTTP/1.0 "));

  for (;;)
    {
      g_autofree char *header = NULL;

      if (!read_line (reader, &header, error))
        return FALSE;
      if (header[0] == '\0')
        break;
      if (g_str_has_prefix (header, "Content-Length: "))
        promised = (gsize) g_ascii_strtoull (header + strlen ("Content-Length: "), NULL, 10);
    }
  *size = promised;
  body = g_malloc (promised);
  return trio_buffered_reader_read_exactly (reader, body, promised, error);
}

static gboolean
talk (Visitor *visitor, TrioStream *stream, GError **error)
{
  const Visit *visit = visitor->visit;
  g_autoptr (TrioBufferedReader) reader = trio_buffered_reader_new (stream);
  int status = 0;
  gsize size = 0;

  if (!trio_stream_send_all (stream, visit->first, strlen (visit->first), error) || !trio_sleep (visit->pause_us, error)
      || !trio_stream_send_all (stream, visit->second, strlen (visit->second), error) || !hear (reader, &status, &size, error))
    return FALSE;

  /* Whoever hesitates on a bad line may be too slow. */
  trio_always (status == visit->status || status == 408, "the status is what the request deserves");
  trio_always (status != 200 || size == visit->size, "the page is the one that was asked for");
  trio_sometimes (status == 200, "a page was served");
  trio_sometimes (status == 400, "nonsense was refused");
  trio_sometimes (status == 404, "a page was missing");
  trio_sometimes (status == 408, "a visitor was too slow");
  visitor->day->n_served++;
  return TRUE;
}

/* Nobody waits for ever. */
static gboolean
visit (Visitor *visitor, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (G_TIME_SPAN_HOUR, error);
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("127.0.0.1", visitor->port, error);

  return trio_cancel_scope_close (patience, stream != NULL && talk (visitor, stream, error));
}

/* Goes home without complaint if the connection is bad, or the server closed. */
static gboolean
visitor (gpointer data, GError **error)
{
  g_autofree Visitor *self = data;
  GError *why = NULL;

  if (visit (self, &why))
    return TRUE;
  if (trio_error_contains (why, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_clear_error (&why);
  return TRUE;
}

static gboolean
terminate (gpointer data, GError **error)
{
  if (!trio_sleep (((const Closing *) data)->after_us, error))
    return FALSE;
  trio_sim_raise (SIGTERM);
  return TRUE;
}

/* All come; then it is closing time, early or late. */
static gboolean
be_visited (gpointer data, GError **error)
{
  Day *day = data;
  const Closing *closing = day->server.data;

  for (guint i = 0; i < G_N_ELEMENTS (visits); i++)
    {
      Visitor *one = g_new (Visitor, 1);

      *one = (Visitor) { day, trio_listener_get_port (day->server.listener), &visits[i] };
      trio_nursery_start_soon (day->street, visitor, one);
    }
  if (closing->told)
    {
      trio_nursery_start_soon (day->street, terminate, day->server.data);
      return http_stay_open (NULL, error);
    }
  return trio_sleep (closing->after_us, error);
}

static gboolean
open_and_be_visited (Day *day, GError **error)
{
  g_autofree char *big = g_strnfill (BIG_BYTES, 'x');

  return trio_file_replace (BIG_FILE, big, BIG_BYTES, error) && http_server_run (&day->server, "127.0.0.1", 0, be_visited, day, error);
}

/* There was nothing to listen with, or nowhere to put the page. */
static gboolean
is_day_off (const GError *why)
{
  return g_error_matches (why, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES) || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_NO_SPACE)
         || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_FAILED);
}

static gboolean
spend_a_day (gpointer data, GError **error)
{
  const HttpPage pages[] = {
    { "/", "text/plain", g_bytes_new_static ("hello", 5), NULL },
    { "/big", "text/plain", NULL, BIG_FILE },
    { NULL, NULL, NULL, NULL },
  };
  Day day = { .server = { .pages = pages, .patience_us = PATIENCE_US, .grace_us = 60 * G_TIME_SPAN_SECOND, .data = data } };
  g_autoptr (TrioNursery) street = trio_nursery_open (error);
  GError *why = NULL;
  gboolean ok;

  day.street = street;
  ok = open_and_be_visited (&day, &why);
  if (is_day_off (why))
    {
      g_clear_error (&why);
      ok = TRUE;
    }
  if (!ok)
    g_propagate_error (error, why);
  ok = trio_nursery_close (street, ok);

  trio_always (day.n_served <= day.server.n_answered + day.server.n_broken, "nobody is served who was not answered");
  if (data == &late)
    trio_sometimes (day.n_served == G_N_ELEMENTS (visits), "everybody was served");
  trio_sometimes (day.server.n_silent > 0, "a silent one was sent away");
  g_bytes_unref (pages[0].body);
  return ok;
}

int
main (int argc, char **argv)
{
  const TrioScenario scenarios[] = {
    { "late", spend_a_day, (gpointer) &late, "everybody is served before closing time" },
    { "early", spend_a_day, (gpointer) &early, "closing time comes while they talk" },
    { "told", spend_a_day, (gpointer) &told, "the same, and a SIGTERM says so" },
    { NULL, NULL, NULL, NULL },
  };

  return trio_sim_main (argc, argv, scenarios);
}
