/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Nurseries: statements 57 to 64, and D3. (58 with an early return is in test-slots.c.) */

#include "tests/core/core-test.h"

static gboolean
die_slowly (gpointer name, GError **error)
{
  gboolean ok = trio_sleep_forever (error);
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (NULL);

  trio_cancel_scope_set_shield (shield, TRUE);
  g_assert_true (trio_sleep (100, NULL));
  mock_say ("%s", (const char *) name);
  if (!trio_cancel_scope_close (shield, TRUE))
    return FALSE;
  return ok;
}

static gboolean
fail_a_child (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, die_slowly, (char *) "a");
  trio_nursery_start_soon (nursery, die_slowly, (char *) "b");
  trio_nursery_start_soon (nursery, mock_fail, (char *) "child");
  ok = trio_nursery_close (nursery, TRUE);
  mock_say ("joined");
  return ok;
}

static gboolean
fail_the_body (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, die_slowly, (char *) "a");
  trio_nursery_start_soon (nursery, die_slowly, (char *) "b");
  if (!mock_yield (error))
    return FALSE;
  ok = trio_nursery_close (nursery, mock_fail ((char *) "body", error));
  mock_say ("joined");
  return ok;
}

/* (57) (59, D3: a single error comes out as it is) */
static void
test_the_first_error_cancels_all_and_is_awaited_by_all (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (fail_a_child, NULL, &error));
  g_assert_cmpstr (error->message, ==, "child");
  mock_assert_error (error, TRIO_ERROR_FAILED);
  mock_expect_in_any_order ("a b joined");
  g_assert_false (mock_run (fail_the_body, NULL, &error));
  g_assert_cmpstr (error->message, ==, "body");
  mock_assert_error (error, TRIO_ERROR_FAILED);
  mock_expect_in_any_order ("a b joined");
}

static gboolean
fail_when_cancelled (gpointer message, GError **error)
{
  g_assert_false (trio_sleep_forever (NULL));
  return mock_fail (message, error);
}

static gboolean
fail_many (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, fail_when_cancelled, (char *) "second");
  trio_nursery_start_soon (nursery, fail_when_cancelled, (char *) "third");
  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  trio_nursery_start_soon (nursery, mock_fail, (char *) "first");
  if (!trio_sleep_forever (NULL))
    (void) !mock_fail ((char *) "body", error);
  return trio_nursery_close (nursery, FALSE);
}

/* (58) */
static void
test_errors_are_kept_in_the_order_of_arrival (void)
{
  g_autoptr (GError) error = NULL;
  const GError *const *members;
  gsize n;

  g_assert_false (mock_run (fail_many, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_GROUP);
  members = trio_error_group_get_errors (error, &n);
  g_assert_cmpuint (n, ==, 4);
  g_assert_cmpstr (members[0]->message, ==, "first");
  /* The body was told before its children, and so failed before them. */
  g_assert_cmpstr (members[1]->message, ==, "body");
  g_assert_cmpstr (members[2]->message, ==, "second");
  g_assert_cmpstr (members[3]->message, ==, "third");
}

static gboolean
be_woken_by_a_crash (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, mock_fail, (char *) "crash");
  ok = trio_sleep_forever (error);
  g_assert_false (ok);
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  return trio_nursery_close (nursery, ok);
}

/* (60) */
static void
test_a_crash_of_a_child_wakes_the_body (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (be_woken_by_a_crash, NULL, &error));
  g_assert_cmpstr (error->message, ==, "crash");
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

/* ---- leaving ---- */

static guint64
count_steps (void)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  return statistics.steps;
}

static gboolean
leave_in_one_step (gpointer unused G_GNUC_UNUSED, GError **error)
{
  guint64 steps;

  for (int cancelled = 0; cancelled < 2; cancelled++)
    {
      guint64 before = count_steps ();
      g_autoptr (TrioNursery) empty = trio_nursery_open (error);
      g_autoptr (TrioNursery) full = NULL;

      g_assert_cmpuint (count_steps (), ==, before);
      if (cancelled)
        trio_nursery_cancel (empty);
      steps = count_steps ();
      if (!trio_nursery_close (empty, TRUE))
        return FALSE;
      g_assert_cmpuint (count_steps (), ==, steps + 1);

      full = trio_nursery_open (error);
      if (cancelled)
        trio_nursery_cancel (full);
      trio_nursery_start_soon (full, mock_return, NULL);
      trio_nursery_start_soon (full, mock_return, NULL);
      steps = count_steps ();
      if (!trio_nursery_close (full, TRUE))
        return FALSE;
      /* Two children, and this task once. */
      g_assert_cmpuint (count_steps (), ==, steps + 3);
    }
  return TRUE;
}

/* (61), and statement 23: of opening and leaving only leaving is a checkpoint. */
static void
test_leaving_is_exactly_one_wait_or_one_yield (void)
{
  mock_run_ok (leave_in_one_step, NULL);
}

static gboolean
be_cancelled_while_leaving (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioNursery) empty = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, die_slowly, (char *) "child");
  if (!trio_nursery_close (empty, TRUE))
    return FALSE;
  ok = trio_nursery_close (nursery, TRUE);
  /* What failed is the child, which had been told as well. */
  g_assert_false (ok);
  ok = trio_cancel_scope_close (scope, ok);
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  return ok;
}

static gboolean
be_cancelled_while_leaving_an_empty_one (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_cancel_scope_cancel (scope);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  return trio_cancel_scope_close (scope, trio_checkpoint (error));
}

/* (61) */
static void
test_a_cancellation_that_arrives_while_leaving_is_not_an_error_of_the_leaving (void)
{
  mock_run_ok (be_cancelled_while_leaving, NULL);
  mock_expect ("child");
  mock_run_ok (be_cancelled_while_leaving_an_empty_one, NULL);
}

/* ---- closing ---- */

static gboolean
spawn_a_sibling (gpointer data, GError **error)
{
  TrioNursery *nursery = data;

  if (!trio_sleep (10, error))
    return FALSE;
  trio_nursery_start_soon (nursery, die_slowly, (char *) "sibling");
  if (!mock_yield (error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return TRUE;
}

static gboolean
spawn_after_the_body (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, spawn_a_sibling, nursery);
  return trio_nursery_close (nursery, TRUE);
}

/* (63) (62, that a closed one refuses, is in test-misnesting.c) */
static void
test_after_the_body_has_ended_a_living_child_may_spawn_siblings (void)
{
  mock_run_ok (spawn_after_the_body, NULL);
  mock_expect ("sibling");
}

static gboolean
spawn_into_an_empty_one_that_closes (gpointer data, GError **error G_GNUC_UNUSED)
{
  trio_nursery_start_soon ((TrioNursery *) data, mock_sleep, GINT_TO_POINTER (20));
  return TRUE;
}

static gboolean
close_while_others_spawn (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  g_autoptr (TrioNursery) around = trio_nursery_open (error);
  g_autoptr (TrioNursery) empty = trio_nursery_open (error);

  /* It runs while the empty nursery yields once to be left. */
  trio_nursery_start_soon (around, spawn_into_an_empty_one_that_closes, empty);
  if (!trio_nursery_close (empty, TRUE))
    return FALSE;
  mock_assert_time (start + 20);
  return trio_nursery_close (around, TRUE);
}

static gboolean
never_starts (gpointer unused G_GNUC_UNUSED, TrioTaskStatus *status G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

static gboolean
spawn_too_late (gpointer data, GError **error G_GNUC_UNUSED)
{
  TrioNursery *nursery = data;
  g_autoptr (GError) refusal = NULL;

  mock_expect_critical ("is closed; task \"mock_return\" was not started");
  trio_nursery_start_soon (nursery, mock_return, NULL);
  g_test_assert_expected_messages ();
  g_assert_false (trio_nursery_start (nursery, never_starts, NULL, NULL, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_MISUSE);
  mock_say ("refused");
  return TRUE;
}

static gboolean
close_after_the_last_child (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) around = trio_nursery_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  /* The second runs when the first has ended, and before this task has gone on. */
  trio_nursery_start_soon (nursery, mock_return, NULL);
  trio_nursery_start_soon (around, spawn_too_late, nursery);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  mock_say ("left");
  return trio_nursery_close (around, TRUE);
}

/* (62) */
static void
test_a_nursery_is_closed_as_soon_as_its_last_child_has_ended (void)
{
  mock_run_ok (close_after_the_last_child, NULL);
  mock_expect ("refused left");
}

/* (62) */
static void
test_a_nursery_is_open_until_all_are_gone (void)
{
  mock_run_ok (close_while_others_spawn, NULL);
}

static gboolean
finish_behind_a_shield (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  if (!trio_sleep (100, error))
    return FALSE;
  mock_say ("finished");
  return trio_cancel_scope_close (shield, TRUE);
}

static gboolean
fail_later (gpointer unused G_GNUC_UNUSED, GError **error)
{
  if (!trio_sleep (10, error))
    return FALSE;
  return mock_fail ((char *) "sibling", error);
}

static gboolean
shield_one_of_two (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, finish_behind_a_shield, NULL);
  trio_nursery_start_soon (nursery, fail_later, NULL);
  return trio_nursery_close (nursery, TRUE);
}

/* (64) */
static void
test_a_shielded_child_finishes_although_its_sibling_failed (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (shield_one_of_two, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_FAILED);
  mock_expect ("finished");
}

static gboolean
cancel_by_hand (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  if (!mock_yield (error))
    return FALSE;
  trio_nursery_cancel (nursery);
  if (!trio_nursery_close (nursery, trio_checkpoint (error)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (trio_nursery_get_cancel_scope (nursery)));
  return trio_checkpoint (error);
}

static void
test_a_nursery_cancelled_by_hand_closes_well (void)
{
  mock_run_ok (cancel_by_hand, NULL);
}

static void
count_free (gpointer data)
{
  ++*(int *) data;
}

static gboolean
give_data_away (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, mock_check_in, data, count_free, "one");
  trio_nursery_start_soon_full (nursery, mock_sleep_forever, data, count_free, "two");
  trio_nursery_start_soon_full (nursery, mock_return, data, count_free, NULL);
  if (!mock_yield (error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_the_data_of_a_task_is_freed_when_it_has_ended (void)
{
  int n_freed = 0;

  mock_run_ok (give_data_away, &n_freed);
  g_assert_cmpint (n_freed, ==, 3);
}

static gboolean
lie (gpointer how, GError **error)
{
  if (GPOINTER_TO_INT (how) == 0)
    return FALSE;
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "set");
  return TRUE;
}

static gboolean
have_a_lying_child (gpointer how, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, lie, how);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_task_whose_answer_and_error_disagree_has_failed (void)
{
  for (int how = 0; how < 2; how++)
    {
      g_autoptr (GError) error = NULL;

      mock_expect_critical ("task \"lie\" returned");
      g_assert_false (mock_run (have_a_lying_child, GINT_TO_POINTER (how), &error));
      g_test_assert_expected_messages ();
      mock_assert_error (error, TRIO_ERROR_FAILED);
    }
  for (int how = 0; how < 2; how++)
    {
      g_autoptr (GError) error = NULL;

      mock_expect_critical ("main");
      g_assert_false (mock_run (lie, GINT_TO_POINTER (how), &error));
      g_test_assert_expected_messages ();
      mock_assert_error (error, TRIO_ERROR_FAILED);
    }
}

typedef struct
{
  gboolean reached_main;
  int      n_freed;
  int      n_refused;
} Scarce;

static gboolean
start_too_many (gpointer data, GError **error)
{
  Scarce *scarce = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  scarce->reached_main = TRUE;
  for (int i = 0; i < 64; i++)
    trio_nursery_start_soon_full (nursery, mock_sleep_forever, &scarce->n_freed, count_free, "giant");
  return trio_nursery_close (nursery, TRUE);
}

/* Of a system task the caller is told; its data stay the caller's. */
static gboolean
start_too_many_system_tasks (gpointer data, GError **error)
{
  Scarce *scarce = data;
  GError *failure = NULL;

  scarce->reached_main = TRUE;
  for (int i = 0; i < 64; i++)
    if (!trio_spawn_system_task (mock_sleep_forever, &scarce->n_freed, count_free, "giant", &failure))
      {
        mock_assert_says (failure->message, "no memory for the stack of a system task");
        mock_assert_error (failure, TRIO_ERROR_FAILED);
        scarce->n_refused++;
      }
  return trio_checkpoint (error);
}

/* Who finds no room for its stack fails its nursery, as if it had failed at once. */
static void
test_a_task_without_memory_for_its_stack_fails_the_nursery (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  /* Of an address space of 2^47 bytes sixteen of these are more than there is. */
  TrioLoopOptions options = { .stack_bytes = (gsize) 1 << 43 };
  Scarce scarce = { 0 };
  gboolean ok;

  /* A checker keeps books of all that address space. */
  if (mock_is_checked ())
    {
      g_test_skip ("not under a checker");
      return;
    }
  ok = mock_run_in (world, start_too_many, &scarce, &options, &error);
  if (!scarce.reached_main)
    {
      g_test_skip ("here not even the first task finds so much address space");
      return;
    }
  g_assert_false (ok);
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_FAILED));
  mock_assert_says (error->message, "no memory for the stack of task \"giant\"");
  g_assert_cmpint (scarce.n_freed, ==, 64);

  g_clear_error (&error);
  scarce = (Scarce) { 0 };
  g_assert_true (mock_run_in (world, start_too_many_system_tasks, &scarce, &options, &error));
  g_assert_cmpint (scarce.n_refused, >, 0);
  g_assert_cmpint (scarce.n_freed + scarce.n_refused, ==, 64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_undisturbed ("/nurseries/the-first-error-cancels-all-and-is-awaited-by-all",
                             test_the_first_error_cancels_all_and_is_awaited_by_all,
                             "a task dies slowly on purpose, and once");
  core_test_add_ordered ("/nurseries/errors-are-kept-in-the-order-of-arrival",
                         test_errors_are_kept_in_the_order_of_arrival,
                         "errors come in the order in which tasks were told");
  core_test_add_undisturbed ("/nurseries/a-crash-of-a-child-wakes-the-body",
                             test_a_crash_of_a_child_wakes_the_body,
                             "it looks at the reason");
  core_test_add ("/nurseries/leaving-is-exactly-one-wait-or-one-yield", test_leaving_is_exactly_one_wait_or_one_yield);
  core_test_add_undisturbed ("/nurseries/a-cancellation-that-arrives-while-leaving-is-not-an-error-of-the-leaving",
                             test_a_cancellation_that_arrives_while_leaving_is_not_an_error_of_the_leaving,
                             "a task dies slowly on purpose, and once");
  core_test_add_undisturbed ("/nurseries/after-the-body-has-ended-a-living-child-may-spawn-siblings",
                             test_after_the_body_has_ended_a_living_child_may_spawn_siblings,
                             "a task dies slowly on purpose, and once");
  core_test_add_ordered ("/nurseries/a-nursery-is-open-until-all-are-gone",
                         test_a_nursery_is_open_until_all_are_gone,
                         "a task runs in the one turn in which the nursery is being left");
  core_test_add_ordered ("/nurseries/a-nursery-is-closed-as-soon-as-its-last-child-has-ended",
                         test_a_nursery_is_closed_as_soon_as_its_last_child_has_ended,
                         "a task runs in the one turn in which the nursery is being left");
  core_test_add ("/nurseries/a-shielded-child-finishes-although-its-sibling-failed",
                 test_a_shielded_child_finishes_although_its_sibling_failed);
  core_test_add ("/nurseries/a-nursery-cancelled-by-hand-closes-well", test_a_nursery_cancelled_by_hand_closes_well);
  core_test_add ("/nurseries/the-data-of-a-task-is-freed-when-it-has-ended", test_the_data_of_a_task_is_freed_when_it_has_ended);
  core_test_add ("/nurseries/a-task-whose-answer-and-error-disagree-has-failed",
                 test_a_task_whose_answer_and_error_disagree_has_failed);
  core_test_add_mock ("/nurseries/a-task-without-memory-for-its-stack-fails-the-nursery",
                      test_a_task_without_memory_for_its_stack_fails_the_nursery, "it drives the loop or the world itself");
  return g_test_run ();
}
