/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What belongs to the run itself: system tasks, values of the run, and strands, which are no tasks at all. */

#include <trio/lowlevel/run-local.h>
#include <trio/seam/strand.h>
#include <trio/task-local.h>

#include "core/kernel.h"
#include "tests/core/core-test.h"

/* --- system tasks --- */

static gboolean
say_when_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean ok = trio_sleep_forever (error);

  mock_say ("system-cancelled");
  return ok;
}

static void
say_destroyed (gpointer data)
{
  mock_say ("destroyed-%s", (const char *) data);
}

static gboolean
spawn_and_go (gpointer unused G_GNUC_UNUSED, GError **error)
{
  if (!trio_spawn_system_task (say_when_cancelled, (char *) "x", say_destroyed, NULL, error))
    return FALSE;
  mock_say ("child-ended");
  return TRUE;
}

static gboolean
outlive_the_task_that_asked (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, spawn_and_go, NULL);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  if (!trio_sleep (1000, error))
    return FALSE;
  mock_say ("main-ended");
  return TRUE;
}

/* Statements 150, 151. */
static void
test_a_system_task_outlives_who_asked_for_it_and_ends_with_main (void)
{
  mock_run_ok (outlive_the_task_that_asked, NULL);
  mock_expect ("child-ended main-ended system-cancelled destroyed-x");
}

static gboolean
look_at_names (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_assert_cmpstr (trio_task_get_name (trio_current_task ()), ==, "system task");
  g_assert_true (trio_task_get_parent (trio_current_task ()) == trio_loop_get_current ()->init);
  mock_say ("looked");
  return TRUE;
}

static void
spawn_from_a_call (gpointer event)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (trio_current_task ());
  g_assert_true (trio_spawn_system_task (look_at_names, NULL, NULL, NULL, &error));
  trio_event_set (event);
}

static gboolean
let_a_call_spawn (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) event = trio_event_new ();

  trio_token_run_sync_soon (token, spawn_from_a_call, event, NULL);
  return trio_event_wait (event, error) && trio_checkpoint (error) && trio_checkpoint (error);
}

static void
test_a_call_from_elsewhere_can_start_a_system_task (void)
{
  mock_run_ok (let_a_call_spawn, NULL);
  mock_expect ("looked");
}

static gboolean
keep_the_loop_turning (gpointer event, GError **error)
{
  while (!trio_event_is_set (event))
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
have_a_call_spawn_and_end (gpointer event, GError **error G_GNUC_UNUSED)
{
  g_autoptr (TrioToken) token = trio_current_token ();

  trio_token_run_sync_soon (token, spawn_from_a_call, event, NULL);
  return TRUE;
}

/* The turn in which the call is made begins on the stack of the one that ends. */
static gboolean
let_one_end_before_its_call (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (TrioEvent) event = trio_event_new ();
      g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

      trio_nursery_start_soon (nursery, keep_the_loop_turning, event);
      trio_nursery_start_soon (nursery, have_a_call_spawn_and_end, event);
      if (!trio_event_wait (event, error) || !trio_nursery_close (nursery, TRUE))
        return FALSE;
    }
  return TRUE;
}

static void
test_what_spawns_while_a_task_ends_does_not_get_its_stack (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_run (let_one_end_before_its_call, NULL, &error));
  mock_forget ();
}

static gboolean
try_while_the_run_ends (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean ok = trio_sleep_forever (error);
  g_autoptr (GError) refused = NULL;

  g_assert_false (trio_spawn_system_task (say_when_cancelled, NULL, say_destroyed, NULL, &refused));
  mock_assert_error (refused, TRIO_ERROR_RUN_FINISHED);
  mock_say ("refused");
  return ok;
}

static gboolean
start_one_that_tries_at_the_end (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_spawn_system_task (try_while_the_run_ends, NULL, NULL, "late", error);
}

/* Statements 134, 151. */
static void
test_when_main_has_ended_no_system_task_is_taken (void)
{
  mock_run_ok (start_one_that_tries_at_the_end, NULL);
  mock_expect ("refused");
}

static TrioTaskLocal colour = TRIO_TASK_LOCAL_INIT ("colour", NULL, NULL);

static gboolean
say_colour (gpointer who, GError **error G_GNUC_UNUSED)
{
  const char *value = trio_task_local_get (&colour);

  mock_say ("%s-%s", (const char *) who, value != NULL ? value : "none");
  return TRUE;
}

static gboolean
start_a_child_and_a_system_task (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_task_local_set (&colour, (char *) "red");
  trio_nursery_start_soon (nursery, say_colour, (char *) "child");
  if (!trio_spawn_system_task (say_colour, (char *) "system", NULL, NULL, error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

/* Statement 155. */
static void
test_a_system_task_inherits_nothing (void)
{
  mock_run_ok (start_a_child_and_a_system_task, NULL);
  mock_expect_in_any_order ("child-red system-none");
}

static gboolean
fail_with (gpointer code, GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, GPOINTER_TO_INT (code), "crashed");
  return FALSE;
}

static gboolean
wait_for_the_crash (gpointer code, GError **error)
{
  if (!trio_spawn_system_task (say_when_cancelled, NULL, NULL, NULL, error)
      || !trio_spawn_system_task (fail_with, code, NULL, NULL, error))
    return FALSE;
  return trio_sleep_forever (error);
}

/* Statements 148, 153, 154. */
static void
test_a_system_task_that_fails_is_an_internal_error_that_holds_the_cause (void)
{
  static const int codes[] = { TRIO_ERROR_FAILED, TRIO_ERROR_KEYBOARD_INTERRUPT };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (mock_run (wait_for_the_crash, GINT_TO_POINTER (codes[i]), &error));
      g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_INTERNAL));
      g_assert_true (trio_error_contains (error, TRIO_ERROR, codes[i]));
      g_assert_false (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
      mock_expect ("system-cancelled");
    }
}

/* --- values of the run --- */

static char first_key, second_key;

static gboolean
set_values (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_assert_null (trio_run_local_get (&first_key));
  trio_run_local_set (&first_key, (char *) "one", say_destroyed);
  trio_run_local_set (&second_key, (char *) "two", say_destroyed);
  g_assert_cmpstr (trio_run_local_get (&first_key), ==, "one");
  trio_run_local_set (&first_key, (char *) "uno", say_destroyed);
  g_assert_cmpstr (trio_run_local_get (&first_key), ==, "uno");
  g_assert_cmpstr (trio_run_local_get (&second_key), ==, "two");
  return trio_checkpoint (error);
}

static void
test_a_value_of_the_run_is_freed_with_it (void)
{
  mock_run_ok (set_values, NULL);
  mock_expect ("destroyed-one destroyed-two destroyed-uno");
  /* Another run has none of it. */
  mock_run_ok (set_values, NULL);
  mock_expect ("destroyed-one destroyed-two destroyed-uno");
}

static gboolean
set_a_value_and_hang (gpointer unused G_GNUC_UNUSED, GError **error)
{
  trio_run_local_set (&first_key, (char *) "lost", say_destroyed);
  return trio_sleep_forever (error);
}

static void
test_a_value_is_freed_with_an_abandoned_run (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (set_a_value_and_hang, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_DEADLOCK);
  mock_expect ("destroyed-lost");
}

/* --- strands --- */

static void
walk (gpointer data)
{
  guint *n_steps = data;

  for (guint i = 0; i < 3; i++)
    {
      g_assert_null (trio_current_task ());
      g_assert_null (trio_loop_get_current ());
      g_assert_nonnull (trio_strand_get_current ());
      ++*n_steps;
      trio_strand_pause ();
    }
}

static gboolean
let_two_walk (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioTask *self = trio_current_task ();
  TrioLoop *loop = trio_loop_get_current ();
  guint n_first = 0, n_second = 0;
  TrioStrand *first = trio_strand_new (loop, walk, &n_first, "first");
  TrioStrand *second = trio_strand_new (loop, walk, &n_second, "second");

  g_assert_false (trio_strand_resume (first));
  g_assert_false (trio_strand_resume (second));
  g_assert_false (trio_strand_resume (first));
  g_assert_cmpuint (n_first, ==, 2);
  g_assert_cmpuint (n_second, ==, 1);
  g_assert_null (trio_strand_get_current ());
  g_assert_true (trio_current_task () == self && trio_loop_get_current () == loop);
  if (!trio_checkpoint (error))
    return FALSE;
  g_assert_false (trio_strand_resume (first));
  g_assert_true (trio_strand_resume (first));
  g_assert_cmpuint (n_first, ==, 3);

  /* One has ended, one is dropped where it stands. */
  trio_strand_free (first);
  trio_strand_free (second);
  return TRUE;
}

static void
test_a_strand_runs_on_the_runs_thread_and_sees_no_run (void)
{
  mock_run_ok (let_two_walk, NULL);
}

TRIO_CHECKPOINT static void
try_to_wait (gpointer data)
{
  GError **error = data;

  mock_expect_critical ("called outside a task");
  g_assert_false (trio_sleep (1, error));
  g_test_assert_expected_messages ();
}

static gboolean
let_one_try_to_wait (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) refused = NULL;
  TrioStrand *strand = trio_strand_new (trio_loop_get_current (), try_to_wait, &refused, "waiter");

  g_assert_true (trio_strand_resume (strand));
  mock_assert_error (refused, TRIO_ERROR_MISUSE);
  trio_strand_free (strand);
  return TRUE;
}

static void
test_a_strand_may_not_wait_like_a_task (void)
{
  mock_run_ok (let_one_try_to_wait, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add ("/system-tasks/one-outlives-who-asked-for-it-and-ends-with-main",
                 test_a_system_task_outlives_who_asked_for_it_and_ends_with_main);
  core_test_add ("/system-tasks/a-call-from-elsewhere-can-start-one", test_a_call_from_elsewhere_can_start_a_system_task);
  core_test_add_mock ("/system-tasks/what-spawns-while-a-task-ends-does-not-get-its-stack",
                      test_what_spawns_while_a_task_ends_does_not_get_its_stack, "it is about the loop's own turns");
  core_test_add ("/system-tasks/when-main-has-ended-none-is-taken", test_when_main_has_ended_no_system_task_is_taken);
  core_test_add ("/system-tasks/one-inherits-nothing", test_a_system_task_inherits_nothing);
  core_test_add ("/system-tasks/one-that-fails-is-an-internal-error-that-holds-the-cause",
                 test_a_system_task_that_fails_is_an_internal_error_that_holds_the_cause);
  core_test_add ("/run-local/a-value-is-freed-with-the-run", test_a_value_of_the_run_is_freed_with_it);
  core_test_add_mock ("/run-local/a-value-is-freed-with-an-abandoned-run",
                      test_a_value_is_freed_with_an_abandoned_run,
                      "it is abandoned");
  core_test_add ("/strand/it-runs-on-the-runs-thread-and-sees-no-run", test_a_strand_runs_on_the_runs_thread_and_sees_no_run);
  core_test_add ("/strand/it-may-not-wait-like-a-task", test_a_strand_may_not_wait_like_a_task);
  return g_test_run ();
}
