/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's Trio, a task that serves its worker thread (https://github.com/python-trio/trio/pull/2832, noted in
 * https://github.com/python-trio/trio/issues/2827); a thread bridge, two that wake one task.
 *
 * The bug: the host posts its answer to the thread and then passes a checkpoint, for which it is scheduled again at once. The
 * thread may be through with its work by then; that wakes the host too, which was to wait for it only afterwards.
 *
 * The repair: checkpoint first, and post the answer last.
 *
 * The thread is a task here, with a switch where it could be anywhere else. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  Event    request;
  Event    answer;
  Event    thread_ended;        /* the host's: it wakes whatever the host waits in */
  gboolean host_scheduled;      /* it is in line already */
} Bridge;

static void
reschedule_host (Bridge *bridge)
{
  trio_always (!bridge->host_scheduled, "a task is scheduled once");
  event_set (&bridge->thread_ended);
}

static void TRIO_CHECKPOINT
checkpoint_of_host (Bridge *bridge)
{
  bridge->host_scheduled = TRUE;
  bug_switch ();
  bridge->host_scheduled = FALSE;
}

static gboolean
host (gpointer data, GError **error G_GNUC_UNUSED)
{
  Bridge *bridge = data;

  event_wait_shielded (&bridge->request, "wait_for_request");
  if (bridge->repaired)
    checkpoint_of_host (bridge);
  event_set (&bridge->answer);
  if (!bridge->repaired)
    checkpoint_of_host (bridge);
  event_wait_shielded (&bridge->thread_ended, "wait_for_thread");
  return TRUE;
}

static gboolean
thread (gpointer data, GError **error G_GNUC_UNUSED)
{
  Bridge *bridge = data;

  event_set (&bridge->request);
  event_wait_shielded (&bridge->answer, "wait_for_answer");
  bug_switch ();
  reschedule_host (bridge);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Bridge bridge = { .repaired = repaired };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "host", host, &bridge);
  start_task (nursery, "thread", thread, &bridge);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_trio_2827 = {
  "trio-2827", run, "always", NULL, "a host is woken by its thread while it stands in line already",
};
