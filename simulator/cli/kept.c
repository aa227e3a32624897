/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Replaying what is kept. See kept.h. */

#include "simulator/cli/kept.h"
#include "simulator/cli/coverage.h"
#include "simulator/cli/json.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"

#include <string.h>

void
trio_cli_kept_free (gpointer data)
{
  TrioCliKept *kept = data;

  g_free (kept->path);
  g_free (kept->expected_name);
  g_clear_pointer (&kept->report, trio_sim_report_free);
  g_free (kept);
}

/* ---- Which files ----------------------------------------------------------------------------------------------------------- */

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The folder's own order is the disk's. */
static GPtrArray *
paths_in (const char *directory)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      if (g_str_has_suffix (name, TRIO_CLI_KEPT_SUFFIX))
        g_ptr_array_add (paths, g_build_filename (directory, name, NULL));
    }
  g_ptr_array_sort (paths, compare_paths);
  return paths;
}

static gboolean
is_of (const TrioCliCampaign *campaign, const TrioScheduleHeader *header)
{
  return (!header->program || g_str_equal (header->program, campaign->cli->program))
         && g_strcmp0 (header->scenario, campaign->scenario->name) == 0;
}

/* ---- One of them ----------------------------------------------------------------------------------------------------------- */

/* As if it were a file. */
static void
fill_header (TrioSimReport *report, const TrioCliCampaign *campaign, const TrioScheduleHeader *file)
{
  *trio_schedule_get_header (report->schedule) = (TrioScheduleHeader) {
    .program = g_strdup (campaign->cli->program), .scenario = g_strdup (campaign->scenario->name), .strategy = g_strdup (file->strategy),
    .seed = file->seed, .run = file->run, .inject = file->inject, .lets_escape = file->lets_escape, .heal_after = file->heal_after,
    .heal_within = file->heal_within, .verdict = report->verdict, .name = g_strdup (report->name),
    .place = g_strdup (report->place), .steps = report->steps, .hash = report->hash,
  };
}

static TrioSimReport *
replay (const TrioCliCampaign *campaign, TrioSchedule *schedule, GError **error)
{
  const TrioScheduleHeader *header = trio_schedule_get_header (schedule);
  TrioSimOptions options = {
    .strategy = "replay", .schedule = schedule, .inject = header->inject,
    .check_determinism = header->verdict == TRIO_SIM_NONDETERMINISM ? TRIO_CLI_COMPARED : 0,
  };
  TrioCliTarget target = campaign->target;
  TrioSimReport *report;

  if (header->lets_escape)
    target.escapes = TRIO_SIM_ESCAPES_ALLOW;
  target.heal_after = header->heal_after;
  target.heal_within = header->heal_within;
  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    options.inject |= trio_cli_kind_of (trio_schedule_get_entry (schedule, i)->label);
  report = trio_cli_isolate (&target, &options, NULL, NULL, error);
  if (report)
    fill_header (report, campaign, header);
  return report;
}

static void
replay_file (TrioCliCampaign *campaign, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioSchedule) schedule = trio_schedule_load (path, &error);
  const TrioScheduleHeader *header = schedule ? trio_schedule_get_header (schedule) : NULL;
  TrioSimReport *report = header && is_of (campaign, header) ? replay (campaign, schedule, &error) : NULL;
  TrioCliKept *kept;

  if (error && !g_error_matches (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    {
      g_autofree char *complaint = g_strdup_printf ("%s: a kept schedule is left out: %s\n", campaign->cli->program, error->message);

      trio_cli_progress_clear ();
      trio_cli_put_error (complaint);
    }
  if (!report)
    return;

  kept = g_new (TrioCliKept, 1);
  *kept = (TrioCliKept) { g_strdup (path), header->verdict, g_strdup (header->name), report };
  g_ptr_array_add (campaign->kept, kept);
}

static gboolean
fails (const TrioCliKept *kept)
{
  return kept->report->verdict != TRIO_SIM_OK;
}

static gboolean
fails_as_before (const TrioCliKept *kept)
{
  return fails (kept) && trio_cli_same_failure (kept->expected, kept->expected_name, kept->report);
}

/* ---- Telling --------------------------------------------------------------------------------------------------------------- */

static void
append_json (GString *out, const TrioCliCampaign *campaign, guint n_failing)
{
  g_string_append_c (out, '{');
  trio_cli_json_member (out, "event", "kept");
  trio_cli_json_member (out, "scenario", campaign->scenario->name);
  trio_cli_json_number (out, "replayed", campaign->kept->len);
  trio_cli_json_number (out, "failing", n_failing);
  trio_cli_json_key (out, "schedules");
  g_string_append_c (out, '[');
  for (guint i = 0; i < campaign->kept->len; i++)
    {
      const TrioCliKept *kept = campaign->kept->pdata[i];

      g_string_append (out, i > 0 ? ", {" : "{");
      trio_cli_json_member (out, "schedule", kept->path);
      trio_cli_json_member (out, "kind", trio_sim_verdict_to_string (kept->report->verdict));
      trio_cli_json_member (out, "name", kept->report->name ? kept->report->name : "");
      trio_cli_json_boolean (out, "same_failure", fails_as_before (kept));
      g_string_append_c (out, '}');
    }
  g_string_append (out, "]}\n");
}

static void
append_one_in_words (GString *out, const TrioCliKept *kept)
{
  const TrioSimReport *report = kept->report;

  if (fails_as_before (kept))
    return;
  if (fails (kept))
    g_string_append_printf (out, "  %s fails in another way now: %s%s%s\n", kept->path, trio_sim_verdict_to_string (report->verdict),
                            report->name ? ": " : "", report->name ? report->name : "");
  else
    g_string_append_printf (out, "  %s passes now%s: let it stand as a test, or delete it\n", kept->path,
                            report->unmatched > 0 ? ", but the program has changed, and not all of its decisions found their place" : "");
}

static void
append_words (GString *out, const TrioCliCampaign *campaign, guint n_failing)
{
  guint n = campaign->kept->len;

  g_string_append_printf (out, "%s: replayed %u kept schedule%s from %s: %u still fail%s", campaign->scenario->name, n, n == 1 ? "" : "s",
                          campaign->keep, n_failing, n_failing == 1 ? "s" : "");
  if (n > n_failing)
    g_string_append_printf (out, ", %u do%s not any more", n - n_failing, n - n_failing == 1 ? "es" : "");
  g_string_append_c (out, '\n');
  for (guint i = 0; i < n; i++)
    append_one_in_words (out, campaign->kept->pdata[i]);
}

void
trio_cli_kept_replay (TrioCliCampaign *campaign)
{
  g_autoptr (GPtrArray) paths = campaign->keep_named ? paths_in (campaign->keep) : NULL;
  guint n_failing = 0;
  GString *out;

  for (guint i = 0; paths && i < paths->len && !trio_cli_interrupted (); i++)
    replay_file (campaign, paths->pdata[i]);
  if (campaign->kept->len == 0)
    return;

  for (guint i = 0; i < campaign->kept->len; i++)
    n_failing += fails (campaign->kept->pdata[i]);
  out = g_string_new (NULL);
  if (campaign->json)
    append_json (out, campaign, n_failing);
  else
    append_words (out, campaign, n_failing);
  trio_cli_print (out);
}

/* ---- In a campaign --------------------------------------------------------------------------------------------------------- */

const TrioCliKept *
trio_cli_kept_find (const TrioCliCampaign *campaign, const TrioSimReport *report)
{
  for (guint i = 0; i < campaign->kept->len; i++)
    {
      const TrioCliKept *kept = campaign->kept->pdata[i];

      if (trio_cli_same_place (report, kept->report))
        return kept;
    }
  return NULL;
}

static TrioCliFailure *
failure_of (const TrioCliKept *kept)
{
  TrioCliFailure *failure = g_new0 (TrioCliFailure, 1);

  failure->kind = g_strdup (trio_sim_verdict_to_string (kept->report->verdict));
  failure->name = g_strdup (kept->report->name);
  failure->message = g_strdup (kept->report->message);
  failure->times = 1;
  failure->strategy = g_strdup ("replay");
  failure->schedule = trio_schedule_copy (kept->report->schedule);
  failure->found_with = trio_schedule_get_length (kept->report->schedule);
  failure->path = g_strdup (kept->path);
  failure->known = TRUE;
  return failure;
}

void
trio_cli_kept_take (TrioCliCampaign *campaign)
{
  for (guint i = 0; i < campaign->kept->len; i++)
    {
      const TrioCliKept *kept = campaign->kept->pdata[i];

      if (fails (kept) && !trio_cli_campaign_knows (campaign, kept->report->verdict, kept->report->name))
        trio_cli_campaign_add (campaign, failure_of (kept));
    }
}
