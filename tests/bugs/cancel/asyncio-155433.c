/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's asyncio.TaskGroup (https://github.com/python/cpython/issues/155433); a cancellation taken for another
 * one.
 *
 * The bug: a host cancels its group, and waits for the worker to end. A cancellation that reaches the host while it waits is
 * taken for the one it has asked for itself, and not raised: a time-out around all of it has no effect.
 *
 * The repair: count one's own requests, and raise what is more than those. This host asks its worker only, and so has none to
 * expect. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  Victim   host;
  Victim   worker;
  gboolean cancelling;          /* the group, by its host */
  guint    n_expected;          /* requests of its own that the host will meet */
} Group;

/* Needs a while to clean up. */
static gboolean
work (gpointer data G_GNUC_UNUSED, GError **error)
{
  Event never = { 0 };
  gboolean ok = event_wait (&never, "work", error);

  bug_switch ();
  bug_switch ();
  return ok;
}

static void
group_cancel (Group *group)
{
  group->cancelling = TRUE;
  victim_cancel (&group->worker);
}

static gboolean
group_join (Group *group, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (victim_join (&group->worker, &failure))
    return TRUE;
  event_wait_shielded (&group->worker.ended, "join");
  if (group->repaired ? group->n_expected > 0 : group->cancelling)
    {
      group->n_expected--;
      return TRUE;                                  /* it was my own */
    }
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
host (gpointer data, GError **error)
{
  Group *group = data;
  gboolean ok;

  group_cancel (group);
  ok = group_join (group, error);
  trio_always (!ok || !trio_cancel_scope_cancel_called (group->host.scope), "a cancellation from outside surfaces");
  return ok;
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Group group = { .repaired = repaired };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_victim (nursery, "worker", &group.worker, work, &group);
  start_victim (nursery, "host", &group.host, host, &group);
  if (with_canceller)
    start_canceller (nursery, &group.host);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (asyncio_155433, "asyncio-155433", run, "always", "always",
                 "a host that has cancelled its group takes a cancellation from outside for its own");
