/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: GLib's GCancellable source (https://gitlab.gnome.org/GNOME/glib/-/issues/1841, commit e4a690f5); memory used
 * after it was freed.
 *
 * The bug: a thread that cancels takes the handler under the lock, and calls it without. Meanwhile another thread drops the last
 * reference to the source, disconnects the handler, and frees the source, which the handler then uses.
 *
 * The repair: take a reference to the source under the lock too, unless it is being freed already.
 *
 * Threads are tasks here, with a switch where they can be interrupted. */

#include "tests/bugs/cancel/cancel.h"
#include "tests/bugs/heap.h"
#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  gboolean connected;                   /* the source's handler, to the cancellable */
  int      n_references;                /* to the source */
  Block   *source;
} Program;

static void TRIO_CHECKPOINT
source_unref (Program *program)
{
  if (--program->n_references > 0)
    return;
  bug_switch ();
  mutex_lock (&program->mutex);
  program->connected = FALSE;
  mutex_unlock (&program->mutex);
  block_free (program->source);
}

static gboolean
cancel (gpointer data, GError **error G_GNUC_UNUSED)
{
  Program *program = data;
  gboolean calls;

  mutex_lock (&program->mutex);
  calls = program->connected && !(program->repaired && program->n_references == 0);
  if (calls && program->repaired)
    program->n_references++;
  mutex_unlock (&program->mutex);
  if (!calls)
    return TRUE;

  bug_switch ();
  block_use (program->source);
  if (program->repaired)
    source_unref (program);
  return TRUE;
}

static gboolean
own (gpointer data, GError **error G_GNUC_UNUSED)
{
  source_unref (data);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Heap) heap = heap_new ();
  Program program = {
    .repaired = repaired, .mutex = MUTEX ("cancellable"), .connected = TRUE, .n_references = 1, .source = block_new (heap),
  };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "canceller", cancel, &program);
  start_task (nursery, "owner", own, &program);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_glib_1841 = {
  "glib-1841", run, "always", NULL, "a source is freed between the taking of its handler and the call",
};
