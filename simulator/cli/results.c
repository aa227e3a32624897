/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* TAP and JUnit. See results.h. */

#include "simulator/cli/results.h"
#include "simulator/cli/json.h"
#include "simulator/cli/options.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"
#include "simulator/result-file.h"

static gboolean
is_cut_short (const TrioCliCampaign *campaign)
{
  return campaign->interrupted && campaign->failures->len == 0;
}

/* "always: no money is lost": what distinguishes a failure from the others of its scenario, and stays the same from day to day. */
static char *
name_of (const TrioCliFailure *failure)
{
  return failure->name ? g_strdup_printf ("%s: %s", failure->kind, failure->name) : g_strdup (failure->kind);
}

/* The others draw nothing. */
static gboolean
has_seed (const TrioCliCampaign *campaign)
{
  return g_str_equal (campaign->command, "explore");
}

/* All that was found, in one line. */
static char *
names_of (const TrioCliCampaign *campaign)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < campaign->failures->len; i++)
    {
      g_autofree char *name = name_of (campaign->failures->pdata[i]);

      g_string_append_printf (out, "%s%s", i == 0 ? "" : "; ", name);
    }
  return g_string_free (out, FALSE);
}

static char *
replay_of (const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  g_autofree char *program = trio_cli_shell_word (campaign->cli->argv0);
  g_autofree char *path = failure->path ? trio_cli_shell_word (failure->path) : NULL;

  return path ? g_strdup_printf ("%s replay %s", program, path) : NULL;
}

/* What neither XML nor YAML has a way to say: most control characters, what is not UTF-8, and what is no character. Of the terminal's styles
 * nothing is left. */
static char *
plain (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (NULL);

  for (const char *c = valid; *c; c = g_utf8_next_char (c))
    {
      gunichar letter = g_utf8_get_char (c);

      if (c[0] == '\033' && c[1] == '[')
        {
          while (c[1] && !g_ascii_isalpha (*c))
            c++;
        }
      else if ((letter < 0x20 && letter != '\n' && letter != '\t') || (letter >= 0x7f && letter < 0xa0))
        g_string_append_c (out, '?');
      else
        g_string_append_unichar (out, (letter & 0xfffe) == 0xfffe ? 0xfffd : letter);
    }
  return g_string_free (out, FALSE);
}

/* How it was found, the decisions, what came of them. */
static char *
words_of (const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  g_autoptr (GString) out = g_string_new (NULL);

  trio_cli_append_how_found (out, campaign, failure);
  if (failure->schedule)
    {
      g_string_append_c (out, '\n');
      trio_cli_append_decisions (out, failure->schedule);
    }
  if (failure->message)
    g_string_append_printf (out, "\n%s\n", failure->message);
  if (failure->trouble)
    g_string_append_printf (out, "\n%s\n", failure->trouble);
  return plain (out->str);
}

/* ---- TAP ------------------------------------------------------------------------------------------------------------------- */

/* How many tests there are is known at the end. */
void
trio_cli_tap_begin (void)
{
  trio_cli_put ("TAP version 13\n");
}

/* A "#" would begin a directive, and a new line another test. */
static void
append_description (GString *out, const char *text)
{
  for (const char *c = text; *c; c++)
    {
      if (*c == '#')
        g_string_append (out, "\\#");
      else
        g_string_append_c (out, *c == '\n' ? ' ' : *c);
    }
}

static void
append_yaml_string (GString *out, const char *key, const char *text)
{
  g_autofree char *words = text ? plain (text) : NULL;

  if (!words)
    return;
  g_string_append_printf (out, "  %s: ", key);
  trio_cli_json_string (out, words);
  g_string_append_c (out, '\n');
}

static void
append_yaml_number (GString *out, const char *key, guint64 number)
{
  g_string_append_printf (out, "  %s: %" G_GUINT64_FORMAT "\n", key, number);
}

/* What all that was found has in common. */
static void
append_yaml_campaign (GString *out, const TrioCliCampaign *campaign)
{
  g_autofree char *inject = trio_cli_inject_to_text (campaign->inject);

  append_yaml_string (out, "scenario", campaign->scenario->name);
  append_yaml_string (out, "command", campaign->command);
  if (has_seed (campaign))
    append_yaml_number (out, "seed", campaign->seed);
  append_yaml_string (out, "inject", inject);
}

/* A block scalar: lines as they are. Empty ones are indented, too: Perl's reader takes them for the end. */
static void
append_yaml_text (GString *out, const char *key, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  g_string_append_printf (out, "  %s: |\n", key);
  for (guint i = 0; lines[i] && (lines[i][0] || lines[i + 1]); i++)
    g_string_append_printf (out, "    %s\n", lines[i]);
}

static void
append_tap_failure (GString *out, const TrioCliCampaign *campaign, const TrioCliFailure *failure, guint number)
{
  g_autofree char *name = name_of (failure);
  g_autofree char *replay = replay_of (campaign, failure);
  g_autofree char *words = words_of (campaign, failure);

  g_string_append_printf (out, "not ok %u ", number);
  append_description (out, campaign->command);
  g_string_append_c (out, ' ');
  append_description (out, campaign->scenario->name);
  g_string_append (out, ": ");
  append_description (out, name);
  g_string_append (out, "\n  ---\n");
  append_yaml_string (out, "message", name);
  append_yaml_string (out, "severity", "fail");
  append_yaml_string (out, "replay", replay);
  append_yaml_string (out, "schedule", failure->path);
  append_yaml_campaign (out, campaign);
  append_yaml_string (out, "strategy", failure->strategy);
  append_yaml_number (out, "run", failure->run);
  append_yaml_number (out, "times", failure->times);
  append_yaml_number (out, "decisions", trio_cli_failure_deviations (failure));
  append_yaml_text (out, "told", words);
  g_string_append (out, "  ...\n");
}

static guint
append_tap_case (GString *out, const TrioCliCampaign *campaign, guint number)
{
  gboolean ok = campaign->failures->len == 0 && !campaign->refusal;
  g_autofree char *runs = trio_cli_grouped (campaign->runs);
  g_autofree char *text = g_strdup_printf ("%s %s: %s run%s", campaign->command, campaign->scenario->name, runs,
                                           campaign->runs == 1 ? "" : "s");
  g_autofree char *names = names_of (campaign);

  g_string_append_printf (out, "%s %u ", ok ? "ok" : "not ok", number);
  append_description (out, text);
  g_string_append (out, *names ? ", found " : "");
  append_description (out, names);
  if (campaign->refusal)
    g_string_append (out, ", no run could be made");
  else if (is_cut_short (campaign))
    g_string_append (out, " # SKIP interrupted before its end");
  g_string_append_c (out, '\n');
  if (!ok)
    {
      g_string_append (out, "  ---\n");
      append_yaml_string (out, "message", campaign->refusal ? campaign->refusal : names);
      append_yaml_string (out, "severity", campaign->refusal ? "error" : "fail");
      append_yaml_campaign (out, campaign);
      append_yaml_string (out, "strategy", campaign->strategy);
      append_yaml_number (out, "runs", campaign->runs);
      g_string_append (out, "  ...\n");
    }
  for (guint i = 0; i < campaign->failures->len; i++)
    append_tap_failure (out, campaign, campaign->failures->pdata[i], ++number);
  return number;
}

void
trio_cli_tap_end (const GPtrArray *campaigns)
{
  g_autoptr (GString) out = g_string_new (NULL);
  guint n_cases = 0, number = 0;

  for (guint i = 0; i < campaigns->len; i++)
    {
      const TrioCliCampaign *campaign = campaigns->pdata[i];

      number = append_tap_case (out, campaign, number + 1);
      n_cases = campaign->n_cases;
    }
  if (campaigns->len < n_cases)
    g_string_append (out, "Bail out! interrupted\n");
  else
    g_string_append_printf (out, "1..%u\n", number);
  trio_cli_progress_clear ();
  trio_cli_put (out->str);
}

/* ---- JUnit ----------------------------------------------------------------------------------------------------------------- */

static void
append_xml (GString *out, const char *text)
{
  g_autofree char *letters = plain (text);
  g_autofree char *escaped = g_markup_escape_text (letters, -1);

  g_string_append (out, escaped);
}

/* A reader makes spaces of the line ends and tabs that stand in an attribute as they are. */
static void
append_attribute (GString *out, const char *name, const char *text)
{
  g_autoptr (GString) value = g_string_new (NULL);

  append_xml (value, text);
  g_string_replace (value, "\n", "&#10;", 0);
  g_string_replace (value, "\t", "&#9;", 0);
  g_string_append_printf (out, " %s=\"%s\"", name, value->str);
}

/* Without a floating-point number, whose point a locale may turn into a comma. Thousandths are as much as the schema has. */
static void
append_time (GString *out, gint64 span_us)
{
  g_string_append_printf (out, " time=\"%" G_GINT64_FORMAT ".%03" G_GINT64_FORMAT "\"", span_us / G_TIME_SPAN_SECOND,
                          span_us % G_TIME_SPAN_SECOND / G_TIME_SPAN_MILLISECOND);
}

static void
append_property (GString *out, const char *name, const char *value)
{
  g_string_append (out, "      <property");
  append_attribute (out, "name", name);
  append_attribute (out, "value", value);
  g_string_append (out, "/>\n");
}

static void
append_number_property (GString *out, const char *name, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  append_property (out, name, text);
}

static void
append_properties (GString *out, const TrioCliCampaign *campaign)
{
  g_autofree char *inject = trio_cli_inject_to_text (campaign->inject);

  g_string_append (out, "    <properties>\n");
  append_property (out, "command", campaign->command);
  append_property (out, "scenario", campaign->scenario->name);
  append_property (out, "strategy", campaign->strategy);
  if (has_seed (campaign))
    append_number_property (out, "seed", campaign->seed);
  append_property (out, "inject", inject);
  append_number_property (out, "runs", campaign->runs);
  if (campaign->shards > 1)
    {
      append_number_property (out, "shard", campaign->shard);
      append_number_property (out, "shards", campaign->shards);
    }
  g_string_append (out, "    </properties>\n");
}

static void
open_case (GString *out, const char *class_name, const char *name, gint64 elapsed_us)
{
  g_string_append (out, "    <testcase");
  append_attribute (out, "classname", class_name);
  append_attribute (out, "name", name);
  append_time (out, elapsed_us);
  g_string_append (out, ">\n");
}

/* The command that replays it comes first: it is what one looks for. */
static void
append_failure_case (GString *out, const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  g_autofree char *class_name = g_strdup_printf ("%s.%s.%s", campaign->cli->program, campaign->command, campaign->scenario->name);
  g_autofree char *name = name_of (failure);
  g_autofree char *replay = replay_of (campaign, failure);
  g_autofree char *words = words_of (campaign, failure);

  open_case (out, class_name, name, 0);
  g_string_append (out, "      <failure");
  append_attribute (out, "message", name);
  append_attribute (out, "type", failure->kind);
  g_string_append_c (out, '>');
  if (replay)
    {
      append_xml (out, replay);
      g_string_append (out, "\n\n");
    }
  append_xml (out, words);
  g_string_append (out, "</failure>\n    </testcase>\n");
}

static void
append_scenario_case (GString *out, const TrioCliCampaign *campaign)
{
  g_autofree char *class_name = g_strdup_printf ("%s.%s", campaign->cli->program, campaign->command);
  g_autofree char *names = names_of (campaign);

  open_case (out, class_name, campaign->scenario->name, campaign->elapsed_us);
  if (campaign->refusal)
    {
      g_string_append (out, "      <error");
      append_attribute (out, "message", campaign->refusal);
      append_attribute (out, "type", "usage");
      g_string_append (out, "/>\n");
    }
  else if (campaign->failures->len > 0)
    {
      g_string_append (out, "      <failure");
      append_attribute (out, "message", names);
      append_attribute (out, "type", "found");
      g_string_append (out, "/>\n");
    }
  else if (is_cut_short (campaign))
    g_string_append (out, "      <skipped/>\n");
  g_string_append_printf (out, "      <system-out>%" G_GUINT64_FORMAT " runs%s</system-out>\n    </testcase>\n", campaign->runs,
                          campaign->interrupted ? ", interrupted" : "");
}

/* The scenario itself, and each failure. */
typedef struct
{
  guint tests, failures, errors, skipped;
} Counts;

static Counts
count (const TrioCliCampaign *campaign)
{
  guint n = campaign->failures->len;

  return (Counts) {
    .tests = 1 + n,
    .failures = n + (n > 0 && !campaign->refusal),
    .errors = campaign->refusal != NULL,
    .skipped = !campaign->refusal && is_cut_short (campaign),
  };
}

static void
append_suite (GString *out, const TrioCliCampaign *campaign)
{
  g_autofree char *name = g_strdup_printf ("%s.%s.%s", campaign->cli->program, campaign->command, campaign->scenario->name);
  Counts counts = count (campaign);

  g_string_append (out, "  <testsuite");
  append_attribute (out, "name", name);
  g_string_append_printf (out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"", counts.tests, counts.failures, counts.errors,
                          counts.skipped);
  append_time (out, campaign->elapsed_us);
  g_string_append (out, ">\n");
  append_properties (out, campaign);
  append_scenario_case (out, campaign);
  for (guint i = 0; i < campaign->failures->len; i++)
    append_failure_case (out, campaign, campaign->failures->pdata[i]);
  g_string_append (out, "  </testsuite>\n");
}

void
trio_cli_junit_write (const GPtrArray *campaigns)
{
  const TrioCliCampaign *first = campaigns->pdata[0];
  g_autoptr (GString) out = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
  g_autoptr (GError) error = NULL;
  Counts sum = { 0 };
  gint64 elapsed_us = 0;

  if (!first->junit)
    return;

  for (guint i = 0; i < campaigns->len; i++)
    {
      Counts counts = count (campaigns->pdata[i]);

      sum.tests += counts.tests;
      sum.failures += counts.failures;
      sum.errors += counts.errors;
      elapsed_us += ((const TrioCliCampaign *) campaigns->pdata[i])->elapsed_us;
    }
  append_attribute (out, "name", first->cli->program);
  g_string_append_printf (out, " tests=\"%u\" failures=\"%u\" errors=\"%u\"", sum.tests, sum.failures, sum.errors);
  append_time (out, elapsed_us);
  g_string_append (out, ">\n");
  for (guint i = 0; i < campaigns->len; i++)
    append_suite (out, campaigns->pdata[i]);
  g_string_append (out, "</testsuites>\n");

  if (!trio_sim_write_file (first->junit, out->str, out->len, &error))
    trio_cli_lose_output (error->message);
}
