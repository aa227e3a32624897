/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* From the cache to the medium: by a sync, or, at a crash, by chance. */

#include "simulator/sim-disk.h"

#include <string.h>

/* --- what is not synced --- */

void
trio_sim_unsynced_free (TrioSimUnsynced *unsynced)
{
  trio_sim_inode_unref (unsynced->inode);
  g_clear_pointer (&unsynced->sectors, g_bytes_unref);
  g_free (unsynced);
}

void
trio_sim_change_free (TrioSimChange *change)
{
  for (guint i = 0; i < G_N_ELEMENTS (change->part); i++)
    {
      g_clear_pointer (&change->part[i].directory, trio_sim_inode_unref);
      g_clear_pointer (&change->part[i].inode, trio_sim_inode_unref);
      g_free (change->part[i].name);
    }
  g_free (change);
}

static void
note (TrioSimDisk *disk, TrioSimInode *inode, GBytes *sectors, gsize offset)
{
  TrioSimUnsynced *unsynced = g_new0 (TrioSimUnsynced, 1);

  unsynced->inode = trio_sim_inode_ref (inode);
  unsynced->sectors = sectors;
  unsynced->offset = offset;
  inode->modified = disk->disks->clock->now;
  g_ptr_array_add (disk->unsynced, unsynced);
}

/* Whole sectors, since no disk writes less: what an earlier write did to one comes with a later one. */
void
trio_sim_disk_note_write (TrioSimDisk *disk, TrioSimInode *inode, gsize offset, gsize size)
{
  gsize start = offset / TRIO_SIM_SECTOR * TRIO_SIM_SECTOR;
  gsize end = (offset + size + TRIO_SIM_SECTOR - 1) / TRIO_SIM_SECTOR * TRIO_SIM_SECTOR;

  end = MIN (end, inode->cache->len);
  note (disk, inode, g_bytes_new (inode->cache->data + start, end - start), start);
}

void
trio_sim_disk_note_truncate (TrioSimDisk *disk, TrioSimInode *inode)
{
  note (disk, inode, NULL, inode->cache->len);
}

/* --- to the medium --- */

static void
resize (GByteArray *bytes, gsize size)
{
  gsize before = bytes->len;

  g_byte_array_set_size (bytes, (guint) size);
  if (size > before)
    memset (bytes->data + before, 0, size - before);
}

/* `count` sectors of it, from `first` on; its first one belongs to `offset`. */
static void
apply (const TrioSimUnsynced *unsynced, gsize first, gsize count, gsize offset)
{
  GByteArray *medium = unsynced->inode->medium;
  gsize size, start, end;
  const guint8 *sectors;

  if (unsynced->sectors == NULL)
    {
      if (count > 0)
        resize (medium, unsynced->offset);
      return;
    }
  sectors = g_bytes_get_data (unsynced->sectors, &size);
  start = MIN (first * TRIO_SIM_SECTOR, size);
  end = MIN ((first + count) * TRIO_SIM_SECTOR, size);
  if (start == end)
    return;
  if (medium->len < offset + end)
    resize (medium, offset + end);
  memcpy (medium->data + offset + start, sectors + start, end - start);
}

static gsize
count_sectors (const TrioSimUnsynced *unsynced)
{
  return unsynced->sectors == NULL ? 1 : (g_bytes_get_size (unsynced->sectors) + TRIO_SIM_SECTOR - 1) / TRIO_SIM_SECTOR;
}

static void
apply_all (const TrioSimUnsynced *unsynced)
{
  apply (unsynced, 0, count_sectors (unsynced), unsynced->offset);
}

/* It goes to a place of the file that is there already, or out of it. */
static void
apply_elsewhere (const TrioSimUnsynced *unsynced, guint32 where)
{
  gsize offset = ((gsize) where - 2) * TRIO_SIM_SECTOR;
  gsize size = unsynced->inode->medium->len;

  if (where < 2 || unsynced->sectors == NULL || offset == unsynced->offset || offset >= size)
    return;
  apply (unsynced, 0, 1, offset);
  resize (unsynced->inode->medium, size);
}

static void
sync_file (TrioSimDisk *disk, TrioSimInode *inode, const TrioSimFate *fate)
{
  guint32 misdirected = fate->misdirected;

  for (guint i = 0; i < disk->unsynced->len;)
    {
      const TrioSimUnsynced *unsynced = g_ptr_array_index (disk->unsynced, i);

      if (unsynced->inode != inode)
        {
          i++;
          continue;
        }
      if (misdirected != 0)
        apply_elsewhere (unsynced, misdirected);
      else
        apply_all (unsynced);
      misdirected = 0;
      g_ptr_array_remove_index (disk->unsynced, i);
    }
}

void
trio_sim_disk_forget_writes (TrioSimDisk *disk, TrioSimInode *inode)
{
  for (guint i = disk->unsynced->len; i > 0; i--)
    if (((TrioSimUnsynced *) g_ptr_array_index (disk->unsynced, i - 1))->inode == inode)
      g_ptr_array_remove_index (disk->unsynced, i - 1);
}

static void
apply_change (const TrioSimChange *change)
{
  for (guint i = 0; i < G_N_ELEMENTS (change->part); i++)
    if (change->part[i].directory != NULL)
      trio_sim_names_set (change->part[i].directory->medium_names, change->part[i].name, change->part[i].inode);
}

static void
write_journal (TrioSimDisk *disk, gsize n)
{
  for (gsize i = 0; i < n; i++)
    apply_change (g_ptr_array_index (disk->journal, i));
  if (n > 0)
    g_ptr_array_remove_range (disk->journal, 0, (guint) n);
}

static void
sync_names (TrioSimDisk *disk, TrioSimInode *directory)
{
  guint n = disk->journal->len;

  while (n > 0)
    {
      const TrioSimChange *change = g_ptr_array_index (disk->journal, n - 1);

      if (change->part[0].directory == directory || change->part[1].directory == directory)
        break;
      n--;
    }
  write_journal (disk, n);
}

void
trio_sim_disk_sync (TrioSimDisk *disk, TrioSimInode *inode, const TrioSimFate *fate)
{
  if (inode->is_directory)
    sync_names (disk, inode);
  else
    sync_file (disk, inode, fate);
}

/* --- damage --- */

static void
scramble (GByteArray *bytes, gsize sector)
{
  gsize start = MIN (sector * TRIO_SIM_SECTOR, bytes->len);
  gsize end = MIN (start + TRIO_SIM_SECTOR, bytes->len);

  for (gsize i = start; i < end; i++)
    bytes->data[i] ^= 0xa5;
}

void
trio_sim_disk_corrupt (TrioSimDisk *disk, TrioSimInode *inode, gsize sector)
{
  for (guint i = 0; i < disk->unsynced->len; i++)
    {
      const TrioSimUnsynced *unsynced = g_ptr_array_index (disk->unsynced, i);

      if (unsynced->inode == inode && (unsynced->sectors == NULL || (unsynced->offset / TRIO_SIM_SECTOR <= sector
          && sector < unsynced->offset / TRIO_SIM_SECTOR + count_sectors (unsynced))))
        return;
    }
  scramble (inode->cache, sector);
  scramble (inode->medium, sector);
}

/* --- a crash --- */

static void
let_writes_survive (TrioSimDisk *disk)
{
  for (guint i = 0; i < disk->unsynced->len; i++)
    {
      const TrioSimUnsynced *unsynced = g_ptr_array_index (disk->unsynced, i);
      gsize first, count;

      trio_sim_disk_choose_survivors (unsynced, count_sectors (unsynced), &first, &count);
      apply (unsynced, first, count, unsynced->offset);
    }
  g_ptr_array_set_size (disk->unsynced, 0);
}

/* What programs see now is what is there. */
static void
load (TrioSimInode *inode)
{
  if (!inode->is_directory)
    {
      g_byte_array_set_size (inode->cache, 0);
      g_byte_array_append (inode->cache, inode->medium->data, inode->medium->len);
      return;
    }
  g_ptr_array_unref (inode->names);
  inode->names = trio_sim_names_copy (inode->medium_names);
  for (guint i = 0; i < inode->names->len; i++)
    load (((TrioSimEntry *) g_ptr_array_index (inode->names, i))->inode);
}

void
trio_sim_disk_crash (TrioSimDisk *disk)
{
  g_return_if_fail (disk != NULL);

  trio_sim_disk_fail_requests (disk);
  let_writes_survive (disk);
  write_journal (disk, trio_sim_disk_choose_names (disk));
  g_ptr_array_set_size (disk->journal, 0);
  load (disk->root);
  trio_sim_disk_tell_crash (disk);
  disk->n_crashes++;
}
