/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A condition: waiting for something that is true under a lock.
 *
 *   if (!trio_condition_acquire (condition, error))
 *     return FALSE;
 *   while (ok && !there_is_work)
 *     ok = trio_condition_wait (condition, error);      // holds the lock again, whatever happened
 *   …
 *   trio_condition_release (condition);
 */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gsize tasks_waiting;            /* for a notification */
  gsize lock_tasks_waiting;       /* for the lock */
} TrioConditionStatistics;

/**
 * trio_condition_new:
 * @lock: (nullable) (transfer none): the lock it goes with, which must outlive it; %NULL for one of its own
 *
 * Returns: (transfer full): a condition
 */
TRIO_API TrioCondition *trio_condition_new            (TrioLock *lock) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_condition_free:
 * @condition: (nullable) (transfer full): a condition
 *
 * Frees it, and its lock if that is its own. While somebody waits for it that is a programmer's mistake (critical), and leaks it. Never suspends.
 */
TRIO_API void           trio_condition_free           (TrioCondition *condition);

/**
 * trio_condition_acquire:
 * @condition: a condition
 * @error: where it says why not
 *
 * trio_lock_acquire() of its lock. Checkpoint.
 *
 * Errors: those of trio_lock_acquire().
 *
 * Returns: %TRUE if the task holds the lock now
 */
TRIO_API gboolean       trio_condition_acquire        (TrioCondition *condition, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_condition_acquire_nowait:
 * @condition: a condition
 * @error: where it says why not
 *
 * trio_lock_acquire_nowait() of its lock. Never suspends.
 *
 * Errors: those of trio_lock_acquire_nowait().
 *
 * Returns: %TRUE if the task holds the lock now
 */
TRIO_API gboolean       trio_condition_acquire_nowait (TrioCondition *condition, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_condition_release:
 * @condition: a condition whose lock the calling task holds
 *
 * trio_lock_release() of its lock. Never suspends.
 */
TRIO_API void           trio_condition_release        (TrioCondition *condition);

/**
 * trio_condition_locked:
 * @condition: a condition
 *
 * Never suspends.
 *
 * Returns: whether its lock is held, as trio_lock_locked()
 */
TRIO_API gboolean       trio_condition_locked         (TrioCondition *condition);

/**
 * trio_condition_wait:
 * @condition: a condition whose lock the calling task holds
 * @error: where it says why not
 *
 * Releases the lock, waits for a notification, and acquires the lock again. Checkpoint. When it returns the task holds the lock,
 * also if it was cancelled. A task that was notified and then cancelled passes the notification on to the next who waits.
 *
 * As in Trio, and unlike in POSIX, nobody wakes without having been notified; the loop around the wait is needed since another task
 * may have taken the lock first and made false again what had been true.
 *
 * Errors: cancellation; %TRIO_ERROR_MISUSE if the task does not hold the lock; %TRIO_ERROR_BROKEN_RESOURCE if a task that held the
 * lock ended without releasing it, since nobody can notify any more (only then the lock is not held). A Ctrl-C that comes while the
 * lock is being acquired again is reported together with the rest.
 *
 * Returns: %TRUE if it was notified
 */
TRIO_API gboolean       trio_condition_wait           (TrioCondition *condition, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_condition_notify:
 * @condition: a condition whose lock the calling task holds
 * @n: how many to notify
 *
 * Moves the first @n who wait, or all if they are fewer, to the end of the lock's line, in order. Never suspends. Without the lock it is a programmer's
 * mistake (critical) and changes nothing.
 */
TRIO_API void           trio_condition_notify         (TrioCondition *condition, gsize n);

/**
 * trio_condition_notify_all:
 * @condition: a condition whose lock the calling task holds
 *
 * trio_condition_notify() of all who wait. Never suspends.
 */
TRIO_API void           trio_condition_notify_all     (TrioCondition *condition);

/**
 * trio_condition_get_statistics:
 * @condition: a condition
 * @statistics: (out caller-allocates): how many tasks wait for a notification now, and how many for the lock
 *
 * A snapshot. Never suspends.
 */
TRIO_API void           trio_condition_get_statistics (TrioCondition *condition, TrioConditionStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCondition, trio_condition_free)

G_END_DECLS
