/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Lines over TCP; see lines.h. */

#include "lines.h"

#include <string.h>

gboolean
lines_receive (TrioStream *stream, char *line, GError **error)
{
  gsize length = 0;

  while (length == 0 || line[length - 1] != '\n')
    {
      gssize n = length == LINE_SIZE ? 0 : trio_stream_receive_some (stream, line + length, LINE_SIZE - length, error);

      if (n == 0)
        g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "there is no whole line");
      if (n <= 0)
        return FALSE;
      length += (gsize) n;
    }
  line[length - 1] = '\0';
  return TRUE;
}

gboolean
lines_send (TrioStream *stream, const char *line, GError **error)
{
  g_autofree char *whole = g_strconcat (line, "\n", NULL);

  return trio_stream_send_all (stream, whole, strlen (whole), error);
}

static gboolean
ask (const char *host, const char *question, GTimeSpan patience, char *answer, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_fail_after (patience, error);
  g_autoptr (TrioStream) stream = trio_open_tcp_stream (host, PORT, error);

  if (stream == NULL || !lines_send (stream, question, error) || !lines_receive (stream, answer, error) || !trio_stream_close (stream, error))
    return FALSE;
  return trio_cancel_scope_close (scope, TRUE);
}

gboolean
lines_ask (const char *host, const char *question, GTimeSpan patience, char *answer, gboolean *heard, GError **error)
{
  g_autoptr (GError) failure = NULL;

  *heard = ask (host, question, patience, answer, &failure);
  return *heard || trio_checkpoint_if_cancelled (error);
}
