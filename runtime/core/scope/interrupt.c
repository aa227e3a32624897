/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Ctrl-C inside a run.
 *
 * Always true:
 *  1. task->interrupt_pending: it was told and has not seen it yet; it will at its next checkpoint that no hold covers.
 *  2. loop->interrupt_pending: there was no task to tell; the run itself ends with it.
 *  3. System tasks are never told: what keeps the run together must not be torn down by a key.
 */

#include "core/kernel.h"

/* An interrupt is no scope's doing, so nothing has to be pushed down a tree. */
static void
tell (TrioTask *task)
{
  task->interrupt_pending = !TRIO_MUTATION (swallowed_interrupt);
  trio_cancel_tree_deliver (task);
}

void
trio_loop_interrupt (TrioLoop *loop)
{
  g_return_if_fail (loop != NULL);

  TRIO_NOTIFY (loop, interrupted);
  if (loop->main == NULL)
    loop->interrupt_pending = TRUE;
  else if (loop->interrupt_policy == TRIO_INTERRUPT_MAIN)
    tell (loop->main);
  else
    /* Being told reschedules a task and ends none, so the list stays as it is. */
    for (TrioLink *link = trio_list_first (&loop->tasks); link != NULL; link = trio_list_next (&loop->tasks, link))
      {
        TrioTask *task = TRIO_CONTAINER (link, TrioTask, all_link);

        if (!task->system)
          tell (task);
      }
}

/* At the end of main: what it has not seen is the run's. */
void
trio_interrupt_outlives (TrioTask *main)
{
  if (main->interrupt_pending && !TRIO_MUTATION (unseen_interrupt_forgotten))
    main->loop->interrupt_pending = TRUE;
}

/* The error of a run in which every task was told: many interrupts are one. */
GError *
trio_interrupts_collapse (GError *error)
{
  gboolean interrupted;
  GError *rest = trio_error_remove (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT, &interrupted);

  if (!interrupted)
    return rest;
  rest = trio_error_remove (rest, TRIO_ERROR, TRIO_ERROR_CANCELLED, NULL);
  return trio_error_merge (trio_interrupt_error (), rest);
}

GError *
trio_interrupt_error (void)
{
  return g_error_new_literal (TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT, "keyboard interrupt");
}

TrioInterruptHold
trio_hold_interrupts (void)
{
  TrioTask *task = trio_task_require_current ("trio_hold_interrupts", NULL);

  if (task != NULL)
    task->n_interrupt_holds++;
  return (TrioInterruptHold) { task };
}

void
trio_interrupt_hold_release (TrioInterruptHold *hold)
{
  TrioTask *task = hold->task;

  if (task == NULL)
    return;
  hold->task = NULL;
  g_return_if_fail (task == trio_current_task () && task->n_interrupt_holds > 0);
  task->n_interrupt_holds--;
}
