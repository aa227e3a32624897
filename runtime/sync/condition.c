/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A condition: a parking lot whose tasks are moved into the lot of a lock.
 *
 * Always true:
 *  1. `waiters` has the cells of the lot's tasks, in the same order. A notified waiter is in neither: it stands in the lock's line.
 *     (When the lock broke, and the lot with it, the cells stay until their tasks see that.)
 *  2. A notification is with one waiter, or used up. One who is cancelled passes it on when it runs again; whoever is next in line
 *     then has waited longest.
 *  3. A task that comes out of wait() holds the lock, unless the lock is broken.
 */

#include <trio/cancel-scope.h>
#include <trio/checkpoint.h>
#include <trio/condition.h>
#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/mutation.h>

#include "sync/lock-private.h"

struct _TrioCondition
{
  TrioParkingLot  lot;
  TrioLock       *lock;
  gboolean        owns_lock;
  GQueue          waiters;
  guint           n_inside;       /* tasks that have not come out of the wait: waiting, notified, or taking the lock */
};

typedef struct
{
  GList          link;
  TrioCondition *condition;
  gboolean       notified;
  gboolean       in_line;
} Waiter;

TrioCondition *
trio_condition_new (TrioLock *lock)
{
  TrioCondition *condition = g_new0 (TrioCondition, 1);

  trio_parking_lot_init (&condition->lot, "trio_condition_wait");
  g_queue_init (&condition->waiters);
  condition->owns_lock = lock == NULL;
  condition->lock = lock != NULL ? lock : trio_lock_new ();
  trio_lock_add_lot (condition->lock, &condition->lot);
  return condition;
}

static void
leave_line (Waiter *waiter)
{
  g_queue_unlink (&waiter->condition->waiters, &waiter->link);
  waiter->in_line = FALSE;
}

void
trio_condition_free (TrioCondition *condition)
{
  if (condition == NULL)
    return;
  trio_note_access (&condition->lot, TRIO_ACCESS_WRITE);
  if (condition->n_inside > 0)
    {
      /* Leaked: whoever comes out of the wait takes the lock, and looks for it here. */
      g_critical ("trio_condition_free: %u %s not come out of trio_condition_wait()", condition->n_inside,
                  condition->n_inside == 1 ? "task has" : "tasks have");
      return;
    }
  trio_parking_lot_clear (&condition->lot);
  trio_lock_remove_lot (condition->lock, &condition->lot);
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
  trio_note_access (&condition->lot, TRIO_ACCESS_WRITE);
  while (n-- > 0 && condition->waiters.head != NULL && !trio_parking_lot_is_broken (&condition->lot))
    {
      Waiter *waiter = condition->waiters.head->data;

      leave_line (waiter);
      waiter->notified = TRUE;
      if (trio_lock_locked (condition->lock))
        trio_parking_lot_repark (&condition->lot, trio_lock_get_lot (condition->lock), 1);
      else
        /* Passed on by a cancelled waiter while the lock happened to be free: nobody would wake it in the lock's line. */
        trio_parking_lot_unpark_one (&condition->lot);
    }
}

/* One attempt that outer cancellations do not stop. */
static gboolean
acquire_shielded (TrioLock *lock, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  return trio_cancel_scope_close (shield, trio_lock_acquire (lock, error));
}

/* A Ctrl-C goes through shields. It is kept and reported with the rest, and the wait begins again; so does one that was stopped
 * by somebody who cancelled the very shield. */
static void
acquire_whatever_happens (TrioLock *lock, GError **failure)
{
  while (!trio_lock_is_held (lock) && !trio_lock_is_broken (lock))
    {
      GError *attempt = NULL;

      (void) !acquire_shielded (lock, &attempt);
      *failure = trio_error_merge (*failure, attempt);
    }
  if (trio_lock_is_broken (lock) && !trio_error_contains (*failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE))
    *failure = trio_error_merge (*failure,
                                 g_error_new_literal (TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE,
                                                      "the task that held the condition's lock ended without releasing it"));
}

static TrioAbort
abort_wait (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Waiter *waiter = data;

  if (waiter->in_line && !TRIO_MUTATION (cancelled_still_notified))
    leave_line (waiter);
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_wait (gpointer data, GString *out)
{
  Waiter *waiter = data;
  TrioLockStatistics lock;

  trio_lock_get_statistics (waiter->condition->lock, &lock);
  if (!waiter->notified)
    g_string_append (out, "nobody has notified it");
  else if (lock.owner != NULL)
    {
      g_autofree char *path = trio_task_dup_path (lock.owner);

      g_string_append_printf (out, "notified, and now the lock is held by %s", path);
    }
}

gboolean
trio_condition_wait (TrioCondition *condition, GError **error)
{
  static const TrioWaitClass klass = { "trio_condition_wait", abort_wait, describe_wait };
  Waiter waiter = { .condition = condition, .in_line = TRUE };
  GError *failure = NULL;

  g_return_val_if_fail (condition != NULL, FALSE);

  if (!trio_lock_is_held (condition->lock))
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE,
                           "trio_condition_wait: the task does not hold the condition's lock");
      return FALSE;
    }
  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;

  condition->n_inside++;
  waiter.link.data = &waiter;
  g_queue_push_tail_link (&condition->waiters, &waiter.link);
  trio_lock_release (condition->lock);
  if (!trio_parking_lot_park_as (&condition->lot, &klass, &waiter, &failure) && waiter.notified
      && !TRIO_MUTATION (notification_not_passed_on))
    notify_first (condition, 1);
  if (waiter.in_line)
    leave_line (&waiter);     /* the lock broke */
  trio_note_access (&condition->lot, TRIO_ACCESS_WRITE);
  if (failure == NULL || !TRIO_MUTATION (lock_not_taken_back))
    acquire_whatever_happens (condition->lock, &failure);
  trio_note_access (&condition->lot, TRIO_ACCESS_WRITE);
  condition->n_inside--;
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
  TrioParkingLotStatistics lot;

  g_return_if_fail (condition != NULL && statistics != NULL);
  trio_lock_get_statistics (condition->lock, &lock);
  trio_parking_lot_get_statistics (&condition->lot, &lot);
  *statistics = (TrioConditionStatistics) {
    .tasks_waiting = lot.tasks_waiting,
    .lock_tasks_waiting = lock.tasks_waiting,
  };
}
