/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* explore: many runs, each with a schedule of its own.
 *
 *     run 1      the ordinary run: first come, first served
 *     run n      --strategy, with a seed made of --seed and n alone; of the portfolio, whose turn n is
 *
 * so that run 57 of seed 1 is the same run in every campaign, whatever the number of runs, workers and shards. */

#include "simulator/cli/campaign.h"
#include "simulator/cli/cli.h"
#include "simulator/cli/elsewhere.h"
#include "simulator/cli/json.h"
#include "simulator/cli/kept.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"
#include "simulator/cli/searches.h"
#include "simulator/cli/wire.h"
#include "simulator/strategy.h"

#include <string.h>

#define RUNS_DEFAULT             1000
#define SEED_DEFAULT             1
#define CHECK_DETERMINISM_EVERY  64

typedef struct
{
  TrioCliCampaign  campaign;
  guint64          runs;         /* 0: no limit */
  gint64           span_us;      /* 0: no limit */
  gboolean         keep_going;
} Explore;

static int explore_all (Explore *self, const char *only);

/* ---- What was typed -------------------------------------------------------------------------------------------------------- */

typedef struct
{
  TrioCliCommonOptions common;
  char                *runs;
  char                *seed;
  char                *strategy;
  char                *span;
  gboolean             keep_going;
} Typed;

static gboolean
parse_seed (const char *text, guint64 *seed)
{
  if (!g_str_equal (text, "random"))
    return trio_cli_parse_number (text, seed);

  /* From then on it is a seed like any other, and is printed. */
  *seed = (guint64) g_get_real_time () % 1000000007;
  return TRUE;
}

static gboolean
apply (const TrioCli *cli, Typed *typed, Explore *self)
{
  const char *command = "explore";
  g_autoptr (GError) error = NULL;

  if (!trio_cli_common_options_apply (cli, command, &typed->common, TRIO_SIM_INJECT_NONE, &self->campaign))
    return FALSE;
  if (typed->runs && typed->span)
    return trio_cli_usage (cli, command, "--runs and --for exclude each other") == TRIO_CLI_EXIT_OK;
  if (typed->runs && (!trio_cli_parse_number (typed->runs, &self->runs) || self->runs == 0))
    return trio_cli_usage (cli, command, "--runs %s: expected a number, 1 or more", typed->runs) == TRIO_CLI_EXIT_OK;
  if (typed->span && !trio_cli_parse_seconds (typed->span, &self->span_us))
    return trio_cli_usage (cli, command, "--for %s: expected seconds, more than 0", typed->span) == TRIO_CLI_EXIT_OK;
  if (typed->seed && !parse_seed (typed->seed, &self->campaign.seed))
    return trio_cli_usage (cli, command, "--seed %s: expected a number, or \"random\"", typed->seed) == TRIO_CLI_EXIT_OK;
  if (typed->strategy && !trio_sim_strategy_check (typed->strategy, &error))
    return trio_cli_usage (cli, command, "--strategy %s: %s", typed->strategy, error->message) == TRIO_CLI_EXIT_OK;

  self->campaign.strategy = typed->strategy ? typed->strategy : "portfolio";
  self->keep_going = typed->keep_going;
  if (self->span_us > 0)
    self->runs = 0;
  /* All of its runs are the same one. */
  if (g_str_equal (self->campaign.strategy, "fifo"))
    self->runs = 1;
  return TRUE;
}

int
trio_cli_explore (const TrioCli *cli, int argc, char **argv)
{
  Typed typed = { .common = TRIO_CLI_COMMON_OPTIONS_INIT };
  const GOptionEntry entries[] = {
    { "runs", 'n', 0, G_OPTION_ARG_STRING, &typed.runs, "How many runs (1000)", "N" },
    { "for", 0, 0, G_OPTION_ARG_STRING, &typed.span, "As many runs of each scenario as fit into this time", "SECONDS" },
    { "seed", 0, 0, G_OPTION_ARG_STRING, &typed.seed, "What the runs are drawn from (1); \"random\": from the clock", "S" },
    { "strategy", 0, 0, G_OPTION_ARG_STRING, &typed.strategy, "Who decides (portfolio); fifo: the ordinary run alone", "NAME" },
    { "keep-going", 'k', 0, G_OPTION_ARG_NONE, &typed.keep_going, "Look for further failures after the first", NULL },
    TRIO_CLI_COMMON_ENTRIES (typed.common),
    G_OPTION_ENTRY_NULL,
  };
  Explore self = { .runs = RUNS_DEFAULT, .campaign.seed = SEED_DEFAULT };
  int exit_code = TRIO_CLI_EXIT_USAGE;

  if (trio_cli_parse (cli, "explore", NULL, "Runs scenarios under many schedules, and looks for one that breaks them.",
                      "A failure is shrunk, kept as a schedule file, and told in words. The same seed gives the same runs.",
                      entries,
                      argc, argv, NULL)
      && apply (cli, &typed, &self))
    exit_code = explore_all (&self, typed.common.scenario);

  trio_cli_common_options_clear (&typed.common);
  g_free (typed.runs);
  g_free (typed.span);
  g_free (typed.seed);
  g_free (typed.strategy);
  return exit_code;
}

/* ---- The runs -------------------------------------------------------------------------------------------------------------- */

/* Steele, Lea and Flood's SplitMix64, 2014: neighbouring inputs have nothing in common in what comes out. */
static guint64
mix (guint64 x)
{
  x += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static void
prepare (guint64 run, TrioSimOptions *options, gpointer data)
{
  const Explore *self = data;

  options->strategy = run == 1 ? "fifo" : self->campaign.strategy;
  options->seed = mix (mix (self->campaign.seed) + run);
  /* The report is to name the member that found something. */
  if (g_str_equal (options->strategy, "portfolio"))
    options->strategy = trio_sim_portfolio_pick (run - 2);
  options->inject = self->campaign.inject;
}

static void
show_progress (const TrioCliTally *tally, gpointer data)
{
  const Explore *self = data;
  guint64 shards = self->campaign.shards;

  if (trio_cli_progress_due ())
    {
      g_autofree char *text = trio_cli_tally_to_text (self->campaign.scenario->name, tally,
                                                      (self->runs + shards - self->campaign.shard) / shards);

      trio_cli_progress_say (text);
    }
}

/* Of which the portfolio has some. */
static gboolean
needs_measure (const Explore *self)
{
  const TrioSimOptions options = { .strategy = self->campaign.strategy, .inject = self->campaign.inject };

  return self->runs != 1 && (g_str_equal (self->campaign.strategy, "portfolio") || trio_sim_strategy_needs_measure (&options));
}

static gboolean
explore_one (Explore *self, TrioCliTally *tally, GError **error)
{
  TrioCliWork work = {
    .target = &self->campaign.target, .prepare = prepare, .prepare_data = self,
    .first = self->campaign.shard, .stride = self->campaign.shards, .last = self->runs ? self->runs : G_MAXUINT64 / 2,
    .stop_at = self->span_us > 0 ? g_get_monotonic_time () + self->span_us : G_MAXINT64,
    .jobs = self->campaign.jobs, .keep_going = self->keep_going, .check_every = CHECK_DETERMINISM_EVERY,
    .tick = show_progress, .tick_data = self,
  };

  g_autoptr (TrioSimMeasure) measure = needs_measure (self) ? trio_cli_measure (&self->campaign.target, self->campaign.inject) : NULL;
  gboolean ok;

  self->campaign.target.measure = measure;
  ok = trio_cli_work (&work, tally, error) && trio_cli_campaign_take (&self->campaign, tally, prepare, self, error);
  self->campaign.target.measure = NULL;
  if (!ok)
    return FALSE;
  /* One that stopped at a failure has not had its chance. */
  if (tally->runs > TRIO_CLI_RUNS_BEFORE_UNREACHED && (tally->findings->len == 0 || self->keep_going))
    trio_cli_campaign_look_for_unreached (&self->campaign, tally);
  trio_cli_kept_take (&self->campaign);
  return TRUE;
}

gboolean
trio_cli_explore_scenario (TrioCliCampaign *campaign, guint64 runs, TrioCliTally *tally, GError **error)
{
  Explore self = { .campaign = *campaign, .runs = runs };

  return explore_one (&self, tally, error);
}

static int
explore_all (Explore *self, const char *only)
{
  g_autoptr (GPtrArray) done = g_ptr_array_new_with_free_func (g_free);
  guint64 runs = 0;
  int exit_code = TRIO_CLI_EXIT_OK;

  trio_cli_catch_interrupt ();
  for (const TrioScenario *scenario = self->campaign.cli->scenarios; scenario->name && !trio_cli_interrupted (); scenario++)
    {
      g_autoptr (TrioCliTally) tally = trio_cli_tally_new ();
      g_autoptr (GError) error = NULL;

      if (only && !g_str_equal (only, scenario->name))
        continue;
      trio_cli_campaign_begin (&self->campaign, scenario);
      trio_cli_report_begin (&self->campaign);
      trio_cli_kept_replay (&self->campaign);
      if (!explore_one (self, tally, &error))
        exit_code = MAX (exit_code, trio_cli_campaign_refuse (&self->campaign, error));
      else
        trio_cli_look_elsewhere (&self->campaign);
      trio_cli_report_end (&self->campaign, tally);

      runs += tally->runs;
      exit_code = MAX (exit_code, trio_cli_campaign_exit_code (&self->campaign));
      g_ptr_array_add (done, g_memdup2 (&self->campaign, sizeof self->campaign));
    }
  trio_cli_report_all (done, runs);

  for (guint i = 0; i < done->len; i++)
    trio_cli_campaign_clear (done->pdata[i]);
  return exit_code;
}
