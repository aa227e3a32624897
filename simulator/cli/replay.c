/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* replay: the run that a schedule file describes, once, with everything that the program prints.
 *
 * In a child, so that a crash is told of like any other failure. With --break in this very process: a debugger is watching it. With
 * --branch many times, from a step on with another strategy (branch.h); with --travel to and fro (travel.h). */

#include "simulator/cli/branch.h"
#include "simulator/cli/cli.h"
#include "simulator/cli/isolate.h"
#include "simulator/cli/json.h"
#include "simulator/cli/lines.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"
#include "simulator/cli/schedule-file.h"
#include "simulator/cli/travel.h"

typedef struct
{
  const TrioCli       *cli;
  TrioCliScheduleFile  file;
  TrioSimOptions       options;
  gboolean             json;
  TrioCliTarget        target;
  const char          *branch;        /* STRATEGY[:SEED]; or NULL */
  const char          *keep;
  guint64              runs;          /* of --branch */
  gboolean             travels;
} Replay;

static void
append_comparison (GString *out, const TrioScheduleHeader *header, const TrioSimReport *report, gboolean same_failure)
{
  gboolean same_hash = header->hash == report->hash;

  if (report->stopped)
    return;
  if (header->hash == 0)
    g_string_append (out, same_failure ? "the same failure as the file tells of\n" : "the file tells of another outcome: ");
  else if (same_failure && same_hash)
    g_string_append (out, "the same failure and the same hash as the file tells of\n");
  else if (same_failure)
    g_string_append_printf (out, "the same failure as the file tells of, but the file's hash is %016" G_GINT64_MODIFIER
                            "x: the program has changed since\n", header->hash);
  else
    g_string_append (out, "not what the file tells of: ");
  if (!same_failure)
    g_string_append_printf (out, "%s%s%s\n", trio_sim_verdict_to_string (header->verdict), header->name ? ": " : "",
                            header->name ? header->name : "");
}

static void
print_words (const Replay *self, const TrioSimReport *report, gboolean same_failure)
{
  const TrioScheduleHeader *header = trio_schedule_get_header (self->file.schedule);
  GString *out = g_string_new (NULL);
  gboolean failed = report->verdict != TRIO_SIM_OK;
  guint n = trio_schedule_get_length (self->file.schedule);
  g_autofree char *span = trio_cli_span_to_text (report->duration_us);

  if (report->stopped)
    g_string_append_printf (out, "%sSTOPPED%s before step %" G_GUINT64_FORMAT "\n", trio_cli_style (TRIO_CLI_BOLD),
                            trio_cli_style (TRIO_CLI_PLAIN), self->options.until_step);
  else if (failed)
    g_string_append_printf (out, "%sFAILED%s  %s%s%s%s%s\n", trio_cli_style (TRIO_CLI_RED), trio_cli_style (TRIO_CLI_PLAIN),
                            trio_cli_style (TRIO_CLI_BOLD), trio_sim_verdict_to_string (report->verdict), report->name ? ": " : "",
                            report->name ? report->name : "", trio_cli_style (TRIO_CLI_PLAIN));
  else
    g_string_append_printf (out, "%sNOTHING FOUND%s\n", trio_cli_style (TRIO_CLI_GREEN), trio_cli_style (TRIO_CLI_PLAIN));
  g_string_append_printf (out, "scenario %s, replayed from %s\n\n", self->file.scenario->name, self->file.path);

  trio_cli_append_decisions (out, report->schedule);
  if (report->unmatched > 0)
    g_string_append_printf (out, "\n%u of %u decisions of the file found no place%s\n", report->unmatched, n,
                            report->stopped ? " up to there" : ": the program has changed since, or the file was edited");
  if (report->message && *report->message)
    {
      g_string_append (out, report->stopped ? "\nthere:\n\n" : "\nand then:\n\n");
      trio_cli_append_indented (out, "  ", report->message);
    }

  g_string_append_printf (out, "\n%" G_GUINT64_FORMAT " steps, %s of virtual time, trace hash %016" G_GINT64_MODIFIER "x\n",
                          report->steps,
                          span, report->hash);
  append_comparison (out, header, report, same_failure);
  if (report->escapes)
    {
      g_string_append (out, "\nreached past the seams:\n\n");
      trio_cli_append_indented (out, "  ", report->escapes);
      g_string_append_c (out, '\n');
    }
  if (self->options.trace_path)
    g_string_append_printf (out, "trace written to %s\n", self->options.trace_path);
  if (self->options.history_path && g_file_test (self->options.history_path, G_FILE_TEST_EXISTS))
    g_string_append_printf (out, "history written to %s\n", self->options.history_path);
  trio_cli_print (out);
}

static void
print_json (const Replay *self, const TrioSimReport *report, gboolean same_failure)
{
  const TrioScheduleHeader *header = trio_schedule_get_header (self->file.schedule);
  GString *out = g_string_new ("{");

  trio_cli_json_member (out, "event", "replay");
  trio_cli_json_member (out, "scenario", self->file.scenario->name);
  trio_cli_json_member (out, "schedule", self->file.path);
  trio_cli_json_member (out, "kind", trio_sim_verdict_to_string (report->verdict));
  trio_cli_json_member (out, "name", report->name ? report->name : "");
  trio_cli_json_member (out, "message", report->message);
  if (report->escapes)
    trio_cli_json_member (out, "escapes", report->escapes);
  trio_cli_json_number (out, "steps", report->steps);
  trio_cli_json_hash (out, "hash", report->hash);
  trio_cli_json_boolean (out, "same_failure", same_failure);
  trio_cli_json_boolean (out, "same_hash", header->hash == report->hash);
  trio_cli_json_number (out, "deviations", trio_schedule_get_length (report->schedule));
  trio_cli_json_number (out, "unmatched", report->unmatched);
  trio_cli_json_boolean (out, "stopped", report->stopped);
  g_string_append (out, "}\n");
  trio_cli_print (out);
}

static TrioSimReport *
run_here (const Replay *self, GError **error)
{
  TrioSimOptions options = self->options;
  TrioSimReport *report = NULL;
  g_autoptr (GError) failure = NULL;

  trio_cli_target_apply (&self->target, &options);
  /* As in a child. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  if (!trio_sim_run (self->file.scenario->func, self->file.scenario->data, &options, &report, &failure) && !report)
    g_propagate_error (error, g_steal_pointer (&failure));
  return report;
}

static int
replay_file (Replay *self)
{
  const TrioScheduleHeader *header = trio_schedule_get_header (self->file.schedule);
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;
  char *with_lines;
  gboolean same_failure;

  self->options.strategy = "replay";
  self->options.schedule = self->file.schedule;
  self->options.inject = self->file.inject;
  /* A run that differs from itself shows it only in a comparison. */
  if (header->verdict == TRIO_SIM_NONDETERMINISM && !self->options.break_at_until && !self->options.trace_path
      && self->options.until_step == 0 && !self->options.events_path)
    self->options.check_determinism = TRIO_CLI_COMPARED;
  report = self->options.break_at_until ? run_here (self, &error) : trio_cli_isolate (&self->target, &self->options, NULL, NULL,
                                                                                      &error);
  if (!report)
    return trio_cli_usage (self->cli, "replay", "%s", error->message);

  with_lines = trio_cli_with_lines (report->message);
  g_free (report->message);
  report->message = with_lines;
  same_failure = trio_cli_same_failure (header->verdict, header->name, report);
  if (self->json)
    print_json (self, report, same_failure);
  else
    print_words (self, report, same_failure);
  return report->verdict == TRIO_SIM_OK ? TRIO_CLI_EXIT_OK : TRIO_CLI_EXIT_FOUND;
}

static int
branch_off (const Replay *self)
{
  g_autofree char *strategy = NULL;
  g_autoptr (GError) error = NULL;
  TrioCliBranch branch = {
    .cli = self->cli, .file = &self->file, .step = self->options.until_step, .runs = self->runs, .timeout_s = self->target.timeout_s,
    .keep = self->keep, .json = self->json,
  };

  if (!trio_cli_branch_parse (self->branch, &strategy, &branch.seed, &error))
    return trio_cli_usage (self->cli, "replay", "--branch %s: expected STRATEGY or STRATEGY:SEED, as in random:7; %s", self->branch,
                           error->message);
  branch.strategy = strategy;
  trio_cli_catch_interrupt ();
  return trio_cli_branch_run (&branch);
}

/* What the options say together. */
static gboolean
options_agree (const Replay *self, gboolean has_runs)
{
  const TrioSimOptions *options = &self->options;
  const char *complaint = NULL;

  if (options->break_at_until && options->until_step == 0)
    complaint = "--break stops at --until STEP, which is not given";
  else if (self->branch && options->until_step == 0)
    complaint = "--branch leaves the schedule at --until STEP, which is not given";
  else if (has_runs && !self->branch)
    complaint = "--runs is for --branch, which is not given";
  else if (!!self->branch + !!options->break_at_until + !!self->travels > 1)
    complaint = "--break, --branch and --travel exclude each other";
  else if ((self->branch || self->travels) && (options->trace_path || options->history_path || options->events_path))
    complaint = "--branch and --travel run it more than once: --trace, --history and --events are for a plain replay";
  else if (self->travels && self->json)
    complaint = "--travel talks with a person: there is no --json of it";
  if (complaint)
    trio_cli_usage (self->cli, "replay", "%s", complaint);
  return complaint == NULL;
}

int
trio_cli_replay (const TrioCli *cli, int argc, char **argv)
{
  Replay self = { .cli = cli };
  g_autofree char *until = NULL, *trace = NULL, *history = NULL, *branch = NULL, *runs = NULL, *keep = NULL, *escapes = NULL, *events = NULL;
  TrioSimEscapes escapes_policy;
  g_auto (GStrv) rest = NULL;
  gboolean breaks = FALSE;
  int timeout_s = 60;
  int exit_code = TRIO_CLI_EXIT_USAGE;
  const GOptionEntry entries[] = {
    { "until", 0, 0, G_OPTION_ARG_STRING, &until, "Stop before this task step", "STEP" },
    { "break", 0, 0, G_OPTION_ARG_NONE, &breaks, "Stop there with SIGTRAP, for a debugger that runs this program", NULL },
    { "trace", 0, 0, G_OPTION_ARG_FILENAME, &trace, "Record the run there, for trio-trace", "FILE" },
    { "history", 0, 0, G_OPTION_ARG_FILENAME, &history, "Write the page of a history that is not linearizable there", "FILE" },
    { "events", 0, 0, G_OPTION_ARG_FILENAME, &events, "Write what happens there, a line for each event, to be compared with another run's", "FILE" },
    { "branch", 0, 0, G_OPTION_ARG_STRING, &branch, "From --until STEP on, many runs with this strategy instead", "STRATEGY[:SEED]" },
    { "runs", 'n', 0, G_OPTION_ARG_STRING, &runs, "How many (200)", "N" },
    { "keep", 0, 0, G_OPTION_ARG_FILENAME, &keep, "Where those that fail go (" TRIO_CLI_KEEP_DEFAULT ")", "DIR" },
    { "travel", 0, 0, G_OPTION_ARG_NONE, &self.travels, "Go to and fro in the run, by commands from stdin; \"help\" lists them", NULL },
    TRIO_CLI_ESCAPES_ENTRY (escapes),
    { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout_s, "Real time after which the run is stopped (60); 0 for none", "SECONDS" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self.json, "Print one JSON object", NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!trio_cli_parse (cli, "replay", "SCHEDULE",
                       "Runs what a schedule file describes, once, and shows what the program prints.", NULL,
                       entries, argc, argv, &rest))
    return TRIO_CLI_EXIT_USAGE;
  if (until && (!trio_cli_parse_number (until, &self.options.until_step) || self.options.until_step == 0))
    return trio_cli_usage (cli, "replay", "--until %s: expected the number of a task step, 1 or more", until);
  self.runs = 200;
  if (runs && (!trio_cli_parse_number (runs, &self.runs) || self.runs == 0))
    return trio_cli_usage (cli, "replay", "--runs %s: expected a number, 1 or more", runs);
  if (timeout_s < 0)
    return trio_cli_usage (cli, "replay", "--timeout %d: expected seconds, or 0 for none", timeout_s);
  if (!trio_cli_parse_escapes (cli, "replay", escapes, &escapes_policy))
    return TRIO_CLI_EXIT_USAGE;
  self.options.break_at_until = breaks;
  self.options.trace_path = trace;
  self.options.history_path = history;
  self.options.events_path = events;
  self.branch = branch;
  self.keep = keep ? keep : TRIO_CLI_KEEP_DEFAULT;
  if (!options_agree (&self, runs != NULL) || !trio_cli_schedule_file_load (cli, "replay", rest, &self.file))
    return TRIO_CLI_EXIT_USAGE;

  self.target = trio_cli_schedule_file_target (&self.file, cli, timeout_s);
  self.target.echo = !self.json;
  if (escapes)
    self.target.escapes = escapes_policy;
  if (self.branch)
    exit_code = branch_off (&self);
  else if (self.travels)
    exit_code = trio_cli_travel (cli, &self.file, timeout_s, self.options.until_step, self.keep);
  else
    exit_code = replay_file (&self);
  trio_cli_schedule_file_clear (&self.file);
  return exit_code;
}
