/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Coverage: what one run went through, what all of them did, and what that says of further ones. */

#include <trio-sim/sim.h>

#include "simulator/cli/saturation.h"

#include <string.h>

/* ---- One run --------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint64 n[TRIO_CLI_FACT_KINDS];
} Counts;

static Counts
count (TrioCliFollow *follow, TrioFunc func, const TrioSimOptions *how)
{
  TrioSimOptions options = *how;
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;
  const guint64 *facts;
  Counts counts = { { 0 } };
  gsize n;

  options.instrument = trio_cli_follow_begin (follow);
  g_assert_true (trio_sim_run (func, NULL, &options, &report, &error));
  g_assert_no_error (error);
  facts = trio_cli_follow_get_facts (follow, &n);
  for (gsize i = 0; i < n; i++)
    counts.n[TRIO_CLI_FACT_KIND (facts[i])]++;
  return counts;
}

static gboolean
sleep_twice (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (1000, error) && trio_sleep (1000, error);
}

/* The first task of the run, which makes main and waits for it, has a name of its own.
 *
 *     pairs:  main begins after the first task has come to wait; time wakes main from its sleep (twice, which counts once); main's end
 *             wakes the first task; the first task goes on after that; and at the nursery that holds main, main's end comes after the
 *             first task, and the first task after main's end
 *     states: the first task waits and main has not begun; … and main sleeps (twice); main is gone; the first task lets others run once
 *             more; nobody is left */
static void
test_a_run_of_one_task_goes_through_what_can_be_counted_by_hand (void)
{
  g_autoptr (TrioCliFollow) follow = trio_cli_follow_new ();
  Counts counts = count (follow, sleep_twice, &(TrioSimOptions) { 0 });

  g_assert_cmpuint (counts.n[TRIO_CLI_FACT_PAIR], ==, 6);
  g_assert_cmpuint (counts.n[TRIO_CLI_FACT_STATE], ==, 5);
  g_assert_cmpuint (counts.n[TRIO_CLI_FACT_POINT], ==, 1);
  g_assert_cmpuint (counts.n[TRIO_CLI_FACT_NOTICED], ==, 0);
}

static gboolean
sleep_many (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < GPOINTER_TO_UINT (data); i++)
    trio_nursery_start_soon (nursery, sleep_twice, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
sleep_three (gpointer data G_GNUC_UNUSED, GError **error)
{
  return sleep_many (GUINT_TO_POINTER (3), error);
}

static gboolean
sleep_thirty (gpointer data G_GNUC_UNUSED, GError **error)
{
  return sleep_many (GUINT_TO_POINTER (30), error);
}

/* They differ in how many sleep, which is a state, but show no other pairs and no other checkpoints. */
static void
test_twins_have_no_more_to_show_than_two (void)
{
  g_autoptr (TrioCliFollow) follow = trio_cli_follow_new ();
  Counts three = count (follow, sleep_three, &(TrioSimOptions) { 0 });
  Counts thirty = count (follow, sleep_thirty, &(TrioSimOptions) { 0 });

  g_assert_cmpuint (three.n[TRIO_CLI_FACT_PAIR], ==, thirty.n[TRIO_CLI_FACT_PAIR]);
  g_assert_cmpuint (three.n[TRIO_CLI_FACT_POINT], ==, 2);
  g_assert_cmpuint (thirty.n[TRIO_CLI_FACT_POINT], ==, 2);
  g_assert_cmpuint (three.n[TRIO_CLI_FACT_STATE], <, thirty.n[TRIO_CLI_FACT_STATE]);
}

static gboolean
be_cut_off (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (1500, error);

  return trio_cancel_scope_close (patience, trio_checkpoint (error) && sleep_twice (NULL, error));
}

static void
test_a_cancel_point_counts_as_noticed_when_a_cancellation_came_out_of_it (void)
{
  g_autoptr (TrioCliFollow) follow = trio_cli_follow_new ();
  Counts counts = count (follow, be_cut_off, &(TrioSimOptions) { 0 });

  g_assert_cmpuint (counts.n[TRIO_CLI_FACT_POINT], ==, 2);
  g_assert_cmpuint (counts.n[TRIO_CLI_FACT_NOTICED], ==, 1);
}

static gboolean
hold (gpointer data, GError **error)
{
  gboolean ok;

  if (!trio_lock_acquire (data, error))
    return FALSE;
  ok = trio_sleep (1000, error);
  trio_lock_release (data);
  return ok;
}

static gboolean
hold_two (TrioLock *first, TrioLock *second, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, hold, first, NULL, "first");
  if (!trio_sleep (5000, error))
    return FALSE;
  trio_nursery_start_soon_full (nursery, hold, second, NULL, "second");
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
hold_the_same (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  G_GNUC_UNUSED g_autoptr (TrioLock) other = trio_lock_new ();

  return hold_two (lock, lock, error);
}

static gboolean
hold_another (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioLock) other = trio_lock_new ();

  return hold_two (lock, other, error);
}

static gboolean
has_fact (const GArray *facts, guint64 fact)
{
  for (guint i = 0; i < facts->len; i++)
    if (g_array_index (facts, guint64, i) == fact)
      return TRUE;
  return FALSE;
}

static guint
count_missing (const GArray *facts, const GArray *from, TrioCliFactKind kind)
{
  guint n = 0;

  for (guint i = 0; i < facts->len; i++)
    n += TRIO_CLI_FACT_KIND (g_array_index (facts, guint64, i)) == kind && !has_fact (from, g_array_index (facts, guint64, i));
  return n;
}

static GArray *
facts_of (TrioCliFollow *follow, TrioFunc func)
{
  const guint64 *facts;
  gsize n;
  GArray *copy = g_array_new (FALSE, FALSE, sizeof (guint64));

  count (follow, func, &(TrioSimOptions) { 0 });
  facts = trio_cli_follow_get_facts (follow, &n);
  return g_array_append_vals (copy, facts, (guint) n);
}

/* The same steps in the same order; only in one of them does a task come after the other at a lock. */
static void
test_who_comes_after_whom_is_told_by_object (void)
{
  g_autoptr (TrioCliFollow) follow = trio_cli_follow_new ();
  g_autoptr (GArray) same = facts_of (follow, hold_the_same);
  g_autoptr (GArray) again = facts_of (follow, hold_the_same);
  g_autoptr (GArray) another = facts_of (follow, hold_another);

  g_assert_cmpuint (count_missing (same, another, TRIO_CLI_FACT_PAIR), >, 0);
  g_assert_cmpuint (count_missing (same, another, TRIO_CLI_FACT_STATE), ==, 0);
  g_assert_cmpuint (count_missing (same, again, TRIO_CLI_FACT_PAIR), ==, 0);
}

/* Names, not addresses or serial numbers: two collectors agree. */
static void
test_the_facts_of_a_run_are_the_same_each_time (void)
{
  g_autoptr (TrioCliFollow) first = trio_cli_follow_new ();
  g_autoptr (TrioCliFollow) second = trio_cli_follow_new ();
  TrioSimOptions options = { .strategy = "random", .seed = 3 };
  const guint64 *a, *b;
  gsize n_a, n_b;

  count (second, sleep_thirty, &options);
  count (first, sleep_three, &options);
  count (second, sleep_three, &options);
  a = trio_cli_follow_get_facts (first, &n_a);
  b = trio_cli_follow_get_facts (second, &n_b);
  g_assert_cmpmem (a, n_a * sizeof *a, b, n_b * sizeof *b);
}

/* ---- All runs -------------------------------------------------------------------------------------------------------------- */

/* A fact of kind 0 with a name. */
#define FACT(i) (((guint64) (i) + 1) << 10)

static void
note (TrioCliSeen *seen, guint64 run, guint first, guint last)
{
  for (guint i = first; i <= last; i++)
    {
      guint64 fact = FACT (i);

      trio_cli_seen_note (seen, run, &fact, 1);
    }
}

/* Runs 0 to 9 all show facts 0 to 4; run 3 shows 5 and 6, which nobody else does; runs 2 and 8 show 7; run 6 shows 8. */
static TrioCliSeen *
make_seen (gboolean backwards)
{
  TrioCliSeen *seen = trio_cli_seen_new ();

  for (guint i = 0; i < 10; i++)
    {
      guint run = backwards ? 9 - i : i;

      note (seen, run, 0, 4);
      if (run == 3)
        note (seen, run, 5, 6);
      if (run == 2 || run == 8)
        note (seen, run, 7, 7);
      if (run == 6)
        note (seen, run, 8, 8);
    }
  return seen;
}

static void
test_facts_of_many_runs_are_counted_with_those_that_only_one_run_showed (void)
{
  for (gboolean backwards = FALSE; backwards <= TRUE; backwards++)
    {
      TrioCliSeen *seen = make_seen (backwards);
      TrioCliSaturation saturation;

      trio_cli_seen_count (seen, G_MAXUINT64, 10, &saturation);
      g_assert_cmpuint (saturation.kinds[0].n, ==, 9);
      g_assert_cmpuint (saturation.kinds[0].n_single, ==, 3);
      g_assert_cmpuint (saturation.kinds[0].n_lone_runs, ==, 2);
      g_assert_cmpuint (saturation.kinds[0].n_since, ==, 6);
      g_assert_cmpuint (saturation.kinds[1].n, ==, 0);
      g_assert_false (saturation.full);

      /* As if it had ended before run 5. */
      trio_cli_seen_count (seen, 5, 5, &saturation);
      g_assert_cmpuint (saturation.kinds[0].n, ==, 8);
      g_assert_cmpuint (saturation.kinds[0].n_single, ==, 3);
      g_assert_cmpuint (saturation.kinds[0].n_lone_runs, ==, 2);
      g_assert_cmpuint (saturation.kinds[0].n_since, ==, 3);
      trio_cli_seen_free (seen);
    }
}

static void
test_what_finds_no_room_is_told (void)
{
  TrioCliSeen *seen = trio_cli_seen_new ();
  TrioCliSaturation saturation;

  note (seen, 0, 0, 800000);
  trio_cli_seen_count (seen, G_MAXUINT64, 1, &saturation);
  g_assert_true (saturation.full);
  g_assert_cmpuint (saturation.kinds[0].n, >, 700000);
  trio_cli_seen_free (seen);
}

static void
expect_outlook (guint64 n_lone_runs, guint64 n_runs, const char *text)
{
  g_autoptr (GString) out = g_string_new (NULL);

  trio_cli_saturation_append_outlook (out, &(TrioCliSeenKind) { .n_lone_runs = n_lone_runs }, n_runs);
  g_assert_cmpstr (out->str, ==, text);
}

static void
test_the_outlook_is_good_and_turings (void)
{
  expect_outlook (1, 19, "");
  expect_outlook (5, 20, "; about 25 % of further runs will show a new one");
  expect_outlook (2, 10000, "; about 0.02 % of further runs will show a new one");
  expect_outlook (33, 1000, "; about 3.30 % of further runs will show a new one");
  expect_outlook (0, 1000, "; fewer than 0.30 % of further runs will show a new one");
  expect_outlook (0, 1000000, "; fewer than 0.01 % of further runs will show a new one");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/coverage/a-run-of-one-task-goes-through-what-can-be-counted-by-hand",
                   test_a_run_of_one_task_goes_through_what_can_be_counted_by_hand);
  g_test_add_func ("/coverage/twins-have-no-more-to-show-than-two", test_twins_have_no_more_to_show_than_two);
  g_test_add_func ("/coverage/a-cancel-point-counts-as-noticed-when-a-cancellation-came-out-of-it",
                   test_a_cancel_point_counts_as_noticed_when_a_cancellation_came_out_of_it);
  g_test_add_func ("/coverage/who-comes-after-whom-is-told-by-object", test_who_comes_after_whom_is_told_by_object);
  g_test_add_func ("/coverage/the-facts-of-a-run-are-the-same-each-time", test_the_facts_of_a_run_are_the_same_each_time);
  g_test_add_func ("/coverage/facts-of-many-runs-are-counted-with-those-that-only-one-run-showed",
                   test_facts_of_many_runs_are_counted_with_those_that_only_one_run_showed);
  g_test_add_func ("/coverage/what-finds-no-room-is-told", test_what_finds_no_room_is_told);
  g_test_add_func ("/coverage/the-outlook-is-good-and-turings", test_the_outlook_is_good_and_turings);
  return g_test_run ();
}
