/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Coverage in words. See saturation.h; seen.h says where the estimate comes from. Whole numbers only, so that the words are the same on
 * every machine. */

#include "simulator/cli/saturation.h"
#include "simulator/cli/json.h"
#include "simulator/cli/progress.h"

/* Fewer runs tell nothing about further ones. */
#define RUNS_FOR_AN_OUTLOOK 20

static void
append_percent (GString *out, guint64 part, guint64 whole)
{
  guint64 hundredths = part <= G_MAXUINT64 / 10000 ? part * 10000 / whole : 10000;

  if (hundredths >= 1000)
    g_string_append_printf (out, "%" G_GUINT64_FORMAT " %%", hundredths / 100);
  else if (hundredths >= 1)
    g_string_append_printf (out, "%" G_GUINT64_FORMAT ".%02" G_GUINT64_FORMAT " %%", hundredths / 100, hundredths % 100);
  else
    g_string_append (out, "0.01 %");
}

void
trio_cli_saturation_append_outlook (GString *out, const TrioCliSeenKind *kind, guint64 n_runs)
{
  if (n_runs < RUNS_FOR_AN_OUTLOOK)
    return;
  g_string_append (out, kind->n_lone_runs > 0 ? "; about " : "; fewer than ");
  append_percent (out, kind->n_lone_runs > 0 ? kind->n_lone_runs : 3, n_runs);
  g_string_append (out, " of further runs will show a new one");
}

static void
append_kind (GString *out, const TrioCliSaturation *seen, TrioCliFactKind k, const char *what, gboolean outlook)
{
  const TrioCliSeenKind *kind = &seen->kinds[k];
  g_autofree char *n = trio_cli_grouped (kind->n);
  g_autofree char *since = trio_cli_grouped (kind->n_since);

  g_string_append_printf (out, "%s %s", n, what);
  if (seen->n_runs > 1 && kind->n_since == 0)
    g_string_append (out, ", the last run still showed a new one");
  else if (kind->n_since > 0)
    g_string_append_printf (out, ", none new in the last %s run%s", since, kind->n_since == 1 ? "" : "s");
  if (outlook)
    trio_cli_saturation_append_outlook (out, kind, seen->n_runs);
  g_string_append_c (out, '\n');
}

void
trio_cli_saturation_append (GString *out, const TrioCliSaturation *seen, gboolean outlook)
{
  g_string_append (out, "  coverage  ");
  append_kind (out, seen, TRIO_CLI_FACT_PAIR, "pairs of what follows what", outlook);
  g_string_append (out, "            ");
  append_kind (out, seen, TRIO_CLI_FACT_STATE, "states of all tasks together", outlook);
  g_string_append_printf (out, "            %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " cancel points have noticed a cancellation\n",
                          seen->kinds[TRIO_CLI_FACT_NOTICED].n, seen->kinds[TRIO_CLI_FACT_POINT].n);
  if (seen->full)
    g_string_append (out, "            there was more than could be kept: all of these are too low\n");
}

static void
append_kind_json (GString *out, const TrioCliSeenKind *kind, const char *name)
{
  g_autofree char *single = g_strconcat (name, "_single", NULL);
  g_autofree char *lone_runs = g_strconcat (name, "_lone_runs", NULL);
  g_autofree char *since = g_strconcat (name, "_runs_since_new", NULL);

  trio_cli_json_number (out, name, kind->n);
  trio_cli_json_number (out, single, kind->n_single);
  trio_cli_json_number (out, lone_runs, kind->n_lone_runs);
  trio_cli_json_number (out, since, kind->n_since);
}

void
trio_cli_saturation_append_json (GString *out, const TrioCliSaturation *seen)
{
  trio_cli_json_key (out, "coverage");
  g_string_append_c (out, '{');
  append_kind_json (out, &seen->kinds[TRIO_CLI_FACT_PAIR], "pairs");
  append_kind_json (out, &seen->kinds[TRIO_CLI_FACT_STATE], "states");
  trio_cli_json_number (out, "cancel_points", seen->kinds[TRIO_CLI_FACT_POINT].n);
  trio_cli_json_number (out, "cancel_points_noticed", seen->kinds[TRIO_CLI_FACT_NOTICED].n);
  trio_cli_json_boolean (out, "full", seen->full);
  g_string_append_c (out, '}');
}

void
trio_cli_saturation_append_short (GString *out, const TrioCliSaturation *seen)
{
  const TrioCliSeenKind *pairs = &seen->kinds[TRIO_CLI_FACT_PAIR];
  g_autofree char *n = trio_cli_grouped (pairs->n);
  g_autofree char *since = trio_cli_grouped (pairs->n_since);

  g_string_append_printf (out, ", %s pairs", n);
  if (pairs->n_since > 0)
    g_string_append_printf (out, " (none new in %s runs)", since);
}
