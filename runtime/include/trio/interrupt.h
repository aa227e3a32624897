/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Ctrl-C: which tasks it reaches, and holding it off for the rest of a block.
 *
 * It arrives at checkpoints only, as TRIO_ERROR_KEYBOARD_INTERRUPT, before a cancellation that is pending too, and through shields. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * TrioInterruptPolicy:
 * @TRIO_INTERRUPT_MAIN: the main task gets it, at its current or next checkpoint; its nurseries then cancel the rest
 * @TRIO_INTERRUPT_ALL: every task of the program gets it. What comes out of the run is one %TRIO_ERROR_KEYBOARD_INTERRUPT, grouped with
 *   errors that are neither that nor a cancellation
 *
 * Who is told of a Ctrl-C. System tasks never are.
 */
typedef enum
{
  TRIO_INTERRUPT_MAIN,
  TRIO_INTERRUPT_ALL,
} TrioInterruptPolicy;

/**
 * TrioInterruptHold:
 *
 * Keeps Ctrl-C away from the calling task for the rest of a block; it arrives at the first checkpoint after it. Holds nest.
 *
 *   g_auto (TrioInterruptHold) hold G_GNUC_UNUSED = trio_hold_interrupts ();
 */
typedef struct
{
  /*< private >*/
  TrioTask *task;
} TrioInterruptHold;

/**
 * trio_hold_interrupts:
 *
 * Keeps Ctrl-C away from the calling task until the hold is released. Only in a task (critical). Cannot fail, never suspends.
 *
 * Returns: the hold; declare it with g_auto
 */
TRIO_API TrioInterruptHold trio_hold_interrupts         (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_interrupt_hold_release:
 * @hold: a hold of the calling task
 *
 * Ends it early. Idempotent. Never suspends.
 */
TRIO_API void              trio_interrupt_hold_release  (TrioInterruptHold *hold);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TrioInterruptHold, trio_interrupt_hold_release)

G_END_DECLS
