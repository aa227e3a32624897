/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's asyncio.Condition (https://bugs.python.org/issue32841); a condition, a swallowed cancellation.
 *
 * The bug: wait () gives the lock back, waits to be notified, and must have the lock again before it returns; so it asks for it
 * until it gets it, whatever happens. A cancellation that comes while it asks is caught by that loop and forgotten. The waiter,
 * told nothing, waits again.
 *
 * The repair: remember the cancellation, and raise it when the lock is held. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  gboolean locked;
  GQueue   lock_waiters;
  GQueue   waiters;
  gboolean closing;           /* only where nobody is sure to be cancelled: the end of the day */
} Condition;

/* --- its lock, which is right --- */

static void
lock_release (Condition *condition)
{
  Event *heir = pop_waiter (&condition->lock_waiters);

  if (heir != NULL)
    event_set (heir);
  else
    condition->locked = FALSE;
}

static gboolean
lock_acquire (Condition *condition, Once *self, GError **error)
{
  Event turn = { 0 };

  if (!condition->locked)
    {
      condition->locked = TRUE;
      return TRUE;
    }
  event_join (&turn, &condition->lock_waiters);
  if (event_wait_once (&turn, "lock_acquire", self, error))
    return TRUE;
  event_leave (&turn);
  if (turn.set)
    lock_release (condition);
  return FALSE;
}

/* --- the condition --- */

static gboolean
condition_wait (Condition *condition, Once *self, GError **error)
{
  Event notified = { 0 };
  g_autoptr (GError) failure = NULL;
  g_autoptr (GError) again = NULL;

  event_join (&notified, &condition->waiters);
  lock_release (condition);
  (void) !event_wait_once (&notified, "condition_wait", self, &failure);
  event_leave (&notified);

  while (!lock_acquire (condition, self, &again))
    {
      if (failure == NULL && (condition->repaired || again->domain != ONCE_CANCELLED))
        failure = g_steal_pointer (&again);
      g_clear_error (&again);
    }

  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
condition_notify (Condition *condition)
{
  if (first_waiter (&condition->waiters) != NULL)
    event_set (first_waiter (&condition->waiters));
}

/* --- who uses it --- */

typedef struct
{
  Condition *condition;
  Once       self;
  Event      ended;
} Waiter;

static gboolean
wait_for_ever (gpointer data, GError **error)
{
  Waiter *waiter = data;
  Condition *condition = waiter->condition;
  g_autoptr (GError) failure = NULL;
  gboolean ok = lock_acquire (condition, &waiter->self, &failure);

  if (ok)
    {
      while (ok && !condition->closing)
        ok = condition_wait (condition, &waiter->self, &failure);
      lock_release (condition);
    }
  trio_always (!ok || waiter->self.raised == 0, "a cancellation comes out of the wait it was raised in");
  event_set (&waiter->ended);
  if (ok || failure->domain == ONCE_CANCELLED)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
notify (gpointer data, GError **error)
{
  Condition *condition = data;
  Once self = { 0 };

  if (!lock_acquire (condition, &self, error))
    return FALSE;
  condition_notify (condition);
  bug_switch ();
  bug_switch ();
  lock_release (condition);
  return TRUE;
}

static gboolean
cancel_and_join (gpointer data, GError **error)
{
  Waiter *waiter = data;

  once_cancel (&waiter->self);
  return event_wait (&waiter->ended, "join", error);
}

/* Where the harness may cancel or not, the waiter must end all the same. */
static gboolean
close_late (gpointer data, GError **error)
{
  Condition *condition = data;

  if (!trio_sleep (G_TIME_SPAN_HOUR, error))
    return FALSE;
  condition->closing = TRUE;
  condition_notify (condition);
  return TRUE;
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Condition condition = { .repaired = repaired };
  Waiter waiter = { .condition = &condition };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "waiter", wait_for_ever, &waiter);
  start_task (nursery, "notifier", notify, &condition);
  if (with_canceller)
    start_task (nursery, "canceller", cancel_and_join, &waiter);
  else
    start_task (nursery, "closer", close_late, &condition);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (asyncio_32841, "asyncio-32841", run, "deadlock", "always",
                 "a cancellation that comes while a condition takes its lock again is forgotten");
