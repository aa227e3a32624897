/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Reading a schedule file for replay and shrink. See schedule-file.h. */

#include "simulator/cli/schedule-file.h"
#include "simulator/cli/coverage.h"
#include "simulator/cli/options.h"

static const TrioScenario *
scenario_of (const TrioCli *cli, const char *command, const char *path, const TrioScheduleHeader *header)
{
  g_autofree char *names = trio_cli_scenario_names (cli);
  const TrioScenario *scenario;

  if (header->program && !g_str_equal (header->program, cli->program))
    {
      trio_cli_usage (cli, command, "%s is a schedule of the program \"%s\", and this is \"%s\"", path, header->program,
                      cli->program);
      return NULL;
    }
  if (!header->scenario)
    {
      trio_cli_usage (cli, command, "%s does not say of which scenario it is; add a line \"scenario: NAME\", with one of: %s", path,
                      names);
      return NULL;
    }
  scenario = trio_cli_find_scenario (cli, header->scenario);
  if (!scenario)
    trio_cli_usage (cli, command, "%s is a schedule of the scenario \"%s\", and \"%s\" has only: %s", path, header->scenario,
                    cli->program,
                    names);
  return scenario;
}

gboolean
trio_cli_schedule_file_load (const TrioCli *cli, const char *command, char *const *arguments, TrioCliScheduleFile *file)
{
  g_autoptr (TrioSchedule) schedule = NULL;
  g_autoptr (GError) error = NULL;
  TrioScheduleHeader *header;

  if (!arguments[0] || arguments[1])
    {
      trio_cli_usage (cli, command, arguments[0] ? "one schedule file at a time" : "which schedule file?");
      return FALSE;
    }
  schedule = trio_schedule_load (arguments[0], &error);
  if (!schedule)
    {
      trio_cli_usage (cli, command, "%s", error->message);
      return FALSE;
    }

  header = trio_schedule_get_header (schedule);
  file->scenario = scenario_of (cli, command, arguments[0], header);
  if (!file->scenario)
    return FALSE;

  file->inject = header->inject;
  file->escapes = header->lets_escape ? TRIO_SIM_ESCAPES_ALLOW : TRIO_SIM_ESCAPES_FAIL;
  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    file->inject |= trio_cli_kind_of (trio_schedule_get_entry (schedule, i)->label);
  file->owned_path = g_strdup (arguments[0]);
  file->path = file->owned_path;
  file->schedule = g_steal_pointer (&schedule);
  return TRUE;
}

TrioCliTarget
trio_cli_schedule_file_target (const TrioCliScheduleFile *file, const TrioCli *cli, guint timeout_s)
{
  const TrioScheduleHeader *header = trio_schedule_get_header (file->schedule);

  return (TrioCliTarget) {
    .func = file->scenario->func, .data = file->scenario->data, .program = cli->program, .timeout_s = timeout_s,
    .heal_after = header->heal_after, .heal_within = header->heal_within,
    .escapes = file->escapes,
  };
}

void
trio_cli_schedule_file_clear (TrioCliScheduleFile *file)
{
  g_clear_pointer (&file->owned_path, g_free);
  g_clear_pointer (&file->schedule, trio_schedule_free);
}
