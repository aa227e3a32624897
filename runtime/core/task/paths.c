/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Spawn paths: the address of a task that survives unrelated edits of the program. "main/serve/handler#2" is the second child named
 * "handler" that the task "main/serve" had. Counting costs a table look-up at each birth, so it is done only when somebody may ask: with
 * a choice seam or an instrument. */

#include <string.h>

#include "core/kernel.h"

#define FNV_OFFSET G_GUINT64_CONSTANT (0xcbf29ce484222325)
#define FNV_PRIME  G_GUINT64_CONSTANT (0x100000001b3)

static guint64
hash_bytes (guint64 hash, const char *bytes, gsize n)
{
  for (gsize i = 0; i < n; i++)
    hash = (hash ^ (guint8) bytes[i]) * FNV_PRIME;
  return hash;
}

/* One step of a path: the parent's hash, the name, and which of that name. FNV-1a, so it is the same on every machine. */
static guint64
hash_child (guint64 parent, const char *name, guint32 ordinal)
{
  char digits[16];
  guint64 hash = hash_bytes (parent, "/", 1);

  hash = hash_bytes (hash, name, strlen (name));
  if (ordinal > 1)
    {
      g_snprintf (digits, sizeof digits, "#%u", ordinal);
      hash = hash_bytes (hash, digits, strlen (digits));
    }
  return hash;
}

void
trio_task_count_path (TrioTask *task, TrioTask *parent)
{
  TrioLoop *loop = task->loop;
  guint64 parent_hash = parent != NULL && parent != loop->init ? parent->path_hash : FNV_OFFSET;
  guint64 key = hash_child (parent_hash, task->name, 1);
  guint64 *count;

  if (loop->path_counts == NULL)
    loop->path_counts = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  count = g_hash_table_lookup (loop->path_counts, &key);
  if (count == NULL)
    {
      count = g_new0 (guint64, 1);
      g_hash_table_insert (loop->path_counts, g_memdup2 (&key, sizeof key), count);
    }
  task->path_ordinal = (guint32) ++*count;
  task->path_hash = hash_child (parent_hash, task->name, task->path_ordinal);
}

/* Names come from source text and may hold anything; a path must stay one word. */
static void
append_name (GString *out, const char *name)
{
  for (const char *c = name; *c != '\0'; c++)
    g_string_append_c (out, g_ascii_isgraph (*c) && *c != '/' && *c != '#' ? *c : '_');
}

char *
trio_task_dup_path (TrioTask *task)
{
  GPtrArray *line;
  GString *out;
  TrioLoop *loop;
  TrioTask *t;

  g_return_val_if_fail (task != NULL, NULL);

  line = g_ptr_array_new ();
  out = g_string_new (NULL);
  loop = task->loop;

  for (t = task; t != NULL && t->path == NULL && (t != loop->init || t == task); t = trio_task_get_parent (t))
    g_ptr_array_add (line, t);
  if (t != NULL && t->path != NULL)
    g_string_append (out, t->path);
  for (guint i = line->len; i > 0; i--)
    {
      t = line->pdata[i - 1];
      if (out->len > 0)
        g_string_append_c (out, '/');
      append_name (out, t->name);
      if (t->path_ordinal > 1)
        g_string_append_printf (out, "#%u", t->path_ordinal);
    }
  g_ptr_array_unref (line);
  return g_string_free (out, FALSE);
}

/* Before task moves to another parent: its path stays what it is. */
void
trio_task_keep_path (TrioTask *task)
{
  if (task->path == NULL && task->path_ordinal > 0)
    task->path = trio_task_dup_path (task);
}

guint64
trio_task_get_path_hash (TrioTask *task)
{
  g_return_val_if_fail (task != NULL, 0);
  return task->path_hash;
}
