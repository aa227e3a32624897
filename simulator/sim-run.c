/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One run: make a world, drive the loop in it until it is done or found guilty, and report. Twice, if determinism is to be checked.
 *
 * The driver is the whole scheduler of virtual time: while anybody can run, turn after turn; when nobody can, time jumps to the
 * next deadline or message; when there is none either, nobody will ever run again. */

#include <string.h>

#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/trace.h>

#include "simulator/escape/heap.h"
#include "simulator/result-file.h"
#include "simulator/sim-world.h"
#include "simulator/strategy-measure.h"

/* The first in line goes, without a question, when so many others went before it. Every strategy is fair sooner than this; it is for
 * schedules that people and fuzzers write. It is one number for all, since a schedule must find the questions that its run had. */
#define FAIRNESS               1000
#define MAX_STEPS_DEFAULT      1000000
#define MAX_IDLE_STEPS_DEFAULT 100000

/* --- the driver --- */

typedef struct
{
  TrioSimWorld *world;
  guint64       max_steps;
  guint64       max_idle_steps;
  guint64       steps_at_move;     /* when time moved last */
  guint64       turns_at_move;
  guint64       turns;
} Driver;

static void
move_time (Driver *driver, gint64 time)
{
  TrioSimWorld *world = driver->world;

  if (time > world->clock.now)
    trio_sim_clock_advance_to (&world->clock, time);
}

/* The clock may have moved in the driver or inside a turn (a lag). */
static void
note_time (Driver *driver, gint64 before)
{
  TrioSimWorld *world = driver->world;

  if (world->clock.now == before)
    return;
  world->watch.era++;
  driver->steps_at_move = world->watch.steps;
  driver->turns_at_move = driver->turns;
  trio_sim_liveness_note (&world->liveness);
}

/* Whether enough time goes by before the next thing happens that those who wait for idleness have had theirs; then it has gone by. */
static gboolean
wait_for_quiet (Driver *driver, gint64 next)
{
  TrioSimWorld *world = driver->world;
  GTimeSpan cushion = trio_loop_get_cushion (world->loop);
  GTimeSpan left = next == G_MAXINT64 ? G_MAXINT64 : next - world->clock.now;

  if (cushion >= left)
    return FALSE;
  move_time (driver, world->clock.now + cushion);
  return TRUE;
}

/* The findings need a look at the tasks, which is possible only inside a turn: that turn is taken now. */
static void
diagnose (Driver *driver, TrioSimVerdict suspicion)
{
  driver->world->suspicion = suspicion;
  trio_loop_turn (driver->world->loop);
}

/* Nobody can run. What was queued from outside the tasks comes first. */
static void
let_time_pass (Driver *driver, gint64 due)
{
  TrioSimWorld *world = driver->world;
  gint64 next = MIN (due, trio_sim_world_get_next (world));
  const TrioSimObligation *late;
  gint64 promised = trio_sim_liveness_get_due (&world->liveness, &late);

  if (g_atomic_int_compare_and_exchange (&world->woken, 1, 0))
    return;
  if (wait_for_quiet (driver, next))
    trio_loop_tell_idle (world->loop);
  /* Nobody being able to run ever again is the better finding. */
  else if (next != G_MAXINT64 && promised <= next)
    {
      move_time (driver, promised);
      diagnose (driver, TRIO_SIM_EVENTUALLY);
    }
  else if (next != G_MAXINT64)
    move_time (driver, MIN (next, trio_sim_liveness_get_healing (&world->liveness)));
  else
    diagnose (driver, TRIO_SIM_DEADLOCK);
}

static gboolean
is_over (Driver *driver)
{
  TrioSimWorld *world = driver->world;
  TrioSimWatch *watch = &world->watch;

  if (world->verdict != TRIO_SIM_OK || watch->divergence != NULL || watch->stopped || world->signals.killed_by != 0
      || trio_loop_is_done (world->loop))
    return TRUE;
  if (watch->stop_before > 0 && watch->steps + 1 >= watch->stop_before && !watch->break_there)
    return watch->stopped = TRUE;
  return FALSE;
}

static gboolean
is_livelock (Driver *driver)
{
  guint64 steps = driver->world->watch.steps;

  return steps >= driver->max_steps || steps - driver->steps_at_move >= driver->max_idle_steps
         || driver->turns - driver->turns_at_move >= driver->max_idle_steps;
}

static void
drive (Driver *driver)
{
  TrioSimWorld *world = driver->world;

  while (!is_over (driver))
    {
      gint64 before = world->clock.now;
      gint64 due = trio_loop_turn (world->loop);

      driver->turns++;
      if (is_over (driver))
        break;
      if (due != G_MININT64)
        let_time_pass (driver, due);
      note_time (driver, before);
      if (is_livelock (driver))
        diagnose (driver, TRIO_SIM_LIVELOCK);
    }
}

/* --- one run --- */

/* Judges the loop's end and frees it. */
static void
finish (TrioSimWorld *world)
{
  TrioLoopStatistics statistics;
  GError *error = NULL;
  gboolean judged = world->verdict != TRIO_SIM_OK || world->watch.stopped || world->watch.divergence != NULL
                    || world->signals.killed_by != 0;

  if (!judged)
    {
      trio_sim_threads_drain (&world->threads);
      judged = world->verdict != TRIO_SIM_OK || world->watch.divergence != NULL;
    }
  trio_loop_get_statistics (world->loop, &statistics);
  trio_sim_threads_stop (&world->threads);
  trio_sim_signals_stop (&world->signals);
  /* Before the first step of a turn there is nobody who could have told. */
  if (world->watch.there != NULL)
    g_string_append (world->message, world->watch.there->str);
  else if (world->watch.stopped)
    trio_loop_append_dump (world->loop, TRIO_DUMP_STACKS, world->message);
  if (judged)
    trio_loop_abandon (world->loop);
  else
    {
      if (!trio_loop_finish (world->loop, &error))
        trio_sim_detect_failure (world, error);
      else
        trio_sim_detect_broken_promises (world);
      trio_sim_detect_leaks (world, &statistics);
    }
  world->loop = NULL;
  if (!world->watch.stopped)
    trio_sim_watch_finish (&world->watch);
}

static TrioSimReport *
report_of (TrioSimWorld *world)
{
  TrioSimReport *report = g_new0 (TrioSimReport, 1);

  if (world->watch.divergence != NULL)
    {
      g_clear_pointer (&world->name, g_free);
      g_clear_pointer (&world->place, g_free);
      g_clear_error (&world->error);
      world->verdict = TRIO_SIM_NONDETERMINISM;
      report->diverged_at = world->watch.diverged_at;
      world->name = g_strdup ("the same choices gave another run");
      g_string_assign (world->message, world->watch.divergence);
    }
  report->verdict = world->verdict;
  report->name = g_steal_pointer (&world->name);
  report->place = g_steal_pointer (&world->place);
  report->message = world->message->len == 0 ? NULL : g_strdup (world->message->str);
  report->steps = world->watch.steps;
  report->duration_us = world->clock.now;
  report->choices = trio_sim_tape_get_asked (world->tape);
  report->hash = trio_sim_mix (trio_sim_mix (world->watch.hash, (guint64) world->clock.now), world->verdict);
  report->interleaving = world->watch.interleaving;
  report->n_raised = world->watch.n_raised;
  report->unmatched = trio_sim_tape_get_unmatched (world->tape);
  report->schedule = trio_sim_tape_steal_schedule (world->tape);
  report->stopped = world->watch.stopped;
  report->escapes = trio_sim_escaping_tell (&world->escaping);
  report->goals = world->goals == NULL ? g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL)
                                       : g_steal_pointer (&world->goals);
  return report;
}

static void
fill_header (TrioSimReport *report, const TrioSimOptions *options, const TrioSimStrategy *strategy)
{
  TrioScheduleHeader *header = trio_schedule_get_header (report->schedule);

  header->program = g_strdup (options->program);
  header->strategy = g_strdup (strategy->name);
  header->seed = options->seed;
  header->inject = trio_sim_strategy_get_inject (options);
  header->heal_after = options->heal_after;
  header->heal_within = options->heal_within;
  header->lets_escape = options->escapes != TRIO_SIM_ESCAPES_FAIL;
  header->verdict = report->verdict;
  header->name = g_strdup (report->name);
  header->place = g_strdup (report->place);
  header->steps = report->steps;
  header->hash = report->hash;
}

static gboolean
close_trace (TrioTraceRecorder *trace, const TrioSimReport *report, GError **error)
{
  g_autofree char *outcome = g_strdup_printf ("%s%s%s", trio_sim_verdict_to_string (report->verdict),
                                              report->name == NULL ? "" : ": ", report->name == NULL ? "" : report->name);

  trio_trace_recorder_set_outcome (trace, report->verdict == TRIO_SIM_OK, outcome);
  return trio_trace_recorder_close (trace, error);
}

/* What a run is besides its options. */
typedef struct
{
  TrioSimStrategy *strategy;      /* the run frees it */
  TrioInstrument  *probe;         /* or NULL */
  TrioSimRecord   *record;        /* to write, or NULL */
  TrioSimRecord   *expected;      /* to compare with, or NULL */
} Parts;

/* A trace that cannot be kept is no finding about the run, and comes out as NULL and error. `failure` is the scenario's own
 * error. */
static TrioSimReport *
run_parts (TrioFunc func, gpointer data, const TrioSimOptions *options, const Parts *parts, GError **failure, GError **error)
{
  TrioSimWorld world;
  /* The loop calls the last one first: time lags, then the step is noted, then it is traced. */
  TrioInstrument *instruments[] = { NULL, NULL, NULL, NULL, NULL };
  guint n_instruments = 0;
  const TrioLoopOptions loop_options = { .instruments = instruments, .fairness = FAIRNESS };
  g_autoptr (TrioTraceRecorder) trace = NULL;
  TrioSimReport *report = NULL;

  if (options->trace_path != NULL && parts->expected == NULL)
    {
      trace = trio_trace_recorder_new (options->trace_path, options->program, TRUE, error);
      if (trace == NULL)
        {
          parts->strategy->free (parts->strategy);
          return NULL;
        }
      instruments[n_instruments++] = trio_trace_recorder_get_instrument (trace);
    }
  if (parts->probe != NULL)
    instruments[n_instruments++] = parts->probe;

  trio_sim_world_init (&world, options, parts->strategy);
  if (options->instrument != NULL)
    instruments[n_instruments++] = options->instrument;
  instruments[n_instruments++] = &world.watch.instrument;
  instruments[n_instruments++] = &world.lag;
  world.watch.record = parts->record;
  world.watch.expected = parts->expected;
  world.loop = trio_loop_new (&world.world, func, data, &loop_options, error);
  if (world.loop != NULL)
    {
      Driver driver = {
        .world = &world,
        .max_steps = options->max_steps == 0 ? MAX_STEPS_DEFAULT : options->max_steps,
        .max_idle_steps = options->max_idle_steps == 0 ? MAX_IDLE_STEPS_DEFAULT : options->max_idle_steps,
      };

      trio_sim_escape_enter (&world);
      drive (&driver);
      finish (&world);
      trio_sim_escape_enter (NULL);
      report = report_of (&world);
      fill_header (report, options, parts->strategy);
      *failure = g_steal_pointer (&world.error);
      if (trace != NULL && !close_trace (trace, report, error))
        {
          g_clear_pointer (&report, trio_sim_report_free);
          g_clear_error (failure);
        }
      if (report != NULL && world.history_page != NULL
          && !trio_sim_write_file (options->history_path, world.history_page, strlen (world.history_page), error))
        {
          g_clear_pointer (&report, trio_sim_report_free);
          g_clear_error (failure);
        }
    }
  trio_sim_world_clear (&world);
  return report;
}

static TrioSimMeasure *
measure (TrioFunc func, gpointer data, const TrioSimOptions *options, GError **error)
{
  const TrioSimOptions dull = {
    .inject = options->inject, .escapes = options->escapes, .max_steps = options->max_steps,
    .max_idle_steps = options->max_idle_steps,
    .heal_after = options->heal_after, .heal_within = options->heal_within,
  };
  TrioSimProbe *probe = trio_sim_probe_new ();
  const Parts parts = { .strategy = trio_sim_probe_get_strategy (probe), .probe = trio_sim_probe_get_instrument (probe) };
  GError *failure = NULL;
  TrioSimReport *report = run_parts (func, data, &dull, &parts, &failure, error);
  TrioSimMeasure *measure = trio_sim_probe_finish (probe);

  /* What it failed with will be found again, by a run that is there to find it. */
  g_clear_error (&failure);
  if (report == NULL)
    g_clear_pointer (&measure, trio_sim_measure_free);
  else
    trio_sim_report_free (report);
  return measure;
}

static TrioSimReport *
run_once (TrioFunc func, gpointer data, const TrioSimOptions *options, TrioSimRecord *record, TrioSimRecord *expected,
          GError **failure, GError **error)
{
  Parts parts = { .record = record, .expected = expected };

  parts.strategy = trio_sim_strategy_new (options, options->measure, error);
  return parts.strategy == NULL ? NULL : run_parts (func, data, options, &parts, failure, error);
}

/* --- the public door --- */

/* How often a difference that was seen is looked for again, to see where in the program it is. */
#define LOOKS         4
/* Around the event at which it was: it may show a little earlier, or later. */
#define PLACES_AROUND 200

/* A run that is made to be compared is watched by nobody. */
static TrioSimReport *
run_again (TrioFunc func, gpointer data, const TrioSimOptions *options, TrioSimRecord *record, TrioSimRecord *expected, guint nth,
           GError **error)
{
  TrioSimOptions quiet = *options;
  GPtrArray *held = trio_sim_heap_stir (nth);
  TrioSimReport *report;
  GError *failure = NULL;

  quiet.on_decision = NULL;
  quiet.on_choice = NULL;
  quiet.on_step = NULL;
  quiet.instrument = NULL;
  quiet.trace_path = NULL;
  report = run_once (func, data, &quiet, record, expected, &failure, error);
  g_clear_error (&failure);
  trio_sim_heap_settle (held);
  return report;
}

/* Two more runs, which are to differ as others did at event @nth, and then know where. NULL if they do not. */
static TrioSimReport *
look_for_place (TrioFunc func, gpointer data, const TrioSimOptions *options, gsize nth, guint look)
{
  gsize first = nth > PLACES_AROUND ? nth - PLACES_AROUND : 0;
  TrioSimRecord *records[2];
  TrioSimReport *reports[2] = { NULL, NULL };

  for (guint i = 0; i < 2; i++)
    {
      records[i] = trio_sim_record_new ();
      trio_sim_record_want_places (records[i], first, nth + PLACES_AROUND);
    }
  reports[0] = run_again (func, data, options, records[0], NULL, 2 * look, NULL);
  if (reports[0] != NULL)
    reports[1] = run_again (func, data, options, records[1], records[0], 2 * look + 1, NULL);
  if (reports[1] != NULL && reports[1]->verdict != TRIO_SIM_NONDETERMINISM)
    g_clear_pointer (&reports[1], trio_sim_report_free);
  trio_sim_report_free (reports[0]);
  trio_sim_record_free (records[0]);
  trio_sim_record_free (records[1]);
  return reports[1];
}

/* Takes the report of a run that differs from an earlier one, and returns one that says more, if there is. */
static TrioSimReport *
find_place (TrioFunc func, gpointer data, const TrioSimOptions *options, TrioSimReport *report)
{
  for (guint look = 1; look <= LOOKS; look++)
    {
      TrioSimReport *better = look_for_place (func, data, options, report->diverged_at, look);

      if (better == NULL)
        continue;
      trio_sim_report_free (report);
      return better;
    }
  return report;
}

/* The second run is made only to be compared; what it finds by itself counts only if it differs. */
static TrioSimReport *
run_twice (TrioFunc func, gpointer data, const TrioSimOptions *options, GError **failure, GError **error)
{
  TrioSimRecord *first_record = trio_sim_record_new ();
  TrioSimRecord *second_record = trio_sim_record_new ();
  TrioSimReport *first = run_once (func, data, options, first_record, NULL, failure, error);
  TrioSimReport *second = NULL;

  for (int nth = 1; first != NULL && second == NULL && !first->stopped && nth <= options->check_determinism; nth++)
    {
      trio_sim_record_free (second_record);
      second_record = trio_sim_record_new ();
      second = run_again (func, data, options, second_record, first_record, (guint) nth, error);
      /* A report that cannot be made belongs to the second run as much as to the first. */
      if (second == NULL || second->verdict == TRIO_SIM_NONDETERMINISM)
        {
          trio_sim_report_free (first);
          first = second == NULL ? NULL : find_place (func, data, options, g_steal_pointer (&second));
          g_clear_error (failure);
          break;
        }
      g_clear_pointer (&second, trio_sim_report_free);
    }
  trio_sim_report_free (second);
  trio_sim_record_free (first_record);
  trio_sim_record_free (second_record);
  return first;
}

static void
set_failure (const TrioSimReport *report, GError *failure, GError **error)
{
  if (failure != NULL)
    g_propagate_error (error, failure);
  else
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "%s: %s%s%s", trio_sim_verdict_to_string (report->verdict), report->name,
                 report->message == NULL ? "" : "\n", report->message == NULL ? "" : report->message);
}

static gboolean
may_start (const char *caller, GError **error)
{
  if (trio_loop_get_current () == NULL)
    return TRUE;
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "%s: a simulated run cannot be started inside a run", caller);
  return FALSE;
}

/* More than that nobody compares; and it takes as long as all the rest of a run. */
#define EVENTS_TOLD_MAX 50000

static TrioSimReport *
run_and_tell_events (TrioFunc func, gpointer data, const TrioSimOptions *options, GError **failure, GError **error)
{
  TrioSimRecord *record = trio_sim_record_new ();
  TrioSimReport *report;
  g_autofree char *text = NULL;

  trio_sim_record_want_places (record, 0, EVENTS_TOLD_MAX - 1);
  report = run_once (func, data, options, record, NULL, failure, error);
  text = trio_sim_record_to_text (record, EVENTS_TOLD_MAX);
  if (report != NULL && !trio_sim_write_file (options->events_path, text, strlen (text), error))
    g_clear_pointer (&report, trio_sim_report_free);
  trio_sim_record_free (record);
  return report;
}

/* With options->measure, if the strategy needs one. */
static TrioSimReport *
run_measured (TrioFunc func, gpointer data, const TrioSimOptions *options, GError **failure, GError **error)
{
  if (options->events_path != NULL)
    return run_and_tell_events (func, data, options, failure, error);
  return options->check_determinism ? run_twice (func, data, options, failure, error)
                                    : run_once (func, data, options, NULL, NULL, failure, error);
}

static TrioSimReport *
measure_and_run (TrioFunc func, gpointer data, const TrioSimOptions *options, GError **failure, GError **error)
{
  g_autoptr (TrioSimMeasure) own = measure (func, data, options, error);
  TrioSimOptions with_measure = *options;

  with_measure.measure = own;
  return own == NULL ? NULL : run_measured (func, data, &with_measure, failure, error);
}

gboolean
trio_sim_run (TrioFunc func, gpointer data, const TrioSimOptions *options, TrioSimReport **report_out, GError **error)
{
  static const TrioSimOptions defaults;
  g_autoptr (TrioSimReport) report = NULL;
  GError *failure = NULL;
  gboolean ok;

  g_return_val_if_fail (func != NULL, FALSE);
  if (report_out != NULL)
    *report_out = NULL;
  if (options == NULL)
    options = &defaults;
  if (!may_start ("trio_sim_run", error))
    return FALSE;

  report = options->measure == NULL && trio_sim_strategy_needs_measure (options)
           ? measure_and_run (func, data, options, &failure, error) : run_measured (func, data, options, &failure, error);
  if (report == NULL)
    return FALSE;
  ok = report->verdict == TRIO_SIM_OK;
  if (!ok)
    set_failure (report, failure, error);
  if (report_out != NULL)
    *report_out = g_steal_pointer (&report);
  return ok;
}

TrioSimMeasure *
trio_sim_measure (TrioFunc func, gpointer data, const TrioSimOptions *options, GError **error)
{
  static const TrioSimOptions defaults;

  g_return_val_if_fail (func != NULL, NULL);
  return may_start ("trio_sim_measure", error) ? measure (func, data, options == NULL ? &defaults : options, error) : NULL;
}
