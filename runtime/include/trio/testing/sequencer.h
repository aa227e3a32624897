/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tasks that go on in a given order, whatever the schedule is.
 *
 *   first task                                          second task
 *
 *   if (!trio_testing_sequence (order, 0, error))       if (!trio_testing_sequence (order, 1, error))
 *     return FALSE;                                       return FALSE;
 *   …this comes first…                                  …this second…
 *   if (!trio_testing_sequence (order, 2, error))
 *     return FALSE;
 *   …and this third…
 */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioSequencer TrioSequencer;

/**
 * trio_sequencer_new:
 *
 * Makes an order of which nothing is over.
 *
 * Returns: (transfer full): the sequencer; free it with trio_sequencer_free() or g_autoptr
 */
TRIO_API TrioSequencer *trio_sequencer_new  (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_sequencer_free:
 * @sequencer: (nullable) (transfer full): a sequencer
 *
 * Frees it. Nobody may wait in it (critical).
 */
TRIO_API void           trio_sequencer_free (TrioSequencer *sequencer);

/**
 * trio_testing_sequence:
 * @sequencer: the order
 * @position: which place this has in it; each is taken once, from 0
 * @error: where it says why not
 *
 * Waits until all earlier positions are over. This one is over when the function returns: what the task does until its next checkpoint
 * comes before what belongs to later positions. For more than that see trio_sequencer_begin(). Checkpoint.
 *
 * Errors: cancellation, which breaks the sequence, since this position will never come; %TRIO_ERROR_BROKEN_RESOURCE if another waiter
 * was cancelled; %TRIO_ERROR_MISUSE if the position was taken before.
 *
 * Source: Trio's `trio.testing.Sequencer`.
 *
 * Returns: %TRUE when it is this position's turn
 */
TRIO_API gboolean trio_testing_sequence (TrioSequencer *sequencer, guint position, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_sequencer_begin:
 * @sequencer: the order
 * @position: which place this has in it; each is taken once, from 0
 * @error: where it says why not
 *
 * As trio_testing_sequence(), but the position lasts until trio_sequencer_end(), over checkpoints, too. Checkpoint.
 *
 * Errors: those of trio_testing_sequence().
 *
 * Returns: %TRUE when it is this position's turn
 */
TRIO_API gboolean trio_sequencer_begin (TrioSequencer *sequencer, guint position, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_sequencer_end:
 * @sequencer: the order
 *
 * The position that the calling task has begun is over; the next may come. Never suspends.
 */
TRIO_API void     trio_sequencer_end   (TrioSequencer *sequencer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSequencer, trio_sequencer_free)

G_END_DECLS
