/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Knative's prober, which reports when the last of a number of probes has answered
 * (https://github.com/knative/serving/pull/6472; GoKer serving/6472; order).
 *
 * The bug: the probes are put into the queue before their number is added to the counter. A worker that is fast counts below zero.
 *
 * The repair: add first. */

#include "tests/bugs/primitives.h"

#define N_PROBES  2
#define N_WORKERS 2

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  guint    n_queued;
  int      n_pending;
  gboolean ready;
} Prober;

static void TRIO_CHECKPOINT
add_pending (Prober *prober)
{
  bug_switch ();
  prober->n_pending += N_PROBES;
}

static gboolean
is_ready (gpointer data, GError **error G_GNUC_UNUSED)
{
  Prober *prober = data;

  if (prober->repaired)
    add_pending (prober);
  for (guint i = 0; i < N_PROBES; i++)
    {
      mutex_lock (&prober->mutex);
      prober->n_queued++;
      mutex_unlock (&prober->mutex);
    }
  if (!prober->repaired)
    add_pending (prober);
  return TRUE;
}

static gboolean
worker (gpointer data, GError **error G_GNUC_UNUSED)
{
  Prober *prober = data;
  gboolean has_probe;

  mutex_lock (&prober->mutex);
  has_probe = prober->n_queued > 0;
  prober->n_queued -= has_probe;
  mutex_unlock (&prober->mutex);
  if (!has_probe)
    return TRUE;

  bug_switch ();
  prober->n_pending--;
  trio_always (prober->n_pending >= 0, "no more probes have answered than are pending");
  if (prober->n_pending == 0)
    prober->ready = TRUE;
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Prober prober = { .repaired = repaired, .mutex = MUTEX ("queue") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, is_ready, &prober);
  for (guint i = 0; i < N_WORKERS; i++)
    trio_nursery_start_soon (nursery, worker, &prober);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_serving_6472 = {
  "serving-6472", run, "always", NULL, "a counter is raised after those who lower it were started",
};
