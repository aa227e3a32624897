/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Worker threads: a function that blocks runs on a thread of its own while the task waits, and may call back into the run.
 *
 *     task                                    worker thread
 *     trio_to_thread_run_sync (func, …) --->  func (data, &error)
 *       waits, and does what                    trio_from_thread_run (NULL, ask, …)
 *       the worker asks for: ask ()     <----      waits
 *                                       ---->    goes on
 *       goes on                         <----  returns
 *
 * Threads are kept for the next job, the one that was used last first; one that idles for 10 seconds ends. (The number is
 * arbitrary.)
 *
 * In the simulator there are no threads: the function runs in one piece between two of its calls into the run, at a virtual time
 * that is a choice, and its end becomes known at another. So it may not wait for another thread by any other way than the functions
 * of this page, and has no more stack than a task. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioThreadLimit TrioThreadLimit;

/**
 * TrioThreadLimit:
 * @acquire: called in the task, with a borrower that is unique for each call of trio_to_thread_run_sync(); may suspend. %FALSE with
 *   an error: no thread is used
 * @release: called once for each @acquire that succeeded, when the function has really ended, from the run's loop or from a task;
 *   must not suspend. Never called if the run has ended before
 *
 * How many threads at once, in other hands than a #TrioCapacityLimiter's. Embed it as the first member of your own; it must live
 * until its last release, or until the end of the run.
 */
struct _TrioThreadLimit
{
  gboolean (*acquire) (TrioThreadLimit *self, gconstpointer borrower, GError **error);
  gboolean (*release) (TrioThreadLimit *self, gconstpointer borrower, GError **error);
};

/**
 * TrioToThreadOptions:
 * @limiter: (nullable): whose token the thread holds; %NULL for trio_current_default_thread_limiter(). It may be freed while
 *   abandoned functions still hold tokens
 * @limit: (nullable): used in place of @limiter
 * @abandon_on_cancel: on cancellation the task goes on at once, and what comes of the function is thrown away. Else the task waits
 *   for its end, whatever happens
 * @name: (nullable): what the thread is called meanwhile; copied; the system shows the first 15 bytes. %NULL for the name of the
 *   task
 * @destroy: (nullable): frees the data when the function has really ended: before the task goes on, or, if it was abandoned, later,
 *   from the run's loop; on the worker thread if the run has ended before. Also called if no thread was used. A function whose
 *   results the task reads has reference-counted data
 *
 * Start it from `{ 0 }`.
 */
typedef struct
{
  TrioCapacityLimiter *limiter;
  TrioThreadLimit     *limit;
  gboolean             abandon_on_cancel;
  const char          *name;
  GDestroyNotify       destroy;
} TrioToThreadOptions;

/**
 * trio_to_thread_run_sync:
 * @func: what blocks; it runs on another thread, and may touch only what that thread may. It returns %FALSE exactly when it sets
 *   its error
 * @data: what @func gets; it may lie on the stack of the task
 * @error: where the error of @func, or a cancellation before it began, comes out
 *
 * Runs @func on a worker thread and waits for its end. Once it has begun a cancellation does not stop it, and is not reported here
 * either: it stays for the next checkpoint. @func sees it by trio_from_thread_check_cancelled() and in what it runs by
 * trio_from_thread_run(). Checkpoint.
 *
 * Errors: cancellation, before any thread was used; the thread error %G_THREAD_ERROR_AGAIN if there is no thread to be had; that of
 * @func.
 *
 * Source: Trio's `trio.to_thread.run_sync`.
 *
 * Returns: what @func returned
 */
TRIO_API gboolean trio_to_thread_run_sync      (TrioFunc func, gpointer data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_to_thread_run_sync_full:
 * @func: what blocks
 * @data: what @func gets. If it can be abandoned: nothing on the stack
 * @options: (nullable): see #TrioToThreadOptions
 * @error: where what went wrong comes out
 *
 * The same with options. Checkpoint.
 *
 * Errors: as trio_to_thread_run_sync(); cancellation, if it can be abandoned; what the limit said at its acquire; what it said at
 * its release, grouped behind the error of @func.
 *
 * Returns: what @func returned, unless something else failed
 */
TRIO_API gboolean trio_to_thread_run_sync_full (TrioFunc func, gpointer data, const TrioToThreadOptions *options, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_current_default_thread_limiter:
 *
 * Who counts the threads of this run, and in a simulator of those of the calling task's host: 40 at once, until you set another number. (That one is
 * arbitrary too: it keeps a program from starting threads without end, and has no other meaning.)
 *
 * Returns: (transfer none): the limiter; it belongs to the run, or to the host's process
 */
TRIO_API TrioCapacityLimiter *trio_current_default_thread_limiter (void);

/**
 * trio_active_thread_count:
 *
 * Inside a run. Never suspends.
 *
 * Returns: how many functions given to trio_to_thread_run_sync() in this run (on this host, in a simulator of several) have not ended yet, abandoned
 *   ones included
 */
TRIO_API guint    trio_active_thread_count     (void);

/**
 * trio_wait_all_threads_completed:
 * @error: where a cancellation comes out
 *
 * Waits until none of them is left. For tests, and for programs that must not end before their abandoned functions have.
 * Checkpoint.
 *
 * Source: Trio's `trio.testing.wait_all_threads_completed`.
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean trio_wait_all_threads_completed (GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_from_thread_run:
 * @token: (nullable): whose run; %NULL in a worker thread for the one that its function was given to it by
 * @func: what the run is to do; it may suspend
 * @data: what @func gets; it may lie on the stack of the thread
 * @error: where the error of @func, or why it could not be run, comes out
 *
 * Runs @func in the run and blocks the calling thread until it has ended. With %NULL it runs in the very task that waits in
 * trio_to_thread_run_sync(), with its cancel scopes: a cancellation of the task reaches @func at its next checkpoint. With a token,
 * or in a function that can be abandoned, it runs in a system task of its own.
 *
 * Errors: those of @func; %TRIO_ERROR_RUN_FINISHED if the run has ended or, for what would need a system task, its main task has;
 * %TRIO_ERROR_MISUSE on the thread of a run, which cannot wait for itself, and with %NULL on a thread that is not a run's worker.
 *
 * Any thread but those of runs. Source: Trio's `trio.from_thread.run`.
 *
 * Returns: what @func returned
 */
TRIO_API gboolean trio_from_thread_run      (TrioToken *token, TrioFunc func, gpointer data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_from_thread_run_sync:
 * @token: (nullable): as above
 * @func: what the run is to do; it must not suspend, and so is never cancelled
 * @data: what @func gets
 * @error: where the error of @func, or why it could not be run, comes out
 *
 * The same for a function that does not wait. With %NULL it runs in the task that waits; with a token, or in a function that can be
 * abandoned, in the run's loop, outside any task.
 *
 * Errors: those of @func; %TRIO_ERROR_RUN_FINISHED if the run has ended; %TRIO_ERROR_MISUSE as above. Any thread but those of runs.
 *
 * Source: Trio's `trio.from_thread.run_sync`.
 *
 * Returns: what @func returned
 */
TRIO_API gboolean trio_from_thread_run_sync (TrioToken *token, TrioFunc func, gpointer data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_from_thread_check_cancelled:
 * @error: where the cancellation comes out
 *
 * For a long function in a worker thread: whether the task that waits for it is cancelled now. The present state: a cancellation
 * that a shield has hidden meanwhile is not reported. In a function that was abandoned the answer stays "yes". As long as nobody
 * was cancelled it costs one look at memory; after that, a question to the run.
 *
 * Errors: cancellation, or %TRIO_ERROR_KEYBOARD_INTERRUPT, as the task would see it; %TRIO_ERROR_MISUSE on a thread that is not a
 * run's worker.
 *
 * Source: Trio's `trio.from_thread.check_cancelled`.
 *
 * Returns: %FALSE if it is
 */
TRIO_API gboolean trio_from_thread_check_cancelled (GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
