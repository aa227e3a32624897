/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The command line from outside: shrink and replay, schedule files good and bad, and what is said about wrong usage. */

#include "harness.h"

/* ---- Shrinking ------------------------------------------------------------------------------------------------------------- */

/* What random exploring found, unshrunk, becomes three decisions or fewer; the old file is left alone. */
static void
test_shrink_makes_a_schedule_small_and_leaves_the_old_one (void)
{
  g_auto (Output) found = run ("explore -s lost-update --seed 3 --budget 0 --keep whole --json");
  g_autofree char *end = last_line (found.out);
  g_autofree char *schedule = value_of (end, "schedule");
  g_autofree char *before = read_file (schedule);
  g_autofree char *arguments = g_strdup_printf ("shrink %s -o small.schedule --json", schedule);
  g_auto (Output) shrunk = run (arguments);
  g_autofree char *deviations = value_of (shrunk.out, "deviations");
  g_auto (Output) replayed = run ("replay small.schedule --json");
  g_autofree char *after = read_file (schedule);

  g_assert_cmpint (shrunk.exit_code, ==, 1);
  g_assert_cmpuint (g_ascii_strtoull (deviations, NULL, 10), <=, 3);
  g_assert_cmpint (replayed.exit_code, ==, 1);
  assert_has (replayed.out, "\"kind\": \"always\"");
  assert_has (replayed.out, "\"same_hash\": true");
  g_assert_cmpstr (before, ==, after);
}

static void
test_shrink_without_output_writes_beside_the_file (void)
{
  g_auto (Output) found = run ("explore -s abba --keep beside --json");
  g_autofree char *end = last_line (found.out);
  g_autofree char *schedule = value_of (end, "schedule");
  g_autofree char *arguments = g_strdup_printf ("shrink %s", schedule);
  g_auto (Output) shrunk = run (arguments);
  g_autofree char *name = g_strconcat (schedule, ".shrunk", NULL);
  g_autofree char *text = read_file (name);

  g_assert_cmpint (shrunk.exit_code, ==, 1);
  assert_has (text, "expects: deadlock");
}

/* Without one of its decisions it fails in another way: that is no smaller schedule of this failure, and not thrown away either. */
static void
test_another_failure_met_while_shrinking_is_kept_beside (void)
{
  g_auto (Output) shrunk = { 0 };
  g_auto (Output) replayed = { 0 };

  write_file ("two.schedule", "trio-schedule 1\nprogram: planted\nscenario: two-failures\n\n"
                              "main/first schedule 1 = 1/2 -> main/second\n"
                              "main/first schedule 2 = 1/2 -> main/second\n"
                              "main/first schedule 3 = 1/2 -> main/second\nend\n");
  shrunk = run ("shrink two.schedule");
  replayed = run ("replay two.schedule.other");

  g_assert_cmpint (shrunk.exit_code, ==, 1);
  assert_has (shrunk.out, "always: never two steps behind");
  assert_has (shrunk.out, "another failure was met on the way, \"always: never one step behind\"");
  assert_has (replayed.out, "always: never one step behind");
  assert_has (replayed.out, "the same failure and the same hash");
}

/* ---- Schedule files -------------------------------------------------------------------------------------------------------- */

static char *
schedule_of_abba (void)
{
  g_auto (Output) found = run ("explore -s abba --strategy random --json");
  g_autofree char *end = last_line (found.out);
  g_autofree char *schedule = value_of (end, "schedule");

  return read_file (schedule);
}

static void
test_an_edited_schedule_is_replayed_as_it_is_now (void)
{
  g_autofree char *text = schedule_of_abba ();
  g_autofree char *elsewhere = replaced (text, "main/first schedule 1 ", "main/third schedule 1 ");

  write_file ("edited.schedule", elsewhere);
  {
    g_auto (Output) output = run ("replay edited.schedule");

    g_assert_cmpint (output.exit_code, ==, 0);
    assert_has (output.out, "NOTHING FOUND");
    assert_has (output.out, "1 of 1 decisions of the file found no place");
  }
}

static void
test_a_foreign_truncated_or_garbled_schedule_is_a_usage_error (void)
{
  g_autofree char *text = schedule_of_abba ();
  g_autofree char *program_of_others = replaced (text, "program: planted", "program: ledger");
  g_autofree char *scenario_of_others = replaced (text, "scenario: abba", "scenario: opening");
  g_autofree char *garbled = replaced (text, "main/first schedule 1 =", "main/first schedule often =");
  g_autofree char *truncated = g_strndup (text, strlen (text) - strlen ("end\n"));
  const struct { const char *text; const char *says[2]; } files[] = {
    { program_of_others, { "ledger", "planted" } },
    { scenario_of_others, { "opening", "abba" } },
    { garbled, { "bad.schedule:", "often" } },
    { truncated, { "bad.schedule:", "end" } },
    { "", { "bad.schedule", "" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      write_file ("bad.schedule", files[i].text);
      for (guint k = 0; k < 2; k++)
        {
          g_auto (Output) output = run (k == 0 ? "replay bad.schedule" : "shrink bad.schedule");

          g_assert_cmpint (output.exit_code, ==, 2);
          g_assert_cmpstr (output.out, ==, "");
          assert_has (output.err, files[i].says[0]);
          assert_has (output.err, files[i].says[1]);
        }
    }
}

static void
test_replay_stops_at_a_step_and_records_a_trace (void)
{
  g_autofree char *text = schedule_of_abba ();

  write_file ("abba.schedule", text);
  {
    g_auto (Output) stopped = run ("replay abba.schedule --until 3");
    g_auto (Output) traced = run ("replay abba.schedule --trace abba.trace");
    g_auto (Output) nowhere = run ("replay abba.schedule --trace no/such/place");
    g_autofree char *trace = in_directory ("abba.trace");

    g_assert_cmpint (stopped.exit_code, ==, 0);
    assert_has (stopped.out, "STOPPED");
    g_assert_cmpint (traced.exit_code, ==, 1);
    g_assert_true (g_file_test (trace, G_FILE_TEST_IS_REGULAR));
    g_assert_cmpint (nowhere.exit_code, ==, 2);
    assert_has (nowhere.err, "no/such/place");
  }
}

static void
test_replay_writes_the_page_of_a_history (void)
{
  g_auto (Output) found = run ("explore -s no-counter --json");
  g_autofree char *end = last_line (found.out);
  g_autofree char *schedule = value_of (end, "schedule");
  g_autofree char *replay = g_strdup_printf ("replay %s --history history.html", schedule);
  g_auto (Output) replayed = run (replay);
  g_autofree char *page = in_directory ("history.html");
  g_autofree char *text = NULL;

  g_assert_cmpint (replayed.exit_code, ==, 1);
  assert_has (replayed.out, "history written to history.html");
  assert_has (replayed.out, "No order gets past the return of add 1 -> 1 of");
  g_assert_true (g_file_get_contents (page, &text, NULL, NULL));
  assert_has (text, "<h1>the counter counts</h1>");
}

/* A file stands where the directory should be: not even root can write there. That is known before the search. */
static void
test_a_folder_that_cannot_be_is_told_first (void)
{
  write_file ("taken", "");
  {
    g_auto (Output) output = run ("explore -s abba --keep taken/deep");

    g_assert_cmpint (output.exit_code, ==, 2);
    assert_has (output.err, "--keep taken/deep: \"");
    assert_has (output.err, "taken\" is no directory");
    g_assert_cmpstr (output.out, ==, "");
  }
}

/* A directory stands where the file should be. */
static void
test_a_schedule_that_cannot_be_kept_is_printed (void)
{
  g_auto (Output) first = run ("explore -s abba --keep free --json");
  g_autofree char *end = last_line (first.out);
  g_autofree char *path = value_of (end, "schedule");
  g_autofree char *blocked = replaced (path, "free/", "blocked/");
  g_autofree char *directory = in_directory (blocked);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0777), ==, 0);
  {
    g_auto (Output) output = run ("explore -s abba --keep blocked");
    g_auto (Output) json = run ("explore -s abba --keep blocked --json");

    g_assert_cmpint (output.exit_code, ==, 1);
    assert_has (output.out, "The schedule could not be kept");
    assert_has (output.out, "trio-schedule 1\nprogram: planted\nscenario: abba\n");
    g_assert_cmpint (json.exit_code, ==, 1);
    assert_has (json.out, "\"schedule\": null");
    assert_has (json.out, "\"schedule_text\": \"trio-schedule 1\\n");
  }
}

/* The line that is printed for a person works when it is pasted. */
static void
test_the_printed_command_replays_the_failure (void)
{
  g_auto (Output) found = run ("explore -s abba");
  const char *at = strstr (found.out, "replay it");
  g_autofree char *command = NULL;
  g_autofree char *out = NULL;
  g_auto (GStrv) words = NULL;
  int status = 0;

  g_assert_nonnull (at);
  at += strlen ("replay it");
  command = g_strstrip (g_strndup (at, strcspn (at, "\n")));
  g_assert_true (g_shell_parse_argv (command, NULL, &words, NULL));
  g_assert_true (g_spawn_sync (harness_directory (), words, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, &status, NULL));
  assert_has (out, "deadlock: tasks wait in trio_lock_acquire");
  assert_has (out, "the same failure and the same hash");
}

/* ---- Usage and form -------------------------------------------------------------------------------------------------------- */

static void
test_wrong_usage_is_exit_code_2_and_says_what_was_wrong (void)
{
  static const struct { const char *arguments; const char *says; } wrong[] = {
    { "", "which command" },
    { "explode", "\"explode\" is no command" },
    { "exhaust --deviations some", "--deviations some" },
    { "exhaust --reduce much", "--reduce much" },
    { "exhaust --reduce objects --deviations 2", "exclude" },
    { "exhaust --runs 0", "--runs 0" },
    { "exhaust -s nothing", "lost-update, half-transfer" },
    { "list abba", "abba" },
    { "explore --rnus 3", "--rnus" },
    { "explore --runs many", "--runs many" },
    { "explore --runs 0", "--runs 0" },
    { "explore --runs 3 --for 2", "exclude" },
    { "explore --for -1", "--for" },
    { "explore --seed soon", "--seed soon" },
    { "explore --strategy dice", "there is no strategy “dice”; there is: portfolio" },
    { "explore --shard 3/2", "--shard 3/2" },
    { "explore --shard 0/2", "--shard 0/2" },
    { "explore --inject luck", "luck" },
    { "explore --jobs -1", "--jobs" },
    { "explore -s opening", "lost-update, half-transfer, abba" },
    { "explore clean", "clean" },
    { "sweep --inject none", "nothing to sweep" },
    { "sweep --max 0", "--max 0" },
    { "replay", "which schedule file" },
    { "replay a b", "one schedule file" },
    { "replay no-such-file", "no-such-file" },
    { "replay a --break", "--until" },
    { "replay a --until soon", "--until soon" },
    { "shrink a --runs 0", "--runs 0" },
    { "shrink a --explain -1", "--explain -1" },
    { "shrink a --for -1", "--for" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_auto (Output) output = run (wrong[i].arguments);

      g_assert_cmpint (output.exit_code, ==, 2);
      g_assert_cmpstr (output.out, ==, "");
      assert_has (output.err, wrong[i].says);
      assert_has (output.err, "--help");
    }
}

static void
test_list_and_help_are_exit_code_0 (void)
{
  g_auto (Output) list = run ("list");
  g_auto (Output) help = run ("--help");
  g_auto (Output) explore_help = run ("explore --help");

  g_assert_cmpint (list.exit_code, ==, 0);
  assert_has (list.out, "lost-update     a read and a write with a checkpoint between them\n");
  g_assert_cmpint (help.exit_code, ==, 0);
  assert_has (help.out, "replay SCHEDULE");
  g_assert_cmpint (explore_help.exit_code, ==, 0);
  assert_has (explore_help.out, "--keep-going");
}

/* All lines, of all commands, by somebody else's parser. */
static void
test_json_is_json (void)
{
  static const char *const check = "import json, sys\n"
                                   "lines = [json.loads (line) for line in sys.argv[1].splitlines ()]\n"
                                   "end = lines[-1]\n"
                                   "assert isinstance (end['failures'], list) and end['scenario'] and end['runs'] > 0\n"
                                   "for failure in end['failures']:\n"
                                   "  for key in ('kind', 'name', 'run', 'schedule', 'deviations', 'strategy'): failure[key]\n";
  static const char *const commands[] = { "explore -s missing --json", "explore -s assertion --json",
                                          "explore --runs 2 --timeout 1 --json",
                                          "sweep -s half-transfer --json" };
  g_autofree char *python = g_find_program_in_path ("python3");

  if (!python)
    {
      g_test_skip ("python3 is not installed");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_auto (Output) output = run (commands[i]);
      const char *words[] = { python, "-c", check, output.out, NULL };
      g_autofree char *complaint = NULL;
      int status = 0;

      g_assert_true (g_spawn_sync (NULL, (char **) words, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &complaint, &status, NULL));
      g_assert_cmpstr (complaint, ==, "");
      g_assert_true (g_spawn_check_wait_status (status, NULL));
    }
}

int
main (int argc, char **argv)
{
  harness_begin (&argc, &argv);

  ADD (test_another_failure_met_while_shrinking_is_kept_beside);
  ADD (test_shrink_makes_a_schedule_small_and_leaves_the_old_one);
  ADD (test_shrink_without_output_writes_beside_the_file);
  ADD (test_an_edited_schedule_is_replayed_as_it_is_now);
  ADD (test_a_foreign_truncated_or_garbled_schedule_is_a_usage_error);
  ADD (test_replay_stops_at_a_step_and_records_a_trace);
  ADD (test_replay_writes_the_page_of_a_history);
  ADD (test_a_folder_that_cannot_be_is_told_first);
  ADD (test_a_schedule_that_cannot_be_kept_is_printed);
  ADD (test_the_printed_command_replays_the_failure);
  ADD (test_wrong_usage_is_exit_code_2_and_says_what_was_wrong);
  ADD (test_list_and_help_are_exit_code_0);
  ADD (test_json_is_json);

  return harness_run ();
}
