/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Two processes, one schedule. See elsewhere.h. */

#include "simulator/cli/elsewhere.h"
#include "simulator/cli/os.h"

#include <glib/gstdio.h>
#include <string.h>

/* The schedule in which nothing is decided. */
static TrioSchedule *
make_schedule (const TrioCliCampaign *campaign)
{
  TrioSchedule *schedule = trio_schedule_new ();

  *trio_schedule_get_header (schedule) = (TrioScheduleHeader) {
    .program = g_strdup (campaign->cli->program), .scenario = g_strdup (campaign->scenario->name), .strategy = g_strdup ("fifo"),
    .run = 1, .inject = campaign->inject, .lets_escape = campaign->target.escapes != TRIO_SIM_ESCAPES_FAIL,
    .heal_after = campaign->target.heal_after, .heal_within = campaign->target.heal_within, .verdict = TRIO_SIM_NONDETERMINISM,
    .name = g_strdup (TRIO_CLI_ANOTHER_PROCESS),
  };
  return schedule;
}

/* (transfer full) (nullable): what happened there, a line each. */
static GStrv
replay_elsewhere (const TrioCliCampaign *campaign, const char *file, const char *events)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *timeout = g_strdup_printf ("%u", campaign->target.timeout_s);
  g_autofree char *text = NULL;
  const char *const words[] = { program, campaign->cli->argv0, "replay", file, "--events", events, "--timeout", timeout, NULL };
  GStrv lines = NULL;

  if (program != NULL
      && g_spawn_sync (NULL, (char **) words, NULL, G_SPAWN_FILE_AND_ARGV_ZERO | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                       NULL, NULL, NULL, NULL, NULL, NULL)
      && g_file_get_contents (events, &text, NULL, NULL))
    lines = g_strsplit (text, "\n", -1);
  g_unlink (events);
  return lines;
}

static void
append_line (GString *out, const char *title, const char *line)
{
  g_string_append_printf (out, "\n  %s%s", title, line == NULL || *line == '\0' ? "the run was over" : line);
}

/* NULL if there is no difference. */
static char *
compare (const char *const *first, const char *const *second)
{
  guint i = 0;
  GString *out;

  while (first[i] != NULL && second[i] != NULL && g_str_equal (first[i], second[i]))
    i++;
  if (first[i] == NULL && second[i] == NULL)
    return NULL;
  out = g_string_new (NULL);
  g_string_append_printf (out, "the ordinary run was another one in another process, from event %u on", i + 1);
  append_line (out, "in one process: ", first[i]);
  append_line (out, "in the other:   ", second[i]);
  g_string_append (out, "\n  no choice decided this, so it was something the simulator does not control: an address (of a variable or "
                   "function, too),\n  the process's number, its surroundings, a file");
  return g_string_free (out, FALSE);
}

static void
look (TrioCliCampaign *campaign, const char *folder)
{
  g_autofree char *file = g_build_filename (folder, "ordinary.schedule", NULL);
  g_autofree char *events = g_build_filename (folder, "events", NULL);
  g_autoptr (TrioSchedule) schedule = make_schedule (campaign);
  g_auto (GStrv) first = NULL, second = NULL;
  char *difference;

  if (trio_schedule_save (schedule, file, NULL))
    {
      first = replay_elsewhere (campaign, file, events);
      second = first == NULL ? NULL : replay_elsewhere (campaign, file, events);
      difference = second == NULL ? NULL : compare ((const char *const *) first, (const char *const *) second);
      if (difference != NULL)
        trio_cli_campaign_differs (campaign, schedule, difference);
    }
  g_unlink (file);
}

void
trio_cli_look_elsewhere (TrioCliCampaign *campaign)
{
  g_autofree char *folder = NULL;

  /* One shard is enough. */
  if (campaign->failures->len > 0 || campaign->shard > 1 || trio_cli_interrupted ())
    return;
  folder = g_dir_make_tmp ("trio-XXXXXX", NULL);
  if (folder == NULL)
    return;
  look (campaign, folder);
  g_rmdir (folder);
}
