/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: libdex, futures and fibers for GNOME (https://gitlab.gnome.org/GNOME/libdex/-/commit/ab80f8a); an await, two
 * steps in the wrong order.
 *
 * The bug: a fiber that awaits a future first chains itself to it, and then moves itself to the blocked. A thread that completes
 * the future in between finds a fiber to wake that is not blocked; the wake-up fails, or is lost.
 *
 * The repair: block first, chain last.
 *
 * The thread is a task here, with a switch where it can be interrupted. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  gboolean done;                        /* the future */
  gboolean callbacks_called;
  gboolean chained;
  gboolean blocked;                     /* the fiber */
  Event    runnable;
} Await;

static void
wake_fiber (Await *await)
{
  trio_always (await->blocked, "a completion finds its fiber blocked");
  await->blocked = FALSE;
  event_set (&await->runnable);
}

/* At once if it is too late for the others. */
static void
chain (Await *await)
{
  await->chained = TRUE;
  if (await->callbacks_called)
    wake_fiber (await);
}

static gboolean
fiber (gpointer data, GError **error G_GNUC_UNUSED)
{
  Await *await = data;

  if (await->done)
    return TRUE;
  if (!await->repaired)
    {
      chain (await);
      bug_switch ();
      await->blocked = TRUE;
    }
  else
    {
      await->blocked = TRUE;
      bug_switch ();
      chain (await);
    }
  if (await->blocked)
    event_wait_shielded (&await->runnable, "await");
  return TRUE;
}

static gboolean
complete (gpointer data, GError **error G_GNUC_UNUSED)
{
  Await *await = data;

  await->done = TRUE;
  bug_switch ();
  await->callbacks_called = TRUE;
  if (await->chained)
    wake_fiber (await);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Await await = { .repaired = repaired };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "fiber", fiber, &await);
  start_task (nursery, "thread", complete, &await);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_libdex_ab80f8a = {
  "libdex-ab80f8a", run, "always", NULL, "a future completes when the fiber is chained to it and not blocked yet",
};
