/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A server's frame; see service.h. */

#include "service.h"

#include <signal.h>
#include <stdio.h>

#include <gio/gio.h>

#define GRACE (10 * G_TIME_SPAN_SECOND)

/* A peer that breaks off is the end of its connection, not of the server. */
static gboolean
serve_one (TrioStream *stream, gpointer data, GError **error)
{
  Service *service = data;
  GError *why = NULL;

  if (service->handler (stream, service, &why))
    {
      service->n_served++;
      return TRUE;
    }
  if (g_error_matches (why, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE) || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT)
      || g_error_matches (why, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE))
    {
      service->n_broken++;
      g_error_free (why);
      return TRUE;
    }
  g_propagate_error (error, why);
  return FALSE;
}

gssize
service_receive (Service *service, TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  gssize n = 0;
  g_autoptr (TrioCancelScope) waiting = trio_move_on_when_soft_cancelled (error);

  n = trio_stream_receive_some (stream, buffer, size, error);
  if (!trio_cancel_scope_close (waiting, n >= 0))
    return -1;
  n = MAX (n, 0);
  service->n_in += (guint64) n;
  return n;
}

static gboolean
run_service (gpointer data, GError **error)
{
  static const int signals[] = { SIGTERM, SIGINT, 0 };
  Service *service = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioGracefulStop) stop = trio_stop_gracefully_on_signals (scope, signals, GRACE, error);
  g_autoptr (TrioListener) listener = NULL;

  if (stop == NULL)
    return FALSE;
  listener = trio_open_tcp_listener ("127.0.0.1", service->port, error);
  if (listener == NULL)
    return FALSE;
  printf ("listening at 127.0.0.1:%u\n", trio_listener_get_port (listener));
  fflush (stdout);
  return trio_cancel_scope_close (scope, trio_serve_listener (listener, serve_one, service, error));
}

int
service_main (int argc, char **argv, TrioStreamHandler handler)
{
  Service service = { .handler = handler };
  g_autoptr (GError) error = NULL;
  guint64 port = 0;
  gboolean ok;

  if (argc > 2 || (argc == 2 && !g_ascii_string_to_unsigned (argv[1], 10, 0, G_MAXUINT16, &port, &error)))
    {
      fprintf (stderr, "%s: %s; usage: %s [PORT], 0 for a port that is free\n", argv[0],
               error != NULL ? error->message : "that is too much", argv[0]);
      return 2;
    }
  service.port = (guint16) port;
  ok = trio_run (run_service, &service, &error);
  printf ("served %" G_GUINT64_FORMAT ", broken %" G_GUINT64_FORMAT ", in %" G_GUINT64_FORMAT ", out %" G_GUINT64_FORMAT "\n",
          service.n_served, service.n_broken, service.n_in, service.n_out);
  if (!ok)
    fprintf (stderr, "%s: %s\n", argv[0], error->message);
  return ok ? 0 : 1;
}
