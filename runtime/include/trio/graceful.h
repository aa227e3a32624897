/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Ending in good order: asking first (a soft cancellation), cancelling after a grace period, and time for clean-up that a cancellation does
 * not cut short.
 *
 *     trio_cancel_scope_cancel_gracefully (scope, 10 s)
 *
 *     0 s      those inside who listen are told: an accept loop stops accepting, a worker takes no further job. All others go on
 *     …        what was begun comes to its end; if everything has, the scope is closed, and that was all
 *     10 s     what still runs is cancelled, as by trio_cancel_scope_cancel()
 *
 * Three ways to listen; nobody else notices a soft cancellation, and no checkpoint fails because of one:
 *
 *     if (trio_current_soft_cancelled ())                                       between two jobs
 *       return TRUE;
 *
 *     if (!trio_wait_soft_cancelled (error))                                    in a task of its own
 *       return FALSE;
 *
 *     g_autoptr (TrioCancelScope) accepting = trio_move_on_when_soft_cancelled (error);      around what may be broken off
 *
 * A soft cancellation reaches everything inside the scope, however deep, and goes through shields, since it interrupts nobody who did not
 * ask for it. It is for ever: it cannot be taken back, and a task that is born inside later is told too. What comes after the grace period
 * is an ordinary cancellation, which shields hold off.
 *
 * trio_serve_listener() listens: it closes its listener, lets the handlers finish, and succeeds. So does a TrioSupervisor: it restarts nobody
 * any more, and closes when its children have ended.
 *
 * The usual program asks at the first Ctrl-C, and stops at the second:
 *
 *   g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
 *   GError *why = NULL;
 *
 *   trio_nursery_start_soon (nursery, serve, server);
 *   trio_sleep_forever (&why);
 *   if (g_error_matches (why, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
 *     {
 *       g_clear_error (&why);
 *       trio_cancel_scope_cancel_gracefully (trio_nursery_get_cancel_scope (nursery), 10 * G_TIME_SPAN_SECOND);
 *       return trio_nursery_close (nursery, TRUE);      // a second Ctrl-C arrives here, and cancels the children
 *     }
 *   …
 *
 * All of it only from the thread of the run. */

#pragma once

#include <trio/cancel-scope.h>

G_BEGIN_DECLS

/**
 * trio_cancel_scope_cancel_gracefully:
 * @scope: a scope, open or not yet closed
 * @grace: microseconds on the run's clock until the real cancellation; 0 or less cancels at once, %G_MAXINT64 never
 *
 * Asks what is inside @scope to come to its end, and cancels it after @grace.
 *
 * The end of the grace period becomes the scope's deadline, if that is not earlier anyway: trio_current_effective_deadline() tells it to those
 * inside, and trio_cancel_scope_set_deadline() can make it earlier, but not later any more. It is still no deadline when it passes but an
 * explicit cancellation: a trio_fail_after() scope absorbs it and is not too slow.
 *
 * Called again, the earlier end counts, and the first reason. On a scope that is cancelled or closed it does nothing. Never suspends.
 *
 * Source: the design discussion in Trio's issue 147 and the prototype that followed it; the grace period is what service managers
 * such as systemd (`TimeoutStopSec=`) and Kubernetes (`terminationGracePeriodSeconds`) give.
 */
TRIO_API void     trio_cancel_scope_cancel_gracefully  (TrioCancelScope *scope, GTimeSpan grace);

/**
 * trio_cancel_scope_cancel_gracefully_with_reason:
 * @scope: a scope
 * @grace: microseconds
 * @reason: (nullable): why, in a few words, for the message of the %TRIO_ERROR_CANCELLED that may come of it
 */
TRIO_API void     trio_cancel_scope_cancel_gracefully_with_reason (TrioCancelScope *scope, GTimeSpan grace, const char *reason);

/**
 * trio_cancel_scope_soft_cancel_called:
 * @scope: a scope
 *
 * Whether @scope itself was asked to end gracefully. Stays true when the grace period is over, and after the scope was closed.
 *
 * Returns: %TRUE if so
 */
TRIO_API gboolean trio_cancel_scope_soft_cancel_called (TrioCancelScope *scope);

/**
 * trio_current_soft_cancelled:
 *
 * Whether the calling task should begin nothing new: a scope that it is in, at any distance and behind any shield, was asked to end
 * gracefully, or the task's next checkpoint would fail. Looks at two bytes. Never suspends.
 *
 * Returns: %TRUE if so
 */
TRIO_API gboolean trio_current_soft_cancelled          (void);

/**
 * trio_wait_soft_cancelled:
 * @error: where a cancellation comes out
 *
 * Waits until trio_current_soft_cancelled() is true because somebody asked. Checkpoint, also if that is so already.
 *
 * Errors: cancellation.
 *
 * Returns: %TRUE if the calling task was asked to end gracefully; %FALSE if it was cancelled
 */
TRIO_API gboolean trio_wait_soft_cancelled             (GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_move_on_when_soft_cancelled:
 * @error: the slot that the body of the scope reports to
 *
 * Opens a scope whose body is cancelled when the calling task is asked to end gracefully, at once if it already was. Closing it then
 * succeeds. For what may be broken off between two pieces of work: waiting for the next connection, the next message. Never suspends.
 *
 * Somebody may cancel that scope for another reason, as the simulator does: if it matters, ask trio_current_soft_cancelled() after closing.
 *
 * Returns: (transfer full): the scope
 */
TRIO_API TrioCancelScope *trio_move_on_when_soft_cancelled (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_shield_for:
 * @span: microseconds from now, after which the body is cancelled after all; 0 or less cancels at once
 * @error: (nullable): the slot that the body of the scope reports to; %NULL for the rest of a block
 *
 * Opens a scope that hides the cancellation of outer scopes from its body, and has a deadline: a shield without one hangs when what it
 * protects hangs. For clean-up that has to talk to somebody. When the deadline passes, closing succeeds, as with
 * trio_move_on_after(). Ctrl-C goes through shields (see trio_hold_interrupts()). Never suspends.
 *
 * With %NULL it is a hold for the rest of a block, which needs no close:
 *
 *   g_autoptr (TrioCancelScope) shield G_GNUC_UNUSED = trio_shield_for (G_TIME_SPAN_SECOND, NULL);
 *
 *   if (!trio_stream_send_all (stream, "bye\n", 4, &why))
 *     …
 *
 * Returns: (transfer full): the scope
 */
TRIO_API TrioCancelScope *trio_shield_for              (GTimeSpan span, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Where a scope was opened, and who asked it to end, is told by the macros below. */
TRIO_API void             trio_cancel_scope_cancel_gracefully_located (TrioCancelScope *scope, GTimeSpan grace, const char *reason,
                                                                       const char *where);
TRIO_API TrioCancelScope *trio_move_on_when_soft_cancelled_located (GError **error, const char *where) G_GNUC_WARN_UNUSED_RESULT;
TRIO_API TrioCancelScope *trio_shield_for_located                  (GTimeSpan span, GError **error, const char *where)
  G_GNUC_WARN_UNUSED_RESULT;

#define trio_cancel_scope_cancel_gracefully(scope, grace) \
  (trio_cancel_scope_cancel_gracefully_located ((scope), (grace), NULL, G_STRLOC))
#define trio_cancel_scope_cancel_gracefully_with_reason(scope, grace, reason) \
  (trio_cancel_scope_cancel_gracefully_located ((scope), (grace), (reason), G_STRLOC))
#define trio_move_on_when_soft_cancelled(error) (trio_move_on_when_soft_cancelled_located ((error), G_STRLOC))
#define trio_shield_for(span, error)            (trio_shield_for_located ((span), (error), G_STRLOC))

G_END_DECLS
