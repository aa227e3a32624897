/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A capacity limiter: so many may do something at the same time. Unlike a semaphore it knows who holds its tokens: each borrower
 * holds at most one, and only who holds one can give it back. The number of tokens can be changed at any time. First come, first
 * served. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gsize  borrowed_tokens;
  gdouble total_tokens;           /* infinity is possible */
  gsize  tasks_waiting;
} TrioCapacityLimiterStatistics;

/**
 * trio_capacity_limiter_new:
 * @total_tokens: how many can be borrowed at a time; not negative. `INFINITY` for no limit; 0 for nobody, until there are more. A fraction counts as
 *   begun: of 1.5 tokens two can be borrowed
 *
 * Makes a limiter of which nothing is borrowed. Any thread.
 *
 * Returns: (transfer full): the limiter; free it with trio_capacity_limiter_free() or g_autoptr
 */
TRIO_API TrioCapacityLimiter *trio_capacity_limiter_new  (gdouble total_tokens) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_capacity_limiter_ref:
 * @limiter: a limiter
 *
 * Another reference, for who cannot know when the last token comes back; a thread's, say. Any thread.
 *
 * Returns: (transfer full): @limiter
 */
TRIO_API TrioCapacityLimiter *trio_capacity_limiter_ref  (TrioCapacityLimiter *limiter);

/**
 * trio_capacity_limiter_free:
 * @limiter: (nullable) (transfer full): a limiter
 *
 * Drops a reference, that of _new() or of _ref(). Any thread, if it is not the last one. While somebody waits the last one is a programmer's mistake
 * (critical); they get %TRIO_ERROR_BROKEN_RESOURCE. Never suspends.
 */
TRIO_API void                 trio_capacity_limiter_free (TrioCapacityLimiter *limiter);

/**
 * trio_capacity_limiter_acquire:
 * @limiter: a limiter
 * @error: where it says why not
 *
 * Takes a token for the calling task, waiting in line for it. Checkpoint.
 *
 * A task that ends without giving its token back has lost it: one fewer is left.
 *
 * Errors: cancellation (no token was taken); %TRIO_ERROR_MISUSE if the task holds one already, or outside a task.
 *
 * Returns: %TRUE if it has one now
 */
TRIO_API gboolean trio_capacity_limiter_acquire                     (TrioCapacityLimiter *limiter, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_capacity_limiter_acquire_on_behalf_of:
 * @limiter: a limiter
 * @borrower: who borrows: any pointer but %NULL, which is compared only
 * @error: where it says why not
 *
 * As trio_capacity_limiter_acquire(), for a borrower that is not the calling task; any task may give the token back for it. Checkpoint.
 *
 * Errors: cancellation (no token was taken); %TRIO_ERROR_MISUSE if @borrower holds one or waits for one already.
 *
 * Returns: %TRUE if @borrower has one now
 */
TRIO_API gboolean trio_capacity_limiter_acquire_on_behalf_of        (TrioCapacityLimiter *limiter, gconstpointer borrower,
                                                                     GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_capacity_limiter_acquire_nowait:
 * @limiter: a limiter
 * @error: where it says why not
 *
 * As trio_capacity_limiter_acquire(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if all are borrowed; %TRIO_ERROR_MISUSE if the task has one already, or outside a task.
 *
 * Returns: %TRUE if the task has one now
 */
TRIO_API gboolean trio_capacity_limiter_acquire_nowait              (TrioCapacityLimiter *limiter, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_capacity_limiter_acquire_on_behalf_of_nowait:
 * @limiter: a limiter
 * @borrower: who borrows: any pointer but %NULL
 * @error: where it says why not
 *
 * As trio_capacity_limiter_acquire_on_behalf_of(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if all are borrowed; %TRIO_ERROR_MISUSE if @borrower holds one or waits for one already.
 *
 * Returns: %TRUE if @borrower has one now
 */
TRIO_API gboolean trio_capacity_limiter_acquire_on_behalf_of_nowait (TrioCapacityLimiter *limiter, gconstpointer borrower,
                                                                     GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_capacity_limiter_release:
 * @limiter: a limiter
 *
 * Gives the calling task's token back: to the first who waits, in the same step. Never suspends. By one who holds none it is a programmer's mistake
 * (critical) and changes nothing.
 */
TRIO_API void     trio_capacity_limiter_release                     (TrioCapacityLimiter *limiter);

/**
 * trio_capacity_limiter_release_on_behalf_of:
 * @limiter: a limiter
 * @borrower: who has borrowed
 *
 * Likewise, for a borrower that is not the calling task. Never suspends.
 */
TRIO_API void     trio_capacity_limiter_release_on_behalf_of        (TrioCapacityLimiter *limiter, gconstpointer borrower);

/**
 * trio_capacity_limiter_set_total_tokens:
 * @limiter: a limiter
 * @total_tokens: how many can be borrowed from now on, as for trio_capacity_limiter_new()
 *
 * More tokens wake who can have one now, in order; fewer let the holders finish. Never suspends.
 */
TRIO_API void     trio_capacity_limiter_set_total_tokens            (TrioCapacityLimiter *limiter, gdouble total_tokens);

/**
 * trio_capacity_limiter_get_total_tokens:
 * @limiter: a limiter
 *
 * Never suspends.
 *
 * Returns: how many can be borrowed at a time
 */
TRIO_API gdouble  trio_capacity_limiter_get_total_tokens            (TrioCapacityLimiter *limiter);

/**
 * trio_capacity_limiter_get_borrowed_tokens:
 * @limiter: a limiter
 *
 * Never suspends.
 *
 * Returns: how many are borrowed now; more than the total after that was lowered
 */
TRIO_API gsize    trio_capacity_limiter_get_borrowed_tokens         (TrioCapacityLimiter *limiter);

/**
 * trio_capacity_limiter_get_statistics:
 * @limiter: a limiter
 * @statistics: (out caller-allocates): the total, how many are borrowed, and how many tasks wait now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void     trio_capacity_limiter_get_statistics              (TrioCapacityLimiter *limiter,
                                                                     TrioCapacityLimiterStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCapacityLimiter, trio_capacity_limiter_free)

G_END_DECLS
