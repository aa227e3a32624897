/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Kubernetes' watch of etcd (https://github.com/kubernetes/kubernetes/pull/25331; GoKer kubernetes/25331; a result
 * sent to nobody).
 *
 * The bug: the watch reports its failure to a reader who has just been told, by the watch itself, that all is cancelled. It fails
 * in nearly every schedule, and so tests whether a task that is left over is noticed.
 *
 * The repair: whoever sends also waits for the cancellation. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean   repaired;
  Channel   *results;
  Channel   *errors;
  TrioEvent *cancelled;
} Watch;

static void TRIO_CHECKPOINT
send (const Watch *watch, Channel *channel)
{
  if (watch->repaired)
    choose_from (trio_case_send (channel->send, NULL), trio_case_event (watch->cancelled));
  else
    channel_send (channel, NULL);
}

static gboolean
watch (gpointer data, GError **error G_GNUC_UNUSED)
{
  Watch *watch = data;
  gpointer failure;

  if (choose_from (trio_case_receive (watch->errors->receive, &failure), trio_case_event (watch->cancelled)) == 0)
    {
      trio_event_set (watch->cancelled);
      send (watch, watch->results);
    }
  return TRUE;
}

static gboolean
fail_and_stop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Watch *watch = data;

  send (watch, watch->errors);
  trio_event_set (watch->cancelled);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) results = channel_new (0);
  g_autoptr (Channel) errors = channel_new (0);
  g_autoptr (TrioEvent) cancelled = trio_event_new ();
  Watch state = { repaired, results, errors, cancelled };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, watch, &state);
  trio_nursery_start_soon (nursery, fail_and_stop, &state);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_kubernetes_25331 = {
  "kubernetes-25331", run, "deadlock", NULL, "a result is sent after the only reader was cancelled",
};
