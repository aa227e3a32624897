/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a strategy knows of a scenario before its run: how long the dull run of it is, counted in the ways that matter to a search.
 *
 * Always true:
 *  1. A measure is a function of the scenario, of what may be injected, and of the limits of a run: it is taken from one run in which
 *     every answer is dull. So a seed, the strategy's text and the program are enough to repeat a run, whoever measures, and when.
 *     (Where the program's own memory is seen the program is the build of it, which decides what loads and stores there are. And where
 *     freed memory is used again is the allocator's choice, which a step is told by; so a search takes one measure for all its runs.)
 *  2. Steps of a task are kept under its path, which means the same task in every run. */

#pragma once

#include "simulator/strategy.h"

G_BEGIN_DECLS

#define TRIO_SIM_NO_TASK G_MAXUINT

/* One task of the measured run. */
typedef struct
{
  guint64 path_hash;
  guint   parent;          /* index; TRIO_SIM_NO_TASK for none */
  guint   touches;         /* where its touches begin … */
  guint   n_touches;       /* … and how many they are */
  guint64 steps;
  guint64 subtree;         /* its own steps and those of all below it */
} TrioSimTaskMeasure;

/* A step of a task touched an object that several tasks touched; or a word of memory that they contended for: strategy-memory.c. */
typedef struct
{
  guint   task;            /* index */
  guint   step;            /* from 0 */
  guint32 object;          /* from 0, in order of their first touch */
  guint32 changes;         /* not only looked at */
} TrioSimTouched;

struct _TrioSimMeasure
{
  guint64     n_cancels;      /* how often was asked about a cancellation … */
  guint64     n_interrupts;
  guint64     n_faults;
  guint64     n_steps;
  GArray     *tasks;          /* of TrioSimTaskMeasure, in order of birth */
  GArray     *touches;        /* of TrioSimTouched, by task, step and object */
  guint32     n_objects;      /* that are in touches */
  GHashTable *by_path;        /* path hash -> index plus 1; only looked up */
};

/* The index of the task that had this path then, or TRIO_SIM_NO_TASK. measure may be NULL. */
guint    trio_sim_measure_find      (const TrioSimMeasure *measure, TrioTask *task);

/* Whether the step of this number touched that object then. */
gboolean trio_sim_measure_touches   (const TrioSimMeasure *measure, guint task, guint step, guint32 object);

/* Whether two steps touched one object then, and one of them changed it. A guess about this run, not a fact. */
gboolean trio_sim_measure_conflicts (const TrioSimMeasure *measure, guint task, guint step, guint other_task, guint other_step);

/* A measure as bytes, for a process of the same program. NULL for bytes that are none. */
GBytes         *trio_sim_measure_to_bytes   (const TrioSimMeasure *measure) G_GNUC_WARN_UNUSED_RESULT;
TrioSimMeasure *trio_sim_measure_from_bytes (GBytes *bytes) G_GNUC_WARN_UNUSED_RESULT;

/* Takes the measure: the strategy of the measured run, and an instrument to be put into it; then what they saw. */
typedef struct _TrioSimProbe TrioSimProbe;

TrioSimProbe    *trio_sim_probe_new            (void);
TrioInstrument  *trio_sim_probe_get_instrument (TrioSimProbe *probe);
/* The run owns it: freeing the strategy leaves the probe. */
TrioSimStrategy *trio_sim_probe_get_strategy   (TrioSimProbe *probe);
/* Frees the probe. */
TrioSimMeasure  *trio_sim_probe_finish         (TrioSimProbe *probe);

G_END_DECLS
