/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* pos — a priority for each step. After Yuan, Yang, Gu: "Partial order aware concurrency sampling", CAV 2018.
 *
 * The next step of every task has a priority, drawn when the step becomes the task's next. The highest of those who can go goes. So a
 * task that drew low is late for one step and not for the whole run, and what matters of an order, who is first at each place where two
 * meet, is drawn again and again.
 *
 * When a step is taken, those that wait and touch what it touches draw again: each race is decided by a draw of its own. What a step will
 * touch is known for sure only when it has been taken; the guess is what the same step of the same task touched in the measured dull run,
 * and it may be wrong. The program's own memory is known where its loads and stores are seen (memory-callbacks.c); else, among steps that
 * touch nothing of the runtime, a priority is kept until its step is taken, as in the paper's basic form.
 *
 * A step that has waited long draws again, so that it is not at the mercy of one low number while a
 * spinner draws at each round. */

#include "simulator/strategy-measure.h"
#include "simulator/strategy-swarm.h"

#define PATIENCE 64      /* questions */

typedef struct
{
  guint32 priority;    /* of the step that comes after so many */
  guint   steps;       /* taken when it was drawn, plus 1; 0: not drawn yet */
  guint64 drawn_at;    /* which question */
  guint   index;       /* of the measure, plus 1; 0: not looked up, or not there */
} Note;

typedef struct
{
  TrioSimStrategy       strategy;
  TrioSimSwarm          swarm;
  const TrioSimMeasure *measure;
  GArray               *notes;
  guint64               asked;
} Pos;

static Note *
note_of (Pos *pos, TrioTask *task)
{
  Note *note = trio_sim_task_note (pos->notes, task);
  guint cancel_points, steps;

  trio_task_get_points (task, &cancel_points, &steps);
  if (note->index == 0)
    note->index = trio_sim_measure_find (pos->measure, task) + 1;
  if (note->steps != steps + 1 || pos->asked - note->drawn_at > PATIENCE)
    {
      note->priority = (guint32) (trio_sim_chance_next (&pos->swarm.chance) >> 32);
      note->steps = steps + 1;
      note->drawn_at = pos->asked;
    }
  return note;
}

static gboolean
may_race (const Pos *pos, const Note *a, const Note *b)
{
  return a->index > 0 && b->index > 0 && trio_sim_measure_conflicts (pos->measure, a->index - 1, a->steps - 1, b->index - 1, b->steps - 1);
}

/* Those whose next step may touch what the chosen one's touches draw again, at the next question. */
static void
redraw_racing (Pos *pos, const TrioChoicePoint *point, guint32 chosen, const Note *its_note)
{
  TrioTask *task = point->task;

  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    {
      Note *note = trio_sim_task_note (pos->notes, task);

      if (i != chosen && may_race (pos, its_note, note))
        note->steps = 0;
    }
}

static guint32
choose_task (Pos *pos, const TrioChoicePoint *point)
{
  TrioTask *task = point->task;
  Note highest = { 0 };
  guint32 value = 0;

  pos->asked++;
  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    {
      const Note *note = note_of (pos, task);

      if (i == 0 || note->priority > highest.priority)
        {
          highest = *note;
          value = i;
        }
    }
  if (pos->measure != NULL && pos->measure->n_objects > 0)
    redraw_racing (pos, point, value, &highest);
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
  pos->measure = parameters->measure;
  pos->notes = trio_sim_task_notes_new (sizeof (Note));
  return &pos->strategy;
}
