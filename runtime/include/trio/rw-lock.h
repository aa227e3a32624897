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

TRIO_API TrioRWLock *trio_rw_lock_new  (void) G_GNUC_WARN_UNUSED_RESULT;
/* While somebody holds it or waits for it, it is a programmer's mistake (critical). */
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
/* The same for writing. */
TRIO_API gboolean    trio_rw_lock_acquire_write        (TrioRWLock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* Never suspend: %TRIO_ERROR_WOULD_BLOCK if the task would have to wait, also behind others who do. */
TRIO_API gboolean    trio_rw_lock_acquire_read_nowait  (TrioRWLock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT;
TRIO_API gboolean    trio_rw_lock_acquire_write_nowait (TrioRWLock *lock, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives up what the calling task holds, for reading or for writing. By a task that does not hold the lock it is a programmer's
 * mistake (critical) and changes nothing. Never suspends. */
TRIO_API void        trio_rw_lock_release              (TrioRWLock *lock);

TRIO_API void        trio_rw_lock_get_statistics       (TrioRWLock *lock, TrioRWLockStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioRWLock, trio_rw_lock_free)

G_END_DECLS
