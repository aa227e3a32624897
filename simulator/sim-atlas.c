/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Which copies of what may be damaged, so that one who keeps enough of them can always recover.
 *
 * Always true: of the copies of a group no more are damaged than the group allows; whoever is damaged once may be again. */

#include "simulator/sim-disk.h"

#include <string.h>

typedef struct
{
  TrioSimDisk *disk;
  char        *path;
  char        *group;
  guint        max_damaged;      /* of the group; the same in all of its copies */
  gboolean     damaged;
} Copy;

static void
copy_free (gpointer data)
{
  Copy *copy = data;

  g_free (copy->path);
  g_free (copy->group);
  g_free (copy);
}

void
trio_sim_atlas_init (TrioSimDisks *disks)
{
  disks->copies = g_ptr_array_new_with_free_func (copy_free);
}

void
trio_sim_atlas_clear (TrioSimDisks *disks)
{
  g_ptr_array_unref (disks->copies);
}

static gboolean
covers (const Copy *copy, const TrioSimDisk *disk, const char *path)
{
  g_autofree char *inside = g_str_equal (copy->path, "/") ? g_strdup ("/") : g_strconcat (copy->path, "/", NULL);

  return copy->disk == disk && (g_str_equal (copy->path, path) || g_str_has_prefix (path, inside));
}

/* The nearest one around the file, or NULL; of two that are the same, the first. */
static Copy *
find_copy (TrioSimDisk *disk, const char *path)
{
  GPtrArray *copies = disk->disks->copies;
  g_autofree char *normal = trio_sim_path_normalize (path);
  Copy *nearest = NULL;

  for (guint i = 0; i < copies->len; i++)
    {
      Copy *copy = g_ptr_array_index (copies, i);

      if (covers (copy, disk, normal) && (nearest == NULL || strlen (copy->path) > strlen (nearest->path)))
        nearest = copy;
    }
  return nearest;
}

static guint
count_damaged (TrioSimDisks *disks, const char *group)
{
  guint n = 0;

  for (guint i = 0; i < disks->copies->len; i++)
    {
      const Copy *copy = g_ptr_array_index (disks->copies, i);

      n += copy->damaged && g_str_equal (copy->group, group);
    }
  return n;
}

gboolean
trio_sim_atlas_allows (TrioSimDisk *disk, const char *path)
{
  const Copy *copy = find_copy (disk, path);

  return copy == NULL || copy->damaged || count_damaged (disk->disks, copy->group) < copy->max_damaged;
}

void
trio_sim_atlas_note_damage (TrioSimDisk *disk, const char *path)
{
  Copy *copy = find_copy (disk, path);

  if (copy != NULL)
    copy->damaged = TRUE;
}

void
trio_sim_disk_declare_copy (TrioSimDisk *disk, const char *path, const char *group, guint max_damaged)
{
  Copy *added;
  GPtrArray *copies;

  g_return_if_fail (path != NULL && group != NULL);
  if (disk == NULL)
    return;
  copies = disk->disks->copies;
  added = g_new0 (Copy, 1);
  added->disk = disk;
  added->path = trio_sim_path_normalize (path);
  added->group = g_strdup (group);
  g_ptr_array_add (copies, added);
  for (guint i = 0; i < copies->len; i++)
    {
      Copy *copy = g_ptr_array_index (copies, i);

      if (g_str_equal (copy->group, group))
        copy->max_damaged = max_damaged;
    }
}
