/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Inodes, and the names that lead to them. */

#include "simulator/sim-disk.h"

#include <errno.h>
#include <string.h>

/* --- inodes --- */

TrioSimInode *
trio_sim_inode_new (TrioSimDisk *disk, gboolean is_directory, guint mode)
{
  TrioSimInode *inode = g_new0 (TrioSimInode, 1);

  inode->n_refs = 1;
  inode->number = ++disk->n_inodes;
  inode->is_directory = is_directory;
  inode->mode = mode & ~022u;
  inode->modified = disk->disks->clock->now;
  if (is_directory)
    {
      inode->names = trio_sim_names_new ();
      inode->medium_names = trio_sim_names_new ();
    }
  else
    {
      inode->cache = g_byte_array_new ();
      inode->medium = g_byte_array_new ();
    }
  return inode;
}

TrioSimInode *
trio_sim_inode_ref (TrioSimInode *inode)
{
  inode->n_refs++;
  return inode;
}

void
trio_sim_inode_unref (TrioSimInode *inode)
{
  if (--inode->n_refs > 0)
    return;
  g_clear_pointer (&inode->cache, g_byte_array_unref);
  g_clear_pointer (&inode->medium, g_byte_array_unref);
  g_clear_pointer (&inode->names, g_ptr_array_unref);
  g_clear_pointer (&inode->medium_names, g_ptr_array_unref);
  g_free (inode);
}

/* --- names in a directory --- */

static void
name_free (gpointer data)
{
  TrioSimEntry *name = data;

  trio_sim_inode_unref (name->inode);
  g_free (name->name);
  g_free (name);
}

GPtrArray *
trio_sim_names_new (void)
{
  return g_ptr_array_new_with_free_func (name_free);
}

static TrioSimEntry *
name_new (const char *text, TrioSimInode *inode)
{
  TrioSimEntry *name = g_new (TrioSimEntry, 1);

  name->name = g_strdup (text);
  name->inode = trio_sim_inode_ref (inode);
  return name;
}

GPtrArray *
trio_sim_names_copy (GPtrArray *names)
{
  GPtrArray *copy = trio_sim_names_new ();

  for (guint i = 0; i < names->len; i++)
    {
      const TrioSimEntry *name = g_ptr_array_index (names, i);

      g_ptr_array_add (copy, name_new (name->name, name->inode));
    }
  return copy;
}

/* The first that is not before `text`. */
static guint
place_of (GPtrArray *names, const char *text)
{
  guint low = 0, high = names->len;

  while (low < high)
    {
      guint middle = (low + high) / 2;
      const TrioSimEntry *name = g_ptr_array_index (names, middle);

      if (strcmp (name->name, text) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static gboolean
is_at (GPtrArray *names, guint place, const char *text)
{
  return place < names->len && g_str_equal (((TrioSimEntry *) g_ptr_array_index (names, place))->name, text);
}

TrioSimInode *
trio_sim_names_get (GPtrArray *names, const char *name)
{
  guint place = place_of (names, name);

  return is_at (names, place, name) ? ((TrioSimEntry *) g_ptr_array_index (names, place))->inode : NULL;
}

void
trio_sim_names_set (GPtrArray *names, const char *name, TrioSimInode *inode)
{
  guint place = place_of (names, name);
  TrioSimEntry *added = inode == NULL ? NULL : name_new (name, inode);

  if (is_at (names, place, name))
    g_ptr_array_remove_index (names, place);
  if (added != NULL)
    g_ptr_array_insert (names, (gint) place, added);
}

void
trio_sim_disk_change_names (TrioSimDisk *disk, TrioSimInode *directory, const char *name, TrioSimInode *inode,
                            TrioSimInode *directory2, const char *name2, TrioSimInode *inode2)
{
  TrioSimChange *change = g_new0 (TrioSimChange, 1);
  TrioSimInode *directories[] = { directory, directory2 };
  const char *names[] = { name, name2 };
  TrioSimInode *inodes[] = { inode, inode2 };

  for (guint i = 0; i < 2 && directories[i] != NULL; i++)
    {
      change->part[i].directory = trio_sim_inode_ref (directories[i]);
      change->part[i].name = g_strdup (names[i]);
      change->part[i].inode = inodes[i] == NULL ? NULL : trio_sim_inode_ref (inodes[i]);
    }
  for (guint i = 0; i < 2 && directories[i] != NULL; i++)
    {
      trio_sim_names_set (directories[i]->names, change->part[i].name, inodes[i]);
      directories[i]->modified = disk->disks->clock->now;
    }
  g_ptr_array_add (disk->journal, change);
}

/* --- paths --- */

char *
trio_sim_path_normalize (const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  GString *out = g_string_new (NULL);

  for (guint i = 0; parts[i] != NULL; i++)
    if (g_str_equal (parts[i], ".."))
      g_ptr_array_set_size (kept, MAX ((gint) kept->len - 1, 0));
    else if (parts[i][0] != '\0' && !g_str_equal (parts[i], "."))
      g_ptr_array_add (kept, parts[i]);
  for (guint i = 0; i < kept->len; i++)
    g_string_append_printf (out, "/%s", (const char *) g_ptr_array_index (kept, i));
  if (out->len == 0)
    g_string_append_c (out, '/');
  return g_string_free (out, FALSE);
}

int
trio_sim_disk_find_parent (TrioSimDisk *disk, const char *path, TrioSimInode **parent, char **name)
{
  g_autofree char *normal = trio_sim_path_normalize (path);
  g_auto (GStrv) parts = g_strsplit (normal + 1, "/", -1);
  TrioSimInode *directory = disk->root;
  guint i;

  *name = NULL;
  if (path[0] == '\0')
    return -ENOENT;
  for (i = 0; parts[i] != NULL && parts[i + 1] != NULL; i++)
    {
      directory = trio_sim_names_get (directory->names, parts[i]);
      if (directory == NULL)
        return -ENOENT;
      if (!directory->is_directory)
        return -ENOTDIR;
    }
  *parent = directory;
  if (parts[i] != NULL && parts[i][0] != '\0')
    *name = g_strdup (parts[i]);
  return 0;
}

int
trio_sim_disk_find (TrioSimDisk *disk, const char *path, TrioSimInode **inode)
{
  g_autofree char *name = NULL;
  TrioSimInode *parent;
  int result = trio_sim_disk_find_parent (disk, path, &parent, &name);

  if (result < 0)
    return result;
  *inode = name == NULL ? parent : trio_sim_names_get (parent->names, name);
  if (*inode == NULL)
    return -ENOENT;
  return !(*inode)->is_directory && g_str_has_suffix (path, "/") ? -ENOTDIR : 0;
}
