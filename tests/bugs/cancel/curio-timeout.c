/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's curio (https://github.com/dabeaz/curio/commit/1e53b68); a cancellation that outlives what it was for.
 *
 * The bug: a cancellation that finds its task runnable stays pending, and is raised when the task next waits. A time-out that
 * strikes while the task is at the last operation of its block is raised after the block, at some operation that had all the time
 * in the world.
 *
 * The repair: leaving the block withdraws it. (A cancel scope of Trio cannot do otherwise; the pending request is written by
 * hand here.) */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  gboolean in_block;
  gboolean pending;                     /* the time-out of the block has struck */
} Task;

/* The task is runnable in it, and so hears of a time-out only at the next one. */
static gboolean
operation (Task *task, GError **error)
{
  g_autoptr (TrioCancelScope) scope = NULL;

  if (task->pending)
    {
      task->pending = FALSE;
      g_set_error_literal (error, ONCE_CANCELLED, 0, "timed out");
      return FALSE;
    }
  scope = trio_cancel_scope_open (error);
  if (!trio_cancel_scope_close (scope, trio_checkpoint (error)))
    return FALSE;
  if (task->in_block && trio_cancel_scope_cancelled_caught (scope))
    task->pending = TRUE;               /* struck by the harness */
  return TRUE;
}

static gboolean
run_block (Task *task, GError **error)
{
  gboolean ok;

  task->in_block = TRUE;
  ok = operation (task, error) && operation (task, error);
  task->in_block = FALSE;
  if (task->repaired)
    task->pending = FALSE;
  return ok;
}

static gboolean
work (gpointer data, GError **error)
{
  Task *task = data;
  g_autoptr (GError) failure = NULL;
  gboolean ok = run_block (task, &failure);

  if (!ok && failure->domain == ONCE_CANCELLED)
    g_clear_error (&failure);           /* in time */
  else if (!ok)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  ok = operation (task, &failure);
  trio_always (ok || failure->domain != ONCE_CANCELLED, "a time-out strikes in its block only");
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&failure));
  return ok;
}

static gboolean
time_out (gpointer data, GError **error G_GNUC_UNUSED)
{
  Task *task = data;

  if (task->in_block)
    task->pending = TRUE;
  return TRUE;
}

static gboolean
run (gboolean repaired, gboolean with_timer, GError **error)
{
  Task task = { .repaired = repaired };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "task", work, &task);
  if (with_timer)
    start_task (nursery, "timer", time_out, &task);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (curio_timeout, "curio-timeout", run, "always", "always",
                 "a time-out that strikes at the end of its block is raised after it");
