/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A semaphore: a number that acquire takes one from, waiting while it is 0, and release adds one to. First come, first served. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 value;
  gint64 max;               /* -1: none */
  gsize  tasks_waiting;
} TrioSemaphoreStatistics;

/**
 * trio_semaphore_new:
 * @initial: its value at first; not negative
 * @max: what the value may not exceed, or -1 for no limit
 *
 * Returns: (transfer full): a semaphore
 */
TRIO_API TrioSemaphore *trio_semaphore_new            (gint64 initial, gint64 max) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_semaphore_free:
 * @semaphore: (nullable) (transfer full): a semaphore
 *
 * Frees it. While somebody waits for it that is a programmer's mistake (critical); they get %TRIO_ERROR_BROKEN_RESOURCE. Never suspends.
 */
TRIO_API void           trio_semaphore_free           (TrioSemaphore *semaphore);

/**
 * trio_semaphore_acquire:
 * @semaphore: a semaphore
 * @error: where a cancellation comes out
 *
 * Takes one, waiting in line while there is none. Checkpoint.
 *
 * Returns: %FALSE if the task was cancelled; nothing was taken
 */
TRIO_API gboolean       trio_semaphore_acquire        (TrioSemaphore *semaphore, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_semaphore_acquire_nowait:
 * @semaphore: a semaphore
 * @error: where it says why not
 *
 * As trio_semaphore_acquire(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if there is none.
 *
 * Returns: %TRUE if one was taken
 */
TRIO_API gboolean       trio_semaphore_acquire_nowait (TrioSemaphore *semaphore, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_semaphore_release:
 * @semaphore: a semaphore
 *
 * Gives one back: to the first who waits, in the same step; else to the value. Any task may. Above the maximum it is a programmer's mistake (critical)
 * and changes nothing. Never suspends.
 */
TRIO_API void           trio_semaphore_release        (TrioSemaphore *semaphore);

/**
 * trio_semaphore_get_value:
 * @semaphore: a semaphore
 *
 * Never suspends.
 *
 * Returns: how many can be taken at once
 */
TRIO_API gint64         trio_semaphore_get_value      (TrioSemaphore *semaphore);

/**
 * trio_semaphore_get_statistics:
 * @semaphore: a semaphore
 * @statistics: (out caller-allocates): its value, its maximum, and how many tasks wait now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void           trio_semaphore_get_statistics (TrioSemaphore *semaphore, TrioSemaphoreStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSemaphore, trio_semaphore_free)

G_END_DECLS
