/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Our echo server, as a user would write it: one task a connection. server-trio [PORT] */

#include <stdio.h>
#include <stdlib.h>

#include <trio/trio.h>

static gboolean
echo (TrioStream *stream, gpointer data G_GNUC_UNUSED, GError **error)
{
  char buffer[1024];        /* with the frames below it in the page that the task has anyway */
  gssize n;

  while ((n = trio_stream_receive_some (stream, buffer, sizeof buffer, error)) > 0)
    if (!trio_stream_send_all (stream, buffer, (gsize) n, error))
      return FALSE;
  return n == 0;
}

static gboolean
serve (gpointer port, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", (guint16) GPOINTER_TO_UINT (port), error);

  if (listener == NULL)
    return FALSE;
  printf ("%u\n", trio_listener_get_port (listener));
  fflush (stdout);
  return trio_serve_listener (listener, echo, NULL, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (trio_run (serve, GUINT_TO_POINTER (argc > 1 ? (guint) atoi (argv[1]) : 0), &error))
    return 0;
  fprintf (stderr, "%s: %s\n", argv[0], error->message);
  return 1;
}
