/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Cancel scopes and time: statements 13, 48 to 52, 54. (47 has no counterpart: a scope here is entered where it is made.) */

#include "tests/core/core-test.h"

static gsize
count_deadlines (void)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  return statistics.next_deadline != G_MAXINT64;
}

static gboolean
open_in_the_past (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (int i = 0; i < 5; i++)
    {
      gint64 now = trio_current_time ();
      g_autoptr (TrioCancelScope) scope = i == 0 ? trio_move_on_after (0, error)
                                          : i == 1 ? trio_move_on_after (-7, error)
                                          : i == 2 ? trio_move_on_at (now, error)
                                          : i == 3 ? trio_move_on_at (now - 5, error)
                                                   : trio_move_on_at (G_MININT64, error);

      /* A sandwich looks before it yields, so this tells it from "at the next turn". */
      g_assert_false (trio_checkpoint_if_cancelled (error));
      g_assert_true (trio_cancel_scope_cancel_called (scope));
      if (!trio_cancel_scope_close (scope, FALSE))
        return FALSE;
      g_assert_true (trio_cancel_scope_cancelled_caught (scope));
    }
  return TRUE;
}

/* (48) */
static void
test_a_deadline_that_has_passed_cancels_the_first_checkpoint_inside (void)
{
  mock_run_ok (open_in_the_past, NULL);
}

static gboolean
move_into_the_past (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_set_deadline (scope, trio_current_time () - 1);
  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;
  trio_cancel_shielded_checkpoint ();
  g_assert_false (trio_checkpoint_if_cancelled (error));
  return trio_cancel_scope_close (scope, FALSE);
}

/* (49) */
static void
test_moving_the_deadline_into_the_past_cancels_at_the_next_turn (void)
{
  mock_run_ok (move_into_the_past, NULL);
}

static gboolean
move_out_of_the_past (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);

  mock_advance (20);
  trio_cancel_scope_set_deadline (scope, trio_current_time () + 10);
  g_assert_false (trio_cancel_scope_cancel_called (scope));
  if (!mock_yield (error))
    return FALSE;
  mock_advance (20);
  trio_cancel_scope_set_deadline (scope, G_MAXINT64);
  if (!trio_sleep (1000, error))
    return FALSE;
  return trio_cancel_scope_close (scope, TRUE);
}

/* (50) */
static void
test_moving_a_passed_deadline_later_undoes_it_before_anybody_saw (void)
{
  mock_run_ok (move_out_of_the_past, NULL);
}

static gboolean
ask_and_move (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);

  mock_advance (9);
  g_assert_false (trio_cancel_scope_cancel_called (scope));
  mock_advance (1);
  g_assert_true (trio_cancel_scope_cancel_called (scope));
  trio_cancel_scope_set_deadline (scope, G_MAXINT64);
  g_assert_true (trio_cancel_scope_cancel_called (scope));
  return trio_cancel_scope_close (scope, trio_checkpoint (error));
}

/* (51) */
static void
test_asking_whether_it_was_cancelled_commits_a_passed_deadline (void)
{
  mock_run_ok (ask_and_move, NULL);
}

static gboolean
change_a_cancelled_scope (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);
  gint64 due = trio_cancel_scope_get_deadline (scope);

  g_assert_cmpint (due, ==, trio_current_time () + 10);
  g_assert_cmpuint (count_deadlines (), ==, 1);
  trio_cancel_scope_cancel (scope);
  g_assert_cmpuint (count_deadlines (), ==, 0);
  trio_cancel_scope_set_deadline (scope, due + 100);
  g_assert_cmpint (trio_cancel_scope_get_deadline (scope), ==, due);
  g_assert_cmpuint (count_deadlines (), ==, 0);
  return trio_cancel_scope_close (scope, trio_checkpoint (error));
}

static gboolean
change_a_closed_scope (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);

  if (!trio_cancel_scope_close (scope, TRUE))
    return FALSE;
  g_assert_cmpuint (count_deadlines (), ==, 0);
  trio_cancel_scope_set_deadline (scope, 5);
  trio_cancel_scope_cancel (scope);
  trio_cancel_scope_set_shield (scope, TRUE);
  g_assert_cmpuint (count_deadlines (), ==, 0);
  g_assert_false (trio_cancel_scope_cancelled_caught (scope));
  return trio_sleep (50, error);
}

/* (52) */
static void
test_cancelled_and_closed_scopes_have_no_deadline_and_change_no_more (void)
{
  mock_run_ok (change_a_cancelled_scope, NULL);
  mock_run_ok (change_a_closed_scope, NULL);
}

static gboolean
ask_for_the_effective_deadline (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 now = trio_current_time ();
  g_autoptr (TrioCancelScope) outer = NULL;
  g_autoptr (TrioCancelScope) shield = NULL;
  g_autoptr (TrioCancelScope) inner = NULL;

  g_assert_cmpint (trio_current_effective_deadline (), ==, G_MAXINT64);
  outer = trio_move_on_at (now + 10, error);
  g_assert_cmpint (trio_current_effective_deadline (), ==, now + 10);
  shield = trio_move_on_at (now + 30, error);
  g_assert_cmpint (trio_current_effective_deadline (), ==, now + 10);
  trio_cancel_scope_set_shield (shield, TRUE);
  g_assert_cmpint (trio_current_effective_deadline (), ==, now + 30);
  inner = trio_move_on_at (now + 20, error);
  g_assert_cmpint (trio_current_effective_deadline (), ==, now + 20);
  trio_cancel_scope_set_deadline (inner, now + 99);
  g_assert_cmpint (trio_current_effective_deadline (), ==, now + 30);

  trio_cancel_scope_cancel (outer);
  g_assert_cmpint (trio_current_effective_deadline (), ==, now + 30);
  trio_cancel_scope_set_shield (shield, FALSE);
  g_assert_cmpint (trio_current_effective_deadline (), ==, G_MININT64);
  trio_cancel_scope_set_shield (shield, TRUE);
  trio_cancel_scope_cancel (inner);
  g_assert_cmpint (trio_current_effective_deadline (), ==, G_MININT64);

  if (!trio_cancel_scope_close (inner, TRUE))
    return FALSE;
  g_assert_cmpint (trio_current_effective_deadline (), ==, now + 30);
  if (!trio_cancel_scope_close (shield, TRUE))
    return FALSE;
  g_assert_cmpint (trio_current_effective_deadline (), ==, G_MININT64);
  return trio_cancel_scope_close (outer, TRUE);
}

/* (54) */
static void
test_the_effective_deadline_looks_out_to_the_nearest_shield (void)
{
  mock_run_ok (ask_for_the_effective_deadline, NULL);
}

static gboolean
sleep_before_many (gpointer unused G_GNUC_UNUSED, GError **error)
{
  /* Of scopes nested in the wrong order of time each still catches its own. */
  gint64 now = trio_current_time ();
  g_autoptr (TrioCancelScope) late = trio_move_on_at (now + 300, error);
  g_autoptr (TrioCancelScope) middle = trio_move_on_at (now + 200, error);
  g_autoptr (TrioCancelScope) early = trio_move_on_at (now + 100, error);

  if (!trio_cancel_scope_close (early, trio_sleep_forever (error)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (early));
  mock_assert_time (now + 100);
  if (!trio_cancel_scope_close (middle, trio_sleep_forever (error)))
    return FALSE;
  mock_assert_time (now + 200);
  if (!trio_cancel_scope_close (late, trio_sleep_forever (error)))
    return FALSE;
  mock_assert_time (now + 300);
  return TRUE;
}

/* (49, 117) */
static void
test_each_scope_of_a_nest_ends_at_its_own_time (void)
{
  mock_run_ok (sleep_before_many, NULL);
}

static gboolean
never_end_in_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (G_MAXINT64, error);
  g_autoptr (TrioCancelScope) other = trio_move_on_after (G_MAXINT64 - 2, error);

  g_assert_cmpuint (count_deadlines (), ==, 0);
  if (!trio_sleep (10, error))
    return FALSE;
  return trio_cancel_scope_close (scope, trio_cancel_scope_close (other, TRUE));
}

static void
test_a_span_beyond_the_end_of_time_is_no_deadline (void)
{
  mock_run_ok (never_end_in_time, NULL);
}

static gboolean
limit_a_nursery (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gint64 due = trio_current_time () + 10;

  trio_cancel_scope_set_deadline (trio_nursery_get_cancel_scope (nursery), due);
  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  mock_assert_time (due);
  g_assert_true (trio_cancel_scope_cancelled_caught (trio_nursery_get_cancel_scope (nursery)));
  return TRUE;
}

static void
test_the_scope_of_a_nursery_can_have_a_deadline (void)
{
  mock_run_ok (limit_a_nursery, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add ("/scope-deadlines/a-deadline-that-has-passed-cancels-the-first-checkpoint-inside",
                 test_a_deadline_that_has_passed_cancels_the_first_checkpoint_inside);
  core_test_add ("/scope-deadlines/moving-the-deadline-into-the-past-cancels-at-the-next-turn",
                 test_moving_the_deadline_into_the_past_cancels_at_the_next_turn);
  core_test_add ("/scope-deadlines/moving-a-passed-deadline-later-undoes-it-before-anybody-saw",
                 test_moving_a_passed_deadline_later_undoes_it_before_anybody_saw);
  core_test_add ("/scope-deadlines/asking-whether-it-was-cancelled-commits-a-passed-deadline",
                 test_asking_whether_it_was_cancelled_commits_a_passed_deadline);
  core_test_add ("/scope-deadlines/cancelled-and-closed-scopes-have-no-deadline-and-change-no-more",
                 test_cancelled_and_closed_scopes_have_no_deadline_and_change_no_more);
  core_test_add ("/scope-deadlines/the-effective-deadline-looks-out-to-the-nearest-shield",
                 test_the_effective_deadline_looks_out_to_the_nearest_shield);
  core_test_add_mock ("/scope-deadlines/each-scope-of-a-nest-ends-at-its-own-time",
                      test_each_scope_of_a_nest_ends_at_its_own_time,
                      "times are exact only where the machine is never busy elsewhere");
  core_test_add_mock ("/scope-deadlines/a-span-beyond-the-end-of-time-is-no-deadline",
                      test_a_span_beyond_the_end_of_time_is_no_deadline,
                      "it counts the deadlines of the run, and the simulator has some");
  core_test_add ("/scope-deadlines/the-scope-of-a-nursery-can-have-a-deadline", test_the_scope_of_a_nursery_can_have_a_deadline);
  return g_test_run ();
}
