/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: libdill, coroutines for C (https://github.com/sustrik/libdill/issues/215); memory used after it was freed.
 *
 * The bug: one coroutine waits for all of a bundle to end, another closes the bundle, which kills what is in it and frees it.
 * The waiter is woken, goes on where it was, and writes to the bundle.
 *
 * The repair: the wake-up says that the bundle was closed, and the waiter leaves it alone. */

#include "tests/bugs/cancel/cancel.h"
#include "tests/bugs/heap.h"

typedef struct
{
  int      n_children;
  Event   *waiter;
} Bundle;

typedef struct
{
  gboolean repaired;
  Bundle   bundle;
  Block   *memory;                      /* of the bundle */
  Event    waiter_woken;
  gboolean woken_by_close;
} Program;

static Bundle *
get_bundle (Program *program)
{
  block_use (program->memory);
  return &program->bundle;
}

static void
wake_waiter (Bundle *bundle)
{
  if (bundle->waiter != NULL)
    event_set (bundle->waiter);
}

static gboolean
wait_for_bundle (gpointer data, GError **error G_GNUC_UNUSED)
{
  Program *program = data;

  if (program->memory->freed || program->bundle.n_children == 0)
    return TRUE;                                    /* its handle says so */
  get_bundle (program)->waiter = &program->waiter_woken;
  event_wait_shielded (&program->waiter_woken, "bundle_wait");
  if (!(program->repaired && program->woken_by_close))
    get_bundle (program)->waiter = NULL;
  return TRUE;
}

static gboolean
be_a_child (gpointer data, GError **error G_GNUC_UNUSED)
{
  Program *program = data;

  if (program->memory->freed)
    return TRUE;                                    /* was killed */
  get_bundle (program)->n_children--;
  wake_waiter (get_bundle (program));
  return TRUE;
}

static gboolean
close_bundle (gpointer data, GError **error G_GNUC_UNUSED)
{
  Program *program = data;

  if (get_bundle (program)->n_children == 0)
    return TRUE;
  program->woken_by_close = TRUE;
  wake_waiter (get_bundle (program));
  block_free (program->memory);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Heap) heap = heap_new ();
  Program program = { .repaired = repaired, .bundle = { .n_children = 1 }, .memory = block_new (heap) };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "waiter", wait_for_bundle, &program);
  start_task (nursery, "child", be_a_child, &program);
  start_task (nursery, "killer", close_bundle, &program);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_libdill_215 = {
  "libdill-215", run, "always", NULL, "a bundle is freed while somebody waits for it, who then touches it",
};
