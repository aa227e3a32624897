/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Writes files of results. See result-file.h. */

#include "simulator/result-file.h"

static gboolean
write_into (const char *path, gconstpointer contents, gsize length, GError **error)
{
  GIOChannel *channel = g_io_channel_new_file (path, "w", error);
  gboolean ok;

  if (channel == NULL)
    return FALSE;

  g_io_channel_set_encoding (channel, NULL, NULL);
  ok = g_io_channel_write_chars (channel, contents, (gssize) length, NULL, error) == G_IO_STATUS_NORMAL;
  /* What it has not written yet, it writes now. */
  ok = g_io_channel_shutdown (channel, TRUE, ok ? error : NULL) == G_IO_STATUS_NORMAL && ok;
  g_io_channel_unref (channel);
  return ok;
}

gboolean
trio_sim_write_file (const char *path, gconstpointer contents, gsize length, GError **error)
{
  g_return_val_if_fail (path != NULL && (contents != NULL || length == 0), FALSE);
  GError *why = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return g_file_set_contents (path, length > 0 ? contents : "", (gssize) length, error);
  if (write_into (path, length > 0 ? contents : "", length, &why))
    return TRUE;

  g_propagate_prefixed_error (error, why, "nothing can be written into “%s”: ", path);
  return FALSE;
}
