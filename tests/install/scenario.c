/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A stranger's simulation: one run by hand, in virtual time. */

#include <trio-sim/sim.h>

#include <stdio.h>

static gboolean
nap (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (G_TIME_SPAN_DAY, error);
}

int
main (void)
{
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;

  if (!trio_sim_run (nap, NULL, NULL, &report, &error))
    g_error ("nap: %s", error->message);
  g_assert_cmpint (report->duration_us, >=, G_TIME_SPAN_DAY);
  puts ("a day went by");
  return 0;
}
