/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* sweep: what if exactly here …? One injected decision at every occasion, each in a run of its own; sweep-plan.h says which runs those are. */

#include "simulator/cli/campaign.h"
#include "simulator/cli/cli.h"
#include "simulator/cli/coverage.h"
#include "simulator/cli/kept.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"
#include "simulator/cli/searches.h"
#include "simulator/cli/sweep-plan.h"

#include <string.h>

#define MAX_DEFAULT              10000
#define SCHEDULES_MAX            1000
#define CHECK_DETERMINISM_EVERY  64

/* What became of a run, told by its worker. */
enum
{
  RAN       = 1 << 0,
  INJECTED  = 1 << 1,        /* the occasion came */
  EFFECTIVE = 1 << 2,        /* and made it another run */
};

typedef struct
{
  TrioCliCampaign  campaign;
  TrioCliPlan      plan;
  guint8          *fates;    /* shared; by job */
} Sweep;

static int sweep_all (Sweep *self, const char *only);

int
trio_cli_sweep (const TrioCli *cli, int argc, char **argv)
{
  TrioCliCommonOptions common = TRIO_CLI_COMMON_OPTIONS_INIT;
  Sweep self = { 0 };
  gboolean pairs = FALSE, all_pairs = FALSE;
  int max = MAX_DEFAULT, n_schedules = 1;
  const GOptionEntry entries[] = {
    { "pairs", 0, 0, G_OPTION_ARG_NONE, &pairs, "Also a second injection while the program cleans up after each first", NULL },
    { "all-pairs", 0, 0, G_OPTION_ARG_NONE, &all_pairs, "Also a second injection at any time after each first", NULL },
    { "schedules", 0, 0, G_OPTION_ARG_INT, &n_schedules, "On so many schedules, the ordinary one and others far from it (1)", "M" },
    { "max", 0, 0, G_OPTION_ARG_INT, &max, "At most so many runs for a scenario (10000)", "N" },
    TRIO_CLI_COMMON_ENTRIES (common),
    G_OPTION_ENTRY_NULL,
  };
  int exit_code = TRIO_CLI_EXIT_USAGE;

  if (!trio_cli_parse (cli, "sweep", NULL, "Cancels, interrupts and breaks a scenario at every single place where that can happen.",
                       "Injects all three kinds unless told otherwise; faults once, and from then on. Prints where it was, what came of it, "
                       "and which checkpoints were never cancelled.", entries, argc, argv, NULL)
      || !trio_cli_common_options_apply (cli, "sweep", &common,
                                         TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT | TRIO_SIM_INJECT_FAULT,
                                         &self.campaign))
    ;
  else if (self.campaign.inject == TRIO_SIM_INJECT_NONE)
    trio_cli_usage (cli, "sweep", "--inject none leaves nothing to sweep");
  else if (max < 1)
    trio_cli_usage (cli, "sweep", "--max %d: expected 1 or more", max);
  else if (n_schedules < 1 || n_schedules > SCHEDULES_MAX)
    trio_cli_usage (cli, "sweep", "--schedules %d: expected 1 to %d", n_schedules, SCHEDULES_MAX);
  else
    {
      self.plan.max = max;
      self.plan.n_schedules = n_schedules;
      self.plan.pairs = all_pairs ? TRIO_CLI_PAIRS_ALL : pairs ? TRIO_CLI_PAIRS_WINDOW : TRIO_CLI_PAIRS_NONE;
      self.campaign.strategy = "sweep";
      exit_code = sweep_all (&self, common.scenario);
    }

  trio_cli_common_options_clear (&common);
  return exit_code;
}

/* ---- In a worker ----------------------------------------------------------------------------------------------------------- */

static void
prepare (guint64 run, TrioSimOptions *options, gpointer data)
{
  const Sweep *self = data;
  const TrioCliJob *job = run == 1 ? NULL : self->plan.jobs->pdata[run - 2];

  options->inject = self->campaign.inject;
  options->strategy = job ? "replay" : "fifo";
  options->schedule = job ? job->schedule : NULL;
}

static gboolean
has_entry (const TrioSchedule *schedule, const TrioScheduleEntry *wanted)
{
  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (schedule, i);

      if (entry->ordinal == wanted->ordinal && g_str_equal (entry->label, wanted->label) && g_str_equal (entry->path, wanted->path))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_another_run (const TrioSimReport *report, const TrioCliBase *base)
{
  return report->verdict != TRIO_SIM_OK || report->n_raised != base->n_raised || report->interleaving != base->interleaving
         || report->steps != base->steps || report->duration_us != base->duration_us;
}

static void
note_fate (guint64 run, const TrioSimReport *report, const TrioCliFollow *follow G_GNUC_UNUSED, gpointer data)
{
  const Sweep *self = data;
  const TrioCliJob *job = run == 1 ? NULL : self->plan.jobs->pdata[run - 2];
  guint8 fate = RAN;

  if (!job || job->tried == G_MAXUINT)
    return;
  if (has_entry (report->schedule, trio_schedule_get_entry (job->schedule, job->tried)))
    fate |= INJECTED;
  if (is_another_run (report, self->plan.bases->pdata[job->base]))
    fate |= EFFECTIVE;
  self->fates[run - 2] = fate;
}

/* ---- The runs -------------------------------------------------------------------------------------------------------------- */

static void
show_progress (const TrioCliTally *tally, gpointer data)
{
  const Sweep *self = data;

  if (trio_cli_progress_due ())
    {
      g_autofree char *text = trio_cli_tally_to_text (self->campaign.scenario->name, tally, self->plan.jobs->len + 1);

      trio_cli_progress_say (text);
    }
}

static gboolean
run_jobs (Sweep *self, TrioCliTally *tally, GError **error)
{
  TrioCliWork work = {
    .target = &self->campaign.target, .prepare = prepare, .prepare_data = self,
    .first = self->campaign.shard, .stride = self->campaign.shards, .last = self->plan.jobs->len + 1,
    .stop_at = G_MAXINT64, .jobs = self->campaign.jobs, .keep_going = TRUE, .check_every = CHECK_DETERMINISM_EVERY,
    .done = note_fate, .done_data = self, .tick = show_progress, .tick_data = self,
  };

  return trio_cli_work (&work, tally, error);
}

/* Puts what the workers told into the tables. Returns how many injections found no occasion. */
static guint64
cover (Sweep *self, const TrioCliTally *tally, TrioCliCoverage *coverage)
{
  guint64 n_unmatched = 0;
  guint next = 0;

  for (guint i = 0; i < self->plan.jobs->len; i++)
    {
      const TrioCliJob *job = self->plan.jobs->pdata[i];
      const TrioCliFinding *finding;
      gboolean failed;

      while (next < tally->findings->len && ((TrioCliFinding *) tally->findings->pdata[next])->run < i + 2)
        next++;
      finding = next < tally->findings->len ? tally->findings->pdata[next] : NULL;
      failed = finding && finding->run == i + 2;
      if (job->tried == G_MAXUINT || (!failed && !(self->fates[i] & RAN)))
        continue;

      /* A crash tells nothing itself, but that it was there is plain. */
      n_unmatched += !failed && !(self->fates[i] & INJECTED);
      trio_cli_coverage_add (coverage, trio_schedule_get_entry (job->schedule, job->tried), failed);
      if (failed || self->fates[i] & INJECTED)
        trio_cli_checkpoints_tried (self->plan.checkpoints, job->checkpoint, failed || self->fates[i] & EFFECTIVE);
    }
  return n_unmatched;
}

/* Of the whole sweep: whether it is the ordinary run that reaches a goal, or one of a thousand in the wake of an injection. One that had no
 * run for all of it says nothing, and a small one as little as a short `explore`. */
static void
look_for_unreached (Sweep *self, const TrioCliTally *tally)
{
  if (tally->runs > TRIO_CLI_RUNS_BEFORE_UNREACHED && !trio_cli_plan_is_full (&self->plan))
    trio_cli_campaign_look_for_unreached (&self->campaign, tally);
}

static gboolean
sweep_one (Sweep *self, TrioCliTally *tally, TrioCliCoverage *coverage, guint64 *n_unmatched, GError **error)
{
  gsize n_bytes;
  gboolean ok;

  self->plan.campaign = &self->campaign;
  if (!trio_cli_plan_make (&self->plan, error))
    return FALSE;

  n_bytes = MAX (self->plan.jobs->len, 1);
  self->fates = trio_cli_share (n_bytes);
  ok = run_jobs (self, tally, error);
  if (ok)
    *n_unmatched = cover (self, tally, coverage);
  trio_cli_unshare (self->fates, n_bytes);
  ok = ok && trio_cli_campaign_take (&self->campaign, tally, prepare, self, error);
  if (ok)
    {
      look_for_unreached (self, tally);
      trio_cli_kept_take (&self->campaign);
    }
  return ok;
}

gboolean
trio_cli_sweep_scenario (TrioCliCampaign *campaign, TrioCliTally *tally, GError **error)
{
  g_autoptr (TrioCliCoverage) coverage = trio_cli_coverage_new ();
  Sweep self = { .campaign = *campaign, .plan = { .max = MAX_DEFAULT, .n_schedules = 1 } };
  guint64 n_unmatched;
  gboolean ok = sweep_one (&self, tally, coverage, &n_unmatched, error);

  trio_cli_plan_clear (&self.plan);
  return ok;
}

static void
report (Sweep *self, const TrioCliCoverage *coverage, guint64 n_unmatched)
{
  const TrioCliPlan *plan = &self->plan;
  TrioCliSweepFigures figures = {
    .n_schedules = plan->bases->len, .all_pairs = plan->pairs == TRIO_CLI_PAIRS_ALL, .n_firsts = plan->n_firsts,
    .n_pairs = plan->n_pairs, .n_after = plan->n_after, .n_left_out = plan->n_left_out, .n_unmatched = n_unmatched,
    .checkpoints = plan->checkpoints,
  };

  trio_cli_coverage_report (coverage, &self->campaign, &figures);
}

static int
sweep_all (Sweep *self, const char *only)
{
  g_autoptr (GPtrArray) done = g_ptr_array_new_with_free_func (g_free);
  const TrioCliPlan asked = self->plan;
  guint64 runs = 0;
  int exit_code = TRIO_CLI_EXIT_OK;

  trio_cli_catch_interrupt ();
  for (const TrioScenario *scenario = self->campaign.cli->scenarios; scenario->name && !trio_cli_interrupted (); scenario++)
    {
      g_autoptr (TrioCliTally) tally = trio_cli_tally_new ();
      g_autoptr (TrioCliCoverage) coverage = trio_cli_coverage_new ();
      g_autoptr (GError) error = NULL;
      guint64 n_unmatched = 0;

      if (only && !g_str_equal (only, scenario->name))
        continue;
      self->plan = asked;
      trio_cli_campaign_begin (&self->campaign, scenario);
      trio_cli_report_begin (&self->campaign);
      trio_cli_kept_replay (&self->campaign);
      if (!sweep_one (self, tally, coverage, &n_unmatched, &error))
        exit_code = MAX (exit_code, trio_cli_campaign_refuse (&self->campaign, error));
      report (self, coverage, n_unmatched);
      trio_cli_report_end (&self->campaign, tally);

      runs += tally->runs;
      exit_code = MAX (exit_code, trio_cli_campaign_exit_code (&self->campaign));
      g_ptr_array_add (done, g_memdup2 (&self->campaign, sizeof self->campaign));
      trio_cli_plan_clear (&self->plan);
    }
  trio_cli_report_all (done, runs);

  for (guint i = 0; i < done->len; i++)
    trio_cli_campaign_clear (done->pdata[i]);
  return exit_code;
}
