/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Files for a term, a vote and a log; see disk.h. */

#include "disk.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#define RECORD 64

/* --- text --- */

static void
append_record (GString *text, const Entry *entry)
{
  gsize start = text->len;

  g_string_append_printf (text, "%u %d %s %" G_GINT64_FORMAT, entry->term, entry->kind, entry->key[0] == '\0' ? "-" : entry->key, entry->value);
  while (text->len < start + RECORD - 1)
    g_string_append_c (text, ' ');
  g_string_append_c (text, '\n');
}

static GString *
to_text (const Disk *disk, guint first)
{
  GString *text = g_string_new (NULL);

  for (guint i = first; i < disk->log->len; i++)
    append_record (text, &g_array_index (disk->log, Entry, i));
  return text;
}

/* As far as it makes sense: what was being written when the power failed is nobody's promise. */
static void
read_records (Disk *disk, const char *text, gsize size)
{
  for (gsize at = 0; at + RECORD <= size; at += RECORD)
    {
      g_autofree char *record = g_strndup (text + at, RECORD);
      Entry entry = { 0 };

      if (record[RECORD - 1] != '\n'
          || sscanf (record, "%u %d %15s %" G_GINT64_FORMAT, &entry.term, (int *) &entry.kind, entry.key, &entry.value) != 4)
        break;
      g_array_append_val (disk->log, entry);
    }
}

/* --- recovery --- */

/* *found: NULL if there is none. */
static gboolean
load (const char *path, GBytes **found, GError **error)
{
  g_autoptr (GError) failure = NULL;

  *found = trio_file_load (path, &failure);
  if (*found != NULL || g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
recover (Disk *disk, GError **error)
{
  g_autoptr (GBytes) vote = NULL, log = NULL;
  g_autoptr (GString) text = NULL;

  if (!load ("/vote", &vote, error) || !load ("/log", &log, error))
    return FALSE;
  if (vote != NULL)
    {
      text = g_string_new_len (g_bytes_get_data (vote, NULL), (gssize) g_bytes_get_size (vote));
      (void) !sscanf (text->str, "%u %d", &disk->term, &disk->vote);
      g_string_free (g_steal_pointer (&text), TRUE);
    }
  if (log != NULL)
    read_records (disk, g_bytes_get_data (log, NULL), g_bytes_get_size (log));
  disk->written_term = disk->term;
  disk->written_vote = disk->vote;
  disk->n_written = disk->n_in_file = disk->log->len;
  text = to_text (disk, 0);
  if (!trio_file_replace ("/log", text->str, text->len, error))
    return FALSE;
  disk->file = trio_file_open ("/log", TRIO_FILE_WRITE, error);
  return disk->file != NULL;
}

/* A file that is still open was so when its host lost its power: it is gone with whoever used it. */
gboolean
disk_open (Disk *disk, GError **error)
{
  disk->file = NULL;
  disk_clear (disk);
  *disk = (Disk) { .vote = -1, .log = g_array_new (FALSE, FALSE, sizeof (Entry)), .lock = trio_lock_new () };
  disk->failed = !recover (disk, error);
  return !disk->failed;
}

void
disk_clear (Disk *disk)
{
  g_clear_pointer (&disk->file, trio_file_free);
  g_clear_pointer (&disk->log, g_array_unref);
  g_clear_pointer (&disk->lock, trio_lock_free);
}

/* --- writing --- */

void
disk_cut (Disk *disk, guint index)
{
  g_array_set_size (disk->log, index - 1);
  disk->n_written = MIN (disk->n_written, index - 1);
}

static gboolean
write_vote (Disk *disk, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%u %d\n", disk->term, disk->vote);

  if (disk->written_term == disk->term && disk->written_vote == disk->vote)
    return TRUE;
  disk->written_term = disk->term;
  disk->written_vote = disk->vote;
  return trio_file_replace ("/vote", text, strlen (text), error);
}

static gboolean
write_log (Disk *disk, gboolean safe, GError **error)
{
  guint first = disk->n_written, n_in_file = disk->n_in_file;
  g_autoptr (GString) text = to_text (disk, first);

  disk->n_written = disk->n_in_file = disk->log->len;
  if (n_in_file > first && (!trio_file_truncate (disk->file, first * RECORD, error) || (safe && !trio_file_sync (disk->file, error))))
    return FALSE;
  if (text->len == 0)
    return TRUE;
  return trio_file_write_at (disk->file, first * RECORD, text->str, text->len, error) && (!safe || trio_file_sync_data (disk->file, error));
}

gboolean
disk_write (Disk *disk, gboolean safe, GError **error)
{
  gboolean ok;

  if (!trio_lock_acquire (disk->lock, error))
    return FALSE;
  ok = write_vote (disk, error) && write_log (disk, safe, error);
  disk->failed |= !ok;
  trio_lock_release (disk->lock);
  return ok;
}
