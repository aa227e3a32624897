/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a strategy knows of a scenario before its run: how long the dull run of it is, counted in the ways that matter to a search.
 *
 * Always true:
 *  1. A measure is a function of the scenario, of what may be injected, and of the limits of a run: it is taken from one run in which
 *     every answer is dull. So a seed, the strategy's text and the program are enough to repeat a run, whoever measures, and when.
 *  2. Steps of a task are kept under its path, which means the same task in every run. */

#pragma once

#include "simulator/strategy.h"

G_BEGIN_DECLS

/* One task of the measured run. */
typedef struct
{
  guint64 path_hash;
  guint64 parent_hash;     /* 0: it has none */
  guint64 steps;
} TrioSimTaskMeasure;

struct _TrioSimMeasure
{
  guint64  n_schedules;    /* how often more than one task could go */
  guint64  n_cancels;      /* how often was asked about a cancellation … */
  guint64  n_interrupts;
  guint64  n_faults;
  guint64  n_steps;
  GArray  *tasks;          /* of TrioSimTaskMeasure, in order of birth */
};

/* Takes the measure: the strategy of the measured run, and an instrument to be put into it; then what they saw. */
typedef struct _TrioSimProbe TrioSimProbe;

TrioSimProbe    *trio_sim_probe_new            (void);
TrioInstrument  *trio_sim_probe_get_instrument (TrioSimProbe *probe);
/* The run owns it: freeing the strategy leaves the probe. */
TrioSimStrategy *trio_sim_probe_get_strategy   (TrioSimProbe *probe);
/* Frees the probe. */
TrioSimMeasure  *trio_sim_probe_finish         (TrioSimProbe *probe);

G_END_DECLS
