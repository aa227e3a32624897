/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* pos — a priority for each step. After Yuan, Yang, Gu: "Partial order aware concurrency sampling", CAV 2018.
 *
 * The next step of every task has a priority, drawn when the step becomes the task's next. The highest of those who can go goes. So a
 * task that drew low is late for one step and not for the whole run, and what matters of an order, who is first at each place where two
 * meet, is drawn again and again.
 *
 * What a step will touch is known only when it has been taken. This is therefore the paper's basic form, in which a priority is kept until
 * its step is taken, and not drawn anew when another step touched the same before.
 *
 * It needs no measure of the run. A step that has waited long draws again, so that it is not at the mercy of one low number while a
 * spinner draws at each round. */

#include "simulator/strategy-swarm.h"
#include "simulator/strategy.h"

#define PATIENCE 64      /* questions */

typedef struct
{
  guint32 priority;    /* of the step that comes after so many */
  guint   steps;       /* taken when it was drawn, plus 1; 0: not drawn yet */
  guint64 drawn_at;    /* which question */
} Note;

typedef struct
{
  TrioSimStrategy strategy;
  TrioSimSwarm    swarm;
  GArray         *notes;
  guint64         asked;
} Pos;

static guint32
priority_of (Pos *pos, TrioTask *task)
{
  Note *note = trio_sim_task_note (pos->notes, task);
  guint cancel_points, steps;

  trio_task_get_points (task, &cancel_points, &steps);
  if (note->steps != steps + 1 || pos->asked - note->drawn_at > PATIENCE)
    *note = (Note) {
      .priority = (guint32) (trio_sim_chance_next (&pos->swarm.chance) >> 32), .steps = steps + 1, .drawn_at = pos->asked,
    };
  return note->priority;
}

static guint32
choose_task (Pos *pos, const TrioChoicePoint *point)
{
  TrioTask *task = point->task;
  guint32 highest = 0, value = 0;

  pos->asked++;
  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    {
      guint32 priority = priority_of (pos, task);

      if (priority > highest)
        {
          highest = priority;
          value = i;
        }
    }
  return value;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Pos *pos = (Pos *) strategy;

  if (question->label->kind != TRIO_SIM_LABEL_SCHEDULE)
    return trio_sim_swarm_answer (&pos->swarm, question);
  return choose_task (pos, question->point);
}

static void
free_pos (TrioSimStrategy *strategy)
{
  Pos *pos = (Pos *) strategy;

  g_array_unref (pos->notes);
  g_free (pos);
}

TrioSimStrategy *
trio_sim_strategy_new_pos (const TrioSimStrategyParameters *parameters)
{
  Pos *pos = g_new0 (Pos, 1);

  pos->strategy = (TrioSimStrategy) { .answer = answer, .free = free_pos };
  trio_sim_swarm_init (&pos->swarm, parameters->seed, parameters->measure);
  pos->notes = trio_sim_task_notes_new (sizeof (Note));
  return &pos->strategy;
}
