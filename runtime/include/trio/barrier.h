/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A barrier: so many tasks wait for each other, and then all go on; round after round. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gsize   parties;
  gsize   tasks_waiting;          /* always fewer than parties */
  guint64 rounds;                 /* how often all had come */
} TrioBarrierStatistics;

/**
 * trio_barrier_new:
 * @parties: how many tasks meet; at least 1
 *
 * Returns: (transfer full): a barrier
 */
TRIO_API TrioBarrier *trio_barrier_new  (gsize parties) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_barrier_free:
 * @barrier: (nullable) (transfer full): a barrier
 *
 * Frees it. While somebody waits at it that is a programmer's mistake (critical); they get %TRIO_ERROR_BROKEN_RESOURCE. Never suspends.
 */
TRIO_API void         trio_barrier_free (TrioBarrier *barrier);

/**
 * trio_barrier_wait:
 * @barrier: a barrier
 * @last: (out) (optional): whether the calling task was the one that the others had waited for: exactly one in each round.
 *   Untouched if this fails
 * @error: where a cancellation comes out
 *
 * Waits until as many tasks have come as the barrier has parties. The last one wakes the others, first in, first out, and the next
 * round begins; nobody of it can be taken for one of this. Checkpoint.
 *
 * A task that is cancelled while it waits has not come: the round needs another one in its place. Nothing breaks, since the others
 * are cancelled along with it if they should be: that is what their nursery is for. (Python's `threading.Barrier` breaks instead,
 * having no nurseries.)
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean     trio_barrier_wait (TrioBarrier *barrier, gboolean *last, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_barrier_get_statistics:
 * @barrier: a barrier
 * @statistics: (out caller-allocates): how many have come to this round, and how many rounds there were
 *
 * A snapshot. Never suspends.
 */
TRIO_API void         trio_barrier_get_statistics (TrioBarrier *barrier, TrioBarrierStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioBarrier, trio_barrier_free)

G_END_DECLS
