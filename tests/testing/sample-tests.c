/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A test program as somebody would write one with <trio-sim/test.h>, with bugs that the real world does not show: what test-gtest.py runs.
 * With "plain" as its only argument it is set up by g_test_init(). */

#include <trio-sim/test.h>

static gboolean
test_all_is_well (gpointer data, GError **error)
{
  g_assert_null (data);
  return trio_checkpoint (error);
}

static gboolean
test_data_arrives (gpointer data, GError **error)
{
  g_assert_cmpstr (data, ==, "data");
  return trio_checkpoint (error);
}

/* Two tasks that read, let others run, and write. */
static guint balance;

static gboolean
deposit (gpointer data G_GNUC_UNUSED, GError **error)
{
  guint before = balance;

  /* In order of arrival nobody comes in between: the other one has not begun, or has ended. */
  if (before == 1 && !trio_checkpoint (error))
    return FALSE;
  balance = before + 1;
  return TRUE;
}

static gboolean
deposit_late (gpointer data, GError **error)
{
  return trio_checkpoint (error) && trio_checkpoint (error) && deposit (data, error);
}

static gboolean
test_deposits_add_up (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  balance = 0;
  trio_nursery_start_soon (nursery, deposit, NULL);
  trio_nursery_start_soon (nursery, deposit, NULL);
  trio_nursery_start_soon (nursery, deposit_late, NULL);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (balance, ==, 3);
  return TRUE;
}

/* Forgets to give back when it is cancelled in between. */
static gboolean
borrow (gpointer data, GError **error)
{
  guint *n_borrowed = data;

  ++*n_borrowed;
  if (!trio_checkpoint (error))
    return FALSE;
  --*n_borrowed;
  return TRUE;
}

static gboolean
test_all_is_given_back (gpointer data G_GNUC_UNUSED, GError **error)
{
  guint n_borrowed = 0;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = borrow (&n_borrowed, error);

  ok = trio_cancel_scope_close (scope, ok);
  trio_always (n_borrowed == 0, "all is given back");
  return ok;
}

static gboolean
test_a_week_goes_by (gpointer data G_GNUC_UNUSED, GError **error)
{
  gint64 began = trio_current_time ();

  if (!trio_sleep (7 * G_TIME_SPAN_DAY, error))
    return FALSE;
  g_assert_cmpint (trio_current_time () - began, >=, 7 * G_TIME_SPAN_DAY);
  return TRUE;
}

static gboolean
test_this_world (gpointer data G_GNUC_UNUSED, GError **error)
{
  /* Only the real one moves by itself. */
  gint64 began = trio_current_time ();
  gint64 real = g_get_monotonic_time ();

  while (g_get_monotonic_time () - real < 2000)
    if (!trio_checkpoint (error))
      return FALSE;
  g_assert_cmpint (trio_current_time () - began, >=, 2000);
  return TRUE;
}

static gboolean
test_the_other_world (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (!trio_sleep (G_TIME_SPAN_HOUR, error))
    return FALSE;
  return trio_checkpoint (error);
}

static gboolean
test_fails_everywhere (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "wrong in every world");
  return FALSE;
}

static gboolean
test_calls_g_test_fail_in_the_simulator (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_test_fail ();
  return trio_checkpoint (error);
}

static gboolean
test_waits_for_ever (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();

  return trio_event_wait (event, error);
}

int
main (int argc, char **argv)
{
  if (argc > 1 && g_str_equal (argv[1], "plain"))
    {
      argv[1] = argv[0];
      argv++;
      argc--;
      g_test_init (&argc, &argv, NULL);
    }
  else
    trio_test_init (&argc, &argv);

  trio_test_add_func ("/good/all-is-well", test_all_is_well);
  trio_test_add_func_full ("/good/data-arrives", test_data_arrives, g_strdup ("data"), g_free, TRIO_TEST_DEFAULT);
  trio_test_add_func_full ("/good/a-week-goes-by", test_a_week_goes_by, NULL, NULL, TRIO_TEST_AUTOJUMP);
  trio_test_add_func_full ("/good/this-world", test_this_world, NULL, NULL, TRIO_TEST_REAL_ONLY);
  trio_test_add_func_full ("/good/the-other-world", test_the_other_world, NULL, NULL, TRIO_TEST_SIMULATED_ONLY);
  trio_test_add_func ("/bad/deposits-add-up", test_deposits_add_up);
  trio_test_add_func ("/bad/all-is-given-back", test_all_is_given_back);
  trio_test_add_func ("/bad/fails-everywhere", test_fails_everywhere);
  trio_test_add_func_full ("/bad/calls-g-test-fail-in-the-simulator", test_calls_g_test_fail_in_the_simulator, NULL, NULL,
                           TRIO_TEST_SIMULATED_ONLY);
  trio_test_add_func_full ("/bad/waits-for-ever", test_waits_for_ever, NULL, NULL, TRIO_TEST_SIMULATED_ONLY);
  return g_test_run ();
}
