/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Many runs, spread over a few children that each do theirs one after the other, in process, for speed.
 *
 * Always true:
 *  1. Which runs are done, and what is found first, depends on the numbers of the runs alone, not on how many workers there are or
 *     which is faster: after a failure at run n, all runs below n are still done.
 *  2. A worker does no run after one that failed: it ends, and a fresh one goes on behind it. So does one that died; what it died
 *     of is the finding of the run it was at.
 *  3. What a worker says is hearsay. isolate.h confirms it. */

#pragma once

#include "simulator/cli/isolate.h"
#include "simulator/cli/seen.h"

G_BEGIN_DECLS

/**
 * TrioCliWork:
 * @target: what is run
 * @prepare: fills in the options of a run; called in a worker. With an instrument of its own there is no coverage of that run
 * @prepare_data: what it gets
 * @first: the first run
 * @stride: from one run to the next: more than 1 for one shard of many
 * @last: no run has a higher number
 * @stop_at: monotonic time after which no run is begun; %G_MAXINT64 for none
 * @jobs: how many workers
 * @keep_going: go on after a failure
 * @check_every: check for determinism the first few runs and each whose number is a multiple of this; 0 for none
 * @done: (nullable): called in the worker after each run that gave a report
 * @done_data: what it gets
 * @tick: (nullable): called a few times a second
 * @tick_data: what it gets
 */
typedef struct _TrioCliTally TrioCliTally;

typedef struct
{
  const TrioCliTarget *target;
  void               (*prepare) (guint64 run, TrioSimOptions *options, gpointer data);
  gpointer             prepare_data;
  guint64              first;
  guint64              stride;
  guint64              last;
  gint64               stop_at;
  guint                jobs;
  gboolean             keep_going;
  guint                check_every;
  void               (*done) (guint64 run, const TrioSimReport *report, const TrioCliFollow *follow, gpointer data);
  gpointer             done_data;
  void               (*tick) (const TrioCliTally *tally, gpointer data);
  gpointer             tick_data;
} TrioCliWork;

/* A run that failed, as its worker saw it. */
typedef struct
{
  guint64         run;
  TrioSimVerdict  verdict;
  char           *name;
  char           *message;
} TrioCliFinding;

/* What was done so far. */
struct _TrioCliTally
{
  guint64     runs;
  guint64     steps;
  guint64     choices;
  guint64     unmatched;        /* decisions given that found no place, over all runs */
  guint64     schedules;        /* different orders of steps seen; an estimate, exact while they are few */
  gint64      elapsed_us;
  gboolean    interrupted;      /* by Ctrl-C */
  TrioCliSaturation seen;       /* what the runs went through */
  GHashTable *goals;            /* name -> whether it ever held */
  GPtrArray  *findings;         /* TrioCliFinding, by number of run */
};

TrioCliTally *trio_cli_tally_new  (void);
void          trio_cli_tally_free (TrioCliTally *tally);

/* Does the work. FALSE: it could not be done at all, @error says why. */
gboolean      trio_cli_work       (const TrioCliWork *work, TrioCliTally *tally, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCliTally, trio_cli_tally_free)

G_END_DECLS
