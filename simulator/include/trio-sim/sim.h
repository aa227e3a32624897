/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The simulator: runs an ordinary task function in a world where time, network and order are choices on a tape. A run is a
 * function of its choices: the same answers give the same run.
 *
 * Most programs need only trio_sim_main(), which gives a test program its command line (list, explore, sweep, exhaust, replay, shrink).
 * trio_sim_run() is one run, for those who build their own search. */

#pragma once

#include <trio/trio.h>

G_BEGIN_DECLS

/**
 * TrioScenario:
 * @name: one word
 * @func: the main task
 * @data: what @func gets
 * @about: (nullable): one line for `list`
 *
 * Something to explore.
 */
typedef struct
{
  const char *name;
  TrioFunc    func;
  gpointer    data;
  const char *about;
} TrioScenario;

/**
 * trio_sim_main:
 * @argc: of main()
 * @argv: of main()
 * @scenarios: what there is; the list ends with `{ NULL }`
 *
 * The command line of a simulation program.
 *
 * Returns: the exit code: 0 nothing found, 1 a failure found, 2 wrong usage
 */
TRIO_API int trio_sim_main (int argc, char **argv, const TrioScenario *scenarios);

/* The decisions of a run that were not the dull ones; simulator/schedule.h has its functions. */
typedef struct _TrioSchedule      TrioSchedule;
typedef struct _TrioScheduleEntry TrioScheduleEntry;
typedef struct _TrioSimStrategy   TrioSimStrategy;

typedef enum
{
  TRIO_SIM_INJECT_NONE      = 0,
  TRIO_SIM_INJECT_CANCEL    = 1 << 0,    /* a cancellation at a checkpoint */
  TRIO_SIM_INJECT_INTERRUPT = 1 << 1,    /* a Ctrl-C at a checkpoint; a signal that is received, before any step */
  TRIO_SIM_INJECT_FAULT     = 1 << 2,    /* choices whose label begins with "fault." */
} TrioSimInject;

typedef enum
{
  TRIO_SIM_OK,
  TRIO_SIM_ERROR,            /* the scenario returned FALSE */
  TRIO_SIM_ALWAYS,           /* a trio_always() was false */
  TRIO_SIM_UNREACHABLE,      /* a trio_unreachable() was reached */
  TRIO_SIM_DEADLOCK,
  TRIO_SIM_LIVELOCK,
  TRIO_SIM_LEAK,
  TRIO_SIM_CRASH,            /* only from the explorer, which survives it */
  TRIO_SIM_NONDETERMINISM,   /* the same choices gave another run */
  TRIO_SIM_EVENTUALLY,       /* a trio_eventually() did not come true, or an obligation was not met */
  TRIO_SIM_MISUSE,           /* a task ended with TRIO_ERROR_MISUSE, or there was a critical */
  TRIO_SIM_ESCAPE,           /* the program called something by which it would have left the simulation */
} TrioSimVerdict;

/**
 * trio_sim_verdict_to_string:
 * @verdict: a verdict
 *
 * Its name in the JSON and in schedule files: "error", "always" and so on. Any thread.
 *
 * Returns: (transfer none): the name; it is static
 */
TRIO_API const char *trio_sim_verdict_to_string (TrioSimVerdict verdict);

/**
 * TrioSimEscapes:
 * @TRIO_SIM_ESCAPES_FAIL: the run ends there, as %TRIO_SIM_ESCAPE
 * @TRIO_SIM_ESCAPES_NOTE: they are let through, and the report tells of them, and of what the run answered in place of the outside
 * @TRIO_SIM_ESCAPES_ALLOW: they are let through
 *
 * What becomes of a program's calls that would leave the simulation: for a real socket, thread, process, timer …; simulator/README.md has
 * the list. What can be answered (clocks, random numbers) is answered with each of these.
 */
typedef enum
{
  TRIO_SIM_ESCAPES_FAIL,
  TRIO_SIM_ESCAPES_NOTE,
  TRIO_SIM_ESCAPES_ALLOW,
} TrioSimEscapes;

/**
 * TrioSimChoiceFunc:
 * @entry: (transfer none): the choice, with the answer that was given
 * @user_data: as given
 *
 * Sees choices as they are made.
 */
typedef void (*TrioSimChoiceFunc) (const TrioScheduleEntry *entry, gpointer user_data);

/* How long the dull run of a scenario is, in the ways that matter to a strategy; see trio_sim_measure(). */
typedef struct _TrioSimMeasure    TrioSimMeasure;

/**
 * TrioSimStepFunc:
 * @step: the number of the step that is about to be taken, from 1
 * @task: (transfer none): who takes it
 * @user_data: as given
 *
 * Sees each task step before it is taken, when it is settled whose it is. Must not suspend or change the run; all tasks can be looked
 * at. It is called on the stack of whatever task ran before.
 */
typedef void (*TrioSimStepFunc) (guint64 step, TrioTask *task, gpointer user_data);

/**
 * TrioSimOptions:
 * @strategy: (nullable): "portfolio", "fifo", "random", "pct:3" …, "pos", "replay", "prefix" or "bytes"; %NULL for "fifo".
 *   simulator/README.md has them all
 * @seed: for those that draw, and for the suffix of "prefix"; for "portfolio" it also says whose turn it is: seeds that are counted up give
 *   each of its strategies its share
 * @measure: (nullable): of this scenario, from trio_sim_measure(). %NULL: where a strategy needs it, it is taken for this run alone, which
 *   doubles what the run costs and changes nothing else
 * @schedule: (nullable): for "replay" and "prefix": the entries to apply; all other answers are dull
 * @prefix_steps: for "prefix": so many steps are taken as @schedule has them; from then on @suffix answers
 * @suffix: (nullable): for "prefix": the strategy behind it; %NULL for "random"
 * @bytes: (nullable): for "bytes": what the answers are read from; all further answers are dull
 * @n_bytes: how many
 * @inject: what may be injected at all
 * @max_steps: task steps after which a run is a livelock; 0 for the default of 1,000,000
 * @heal_after: virtual time, in microseconds, after which the liveness phase begins by itself, as by trio_sim_heal(); 0 for never
 * @heal_within: virtual time, in microseconds, from the beginning of that phase, however it began, within which the run must end; 0 for no
 *   limit. A run that does not fails with %TRIO_SIM_EVENTUALLY
 * @max_idle_steps: task steps without progress of time after which a run is a livelock; 0 for the default of 100,000
 * @judge_misuse: whether a critical (g_critical(), g_return_if_fail() …), of any library, and a task that ends with %TRIO_ERROR_MISUSE fail
 *   the run. The process's default log handler is the run's meanwhile, and criticals are not fatal
 * @escapes: what becomes of calls that would leave the simulation
 * @check_determinism: run it a second time, with other addresses in the heap, and compare step by step; a number above 1 is how many more runs it is
 *   compared with
 * @spell_out: a decision that lasts (for several questions, for all from then on, as long as a task can go) becomes as many decisions in the
 *   report's schedule as there were answers. The run is the same
 * @until_step: stop before this task step; 0 for never
 * @break_at_until: raise SIGTRAP there, for a debugger, instead of stopping
 * @trace_path: (nullable): record a trace there
 * @history_path: (nullable): write the page of a history that is not linearizable there, if there is one: <trio-sim/history.h>
 * @events_path: (nullable): write what happened there, a line for each event, and where in the program as far as that is known: the same text for
 *   each run of the same choices, to be compared. Of a long run the beginning. Not together with @check_determinism
 * @program: (nullable): a name for the trace's header
 * @on_decision: (nullable): called at once for each answer that is not dull
 * @on_choice: (nullable): called for each choice, dull or not
 * @on_step: (nullable): called before each task step
 * @user_data: for the three
 * @instrument: (nullable): one more instrument that watches the run
 * @own_strategy: (nullable) (transfer none): a strategy of the caller's own (simulator/strategy.h) in place of @strategy. Not together with
 *   @check_determinism, which would run it twice
 *
 * Start it from `{ 0 }`.
 */
typedef struct
{
  const char         *strategy;
  guint64             seed;
  const TrioSimMeasure *measure;
  const TrioSchedule *schedule;
  guint64             prefix_steps;
  const char         *suffix;
  const guint8       *bytes;
  gsize               n_bytes;
  TrioSimInject       inject;
  guint64             max_steps;
  guint64             max_idle_steps;
  GTimeSpan           heal_after;
  GTimeSpan           heal_within;
  gboolean            judge_misuse;
  TrioSimEscapes      escapes;
  gboolean            check_determinism;
  gboolean            spell_out;
  guint64             until_step;
  gboolean            break_at_until;
  const char         *trace_path;
  const char         *history_path;
  const char         *events_path;
  const char         *program;
  TrioSimChoiceFunc   on_decision;
  TrioSimChoiceFunc   on_choice;
  TrioSimStepFunc     on_step;
  gpointer            user_data;
  TrioInstrument     *instrument;
  TrioSimStrategy    *own_strategy;
} TrioSimOptions;

/**
 * TrioSimReport:
 * @verdict: what came of it
 * @name: (nullable): the name of what failed: of the check; "domain:code" of an error; "tasks wait in trio_lock_acquire" ….
 *   Verdict and name are the identity of a failure
 * @place: (nullable): where in the program it failed: "bank.c:41" of a check, "trio_lock_acquire in take_both" of who waits for ever, the
 *   functions of those who took the most steps of a run without an end, the name of the task that an error came from.
 *   Known only within one build of a program; %NULL if it cannot be told
 * @message: (nullable): for a person, several lines: the error, who waits for what, what leaked, the first diverging step
 * @steps: task steps taken
 * @duration_us: virtual time the run took
 * @choices: how many choices were asked
 * @hash: of everything that happened; the same on every machine and compiler
 * @n_raised: how often a cancellation or Ctrl-C was noticed: came out of what a task waited in
 * @interleaving: a hash of the order of the tasks' steps alone, to count different schedules
 * @schedule: the decisions that were not dull
 * @unmatched: for "replay": entries of the given schedule that found no choice to apply to
 * @stopped: the run was stopped at until_step; the message then shows the tasks there
 * @escapes: (nullable): with %TRIO_SIM_ESCAPES_NOTE: each function by which the program reached past the seams, a line each, in order of
 *   first occurrence
 * @diverged_at: with %TRIO_SIM_NONDETERMINISM: at which event, from 0, the second run differed from the first
 * @goals: (element-type utf8 gboolean): each trio_sometimes() met, and whether it held
 *
 * What one run did. Free with trio_sim_report_free().
 */
typedef struct
{
  TrioSimVerdict  verdict;
  char           *name;
  char           *place;
  char           *message;
  guint64         steps;
  gint64          duration_us;
  guint64         choices;
  guint64         hash;
  guint64         interleaving;
  guint64         n_raised;
  TrioSchedule   *schedule;
  guint           unmatched;
  gboolean        stopped;
  char           *escapes;
  gsize           diverged_at;
  GHashTable     *goals;
} TrioSimReport;

/**
 * trio_sim_run:
 * @func: the main task
 * @data: what @func gets
 * @options: (nullable): options
 * @report: (out) (optional): what the run did, also when it failed
 * @error: where the failure comes out, as %TRIO_ERROR_FAILED, or the scenario's own error
 *
 * Runs @func once in a simulated world, in this process. A run that ends only with the cancellation or Ctrl-C that was injected
 * into it has not failed. A failed run is abandoned where it stands: what its tasks hold is lost.
 *
 * Errors: besides those, %TRIO_ERROR_MISUSE for wrong options or when called inside a run.
 *
 * Returns: %TRUE if nothing was found
 */
TRIO_API gboolean trio_sim_run (TrioFunc func, gpointer data, const TrioSimOptions *options, TrioSimReport **report, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_sim_heal:
 *
 * Begins the liveness phase of this run, which does not end before the run: from now on every answer is the dull one. No fault, no
 * cancellation and no Ctrl-C is injected, nothing is late, everybody's turn comes. What is broken already stays so, and must be
 * repaired by the program itself: a peer that fell silent is found out by time-outs. Obligations (<trio/check.h>) have their span
 * from now on. In the real world it does nothing.
 *
 * Source: the liveness mode of TigerBeetle's simulator.
 */
TRIO_API void     trio_sim_heal        (void);

/**
 * trio_sim_limit_choices:
 * @labels: beginnings of labels, with spaces between them: "fault.host. fault.net.partition"
 *
 * Says which choices this scenario is about, besides the order of tasks, cancellations and Ctrl-C: from now on the others have the dull answer, and
 * are not asked. A search spreads what it does over all kinds of choices, and where most runs are spoilt by disks that fail, connections that break and
 * messages that are late, few show what comes of a lost vote. It says what is looked for, not what there is: a scenario that does not call it shows what
 * else a program must survive. In the real world it does nothing.
 */
TRIO_API void     trio_sim_limit_choices (const char *labels);

/**
 * trio_sim_raise:
 * @number: of a signal, as <signal.h> of Linux has it
 *
 * A signal of the operating system arrives (<trio/signal.h>), as if somebody had sent it to the process. Its receiver learns of it in the
 * loop's next turn. If there is none, SIGINT is a Ctrl-C for the run, and every other signal ends the process, so that this never returns:
 * the run is over, and nothing is judged any more; but if no receiver was opened for it so far, the run fails.
 *
 * Searches that inject interrupts let those that are received arrive also by themselves, without this function.
 *
 * Each host of a run (<trio-sim/hosts.h>) is a process of its own: the calling task's gets it. See trio_sim_host_raise().
 *
 * In the real world it is raise(). Only inside a run. Never suspends.
 */
TRIO_API void     trio_sim_raise       (int number);

/**
 * trio_sim_report_free:
 * @report: (transfer full) (nullable): a report
 *
 * Frees it with all that is in it. Any thread.
 */
TRIO_API void     trio_sim_report_free (TrioSimReport *report);

/**
 * trio_sim_measure:
 * @func: the main task
 * @data: what @func gets
 * @options: (nullable): what may be injected, and the limits; the rest does not matter
 * @error: where it says why there is none
 *
 * Runs @func once in the dull way, and counts what strategies want to know: how often more than one task can go, how many steps each takes,
 * how many places there are for a cancellation. For those who make many runs of one scenario: with it in the options of each they are
 * measured only once.
 *
 * Errors: %TRIO_ERROR_MISUSE when called inside a run.
 *
 * Returns: (transfer full): the measure, also if the run failed; %NULL with @error if there was no run
 */
TRIO_API TrioSimMeasure *trio_sim_measure (TrioFunc func, gpointer data, const TrioSimOptions *options, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_sim_measure_free:
 * @measure: (transfer full) (nullable): a measure that no run uses any more
 *
 * Frees it. Any thread.
 */
TRIO_API void     trio_sim_measure_free (TrioSimMeasure *measure);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSimReport, trio_sim_report_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSimMeasure, trio_sim_measure_free)

G_END_DECLS
