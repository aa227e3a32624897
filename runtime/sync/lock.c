/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A lock: an owner, and a parking lot of those who want to be.
 *
 * Always true:
 *  1. While somebody waits there is an owner: release hands over, it never leaves the lock free.
 *  2. The lot, and those of the lock's conditions, are broken by the end of the owner, and of nobody else.
 */

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lock.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/parking-lot.h>

#include "sync/lock-private.h"

struct _TrioLock
{
  TrioParkingLot  lot;
  TrioTask       *owner;
  GSList         *lots;       /* of conditions; they break along with ours */
};

TrioLock *
trio_lock_new (void)
{
  TrioLock *lock = g_new0 (TrioLock, 1);

  trio_parking_lot_init (&lock->lot, "trio_lock_acquire");
  return lock;
}

static void
own (TrioLock *lock, TrioTask *task)
{
  lock->owner = task;
  trio_parking_lot_add_breaker (&lock->lot, task);
  for (GSList *link = lock->lots; link != NULL; link = link->next)
    trio_parking_lot_add_breaker (link->data, task);
}

static void
disown (TrioLock *lock)
{
  trio_parking_lot_remove_breaker (&lock->lot, lock->owner);
  for (GSList *link = lock->lots; link != NULL; link = link->next)
    trio_parking_lot_remove_breaker (link->data, lock->owner);
  lock->owner = NULL;
}

void
trio_lock_free (TrioLock *lock)
{
  if (lock == NULL)
    return;
  if (lock->owner != NULL && !trio_parking_lot_is_broken (&lock->lot))
    {
      g_critical ("trio_lock_free: task \"%s\" still holds the lock", trio_task_get_name (lock->owner));
      disown (lock);
    }
  trio_parking_lot_clear (&lock->lot);
  g_slist_free (lock->lots);
  g_free (lock);
}

static void
describe_owner (gpointer data, GString *out)
{
  TrioLock *lock = data;

  if (lock->owner != NULL)
    {
      g_autofree char *path = trio_task_dup_path (lock->owner);

      g_string_append_printf (out, "held by %s", path);
    }
}


gboolean
trio_lock_acquire_nowait (TrioLock *lock, GError **error)
{
  TrioTask *task = trio_current_task ();

  g_return_val_if_fail (lock != NULL, FALSE);

  trio_note_access (&lock->lot, TRIO_ACCESS_WRITE);
  if (task == NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "a lock can be held by a task only, and this is none");
      return FALSE;
    }
  if (trio_parking_lot_is_broken (&lock->lot))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "the task that held this lock ended without releasing it");
      return FALSE;
    }
  if (lock->owner == task)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "task \"%s\" holds this lock already", trio_task_get_name (task));
      return FALSE;
    }
  if (lock->owner != NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "the lock is held by task \"%s\"", trio_task_get_name (lock->owner));
      return FALSE;
    }
  own (lock, task);
  return TRUE;
}

gboolean
trio_lock_acquire (TrioLock *lock, GError **error)
{
  static const TrioWaitClass klass = { "trio_lock_acquire", NULL, describe_owner };
  TrioTask *task = trio_current_task ();

  g_return_val_if_fail (lock != NULL, FALSE);

  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;
  trio_note_access (&lock->lot, TRIO_ACCESS_WRITE);
  /* Asked here, and not through WOULD_BLOCK, so that the common case makes no error to throw away. */
  if (lock->owner != NULL && lock->owner != task && !trio_parking_lot_is_broken (&lock->lot))
    return trio_parking_lot_park_as (&lock->lot, &klass, lock, error);     /* the releaser made us the owner */
  if (!trio_lock_acquire_nowait (lock, error))
    return FALSE;
  return trio_finish_checkpoint ();
}

void
trio_lock_release (TrioLock *lock)
{
  TrioTask *task = trio_current_task ();
  TrioTask *next;

  g_return_if_fail (lock != NULL);
  trio_note_access (&lock->lot, TRIO_ACCESS_WRITE);
  /* Of a broken lock the owner has ended, and its record may be another task's by now. */
  if (task == NULL || lock->owner != task || trio_parking_lot_is_broken (&lock->lot))
    {
      g_critical ("trio_lock_release: task \"%s\" does not hold the lock", task != NULL ? trio_task_get_name (task) : "(none)");
      return;
    }

  disown (lock);
  next = trio_parking_lot_unpark_one (&lock->lot);
  if (next != NULL && !TRIO_MUTATION (handed_to_nobody))
    own (lock, next);
}

gboolean
trio_lock_locked (TrioLock *lock)
{
  g_return_val_if_fail (lock != NULL, FALSE);
  trio_note_access (&lock->lot, TRIO_ACCESS_READ);
  return lock->owner != NULL || trio_parking_lot_is_broken (&lock->lot);
}

TrioParkingLot *
trio_lock_get_lot (TrioLock *lock)
{
  return &lock->lot;
}

gboolean
trio_lock_is_held (TrioLock *lock)
{
  trio_note_access (&lock->lot, TRIO_ACCESS_READ);
  return lock->owner != NULL && lock->owner == trio_current_task () && !trio_parking_lot_is_broken (&lock->lot);
}

gboolean
trio_lock_is_broken (TrioLock *lock)
{
  return trio_parking_lot_is_broken (&lock->lot);
}

void
trio_lock_add_lot (TrioLock *lock, TrioParkingLot *lot)
{
  trio_note_access (&lock->lot, TRIO_ACCESS_WRITE);
  lock->lots = g_slist_prepend (lock->lots, lot);
  if (lock->owner != NULL && !trio_lock_is_broken (lock))
    trio_parking_lot_add_breaker (lot, lock->owner);
}

void
trio_lock_remove_lot (TrioLock *lock, TrioParkingLot *lot)
{
  trio_note_access (&lock->lot, TRIO_ACCESS_WRITE);
  lock->lots = g_slist_remove (lock->lots, lot);
  if (lock->owner != NULL && !trio_lock_is_broken (lock))
    trio_parking_lot_remove_breaker (lot, lock->owner);
}

void
trio_lock_get_statistics (TrioLock *lock, TrioLockStatistics *statistics)
{
  TrioParkingLotStatistics lot;

  g_return_if_fail (lock != NULL && statistics != NULL);
  trio_parking_lot_get_statistics (&lock->lot, &lot);
  *statistics = (TrioLockStatistics) {
    .locked = trio_lock_locked (lock),
    .owner = trio_parking_lot_is_broken (&lock->lot) ? NULL : lock->owner,
    .tasks_waiting = lot.tasks_waiting,
  };
}
