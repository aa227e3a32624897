/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What was typed: parsing, and saying what was wrong with it. A function here that fails has said so on stderr; the command then
 * ends with TRIO_CLI_EXIT_USAGE. */

#pragma once

#include "simulator/cli/campaign.h"
#include "simulator/cli/cli.h"

G_BEGIN_DECLS

/* One line on stderr, and which --help to read. Returns TRIO_CLI_EXIT_USAGE. */
int      trio_cli_usage           (const TrioCli *cli, const char *command, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Parses the options of a command. What stands outside options is left in @rest if that is given, and is an error otherwise. */
gboolean trio_cli_parse           (const TrioCli *cli, const char *command, const char *parameters, const char *summary,
                                   const char *description, const GOptionEntry *entries, int argc, char **argv, GStrv *rest);

/* The options of explore, sweep and exhaust that say how a campaign is done. */
typedef struct
{
  char     *scenario;
  char     *inject;
  char     *keep;
  int       jobs;
  int       budget;
  int       timeout_s;
  gboolean  json;
  char     *shard;
  gboolean  tap;
  char     *junit;
  char     *heal_after;
  char     *heal_within;
  char     *escapes;
} TrioCliCommonOptions;

/* Values before parsing; `inject` is what it is if not given. */
#define TRIO_CLI_COMMON_OPTIONS_INIT { NULL, NULL, NULL, G_MININT, 500, 60, FALSE, NULL, FALSE, NULL, NULL, NULL, NULL }
#define TRIO_CLI_ESCAPES_ENTRY(text) \
  { "escapes", 0, 0, G_OPTION_ARG_STRING, &(text), "What becomes of calls that leave the simulation: fail (default), note, allow", "HOW" }
#define TRIO_CLI_COMMON_ENTRIES(o) \
  { "scenario", 's', 0, G_OPTION_ARG_STRING, &(o).scenario, "Only this scenario; all of them if not given", "NAME" }, \
  { "inject", 0, 0, G_OPTION_ARG_STRING, &(o).inject, "What to do to it: a list of cancel, interrupt, fault, or none", "KINDS" }, \
  { "jobs", 'j', 0, G_OPTION_ARG_INT, &(o).jobs, "How many processes work (one for each processor)", "J" }, \
  { "keep", 0, 0, G_OPTION_ARG_FILENAME, &(o).keep, "Where failing schedules go (" TRIO_CLI_KEEP_DEFAULT "); those that are there are replayed first", \
    "DIR" }, \
  { "shard", 0, 0, G_OPTION_ARG_STRING, &(o).shard, "Only the I-th of N parts of the campaign", "I/N" }, \
  { "heal-after", 0, 0, G_OPTION_ARG_STRING, &(o).heal_after, \
    "After this virtual time nothing is delayed, injected or broken any more", "SECONDS" }, \
  { "heal-within", 0, 0, G_OPTION_ARG_STRING, &(o).heal_within, "From then on a run must end within this virtual time", "SECONDS" }, \
  { "budget", 0, 0, G_OPTION_ARG_INT, &(o).budget, "Runs spent on shrinking each failure (500); 0 for none", "RUNS" }, \
  { "timeout", 0, 0, G_OPTION_ARG_INT, &(o).timeout_s, "Real time after which one run is stopped (60)", "SECONDS" }, \
  TRIO_CLI_ESCAPES_ENTRY ((o).escapes), \
  { "json", 0, 0, G_OPTION_ARG_NONE, &(o).json, "Print one JSON object a line", NULL }, \
  { "tap", 0, 0, G_OPTION_ARG_NONE, &(o).tap, "Print TAP: a test for each scenario and each failure", NULL }, \
  { "junit", 0, 0, G_OPTION_ARG_FILENAME, &(o).junit, "Write the same as JUnit's XML there, too", "FILE" }

void     trio_cli_common_options_clear (TrioCliCommonOptions *options);
/* Checks them and fills in what the campaign gets of them. @inject_default: if --inject was not given. */
gboolean trio_cli_common_options_apply (const TrioCli *cli, const char *command, TrioCliCommonOptions *options,
                                        TrioSimInject inject_default, TrioCliCampaign *campaign);

/* NULL is the default. Has said what was wrong if it returns FALSE. */
gboolean trio_cli_parse_escapes   (const TrioCli *cli, const char *command, const char *text, TrioSimEscapes *escapes);
const char *trio_cli_escapes_to_text (TrioSimEscapes escapes);

gboolean trio_cli_parse_inject    (const char *text, TrioSimInject *inject, GError **error);
/* "cancel,interrupt", "none". */
char    *trio_cli_inject_to_text  (TrioSimInject inject);
/* More than 0 and at most 1e9 (30 years); a microsecond is the least there is. */
gboolean trio_cli_parse_seconds   (const char *text, gint64 *span_us);
/* Decimal, or hexadecimal with 0x. */
gboolean trio_cli_parse_number    (const char *text, guint64 *number);

const TrioScenario *trio_cli_find_scenario (const TrioCli *cli, const char *name);
/* "transfer, serve, teardown". */
char    *trio_cli_scenario_names  (const TrioCli *cli);

/* A word for the shell, quoted if it must be. */
char    *trio_cli_shell_word      (const char *word);

G_END_DECLS
