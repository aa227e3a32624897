/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio_sim_main: which command was typed. cli.h says which file does it. */

#include "simulator/cli/cli.h"
#include "simulator/cli/json.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/report.h"
#include "simulator/escape/escape.h"

#include <string.h>

typedef struct
{
  const char *name;
  int       (*run) (const TrioCli *cli, int argc, char **argv);
  const char *synopsis;
  const char *about;
} Command;

static int list (const TrioCli *cli, int argc, char **argv);
static int help (const TrioCli *cli, int argc, char **argv);

static const Command commands[] = {
  { "list", list, "", "the scenarios of this program; --controlled: what of the outside world is controlled" },
  { "explore", trio_cli_explore, "[-s SCENARIO] [--runs N | --for SECONDS] [--inject KINDS] …",
    "run many schedules; shrink and keep what fails" },
  { "sweep", trio_cli_sweep, "[-s SCENARIO] [--inject KINDS] [--pairs] [--schedules M] …",
  "cancel, interrupt and break at every place, one by one" },
  { "exhaust", trio_cli_exhaust, "[-s SCENARIO] [--deviations D] [--inject KINDS] …",
    "run all schedules, or all with few deviations; say what that shows" },
  { "replay", trio_cli_replay, "SCHEDULE [--until STEP] [--trace FILE] [--history FILE] [--break]", "run what a schedule file describes" },
  { "shrink", trio_cli_shrink_command, "SCHEDULE [-o FILE]", "make a schedule smaller that still fails the same way" },
  { "help", help, NULL, NULL },
};

static int
list (const TrioCli *cli, int argc, char **argv)
{
  gboolean json = FALSE, controlled = FALSE;
  const GOptionEntry entries[] = {
    { "controlled", 0, 0, G_OPTION_ARG_NONE, &controlled, "What of the outside world is controlled in a run, as a table, instead", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object a line", NULL },
    G_OPTION_ENTRY_NULL,
  };
  GString *out;
  int width = 0;

  if (!trio_cli_parse (cli, "list", NULL, "Lists the scenarios of this program.", NULL, entries, argc, argv, NULL))
    return TRIO_CLI_EXIT_USAGE;

  out = g_string_new (NULL);
  if (controlled)
    {
      trio_sim_append_controlled (out);
      trio_cli_print (out);
      return TRIO_CLI_EXIT_OK;
    }
  for (const TrioScenario *scenario = cli->scenarios; scenario->name; scenario++)
    width = MAX (width, (int) strlen (scenario->name));
  for (const TrioScenario *scenario = cli->scenarios; scenario->name; scenario++)
    {
      if (json)
        {
          g_string_append_c (out, '{');
          trio_cli_json_member (out, "scenario", scenario->name);
          trio_cli_json_member (out, "about", scenario->about);
          g_string_append (out, "}\n");
        }
      else if (scenario->about)
        g_string_append_printf (out, "%-*s  %s\n", width, scenario->name, scenario->about);
      else
        g_string_append_printf (out, "%s\n", scenario->name);
    }
  trio_cli_print (out);
  return TRIO_CLI_EXIT_OK;
}

static int
help (const TrioCli *cli, int argc, char **argv)
{
  GString *out = g_string_new (NULL);

  (void) argc;
  (void) argv;
  g_string_append_printf (out, "Usage:\n  %s COMMAND …\n\nLooks for schedules that break a scenario of this program, "
                          "under simulated time, network and chance.\n\nCommands:\n", cli->program);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (commands[i].about)
        g_string_append_printf (out, "  %s %s\n      %s\n", commands[i].name, commands[i].synopsis, commands[i].about);
    }
  g_string_append_printf (out, "\n\"%s COMMAND --help\" tells the rest.\n"
                          "Exit code: 0 nothing found, 1 a failure found, 2 wrong usage.\n",
                          cli->argv0);
  trio_cli_print (out);
  return TRIO_CLI_EXIT_OK;
}

static int
unknown_command (const TrioCli *cli, const char *name)
{
  if (name)
    return trio_cli_usage (cli, NULL, "\"%s\" is no command; there is: list, explore, sweep, exhaust, replay, shrink", name);
  return trio_cli_usage (cli, NULL, "which command? There is: list, explore, sweep, exhaust, replay, shrink");
}

static gboolean
scenarios_are_sound (const TrioCli *cli)
{
  for (const TrioScenario *scenario = cli->scenarios; scenario->name; scenario++)
    {
      if (!*scenario->name || !scenario->func)
        {
          trio_cli_usage (cli, NULL, "the scenario \"%s\" has no %s", scenario->name, scenario->func ? "name" : "function");
          return FALSE;
        }
      if (trio_cli_find_scenario (cli, scenario->name) != scenario)
        {
          trio_cli_usage (cli, NULL, "there are two scenarios \"%s\"", scenario->name);
          return FALSE;
        }
    }
  if (!cli->scenarios->name)
    trio_cli_usage (cli, NULL, "this program has no scenarios");
  return cli->scenarios->name != NULL;
}

static int
run_command (const TrioCli *cli, int argc, char **argv)
{
  const char *name = argc > 1 ? argv[1] : NULL;

  if (!name)
    return unknown_command (cli, NULL);
  if (g_str_equal (name, "--help") || g_str_equal (name, "-h"))
    name = "help";
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_str_equal (name, commands[i].name))
        return commands[i].run (cli, argc - 1, argv + 1);
    }
  return unknown_command (cli, name);
}

int
trio_sim_main (int argc, char **argv, const TrioScenario *scenarios)
{
  g_autofree char *program = NULL;
  TrioCli cli;
  int exit_code;

  g_return_val_if_fail (argc >= 1 && argv != NULL && scenarios != NULL, TRIO_CLI_EXIT_USAGE);

  program = g_path_get_basename (argv[0]);
  cli = (TrioCli) { argv[0], program, scenarios };
  if (!g_get_prgname ())
    g_set_prgname (program);
  trio_cli_open_streams ();
  exit_code = scenarios_are_sound (&cli) ? run_command (&cli, argc, argv) : TRIO_CLI_EXIT_USAGE;
  if (trio_cli_get_lost_output ())
    {
      g_autofree char *complaint = g_strdup_printf ("%s: not all of the results could be written: %s\n", program, trio_cli_get_lost_output ());

      trio_cli_put_error (complaint);
      exit_code = TRIO_CLI_EXIT_USAGE;
    }
  return exit_code;
}
