/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Strands: stacks of their own on the thread of a run, which are no tasks. A world that simulates threads runs each of them on one.
 *
 *     world (in a turn's poll, or between turns)          the strand
 *     trio_strand_resume () ---------------------------->  func (data) begins, or trio_strand_pause () returns
 *     … goes on                <-------------------------  trio_strand_pause (), or func returned
 *
 * While a strand runs, the thread looks like one that has no run: trio_current_task() is NULL, and whatever needs a task or a run
 * is refused as it would be in a thread of the real world. Only <trio/check.h> still finds the run's world.
 *
 * All of it on the thread of the run. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioStrand TrioStrand;

/**
 * trio_strand_new:
 * @loop: the run from whose stacks it takes one
 * @func: what it runs
 * @data: what @func gets
 * @name: for sanitizers and for the report of a stack overflow; stays valid as long as the strand
 *
 * Nothing of it runs before trio_strand_resume().
 *
 * Returns: (transfer full) (nullable): the strand; %NULL if there is no memory for its stack
 */
TRIO_API TrioStrand *trio_strand_new         (TrioLoop *loop, void (*func) (gpointer data), gpointer data, const char *name)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_strand_resume:
 * @strand: a strand that has not ended
 *
 * Runs it until it pauses or ends. Not from inside a strand.
 *
 * Returns: whether it has ended
 */
TRIO_API gboolean    trio_strand_resume      (TrioStrand *strand);

/**
 * trio_strand_pause:
 *
 * From inside a strand: back to who resumed it, until it is resumed again.
 */
TRIO_API void        trio_strand_pause       (void);

/**
 * trio_strand_get_current:
 *
 * Which strand runs on this thread.
 *
 * Returns: (transfer none) (nullable): the strand; %NULL if none does
 */
TRIO_API TrioStrand *trio_strand_get_current (void);

/**
 * trio_strand_free:
 * @strand: (transfer full) (nullable): a strand, not the one that runs; its loop still exists
 *
 * Gives its stack back. One that has not ended is dropped without unwinding: what it holds is lost.
 */
TRIO_API void        trio_strand_free        (TrioStrand *strand);

G_END_DECLS
