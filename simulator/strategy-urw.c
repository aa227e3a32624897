/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* urw — a random walk that is uniform over orders, not over steps. After Zhao et al.: "Selectively uniform concurrency testing",
 * ASPLOS 2025.
 *
 * A walk that draws evenly among those who can go makes orders in which all go on at the same pace, and hardly ever one in which a long
 * task comes as a whole before a short one. Here a task is drawn in proportion to the steps that are still before it and the tasks it has yet
 * to start: so many orders of the rest begin with it. If the numbers are right and nobody waits for anybody, each order of the whole is as
 * likely as any other.
 *
 *     a has 3 steps left, b has 1:   a goes first in 3 of 4 orders  (aaab aaba abaa baaa)
 *
 * The numbers come from the measured dull run, by the paths of the tasks. A task that was not there has one step. Fair by itself: nobody's
 * share is ever zero. */

#include "simulator/strategy-measure.h"
#include "simulator/strategy-swarm.h"

typedef struct
{
  guint index;      /* of the measure, plus 1; 0: not looked up */
} Note;

typedef struct
{
  TrioSimStrategy       strategy;
  TrioSimSwarm          swarm;
  const TrioSimMeasure *measure;
  GArray               *notes;
  guint64              *unborn;     /* steps of the tasks that a measured task has yet to start */
} Urw;

static const TrioSimTaskMeasure *
measured (const Urw *urw, guint index)
{
  return &g_array_index (urw->measure->tasks, TrioSimTaskMeasure, index);
}

static guint
look_up (Urw *urw, TrioTask *task)
{
  guint index = trio_sim_measure_find (urw->measure, task);
  guint parent = index == TRIO_SIM_NO_TASK ? TRIO_SIM_NO_TASK : measured (urw, index)->parent;

  if (parent != TRIO_SIM_NO_TASK)
    urw->unborn[parent] -= MIN (urw->unborn[parent], measured (urw, index)->subtree);
  return index;
}

/* A task that was not measured is looked up each time: adding 1 to NO_TASK gives 0. There are few. */
static void
welcome (Urw *urw, TrioTask *task)
{
  Note *note = trio_sim_task_note (urw->notes, task);

  if (note->index == 0)
    note->index = look_up (urw, task) + 1;
}

static guint64
share_of (Urw *urw, TrioTask *task)
{
  guint index = ((Note *) trio_sim_task_note (urw->notes, task))->index - 1;
  guint cancel_points, taken;

  if (index == TRIO_SIM_NO_TASK)
    return 1;
  trio_task_get_points (task, &cancel_points, &taken);
  return MAX (1, measured (urw, index)->steps - MIN (measured (urw, index)->steps, taken) + urw->unborn[index]);
}

static guint32
choose_task (Urw *urw, const TrioChoicePoint *point)
{
  TrioTask *task = point->task;
  guint64 total = 0, left;
  guint32 value;

  /* First all births: each changes the share of a parent, which may be in line, too. */
  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    welcome (urw, task);
  task = point->task;
  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    total += share_of (urw, task);
  left = trio_sim_chance_draw64 (&urw->swarm.chance, total);
  task = point->task;
  for (value = 0; left >= share_of (urw, task); value++, task = point->next_task (point, task))
    left -= share_of (urw, task);
  return value;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Urw *urw = (Urw *) strategy;

  if (question->label->kind != TRIO_SIM_LABEL_SCHEDULE)
    return trio_sim_swarm_answer (&urw->swarm, question);
  return choose_task (urw, question->point);
}

static void
free_urw (TrioSimStrategy *strategy)
{
  Urw *urw = (Urw *) strategy;

  g_array_unref (urw->notes);
  g_free (urw->unborn);
  g_free (urw);
}

TrioSimStrategy *
trio_sim_strategy_new_urw (const TrioSimStrategyParameters *parameters)
{
  Urw *urw = g_new0 (Urw, 1);

  urw->strategy = (TrioSimStrategy) { .answer = answer, .free = free_urw };
  trio_sim_swarm_init (&urw->swarm, parameters->seed, parameters->measure);
  urw->measure = parameters->measure;
  urw->notes = trio_sim_task_notes_new (sizeof (Note));
  urw->unborn = g_new (guint64, urw->measure->tasks->len);
  for (guint i = 0; i < urw->measure->tasks->len; i++)
    urw->unborn[i] = measured (urw, i)->subtree - measured (urw, i)->steps;
  return &urw->strategy;
}
