/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The command line from outside: explore and sweep, what they find and which runs they do. */

#include "harness.h"

#include <gio/gio.h>

#include <signal.h>

/* ---- Finding --------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *arguments;
  const char *kind;
  const char *name;
} Expected;

static const Expected bugs[] = {
  { "explore -s lost-update", "always", "no addition is lost" },
  { "explore -s half-transfer --inject cancel", "always", "no money is lost" },
  { "explore -s abba", "deadlock", "tasks wait in trio_lock_acquire, trio_nursery_close" },
  { "explore -s assertion", "crash", "'*slot' should not be NULL" },
  { "explore -s early-exit", "crash", "exit () was called" },
  { "explore -s not-its-own", "misuse", "Trio: trio_lock_release: task … does not hold the lock" },
  { "explore -s no-counter", "always", "the counter counts" },
  { "explore -s missing", "error", "g-file-error-quark:4" },
  { "explore -s always-fails", "unreachable", "this line" },
};

/* Found within 1,000 runs, shrunk to three decisions or fewer, and kept where it says; the file replays to the same hash,
 * twice, and to the same failure. */
static void
test_each_bug_is_found_shrunk_kept_and_replayed (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bugs); i++)
    {
      g_autofree char *arguments = g_strdup_printf ("%s --json", bugs[i].arguments);
      g_auto (Output) found = run (arguments);
      g_autofree char *end = last_line (found.out);
      g_autofree char *kind = value_of (end, "kind");
      g_autofree char *name = value_of (end, "name");
      g_autofree char *at = value_of (end, "run");
      g_autofree char *deviations = value_of (end, "deviations");
      g_autofree char *schedule = value_of (end, "schedule");
      g_autofree char *replay = g_strdup_printf ("replay --json %s", schedule);
      g_auto (Output) first = run (replay);
      g_auto (Output) second = run (replay);

      g_assert_cmpint (found.exit_code, ==, 1);
      g_assert_cmpstr (kind, ==, bugs[i].kind);
      g_assert_cmpstr (name, ==, bugs[i].name);
      g_assert_cmpuint (g_ascii_strtoull (at, NULL, 10), <=, 1000);
      g_assert_cmpuint (g_ascii_strtoull (deviations, NULL, 10), <=, 3);
      g_assert_cmpint (first.exit_code, ==, 1);
      g_assert_cmpstr (first.out, ==, second.out);
      assert_has (first.out, "\"same_failure\": true, \"same_hash\": true");
    }
}

/* A NULL pointer is a signal, or what the sanitizer makes of it; in both cases the explorer is still there. */
static void
test_a_crash_is_survived_and_its_schedule_kept (void)
{
  g_auto (Output) found = run ("explore -s null-pointer --json");
  g_autofree char *end = last_line (found.out);
  g_autofree char *kind = value_of (end, "kind");
  g_autofree char *schedule = value_of (end, "schedule");
  g_autofree char *text = read_file (schedule);

  g_assert_cmpint (found.exit_code, ==, 1);
  g_assert_cmpstr (kind, ==, "crash");
  assert_has (text, "\nmain/first schedule ");
}

static void
test_nothing_found_is_exit_code_0 (void)
{
  g_auto (Output) output = run ("explore -s clean --runs 200");

  g_assert_cmpint (output.exit_code, ==, 0);
  assert_has (output.out, "clean: nothing found in 200 runs");
  assert_has (output.out, "goal reached        two are counted");
}

/* What the scenario prints is not what the explorer prints. */
static void
test_the_output_of_a_scenario_stays_out_of_the_report (void)
{
  g_auto (Output) output = run ("explore -s clean --runs 20 --json");

  assert_has_not (output.out, "printed on");
  assert_has_not (output.err, "printed on");
}

static void
test_what_differs_from_run_to_run_is_nondeterminism (void)
{
  g_auto (Output) found = run ("explore -s static-counter --json");
  g_autofree char *end = last_line (found.out);
  g_autofree char *kind = value_of (end, "kind");

  g_assert_cmpint (found.exit_code, ==, 1);
  g_assert_cmpstr (kind, ==, "nondeterminism");
}

static void
test_a_goal_that_no_run_reaches_is_a_failure_of_a_long_campaign (void)
{
  g_auto (Output) few = run ("explore -s unreached-goal --runs 50");
  g_auto (Output) many = run ("explore -s unreached-goal --runs 150 --json");
  g_autofree char *end = last_line (many.out);
  g_autofree char *kind = value_of (end, "kind");

  g_assert_cmpint (few.exit_code, ==, 0);
  assert_has (few.out, "goal never reached  three are counted");
  assert_has (few.out, "To see: --runs 1000");
  g_assert_cmpint (many.exit_code, ==, 1);
  g_assert_cmpstr (kind, ==, "unreached");
  assert_has (end, "\"schedule\": null");
}

/* The clock that ends it is the real one: one second of it. */
static void
test_a_run_without_an_end_is_stopped (void)
{
  g_auto (Output) output = run ("explore -s spin --runs 1 --timeout 1");

  g_assert_cmpint (output.exit_code, ==, 1);
  assert_has (output.out, "livelock: no end in sight");
}

/* ---- Which runs are done --------------------------------------------------------------------------------------------------- */

/* Without the times. */
static char *
findings_of (const char *arguments)
{
  g_auto (Output) output = run (arguments);
  g_autofree char *end = last_line (output.out);
  const char *steps = strstr (end, "], \"steps\"");

  g_assert_nonnull (steps);
  return g_strndup (end, steps - end);
}

static void
test_what_is_found_does_not_depend_on_the_number_of_workers (void)
{
  g_autofree char *one = findings_of ("explore -s lost-update --jobs 1 --json --seed 7");
  g_autofree char *two = findings_of ("explore -s lost-update --jobs 2 --json --seed 7");
  g_autofree char *five = findings_of ("explore -s lost-update --jobs 5 --json --seed 7");

  g_assert_cmpstr (one, ==, two);
  g_assert_cmpstr (one, ==, five);
}

static char *
coverage_of (const char *arguments)
{
  g_auto (Output) output = run (arguments);
  g_autofree char *end = last_line (output.out);

  assert_has (end, "\"coverage\": {\"pairs\": ");
  return g_strdup (strstr (end, "\"coverage\""));
}

/* Neither that of a whole campaign nor that of one which a failure has cut short. */
static void
test_coverage_does_not_depend_on_the_number_of_workers (void)
{
  static const char *const campaigns[] = { "explore -s clean --runs 300 --inject cancel", "explore -s lost-update --seed 7" };

  for (guint i = 0; i < G_N_ELEMENTS (campaigns); i++)
    {
      g_autofree char *one_job = g_strdup_printf ("%s --json --jobs 1", campaigns[i]);
      g_autofree char *five_jobs = g_strdup_printf ("%s --json --jobs 5", campaigns[i]);
      g_autofree char *one = coverage_of (one_job);
      g_autofree char *five = coverage_of (five_jobs);

      g_assert_cmpstr (one, ==, five);
    }
}

static void
test_coverage_lets_a_person_judge_whether_to_go_on (void)
{
  g_auto (Output) few = run ("explore -s clean --runs 5");
  g_auto (Output) many = run ("explore -s clean --runs 500 --inject cancel");

  assert_has (few.out, " pairs of what follows what");
  assert_has_not (few.out, "of further runs");
  assert_has (many.out, "% of further runs will show a new one");
  assert_has (many.out, "3 of 3 cancel points have noticed a cancellation");
}

static guint64
number_in (const char *arguments, const char *key)
{
  g_auto (Output) output = run (arguments);
  g_autofree char *end = last_line (output.out);
  g_autofree char *number = value_of (end, key);

  return g_ascii_strtoull (number, NULL, 10);
}

/* Every run is in exactly one shard: together they take the steps that the whole takes. */
static void
test_shards_are_a_partition (void)
{
  g_assert_cmpuint (number_in ("explore -s clean --runs 101 --json --shard 1/2", "runs"), ==, 51);
  g_assert_cmpuint (number_in ("explore -s clean --runs 101 --json --shard 2/2", "runs"), ==, 50);
  g_assert_cmpuint (number_in ("explore -s half-transfer --runs 101 --json --shard 1/2", "steps")
                    + number_in ("explore -s half-transfer --runs 101 --json --shard 2/2", "steps"), ==,
                    number_in ("explore -s half-transfer --runs 101 --json", "steps"));
}

static void
test_keep_going_counts_the_same_failure_once (void)
{
  g_auto (Output) output = run ("explore -s lost-update --runs 60 --keep-going --json");
  g_autofree char *end = last_line (output.out);
  g_autofree char *runs = value_of (end, "runs");
  g_autofree char *times = value_of (end, "times");

  g_assert_cmpstr (runs, ==, "60");
  g_assert_cmpuint (g_ascii_strtoull (times, NULL, 10), >, 1);
  g_assert_null (strstr (strstr (end, "\"kind\"") + 1, "\"kind\""));
}

/* Ctrl-C while both workers are in runs that never end: what was found so far is told, in form. */
static void
test_ctrl_c_ends_a_search_in_order (void)
{
  const char *words[] = { harness_program (), "explore", "-s", "spin", "--timeout", "0", "--json", NULL };
  g_autoptr (GSubprocess) search = g_subprocess_newv (words, G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
  g_autoptr (GDataInputStream) out = NULL;
  g_autofree char *begin = NULL, *end = NULL;

  g_assert_nonnull (search);
  out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (search));
  begin = g_data_input_stream_read_line (out, NULL, NULL, NULL);
  assert_has (begin, "\"event\": \"begin\"");
  g_subprocess_send_signal (search, SIGINT);
  end = g_data_input_stream_read_line (out, NULL, NULL, NULL);

  g_assert_true (g_subprocess_wait (search, NULL, NULL));
  g_assert_true (g_subprocess_get_if_exited (search));
  g_assert_cmpint (g_subprocess_get_exit_status (search), ==, 0);
  assert_has (end, "\"runs\": 0, \"failures\": []");
  assert_has (end, "\"interrupted\": true");
}

/* ---- Sweep ----------------------------------------------------------------------------------------------------------------- */

static void
test_sweep_finds_the_half_transfer_and_says_where (void)
{
  g_auto (Output) output = run ("sweep -s half-transfer --inject cancel");

  g_assert_cmpint (output.exit_code, ==, 1);
  assert_has (output.out, "always: no money is lost");
  assert_has (output.out, "was cancelled in trio_checkpoint");
  assert_has (output.out, "main/first   trio_checkpoint     6, 4 failed");
}

static void
test_sweep_of_what_is_clean_finds_nothing (void)
{
  g_auto (Output) single = run ("sweep -s clean");
  g_auto (Output) pairs = run ("sweep -s clean --pairs --max 300");

  g_assert_cmpint (single.exit_code, ==, 0);
  assert_has (single.out, "trio_nursery_start_soon");
  g_assert_cmpint (pairs.exit_code, ==, 0);
}

static void
test_sweep_by_pairs_finds_what_only_two_cancellations_break (void)
{
  g_auto (Output) single = run ("sweep -s two-attempts --inject cancel");
  g_auto (Output) pairs = run ("sweep -s two-attempts --inject cancel --all-pairs --json");
  g_autofree char *end = last_line (pairs.out);
  g_autofree char *deviations = value_of (end, "deviations");

  g_assert_cmpint (single.exit_code, ==, 0);
  g_assert_cmpint (pairs.exit_code, ==, 1);
  g_assert_cmpstr (deviations, ==, "2");
}

static void
test_a_goal_that_no_run_of_a_whole_sweep_reaches_is_a_failure (void)
{
  g_auto (Output) small = run ("sweep -s unreached-goal");
  g_auto (Output) whole = run ("sweep -s unreached-goal --schedules 6");
  g_auto (Output) cut = run ("sweep -s unreached-goal --schedules 6 --max 119");
  g_auto (Output) part = run ("sweep -s unreached-goal --schedules 20 --shard 1/2");

  g_assert_cmpint (small.exit_code, ==, 0);
  assert_has (small.out, "goal never reached  three are counted");
  assert_has (small.out, "That fails a sweep of more than 100 runs.");
  g_assert_cmpint (whole.exit_code, ==, 1);
  assert_has (whole.out, "FAILED  unreached: three are counted\nscenario unreached-goal, after all 120 runs of sweep\n");
  assert_has (whole.out, "--schedules M");
  assert_has_not (whole.out, "unreached: two are counted");
  assert_has_not (whole.out, "  replay it");
  g_assert_cmpint (cut.exit_code, ==, 0);
  assert_has (cut.out, "goal never reached  three are counted");
  g_assert_cmpint (part.exit_code, ==, 0);
}

/* ---- Healing --------------------------------------------------------------------------------------------------------------- */

static void
test_a_run_that_is_healed_must_end_in_time (void)
{
  g_auto (Output) without = run ("explore -s late-back --inject fault");
  g_auto (Output) healed = run ("explore -s late-back --inject fault --heal-after 5");
  g_auto (Output) late = run ("explore -s late-back --inject fault --heal-after 5 --heal-within 10 --keep healed");
  g_auto (Output) soon = run ("explore -s soon-back --inject fault --heal-after 5 --heal-within 10");
  g_auto (Output) small = run ("explore -s soon-back --inject fault --heal-after 0.5 --heal-within 1.4");

  g_assert_cmpint (without.exit_code, ==, 0);
  g_assert_cmpint (healed.exit_code, ==, 0);
  g_assert_cmpint (late.exit_code, ==, 1);
  assert_has (late.out, "FAILED  eventually: the run ends once all is healed");
  assert_has (late.out, "Healed after 5.00 s: from then on nothing is in its way, and it is to end within 10 s of being healed.");
  assert_has (late.out, "main waits in trio_sleep");
  g_assert_cmpint (soon.exit_code, ==, 0);
  g_assert_cmpint (small.exit_code, ==, 1);
}

static void
test_healing_stands_in_the_schedule_and_holds_for_all_that_is_done_with_it (void)
{
  g_auto (Output) found = run ("explore -s late-back --inject fault --heal-after 5 --heal-within 10 --keep stays --json");
  g_autofree char *end = last_line (found.out);
  g_autofree char *path = value_of (end, "schedule");
  g_autofree char *text = read_file (path);
  g_autofree char *replay = g_strdup_printf ("replay %s", path);
  g_autofree char *shrink = g_strdup_printf ("shrink %s -o small", path);
  g_autofree char *branch = g_strdup_printf ("replay %s --until 2 --branch fifo --runs 1", path);
  g_auto (Output) replayed = run (replay);
  g_auto (Output) shrunk = run (shrink);
  g_auto (Output) branched = run (branch);
  g_auto (Output) again = run ("explore -s late-back --runs 1 --keep stays");

  assert_has (text, "heal-after-us: 5000000\nheal-within-us: 10000000\n");
  g_assert_cmpint (replayed.exit_code, ==, 1);
  assert_has (replayed.out, "the same failure and the same hash");
  assert_has (replayed.out, "Healed after 5.00 s");
  g_assert_cmpint (shrunk.exit_code, ==, 1);
  assert_has (shrunk.out, "eventually: the run ends once all is healed");
  g_assert_cmpint (branched.exit_code, ==, 0);
  g_assert_cmpint (again.exit_code, ==, 1);
  assert_has (again.out, "1 still fails");
}

static void
test_sweep_and_exhaust_heal_too (void)
{
  g_auto (Output) sweep = run ("sweep -s late-back --inject fault --heal-after 5 --heal-within 10");
  g_auto (Output) exhaust = run ("exhaust -s late-back --inject fault --heal-after 5 --heal-within 10");
  g_auto (Output) all = run ("exhaust -s soon-back --inject fault --heal-after 5 --heal-within 10");
  g_auto (Output) reduced = run ("exhaust -s soon-back --heal-after 5 --reduce objects");
  g_auto (Output) negative = run ("explore -s soon-back --heal-after -5");
  g_auto (Output) none = run ("sweep -s soon-back --heal-within nan");

  g_assert_cmpint (sweep.exit_code, ==, 1);
  g_assert_cmpint (exhaust.exit_code, ==, 1);
  g_assert_cmpint (all.exit_code, ==, 0);
  assert_has (all.out, "exhausted: all ");
  assert_has (all.out, "and what comes after --heal-after is not varied");
  g_assert_cmpint (reduced.exit_code, ==, 2);
  assert_has (reduced.err, "--reduce objects and --heal-after exclude each other");
  g_assert_cmpint (negative.exit_code, ==, 2);
  assert_has (negative.err, "--heal-after -5: expected seconds of virtual time, more than 0");
  g_assert_cmpint (none.exit_code, ==, 2);
}

int
main (int argc, char **argv)
{
  harness_begin (&argc, &argv);

  ADD (test_each_bug_is_found_shrunk_kept_and_replayed);
  ADD (test_a_crash_is_survived_and_its_schedule_kept);
  ADD (test_nothing_found_is_exit_code_0);
  ADD (test_the_output_of_a_scenario_stays_out_of_the_report);
  ADD (test_what_differs_from_run_to_run_is_nondeterminism);
  ADD (test_a_goal_that_no_run_reaches_is_a_failure_of_a_long_campaign);
  ADD (test_a_run_without_an_end_is_stopped);
  ADD (test_what_is_found_does_not_depend_on_the_number_of_workers);
  ADD (test_coverage_does_not_depend_on_the_number_of_workers);
  ADD (test_coverage_lets_a_person_judge_whether_to_go_on);
  ADD (test_shards_are_a_partition);
  ADD (test_keep_going_counts_the_same_failure_once);
  ADD (test_ctrl_c_ends_a_search_in_order);
  ADD (test_sweep_finds_the_half_transfer_and_says_where);
  ADD (test_sweep_of_what_is_clean_finds_nothing);
  ADD (test_sweep_by_pairs_finds_what_only_two_cancellations_break);
  ADD (test_a_goal_that_no_run_of_a_whole_sweep_reaches_is_a_failure);
  ADD (test_a_run_that_is_healed_must_end_in_time);
  ADD (test_healing_stands_in_the_schedule_and_holds_for_all_that_is_done_with_it);
  ADD (test_sweep_and_exhaust_heal_too);

  return harness_run ();
}
