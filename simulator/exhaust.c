/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Exhaustive search: which one, and the claim. See exhaust.h. */

#include "simulator/exhaust.h"

#include <string.h>

#include "simulator/exhaust-steps.h"
#include "simulator/memory.h"
#include "simulator/schedule.h"

/* --- what the searches share --- */

static gboolean
is_held (const TrioSimExhaustOptions *options, const char *label)
{
  for (guint i = 0; options->held != NULL && options->held[i] != NULL; i++)
    {
      const char *held = options->held[i];

      if (g_str_has_suffix (held, ".") ? g_str_has_prefix (label, held) : g_str_equal (label, held))
        return TRUE;
    }
  return FALSE;
}

void
trio_sim_exhaust_count_held (TrioSimExhaust *self, const char *label, guint64 n)
{
  TrioSimHeld *held;

  for (guint i = 0; i < self->held->len; i++)
    {
      held = self->held->pdata[i];
      if (g_str_equal (held->label, label))
        {
          held->asked += n;
          return;
        }
    }
  held = g_new (TrioSimHeld, 1);
  *held = (TrioSimHeld) { g_strdup (label), n };
  g_ptr_array_add (self->held, held);
}

gboolean
trio_sim_exhaust_holds (TrioSimExhaust *self, const TrioSimExhaustOptions *options, const char *label)
{
  if (!is_held (options, label))
    return FALSE;
  trio_sim_exhaust_count_held (self, label, 1);
  return TRUE;
}

void
trio_sim_exhaust_stop (TrioSimExhaust *self, const char *why)
{
  self->outcome = TRIO_SIM_STOPPED;
  if (self->why == NULL)
    self->why = why;
}

gboolean
trio_sim_exhaust_may_run (TrioSimExhaust *self, const TrioSimExhaustOptions *options)
{
  if (options->max_runs > 0 && self->runs >= options->max_runs)
    trio_sim_exhaust_stop (self, "the runs were used up");
  else if (options->go_on != NULL && !options->go_on (self, options->user_data))
    trio_sim_exhaust_stop (self, "it was told to stop");
  else
    return TRUE;
  return FALSE;
}

gboolean
trio_sim_exhaust_run (TrioSimExhaust *self, const TrioSimExhaustOptions *options, TrioSimStrategy *strategy,
                      TrioInstrument *instrument, TrioSimReport **report, GError **error)
{
  const TrioSimOptions run = {
    .strategy = "exhaust",
    .own_strategy = strategy,
    .instrument = instrument,
    .inject = options->inject,
    .escapes = options->escapes,
    .heal_after = options->heal_after,
    .heal_within = options->heal_within,
    .program = options->program,
    .on_decision = options->on_decision,
    .user_data = options->user_data,
  };
  GError *failure = NULL;

  (void) !trio_sim_run (options->func, options->data, &run, report, &failure);
  if (*report == NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  g_clear_error (&failure);
  self->runs++;
  self->steps += (*report)->steps;
  return TRUE;
}

gboolean
trio_sim_exhaust_take (TrioSimExhaust *self, const TrioSimExhaustOptions *options, TrioSimReport *report)
{
  gboolean failed = report->verdict != TRIO_SIM_OK;

  self->schedules++;
  if (options->on_run != NULL)
    options->on_run (report, options->user_data);
  self->failures += failed;
  if (failed && self->failure == NULL)
    {
      self->failure = report;
      self->failed_run = self->runs;
    }
  else
    trio_sim_report_free (report);
  if (!failed || options->keep_going)
    return TRUE;
  trio_sim_exhaust_stop (self, "a failure was found");
  return FALSE;
}

static void
take_nondeterminism (TrioSimExhaust *self, TrioSimReport *report)
{
  self->failures++;
  if (self->failure == NULL)
    {
      self->failure = report;
      self->failed_run = self->runs;
    }
  else
    trio_sim_report_free (report);
  trio_sim_exhaust_stop (self, "the scenario is not deterministic");
}

void
trio_sim_exhaust_diverge (TrioSimExhaust *self, TrioSimReport *report)
{
  g_free (report->name);
  g_free (report->message);
  report->verdict = TRIO_SIM_NONDETERMINISM;
  report->name = g_strdup ("the same choices led to other questions");
  report->message = g_strdup ("A run was begun with the choices of an earlier one, and was asked something else on the way. Something "
                              "lives on from run to run, or\ncomes from outside the choices: a static variable, a hash table's order, "
                              "an address, the real clock or random numbers.");
  take_nondeterminism (self, report);
}

/* --- life --- */

static void
held_free (gpointer data)
{
  g_free (((TrioSimHeld *) data)->label);
  g_free (data);
}

TrioSimExhaust *
trio_sim_exhaust_result_new (void)
{
  TrioSimExhaust *self = g_new0 (TrioSimExhaust, 1);

  self->complete = -1;
  self->reduced = TRIO_SIM_REDUCE_NONE;
  self->held = g_ptr_array_new_with_free_func (held_free);
  return self;
}

void
trio_sim_exhaust_free (TrioSimExhaust *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->held);
  trio_sim_report_free (self->failure);
  g_free (self);
}

gboolean
trio_sim_exhaust_sees_memory (TrioFunc func, gpointer data, TrioSimInject inject)
{
  if (!trio_sim_memory_seen)
    (void) !trio_sim_run (func, data, &(TrioSimOptions) { .strategy = "fifo", .inject = inject }, NULL, NULL);
  return trio_sim_memory_seen;
}

static TrioSimReduce
choose_reduction (const TrioSimExhaustOptions *options)
{
  if (options->deviations >= 0 || options->heal_after > 0)
    return TRIO_SIM_REDUCE_NONE;
  if (options->reduce == TRIO_SIM_REDUCE_AUTO)
    return trio_sim_exhaust_sees_memory (options->func, options->data, options->inject) ? TRIO_SIM_REDUCE_MEMORY : TRIO_SIM_REDUCE_NONE;
  return options->reduce;
}

/* What is not the same twice cannot be exhausted: the ordinary run is made twice before anything else. FALSE: it is a finding. */
static gboolean
is_deterministic (TrioSimExhaust *self, const TrioSimExhaustOptions *options)
{
  const TrioSimOptions twice = {
    .strategy = "fifo", .inject = options->inject, .escapes = options->escapes, .heal_after = options->heal_after, .heal_within = options->heal_within,
    .program = options->program, .check_determinism = TRUE,
  };
  TrioSimReport *report = NULL;

  if (!trio_sim_exhaust_may_run (self, options))
    return FALSE;
  (void) !trio_sim_run (options->func, options->data, &twice, &report, NULL);
  if (report == NULL || report->verdict != TRIO_SIM_NONDETERMINISM)
    {
      trio_sim_report_free (report);
      return TRUE;
    }
  self->runs++;
  take_nondeterminism (self, report);
  return FALSE;
}

TrioSimExhaust *
trio_sim_exhaust (const TrioSimExhaustOptions *options, GError **error)
{
  g_autoptr (TrioSimExhaust) self = trio_sim_exhaust_result_new ();
  const char *irreducible;
  gboolean ok;

  if (!is_deterministic (self, options))
    return g_steal_pointer (&self);
  self->reduced = choose_reduction (options);
  if (self->reduced == TRIO_SIM_REDUCE_NONE)
    return trio_sim_exhaust_bounded (self, options, error) ? g_steal_pointer (&self) : NULL;

  ok = trio_sim_exhaust_source (self, options, error);
  if (!ok || self->irreducible == NULL)
    return ok ? g_steal_pointer (&self) : NULL;

  irreducible = self->irreducible;
  g_clear_pointer (&self, trio_sim_exhaust_free);
  self = trio_sim_exhaust_result_new ();
  self->irreducible = irreducible;
  return trio_sim_exhaust_bounded (self, options, error) ? g_steal_pointer (&self) : NULL;
}

void
trio_sim_exhaust_add (TrioSimExhaust *self, const TrioSimExhaust *other)
{
  self->outcome = MAX (self->outcome, other->outcome);
  if (self->why == NULL)
    self->why = other->why;
  self->complete = MIN (self->complete, other->complete);
  self->memory_seen = self->memory_seen || other->memory_seen;
  self->runs += other->runs;
  self->schedules += other->schedules;
  self->redundant += other->redundant;
  self->steps += other->steps;
  self->failures += other->failures;
  for (guint i = 0; i < other->held->len; i++)
    {
      const TrioSimHeld *held = other->held->pdata[i];

      trio_sim_exhaust_count_held (self, held->label, held->asked);
    }
}

/* --- the claim --- */

const char *
trio_sim_exhaust_outcome_to_string (TrioSimExhaustOutcome outcome)
{
  switch (outcome)
    {
    case TRIO_SIM_EXHAUSTED: return "exhausted";
    case TRIO_SIM_BOUNDED:   return "bounded";
    case TRIO_SIM_STOPPED:   break;
    }
  return "stopped";
}

const char *
trio_sim_reduce_to_string (TrioSimReduce reduce)
{
  switch (reduce)
    {
    case TRIO_SIM_REDUCE_OBJECTS: return "objects";
    case TRIO_SIM_REDUCE_MEMORY:  return "memory";
    case TRIO_SIM_REDUCE_AUTO:
    case TRIO_SIM_REDUCE_NONE:    break;
    }
  return "none";
}

static const char *
plural (guint64 n)
{
  return n == 1 ? "" : "s";
}

static void
describe_outcome (const TrioSimExhaust *self, const TrioSimExhaustOptions *options, GString *out)
{
  gboolean reduced = self->reduced != TRIO_SIM_REDUCE_NONE;

  switch (self->outcome)
    {
    case TRIO_SIM_EXHAUSTED:
      g_string_append_printf (out, "exhausted: %s%" G_GUINT64_FORMAT " schedule%s%s", reduced ? "" : "all ", self->schedules,
                              plural (self->schedules), reduced ? ", which stand for all that there are" : "");
      break;
    case TRIO_SIM_BOUNDED:
      g_string_append_printf (out, "bounded at %" G_GINT64_FORMAT ": all %" G_GUINT64_FORMAT " schedule%s with at most %" G_GINT64_FORMAT
                              " deviation%s from the ordinary run", options->deviations, self->schedules, plural (self->schedules),
                              options->deviations, plural ((guint64) options->deviations));
      break;
    case TRIO_SIM_STOPPED:
      g_string_append_printf (out, "stopped after %" G_GUINT64_FORMAT " schedule%s: %s", self->schedules, plural (self->schedules),
                              self->why);
      if (self->complete >= 0)
        g_string_append_printf (out, "; all with at most %" G_GINT64_FORMAT " deviation%s were run", self->complete,
                                plural ((guint64) self->complete));
      break;
    }
  if (self->redundant > 0)
    g_string_append_printf (out, "; %" G_GUINT64_FORMAT " more run%s given up as equal to earlier ones", self->redundant,
                            self->redundant == 1 ? " was" : "s were");
  g_string_append_c (out, '\n');
}

static void
describe_reduction (const TrioSimExhaust *self, const TrioSimExhaustOptions *options, GString *out)
{
  switch (self->reduced)
    {
    case TRIO_SIM_REDUCE_OBJECTS:
      g_string_append (out, "  rests on: tasks share memory only through objects of the runtime (and what trio_note_access names). "
                            "Orders of steps that touch\n            different objects count as one; the program's own memory was "
                            "not looked at\n");
      break;
    case TRIO_SIM_REDUCE_MEMORY:
      g_string_append_printf (out, "  rests on: orders of steps that touch different objects of the runtime, and different memory, count "
                                   "as one. The program's memory was\n            seen where it was compiled for that%s; what "
                                   "libraries touch for it (a GHashTable, stdio) was not\n",
                              self->memory_seen ? "" : ", but not a single load or store came");
      break;
    case TRIO_SIM_REDUCE_AUTO:
    case TRIO_SIM_REDUCE_NONE:
      if (self->irreducible != NULL)
        g_string_append_printf (out, "  not reduced: %s\n", self->irreducible);
      else if (options->deviations < 0)
        g_string_append (out, "  not reduced: every order of steps counts, whatever memory the tasks share\n");
      break;
    }
}

static void
describe_assumptions (const TrioSimExhaust *self, const TrioSimExhaustOptions *options, GString *out)
{
  if (self->held->len > 0)
    {
      g_string_append (out, "  not varied:");
      for (guint i = 0; i < self->held->len; i++)
        {
          const TrioSimHeld *held = self->held->pdata[i];

          g_string_append_printf (out, "%s %s (asked %" G_GUINT64_FORMAT " times)", i > 0 ? "," : "", held->label, held->asked);
        }
      g_string_append_c (out, '\n');
    }
  if (options->inject == TRIO_SIM_INJECT_NONE)
    g_string_append (out, "  assumed: nothing is cancelled from outside, interrupted or broken (--inject none)");
  else
    g_string_append (out, "  assumed: nothing is injected but what --inject names");
  if (options->heal_after > 0)
    g_string_append (out, ", and what comes after --heal-after is not varied");
  if (self->reduced == TRIO_SIM_REDUCE_NONE)
    g_string_append (out, "; a task that was first in line and passed over 32 times goes next");
  g_string_append_c (out, '\n');
}

void
trio_sim_exhaust_describe (const TrioSimExhaust *self, const TrioSimExhaustOptions *options, GString *out)
{
  describe_outcome (self, options, out);
  describe_reduction (self, options, out);
  describe_assumptions (self, options, out);
}
