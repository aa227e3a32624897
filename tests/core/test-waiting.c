/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The two verbs and their abort functions: statements 78 to 82, 84 to 86, and D6. (8 and 83 are in test-fatal.c.) */

#include "core/kernel.h"
#include "tests/core/core-test.h"

typedef struct
{
  TrioTask        *task;
  TrioCancelScope *scope;
  TrioCancelScope *other;
  TrioAbort        answer;
  int              n_aborts;
  GError          *captured;
} Wait;

static TrioAbort
answer_abort (TrioTask *task, gpointer data)
{
  Wait *wait = data;

  g_assert_true (task == wait->task);
  g_assert_cmpint (trio_task_get_state (task), ==, TRIO_TASK_BLOCKED);
  g_assert_cmpstr (trio_task_get_wait (task), ==, "trio_wait_task_rescheduled");
  wait->n_aborts++;
  mock_say ("abort");
  return wait->answer;
}

static gboolean
wait_in_scopes (gpointer data, GError **error)
{
  Wait *wait = data;
  g_autoptr (TrioCancelScope) other = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  wait->task = trio_current_task ();
  wait->scope = scope;
  wait->other = other;
  ok = trio_wait_task_rescheduled (answer_abort, wait, error);
  mock_say ("woke:%d", ok);
  ok = trio_cancel_scope_close (scope, ok && trio_checkpoint (error));
  wait->scope = NULL;
  mock_say ("left:%d", ok);
  ok = trio_cancel_scope_close (other, ok);
  wait->other = NULL;
  return ok;
}

/* ---- when it is called ---- */

static gboolean
say (gpointer word, GError **error G_GNUC_UNUSED)
{
  mock_say ("%s", (const char *) word);
  return TRUE;
}

static gboolean
block_when_cancelled_already (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Wait wait = { .task = trio_current_task (), .answer = TRIO_ABORT_SUCCEEDED };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_nursery_start_soon (nursery, say, (char *) "other");
  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_wait_task_rescheduled (answer_abort, &wait, error));
  mock_say ("back");
  if (!trio_cancel_scope_close (scope, FALSE))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

/* (78) It has blocked when its abort function is called, and that happens in the same step. */
static void
test_who_blocks_when_cancelled_already_is_aborted_right_after (void)
{
  mock_run_ok (block_when_cancelled_already, NULL);
  mock_expect ("abort other back");
}

static gboolean
cancel_twice (gpointer data, GError **error)
{
  Wait *wait = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_in_scopes, wait);
  if (!mock_yield (error))
    return FALSE;
  trio_cancel_scope_cancel (wait->scope);
  trio_cancel_scope_cancel (wait->scope);
  trio_cancel_scope_cancel (wait->other);
  trio_nursery_cancel (nursery);
  if (wait->answer == TRIO_ABORT_FAILED)
    {
      for (int i = 0; i < 3; i++)
        trio_cancel_shielded_checkpoint ();
      mock_say ("now");
      trio_reschedule (wait->task, NULL);
    }
  return trio_nursery_close (nursery, TRUE);
}

/* (79, 80) */
static void
test_an_abort_function_is_called_once_although_several_scopes_are_cancelled (void)
{
  Wait wait = { .answer = TRIO_ABORT_SUCCEEDED };

  mock_run_ok (cancel_twice, &wait);
  g_assert_cmpint (wait.n_aborts, ==, 1);
  mock_expect ("abort woke:0 left:0");
}

/* (79, 81) */
static void
test_after_a_failed_abort_the_normal_result_stands_and_the_next_checkpoint_fails (void)
{
  Wait wait = { .answer = TRIO_ABORT_FAILED };

  mock_run_ok (cancel_twice, &wait);
  g_assert_cmpint (wait.n_aborts, ==, 1);
  mock_expect ("abort now woke:1 left:0");
}

/* The cancellation goes out of sight and comes back while the wait that could not be stopped goes on. */
static gboolean
cancel_and_shield_and_lower (gpointer data, GError **error)
{
  Wait *wait = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_in_scopes, wait);
  if (!mock_yield (error))
    return FALSE;
  trio_nursery_cancel (nursery);
  for (int i = 0; i < 2; i++)
    {
      trio_cancel_scope_set_shield (wait->scope, TRUE);
      trio_cancel_scope_set_shield (wait->scope, FALSE);
    }
  trio_reschedule (wait->task, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* (79) */
static void
test_an_abort_function_is_called_once_although_a_shield_comes_and_goes (void)
{
  Wait wait = { .answer = TRIO_ABORT_FAILED };

  mock_run_ok (cancel_and_shield_and_lower, &wait);
  g_assert_cmpint (wait.n_aborts, ==, 1);
  mock_expect ("abort woke:1 left:0");
}

static gboolean
cancel_one_scope (gpointer data, GError **error)
{
  Wait *wait = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_in_scopes, wait);
  if (!mock_yield (error))
    return FALSE;
  trio_cancel_scope_cancel (wait->scope);
  g_assert_cmpint (wait->n_aborts, ==, 1);
  if (wait->answer == TRIO_ABORT_FAILED)
    trio_reschedule (wait->task, g_error_new_literal (TRIO_ERROR, TRIO_ERROR_FAILED, "another result"));
  return trio_nursery_close (nursery, TRUE);
}

/* (81) Its result may be an error as well. */
static void
test_after_a_failed_abort_an_error_may_be_the_result (void)
{
  Wait wait = { .answer = TRIO_ABORT_FAILED };
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (cancel_one_scope, &wait, &error));
  g_assert_cmpstr (error->message, ==, "another result");
  mock_assert_error (error, TRIO_ERROR_FAILED);
  mock_expect ("abort woke:0 left:0");
}

/* ---- a cancellation that is reported later ---- */

static TrioAbort
capture_and_fail (TrioTask *task, gpointer data)
{
  Wait *wait = data;

  wait->captured = trio_task_raise_cancel (task);
  return TRIO_ABORT_FAILED;
}

static gboolean
wait_captured (gpointer data, GError **error)
{
  Wait *wait = data;
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);
  gboolean ok;

  wait->task = trio_current_task ();
  wait->scope = outer;
  wait->other = shield;
  ok = trio_wait_task_rescheduled (capture_and_fail, wait, error);
  g_assert_false (ok);
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  ok = trio_cancel_scope_close (shield, ok);
  g_assert_false (ok);
  ok = trio_cancel_scope_close (outer, ok);
  g_assert_true (trio_cancel_scope_cancelled_caught (outer));
  return ok;
}

static gboolean
deliver_late (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Wait wait = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_captured, &wait);
  if (!mock_yield (error))
    return FALSE;
  trio_cancel_scope_cancel (wait.scope);
  g_assert_nonnull (wait.captured);
  trio_cancel_scope_set_shield (wait.other, TRUE);
  if (!mock_yield (error))
    return FALSE;
  trio_reschedule (wait.task, g_steal_pointer (&wait.captured));
  return trio_nursery_close (nursery, TRUE);
}

/* (82) */
static void
test_a_captured_cancellation_is_delivered_in_spite_of_a_later_shield (void)
{
  mock_run_ok (deliver_late, NULL);
}

static gboolean
wait_for_anything (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Wait wait = { .task = trio_current_task () };
  gboolean ok = trio_wait_task_rescheduled (answer_abort, &wait, error);

  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_clear_error (error);
  return !ok;
}

static gboolean
interrupt_once (MockWorld *world, TrioLoop *loop)
{
  world->on_idle = NULL;
  trio_loop_interrupt (loop);
  return TRUE;
}

/* (84) */
static void
test_the_outcome_of_an_abort_may_be_an_interrupt (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;

  world->on_idle = interrupt_once;
  g_assert_true (mock_run_in (world, wait_for_anything, NULL, NULL, &error));
  g_assert_no_error (error);
  mock_expect ("abort");
}

/* ---- after the wait ---- */

static gboolean
be_rescheduled (gpointer data, GError **error)
{
  Wait *wait = data;

  wait->task = trio_current_task ();
  return trio_wait_task_rescheduled (answer_abort, data, error);
}

static gboolean
look_at_a_rescheduled_task (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Wait wait = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, be_rescheduled, &wait);
  if (!mock_yield (error))
    return FALSE;
  g_assert_nonnull (wait.task->abort);
  trio_reschedule (wait.task, NULL);
  g_assert_null (wait.task->abort);
  g_assert_null (wait.task->wait_data);
  g_assert_null (trio_task_get_wait (wait.task));
  g_assert_cmpint (trio_task_get_state (wait.task), ==, TRIO_TASK_RUNNABLE);
  trio_nursery_cancel (nursery);
  g_assert_cmpint (wait.n_aborts, ==, 0);
  return trio_nursery_close (nursery, TRUE);
}

/* (85, D6) */
static void
test_a_rescheduled_task_has_no_abort_function_any_more (void)
{
  mock_run_ok (look_at_a_rescheduled_task, NULL);
}

/* ---- re-entrancy ---- */

enum { N_CHAIN = 5 };

typedef struct
{
  TrioCancelScope *scopes[N_CHAIN];
  int              n_aborts;
} Chain;

typedef struct
{
  Chain *chain;
  int    place;
} ChainLink;

static TrioAbort
cancel_all_others (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  ChainLink *link = data;

  link->chain->n_aborts++;
  mock_say ("%d", link->place);
  /* Everything, its own scope included, and shields and deadlines too. */
  for (int i = N_CHAIN - 1; i >= 0; i--)
    {
      trio_cancel_scope_set_deadline (link->chain->scopes[i], 1);
      trio_cancel_scope_cancel (link->chain->scopes[i]);
    }
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_in_a_chain (gpointer data, GError **error)
{
  ChainLink *link = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  link->chain->scopes[link->place] = scope;
  if (link->place == 2)
    trio_cancel_scope_set_shield (scope, TRUE);
  ok = trio_wait_task_rescheduled (cancel_all_others, link, error);
  /* Nobody may cancel a scope that is gone. */
  for (int i = 0; i < 3; i++)
    trio_cancel_shielded_checkpoint ();
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
cancel_a_chain (gpointer whole, GError **error)
{
  Chain chain = { 0 };
  ChainLink links[N_CHAIN];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < N_CHAIN; i++)
    {
      links[i] = (ChainLink) { &chain, i };
      trio_nursery_start_soon (nursery, wait_in_a_chain, &links[i]);
    }
  if (!mock_yield (error))
    return FALSE;
  if (whole != NULL)
    trio_nursery_cancel (nursery);
  else
    trio_cancel_scope_cancel (chain.scopes[0]);
  g_assert_cmpint (chain.n_aborts, ==, N_CHAIN);
  return trio_nursery_close (nursery, TRUE);
}

/* (86) */
static void
test_an_abort_function_may_cancel_anything (void)
{
  mock_run_ok (cancel_a_chain, NULL);
  mock_expect_in_any_order ("0 4 3 2 1");
  mock_run_ok (cancel_a_chain, GINT_TO_POINTER (TRUE));
  /* All but the shielded one had been told to wait for their turn. */
  mock_expect_in_any_order ("0 2 1 3 4");
}

/* ---- what a wait says of itself ---- */

static void
describe (gpointer data, GString *out)
{
  g_string_append (out, data);
}

static gboolean
wait_with_a_name (gpointer data, GError **error)
{
  static const TrioWaitClass klass = { "brew_tea", answer_abort, describe };
  Wait *wait = data;

  wait->task = trio_current_task ();
  return trio_wait (&klass, (char *) "the water is cold", error);
}

static gboolean
ask_a_wait (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Wait wait = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_with_a_name, &wait);
  if (!mock_yield (error))
    return FALSE;
  g_assert_cmpstr (trio_task_get_wait (wait.task), ==, "brew_tea");
  trio_task_describe_wait (wait.task, text);
  g_assert_cmpstr (text->str, ==, "brew_tea: the water is cold");
  g_assert_null (trio_task_get_wait (trio_current_task ()));
  trio_task_describe_wait (trio_current_task (), text);
  g_assert_cmpstr (text->str, ==, "brew_tea: the water is cold");
  trio_reschedule (wait.task, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_wait_can_say_what_it_is (void)
{
  mock_run_ok (ask_a_wait, NULL);
}

static void
note_task (TrioTask *task, guint depth, gpointer unused G_GNUC_UNUSED)
{
  mock_say ("%u:%s", depth, trio_task_get_name (task));
}

static gboolean
have_two_nurseries (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) first = trio_nursery_open (error);
  g_autoptr (TrioNursery) second = trio_nursery_open (error);

  trio_nursery_start_soon_full (second, mock_sleep_forever, NULL, NULL, "c");
  trio_nursery_start_soon_full (first, mock_sleep_forever, NULL, NULL, "a");
  trio_nursery_start_soon_full (first, mock_sleep_forever, NULL, NULL, "b");
  return trio_nursery_close (first, trio_nursery_close (second, trio_sleep_forever (error)));
}

static gboolean
walk_the_tree (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, have_two_nurseries, NULL, NULL, "family");
  trio_nursery_start_soon_full (nursery, mock_sleep_forever, NULL, NULL, "last");
  for (int i = 0; i < 2; i++)
    if (!mock_yield (error))
      return FALSE;
  trio_foreach_task (note_task, NULL);
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_the_tree_of_tasks_is_walked_parents_first_and_siblings_in_order (void)
{
  mock_run_ok (walk_the_tree, NULL);
  mock_expect ("0:init 1:main 2:family 3:a 3:b 3:c 2:last");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_ordered ("/waiting/who-blocks-when-cancelled-already-is-aborted-right-after",
                         test_who_blocks_when_cancelled_already_is_aborted_right_after,
                         "how often others run meanwhile is the order of production");
  core_test_add_undisturbed ("/waiting/an-abort-function-is-called-once-although-a-shield-comes-and-goes",
                             test_an_abort_function_is_called_once_although_a_shield_comes_and_goes,
                             "it counts what one cancellation does");
  core_test_add_undisturbed ("/waiting/an-abort-function-is-called-once-although-several-scopes-are-cancelled",
                             test_an_abort_function_is_called_once_although_several_scopes_are_cancelled,
                             "its waits end only when they are told to");
  core_test_add_undisturbed ("/waiting/after-a-failed-abort-the-normal-result-stands-and-the-next-checkpoint-fails",
                             test_after_a_failed_abort_the_normal_result_stands_and_the_next_checkpoint_fails,
                             "its waits end only when they are told to");
  core_test_add_undisturbed ("/waiting/after-a-failed-abort-an-error-may-be-the-result",
                             test_after_a_failed_abort_an_error_may_be_the_result,
                             "its waits end only when they are told to");
  core_test_add_undisturbed ("/waiting/a-captured-cancellation-is-delivered-in-spite-of-a-later-shield",
                             test_a_captured_cancellation_is_delivered_in_spite_of_a_later_shield,
                             "its waits end only when they are told to");
  core_test_add_mock ("/waiting/the-outcome-of-an-abort-may-be-an-interrupt",
                      test_the_outcome_of_an_abort_may_be_an_interrupt, "it drives the loop or the world itself");
  core_test_add ("/waiting/a-rescheduled-task-has-no-abort-function-any-more",
                 test_a_rescheduled_task_has_no_abort_function_any_more);
  core_test_add_undisturbed ("/waiting/an-abort-function-may-cancel-anything",
                             test_an_abort_function_may_cancel_anything,
                             "its waits end only when they are told to");
  core_test_add_undisturbed ("/waiting/a-wait-can-say-what-it-is",
                             test_a_wait_can_say_what_it_is,
                             "its waits end only when they are told to");
  core_test_add ("/waiting/the-tree-of-tasks-is-walked-parents-first-and-siblings-in-order",
                 test_the_tree_of_tasks_is_walked_parents_first_and_siblings_in_order);
  return g_test_run ();
}
