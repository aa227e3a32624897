/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A read-write lock: many tasks that read at the same time, or one that writes.
 *
 * First come, first served, whoever comes: a reader that comes after a waiting writer waits behind it, so a stream of readers
 * cannot keep writers out; and when a writer releases, all readers that stand before the next writer go on together, so writers
 * cannot keep readers out. Release hands over: the one who releases cannot take the lock again ahead of those who wait.
 *
 * Not recursive, in no way: a task that reads may not read a second time (behind a waiting writer it would wait for itself), nor
 * write. A lock of which a holder ended without releasing is broken for ever, like a TrioLock. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gsize     readers;              /* that hold it */
  TrioTask *writer;               /* that holds it; NULL if none does */
  gsize     tasks_waiting;        /* readers and writers */
  gsize     writers_waiting;
} TrioRWLockStatistics;

/**
 * trio_rw_lock_new:
 *
 * Makes a lock that nobody holds. Any thread.
 *
 * Returns: (transfer full): the lock; free it with trio_rw_lock_free() or g_autoptr
 */
TRIO_API TrioRWLock *trio_rw_lock_new  (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_rw_lock_free:
 * @lock: (nullable) (transfer full): a lock
 *
 * Frees it. While somebody holds it or waits for it that is a programmer's mistake (critical). Never suspends.
 */
TRIO_API void        trio_rw_lock_free (TrioRWLock *lock);

/**
 * trio_rw_lock_acquire_read:
 * @lock: a lock that the calling task does not hold
 * @error: where it says why not
 *
 * Takes the lock for reading, waiting in line for it. Checkpoint.
 *
 * Errors: cancellation; %TRIO_ERROR_BROKEN_RESOURCE if a holder died; %TRIO_ERROR_MISUSE if the task holds it already.
 *
 * Returns: %TRUE if the task may read now
 */
TRIO_API gboolean    trio_rw_lock_acquire_read         (TrioRWLock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_rw_lock_acquire_write:
 * @lock: a lock that the calling task does not hold
 * @error: where it says why not
 *
 * Takes the lock for writing, which nobody shares, waiting in line for it. Checkpoint.
 *
 * Errors: cancellation; %TRIO_ERROR_BROKEN_RESOURCE if a holder died; %TRIO_ERROR_MISUSE if the task holds it already.
 *
 * Returns: %TRUE if the task may write now
 */
TRIO_API gboolean    trio_rw_lock_acquire_write        (TrioRWLock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_rw_lock_acquire_read_nowait:
 * @lock: a lock
 * @error: where it says why not
 *
 * As trio_rw_lock_acquire_read(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if the task would have to wait, also behind others who do; the others likewise.
 *
 * Returns: %TRUE if the task may read now
 */
TRIO_API gboolean    trio_rw_lock_acquire_read_nowait  (TrioRWLock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_rw_lock_acquire_write_nowait:
 * @lock: a lock
 * @error: where it says why not
 *
 * As trio_rw_lock_acquire_write(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if the task would have to wait; the others likewise.
 *
 * Returns: %TRUE if the task may write now
 */
TRIO_API gboolean    trio_rw_lock_acquire_write_nowait (TrioRWLock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_rw_lock_release:
 * @lock: a lock that the calling task holds
 *
 * Gives up what the calling task holds, for reading or for writing, and lets in who comes next. By a task that does not hold the lock it is a
 * programmer's mistake (critical) and changes nothing. Never suspends.
 */
TRIO_API void        trio_rw_lock_release              (TrioRWLock *lock);

/**
 * trio_rw_lock_get_statistics:
 * @lock: a lock
 * @statistics: (out caller-allocates): who holds it, and how many tasks wait for it now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void        trio_rw_lock_get_statistics       (TrioRWLock *lock, TrioRWLockStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioRWLock, trio_rw_lock_free)

G_END_DECLS
