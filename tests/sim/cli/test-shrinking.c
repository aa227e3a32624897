/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* shrink from outside, on schedules written by hand whose smallest is known: knots.c. And what it tells about why they fail. */

#include "harness.h"

#include <gio/gio.h>

#include <signal.h>

/* A schedule file of knots. */
static void
write_schedule (const char *name, const char *scenario, const char *lines)
{
  g_autofree char *text = g_strdup_printf ("trio-schedule 1\nprogram: knots\nscenario: %s\n\n%s\nend\n", scenario, lines);

  write_file (name, text);
}

/* Every other decision there is, and the two that matter. */
static char *
noise_around (const char *lines)
{
  GString *text = g_string_new (lines);

  for (guint i = 1; i <= 12; i++)
    {
      g_string_append_printf (text, "main/radio noise.loud %u = %u/5\n", i, 1 + i % 4);
      g_string_append_printf (text, "main/street noise.loud %u = 2/5\n", i);
      g_string_append_printf (text, "main/street noise.low %u = 4/5\n", i);
      if (i % 3 == 0)
        g_string_append_printf (text, "main/radio schedule %u = 1/3\n", i);
    }
  return g_string_free (text, FALSE);
}

/* The lines that are decisions, without their places on the tape. */
static char *
decisions_of (const char *name)
{
  g_autofree char *text = read_file (name);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *decisions = g_string_new (NULL);

  for (guint i = 0; lines[i]; i++)
    {
      const char *at = strstr (lines[i], " @");

      if (at)
        g_string_append_printf (decisions, "%.*s\n", (int) (at - lines[i]), lines[i]);
    }
  return g_string_free (decisions, FALSE);
}

static guint64
number_of (const char *json, const char *key)
{
  g_autofree char *value = value_of (json, key);

  return g_ascii_strtoull (value, NULL, 10);
}

/* ---- Smaller --------------------------------------------------------------------------------------------------------------- */

static void
test_decoys_vanish_and_values_go_down (void)
{
  g_autofree char *lines = noise_around ("main/thief key 1 = 9/10\nmain/thief key 2 = 5/10\nmain/thief key 3 = 7/10\n");

  write_schedule ("safe.schedule", "safe", lines);
  {
    g_auto (Output) shrunk = run ("shrink safe.schedule --json");
    g_autofree char *left = decisions_of ("safe.schedule.shrunk");

    g_assert_cmpint (shrunk.exit_code, ==, 1);
    g_assert_cmpstr (left, ==, "main/thief key 1 = 3/10\nmain/thief key 3 = 7/10\n");
    g_assert_cmpuint (number_of (shrunk.out, "found_with"), ==, 43);
    g_assert_cmpuint (number_of (shrunk.out, "runs"), <, 200);
    assert_has (shrunk.out, "\"gave_up\": false");
  }
}

/* What goes only together is taken together: no single one of the four knocks can be left out. */
static void
test_an_episode_is_dropped_as_a_whole (void)
{
  write_schedule ("together.schedule", "together", "main/visitor knock 1 = 1/2\nmain/visitor knock 2 = 1/2\n"
                  "main/visitor knock 3 = 1/2\nmain/visitor knock 4 = 1/2\nmain open 1 = 1/2");
  {
    g_auto (Output) shrunk = run ("shrink together.schedule --explain 0");
    g_autofree char *left = decisions_of ("together.schedule.shrunk");

    g_assert_cmpint (shrunk.exit_code, ==, 1);
    g_assert_cmpstr (left, ==, "main open 1 = 1/2\n");
  }
}

/* Between them stand those that are needed: no row of neighbours is what can go, and sixty runs are few. */
static void
test_an_answer_is_dropped_wherever_it_was_given (void)
{
  write_schedule ("answer.schedule", "one-answer", "main knock 1 = 1/3\nmain knock 2 = 1/3\nmain knock 3 = 2/3\nmain knock 4 = 1/3\n"
                  "main knock 5 = 1/3\nmain knock 6 = 2/3\nmain knock 7 = 1/3\nmain knock 8 = 1/3");
  {
    g_auto (Output) shrunk = run ("shrink answer.schedule --runs 60 --explain 0");
    g_autofree char *left = decisions_of ("answer.schedule.shrunk");

    g_assert_cmpint (shrunk.exit_code, ==, 1);
    g_assert_cmpstr (left, ==, "main knock 1 = 2/3\nmain knock 2 = 2/3\n");
  }
}

/* Without the first decision the second one must be made at an earlier occasion. */
static void
test_what_is_left_out_may_shift_what_comes_later (void)
{
  write_schedule ("shift.schedule", "last-key", "main more 1 = 1/2\nmain key 5 = 1/10");
  {
    g_auto (Output) shrunk = run ("shrink shift.schedule --explain 0");
    g_autofree char *left = decisions_of ("shift.schedule.shrunk");

    g_assert_cmpint (shrunk.exit_code, ==, 1);
    g_assert_cmpstr (left, ==, "main key 3 = 1/10\n");
  }
}

/* The same check in another place is another failure: not followed, and not lost. */
static void
test_the_failure_stays_in_its_place (void)
{
  write_schedule ("name.schedule", "one-name", "main key 1 = 9/10");
  {
    g_auto (Output) shrunk = run ("shrink name.schedule");
    g_auto (Output) other = run ("replay name.schedule.other");
    g_autofree char *left = decisions_of ("name.schedule.shrunk");
    g_autofree char *beside = decisions_of ("name.schedule.other");
    g_autofree char *text = read_file ("name.schedule.shrunk");

    g_assert_cmpstr (left, ==, "main key 1 = 5/10\n");
    g_assert_cmpstr (beside, !=, left);
    assert_has (text, "place: knots.c:");
    assert_has (shrunk.out, "another failure was met on the way, \"always: it holds\" at knots.c:");
    assert_has (other.out, "always: it holds");
    assert_has (other.out, "the same failure and the same hash");
  }
}

/* Two schedules that differ only in the order of what commutes come to the same. */
static void
test_decisions_that_commute_come_to_one_order (void)
{
  write_schedule ("bc.schedule", "either-order", "main/a schedule 1 = 1/3 -> main/b\nmain/a schedule 2 = 1/2 -> main/c");
  write_schedule ("cb.schedule", "either-order", "main/a schedule 1 = 2/3 -> main/c\nmain/a schedule 2 = 1/2 -> main/b");
  {
    g_auto (Output) first = run ("shrink bc.schedule --explain 0");
    g_auto (Output) second = run ("shrink cb.schedule --explain 0");
    g_autofree char *bc = decisions_of ("bc.schedule.shrunk");
    g_autofree char *cb = decisions_of ("cb.schedule.shrunk");

    g_assert_cmpint (first.exit_code, ==, 1);
    g_assert_cmpint (second.exit_code, ==, 1);
    g_assert_cmpstr (bc, ==, "main/a schedule 1 = 1/3 2 times\n");
    g_assert_cmpstr (cb, ==, bc);
  }
}

/* From the second question on for good becomes the second one, once. */
static void
test_a_fault_that_lasts_becomes_one_that_happened_once (void)
{
  write_schedule ("fault.schedule", "one-fault", "main fault.torn 2 = 1/2 onwards");
  {
    g_auto (Output) shrunk = run ("shrink fault.schedule");
    g_autofree char *left = decisions_of ("fault.schedule.shrunk");

    g_assert_cmpint (shrunk.exit_code, ==, 1);
    g_assert_cmpstr (left, ==, "main fault.torn 2 = 1/2\n");
  }
}

/* Who goes instead of the two is no matter. */
static void
test_two_that_are_held_back_for_good_are_one_decision (void)
{
  for (guint seed = 1; seed <= 5; seed++)
    {
      g_autofree char *explore = g_strdup_printf ("explore -s late-hosts --keep late --strategy pct:3 --runs 2000 --seed %u", seed);
      g_auto (Output) found = run (explore);

      g_assert_cmpint (found.exit_code, ==, 1);
      if (seed == 1)
        assert_has (found.out, "   1. at step 2 husband and the one behind it were held back: from then on others go first\n");
      assert_has_not (found.out, "   2. ");
    }
}

/* What is one thing to a person is one line. */
static void
test_a_task_that_is_held_back_is_told_in_one_line (void)
{
  write_schedule ("held.schedule", "safe", "main/radio schedule 1 = 1/3\n"
                  "main/radio schedule 2 = 1/3\nmain/radio schedule 3 = 1/3\nmain/radio schedule 4 = 1/3");
  {
    g_auto (Output) replayed = run ("replay held.schedule");

    assert_has (replayed.out, "  1-4. at steps 2 to 5 radio was held back, and street and thief ran before it\n");
  }
}

/* A search that meets another failure while it shrinks one keeps and tells both. */
static void
test_a_search_keeps_what_it_meets_while_it_shrinks (void)
{
  g_autofree char *path = NULL;
  g_autofree char *arguments = NULL;

  /* Until one is found that has the other one within it. */
  for (guint seed = 1; !path && seed <= 20; seed++)
    {
      g_autofree char *explore = g_strdup_printf ("explore -s one-name --keep beside --strategy random --runs 400 --seed %u", seed);
      g_auto (Output) found = run (explore);
      const char *at = strstr (found.out, "is kept in ");

      g_assert_cmpint (found.exit_code, ==, 1);
      if (at)
        path = g_strndup (at + strlen ("is kept in "), strcspn (at + strlen ("is kept in "), "\n"));
    }
  g_assert_nonnull (path);
  arguments = g_strdup_printf ("replay %s", path);
  {
    g_auto (Output) other = run (arguments);

    assert_has (other.out, "the same failure and the same hash");
  }
}

static void
test_a_crash_is_made_small_like_any_failure (void)
{
  g_autofree char *lines = noise_around ("main/thief key 1 = 9/10\nmain/thief key 2 = 4/10\nmain/thief key 3 = 7/10\n");

  write_schedule ("crash.schedule", "crash", lines);
  {
    g_auto (Output) shrunk = run ("shrink crash.schedule --explain 12 --json");
    g_autofree char *left = decisions_of ("crash.schedule.shrunk");

    g_assert_cmpint (shrunk.exit_code, ==, 1);
    assert_has (shrunk.out, "\"kind\": \"crash\"");
    g_assert_cmpstr (left, ==, "main/thief key 2 = 4/10\n");
    g_assert_cmpuint (number_of (shrunk.out, "nearest"), ==, 1);
  }
}

/* ---- Budgets --------------------------------------------------------------------------------------------------------------- */

/* What it says to the user, and the best so far is in the file. */
static void
test_a_spent_budget_is_told_and_loses_nothing (void)
{
  g_autofree char *lines = noise_around ("main/thief key 1 = 9/10\nmain/thief key 3 = 7/10\n");

  write_schedule ("poor.schedule", "safe", lines);
  {
    g_auto (Output) words = run ("shrink poor.schedule -o poor.small --runs 7 --explain 0");
    g_auto (Output) json = run ("shrink poor.schedule -o poor.small --runs 7 --explain 0 --json");
    g_auto (Output) late = run ("shrink poor.schedule -o late.small --for 0.000001");
    g_auto (Output) replayed = run ("replay poor.small --json");

    assert_has (words.out, "7 of at most 7 runs; the budget is used up, there may be a smaller one");
    assert_has (words.out, "make it small");
    g_assert_cmpuint (number_of (json.out, "runs"), ==, 7);
    assert_has (json.out, "\"gave_up\": true");
    g_assert_cmpuint (number_of (json.out, "deviations"), <, 42);
    g_assert_cmpuint (number_of (json.out, "deviations"), >, 2);
    assert_has (late.out, "the time is used up");
    assert_has (replayed.out, "\"same_failure\": true, \"same_hash\": true");
  }
}

/* From its first run on the output file holds a whole schedule that fails. */
static void
test_killed_half_way_nothing_is_lost (void)
{
  g_autofree char *lines = noise_around ("main/thief key 1 = 9/10\nmain/thief key 3 = 7/10\n");
  g_autofree char *path = in_directory ("killed.schedule");
  g_autofree char *output = in_directory ("killed.small");
  const char *words[] = { harness_program (), "shrink", path, "-o", output, NULL };
  g_autoptr (GSubprocess) shrink = NULL;

  write_schedule ("killed.schedule", "safe", lines);
  shrink = g_subprocess_newv (words, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);
  g_assert_nonnull (shrink);
  while (!g_file_test (output, G_FILE_TEST_EXISTS))
    g_thread_yield ();
  g_subprocess_send_signal (shrink, SIGKILL);
  g_assert_true (g_subprocess_wait (shrink, NULL, NULL));
  {
    g_auto (Output) replayed = run ("replay killed.small --json");

    assert_has (replayed.out, "\"name\": \"the safe stays shut\"");
    assert_has (replayed.out, "\"same_failure\": true, \"same_hash\": true");
  }
}

/* ---- Why ------------------------------------------------------------------------------------------------------------------- */

static void
test_an_answer_that_does_not_matter_is_told (void)
{
  write_schedule ("dice.schedule", "dice", "main dice 1 = 5/6");
  write_schedule ("key.schedule", "safe", "main/thief key 1 = 3/10\nmain/thief key 3 = 7/10");
  {
    g_auto (Output) any = run ("shrink dice.schedule");
    g_auto (Output) matters = run ("shrink key.schedule --json");

    assert_has (any.out, "Decision 1: any answer but the ordinary one does it (of 4 others tried, 4 fail in the same way).");
    assert_has (matters.out, "\"any\": []");
  }
}

/* Who goes on there in both runs; and of two decisions without which it passes the later one. */
static void
test_the_nearest_run_that_passes_is_shown (void)
{
  write_schedule ("near.schedule", "either-order", "main/a schedule 1 = 1/3 -> main/b\nmain/a schedule 2 = 1/2 -> main/c");
  {
    g_auto (Output) words = run ("shrink near.schedule");
    g_auto (Output) json = run ("shrink near.schedule --json");
    g_auto (Output) two = { 0 };

    assert_has (words.out, "Without decision 1 it passes: that is the nearest run that does.");
    assert_has (words.out, "when it fails   by main/b");
    assert_has (words.out, "when it passes  by main/a");
    g_assert_cmpuint (number_of (json.out, "nearest"), ==, 1);
    assert_has (json.out, "\"fails_with\": \"main/b, which begins\", \"passes_with\": \"main/a, which begins\"");

    write_schedule ("keys.schedule", "safe", "main/thief key 1 = 3/10\nmain/thief key 3 = 7/10");
    two = run ("shrink keys.schedule");
    assert_has (two.out, "Without decision 2 it passes: that is the nearest run that does.");
    assert_has (two.out, "Without decision 1 it passes, too.");
  }
}

/* Without either key nothing else fails; without one name's check the other one does. */
static void
test_a_run_that_fails_in_another_way_does_not_pass (void)
{
  write_schedule ("other.schedule", "one-name", "main key 1 = 5/10");
  {
    g_auto (Output) shrunk = run ("shrink other.schedule");

    assert_has (shrunk.out, "Decision 1: it matters which answer it is (of 6 others tried, ");
    assert_has (shrunk.out, "another failure was met on the way");
  }
}

/* Asked in the step behind ten checkpoints, so the step is the decision's own. */
static void
test_the_step_at_which_it_became_inevitable_is_found (void)
{
  write_schedule ("jump.schedule", "no-return", "main jump 1 = 1/2");
  {
    g_auto (Output) words = run ("shrink jump.schedule");
    g_auto (Output) json = run ("shrink jump.schedule --json");
    g_autofree char *text = read_file ("jump.schedule.shrunk");
    const char *at = strstr (text, " step ");
    g_autofree char *sentence = NULL;

    at = strstr (at + 1, " step ");
    if (!at)
      at = strstr (text, "@0 step ") + strlen ("@0");
    sentence = g_strdup_printf ("Inevitable from step %" G_GUINT64_FORMAT " on, taken by main", g_ascii_strtoull (at + 6, NULL, 10));
    assert_has (words.out, sentence);
    assert_has (words.out, "left to chance after it, 20 of 20 runs fail");
    g_assert_cmpuint (number_of (json.out, "inevitable"), ==, g_ascii_strtoull (at + 6, NULL, 10));
  }
}

static void
test_explaining_has_a_budget_of_its_own (void)
{
  write_schedule ("little.schedule", "no-return", "main jump 1 = 1/2");
  {
    g_auto (Output) words = run ("shrink little.schedule --explain 5");
    g_auto (Output) none = run ("shrink little.schedule --explain 0");

    assert_has (words.out, "explained in 5 runs; there is more to know, the budget is used up");
    assert_has (words.out, "Without decision 1 it passes");
    assert_has_not (none.out, "explained");
  }
}

int
main (int argc, char **argv)
{
  harness_begin (&argc, &argv);

  ADD (test_decoys_vanish_and_values_go_down);
  ADD (test_an_episode_is_dropped_as_a_whole);
  ADD (test_an_answer_is_dropped_wherever_it_was_given);
  ADD (test_what_is_left_out_may_shift_what_comes_later);
  ADD (test_the_failure_stays_in_its_place);
  ADD (test_decisions_that_commute_come_to_one_order);
  ADD (test_a_fault_that_lasts_becomes_one_that_happened_once);
  ADD (test_two_that_are_held_back_for_good_are_one_decision);
  ADD (test_a_task_that_is_held_back_is_told_in_one_line);
  ADD (test_a_search_keeps_what_it_meets_while_it_shrinks);
  ADD (test_a_crash_is_made_small_like_any_failure);
  ADD (test_a_spent_budget_is_told_and_loses_nothing);
  ADD (test_killed_half_way_nothing_is_lost);
  ADD (test_an_answer_that_does_not_matter_is_told);
  ADD (test_the_nearest_run_that_passes_is_shown);
  ADD (test_a_run_that_fails_in_another_way_does_not_pass);
  ADD (test_the_step_at_which_it_became_inevitable_is_found);
  ADD (test_explaining_has_a_budget_of_its_own);

  return harness_run ();
}
