/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Disks that can be full. What is used is counted when somebody asks, from all files that have a name or are open: few disks have a size, and those hold
 * few files. */

#include "simulator/sim-disk.h"

static guint64
whole_sectors (guint64 bytes)
{
  return (bytes + TRIO_SIM_SECTOR - 1) / TRIO_SIM_SECTOR * TRIO_SIM_SECTOR;
}

/* Each file once. */
static guint64
count (TrioSimDisk *disk, TrioSimInode *inode)
{
  guint64 bytes = 0;

  if (inode->counted == disk->n_counts)
    return 0;
  inode->counted = disk->n_counts;
  if (!inode->is_directory)
    return whole_sectors (inode->cache->len);
  for (guint i = 0; i < inode->names->len; i++)
    bytes += count (disk, ((TrioSimEntry *) g_ptr_array_index (inode->names, i))->inode);
  return bytes;
}

static guint64
count_used (TrioSimDisk *disk)
{
  guint64 bytes;

  disk->n_counts++;
  bytes = count (disk, disk->root);
  for (GList *link = disk->handles.head; link != NULL; link = link->next)
    if (!trio_sim_handle_is_stale (link->data))
      bytes += count (disk, ((TrioFileHandle *) link->data)->inode);
  return bytes;
}

gsize
trio_sim_disk_get_room (TrioSimDisk *disk, TrioSimInode *inode, gsize offset, gsize size)
{
  guint64 others, end;

  if (disk->capacity == 0 || offset + size <= whole_sectors (inode->cache->len))
    return size;
  others = count_used (disk) - whole_sectors (inode->cache->len);
  end = disk->capacity > others ? (disk->capacity - others) / TRIO_SIM_SECTOR * TRIO_SIM_SECTOR : 0;
  end = MAX (end, whole_sectors (inode->cache->len));
  return end > offset ? MIN (size, (gsize) end - offset) : 0;
}

void
trio_sim_disk_set_capacity (TrioSimDisk *disk, guint64 bytes)
{
  g_return_if_fail (disk != NULL);
  disk->capacity = bytes;
}
