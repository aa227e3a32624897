/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The names of verdicts, as they stand in the JSON, in schedule files and in reports; and a report's end of life. */

#include "simulator/schedule-build.h"

static const char *const names[] = {
  [TRIO_SIM_OK] = "ok",
  [TRIO_SIM_ERROR] = "error",
  [TRIO_SIM_ALWAYS] = "always",
  [TRIO_SIM_UNREACHABLE] = "unreachable",
  [TRIO_SIM_DEADLOCK] = "deadlock",
  [TRIO_SIM_LIVELOCK] = "livelock",
  [TRIO_SIM_LEAK] = "leak",
  [TRIO_SIM_CRASH] = "crash",
  [TRIO_SIM_NONDETERMINISM] = "nondeterminism",
  [TRIO_SIM_EVENTUALLY] = "eventually",
  [TRIO_SIM_MISUSE] = "misuse",
  [TRIO_SIM_ESCAPE] = "escape",
};

G_STATIC_ASSERT (G_N_ELEMENTS (names) == TRIO_SIM_ESCAPE + 1);

const char *
trio_sim_verdict_to_string (TrioSimVerdict verdict)
{
  g_return_val_if_fail ((guint) verdict < G_N_ELEMENTS (names), "unknown");
  return names[verdict];
}

gboolean
trio_sim_verdict_from_string (const char *text, TrioSimVerdict *verdict)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (text, names[i]))
      {
        *verdict = (TrioSimVerdict) i;
        return TRUE;
      }
  return FALSE;
}

void
trio_sim_report_free (TrioSimReport *report)
{
  if (report == NULL)
    return;
  g_free (report->name);
  g_free (report->place);
  g_free (report->message);
  g_free (report->escapes);
  trio_schedule_free (report->schedule);
  g_clear_pointer (&report->goals, g_hash_table_unref);
  g_free (report);
}
