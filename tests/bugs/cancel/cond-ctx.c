/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Go programs that cancel a wait on sync.Cond with context.AfterFunc (https://github.com/e2b-dev/infra/pull/3629,
 * https://github.com/kubernetes-sigs/kueue/pull/9137); a condition, a lost wake-up.
 *
 * The bug: the cancellation sets its flag and broadcasts without the mutex. A waiter that has looked at the flag, and has not
 * joined those who wait yet, misses both.
 *
 * The repair: broadcast with the mutex held.
 *
 * Threads are tasks here, with a switch where they can be interrupted. */

#include "tests/bugs/cancel/cancel.h"
#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  GQueue   waiters;
  gboolean full;                        /* for ever */
  gboolean cancelled;                   /* the context */
} Pool;

static void
describe_pool (gpointer pool, GString *out)
{
  g_string_append (out, ((Pool *) pool)->cancelled ? "its context is cancelled" : "its context is not cancelled");
}

static void TRIO_CHECKPOINT
condition_wait (Pool *pool)
{
  Event woken = { .describe = describe_pool, .of = pool };

  event_join (&woken, &pool->waiters);
  mutex_unlock (&pool->mutex);
  event_wait_shielded (&woken, "condition_wait");
  mutex_lock (&pool->mutex);
}

static void
condition_broadcast (Pool *pool)
{
  Event *woken;

  while ((woken = pop_waiter (&pool->waiters)) != NULL)
    event_set (woken);
}

static gboolean
acquire (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pool *pool = data;

  mutex_lock (&pool->mutex);
  while (pool->full && !pool->cancelled)
    {
      bug_switch ();
      condition_wait (pool);
    }
  mutex_unlock (&pool->mutex);
  return TRUE;
}

static gboolean
cancel_context (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pool *pool = data;

  pool->cancelled = TRUE;
  bug_switch ();
  if (pool->repaired)
    mutex_lock (&pool->mutex);
  condition_broadcast (pool);
  if (pool->repaired)
    mutex_unlock (&pool->mutex);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Pool pool = { .repaired = repaired, .mutex = MUTEX ("pool"), .full = TRUE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "acquirer", acquire, &pool);
  start_task (nursery, "canceller", cancel_context, &pool);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_cond_ctx = {
  "cond-ctx", run, "deadlock", NULL, "a cancellation broadcasts without the mutex, between a waiter's look and its wait",
};
