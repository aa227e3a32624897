/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "lines.h"

#include <string.h>

/* The first line of the buffer, if there is a whole one. */
static char *
take_line (LineReader *reader)
{
  char *end = memchr (reader->buffer, '\n', reader->used);
  char *line;

  if (end == NULL)
    return NULL;

  line = g_strndup (reader->buffer, (gsize) (end - reader->buffer));
  reader->used -= (gsize) (end + 1 - reader->buffer);
  memmove (reader->buffer, end + 1, reader->used);
  g_strchomp (line);      /* some clients end a line with two bytes */
  return line;
}

char *
line_reader_next (LineReader *reader, GError **error)
{
  for (;;)
    {
      char *line = take_line (reader);
      gssize n;

      if (line != NULL)
        return line;

      if (reader->used == sizeof reader->buffer)
        {
          g_set_error (error, PROTOCOL_ERROR, PROTOCOL_ERROR_LINE, "a line is longer than %d bytes", PROTOCOL_LINE_MAX);
          return NULL;
        }

      n = trio_stream_receive_some (reader->stream, reader->buffer + reader->used, sizeof reader->buffer - reader->used, error);
      if (n < 0)
        return NULL;
      if (n == 0)
        {
          if (reader->used > 0)
            g_set_error (error, PROTOCOL_ERROR, PROTOCOL_ERROR_LINE, "the connection ended in the middle of a line");
          return NULL;
        }

      reader->used += (gsize) n;
    }
}

gboolean
line_send (TrioStream *stream, const char *line, GError **error)
{
  g_autofree char *bytes = g_strconcat (line, "\n", NULL);

  return trio_stream_send_all (stream, bytes, strlen (bytes), error);
}
