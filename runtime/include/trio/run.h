/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Starting a run in the real world. The simulator starts one with trio_sim_run() instead; the program inside is the same. */

#pragma once

#include <trio/interrupt.h>
#include <trio/types.h>

G_BEGIN_DECLS

/**
 * TrioRunOptions:
 * @context: (nullable): the main context to run in; %NULL for the thread-default one
 * @instruments: (nullable): a %NULL-terminated array of instruments that watch the whole run
 * @stack_bytes: address space for each task's stack; 0 for the default of 256 KiB. Only what is touched costs memory
 * @interrupt_policy: which tasks a Ctrl-C reaches
 * @clock: (nullable): a clock in place of the monotonic one, for tests
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
 * Errors: those of @main; %TRIO_ERROR_MISUSE if this thread is already inside a run; %TRIO_ERROR_INTERNAL; %G_IO_ERROR if the
 * world cannot be set up (no descriptors left, the trace file cannot be written).
 *
 * Returns: %TRUE if main returned %TRUE
 */
TRIO_API gboolean trio_run      (TrioFunc main, gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
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
 * Starts a run in a context that somebody else iterates, such as a GTK program's, and returns at once; no task has run yet.
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

G_END_DECLS
