/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What is done to names: of files, and of directories. */

#include <stdlib.h>
#include <string.h>

#include "file/file-op.h"

gboolean
trio_path_stat (const char *path, TrioFileStat *stat, GError **error)
{
  TrioFileStat found;
  TrioFileOp op = { .verb = TRIO_FILE_VERB_STAT_PATH, .what = "trio_path_stat", .path = path, .stat = &found };

  g_return_val_if_fail (path != NULL && stat != NULL, FALSE);
  if (trio_file_op_on_path (&op, "look at", error) < 0)
    return FALSE;
  *stat = found;
  return TRUE;
}

gboolean
trio_path_rename (const char *from, const char *to, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_RENAME, .what = "trio_path_rename", .path = from, .new_path = to };

  g_return_val_if_fail (from != NULL && to != NULL, FALSE);
  return trio_file_op_on_path (&op, "rename", error) >= 0;
}

gboolean
trio_path_remove (const char *path, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_REMOVE, .what = "trio_path_remove", .path = path };

  g_return_val_if_fail (path != NULL, FALSE);
  return trio_file_op_on_path (&op, "remove", error) >= 0;
}

gboolean
trio_directory_make (const char *path, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_MAKE_DIRECTORY, .what = "trio_directory_make", .path = path, .mode = 0777 };

  g_return_val_if_fail (path != NULL, FALSE);
  return trio_file_op_on_path (&op, "make the directory", error) >= 0;
}

gboolean
trio_directory_remove (const char *path, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_REMOVE_DIRECTORY, .what = "trio_directory_remove", .path = path };

  g_return_val_if_fail (path != NULL, FALSE);
  return trio_file_op_on_path (&op, "remove the directory", error) >= 0;
}

char *
trio_directory_make_temporary (const char *directory, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_MAKE_TEMPORARY_DIRECTORY, .what = "trio_directory_make_temporary", .path = directory };

  return trio_file_op_on_path (&op, "make a temporary directory in", error) < 0 ? NULL : op.made_path;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GStrv
trio_directory_list (const char *path, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  TrioFileOp op = { .verb = TRIO_FILE_VERB_LIST, .what = "trio_directory_list", .path = path, .names = names };
  GStrv list;

  g_return_val_if_fail (path != NULL, NULL);
  if (trio_file_op_on_path (&op, "list the directory", error) < 0)
    return NULL;
  g_ptr_array_sort (names, compare_names);
  list = g_new0 (char *, names->len + 1);
  for (guint i = 0; i < names->len; i++)
    list[i] = g_steal_pointer (&g_ptr_array_index (names, i));
  return list;
}

gboolean
trio_directory_sync (const char *path, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_SYNC_DIRECTORY, .what = "trio_directory_sync", .path = path };

  g_return_val_if_fail (path != NULL, FALSE);
  return trio_file_op_on_path (&op, "sync the directory", error) >= 0;
}
