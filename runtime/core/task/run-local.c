/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Values of a run, and of a process where a run has several: lists, since there are few keys in a program. The latest that was set stands first. */

#include <trio/lowlevel/access.h>
#include <trio/lowlevel/run-local.h>

#include "core/kernel.h"

struct _TrioRunLocal
{
  TrioRunLocal   *next;
  gconstpointer   key;
  gpointer        value;
  GDestroyNotify  destroy;
};

static TrioRunLocal *
find (TrioRunLocal *list, gconstpointer key)
{
  TrioRunLocal *local = list;

  while (local != NULL && local->key != key)
    local = local->next;
  return local;
}

static gpointer
get (TrioRunLocal *list, gconstpointer key)
{
  TrioRunLocal *local;

  trio_note_access (key, TRIO_ACCESS_READ);
  local = find (list, key);
  return local != NULL ? local->value : NULL;
}

static void
set (TrioRunLocal **list, gconstpointer key, gpointer value, GDestroyNotify destroy)
{
  TrioRunLocal *local = find (*list, key);
  TrioRunLocal old = { 0 };

  trio_note_access (key, TRIO_ACCESS_WRITE);
  if (local == NULL)
    {
      local = g_new0 (TrioRunLocal, 1);
      local->key = key;
      local->next = *list;
      *list = local;
    }
  else
    old = *local;
  local->value = value;
  local->destroy = destroy;
  if (old.destroy != NULL)
    old.destroy (old.value);
}

static void
free_all (TrioRunLocal **list)
{
  TrioRunLocal *local;

  while ((local = *list) != NULL)
    {
      *list = local->next;
      if (local->destroy != NULL)
        local->destroy (local->value);
      g_free (local);
    }
}

/* --- of a run --- */

gpointer
trio_run_local_get (gconstpointer key)
{
  TrioLoop *loop = trio_loop_of_thread;

  g_return_val_if_fail (loop != NULL, NULL);
  return get (loop->locals, key);
}

void
trio_run_local_set (gconstpointer key, gpointer value, GDestroyNotify destroy)
{
  TrioLoop *loop = trio_loop_of_thread;

  g_return_if_fail (loop != NULL);
  set (&loop->locals, key, value, destroy);
}

void
trio_run_locals_free (TrioLoop *loop)
{
  free_all (&loop->locals);
}

/* --- of a process --- */

/* Shared by its tasks, as a value of each: so it goes with the last of them, and with one that was abandoned at the end of the run. */
static void
process_free (gpointer list)
{
  free_all (list);
  g_free (list);
}

static TrioTaskLocal process_of_task = TRIO_TASK_LOCAL_INIT ("process", NULL, process_free);

static TrioRunLocal **
list_of_process (TrioLoop *loop)
{
  TrioRunLocal **list = loop->has_processes ? trio_task_local_get (&process_of_task) : NULL;

  return list != NULL ? list : &loop->locals;
}

void
trio_task_begin_process (void)
{
  g_return_if_fail (trio_current_task () != NULL);
  trio_loop_of_thread->has_processes = TRUE;
  trio_task_local_set (&process_of_task, g_new0 (TrioRunLocal *, 1));
}

gpointer
trio_process_local_get (gconstpointer key)
{
  TrioLoop *loop = trio_loop_of_thread;

  g_return_val_if_fail (loop != NULL, NULL);
  return get (*list_of_process (loop), key);
}

void
trio_process_local_set (gconstpointer key, gpointer value, GDestroyNotify destroy)
{
  TrioLoop *loop = trio_loop_of_thread;

  g_return_if_fail (loop != NULL);
  set (list_of_process (loop), key, value, destroy);
}
