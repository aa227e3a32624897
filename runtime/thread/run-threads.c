/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the threads of one process have in common, the default limiter and how many are at work; and of one run, which of their calls are under way. Both
 * are made when they are first asked for. A run is one process, but in a simulator of several hosts: one that crashes leaves to the others what was theirs. */

#include <trio/thread.h>

#include <trio/capacity-limiter.h>
#include <trio/checkpoint.h>
#include <trio/lowlevel/run-local.h>

#include "thread/errand.h"

/* Trio's number, as arbitrary here as there. */
#define TRIO_THREADS_DEFAULT 40

static char calls_key;
static char process_key;

/* --- of a run --- */

static void
calls_free (gpointer data)
{
  GQueue *calls = data;
  GList *link;

  /* The run was abandoned with tasks that were to answer: their threads wait no longer. */
  while ((link = g_queue_pop_head_link (calls)) != NULL)
    trio_call_refuse (link->data);
  g_free (calls);
}

GQueue *
trio_run_calls_get (void)
{
  GQueue *calls = trio_run_local_get (&calls_key);

  if (calls == NULL)
    {
      calls = g_new0 (GQueue, 1);
      trio_run_local_set (&calls_key, calls, calls_free);
    }
  return calls;
}

/* --- of a process --- */

static void
limiter_free (TrioCapacityLimiter *limiter)
{
  TrioCapacityLimiterStatistics statistics;

  /* Whoever waits is lost with its stack, and so are the lots in which it stands. */
  trio_capacity_limiter_get_statistics (limiter, &statistics);
  if (statistics.tasks_waiting == 0)
    trio_capacity_limiter_free (limiter);
}

/* The process has ended, or was abandoned; errands that go on without it may hold it. */
static void
process_ends (gpointer data)
{
  TrioProcessThreads *self = data;

  limiter_free (g_steal_pointer (&self->limiter));
  trio_process_threads_unref (self);
}

void
trio_process_threads_unref (TrioProcessThreads *self)
{
  if (g_atomic_ref_count_dec (&self->refs))
    g_free (self);
}

TrioProcessThreads *
trio_process_threads_get (void)
{
  TrioProcessThreads *self = trio_process_local_get (&process_key);

  if (self != NULL)
    return self;
  self = g_new0 (TrioProcessThreads, 1);
  g_atomic_ref_count_init (&self->refs);
  self->limiter = trio_capacity_limiter_new (TRIO_THREADS_DEFAULT);
  trio_parking_lot_init (&self->waiting, "trio_wait_all_threads_completed");
  trio_process_local_set (&process_key, self, process_ends);
  return self;
}

TrioProcessThreads *
trio_process_threads_ref (TrioProcessThreads *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

TrioCapacityLimiter *
trio_current_default_thread_limiter (void)
{
  g_return_val_if_fail (trio_in_run (), NULL);
  return trio_process_threads_get ()->limiter;
}

guint
trio_active_thread_count (void)
{
  g_return_val_if_fail (trio_in_run (), 0);
  return trio_process_threads_get ()->n_active;
}

gboolean
trio_wait_all_threads_completed (GError **error)
{
  TrioProcessThreads *self = trio_current_task () != NULL ? trio_process_threads_get () : NULL;

  if (self == NULL || self->n_active == 0)
    return trio_checkpoint (error);
  while (self->n_active > 0)
    if (!trio_parking_lot_park (&self->waiting, error))
      return FALSE;
  return TRUE;
}
