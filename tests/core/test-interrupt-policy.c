/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Which tasks a Ctrl-C reaches, and holding it off: D4. */

#include "tests/core/core-test.h"

static void
interrupt_here (void)
{
  trio_loop_interrupt (trio_loop_get_current ());
}

static gboolean
run_for_all (TrioFunc func, gpointer data, GError **error)
{
  const TrioLoopOptions options = { .interrupt_policy = TRIO_INTERRUPT_ALL };
  g_autoptr (MockWorld) world = mock_world_new ();

  return mock_run_in (world, func, data, &options, error);
}

/* Says what came to it, and passes it on. */
static gboolean
say_what_comes (gpointer name, GError **error)
{
  gboolean ok = trio_sleep_forever (error);

  mock_say ("%s:%s", (char *) name, g_error_matches (*error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT) ? "interrupt" : "cancelled");
  return ok;
}

static gboolean
three_who_sleep (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, say_what_comes, "a");
  trio_nursery_start_soon (nursery, say_what_comes, "b");
  if (!trio_sleep (1, error))
    return FALSE;
  interrupt_here ();
  return trio_nursery_close (nursery, say_what_comes ("main", error));
}

static void
test_by_default_main_is_told_and_the_others_are_cancelled (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (three_who_sleep, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  mock_expect_in_any_order ("main:interrupt a:cancelled b:cancelled");
}

/* D4: every task is told, and what comes out is one interrupt. */
static void
test_all_are_told_and_one_interrupt_comes_out (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (run_for_all (three_who_sleep, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  mock_expect_in_any_order ("a:interrupt b:interrupt main:interrupt");
}

static gboolean
fail_when_interrupted (gpointer unused G_GNUC_UNUSED, GError **error)
{
  if (trio_sleep_forever (error))
    return TRUE;
  g_clear_error (error);
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "could not save");
  return FALSE;
}

static gboolean
one_who_fails (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, fail_when_interrupted, NULL);
  trio_nursery_start_soon (nursery, say_what_comes, "other");
  if (!trio_sleep (1, error))
    return FALSE;
  interrupt_here ();
  return trio_nursery_close (nursery, trio_sleep_forever (error));
}

/* D4: what is neither an interrupt nor a cancellation is grouped with it. */
static void
test_other_errors_are_grouped_with_the_interrupt (void)
{
  g_autoptr (GError) error = NULL;
  const GError *const *members;
  gsize n;

  g_assert_false (run_for_all (one_who_fails, NULL, &error));
  members = trio_error_group_get_errors (error, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_error (members[0], TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_assert_error (members[1], TRIO_ERROR, TRIO_ERROR_FAILED);
  mock_expect ("other:interrupt");
}

static gboolean
end_with_what_was_cancelled_too (gpointer unused G_GNUC_UNUSED, GError **error)
{
  GError *cancelled = g_error_new_literal (TRIO_ERROR, TRIO_ERROR_CANCELLED, "from a scope of its own");

  interrupt_here ();
  g_assert_false (trio_sleep_forever (error));
  *error = trio_error_merge (cancelled, *error);
  return FALSE;
}

/* D4: cancellations beside it collapse into it. */
static void
test_cancellations_collapse_into_the_interrupt (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (run_for_all (end_with_what_was_cancelled_too, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

static gboolean
beside_a_system_task (gpointer unused G_GNUC_UNUSED, GError **error)
{
  if (!trio_spawn_system_task (say_what_comes, (char *) "system", NULL, "system", error) || !trio_sleep (1, error))
    return FALSE;
  interrupt_here ();
  return trio_sleep_forever (error);
}

/* Statements 147, 151: a system task is not told; it is cancelled when main has ended. */
static void
test_system_tasks_are_never_told (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (run_for_all (beside_a_system_task, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  mock_expect ("system:cancelled");
}

static gboolean
hold_it_off (gpointer unused G_GNUC_UNUSED, GError **error)
{
  {
    g_auto (TrioInterruptHold) outer G_GNUC_UNUSED = trio_hold_interrupts ();

    {
      g_auto (TrioInterruptHold) inner = trio_hold_interrupts ();

      interrupt_here ();
      if (!trio_sleep (5, error))
        return FALSE;
      trio_interrupt_hold_release (&inner);
      trio_interrupt_hold_release (&inner);
    }
    g_assert_cmpint (trio_current_effective_deadline (), ==, G_MAXINT64);
    if (!mock_yield (error))
      return FALSE;
  }
  mock_say ("held");
  return trio_checkpoint (error);
}

/* Statement 141: held off, it comes at the first checkpoint after the block. Holds nest. */
static void
test_a_hold_keeps_it_off_for_a_block (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (hold_it_off, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
  mock_expect ("held");
}

static gboolean
cancelled_while_held (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (TrioInterruptHold) hold G_GNUC_UNUSED = trio_hold_interrupts ();
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (5, error);

  interrupt_here ();
  if (!trio_cancel_scope_close (scope, trio_sleep_forever (error)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  return TRUE;
}

/* A hold is no shield; and what main has not seen is the run's: statement 145. */
static void
test_a_hold_lets_cancellations_through (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (cancelled_while_held, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_undisturbed ("/interrupt-policy/by-default-main-is-told-and-the-others-are-cancelled",
                             test_by_default_main_is_told_and_the_others_are_cancelled, "it looks at who is told of one Ctrl-C");
  core_test_add_mock ("/interrupt-policy/all-are-told-and-one-interrupt-comes-out",
                      test_all_are_told_and_one_interrupt_comes_out, "the policy is an option of the mock world's run");
  core_test_add_mock ("/interrupt-policy/other-errors-are-grouped-with-the-interrupt",
                      test_other_errors_are_grouped_with_the_interrupt, "the policy is an option of the mock world's run");
  core_test_add_mock ("/interrupt-policy/cancellations-collapse-into-the-interrupt", test_cancellations_collapse_into_the_interrupt,
                      "the policy is an option of the mock world's run");
  core_test_add_mock ("/interrupt-policy/system-tasks-are-never-told", test_system_tasks_are_never_told,
                      "the policy is an option of the mock world's run");
  core_test_add_undisturbed ("/interrupt-policy/a-hold-keeps-it-off-for-a-block", test_a_hold_keeps_it_off_for_a_block,
                             "it looks at who is told of one Ctrl-C");
  core_test_add ("/interrupt-policy/a-hold-lets-cancellations-through", test_a_hold_lets_cancellations_through);
  return g_test_run ();
}
