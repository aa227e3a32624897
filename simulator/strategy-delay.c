/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* delay:D — a scheduler without chance, delayed D times. After Emmi, Qadeer, Rakamarić: "Delay-bounded scheduling", POPL 2011.
 *
 * A delay passes over the task that would go, once. The D delays fall on questions drawn from the first K (how many steps the dull run takes,
 * or "k=" says); several may fall on one, and some behind the end of the run. What is delayed, the base, is either of two:
 *
 *     base=fifo      the ordinary run: first come, first served. Then no more than D answers are not dull
 *     base=block     whoever goes goes on until it waits or ends, then the next by birth, round and round: the paper's. Then no more
 *                    than D times one is interrupted who could have gone on
 *
 * Without "base=" the seed draws one of them. With base=block a task that spins, seen by going more often in a row than all had to in the
 * dull run, is passed over as if it waited; and after ten times K questions, and a thousand, the rest of the run is a fair random walk. */

#include "simulator/strategy-swarm.h"
#include "simulator/strategy.h"

#define PATIENCE_MIN 16
#define FAIR_AFTER   1000

typedef struct
{
  TrioSimStrategy   strategy;
  TrioSimSwarm      swarm;
  TrioSimDelayBase  base;
  guint64          *delays;         /* at which questions, from 1 */
  guint             n_delays;
  guint64           asked;
  guint64           last_serial;    /* who went at the latest question */
  guint64           in_a_row;
  guint64           patience;
  guint64           fair_after;
} Delay;

static guint
count_delays (const Delay *delay)
{
  guint n = 0;

  for (guint i = 0; i < delay->n_delays; i++)
    n += delay->delays[i] == delay->asked;
  return n;
}

/* By birth, from `serial` on, round and round: who is first of those in line. */
static guint32
find_from (const TrioChoicePoint *point, guint64 serial, guint64 *found)
{
  TrioTask *task = point->task;
  guint64 best = G_MAXUINT64;
  guint32 value = 0;

  for (guint32 i = 0; i < point->bound; i++, task = point->next_task (point, task))
    {
      guint64 distance = trio_task_get_serial (task) - serial;

      if (distance < best)
        {
          best = distance;
          value = i;
        }
    }
  *found = serial + best;
  return value;
}

static guint32
choose_blocking (Delay *delay, const TrioChoicePoint *point, guint skips)
{
  guint64 before = delay->last_serial, serial = before;
  guint32 value;

  if (delay->in_a_row > delay->patience)
    skips++;
  value = find_from (point, serial, &serial);
  for (guint i = 0; i < skips; i++)
    value = find_from (point, serial + 1, &serial);
  delay->in_a_row = serial == before ? delay->in_a_row + 1 : 1;
  delay->last_serial = serial;
  return value;
}

static guint32
choose_task (Delay *delay, const TrioChoicePoint *point)
{
  guint skips;

  delay->asked++;
  if (delay->asked > delay->fair_after)
    return trio_sim_chance_draw (&delay->swarm.chance, point->bound);
  skips = count_delays (delay);
  return delay->base == TRIO_SIM_DELAY_BLOCK ? choose_blocking (delay, point, skips) : skips % point->bound;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Delay *delay = (Delay *) strategy;

  if (question->label->kind != TRIO_SIM_LABEL_SCHEDULE)
    return trio_sim_swarm_answer (&delay->swarm, question);
  return choose_task (delay, question->point);
}

static void
free_delay (TrioSimStrategy *strategy)
{
  Delay *delay = (Delay *) strategy;

  g_free (delay->delays);
  g_free (delay);
}

TrioSimStrategy *
trio_sim_strategy_new_delay (const TrioSimStrategyParameters *parameters)
{
  Delay *delay = g_new0 (Delay, 1);

  delay->strategy = (TrioSimStrategy) { .answer = answer, .free = free_delay };
  trio_sim_swarm_init (&delay->swarm, parameters->seed, parameters->measure);
  delay->base = trio_sim_chance_draw (&delay->swarm.chance, 2) == 0 ? TRIO_SIM_DELAY_FIFO : TRIO_SIM_DELAY_BLOCK;
  if (parameters->base != TRIO_SIM_DELAY_ANY)
    delay->base = parameters->base;
  delay->n_delays = parameters->n;
  delay->delays = g_new (guint64, delay->n_delays);
  for (guint i = 0; i < delay->n_delays; i++)
    delay->delays[i] = 1 + trio_sim_chance_draw64 (&delay->swarm.chance, parameters->k);
  delay->patience = MAX (parameters->k, PATIENCE_MIN);
  delay->fair_after = delay->base == TRIO_SIM_DELAY_FIFO ? G_MAXUINT64 : MAX (10 * parameters->k, FAIR_AFTER);
  return &delay->strategy;
}
