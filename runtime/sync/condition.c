/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A condition: a parking lot whose tasks are moved into the lot of a lock.
 *
 * Always true: `waiters` has the tasks of the lot, in the same order. A notified waiter is in neither: it stands in the lock's line. */

#include <trio/cancel-scope.h>
#include <trio/checkpoint.h>
#include <trio/condition.h>
#include <trio/error.h>

#include "sync/lock-private.h"

struct _TrioCondition
{
  TrioParkingLot  lot;
  TrioLock       *lock;
  gboolean        owns_lock;
  GQueue          waiters;
};

typedef struct
{
  GList          link;
  TrioCondition *condition;
  gboolean       notified;
} Waiter;

TrioCondition *
trio_condition_new (TrioLock *lock)
{
  TrioCondition *condition = g_new0 (TrioCondition, 1);

  trio_parking_lot_init (&condition->lot, "trio_condition_wait");
  g_queue_init (&condition->waiters);
  condition->owns_lock = lock == NULL;
  condition->lock = lock != NULL ? lock : trio_lock_new ();
  return condition;
}

void
trio_condition_free (TrioCondition *condition)
{
  if (condition == NULL)
    return;
  trio_parking_lot_clear (&condition->lot);
  if (condition->owns_lock)
    trio_lock_free (condition->lock);
  g_free (condition);
}

gboolean
trio_condition_acquire (TrioCondition *condition, GError **error)
{
  g_return_val_if_fail (condition != NULL, FALSE);
  return trio_lock_acquire (condition->lock, error);
}

gboolean
trio_condition_acquire_nowait (TrioCondition *condition, GError **error)
{
  g_return_val_if_fail (condition != NULL, FALSE);
  return trio_lock_acquire_nowait (condition->lock, error);
}

void
trio_condition_release (TrioCondition *condition)
{
  g_return_if_fail (condition != NULL);
  trio_lock_release (condition->lock);
}

gboolean
trio_condition_locked (TrioCondition *condition)
{
  g_return_val_if_fail (condition != NULL, FALSE);
  return trio_lock_locked (condition->lock);
}

static void
notify_first (TrioCondition *condition, gsize n)
{
  while (n-- > 0 && condition->waiters.head != NULL)
    {
      Waiter *waiter = g_queue_pop_head_link (&condition->waiters)->data;

      waiter->notified = TRUE;
      if (trio_lock_locked (condition->lock))
        trio_parking_lot_repark (&condition->lot, trio_lock_get_lot (condition->lock), 1);
      else
        /* Passed on by a cancelled waiter while the lock happened to be free: nobody would wake it in the lock's line. */
        trio_parking_lot_unpark_one (&condition->lot);
    }
}

/* Cancellation and Ctrl-C do not stop it; a Ctrl-C is kept and reported along with the rest. */
static gboolean
acquire_whatever_happens (TrioLock *lock, GError **error)
{
  GError *failure = NULL;
  TrioCancelScope *shield = trio_cancel_scope_open (&failure);
  gboolean held = FALSE, broken = FALSE;

  trio_cancel_scope_set_shield (shield, TRUE);
  while (!held && !broken)
    {
      GError *attempt = NULL;

      held = trio_lock_acquire (lock, &attempt);
      broken = trio_error_contains (attempt, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
      failure = trio_error_merge (failure, attempt);
    }
  (void) !trio_cancel_scope_close (shield, failure == NULL);
  trio_cancel_scope_free (shield);
  if (failure == NULL)
    return TRUE;
  *error = trio_error_merge (*error, failure);
  return FALSE;
}

static TrioAbort
abort_wait (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Waiter *waiter = data;

  if (!waiter->notified)
    g_queue_unlink (&waiter->condition->waiters, &waiter->link);
  return TRIO_ABORT_SUCCEEDED;
}

gboolean
trio_condition_wait (TrioCondition *condition, GError **error)
{
  static const TrioWaitClass klass = { "trio_condition_wait", abort_wait, NULL };
  Waiter waiter = { .condition = condition };
  GError *failure = NULL;

  g_return_val_if_fail (condition != NULL, FALSE);

  if (!trio_lock_is_held (condition->lock))
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "trio_condition_wait: the task does not hold the condition's lock");
      return FALSE;
    }
  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;

  waiter.link.data = &waiter;
  g_queue_push_tail_link (&condition->waiters, &waiter.link);
  trio_lock_release (condition->lock);
  if (!trio_parking_lot_park_as (&condition->lot, &klass, &waiter, &failure) && waiter.notified)
    notify_first (condition, 1);
  if (!trio_lock_is_held (condition->lock))
    (void) !acquire_whatever_happens (condition->lock, &failure);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

void
trio_condition_notify (TrioCondition *condition, gsize n)
{
  g_return_if_fail (condition != NULL);

  if (!trio_lock_is_held (condition->lock))
    {
      g_critical ("trio_condition_notify: the task does not hold the condition's lock");
      return;
    }
  notify_first (condition, n);
}

void
trio_condition_notify_all (TrioCondition *condition)
{
  trio_condition_notify (condition, G_MAXSIZE);
}

void
trio_condition_get_statistics (TrioCondition *condition, TrioConditionStatistics *statistics)
{
  TrioLockStatistics lock;

  trio_lock_get_statistics (condition->lock, &lock);
  *statistics = (TrioConditionStatistics) {
    .tasks_waiting = condition->waiters.length,
    .lock_tasks_waiting = lock.tasks_waiting,
  };
}
