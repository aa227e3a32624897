/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The two clocks of a run, in both worlds. */

#include "tests/parity/parity.h"

/* 2020-01-01 00:00 UTC: no machine that builds this is older. */
#define LONG_AGO G_GINT64_CONSTANT (1577836800000000)

static gboolean
the_wall_clock_tells_the_year (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_assert_cmpint (trio_current_real_time (), >, LONG_AGO);
  return TRUE;
}

static gboolean
both_clocks_move_while_one_sleeps (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time (), real_start = trio_current_real_time ();

  if (!trio_sleep (3 * G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  g_assert_cmpint (trio_current_time () - start, >=, 3 * G_TIME_SPAN_MILLISECOND);
  /* Somebody may set it meanwhile, though hardly by minutes. */
  g_assert_cmpint (trio_current_real_time () - real_start, >, -G_TIME_SPAN_MINUTE);
  g_assert_cmpint (trio_current_real_time (), !=, real_start);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/clocks/the_wall_clock_tells_the_year", the_wall_clock_tells_the_year);
  PARITY_TEST ("/clocks/both_clocks_move_while_one_sleeps", both_clocks_move_while_one_sleeps);
  return g_test_run ();
}
