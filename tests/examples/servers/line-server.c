/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Answers each line with its length. A line may come in many pieces, and many lines in one. */

#include "service.h"

#include <string.h>

#define LONGEST_LINE (64 * 1024)

/* The next line; NULL at the end, and when the service is to end before there is one. */
TRIO_CHECKPOINT static gboolean
read_line (TrioBufferedReader *reader, char **line, gsize *length, GError **error)
{
  g_autoptr (TrioCancelScope) waiting = trio_move_on_when_soft_cancelled (error);

  return trio_cancel_scope_close (waiting, trio_buffered_reader_read_line (reader, LONGEST_LINE, line, length, error));
}

static gboolean
answer_lines (TrioStream *stream, gpointer data, GError **error)
{
  Service *service = data;
  g_autoptr (TrioBufferedReader) reader = trio_buffered_reader_new (stream);

  for (;;)
    {
      g_autofree char *line = NULL;
      g_autofree char *answer = NULL;
      gsize length = 0;

      if (!read_line (reader, &line, &length, error))
        return FALSE;
      if (line == NULL)
        return TRUE;
      service->n_in += length + 1;
      answer = g_strdup_printf ("%" G_GSIZE_FORMAT "\n", length);
      if (!trio_stream_send_all (stream, answer, strlen (answer), error))
        return FALSE;
      service->n_out += strlen (answer);
    }
}

int
main (int argc, char **argv)
{
  return service_main (argc, argv, answer_lines);
}
