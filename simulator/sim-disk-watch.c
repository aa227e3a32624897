/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Who watches what, and when they hear of it.
 *
 * Always true: notices of one watch arrive in the order in which things happened, unless they are lost, which is told in their place. */

#include "simulator/sim-disk.h"

/* One event on its way to one watch. */
typedef struct
{
  TrioSimEvent   event;
  guint64        watch;          /* the serial of the handle: it may be gone by then */
  TrioSimDisk   *disk;
  TrioFileEvent  what;
} Notice;

static void
event_free (gpointer data)
{
  trio_file_event_clear (data);
  g_free (data);
}

static void
notice_free (TrioSimEvent *event)
{
  Notice *notice = (Notice *) event;

  trio_file_event_clear (&notice->what);
  g_free (notice);
}

static TrioFileHandle *
find_watch (TrioSimDisk *disk, guint64 serial)
{
  for (GList *link = disk->handles.head; link != NULL; link = link->next)
    if (((TrioFileHandle *) link->data)->watch == serial)
      return link->data;
  return NULL;
}

/* As the system does: what repeats the last one that waits is not told again. */
static gboolean
repeats_last (TrioFileHandle *handle, const TrioFileEvent *event)
{
  const TrioFileEvent *last = g_queue_peek_tail (&handle->events);

  return last != NULL && last->kind == event->kind && g_strcmp0 (last->name, event->name) == 0;
}

static void
keep (TrioFileHandle *handle, const TrioFileEvent *event)
{
  TrioFileEvent *kept;

  if (repeats_last (handle, event))
    return;
  kept = g_new (TrioFileEvent, 1);
  kept->kind = event->kind;
  kept->name = g_strdup (event->name);
  g_queue_push_tail (&handle->events, kept);
  handle->listener->tell (handle->listener);
}

static void
arrive (TrioSimEvent *event)
{
  Notice *notice = (Notice *) event;
  TrioFileHandle *handle = find_watch (notice->disk, notice->watch);

  if (handle != NULL)
    keep (handle, &notice->what);
  notice_free (event);
}

static void
send (TrioFileHandle *handle, const TrioSimFate *fate, TrioFileEventKind kind, const char *name)
{
  TrioSimDisks *disks = handle->disk->disks;
  Notice *notice = g_new0 (Notice, 1);

  notice->event.happen = arrive;
  notice->event.discard = notice_free;
  notice->disk = handle->disk;
  notice->watch = handle->watch;
  notice->what.kind = fate->notices_lost ? TRIO_FILE_LOST : kind;
  notice->what.name = fate->notices_lost ? NULL : g_strdup (name);
  handle->told_until = MAX (handle->told_until, disks->clock->now + fate->notice_us);
  trio_sim_events_plan (&disks->events, &notice->event, handle->told_until);
}

static gboolean
watches (const TrioFileHandle *handle, const TrioSimInode *inode)
{
  return handle->watch != 0 && handle->inode == inode && !trio_sim_handle_is_stale (handle);
}

void
trio_sim_disk_tell (TrioSimDisk *disk, const TrioSimFate *fate, TrioFileEventKind kind, TrioSimInode *directory, const char *name)
{
  if (disk->n_watches == 0)
    return;
  for (GList *link = disk->handles.head; link != NULL; link = link->next)
    if (watches (link->data, directory))
      send (link->data, fate, kind, name);
}

static const char *
name_in (TrioSimInode *directory, const TrioSimInode *inode)
{
  for (guint i = 0; directory->is_directory && i < directory->names->len; i++)
    {
      const TrioSimEntry *name = g_ptr_array_index (directory->names, i);

      if (name->inode == inode)
        return name->name;
    }
  return NULL;
}

void
trio_sim_disk_tell_changed (TrioSimDisk *disk, const TrioSimFate *fate, TrioSimInode *inode)
{
  if (disk->n_watches == 0)
    return;
  for (GList *link = disk->handles.head; link != NULL; link = link->next)
    {
      TrioFileHandle *handle = link->data;
      const char *name = handle->watch != 0 ? name_in (handle->inode, inode) : NULL;

      if (watches (handle, inode))
        send (handle, fate, TRIO_FILE_CHANGED, NULL);
      else if (name != NULL && !trio_sim_handle_is_stale (handle))
        send (handle, fate, TRIO_FILE_CHANGED, name);
    }
}

void
trio_sim_disk_tell_gone (TrioSimDisk *disk, const TrioSimFate *fate, TrioSimInode *inode)
{
  trio_sim_disk_tell (disk, fate, TRIO_FILE_GONE, inode, NULL);
}

void
trio_sim_disk_tell_crash (TrioSimDisk *disk)
{
  const TrioFileEvent gone = { .kind = TRIO_FILE_GONE };

  for (GList *link = disk->handles.head; link != NULL; link = link->next)
    {
      TrioFileHandle *handle = link->data;

      if (handle->watch != 0 && !trio_sim_handle_is_stale (handle))
        keep (handle, &gone);
    }
}

gboolean
trio_sim_handle_take (TrioFileHandle *handle, TrioFileEvent *event)
{
  TrioFileEvent *first = g_queue_pop_head (&handle->events);

  if (first == NULL)
    return FALSE;
  *event = *first;
  g_free (first);
  return TRUE;
}

void
trio_sim_handle_clear_events (TrioFileHandle *handle)
{
  g_queue_clear_full (&handle->events, event_free);
}
