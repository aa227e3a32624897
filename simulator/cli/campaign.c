/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* From a finding to a failure with a file. See campaign.h. */

#include "simulator/cli/campaign.h"
#include "simulator/cli/kept.h"
#include "simulator/cli/lines.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"
#include "simulator/cli/shrinker.h"
#include "simulator/cli/wire.h"
#include "simulator/watch.h"

#include <string.h>

/* Shrinking within a campaign is bounded in time, too: somebody waits. */
#define SHRINK_SPAN (60 * G_TIME_SPAN_SECOND)

static void
failure_free (gpointer data)
{
  TrioCliFailure *failure = data;

  g_free (failure->kind);
  g_free (failure->name);
  g_free (failure->message);
  g_free (failure->strategy);
  g_clear_pointer (&failure->schedule, trio_schedule_free);
  g_free (failure->file);
  g_free (failure->path);
  g_free (failure->trouble);
  g_free (failure->beside);
  g_free (failure);
}

void
trio_cli_campaign_begin (TrioCliCampaign *campaign, const TrioScenario *scenario)
{
  campaign->scenario = scenario;
  campaign->target.func = scenario->func;
  campaign->target.data = scenario->data;
  campaign->target.program = campaign->cli->program;
  campaign->failures = g_ptr_array_new_with_free_func (failure_free);
  campaign->kept = g_ptr_array_new_with_free_func (trio_cli_kept_free);
  campaign->shards = MAX (campaign->shards, 1);
  campaign->shard = MAX (campaign->shard, 1);
  campaign->runs = 0;
  campaign->elapsed_us = 0;
  campaign->interrupted = FALSE;
  campaign->refusal = NULL;
}

void
trio_cli_campaign_clear (TrioCliCampaign *campaign)
{
  g_clear_pointer (&campaign->failures, g_ptr_array_unref);
  g_clear_pointer (&campaign->kept, g_ptr_array_unref);
  g_clear_pointer (&campaign->refusal, g_free);
}

int
trio_cli_campaign_refuse (TrioCliCampaign *campaign, const GError *error)
{
  /* Then it was cut short, as a search is. */
  if (g_error_matches (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    {
      campaign->interrupted = TRUE;
      return TRIO_CLI_EXIT_OK;
    }
  g_free (campaign->refusal);
  campaign->refusal = g_strdup (error->message);
  return trio_cli_usage (campaign->cli, campaign->command, "%s: %s", campaign->scenario->name, error->message);
}

guint
trio_cli_failure_deviations (const TrioCliFailure *failure)
{
  return failure->schedule ? trio_schedule_get_length (failure->schedule) : 0;
}

int
trio_cli_campaign_exit_code (const TrioCliCampaign *campaign)
{
  return campaign->failures->len > 0 ? TRIO_CLI_EXIT_FOUND : TRIO_CLI_EXIT_OK;
}

/* ---- Keeping --------------------------------------------------------------------------------------------------------------- */

static void
fill_header (const TrioCliCampaign *campaign, const TrioCliFailure *failure, TrioSchedule *schedule, const TrioSimReport *report)
{
  TrioScheduleHeader *header = trio_schedule_get_header (schedule);

  g_free (header->program);
  g_free (header->scenario);
  g_free (header->strategy);
  g_free (header->name);
  g_free (header->place);
  *header = (TrioScheduleHeader) {
    .program = g_strdup (campaign->cli->program), .scenario = g_strdup (campaign->scenario->name),
    .strategy = g_strdup (failure->strategy),
    .seed = campaign->seed, .run = failure->run, .inject = campaign->inject,
    .lets_escape = campaign->target.escapes != TRIO_SIM_ESCAPES_FAIL,
    .heal_after = campaign->target.heal_after, .heal_within = campaign->target.heal_within, .verdict = report->verdict,
    .name = g_strdup (report->name), .place = g_strdup (report->place),
    .steps = report->steps, .hash = report->hash,
  };
}

/* The same campaign writes the same names, and no two schedules have the same one, whichever campaigns, shards and machines they are from:
 * their folders can be copied into one. The last part is the schedule itself, as it was found, boiled down to a few digits. */
static char *
path_for (const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  g_autofree char *text = trio_schedule_to_text (failure->schedule);
  g_autofree char *origin = g_str_equal (campaign->command, "explore")
                            ? g_strdup_printf ("seed%" G_GUINT64_FORMAT "-run", campaign->seed) : g_strdup (campaign->command);
  g_autofree char *name = g_strdup_printf ("%s-%s-%s%" G_GUINT64_FORMAT "-%08x" TRIO_CLI_KEPT_SUFFIX, campaign->scenario->name,
                                           failure->kind, origin, failure->run, (guint32) trio_sim_hash_text (text));

  for (char *c = name; *c; c++)
    {
      if (!g_ascii_isalnum (*c) && !strchr ("-_.", *c))
        *c = '_';
    }
  return g_build_filename (campaign->keep, name, NULL);
}

static void
keep (const TrioCliCampaign *campaign, TrioCliFailure *failure)
{
  g_autoptr (GError) error = NULL;

  if (!failure->file)
    failure->file = path_for (campaign, failure);
  g_clear_pointer (&failure->trouble, g_free);
  g_clear_pointer (&failure->path, g_free);
  /* A directory that cannot be made says so when the file cannot be written. */
  g_mkdir_with_parents (campaign->keep, 0777);
  if (trio_schedule_save (failure->schedule, failure->file, &error))
    failure->path = g_strdup (failure->file);
  else
    failure->trouble = g_strdup_printf ("The schedule could not be kept in \"%s\": %s", failure->file, error->message);
}

/* ---- Shrinking ------------------------------------------------------------------------------------------------------------- */

static void
show_shrinking (guint decisions, guint used, gpointer data)
{
  const TrioCliCampaign *campaign = data;

  if (trio_cli_progress_due ())
    {
      g_autofree char *text = g_strdup_printf ("%s: shrinking, %u decisions left after %u runs", campaign->scenario->name,
                                               decisions, used);

      trio_cli_progress_say (text);
    }
}

static void
take_report (const TrioCliCampaign *campaign, TrioCliFailure *failure, TrioSimReport *report)
{
  g_clear_pointer (&failure->schedule, trio_schedule_free);
  failure->schedule = g_steal_pointer (&report->schedule);
  fill_header (campaign, failure, failure->schedule, report);
  g_free (failure->message);
  failure->message = g_steal_pointer (&report->message);
  trio_sim_report_free (report);
}

/* In "FILE.other", "FILE.other2", …: as the command shrink does it. */
static void
keep_others (const TrioCliCampaign *campaign, TrioCliFailure *failure, const GPtrArray *others)
{
  g_autofree char *path = path_for (campaign, failure);
  g_autoptr (GString) told = g_string_new (NULL);

  for (guint i = 0; i < others->len; i++)
    {
      TrioSimReport *other = others->pdata[i];
      g_autofree char *nth = i == 0 ? g_strdup ("") : g_strdup_printf ("%u", i + 1);
      g_autofree char *beside = g_strdup_printf ("%s.other%s", path, nth);

      fill_header (campaign, failure, other->schedule, other);
      if (trio_schedule_save (other->schedule, beside, NULL))
        g_string_append_printf (told, "another failure was met on the way, \"%s%s%s\"%s%s, and is kept in %s\n",
                                trio_sim_verdict_to_string (other->verdict), other->name ? ": " : "", other->name ? other->name : "",
                                other->place ? " at " : "", other->place ? other->place : "", beside);
    }
  if (told->len > 0)
    failure->beside = g_strdup (told->str);
}

static gboolean
shrink (TrioCliCampaign *campaign, TrioCliFailure *failure, TrioSimReport *report, GError **error)
{
  TrioCliShrinker shrinker = {
    .target = &campaign->target, .inject = campaign->inject, .budget = campaign->budget,
    .plain = g_str_equal (failure->strategy, "exhaust"),
    .stop_at = g_get_monotonic_time () + SHRINK_SPAN, .tick = show_shrinking, .tick_data = campaign, .best = report,
  };
  gboolean ok = trio_cli_shrink (&shrinker, error);

  failure->shrink_runs = shrinker.used;
  failure->shrink_gave_up = shrinker.gave_up;
  take_report (campaign, failure, g_steal_pointer (&shrinker.best));
  keep_others (campaign, failure, shrinker.others);
  trio_cli_shrinker_clear (&shrinker);
  return ok;
}

/* ---- Confirming ------------------------------------------------------------------------------------------------------------ */

static char *
identity_in_words (TrioSimVerdict verdict, const char *name)
{
  if (verdict == TRIO_SIM_OK)
    return g_strdup ("nothing was found");
  return g_strdup_printf ("\"%s%s%s\" was found", trio_sim_verdict_to_string (verdict), name ? ": " : "", name ? name : "");
}

static void
become_nondeterminism (TrioSimReport *report, const char *name, char *message)
{
  report->verdict = TRIO_SIM_NONDETERMINISM;
  g_free (report->name);
  report->name = g_strdup (name);
  g_clear_pointer (&report->place, g_free);
  g_free (report->message);
  report->message = message;
}

/* The run again, in a process that did nothing before. */
static TrioSimReport *
confirm (TrioCliCampaign *campaign, const TrioCliFinding *finding, const TrioSimOptions *options, GError **error)
{
  TrioSimReport *report = trio_cli_isolate (&campaign->target, options, NULL, NULL, error);
  g_autofree char *there = NULL, *here = NULL;

  if (!report || trio_cli_same_failure (finding->verdict, finding->name, report))
    return report;
  /* A crash is named by what was printed; in the worker that may have been a line of an earlier run. */
  if (finding->verdict == TRIO_SIM_CRASH && report->verdict == TRIO_SIM_CRASH)
    return report;

  /* Two runs of the worker differed. That stands, whether or not it shows in a process that did nothing before. */
  if (finding->verdict == TRIO_SIM_NONDETERMINISM && report->verdict == TRIO_SIM_OK)
    {
      become_nondeterminism (report, finding->name, g_strdup_printf (
        "%s\nIn a fresh process it did not show in %d runs: it depends on what was done before.", finding->message, TRIO_CLI_COMPARED + 1));
      return report;
    }
  there = identity_in_words (finding->verdict, finding->name);
  here = identity_in_words (report->verdict, report->name);
  become_nondeterminism (report, "a fresh process gave another run", g_strdup_printf (
    "In a worker that had done other runs before it, %s; in a fresh process, with the same answers to every choice, %s.\n"
    "Something lives on from run to run, or comes from outside the choices: a static variable, a hash table's order, an address,\n"
    "the real clock or random numbers, uninitialised memory.%s%s", there, here,
    finding->message ? "\nThe worker said:\n" : "", finding->message ? finding->message : ""));
  return report;
}

/* Where two runs of it part, if that shows in one process, too; NULL if not. */
static char *
find_parting (const TrioCliCampaign *campaign, const TrioSchedule *schedule)
{
  const TrioSimOptions options = {
    .strategy = "replay", .schedule = schedule, .inject = campaign->inject, .check_determinism = TRIO_CLI_COMPARED,
  };
  g_autoptr (TrioSimReport) report = trio_cli_isolate (&campaign->target, &options, NULL, NULL, NULL);

  return report && report->verdict == TRIO_SIM_NONDETERMINISM ? g_strdup (report->message) : NULL;
}

/* The same from the schedule alone: it is worth keeping only if that works. */
static gboolean
verify (TrioCliCampaign *campaign, TrioSimReport *report, GError **error)
{
  g_autoptr (TrioSimReport) again = trio_cli_replay_once (&campaign->target, report->schedule, campaign->inject, error);
  g_autofree char *first = NULL, *second = NULL, *parted = NULL;

  if (!again)
    return FALSE;
  if (trio_cli_same_failure (report->verdict, report->name, again) && report->hash == again->hash)
    return TRUE;

  parted = find_parting (campaign, report->schedule);
  first = identity_in_words (report->verdict, report->name);
  second = identity_in_words (again->verdict, again->name);
  become_nondeterminism (report, "a replay gave another run", g_strdup_printf (
    "At first %s, after %" G_GUINT64_FORMAT " steps, with the trace hash %016" G_GINT64_MODIFIER "x.\n"
    "Replayed from its own schedule, in a fresh process, %s, after %" G_GUINT64_FORMAT " steps, with the trace hash %016"
    G_GINT64_MODIFIER "x; %u decision(s) found no place.\n"
    "Something comes from outside the choices: a hash table's order, an address, the real clock or random numbers, uninitialised\n"
    "memory.%s%s%s%s", first, report->steps, report->hash, second, again->steps, again->hash, again->unmatched,
    parted ? "\n" : "", parted ? parted : "",
    report->message ? "\nThe first run said:\n" : "", report->message ? report->message : ""));
  return TRUE;
}

/* How many findings are like the i-th; 0 if an earlier one is. */
static guint64
count_alike (const GPtrArray *findings, guint i)
{
  const TrioCliFinding *finding = findings->pdata[i];
  guint64 n = 0;

  for (guint k = 0; k < findings->len; k++)
    {
      const TrioCliFinding *other = findings->pdata[k];

      if (other->verdict != finding->verdict || g_strcmp0 (other->name, finding->name) != 0)
        continue;
      if (k < i)
        return 0;
      n++;
    }
  return n;
}

gboolean
trio_cli_campaign_knows (const TrioCliCampaign *campaign, TrioSimVerdict verdict, const char *name)
{
  for (guint i = 0; i < campaign->failures->len; i++)
    {
      TrioCliFailure *failure = campaign->failures->pdata[i];

      if (g_str_equal (failure->kind, trio_sim_verdict_to_string (verdict)) && g_strcmp0 (failure->name, name) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
tell (const TrioCliCampaign *campaign, TrioCliFailure *failure)
{
  char *with_lines = trio_cli_with_lines (failure->message);

  g_free (failure->message);
  failure->message = with_lines;
  if (campaign->report != NULL)
    campaign->report (campaign, failure);
  else
    trio_cli_report_failure (campaign, failure);
}

void
trio_cli_campaign_add (TrioCliCampaign *campaign, TrioCliFailure *failure)
{
  g_ptr_array_add (campaign->failures, failure);
  tell (campaign, failure);
}

/* As it stands in the schedule that is there: nothing is to be kept, and that one was made small already. */
static void
be_known (TrioCliFailure *failure, const TrioCliKept *kept, TrioSimReport *report)
{
  failure->known = TRUE;
  failure->path = g_strdup (kept->path);
  failure->message = g_strdup (kept->report->message);
  g_clear_pointer (&failure->schedule, trio_schedule_free);
  failure->schedule = trio_schedule_copy (kept->report->schedule);
  trio_sim_report_free (report);
}

void
trio_cli_campaign_differs (TrioCliCampaign *campaign, const TrioSchedule *schedule, char *message)
{
  TrioCliFailure *failure = g_new0 (TrioCliFailure, 1);

  failure->kind = g_strdup (trio_sim_verdict_to_string (TRIO_SIM_NONDETERMINISM));
  failure->name = g_strdup (TRIO_CLI_ANOTHER_PROCESS);
  failure->message = message;
  failure->run = 1;
  failure->times = 1;
  failure->strategy = g_strdup ("fifo");
  failure->schedule = trio_schedule_copy (schedule);
  keep (campaign, failure);
  trio_cli_campaign_add (campaign, failure);
}

static gboolean
make_failure (TrioCliCampaign *campaign, const TrioCliFinding *finding, guint64 times, TrioSimReport *report, const char *strategy,
              GError **error)
{
  TrioCliFailure *failure = g_new0 (TrioCliFailure, 1);
  const TrioCliKept *kept = trio_cli_kept_find (campaign, report);
  gboolean can_shrink = report->verdict != TRIO_SIM_NONDETERMINISM && g_strcmp0 (report->name, TRIO_CLI_NO_END) != 0;
  gboolean ok = TRUE;

  failure->kind = g_strdup (trio_sim_verdict_to_string (report->verdict));
  failure->name = g_strdup (report->name);
  failure->run = finding->run;
  failure->times = times;
  failure->strategy = g_strdup (strategy);
  failure->found_with = trio_schedule_get_length (report->schedule);
  failure->schedule = trio_schedule_copy (report->schedule);
  fill_header (campaign, failure, failure->schedule, report);
  if (kept)
    {
      be_known (failure, kept, report);
      trio_cli_campaign_add (campaign, failure);
      return TRUE;
    }

  keep (campaign, failure);
  if (can_shrink && campaign->budget > 0 && failure->found_with > 0)
    {
      ok = shrink (campaign, failure, report, error);
      keep (campaign, failure);
    }
  else
    take_report (campaign, failure, report);

  trio_cli_campaign_add (campaign, failure);
  return ok;
}

static gboolean
take_one (TrioCliCampaign *campaign, const TrioCliFinding *finding, guint64 times, const TrioSimOptions *options, GError **error)
{
  gboolean explores = g_str_equal (campaign->command, "explore");
  TrioSimReport *report = confirm (campaign, finding, options, error);

  if (!report)
    return FALSE;
  if (report->verdict != TRIO_SIM_NONDETERMINISM && !verify (campaign, report, error))
    {
      trio_sim_report_free (report);
      return FALSE;
    }
  /* What two workers called by two names may be one thing. */
  if (trio_cli_campaign_knows (campaign, report->verdict, report->name))
    {
      trio_sim_report_free (report);
      return TRUE;
    }
  return make_failure (campaign, finding, times, report, explores ? options->strategy : campaign->strategy, error);
}

gboolean
trio_cli_campaign_take (TrioCliCampaign *campaign, const TrioCliTally *tally,
                        void (*prepare) (guint64 run, TrioSimOptions *options, gpointer data), gpointer data, GError **error)
{
  for (guint i = 0; i < tally->findings->len; i++)
    {
      const TrioCliFinding *finding = tally->findings->pdata[i];
      guint64 times = count_alike (tally->findings, i);
      TrioSimOptions options = { 0 };

      if (times == 0)
        continue;
      prepare (finding->run, &options, data);
      options.check_determinism = finding->verdict == TRIO_SIM_NONDETERMINISM ? TRIO_CLI_COMPARED : 0;
      if (!take_one (campaign, finding, times, &options, error))
        return FALSE;
    }
  return TRUE;
}

/* What might reach a goal that this command did not. */
static const char *
advice_for (const TrioCliCampaign *campaign)
{
  if (g_str_equal (campaign->command, "exhaust"))
    return "Either it cannot happen, and the goal, or the program, is wrong; or it needs what was not varied here, or something injected\n"
           "(--inject).";
  if (g_str_equal (campaign->command, "sweep"))
    return "Either it cannot happen, and the goal, or the program, is wrong; or it needs another order of tasks than the ordinary one\n"
           "(--schedules M, or the command explore), a second injection (--pairs), or another kind of them (--inject).";
  return "Either it cannot happen, and the goal, or the program, is wrong; or it needs what these runs did not do: more runs\n(--runs), another "
         "strategy, or something injected (--inject). The line \"coverage\" says whether more runs alone are\nlikely to help.";
}

static void
add_unreached (TrioCliCampaign *campaign, const char *goal, guint64 runs)
{
  TrioCliFailure *failure = g_new0 (TrioCliFailure, 1);
  g_autofree char *grouped = trio_cli_grouped (runs);

  failure->kind = g_strdup ("unreached");
  failure->name = g_strdup (goal);
  failure->message = g_strdup_printf ("trio_sometimes (…, \"%s\") was met, and was false every time, in all of %s runs: what "
                                      "the search was to show has never happened.\n%s", goal, grouped, advice_for (campaign));
  failure->run = runs;
  failure->times = runs;
  failure->strategy = g_strdup (campaign->strategy);
  trio_cli_campaign_add (campaign, failure);
}

void
trio_cli_campaign_look_for_unreached (TrioCliCampaign *campaign, const TrioCliTally *tally)
{
  g_autoptr (GPtrArray) names = trio_cli_goal_names (tally->goals);

  if (tally->interrupted || campaign->shards > 1)
    return;
  for (guint i = 0; i < names->len; i++)
    if (!GPOINTER_TO_INT (g_hash_table_lookup (tally->goals, names->pdata[i])))
      add_unreached (campaign, names->pdata[i], tally->runs);
}
