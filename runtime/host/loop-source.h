/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A run as one GSource in somebody's main context.
 *
 * A turn of the loop is much cheaper than an iteration of GLib's, so a dispatch takes several turns while tasks are runnable.
 * Always true, however busy the tasks are:
 *  1. Io is looked at before more than TRIO_TURNS_PER_LOOK_MAX turns, and soon after TRIO_LOOK_US_MAX microseconds, have gone by.
 *  2. Other sources of the context, of any priority, get an iteration in which this source does not claim to be ready before more
 *     than TRIO_TURNS_PER_ROUND_MAX turns, and soon after TRIO_ROUND_US_MAX microseconds, have gone by.
 *  3. Within a task's own iteration of the context (a nested one) this source is neither ready nor polled: no task runs, and a
 *     socket that is ready does not make that iteration spin.
 *
 * "Soon after": a turn cannot be interrupted, and while turns are short the clock is read at every few of them only. */

#pragma once

#include "host/host-run.h"

#define TRIO_TURNS_PER_LOOK_MAX  128
#define TRIO_LOOK_US_MAX         100
#define TRIO_TURNS_PER_ROUND_MAX 1024
#define TRIO_ROUND_US_MAX        1000

/* The clock is read at least every so many turns. */
#define TRIO_TURNS_PER_CLOCK_MAX 32

/* Called once, from the dispatch in which the run has ended, after which it is no longer the source's. The source is destroyed
 * then. */
typedef void (*TrioLoopSourceDone) (TrioHostRun *run, gpointer data);

/**
 * trio_loop_source_new:
 * @run: (transfer full): what it drives
 * @done: called when the run has ended
 * @data: what @done gets
 * @destroy: (nullable): frees @data, when @done will not be called any more
 *
 * A source that is destroyed before its run has ended abandons it, with a warning.
 *
 * Returns: (transfer full): a source, not yet attached
 */
GSource *trio_loop_source_new (TrioHostRun *run, TrioLoopSourceDone done, gpointer data, GDestroyNotify destroy)
  G_GNUC_WARN_UNUSED_RESULT;

/* Whether the run would wait for ever, as far as it can tell itself: see deadlock.h. */
gboolean trio_loop_source_seems_stuck (GSource *source);
