/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Is it certain that nothing will ever wake a task again?
 *
 * The run can say much about itself: no task can run, there is no deadline, nobody waits for a socket, nothing is at work for it
 * outside (trio_loop_hold ()), nobody waits for idleness. What remains lies outside it:
 *
 *     could wake a task                                    it cannot, if
 *     ---------------------------------------------------  ------------------------------------------------------------------
 *     another source of the main context                   the context has no descriptor but ours, and no time to wake at
 *     another thread, or a signal handler, with a token    nobody but the run itself has a reference to its token
 *     another thread, by adding a source                   there is no other thread, or the program has promised so
 *     Ctrl-C                                               no task is in trio_sleep_forever (), which is how one waits for it
 *
 * Always true:
 *  1. Only who iterates the context can know this: a run that is attached to somebody else's is never found to be stuck.
 *  2. When it is not certain now, but may become so (a worker thread is about to end), it is looked at again a few times, and then
 *     no more: a process that has nothing to do sleeps. */

#pragma once

#include "host/host-run.h"

/* Whether the run itself says so. Cheap; asked before each wait. `due` is what its last turn answered, and nothing is pending. */
gboolean trio_host_run_seems_stuck (TrioHostRun *run, gint64 due);

/* One iteration of the context, which may block, of a run that seems stuck. If it really is, the run's deadlock is broken, or
 * reported, as its options want. */
void     trio_host_run_iterate_stuck (TrioHostRun *run, GMainContext *context);
