/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Starting a run in the real world. The simulator starts one with trio_sim_run() instead; the program inside is the same. */

#pragma once

#include <trio/interrupt.h>
#include <trio/types.h>

G_BEGIN_DECLS

/**
 * TrioDeadlockPolicy:
 * @TRIO_DEADLOCK_FAIL: the run fails with %TRIO_ERROR_DEADLOCK and a report of who waits for what. Main, with all that is in it, is
 *   cancelled for that, so that clean-up code runs
 * @TRIO_DEADLOCK_FAIL_AMONG_THREADS: the same, and also if the process has other threads: the program promises that they reach the
 *   run through tokens and the functions made of them, and never by adding sources to its main context
 * @TRIO_DEADLOCK_REPORT: the report is logged, and the run waits on
 * @TRIO_DEADLOCK_IGNORE: nothing is looked for
 *
 * What to do when it is certain that no task can ever run again: all wait, there is no deadline, nobody waits for a socket, nothing
 * is at work for the run outside, the main context has no other sources that could wake by themselves, nobody has a reference to
 * the run's token, and there is no other thread that could add a source (idle workers do not count). A task in trio_sleep_forever()
 * while Ctrl-C belongs to the run waits for that, and is no deadlock. With trio_attach() it can never be certain.
 */
typedef enum
{
  TRIO_DEADLOCK_FAIL,
  TRIO_DEADLOCK_FAIL_AMONG_THREADS,
  TRIO_DEADLOCK_REPORT,
  TRIO_DEADLOCK_IGNORE,
} TrioDeadlockPolicy;

/**
 * TrioRunOptions:
 * @context: (nullable): the main context to run in; %NULL for the thread-default one
 * @instruments: (nullable): a %NULL-terminated array of instruments that watch the whole run
 * @stack_bytes: address space for each task's stack; 0 for the default of 256 KiB. Only what is touched costs memory
 * @interrupt_policy: which tasks a Ctrl-C reaches
 * @clock: (nullable): a clock in place of the monotonic one, for tests
 * @dump_signal: a signal that prints what all tasks do (trio_dump()) to standard error, such as `SIGUSR1`; 0 for the one that the
 *   environment variable `TRIO_DUMP_SIGNAL` names (`USR1`), or none. Only if its disposition is the default one; it is not given
 *   back. The dump is printed between two turns of the loop; if a task does not come back to it, the watchdog tells which
 * @watchdog_span: microseconds that a task may run without suspending before it is reported, once a step, with its stack, in a log
 *   message; 0 for the milliseconds in the environment variable `TRIO_WATCHDOG`, or no watchdog. It is a thread, and uses SIGURG if
 *   nobody else does
 * @deadlock: what to do when no task can ever run again
 *
 * Start it from `{ 0 }`: every field has a default there.
 */
typedef struct
{
  GMainContext           *context;
  TrioInstrument *const  *instruments;
  gsize                   stack_bytes;
  TrioClock              *clock;
  TrioInterruptPolicy     interrupt_policy;
  int                     dump_signal;
  GTimeSpan               watchdog_span;
  TrioDeadlockPolicy      deadlock;
} TrioRunOptions;

/**
 * trio_run:
 * @main: the main task
 * @data: what @main gets
 * @error: where main's error, or the error of the run itself, comes out
 *
 * Runs @main and every task it starts, iterating the thread's main context until all have ended. Other sources of that
 * context go on being dispatched meanwhile. If another thread owns the context, the run has a context of its own.
 *
 * On the process's main thread, and only if SIGINT had its default disposition, Ctrl-C arrives at the main task's current or
 * next checkpoint as %TRIO_ERROR_KEYBOARD_INTERRUPT.
 *
 * If the environment variable `TRIO_TRACE` names a file, the run is recorded there for `trio-trace`.
 *
 * Errors: those of @main; %TRIO_ERROR_DEADLOCK, see #TrioDeadlockPolicy; %TRIO_ERROR_MISUSE if this thread is inside a run already;
 * %TRIO_ERROR_INTERNAL; %G_IO_ERROR if the world cannot be set up (no descriptors left, the trace file cannot be written).
 *
 * Returns: %TRUE if main returned %TRUE
 */
TRIO_API gboolean trio_run      (TrioFunc main, gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_run_with:
 * @main: the main task
 * @data: what @main gets
 * @options: (nullable): options; %NULL for the defaults
 * @error: where main's error, or the error of the run itself, comes out
 *
 * trio_run() with options.
 *
 * Errors: those of trio_run().
 *
 * Returns: %TRUE if main returned %TRUE
 */
TRIO_API gboolean trio_run_with (TrioFunc main, gpointer data, const TrioRunOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * TrioAttachDone:
 * @ok: whether main returned %TRUE
 * @error: (nullable) (transfer none): what failed
 * @user_data: as given to trio_attach()
 *
 * Called from the main context when an attached run has ended.
 */
typedef void (*TrioAttachDone) (gboolean ok, const GError *error, gpointer user_data);

/**
 * trio_attach:
 * @main: the main task
 * @data: what @main gets
 * @options: (nullable): options
 * @done: called once, in the context, when the run has ended
 * @done_data: what @done gets
 * @error: where a failure to start comes out
 *
 * Starts a run in a context that somebody else iterates, such as a GTK program's, and returns at once: no task of the program has run yet, but
 * trio_current_token() and trio_spawn_system_task() work on this thread. They mean the run that was attached last.
 *
 * Errors: those of trio_run() that concern starting.
 *
 * Returns: %TRUE if the run was started
 */
TRIO_API gboolean trio_attach (TrioFunc main, gpointer data, const TrioRunOptions *options, TrioAttachDone done,
                               gpointer done_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_current_time:
 *
 * The run's clock: microseconds since a zero that means nothing. It never goes back. Outside a run this is a programmer's
 * mistake (critical) and 0.
 *
 * Returns: now
 */
TRIO_API gint64 trio_current_time (void);

/**
 * trio_current_real_time:
 *
 * The wall clock, for what people and other machines are told: microseconds since 1970-01-01 00:00 UTC, as far as this machine knows. Somebody may set it
 * at any time, so it jumps, and goes back; spans, deadlines and leases are measured by trio_current_time(). A simulated run has a wall clock of its own
 * (`<trio-sim/hosts.h>`); a mock clock shows the same on both.
 *
 * Outside a run this is a programmer's mistake (critical) and 0.
 *
 * Returns: now
 */
TRIO_API gint64 trio_current_real_time (void);

G_END_DECLS
