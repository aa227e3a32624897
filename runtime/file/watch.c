/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Watches: events that the world keeps until somebody takes them, and a lot of those who wait for one.
 *
 * Always true: somebody who waits is woken for each event; who comes too late waits again. */

#include <trio/file-watch.h>

#include <trio/checkpoint.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/parking-lot.h>

#include "file/file-op.h"

struct _TrioFileWatch
{
  TrioFileListener listener;
  TrioFiles       *files;
  TrioFileHandle  *handle;
  TrioCapacityLimiter *opener;   /* the limiter of its process; a reference */
  char            *path;
  TrioParkingLot   waiting;
};

void
trio_file_event_clear (TrioFileEvent *event)
{
  g_return_if_fail (event != NULL);

  g_clear_pointer (&event->name, g_free);
}

static void
tell (TrioFileListener *listener)
{
  trio_parking_lot_unpark_all (&((TrioFileWatch *) listener)->waiting);
}

TrioFileWatch *
trio_file_watch_open (const char *path, GError **error)
{
  g_autofree TrioFileWatch *watch = g_new0 (TrioFileWatch, 1);
  TrioFileOp op = { .verb = TRIO_FILE_VERB_WATCH, .what = "trio_file_watch_open", .path = path, .listener = &watch->listener };

  g_return_val_if_fail (path != NULL, NULL);
  watch->listener.tell = tell;
  trio_parking_lot_init (&watch->waiting, "trio_file_watch_next");
  if (trio_file_op_on_path (&op, "watch", error) < 0)
    return NULL;
  watch->files = trio_current_files ();
  watch->handle = op.handle;
  watch->opener = trio_capacity_limiter_ref (trio_current_default_file_limiter ());
  watch->path = g_strdup (path);
  return g_steal_pointer (&watch);
}

gboolean
trio_file_watch_next (TrioFileWatch *watch, TrioFileEvent *event, GError **error)
{
  g_return_val_if_fail (watch != NULL && event != NULL, FALSE);

  if (!trio_checkpoint_if_cancelled (error) || !trio_file_check_process (watch->opener, "watch", watch->path, error))
    return FALSE;
  trio_note_access (watch, TRIO_ACCESS_WRITE);
  if (watch->files->take (watch->files, watch->handle, event))
    {
      return trio_finish_checkpoint ();
    }
  do
    if (!trio_parking_lot_park (&watch->waiting, error))
      return FALSE;
  while (!watch->files->take (watch->files, watch->handle, event));
  return TRUE;
}

void
trio_file_watch_free (TrioFileWatch *watch)
{
  if (watch == NULL)
    return;
  watch->files->drop (watch->files, watch->handle);
  trio_capacity_limiter_free (watch->opener);
  g_free (watch->path);
  g_free (watch);
}
