/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The command exhaust: what it finds, what it claims, and what the claim rests on. */

#include "harness.h"

static void
test_a_failure_is_found_kept_and_replayed (void)
{
  g_auto (Output) found = run ("exhaust -s lost-update --keep found");
  g_auto (Output) json = run ("exhaust -s lost-update --keep found --json");
  g_autofree char *end = last_line (json.out);
  g_autofree char *path = value_of (end, "schedule");
  g_autofree char *words = g_strdup_printf ("replay %s", path);
  g_auto (Output) replayed = run (words);

  g_assert_cmpint (found.exit_code, ==, 1);
  assert_has (found.out, "always: no addition is lost");
  assert_has (found.out, "of exhaust");
  assert_has (found.out, "a failure was found; all with at most 1 deviation were run");
  g_assert_cmpint (json.exit_code, ==, 1);
  assert_has (end, "\"outcome\": \"stopped\"");
  assert_has (end, "\"strategy\": \"exhaust\"");
  assert_has (end, "\"deviations\": 2");
  g_assert_cmpint (replayed.exit_code, ==, 1);
  assert_has (replayed.out, "the same failure and the same hash");
}

static void
test_the_same_is_found_by_any_number_of_jobs (void)
{
  static const char *const scenarios[] = { "lost-update", "abba" };

  for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
    {
      g_autofree char *one = g_strdup_printf ("exhaust -s %s --jobs 1 --json", scenarios[i]);
      g_autofree char *three = g_strdup_printf ("exhaust -s %s --jobs 3 --json", scenarios[i]);
      g_auto (Output) first = run (one);
      g_auto (Output) second = run (three);
      g_autofree char *name = value_of (first.out, "hash"), *same_name = value_of (second.out, "hash");

      g_assert_cmpint (first.exit_code, ==, 1);
      g_assert_cmpstr (name, ==, same_name);
    }
}

static void
test_what_is_clean_is_exhausted (void)
{
  g_auto (Output) words = run ("exhaust -s clean");
  g_auto (Output) json = run ("exhaust -s clean --json");
  g_auto (Output) reduced = run ("exhaust -s clean --reduce objects");
  g_autofree char *end = last_line (json.out);

  g_assert_cmpint (words.exit_code, ==, 0);
  assert_has (words.out, "exhausted: all ");
  assert_has (words.out, "not reduced: every order of steps counts");
  assert_has (words.out, "assumed: nothing is cancelled from outside");
  g_assert_cmpint (json.exit_code, ==, 0);
  assert_has (end, "\"event\": \"end\", \"scenario\": \"clean\"");
  assert_has (end, "\"failures\": []");
  assert_has (end, "\"outcome\": \"exhausted\"");
  assert_has (end, "\"reduced\": \"none\"");
  g_assert_cmpint (reduced.exit_code, ==, 0);
  assert_has (reduced.out, "which stand for all that there are");
  assert_has (reduced.out, "rests on: tasks share memory only through objects of the runtime");
}

static void
test_a_bound_is_told (void)
{
  g_auto (Output) none = run ("exhaust -s lost-update --deviations 0");
  g_auto (Output) one = run ("exhaust -s lost-update --deviations 1");
  g_auto (Output) two = run ("exhaust -s lost-update --deviations 2");

  g_assert_cmpint (none.exit_code, ==, 0);
  assert_has (none.out, "bounded at 0: all 1 schedule with at most 0 deviations from the ordinary run");
  g_assert_cmpint (one.exit_code, ==, 0);
  assert_has (one.out, "bounded at 1: all ");
  g_assert_cmpint (two.exit_code, ==, 1);
}

static void
test_a_budget_stops_it (void)
{
  g_auto (Output) output = run ("exhaust -s clean --runs 2 --jobs 1");

  g_assert_cmpint (output.exit_code, ==, 0);
  assert_has (output.out, "stopped after 2 schedules: the runs were used up; all with at most 0 deviations were run");
}

static void
test_injections_are_varied_if_they_are_asked_for (void)
{
  g_auto (Output) without = run ("exhaust -s half-transfer");
  g_auto (Output) with = run ("exhaust -s half-transfer --deviations 1 --inject cancel");

  g_assert_cmpint (without.exit_code, ==, 0);
  g_assert_cmpint (with.exit_code, ==, 1);
}

static void
test_a_scenario_may_crash (void)
{
  static const struct { const char *scenario; const char *kind; } crashes[] = {
    { "null-pointer", "FAILED  crash: " }, { "early-exit", "FAILED  crash: " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (crashes); i++)
    {
      g_autofree char *arguments = g_strdup_printf ("exhaust -s %s", crashes[i].scenario);
      g_auto (Output) output = run (arguments);

      g_assert_cmpint (output.exit_code, ==, 1);
      assert_has (output.out, crashes[i].kind);
      assert_has (output.out, "The ordinary run, except:");
      assert_has (output.out, "a failure was found");
    }
}

static void
test_what_is_not_deterministic_is_found (void)
{
  g_auto (Output) output = run ("exhaust -s static-counter");

  g_assert_cmpint (output.exit_code, ==, 1);
  assert_has (output.out, "nondeterminism");
}

static void
test_a_goal_that_no_schedule_reaches_is_a_failure (void)
{
  g_auto (Output) output = run ("exhaust -s unreached-goal");

  g_assert_cmpint (output.exit_code, ==, 1);
  assert_has (output.out, "unreached");
  assert_has (output.out, "exhausted");
}

static void
test_a_search_that_reduces_says_that_it_is_one_process (void)
{
  g_auto (Output) reduced = run ("exhaust -s clean --reduce objects --jobs 2");
  g_auto (Output) asked = run ("exhaust -s clean --reduce objects --jobs 1");
  g_auto (Output) whole = run ("exhaust -s clean --reduce none --jobs 2");

  assert_has (reduced.out, "  one process: what a reduction leaves out");
  assert_has_not (asked.out, "  one process: ");
  assert_has_not (whole.out, "  one process: ");
}

int
main (int argc, char **argv)
{
  harness_begin (&argc, &argv);
  ADD (test_a_failure_is_found_kept_and_replayed);
  ADD (test_the_same_is_found_by_any_number_of_jobs);
  ADD (test_what_is_clean_is_exhausted);
  ADD (test_a_bound_is_told);
  ADD (test_a_budget_stops_it);
  ADD (test_injections_are_varied_if_they_are_asked_for);
  ADD (test_a_scenario_may_crash);
  ADD (test_what_is_not_deterministic_is_found);
  ADD (test_a_goal_that_no_schedule_reaches_is_a_failure);
  ADD (test_a_search_that_reduces_says_that_it_is_one_process);
  return harness_run ();
}
