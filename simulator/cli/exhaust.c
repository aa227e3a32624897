/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* exhaust: all schedules, and a claim that says what that shows. The search is simulator/exhaust.h's; here it is typed, divided over
 * children, and told. */

#include "simulator/cli/campaign.h"
#include "simulator/cli/cli.h"
#include "simulator/cli/exhaust-parts.h"
#include "simulator/cli/json.h"
#include "simulator/cli/kept.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"
#include "simulator/cli/wire.h"
#include "simulator/exhaust-steps.h"

#include <string.h>

#define RUNS_DEFAULT  100000
#define HELD_DEFAULT  "clock.,random"

typedef struct
{
  TrioCliCampaign        campaign;
  TrioSimExhaustOptions  search;
  gint64                 span_us;      /* 0: no limit */
  gboolean               holds;        /* it was typed what */
  GBytes                *decisions;    /* of the failure, for the strategy "bytes" */
} Exhaust;

static int exhaust_all (Exhaust *self, const char *only);

/* ---- What was typed -------------------------------------------------------------------------------------------------------- */

typedef struct
{
  TrioCliCommonOptions common;
  char                *runs;
  char                *deviations;
  char                *reduce;
  char                *hold;
  GStrv                held;
  char                *span;
} Typed;

static gboolean
parse_reduce (const char *text, TrioSimReduce *reduce)
{
  static const struct { const char *name; TrioSimReduce reduce; } names[] = {
    { "auto", TRIO_SIM_REDUCE_AUTO }, { "none", TRIO_SIM_REDUCE_NONE }, { "objects", TRIO_SIM_REDUCE_OBJECTS },
    { "memory", TRIO_SIM_REDUCE_MEMORY },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (text, names[i].name))
      {
        *reduce = names[i].reduce;
        return TRUE;
      }
  return FALSE;
}

static gboolean
apply (const TrioCli *cli, Typed *typed, Exhaust *self)
{
  const char *command = "exhaust";
  const char *hold = typed->hold != NULL ? typed->hold : typed->deviations != NULL ? "none" : HELD_DEFAULT;
  guint64 deviations;

  if (!trio_cli_common_options_apply (cli, command, &typed->common, TRIO_SIM_INJECT_NONE, &self->campaign))
    return FALSE;
  if (typed->runs && typed->span)
    return trio_cli_usage (cli, command, "--runs and --for exclude each other") == TRIO_CLI_EXIT_OK;
  if (typed->runs && (!trio_cli_parse_number (typed->runs, &self->search.max_runs) || self->search.max_runs == 0))
    return trio_cli_usage (cli, command, "--runs %s: expected a number, 1 or more", typed->runs) == TRIO_CLI_EXIT_OK;
  if (typed->span && !trio_cli_parse_seconds (typed->span, &self->span_us))
    return trio_cli_usage (cli, command, "--for %s: expected seconds, more than 0", typed->span) == TRIO_CLI_EXIT_OK;
  if (typed->deviations && (!trio_cli_parse_number (typed->deviations, &deviations) || deviations > 1000))
    return trio_cli_usage (cli, command, "--deviations %s: expected a number from 0 to 1000", typed->deviations) == TRIO_CLI_EXIT_OK;
  if (typed->reduce && !parse_reduce (typed->reduce, &self->search.reduce))
    return trio_cli_usage (cli, command, "--reduce %s: expected auto, none, objects or memory", typed->reduce) == TRIO_CLI_EXIT_OK;
  if (typed->reduce && typed->deviations && self->search.reduce > TRIO_SIM_REDUCE_NONE)
    return trio_cli_usage (cli, command, "--reduce %s and --deviations exclude each other: each leaves out schedules that the other "
                           "relies on", typed->reduce) == TRIO_CLI_EXIT_OK;

  if (self->campaign.shards > 1 && self->search.reduce > TRIO_SIM_REDUCE_NONE)
    return trio_cli_usage (cli, command, "--reduce %s and --shard exclude each other: what is left out depends on what all of the search "
                           "has seen", typed->reduce) == TRIO_CLI_EXIT_OK;

  if (self->campaign.target.heal_after > 0 && self->search.reduce > TRIO_SIM_REDUCE_NONE)
    return trio_cli_usage (cli, command, "--reduce %s and --heal-after exclude each other: from then on nobody is asked who goes first, and "
                           "nothing can be turned over", typed->reduce) == TRIO_CLI_EXIT_OK;

  if (!*hold)
    return trio_cli_usage (cli, command, "--hold needs a list of labels, such as clock.pause,net., or none") == TRIO_CLI_EXIT_OK;

  self->search.inject = self->campaign.inject;
  self->search.escapes = self->campaign.target.escapes == TRIO_SIM_ESCAPES_FAIL ? TRIO_SIM_ESCAPES_FAIL : TRIO_SIM_ESCAPES_ALLOW;
  self->search.heal_after = self->campaign.target.heal_after;
  self->search.heal_within = self->campaign.target.heal_within;
  if (typed->deviations)
    self->search.deviations = (gint64) deviations;
  if (self->span_us > 0)
    self->search.max_runs = 0;
  typed->held = g_str_equal (hold, "none") ? NULL : g_strsplit (hold, ",", -1);
  self->search.held = (const char *const *) typed->held;
  self->holds = typed->hold != NULL;
  self->campaign.strategy = command;
  return TRUE;
}

int
trio_cli_exhaust (const TrioCli *cli, int argc, char **argv)
{
  Typed typed = { .common = TRIO_CLI_COMMON_OPTIONS_INIT };
  const GOptionEntry entries[] = {
    { "deviations", 'd', 0, G_OPTION_ARG_STRING, &typed.deviations, "At most so many answers that are not the ordinary ones (no bound)",
      "D" },
    { "runs", 'n', 0, G_OPTION_ARG_STRING, &typed.runs, "Give up after so many runs (100000)", "N" },
    { "for", 0, 0, G_OPTION_ARG_STRING, &typed.span, "Give up after this time, for each scenario", "SECONDS" },
    { "reduce", 0, 0, G_OPTION_ARG_STRING, &typed.reduce, "Which orders count as one: auto, none, objects, memory (auto)", "HOW" },
    { "hold", 0, 0, G_OPTION_ARG_STRING, &typed.hold, "Choices not to vary, \"net.\" for a group (" HELD_DEFAULT "; with --deviations none)",
      "LABELS" },
    TRIO_CLI_COMMON_ENTRIES (typed.common),
    G_OPTION_ENTRY_NULL,
  };
  Exhaust self = { .search = { .deviations = -1, .max_runs = RUNS_DEFAULT } };
  int exit_code = TRIO_CLI_EXIT_USAGE;

  if (trio_cli_parse (cli, "exhaust", NULL, "Runs all schedules of scenarios, or all with at most D deviations from the ordinary run.",
                      "Says \"exhausted\", \"bounded\" or \"stopped\", and what that rests on. --reduce objects leaves out orders of steps\n"
                      "that touch different objects of the runtime: right only if tasks share nothing else. --reduce memory looks at the\n"
                      "program's own memory too, as far as it was compiled for that; auto does so where it was, and else reduces nothing.\n"
                      "A search that reduces is one process, whatever --jobs says: what it may leave out behind one place follows from what it\n"
                      "has seen behind the places before.",
                      entries, argc, argv, NULL)
      && apply (cli, &typed, &self))
    exit_code = exhaust_all (&self, typed.common.scenario);

  trio_cli_common_options_clear (&typed.common);
  g_free (typed.runs);
  g_free (typed.span);
  g_free (typed.deviations);
  g_free (typed.reduce);
  g_free (typed.hold);
  g_strfreev (typed.held);
  return exit_code;
}

/* ---- The search ------------------------------------------------------------------------------------------------------------ */

static void
prepare (guint64 run G_GNUC_UNUSED, TrioSimOptions *options, gpointer data)
{
  const Exhaust *self = data;
  gsize size;

  options->strategy = "bytes";
  options->bytes = g_bytes_get_data (self->decisions, &size);
  options->n_bytes = size;
  options->inject = self->campaign.inject;
}

static void
show_progress (guint64 schedules, gpointer data)
{
  const Exhaust *self = data;

  if (trio_cli_progress_due ())
    {
      g_autofree char *number = trio_cli_grouped (schedules);
      g_autofree char *text = g_strdup_printf ("%s: %s schedules", self->campaign.scenario->name, number);

      trio_cli_progress_say (text);
    }
}

/* As a campaign knows it. */
static TrioCliTally *
tally_of (TrioCliExhausted *done, gint64 began)
{
  TrioCliTally *tally = trio_cli_tally_new ();

  tally->runs = done->sum->runs;
  tally->steps = done->sum->steps;
  tally->schedules = done->sum->schedules;
  tally->interrupted = done->interrupted;
  tally->elapsed_us = g_get_monotonic_time () - began;
  g_hash_table_unref (tally->goals);
  tally->goals = g_hash_table_ref (done->goals);
  if (done->found)
    {
      TrioCliFinding *finding = g_new (TrioCliFinding, 1);

      *finding = (TrioCliFinding) { done->run, done->verdict, g_strdup (done->name), g_strdup (done->message) };
      g_ptr_array_add (tally->findings, finding);
    }
  return tally;
}

/* What was to be held and never came up may be a slip of the pen. */
static void
append_unasked (GString *out, const Exhaust *self, const TrioSimExhaust *sum)
{
  for (guint i = 0; self->search.held != NULL && self->search.held[i] != NULL; i++)
    {
      const char *wanted = self->search.held[i];
      gboolean is_group = g_str_has_suffix (wanted, ".");
      gboolean asked = *wanted == '\0';

      for (guint k = 0; k < sum->held->len && !asked; k++)
        {
          const char *label = ((const TrioSimHeld *) sum->held->pdata[k])->label;

          asked = is_group ? g_str_has_prefix (label, wanted) : g_str_equal (label, wanted);
        }
      if (!asked)
        g_string_append_printf (out, "  never asked: %s (--hold)\n", wanted);
    }
}

static void
append_claim (GString *out, gboolean json, gconstpointer data)
{
  const Exhaust *self = ((gconstpointer *) data)[0];
  const TrioSimExhaust *sum = ((gconstpointer *) data)[1];
  g_autoptr (GString) words = g_string_new (NULL);

  trio_sim_exhaust_describe (sum, &self->search, words);
  if (!json)
    {
      g_string_append_printf (out, "  %s", words->str);
      if (self->holds)
        append_unasked (out, self, sum);
      if (sum->reduced != TRIO_SIM_REDUCE_NONE && self->campaign.jobs > 1)
        g_string_append (out, "  one process: what a reduction leaves out follows from all that was seen before, which --jobs cannot divide\n");
      if (self->campaign.shards > 1)
        g_string_append_printf (out, "  This is shard %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT ": the claim is that of all of them "
                                "together, if each says it.\n", self->campaign.shard, self->campaign.shards);
      return;
    }
  trio_cli_json_member (out, "outcome", trio_sim_exhaust_outcome_to_string (sum->outcome));
  trio_cli_json_member (out, "why", sum->why);
  if (self->search.deviations >= 0)
    trio_cli_json_number (out, "bound", (guint64) self->search.deviations);
  if (sum->complete >= 0)
    trio_cli_json_number (out, "complete", (guint64) sum->complete);
  trio_cli_json_number (out, "redundant", sum->redundant);
  trio_cli_json_member (out, "reduced", trio_sim_reduce_to_string (sum->reduced));
  trio_cli_json_member (out, "irreducible", sum->irreducible);
  trio_cli_json_boolean (out, "memory_seen", sum->memory_seen);
  trio_cli_json_member (out, "claim", words->str);
  trio_cli_json_key (out, "held");
  g_string_append_c (out, '[');
  for (guint i = 0; i < sum->held->len; i++)
    {
      g_string_append (out, i > 0 ? ", " : "");
      trio_cli_json_string (out, ((const TrioSimHeld *) sum->held->pdata[i])->label);
    }
  g_string_append_c (out, ']');
}

static gboolean
exhaust_one (Exhaust *self, guint64 *runs, GError **error)
{
  gint64 began = g_get_monotonic_time ();
  TrioCliExhaustWork work = {
    .target = &self->campaign.target, .options = &self->search, .jobs = self->campaign.jobs,
    .shard = self->campaign.shard, .shards = self->campaign.shards, .tick = show_progress, .tick_data = self,
    .stop_at = self->span_us > 0 ? began + self->span_us : G_MAXINT64,
  };
  g_autoptr (TrioCliExhausted) done = trio_cli_exhaust_work (&work, error);
  g_autoptr (TrioCliTally) tally = NULL;
  gboolean ok = TRUE;

  if (done == NULL)
    return FALSE;
  tally = tally_of (done, began);
  *runs += tally->runs;
  if (done->found)
    {
      self->decisions = trio_schedule_to_bytes (done->decisions);
      ok = trio_cli_campaign_take (&self->campaign, tally, prepare, self, error);
      g_clear_pointer (&self->decisions, g_bytes_unref);
    }
  if (ok)
    {
      /* What no schedule at all reaches is never reached. */
      if (done->sum->outcome == TRIO_SIM_EXHAUSTED)
        trio_cli_campaign_look_for_unreached (&self->campaign, tally);
      trio_cli_kept_take (&self->campaign);
    }
  {
    gconstpointer both[] = { self, done->sum };

    self->campaign.append_end = append_claim;
    self->campaign.append_end_data = both;
    trio_cli_report_end (&self->campaign, tally);
    self->campaign.append_end_data = NULL;
  }
  return ok;
}

static int
exhaust_all (Exhaust *self, const char *only)
{
  g_autoptr (GPtrArray) done = g_ptr_array_new_with_free_func (g_free);
  guint64 runs = 0;
  int exit_code = TRIO_CLI_EXIT_OK;

  trio_cli_catch_interrupt ();
  trio_cli_find_program_data (&trio_sim_program_data[0], &trio_sim_program_data[1]);
  for (const TrioScenario *scenario = self->campaign.cli->scenarios; scenario->name && !trio_cli_interrupted (); scenario++)
    {
      g_autoptr (GError) error = NULL;

      if (only && !g_str_equal (only, scenario->name))
        continue;
      trio_cli_campaign_begin (&self->campaign, scenario);
      trio_cli_report_begin (&self->campaign);
      trio_cli_kept_replay (&self->campaign);
      if (!exhaust_one (self, &runs, &error))
        exit_code = MAX (exit_code, trio_cli_campaign_refuse (&self->campaign, error));
      exit_code = MAX (exit_code, trio_cli_campaign_exit_code (&self->campaign));
      g_ptr_array_add (done, g_memdup2 (&self->campaign, sizeof self->campaign));
    }
  trio_cli_report_all (done, runs);

  for (guint i = 0; i < done->len; i++)
    trio_cli_campaign_clear (done->pdata[i]);
  return exit_code;
}
