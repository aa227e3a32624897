/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's asyncio.wait_for (https://bugs.python.org/issue33638, https://bugs.python.org/issue32751); a child that
 * outlives its parent's wait.
 *
 * The bug: wait_for () runs the wait on a condition in a child task. When the time is up, or it is cancelled itself, it cancels
 * the child and returns at once. The child has given the lock away and must take it back before it ends; meanwhile the caller
 * believes to hold it, and releases what is not locked.
 *
 * The repair: join the cancelled child. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean     repaired;
  TrioNursery *nursery;             /* where children live; asyncio's loop */
  gboolean     locked;
  GQueue       lock_waiters;
  GQueue       waiters;
  Victim       child;
  Event        woken;               /* the child has ended, or its time is up */
} Condition;

static gboolean
lock_acquire (Condition *condition, GError **error)
{
  Event turn = { 0 };

  if (!condition->locked)
    {
      condition->locked = TRUE;
      return TRUE;
    }
  event_join (&turn, &condition->lock_waiters);
  if (event_wait (&turn, "lock_acquire", error))
    return TRUE;
  event_leave (&turn);
  if (turn.set)
    {
      condition->locked = first_waiter (&condition->lock_waiters) != NULL;
      if (condition->locked)
        event_set (pop_waiter (&condition->lock_waiters));
    }
  return FALSE;
}

static void
lock_release (Condition *condition)
{
  Event *heir = pop_waiter (&condition->lock_waiters);

  trio_always (condition->locked, "only a locked lock is released");
  if (heir != NULL)
    event_set (heir);
  else
    condition->locked = FALSE;
}

static gboolean
condition_wait (gpointer data, GError **error)
{
  Condition *condition = data;
  Event notified = { 0 };
  Event turn = { 0 };
  gboolean ok;

  event_join (&notified, &condition->waiters);
  lock_release (condition);
  ok = event_wait (&notified, "condition_wait", error);
  event_leave (&notified);
  if (condition->locked)
    {
      event_join (&turn, &condition->lock_waiters);
      event_wait_shielded (&turn, "lock_acquire");
    }
  condition->locked = TRUE;
  event_set (&condition->woken);
  return ok;
}

/* Returns with the lock held, if only the child were done with it. */
static gboolean
wait_for (Condition *condition, GError **error)
{
  gboolean ok;

  start_victim (condition->nursery, "child", &condition->child, condition_wait, condition);
  ok = event_wait (&condition->woken, "wait_for", error);
  victim_cancel (&condition->child);
  if (condition->repaired)
    event_wait_shielded (&condition->child.ended, "join");
  return ok;
}

static gboolean
use (gpointer data, GError **error)
{
  Condition *condition = data;
  gboolean ok;

  if (!lock_acquire (condition, error))
    return FALSE;
  ok = wait_for (condition, error);
  lock_release (condition);
  return ok;
}

static gboolean
time_is_up (gpointer data, GError **error G_GNUC_UNUSED)
{
  Condition *condition = data;

  event_set (&condition->woken);
  return TRUE;
}

static gboolean
notify (gpointer data, GError **error)
{
  Condition *condition = data;

  if (!lock_acquire (condition, error))
    return FALSE;
  if (first_waiter (&condition->waiters) != NULL)
    event_set (first_waiter (&condition->waiters));
  lock_release (condition);
  return TRUE;
}

/* Where no time is up, the notification must not come before the wait. */
static gboolean
notify_late (gpointer data, GError **error)
{
  return trio_sleep (G_TIME_SPAN_HOUR, error) && notify (data, error);
}

static gboolean
run (gboolean repaired, gboolean with_timer, GError **error)
{
  Victim user;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  Condition condition = { .repaired = repaired, .nursery = nursery };

  start_victim (nursery, "user", &user, use, &condition);
  start_task (nursery, "other", with_timer ? notify : notify_late, &condition);
  if (with_timer)
    start_task (nursery, "timer", time_is_up, &condition);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (asyncio_33638, "asyncio-33638", run, "always", "always",
                 "a time-out returns before the child that it cancelled has taken the lock back");
