/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tokens: how other threads reach a run. The functions that take a token may be called from any thread. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_current_token:
 *
 * Inside a run, from its thread. As long as somebody else has a reference, a run in which all tasks wait is no deadlock: it can be called.
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
 * trio_token_call_fail:
 * @error: (transfer full): what went wrong
 *
 * How a function called by trio_token_run_sync_soon() fails: it has no caller to return an error to. Everything in the run is cancelled, as for
 * a system task that fails, and the run fails with %TRIO_ERROR_INTERNAL and @error beside it. The calls that were accepted later still run. May be
 * called until the run has ended, by any code on its thread. Never suspends.
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

G_END_DECLS
