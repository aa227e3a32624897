/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The two verbs at the bottom: "suspend me, with an abort function" and "make that task runnable with this outcome". Everything
 * that waits is built on them.
 *
 *                 trio_reschedule (task, outcome)
 *     BLOCKED ----------------------------------------> RUNNABLE
 *        ^                                                 |
 *        | trio_wait_task_rescheduled (abort, …)           | the loop's batch
 *        +------------------- RUNNING <--------------------+
 *                                |
 *                                +---> DONE
 *
 * All of it only from the thread of the run. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef enum
{
  TRIO_TASK_RUNNABLE,
  TRIO_TASK_RUNNING,
  TRIO_TASK_BLOCKED,
  TRIO_TASK_DONE,
} TrioTaskState;

/**
 * TrioAbort:
 * @TRIO_ABORT_SUCCEEDED: the wait is off; nobody else will reschedule the task, the runtime does so with the cancellation
 * @TRIO_ABORT_FAILED: it cannot be stopped now; somebody will reschedule the task later, with whatever outcome is true then
 */
typedef enum
{
  TRIO_ABORT_SUCCEEDED,
  TRIO_ABORT_FAILED,
} TrioAbort;

/**
 * TrioAbortFunc:
 * @task: the blocked task
 * @data: as given to the wait
 *
 * Called at most once per wait, when a cancellation or Ctrl-C reaches the blocked task. It leaves things exactly as if the task had
 * never come. It may cancel other scopes; it must not suspend.
 *
 * Returns: whether the wait could be stopped
 */
typedef TrioAbort (*TrioAbortFunc) (TrioTask *task, gpointer data);

/**
 * trio_wait_task_rescheduled:
 * @abort: what to do when the wait is cancelled
 * @data: what @abort gets
 * @error: where the outcome comes out
 *
 * Suspends the calling task until somebody calls trio_reschedule() for it. If the task is cancelled already, @abort is called right
 * after it has blocked. Checkpoint.
 *
 * Errors: whatever was given to trio_reschedule(); cancellation; %TRIO_ERROR_KEYBOARD_INTERRUPT.
 *
 * Source: Trio's `trio.lowlevel.wait_task_rescheduled`.
 *
 * Returns: %TRUE if it was rescheduled without an error
 */
TRIO_API gboolean trio_wait_task_rescheduled (TrioAbortFunc abort, gpointer data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* A kind of wait that can say what it is; for dumps, deadlock reports and traces. */
typedef struct
{
  const char    *what;                                  /* the public function: "trio_lock_acquire" */
  TrioAbortFunc  abort;
  void         (*describe) (gpointer data, GString *out);   /* nullable; "held by worker-2" */
} TrioWaitClass;

/**
 * trio_wait:
 * @klass: (transfer none): what kind of wait it is; must stay as long as the wait, most often static
 * @data: what the functions of @klass get
 * @error: where the outcome comes out
 *
 * trio_wait_task_rescheduled() with a name, for dumps, deadlock reports and traces. Checkpoint.
 *
 * Errors: those of trio_wait_task_rescheduled().
 *
 * Returns: %TRUE if it was rescheduled without an error
 */
TRIO_API gboolean trio_wait (const TrioWaitClass *klass, gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_reschedule:
 * @task: a blocked task
 * @outcome: (nullable) (transfer full): what its wait fails with, or %NULL for success
 *
 * Makes @task runnable. Never switches. For a task that is not blocked it is a g_error().
 */
TRIO_API void trio_reschedule (TrioTask *task, GError *outcome);

/**
 * trio_task_raise_cancel:
 * @task: a task whose abort function has been called
 *
 * For an abort function that answers %TRIO_ABORT_FAILED and reports the cancellation later: the error that the cancellation, or
 * Ctrl-C, means for @task. Ctrl-C is cleared by it.
 *
 * Returns: (transfer full): the error
 */
TRIO_API GError *trio_task_raise_cancel (TrioTask *task) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_current_task:
 *
 * Any thread; never suspends.
 *
 * Returns: (nullable) (transfer none): the calling task; %NULL outside one
 */
TRIO_API TrioTask        *trio_current_task        (void);

/**
 * trio_in_run:
 *
 * Whether there is a run on this thread whose turn it is: in a task, and in what the run's loop calls outside tasks. Any thread; never suspends.
 *
 * Source: Trio's `trio.lowlevel.in_trio_run`; for `in_trio_task` ask trio_current_task().
 *
 * Returns: %TRUE if so; not in a worker thread, a simulated one neither
 */
TRIO_API gboolean         trio_in_run              (void);

/**
 * trio_task_get_name:
 * @task: a task
 *
 * Returns: (transfer none): its name; it belongs to @task
 */
TRIO_API const char      *trio_task_get_name       (TrioTask *task);

/**
 * trio_task_get_serial:
 * @task: a task
 *
 * Returns: its number: counts up from 1 within a run in order of birth; never used twice
 */
TRIO_API guint64          trio_task_get_serial     (TrioTask *task);

/**
 * trio_task_get_state:
 * @task: a task
 *
 * Returns: what it is doing now
 */
TRIO_API TrioTaskState    trio_task_get_state      (TrioTask *task);

/**
 * trio_task_get_parent:
 * @task: a task
 *
 * Returns: (nullable) (transfer none): the task whose nursery it lives in; %NULL for the run's own first task
 */
TRIO_API TrioTask        *trio_task_get_parent     (TrioTask *task);

/**
 * trio_task_get_cancel_scope:
 * @task: a task
 *
 * Returns: (transfer none): the innermost scope it is in
 */
TRIO_API TrioCancelScope *trio_task_get_cancel_scope (TrioTask *task);

/**
 * trio_task_get_points:
 * @task: a task
 * @cancel_points: (out): how often a cancellation could have reached it so far
 * @schedule_points: (out): how often it has let others run
 *
 * Both wrap around. Never suspends.
 */
TRIO_API void             trio_task_get_points     (TrioTask *task, guint *cancel_points, guint *schedule_points);

/**
 * trio_task_has_cancel_pending:
 * @task: a task of the current run; a blocked one may be asked about too
 *
 * The present state; changes nothing. Never suspends.
 *
 * Returns: whether its next checkpoint would fail: a scope it is in is cancelled, or a Ctrl-C waits for it
 */
TRIO_API gboolean         trio_task_has_cancel_pending (TrioTask *task);

/**
 * trio_task_get_wait:
 * @task: a task
 *
 * Returns: (nullable): what it waits in: "trio_lock_acquire", static; %NULL if it is not blocked
 */
TRIO_API const char      *trio_task_get_wait       (TrioTask *task);

/**
 * trio_task_describe_wait:
 * @task: a task
 * @out: what the text is appended to
 *
 * The same with what its describe function adds, for a person: "trio_lock_acquire: held by main/worker". Nothing if it is not blocked.
 */
TRIO_API void             trio_task_describe_wait  (TrioTask *task, GString *out);

/**
 * trio_task_dup_path:
 * @task: a task
 *
 * Where the task was born, in names: "main/serve/handler#2" is the second task called "handler" among the children of "serve". An
 * edit of the program that does not touch these spawns leaves the path as it is.
 *
 * Returns: (transfer full): the path
 */
TRIO_API char            *trio_task_dup_path       (TrioTask *task);

/**
 * trio_task_get_path_hash:
 * @task: a task
 *
 * Returns: a hash of trio_task_dup_path(), the same on every machine
 */
TRIO_API guint64          trio_task_get_path_hash  (TrioTask *task);

/**
 * TrioTaskForeach:
 * @task: a task
 * @depth: how far below the run's own first task, which is 0
 * @data: as given beside the function
 *
 * Called for each task; it must not suspend.
 */
typedef void (*TrioTaskForeach) (TrioTask *task, guint depth, gpointer data);

/**
 * trio_foreach_task:
 * @func: (scope call): called for each task; it must not suspend, and not end or start any
 * @data: what @func gets
 *
 * All tasks of the current run, parents before children, siblings in order of birth. Inside a run.
 */
TRIO_API void             trio_foreach_task        (TrioTaskForeach func, gpointer data);

/**
 * trio_task_find_overflow:
 * @address: where a memory access faulted
 * @name: (out): the task's name; it belongs to the task
 * @serial: (out): its serial number
 * @stack_bytes: (out): how large its stack is
 * @below: (out): how many bytes below its stack @address lies
 *
 * Whether @address lies in the guard below the stack of the task that runs on the calling thread: then the task used more stack than it
 * has. Outputs are written only in that case. Takes no lock and allocates nothing: it may be called from a signal handler, where it is
 * meant to be called. Any thread.
 *
 * Returns: %TRUE if it was a stack overflow
 */
TRIO_API gboolean         trio_task_find_overflow  (gconstpointer address, const char **name, guint64 *serial, gsize *stack_bytes,
                                                    gsize *below);

/**
 * trio_spawn_system_task:
 * @func: the body of the new task
 * @data: what @func gets
 * @destroy: (nullable): frees @data after the task has ended; not if it could not be made
 * @name: (nullable): its name, copied; %NULL for "system task"
 * @error: where it says why not
 *
 * Makes a task that belongs to the run itself and not to a nursery of the program: it goes on after the task that asked for it has ended, and
 * is cancelled when main has ended. Ctrl-C is not for it. If it fails, that is a failure of the run: everything is cancelled, and
 * %TRIO_ERROR_INTERNAL with its error comes out. From a task or a call of trio_token_run_sync_soon(), or as
 * trio_current_token() between the steps of tasks. Never suspends.
 *
 * Errors: %TRIO_ERROR_RUN_FINISHED if main has ended, or has not begun; %TRIO_ERROR_FAILED if there is no memory for its stack.
 *
 * Source: Trio's `trio.lowlevel.spawn_system_task`.
 *
 * Returns: %TRUE if the task was made
 */
TRIO_API gboolean         trio_spawn_system_task   (TrioFunc func, gpointer data, GDestroyNotify destroy, const char *name, GError **error);

/**
 * trio_cancel_scope_get_serial:
 * @scope: a scope
 *
 * Returns: its number: counts up from 1 within a run in order of opening
 */
TRIO_API guint64          trio_cancel_scope_get_serial (TrioCancelScope *scope);

/**
 * trio_cancel_scope_get_where:
 * @scope: a scope
 *
 * Returns: (transfer none): where it was opened: "file.c:41"
 */
TRIO_API const char      *trio_cancel_scope_get_where  (TrioCancelScope *scope);

/**
 * trio_cancel_scope_get_reason:
 * @scope: a scope
 *
 * Returns: (nullable) (transfer none): why it was cancelled, for a person; %NULL if it was not. It belongs to @scope
 */
TRIO_API const char      *trio_cancel_scope_get_reason (TrioCancelScope *scope);

/**
 * trio_cancel_scope_get_parent:
 * @scope: a scope
 *
 * Returns: (nullable) (transfer none): the one around it
 */
TRIO_API TrioCancelScope *trio_cancel_scope_get_parent (TrioCancelScope *scope);

/**
 * trio_cancel_scope_is_nursery:
 * @scope: a scope
 *
 * Returns: whether it belongs to a nursery
 */
TRIO_API gboolean         trio_cancel_scope_is_nursery (TrioCancelScope *scope);

G_END_DECLS
