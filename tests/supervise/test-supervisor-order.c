/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Supervisors: who is restarted with whom, and in which order children start and stop. */

#include "tests/supervise/supervise-test.h"

/* Three workers, and what happened to them in the order of production; in other orders only what the test asks for. */
typedef struct
{
  Reports reports;
  Worker  a, b, c;
} Trio;

static void
trio_init (Trio *self, guint b_fails)
{
  worker_log_clear ();
  *self = (Trio) {
    .a = { "a", .life = G_MAXINT64, .clean_up = SECOND / 10 },
    .b = { "b", .life = SECOND, .fails = b_fails, .clean_up = SECOND / 10 },
    .c = { "c", .life = G_MAXINT64, .clean_up = SECOND / 10 },
  };
}

static void
expect_log (const char *expected)
{
  if (!sync_test_is_simulated ())
    worker_log_expect (expected);
}

static TrioSupervisor *
open_with_three (Trio *self, TrioSupervisorStrategy strategy, TrioSupervisorRestart restart, GError **error)
{
  const TrioSupervisorOptions options = { .strategy = strategy, .report = reports_take, .data = &self->reports };
  TrioSupervisor *supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &self->a, restart);
  worker_add (supervisor, &self->b, restart);
  worker_add (supervisor, &self->c, restart);
  return supervisor;
}

static gboolean
one_for_all_restarts_all (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Trio trio;
  g_autoptr (TrioSupervisor) supervisor = NULL;
  TrioSupervisorStatistics statistics;

  trio_init (&trio, 1);
  supervisor = open_with_three (&trio, TRIO_SUPERVISOR_ONE_FOR_ALL, TRIO_SUPERVISOR_TRANSIENT, error);
  g_assert_true (wait_until_many (&trio.c.n_starts, 2, error) && wait_until_many (&trio.b.n_starts, 2, error)
                 && wait_until_many (&trio.a.n_starts, 2, error));
  g_assert_cmpuint (trio.a.n_starts, ==, 2);
  g_assert_cmpuint (trio.b.n_starts, ==, 2);
  g_assert_cmpuint (trio.c.n_starts, ==, 2);
  g_assert_cmpuint (worker_log_find ("c-"), <, worker_log_find ("a-"));
  expect_log ("a+ b+ c+ b! c- a- a+ b+ c+");
  if (!sync_test_is_simulated ())
    {
      trio_supervisor_get_statistics (supervisor, &statistics);
      g_assert_cmpuint (statistics.restarts, ==, 3);
      /* A group is restarted once. */
      g_assert_cmpuint (statistics.restarts_in_period, ==, 1);
    }
  trio_supervisor_stop (supervisor);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  expect_log ("c- b- a-");
  return TRUE;
}

static gboolean
rest_for_one_restarts_those_behind (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Trio trio;
  g_autoptr (TrioSupervisor) supervisor = NULL;

  trio_init (&trio, 1);
  supervisor = open_with_three (&trio, TRIO_SUPERVISOR_REST_FOR_ONE, TRIO_SUPERVISOR_PERMANENT, error);
  g_assert_true (wait_until_many (&trio.c.n_starts, 2, error) && wait_until_many (&trio.b.n_starts, 2, error));
  g_assert_cmpuint (trio.a.n_starts, ==, 1);
  g_assert_cmpuint (trio.c.n_cancelled, >=, 1);
  expect_log ("a+ b+ c+ b! c- b+ c+");
  trio_supervisor_stop (supervisor);
  return trio_supervisor_close (supervisor, TRUE);
}

static gboolean
a_temporary_child_does_not_come_back_with_the_others (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Trio trio;
  g_autoptr (TrioSupervisor) supervisor = NULL;

  trio_init (&trio, 1);
  supervisor = trio_supervisor_open (&((TrioSupervisorOptions) {
    .strategy = TRIO_SUPERVISOR_ONE_FOR_ALL, .report = reports_take, .data = &trio.reports,
  }), error);
  worker_add (supervisor, &trio.a, TRIO_SUPERVISOR_TEMPORARY);
  worker_add (supervisor, &trio.b, TRIO_SUPERVISOR_TRANSIENT);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (trio.a.n_starts, ==, 1);
  g_assert_cmpuint (trio.a.n_cancelled, ==, 1);
  g_assert_cmpuint (trio.a.n_freed, ==, 1);
  g_assert_cmpuint (trio.b.n_starts, ==, 2);
  return TRUE;
}

/* One that has succeeded already needs no company. */
static gboolean
a_transient_child_that_has_succeeded_does_not_come_back (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Trio trio;
  g_autoptr (TrioSupervisor) supervisor = NULL;

  trio_init (&trio, 1);
  trio.a.life = trio.c.life = SECOND;       /* at the same moment as b fails */
  supervisor = open_with_three (&trio, TRIO_SUPERVISOR_ONE_FOR_ALL, TRIO_SUPERVISOR_TRANSIENT, error);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (trio.b.n_starts, ==, 2);
  g_assert_cmpuint (trio.a.n_starts, ==, trio.a.n_cancelled + 1);
  g_assert_cmpuint (trio.c.n_starts, ==, trio.c.n_cancelled + 1);
  g_assert_cmpuint (trio.a.n_freed + trio.b.n_freed + trio.c.n_freed, ==, 3);
  return TRUE;
}

static gboolean
stop_them_all (Trio *trio, TrioSupervisor *supervisor, GError **error)
{
  g_assert_true (wait_until_many (&trio->a.n_starts, 1, error) && wait_until_many (&trio->b.n_starts, 1, error)
                 && wait_until_many (&trio->c.n_starts, 1, error));
  trio_supervisor_stop (supervisor);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  /* One after the other: a has not begun to end while b cleaned up. */
  g_assert_cmpstr (strstr (worker_log->str, "c-"), ==, "c- b- a-");
  g_assert_cmpuint (trio->a.n_cancelled + trio->b.n_cancelled + trio->c.n_cancelled, ==, 3);
  return TRUE;
}

static gboolean
children_stop_in_the_opposite_order (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 start = trio_current_time ();
  Trio trio;
  g_autoptr (TrioSupervisor) supervisor = NULL;

  trio_init (&trio, 0);
  trio.b.life = G_MAXINT64;
  supervisor = open_with_three (&trio, TRIO_SUPERVISOR_ONE_FOR_ONE, TRIO_SUPERVISOR_PERMANENT, error);
  if (!stop_them_all (&trio, supervisor, error))
    return FALSE;
  g_assert_cmpint (trio_current_time () - start, >=, 3 * SECOND / 10);
  return TRUE;
}

/* A cancellation from outside reaches all children through the supervisor, which takes its time. */
static gboolean
a_cancellation_from_outside_keeps_the_order (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Trio trio;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioSupervisor) supervisor = NULL;
  gint64 start = trio_current_time ();

  trio_init (&trio, 0);
  trio.b.life = G_MAXINT64;
  supervisor = open_with_three (&trio, TRIO_SUPERVISOR_ONE_FOR_ONE, TRIO_SUPERVISOR_PERMANENT, error);
  sync_test_settle ();
  trio_cancel_scope_cancel (scope);
  if (!trio_cancel_scope_close (scope, trio_supervisor_close (supervisor, TRUE)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  g_assert_cmpstr (strstr (worker_log->str, "c-"), ==, "c- b- a-");
  g_assert_cmpint (trio_current_time () - start, >=, 3 * SECOND / 10);
  return TRUE;
}

/* While a group is being stopped for a restart, a stop, or a cancellation of the whole, takes over. */
static gboolean
a_stop_while_a_group_is_stopped_takes_over (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Trio trio;
  g_autoptr (TrioSupervisor) supervisor = NULL;

  trio_init (&trio, 1);
  supervisor = open_with_three (&trio, TRIO_SUPERVISOR_ONE_FOR_ALL, TRIO_SUPERVISOR_PERMANENT, error);
  g_assert_true (wait_until_many (&trio.c.n_cancelled, 1, error));
  if (!sync_test_is_simulated ())
    g_assert_cmpuint (trio.c.n_ends, ==, 0);       /* it cleans up */
  trio_supervisor_stop (supervisor);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  if (!sync_test_is_simulated ())
    g_assert_cmpuint (trio.a.n_starts + trio.b.n_starts + trio.c.n_starts, ==, 3);
  g_assert_cmpuint (trio.a.n_freed + trio.b.n_freed + trio.c.n_freed, ==, 3);
  return TRUE;
}

static gboolean
a_cancellation_while_a_group_is_stopped_takes_over (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Trio trio;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioSupervisor) supervisor = NULL;

  trio_init (&trio, 1);
  supervisor = open_with_three (&trio, TRIO_SUPERVISOR_ONE_FOR_ALL, TRIO_SUPERVISOR_PERMANENT, error);
  g_assert_true (wait_until_many (&trio.c.n_cancelled, 1, error));
  trio_cancel_scope_cancel (scope);
  if (!trio_cancel_scope_close (scope, trio_supervisor_close (supervisor, TRUE)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  if (!sync_test_is_simulated ())
    g_assert_cmpuint (trio.a.n_starts + trio.b.n_starts + trio.c.n_starts, ==, 3);
  g_assert_cmpuint (trio.a.n_freed + trio.b.n_freed + trio.c.n_freed, ==, 3);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(body) SYNC_TEST ("/supervisor-order/" #body, body)
  ADD (one_for_all_restarts_all);
  ADD (rest_for_one_restarts_those_behind);
  ADD (a_temporary_child_does_not_come_back_with_the_others);
  ADD (a_transient_child_that_has_succeeded_does_not_come_back);
  ADD (children_stop_in_the_opposite_order);
  ADD (a_cancellation_from_outside_keeps_the_order);
  ADD (a_stop_while_a_group_is_stopped_takes_over);
  ADD (a_cancellation_while_a_group_is_stopped_takes_over);
#undef ADD

  return g_test_run ();
}
