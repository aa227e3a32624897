/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: a watcher of Kubernetes' cache (https://github.com/kubernetes/kubernetes/pull/38669; GoKer kubernetes/38669; a
 * channel that nobody reads).
 *
 * The bug: a watcher that is stopped before anybody has read its first events sends them for ever. It fails in every schedule, and
 * so tests whether a task that is left over is noticed.
 *
 * The repair: when it sends, the watcher looks whether it was stopped. */

#include "tests/bugs/primitives.h"

#define N_INITIAL_EVENTS 2

typedef struct
{
  gboolean   repaired;
  Channel   *input;
  Channel   *results;
  TrioEvent *done;
} Watcher;

static gboolean
process (gpointer data, GError **error G_GNUC_UNUSED)
{
  Watcher *watcher = data;

  for (guint i = 0; i < N_INITIAL_EVENTS; i++)
    {
      if (watcher->repaired)
        choose_from (trio_case_send (watcher->results->send, NULL), trio_case_event (watcher->done));
      else
        channel_send (watcher->results, NULL);
    }
  while (channel_receive (watcher->input, NULL))
    continue;
  channel_close (watcher->results);
  return TRUE;
}

static void
stop (Watcher *watcher)
{
  trio_event_set (watcher->done);
  channel_close (watcher->input);
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) input = channel_new (0);
  g_autoptr (Channel) results = channel_new (0);
  g_autoptr (TrioEvent) done = trio_event_new ();
  Watcher watcher = { repaired, input, results, done };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, process, &watcher);
  stop (&watcher);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_kubernetes_38669 = {
  "kubernetes-38669", run, "deadlock", NULL, "a watcher that was stopped sends its first events to nobody",
};
