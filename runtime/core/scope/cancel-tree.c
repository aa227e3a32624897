/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The cancel tree: who is effectively cancelled, and telling them.
 *
 * Always true, between any two calls into this file:
 *  1. scope->effective == own cancellation, or (not shielded and parent->effective). It is stored, so a checkpoint looks at one byte at
 *     any depth.
 *  2. scope->source is NULL exactly if it is not effective; else it is the scope whose cancellation is the cause.
 *  3. A blocked task in an effective scope has had its abort function called for this wait.
 *
 * Walks are loops, never recursion: ten thousand nested scopes are fine. */

#include <trio/lowlevel/access.h>

#include "core/kernel.h"

/* Who is to blame for scope being effective: whoever was, as long as that still reaches it; else itself before what is outside. */
static TrioCancelScope *
find_source (TrioCancelScope *scope, gboolean inherited)
{
  if (scope->cause == CAUSE_NONE)
    return inherited ? scope->parent->source : NULL;
  return inherited && scope->source == scope->parent->source ? scope->source : scope;
}

/* Computes invariants 1 and 2 for one scope, and those of soft-cancel.c; TRUE if something changed, which its children must then learn. */
static gboolean
recompute (TrioCancelScope *scope)
{
  gboolean soft_changed = trio_soft_cancel_recompute (scope);
  gboolean inherited = (!scope->shield || TRIO_MUTATION (forgotten_shield)) && scope->parent != NULL && scope->parent->effective;
  gboolean effective = scope->cause != CAUSE_NONE || inherited;
  TrioCancelScope *source = find_source (scope, inherited);

  if (effective == scope->effective && source == scope->source)
    return soft_changed;
  scope->effective = effective;
  scope->source = source;
  return TRUE;
}

/* The scope after `scope` in the part of the tree below `top`; descends only if asked to. */
static TrioCancelScope *
next_below (TrioCancelScope *top, TrioCancelScope *scope, gboolean descend)
{
  if (descend && !trio_list_is_empty (&scope->children))
    return TRIO_CONTAINER (trio_list_first (&scope->children), TrioCancelScope, child_link);

  for (; scope != top; scope = scope->parent)
    {
      TrioLink *link = trio_list_next (&scope->parent->children, &scope->child_link);

      if (link != NULL)
        return TRIO_CONTAINER (link, TrioCancelScope, child_link);
    }
  return NULL;
}

/* After a change of scope's own cancellation, shield or place: first the whole part of the tree below is made right, then the tasks are
 * told. An abort function may cancel anything: it finds the tree consistent, and takes tasks that it tells itself off our list. */
void
trio_cancel_tree_update (TrioCancelScope *top)
{
  TrioList told;
  TrioLink *link;

  trio_link_init (&told);
  for (TrioCancelScope *scope = top; scope != NULL;)
    {
      gboolean changed = recompute (scope);

      trio_note_access (scope, TRIO_ACCESS_WRITE);
      trio_check_scope (scope);
      if (changed && scope->effective)
        for (link = trio_list_first (&scope->tasks); link != NULL; link = trio_list_next (&scope->tasks, link))
          {
            TrioTask *task = TRIO_CONTAINER (link, TrioTask, scope_link);

            trio_note_access (task, TRIO_ACCESS_WRITE);
            if (task->state != TRIO_TASK_BLOCKED || task->abort_called)
              continue;
            if (trio_link_is_linked (&task->deliver_link))
              trio_link_unlink (&task->deliver_link);
            trio_list_push_tail (&told, &task->deliver_link);
          }
      scope = next_below (top, scope, changed && !TRIO_MUTATION (children_not_told));
    }

  while ((link = trio_list_first (&told)) != NULL)
    {
      trio_link_unlink (link);
      trio_cancel_tree_deliver (TRIO_CONTAINER (link, TrioTask, deliver_link));
    }
}

/* Calls the abort function of a blocked task, unless that was done for this wait or there is nothing to tell any more. */
void
trio_cancel_tree_deliver (TrioTask *task)
{
  TrioAbort answer;

  trio_note_access (task, TRIO_ACCESS_WRITE);
  if (task->state != TRIO_TASK_BLOCKED || task->abort_called || !trio_task_is_cancelled (task) || TRIO_MUTATION (skipped_abort))
    return;

  task->abort_called = TRUE;
  answer = task->abort (task, task->wait_data);
  switch (answer)
    {
    case TRIO_ABORT_SUCCEEDED:
      if (task->state != TRIO_TASK_BLOCKED)
        trio_loop_fail (task->loop, "the abort function of a wait of task \"%s\" answered SUCCEEDED but rescheduled the task itself",
                        task->name);
      else
        trio_task_cancel_wait (task);
      break;

    case TRIO_ABORT_FAILED:
      break;

    default:
      trio_loop_fail (task->loop, "the abort function of a wait of task \"%s\" answered %d, which is neither SUCCEEDED nor FAILED",
                      task->name, (int) answer);
    }
}
