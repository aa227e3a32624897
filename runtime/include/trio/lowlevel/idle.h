/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Waiting until everybody else waits. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_wait_idle:
 * @cushion: microseconds of real time; less than 0 counts as 0
 * @error: where a cancellation comes out
 *
 * Waits until no task has been runnable, and nothing else has happened in the run (no io, no deadline, no call from outside), for
 * @cushion without a break. The clock that counts is the real one of the run's world, also where trio_current_time() is a clock made for
 * tests; in the simulator it is virtual. If several tasks wait, those with the shortest @cushion wake, in order of arrival, and the
 * others begin anew, since then a task was runnable. Checkpoint.
 *
 * Tests call it trio_testing_wait_all_tasks_blocked().
 *
 * Source: Trio's `trio.testing.wait_all_tasks_blocked`.
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean trio_wait_idle (GTimeSpan cushion, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

G_END_DECLS
