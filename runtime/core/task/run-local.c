/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Values of a run: a list, since there are few keys in a program. The latest that was set stands first. */

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
find (TrioLoop *loop, gconstpointer key)
{
  TrioRunLocal *local = loop->locals;

  while (local != NULL && local->key != key)
    local = local->next;
  return local;
}

gpointer
trio_run_local_get (gconstpointer key)
{
  TrioLoop *loop = trio_loop_of_thread;
  TrioRunLocal *local;

  g_return_val_if_fail (loop != NULL, NULL);
  trio_note_access (key, TRIO_ACCESS_READ);
  local = find (loop, key);
  return local != NULL ? local->value : NULL;
}

void
trio_run_local_set (gconstpointer key, gpointer value, GDestroyNotify destroy)
{
  TrioLoop *loop = trio_loop_of_thread;
  TrioRunLocal *local;
  TrioRunLocal old = { 0 };

  g_return_if_fail (loop != NULL);
  trio_note_access (key, TRIO_ACCESS_WRITE);
  local = find (loop, key);
  if (local == NULL)
    {
      local = g_new0 (TrioRunLocal, 1);
      local->key = key;
      local->next = loop->locals;
      loop->locals = local;
    }
  else
    old = *local;
  local->value = value;
  local->destroy = destroy;
  if (old.destroy != NULL)
    old.destroy (old.value);
}

void
trio_run_locals_free (TrioLoop *loop)
{
  TrioRunLocal *local;

  while ((local = loop->locals) != NULL)
    {
      loop->locals = local->next;
      if (local->destroy != NULL)
        local->destroy (local->value);
      g_free (local);
    }
}
