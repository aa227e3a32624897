/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* replay --until, --branch and --travel from outside, on the program of knots.c. */

#include "harness.h"

#include <gio/gio.h>

static void
write_schedule (const char *name, const char *scenario, const char *lines)
{
  g_autofree char *text = g_strdup_printf ("trio-schedule 1\nprogram: knots\nscenario: %s\n\n%s\nend\n", scenario, lines);

  write_file (name, text);
}

/* What replay --travel says to these commands, one a line. */
static char *
travel (const char *name, const char *commands)
{
  g_autofree char *path = in_directory (name);
  const char *words[] = { harness_program (), "replay", path, "--travel", "--keep", harness_directory (), NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) program = g_subprocess_newv (words, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                                       | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error);
  char *out = NULL;

  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (program, commands, NULL, &out, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("travel %s\n%s\n%s", name, commands, out);
  g_assert_true (g_subprocess_get_if_exited (program));
  g_assert_cmpint (g_subprocess_get_exit_status (program), ==, 0);
  return out;
}

/* The n-th line that begins so. */
static char *
line_of (const char *text, const char *beginning, guint n)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i]; i++)
    if (g_str_has_prefix (lines[i], beginning) && n-- == 0)
      return g_strdup (lines[i]);
  g_error ("there is no such line \"%s\" in\n%s", beginning, text);
}

/* ---- To and fro ------------------------------------------------------------------------------------------------------------ */

/* By whichever way it is reached, a step is the same. */
static void
test_back_and_on_come_to_the_same_place (void)
{
  g_autofree char *out = NULL;

  write_schedule ("safe.schedule", "safe", "main/thief key 1 = 3/10\nmain/thief key 3 = 7/10\nmain/radio schedule 2 = 1/3");
  out = travel ("safe.schedule", "to 20\nback 7\nto 20\nend\nto 20\nto 5\nnext 15\nto 40\nback 14\n");
  {
    g_autofree char *first = line_of (out, "before step 20 ", 0);
    g_autofree char *last = line_of (out, "the end, after step ", 1);

    assert_has (first, ", which is taken by main/");
    for (guint i = 1; i < 4; i++)
      {
        g_autofree char *again = line_of (out, "before step 20 ", i);

        g_assert_cmpstr (first, ==, again);
      }
    assert_has (out, "before step 13 of ");
    assert_has (out, "  always: the safe stays shut\n");
    assert_has (last, "the end, after step 3");
  }
}

/* The tree is the one that a plain replay shows when it is stopped there. */
static void
test_the_tree_is_that_of_a_stopped_replay (void)
{
  write_schedule ("safe.schedule", "safe", "main/thief key 1 = 3/10\nmain/thief key 3 = 7/10\nmain/radio schedule 2 = 1/3");
  {
    g_autofree char *out = travel ("safe.schedule", "to 25\nback 5\ntree\n");
    g_auto (Output) stopped = run ("replay safe.schedule --until 20");
    g_autofree char *radio = line_of (out, "    radio (", 0);
    g_autofree char *street = line_of (out, "    street (", 0);

    assert_has (stopped.out, "STOPPED");
    assert_has (stopped.out, radio);
    assert_has (stopped.out, street);
  }
}

/* Two thousand steps, and not more than one stretch between checkpoints is run for a step back. */
static void
test_a_step_back_is_short_however_long_the_run (void)
{
  g_autofree char *out = NULL;

  write_schedule ("long.schedule", "long-way", "main stumble 1 = 2/3");
  out = travel ("long.schedule", "end\nback\nback\nto 777\nto 3\n");
  {
    static const char *const places[] = { "before step 2002 ", "before step 2001 ", "before step 777 ", "before step 3 " };

    for (guint i = 0; i < G_N_ELEMENTS (places); i++)
      {
        g_autofree char *cost = line_of (out, "  (ran ", i + 1);

        assert_has (out, places[i]);
        g_assert_cmpuint (g_ascii_strtoull (cost + strlen ("  (ran "), NULL, 10), <=, 42);
      }
  }
}

static void
test_a_crash_is_an_end_from_which_one_can_go_back (void)
{
  g_autofree char *out = NULL;

  write_schedule ("crash.schedule", "crash", "main/thief key 2 = 4/10");
  out = travel ("crash.schedule", "end\nback\ntree\nend\n");
  assert_has (out, "the end, after step 3");
  assert_has (out, "before step 3");
  assert_has (out, "  main (2): runs");
}

static void
test_decisions_lie_behind_or_ahead (void)
{
  g_autofree char *out = NULL;

  write_schedule ("jump.schedule", "no-return", "main jump 1 = 1/2");
  out = travel ("jump.schedule", "to 12\ndecisions\nnext\ndecisions\n");
  assert_has (out, "     1. at step 12 main answered 1 of 2");
  assert_has (out, "0 of 1 decisions lie behind\n");
  assert_has (out, "  *  1. at step 12 main answered 1 of 2");
  assert_has (out, "1 of 1 decisions lie behind (*)\n");
}

static void
test_what_is_no_command_is_told_and_changes_nothing (void)
{
  g_autofree char *out = NULL;

  write_schedule ("jump.schedule", "no-return", "main jump 1 = 1/2");
  out = travel ("jump.schedule", "to 5\nto\nto soon\nto 0\nback -1\nleap 3\nbranch\nbranch :3\nbranch random 0\n\nwhere\nhelp\nquit\nto 9\n");
  assert_has (out, "to soon: expected the number of a step");
  assert_has (out, "to 0: expected the number of a step");
  assert_has (out, "back -1: expected a number of steps");
  assert_has (out, "\"leap\" is no command");
  assert_has (out, "branch :3: expected STRATEGY or STRATEGY:SEED");
  assert_has (out, "branch random 0: expected a number of runs");
  assert_has (out, "decisions");
  assert_has_not (out, "before step 9 ");
  {
    g_autofree char *again = line_of (out, "before step 5 ", 1);

    assert_has (again, "main");
  }
}

/* ---- Branching ------------------------------------------------------------------------------------------------------------- */

static guint64
failed_of (const char *arguments, int exit_code)
{
  g_auto (Output) output = run (arguments);
  g_autofree char *failed = value_of (output.out, "failed");

  g_assert_cmpint (output.exit_code, ==, exit_code);
  return g_ascii_strtoull (failed, NULL, 10);
}

/* Before the jump some fail; behind it all do; and all do the same with the same seed. */
static void
test_a_branch_fails_as_often_as_there_is_still_a_choice (void)
{
  guint64 before, again;

  write_schedule ("jump.schedule", "no-return", "main jump 1 = 1/2");
  before = failed_of ("replay jump.schedule --until 12 --branch random:5 --runs 60 --json", 1);
  again = failed_of ("replay jump.schedule --until 12 --branch random:5 --runs 60 --json", 1);

  g_assert_cmpuint (before, >, 0);
  g_assert_cmpuint (before, <, 60);
  g_assert_cmpuint (before, ==, again);
  g_assert_cmpuint (failed_of ("replay jump.schedule --until 13 --branch random --runs 60 --json", 1), ==, 60);
  g_assert_cmpuint (failed_of ("replay jump.schedule --until 12 --branch fifo --runs 3 --json", 0), ==, 0);
}

/* What a branch finds is a schedule like any other. */
static void
test_what_a_branch_finds_can_be_replayed (void)
{
  write_schedule ("jump.schedule", "no-return", "main jump 1 = 1/2");
  {
    g_auto (Output) branch = run ("replay jump.schedule --until 13 --branch random:2 --runs 5 --keep branches --json");
    g_autofree char *schedule = value_of (branch.out, "schedule");
    g_autofree char *arguments = g_strdup_printf ("replay %s --json", schedule);
    g_auto (Output) replayed = run (arguments);

    assert_has (replayed.out, "\"same_failure\": true, \"same_hash\": true");
  }
}

static void
test_travelling_branches_from_where_it_stands (void)
{
  g_autofree char *out = NULL;

  write_schedule ("jump.schedule", "no-return", "main jump 1 = 1/2");
  out = travel ("jump.schedule", "to 13\nbranch random:2 10\nbranch nobody 10\nbranch pct:2:9 4\nwhere\n");
  assert_has (out, "no-return: branched before step 13 (random, seed 2): 10 of 10 runs fail\n      10  always: nobody jumps\n");
  assert_has (out, "branch nobody: expected STRATEGY or STRATEGY:SEED, as in random:7; there is no strategy “nobody”");
  assert_has (out, "no-return: branched before step 13 (pct:2, seed 9): 4 of 4 runs fail\n");
  {
    g_autofree char *again = line_of (out, "before step 13 ", 1);

    assert_has (again, "main");
  }
}

/* ---- With a debugger ------------------------------------------------------------------------------------------------------- */

#if defined (__SANITIZE_ADDRESS__)
#define WITH_ASAN TRUE
#elif defined (__has_feature)
#if __has_feature (address_sanitizer)
#define WITH_ASAN TRUE
#endif
#endif
#ifndef WITH_ASAN
#define WITH_ASAN FALSE
#endif

/* gdb reads its own commands from the same input, and leaves the rest to us. */
static void
test_gdb_stops_in_a_copy_and_we_go_on (void)
{
  g_autofree char *gdb = g_find_program_in_path ("gdb");
  g_autofree char *out = NULL;

  if (!gdb || WITH_ASAN)
    {
      g_test_skip (gdb ? "a debugger does not get along with AddressSanitizer" : "gdb is not installed");
      return;
    }
  write_schedule ("long.schedule", "long-way", "main stumble 1 = 2/3");
  out = travel ("long.schedule", "to 50\nbreak\nbacktrace\nkill\nquit\nnext\n");
  if (strstr (out, "ptrace") || strstr (out, "not permitted"))
    {
      g_test_skip ("nobody may be debugged here");
      return;
    }
  assert_has (out, "has stopped before this step");
  assert_has (out, "trio_cli_stop_for_debugger");
  assert_has (out, "before step 51 ");
}

static void
test_what_excludes_each_other_is_a_usage_error (void)
{
  static const struct { const char *arguments; const char *says; } wrong[] = {
    { "replay jump.schedule --branch random", "--until" },
    { "replay jump.schedule --until 3 --branch :", "--branch :" },
    { "replay jump.schedule --until 3 --branch nobody", "nobody" },
    { "replay jump.schedule --runs 3", "--branch" },
    { "replay jump.schedule --until 3 --branch random --runs 0", "--runs 0" },
    { "replay jump.schedule --until 3 --branch random --break", "exclude" },
    { "replay jump.schedule --travel --json", "--travel" },
    { "replay jump.schedule --travel --trace x", "--trace" },
  };

  write_schedule ("jump.schedule", "no-return", "main jump 1 = 1/2");
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_auto (Output) output = run (wrong[i].arguments);

      g_assert_cmpint (output.exit_code, ==, 2);
      g_assert_cmpstr (output.out, ==, "");
      assert_has (output.err, wrong[i].says);
    }
}

int
main (int argc, char **argv)
{
  harness_begin (&argc, &argv);

  ADD (test_back_and_on_come_to_the_same_place);
  ADD (test_the_tree_is_that_of_a_stopped_replay);
  ADD (test_a_step_back_is_short_however_long_the_run);
  ADD (test_a_crash_is_an_end_from_which_one_can_go_back);
  ADD (test_decisions_lie_behind_or_ahead);
  ADD (test_what_is_no_command_is_told_and_changes_nothing);
  ADD (test_a_branch_fails_as_often_as_there_is_still_a_choice);
  ADD (test_what_a_branch_finds_can_be_replayed);
  ADD (test_travelling_branches_from_where_it_stands);
  ADD (test_gdb_stops_in_a_copy_and_we_go_on);
  ADD (test_what_excludes_each_other_is_a_usage_error);

  return harness_run ();
}
