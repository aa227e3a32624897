/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* sweep: what if exactly here …? One injected decision at every occasion of the ordinary run, each in a run of its own.
 *
 *     run 1      the ordinary run, noting every occasion for a cancellation, a Ctrl-C, a fault
 *     run n      the ordinary run, except for that one decision at that occasion
 *     --pairs    and then, for each of those, the occasions that came after it: two decisions
 *
 * The numbers of the runs depend on the program alone. */

#include "simulator/cli/campaign.h"
#include "simulator/cli/cli.h"
#include "simulator/cli/coverage.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"
#include "simulator/cli/searches.h"

#include <string.h>

#define MAX_DEFAULT              10000
#define CHECK_DETERMINISM_EVERY  64
#define OCCASIONS_MAX            1000000

typedef struct
{
  TrioCliCampaign  campaign;
  gboolean         pairs;
  guint            max;
  GPtrArray       *jobs;          /* TrioSchedule of one or two decisions; run n is job n - 2 */
  guint            n_singles;
  guint64          n_left_out;
} Sweep;

static int sweep_all (Sweep *self, const char *only);

int
trio_cli_sweep (const TrioCli *cli, int argc, char **argv)
{
  TrioCliCommonOptions common = TRIO_CLI_COMMON_OPTIONS_INIT;
  Sweep self = { .max = MAX_DEFAULT };
  int max = MAX_DEFAULT;
  const GOptionEntry entries[] = {
    { "pairs", 0, 0, G_OPTION_ARG_NONE, &self.pairs, "Also a second decision after each first", NULL },
    { "max", 0, 0, G_OPTION_ARG_INT, &max, "At most so many runs for a scenario (10000)", "N" },
    TRIO_CLI_COMMON_ENTRIES (common),
    G_OPTION_ENTRY_NULL,
  };
  int exit_code = TRIO_CLI_EXIT_USAGE;

  if (!trio_cli_parse (cli, "sweep", NULL, "Cancels, interrupts and breaks a scenario at every single place where that can happen.",
                       "Injects all three kinds unless told otherwise. Prints where it was, and what came of it.", entries, argc,
                       argv,
                       NULL)
      || !trio_cli_common_options_apply (cli, "sweep", &common,
                                         TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT | TRIO_SIM_INJECT_FAULT,
                                         &self.campaign))
    ;
  else if (self.campaign.inject == TRIO_SIM_INJECT_NONE)
    trio_cli_usage (cli, "sweep", "--inject none leaves nothing to sweep");
  else if (max < 1)
    trio_cli_usage (cli, "sweep", "--max %d: expected 1 or more", max);
  else
    {
      self.max = max;
      self.campaign.strategy = "sweep";
      exit_code = sweep_all (&self, common.scenario);
    }

  trio_cli_common_options_clear (&common);
  return exit_code;
}

/* ---- The runs -------------------------------------------------------------------------------------------------------------- */

static void
prepare (guint64 run, TrioSimOptions *options, gpointer data)
{
  const Sweep *self = data;

  options->inject = self->campaign.inject;
  options->strategy = run == 1 ? "fifo" : "replay";
  options->schedule = run == 1 ? NULL : self->jobs->pdata[run - 2];
}

typedef struct
{
  TrioSimInject inject;
  gint64        after_index;     /* on the tape; -1 for all */
} Wanted;

static gboolean
wants_occasion (const TrioScheduleEntry *entry, gpointer data)
{
  const Wanted *wanted = data;

  return (wanted->inject & trio_cli_kind_of (entry->label)) && (gint64) entry->index > wanted->after_index && entry->value == 0;
}

/* The occasions in the run that @first leads to (NULL: the ordinary one). */
static TrioSchedule *
note_occasions (Sweep *self, const TrioSchedule *first, TrioSimReport **report, GError **error)
{
  Wanted wanted = { self->campaign.inject, first ? (gint64) trio_schedule_get_entry (first, 0)->index : -1 };
  TrioCliNoting noting = { wants_occasion, &wanted, OCCASIONS_MAX };
  TrioSimOptions options = { .strategy = first ? "replay" : "fifo", .schedule = first, .inject = self->campaign.inject };
  g_autoptr (TrioSchedule) occasions = trio_schedule_new ();

  *report = trio_cli_isolate (&self->campaign.target, &options, &noting, occasions, error);
  return *report ? g_steal_pointer (&occasions) : NULL;
}

static void
add_job (Sweep *self, const TrioSchedule *first, const TrioScheduleEntry *occasion, guint32 value)
{
  TrioScheduleEntry entry = *occasion;
  TrioSchedule *job;

  if (self->jobs->len + 1 >= self->max)
    {
      self->n_left_out++;
      return;
    }
  job = first ? trio_schedule_copy (first) : trio_schedule_new ();
  entry.value = value;
  entry.words = NULL;
  trio_schedule_append (job, &entry);
  g_ptr_array_add (self->jobs, job);
}

static void
add_jobs (Sweep *self, const TrioSchedule *first, const TrioSchedule *occasions)
{
  for (guint i = 0; i < trio_schedule_get_length (occasions); i++)
    {
      const TrioScheduleEntry *occasion = trio_schedule_get_entry (occasions, i);

      for (guint32 value = 1; value < occasion->bound; value++)
        add_job (self, first, occasion, value);
    }
}

static void
show_noting (Sweep *self, guint done)
{
  if (trio_cli_progress_due ())
    {
      g_autofree char *text = g_strdup_printf ("%s: noting what comes after %u of %u first decisions",
                                               self->campaign.scenario->name, done,
                                               self->n_singles);

      trio_cli_progress_say (text);
    }
}

static gboolean
add_pairs (Sweep *self, GError **error)
{
  for (guint i = 0; i < self->n_singles && self->jobs->len + 1 < self->max && !trio_cli_interrupted (); i++)
    {
      const TrioSchedule *first = self->jobs->pdata[i];
      g_autoptr (TrioSimReport) report = NULL;
      g_autoptr (TrioSchedule) occasions = note_occasions (self, first, &report, error);

      if (!occasions)
        return FALSE;
      show_noting (self, i);
      /* One that fails by itself is a failure already. */
      if (report->verdict == TRIO_SIM_OK)
        add_jobs (self, first, occasions);
    }
  return TRUE;
}

static void
show_progress (const TrioCliTally *tally, gpointer data)
{
  const Sweep *self = data;

  if (trio_cli_progress_due ())
    {
      g_autofree char *text = trio_cli_tally_to_text (self->campaign.scenario->name, tally, self->jobs->len + 1);

      trio_cli_progress_say (text);
    }
}

static gboolean
run_jobs (Sweep *self, TrioCliTally *tally, GError **error)
{
  TrioCliWork work = {
    .target = &self->campaign.target, .prepare = prepare, .prepare_data = self, .first = 1, .stride = 1,
    .last = self->jobs->len + 1,
    .stop_at = G_MAXINT64, .jobs = self->campaign.jobs, .keep_going = TRUE, .check_every = CHECK_DETERMINISM_EVERY,
    .tick = show_progress, .tick_data = self,
  };

  return trio_cli_work (&work, tally, error);
}

static void
cover (Sweep *self, const TrioCliTally *tally, TrioCliCoverage *coverage)
{
  guint next = 0;

  for (guint i = 0; i < self->jobs->len; i++)
    {
      const TrioSchedule *job = self->jobs->pdata[i];
      const TrioCliFinding *finding = next < tally->findings->len ? tally->findings->pdata[next] : NULL;
      gboolean failed = finding && finding->run == i + 2;

      trio_cli_coverage_add (coverage, trio_schedule_get_entry (job, trio_schedule_get_length (job) - 1), failed);
      next += failed || (finding && finding->run == 1);
    }
}

static gboolean
sweep_one (Sweep *self, TrioCliTally *tally, TrioCliCoverage *coverage, GError **error)
{
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (TrioSchedule) occasions = note_occasions (self, NULL, &report, error);

  if (!occasions)
    return FALSE;

  /* A run that fails with nothing injected is the one finding: all others would repeat it. */
  if (report->verdict == TRIO_SIM_OK)
    add_jobs (self, NULL, occasions);
  self->n_singles = self->jobs->len;
  if (self->pairs && !add_pairs (self, error))
    return FALSE;
  if (!run_jobs (self, tally, error))
    return FALSE;

  cover (self, tally, coverage);
  return trio_cli_campaign_take (&self->campaign, tally, prepare, self, error);
}

gboolean
trio_cli_sweep_scenario (TrioCliCampaign *campaign, TrioCliTally *tally, GError **error)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_schedule_free);
  g_autoptr (TrioCliCoverage) coverage = trio_cli_coverage_new ();
  Sweep self = { .campaign = *campaign, .max = MAX_DEFAULT, .jobs = jobs };

  return sweep_one (&self, tally, coverage, error);
}

static int
sweep_all (Sweep *self, const char *only)
{
  g_autoptr (GPtrArray) done = g_ptr_array_new_with_free_func (g_free);
  guint64 runs = 0;
  int exit_code = TRIO_CLI_EXIT_OK;

  trio_cli_catch_interrupt ();
  for (const TrioScenario *scenario = self->campaign.cli->scenarios; scenario->name && !trio_cli_interrupted (); scenario++)
    {
      g_autoptr (TrioCliTally) tally = trio_cli_tally_new ();
      g_autoptr (TrioCliCoverage) coverage = trio_cli_coverage_new ();
      g_autoptr (GError) error = NULL;

      if (only && !g_str_equal (only, scenario->name))
        continue;
      self->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_schedule_free);
      self->n_left_out = 0;
      trio_cli_campaign_begin (&self->campaign, scenario);
      trio_cli_report_begin (&self->campaign);
      if (!sweep_one (self, tally, coverage, &error))
        exit_code = trio_cli_usage (self->campaign.cli, "sweep", "%s: %s", scenario->name, error->message);
      trio_cli_coverage_report (coverage, &self->campaign, tally, self->n_left_out);
      trio_cli_report_end (&self->campaign, tally);

      runs += tally->runs;
      exit_code = MAX (exit_code, trio_cli_campaign_exit_code (&self->campaign));
      g_ptr_array_add (done, g_memdup2 (&self->campaign, sizeof self->campaign));
      g_clear_pointer (&self->jobs, g_ptr_array_unref);
    }
  trio_cli_report_all (done, runs);

  for (guint i = 0; i < done->len; i++)
    trio_cli_campaign_clear (done->pdata[i]);
  return exit_code;
}
