/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tests with GLib's g_test, whose bodies are tasks: each runs in the real world, and on demand under many simulated schedules.
 *
 *   static gboolean
 *   test_the_queue_is_drained (gpointer data, GError **error)
 *   {
 *     …an ordinary task; g_assert_…() where it checks, FALSE with an error where it fails…
 *   }
 *
 *   int
 *   main (int argc, char **argv)
 *   {
 *     trio_test_init (&argc, &argv);
 *     trio_test_add_func ("/queue/is-drained", test_the_queue_is_drained);
 *     return g_test_run ();
 *   }
 *
 *   ./test-queue                                         once, in the real world
 *   ./test-queue --trio-schedules=1000                   and under 1000 schedules
 *   ./test-queue --trio-inject=cancel,interrupt          and with a cancellation, a Ctrl-C, at every single place
 *   ./test-queue --trio-replay=FILE -p /queue/is-drained only the schedule in FILE, which a failure has left and named
 *
 * A failure is shrunk, kept as a schedule file, and told in words, with the command that replays it. Sweeps and schedules run in children,
 * so one that crashes is told of like any other.
 *
 * The environment can say the same, for programs that a build system runs: `TRIO_TEST_SCHEDULES`, `TRIO_TEST_INJECT`, `TRIO_TEST_REPLAY`,
 * `TRIO_TEST_SEED`, `TRIO_TEST_KEEP`. What is typed comes before it.
 *
 * This is in the simulator's library, so that the runtime needs nothing of the simulator. */

#pragma once

#include <trio-sim/sim.h>

G_BEGIN_DECLS

/**
 * trio_test_init:
 * @argc: (inout): of main()
 * @argv: (inout): of main()
 *
 * g_test_init() for programs whose tests are tasks: takes out of the arguments
 *
 * - `--trio-schedules=N`: how many schedules each test is run under; 0, the default, is none
 * - `--trio-inject=KINDS`: a list of `cancel`, `interrupt` and `fault`: each is injected at every single place where that can happen, one
 *   a run; they are also what random schedules may do
 * - `--trio-seed=S`: what schedules are drawn from; 1 if not given
 * - `--trio-keep=DIR`: where the schedules of failures go; `trio-schedules` if not given
 * - `--trio-replay=FILE`: run only this schedule, in this process (a debugger may be watching), of the test that it belongs to
 * - `--trio-trace=FILE`: with that, record a trace for `trio-trace`
 *
 * Wrong values end the program with exit code 2. A program that calls g_test_init() instead has the environment variables only.
 */
TRIO_API void trio_test_init (int *argc, char ***argv);

/**
 * TrioTestFlags:
 * @TRIO_TEST_DEFAULT: none of them
 * @TRIO_TEST_AUTOJUMP: in the real world it has a mock clock that jumps when every task waits (trio_mock_clock_set_autojump_threshold())
 * @TRIO_TEST_REAL_ONLY: not for the simulator: it needs the real world
 * @TRIO_TEST_SIMULATED_ONLY: not for the real world; without any schedules it runs once in the simulator, first come, first served
 *
 * How a test is run.
 */
typedef enum
{
  TRIO_TEST_DEFAULT        = 0,
  TRIO_TEST_AUTOJUMP       = 1 << 0,
  TRIO_TEST_REAL_ONLY      = 1 << 1,
  TRIO_TEST_SIMULATED_ONLY = 1 << 2,
} TrioTestFlags;

/**
 * trio_test_add_func:
 * @path: the test's path, as for g_test_add_func()
 * @func: the body: the main task of each run
 *
 * Adds a test. It fails if @func returns %FALSE, crashes, or calls g_test_fail(); under a schedule also for all else that a simulated run
 * can fail with (deadlock, livelock, something left open, a trio_sometimes() that never held in more than 100 schedules). @func gets
 * %NULL.
 */
TRIO_API void trio_test_add_func (const char *path, TrioFunc func);

/**
 * trio_test_add_func_full:
 * @path: the test's path, as for g_test_add_func()
 * @func: the body: the main task of each run
 * @data: what @func gets
 * @destroy: (nullable): frees @data after the test
 * @flags: how it is run
 *
 * trio_test_add_func() with data and flags.
 */
TRIO_API void trio_test_add_func_full (const char *path, TrioFunc func, gpointer data, GDestroyNotify destroy, TrioTestFlags flags);

G_END_DECLS
