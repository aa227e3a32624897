/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the broadcaster of Kubernetes' watches (https://github.com/kubernetes/kubernetes/pull/1321; GoKer kubernetes/1321;
 * a channel and a lock). The number of rounds is bounded here.
 *
 * The bug: the loop sends to each watcher with the mutex held; a watcher that wants to stop, and no longer receives, needs that
 * mutex.
 *
 * The repair: a watcher that stops says so without any mutex, and the loop looks for that when it sends. */

#include "tests/bugs/primitives.h"

#define N_ROUNDS 4

typedef struct
{
  gboolean   repaired;
  Mutex      distribution;
  Mutex      watchers;
  Channel   *watcher;         /* NULL: there is none */
  TrioEvent *stopped;
} Mux;

static void TRIO_CHECKPOINT
send_to_watcher (Mux *mux)
{
  if (mux->repaired)
    choose_from (trio_case_send (mux->watcher->send, NULL), trio_case_event (mux->stopped));
  else
    channel_send (mux->watcher, NULL);
}

static gboolean
distribute (gpointer data, GError **error G_GNUC_UNUSED)
{
  Mux *mux = data;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      mutex_lock (&mux->distribution);
      mutex_lock (&mux->watchers);
      if (mux->watcher != NULL)
        send_to_watcher (mux);
      mutex_unlock (&mux->watchers);
      mutex_unlock (&mux->distribution);
    }
  return TRUE;
}

static void TRIO_CHECKPOINT
stop_watching (Mux *mux)
{
  if (mux->repaired)
    trio_event_set (mux->stopped);
  mutex_lock (&mux->distribution);
  channel_close (g_steal_pointer (&mux->watcher));
  mutex_unlock (&mux->distribution);
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) watcher = channel_new (0);
  g_autoptr (TrioEvent) stopped = trio_event_new ();
  Mux mux = {
    .repaired = repaired, .distribution = MUTEX ("distribution"), .watchers = MUTEX ("watchers"), .stopped = stopped,
  };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, distribute, &mux);
  mutex_lock (&mux.watchers);
  mux.watcher = watcher;
  mutex_unlock (&mux.watchers);
  stop_watching (&mux);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_kubernetes_1321 = {
  "kubernetes-1321", run, "deadlock", NULL, "a loop sends under the mutex that its receiver needs to stop",
};
