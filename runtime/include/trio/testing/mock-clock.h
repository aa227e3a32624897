/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A clock for tests, that goes only as fast as the test says. In the simulator it is not needed: time is virtual there.
 *
 *   g_autoptr (TrioMockClock) clock = trio_mock_clock_new ();
 *   TrioRunOptions options = { .clock = trio_mock_clock_get_clock (clock) };
 *
 *   trio_mock_clock_set_autojump_threshold (clock, 0);
 *   ok = trio_run_with (sleep_for_a_week, NULL, &options, &error);      // takes no time
 *
 * All of it on the thread of the run: from its tasks, from other sources of its main context, or before and after it. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioMockClock TrioMockClock;

/**
 * trio_mock_clock_new:
 *
 * A clock that shows 0 and stands still, until it is given a rate, made to jump, or allowed to jump by itself.
 *
 * Source: Trio's `trio.testing.MockClock`.
 *
 * Returns: (transfer full): the clock; it must outlive the run
 */
TRIO_API TrioMockClock *trio_mock_clock_new       (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_mock_clock_new_on:
 * @real: (transfer none): tells what counts as real time
 *
 * As trio_mock_clock_new(); for tests of rates.
 *
 * Returns: (transfer full): the clock; it must outlive the run, and @real the clock
 */
TRIO_API TrioMockClock *trio_mock_clock_new_on    (TrioClock *real) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_mock_clock_free:
 * @clock: (nullable) (transfer full): a clock that no run goes by
 *
 * Frees it.
 */
TRIO_API void           trio_mock_clock_free      (TrioMockClock *clock);

/**
 * trio_mock_clock_get_clock:
 * @clock: a clock
 *
 * Returns: (transfer none): what #TrioRunOptions wants; it belongs to @clock
 */
TRIO_API TrioClock     *trio_mock_clock_get_clock (TrioMockClock *clock);

/**
 * trio_mock_clock_set_rate:
 * @clock: a clock
 * @rate: microseconds of this clock for each real one; not negative; 0: it stands
 *
 * Takes effect at once. Never suspends.
 */
TRIO_API void           trio_mock_clock_set_rate  (TrioMockClock *clock, double rate);

/**
 * trio_mock_clock_get_rate:
 * @clock: a clock
 *
 * Returns: its rate
 */
TRIO_API double         trio_mock_clock_get_rate  (TrioMockClock *clock);

/**
 * trio_mock_clock_jump:
 * @clock: a clock
 * @span: microseconds, not negative
 *
 * Moves the clock forward. Wakes nobody by itself: the next turn of the loop does. Never suspends.
 */
TRIO_API void           trio_mock_clock_jump      (TrioMockClock *clock, GTimeSpan span);

/**
 * trio_mock_clock_set_autojump_threshold:
 * @clock: a clock
 * @threshold: microseconds of real time; 0 is the usual one; %G_MAXINT64 for never, which is the default
 *
 * When nothing has happened in the run for @threshold (no task runnable, no io, no call from outside), and only time can wake a task, the
 * clock jumps to the next deadline, exactly. Takes effect at once.
 *
 * It does not jump while a task waits in trio_testing_wait_all_tasks_blocked(), while a thread, a look-up or anything else that holds the
 * loop (trio_loop_hold()) is at work, or if there is no deadline; the run then really waits. Other sources of the main context get an
 * iteration before each jump. A run that talks to another process should have a threshold that allows for the way there and back.
 */
TRIO_API void           trio_mock_clock_set_autojump_threshold (TrioMockClock *clock, GTimeSpan threshold);

/**
 * trio_mock_clock_get_autojump_threshold:
 * @clock: a clock
 *
 * Returns: what was given to trio_mock_clock_set_autojump_threshold(), in microseconds
 */
TRIO_API GTimeSpan      trio_mock_clock_get_autojump_threshold (TrioMockClock *clock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioMockClock, trio_mock_clock_free)

G_END_DECLS
