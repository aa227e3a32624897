/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seed draws a character for the whole run, so that runs differ in kind and not only in detail. The idea is swarm testing (Groce,
 * Zhang, Eide, Chen, Regehr: "Swarm testing", ISSTA 2012): a run that leaves whole kinds of things out goes further with the rest than
 * one that mixes a little of everything.
 *
 *   moods    each label has one for the run: off, or with how much weight its answers that are not dull are drawn. Some runs have a
 *            lazy network, some a sharp one, in some the machine lags all the time. A choice that the program weights evenly is drawn
 *            evenly, or has a favourite answer for this run
 *   plans    a cancellation, a Ctrl-C or a single fault happens at a question drawn evenly from all that a measured dull run asks (and
 *            a quarter more, since other schedules are longer): each place is as likely as any other. Most runs have one, some none
 *            or two
 *
 * A mood depends on the seed and the label alone, not on when the label is first asked. */

#include "simulator/strategy-swarm.h"

#define PLACES_GUESSED 64      /* when nothing was measured */

enum
{
  MOOD_OFF,
  MOOD_RARE,
  MOOD_AS_WEIGHTED,
  MOOD_FREQUENT,
  MOOD_WILD,
};

static guint64
spirit_of (const TrioSimSwarm *swarm, const TrioSimLabel *label)
{
  guint64 state = swarm->seed ^ label->hash;

  return trio_sim_chance_split (&state);
}

/* What breaks things is off in half of the runs, what only varies in one of four. Time that goes by while somebody could run makes an order,
 * too, of timers and tasks; a bug may need it at two places of their own, so in half of the runs it is more than a rarity. */
static guint
mood_of (guint64 spirit, const TrioSimLabel *label)
{
  static const guint8 faults[8] = { MOOD_OFF, MOOD_OFF, MOOD_OFF, MOOD_OFF, MOOD_RARE, MOOD_AS_WEIGHTED, MOOD_FREQUENT, MOOD_WILD };
  static const guint8 others[8] = {
    MOOD_OFF, MOOD_OFF, MOOD_RARE, MOOD_AS_WEIGHTED, MOOD_AS_WEIGHTED, MOOD_AS_WEIGHTED, MOOD_FREQUENT, MOOD_WILD
  };
  static const guint8 times[8] = {
    MOOD_OFF, MOOD_OFF, MOOD_RARE, MOOD_AS_WEIGHTED, MOOD_FREQUENT, MOOD_FREQUENT, MOOD_WILD, MOOD_WILD
  };

  if (label->kind == TRIO_SIM_LABEL_FAULT)
    return faults[spirit & 7];
  return (g_str_has_prefix (label->name, "clock.") ? times : others)[spirit & 7];
}

/* --- drawing --- */

static guint32
draw_weighted (TrioSimChance *chance, const TrioChoicePoint *point, guint mood)
{
  static const guint8 boosts[] = { [MOOD_RARE] = 1, [MOOD_AS_WEIGHTED] = 4, [MOOD_FREQUENT] = 16, [MOOD_WILD] = 64 };
  guint64 dull = (guint64) point->weights[0] * boosts[MOOD_AS_WEIGHTED];
  guint64 total = dull, left;
  guint32 value = 0;

  for (guint32 i = 1; i < point->bound; i++)
    total += (guint64) point->weights[i] * boosts[mood];
  if (total == 0)
    return 0;

  left = trio_sim_chance_draw64 (chance, total);
  if (left < dull)
    return 0;
  left -= dull;
  for (value = 1; left >= (guint64) point->weights[value] * boosts[mood]; value++)
    left -= (guint64) point->weights[value] * boosts[mood];
  return value;
}

/* In one of four runs the label has a favourite, which is taken three times of four. */
static guint32
draw_even (TrioSimChance *chance, guint32 bound, guint64 spirit)
{
  gboolean has_favourite = ((spirit >> 8) & 3) == 0;

  if (has_favourite && trio_sim_chance_draw (chance, 4) != 0)
    return (guint32) ((spirit >> 16) % bound);
  return trio_sim_chance_draw (chance, bound);
}

static guint32
draw_variation (TrioSimSwarm *swarm, const TrioSimQuestion *question)
{
  const TrioChoicePoint *point = question->point;
  guint64 spirit = spirit_of (swarm, question->label);
  guint mood = mood_of (spirit, question->label);

  if (mood == MOOD_OFF)
    return 0;
  return point->weights != NULL ? draw_weighted (&swarm->chance, point, mood) : draw_even (&swarm->chance, point->bound, spirit);
}

/* --- plans --- */

static void
make_plan (TrioSimPlan *plan, TrioSimChance *chance, guint64 expected)
{
  static const guint8 counts[8] = { 0, 1, 1, 1, 1, 1, 2, 2 };
  guint count = counts[trio_sim_chance_draw (chance, 8)];

  *plan = (TrioSimPlan) { 0 };
  for (guint i = 0; i < TRIO_SIM_SWARM_PLACES; i++)
    {
      guint64 place = 1 + trio_sim_chance_draw64 (chance, expected + expected / 4 + 1);

      plan->places[i] = i < count ? place : 0;
    }
}

static gboolean
is_planned (TrioSimPlan *plan)
{
  plan->asked++;
  for (guint i = 0; i < TRIO_SIM_SWARM_PLACES; i++)
    if (plan->places[i] == plan->asked)
      return TRUE;
  return FALSE;
}

/* Each further answer half as likely: of the scopes around a checkpoint the inner ones are cancelled more often, as by time-outs. To cancel
 * the outermost mostly just ends the run. */
static guint32
follow_plan (TrioSimSwarm *swarm, TrioSimPlan *plan, guint32 bound)
{
  guint32 value = 1;

  if (!is_planned (plan))
    return 0;
  while (value < bound - 1 && trio_sim_chance_draw (&swarm->chance, 2) == 0)
    value++;
  return value;
}

static guint32
draw_fault (TrioSimSwarm *swarm, const TrioSimQuestion *question)
{
  return swarm->few_faults ? follow_plan (swarm, &swarm->fault, question->point->bound) : draw_variation (swarm, question);
}

guint32
trio_sim_swarm_answer (TrioSimSwarm *swarm, const TrioSimQuestion *question)
{
  switch (question->label->kind)
    {
    case TRIO_SIM_LABEL_CANCEL:
      return follow_plan (swarm, &swarm->cancel, question->point->bound);
    case TRIO_SIM_LABEL_INTERRUPT:
      return follow_plan (swarm, &swarm->interrupt, question->point->bound);
    case TRIO_SIM_LABEL_FAULT:
      return draw_fault (swarm, question);
    case TRIO_SIM_LABEL_SCHEDULE:
    case TRIO_SIM_LABEL_OTHER:
      break;
    }
  return draw_variation (swarm, question);
}

void
trio_sim_swarm_init (TrioSimSwarm *swarm, guint64 seed, const TrioSimMeasure *measure)
{
  trio_sim_chance_init (&swarm->chance, seed);
  swarm->seed = seed;
  make_plan (&swarm->cancel, &swarm->chance, measure == NULL ? PLACES_GUESSED : measure->n_cancels);
  make_plan (&swarm->interrupt, &swarm->chance, measure == NULL ? PLACES_GUESSED : measure->n_interrupts);
  make_plan (&swarm->fault, &swarm->chance, measure == NULL ? PLACES_GUESSED : measure->n_faults);
  swarm->few_faults = trio_sim_chance_draw (&swarm->chance, 2) == 0;
}
