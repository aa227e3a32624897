/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A strategy answers the questions of one run. It is small on purpose: a search is a loop around trio_sim_run(), a strategy is only
 * what one run needs.
 *
 *     fifo      every answer is the dull one
 *     random    draws the answers from a seed
 *     replay    reads them from a schedule, by address
 *     prefix    replays the first steps, and leaves the rest to another strategy
 *     bytes     reads them from bytes, by position: for fuzzers */

#pragma once

#include "simulator/tape.h"

G_BEGIN_DECLS

struct _TrioSimStrategy
{
  /* Answers below question->point->bound. */
  guint32 (*answer)        (TrioSimStrategy *self, const TrioSimQuestion *question);
  /* After the run: how many of its answers found no question. NULL: none. */
  guint   (*get_unmatched) (TrioSimStrategy *self);
  void    (*free)          (TrioSimStrategy *self);
};

TrioSimStrategy *trio_sim_strategy_new_fifo   (void);
TrioSimStrategy *trio_sim_strategy_new_random (guint64 seed);
/* (transfer none): schedule outlives the strategy. */
TrioSimStrategy *trio_sim_strategy_new_replay (const TrioSchedule *schedule);
/* The first n_steps steps as schedule has them, then suffix answers, which injects only kinds of suffix_inject. (transfer none) for
 * schedule, (transfer full) for suffix. */
TrioSimStrategy *trio_sim_strategy_new_prefix (const TrioSchedule *schedule, guint64 n_steps, TrioSimStrategy *suffix,
                                               TrioSimInject suffix_inject);
/* (transfer none): bytes outlive the strategy. */
TrioSimStrategy *trio_sim_strategy_new_bytes  (const guint8 *bytes, gsize n_bytes);

/* The one that options ask for; NULL with TRIO_ERROR_MISUSE if there is none. */
TrioSimStrategy *trio_sim_strategy_new        (const TrioSimOptions *options, GError **error);

/* What options allow to inject, and what a schedule to replay needs. */
TrioSimInject    trio_sim_strategy_get_inject (const TrioSimOptions *options);

G_END_DECLS
