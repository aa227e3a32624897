/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* An open file: its position, who uses it, and its end.
 *
 * Always true:
 *  1. handle is NULL exactly after it was closed. Nobody closes it while n_users > 0.
 *  2. The position is ours and not the system's, so that a verb that fails or is cancelled has not moved it.
 *  3. Only tasks of the process that opened it use it: they are lost together.
 *  4. What needs more than one verb (a read or write that came back short) looks for a cancellation only before the first. */

#include <gio/gio.h>

#include <trio/cancel-scope.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/file.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/parking-lot.h>

#include "file/file-op.h"

struct _TrioFile
{
  TrioFiles      *files;
  TrioFileHandle *handle;            /* (1) */
  TrioCapacityLimiter *opener;       /* (3) the limiter of its process; a reference */
  char           *path;
  TrioFileFlags   flags;
  gint64          position;          /* (2) */
  guint           n_users;           /* calls under way */
  gboolean        position_in_use;
  gboolean        closing;
  gboolean        passing;           /* held: it may go elsewhere any moment */
  gboolean        nobody_closes;     /* who wanted to was interrupted: the last user does */
  TrioParkingLot  unused;            /* who waits for n_users to be 0 */
};

TrioFile *
trio_file_new (TrioFiles *files, TrioFileHandle *handle, const char *path, TrioFileFlags flags)
{
  TrioFile *file = g_new0 (TrioFile, 1);

  file->files = files;
  file->handle = handle;
  file->opener = trio_capacity_limiter_ref (trio_current_default_file_limiter ());
  file->path = g_strdup (path);
  file->flags = flags;
  trio_parking_lot_init (&file->unused, "trio_file_close");
  return file;
}

TrioFile *
trio_file_open (const char *path, TrioFileFlags flags, GError **error)
{
  return trio_file_open_mode (path, flags, 0666, error);
}

TrioFile *
trio_file_open_mode (const char *path, TrioFileFlags flags, guint mode, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_OPEN, .what = "trio_file_open", .path = path, .flags = flags, .mode = mode };

  g_return_val_if_fail (path != NULL, NULL);
  if ((flags & (TRIO_FILE_READ | TRIO_FILE_WRITE)) == 0
      || ((flags & (TRIO_FILE_TRUNCATE | TRIO_FILE_APPEND | TRIO_FILE_CREATE)) != 0 && (flags & TRIO_FILE_WRITE) == 0)
      || ((flags & TRIO_FILE_EXCLUSIVE) != 0 && (flags & TRIO_FILE_CREATE) == 0))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                   "trio_file_open of %s: it needs READ or WRITE; CREATE, TRUNCATE and APPEND need WRITE; EXCLUSIVE needs CREATE", path);
      return NULL;
    }
  if (trio_file_op_on_path (&op, "open", error) < 0)
    return NULL;
  return trio_file_new (trio_current_files (), op.handle, path, flags);
}

TrioFile *
trio_file_open_temporary (const char *directory, char **path, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_OPEN_TEMPORARY, .what = "trio_file_open_temporary", .path = directory,
                    .new_path = "trio-", .mode = 0600 };

  g_return_val_if_fail (path != NULL, NULL);
  if (trio_file_op_on_path (&op, "make a temporary file in", error) < 0)
    return NULL;
  *path = op.made_path;
  return trio_file_new (trio_current_files (), op.handle, op.made_path, TRIO_FILE_READ | TRIO_FILE_WRITE);
}

const char *
trio_file_get_path (TrioFile *file)
{
  g_return_val_if_fail (file != NULL, NULL);
  return file->path;
}

/* --- who uses it --- */

static void
drop (TrioFile *file)
{
  file->files->drop (file->files, g_steal_pointer (&file->handle));
}

static gboolean
begin (TrioFile *file, const char *doing, GError **error)
{
  trio_note_access (file, TRIO_ACCESS_WRITE);
  if (!trio_file_check_process (file->opener, doing, file->path, error))
    return FALSE;
  if ((file->closing && !TRIO_MUTATION (closing_file_is_used)) || file->handle == NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "could not %s %s: it was closed", doing, file->path);
      return FALSE;
    }
  if (file->passing)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "could not %s %s: it is being passed to somebody else", doing, file->path);
      return FALSE;
    }
  file->n_users++;
  return TRUE;
}

static void
end (TrioFile *file)
{
  trio_note_access (file, TRIO_ACCESS_WRITE);
  if (--file->n_users > 0)
    return;
  if (file->nobody_closes)
    drop (file);
  else
    trio_parking_lot_unpark_all (&file->unused);
}

static gboolean
begin_at_position (TrioFile *file, const char *doing, GError **error)
{
  if (!begin (file, doing, error))
    return FALSE;
  if (file->position_in_use && !TRIO_MUTATION (busy_position_not_seen))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "could not %s %s: another task is using its position", doing, file->path);
      end (file);
      return FALSE;
    }
  file->position_in_use = TRUE;
  return TRUE;
}

static void
end_at_position (TrioFile *file)
{
  file->position_in_use = FALSE;
  end (file);
}

static gint64
perform (TrioFile *file, TrioFileOp *op, const char *doing, GError **error)
{
  op->handle = file->handle;
  return trio_file_op_perform (file->files, op, doing, file->path, error);
}

/* One verb and no more. */
static gboolean
perform_alone (TrioFile *file, TrioFileOp *op, const char *doing, GError **error)
{
  gboolean ok;

  if (!begin (file, doing, error))
    return FALSE;
  ok = perform (file, op, doing, error) >= 0;
  end (file);
  return ok;
}

/* --- reading and writing --- */

/* Until there is no more, or an error. A later piece that fails: what was read is as if it had not been. */
static gssize
read_pieces (TrioFile *file, gint64 offset, guint8 *buffer, gsize size, const char *what, GError **error)
{
  gsize done = 0;

  do
    {
      TrioFileOp op = { .verb = TRIO_FILE_VERB_READ, .what = what, .handle = file->handle, .offset = offset + (gint64) done,
                        .buffer = buffer + done, .size = size - done };
      gint64 n = done == 0 ? perform (file, &op, "read", error)
                           : trio_file_op_perform_shielded (file->files, &op, "read", file->path, error);

      if (n < 0)
        return -1;
      if (n == 0)
        break;
      done += (gsize) n;
    }
  while (done < size);
  return (gssize) done;
}

static void
say_how_much (GError **error, gsize done, gsize size)
{
  g_prefix_error (error, "%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes were written: ", done, size);
}

/* How many were written; with an error if that is not all. */
static gsize
write_pieces (TrioFile *file, gint64 offset, const guint8 *data, gsize size, const char *what, GError **error)
{
  gsize done = 0;

  do
    {
      TrioFileOp op = { .verb = TRIO_FILE_VERB_WRITE, .what = what, .handle = file->handle, .offset = offset + (gint64) done,
                        .data = done > 0 ? data + done : data, .size = size - done, .flags = file->flags };
      gint64 n = done == 0 ? perform (file, &op, "write", error)
                           : trio_file_op_perform_shielded (file->files, &op, "write", file->path, error);

      if (n < 0)
        {
          if (done > 0)
            say_how_much (error, done, size);
          return done;
        }
      done += (gsize) n;
    }
  while (done < size);
  return done;
}

/* The system would say so too, but not before a thread was asked. */
static gboolean
is_for (TrioFile *file, TrioFileFlags flag, const char *doing, GError **error)
{
  if ((file->flags & flag) != 0)
    return TRUE;
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "could not %s %s: it was not opened for that", doing, file->path);
  return FALSE;
}

static gboolean
is_place (TrioFile *file, gint64 offset, gsize size, const char *doing, GError **error)
{
  if (offset >= 0 && size <= G_MAXSSIZE && offset <= G_MAXINT64 - (gint64) size)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "could not %s %s: there is no place %" G_GINT64_FORMAT " with %" G_GSIZE_FORMAT " bytes in a file", doing, file->path, offset, size);
  return FALSE;
}

gssize
trio_file_read (TrioFile *file, gpointer buffer, gsize size, GError **error)
{
  gssize n;

  g_return_val_if_fail (file != NULL, -1);
  if (!is_for (file, TRIO_FILE_READ, "read", error) || !begin_at_position (file, "read", error))
    return -1;
  n = is_place (file, file->position, size, "read", error) ? read_pieces (file, file->position, buffer, size, "trio_file_read", error) : -1;
  if (n > 0)
    file->position += n;
  end_at_position (file);
  return n;
}

gssize
trio_file_read_at (TrioFile *file, gint64 offset, gpointer buffer, gsize size, GError **error)
{
  gssize n;

  g_return_val_if_fail (file != NULL, -1);
  if (!is_for (file, TRIO_FILE_READ, "read", error) || !is_place (file, offset, size, "read", error) || !begin (file, "read", error))
    return -1;
  n = read_pieces (file, offset, buffer, size, "trio_file_read_at", error);
  end (file);
  return n;
}

/* With APPEND the position goes to the end: nobody but the system knows where that was. */
static gboolean
find_end (TrioFile *file, GError **error)
{
  TrioFileStat stat;
  TrioFileOp op = { .verb = TRIO_FILE_VERB_STAT, .what = "trio_file_write", .handle = file->handle, .stat = &stat };

  if (trio_file_op_perform_shielded (file->files, &op, "find the end of", file->path, error) < 0)
    return FALSE;
  file->position = stat.size;
  return TRUE;
}

gboolean
trio_file_write (TrioFile *file, gconstpointer data, gsize size, GError **error)
{
  gsize n = 0;
  gboolean ok;

  g_return_val_if_fail (file != NULL, FALSE);
  if (!is_for (file, TRIO_FILE_WRITE, "write", error) || !begin_at_position (file, "write", error))
    return FALSE;
  ok = is_place (file, file->position, size, "write", error);
  if (ok)
    {
      g_autoptr (GError) failure = NULL;

      n = write_pieces (file, file->position, data, size, "trio_file_write", &failure);
      file->position += (gint64) n;
      ok = failure == NULL;
      if (!ok)
        g_propagate_error (error, g_steal_pointer (&failure));
    }
  if (ok && (file->flags & TRIO_FILE_APPEND) != 0)
    {
      /* What was written is written, whatever is known of where. */
      g_autoptr (GError) unknown = NULL;

      (void) find_end (file, &unknown);
    }
  end_at_position (file);
  return ok;
}

gboolean
trio_file_write_at (TrioFile *file, gint64 offset, gconstpointer data, gsize size, GError **error)
{
  g_autoptr (GError) failure = NULL;

  g_return_val_if_fail (file != NULL, FALSE);
  if ((file->flags & TRIO_FILE_APPEND) != 0)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                   "could not write %s at %" G_GINT64_FORMAT ": it was opened with APPEND, and all goes to its end", file->path, offset);
      return FALSE;
    }
  if (!is_for (file, TRIO_FILE_WRITE, "write", error) || !is_place (file, offset, size, "write", error) || !begin (file, "write", error))
    return FALSE;
  (void) write_pieces (file, offset, data, size, "trio_file_write_at", &failure);
  end (file);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
trio_file_send_some (TrioFile *file, gint64 offset, gsize size, struct _TrioSocket *const *socket, const char *what, gint64 *result,
                     GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_SEND, .what = what, .offset = offset, .size = size, .socket = socket };
  gboolean done;

  if (!is_for (file, TRIO_FILE_READ, "send", error) || !is_place (file, offset, size, "send", error) || !begin (file, "send", error))
    return FALSE;
  op.handle = file->handle;
  done = trio_file_op_begin (file->files, &op, error);
  end (file);
  if (done)
    *result = op.result;
  return done;
}

/* --- going elsewhere --- */

gboolean
trio_file_begin_passing (TrioFile *file, GError **error)
{
  g_return_val_if_fail (file != NULL, FALSE);

  if (file->n_users > 0 && file->handle != NULL && !file->closing)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "could not pass %s: another task is using it", file->path);
      return FALSE;
    }
  if (!begin (file, "pass", error))
    return FALSE;
  file->passing = !TRIO_MUTATION (passed_file_is_used);
  /* No user that a close would wait for: a send may wait for ever. */
  end (file);
  return TRUE;
}

struct _TrioFileHandle *
trio_file_get_handle (TrioFile *file)
{
  g_return_val_if_fail (file != NULL, NULL);

  return file->closing ? NULL : file->handle;
}

void
trio_file_end_passing (TrioFile *file, gboolean passed)
{
  g_return_if_fail (file != NULL);

  trio_note_access (file, TRIO_ACCESS_WRITE);
  file->passing = FALSE;
  if (passed)
    file->handle = NULL;
}

TrioFile *
trio_file_new_passed (TrioFileHandle *handle, char *path, TrioFileFlags flags, gint64 position)
{
  TrioFile *file = trio_file_new (trio_current_files (), handle, path, flags);

  g_free (path);
  file->position = position;
  return file;
}

/* --- the rest --- */

static gboolean
find_origin (TrioFile *file, TrioFileOrigin origin, gint64 *from, GError **error)
{
  TrioFileStat stat;
  TrioFileOp op = { .verb = TRIO_FILE_VERB_STAT, .what = "trio_file_seek", .stat = &stat };

  if (origin == TRIO_FILE_FROM_END && perform (file, &op, "find the end of", error) < 0)
    return FALSE;
  *from = origin == TRIO_FILE_FROM_END ? stat.size : origin == TRIO_FILE_FROM_POSITION ? file->position : 0;
  return origin == TRIO_FILE_FROM_END || trio_checkpoint (error);
}

gint64
trio_file_seek (TrioFile *file, gint64 offset, TrioFileOrigin origin, GError **error)
{
  gint64 from, result = -1;

  g_return_val_if_fail (file != NULL, -1);
  if (!begin_at_position (file, "seek in", error))
    return -1;
  if (find_origin (file, origin, &from, error))
    {
      if (offset < -from || (offset > 0 && from > G_MAXINT64 - offset))
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                     "could not seek in %s by %" G_GINT64_FORMAT " from %" G_GINT64_FORMAT ": that is before its start, or beyond all files",
                     file->path, offset, from);
      else
        result = file->position = from + offset;
    }
  end_at_position (file);
  return result;
}

gint64
trio_file_get_position (TrioFile *file)
{
  g_return_val_if_fail (file != NULL, -1);
  return file->position;
}

gboolean
trio_file_sync (TrioFile *file, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_SYNC, .what = "trio_file_sync" };

  g_return_val_if_fail (file != NULL, FALSE);
  return perform_alone (file, &op, "sync", error);
}

gboolean
trio_file_sync_data (TrioFile *file, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_SYNC_DATA, .what = "trio_file_sync_data" };

  g_return_val_if_fail (file != NULL, FALSE);
  return perform_alone (file, &op, "sync", error);
}

gboolean
trio_file_truncate (TrioFile *file, gint64 size, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_TRUNCATE, .what = "trio_file_truncate", .offset = size };

  g_return_val_if_fail (file != NULL, FALSE);
  return is_for (file, TRIO_FILE_WRITE, "truncate", error) && is_place (file, size, 0, "truncate", error)
         && perform_alone (file, &op, "truncate", error);
}

gboolean
trio_file_stat (TrioFile *file, TrioFileStat *stat, GError **error)
{
  TrioFileStat found;
  TrioFileOp op = { .verb = TRIO_FILE_VERB_STAT, .what = "trio_file_stat", .stat = &found };

  g_return_val_if_fail (file != NULL && stat != NULL, FALSE);
  if (!perform_alone (file, &op, "look at", error))
    return FALSE;
  *stat = found;
  return TRUE;
}

/* --- its end --- */

static gboolean
wait_until_unused (TrioFile *file, GError **error)
{
  while (file->n_users > 0 && !TRIO_MUTATION (closes_file_in_use))
    if (!trio_parking_lot_park (&file->unused, error))
      return FALSE;
  return TRUE;
}

/* Inside a shield. */
static gboolean
close_now (TrioFile *file, GError **error)
{
  TrioFileOp op = { .verb = TRIO_FILE_VERB_CLOSE, .what = "trio_file_close" };
  gint64 result;

  if (!wait_until_unused (file, error))
    {
      file->nobody_closes = file->n_users > 0;
      if (!file->nobody_closes)
        drop (file);
      return FALSE;
    }
  op.handle = file->handle;
  op.result = G_MININT64;
  result = trio_file_op_perform (file->files, &op, "close", file->path, error);
  /* It was not even begun. */
  if (op.result == G_MININT64)
    drop (file);
  file->handle = NULL;
  return result >= 0;
}

gboolean
trio_file_close (TrioFile *file, GError **error)
{
  g_autoptr (TrioCancelScope) shield = NULL;
  gboolean ok;

  g_return_val_if_fail (file != NULL, FALSE);
  trio_note_access (file, TRIO_ACCESS_WRITE);
  if (!trio_file_check_process (file->opener, "close", file->path, error))
    return FALSE;
  if (file->closing || file->handle == NULL)
    {
      return trio_finish_checkpoint ();
    }
  file->closing = TRUE;
  shield = trio_cancel_scope_open (error);
  trio_cancel_scope_set_shield (shield, TRUE);
  ok = close_now (file, error);
  return trio_cancel_scope_close (shield, ok);
}

void
trio_file_free (TrioFile *file)
{
  if (file == NULL)
    return;
  /* Those whose process is gone use it no more. */
  g_return_if_fail ((file->n_users == 0 && !file->passing) || file->opener != trio_current_default_file_limiter ());
  if (file->handle != NULL)
    drop (file);
  trio_capacity_limiter_free (file->opener);
  g_free (file->path);
  g_free (file);
}
