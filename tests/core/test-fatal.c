/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Mistakes after which nothing can go on: each dies with a sentence that names it, in a process of its own. Statements 8 and 83. */

#include "tests/core/mock-world.h"

static void
run_in_child (TrioFunc func)
{
  g_autoptr (GError) error = NULL;

  (void) !mock_run (func, NULL, &error);
}

/* Runs this very test again in another process, where func is run, and expects its end. */
static void
expect_death (TrioFunc func, const char *last_words)
{
  if (g_test_subprocess ())
    {
      run_in_child (func);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (last_words);
}

static TrioAbort
abort_at_once (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_once (gpointer task, GError **error)
{
  *(TrioTask **) task = trio_current_task ();
  return trio_wait_task_rescheduled (abort_at_once, NULL, error);
}

static gboolean
reschedule_twice (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioTask *task = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, wait_once, &task, NULL, "sleeper");
  if (!mock_yield (error))
    return FALSE;
  trio_reschedule (task, NULL);
  trio_reschedule (task, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* (8) */
static void
test_rescheduling_a_task_that_is_not_blocked (void)
{
  expect_death (reschedule_twice, "*task \"sleeper\" (3) was rescheduled although it is not blocked*");
}

static gboolean
reschedule_myself (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  trio_reschedule (trio_current_task (), NULL);
  return TRUE;
}

/* (8) */
static void
test_rescheduling_the_running_task (void)
{
  expect_death (reschedule_myself, "*task \"main\" (2) was rescheduled although it is not blocked*");
}

static TrioAbort
lie_about_the_abort (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  /* It says that nobody will reschedule the task, but leaves it where it can be found. */
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_with_a_lie (gpointer task, GError **error)
{
  *(TrioTask **) task = trio_current_task ();
  return trio_wait_task_rescheduled (lie_about_the_abort, NULL, error);
}

static gboolean
wake_after_a_lie (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioTask *task = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, wait_with_a_lie, &task, NULL, "liar");
  if (!mock_yield (error))
    return FALSE;
  trio_nursery_cancel (nursery);
  trio_reschedule (task, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* (80) */
static void
test_waking_a_task_whose_abort_said_that_nobody_would (void)
{
  expect_death (wake_after_a_lie, "*task \"liar\"*its abort function answered SUCCEEDED and left it in a queue*");
}

static gboolean
break_a_promise (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  trio_always (1 + 1 == 2, "sums are right");
  trio_sometimes (FALSE, "never mind");
  trio_always (1 + 1 == 3, "sums are odd");
  return TRUE;
}

static void
test_an_always_that_does_not_hold_in_production (void)
{
  expect_death (break_a_promise, "*test-fatal.c:*this must always hold, and does not: sums are odd*");
}

static gboolean
reach_the_unreachable (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  trio_unreachable ("the far side");
  return TRUE;
}

static void
test_reaching_the_unreachable_in_production (void)
{
  expect_death (reach_the_unreachable, "*reached what must not be reached: the far side*");
}

static guint32
answer_too_much (TrioChoice *choice G_GNUC_UNUSED, const TrioChoicePoint *point)
{
  return point->bound;
}

static gboolean
two_tasks (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, mock_return, NULL);
  trio_nursery_start_soon (nursery, mock_return, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_world_that_answers_beyond_the_bound (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (MockWorld) world = mock_world_new ();
      TrioChoice choice = { .choose = answer_too_much };

      world->world.choice = &choice;
      (void) !mock_run_in (world, two_tasks, NULL, NULL, NULL);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*the world answered 2 to the choice \"schedule\", which has 2 answers*");
}

static gboolean
ask_for_sockets (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  mock_world_current ()->world.io = NULL;
  g_assert_null (trio_current_io ());
  return TRUE;
}

static void
test_asking_for_sockets_where_there_are_none (void)
{
  expect_death (ask_for_sockets, "*there is no run on this thread that has sockets*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fatal/rescheduling-a-task-that-is-not-blocked", test_rescheduling_a_task_that_is_not_blocked);
  g_test_add_func ("/fatal/rescheduling-the-running-task", test_rescheduling_the_running_task);
  g_test_add_func ("/fatal/waking-a-task-whose-abort-said-that-nobody-would",
                   test_waking_a_task_whose_abort_said_that_nobody_would);
  g_test_add_func ("/fatal/an-always-that-does-not-hold-in-production", test_an_always_that_does_not_hold_in_production);
  g_test_add_func ("/fatal/reaching-the-unreachable-in-production", test_reaching_the_unreachable_in_production);
  g_test_add_func ("/fatal/a-world-that-answers-beyond-the-bound", test_a_world_that_answers_beyond_the_bound);
  g_test_add_func ("/fatal/asking-for-sockets-where-there-are-none", test_asking_for_sockets_where_there_are_none);
  return g_test_run ();
}
