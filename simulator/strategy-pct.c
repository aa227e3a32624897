/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* pct:D — priorities and a few changes of them. After Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler with
 * probabilistic guarantees of finding bugs", ASPLOS 2010.
 *
 * Every task has a priority of its own, drawn when it is first seen. Whoever of those who can go has the highest goes, for as long as it
 * can. At D - 1 questions, drawn from the first K, the one that would go falls below all those who have not fallen; among the fallen the
 * order was drawn, too. A bug that needs D tasks' steps in a certain order is found with probability 1 / (N K^(D-1)) or more in each run,
 * N being how many tasks there are.
 *
 *     first       before        after a change
 *     b 901       b  901        c  340
 *     c 340       c  340        a   77
 *     a  77       a   77        b   -1       b waits until all others do
 *
 * A question is where two can go: only there an order is chosen, so only there it can change. K is how many steps the dull run takes (or
 * "k=" says it), and not how many of those were questions: who waits in line for others in the dull run is asked about in other orders.
 *
 * Who spins waits for others, and by its priority would keep them from coming: a task that has gone more often in a row, although others
 * could, than all tasks together had to in the dull run, falls below everybody. And after ten times K questions, and a thousand, the rest
 * of the run is a fair random walk, so that a run without end under this strategy is one under any. */

#include "simulator/strategy-swarm.h"
#include "simulator/strategy.h"

#define PATIENCE_MIN  16
#define FAIR_AFTER    1000

typedef struct
{
  gint64 priority;     /* 0: not drawn yet; above: as drawn; below: it has fallen */
} Note;

typedef struct
{
  guint64 question;    /* from 1 */
  gint64  priority;
} Change;

typedef struct
{
  TrioSimStrategy strategy;
  TrioSimSwarm    swarm;
  GArray         *notes;          /* of Note */
  Change         *changes;        /* by question */
  guint           n_changes;
  guint           next_change;
  guint64         asked;
  gint64          bottom;         /* the lowest priority given so far */
  guint64         last_serial;    /* who went at the latest question */
  guint64         in_a_row;
  guint64         patience;
  guint64         fair_after;
} Pct;

static Note *
note_of (Pct *pct, TrioTask *task)
{
  Note *note = trio_sim_task_note (pct->notes, task);

  if (note->priority == 0)
    note->priority = 1 + (gint64) (trio_sim_chance_next (&pct->swarm.chance) >> 2);
  return note;
}

/* Equal priorities, should they ever be drawn, go by place in line. */
static TrioTask *
find_highest (Pct *pct, const TrioChoicePoint *point, guint32 *value)
{
  TrioTask *highest = NULL, *task = point->task;
  gint64 priority = G_MININT64;

  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    {
      Note *note = note_of (pct, task);

      if (note->priority > priority)
        {
          highest = task;
          priority = note->priority;
          *value = i;
        }
    }
  return highest;
}

static gboolean
has_spun (Pct *pct, TrioTask *task)
{
  guint64 serial = trio_task_get_serial (task);

  pct->in_a_row = serial == pct->last_serial ? pct->in_a_row + 1 : 1;
  pct->last_serial = serial;
  return pct->in_a_row > pct->patience;
}

static gboolean
is_time_for_change (Pct *pct)
{
  return pct->next_change < pct->n_changes && pct->changes[pct->next_change].question == pct->asked;
}

static guint32
choose_task (Pct *pct, const TrioChoicePoint *point)
{
  guint32 value = 0;
  TrioTask *task;

  pct->asked++;
  if (pct->asked > pct->fair_after)
    return trio_sim_chance_draw (&pct->swarm.chance, point->bound);

  task = find_highest (pct, point, &value);
  if (is_time_for_change (pct))
    {
      note_of (pct, task)->priority = pct->changes[pct->next_change++].priority;
      task = find_highest (pct, point, &value);
    }
  if (has_spun (pct, task))
    {
      note_of (pct, task)->priority = --pct->bottom;
      pct->in_a_row = 0;
      find_highest (pct, point, &value);
    }
  return value;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Pct *pct = (Pct *) strategy;

  if (question->label->kind != TRIO_SIM_LABEL_SCHEDULE)
    return trio_sim_swarm_answer (&pct->swarm, question);
  return choose_task (pct, question->point);
}

static void
free_pct (TrioSimStrategy *strategy)
{
  Pct *pct = (Pct *) strategy;

  g_array_unref (pct->notes);
  g_free (pct->changes);
  g_free (pct);
}

static gboolean
is_taken (const Pct *pct, guint64 question)
{
  for (guint i = 0; i < pct->n_changes; i++)
    if (pct->changes[i].question == question)
      return TRUE;
  return FALSE;
}

/* Different questions, drawn from the first k, kept in order; the j-th that was drawn gives the priority -j: so the order of the fallen has
 * nothing to do with the order in which they fall. */
static void
draw_changes (Pct *pct, guint n, guint64 k)
{
  pct->changes = g_new0 (Change, n);
  for (guint j = 1; j <= n; j++)
    {
      Change change = { .question = 1 + trio_sim_chance_draw64 (&pct->swarm.chance, k), .priority = -(gint64) j };
      guint place = pct->n_changes;

      while (is_taken (pct, change.question))
        change.question = change.question % k + 1;
      for (; place > 0 && pct->changes[place - 1].question > change.question; place--)
        pct->changes[place] = pct->changes[place - 1];
      pct->changes[place] = change;
      pct->n_changes++;
    }
  pct->bottom = -(gint64) n;
}

TrioSimStrategy *
trio_sim_strategy_new_pct (const TrioSimStrategyParameters *parameters)
{
  Pct *pct = g_new0 (Pct, 1);
  guint64 k = MAX (parameters->k, parameters->n);

  pct->strategy = (TrioSimStrategy) { .answer = answer, .free = free_pct };
  trio_sim_swarm_init (&pct->swarm, parameters->seed, parameters->measure);
  pct->notes = trio_sim_task_notes_new (sizeof (Note));
  pct->last_serial = G_MAXUINT64;
  pct->patience = MAX (k, PATIENCE_MIN);
  pct->fair_after = MAX (10 * k, FAIR_AFTER);
  draw_changes (pct, parameters->n - 1, k);
  return &pct->strategy;
}
