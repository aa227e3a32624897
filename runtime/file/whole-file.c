/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A file as a whole: read, and replaced so that a crash finds the old or the new.
 *
 *     write a new one beside it --> sync it --> rename it --> sync the directory
 *                 the old one is there               |            the new one is there, and stays
 *                                          either, after a crash */

#include <gio/gio.h>

#include <trio/cancel-scope.h>
#include <trio/error.h>

#include "file/file-op.h"

/* Beginning of what is read at once when the size is not known: some files have none. */
#define PIECE 4096

GBytes *
trio_file_load (const char *path, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open (path, TRIO_FILE_READ, error);
  g_autoptr (GByteArray) contents = g_byte_array_new ();
  TrioFileStat stat;
  gsize wanted;
  gssize n;

  if (file == NULL || !trio_file_stat (file, &stat, error))
    return NULL;
  /* One byte more shows the end. */
  wanted = stat.size > 0 && stat.size < G_MAXUINT / 2 ? (gsize) stat.size + 1 : PIECE;
  do
    {
      guint had = contents->len;

      if (had > G_MAXUINT / 2 - wanted)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "could not load %s: it is larger than 2 GiB", path);
          return NULL;
        }
      g_byte_array_set_size (contents, had + (guint) wanted);
      n = trio_file_read (file, contents->data + had, wanted, error);
      g_byte_array_set_size (contents, had + (guint) MAX (n, 0));
    }
  while (n == (gssize) wanted);
  if (n < 0 || !trio_file_close (file, error))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&contents));
}

static TrioFile *
open_beside (const char *path, const char *directory, char **new_path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *prefix = g_strdup_printf (".%s.new-", name);
  TrioFileOp op = { .verb = TRIO_FILE_VERB_OPEN_TEMPORARY, .what = "trio_file_replace", .path = directory, .new_path = prefix };
  g_autoptr (GError) none = NULL;
  TrioFileStat old;

  if (trio_path_stat (path, &old, &none))
    op.mode = old.mode & 0777;
  else if (g_error_matches (none, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    op.mode = 0666;
  else
    {
      g_propagate_error (error, g_steal_pointer (&none));
      return NULL;
    }
  if (trio_file_op_on_path (&op, "make a new file in", error) < 0)
    return NULL;
  *new_path = op.made_path;
  return trio_file_new (trio_current_files (), op.handle, op.made_path, TRIO_FILE_READ | TRIO_FILE_WRITE);
}

static gboolean
write_and_rename (TrioFile *file, const char *path, gconstpointer data, gsize size, GError **error)
{
  return trio_file_write (file, data, size, error) && trio_file_sync (file, error) && trio_file_close (file, error)
         && trio_path_rename (trio_file_get_path (file), path, error);
}

static void remove_shielded (const char *path) TRIO_CHECKPOINT;

/* The error that brought us here is the one to be told. */
static void
remove_shielded (const char *path)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_REMOVE, .what = "trio_file_replace", .path = path };
  g_autoptr (GError) ignored = NULL;

  if (trio_file_op_perform_shielded (trio_current_files (), &op, "remove", path, &ignored) < 0)
    g_debug ("%s stays behind: %s", path, ignored->message);
}

static gboolean
sync_name (const char *directory, const char *path, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_SYNC_DIRECTORY, .what = "trio_file_replace", .path = directory };

  if (trio_file_op_perform_shielded (trio_current_files (), &op, "sync the directory", directory, error) >= 0)
    return TRUE;
  g_prefix_error (error, "%s was replaced, but a crash may bring the old one back: ", path);
  return FALSE;
}

gboolean
trio_file_replace (const char *path, gconstpointer data, gsize size, GError **error)
{
  g_autofree char *directory = NULL;
  g_autofree char *new_path = NULL;
  g_autoptr (TrioFile) file = NULL;

  g_return_val_if_fail (path != NULL, FALSE);
  directory = g_path_get_dirname (path);
  file = open_beside (path, directory, &new_path, error);
  if (file == NULL)
    return FALSE;
  if (!write_and_rename (file, path, data, size, error))
    {
      remove_shielded (new_path);
      return FALSE;
    }
  return sync_name (directory, path, error);
}
