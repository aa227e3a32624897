/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* All schedules of a scenario, one by one, and a claim that says exactly what that shows.
 *
 *     trio_sim_exhaust (options) --> which search?  exhaust-bounded.c   each tape once, those with few deviations first
 *                                                   exhaust-source.c    one of all tapes that only differ in the order of steps
 *                                                                       that commute
 *                                --> outcome: exhausted, bounded at D, or stopped; how many; what it rests on
 *
 * A run is a function of its choices, so a search is made of whole runs: a beginning that is forced, and dull answers behind it. All runs
 * are made in the calling process, one after the other; a caller that wants to survive a crash makes a child first.
 *
 * Always true:
 *  1. No schedule is run twice by one search, but for runs that the reduction gives up half-way, which are counted apart.
 *  2. EXHAUSTED means that every schedule was run, or one that differs from it only in the order of independent steps. BOUNDED
 *     means that of every schedule with at most `deviations` answers that are not dull.
 *  3. A reduction that cannot be right is not made: where something happened that it does not understand, the search begins again
 *     without it, and says why. */

#pragma once

#include <trio-sim/sim.h>

G_BEGIN_DECLS

/**
 * TrioSimReduce:
 * @TRIO_SIM_REDUCE_AUTO: MEMORY if the program's loads and stores are seen, else NONE
 * @TRIO_SIM_REDUCE_NONE: every schedule
 * @TRIO_SIM_REDUCE_OBJECTS: steps are independent if they touch different objects of the runtime, or what trio_note_access() named. Right
 *   only if the tasks share nothing else
 * @TRIO_SIM_REDUCE_MEMORY: and if they touch different memory, as far as that was compiled to be seen
 *
 * Which orders of steps count as one.
 */
typedef enum
{
  TRIO_SIM_REDUCE_AUTO,
  TRIO_SIM_REDUCE_NONE,
  TRIO_SIM_REDUCE_OBJECTS,
  TRIO_SIM_REDUCE_MEMORY,
} TrioSimReduce;

typedef enum
{
  TRIO_SIM_EXHAUSTED,
  TRIO_SIM_BOUNDED,
  TRIO_SIM_STOPPED,
} TrioSimExhaustOutcome;

/* What was not varied. */
typedef struct
{
  char    *label;
  guint64  asked;
} TrioSimHeld;

/**
 * TrioSimExhaust:
 * @outcome: how it ended
 * @why: (nullable): static; for STOPPED: why
 * @complete: all schedules with at most so many deviations were run; -1: not known, as when reducing
 * @runs: how many runs were made
 * @schedules: how many of them were schedules to their end, each another one
 * @redundant: how many were given up on the way: all they could show had been seen
 * @steps: task steps of all runs
 * @reduced: which reduction was made
 * @irreducible: (nullable): static; why none was made although it was asked for
 * @memory_seen: loads and stores of the program were seen
 * @held: (element-type TrioSimHeld): labels that were asked and answered dull throughout
 * @failure: (nullable): the first failing run's report
 * @failed_run: its number, from 1
 * @failures: how many runs failed
 *
 * What came of a search.
 */
typedef struct
{
  TrioSimExhaustOutcome  outcome;
  const char            *why;
  gint64                 complete;
  guint64                runs;
  guint64                schedules;
  guint64                redundant;
  guint64                steps;
  TrioSimReduce          reduced;
  const char            *irreducible;
  gboolean               memory_seen;
  GPtrArray             *held;
  TrioSimReport         *failure;
  guint64                failed_run;
  guint64                failures;
} TrioSimExhaust;

/**
 * TrioSimExhaustOptions:
 * @func: the main task
 * @data: what @func gets
 * @program: (nullable): a name for headers
 * @inject: what may be injected
 * @escapes: as of #TrioSimOptions
 * @heal_after: likewise
 * @heal_within: likewise
 * @deviations: at most so many answers that are not dull; -1 for no bound. With a bound nothing is reduced: the bound and the
 *   reduction would each leave out what the other relies on (Coons, Musuvathi, McKinley, OOPSLA 2013)
 * @reduce: which orders count as one. With @heal_after all do: who goes first is not asked any more from then on, and what is not asked
 *   cannot be turned over
 * @held: (nullable) (array zero-terminated=1): labels whose answers stay dull; one that ends with a dot is a whole group
 * @max_runs: give up after so many; 0 for never
 * @part: of a search that is split: which part, from 0. The parts together do what the whole does; only searches that are not reduced
 *   can be split
 * @parts: into how many; 0 or 1: not split
 * @keep_going: do not stop at the first failure
 * @go_on: (nullable): asked before each run; %FALSE stops the search
 * @on_decision: (nullable): as in #TrioSimOptions
 * @on_run: (nullable): gets each run's report, redundant ones left out
 * @user_data: for the three
 *
 * What to search. Start it from `{ .deviations = -1 }`.
 */
typedef struct
{
  TrioFunc            func;
  gpointer            data;
  const char         *program;
  TrioSimInject       inject;
  TrioSimEscapes      escapes;
  GTimeSpan           heal_after;
  GTimeSpan           heal_within;
  gint64              deviations;
  TrioSimReduce       reduce;
  const char *const  *held;
  guint64             max_runs;
  guint64             part;
  guint64             parts;
  gboolean            keep_going;
  gboolean          (*go_on)  (const TrioSimExhaust *so_far, gpointer user_data);
  TrioSimChoiceFunc   on_decision;
  void              (*on_run) (const TrioSimReport *report, gpointer user_data);
  gpointer            user_data;
} TrioSimExhaustOptions;

/**
 * trio_sim_exhaust:
 * @options: what to search
 * @error: where it says why no run could be made
 *
 * Runs all schedules. A run that fails is no error: it is in the result.
 *
 * Sources: M. Emmi, S. Qadeer, Z. Rakamarić, "Delay-Bounded Scheduling" (POPL 2011), for the bound; C. Flanagan, P. Godefroid, "Dynamic
 * Partial-Order Reduction for Model Checking Software" (POPL 2005), and P. Abdulla, S. Aronis, B. Jonsson, K. Sagonas, "Optimal Dynamic
 * Partial Order Reduction" (POPL 2014), for source sets; P. Godefroid, "Partial-Order Methods for the Verification of Concurrent
 * Systems" (1996), for sleep sets.
 *
 * Returns: (transfer full): the result; %NULL with @error
 */
TrioSimExhaust *trio_sim_exhaust          (const TrioSimExhaustOptions *options, GError **error);
void            trio_sim_exhaust_free     (TrioSimExhaust *self);

/* Whether the loads and stores of the program are seen: one ordinary run shows it. */
gboolean        trio_sim_exhaust_sees_memory (TrioFunc func, gpointer data, TrioSimInject inject);

/* An empty result, for a part that could not give its own. */
TrioSimExhaust *trio_sim_exhaust_result_new (void);
void            trio_sim_exhaust_count_held (TrioSimExhaust *self, const char *label, guint64 n);
/* Adds up the parts of a split search: other goes into self. */
void            trio_sim_exhaust_add      (TrioSimExhaust *self, const TrioSimExhaust *other);
/* The claim in words, several lines. */
void            trio_sim_exhaust_describe (const TrioSimExhaust *self, const TrioSimExhaustOptions *options, GString *out);
const char     *trio_sim_exhaust_outcome_to_string (TrioSimExhaustOutcome outcome);
const char     *trio_sim_reduce_to_string (TrioSimReduce reduce);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSimExhaust, trio_sim_exhaust_free)

/* --- for the two searches --- */

/* Whether label is not to be varied; counts it then. */
gboolean        trio_sim_exhaust_holds    (TrioSimExhaust *self, const TrioSimExhaustOptions *options, const char *label);
/* Whether there may be one run more; else the outcome is set. */
gboolean        trio_sim_exhaust_may_run  (TrioSimExhaust *self, const TrioSimExhaustOptions *options);
/* Makes a run. FALSE: none could be made. The report is NULL then. */
gboolean        trio_sim_exhaust_run      (TrioSimExhaust *self, const TrioSimExhaustOptions *options, TrioSimStrategy *strategy,
                                           TrioInstrument *instrument, TrioSimReport **report, GError **error);
/* Counts a schedule; takes report. FALSE: the search stops here. */
gboolean        trio_sim_exhaust_take     (TrioSimExhaust *self, const TrioSimExhaustOptions *options, TrioSimReport *report);
void            trio_sim_exhaust_stop     (TrioSimExhaust *self, const char *why);
/* The same choices gave other questions: a finding of its own. */
void            trio_sim_exhaust_diverge  (TrioSimExhaust *self, TrioSimReport *report);

gboolean        trio_sim_exhaust_bounded  (TrioSimExhaust *self, const TrioSimExhaustOptions *options, GError **error);
gboolean        trio_sim_exhaust_source   (TrioSimExhaust *self, const TrioSimExhaustOptions *options, GError **error);

G_END_DECLS
