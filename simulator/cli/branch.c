/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Branching; see branch.h. It is a campaign whose runs have their first steps in common:
 *
 *     schedule   ────────────┬─────────────  the run as it was
 *                step        ├── run 1
 *                            ├── run 2       strategy, with a seed made of --seed and the run
 *                            └── …
 */

#include "simulator/cli/branch.h"
#include "simulator/cli/campaign.h"
#include "simulator/cli/json.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"

#include <string.h>

#include "simulator/strategy.h"

typedef TrioCliBranch Branch;

/* A strategy may have a colon of its own: what is one as it stands has no seed behind it. */
gboolean
trio_cli_branch_parse (const char *text, char **strategy, guint64 *seed, GError **error)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *name = g_strdup (text);
  guint64 number = 1;

  if (!trio_sim_strategy_check (name, NULL) && colon && trio_cli_parse_number (colon + 1, &number))
    name[colon - text] = '\0';
  if (!trio_sim_strategy_check (name, error))
    return FALSE;
  *seed = number;
  *strategy = g_steal_pointer (&name);
  return TRUE;
}

static void
prepare (guint64 run, TrioSimOptions *options, gpointer data)
{
  const Branch *self = data;

  options->strategy = "prefix";
  options->schedule = self->file->schedule;
  options->prefix_steps = self->step - 1;
  options->suffix = self->strategy;
  options->seed = self->seed * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) + run;
  options->inject = trio_schedule_get_header (self->file->schedule)->inject;
}

static void
show_progress (const TrioCliTally *tally, gpointer data)
{
  const Branch *self = data;

  if (trio_cli_progress_due ())
    {
      g_autofree char *text = trio_cli_tally_to_text (self->file->scenario->name, tally, self->runs);

      trio_cli_progress_say (text);
    }
}

/* Told all together, at the end. */
static void
tell_later (const TrioCliCampaign *campaign G_GNUC_UNUSED, const TrioCliFailure *failure G_GNUC_UNUSED)
{
}

static void
append_words (const Branch *self, const TrioCliCampaign *campaign, const TrioCliTally *tally, GString *out)
{
  g_string_append_printf (out, "%s: branched before step %" G_GUINT64_FORMAT " (%s, seed %" G_GUINT64_FORMAT "): %u of %" G_GUINT64_FORMAT
                          " runs fail%s\n", self->file->scenario->name, self->step, self->strategy, self->seed, tally->findings->len,
                          tally->runs, tally->interrupted ? "; interrupted" : "");
  for (guint i = 0; i < campaign->failures->len; i++)
    {
      const TrioCliFailure *failure = campaign->failures->pdata[i];

      g_string_append_printf (out, "  %6" G_GUINT64_FORMAT "  %s%s%s\n", failure->times, failure->kind, failure->name ? ": " : "",
                              failure->name ? failure->name : "");
      g_string_append_printf (out, "          %s\n", failure->path ? failure->path : failure->trouble);
    }
}

static void
append_json (const Branch *self, const TrioCliCampaign *campaign, const TrioCliTally *tally, GString *out)
{
  g_string_append_c (out, '{');
  trio_cli_json_member (out, "event", "branch");
  trio_cli_json_member (out, "scenario", self->file->scenario->name);
  trio_cli_json_number (out, "step", self->step);
  trio_cli_json_member (out, "strategy", self->strategy);
  trio_cli_json_number (out, "seed", self->seed);
  trio_cli_json_number (out, "runs", tally->runs);
  trio_cli_json_number (out, "failed", tally->findings->len);
  trio_cli_json_boolean (out, "interrupted", tally->interrupted);
  trio_cli_json_key (out, "failures");
  g_string_append_c (out, '[');
  for (guint i = 0; i < campaign->failures->len; i++)
    {
      const TrioCliFailure *failure = campaign->failures->pdata[i];

      g_string_append (out, i > 0 ? ", {" : "{");
      trio_cli_json_member (out, "kind", failure->kind);
      trio_cli_json_member (out, "name", failure->name ? failure->name : "");
      trio_cli_json_number (out, "times", failure->times);
      trio_cli_json_member (out, "schedule", failure->path);
      g_string_append_c (out, '}');
    }
  g_string_append (out, "]}\n");
}

int
trio_cli_branch_run (const Branch *self)
{
  TrioCliCampaign campaign = {
    .cli = self->cli, .command = "branch", .strategy = self->strategy, .seed = self->seed,
    .inject = trio_schedule_get_header (self->file->schedule)->inject, .keep = self->keep, .jobs = g_get_num_processors (),
    .json = self->json, .report = tell_later, .target = trio_cli_schedule_file_target (self->file, self->cli, self->timeout_s),
  };
  TrioCliWork work = {
    .target = &campaign.target, .prepare = prepare, .prepare_data = (gpointer) self, .first = 1, .stride = 1, .last = self->runs,
    .stop_at = G_MAXINT64, .jobs = campaign.jobs, .keep_going = TRUE, .tick = show_progress, .tick_data = (gpointer) self,
  };
  g_autoptr (TrioCliTally) tally = trio_cli_tally_new ();
  g_autoptr (GError) error = NULL;
  int exit_code;

  trio_cli_campaign_begin (&campaign, self->file->scenario);
  if (!trio_cli_work (&work, tally, &error) || !trio_cli_campaign_take (&campaign, tally, prepare, (gpointer) self, &error))
    exit_code = trio_cli_usage (self->cli, "replay", "--branch: %s", error->message);
  else
    {
      GString *out = g_string_new (NULL);

      (self->json ? append_json : append_words) (self, &campaign, tally, out);
      trio_cli_print (out);
      exit_code = tally->findings->len > 0 ? TRIO_CLI_EXIT_FOUND : TRIO_CLI_EXIT_OK;
    }
  trio_cli_campaign_clear (&campaign);
  return exit_code;
}
