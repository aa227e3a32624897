/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Checkpoints: where a task lets others run, and where a cancellation or Ctrl-C can reach it. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_checkpoint:
 * @error: where %TRIO_ERROR_CANCELLED or %TRIO_ERROR_KEYBOARD_INTERRUPT comes out
 *
 * Lets every other runnable task run, then looks whether this one was cancelled. Checkpoint.
 *
 * Source: Trio's `trio.lowlevel.checkpoint`.
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean trio_checkpoint (GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_checkpoint_if_cancelled:
 * @error: where %TRIO_ERROR_CANCELLED or %TRIO_ERROR_KEYBOARD_INTERRUPT comes out
 *
 * The first half of a sandwich: does nothing unless the task was cancelled; then it suspends, lets others run once, and fails. Half a Checkpoint.
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean trio_checkpoint_if_cancelled (GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_checkpoint_if_cancelled_in:
 * @what: static: the function whose first half it is, which is told when a cancellation is injected there
 * @error: where %TRIO_ERROR_CANCELLED or %TRIO_ERROR_KEYBOARD_INTERRUPT comes out
 *
 * trio_checkpoint_if_cancelled() for who gives its name by itself. Suspends only if the task was cancelled.
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean trio_checkpoint_if_cancelled_in (const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
#define trio_checkpoint_if_cancelled(error) (trio_checkpoint_if_cancelled_in (__func__, (error)))

/**
 * trio_cancel_shielded_checkpoint:
 *
 * The second half of a sandwich: lets others run and never fails. For an operation that has had its effect and so may no longer
 * report a cancellation. It suspends although it takes no #GError.
 */
TRIO_API void trio_cancel_shielded_checkpoint (void) TRIO_CHECKPOINT;

/**
 * trio_finish_checkpoint:
 *
 * trio_cancel_shielded_checkpoint() as a value, for the last line of an operation that succeeded: `return trio_finish_checkpoint ();`. What
 * comes after the switch is then only the return to whoever called the operation, which costs less than to come back into it first. Suspends.
 *
 * Returns: %TRUE
 */
TRIO_API gboolean trio_finish_checkpoint (void) TRIO_CHECKPOINT;

/**
 * trio_sleep:
 * @span: how long, in microseconds; 0 or less is one trio_checkpoint()
 * @error: where a cancellation comes out
 *
 * Sleeps on the run's clock; never shorter than @span. Checkpoint.
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean trio_sleep (GTimeSpan span, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_sleep_until:
 * @due: when to wake, on the clock of trio_current_time()
 * @error: where a cancellation comes out
 *
 * Checkpoint.
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean trio_sleep_until (gint64 due, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_sleep_forever:
 * @error: where the cancellation comes out
 *
 * Waits to be cancelled. Checkpoint.
 *
 * Returns: always %FALSE
 */
TRIO_API gboolean trio_sleep_forever (GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

G_END_DECLS
