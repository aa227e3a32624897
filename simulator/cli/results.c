/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* TAP and JUnit. See results.h. */

#include "simulator/cli/results.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/report.h"

static gboolean
is_cut_short (const TrioCliCampaign *campaign)
{
  return campaign->interrupted && campaign->failures->len == 0;
}

static char *
name_of (const TrioCliFailure *failure)
{
  return failure->name ? g_strdup_printf ("%s: %s", failure->kind, failure->name) : g_strdup (failure->kind);
}

/* ---- TAP ------------------------------------------------------------------------------------------------------------------- */

void
trio_cli_tap_begin (const TrioCliCampaign *campaign)
{
  g_autofree char *plan = g_strdup_printf ("TAP version 13\n1..%u\n", campaign->n_cases);

  trio_cli_put (plan);
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
append_tap_case (GString *out, const TrioCliCampaign *campaign, guint number)
{
  gboolean ok = campaign->failures->len == 0 && !campaign->refusal;
  g_autofree char *runs = trio_cli_grouped (campaign->runs);
  g_autofree char *text = g_strdup_printf ("%s %s: %s run%s", campaign->command, campaign->scenario->name, runs,
                                           campaign->runs == 1 ? "" : "s");

  g_string_append_printf (out, "%s %u ", ok ? "ok" : "not ok", number);
  append_description (out, text);
  for (guint i = 0; i < campaign->failures->len; i++)
    {
      g_autofree char *name = name_of (campaign->failures->pdata[i]);

      g_string_append (out, i == 0 ? ", found " : "; ");
      append_description (out, name);
    }
  if (campaign->refusal)
    g_string_append (out, ", no run could be made");
  else if (is_cut_short (campaign))
    g_string_append (out, " # SKIP interrupted before its end");
  g_string_append_c (out, '\n');
}

void
trio_cli_tap_end (const GPtrArray *campaigns)
{
  g_autoptr (GString) out = g_string_new (NULL);
  guint n_cases = 0;

  for (guint i = 0; i < campaigns->len; i++)
    {
      const TrioCliCampaign *campaign = campaigns->pdata[i];

      append_tap_case (out, campaign, i + 1);
      n_cases = campaign->n_cases;
    }
  if (campaigns->len < n_cases)
    g_string_append (out, "Bail out! interrupted\n");
  trio_cli_progress_clear ();
  trio_cli_put (out->str);
}

/* ---- JUnit ----------------------------------------------------------------------------------------------------------------- */

/* XML 1.0 has no way to say most control characters, and a reader refuses what is not UTF-8. Of the terminal's styles nothing is left. */
static void
append_xml (GString *out, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *escaped = NULL;
  g_autoptr (GString) plain = g_string_new (NULL);

  for (const char *c = valid; *c; c++)
    {
      if (c[0] == '\033' && c[1] == '[')
        {
          while (c[1] && !g_ascii_isalpha (*c))
            c++;
        }
      else
        g_string_append_c (plain, (guchar) *c < 0x20 && *c != '\n' && *c != '\t' ? '?' : *c);
    }
  escaped = g_markup_escape_text (plain->str, -1);
  g_string_append (out, escaped);
}

static void
append_attribute (GString *out, const char *name, const char *text)
{
  g_string_append_printf (out, " %s=\"", name);
  append_xml (out, text);
  g_string_append_c (out, '"');
}

/* Without a floating-point number, whose point a locale may turn into a comma. */
static void
append_time (GString *out, gint64 span_us)
{
  g_string_append_printf (out, " time=\"%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT "\"", span_us / G_TIME_SPAN_SECOND,
                          span_us % G_TIME_SPAN_SECOND);
}

static void
append_xml_failure (GString *out, const TrioCliCampaign *campaign, const TrioCliFailure *failure)
{
  g_autofree char *name = name_of (failure);
  g_autoptr (GString) words = g_string_new (NULL);

  if (failure->schedule)
    trio_cli_append_decisions (words, failure->schedule);
  if (failure->message)
    g_string_append_printf (words, "\n%s\n", failure->message);
  if (failure->path)
    g_string_append_printf (words, "\nreplay it: %s replay %s\n", campaign->cli->argv0, failure->path);
  g_string_append (out, "      <failure");
  append_attribute (out, "message", name);
  append_attribute (out, "type", failure->kind);
  g_string_append_c (out, '>');
  append_xml (out, words->str);
  g_string_append (out, "</failure>\n");
}

static void
append_xml_case (GString *out, const TrioCliCampaign *campaign)
{
  g_autofree char *class_name = g_strdup_printf ("%s.%s", campaign->cli->program, campaign->command);

  g_string_append (out, "    <testcase");
  append_attribute (out, "classname", class_name);
  append_attribute (out, "name", campaign->scenario->name);
  append_time (out, campaign->elapsed_us);
  g_string_append (out, ">\n");
  if (campaign->refusal)
    {
      g_string_append (out, "      <error");
      append_attribute (out, "message", campaign->refusal);
      append_attribute (out, "type", "usage");
      g_string_append (out, "/>\n");
    }
  else if (is_cut_short (campaign))
    g_string_append (out, "      <skipped/>\n");
  for (guint i = 0; i < campaign->failures->len; i++)
    append_xml_failure (out, campaign, campaign->failures->pdata[i]);
  g_string_append_printf (out, "      <system-out>%" G_GUINT64_FORMAT " runs%s</system-out>\n    </testcase>\n", campaign->runs,
                          campaign->interrupted ? ", interrupted" : "");
}

void
trio_cli_junit_write (const GPtrArray *campaigns)
{
  const TrioCliCampaign *first = campaigns->pdata[0];
  g_autoptr (GString) out = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite");
  g_autoptr (GError) error = NULL;
  guint n_failed = 0, n_errors = 0, n_skipped = 0;
  gint64 elapsed_us = 0;

  if (!first->junit)
    return;

  for (guint i = 0; i < campaigns->len; i++)
    {
      const TrioCliCampaign *campaign = campaigns->pdata[i];

      n_errors += campaign->refusal != NULL;
      n_failed += !campaign->refusal && campaign->failures->len > 0;
      n_skipped += !campaign->refusal && is_cut_short (campaign);
      elapsed_us += campaign->elapsed_us;
    }
  append_attribute (out, "name", first->cli->program);
  g_string_append_printf (out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"", campaigns->len, n_failed, n_errors, n_skipped);
  append_time (out, elapsed_us);
  g_string_append (out, ">\n");
  for (guint i = 0; i < campaigns->len; i++)
    append_xml_case (out, campaigns->pdata[i]);
  g_string_append (out, "  </testsuite>\n</testsuites>\n");

  if (!g_file_set_contents (first->junit, out->str, (gssize) out->len, &error))
    {
      g_autofree char *complaint = g_strdup_printf ("%s: the results could not be written: %s\n", first->cli->program, error->message);

      trio_cli_put_error (complaint);
    }
}
