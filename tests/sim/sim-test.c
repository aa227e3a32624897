/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the tests of the simulator share; see sim-test.h. */

#include "tests/sim/sim-test.h"

TrioSimReport *
sim_run (TrioFunc func, gpointer data, const TrioSimOptions *options)
{
  TrioSimReport *report = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_sim_run (func, data, options, &report, &error);

  if (report == NULL)
    g_error ("no report: %s", error->message);
  g_assert_cmpint (ok, ==, report->verdict == TRIO_SIM_OK);
  g_assert_cmpint (ok, ==, error == NULL);
  return report;
}

TrioSimReport *
sim_run_fifo (TrioFunc func, gpointer data)
{
  return sim_run (func, data, &(TrioSimOptions) { 0 });
}

TrioSimReport *
sim_run_random (TrioFunc func, gpointer data, guint64 seed, TrioSimInject inject)
{
  return sim_run (func, data, &(TrioSimOptions) { .strategy = "random", .seed = seed, .inject = inject });
}

TrioSimReport *
sim_run_replay (TrioFunc func, gpointer data, const TrioSchedule *schedule, TrioSimInject inject)
{
  return sim_run (func, data, &(TrioSimOptions) { .strategy = "replay", .schedule = schedule, .inject = inject });
}

TrioSimReport *
sim_run_lines (TrioFunc func, gpointer data, const char *lines)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("trio-schedule 1\n%s\nend\n", lines);
  g_autoptr (TrioSchedule) schedule = trio_schedule_parse (text, "lines", &error);

  g_assert_no_error (error);
  return sim_run_replay (func, data, schedule, TRIO_SIM_INJECT_NONE);
}

TrioSimReport *
sim_run_measured (TrioFunc func, gpointer data, const char *strategy, guint64 seed, const TrioSimMeasure *measure, TrioSimInject inject)
{
  return sim_run (func, data, &(TrioSimOptions) { .strategy = strategy, .seed = seed, .measure = measure, .inject = inject });
}

TrioSimMeasure *
sim_measure (TrioFunc func, gpointer data, TrioSimInject inject)
{
  g_autoptr (GError) error = NULL;
  TrioSimMeasure *measure = trio_sim_measure (func, data, &(TrioSimOptions) { .inject = inject }, &error);

  g_assert_no_error (error);
  return measure;
}

void
sim_expect (const TrioSimReport *report, TrioSimVerdict verdict, const char *name)
{
  if (report->verdict != verdict || g_strcmp0 (report->name, name) != 0)
    g_error ("the run ended as %s “%s”, not as %s “%s”: %s", trio_sim_verdict_to_string (report->verdict), report->name,
             trio_sim_verdict_to_string (verdict), name, report->message);
}
