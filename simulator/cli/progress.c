/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Progress. See progress.h. */

#include "simulator/cli/progress.h"
#include "simulator/cli/os.h"
#include "simulator/cli/saturation.h"
#include "simulator/cli/wire.h"

#include <string.h>

#define TERMINAL_INTERVAL_US (G_TIME_SPAN_SECOND / 4)
#define LOG_INTERVAL_US      (10 * G_TIME_SPAN_SECOND)

static gint64 said_last;      /* 0: not yet */
static gboolean line_is_open;

gboolean
trio_cli_progress_due (void)
{
  gint64 now = g_get_monotonic_time ();
  gint64 interval = trio_cli_stderr_is_terminal () ? TERMINAL_INTERVAL_US : LOG_INTERVAL_US;

  if (said_last == 0)
    said_last = now;           /* a short search needs no progress line */
  return now - said_last >= interval;
}

void
trio_cli_progress_say (const char *text)
{
  gboolean rewrites = trio_cli_stderr_is_terminal ();
  g_autofree char *line = g_strdup_printf (rewrites ? "\r%s\033[K" : "%s\n", text);

  said_last = g_get_monotonic_time ();
  line_is_open = rewrites;
  trio_cli_put_error (line);
}

void
trio_cli_progress_clear (void)
{
  if (line_is_open)
    trio_cli_put_error ("\r\033[K");
  line_is_open = FALSE;
}

char *
trio_cli_grouped (guint64 number)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  GString *out = g_string_new (NULL);
  gsize n = strlen (digits);

  for (gsize i = 0; i < n; i++)
    {
      if (i > 0 && (n - i) % 3 == 0)
        g_string_append_c (out, ',');
      g_string_append_c (out, digits[i]);
    }
  return g_string_free (out, FALSE);
}

char *
trio_cli_span_to_text (gint64 span_us)
{
  if (span_us < 10 * G_TIME_SPAN_SECOND)
    return g_strdup_printf ("%d.%02d s", (int) (span_us / G_TIME_SPAN_SECOND), (int) (span_us % G_TIME_SPAN_SECOND / (G_TIME_SPAN_SECOND / 100)));
  if (span_us < 2 * G_TIME_SPAN_MINUTE)
    return g_strdup_printf ("%d s", (int) (span_us / G_TIME_SPAN_SECOND));
  return g_strdup_printf ("%" G_GINT64_FORMAT " min %" G_GINT64_FORMAT " s", span_us / G_TIME_SPAN_MINUTE,
                          span_us % G_TIME_SPAN_MINUTE / G_TIME_SPAN_SECOND);
}

static guint
n_goals_reached (GHashTable *goals)
{
  g_autoptr (GPtrArray) names = trio_cli_goal_names (goals);
  guint n = 0;

  for (guint i = 0; i < names->len; i++)
    n += GPOINTER_TO_INT (g_hash_table_lookup (goals, names->pdata[i])) != 0;
  return n;
}

char *
trio_cli_tally_to_text (const char *scenario, const TrioCliTally *tally, guint64 runs)
{
  GString *out = g_string_new (scenario);
  g_autofree char *done = trio_cli_grouped (tally->runs);
  g_autofree char *all = trio_cli_grouped (runs);
  g_autofree char *rate = trio_cli_grouped (tally->runs * G_TIME_SPAN_SECOND / MAX (tally->elapsed_us, 1));
  g_autofree char *schedules = trio_cli_grouped (tally->schedules);

  g_string_append_printf (out, ": %s", done);
  if (runs > 0)
    g_string_append_printf (out, " of %s", all);
  g_string_append_printf (out, " runs, %s/s, %s schedules", rate, schedules);
  trio_cli_saturation_append_short (out, &tally->seen);
  if (g_hash_table_size (tally->goals) > 0)
    g_string_append_printf (out, ", %u of %u goals", n_goals_reached (tally->goals), g_hash_table_size (tally->goals));
  if (tally->findings->len > 0)
    g_string_append_printf (out, ", %u failed", tally->findings->len);
  return g_string_free (out, FALSE);
}
