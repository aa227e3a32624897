/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The turn, and who runs when: statements 1, 2, 3, 7, 10, 117 and D15. */

#include "tests/core/core-test.h"

static guint64
current_turn (void)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  return statistics.turns;
}

/* ---- the phases ---- */

static void
say_poll (MockWorld *world G_GNUC_UNUSED)
{
  mock_say ("io");
}

static TrioAbort
say_deadline (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  mock_say ("deadline");
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_at_most_ten (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);
  gboolean ok = trio_wait_task_rescheduled (say_deadline, NULL, error);

  mock_say ("waiter");
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
watch_one_turn (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_at_most_ten, NULL);
  if (!mock_yield (error))
    return FALSE;
  mock_advance (10);
  mock_world_current ()->on_poll = say_poll;
  if (!mock_yield (error))
    return FALSE;
  mock_say ("main");
  mock_world_current ()->on_poll = NULL;
  return trio_nursery_close (nursery, TRUE);
}

/* (1) io, then deadlines, then the batch; who was runnable before goes first. */
static void
test_a_turn_asks_io_then_expires_deadlines_then_runs_the_batch (void)
{
  mock_run_ok (watch_one_turn, NULL);
  mock_expect ("io deadline main waiter");
}

static gboolean
sleep_and_then_wait (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = NULL;

  if (!mock_yield (error))
    return FALSE;
  if (!trio_sleep (500, error))
    return FALSE;
  scope = trio_move_on_after (300, error);
  return trio_cancel_scope_close (scope, trio_sleep_forever (error));
}

/* (2) The patience is nothing while a task is runnable, else the time of the next deadline, a sleeper's or a scope's. */
static void
test_patience_is_nothing_or_the_next_deadline (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  TrioLoop *loop = trio_loop_new (&world->world, sleep_and_then_wait, NULL, NULL, &error);
  gint64 due;

  while ((due = trio_loop_turn (loop)) == G_MININT64)
    ;
  g_assert_cmpint (due, ==, world->now + 500);
  world->now = due;
  while ((due = trio_loop_turn (loop)) == G_MININT64)
    ;
  g_assert_cmpint (due, ==, world->now + 300);
  world->now = due;
  while (!trio_loop_is_done (loop))
    g_assert_cmpint (trio_loop_turn (loop), ==, G_MININT64);
  g_assert_true (trio_loop_finish (loop, &error));
  g_assert_no_error (error);
}

/* (2) With nothing runnable and no deadline the patience has no end; the driver sees that nothing can come. */
static void
test_a_run_that_nothing_can_wake_is_seen_by_its_driver (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (mock_sleep_forever, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_DEADLOCK);
}

/* ---- the batch ---- */

typedef struct
{
  TrioTask *sleeper;
  guint64   woken_in;
  guint64   ran_in;
} Wake;

static TrioAbort
abort_at_once (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
be_woken (gpointer data, GError **error)
{
  Wake *wake = data;
  gboolean ok;

  wake->sleeper = trio_current_task ();
  ok = trio_wait_task_rescheduled (abort_at_once, NULL, error);
  wake->ran_in = current_turn ();
  return ok;
}

static gboolean
wake_it (gpointer data, GError **error G_GNUC_UNUSED)
{
  Wake *wake = data;

  trio_reschedule (wake->sleeper, NULL);
  wake->woken_in = current_turn ();
  return TRUE;
}

static gboolean
wake_across_a_turn (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, be_woken, data);
  trio_nursery_start_soon (nursery, wake_it, data);
  return trio_nursery_close (nursery, TRUE);
}

/* (3) */
static void
test_a_task_made_runnable_during_the_batch_runs_in_the_next_turn (void)
{
  Wake wake = { 0 };

  mock_run_ok (wake_across_a_turn, &wake);
  g_assert_cmpuint (wake.ran_in, ==, wake.woken_in + 1);
}

static void
count_poll (MockWorld *world)
{
  ++*(guint *) world->data;
}

static gboolean
be_busy (gpointer data, GError **error)
{
  gboolean *woke = data;

  for (int i = 0; i < 1000; i++)
    {
      guint64 turn = current_turn ();

      mock_advance (1);
      if (!mock_yield (error))
        return FALSE;
      g_assert_cmpuint (current_turn (), >, turn);
      /* The sleeper is woken in the turn in which the clock passes 50, and runs in that very batch. */
      g_assert_cmpint (*woke, ==, i >= 50);
    }
  return TRUE;
}

static gboolean
sleep_fifty (gpointer data, GError **error)
{
  gint64 start = trio_current_time ();
  gboolean *woke = data;

  if (!trio_sleep (50, error))
    return FALSE;
  /* The busy task was in line before it, and computed once more. */
  mock_assert_time (start + 51);
  *woke = TRUE;
  return TRUE;
}

static gboolean
be_busy_beside_a_sleeper (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean woke = FALSE;
  guint n_polls = 0;

  trio_nursery_start_soon (nursery, sleep_fifty, &woke);
  if (!mock_yield (error))
    return FALSE;
  mock_world_current ()->data = &n_polls;
  mock_world_current ()->on_poll = count_poll;
  g_assert_true (be_busy (&woke, error));
  mock_world_current ()->on_poll = NULL;
  g_assert_cmpuint (n_polls, >=, 1000 / 64);
  return trio_nursery_close (nursery, TRUE);
}

/* (3) (4, D1: io is asked often, if not always) Between any two steps of a task io and deadlines are looked at. */
static void
test_a_busy_task_starves_neither_io_nor_deadlines (void)
{
  mock_run_ok (be_busy_beside_a_sleeper, NULL);
}

/* ---- spawning and alternating ---- */

static gboolean
set_true (gpointer data, GError **error G_GNUC_UNUSED)
{
  *(gboolean *) data = TRUE;
  return TRUE;
}

static gboolean
spawn_and_look (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ran = FALSE;

  trio_nursery_start_soon (nursery, set_true, &ran);
  g_assert_false (ran);
  if (!mock_yield (error))
    return FALSE;
  g_assert_true (ran);
  return trio_nursery_close (nursery, TRUE);
}

/* (7) */
static void
test_a_new_task_never_runs_inside_the_call_that_makes_it (void)
{
  mock_run_ok (spawn_and_look, NULL);
}

static gboolean
say_name_thrice (gpointer name, GError **error)
{
  for (int i = 0; i < 3; i++)
    {
      mock_say ("%s", (const char *) name);
      if (!mock_yield (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
start_three (gpointer func, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, (TrioFunc) func, (char *) "a");
  trio_nursery_start_soon (nursery, (TrioFunc) func, (char *) "b");
  trio_nursery_start_soon (nursery, (TrioFunc) func, (char *) "c");
  return trio_nursery_close (nursery, TRUE);
}

/* (10) */
static void
test_tasks_that_check_in_take_turns (void)
{
  mock_run_ok (start_three, say_name_thrice);
  mock_expect ("a b c a b c a b c");
}

static gboolean
sleep_to_one_instant (gpointer name, GError **error)
{
  /* Armed in the order of a, b, c. */
  if (!trio_sleep_until (5000, error))
    return FALSE;
  mock_assert_time (5000);
  mock_say ("%s", (const char *) name);
  return TRUE;
}

/* (D15) */
static void
test_sleepers_of_one_instant_wake_in_the_order_of_falling_asleep (void)
{
  mock_run_ok (start_three, sleep_to_one_instant);
  mock_expect ("a b c");
}

static gboolean
sleep_in_many_ways (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const GTimeSpan spans[] = { 1, 7, 1000, 999999, 86400 * G_TIME_SPAN_SECOND * 400 };

  for (guint i = 0; i < G_N_ELEMENTS (spans); i++)
    {
      gint64 before = trio_current_time ();

      if (!trio_sleep (spans[i], error))
        return FALSE;
      mock_assert_time (before + spans[i]);
    }
  /* Nothing to wait for is a checkpoint all the same. */
  for (int way = 0; way < 3; way++)
    {
      gint64 before = trio_current_time ();
      guint64 turn = current_turn ();

      if (!(way == 0 ? trio_sleep (0, error) : way == 1 ? trio_sleep (-5, error) : trio_sleep_until (before - 5, error)))
        return FALSE;
      mock_assert_time (before);
      g_assert_cmpuint (current_turn (), ==, turn + 1);
    }
  return TRUE;
}

/* (117) */
static void
test_no_sleep_is_shorter_than_asked (void)
{
  mock_run_ok (sleep_in_many_ways, NULL);
}

static gboolean
sleep_for_ever_by_number (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);

  return trio_cancel_scope_close (scope, trio_sleep (G_MAXINT64, error));
}

/* A span past the end of time is no overflow. */
static void
test_a_sleep_beyond_the_end_of_time_lasts_for_ever (void)
{
  mock_run_ok (sleep_for_ever_by_number, NULL);
}

static gboolean
never_main (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

static gboolean
start_a_run_inside (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_assert_false (mock_run (never_main, NULL, error));
  return FALSE;
}

static void
test_a_run_inside_a_run_is_refused (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (start_a_run_inside, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_MISUSE);
}

TRIO_CHECKPOINT static void
test_waiting_outside_a_task_is_refused (void)
{
  g_autoptr (GError) error = NULL;

  mock_expect_critical ("outside a task");
  g_assert_false (trio_checkpoint (&error));
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  mock_expect_critical ("outside a task");
  g_assert_false (trio_sleep (1, &error));
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  mock_expect_critical ("outside a task");
  g_assert_null (trio_nursery_open (&error));
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  g_test_assert_expected_messages ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_ordered ("/scheduling/a-turn-asks-io-then-expires-deadlines-then-runs-the-batch",
                         test_a_turn_asks_io_then_expires_deadlines_then_runs_the_batch, "this is what the order of production is");
  core_test_add_ordered ("/scheduling/patience-is-nothing-or-the-next-deadline",
                         test_patience_is_nothing_or_the_next_deadline, "it looks at one turn after the other");
  core_test_add_mock ("/scheduling/a-run-that-nothing-can-wake-is-seen-by-its-driver",
                      test_a_run_that_nothing_can_wake_is_seen_by_its_driver,
                      "the world is its driver");
  core_test_add_ordered ("/scheduling/a-task-made-runnable-during-the-batch-runs-in-the-next-turn",
                         test_a_task_made_runnable_during_the_batch_runs_in_the_next_turn,
                         "this is what the order of production is");
  core_test_add_ordered ("/scheduling/a-busy-task-starves-neither-io-nor-deadlines",
                         test_a_busy_task_starves_neither_io_nor_deadlines, "it looks at one turn after the other");
  core_test_add ("/scheduling/a-new-task-never-runs-inside-the-call-that-makes-it",
                 test_a_new_task_never_runs_inside_the_call_that_makes_it);
  core_test_add_ordered ("/scheduling/tasks-that-check-in-take-turns",
                         test_tasks_that_check_in_take_turns,
                         "this is what the order of production is");
  core_test_add_ordered ("/scheduling/sleepers-of-one-instant-wake-in-the-order-of-falling-asleep",
                         test_sleepers_of_one_instant_wake_in_the_order_of_falling_asleep,
                         "this is what the order of production is");
  core_test_add ("/scheduling/no-sleep-is-shorter-than-asked", test_no_sleep_is_shorter_than_asked);
  core_test_add ("/scheduling/a-sleep-beyond-the-end-of-time-lasts-for-ever", test_a_sleep_beyond_the_end_of_time_lasts_for_ever);
  core_test_add_mock ("/scheduling/a-run-inside-a-run-is-refused",
                      test_a_run_inside_a_run_is_refused,
                      "the world is its driver");
  g_test_add_func ("/scheduling/waiting-outside-a-task-is-refused", test_waiting_outside_a_task_is_refused);
  return g_test_run ();
}
