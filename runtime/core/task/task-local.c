/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Task-local values: a short list for each task, shared by tasks until one of them changes it.
 *
 * Always true:
 *  1. A list that has several owners is not changed: whoever wants to change it takes a list of its own first (copy on write).
 *  2. A value lives in a box that the lists share. So a pointer that a task got stays good when somebody else's list goes.
 *  3. Lists are short, and are searched from the front. Keys are compared for being the same, never for order.
 */

#include "core/kernel.h"

typedef struct
{
  guint           refs;
  gpointer        value;
  GDestroyNotify  destroy;
} Box;

typedef struct
{
  gconstpointer  key;
  TrioCopyFunc   copy;
  Box           *box;
} Entry;

struct _TrioLocals
{
  guint  refs;
  guint  n_copied;        /* entries that a child gets a copy of */
  guint  n;
  Entry  entries[];
};

static void
box_unref (Box *box)
{
  if (--box->refs > 0)
    return;
  if (box->destroy != NULL && box->value != NULL)
    box->destroy (box->value);
  g_free (box);
}

static Box *
box_new (gpointer value, GDestroyNotify destroy)
{
  Box *box = g_new (Box, 1);

  *box = (Box) { .refs = 1, .value = value, .destroy = destroy };
  return box;
}

static TrioLocals *
locals_new (guint n)
{
  TrioLocals *self = g_malloc (sizeof (TrioLocals) + n * sizeof (Entry));

  *self = (TrioLocals) { .refs = 1, .n = n };
  return self;
}

static void
locals_unref (TrioLocals *self)
{
  if (--self->refs > 0)
    return;
  /* The youngest first, like everything that is torn down. */
  while (self->n > 0)
    box_unref (self->entries[--self->n].box);
  g_free (self);
}

/* One more entry, or none. */
static TrioLocals *
dup_locals (TrioLocals *old, guint n_more)
{
  guint n = old != NULL ? old->n : 0;
  TrioLocals *self = locals_new (n + n_more);

  self->n_copied = old != NULL ? old->n_copied : 0;
  for (guint i = 0; i < n; i++)
    {
      self->entries[i] = old->entries[i];
      self->entries[i].box->refs++;
    }
  return self;
}

static Entry *
find (TrioLocals *self, gconstpointer key)
{
  for (guint i = 0; self != NULL && i < self->n; i++)
    if (self->entries[i].key == key)
      return &self->entries[i];
  return NULL;
}

static gpointer
get (TrioLocals *self, gconstpointer key)
{
  Entry *entry = find (self, key);

  return entry != NULL ? entry->box->value : NULL;
}

/* Takes value. The old one is destroyed last: its destroy function may come back here. */
static void
set (TrioLocals **self, gconstpointer key, gpointer value, TrioCopyFunc copy, GDestroyNotify destroy)
{
  TrioLocals *old = *self;
  gboolean is_new = find (old, key) == NULL;
  Box *old_box = NULL;
  Entry *entry;

  if (is_new || old->refs > 1)
    {
      *self = dup_locals (old, is_new ? 1 : 0);
      if (old != NULL)
        locals_unref (old);
    }
  if (is_new)
    {
      entry = &(*self)->entries[(*self)->n - 1];
      *entry = (Entry) { .key = key, .copy = copy };
      (*self)->n_copied += copy != NULL;
    }
  else
    {
      entry = find (*self, key);
      old_box = entry->box;
    }
  entry->box = box_new (value, destroy);
  if (old_box != NULL)
    box_unref (old_box);
}

/* What a task started by one with these values begins with. */
static TrioLocals *
inherit (TrioLocals *self)
{
  TrioLocals *child;

  if (G_LIKELY (self->n_copied == 0))
    {
      self->refs++;
      return self;
    }

  child = dup_locals (self, 0);
  for (guint i = 0; i < child->n; i++)
    {
      Entry *entry = &child->entries[i];
      Box *shared = entry->box;

      if (entry->copy == NULL || shared->value == NULL)
        continue;
      entry->box = box_new (entry->copy (shared->value), shared->destroy);
      box_unref (shared);
    }
  return child;
}

/* At the birth of task, by a task that has values. The run's own tasks serve everybody, and begin with none. */
void
trio_task_inherit_locals (TrioTask *task)
{
  TrioLoop *loop = task->loop;

  if (task->nursery != loop->system_nursery)
    task->locals = inherit (loop->running->locals);
}

/* Gives up the share in *locals. A destroy function may set new values; they are given up too. */
void
trio_locals_clear (TrioLocals **locals)
{
  while (*locals != NULL)
    locals_unref (g_steal_pointer (locals));
}

gpointer
trio_task_local_get (TrioTaskLocal *local)
{
  TrioTask *task = trio_current_task ();

  g_return_val_if_fail (local != NULL, NULL);
  return task != NULL ? get (task->locals, local) : NULL;
}

void
trio_task_local_set (TrioTaskLocal *local, gpointer value)
{
  TrioTask *task = trio_current_task ();

  g_return_if_fail (local != NULL);

  if (task == NULL)
    {
      g_critical ("trio_task_local_set: \"%s\" can be set in a task only, and this is none", local->name);
      if (local->destroy != NULL && value != NULL)
        local->destroy (value);
      return;
    }
  set (&task->locals, local, value, local->copy, local->destroy);
}
