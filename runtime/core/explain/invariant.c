/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What is always true of the kernel's structures, as functions; in builds with -DTRIO_INVARIANTS (Meson: buildtype=debug).
 *
 * trio_check_task(), …_scope(), …_nursery() and …_lot() cost the same whatever the size of the run, and are called at the end of
 * transitions. trio_check_loop() looks at everything, between two turns, as long as the run is small. "At rest" means there: no
 * delivery of a cancellation is under way, and no task is in the middle of a step. */

#include "core/kernel.h"

#ifdef TRIO_INVARIANTS

/* Tasks and scopes; with more the whole is not looked at each turn. */
enum { SMALL_RUN = 64 };

static gboolean
is_joining (TrioTask *task)
{
  /* Not always the innermost one: a program may close them in the wrong order. */
  for (TrioLink *link = trio_list_first (&task->nurseries); link != NULL; link = trio_list_next (&task->nurseries, link))
    if (TRIO_CONTAINER (link, TrioNursery, task_link)->joining)
      return TRUE;
  return FALSE;
}

void
trio_check_task (TrioTask *task)
{
  TrioCancelScope *born_in = task->nursery != NULL ? &task->nursery->scope : &task->loop->root;

  g_assert (task->scope != NULL && !task->scope->closed);
  /* It is in a scope of its own, or where it was born or moved to, which may have been abandoned meanwhile. */
  g_assert (task->scope == born_in || (task->scope->task == task && !task->scope->abandoned));
  g_assert (trio_link_is_linked (&task->scope_link));
  g_assert (trio_link_is_linked (&task->all_link));
  g_assert (task->nursery == NULL || trio_link_is_linked (&task->sibling_link));
  g_assert (trio_link_is_linked (&task->run_link) == (task->state == TRIO_TASK_RUNNABLE));
  g_assert (task->state != TRIO_TASK_BLOCKED || (task->outcome == NULL && !task->wait_cancelled));
  g_assert ((task->wait != NULL) == (task->state == TRIO_TASK_BLOCKED));
  g_assert ((task->abort != NULL) == (task->state == TRIO_TASK_BLOCKED));
  g_assert (task->state != TRIO_TASK_DONE);
  g_assert (task->state != TRIO_TASK_RUNNING || task->loop->running == task);
}

void
trio_check_scope (TrioCancelScope *scope)
{
  TrioCancelScope *parent = scope->parent;
  gboolean inherited = !scope->shield && parent != NULL && parent->effective;

  g_assert (scope->effective == (scope->cause != CAUSE_NONE || inherited));
  g_assert ((scope->source != NULL) == !!scope->effective);
  /* Whoever is to blame was cancelled itself, and its cancellation reaches this one. */
  g_assert (scope->source == NULL || (scope->source == scope ? scope->cause != CAUSE_NONE
                                                             : inherited && scope->source == parent->source));
  g_assert ((scope->reason != NULL) == (scope->cause != CAUSE_NONE));
  g_assert (scope->soft == (scope->grace != NULL || (parent != NULL && parent->soft)));
  g_assert (!scope->soft || !scope->until_soft || scope->cause != CAUSE_NONE);
  g_assert (scope->grace == NULL || scope->cause != CAUSE_NONE || scope->due <= scope->grace->due);
  g_assert (trio_deadline_is_armed (&scope->deadline)
            == (scope->due != G_MAXINT64 && scope->cause == CAUSE_NONE && !scope->closed));
  /* No scope is opened in one that is closed, and what is outside was there first: the tree has no circles. */
  g_assert (parent == NULL || (!parent->closed && parent->serial < scope->serial));
  g_assert (!scope->abandoned || (parent == NULL && scope->cause != CAUSE_NONE));
  g_assert (parent == NULL || trio_link_is_linked (&scope->child_link));
}

void
trio_check_nursery (TrioNursery *nursery)
{
  gboolean empty = nursery->n_children == 0 && nursery->n_starting == 0;

  g_assert ((nursery->n_children == 0) == trio_list_is_empty (&nursery->children));
  g_assert (!nursery->closed || empty);
  g_assert (!nursery->joining || (!nursery->closed && !empty));
  /* It has an error: it is cancelled. */
  g_assert (nursery->errors == NULL || nursery->scope.cause != CAUSE_NONE);
}

void
trio_check_lot (TrioParkingLot *lot)
{
  g_assert ((lot->head == NULL) == (lot->n_waiting == 0));
  g_assert ((lot->tail == NULL) == (lot->n_waiting == 0));
}

static void
check_nursery_at_rest (TrioTask *task, TrioNursery *nursery)
{
  gsize n = 0;

  trio_check_nursery (nursery);
  g_assert (nursery->scope.nursery == nursery && nursery->scope.task == task);
  g_assert (!nursery->joining || task->state == TRIO_TASK_BLOCKED);
  for (TrioLink *link = trio_list_first (&nursery->children); link != NULL; link = trio_list_next (&nursery->children, link))
    {
      g_assert (TRIO_CONTAINER (link, TrioTask, sibling_link)->nursery == nursery);
      n++;
    }
  g_assert (n == nursery->n_children);
}

static void
check_task_at_rest (TrioTask *task)
{
  trio_check_task (task);
  g_assert (task->state != TRIO_TASK_RUNNING);
  g_assert (!trio_link_is_linked (&task->deliver_link));
  /* Who waits and is cancelled was told; in the joining of a nursery it is told again each time. */
  g_assert (task->state != TRIO_TASK_BLOCKED || !task->scope->effective || task->abort_called || is_joining (task));
  for (TrioLink *link = trio_list_first (&task->nurseries); link != NULL; link = trio_list_next (&task->nurseries, link))
    check_nursery_at_rest (task, TRIO_CONTAINER (link, TrioNursery, task_link));
}

/* How many tasks are in scope and in what is within; counts the scopes. */
static gsize
check_scopes_within (TrioCancelScope *scope, gsize *n_scopes)
{
  gsize n = 0;

  trio_check_scope (scope);
  for (TrioLink *link = trio_list_first (&scope->tasks); link != NULL; link = trio_list_next (&scope->tasks, link))
    {
      g_assert (TRIO_CONTAINER (link, TrioTask, scope_link)->scope == scope);
      n++;
    }
  /* Not deep: the run is small. */
  for (TrioLink *link = trio_list_first (&scope->children); link != NULL; link = trio_list_next (&scope->children, link))
    {
      TrioCancelScope *inner = TRIO_CONTAINER (link, TrioCancelScope, child_link);

      g_assert (inner->parent == scope);
      (*n_scopes)++;
      n += check_scopes_within (inner, n_scopes);
    }
  return n;
}

static void
check_runnable (TrioLoop *loop)
{
  gsize n = 0;

  for (TrioLink *link = trio_list_first (&loop->runnable); link != NULL; link = trio_list_next (&loop->runnable, link))
    {
      g_assert (TRIO_CONTAINER (link, TrioTask, run_link)->state == TRIO_TASK_RUNNABLE);
      n++;
    }
  g_assert (n == loop->n_runnable);
  for (TrioLink *link = trio_list_first (&loop->standing); link != NULL; link = trio_list_next (&loop->standing, link))
    g_assert (TRIO_CONTAINER (link, TrioTask, run_link)->state == TRIO_TASK_RUNNABLE
              && TRIO_CONTAINER (link, TrioTask, run_link)->stands_still);
  for (TrioLink *link = trio_list_first (&loop->abandoned); link != NULL; link = trio_list_next (&loop->abandoned, link))
    g_assert (TRIO_CONTAINER (link, TrioTask, all_link)->state == TRIO_TASK_DONE);
}

static void
check_deadlines (const TrioDeadlines *deadlines)
{
  gsize n_empty = 0;

  for (gsize i = 0; i < deadlines->n; i++)
    {
      const TrioDeadlineSlot *slot = &deadlines->slots[i];
      const TrioDeadlineSlot *above = &deadlines->slots[i > 0 ? (i - 1) / 4 : 0];

      g_assert (above->due < slot->due || (above->due == slot->due && above->serial <= slot->serial));
      g_assert (slot->deadline == NULL || slot->deadline->place == i);
      n_empty += slot->deadline == NULL;
    }
  g_assert (n_empty == deadlines->n_empty);
}

void
trio_check_loop (TrioLoop *loop)
{
  gsize n = 0, n_scopes = 0;
  guint64 last = 0;

  /* After a failure of the runtime itself nothing is promised, and of a big run it would take too long. */
  if (loop->internal_error != NULL || loop->n_tasks + loop->n_scopes + loop->deadlines.n > SMALL_RUN)
    return;
  for (TrioLink *link = trio_list_first (&loop->tasks); link != NULL; link = trio_list_next (&loop->tasks, link))
    {
      TrioTask *task = TRIO_CONTAINER (link, TrioTask, all_link);

      g_assert (task->serial > last);
      last = task->serial;
      n++;
      check_task_at_rest (task);
    }
  g_assert (n == loop->n_tasks);
  /* What a misnested close has abandoned hangs below nothing. */
  g_assert (check_scopes_within (&loop->root, &n_scopes) <= n && n_scopes <= loop->n_scopes);
  check_runnable (loop);
  check_deadlines (&loop->deadlines);
}

#endif
