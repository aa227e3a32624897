/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* random — answers drawn from a seed. The seed also draws a temper for the whole run, so that runs differ in kind and not only in detail:
 *
 *   sparse     in half of the runs any answer is dull but for one in 8, 32 or 128: a few decisions at any place. Most bugs
 *              need few, and what is found so is nearly small already (compare delay-bounded scheduling, Emmi et al.,
 *              POPL 2011);
 *   calm       in the others the line is walked at random, always or every second time, and the rest goes by its weights;
 *   moods      a label whose mood is off gets dull answers in this run: some runs have a lazy network, some a sharp one.
 *              (The idea is "swarm testing", Groce et al., ISSTA 2012: leaving things out finds more than mixing
 *              everything always.)
 *   patience   one in how many checkpoints is hit by an injection. At most one cancellation and one Ctrl-C are injected in a run;
 *              where a second one matters (in clean-up), a sweep over pairs finds it. */

#include "simulator/strategy-chance.h"
#include "simulator/strategy.h"

typedef struct
{
  TrioSimStrategy strategy;
  TrioSimChance   chance;
  guint64         seed;
  guint32         sparse;          /* one in so many answers is not dull; 0: not this temper */
  guint32         calm;            /* of 256: the line is left alone */
  guint32         patience[2];     /* cancel, interrupt */
  gboolean        injected[2];
} Random;

static inline guint32
draw (Random *random, guint32 n)
{
  return trio_sim_chance_draw (&random->chance, n);
}

static guint32
draw_weighted (Random *random, const guint32 *weights, guint32 first, guint32 bound)
{
  guint64 total = 0;
  guint32 value = first;

  for (guint32 i = first; i < bound; i++)
    total += weights[i];
  if (total == 0)
    return 0;

  guint64 left = draw (random, (guint32) MIN (total, G_MAXUINT32));
  while (left >= weights[value])
    left -= weights[value++];
  return value;
}

static guint32
draw_injection (Random *random, const TrioSimQuestion *question, guint which)
{
  if (random->injected[which] || draw (random, random->patience[which]) != 0)
    return 0;
  random->injected[which] = TRUE;
  return 1 + draw (random, question->point->bound - 1);
}

/* Off in one of four runs for what only varies, in one of two for what breaks things. */
static gboolean
is_off (Random *random, const TrioSimLabel *label)
{
  guint64 state = random->seed ^ label->hash;
  guint64 mood = trio_sim_chance_split (&state);

  return (mood & (label->kind == TRIO_SIM_LABEL_FAULT ? 1 : 3)) == 0;
}

/* Among the answers from first on. */
static guint32
draw_answer (Random *random, const TrioChoicePoint *point, guint32 first)
{
  return point->weights != NULL ? draw_weighted (random, point->weights, first, point->bound)
                                : first + draw (random, point->bound - first);
}

static guint32
draw_sparse (Random *random, const TrioSimQuestion *question)
{
  return draw (random, random->sparse) != 0 || is_off (random, question->label) ? 0 : draw_answer (random, question->point, 1);
}

static guint32
draw_other (Random *random, const TrioSimQuestion *question)
{
  return is_off (random, question->label) ? 0 : draw_answer (random, question->point, 0);
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Random *random = (Random *) strategy;

  switch (question->label->kind)
    {
    case TRIO_SIM_LABEL_SCHEDULE:
      if (random->sparse > 0)
        return draw_sparse (random, question);
      return random->calm > 0 && draw (random, 256) < random->calm ? 0 : draw (random, question->point->bound);
    case TRIO_SIM_LABEL_CANCEL:
      return draw_injection (random, question, 0);
    case TRIO_SIM_LABEL_INTERRUPT:
      return draw_injection (random, question, 1);
    case TRIO_SIM_LABEL_FAULT:
    case TRIO_SIM_LABEL_OTHER:
      return random->sparse > 0 ? draw_sparse (random, question) : draw_other (random, question);
    }
  return 0;
}

static void
free_random (TrioSimStrategy *strategy)
{
  g_free (strategy);
}

TrioSimStrategy *
trio_sim_strategy_new_random (guint64 seed)
{
  static const guint32 sparses[] = { 0, 0, 0, 8, 32, 128 };
  static const guint32 calms[] = { 0, 128 };
  static const guint32 patiences[] = { 10, 40, 160, 640 };
  Random *random = g_new (Random, 1);

  *random = (Random) { .strategy = { .answer = answer, .free = free_random }, .seed = seed };
  trio_sim_chance_init (&random->chance, seed);
  random->sparse = sparses[draw (random, G_N_ELEMENTS (sparses))];
  random->calm = calms[draw (random, G_N_ELEMENTS (calms))];
  for (guint i = 0; i < G_N_ELEMENTS (random->patience); i++)
    random->patience[i] = patiences[draw (random, G_N_ELEMENTS (patiences))];
  return &random->strategy;
}
