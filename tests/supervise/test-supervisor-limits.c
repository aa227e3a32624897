/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Supervisors: how often a child may be restarted, and how long it waits. */

#include "tests/supervise/supervise-test.h"

/* statement 58: all errors of the period come out, in order, behind the reason. */
static gboolean
too_many_restarts_are_a_failure (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .max_restarts = 2, .period = 10 * SECOND, .report = reports_take, .data = &reports };
  Worker worker = { "a", .life = SECOND, .fails = G_MAXUINT }, other = { "b", .life = G_MAXINT64 };
  GError *failure = NULL;
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, &failure);
  const GError *const *members;
  gsize n_members;

  worker_add (supervisor, &worker, TRIO_SUPERVISOR_TRANSIENT);
  worker_add (supervisor, &other, TRIO_SUPERVISOR_PERMANENT);
  g_assert_false (trio_supervisor_close (supervisor, TRUE));
  g_assert_cmpuint (worker.n_starts, ==, 3);
  g_assert_cmpuint (other.n_cancelled, ==, 1);
  members = trio_error_group_get_errors (failure, &n_members);
  g_assert_cmpuint (n_members, ==, 4);
  mock_assert_says (members[0]->message, "supervisor gave up: child \"a\" would have to be restarted, but at most 2 restarts are allowed within 10 s");
  mock_assert_says (members[1]->message, "a failed in life 1");
  mock_assert_says (members[2]->message, "a failed in life 2");
  mock_assert_says (members[3]->message, "a failed in life 3");
  g_assert_cmpuint (reports.n_restarts, ==, 2);
  g_assert_cmpuint (reports.n_incidents, ==, 3);
  g_error_free (failure);
  return TRUE;
}

/* Whoever does something in the body hears of it as of a child's failure in a nursery. */
static gboolean
giving_up_cancels_the_body (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .report = reports_take, .data = &reports };
  Worker worker = { "a", .fails = G_MAXUINT };
  GError *failure = NULL;
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, &failure);

  worker_add (supervisor, &worker, TRIO_SUPERVISOR_PERMANENT);
  g_assert_false (trio_sleep_forever (&failure));
  g_assert_false (trio_supervisor_close (supervisor, FALSE));
  g_assert_true (trio_error_contains (failure, TRIO_ERROR, TRIO_ERROR_FAILED));
  g_assert_false (trio_error_contains (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  g_assert_cmpuint (worker.n_starts, ==, 4);
  g_error_free (failure);
  return TRUE;
}

static gboolean
the_limit_is_within_a_period (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .max_restarts = 3, .period = 10 * SECOND, .report = reports_take, .data = &reports };
  /* 3 in 10 s, not 4. */
  Worker worker = { "a", .life = 10 * SECOND / 3 + MILLISECOND, .fails = 30 };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &worker, TRIO_SUPERVISOR_TRANSIENT);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (worker.n_starts, ==, 31);
  return TRUE;
}

static gboolean
without_a_limit_it_never_gives_up (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .max_restarts = G_MAXUINT, .report = reports_take, .data = &reports };
  Worker worker = { "a", .fails = 100 };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &worker, TRIO_SUPERVISOR_TRANSIENT);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpuint (worker.n_starts, ==, 101);
  return TRUE;
}

static void
expect_gap (Worker *worker, guint nth, GTimeSpan span)
{
  GTimeSpan gap = worker->started_at[nth + 1] - worker->started_at[nth];

  g_assert_cmpint (gap, >=, span);
  expect_at_most (gap, span);
}

/* Exponential, with a cap, and from the beginning again after a long life. */
static gboolean
the_delay_doubles_up_to_its_cap (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = {
    .max_restarts = G_MAXUINT, .back_off = SECOND, .back_off_max = 5 * SECOND, .report = reports_take, .data = &reports,
  };
  Worker worker = { "a", .fails = 5 };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &worker, TRIO_SUPERVISOR_TRANSIENT);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  expect_gap (&worker, 0, SECOND);
  expect_gap (&worker, 1, 2 * SECOND);
  expect_gap (&worker, 2, 4 * SECOND);
  expect_gap (&worker, 3, 5 * SECOND);
  expect_gap (&worker, 4, 5 * SECOND);
  g_assert_cmpint (reports.last_delay, >=, 5 * SECOND);
  return TRUE;
}

static gboolean
after_a_long_life_the_delay_begins_anew (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = {
    .max_restarts = G_MAXUINT, .back_off = SECOND, .back_off_max = 8 * SECOND, .report = reports_take, .data = &reports,
  };
  Worker worker = { "a", .life = 8 * SECOND, .fails = 4 };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &worker, TRIO_SUPERVISOR_TRANSIENT);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  for (guint i = 0; i < 4; i++)
    {
      g_assert_cmpint (worker.started_at[i + 1] - worker.started_at[i], >=, 9 * SECOND);
      expect_at_most (worker.started_at[i + 1] - worker.started_at[i], 9 * SECOND);
    }
  return TRUE;
}

static GTimeSpan
one_second_more (GTimeSpan delay, gpointer reports G_GNUC_UNUSED)
{
  return delay + SECOND;
}

static gboolean
a_program_may_have_its_own_jitter (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .back_off = SECOND, .jitter = one_second_more, .report = reports_take, .data = &reports };
  Worker worker = { "a", .fails = 1 };
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add (supervisor, &worker, TRIO_SUPERVISOR_TRANSIENT);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  g_assert_cmpint (reports.last_delay, ==, 2 * SECOND);
  return TRUE;
}

/* Who waits out its delay can be stopped, and then does not begin. */
static gboolean
a_child_can_be_stopped_during_its_delay (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Reports reports = { 0 };
  const TrioSupervisorOptions options = { .back_off = 10 * SECOND, .report = reports_take, .data = &reports };
  Worker worker = { "a", .fails = 9 };
  gint64 start = trio_current_time ();
  g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);

  worker_add_with_grace (supervisor, &worker, TRIO_SUPERVISOR_PERMANENT, 60 * SECOND);
  g_assert_true (wait_until_many (&worker.n_ends, 1, error));
  sync_test_settle ();
  trio_supervisor_stop (supervisor);
  if (!trio_supervisor_close (supervisor, TRUE))
    return FALSE;
  if (!sync_test_is_simulated ())
    g_assert_cmpuint (worker.n_starts, ==, 1);
  expect_at_most (trio_current_time () - start, 2 * SECOND);
  return TRUE;
}

/* Without a hook it is said to the user. */
static gboolean
a_restart_is_told_to_the_user (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Worker worker = { "a", .fails = 1 };
  g_autoptr (TrioSupervisor) supervisor = NULL;
  gboolean ok;

  if (sync_test_is_simulated ())
    return TRUE;
  supervisor = trio_supervisor_open (&(TrioSupervisorOptions) { .name = "keeper" }, error);
  worker_add (supervisor, &worker, TRIO_SUPERVISOR_TRANSIENT);
  g_test_expect_message ("Trio", G_LOG_LEVEL_MESSAGE, "keeper: child \"a\" is restarted after 0 s: a failed in life 1");
  ok = trio_supervisor_close (supervisor, TRUE);
  g_test_assert_expected_messages ();
  return ok;
}

static gboolean
nonsense_is_refused (gpointer unused G_GNUC_UNUSED, GError **error)
{
  const TrioSupervisorOptions wrong[] = { { .strategy = 3 }, { .period = -1 }, { .back_off = -1 }, { .back_off_max = -1 } };
  const TrioSupervisorChildOptions wrong_child[] = { { .restart = 3 }, { .grace = -1 } };
  g_autoptr (TrioSupervisor) supervisor = NULL;
  Worker worker = { "a", .life = 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    mock_assert_refused_as (NULL, trio_supervisor_open (&wrong[i], error));
  supervisor = trio_supervisor_open (NULL, error);
  for (gsize i = 0; i < G_N_ELEMENTS (wrong_child); i++)
    mock_assert_refused_as (0, trio_supervisor_start_child_full (supervisor, worker_run, &worker, NULL, NULL, &wrong_child[i]));
  return trio_supervisor_close (supervisor, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(body) SYNC_TEST ("/supervisor-limits/" #body, body)
  ADD (too_many_restarts_are_a_failure);
  ADD (giving_up_cancels_the_body);
  ADD (the_limit_is_within_a_period);
  ADD (without_a_limit_it_never_gives_up);
  ADD (the_delay_doubles_up_to_its_cap);
  ADD (after_a_long_life_the_delay_begins_anew);
  ADD (a_program_may_have_its_own_jitter);
  ADD (a_child_can_be_stopped_during_its_delay);
  ADD (a_restart_is_told_to_the_user);
  ADD (nonsense_is_refused);
#undef ADD

  return g_test_run ();
}
