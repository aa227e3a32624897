/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Nurseries: the only place where tasks are born, and which none of them outlives.
 *
 *   g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
 *
 *   trio_nursery_start_soon (nursery, pump, &link);
 *   if (!trio_stream_send_all (peer, "hello\n", 6, error))
 *     return FALSE;                                   // cancels and joins pump
 *
 *   return trio_nursery_close (nursery, TRUE);        // joins pump
 */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_nursery_open:
 * @error: the slot that the body of the nursery reports to, and where the errors of the children come out
 *
 * Opens a nursery in the calling task. Never suspends.
 *
 * Returns: (transfer full): the nursery; free it, in the same task, with trio_nursery_free() or g_autoptr
 */
TRIO_API TrioNursery *trio_nursery_open (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_nursery_start_soon:
 * @nursery: an open nursery
 * @func: the body of the new task
 * @data: what @func gets; it may point into the stack of the task that opened @nursery
 *
 * Makes a new task, which will run soon: never inside this call. Never suspends. If it fails, the nursery is cancelled and the
 * error comes out of trio_nursery_close(). In a cancelled nursery the task does start, and runs to its first checkpoint.
 *
 * Into a closed nursery is a programmer's mistake (critical).
 */
TRIO_API void trio_nursery_start_soon (TrioNursery *nursery, TrioFunc func, gpointer data);

/**
 * trio_nursery_start_soon_full:
 * @nursery: an open nursery
 * @func: the body of the new task
 * @data: what @func gets
 * @destroy: (nullable): frees @data after the task has ended
 * @name: (nullable): the task's name, copied; %NULL for "task"
 */
TRIO_API void trio_nursery_start_soon_full (TrioNursery *nursery, TrioFunc func, gpointer data, GDestroyNotify destroy,
                                            const char *name);

/**
 * trio_nursery_start:
 * @nursery: an open nursery
 * @func: the body of the new task
 * @data: what @func gets
 * @value: (out) (optional): what the task gave to trio_task_status_started()
 * @error: where the task's failure before it was started, or a cancellation, comes out
 *
 * Starts a task and waits until it says that it is ready. Until then it runs under the caller; from then on it is a child of
 * @nursery. Checkpoint.
 *
 * Errors: the task's own before it is ready; %TRIO_ERROR_FAILED if it returned without saying so; %TRIO_ERROR_CANCELLED if the
 * caller or @nursery is cancelled; %TRIO_ERROR_MISUSE if @nursery is closed.
 *
 * Returns: %TRUE if the task is ready
 */
TRIO_API gboolean trio_nursery_start (TrioNursery *nursery, TrioStartFunc func, gpointer data, gpointer *value, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_nursery_start_full:
 * @nursery: an open nursery
 * @func: the body of the new task
 * @data: what @func gets
 * @destroy: (nullable): frees @data after the task has ended, or at once if it is not started
 * @name: (nullable): the task's name, copied; %NULL for "task"
 * @value: (out) (optional): what the task gave to trio_task_status_started()
 * @error: where the task's failure before it was started, or a cancellation, comes out
 *
 * trio_nursery_start() with a name and a function that frees the data. Checkpoint.
 *
 * Errors: those of trio_nursery_start().
 *
 * Returns: %TRUE if the task is ready
 */
TRIO_API gboolean trio_nursery_start_full (TrioNursery *nursery, TrioStartFunc func, gpointer data, GDestroyNotify destroy,
                                           const char *name, gpointer *value, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_task_status_started:
 * @status: what the task's function was given
 * @value: (nullable): what trio_nursery_start() hands to its caller
 *
 * "I am ready": the calling task moves over into the nursery that it was started for, and trio_nursery_start() returns; unless its caller was
 * cancelled meanwhile: then the task stays, and goes on under it. Once; a second time is a programmer's mistake (critical) and changes nothing. Never
 * suspends.
 */
TRIO_API void     trio_task_status_started (TrioTaskStatus *status, gpointer value);

/**
 * trio_nursery_get_cancel_scope:
 * @nursery: a nursery
 *
 * The scope around its body and its children. Never suspends.
 *
 * Returns: (transfer none): the scope; it belongs to @nursery
 */
TRIO_API TrioCancelScope *trio_nursery_get_cancel_scope (TrioNursery *nursery);

/**
 * trio_nursery_cancel:
 * @nursery: a nursery
 *
 * Short for cancelling that scope. Never suspends.
 */
TRIO_API void trio_nursery_cancel (TrioNursery *nursery);

/**
 * trio_nursery_close:
 * @nursery: a nursery, the innermost thing open in the calling task
 * @ok: how the body went
 *
 * "Here is how the body went; tell me how the whole went." Cancels the children if @ok is %FALSE, waits for all of them, and merges
 * their errors with the body's. The wait is shielded: a cancellation that comes meanwhile reaches the children, and is kept for
 * this task's next checkpoint. Always suspends. Does not free.
 *
 * Returns: %TRUE if nothing failed; else the slot holds the error: with @ok %FALSE, at least what the body has put there
 */
TRIO_API gboolean trio_nursery_close (TrioNursery *nursery, gboolean ok) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_nursery_free:
 * @nursery: (nullable) (transfer full): a nursery of the calling task
 *
 * Frees a closed nursery. One that is still open is left on the failing path first: its children are cancelled and joined, which suspends.
 */
TRIO_API void trio_nursery_free (TrioNursery *nursery) TRIO_CHECKPOINT_ON_FAILURE;

TRIO_API TrioNursery *trio_nursery_open_located (GError **error, const char *where);

#define trio_nursery_cancel(nursery) (trio_cancel_scope_cancel (trio_nursery_get_cancel_scope (nursery)))
#define trio_nursery_open(error) (trio_nursery_open_located ((error), G_STRLOC))
#define trio_nursery_start_soon(nursery, func, data) (trio_nursery_start_soon_full ((nursery), (func), (data), NULL, #func))
#define trio_nursery_start(nursery, func, data, value, error) \
  (trio_nursery_start_full ((nursery), (func), (data), NULL, #func, (value), (error)))

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioNursery, trio_nursery_free)

G_END_DECLS
