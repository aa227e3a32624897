/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Supervisors: which children are restarted when, and what comes out. */

#include "tests/supervise/supervise-test.h"

static TrioSupervisorStatistics
look (TrioSupervisor *supervisor)
{
  TrioSupervisorStatistics statistics;

  trio_supervisor_get_statistics (supervisor, &statistics);
  return statistics;
}

static gboolean
one_without_children_closes (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (NULL, error);

  g_assert_cmpuint (look (supervisor).children, ==, 0);
  return trio_supervisor_close (supervisor, TRUE);
}

static gboolean
a_transient_child_is_restarted_until_it_succeeds (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .report = reports_take, .data = &reports };
  Worker worker = { "a", .life = SECOND, .fails = 3 };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  g_assert_cmpuint (worker_add (supervisor, &worker, TRIO_SUPERVISOR_TRANSIENT), ==, 1);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (worker.n_starts, ==, 4);
  g_assert_cmpuint (worker.n_freed, ==, 1);
  g_assert_cmpuint (reports.n_restarts, ==, 3);
  g_assert_cmpuint (reports.n_incidents, ==, 3);
  g_assert_cmpuint (look (supervisor).children, ==, 0);
  g_assert_cmpuint (look (supervisor).restarts, ==, 3);
  return TRUE;
}

static gboolean
a_temporary_child_is_not_restarted (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .report = reports_take, .data = &reports };
  Worker bad = { .name = "a", .fails = 1 }, good = { .name = "b" };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &bad, TRIO_SUPERVISOR_TEMPORARY);
  worker_add (supervisor, &good, TRIO_SUPERVISOR_TEMPORARY);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (bad.n_starts + good.n_starts, ==, 2);
  g_assert_cmpuint (bad.n_freed + good.n_freed, ==, 2);
  /* It is told, at least. */
  g_assert_cmpuint (reports.n_incidents, ==, 1);
  g_assert_cmpuint (reports.n_restarts, ==, 0);
  return TRUE;
}

static gboolean
stop_after (gpointer supervisor, GError **error)
{
  if (!trio_sleep (10 * SECOND, error))
    return FALSE;
  trio_supervisor_stop (supervisor);
  return TRUE;
}

static gboolean
a_permanent_child_is_restarted_also_when_it_has_succeeded (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .report = reports_take, .data = &reports };
  Worker worker = { "a", .life = 3 * SECOND - 1 };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &worker, TRIO_SUPERVISOR_PERMANENT);
  trio_supervisor_start_child_full (supervisor, stop_after, supervisor, NULL, NULL,
                                    &(TrioSupervisorChildOptions) { .restart = TRIO_SUPERVISOR_TEMPORARY });
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (worker.n_starts, >=, 2);
  /* The last one may have been stopped before it began. */
  g_assert_cmpuint (reports.n_restarts, >=, worker.n_starts - 1);
  if (!sync_test_is_simulated ())
    g_assert_cmpuint (worker.n_starts, ==, 4);
  return TRUE;
}

static gboolean
one_for_one_leaves_the_others_alone (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .report = reports_take, .data = &reports };
  Worker a = { "a", .life = 5 * SECOND }, b = { "b", .life = SECOND, .fails = 2 }, c = { "c", .life = 5 * SECOND };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &a, TRIO_SUPERVISOR_TRANSIENT);
  worker_add (supervisor, &b, TRIO_SUPERVISOR_TRANSIENT);
  worker_add (supervisor, &c, TRIO_SUPERVISOR_TRANSIENT);
  if (!sync_test_is_simulated ())
    {
      g_assert_true (trio_sleep (SECOND / 2, error));
      g_assert_cmpuint (look (supervisor).children, ==, 3);
      g_assert_cmpuint (look (supervisor).running, ==, 3);
    }
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (a.n_starts, ==, 1);
  g_assert_cmpuint (b.n_starts, ==, 3);
  g_assert_cmpuint (c.n_starts, ==, 1);
  g_assert_cmpuint (a.n_cancelled + b.n_cancelled + c.n_cancelled, ==, 0);
  return TRUE;
}

static gboolean
a_child_can_be_stopped_alone (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Worker a = { "a", .life = 5 * SECOND }, b = { "b", .life = G_MAXINT64 };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (NULL, error);
  guint64 number;

  worker_add (supervisor, &a, TRIO_SUPERVISOR_TRANSIENT);
  number = worker_add (supervisor, &b, TRIO_SUPERVISOR_PERMANENT);
  g_assert_true (wait_until_many (&b.n_starts, 1, error));
  g_assert_true (trio_supervisor_stop_child (supervisor, number));
  g_assert_true (trio_supervisor_stop_child (supervisor, number));
  g_assert_true (wait_until_many (&b.n_freed, 1, error));
  g_assert_false (trio_supervisor_stop_child (supervisor, number));
  g_assert_false (trio_supervisor_stop_child (supervisor, 99));
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (a.n_cancelled, ==, 0);
  g_assert_cmpuint (b.n_starts, ==, 1);
  g_assert_cmpuint (b.n_cancelled, ==, 1);
  return TRUE;
}

static gboolean
a_child_that_is_stopped_before_it_began_never_begins (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Worker a = { .name = "a" };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (NULL, error);

  g_assert_true (trio_supervisor_stop_child (supervisor, worker_add (supervisor, &a, TRIO_SUPERVISOR_PERMANENT)));
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (a.n_starts, ==, 0);
  g_assert_cmpuint (a.n_freed, ==, 1);
  return TRUE;
}

/* A child with grace that listens ends by itself; one that does not is cancelled when the grace is over. */
static gboolean
a_child_is_stopped_with_its_grace (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Worker polite = { "a", .life = G_MAXINT64, .listens = TRUE }, deaf = { "b", .life = G_MAXINT64 };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (NULL, error);
  gint64 asked;

  worker_add_with_grace (supervisor, &polite, TRIO_SUPERVISOR_PERMANENT, 5 * SECOND);
  worker_add_with_grace (supervisor, &deaf, TRIO_SUPERVISOR_PERMANENT, 5 * SECOND);
  g_assert_true (wait_until_many (&polite.n_starts, 1, error) && wait_until_many (&deaf.n_starts, 1, error));
  asked = trio_current_time ();
  trio_supervisor_stop (supervisor);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpint (trio_current_time () - asked, >=, 5 * SECOND);
  expect_at_most (trio_current_time () - asked, 6 * SECOND);
  g_assert_cmpuint (polite.n_cancelled, ==, 0);
  g_assert_cmpuint (deaf.n_cancelled, ==, 1);
  return TRUE;
}

/* A cancellation from outside does not wait for anybody's grace, not even for one that runs. */
static gboolean
a_cancellation_from_outside_leaves_no_grace (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Worker deaf = { "a", .life = G_MAXINT64 };
  gint64 start = trio_current_time ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (NULL, error);

  worker_add_with_grace (supervisor, &deaf, TRIO_SUPERVISOR_PERMANENT, 60 * SECOND);
  g_assert_true (wait_until_many (&deaf.n_starts, 1, error));
  trio_supervisor_stop (supervisor);
  trio_cancel_scope_set_deadline (scope, trio_current_time () + SECOND);
  if (!trio_cancel_scope_close (scope, trio_supervisor_close (supervisor, TRUE)))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  expect_at_most (trio_current_time () - start, 3 * SECOND);
  g_assert_cmpuint (deaf.n_cancelled, ==, 1);
  return TRUE;
}

static gboolean
asked_to_end_gracefully_it_restarts_nobody (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .back_off = SECOND, .report = reports_take, .data = &reports };
  Worker busy = { "a", .life = 3 * SECOND }, polite = { "b", .life = G_MAXINT64, .listens = TRUE }, flaky = { "c", .life = SECOND / 2, .fails = 9 };
  gint64 start = trio_current_time ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &busy, TRIO_SUPERVISOR_PERMANENT);
  worker_add (supervisor, &polite, TRIO_SUPERVISOR_PERMANENT);
  worker_add (supervisor, &flaky, TRIO_SUPERVISOR_PERMANENT);
  g_assert_true (wait_until_many (&flaky.n_ends, 1, error) && wait_until_many (&busy.n_starts, 1, error)
                 && wait_until_many (&polite.n_starts, 1, error));
  sync_test_settle ();
  if (!sync_test_is_simulated ())
    g_assert_cmpuint (look (supervisor).backing_off, ==, 1);
  trio_cancel_scope_cancel_gracefully (scope, 60 * SECOND);
  if (!trio_cancel_scope_close (scope, trio_supervisor_close (supervisor, TRUE)))
    return FALSE;
  g_assert_false (trio_cancel_scope_cancelled_caught (scope));
  expect_at_most (trio_current_time () - start, 4 * SECOND);
  g_assert_cmpuint (polite.n_starts, ==, 1);
  if (!sync_test_is_simulated ())
    {
      g_assert_cmpuint (busy.n_starts, ==, 1);
      g_assert_cmpuint (flaky.n_starts, ==, 1);
    }
  g_assert_cmpuint (busy.n_cancelled + polite.n_cancelled, ==, 0);
  return TRUE;
}

static gboolean
leave_early (Worker *worker, GError **error)
{
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (NULL, error);

  worker_add (supervisor, worker, TRIO_SUPERVISOR_PERMANENT);
  if (!wait_until_many (&worker->n_starts, 1, error))
    return FALSE;
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "the body failed");
  return FALSE;
}

/* statement 57, as nurseries: an early return stops the children and tells what the body said. */
static gboolean
an_early_return_stops_the_children (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  Worker worker = { "a", .life = G_MAXINT64, .clean_up = SECOND };
  GError *failure = NULL;

  g_assert_false (leave_early (&worker, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (worker.n_cancelled, ==, 1);
  g_assert_cmpuint (worker.n_freed, ==, 1);
  return TRUE;
}

/* statement 58: no error is dropped, also one that comes while children are stopped. */
static gboolean
what_fails_while_it_is_stopped_is_told (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .report = reports_take, .data = &reports };
  Worker a = { "a", .life = G_MAXINT64, .fails_in_clean_up = TRUE }, b = { "b", .life = G_MAXINT64, .fails_in_clean_up = TRUE };
  GError *failure = NULL;
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, &failure);
  const GError *const *members;
  gsize n_members;

  worker_add (supervisor, &a, TRIO_SUPERVISOR_PERMANENT);
  worker_add (supervisor, &b, TRIO_SUPERVISOR_PERMANENT);
  g_assert_true (wait_until_many (&a.n_starts, 1, &failure) && wait_until_many (&b.n_starts, 1, &failure));
  g_set_error_literal (&failure, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "the body failed");
  g_assert_false (trio_supervisor_close (supervisor, FALSE));
  members = trio_error_group_get_errors (failure, &n_members);
  g_assert_cmpuint (n_members, ==, 2);
  g_assert_error (members[0], TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK);
  members = trio_error_group_get_errors (members[1], &n_members);
  g_assert_cmpuint (n_members, ==, 2);
  mock_assert_says (members[0]->message, "b cannot clean up");
  mock_assert_says (members[1]->message, "a cannot clean up");
  g_assert_cmpuint (reports.n_incidents, ==, 2);
  g_error_free (failure);
  return TRUE;
}

/* statement 58: nor one of a child that was stopped alone, which does not disturb the others. */
static gboolean
what_a_child_that_was_stopped_alone_fails_with_is_told_in_the_end (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .report = reports_take, .data = &reports };
  Worker bad = { "a", .life = G_MAXINT64, .fails_in_clean_up = TRUE }, good = { "b", .life = 5 * SECOND };
  GError *failure = NULL;
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, &failure);
  guint64 number = worker_add (supervisor, &bad, TRIO_SUPERVISOR_PERMANENT);

  worker_add (supervisor, &good, TRIO_SUPERVISOR_TRANSIENT);
  g_assert_true (wait_until_many (&bad.n_starts, 1, &failure));
  g_assert_true (trio_supervisor_stop_child (supervisor, number));
  g_assert_false (trio_supervisor_close (supervisor, TRUE));
  mock_assert_says (failure->message, "a cannot clean up");
  mock_assert_error (failure, TRIO_ERROR_FAILED);
  g_assert_cmpuint (good.n_cancelled, ==, 0);
  g_assert_cmpuint (good.n_ends, ==, 1);
  return TRUE;
}

static gboolean
be_interrupted (gpointer n_lives, GError **error)
{
  ++*(guint *) n_lives;
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT, "keyboard interrupt");
  return FALSE;
}

/* Ctrl-C is for the whole program. */
static gboolean
an_interrupted_child_is_not_restarted (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  Worker other = { "a", .life = G_MAXINT64 };
  guint n_lives = 0;
  GError *failure = NULL;
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (NULL, &failure);

  worker_add (supervisor, &other, TRIO_SUPERVISOR_PERMANENT);
  trio_supervisor_start_child (supervisor, be_interrupted, &n_lives);
  g_assert_false (trio_supervisor_close (supervisor, TRUE));
  mock_assert_error (failure, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_assert_cmpuint (n_lives, ==, 1);
  g_assert_cmpuint (other.n_ends, ==, other.n_starts);
  return TRUE;
}

typedef struct
{
  TrioSupervisor *supervisor;
  Worker         *worker;
  guint64         number;
} Adding;

static gboolean
add_another (gpointer data, GError **error)
{
  Adding *adding = data;

  adding->number = worker_add (adding->supervisor, adding->worker, TRIO_SUPERVISOR_TRANSIENT);
  return trio_checkpoint (error);
}

static gboolean
add_another_when_it_ends (gpointer data, GError **error)
{
  Adding *adding = data;
  gboolean ok = trio_sleep_forever (error);

  adding->number = worker_add (adding->supervisor, adding->worker, TRIO_SUPERVISOR_TRANSIENT);
  return ok;
}

static gboolean
children_may_add_children_as_long_as_it_does_not_end (gpointer unused G_GNUC_UNUSED, GError **error)
{
  const TrioSupervisorChildOptions transient = { .restart = TRIO_SUPERVISOR_TRANSIENT };
  Worker worker = { .name = "a" }, late = { .name = "b" };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (NULL, error);
  Adding adding = { supervisor, &worker, 0 }, adding_late = { supervisor, &late, 99 };

  trio_supervisor_start_child_full (supervisor, add_another, &adding, NULL, "adder", &transient);
  trio_supervisor_start_child_full (supervisor, add_another_when_it_ends, &adding_late, NULL, "late-adder", NULL);
  g_assert_true (wait_until_many (&worker.n_ends, 1, error));
  sync_test_settle ();
  trio_supervisor_stop (supervisor);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (worker.n_starts, ==, 1);
  g_assert_cmpuint (adding.number, ==, 3);
  g_assert_cmpuint (adding_late.number, ==, 0);
  g_assert_cmpuint (late.n_starts, ==, 0);
  g_assert_cmpuint (late.n_freed, ==, 1);

  mock_expect_critical ("the supervisor is closed; child \"b\" was not started");
  g_assert_cmpuint (worker_add (supervisor, &late, TRIO_SUPERVISOR_TRANSIENT), ==, 0);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (late.n_freed, ==, 2);
  return TRUE;
}

static gboolean
it_says_what_it_waits_for (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Worker worker = { "a", .life = 60 * SECOND };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&(TrioSupervisorOptions) { .name = "keeper" }, error);
  g_autofree char *dump = NULL;

  worker_add (supervisor, &worker, TRIO_SUPERVISOR_TRANSIENT);
  sync_test_settle ();
  dump = trio_dump_to_string (TRIO_DUMP_DEFAULT);
  mock_assert_says (dump, "keeper");
  mock_assert_says (dump, "1 child, 1 of them runs");
  return trio_supervisor_close (supervisor, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(body) SYNC_TEST ("/supervisor/" #body, body)
  ADD (one_without_children_closes);
  ADD (a_transient_child_is_restarted_until_it_succeeds);
  ADD (a_temporary_child_is_not_restarted);
  ADD (a_permanent_child_is_restarted_also_when_it_has_succeeded);
  ADD (one_for_one_leaves_the_others_alone);
  ADD (a_child_can_be_stopped_alone);
  ADD (a_child_that_is_stopped_before_it_began_never_begins);
  ADD (a_child_is_stopped_with_its_grace);
  ADD (a_cancellation_from_outside_leaves_no_grace);
  ADD (asked_to_end_gracefully_it_restarts_nobody);
  ADD (an_early_return_stops_the_children);
  ADD (what_fails_while_it_is_stopped_is_told);
  ADD (what_a_child_that_was_stopped_alone_fails_with_is_told_in_the_end);
  ADD (an_interrupted_child_is_not_restarted);
  ADD (children_may_add_children_as_long_as_it_does_not_end);
  ADD (it_says_what_it_waits_for);
#undef ADD

  return g_test_run ();
}
