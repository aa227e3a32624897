/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A task and all below it, taken out of a run that goes on: for good, as if the machine they are on had lost its power, or for a while, as if
 * it stood still. For worlds that have machines of their own.
 *
 * Always true:
 *  1. A task that was abandoned is in no list of the run but loop->abandoned, none of its scopes and nurseries is in the cancel tree, and no
 *     deadline and no queue knows of it: its wait was aborted. The others cannot tell it from one that has ended well.
 *  2. Its record and its stack stay until the run's end: somebody may still mean to wake it whose wait could not be aborted, and finds that it
 *     is DONE.
 *  3. A task that stands still and is RUNNABLE is in loop->standing instead of the loop's line, in the order in which they were woken. */

#include "core/kernel.h"

/* Parents before their children. */
static GPtrArray *
list_tree (TrioTask *top)
{
  GPtrArray *tasks = g_ptr_array_new ();
  guint depth = 0;

  for (TrioTask *task = top; task != NULL && (task == top || (gint) depth > 0); task = trio_task_next_in_tree (task, &depth))
    g_ptr_array_add (tasks, task);
  return tasks;
}

static gboolean
is_in (const TrioTask *task, const TrioTask *top)
{
  while (task != NULL && task != top)
    task = task->nursery != NULL ? task->nursery->scope.task : NULL;
  return task == top && task != NULL;
}

/* --- for good --- */

/* Who joins is woken by its children, which have gone already, and not by anybody's queue. */
static gboolean
is_joining (TrioTask *task)
{
  for (TrioLink *link = trio_list_first (&task->nurseries); link != NULL; link = trio_list_next (&task->nurseries, link))
    if (TRIO_CONTAINER (link, TrioNursery, task_link)->joining)
      return TRUE;
  return FALSE;
}

static void
stop_waiting (TrioTask *task)
{
  if (task->state == TRIO_TASK_BLOCKED && !task->abort_called && !is_joining (task))
    {
      task->abort_called = TRUE;
      (void) task->abort (task, task->wait_data);
    }
  if (task->state == TRIO_TASK_RUNNABLE)
    {
      trio_link_unlink (&task->run_link);
      if (!task->stands_still)
        task->loop->n_runnable--;
      task->loop->batch_left = MIN (task->loop->batch_left, task->loop->n_runnable);
    }
}

static void
leave_scope (TrioTask *task, TrioCancelScope *scope)
{
  TrioNursery *nursery = scope->nursery;

  trio_cancel_scope_leave (scope);
  if (nursery != NULL)
    {
      trio_task_statuses_forget (nursery);
      trio_link_unlink (&nursery->task_link);
      g_clear_pointer (&nursery->errors, g_ptr_array_unref);
      g_clear_error (&nursery->cancelled);
    }
  trio_cancel_scope_clear (scope);
  g_free (scope);
  g_assert (task->scope != scope);
}

/* Those that a misnested close had abandoned before are the program's to free, and lost. */
static void
leave_scopes (TrioTask *task)
{
  while (task->scope->task == task)
    leave_scope (task, task->scope);
  while (!trio_list_is_empty (&task->nurseries))
    leave_scope (task, &TRIO_CONTAINER (trio_list_first (&task->nurseries), TrioNursery, task_link)->scope);
}

static void
abandon_one (TrioTask *task)
{
  TrioLoop *loop = task->loop;
  TrioNursery *nursery = task->nursery;

  stop_waiting (task);
  leave_scopes (task);
  if (task->breaks != NULL)
    trio_parking_lots_break (task);
  task->state = TRIO_TASK_DONE;
  task->wait = NULL;
  task->abort = NULL;
  TRIO_NOTIFY (loop, task_exited, task, NULL);

  if (trio_link_is_linked (&task->deliver_link))
    trio_link_unlink (&task->deliver_link);
  trio_link_unlink (&task->scope_link);
  trio_link_unlink (&task->sibling_link);
  nursery->n_children--;
  trio_link_unlink (&task->all_link);
  loop->n_tasks--;
  trio_list_push_tail (&loop->abandoned, &task->all_link);
}

void
trio_task_abandon (TrioTask *top)
{
  g_autoptr (GPtrArray) tasks = NULL;
  TrioNursery *nursery;

  g_return_if_fail (top != NULL && top->nursery != NULL && top->loop == trio_loop_of_thread);
  g_return_if_fail (!top->system && !is_in (top->loop->main, top) && !is_in (top->loop->running, top));

  nursery = top->nursery;
  tasks = list_tree (top);
  /* An abort function may make others runnable, in the tree or not, but nobody runs, and nobody is born. */
  for (guint i = tasks->len; i > 0; i--)
    abandon_one (g_ptr_array_index (tasks, i - 1));
  trio_nursery_check_joined (nursery);
  trio_check_nursery (nursery);
  trio_loop_nudge (nursery->scope.loop);
}

void
trio_tasks_discard_abandoned (TrioLoop *loop)
{
  while (!trio_list_is_empty (&loop->abandoned))
    {
      loop->n_tasks++;            /* it was counted out before */
      trio_task_discard (TRIO_CONTAINER (trio_list_first (&loop->abandoned), TrioTask, all_link));
    }
}

/* --- for a while --- */

static void
stand_still (TrioTask *task)
{
  TrioLoop *loop = task->loop;

  task->stands_still = TRUE;
  if (task->state != TRIO_TASK_RUNNABLE)
    return;
  trio_link_unlink (&task->run_link);
  trio_list_push_tail (&loop->standing, &task->run_link);
  loop->n_runnable--;
  loop->batch_left = MIN (loop->batch_left, loop->n_runnable);
}

void
trio_task_halt (TrioTask *top)
{
  g_autoptr (GPtrArray) tasks = NULL;

  g_return_if_fail (top != NULL && top->nursery != NULL && top->loop == trio_loop_of_thread);
  g_return_if_fail (!top->system && !is_in (top->loop->main, top));

  tasks = list_tree (top);
  for (guint i = 0; i < tasks->len; i++)
    if (!((TrioTask *) g_ptr_array_index (tasks, i))->stands_still)
      stand_still (g_ptr_array_index (tasks, i));
  if (is_in (top->loop->running, top))
    trio_task_yield (top->loop->running);
}

void
trio_task_resume (TrioTask *top)
{
  g_autoptr (GPtrArray) tasks = NULL;
  TrioLoop *loop;
  TrioLink *link, *next;

  g_return_if_fail (top != NULL && top->loop == trio_loop_of_thread);

  loop = top->loop;
  tasks = list_tree (top);
  for (guint i = 0; i < tasks->len; i++)
    ((TrioTask *) g_ptr_array_index (tasks, i))->stands_still = FALSE;
  /* They were woken in this order, whoever they are. */
  for (link = trio_list_first (&loop->standing); link != NULL; link = next)
    {
      TrioTask *task = TRIO_CONTAINER (link, TrioTask, run_link);

      next = trio_list_next (&loop->standing, link);
      if (task->stands_still)
        continue;
      trio_link_unlink (&task->run_link);
      trio_list_push_tail (&loop->runnable, &task->run_link);
      loop->n_runnable++;
    }
  trio_loop_nudge (loop);
}
