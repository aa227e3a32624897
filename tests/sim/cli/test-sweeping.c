/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* sweep from outside: sources, faults that stay, pairs, schedules, and what it never came to cancel. */

#include "harness.h"

/* ---- Kinds and places ---- */

static void
expect (const char *arguments, const char *name)
{
  g_auto (Output) output = run (arguments);

  g_assert_cmpint (output.exit_code, ==, name != NULL);
  if (name != NULL)
    assert_has (output.out, name);
}

static char *
decision_of (const char *arguments)
{
  g_auto (Output) output = run (arguments);
  g_autofree char *end = last_line (output.out);
  g_autofree char *schedule = value_of (end, "schedule");
  g_autofree char *deviations = value_of (end, "deviations");

  g_assert_cmpint (output.exit_code, ==, 1);
  g_assert_cmpstr (deviations, ==, "1");
  return read_file (schedule);
}

static void
test_a_fault_that_stays_finds_what_one_that_comes_once_does_not (void)
{
  g_autofree char *schedule = decision_of ("sweep -s survives-once --inject fault --json");

  assert_has (schedule, "main fault.refusal 1 = 1/2 onwards");
  assert_has (schedule, "and each time from then on");
  expect ("sweep -s survives-once --inject fault", "1, 1 failed");
}

static void
test_a_fault_that_comes_once_finds_what_one_that_stays_does_not (void)
{
  g_autofree char *schedule = decision_of ("sweep -s survives-for-good --inject fault --json");

  assert_has (schedule, "main fault.receipt 1 = 1/2 @");
  assert_has_not (schedule, "onwards");
}

static void
test_a_schedule_with_a_fault_that_stays_replays (void)
{
  g_auto (Output) sweep = run ("sweep -s survives-once --inject fault --json");
  g_autofree char *end = last_line (sweep.out);
  g_autofree char *schedule = value_of (end, "schedule");
  g_autofree char *replay = g_strdup_printf ("replay %s", schedule);

  expect (replay, "three attempts are enough");
}

static void
test_each_scope_around_a_checkpoint_is_tried_as_the_source (void)
{
  g_autofree char *schedule = decision_of ("sweep -s outer-source --inject cancel --json");

  assert_has (schedule, "main cancel 1 = 2/");
  expect ("sweep -s outer-source --inject interrupt", "what was borrowed comes back");
}

/* ---- Pairs ---- */

static void
test_pairs_find_what_only_a_second_cancellation_in_the_clean_up_breaks (void)
{
  g_auto (Output) pairs = run ("sweep -s clean-up-loses --inject cancel --pairs --json");
  g_autofree char *end = last_line (pairs.out);
  g_autofree char *deviations = value_of (end, "deviations");

  expect ("sweep -s clean-up-loses --inject cancel", NULL);
  g_assert_cmpint (pairs.exit_code, ==, 1);
  g_assert_cmpstr (deviations, ==, "2");
}

static guint64
figure (const char *arguments, const char *key)
{
  g_auto (Output) output = run (arguments);
  g_autofree char *number = value_of (strstr (output.out, "\"event\": \"coverage\""), key);

  return g_ascii_strtoull (number, NULL, 10);
}

/* What comes after the clean-up is left to --all-pairs, and both say how many that were. */
static void
test_pairs_stay_within_what_the_first_one_unwinds (void)
{
  const char *window = "sweep -s clean-up-loses --inject cancel --pairs --json";
  const char *all = "sweep -s clean-up-loses --inject cancel --all-pairs --json";
  g_auto (Output) words = run ("sweep -s clean-up-loses --inject cancel --pairs");

  g_assert_cmpuint (figure (window, "pairs"), >, 0);
  g_assert_cmpuint (figure (window, "pairs"), <, figure (all, "pairs"));
  g_assert_cmpuint (figure (window, "pairs_after"), ==, figure (all, "pairs_after"));
  g_assert_cmpuint (figure (all, "pairs"), ==, figure (all, "pairs_after"));
  assert_has (words.out, "occasions for a second injection while there was clean-up of");
}

/* ---- Schedules ---- */

static void
test_other_schedules_open_windows_that_the_ordinary_run_has_not (void)
{
  expect ("sweep -s other-order --inject cancel --schedules 1", NULL);
  expect ("sweep -s other-order --inject cancel --schedules 5", "nothing falls from the hand");
}

static char *
without_time (const char *arguments)
{
  g_auto (Output) output = run (arguments);
  char *end = strstr (output.out, "\"event\": \"coverage\"");

  g_assert_nonnull (end);
  *strchr (end, '\n') = '\0';
  return g_strdup (end);
}

static void
test_the_schedules_are_the_same_with_any_number_of_workers (void)
{
  g_autofree char *one = without_time ("sweep -s other-order --schedules 6 --pairs --json --jobs 1");
  g_autofree char *five = without_time ("sweep -s other-order --schedules 6 --pairs --json --jobs 5");

  g_assert_cmpstr (one, ==, five);
  g_assert_cmpuint (figure ("sweep -s other-order --schedules 6 --json", "schedules"), ==, 6);
}

/* A program of one task has one schedule, however many are asked for. */
static void
test_there_are_no_more_schedules_than_the_program_has (void)
{
  g_assert_cmpuint (figure ("sweep -s survives-once --schedules 5 --json", "schedules"), ==, 1);
}

/* ---- Never cancelled ---- */

static void
test_what_was_never_cancelled_is_told_with_the_reason (void)
{
  g_auto (Output) output = run ("sweep -s never-cancelled --inject cancel");
  const char *shielded = strstr (output.out, "always behind a shield");
  const char *unnoticed = strstr (output.out, "cancelled, and nobody noticed");

  g_assert_nonnull (shielded);
  g_assert_nonnull (strstr (shielded, "trio_sleep"));
  g_assert_nonnull (unnoticed);
  g_assert_nonnull (strstr (unnoticed, "trio_wait_task_rescheduled"));
  g_assert_null (strstr (unnoticed, "trio_sleep"));
}

static void
test_what_only_clean_up_reaches_is_told_when_pairs_look_there (void)
{
  g_auto (Output) output = run ("sweep -s clean-up-loses --inject cancel --pairs --json");

  assert_has (output.out, "\"fate\": \"cancelled\"");
  assert_has (output.out, "\"fate\": \"shielded\"");
}

static void
test_wrong_numbers_are_refused (void)
{
  g_auto (Output) none = run ("sweep --schedules 0");
  g_auto (Output) many = run ("sweep --schedules 1001");

  g_assert_cmpint (none.exit_code, ==, 2);
  assert_has (none.err, "--schedules 0: expected 1 to 1000");
  g_assert_cmpint (many.exit_code, ==, 2);
}

int
main (int argc, char **argv)
{
  harness_begin (&argc, &argv);

  ADD (test_a_fault_that_stays_finds_what_one_that_comes_once_does_not);
  ADD (test_a_fault_that_comes_once_finds_what_one_that_stays_does_not);
  ADD (test_a_schedule_with_a_fault_that_stays_replays);
  ADD (test_each_scope_around_a_checkpoint_is_tried_as_the_source);
  ADD (test_pairs_find_what_only_a_second_cancellation_in_the_clean_up_breaks);
  ADD (test_pairs_stay_within_what_the_first_one_unwinds);
  ADD (test_other_schedules_open_windows_that_the_ordinary_run_has_not);
  ADD (test_the_schedules_are_the_same_with_any_number_of_workers);
  ADD (test_there_are_no_more_schedules_than_the_program_has);
  ADD (test_what_was_never_cancelled_is_told_with_the_reason);
  ADD (test_what_only_clean_up_reaches_is_told_when_pairs_look_there);
  ADD (test_wrong_numbers_are_refused);

  return harness_run ();
}
