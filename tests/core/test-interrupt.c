/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Ctrl-C, as trio_loop_interrupt() tells the kernel of it: statements 141 to 146, 149 and the second half of 61, under D4. */

#include "tests/core/core-test.h"

static void
interrupt_here (void)
{
  trio_loop_interrupt (trio_loop_get_current ());
}

static gboolean
interrupt_once (MockWorld *world, TrioLoop *loop)
{
  world->on_idle = NULL;
  trio_loop_interrupt (loop);
  return TRUE;
}

/* Runs it, and interrupts once when nothing is runnable. */
static gboolean
run_and_interrupt (TrioFunc func, gpointer data, GError **error)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  gboolean ok;

  world->on_idle = interrupt_once;
  ok = mock_run_in (world, func, data, NULL, error);
  g_assert_null (world->on_idle);
  return ok;
}

static gboolean
sleep_long (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  gboolean ok = trio_sleep (1000, error);

  mock_assert_time (start);
  return ok;
}

/* (141) */
static void
test_it_ends_the_wait_of_main (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (run_and_interrupt (sleep_long, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

static gboolean
interrupt_and_go_on (gpointer unused G_GNUC_UNUSED, GError **error)
{
  interrupt_here ();
  g_assert_cmpint (trio_current_effective_deadline (), ==, G_MININT64);
  /* (146) Nothing happens between checkpoints; a shielded one is none. */
  trio_cancel_shielded_checkpoint ();
  g_assert_false (trio_checkpoint (error));
  mock_assert_error (*error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  /* (143) It is delivered once. */
  g_assert_cmpint (trio_current_effective_deadline (), ==, G_MAXINT64);
  if (!mock_yield (error))
    return FALSE;

  /* (144) */
  interrupt_here ();
  g_assert_false (trio_checkpoint_if_cancelled (error));
  mock_assert_error (*error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;

  interrupt_here ();
  interrupt_here ();
  g_assert_false (trio_sleep (5, error));
  mock_assert_error (*error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  return trio_sleep (5, error);
}

/* (141, 143, 144, 146) */
static void
test_it_comes_at_the_next_checkpoint_of_a_running_main_and_only_there (void)
{
  mock_run_ok (interrupt_and_go_on, NULL);
}

static gboolean
interrupt_and_check_in (gpointer unused G_GNUC_UNUSED, GError **error)
{
  interrupt_here ();
  if (!mock_yield (error))
    return FALSE;
  mock_say ("child");
  return TRUE;
}

static gboolean
be_interrupted_by_a_child (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, interrupt_and_check_in, NULL);
  g_assert_false (trio_sleep_forever (error));
  mock_assert_error (*error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  mock_say ("main");
  return trio_nursery_close (nursery, TRUE);
}

/* (D4) */
static void
test_it_is_for_main_whoever_runs (void)
{
  mock_run_ok (be_interrupted_by_a_child, NULL);
  mock_expect ("main child");
}

static gboolean
be_cancelled_too (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (outer);
  interrupt_here ();
  g_assert_false (trio_checkpoint (error));
  mock_assert_error (*error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_assert_false (trio_checkpoint (error));
  mock_assert_error (*error, TRIO_ERROR_CANCELLED);

  trio_cancel_scope_set_shield (shield, TRUE);
  if (!mock_yield (error))
    return FALSE;
  interrupt_here ();
  g_assert_false (trio_sleep_forever (error));
  mock_assert_error (*error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  if (!mock_yield (error))
    return FALSE;
  return trio_cancel_scope_close (outer, trio_cancel_scope_close (shield, TRUE));
}

/* (142) */
static void
test_it_comes_before_a_cancellation_and_through_shields (void)
{
  mock_run_ok (be_cancelled_too, NULL);
}

/* ---- the abort protocol ---- */

static TrioAbort
count_and_refuse (TrioTask *task G_GNUC_UNUSED, gpointer n_aborts)
{
  ++*(int *) n_aborts;
  return TRIO_ABORT_FAILED;
}

static gboolean
wake_main_later (gpointer task, GError **error)
{
  for (int i = 0; i < 3; i++)
    if (!mock_yield (error))
      return FALSE;
  interrupt_here ();
  interrupt_here ();
  if (!mock_yield (error))
    return FALSE;
  trio_reschedule (task, NULL);
  return TRUE;
}

static gboolean
refuse_to_be_interrupted (gpointer unused G_GNUC_UNUSED, GError **error)
{
  int n_aborts = 0;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wake_main_later, trio_current_task ());
  if (!trio_wait_task_rescheduled (count_and_refuse, &n_aborts, error))
    return FALSE;
  g_assert_cmpint (n_aborts, ==, 1);
  g_assert_false (trio_checkpoint (error));
  mock_assert_error (*error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  if (!mock_yield (error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

/* (143) */
static void
test_a_failed_abort_postpones_it (void)
{
  mock_run_ok (refuse_to_be_interrupted, NULL);
}

static TrioAbort
capture (TrioTask *task, gpointer captured)
{
  *(GError **) captured = trio_task_raise_cancel (task);
  return TRIO_ABORT_FAILED;
}

typedef struct
{
  TrioTask *task;
  GError   *captured;
} Slow;

static gboolean
deliver_captured (gpointer data, GError **error)
{
  Slow *slow = data;

  interrupt_here ();
  g_assert_error (slow->captured, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  if (!mock_yield (error))
    return FALSE;
  trio_reschedule (slow->task, g_steal_pointer (&slow->captured));
  return TRUE;
}

static gboolean
abort_slowly (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Slow slow = { .task = trio_current_task () };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, deliver_captured, &slow);
  g_assert_false (trio_wait_task_rescheduled (capture, &slow.captured, error));
  mock_assert_error (*error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  if (!mock_yield (error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

/* (143) */
static void
test_a_slow_abort_delivers_it_later (void)
{
  mock_run_ok (abort_slowly, NULL);
}

/* ---- nurseries ---- */

static gboolean
see_why (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean ok = trio_sleep_forever (error);

  mock_assert_says ((*error)->message, "task \"main\" was interrupted");
  mock_say ("child");
  return ok;
}

static gboolean
be_interrupted_in_the_body (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, see_why, NULL);
  return trio_nursery_close (nursery, trio_sleep_forever (error));
}

static gboolean
be_interrupted_while_joining (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, see_why, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* (149, 61) */
static void
test_the_nurseries_of_main_cancel_the_rest_and_say_why (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (run_and_interrupt (be_interrupted_in_the_body, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  mock_expect ("child");
  g_assert_false (run_and_interrupt (be_interrupted_while_joining, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  mock_expect ("child");
}

static gboolean
take_your_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  if (!trio_sleep (10, error))
    return FALSE;
  interrupt_here ();
  if (!trio_sleep (10, error))
    return FALSE;
  return trio_cancel_scope_close (shield, TRUE);
}

static gboolean
be_interrupted_twice (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, take_your_time, NULL);
  if (!mock_yield (error))
    return FALSE;
  interrupt_here ();
  ok = trio_nursery_close (nursery, trio_checkpoint (error));
  /* Both are in the slot by now, and none is left for the next checkpoint. */
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_GROUP);
  g_assert_true (trio_checkpoint (NULL));
  return ok;
}

/* (D4) A second Ctrl-C while the first is being handled is delivered again; the join goes on. */
static void
test_a_second_one_while_children_are_joined_is_kept_as_well (void)
{
  g_autoptr (GError) error = NULL;
  const GError *const *members;
  gsize n;

  g_assert_false (mock_run (be_interrupted_twice, NULL, &error));
  members = trio_error_group_get_errors (error, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_error (members[0], TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_assert_error (members[1], TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

/* ---- the edges of the run ---- */

static gboolean
run_interrupted_before (TrioFunc func, GError **error)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  TrioLoop *loop = trio_loop_new (&world->world, func, NULL, NULL, error);

  g_assert_nonnull (loop);
  trio_loop_interrupt (loop);
  while (!trio_loop_is_done (loop))
    trio_loop_turn (loop);
  return trio_loop_finish (loop, error);
}

/* (145) */
static void
test_one_that_came_before_main_is_not_lost (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (run_interrupted_before (mock_check_in, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  /* Main that never looks cannot notice; the run does. */
  g_assert_false (run_interrupted_before (mock_return, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

static void
interrupt_late (gpointer unused G_GNUC_UNUSED)
{
  interrupt_here ();
}

static gboolean
end_and_be_interrupted (gpointer fail, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();

  g_assert_true (trio_token_run_sync_soon (token, interrupt_late, NULL, NULL));
  return fail == NULL ? TRUE : mock_fail ((char *) "main", error);
}

/* (145) */
static void
test_one_that_comes_after_main_is_what_the_run_ends_with (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (end_and_be_interrupted, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_assert_false (mock_run (end_and_be_interrupted, (char *) "fail", &error));
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT));
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_FAILED));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_mock ("/interrupt/it-ends-the-wait-of-main",
                      test_it_ends_the_wait_of_main, "it drives the loop or the world itself");
  core_test_add_undisturbed ("/interrupt/it-comes-at-the-next-checkpoint-of-a-running-main-and-only-there",
                             test_it_comes_at_the_next_checkpoint_of_a_running_main_and_only_there,
                             "it looks at what comes of one Ctrl-C");
  core_test_add_undisturbed ("/interrupt/it-is-for-main-whoever-runs",
                             test_it_is_for_main_whoever_runs,
                             "it looks at what comes of one Ctrl-C");
  core_test_add_undisturbed ("/interrupt/it-comes-before-a-cancellation-and-through-shields",
                             test_it_comes_before_a_cancellation_and_through_shields,
                             "it looks at what comes of one Ctrl-C");
  core_test_add_undisturbed ("/interrupt/a-failed-abort-postpones-it",
                             test_a_failed_abort_postpones_it,
                             "its wait ends only when it is told to");
  core_test_add_undisturbed ("/interrupt/a-slow-abort-delivers-it-later",
                             test_a_slow_abort_delivers_it_later,
                             "it looks at what comes of one Ctrl-C");
  core_test_add_mock ("/interrupt/the-nurseries-of-main-cancel-the-rest-and-say-why",
                      test_the_nurseries_of_main_cancel_the_rest_and_say_why, "it drives the loop or the world itself");
  core_test_add_mock ("/interrupt/a-second-one-while-children-are-joined-is-kept-as-well",
                      test_a_second_one_while_children_are_joined_is_kept_as_well,
                      "two Ctrl-C come in two turns");
  core_test_add_mock ("/interrupt/one-that-came-before-main-is-not-lost",
                      test_one_that_came_before_main_is_not_lost, "it drives the loop or the world itself");
  core_test_add ("/interrupt/one-that-comes-after-main-is-what-the-run-ends-with",
                 test_one_that_comes_after_main_is_what_the_run_ends_with);
  return g_test_run ();
}
