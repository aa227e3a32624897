/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Kubernetes' federated informers and their queue (https://github.com/kubernetes/kubernetes/pull/30872; GoKer
 * kubernetes/30872; lock order, three tasks). The loop is bounded here.
 *
 * The bug: the loop that pops the queue locks the queue and then the informer; who asks whether the informer is in step locks the
 * informer and then the queue. Who wants to stop the loop waits with them.
 *
 * The repair: the loop unlocks the queue before it locks the informer. */

#include "tests/bugs/primitives.h"

#define N_ROUNDS 3

typedef struct
{
  gboolean   repaired;
  Mutex      informer;
  Mutex      queue;
  TrioEvent *stop;
  TrioEvent *stop_loop;
} Informer;

static gboolean
pop_loop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Informer *informer = data;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      if (choose_from_nowait (trio_case_event (informer->stop_loop)) != NOTHING_READY)
        break;
      mutex_lock (&informer->queue);
      if (informer->repaired)
        mutex_unlock (&informer->queue);
      mutex_lock (&informer->informer);
      mutex_unlock (&informer->informer);
      if (!informer->repaired)
        mutex_unlock (&informer->queue);
    }
  return TRUE;
}

static gboolean
is_in_step (gpointer data, GError **error G_GNUC_UNUSED)
{
  Informer *informer = data;

  mutex_lock (&informer->informer);
  mutex_lock (&informer->queue);
  mutex_unlock (&informer->queue);
  mutex_unlock (&informer->informer);
  return TRUE;
}

static gboolean
stopper (gpointer data, GError **error G_GNUC_UNUSED)
{
  Informer *informer = data;

  wait_for (informer->stop);
  mutex_lock (&informer->informer);
  trio_event_set (informer->stop_loop);
  mutex_unlock (&informer->informer);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (TrioEvent) stop = trio_event_new ();
  g_autoptr (TrioEvent) stop_loop = trio_event_new ();
  Informer informer = {
    .repaired = repaired, .informer = MUTEX ("informer"), .queue = MUTEX ("queue"), .stop = stop, .stop_loop = stop_loop,
  };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  mutex_lock (&informer.informer);
  trio_nursery_start_soon (nursery, pop_loop, &informer);
  mutex_unlock (&informer.informer);
  trio_nursery_start_soon (nursery, stopper, &informer);
  trio_nursery_start_soon (nursery, is_in_step, &informer);
  trio_event_set (stop);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_kubernetes_30872 = {
  "kubernetes-30872", run, "deadlock", NULL, "a loop locks queue, then informer; who asks locks informer, then queue",
};
