/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* surw — each order of some steps is as likely as any other, and the rest goes as it may. After Zhao et al.: "Selectively uniform
 * concurrency testing", ASPLOS 2025.
 *
 * Most steps have nothing to do with a bug, and being uniform over all of them thins out those that have. So each run selects a few, and
 * draws whose of them comes next, in proportion to how many each task still has: the intent. Until the intended task has taken its selected
 * step, other tasks whose next step is selected are held back. All who are not held back are drawn evenly.
 *
 * What is selected, the seed draws:
 *
 *     object    the steps that touched one object, of those that several tasks touched in the measured dull run, or one word of memory, of
 *               those that they contended for, where the program's loads and stores are seen (half of the runs, if there is one)
 *     tasks     all steps of two or three tasks
 *     steps     any step, with one chance in 2, 4 or 8
 *
 * Steps are known by the path of their task and their number in it, as measured. If all who could go are held back, or the intended task
 * has not come for long, since it waits for one that is held back, another is intended. */

#include "simulator/strategy-measure.h"
#include "simulator/strategy-swarm.h"

#define PATIENCE 64      /* questions */

typedef enum
{
  SELECTS_OBJECT,
  SELECTS_TASKS,
  SELECTS_STEPS,
} Selection;

typedef struct
{
  guint index;        /* of the measure, plus 1; 0: not there, or not looked up */
  guint counted;      /* steps taken, as far as they are counted in `left` */
} Note;

/* Of a measured task: selected steps. */
typedef struct
{
  gboolean chosen;    /* for SELECTS_TASKS */
  guint64  left;      /* its own, not taken yet */
  guint64  subtree;   /* of it and all below it, in the measured run */
  guint64  unborn;    /* of those it has yet to start */
} Part;

typedef struct
{
  TrioSimStrategy       strategy;
  TrioSimSwarm          swarm;
  const TrioSimMeasure *measure;
  GArray               *notes;
  Part                 *parts;      /* by index of the measure */
  Selection             selection;
  guint32               object;
  guint32               rarity;
  guint64               salt;
  guint                 intent;     /* index; TRIO_SIM_NO_TASK: to be drawn */
  guint                 intended_for;
} Surw;

static const TrioSimTaskMeasure *
measured (const Surw *surw, guint index)
{
  return &g_array_index (surw->measure->tasks, TrioSimTaskMeasure, index);
}

static gboolean
is_selected (const Surw *surw, guint index, guint step)
{
  guint64 spirit = surw->salt ^ ((guint64) index << 32 | step);

  if (step >= measured (surw, index)->steps)
    return FALSE;
  switch (surw->selection)
    {
    case SELECTS_OBJECT:
      return trio_sim_measure_touches (surw->measure, index, step, surw->object);
    case SELECTS_TASKS:
      return surw->parts[index].chosen;
    case SELECTS_STEPS:
      return trio_sim_chance_split (&spirit) % surw->rarity == 0;
    }
  return FALSE;
}

/* --- the intent --- */

static guint64
weight_of (const Surw *surw, guint index)
{
  return surw->parts[index].left + surw->parts[index].unborn;
}

/* A child is born: it takes its share of what its parent was to do, and maybe the intent. */
static void
give_birth (Surw *surw, guint index)
{
  guint parent = measured (surw, index)->parent;
  guint64 share = surw->parts[index].subtree;

  if (parent == TRIO_SIM_NO_TASK || share == 0)
    return;
  if (parent == surw->intent && trio_sim_chance_draw64 (&surw->swarm.chance, MAX (weight_of (surw, parent), 1)) < share)
    surw->intent = index;
  surw->parts[parent].unborn -= MIN (surw->parts[parent].unborn, share);
}

static Note *
note_of (Surw *surw, TrioTask *task)
{
  Note *note = trio_sim_task_note (surw->notes, task);
  guint cancel_points, taken;

  if (note->index == 0)
    {
      note->index = trio_sim_measure_find (surw->measure, task) + 1;
      if (note->index == 0)
        return note;
      give_birth (surw, note->index - 1);
    }
  trio_task_get_points (task, &cancel_points, &taken);
  for (; note->counted < taken; note->counted++)
    if (is_selected (surw, note->index - 1, note->counted))
      surw->parts[note->index - 1].left -= surw->parts[note->index - 1].left > 0;
  return note;
}

/* Among those who can go. */
static void
draw_intent (Surw *surw, const TrioChoicePoint *point)
{
  TrioTask *task = point->task;
  guint64 total = 0, left;

  surw->intent = TRIO_SIM_NO_TASK;
  surw->intended_for = 0;
  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    {
      const Note *note = trio_sim_task_note (surw->notes, task);

      total += note->index == 0 ? 0 : weight_of (surw, note->index - 1);
    }
  if (total == 0)
    return;

  left = trio_sim_chance_draw64 (&surw->swarm.chance, total);
  task = point->task;
  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    {
      const Note *note = trio_sim_task_note (surw->notes, task);
      guint64 weight = note->index == 0 ? 0 : weight_of (surw, note->index - 1);

      if (left < weight)
        {
          surw->intent = note->index - 1;
          return;
        }
      left -= weight;
    }
}

/* --- choosing --- */

static gboolean
is_next_selected (const Surw *surw, const Note *note)
{
  return note->index > 0 && is_selected (surw, note->index - 1, note->counted);
}

static gboolean
is_held (const Surw *surw, TrioTask *task)
{
  const Note *note = trio_sim_task_note (surw->notes, task);

  return surw->intent != note->index - 1 && is_next_selected (surw, note);
}

static guint32
count_free (const Surw *surw, const TrioChoicePoint *point)
{
  TrioTask *task = point->task;
  guint32 n = 0;

  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    n += !is_held (surw, task);
  return n;
}

static guint32
choose_task (Surw *surw, const TrioChoicePoint *point)
{
  TrioTask *task = point->task;
  guint32 n_free, left, value = 0;

  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    note_of (surw, task);
  if (surw->intent == TRIO_SIM_NO_TASK || ++surw->intended_for > PATIENCE || count_free (surw, point) == 0)
    draw_intent (surw, point);
  n_free = count_free (surw, point);
  if (n_free == 0)
    return trio_sim_chance_draw (&surw->swarm.chance, point->bound);

  left = trio_sim_chance_draw (&surw->swarm.chance, n_free);
  for (task = point->task; is_held (surw, task) || left-- > 0; value++)
    task = point->next_task (point, task);
  if (is_next_selected (surw, trio_sim_task_note (surw->notes, task)))
    surw->intent = TRIO_SIM_NO_TASK;
  return value;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Surw *surw = (Surw *) strategy;

  if (question->label->kind != TRIO_SIM_LABEL_SCHEDULE)
    return trio_sim_swarm_answer (&surw->swarm, question);
  return choose_task (surw, question->point);
}

/* --- life --- */

static void
free_surw (TrioSimStrategy *strategy)
{
  Surw *surw = (Surw *) strategy;

  g_array_unref (surw->notes);
  g_free (surw->parts);
  g_free (surw);
}

/* In proportion to their steps: of those who take one step, as most do that only start others, little can be late. */
static void
choose_one (Surw *surw)
{
  guint64 left = trio_sim_chance_draw64 (&surw->swarm.chance, MAX (surw->measure->n_steps, 1));

  for (guint i = 0; i < surw->measure->tasks->len; i++)
    {
      if (left < measured (surw, i)->steps)
        {
          surw->parts[i].chosen = TRUE;
          return;
        }
      left -= measured (surw, i)->steps;
    }
}

static void
draw_selection (Surw *surw)
{
  static const guint32 rarities[] = { 2, 4, 8 };
  TrioSimChance *chance = &surw->swarm.chance;

  surw->salt = trio_sim_chance_next (chance);
  surw->rarity = rarities[trio_sim_chance_draw (chance, G_N_ELEMENTS (rarities))];
  surw->selection = trio_sim_chance_draw (chance, 2) == 0 ? SELECTS_TASKS : SELECTS_STEPS;
  if (surw->measure->n_objects > 0)
    {
      surw->object = trio_sim_chance_draw (chance, surw->measure->n_objects);
      if (trio_sim_chance_draw (chance, 2) == 0)
        surw->selection = SELECTS_OBJECT;
    }
  for (guint i = 2 + trio_sim_chance_draw (chance, 2); i > 0; i--)
    choose_one (surw);
}

static void
count_selected (Surw *surw)
{
  for (guint i = surw->measure->tasks->len; i-- > 0;)
    {
      Part *part = &surw->parts[i];
      guint parent = measured (surw, i)->parent;

      for (guint step = 0; step < measured (surw, i)->steps; step++)
        part->left += is_selected (surw, i, step);
      part->subtree = part->left + part->unborn;
      if (parent != TRIO_SIM_NO_TASK)
        surw->parts[parent].unborn += part->subtree;
    }
}

TrioSimStrategy *
trio_sim_strategy_new_surw (const TrioSimStrategyParameters *parameters)
{
  Surw *surw = g_new0 (Surw, 1);

  surw->strategy = (TrioSimStrategy) { .answer = answer, .free = free_surw };
  trio_sim_swarm_init (&surw->swarm, parameters->seed, parameters->measure);
  surw->measure = parameters->measure;
  surw->notes = trio_sim_task_notes_new (sizeof (Note));
  surw->parts = g_new0 (Part, MAX (surw->measure->tasks->len, 1));
  surw->intent = TRIO_SIM_NO_TASK;
  draw_selection (surw);
  count_selected (surw);
  return &surw->strategy;
}
