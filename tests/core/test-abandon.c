/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Runs that are given up in the middle: trio_loop_escape() and trio_loop_abandon() free whatever the kernel had made, without
 * running a line of the tasks' code. AddressSanitizer's search for leaks is the judge of that. */

#include "tests/core/core-test.h"

static void
drive (MockWorld *world, TrioLoop *loop)
{
  while (!trio_loop_is_done (loop))
    {
      gint64 due = trio_loop_turn (loop);

      if (due == G_MAXINT64)
        break;
      world->now = MAX (world->now, due);
    }
}

static void
run_and_abandon (TrioFunc func, gpointer data, guint n_turns)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  TrioLoop *loop = trio_loop_new (&world->world, func, data, NULL, &error);

  g_assert_no_error (error);
  if (n_turns == 0)
    drive (world, loop);
  for (guint i = 0; i < n_turns && !trio_loop_is_done (loop); i++)
    {
      gint64 due = trio_loop_turn (loop);

      if (due != G_MININT64 && due != G_MAXINT64)
        world->now = MAX (world->now, due);
    }
  trio_loop_abandon (loop);
}

static void
never_free (gpointer data G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

static gboolean
wait_in_a_lot (gpointer lot, GError **error)
{
  return trio_parking_lot_park (lot, error);
}

static gboolean
start_slowly (gpointer data, TrioTaskStatus *status, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (G_TIME_SPAN_HOUR, error);

  if (!trio_sleep (GPOINTER_TO_INT (data), error))
    return FALSE;
  trio_task_status_started (status, NULL);
  return trio_cancel_scope_close (scope, trio_sleep_forever (error));
}

static gboolean
be_starting (gpointer nursery, GError **error)
{
  return trio_nursery_start ((TrioNursery *) nursery, start_slowly, GINT_TO_POINTER (5), NULL, error)
         && trio_nursery_start ((TrioNursery *) nursery, start_slowly, GINT_TO_POINTER (20), NULL, error);
}

static gboolean
fail_child (gpointer unused G_GNUC_UNUSED, GError **error)
{
  if (!trio_sleep (10, error))
    return FALSE;
  return mock_fail ((char *) "this is kept by the nursery", error);
}

static gboolean
die_hard (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioCancelScope *shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  return trio_cancel_scope_close (shield, trio_sleep_forever (error));
}

/* A bit of everything that can be alive. */
static gboolean
have_everything (gpointer data, GError **error)
{
  gboolean escape = data != NULL;
  static TrioParkingLot lot;
  g_autofree char *long_name = g_strnfill (100, 'n');
  TrioCancelScope *scope = trio_fail_after (G_TIME_SPAN_HOUR, error);
  TrioNursery *nursery = trio_nursery_open (error);
  TrioCancelScope *cancelled = trio_cancel_scope_open (error);

  trio_parking_lot_init (&lot, NULL);
  trio_parking_lot_add_breaker (&lot, trio_current_task ());
  trio_nursery_start_soon (nursery, wait_in_a_lot, &lot);
  trio_nursery_start_soon_full (nursery, die_hard, &lot, never_free, long_name);
  g_clear_pointer (&long_name, g_free);
  trio_nursery_start_soon (nursery, be_starting, nursery);
  trio_nursery_start_soon (nursery, die_hard, NULL);
  trio_nursery_start_soon (nursery, fail_child, NULL);
  trio_cancel_scope_cancel_with_reason (cancelled, "a reason is a string");
  trio_cancel_shielded_checkpoint ();
  trio_nursery_start_soon (nursery, die_hard, NULL);      /* one that has not run yet */
  if (escape)
    trio_loop_escape (trio_loop_get_current ());
  if (!trio_cancel_scope_close (cancelled, TRUE))
    g_assert_not_reached ();
  trio_cancel_scope_free (cancelled);
  (void) !trio_nursery_close (nursery, TRUE);
  (void) scope;
  g_assert_not_reached ();
}

static void
test_escaping_from_the_middle_frees_all_that_lives (void)
{
  run_and_abandon (have_everything, GINT_TO_POINTER (TRUE), 0);
}

static void
test_abandoning_after_any_turn_frees_all_that_lives (void)
{
  for (guint n = 1; n < 15; n++)
    run_and_abandon (have_everything, NULL, n);
}

static gboolean
escape_at_once (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  trio_loop_escape (trio_loop_get_current ());
}

static gboolean
escape_from_a_child (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioNursery *nursery = trio_nursery_open (error);

  /* One that has ended just before, whose stack is given back by whoever runs next. */
  trio_nursery_start_soon (nursery, mock_return, NULL);
  trio_nursery_start_soon (nursery, escape_at_once, NULL);
  trio_nursery_start_soon (nursery, mock_return, NULL);
  (void) !trio_nursery_close (nursery, TRUE);
  g_assert_not_reached ();
}

static void
test_after_an_escape_the_turn_returns_and_the_run_is_done (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;

  for (guint max_turns = 1; max_turns <= 8; max_turns += 7)
    {
      TrioLoop *loop = trio_loop_new (&world->world, escape_from_a_child, NULL, NULL, &error);

      while (!trio_loop_is_done (loop))
        trio_loop_turns (loop, max_turns, NULL);
      g_assert_true (trio_loop_is_done (loop));
      g_assert_null (trio_loop_get_current ());
      g_assert_null (trio_current_task ());
      trio_loop_abandon (loop);
    }
}

static void
test_a_loop_that_never_turned_can_be_abandoned (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;

  trio_loop_abandon (trio_loop_new (&world->world, mock_return, NULL, NULL, &error));
}

static void
test_a_loop_that_is_done_can_be_abandoned (void)
{
  run_and_abandon (mock_check_in, NULL, 0);
  run_and_abandon (mock_fail, (char *) "nobody asks", 0);
}

static void
note_free (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static void
never_call (gpointer data G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

typedef struct
{
  TrioToken *token;
  gboolean   freed;
} Call;

static gboolean
queue_and_escape (gpointer data, GError **error G_GNUC_UNUSED)
{
  Call *call = data;

  call->token = trio_current_token ();
  g_assert_true (trio_token_run_sync_soon (call->token, never_call, &call->freed, note_free));
  trio_loop_escape (trio_loop_get_current ());
}

static void
test_calls_to_an_abandoned_run_are_dropped_and_their_data_freed (void)
{
  Call call = { 0 };

  run_and_abandon (queue_and_escape, &call, 0);
  g_assert_true (call.freed);
  call.freed = FALSE;
  g_assert_false (trio_token_run_sync_soon (call.token, never_call, &call.freed, note_free));
  g_assert_true (call.freed);
  trio_token_unref (call.token);
}

int
main (int argc, char **argv)
{
  static const char why[] = "it drives the loop itself, or asks for the abandoning from within";

  g_test_init (&argc, &argv, NULL);
  core_test_add_mock ("/abandon/escaping-from-the-middle-frees-all-that-lives",
                      test_escaping_from_the_middle_frees_all_that_lives, why);
  core_test_add_mock ("/abandon/abandoning-after-any-turn-frees-all-that-lives",
                      test_abandoning_after_any_turn_frees_all_that_lives, why);
  core_test_add_mock ("/abandon/after-an-escape-the-turn-returns-and-the-run-is-done",
                      test_after_an_escape_the_turn_returns_and_the_run_is_done, why);
  core_test_add_mock ("/abandon/a-loop-that-never-turned-can-be-abandoned", test_a_loop_that_never_turned_can_be_abandoned, why);
  core_test_add_mock ("/abandon/a-loop-that-is-done-can-be-abandoned", test_a_loop_that_is_done_can_be_abandoned, why);
  core_test_add_mock ("/abandon/calls-to-an-abandoned-run-are-dropped-and-their-data-freed",
                      test_calls_to_an_abandoned_run_are_dropped_and_their_data_freed, why);
  return g_test_run ();
}
