/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Asking the choice seam: for anybody (trio_choose), and the four questions of the kernel itself: who goes next, is this checkpoint
 * cancelled, is there a Ctrl-C now, is there memory for one more stack. In production none of this runs. */

#include "core/kernel.h"

guint32
trio_choose (const TrioChoicePoint *asked)
{
  TrioLoop *loop = trio_loop_of_thread;
  TrioChoicePoint point = *asked;
  guint32 value;

  if (loop == NULL || loop->choice == NULL || point.bound < 2)
    return 0;
  if (point.task == NULL)
    point.task = loop->running;
  point.step = loop->steps;

  value = loop->choice->choose (loop->choice, &point);
  if (value >= point.bound)
    g_error ("the world answered %u to the choice \"%s\", which has %u answers", value, point.label, point.bound);
  if (value != 0)
    TRIO_NOTIFY (loop, decided, &point, value);
  return value;
}

static TrioTask *
nth_runnable (const TrioChoicePoint *point, guint32 value)
{
  TrioLoop *loop = point->data;
  TrioLink *link = loop->runnable.next;

  while (value-- > 0)
    link = link->next;
  return TRIO_CONTAINER (link, TrioTask, run_link);
}

/* Behind the last comes the list itself, which is no task: the address is made and never used. */
static TrioTask *
next_runnable (const TrioChoicePoint *point G_GNUC_UNUSED, TrioTask *task)
{
  return TRIO_CONTAINER (task->run_link.next, TrioTask, run_link);
}

static void
describe_runnable (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *chosen = trio_task_dup_path (nth_runnable (point, value));
  g_autofree char *first = trio_task_dup_path (point->task);

  if (value == 0)
    g_string_append_printf (out, "%s ran, being first in line", first);
  else
    g_string_append_printf (out, "%s ran before %s", chosen, first);
}

/* Which runnable task goes next. The first in line has waited longest; after being passed over often enough it goes without a question,
 * so that every task goes on in every schedule. */
TrioTask *
trio_choose_runnable (TrioLoop *loop)
{
  TrioTask *first = TRIO_CONTAINER (loop->runnable.next, TrioTask, run_link);
  TrioChoicePoint point = {
    .label = TRIO_CHOICE_SCHEDULE,
    .bound = (guint32) MIN (loop->n_runnable, G_MAXUINT32),
    .task = first,
    .nth_task = nth_runnable,
    .next_task = next_runnable,
    .describe = describe_runnable,
    .data = loop,
  };
  guint32 value;

  if (first->passed_over >= loop->fairness && !TRIO_MUTATION (passed_over_for_ever))
    return first;
  value = trio_choose (&point);
  if (value == 0)
    return first;
  first->passed_over++;
  return nth_runnable (&point, value);
}

/* The scopes whose cancellation task would notice at this checkpoint and which somebody can cancel, from the innermost out: as far as the
 * nearest shield, and not beyond the program's own main task. */
static TrioCancelScope *
nth_scope (TrioTask *task, guint32 n)
{
  TrioNursery *system = task->loop->system_nursery;
  TrioCancelScope *end = system != NULL ? &system->scope : NULL;

  for (TrioCancelScope *scope = task->scope; scope != NULL && scope != end; scope = scope->parent)
    {
      if (!scope->out_of_reach && n-- == 0)
        return scope;
      if (scope->shield)
        break;
    }
  return NULL;
}

static void
describe_cancel (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *path = trio_task_dup_path (point->task);
  TrioCancelScope *scope = nth_scope (point->task, value - 1);

  g_string_append_printf (out, "%s was cancelled in %s (%s opened at %s)", path, point->what,
                          trio_cancel_scope_is_nursery (scope) ? "the nursery" : "the scope", trio_cancel_scope_get_where (scope));
}

static void
describe_interrupt (const TrioChoicePoint *point, guint32 value G_GNUC_UNUSED, GString *out)
{
  g_autofree char *path = trio_task_dup_path (point->task);

  g_string_append_printf (out, "Ctrl-C came while %s was in %s", path, point->what);
}

static void
describe_no_memory (const TrioChoicePoint *point, guint32 value G_GNUC_UNUSED, GString *out)
{
  g_string_append_printf (out, "no memory for the stack of task \"%s\"", (const char *) point->data);
}

/* Whether the world has no memory for the stack of a task of the program that is to be called so. */
gboolean
trio_choose_no_memory (TrioLoop *loop, const char *name)
{
  static const guint32 weights[] = { 40, 1 };
  const TrioChoicePoint point = {
    .label = TRIO_CHOICE_MEMORY,
    .bound = 2,
    .weights = weights,
    .what = "trio_nursery_start_soon",
    .describe = describe_no_memory,
    .data = (gpointer) name,
  };

  if (loop->choice == NULL || !loop->choice->asks_memory || loop->running == NULL || loop->running == loop->init)
    return FALSE;
  return trio_choose (&point) != 0;
}

/* At a checkpoint of task, named by `what`: the world may cancel or interrupt here. */
void
trio_inject (TrioTask *task, const char *what)
{
  TrioLoop *loop = task->loop;
  TrioChoicePoint point = { .task = task, .what = what };
  guint32 value;

  if (task == loop->init || loop->system_nursery == NULL)
    return;
  TRIO_NOTIFY (loop, checkpoint, task, what);

  if (loop->choice->asks_cancel && !task->scope->effective)
    {
      guint32 n_scopes = 0;

      while (nth_scope (task, n_scopes) != NULL)
        n_scopes++;
      point.label = TRIO_CHOICE_CANCEL;
      point.bound = n_scopes + 1;
      point.describe = describe_cancel;
      value = trio_choose (&point);
      if (value > 0)
        trio_cancel_scope_mark (nth_scope (task, value - 1), CAUSE_EXPLICIT, g_strdup_printf ("injected at %s", what));
    }

  if (loop->choice->asks_interrupt && loop->main != NULL && !loop->main->interrupt_pending)
    {
      point.label = TRIO_CHOICE_INTERRUPT;
      point.bound = 2;
      point.describe = describe_interrupt;
      if (trio_choose (&point) == 1)
        trio_loop_interrupt (loop);
    }
}
