/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Cancel scopes: a part of a task's work that can be given up as a whole.
 *
 * Open one with g_autoptr, so that an early return leaves it properly:
 *
 *   g_autoptr (TrioCancelScope) patience = trio_move_on_after (2 * G_TIME_SPAN_SECOND, error);
 *   gboolean ok = fetch (…, error);
 *   if (!trio_cancel_scope_close (patience, ok))
 *     return FALSE;
 *   if (trio_cancel_scope_cancelled_caught (patience))
 *     …it took too long, and we move on…
 *
 * The happy path says close; every unhappy path may simply return. A scope remembers the slot `error` it was opened with: that
 * is where the body reports, and where the scope turns the cancellation that is its own into nothing, TOO_SLOW or FAILED. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_cancel_scope_open:
 * @error: the slot that the body of the scope reports to
 *
 * Opens a scope with no deadline. Never suspends. It absorbs its own cancellation when closed.
 *
 * Returns: (transfer full): the scope; free it, in the same task, with trio_cancel_scope_free() or g_autoptr
 */
TRIO_API TrioCancelScope *trio_cancel_scope_open (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_move_on_after:
 * @span: microseconds from now; 0 or less cancels at once
 * @error: the slot that the body of the scope reports to
 *
 * Opens a scope whose body is cancelled after @span; closing it then succeeds. Never suspends.
 *
 * Returns: (transfer full): the scope
 */
TRIO_API TrioCancelScope *trio_move_on_after (GTimeSpan span, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_move_on_at:
 * @due: when, on the clock of trio_current_time(); a time that has passed cancels at once
 * @error: the slot that the body of the scope reports to
 *
 * As trio_move_on_after(), for a time instead of a span. Never suspends.
 *
 * Returns: (transfer full): the scope
 */
TRIO_API TrioCancelScope *trio_move_on_at    (gint64 due, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_fail_after:
 * @span: microseconds from now; 0 or less cancels at once
 * @error: the slot that the body of the scope reports to
 *
 * Opens a scope whose body is cancelled after @span; closing it then fails with %TRIO_ERROR_TOO_SLOW. An explicit
 * trio_cancel_scope_cancel() of it is absorbed as in a plain scope. Never suspends.
 *
 * Returns: (transfer full): the scope
 */
TRIO_API TrioCancelScope *trio_fail_after (GTimeSpan span, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_fail_at:
 * @due: when, on the clock of trio_current_time(); a time that has passed cancels at once
 * @error: the slot that the body of the scope reports to
 *
 * As trio_fail_after(), for a time instead of a span. Never suspends.
 *
 * Returns: (transfer full): the scope
 */
TRIO_API TrioCancelScope *trio_fail_at    (gint64 due, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_cancel_scope_close:
 * @scope: the innermost open scope of the calling task
 * @ok: how the body went
 *
 * "Here is how the body went; tell me how the whole went." If @ok is %FALSE the scope's slot holds the body's error. A
 * cancellation that belongs to this scope is taken out of it; what remains is the result. Never suspends. Does not free.
 *
 * Closing a scope that is not the innermost is a programmer's mistake: the slot gets %TRIO_ERROR_MISUSE and the scopes inside are
 * cancelled for good.
 *
 * Returns: %TRUE if nothing remains; else the slot holds the error
 */
TRIO_API gboolean trio_cancel_scope_close (TrioCancelScope *scope, gboolean ok) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_cancel_scope_free:
 * @scope: (nullable) (transfer full): a scope of the calling task
 *
 * Frees a closed scope. One that is still open is left on the failing path: its own cancellation becomes %TRIO_ERROR_TOO_SLOW
 * (deadline) or %TRIO_ERROR_FAILED (explicit cancel) in the slot, since the frame that could move on is gone.
 */
TRIO_API void trio_cancel_scope_free (TrioCancelScope *scope);

/**
 * trio_cancel_scope_cancel:
 * @scope: a scope, open or not yet closed
 *
 * Asks everything inside @scope to stop. Idempotent; the first reason wins. When it returns, the abort functions of all blocked
 * tasks inside have run. Never suspends. Only from the thread of the run.
 */
TRIO_API void trio_cancel_scope_cancel             (TrioCancelScope *scope);

/**
 * trio_cancel_scope_cancel_with_reason:
 * @scope: a scope
 * @reason: (nullable): why, in a few words, for the message of %TRIO_ERROR_CANCELLED
 *
 * Likewise. The message says why, which task asked, where (both functions are macros too, which tell their own place), and where the scope was
 * opened: "cancelled: the user closed the window (by task "ui" at window.c:81; scope opened at download.c:40)".
 */
TRIO_API void trio_cancel_scope_cancel_with_reason (TrioCancelScope *scope, const char *reason);
TRIO_API void trio_cancel_scope_cancel_located     (TrioCancelScope *scope, const char *reason, const char *where);

/**
 * trio_cancel_scope_set_deadline:
 * @scope: a scope
 * @due: when, on the clock of trio_current_time(); %G_MAXINT64 for none
 *
 * A deadline in the past cancels at the next turn of the loop; moving it later before that undoes it. A cancelled or closed scope does not change any
 * more. Never suspends. Only from the thread of the run, but also from outside any task: the loop is told.
 */
TRIO_API void     trio_cancel_scope_set_deadline     (TrioCancelScope *scope, gint64 due);

/**
 * trio_cancel_scope_get_deadline:
 * @scope: a scope
 *
 * Never suspends.
 *
 * Returns: its deadline; %G_MAXINT64 if it has none
 */
TRIO_API gint64   trio_cancel_scope_get_deadline     (TrioCancelScope *scope);

/**
 * trio_cancel_scope_set_shield:
 * @scope: a scope
 * @shield: whether it shields
 *
 * A shield hides the cancellation of outer scopes from the inside; the scope's own cancellation still works. To take one away under a cancelled scope
 * wakes at once who is blocked behind it. Never suspends.
 */
TRIO_API void     trio_cancel_scope_set_shield       (TrioCancelScope *scope, gboolean shield);

/**
 * trio_cancel_scope_get_shield:
 * @scope: a scope
 *
 * Never suspends.
 *
 * Returns: whether it shields
 */
TRIO_API gboolean trio_cancel_scope_get_shield       (TrioCancelScope *scope);

/**
 * trio_cancel_scope_cancel_called:
 * @scope: a scope
 *
 * Whether a cancellation was asked for. A deadline that the clock has passed counts, and is committed by asking.
 *
 * Returns: %TRUE if so
 */
TRIO_API gboolean trio_cancel_scope_cancel_called    (TrioCancelScope *scope);

/**
 * trio_cancel_scope_cancelled_caught:
 * @scope: a closed scope
 *
 * Whether a cancellation was taken out when the scope was closed: "did this scope stop its body?"
 *
 * Returns: %TRUE if so
 */
TRIO_API gboolean trio_cancel_scope_cancelled_caught (TrioCancelScope *scope);

/**
 * trio_current_effective_deadline:
 *
 * The earliest deadline that applies to the calling task: of all scopes out to the nearest shield, that one included.
 *
 * Returns: the time; %G_MININT64 if the next checkpoint would fail, %G_MAXINT64 if there is none
 */
TRIO_API gint64   trio_current_effective_deadline    (void);

/* Where a scope was opened is told by the macros below. */
typedef enum
{
  TRIO_CANCEL_SCOPE_PLAIN,
  TRIO_CANCEL_SCOPE_FAIL,
} TrioCancelScopeKind;

TRIO_API TrioCancelScope *trio_cancel_scope_open_located (TrioCancelScopeKind kind, gint64 due, GError **error, const char *where);
TRIO_API TrioCancelScope *trio_move_on_after_located     (GTimeSpan span, GError **error, const char *where);
TRIO_API TrioCancelScope *trio_fail_after_located        (GTimeSpan span, GError **error, const char *where);

#define trio_cancel_scope_open(error)   (trio_cancel_scope_open_located (TRIO_CANCEL_SCOPE_PLAIN, G_MAXINT64, (error), G_STRLOC))
#define trio_move_on_at(due, error)     (trio_cancel_scope_open_located (TRIO_CANCEL_SCOPE_PLAIN, (due), (error), G_STRLOC))
#define trio_fail_at(due, error)        (trio_cancel_scope_open_located (TRIO_CANCEL_SCOPE_FAIL, (due), (error), G_STRLOC))
#define trio_move_on_after(span, error) (trio_move_on_after_located ((span), (error), G_STRLOC))
#define trio_fail_after(span, error)    (trio_fail_after_located ((span), (error), G_STRLOC))

#define trio_cancel_scope_cancel(scope)                     (trio_cancel_scope_cancel_located ((scope), NULL, G_STRLOC))
#define trio_cancel_scope_cancel_with_reason(scope, reason) (trio_cancel_scope_cancel_located ((scope), (reason), G_STRLOC))

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCancelScope, trio_cancel_scope_free)

G_END_DECLS
