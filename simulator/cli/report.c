/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Failures and campaigns in words. See report.h. */

#include "simulator/cli/report.h"
#include "simulator/cli/json.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/results.h"
#include "simulator/cli/saturation.h"
#include "simulator/cli/wire.h"

#include <string.h>

#define LINES_SHOWN_MAX 20
#define HELD_BACK_MIN   3       /* fewer decisions are told one by one */

const char *
trio_cli_style (TrioCliStyle style)
{
  static const char *const codes[] = { "\033[0m", "\033[1m", "\033[1;31m", "\033[1;32m", "\033[2m" };

  return trio_cli_stdout_is_terminal () && !g_getenv ("NO_COLOR") ? codes[style] : "";
}

static gboolean prints_comments;

void
trio_cli_print (GString *text)
{
  trio_cli_progress_clear ();
  if (prints_comments)
    {
      GString *comment = g_string_new (NULL);

      trio_cli_append_indented (comment, "# ", text->str);
      g_string_free (text, TRUE);
      text = comment;
    }
  trio_cli_put (text->str);
  g_string_free (text, TRUE);
}

void
trio_cli_append_indented (GString *out, const char *indent, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);

  while (n > 0 && lines[n - 1][0] == '\0')
    n--;
  for (guint i = 0; i < n; i++)
    g_string_append_printf (out, "%s%s\n", lines[i][0] ? indent : "", lines[i]);
}

/* How many decisions from i on say the same of steps that follow each other. */
static guint
count_same (const TrioSchedule *schedule, guint i)
{
  const TrioScheduleEntry *first = trio_schedule_get_entry (schedule, i);
  guint n = 1;

  for (; i + n < trio_schedule_get_length (schedule); n++)
    {
      const TrioScheduleEntry *next = trio_schedule_get_entry (schedule, i + n);

      if (!first->words || g_strcmp0 (first->words, next->words) != 0 || next->step != first->step + n)
        break;
    }
  return n;
}

/* How many decisions from i on let others run before one and the same task, step after step. To a person they are one: it was held back. */
static guint
count_held_back (const TrioSchedule *schedule, guint i)
{
  const TrioScheduleEntry *first = trio_schedule_get_entry (schedule, i);
  guint n = 1;

  for (; i + n < trio_schedule_get_length (schedule); n++)
    {
      const TrioScheduleEntry *next = trio_schedule_get_entry (schedule, i + n);

      if (!first->target || first->words || !next->target || !g_str_equal (first->path, next->path)
          || next->step != first->step + n)
        break;
    }
  return n >= HELD_BACK_MIN ? n : 1;
}

static const char *
last_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash ? slash + 1 : path;
}

/* "watch, reset and reset#2": each once, in order of appearance. */
static void
append_targets (GString *out, const TrioSchedule *schedule, guint i, guint n)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint k = i; k < i + n; k++)
    {
      const char *name = last_name (trio_schedule_get_entry (schedule, k)->target);

      if (!g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
        g_ptr_array_add (names, (gpointer) name);
    }
  for (guint k = 0; k < names->len; k++)
    g_string_append_printf (out, "%s%s", k == 0 ? "" : k + 1 == names->len ? " and " : ", ", (char *) names->pdata[k]);
}

/* One line: that of the decisions from i on that belong together. Returns how many they are. */
static guint
append_decision (GString *out, const TrioSchedule *schedule, guint i)
{
  const TrioScheduleEntry *entry = trio_schedule_get_entry (schedule, i);
  guint same = count_same (schedule, i), held = count_held_back (schedule, i);
  guint n = MAX (same, held);
  g_autofree char *words = trio_schedule_entry_to_words (entry);
  g_autofree char *number = n == 1 ? g_strdup_printf ("%u", i + 1) : g_strdup_printf ("%u-%u", i + 1, i + n);

  g_string_append_printf (out, "  %s%2s.%s ", trio_cli_style (TRIO_CLI_BOLD), number, trio_cli_style (TRIO_CLI_PLAIN));
  if (n == 1)
    g_string_append (out, words);
  else
    g_string_append_printf (out, "at steps %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " ", entry->step, entry->step + n - 1);
  if (held > 1)
    {
      g_string_append_printf (out, "%s was held back, and ", last_name (entry->path));
      append_targets (out, schedule, i, n);
      g_string_append (out, " ran before it");
    }
  else if (same > 1)
    g_string_append (out, entry->words);
  g_string_append_c (out, '\n');
  return n;
}

static void
append_healing (GString *out, const TrioSchedule *schedule)
{
  const TrioScheduleHeader *header = trio_schedule_get_header ((TrioSchedule *) schedule);
  g_autofree char *after = trio_cli_span_to_text (header->heal_after);
  g_autofree char *within = trio_cli_span_to_text (header->heal_within);

  if (header->heal_after > 0)
    g_string_append_printf (out, "\nHealed after %s: from then on nothing is in its way", after);
  if (header->heal_within > 0)
    g_string_append_printf (out, "%s it is to end within %s of being healed", header->heal_after > 0 ? ", and" : "\nIf it is healed,", within);
  if (header->heal_after > 0 || header->heal_within > 0)
    g_string_append (out, ".\n");
}

void
trio_cli_append_decisions (GString *out, const TrioSchedule *schedule)
{
  guint n = trio_schedule_get_length (schedule);

  if (n == 0)
    {
      g_string_append (out, "It is the ordinary run, with no decision changed: first come, first served, and nothing injected.\n");
      append_healing (out, schedule);
      return;
    }

  g_string_append (out, "The ordinary run, except:\n\n");
  for (guint i = 0, line = 1; i < n; line++)
    {
      if (line > LINES_SHOWN_MAX)
        {
          g_string_append_printf (out, "      … and %u more\n", n - i);
          break;
        }
      i += append_decision (out, schedule, i);
    }
  append_healing (out, schedule);
}

/* In the current directory: "transfer.trace". */
static char *
file_for (const TrioSchedule *schedule, const char *ending)
{
  const char *scenario = trio_schedule_get_header ((TrioSchedule *) schedule)->scenario;
  g_autofree char *name = g_strconcat (scenario, ending, NULL);

  return trio_cli_shell_word (g_strdelimit (name, "/", '_'));
}

static void
append_command (GString *out, const char *what, const char *command)
{
  g_string_append_printf (out, "  %s%-12s%s  %s\n", trio_cli_style (TRIO_CLI_DIM), what, trio_cli_style (TRIO_CLI_PLAIN), command);
}

/* The step at which a debugger should stop: that of the last decision. */
static guint64
step_of_interest (const TrioSchedule *schedule)
{
  guint n = trio_schedule_get_length (schedule);

  return n > 0 ? MAX (trio_schedule_get_entry (schedule, n - 1)->step, 1) : 1;
}

void
trio_cli_append_commands (GString *out, const TrioCli *cli, const TrioSchedule *schedule, const char *path, gboolean can_shrink)
{
  g_autofree char *program = trio_cli_shell_word (cli->argv0);
  g_autofree char *file = trio_cli_shell_word (path);
  g_autofree char *trace = file_for (schedule, ".trace");
  g_autofree char *html = file_for (schedule, ".html");
  g_autofree char *replay = g_strdup_printf ("%s replay %s", program, file);
  g_autofree char *show = g_strdup_printf ("%s --trace %s; trio-trace html %s -o %s", replay, trace, trace, html);
  g_autofree char *stop = g_strdup_printf ("gdb -ex run --args %s --until %" G_GUINT64_FORMAT " --break", replay,
                                           step_of_interest (schedule));
  g_autofree char *shrink = g_strdup_printf ("%s shrink %s --runs 5000", program, file);
  g_autofree char *travel = g_strdup_printf ("%s --travel", replay);

  append_command (out, "replay it", replay);
  append_command (out, "look at it", show);
  append_command (out, "stop at it", stop);
  append_command (out, "go about it", travel);
  if (can_shrink)
    append_command (out, "make it small", shrink);
}

static void
append_why_command (GString *out, const TrioCli *cli, const char *path)
{
  g_autofree char *program = trio_cli_shell_word (cli->argv0);
  g_autofree char *file = trio_cli_shell_word (path);
  g_autofree char *shrink = g_strdup_printf ("%s shrink %s", program, file);

  append_command (out, "ask why", shrink);
}

/* ---- One failure ----------------------------------------------------------------------------------------------------------- */

void
trio_cli_append_how_found (GString *out, const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  g_autofree char *run = trio_cli_grouped (failure->run);
  g_autofree char *others = trio_cli_grouped (failure->times - 1);
  guint n = trio_cli_failure_deviations (failure);

  if (failure->run == 0)
    {
      g_string_append_printf (out, "kept before, and still there: this %s has not found it anew\n", campaign->command);
      return;
    }
  if (!failure->schedule)
    {
      g_string_append_printf (out, "after all %s runs of %s\n", run, campaign->command);
      return;
    }
  g_string_append_printf (out, "found by run %s of %s", run, campaign->command);
  if (g_str_equal (campaign->command, "explore"))
    g_string_append_printf (out, " (%s, seed %" G_GUINT64_FORMAT ")", failure->strategy, campaign->seed);
  if (failure->times > 1)
    g_string_append_printf (out, " and %s other%s", others, failure->times == 2 ? "" : "s");

  if (failure->shrink_runs > 0 && n < failure->found_with)
    g_string_append_printf (out, "; shrunk from %u decisions to %u", failure->found_with, n);
  else if (failure->shrink_runs > 0)
    g_string_append (out, "; found no smaller schedule");
  if (failure->shrink_runs > 0)
    g_string_append_printf (out, " in %u run%s", failure->shrink_runs, failure->shrink_runs == 1 ? "" : "s");
  if (failure->shrink_gave_up)
    g_string_append (out, ", and may shrink further");
  if (failure->known)
    g_string_append (out, "; known: kept before, and replayed");
  g_string_append_c (out, '\n');
}

static void
append_failure_in_words (GString *out, const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  g_string_append_printf (out, "\n%sFAILED%s  %s%s%s%s%s\n", trio_cli_style (TRIO_CLI_RED), trio_cli_style (TRIO_CLI_PLAIN),
                          trio_cli_style (TRIO_CLI_BOLD), failure->kind, failure->name ? ": " : "",
                          failure->name ? failure->name : "",
                          trio_cli_style (TRIO_CLI_PLAIN));
  g_string_append_printf (out, "scenario %s, ", campaign->scenario->name);
  trio_cli_append_how_found (out, campaign, failure);
  g_string_append_c (out, '\n');

  if (failure->schedule)
    trio_cli_append_decisions (out, failure->schedule);
  if (failure->message && *failure->message)
    {
      g_string_append (out, failure->schedule ? "\nand then:\n\n" : "");
      trio_cli_append_indented (out, "  ", failure->message);
    }
  g_string_append_c (out, '\n');

  if (failure->beside)
    g_string_append_printf (out, "%s\n", failure->beside);
  if (failure->path)
    {
      gboolean can_shrink = failure->shrink_gave_up || (campaign->budget == 0 && failure->found_with > 1);

      trio_cli_append_commands (out, campaign->cli, failure->schedule, failure->path, can_shrink);
      if (!can_shrink)
        append_why_command (out, campaign->cli, failure->path);
    }
  if (failure->trouble)
    {
      g_autofree char *text = trio_schedule_to_text (failure->schedule);

      g_string_append_printf (out, "%s\nHere it is instead; save these lines, and replay them from there:\n\n%s\n",
                              failure->trouble, text);
    }
  g_string_append_c (out, '\n');
}

static void
append_failure_members (GString *out, const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  trio_cli_json_member (out, "scenario", campaign->scenario->name);
  trio_cli_json_member (out, "kind", failure->kind);
  trio_cli_json_member (out, "name", failure->name ? failure->name : "");
  trio_cli_json_number (out, "run", failure->run);
  trio_cli_json_member (out, "schedule", failure->path);
  trio_cli_json_number (out, "deviations", trio_cli_failure_deviations (failure));
  trio_cli_json_member (out, "strategy", failure->strategy);
  trio_cli_json_number (out, "seed", campaign->seed);
  trio_cli_json_number (out, "times", failure->times);
  if (failure->known)
    trio_cli_json_boolean (out, "known", TRUE);
  trio_cli_json_member (out, "message", failure->message);
  if (failure->schedule)
    {
      TrioScheduleHeader *header = trio_schedule_get_header (failure->schedule);

      trio_cli_json_number (out, "found_with", failure->found_with);
      trio_cli_json_number (out, "shrink_runs", failure->shrink_runs);
      trio_cli_json_number (out, "steps", header->steps);
      trio_cli_json_hash (out, "hash", header->hash);
    }
  if (failure->trouble)
    {
      g_autofree char *text = trio_schedule_to_text (failure->schedule);

      trio_cli_json_member (out, "trouble", failure->trouble);
      trio_cli_json_member (out, "schedule_text", text);
    }
}

void
trio_cli_report_failure (const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  GString *out = g_string_new (NULL);

  if (campaign->json)
    {
      g_string_append_c (out, '{');
      trio_cli_json_member (out, "event", "failure");
      append_failure_members (out, campaign, failure);
      g_string_append (out, "}\n");
    }
  else
    append_failure_in_words (out, campaign, failure);
  trio_cli_print (out);
}

/* ---- A campaign ------------------------------------------------------------------------------------------------------------ */

void
trio_cli_report_begin (const TrioCliCampaign *campaign)
{
  g_autofree char *inject = trio_cli_inject_to_text (campaign->inject);
  GString *out;

  if (campaign->tap && !prints_comments)
    {
      trio_cli_tap_begin ();
      prints_comments = TRUE;
    }
  if (!campaign->json)
    return;

  out = g_string_new ("{");
  trio_cli_json_member (out, "event", "begin");
  trio_cli_json_member (out, "command", campaign->command);
  trio_cli_json_member (out, "scenario", campaign->scenario->name);
  trio_cli_json_member (out, "strategy", campaign->strategy);
  trio_cli_json_number (out, "seed", campaign->seed);
  trio_cli_json_member (out, "inject", inject);
  trio_cli_json_number (out, "jobs", campaign->jobs);
  if (campaign->shards > 1)
    {
      trio_cli_json_number (out, "shard", campaign->shard);
      trio_cli_json_number (out, "shards", campaign->shards);
    }
  g_string_append (out, "}\n");
  trio_cli_print (out);
}

static void
append_failures_json (GString *out, const TrioCliCampaign *campaign, gboolean *first)
{
  for (guint i = 0; i < campaign->failures->len; i++)
    {
      g_string_append (out, *first ? "{" : ", {");
      append_failure_members (out, campaign, campaign->failures->pdata[i]);
      g_string_append_c (out, '}');
      *first = FALSE;
    }
}

static void
append_goals_json (GString *out, GHashTable *goals)
{
  g_autoptr (GPtrArray) names = trio_cli_goal_names (goals);

  trio_cli_json_key (out, "goals");
  g_string_append_c (out, '{');
  for (guint i = 0; i < names->len; i++)
    trio_cli_json_boolean (out, names->pdata[i], GPOINTER_TO_INT (g_hash_table_lookup (goals, names->pdata[i])) != 0);
  g_string_append_c (out, '}');
}

static void
append_end_json (GString *out, const TrioCliCampaign *campaign, const TrioCliTally *tally)
{
  gboolean first = TRUE;

  g_string_append_c (out, '{');
  trio_cli_json_member (out, "event", "end");
  trio_cli_json_member (out, "scenario", campaign->scenario->name);
  trio_cli_json_number (out, "runs", tally->runs);
  trio_cli_json_key (out, "failures");
  g_string_append_c (out, '[');
  append_failures_json (out, campaign, &first);
  g_string_append_c (out, ']');
  trio_cli_json_number (out, "steps", tally->steps);
  trio_cli_json_number (out, "schedules", tally->schedules);
  trio_cli_json_number (out, "elapsed_us", tally->elapsed_us);
  trio_cli_json_boolean (out, "interrupted", campaign->interrupted);
  if (campaign->append_end != NULL)
    campaign->append_end (out, TRUE, campaign->append_end_data);
  else
    trio_cli_saturation_append_json (out, &tally->seen);
  append_goals_json (out, tally->goals);
  g_string_append (out, "}\n");
}

static void
append_goals_in_words (GString *out, const TrioCliCampaign *campaign, const TrioCliTally *tally)
{
  GHashTable *goals = tally->goals;
  gboolean missed = FALSE;
  g_autoptr (GPtrArray) names = trio_cli_goal_names (goals);

  for (guint i = 0; i < names->len; i++)
    {
      gboolean held = GPOINTER_TO_INT (g_hash_table_lookup (goals, names->pdata[i])) != 0;

      g_string_append_printf (out, "  goal %s  %s\n", held ? "reached      " : "never reached", (char *) names->pdata[i]);
      missed = missed || !held;
    }
  if (missed && g_str_equal (campaign->command, "explore") && tally->runs <= TRIO_CLI_RUNS_BEFORE_UNREACHED)
    g_string_append_printf (out, "  That fails a campaign of more than %d runs that finds nothing else. To see: --runs 1000\n",
                            TRIO_CLI_RUNS_BEFORE_UNREACHED);
  if (missed && g_str_equal (campaign->command, "sweep") && tally->runs <= TRIO_CLI_RUNS_BEFORE_UNREACHED)
    g_string_append_printf (out, "  That fails a sweep of more than %d runs. To see: --schedules 20\n", TRIO_CLI_RUNS_BEFORE_UNREACHED);
}

static void
append_end_in_words (GString *out, const TrioCliCampaign *campaign, const TrioCliTally *tally)
{
  g_autofree char *runs = trio_cli_grouped (tally->runs);
  g_autofree char *schedules = trio_cli_grouped (tally->schedules);
  g_autofree char *steps = trio_cli_grouped (tally->steps);
  g_autofree char *span = trio_cli_span_to_text (tally->elapsed_us);
  g_autofree char *inject = trio_cli_inject_to_text (campaign->inject);
  guint n = campaign->failures->len;

  g_autofree char *found = n == 0 ? g_strdup ("nothing found") : g_strdup_printf ("%u failure%s", n, n == 1 ? "" : "s");

  g_string_append_printf (out, "%s: %s%s%s in %s run%s", campaign->scenario->name,
                          trio_cli_style (n ? TRIO_CLI_RED : TRIO_CLI_GREEN),
                          found, trio_cli_style (TRIO_CLI_PLAIN), runs, tally->runs == 1 ? "" : "s");
  if (g_str_equal (campaign->command, "explore"))
    g_string_append_printf (out, " (%s, seed %" G_GUINT64_FORMAT ", injected: %s)", campaign->strategy, campaign->seed, inject);
  g_string_append_printf (out, "; %s different schedule%s, %s steps, %s%s\n", schedules, tally->schedules == 1 ? "" : "s", steps,
                          span,
                          campaign->interrupted ? "; interrupted" : "");
  if (campaign->append_end != NULL)
    campaign->append_end (out, FALSE, campaign->append_end_data);
  else
    trio_cli_saturation_append (out, &tally->seen, !g_str_equal (campaign->command, "sweep"));
  append_goals_in_words (out, campaign, tally);
}

void
trio_cli_report_end (TrioCliCampaign *campaign, const TrioCliTally *tally)
{
  GString *out = g_string_new (NULL);

  campaign->runs = tally->runs;
  campaign->elapsed_us = tally->elapsed_us;
  campaign->interrupted |= tally->interrupted;

  if (campaign->json)
    append_end_json (out, campaign, tally);
  else
    append_end_in_words (out, campaign, tally);
  trio_cli_print (out);
}

void
trio_cli_report_all (GPtrArray *campaigns, guint64 runs)
{
  GString *out;
  gboolean first = TRUE;

  if (campaigns->len > 0)
    trio_cli_junit_write (campaigns);
  if (prints_comments)
    trio_cli_tap_end (campaigns);
  prints_comments = FALSE;
  if (campaigns->len < 2 || !((TrioCliCampaign *) campaigns->pdata[0])->json)
    return;

  out = g_string_new ("{");
  trio_cli_json_member (out, "event", "all");
  trio_cli_json_member (out, "scenario", "*");
  trio_cli_json_number (out, "runs", runs);
  trio_cli_json_key (out, "failures");
  g_string_append_c (out, '[');
  for (guint i = 0; i < campaigns->len; i++)
    append_failures_json (out, campaigns->pdata[i], &first);
  g_string_append (out, "]}\n");
  trio_cli_print (out);
}
