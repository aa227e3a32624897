/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The structure of a run and the order in which it ends: statements 150 to 152, and 83's shape of an internal error. */

#include "core/kernel.h"
#include "tests/core/core-test.h"

static void
note_task (TrioTask *task, guint depth, gpointer unused G_GNUC_UNUSED)
{
  mock_say ("%u:%s", depth, trio_task_get_name (task));
}

static gboolean
end_slowly (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean ok = trio_sleep_forever (error);
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (NULL);

  mock_assert_says ((*error)->message, "the main task has ended");
  trio_cancel_scope_set_shield (shield, TRUE);
  g_assert_true (trio_sleep (10, NULL));
  mock_say ("system-task");
  if (!trio_cancel_scope_close (shield, TRUE))
    return FALSE;
  return ok;
}

static void
say (gpointer word)
{
  mock_say ("%s", (const char *) word);
}

static gboolean
call_at_the_end (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  gboolean ok = trio_sleep_forever (error);

  trio_cancel_shielded_checkpoint ();
  g_assert_true (trio_token_run_sync_soon (token, say, (char *) "call", NULL));
  return ok;
}

static gboolean
look_and_end (gpointer message, GError **error)
{
  TrioNursery *system = trio_loop_get_current ()->system_nursery;

  trio_nursery_start_soon (system, end_slowly, NULL);
  trio_nursery_start_soon (system, call_at_the_end, NULL);
  trio_foreach_task (note_task, NULL);
  g_assert_null (trio_task_get_parent (trio_task_get_parent (trio_current_task ())));
  if (!mock_yield (error))
    return FALSE;
  mock_say ("main-ends");
  return message == NULL ? TRUE : mock_fail (message, error);
}

/* (150, 151) */
static void
test_main_ends_then_system_tasks_then_the_calls_that_were_accepted (void)
{
  mock_run_ok (look_and_end, NULL);
  mock_expect_in_any_order ("0:init 1:end_slowly 1:call_at_the_end 1:main main-ends call system-task");
}

/* (152) */
static void
test_the_error_of_main_is_kept_aside_while_system_tasks_end (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (look_and_end, (char *) "mine", &error));
  g_assert_cmpstr (error->message, ==, "mine");
  mock_assert_error (error, TRIO_ERROR_FAILED);
  mock_expect_in_any_order ("0:init 1:end_slowly 1:call_at_the_end 1:main main-ends call system-task");
}

typedef struct
{
  TrioInstrument  instrument;
  TrioNursery    *forgotten;
} Last;

/* The last moment of init: its task is the only one left, and ends after this. */
static void
call_when_finished (TrioInstrument *instrument G_GNUC_UNUSED)
{
  g_autoptr (TrioToken) token = trio_current_token ();

  g_assert_true (trio_token_run_sync_soon (token, say, (char *) "call", NULL));
}

static gboolean
forget_a_nursery (gpointer data, GError **error)
{
  ((Last *) data)->forgotten = trio_nursery_open (error);
  return TRUE;
}

/* (122, 152) Main's mistakes are main's errors, not failures of the run: they do not cut its end short. */
static void
test_a_call_in_the_very_last_moment_runs_also_if_main_made_a_mistake (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  Last last = { .instrument = { .name = "last", .run_finished = call_when_finished } };
  TrioInstrument *instruments[] = { &last.instrument, NULL };
  TrioLoopOptions options = { .instruments = instruments };

  mock_expect_critical ("task \"main\" ended inside the nursery");
  g_assert_false (mock_run_in (world, forget_a_nursery, &last, &options, &error));
  g_test_assert_expected_messages ();
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  mock_expect ("call");
  trio_nursery_free (last.forgotten);
}

static gboolean
leave_nothing (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioLoopStatistics statistics;

  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  if (!mock_yield (error))
    return FALSE;
  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  g_assert_cmpuint (statistics.tasks_living, ==, 3);       /* init, main and the child */
  g_assert_cmpuint (statistics.scopes_open, ==, 3);        /* the nurseries of the system, of main and ours */
  g_assert_cmpuint (statistics.tasks_runnable, ==, 0);
  trio_nursery_cancel (nursery);
  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  g_assert_cmpuint (statistics.tasks_runnable, ==, 1);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_run_that_ended_has_no_task_and_no_scope (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  TrioLoop *loop = trio_loop_new (&world->world, leave_nothing, NULL, NULL, &error);
  TrioLoopStatistics statistics;

  while (!trio_loop_is_done (loop))
    trio_loop_turn (loop);
  trio_loop_get_statistics (loop, &statistics);
  g_assert_cmpuint (statistics.tasks_living, ==, 0);
  g_assert_cmpuint (statistics.tasks_runnable, ==, 0);
  g_assert_cmpuint (statistics.scopes_open, ==, 0);
  g_assert_cmpint (statistics.next_deadline, ==, G_MAXINT64);
  g_assert_true (trio_loop_finish (loop, &error));
}

/* ---- what breaks a run ---- */

static TrioAbort
answer_nonsense (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return (TrioAbort) 7;
}

static TrioAbort
reschedule_myself (TrioTask *task, gpointer data G_GNUC_UNUSED)
{
  trio_reschedule (task, NULL);
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_brokenly (gpointer abort_func, GError **error)
{
  return trio_wait_task_rescheduled ((TrioAbortFunc) abort_func, NULL, error);
}

static gboolean
cancel_what_is_broken (gpointer abort_func, GError **error)
{
  TrioNursery *nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, wait_brokenly, abort_func, NULL, "culprit");
  if (!mock_yield (error))
    return FALSE;
  trio_nursery_cancel (nursery);
  mock_say ("cancelled");
  (void) !trio_checkpoint (error);
  g_assert_not_reached ();
}

/* (83) */
static void
test_an_abort_function_that_breaks_its_promise_ends_the_run_and_is_named (void)
{
  static const TrioAbortFunc broken[] = { answer_nonsense, reschedule_myself };

  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (mock_run (cancel_what_is_broken, broken[i], &error));
      mock_assert_says (error->message, "\"culprit\"");
      mock_assert_error (error, TRIO_ERROR_INTERNAL);
      mock_expect ("cancelled");
    }
}

static gboolean
cancel_the_rest (MockWorld *world, TrioLoop *loop G_GNUC_UNUSED)
{
  world->on_idle = NULL;
  trio_nursery_cancel (world->data);
  return TRUE;
}

static gboolean
never_run_again (gpointer abort_func, GError **error)
{
  TrioNursery *nursery = trio_nursery_open (error);

  mock_world_current ()->data = nursery;
  trio_nursery_start_soon (nursery, wait_brokenly, abort_func);
  (void) !trio_sleep_forever (error);
  g_assert_not_reached ();
}

static gboolean
cancel_and_go_on (gpointer nursery, GError **error G_GNUC_UNUSED)
{
  trio_nursery_cancel ((TrioNursery *) nursery);
  mock_say ("cancelled");
  trio_cancel_shielded_checkpoint ();
  g_assert_not_reached ();
}

static gboolean
never_get_to_run (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

/* In one batch: who is broken waits, another cancels it, and a third would be next. */
static gboolean
break_before_others_run (gpointer abort_func, GError **error)
{
  TrioNursery *nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_brokenly, abort_func);
  trio_nursery_start_soon (nursery, cancel_and_go_on, nursery);
  trio_nursery_start_soon (nursery, never_get_to_run, NULL);
  (void) !trio_checkpoint (error);
  g_assert_not_reached ();
}

/* (83, 156) In the middle of a batch, and also when it breaks between two turns: no task takes another step. */
static void
test_after_an_internal_error_no_task_runs (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;

  world->on_idle = cancel_the_rest;
  g_assert_false (mock_run_in (world, never_run_again, answer_nonsense, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_INTERNAL);

  world->on_idle = NULL;
  g_assert_false (mock_run_in (world, break_before_others_run, answer_nonsense, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_INTERNAL);
  mock_expect ("cancelled");
}

static gboolean
fail_as_a_system_task (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return mock_fail ((char *) "system", error);
}

static gboolean
have_a_system_task_that_fails (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean ok;

  trio_nursery_start_soon (trio_loop_get_current ()->system_nursery, fail_as_a_system_task, NULL);
  ok = trio_sleep_forever (error);
  mock_say ("main-cancelled");
  return ok;
}

/* (153, 154) It cancels everything, main too, and is what the run ends with. */
static void
test_a_system_task_that_fails_cancels_main (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (have_a_system_task_that_fails, NULL, &error));
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_INTERNAL));
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_FAILED));
  g_assert_false (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  mock_assert_says (error->message, "system");
  mock_assert_error (error, TRIO_ERROR_GROUP);
  mock_expect ("main-cancelled");
}

static void
test_a_run_whose_first_stack_cannot_be_had_says_so (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  TrioLoopOptions options = { .stack_bytes = (gsize) 1 << 60 };

  g_assert_null (trio_loop_new (&world->world, mock_return, NULL, &options, &error));
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add ("/shutdown/main-ends-then-system-tasks-then-the-calls-that-were-accepted",
                 test_main_ends_then_system_tasks_then_the_calls_that_were_accepted);
  core_test_add ("/shutdown/the-error-of-main-is-kept-aside-while-system-tasks-end",
                 test_the_error_of_main_is_kept_aside_while_system_tasks_end);
  core_test_add_mock ("/shutdown/a-call-in-the-very-last-moment-runs-also-if-main-made-a-mistake",
                      test_a_call_in_the_very_last_moment_runs_also_if_main_made_a_mistake, "it drives the loop or the world itself");
  core_test_add_ordered ("/shutdown/a-run-that-ended-has-no-task-and-no-scope",
                         test_a_run_that_ended_has_no_task_and_no_scope, "it looks at one turn after the other");
  core_test_add_undisturbed ("/shutdown/an-abort-function-that-breaks-its-promise-ends-the-run-and-is-named",
                             test_an_abort_function_that_breaks_its_promise_ends_the_run_and_is_named,
                             "it looks at the complaint");
  core_test_add_ordered ("/shutdown/after-an-internal-error-no-task-runs",
                         test_after_an_internal_error_no_task_runs, "it looks at who would be next");
  core_test_add ("/shutdown/a-system-task-that-fails-cancels-main", test_a_system_task_that_fails_cancels_main);
  core_test_add_ordered ("/shutdown/a-run-whose-first-stack-cannot-be-had-says-so",
                         test_a_run_whose_first_stack_cannot_be_had_says_so, "no task gets to run");
  return g_test_run ();
}
