/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* shrink: from a schedule file to a smaller one that fails in the same way, and why it fails. shrinker.h does the one, explain.h the other.
 *
 * Always true: from the first run on there is a schedule in the output file that fails; it is replaced, whole, each time there is a smaller
 * one. Whoever kills this program has lost nothing. */

#include "simulator/cli/cli.h"
#include "simulator/cli/explain.h"
#include "simulator/cli/json.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"
#include "simulator/cli/schedule-file.h"
#include "simulator/cli/shrinker.h"

#include <string.h>

typedef struct
{
  const TrioCli       *cli;
  TrioCliScheduleFile  file;
  TrioCliTarget        target;
  char                *output;
  char                *others;       /* what the names of other failures begin with */
  guint                budget;
  guint                explain_budget;
  gint64               started;
  gint64               stop_at;
  gboolean             json;
} Shrink;

/* The smaller schedule under the old one's header. */
static void
take_header (const Shrink *self, TrioSimReport *report)
{
  const TrioScheduleHeader *old = trio_schedule_get_header (self->file.schedule);
  TrioScheduleHeader *header = trio_schedule_get_header (report->schedule);

  g_free (header->program);
  g_free (header->scenario);
  g_free (header->strategy);
  g_free (header->name);
  g_free (header->place);
  *header = (TrioScheduleHeader) {
    .program = g_strdup (self->cli->program), .scenario = g_strdup (self->file.scenario->name),
    .strategy = g_strdup (old->strategy),
    .seed = old->seed, .run = old->run, .inject = self->file.inject, .lets_escape = old->lets_escape,
    .heal_after = old->heal_after, .heal_within = old->heal_within,
    .verdict = report->verdict, .name = g_strdup (report->name),
    .place = g_strdup (report->place), .steps = report->steps, .hash = report->hash,
  };
}

static gboolean
write_schedule (const Shrink *self, TrioSimReport *report, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  take_header (self, report);
  if (trio_schedule_save (report->schedule, path, &error))
    return TRUE;

  trio_cli_usage (self->cli, "shrink", "the schedule could not be written to \"%s\": %s", path, error->message);
  text = trio_schedule_to_text (report->schedule);
  trio_cli_print (g_string_new (text));
  return FALSE;
}

/* "FILE.other", "FILE.other2", … */
static gboolean
write_others (const Shrink *self, const GPtrArray *others)
{
  gboolean ok = TRUE;

  for (guint i = 0; i < others->len; i++)
    {
      TrioSimReport *other = others->pdata[i];
      g_autofree char *nth = i == 0 ? g_strdup ("") : g_strdup_printf ("%u", i + 1);
      g_autofree char *path = g_strdup_printf ("%s.other%s", self->others, nth);
      GString *out;

      ok = write_schedule (self, other, path) && ok;
      if (self->json)
        continue;
      out = g_string_new (NULL);
      g_string_append_printf (out, "another failure was met on the way, \"%s%s%s\"%s%s, and is kept in %s\n",
                              trio_sim_verdict_to_string (other->verdict), other->name ? ": " : "",
                              other->name ? other->name : "", other->place ? " at " : "", other->place ? other->place : "", path);
      trio_cli_print (out);
    }
  return ok;
}

/* Why it was not searched to the end. */
static const char *
why_stopped (const Shrink *self)
{
  if (trio_cli_interrupted ())
    return "it was interrupted";
  return g_get_monotonic_time () >= self->stop_at ? "the time is used up" : "the budget is used up";
}

static void
print_json (const Shrink *self, const TrioCliShrinker *shrinker, const TrioCliExplanation *why, guint before)
{
  const TrioSimReport *best = shrinker->best;
  GString *out = g_string_new ("{");

  trio_cli_json_member (out, "event", "shrink");
  trio_cli_json_member (out, "scenario", self->file.scenario->name);
  trio_cli_json_member (out, "kind", trio_sim_verdict_to_string (best->verdict));
  trio_cli_json_member (out, "name", best->name ? best->name : "");
  trio_cli_json_member (out, "place", best->place);
  trio_cli_json_member (out, "schedule", self->output);
  trio_cli_json_number (out, "found_with", before);
  trio_cli_json_number (out, "deviations", trio_schedule_get_length (best->schedule));
  trio_cli_json_number (out, "runs", shrinker->used);
  trio_cli_json_boolean (out, "gave_up", shrinker->gave_up);
  trio_cli_json_number (out, "others", shrinker->others->len);
  trio_cli_json_number (out, "steps", best->steps);
  trio_cli_json_hash (out, "hash", best->hash);
  trio_cli_json_number (out, "elapsed_us", g_get_monotonic_time () - self->started);
  if (why->flips)
    trio_cli_explanation_append_json (why, out);
  g_string_append (out, "}\n");
  trio_cli_print (out);
}

static void
append_why (const Shrink *self, const TrioCliExplanation *why, GString *out)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (!why->flips)
    return;
  trio_cli_explanation_append (why, text);
  if (text->len > 0)
    {
      g_string_append (out, "\nwhy:\n\n");
      trio_cli_append_indented (out, "  ", text->str);
    }
  g_string_append_printf (out, "\nexplained in %u run%s%s%s\n", why->used, why->used == 1 ? "" : "s",
                          why->gave_up ? "; there is more to know, " : "", why->gave_up ? why_stopped (self) : "");
}

static void
print_words (const Shrink *self, const TrioCliShrinker *shrinker, const TrioCliExplanation *why, guint before)
{
  const TrioSimReport *best = shrinker->best;
  guint after = trio_schedule_get_length (best->schedule);
  GString *out = g_string_new (NULL);
  g_autofree char *span = trio_cli_span_to_text (g_get_monotonic_time () - self->started);

  g_string_append_printf (out, "%s%s%s%s%s\n", trio_cli_style (TRIO_CLI_BOLD), trio_sim_verdict_to_string (best->verdict),
                          best->name ? ": " : "", best->name ? best->name : "", trio_cli_style (TRIO_CLI_PLAIN));
  g_string_append_printf (out, "scenario %s, shrunk from %u decision%s to %u in %u of at most %u runs%s%s%s\n\n",
                          self->file.scenario->name, before, before == 1 ? "" : "s", after, shrinker->used, self->budget,
                          shrinker->gave_up ? "; " : "", shrinker->gave_up ? why_stopped (self) : "",
                          shrinker->gave_up ? ", there may be a smaller one" : "");
  trio_cli_append_decisions (out, best->schedule);
  if (best->message && *best->message)
    {
      g_string_append (out, "\nand then:\n\n");
      trio_cli_append_indented (out, "  ", best->message);
    }
  append_why (self, why, out);
  g_string_append_printf (out, "all of it took %s\n\n", span);
  trio_cli_append_commands (out, self->cli, best->schedule, self->output, shrinker->gave_up);
  trio_cli_print (out);
}

static void
show_progress (guint decisions, guint used, gpointer data)
{
  const Shrink *self = data;

  if (trio_cli_progress_due ())
    {
      g_autofree char *text = g_strdup_printf ("%s: %u decisions left after %u runs", self->file.scenario->name, decisions, used);

      trio_cli_progress_say (text);
    }
}

static void
show_explaining (guint used, gpointer data)
{
  const Shrink *self = data;

  if (trio_cli_progress_due ())
    {
      g_autofree char *text = g_strdup_printf ("%s: explaining, %u runs", self->file.scenario->name, used);

      trio_cli_progress_say (text);
    }
}

/* A file that cannot be written is complained about once, at the end. */
static void
keep_improved (TrioSimReport *best, gpointer data)
{
  const Shrink *self = data;

  take_header (self, best);
  if (!trio_schedule_save (best->schedule, self->output, NULL))
    return;
}

static gboolean
explain_failure (const Shrink *self, TrioCliExplanation *why, GError **error)
{
  if (self->explain_budget == 0 || trio_cli_interrupted ())
    return TRUE;
  return trio_cli_explain (why, error);
}

static int
shrink_failure (Shrink *self, TrioSimReport *failure)
{
  guint before = trio_schedule_get_length (self->file.schedule);
  TrioCliShrinker shrinker = {
    .target = &self->target, .inject = self->file.inject, .budget = self->budget, .stop_at = self->stop_at,
    .tick = show_progress, .improved = keep_improved, .tick_data = self, .best = failure,
  };
  TrioCliExplanation why = {
    .target = &self->target, .inject = self->file.inject, .budget = self->explain_budget, .stop_at = self->stop_at,
    .tick = show_explaining, .tick_data = self,
  };
  g_autoptr (GError) error = NULL;
  int exit_code = TRIO_CLI_EXIT_FOUND;

  keep_improved (failure, self);
  if (!trio_cli_shrink (&shrinker, &error))
    exit_code = trio_cli_usage (self->cli, "shrink", "%s", error->message);
  why.failure = shrinker.best;
  if (!error && !explain_failure (self, &why, &error))
    exit_code = trio_cli_usage (self->cli, "shrink", "%s", error->message);

  if (!write_schedule (self, shrinker.best, self->output))
    exit_code = TRIO_CLI_EXIT_USAGE;
  else if (self->json)
    print_json (self, &shrinker, &why, before);
  else
    print_words (self, &shrinker, &why, before);
  if (!write_others (self, shrinker.others))
    exit_code = TRIO_CLI_EXIT_USAGE;

  trio_cli_explanation_clear (&why);
  trio_cli_shrinker_clear (&shrinker);
  return exit_code;
}

static int
shrink_file (Shrink *self)
{
  const TrioScheduleHeader *header = trio_schedule_get_header (self->file.schedule);
  g_autoptr (GError) error = NULL;
  TrioSimReport *first = trio_cli_replay_once (&self->target, self->file.schedule, self->file.inject, &error);

  if (g_error_matches (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    {
      trio_cli_put_error ("interrupted in the first run: nothing was made smaller\n");
      return TRIO_CLI_EXIT_USAGE;
    }
  if (!first)
    return trio_cli_usage (self->cli, "shrink", "%s", error->message);
  if (header->verdict == TRIO_SIM_NONDETERMINISM)
    {
      trio_sim_report_free (first);
      return trio_cli_usage (self->cli, "shrink", "%s tells of a run that is not the same each time; that cannot be shrunk",
                             self->file.path);
    }
  if (first->verdict == TRIO_SIM_OK)
    {
      GString *out = g_string_new (NULL);

      g_string_append_printf (out, self->json ? "{\"event\": \"shrink\", \"kind\": \"ok\"}\n"
                                              : "%s does not fail any more: there is nothing to shrink\n", self->file.path);
      trio_cli_print (out);
      trio_sim_report_free (first);
      return TRIO_CLI_EXIT_OK;
    }
  return shrink_failure (self, first);
}

int
trio_cli_shrink_command (const TrioCli *cli, int argc, char **argv)
{
  Shrink self = { .cli = cli };
  g_autofree char *output = NULL;
  g_auto (GStrv) rest = NULL;
  int budget = 500, explain_budget = 400, timeout_s = 60;
  g_autofree char *span = NULL;
  gint64 span_us = 0;
  int exit_code;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where the smaller schedule goes; SCHEDULE.shrunk if not given", "FILE" },
    { "runs", 'n', 0, G_OPTION_ARG_INT, &budget, "At most so many runs to make it smaller (500)", "N" },
    { "explain", 0, 0, G_OPTION_ARG_INT, &explain_budget, "And so many to tell why it fails (400); 0 for none", "N" },
    { "for", 0, 0, G_OPTION_ARG_STRING, &span, "At most so much real time for both", "SECONDS" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout_s, "Real time after which one run is stopped (60); 0 for none", "SECONDS" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self.json, "Print one JSON object", NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!trio_cli_parse (cli, "shrink", "SCHEDULE", "Looks for the smallest schedule that fails in the same way, and tells why it fails.",
                       "Smallest is: fewest decisions, then the shortest run, then the smallest values, then the earliest decisions.\n"
                       "The same way is: the same kind and name, in the same place. What fails in another way is kept beside it.\n"
                       "Why is: the nearest run that passes, which answers do not matter, and the step from which on it had to fail.",
                       entries, argc, argv,
                       &rest))
    return TRIO_CLI_EXIT_USAGE;
  if (budget < 1)
    return trio_cli_usage (cli, "shrink", "--runs %d: expected 1 or more", budget);
  if (explain_budget < 0)
    return trio_cli_usage (cli, "shrink", "--explain %d: expected a number of runs, or 0 for none", explain_budget);
  if (span && !trio_cli_parse_seconds (span, &span_us))
    return trio_cli_usage (cli, "shrink", "--for %s: expected seconds, more than 0", span);
  if (timeout_s < 0)
    return trio_cli_usage (cli, "shrink", "--timeout %d: expected seconds, or 0 for none", timeout_s);
  if (!trio_cli_schedule_file_load (cli, "shrink", rest, &self.file))
    return TRIO_CLI_EXIT_USAGE;

  self.output = output ? g_strdup (output) : g_strdup_printf ("%s.shrunk", self.file.path);
  self.others = g_strdup (output ? output : self.file.path);
  self.budget = budget;
  self.explain_budget = explain_budget;
  self.started = g_get_monotonic_time ();
  self.stop_at = span_us > 0 ? self.started + span_us : G_MAXINT64;
  self.target = trio_cli_schedule_file_target (&self.file, cli, timeout_s);
  trio_cli_catch_interrupt ();
  exit_code = shrink_file (&self);
  g_free (self.output);
  g_free (self.others);
  trio_cli_schedule_file_clear (&self.file);
  return exit_code;
}
