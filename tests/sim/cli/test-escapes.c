/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the command line makes of a program that leaves the simulation: it is answered, or found, named, made small and replayed. */

#include "harness.h"

static char *
find_schedule (const char *output)
{
  const char *at = strstr (output, "\"schedule\": \"");

  g_assert_nonnull (at);
  at += strlen ("\"schedule\": \"");
  return g_strndup (at, strcspn (at, "\""));
}

static void
test_clocks_and_random_numbers_are_the_run_s (void)
{
  g_auto (Output) output = run ("explore -s token --runs 200");
  g_auto (Output) swept = run ("sweep -s token --inject cancel");

  g_assert_cmpint (output.exit_code, ==, 0);
  g_assert_cmpint (swept.exit_code, ==, 0);
}

/* Without addr2line it is an address in place of a line. */
static G_GNUC_UNUSED void
assert_tells_line (const char *text, const char *where)
{
  g_autofree char *addr2line = g_find_program_in_path ("addr2line");
  g_autofree char *function = g_strndup (where, (gsize) (strstr (where, ", at ") - where));

  assert_has (text, addr2line != NULL ? where : function);
}

static void
check_found (const char *scenario, const char *name, const char *place, const char *instead)
{
  g_autofree char *explore = g_strdup_printf ("explore -s %s --runs 300", scenario);
  g_autofree char *headline = g_strdup_printf ("FAILED  escape: %s\n", name);
  g_autofree G_GNUC_UNUSED char *where = g_strdup_printf (", in %s, at escapes.c:", place);
  g_auto (Output) output = run (explore);

  g_assert_cmpint (output.exit_code, ==, 1);
  assert_has (output.out, headline);
  assert_has (output.out, instead);
#ifdef HAVE_STACKS
  assert_tells_line (output.out, where);
#endif
}

static void
test_what_leaves_is_named_with_its_place (void)
{
  check_found ("thread", "pthread_create", "log_in_background", "instead: trio_to_thread_run_sync ()");
  check_found ("idle", "g_idle_add", "show_later", "instead: a task: trio_nursery_start_soon ()");
  check_found ("socket", "socket", "open_socket", "instead: trio_open_tcp_stream ()");
}

static void
test_an_order_by_addresses_is_found_and_named (void)
{
  g_auto (Output) output = run ("explore -s by-address");

  g_assert_cmpint (output.exit_code, ==, 1);
  assert_has (output.out, "FAILED  nondeterminism: the same choices gave another run");
  assert_has (output.out, "an address (a hash table of pointers, iterated;");
  assert_has (output.out, "was made runnable by main (step ");
#ifdef HAVE_STACKS
  /* The function of ours before it is the public one, or what an optimised library calls as its last act. */
  assert_has (output.out, "main, in trio_");
  assert_tells_line (output.out, " < wake_everybody < by_address, at escapes.c:");
#endif
}

static void
test_what_is_another_run_in_another_process_is_found (void)
{
  g_auto (Output) output = run ("explore -s by-process --runs 20");

  g_assert_cmpint (output.exit_code, ==, 1);
  assert_has (output.out, "FAILED  nondeterminism: another process gave another run");
  assert_has (output.out, "in one process: main ran at 0.");
  assert_has (output.out, "in the other:   main ran at 0.");
#ifdef HAVE_STACKS
  assert_tells_line (output.out, "main, in trio_sleep < by_process, at escapes.c:");
#endif
}

static void
test_the_events_of_a_run_can_be_written_down (void)
{
  g_auto (Output) output = { 0 };
  g_autofree char *first = NULL, *second = NULL;

  write_file ("token.schedule", "trio-schedule 1\nscenario: \"token\"\nexpects: ok\nend\n");
  output = run ("replay token.schedule --events first.txt");
  g_assert_cmpint (output.exit_code, ==, 0);
  output_clear (&output);
  output = run ("replay token.schedule --events second.txt");
  first = read_file ("first.txt");
  second = read_file ("second.txt");
  assert_has (first, "main ran at 11 s (step 3)");
  g_assert_cmpstr (first, ==, second);
}

static void
test_what_leaves_in_some_schedules_is_made_small (void)
{
  g_auto (Output) found = run ("explore -s rarely --json");
  g_autofree char *end = last_line (found.out);
  g_autofree char *deviations = value_of (end, "deviations");
  g_autofree char *kind = value_of (end, "kind");
  g_autofree char *path = find_schedule (end);
  g_autofree char *replay = g_strdup_printf ("replay %s", path);
  g_auto (Output) again = run (replay);

  g_assert_cmpstr (kind, ==, "escape");
  g_assert_cmpstr (deviations, ==, "1");
  g_assert_cmpint (again.exit_code, ==, 1);
  assert_has (again.out, "the same failure and the same hash as the file tells of");
}

static void
test_it_can_be_let_through_and_told (void)
{
  g_auto (Output) allowed = run ("explore -s thread --runs 50 --escapes allow");
  g_auto (Output) found = run ("explore -s thread --json");
  g_autofree char *end = last_line (found.out);
  g_autofree char *path = find_schedule (end);
  g_autofree char *replay = g_strdup_printf ("replay %s --escapes note", path);
  g_auto (Output) told = run (replay);

  g_assert_cmpint (allowed.exit_code, ==, 0);
  g_assert_cmpint (told.exit_code, ==, 0);
  assert_has (told.out, "reached past the seams:");
  assert_has (told.out, "pthread_create, in ");
  assert_has (told.out, "pthread_join, in ");
}

static void
test_a_schedule_knows_that_it_was_found_with_them (void)
{
  g_auto (Output) kept = { 0 };

  write_file ("allowed.schedule", "trio-schedule 1\nscenario: \"thread\"\nescapes: allow\nexpects: ok\nend\n");
  kept = run ("replay allowed.schedule");
  g_assert_cmpint (kept.exit_code, ==, 0);
}

static void
test_a_wrong_way_is_refused (void)
{
  g_auto (Output) output = run ("explore --escapes perhaps");

  g_assert_cmpint (output.exit_code, ==, 2);
  assert_has (output.err, "--escapes perhaps: expected fail, note or allow");
}

static void
test_the_list_is_told (void)
{
  g_auto (Output) output = run ("list --controlled");

  g_assert_cmpint (output.exit_code, ==, 0);
  assert_has (output.out, "`clock_gettime`");
}

int
main (int argc, char **argv)
{
  harness_begin (&argc, &argv);
  ADD (test_clocks_and_random_numbers_are_the_run_s);
  ADD (test_what_leaves_is_named_with_its_place);
  ADD (test_an_order_by_addresses_is_found_and_named);
  ADD (test_what_is_another_run_in_another_process_is_found);
  ADD (test_the_events_of_a_run_can_be_written_down);
  ADD (test_what_leaves_in_some_schedules_is_made_small);
  ADD (test_it_can_be_let_through_and_told);
  ADD (test_a_schedule_knows_that_it_was_found_with_them);
  ADD (test_a_wrong_way_is_refused);
  ADD (test_the_list_is_told);
  return harness_run ();
}
