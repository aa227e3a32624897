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

TRIO_API TrioCapacityLimiter *trio_capacity_limiter_new  (gdouble total_tokens) G_GNUC_WARN_UNUSED_RESULT;
/* Another reference, for who cannot know when the last token comes back; a thread's, say. Any thread. */
TRIO_API TrioCapacityLimiter *trio_capacity_limiter_ref  (TrioCapacityLimiter *limiter);
/* Drops a reference, that of _new() or of _ref(). Any thread, if it is not the last one. */
TRIO_API void                 trio_capacity_limiter_free (TrioCapacityLimiter *limiter);

/**
 * trio_capacity_limiter_acquire:
 * @limiter: a limiter
 * @error: where it says why not
 *
 * Takes a token for the calling task, waiting in line for it. Checkpoint.
 *
 * Errors: cancellation (no token was taken); %TRIO_ERROR_MISUSE if the borrower holds one or waits for one already.
 *
 * Returns: %TRUE if it has one now
 */
TRIO_API gboolean trio_capacity_limiter_acquire                     (TrioCapacityLimiter *limiter, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* The same for a borrower that is not the task: any pointer, compared only. */
TRIO_API gboolean trio_capacity_limiter_acquire_on_behalf_of        (TrioCapacityLimiter *limiter, gconstpointer borrower,
                                                                     GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* Never suspend: %TRIO_ERROR_WOULD_BLOCK if there is none. */
TRIO_API gboolean trio_capacity_limiter_acquire_nowait              (TrioCapacityLimiter *limiter, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
TRIO_API gboolean trio_capacity_limiter_acquire_on_behalf_of_nowait (TrioCapacityLimiter *limiter, gconstpointer borrower,
                                                                     GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/* Never suspend. By one who holds no token they are a programmer's mistake (critical) and change nothing. */
TRIO_API void     trio_capacity_limiter_release                     (TrioCapacityLimiter *limiter);
TRIO_API void     trio_capacity_limiter_release_on_behalf_of        (TrioCapacityLimiter *limiter, gconstpointer borrower);

/* More tokens wake who can have one now; fewer let the holders finish. INFINITY for no limit; 0 for nobody, until there
 * are more again. A fraction counts as begun: of 1.5 tokens two can be borrowed. */
TRIO_API void     trio_capacity_limiter_set_total_tokens            (TrioCapacityLimiter *limiter, gdouble total_tokens);
TRIO_API gdouble  trio_capacity_limiter_get_total_tokens            (TrioCapacityLimiter *limiter);
TRIO_API gsize    trio_capacity_limiter_get_borrowed_tokens         (TrioCapacityLimiter *limiter);
TRIO_API void     trio_capacity_limiter_get_statistics              (TrioCapacityLimiter *limiter,
                                                                     TrioCapacityLimiterStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCapacityLimiter, trio_capacity_limiter_free)

G_END_DECLS
