/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A deadlock: nothing can run, and nothing can ever wake a task. Whether that is so only the driver can know, since what might wake
 * a task lies in its world; what to do then is here.
 *
 *     first time      report -> cancel main and all that is in it -> clean-up code runs -> the run fails with DEADLOCK
 *     stuck again     that clean-up is stuck as well: report -> the loop is done, tasks are left where they stand
 */

#include <trio/lowlevel/dump.h>
#include <trio/seam/world.h>

#include "core/kernel.h"

/* Reports stay readable with thousands of tasks. */
#define LINES_MAX 40

typedef struct
{
  gint64    now;
  guint     n_waiting;
  guint     n_lines;
  GString  *lines;
} Inquest;

static void
append_task (TrioTask *task, guint depth, gpointer data)
{
  Inquest *inquest = data;
  g_autofree char *path = NULL;

  /* The run's own first task only waits for main. */
  if (depth == 0)
    return;
  inquest->n_waiting += task->state == TRIO_TASK_BLOCKED;
  if (++inquest->n_lines > LINES_MAX)
    return;

  path = trio_task_dup_path (task);
  g_string_append_printf (inquest->lines, "\n  %s ", path);
  trio_task_append_state (task, inquest->lines);
  if (task->state == TRIO_TASK_BLOCKED)
    {
      g_string_append (inquest->lines, ", for ");
      trio_append_span (inquest->lines, inquest->now - task->blocked_since);
    }
  trio_append_stack_line (task, 6, inquest->lines);
}

void
trio_loop_append_deadlock (TrioLoop *loop, GString *out)
{
  Inquest inquest = { .now = loop->world->clock->now (loop->world->clock), .lines = g_string_new (NULL) };
  TrioLoop *outer = trio_loop_of_thread;

  trio_loop_of_thread = loop;
  trio_loop_foreach (loop, append_task, &inquest);
  trio_loop_of_thread = outer;
  trio_append_deadlock (out, inquest.n_waiting);
  g_string_append (out, inquest.lines->str);
  if (inquest.n_lines > LINES_MAX)
    g_string_append_printf (out, "\n  … and %u more", inquest.n_lines - LINES_MAX);
  g_string_free (inquest.lines, TRUE);
}

static GError *
make_report (TrioLoop *loop, const char *intro)
{
  GString *text = g_string_new (intro);
  GError *error;

  trio_loop_append_deadlock (loop, text);
  error = g_error_new_literal (TRIO_ERROR, TRIO_ERROR_DEADLOCK, text->str);
  g_string_free (text, TRUE);
  return error;
}

void
trio_loop_break_deadlock (TrioLoop *loop)
{
  TrioLoop *outer = trio_loop_of_thread;

  g_return_if_fail (loop != NULL && !loop->in_turn && !loop->done && loop->n_runnable == 0);

  /* For abort functions and hooks. */
  trio_loop_of_thread = loop;
  if (loop->deadlock == NULL && loop->main != NULL)
    {
      loop->deadlock = make_report (loop, "deadlock: ");
      trio_cancel_scope_mark (&loop->main->nursery->scope, CAUSE_EXPLICIT, g_strdup ("deadlock: nothing could ever wake a task"));
    }
  else
    {
      loop->internal_error = trio_error_merge (loop->internal_error, g_steal_pointer (&loop->deadlock));
      loop->internal_error = trio_error_merge (loop->internal_error, make_report (loop, "deadlock in the clean-up: "));
    }
  trio_loop_of_thread = outer;
  trio_loop_nudge (loop);
}

gboolean
trio_loop_can_be_called (TrioLoop *loop)
{
  return !trio_token_is_private (loop->token);
}
