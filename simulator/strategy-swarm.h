/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What all strategies share that search by chance: how everything but the order of the tasks is answered: latency, lag, faults,
 * cancellation, Ctrl-C, and what the program itself leaves to chance. strategy-swarm.c tells how. */

#pragma once

#include "simulator/strategy-chance.h"
#include "simulator/strategy-measure.h"
#include "simulator/tape.h"

G_BEGIN_DECLS

#define TRIO_SIM_SWARM_PLACES 2      /* at most so many of a kind are put into one run */

/* One kind of injection: at which of the questions of its kind it happens. */
typedef struct
{
  guint64 asked;
  guint64 places[TRIO_SIM_SWARM_PLACES];     /* from 1; 0: none */
} TrioSimPlan;

typedef struct
{
  TrioSimChance chance;         /* the strategy may draw from it, too */
  guint64       seed;
  TrioSimPlan   cancel;
  TrioSimPlan   interrupt;
  TrioSimPlan   fault;
  gboolean      few_faults;     /* only those of the plan */
} TrioSimSwarm;

/* measure: may be NULL; then the plans guess how long the run will be. */
void    trio_sim_swarm_init   (TrioSimSwarm *swarm, guint64 seed, const TrioSimMeasure *measure);
/* For any question but "schedule". */
guint32 trio_sim_swarm_answer (TrioSimSwarm *swarm, const TrioSimQuestion *question);

G_END_DECLS
