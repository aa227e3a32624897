/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Task-local values: inherited at birth from the task that starts the new one; statement 155, and what Trio does with context
 * variables. */

#include <trio/lowlevel/token.h>

#include "tests/sync/sync-test.h"

/* Values that are counted: how many there are now. */
static int n_values;

static gpointer
value_new (const char *text)
{
  n_values++;
  return g_strdup (text);
}

static gpointer
value_copy (gpointer value)
{
  g_autofree char *text = g_strconcat (value, "'", NULL);

  return value_new (text);
}

static void
value_free (gpointer value)
{
  n_values--;
  g_free (value);
}

static TrioTaskLocal request = TRIO_TASK_LOCAL_INIT ("request", NULL, value_free);
static TrioTaskLocal user = TRIO_TASK_LOCAL_INIT ("user", NULL, value_free);
static TrioTaskLocal own = TRIO_TASK_LOCAL_INIT ("own", value_copy, value_free);
static TrioTaskLocal plain = TRIO_TASK_LOCAL_INIT ("plain", NULL, NULL);

static void
expect (TrioTaskLocal *local, const char *text)
{
  g_assert_cmpstr (trio_task_local_get (local), ==, text);
}

static gboolean
change_and_look (gpointer text, GError **error)
{
  expect (&request, "parent's");
  trio_task_local_set (&request, value_new (text));
  if (!trio_checkpoint (error))
    return FALSE;
  expect (&request, text);
  return TRUE;
}

/* A child begins with its parent's values; what either of them sets later is nobody else's business. */
static gboolean
test_children_inherit_and_then_go_their_own_way (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const char *const texts[] = { "a's", "b's", "c's" };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  n_values = 0;
  expect (&request, NULL);
  trio_task_local_set (&request, value_new ("parent's"));
  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, change_and_look, (gpointer) texts[i]);
  /* They have what it was when they were started. */
  trio_task_local_set (&request, value_new ("later"));
  ok = trio_nursery_close (nursery, TRUE);
  expect (&request, "later");
  g_assert_cmpint (n_values, ==, 1);
  trio_task_local_set (&request, NULL);
  expect (&request, NULL);
  g_assert_cmpint (n_values, ==, 0);
  return ok;
}

static gboolean
hold_and_look (gpointer event, GError **error)
{
  const char *mine = trio_task_local_get (&request);

  g_assert_cmpstr (mine, ==, "shared");
  if (!trio_event_wait (event, error))
    return FALSE;
  g_assert_cmpstr (mine, ==, "shared");
  g_assert_true (mine == trio_task_local_get (&request));
  return TRUE;
}

/* A pointer that a task got is good until that task sets another value, whatever the others do with theirs. */
static gboolean
test_a_value_lives_as_long_as_anybody_has_it (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  n_values = 0;
  trio_task_local_set (&request, value_new ("shared"));
  trio_nursery_start_soon (nursery, hold_and_look, event);
  trio_task_local_set (&user, value_new ("another variable"));
  sync_test_settle ();
  trio_task_local_set (&request, NULL);
  g_assert_cmpint (n_values, ==, 2);
  trio_event_set (event);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (n_values, ==, 1);
  trio_task_local_set (&user, NULL);
  return TRUE;
}

static gboolean
look_at_own (gpointer text, GError **error)
{
  expect (&own, text);
  expect (&plain, "plain");
  return trio_checkpoint (error);
}

static gboolean
start_another (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  expect (&own, "x'");
  trio_nursery_start_soon (nursery, look_at_own, (gpointer) "x''");
  return trio_nursery_close (nursery, TRUE);
}

/* With a copy function each task has a value of its own, made from that of the task that started it. */
static gboolean
test_a_copy_for_each_task (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  n_values = 0;
  trio_task_local_set (&plain, (gpointer) "plain");
  trio_task_local_set (&own, value_new ("x"));
  trio_nursery_start_soon (nursery, look_at_own, (gpointer) "x'");
  trio_nursery_start_soon (nursery, start_another, NULL);
  ok = trio_nursery_close (nursery, TRUE);
  expect (&own, "x");
  g_assert_cmpint (n_values, ==, 1);
  trio_task_local_set (&own, NULL);
  return ok;
}

static gboolean
look_for_outer (gpointer text, GError **error)
{
  expect (&request, text);
  return trio_checkpoint (error);
}

static gboolean
start_in_outer (gpointer nursery, GError **error)
{
  trio_task_local_set (&request, value_new ("inner"));
  trio_nursery_start_soon (nursery, look_for_outer, (gpointer) "inner");
  return trio_checkpoint (error);
}

static gboolean
ready_at_once (gpointer text, TrioTaskStatus *status, GError **error)
{
  expect (&request, text);
  trio_task_status_started (status, NULL);
  expect (&request, text);
  return trio_checkpoint (error);
}

/* Who starts it counts, not in whose nursery it lives. */
static gboolean
test_the_one_who_starts_it_is_inherited_from (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) outer = trio_nursery_open (error);
  g_autoptr (TrioNursery) inner = NULL;

  trio_task_local_set (&request, value_new ("outer"));
  inner = trio_nursery_open (error);
  trio_nursery_start_soon (inner, start_in_outer, outer);
  if (!trio_nursery_start (outer, ready_at_once, (gpointer) "outer", NULL, error) || !trio_nursery_close (inner, TRUE))
    return FALSE;
  return trio_nursery_close (outer, TRUE);
}

static gboolean
begin_with_nothing (gpointer unused G_GNUC_UNUSED, GError **error)
{
  expect (&request, NULL);
  expect (&own, NULL);
  trio_task_local_set (&request, value_new ("main's"));
  trio_task_local_set (&own, value_new ("main's"));
  return trio_checkpoint (error);
}

/* What main had goes with it: the next run begins with nothing, and nothing is left. */
static void
test_a_run_begins_and_ends_with_nothing (void)
{
  n_values = 0;
  mock_run_ok (begin_with_nothing, NULL);
  g_assert_cmpint (n_values, ==, 0);
  mock_run_ok (begin_with_nothing, NULL);
  g_assert_cmpint (n_values, ==, 0);
}

static gboolean
wait_for_ever_with_a_value (gpointer unused G_GNUC_UNUSED, GError **error)
{
  trio_task_local_set (&request, value_new ("lost"));
  return trio_sleep_forever (error);
}

/* Also when the run is given up where it stands. */
static void
test_an_abandoned_run_frees_its_values (void)
{
  GError *error = NULL;

  n_values = 0;
  g_assert_false (mock_run (wait_for_ever_with_a_value, NULL, &error));
  mock_assert_error (error, TRIO_ERROR_DEADLOCK);
  g_assert_cmpint (n_values, ==, 0);
}

static void
look_from_outside (gpointer event)
{
  expect (&request, NULL);
  trio_event_set (event);
}

/* A call from outside belongs to no task. */
static gboolean
test_calls_from_outside_see_nothing (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) event = trio_event_new ();

  trio_task_local_set (&request, value_new ("main's"));
  g_assert_true (trio_token_run_sync_soon (token, look_from_outside, event, NULL));
  return trio_event_wait (event, error);
}

static gboolean
serve (gpointer event, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  expect (&request, NULL);
  expect (&own, NULL);
  trio_task_local_set (&request, value_new ("the system's"));
  trio_nursery_start_soon (nursery, look_for_outer, (gpointer) "the system's");
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_event_set (event);
  return TRUE;
}

/* statement 155 */
static gboolean
test_system_tasks_do_not_inherit (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();

  trio_task_local_set (&request, value_new ("main's"));
  trio_task_local_set (&own, value_new ("main's"));
  return trio_spawn_system_task (serve, event, NULL, "serve", error) && trio_event_wait (event, error);
}

static TrioTaskLocal haunted;

static void
set_again (gpointer left)
{
  int *n = left;

  if (--*n > 0)
    trio_task_local_set (&haunted, left);
}

static TrioTaskLocal haunted = TRIO_TASK_LOCAL_INIT ("haunted", NULL, set_again);

static gboolean
set_haunted (gpointer n, GError **error)
{
  trio_task_local_set (&haunted, n);
  return trio_checkpoint (error);
}

/* A destroy function that sets a value again does not leave one behind. */
static gboolean
test_values_set_while_values_go_are_freed (gpointer unused G_GNUC_UNUSED, GError **error)
{
  int left = 3;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, set_haunted, &left);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (left, ==, 0);
  return TRUE;
}

static void
test_outside_a_task_there_is_no_value (void)
{
  n_values = 0;
  expect (&request, NULL);
  mock_expect_critical ("\"request\" can be set in a task only");
  trio_task_local_set (&request, value_new ("x"));
  g_test_assert_expected_messages ();
  g_assert_cmpint (n_values, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/task-local/children-inherit-and-then-go-their-own-way", test_children_inherit_and_then_go_their_own_way);
  SYNC_TEST ("/task-local/a-value-lives-as-long-as-anybody-has-it", test_a_value_lives_as_long_as_anybody_has_it);
  SYNC_TEST ("/task-local/a-copy-for-each-task", test_a_copy_for_each_task);
  SYNC_TEST ("/task-local/the-one-who-starts-it-is-inherited-from", test_the_one_who_starts_it_is_inherited_from);
  SYNC_TEST ("/task-local/calls-from-outside-see-nothing", test_calls_from_outside_see_nothing);
  SYNC_TEST ("/task-local/system-tasks-do-not-inherit", test_system_tasks_do_not_inherit);
  SYNC_TEST ("/task-local/values-set-while-values-go-are-freed", test_values_set_while_values_go_are_freed);
  g_test_add_func ("/task-local/a-run-begins-and-ends-with-nothing", test_a_run_begins_and_ends_with_nothing);
  g_test_add_func ("/task-local/an-abandoned-run-frees-its-values", test_an_abandoned_run_frees_its_values);
  g_test_add_func ("/task-local/outside-a-task-there-is-no-value", test_outside_a_task_there_is_no_value);
  return g_test_run ();
}
