/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What each verb of the seam does to a simulated disk, as programs see it. The errors are those of Linux. */

#include "simulator/sim-disk.h"

#include <errno.h>
#include <string.h>

/* Nothing here is larger: all of it is in memory. */
#define SIZE_MAX_FILE (1024 * 1024 * 1024)

#define TEMPORARY_DIRECTORY "/tmp"

static TrioFileHandle *
handle_new (TrioSimDisk *disk, TrioSimInode *inode, TrioFileFlags flags, const char *path, const char *owner)
{
  TrioFileHandle *handle = g_new0 (TrioFileHandle, 1);

  handle->disk = disk;
  handle->inode = trio_sim_inode_ref (inode);
  handle->flags = flags;
  handle->n_crashes = disk->n_crashes;
  handle->path = trio_sim_path_normalize (path);
  handle->owner = owner;
  handle->link.data = handle;
  g_queue_push_tail_link (&disk->handles, &handle->link);
  return handle;
}

void
trio_sim_handle_lose (TrioFileHandle *handle)
{
  g_queue_unlink (&handle->disk->handles, &handle->link);
  g_queue_push_tail_link (&handle->disk->lost, &handle->link);
  handle->is_lost = TRUE;
  if (handle->watch != 0)
    handle->disk->n_watches--;
  handle->watch = 0;
  handle->listener = NULL;
  trio_sim_handle_clear_events (handle);
}

void
trio_sim_handle_free (TrioFileHandle *handle)
{
  if (handle->watch != 0)
    handle->disk->n_watches--;
  trio_sim_handle_clear_events (handle);
  g_queue_unlink (handle->is_lost ? &handle->disk->lost : &handle->disk->handles, &handle->link);
  trio_sim_inode_unref (handle->inode);
  g_free (handle->path);
  g_free (handle);
}

void
trio_sim_handle_send_off (TrioFileHandle *handle)
{
  handle->travels = TRUE;
}

void
trio_sim_handle_change_hands (TrioFileHandle *handle, const char *owner)
{
  handle->travels = FALSE;
  handle->owner = owner;
}

static void
set_size (TrioSimDisk *disk, TrioSimInode *inode, gsize size, const TrioSimFate *fate)
{
  gsize before = inode->cache->len;

  if (size == before)
    return;
  g_byte_array_set_size (inode->cache, (guint) size);
  if (size > before)
    memset (inode->cache->data + before, 0, size - before);
  trio_sim_disk_note_truncate (disk, inode);
  trio_sim_disk_tell_changed (disk, fate, inode);
}

/* --- names --- */

static int
make (TrioSimDisk *disk, TrioSimInode *parent, const char *name, gboolean is_directory, guint mode, const TrioSimFate *fate,
      TrioSimInode **made)
{
  TrioSimInode *inode;

  if (fate->full != 0)
    return -ENOSPC;
  inode = trio_sim_inode_new (disk, is_directory, mode);
  trio_sim_disk_change_names (disk, parent, name, inode, NULL, NULL, NULL);
  trio_sim_disk_tell (disk, fate, TRIO_FILE_APPEARED, parent, name);
  *made = inode;
  /* The name has a reference now. */
  trio_sim_inode_unref (inode);
  return 0;
}

static int
find_or_make (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate, TrioSimInode **inode)
{
  g_autofree char *name = NULL;
  TrioSimInode *parent;
  int result = trio_sim_disk_find_parent (disk, op->path, &parent, &name);

  if (result < 0)
    return result;
  *inode = name == NULL ? parent : trio_sim_names_get (parent->names, name);
  if (*inode == NULL && (op->flags & TRIO_FILE_CREATE) != 0)
    return g_str_has_suffix (op->path, "/") ? -EISDIR : make (disk, parent, name, FALSE, op->mode, fate, inode);
  if (*inode == NULL)
    return -ENOENT;
  if ((op->flags & TRIO_FILE_EXCLUSIVE) != 0)
    return -EEXIST;
  if ((*inode)->is_directory)
    return (op->flags & TRIO_FILE_WRITE) != 0 ? -EISDIR : 0;
  return g_str_has_suffix (op->path, "/") ? -ENOTDIR : 0;
}

static gint64
do_open (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate, const char *owner)
{
  TrioSimInode *inode = NULL;
  int result = find_or_make (disk, op, fate, &inode);

  if (result < 0)
    return result;
  if ((op->flags & TRIO_FILE_TRUNCATE) != 0)
    set_size (disk, inode, 0, fate);
  op->handle = handle_new (disk, inode, op->flags, op->path, owner);
  return 0;
}

/* A name that nobody has, counted and not drawn: there is nobody here to guess it. */
static gint64
make_temporary (TrioSimDisk *disk, TrioFileOp *op, const char *prefix, gboolean is_directory, const TrioSimFate *fate, TrioSimInode **made)
{
  const char *where = op->path != NULL ? op->path : TEMPORARY_DIRECTORY;
  g_autofree char *name = NULL;
  TrioSimInode *parent;
  int result = trio_sim_disk_find (disk, where, &parent);

  if (result < 0)
    return result;
  if (!parent->is_directory)
    return -ENOTDIR;
  do
    {
      g_free (name);
      name = g_strdup_printf ("%s%08x", prefix, ++disk->n_temporary);
    }
  while (trio_sim_names_get (parent->names, name) != NULL);
  result = make (disk, parent, name, is_directory, op->mode, fate, made);
  if (result == 0)
    op->made_path = g_build_filename (where, name, NULL);
  return result;
}

static gint64
do_open_temporary (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate, const char *owner)
{
  TrioSimInode *inode = NULL;
  gint64 result = make_temporary (disk, op, op->new_path, FALSE, fate, &inode);

  if (result == 0)
    op->handle = handle_new (disk, inode, TRIO_FILE_READ | TRIO_FILE_WRITE, op->made_path, owner);
  return result;
}

static gint64
do_make_directory (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate)
{
  g_autofree char *name = NULL;
  TrioSimInode *parent, *made;
  int result = trio_sim_disk_find_parent (disk, op->path, &parent, &name);

  if (result < 0)
    return result;
  if (name == NULL || trio_sim_names_get (parent->names, name) != NULL)
    return -EEXIST;
  return make (disk, parent, name, TRUE, op->mode, fate, &made);
}

static gint64
do_remove (TrioSimDisk *disk, TrioFileOp *op, gboolean is_directory, const TrioSimFate *fate)
{
  g_autofree char *name = NULL;
  TrioSimInode *parent, *inode;
  int result = trio_sim_disk_find_parent (disk, op->path, &parent, &name);

  if (result < 0)
    return result;
  inode = name == NULL ? parent : trio_sim_names_get (parent->names, name);
  if (inode == NULL)
    return -ENOENT;
  if (inode->is_directory != is_directory)
    return is_directory ? -ENOTDIR : -EISDIR;
  if (name == NULL)
    return -EBUSY;
  if (is_directory && inode->names->len > 0)
    return -ENOTEMPTY;
  trio_sim_disk_tell_gone (disk, fate, inode);
  trio_sim_disk_change_names (disk, parent, name, NULL, NULL, NULL, NULL);
  trio_sim_disk_tell (disk, fate, TRIO_FILE_VANISHED, parent, name);
  return 0;
}

static int
judge_rename (TrioFileOp *op, TrioSimInode *inode, TrioSimInode *other)
{
  g_autofree char *from = trio_sim_path_normalize (op->path);
  g_autofree char *to = trio_sim_path_normalize (op->new_path);
  g_autofree char *inside = g_strconcat (from, "/", NULL);

  if (inode->is_directory && g_str_has_prefix (to, inside))
    return -EINVAL;
  if (other == NULL || other == inode)
    return 0;
  if (other->is_directory && !inode->is_directory)
    return -EISDIR;
  if (inode->is_directory && !other->is_directory)
    return -ENOTDIR;
  return other->is_directory && other->names->len > 0 ? -ENOTEMPTY : 0;
}

static gint64
do_rename (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate)
{
  g_autofree char *name = NULL;
  g_autofree char *new_name = NULL;
  TrioSimInode *parent, *new_parent, *inode, *other;
  int result = trio_sim_disk_find_parent (disk, op->path, &parent, &name);

  if (result == 0)
    result = trio_sim_disk_find_parent (disk, op->new_path, &new_parent, &new_name);
  if (result < 0)
    return result;
  if (name == NULL || new_name == NULL)
    return -EBUSY;
  inode = trio_sim_names_get (parent->names, name);
  other = trio_sim_names_get (new_parent->names, new_name);
  result = inode == NULL ? -ENOENT : judge_rename (op, inode, other);
  if (result < 0 || inode == other)
    return result;
  trio_sim_disk_tell_gone (disk, fate, inode);
  if (other != NULL)
    trio_sim_disk_tell_gone (disk, fate, other);
  trio_sim_disk_change_names (disk, new_parent, new_name, inode, parent, name, NULL);
  trio_sim_disk_tell (disk, fate, TRIO_FILE_VANISHED, parent, name);
  trio_sim_disk_tell (disk, fate, TRIO_FILE_APPEARED, new_parent, new_name);
  return 0;
}

static gint64
do_list (TrioSimDisk *disk, TrioFileOp *op)
{
  TrioSimInode *directory;
  int result = trio_sim_disk_find (disk, op->path, &directory);

  if (result < 0)
    return result;
  if (!directory->is_directory)
    return -ENOTDIR;
  for (guint i = 0; i < directory->names->len; i++)
    g_ptr_array_add (op->names, g_strdup (((TrioSimEntry *) g_ptr_array_index (directory->names, i))->name));
  return 0;
}

static gint64
do_stat (const TrioSimInode *inode, TrioFileStat *stat)
{
  *stat = (TrioFileStat) {
    .kind = inode->is_directory ? TRIO_FILE_DIRECTORY : TRIO_FILE_REGULAR,
    .mode = inode->mode,
    .size = inode->is_directory ? 4096 : inode->cache->len,
    .number = inode->number,
    .modified = inode->modified,
  };
  return 0;
}

static gint64
do_stat_path (TrioSimDisk *disk, TrioFileOp *op)
{
  TrioSimInode *inode;
  int result = trio_sim_disk_find (disk, op->path, &inode);

  return result < 0 ? result : do_stat (inode, op->stat);
}

static gint64
do_watch (TrioSimDisk *disk, TrioFileOp *op, const char *owner)
{
  TrioSimInode *inode;
  int result = trio_sim_disk_find (disk, op->path, &inode);

  if (result < 0)
    return result;
  op->handle = handle_new (disk, inode, 0, op->path, owner);
  op->handle->listener = op->listener;
  op->handle->watch = ++disk->n_watched;
  disk->n_watches++;
  return 0;
}

/* --- bytes --- */

static gint64
do_read (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate)
{
  TrioSimInode *inode = op->handle->inode;
  gsize size;

  if (inode->is_directory)
    return -EISDIR;
  if (fate->fails)
    return -EIO;
  if (op->offset >= (gint64) inode->cache->len)
    return 0;
  size = MIN (MIN (op->size, fate->part), inode->cache->len - (gsize) op->offset);
  if (fate->corrupt != 0)
    {
      trio_sim_disk_corrupt (disk, inode, (gsize) op->offset / TRIO_SIM_SECTOR + fate->corrupt - 1);
      trio_sim_atlas_note_damage (disk, op->handle->path);
    }
  memcpy (op->buffer, inode->cache->data + op->offset, size);
  return (gint64) size;
}

static gint64
do_write (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate)
{
  TrioSimInode *inode = op->handle->inode;
  gsize offset = (op->handle->flags & TRIO_FILE_APPEND) != 0 ? inode->cache->len : (gsize) op->offset;
  gsize before = inode->cache->len;
  gsize size = op->size;

  if (size == 0)
    return 0;
  if (offset > SIZE_MAX_FILE || size > SIZE_MAX_FILE - offset)
    return -EFBIG;
  if (fate->fails)
    return -EIO;
  if (fate->full == 1 || (fate->full == 2 && size < 2))
    return -ENOSPC;
  if (fate->full == 2)
    size /= 2;
  size = trio_sim_disk_get_room (disk, inode, offset, size);
  if (size == 0)
    return -ENOSPC;
  if (offset + size > before)
    g_byte_array_set_size (inode->cache, (guint) (offset + size));
  if (offset > before)
    memset (inode->cache->data + before, 0, offset - before);
  memcpy (inode->cache->data + offset, op->data, size);
  trio_sim_disk_note_write (disk, inode, offset, size);
  trio_sim_disk_tell_changed (disk, fate, inode);
  return (gint64) size;
}

static gint64
do_truncate (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate)
{
  TrioSimInode *inode = op->handle->inode;

  if (op->offset > SIZE_MAX_FILE)
    return -EFBIG;
  if (fate->fails)
    return -EIO;
  set_size (disk, inode, (gsize) op->offset, fate);
  return 0;
}

/* Source of what a failed one does: Rebello et al., Can Applications Recover from fsync Failures?, ATC 2020. */
static gint64
do_sync (TrioSimDisk *disk, TrioSimInode *inode, const char *path, const TrioSimFate *fate)
{
  if (fate->fails)
    {
      trio_sim_disk_forget_writes (disk, inode);
      return -EIO;
    }
  if (fate->lies || fate->misdirected != 0)
    trio_sim_atlas_note_damage (disk, path);
  if (!fate->lies)
    trio_sim_disk_sync (disk, inode, fate);
  return 0;
}

static gint64
do_sync_directory (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate)
{
  TrioSimInode *directory;
  int result = trio_sim_disk_find (disk, op->path, &directory);

  if (result < 0)
    return result;
  if (!directory->is_directory)
    return -ENOTDIR;
  return do_sync (disk, directory, op->path, fate);
}

/* --- all of them --- */

static gboolean
has_handle (TrioFileVerb verb)
{
  return verb == TRIO_FILE_VERB_READ || verb == TRIO_FILE_VERB_WRITE || verb == TRIO_FILE_VERB_SYNC || verb == TRIO_FILE_VERB_SYNC_DATA
         || verb == TRIO_FILE_VERB_TRUNCATE || verb == TRIO_FILE_VERB_STAT;
}

gint64
trio_sim_disk_do (TrioSimDisk *disk, TrioFileOp *op, const TrioSimFate *fate, const char *owner)
{
  TrioSimInode *made;

  if (has_handle (op->verb) && trio_sim_handle_is_stale (op->handle))
    return -EIO;
  switch (op->verb)
    {
    case TRIO_FILE_VERB_OPEN:
      return do_open (disk, op, fate, owner);
    case TRIO_FILE_VERB_CLOSE:
      trio_sim_handle_free (g_steal_pointer (&op->handle));
      return 0;
    case TRIO_FILE_VERB_READ:
      return do_read (disk, op, fate);
    case TRIO_FILE_VERB_WRITE:
      return do_write (disk, op, fate);
    case TRIO_FILE_VERB_SYNC:
    case TRIO_FILE_VERB_SYNC_DATA:
      return do_sync (disk, op->handle->inode, op->handle->path, fate);
    case TRIO_FILE_VERB_TRUNCATE:
      return do_truncate (disk, op, fate);
    case TRIO_FILE_VERB_STAT:
      return do_stat (op->handle->inode, op->stat);
    case TRIO_FILE_VERB_STAT_PATH:
      return do_stat_path (disk, op);
    case TRIO_FILE_VERB_RENAME:
      return do_rename (disk, op, fate);
    case TRIO_FILE_VERB_REMOVE:
      return do_remove (disk, op, FALSE, fate);
    case TRIO_FILE_VERB_OPEN_TEMPORARY:
      return do_open_temporary (disk, op, fate, owner);
    case TRIO_FILE_VERB_MAKE_DIRECTORY:
      return do_make_directory (disk, op, fate);
    case TRIO_FILE_VERB_MAKE_TEMPORARY_DIRECTORY:
      op->mode = 0700;
      return make_temporary (disk, op, "trio-", TRUE, fate, &made);
    case TRIO_FILE_VERB_REMOVE_DIRECTORY:
      return do_remove (disk, op, TRUE, fate);
    case TRIO_FILE_VERB_LIST:
      return do_list (disk, op);
    case TRIO_FILE_VERB_SYNC_DIRECTORY:
      return do_sync_directory (disk, op, fate);
    case TRIO_FILE_VERB_WATCH:
      return do_watch (disk, op, owner);
    case TRIO_FILE_VERB_SEND:        /* is a read, and a send: sim-disk-send.c */
    case TRIO_FILE_N_VERBS:
      break;
    }
  g_assert_not_reached ();
}
