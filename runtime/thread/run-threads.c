/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the threads of one run have in common: the default limiter, how many are at work, and which of their calls are under way. It
 * is a value of the run, made when it is first asked for, and freed after the run's last task. */

#include <trio/thread.h>

#include <trio/capacity-limiter.h>
#include <trio/checkpoint.h>
#include <trio/lowlevel/run-local.h>

#include "thread/errand.h"

/* Trio's number, as arbitrary here as there. */
#define TRIO_THREADS_DEFAULT 40

static char run_threads_key;

static void
run_threads_free (gpointer data)
{
  TrioRunThreads *self = data;
  TrioCapacityLimiterStatistics statistics;
  GList *link;

  /* The run was abandoned with tasks that were to answer: their threads wait no longer. */
  while ((link = g_queue_pop_head_link (&self->calls)) != NULL)
    trio_call_refuse (link->data);
  /* Whoever waits is lost with its stack, and so are the lots in which it stands. */
  trio_capacity_limiter_get_statistics (self->limiter, &statistics);
  if (statistics.tasks_waiting == 0)
    trio_capacity_limiter_free (self->limiter);
  g_free (self);
}

TrioRunThreads *
trio_run_threads_get (void)
{
  TrioRunThreads *self = trio_run_local_get (&run_threads_key);

  if (self != NULL)
    return self;
  self = g_new0 (TrioRunThreads, 1);
  self->limiter = trio_capacity_limiter_new (TRIO_THREADS_DEFAULT);
  trio_parking_lot_init (&self->waiting, "trio_wait_all_threads_completed");
  g_queue_init (&self->calls);
  trio_run_local_set (&run_threads_key, self, run_threads_free);
  return self;
}

TrioCapacityLimiter *
trio_current_default_thread_limiter (void)
{
  g_return_val_if_fail (trio_in_run (), NULL);
  return trio_run_threads_get ()->limiter;
}

guint
trio_active_thread_count (void)
{
  g_return_val_if_fail (trio_in_run (), 0);
  return trio_run_threads_get ()->n_active;
}

gboolean
trio_wait_all_threads_completed (GError **error)
{
  TrioRunThreads *self = trio_current_task () != NULL ? trio_run_threads_get () : NULL;

  if (self == NULL || self->n_active == 0)
    return trio_checkpoint (error);
  while (self->n_active > 0)
    if (!trio_parking_lot_park (&self->waiting, error))
      return FALSE;
  return TRUE;
}
