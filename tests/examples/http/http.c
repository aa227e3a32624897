/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "http.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>

/* What may still come from a client that was answered before it had said everything. */
#define LINGER_BYTES_MAX (1 << 20)
#define LINGER_US        G_TIME_SPAN_SECOND

typedef enum
{
  HTTP_SILENCE         = 0,             /* no request, no answer */
  HTTP_OK              = 200,
  HTTP_BAD_REQUEST     = 400,
  HTTP_NOT_FOUND       = 404,
  HTTP_TIMEOUT         = 408,           /* younger than HTTP/1.0, and understood everywhere */
  HTTP_NOT_IMPLEMENTED = 501,
} HttpStatus;

typedef struct
{
  HttpStatus      status;
  const HttpPage *page;                 /* if it is HTTP_OK */
  gboolean        head;                 /* without the body */
} HttpAnswer;

static gboolean serve         (gpointer data, GError **error);
static gboolean attend        (TrioStream *stream, gpointer data, GError **error);
static gboolean serve_one     (HttpServer *server, TrioStream *stream, GError **error);
static gboolean wait_for_word (TrioBufferedReader *reader, gboolean *said, GError **error);
static gboolean listen_to     (HttpServer *server, TrioBufferedReader *reader, HttpAnswer *answer, GError **error);
static gboolean read_request  (HttpServer *server, TrioBufferedReader *reader, HttpAnswer *answer, GError **error);
static void     understand    (HttpServer *server, const char *line, HttpAnswer *answer);
static gboolean send_answer   (HttpServer *server, TrioStream *stream, const HttpAnswer *answer, GError **error);
static gboolean linger        (TrioStream *stream, GError **error);

/* --- the house --- */

gboolean
http_server_run (HttpServer *server, const char *host, guint16 port, TrioFunc while_open, gpointer data, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener (host, port, error);
  g_autoptr (TrioNursery) nursery = NULL;
  GError *why = NULL;

  if (listener == NULL)
    return FALSE;

  server->listener = listener;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, serve, server);

  if (!while_open (data, &why) && !g_error_matches (why, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    {
      g_propagate_error (error, why);
      return trio_nursery_close (nursery, FALSE);
    }
  g_clear_error (&why);

  if (server->on_closing != NULL)
    server->on_closing (server->data);
  trio_cancel_scope_cancel_gracefully_with_reason (trio_nursery_get_cancel_scope (nursery), server->grace_us, "closing time");
  return trio_nursery_close (nursery, TRUE);
}

gboolean
http_stay_open (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const int signals[] = { SIGTERM, 0 };
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (signals, error);
  int number;

  return receiver != NULL && trio_signal_receiver_receive (receiver, &number, error);
}

static gboolean
serve (gpointer data, GError **error)
{
  HttpServer *server = data;

  return trio_serve_listener (server->listener, attend, server, error);
}

/* --- one connection --- */

/* Only a cancellation is passed on. */
static gboolean
attend (TrioStream *stream, gpointer data, GError **error)
{
  HttpServer *server = data;
  GError *why = NULL;

  if (serve_one (server, stream, &why))
    return TRUE;
  if (trio_error_contains (why, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_clear_error (&why);
  server->n_broken++;
  return TRUE;
}

static gboolean
serve_one (HttpServer *server, TrioStream *stream, GError **error)
{
  g_autoptr (TrioBufferedReader) reader = trio_buffered_reader_new (stream);
  HttpAnswer answer = { HTTP_SILENCE, NULL, FALSE };

  if (!listen_to (server, reader, &answer, error))
    return FALSE;
  if (answer.status == HTTP_SILENCE)
    {
      server->n_silent++;
      return TRUE;
    }
  if (!send_answer (server, stream, &answer, error))
    return FALSE;
  server->n_answered++;
  return answer.status == HTTP_OK || answer.status == HTTP_NOT_FOUND || linger (stream, error);
}

/* The request, as long as there is patience. */
static gboolean
listen_to (HttpServer *server, TrioBufferedReader *reader, HttpAnswer *answer, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (server->patience_us, error);
  gboolean said = FALSE;
  gboolean ok = wait_for_word (reader, &said, error) && (!said || read_request (server, reader, answer, error));

  if (!trio_cancel_scope_close (patience, ok))
    return FALSE;
  if (trio_cancel_scope_cancelled_caught (patience))
    answer->status = HTTP_TIMEOUT;
  return TRUE;
}

/* Who has not said a word at closing time may go. */
static gboolean
wait_for_word (TrioBufferedReader *reader, gboolean *said, GError **error)
{
  g_autoptr (TrioCancelScope) waiting = trio_move_on_when_soft_cancelled (error);
  const guint8 *bytes;
  gssize n = trio_buffered_reader_peek (reader, 1, &bytes, error);

  *said = n > 0;
  return trio_cancel_scope_close (waiting, n >= 0);
}

/* --- the request --- */

/* A line; NULL if there cannot be one: too long, or over too early. */
static gboolean
read_line (TrioBufferedReader *reader, char **line, GError **error)
{
  GError *why = NULL;

  if (trio_buffered_reader_read_line (reader, HTTP_LINE_MAX, line, NULL, &why))
    return TRUE;
  if (!g_error_matches (why, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE) && !g_error_matches (why, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT))
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_clear_error (&why);
  *line = NULL;
  return TRUE;
}

/* The request line, and headers, of which none matters here, up to an empty line. */
static gboolean
read_request (HttpServer *server, TrioBufferedReader *reader, HttpAnswer *answer, GError **error)
{
  g_autofree char *request = NULL;

  if (!read_line (reader, &request, error))
    return FALSE;
  for (guint n_headers = 0; request != NULL && n_headers <= HTTP_HEADERS_MAX; n_headers++)
    {
      g_autofree char *header = NULL;

      if (!read_line (reader, &header, error))
        return FALSE;
      if (header == NULL)
        break;
      if (header[0] == '\0')
        {
          understand (server, request, answer);
          return TRUE;
        }
    }
  answer->status = HTTP_BAD_REQUEST;
  return TRUE;
}

static const HttpPage *
find_page (HttpServer *server, const char *path)
{
  for (const HttpPage *page = server->pages; page->path != NULL; page++)
    if (g_str_equal (page->path, path))
      return page;
  return NULL;
}

/* "GET /path?query HTTP/1.0" */
static void
understand (HttpServer *server, const char *line, HttpAnswer *answer)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 0);

  answer->status = HTTP_BAD_REQUEST;
  if (g_strv_length (words) != 3 || words[1][0] != '/' || !g_str_has_prefix (words[2], "HTTP/1."))
    return;

  answer->status = HTTP_NOT_IMPLEMENTED;
  answer->head = g_str_equal (words[0], "HEAD");
  if (!answer->head && !g_str_equal (words[0], "GET"))
    return;

  words[1][strcspn (words[1], "?")] = '\0';
  answer->page = find_page (server, words[1]);
  answer->status = answer->page != NULL ? HTTP_OK : HTTP_NOT_FOUND;
}

/* --- the answer --- */

static const char *
describe (HttpStatus status)
{
  switch (status)
    {
    case HTTP_OK:              return "OK";
    case HTTP_BAD_REQUEST:     return "Bad Request";
    case HTTP_NOT_FOUND:       return "Not Found";
    case HTTP_TIMEOUT:         return "Request Timeout";
    case HTTP_NOT_IMPLEMENTED: return "Not Implemented";
    case HTTP_SILENCE:
    default:                   g_assert_not_reached ();
    }
}

static char *
make_head (HttpStatus status, const char *type, gint64 size)
{
  return g_strdup_printf ("HTTP/1.0 %d %s\r\nContent-Type: %s\r\nContent-Length: %" G_GINT64_FORMAT "\r\n\r\n", (int) status,
                          describe (status), type, size);
}

static gboolean
send_bytes (TrioStream *stream, const HttpAnswer *answer, GError **error)
{
  const char *words = describe (answer->status);
  gsize size = strlen (words);
  const char *body = answer->page != NULL ? g_bytes_get_data (answer->page->body, &size) : words;
  g_autofree char *head = make_head (answer->status, answer->page != NULL ? answer->page->type : "text/plain", (gint64) size);
  const TrioOutputVector vectors[] = { { head, strlen (head) }, { body, size } };

  return trio_stream_send_all_vectors (stream, vectors, answer->head ? 1 : 2, error);
}

/* Who was promised more than the file still has must not take it for all of it. */
static gboolean
send_content (TrioStream *stream, TrioFile *file, gint64 size, GError **error)
{
  gint64 sent;

  if (!trio_stream_send_file (stream, file, 0, size, &sent, error))
    return FALSE;
  if (sent < size)
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "%s has become shorter while it was sent", trio_file_get_path (file));
  return sent == size;
}

static gboolean
send_file (TrioStream *stream, const HttpAnswer *answer, TrioFile *file, GError **error)
{
  g_autofree char *head = NULL;
  TrioFileStat about;

  if (!trio_file_stat (file, &about, error))
    return FALSE;
  head = make_head (answer->status, answer->page->type, about.size);
  return trio_stream_send_all (stream, head, strlen (head), error) && (answer->head || send_content (stream, file, about.size, error))
         && trio_file_close (file, error);
}

/* A file that is gone is a page that is not found. */
static gboolean
send_page (TrioStream *stream, const HttpAnswer *answer, GError **error)
{
  const HttpAnswer gone = { HTTP_NOT_FOUND, NULL, answer->head };
  g_autoptr (TrioFile) file = NULL;
  GError *why = NULL;

  if (answer->page == NULL || answer->page->file == NULL)
    return send_bytes (stream, answer, error);
  file = trio_file_open (answer->page->file, TRIO_FILE_READ, &why);
  if (file != NULL)
    return send_file (stream, answer, file, error);
  if (!g_error_matches (why, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_clear_error (&why);
  return send_bytes (stream, &gone, error);
}

static gboolean
send_answer (HttpServer *server, TrioStream *stream, const HttpAnswer *answer, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_fail_after (server->patience_us, error);

  return trio_cancel_scope_close (patience, send_page (stream, answer, error));
}

/* To close while the client still sends would be a reset, which may overtake the answer. So the answer's end is told first, and what comes
 * is taken, for a while. */
static gboolean
linger (TrioStream *stream, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (LINGER_US, error);
  gboolean ok = trio_stream_send_eof (stream, error);
  char ignored[4096];
  gssize n = 1;

  for (gsize total = 0; ok && n > 0 && total < LINGER_BYTES_MAX; total += (gsize) n)
    {
      n = trio_stream_receive_some (stream, ignored, sizeof ignored, error);
      ok = n >= 0;
    }
  return trio_cancel_scope_close (patience, ok);
}
