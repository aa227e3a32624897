/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The steps of one run, with what each of them touched: what an exhaustive search needs to know in order to leave something out.
 *
 *     run ---- questions ----> steps ----> client: which task goes on? which value?
 *         ---- accesses  ---->   |
 *                                '--> events: task, footprint, who made it runnable
 *
 * It is a strategy and an instrument in one.
 *
 * Always true:
 *  1. A step's footprint is complete when the client is asked about the next step.
 *  2. An object has the same name in all runs that are the same up to its creation, wherever it lies in memory. What lies in heap memory
 *     that nobody announced has a name within one run only; TRIO_SIM_HEAP stands for all of that when two runs are compared.
 *  3. What happens while nobody can run (time jumps, messages arrive) ends an epoch: it comes after every step before it, and before
 *     every step after it, in any order of the steps.
 *  4. If the run did something that makes invariant 3 or the whole idea of a footprint untrue, `irreducible` says what. */

#pragma once

#include <trio/lowlevel/instrument.h>

#include "simulator/strategy.h"

G_BEGIN_DECLS

#define TRIO_SIM_TASKS_MAX 64      /* of one run that is to be reduced */

typedef enum
{
  TRIO_SIM_READS = 1 << 0,
  TRIO_SIM_ADDS  = 1 << 1,
  TRIO_SIM_HEAP  = 1 << 2,         /* the name is an address, good for this run */
  TRIO_SIM_WRITES = 1 << 3,
} TrioSimTouchKind;

typedef struct
{
  guint64 object;
  guint32 kind;
} TrioSimTouch;

/* By object, each once. */
typedef struct
{
  GArray   *touches;
  guint64   mask;                  /* a bit for each object; no common bit, no common object */
  guint32   heap;                  /* kinds, over all touches that are HEAP */
} TrioSimFootprint;

typedef struct
{
  guint             task;          /* index among the tasks of the whole search */
  guint             epoch;
  int               waker;         /* the event that made the task runnable; -1: the world, or its own last step */
  guint64           completes;     /* the object whose ADDs it had waited for; 0 for none */
  TrioSimFootprint  footprint;
} TrioSimStep;

typedef struct _TrioSimSteps TrioSimSteps;

typedef struct
{
  /* A step begins; tasks are those in line, first come first. Answers an index. Asked also if there is but one. */
  guint   (*task)  (TrioSimSteps *steps, const guint *tasks, guint n_tasks, gpointer data);
  guint32 (*value) (TrioSimSteps *steps, const TrioSimQuestion *question, gpointer data);
} TrioSimStepsClient;

struct _TrioSimSteps
{
  TrioSimStrategy           strategy;
  TrioInstrument            instrument;
  const TrioSimStepsClient *client;
  gpointer                  data;
  GArray                   *steps;           /* TrioSimStep, of this run; the array of the last run is used again */
  guint                     n_steps;
  GHashTable               *task_of_path;    /* path hash -> index + 1; only looked up */
  guint                     n_tasks;         /* of the whole search */
  const char               *irreducible;     /* why; static; NULL: all is well */
  gboolean                  memory_seen;     /* a callback of the program's loads and stores came */

  /*< private >*/
  GArray                   *living;          /* of the tasks of this run, by serial */
  GHashTable               *names;           /* address -> name; only looked up */
  GArray                   *ready;           /* scratch */
  guint                     epoch;
  guint                     n_woken;         /* by the world, since the last step */
  gboolean                  asked;           /* the coming step was chosen */
  gboolean                  in_step;
  guint64                   completes;
  guint64                   n_made_by_world;
};

TrioSimSteps *trio_sim_steps_new   (const TrioSimStepsClient *client, gpointer data);
void          trio_sim_steps_free  (TrioSimSteps *steps);
/* Before each run: forgets the last one, and begins to watch. */
void          trio_sim_steps_begin (TrioSimSteps *steps, gboolean with_memory);
void          trio_sim_steps_end   (TrioSimSteps *steps);

static inline TrioSimStep *
trio_sim_steps_get (TrioSimSteps *steps, guint i)
{
  return &g_array_index (steps->steps, TrioSimStep, i);
}

/* The tasks that could have gone on when the run broke off. */
guint         trio_sim_steps_get_ready (TrioSimSteps *steps, guint *tasks, guint max);

/* Whether the two do not commute. same_run: both are of the run that is or was last. */
gboolean      trio_sim_footprints_conflict (const TrioSimFootprint *a, const TrioSimFootprint *b, gboolean same_run);
void          trio_sim_footprint_init      (TrioSimFootprint *footprint);
void          trio_sim_footprint_clear     (TrioSimFootprint *footprint);
/* Adds all of other, for comparisons with other runs. */
void          trio_sim_footprint_join      (TrioSimFootprint *footprint, const TrioSimFootprint *other);

/* The program's own variables, from and to; NULL: not known. They lie at the same place in every run of a process and its children. */
extern TRIO_API const char *trio_sim_program_data[2];

G_END_DECLS
