/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A future: a result that will be there once. One sets it, to a value or to an error; any number wait for it, before or after.
 *
 *   static gboolean
 *   ask (gpointer data, GError **error)
 *   {
 *     …
 *     trio_future_set_value (question->answer, g_strdup ("42"));
 *     return TRUE;
 *   }
 *
 *   gpointer answer;
 *
 *   if (!trio_future_wait (question->answer, &answer, error))
 *     return FALSE;
 *
 * It belongs to those who hold a reference: who sets it and who waits for it need not know who ends first. It does not run
 * anything: the work is a task in some nursery. A task that can fail before it sets the future tells those who wait by setting
 * the error; if it is cancelled they wait for ever, unless they are cancelled along with it, as the children of one nursery are. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean is_set;
  gsize    tasks_waiting;
} TrioFutureStatistics;

/**
 * trio_future_new:
 * @destroy: (nullable): frees the value along with the future; not called for %NULL
 *
 * Returns: (transfer full): a future that is not set
 */
TRIO_API TrioFuture *trio_future_new   (GDestroyNotify destroy) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_future_ref:
 * @future: a future
 *
 * Another reference. Only from the thread of the run.
 *
 * Returns: (transfer full): @future
 */
TRIO_API TrioFuture *trio_future_ref   (TrioFuture *future);

/**
 * trio_future_unref:
 * @future: (nullable) (transfer full): a future
 *
 * Drops a reference; the last one frees the future and its value. To do that while somebody waits is a programmer's mistake (critical); they get
 * %TRIO_ERROR_BROKEN_RESOURCE. Never suspends.
 */
TRIO_API void        trio_future_unref (TrioFuture *future);

/**
 * trio_future_set_value:
 * @future: a future that is not set
 * @value: (transfer full) (nullable): the result
 *
 * Wakes all who wait, first in, first out. Never suspends. For a future that is set it is a programmer's mistake (critical), and
 * @value is destroyed; if several may be first, look with trio_future_is_set() before: nobody can come between.
 */
TRIO_API void        trio_future_set_value (TrioFuture *future, gpointer value);

/**
 * trio_future_set_error:
 * @future: a future that is not set
 * @error: (transfer full): why there will be no value
 *
 * Wakes all who wait, first in, first out; each gets a copy of @error. Never suspends. For a future that is set it is a
 * programmer's mistake (critical, with the message of @error).
 */
TRIO_API void        trio_future_set_error (TrioFuture *future, GError *error);

/**
 * trio_future_is_set:
 * @future: a future
 *
 * Never suspends.
 *
 * Returns: whether it was set, to a value or to an error
 */
TRIO_API gboolean    trio_future_is_set    (TrioFuture *future);

/**
 * trio_future_wait:
 * @future: a future; the caller holds a reference until this returns
 * @value: (out) (optional) (transfer none): the value, which belongs to the future; untouched if this fails
 * @error: where it says why not
 *
 * Waits until @future is set. Checkpoint, also if it is set already.
 *
 * Errors: cancellation; the error that the future was set to.
 *
 * Returns: %TRUE if there is a value
 */
TRIO_API gboolean    trio_future_wait      (TrioFuture *future, gpointer *value, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_future_get_nowait:
 * @future: a future
 * @value: (out) (optional) (transfer none): the value, which belongs to the future; untouched if this fails
 * @error: where it says why not
 *
 * As trio_future_wait(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if it is not set; the error that it was set to.
 *
 * Returns: %TRUE if there is a value
 */
TRIO_API gboolean    trio_future_get_nowait (TrioFuture *future, gpointer *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_future_get_statistics:
 * @future: a future
 * @statistics: (out caller-allocates): whether it is set, and how many tasks wait for it now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void        trio_future_get_statistics (TrioFuture *future, TrioFutureStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioFuture, trio_future_unref)

G_END_DECLS
