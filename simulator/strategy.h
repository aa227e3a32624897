/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A strategy answers the questions of one run. It is small on purpose: a search is a loop around trio_sim_run(), a strategy is only
 * what one run needs. Each is a page of its own, and strategy-names.c is the door to all of them by name.
 *
 *     fifo         every answer is the dull one
 *     random       draws the answers from a seed
 *     pct:D        priorities, changed D - 1 times
 *     pos          a priority for each step
 *     urw          each order of all steps alike
 *     surw         each order of some steps alike
 *     delay:D      a scheduler without chance, delayed D times
 *     portfolio    one of those: they take turns
 *     replay       reads them from a schedule, by address
 *     prefix       replays the first steps, and leaves the rest to another strategy
 *     bytes        reads them from bytes, by position: for fuzzers
 *
 * Always true of those that search:
 *  1. The run is a function of seed, text, program and what may be injected. What was measured is a function of the last two.
 *  2. They are fair in the end: who spins does not keep others from going on for ever. */

#pragma once

#include "simulator/tape.h"

#include <trio/lowlevel/task.h>

G_BEGIN_DECLS

struct _TrioSimStrategy
{
  /* Answers below question->point->bound. */
  guint32    (*answer)        (TrioSimStrategy *self, const TrioSimQuestion *question);
  /* After the run: how many of its answers found no question. NULL: none. */
  guint      (*get_unmatched) (TrioSimStrategy *self);
  void       (*free)          (TrioSimStrategy *self);
  const char  *name;          /* as it would be typed to get it again: "pct:3,k=41" */
};

typedef enum
{
  TRIO_SIM_DELAY_ANY,
  TRIO_SIM_DELAY_FIFO,
  TRIO_SIM_DELAY_BLOCK,
} TrioSimDelayBase;

/* What a strategy is made from. */
typedef struct
{
  guint64                seed;
  guint                  n;          /* after the colon */
  guint64                k;          /* questions to expect, the steps of the dull run; for those whose text may say so */
  TrioSimDelayBase       base;       /* of "delay" */
  const TrioSimMeasure  *measure;    /* NULL for those that need none */
} TrioSimStrategyParameters;

TrioSimStrategy *trio_sim_strategy_new_fifo   (void);
TrioSimStrategy *trio_sim_strategy_new_random (guint64 seed);
TrioSimStrategy *trio_sim_strategy_new_pct    (const TrioSimStrategyParameters *parameters);
TrioSimStrategy *trio_sim_strategy_new_pos    (const TrioSimStrategyParameters *parameters);
TrioSimStrategy *trio_sim_strategy_new_urw    (const TrioSimStrategyParameters *parameters);
TrioSimStrategy *trio_sim_strategy_new_surw   (const TrioSimStrategyParameters *parameters);
TrioSimStrategy *trio_sim_strategy_new_delay  (const TrioSimStrategyParameters *parameters);
/* (transfer none): schedule outlives the strategy. */
TrioSimStrategy *trio_sim_strategy_new_replay (const TrioSchedule *schedule);
/* The first n_steps steps as schedule has them, then suffix answers, which injects only kinds of suffix_inject. (transfer none) for
 * schedule, (transfer full) for suffix. */
TrioSimStrategy *trio_sim_strategy_new_prefix (const TrioSchedule *schedule, guint64 n_steps, TrioSimStrategy *suffix,
                                               TrioSimInject suffix_inject);
/* (transfer none): bytes outlive the strategy. */
TrioSimStrategy *trio_sim_strategy_new_bytes  (const guint8 *bytes, gsize n_bytes);

/* Whose turn it is in the portfolio, counted from 0; static text. */
const char      *trio_sim_portfolio_pick      (guint64 turn);

/* The one that options ask for; NULL with TRIO_ERROR_MISUSE if there is none. measure: not NULL if it is asked for. */
TrioSimStrategy *trio_sim_strategy_new           (const TrioSimOptions *options, const TrioSimMeasure *measure, GError **error);
/* Whether it needs to know how long the dull run is. FALSE for one that there is not. */
gboolean         trio_sim_strategy_needs_measure (const TrioSimOptions *options);
/* Whether text is a strategy that explores: the seed is all it needs. */
gboolean         trio_sim_strategy_check         (const char *text, GError **error);

/* What options allow to inject, and what a schedule to replay needs. */
TrioSimInject    trio_sim_strategy_get_inject    (const TrioSimOptions *options);

/* Notes about tasks: an array by serial of whatever a strategy keeps for each, zero at first. */
static inline GArray *
trio_sim_task_notes_new (gsize size)
{
  return g_array_sized_new (FALSE, TRUE, (guint) size, 16);
}

/* Valid until the next call. */
static inline gpointer
trio_sim_task_note (GArray *notes, TrioTask *task)
{
  guint serial = (guint) trio_task_get_serial (task);

  if (G_UNLIKELY (serial >= notes->len))
    g_array_set_size (notes, serial + 1);
  return notes->data + (gsize) serial * g_array_get_element_size (notes);
}

G_END_DECLS
