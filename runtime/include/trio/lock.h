/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A lock: one task at a time. Not recursive. A lock whose owner ended without releasing it is broken for ever.
 *
 * First come, first served, strictly: tasks get the lock in the order in which they began to wait, one who is cancelled left out.
 * Release hands it to the first waiter in the same step, so neither the releaser nor anybody who comes later can take it ahead of
 * those who wait. It is a promise of this class, in production and under every schedule of the simulator, not a property of
 * today's code: what Trio calls `StrictFIFOLock`, for algorithms that need the order (bytes that must go out as they were
 * produced), is the ordinary lock here. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean  locked;
  TrioTask *owner;          /* NULL if it is free */
  gsize     tasks_waiting;
} TrioLockStatistics;

/**
 * trio_lock_new:
 *
 * Makes a lock that nobody holds. Any thread.
 *
 * Returns: (transfer full): the lock; free it with trio_lock_free() or g_autoptr
 */
TRIO_API TrioLock *trio_lock_new  (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_lock_free:
 * @lock: (nullable) (transfer full): a lock
 *
 * Frees it. While somebody holds it or waits for it that is a programmer's mistake (critical); who waits gets %TRIO_ERROR_BROKEN_RESOURCE. Never
 * suspends.
 */
TRIO_API void      trio_lock_free (TrioLock *lock);

/**
 * trio_lock_acquire:
 * @lock: a lock that the calling task does not hold
 * @error: where it says why not
 *
 * Takes the lock, waiting in line for it. Checkpoint.
 *
 * Errors: cancellation; %TRIO_ERROR_BROKEN_RESOURCE if the owner died; %TRIO_ERROR_MISUSE if the task holds it already.
 *
 * Returns: %TRUE if the task holds the lock now
 */
TRIO_API gboolean  trio_lock_acquire        (TrioLock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_lock_acquire_nowait:
 * @lock: a lock
 * @error: where it says why not
 *
 * As trio_lock_acquire(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if it is held; %TRIO_ERROR_BROKEN_RESOURCE if the owner died; %TRIO_ERROR_MISUSE if the task holds it already, or
 * outside a task.
 *
 * Returns: %TRUE if the task holds the lock now
 */
TRIO_API gboolean  trio_lock_acquire_nowait (TrioLock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_lock_release:
 * @lock: a lock that the calling task holds
 *
 * Gives it up: to the first who waits, in the same step, so that nobody can come between; else it is free. Never suspends. By a task that does not hold
 * the lock it is a programmer's mistake (critical) and changes nothing.
 */
TRIO_API void      trio_lock_release        (TrioLock *lock);

/**
 * trio_lock_locked:
 * @lock: a lock
 *
 * Never suspends.
 *
 * Returns: whether it is held; a broken lock counts as held, since nobody can take it
 */
TRIO_API gboolean  trio_lock_locked         (TrioLock *lock);

/**
 * trio_lock_get_statistics:
 * @lock: a lock
 * @statistics: (out caller-allocates): who holds it, and how many tasks wait for it now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void      trio_lock_get_statistics (TrioLock *lock, TrioLockStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioLock, trio_lock_free)

G_END_DECLS
