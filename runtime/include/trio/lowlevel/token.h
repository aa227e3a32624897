/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tokens: how other threads, and signal handlers, reach a run. The functions that take a token may be called from any thread.
 *
 *     trio_token_run_sync_soon ()    from threads; each time it is called there will be a call, in order
 *     trio_token_call_soon ()        from signal handlers, too; the call was made ready before, and is made once however often it was asked for */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_current_token:
 *
 * Inside a run, from its thread; or, between the steps of its tasks, from what else the thread does in its main context, where the run is meant
 * that was begun there last. As long as somebody else has a reference, a run in which all tasks wait is no deadlock: it can be called.
 *
 * Returns: (transfer full): a new reference to the token of the current run
 */
TRIO_API TrioToken *trio_current_token (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_token_ref:
 * @token: a token
 *
 * Another reference. Any thread.
 *
 * Returns: (transfer full): @token
 */
TRIO_API TrioToken *trio_token_ref     (TrioToken *token);

/**
 * trio_token_unref:
 * @token: (transfer full): a token
 *
 * Drops a reference. Any thread.
 */
TRIO_API void       trio_token_unref   (TrioToken *token);

/**
 * trio_token_run_sync_soon:
 * @token: a run's token
 * @func: called once from the run's loop, outside any task; it must not suspend
 * @data: what @func gets
 * @destroy: (nullable): frees @data after the call, or at once if the run has ended
 *
 * Calls that were accepted run in order, all of them before the run ends. Any thread.
 *
 * Returns: %FALSE if the run has ended; @func will not be called
 */
TRIO_API gboolean   trio_token_run_sync_soon (TrioToken *token, GSourceOnceFunc func, gpointer data, GDestroyNotify destroy);

/**
 * TrioTokenCall:
 *
 * A call into a run, made ready before it is needed, and asked for any number of times.
 *
 *   static TrioTokenCall *reload;
 *
 *   static void
 *   on_signal (int number G_GNUC_UNUSED)
 *   {
 *     trio_token_call_soon (reload);
 *   }
 *
 * (For signals as such there is <trio/signal.h>; this is for handlers that somebody else owns, and for threads that tell of the same thing very often.)
 */
typedef struct _TrioTokenCall TrioTokenCall;

/**
 * trio_token_call_new:
 * @token: a run's token, which it takes a reference to
 * @func: called from the run's loop, outside any task; it must not suspend
 * @data: what @func gets
 * @destroy: (nullable): frees @data along with the call; it may be called from the run's loop
 *
 * Makes a call ready, without asking for it. Any thread, but not from a signal handler.
 *
 * Returns: (transfer full): the call
 */
TRIO_API TrioTokenCall *trio_token_call_new (TrioToken *token, GSourceOnceFunc func, gpointer data, GDestroyNotify destroy)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_token_call_soon:
 * @call: a call
 *
 * Asks for it. If it was asked for already and has not begun, that is all; once it has begun it will be made again. Calls are made in the order in
 * which they were first asked for; between them and those of trio_token_run_sync_soon() there is no order. What was accepted is called before
 * the run ends.
 *
 * Takes no lock and allocates nothing: any thread, at any moment, also in a signal handler, which must have ended, or be blocked, before the call is
 * freed.
 *
 * Source: Trio's `run_sync_soon (…, idempotent=True)`.
 *
 * Returns: %FALSE if the run has ended; @call will not be made
 */
TRIO_API gboolean       trio_token_call_soon (TrioTokenCall *call);

/**
 * trio_token_call_free:
 * @call: (nullable) (transfer full): a call
 *
 * Gives it up. If it was asked for and has not begun, it is still made, and freed after that. Any thread, but not from a signal handler.
 */
TRIO_API void           trio_token_call_free (TrioTokenCall *call);

/**
 * trio_token_call_fail:
 * @error: (transfer full): what went wrong
 *
 * How a function called by trio_token_run_sync_soon() or trio_token_call_soon() fails: it has no caller to return an error to. Everything in the run
 * is cancelled, as for a system task that fails, and the run fails with %TRIO_ERROR_INTERNAL and @error beside it. The calls that were accepted
 * later still run. May be called until the run has ended, by any code on its thread. Never suspends.
 */
TRIO_API void       trio_token_call_fail (GError *error);

/**
 * trio_token_is_on_own_thread:
 * @token: a token
 *
 * Who waits on the run's own thread for a call of trio_token_run_sync_soon() waits for ever. Any thread.
 *
 * Returns: whether the run still goes on, and the calling thread is the one it lives on; a simulated thread is not
 */
TRIO_API gboolean   trio_token_is_on_own_thread (TrioToken *token);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioToken, trio_token_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioTokenCall, trio_token_call_free)

G_END_DECLS
