/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Mistakes after which nothing can go on: each dies with a sentence that names it, in a process of its own. Statements 8 and 83. */

#include "tests/core/core-test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's part: its last words go into the pipe, and nowhere else. Who lives on says nothing. */
static void
die (void (*run) (TrioFunc func), TrioFunc func, int words) G_GNUC_NORETURN;

static void
die (void (*run) (TrioFunc func), TrioFunc func, int words)
{
  const struct rlimit no_core = { 0, 0 };
  int nowhere = open ("/dev/null", O_WRONLY);

  setrlimit (RLIMIT_CORE, &no_core);
  if (dup2 (nowhere, STDOUT_FILENO) < 0 || dup2 (words, STDERR_FILENO) < 0)
    _exit (0);
  run (func);
  _exit (0);
}

/* Runs func in another process, and expects its end. A copy of this one is enough, and cheap enough for a thousand of them. */
static void
expect_death_in (void (*run) (TrioFunc func), TrioFunc func, const char *last_words)
{
  g_autoptr (GString) said = g_string_new (NULL);
  char buffer[1000];
  int words[2];
  int status;
  gssize n;
  pid_t pid;

  g_assert_cmpint (pipe (words), ==, 0);
  fflush (NULL);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    die (run, func, words[1]);

  close (words[1]);
  while ((n = read (words[0], buffer, sizeof buffer)) > 0)
    g_string_append_len (said, buffer, n);
  close (words[0]);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_false (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  if (!g_pattern_match_simple (last_words, said->str))
    g_error ("\"%s\" is not \"%s\"", said->str, last_words);
}

static void
run_alone (TrioFunc func)
{
  g_autoptr (GError) error = NULL;

  (void) !mock_run (func, NULL, &error);
}

static void
expect_death (TrioFunc func, const char *last_words)
{
  expect_death_in (run_alone, func, last_words);
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
run_with_wrong_answers (TrioFunc func)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  TrioChoice choice = { .choose = answer_too_much };

  world->world.choice = &choice;
  (void) !mock_run_in (world, func, NULL, NULL, NULL);
}

static void
test_a_world_that_answers_beyond_the_bound (void)
{
  expect_death_in (run_with_wrong_answers, two_tasks, "*the world answered 2 to the choice \"schedule\", which has 2 answers*");
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
  const char *forked = "its run ends the process, which is a copy for that";
  const char *alone = "there is one task in it, and so one order; and its run ends the process";

  g_test_init (&argc, &argv, NULL);
  core_test_add_mock ("/fatal/rescheduling-a-task-that-is-not-blocked", test_rescheduling_a_task_that_is_not_blocked, forked);
  core_test_add_ordered ("/fatal/rescheduling-the-running-task", test_rescheduling_the_running_task, alone);
  core_test_add_mock ("/fatal/waking-a-task-whose-abort-said-that-nobody-would", test_waking_a_task_whose_abort_said_that_nobody_would, forked);
  core_test_add_ordered ("/fatal/an-always-that-does-not-hold-in-production", test_an_always_that_does_not_hold_in_production, alone);
  core_test_add_ordered ("/fatal/reaching-the-unreachable-in-production", test_reaching_the_unreachable_in_production, alone);
  core_test_add_ordered ("/fatal/a-world-that-answers-beyond-the-bound", test_a_world_that_answers_beyond_the_bound,
                         "the first question about the order is answered wrongly on purpose, and ends the process");
  core_test_add_ordered ("/fatal/asking-for-sockets-where-there-are-none", test_asking_for_sockets_where_there_are_none, alone);
  return g_test_run ();
}
