/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The command exhaust on a program whose loads and stores are seen. */

#include "harness.h"

static void
test_a_lost_update_of_plain_memory_is_found_with_a_reduction (void)
{
  static const char *const scenarios[] = { "global", "frame", "heap" };

  for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      g_autofree char *arguments = g_strdup_printf ("exhaust -s %s", scenarios[i]);
      g_auto (Output) output = run (arguments);

      g_assert_cmpint (output.exit_code, ==, 1);
      assert_has (output.out, "no deposit is lost");
      assert_has (output.out, "rests on: orders of steps that touch different objects of the runtime, and different memory");
    }
}

static void
test_the_repaired_twin_is_exhausted (void)
{
  g_auto (Output) output = run ("exhaust -s repaired --json");
  g_autofree char *end = last_line (output.out);

  g_assert_cmpint (output.exit_code, ==, 0);
  assert_has (end, "\"outcome\": \"exhausted\"");
  assert_has (end, "\"reduced\": \"memory\"");
  assert_has (end, "\"memory_seen\": true");
}

static void
test_memory_that_is_not_shared_makes_no_orders (void)
{
  g_auto (Output) reduced = run ("exhaust -s apart");
  g_auto (Output) all = run ("exhaust -s apart --reduce none");

  g_assert_cmpint (reduced.exit_code, ==, 0);
  assert_has (reduced.out, "exhausted: 1 schedule, which stand for all that there are");
  g_assert_cmpint (all.exit_code, ==, 0);
  assert_has (all.out, "exhausted: all 6 schedules");
}

int
main (int argc, char **argv)
{
  harness_begin (&argc, &argv);
  ADD (test_a_lost_update_of_plain_memory_is_found_with_a_reduction);
  ADD (test_the_repaired_twin_is_exhausted);
  ADD (test_memory_that_is_not_shared_makes_no_orders);
  return harness_run ();
}
