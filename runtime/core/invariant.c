/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What is always true of the kernel's structures, as functions. They are called at the ends of transitions in builds with
 * -DTRIO_INVARIANTS (Meson: buildtype=debug). */

#include "core/kernel.h"

#ifdef TRIO_INVARIANTS

void
trio_check_task (TrioTask *task)
{
  g_assert (task->scope != NULL);
  g_assert (trio_link_is_linked (&task->scope_link));
  g_assert (trio_link_is_linked (&task->all_link));
  g_assert (task->nursery == NULL || trio_link_is_linked (&task->sibling_link));
  switch ((TrioTaskState) task->state)
    {
    case TRIO_TASK_RUNNABLE:
      g_assert (trio_link_is_linked (&task->run_link));
      break;

    case TRIO_TASK_RUNNING:
      g_assert (task->loop->running == task);
      break;

    case TRIO_TASK_BLOCKED:
      g_assert (task->abort != NULL && task->wait != NULL && task->outcome == NULL);
      break;

    case TRIO_TASK_DONE:
      g_assert_not_reached ();
    }
}

void
trio_check_scope (TrioCancelScope *scope)
{
  gboolean inherited = !scope->shield && scope->parent != NULL && scope->parent->effective;

  g_assert (scope->effective == (scope->cause != CAUSE_NONE || inherited));
  g_assert ((scope->source != NULL) == !!scope->effective);
  g_assert ((scope->reason != NULL) == (scope->cause != CAUSE_NONE));
  g_assert (!scope->closed || !trio_deadline_is_armed (&scope->deadline));
}

void
trio_check_loop (TrioLoop *loop)
{
  gsize n = 0;

  for (TrioLink *link = trio_list_first (&loop->tasks); link != NULL; link = trio_list_next (&loop->tasks, link))
    {
      TrioTask *task = TRIO_CONTAINER (link, TrioTask, all_link);

      n++;
      trio_check_task (task);
      trio_check_scope (task->scope);
    }
  g_assert (n == loop->n_tasks);
}

#endif
