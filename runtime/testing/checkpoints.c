/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Was that a checkpoint? The kernel counts, for each task, how often a cancellation could have reached it and how often it has let others
 * run; a mark is what the two counters were. And waiting for idleness, by the name that tests know it by. */

#include <trio/testing/checkpoints.h>

#include <trio/lowlevel/idle.h>
#include <trio/lowlevel/task.h>

gboolean
trio_testing_wait_all_tasks_blocked (GTimeSpan cushion, GError **error)
{
  return trio_wait_idle (cushion, error);
}

TrioTestingMark
trio_testing_mark (void)
{
  TrioTestingMark mark = { .task = trio_current_task () };

  if (mark.task == NULL)
    g_error ("trio_testing_mark: called outside a task, where nothing can be a checkpoint");
  trio_task_get_points (mark.task, &mark.cancel_points, &mark.schedule_points);
  return mark;
}

void
trio_testing_look_since (const TrioTestingMark *mark, gboolean *could_be_cancelled, gboolean *let_others_run)
{
  guint cancel_points;
  guint schedule_points;

  g_return_if_fail (mark != NULL);
  g_return_if_fail (mark->task == trio_current_task ());

  trio_task_get_points (mark->task, &cancel_points, &schedule_points);
  if (could_be_cancelled != NULL)
    *could_be_cancelled = cancel_points != mark->cancel_points;
  if (let_others_run != NULL)
    *let_others_run = schedule_points != mark->schedule_points;
}

void
trio_testing_assert_since (const TrioTestingMark *mark, gboolean checkpoints, const char *domain, const char *file, int line,
                           const char *function)
{
  gboolean could_be_cancelled = !checkpoints;
  gboolean let_others_run = !checkpoints;
  g_autofree char *message = NULL;

  trio_testing_look_since (mark, &could_be_cancelled, &let_others_run);
  if (could_be_cancelled == checkpoints && let_others_run == checkpoints)
    return;
  message = g_strdup_printf (checkpoints ? "expected a checkpoint, but since the mark a cancellation could%s have reached the task, and others "
                                           "could%s have run"
                                         : "expected no checkpoint, but since the mark a cancellation could%s have reached the task, and "
                                           "others could%s have run", could_be_cancelled ? "" : " not", let_others_run ? "" : " not");
  g_assertion_message (domain, file, line, function, message);
}
