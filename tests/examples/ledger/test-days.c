/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Days at the bank in both worlds: the same body under trio_run() and under trio_sim_run(). Built once for each bank. */

#include "day.h"
#include "scenarios.h"
#include "server.h"

/* With all the patience there is: on a busy machine the bugs are real. */
static void
run_in_the_real_world (const char *scenario_name)
{
  const TrioScenario *scenario = ledger_scenario (scenario_name);
  Day day = *(const Day *) scenario->data;
  g_autoptr (GError) error = NULL;

  day.server_patience_us = G_TIME_SPAN_HOUR;
  day.client_patience_us = G_TIME_SPAN_HOUR;
  g_assert_true (trio_run (scenario->func, &day, &error));
  g_assert_no_error (error);
}

static void
run_in_the_simulator (const char *scenario_name)
{
  const TrioScenario *scenario = ledger_scenario (scenario_name);
  const TrioSimOptions options = { .check_determinism = TRUE };
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_sim_run (scenario->func, scenario->data, &options, &report, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpint (report->verdict, ==, TRIO_SIM_OK);
  g_assert_true (GPOINTER_TO_INT (g_hash_table_lookup (report->goals, "a transfer was done")));
}

static void
test_a_market_day_is_well_in_both_worlds (void)
{
  run_in_the_simulator ("market-day");
  run_in_the_real_world ("market-day");
}

static void
test_three_payments_are_well_in_both_worlds (void)
{
  run_in_the_simulator ("half-transfer");
  run_in_the_real_world ("half-transfer");
}

/* The one that is there to be found. Not in the real world, where a busy machine may find it first. */
static void
test_the_joint_account_is_well_in_the_ordinary_run (void)
{
  run_in_the_simulator ("overdraft");
}

/* What the client's patience and tries are for: a server that is not there, and one that never answers. */
typedef struct
{
  guint16     port;
  ClientTally tally;
} Visit;

static const Request two_requests[] = {
  { .kind = REQUEST_BALANCE, .account = "alice" },
  { .kind = REQUEST_TRANSFER, .account = "alice", .payee = "bob", .cents = 100 },
};

static gboolean
visit (Visit *visit, GError **error)
{
  Client client = {
    .host = SERVER_HOST, .port = visit->port, .patience_us = 50 * G_TIME_SPAN_MILLISECOND,
    .requests = two_requests, .n_requests = G_N_ELEMENTS (two_requests),
  };
  gboolean ok = client_run (&client, error);

  visit->tally = client.tally;
  return ok;
}

static gboolean
visit_nobody (gpointer data, GError **error)
{
  Visit *it = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener (SERVER_HOST, 0, error);

  if (listener == NULL)
    return FALSE;

  it->port = trio_listener_get_port (listener);
  trio_listener_close (listener);      /* now nobody listens there */
  return visit (it, error);
}

static gboolean
say_nothing (TrioStream *stream G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep_forever (error);
}

static gboolean
serve_silence (gpointer listener, GError **error)
{
  return trio_serve_listener (listener, say_nothing, NULL, error);
}

static gboolean
visit_the_silent (gpointer data, GError **error)
{
  Visit *it = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener (SERVER_HOST, 0, error);
  g_autoptr (TrioNursery) nursery = NULL;
  gboolean ok;

  if (listener == NULL)
    return FALSE;

  nursery = trio_nursery_open (error);
  it->port = trio_listener_get_port (listener);
  trio_nursery_start_soon (nursery, serve_silence, listener);
  ok = visit (it, error);
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, ok);
}

static Visit
simulate (TrioFunc func)
{
  Visit it = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_sim_run (func, &it, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
  return it;
}

static void
test_a_client_gives_up_on_a_server_that_is_not_there (void)
{
  Visit it = simulate (visit_nobody);

  g_assert_cmpuint (it.tally.given_up, ==, 2);      /* the transfer was never sent, so that is certain */
  g_assert_cmpuint (it.tally.retries, ==, 2 * (CLIENT_TRIES_MAX - 1));
  g_assert_cmpuint (it.tally.unclear, ==, 0);
}

static void
test_a_client_never_asks_twice_for_a_transfer_that_was_not_answered (void)
{
  Visit it = simulate (visit_the_silent);

  g_assert_cmpuint (it.tally.given_up, ==, 1);      /* the balance */
  g_assert_cmpuint (it.tally.retries, ==, CLIENT_TRIES_MAX - 1);
  g_assert_cmpuint (it.tally.unclear, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(test) g_test_add_func ("/ledger/" #test, test)
  ADD (test_a_market_day_is_well_in_both_worlds);
  ADD (test_three_payments_are_well_in_both_worlds);
  ADD (test_the_joint_account_is_well_in_the_ordinary_run);
  ADD (test_a_client_gives_up_on_a_server_that_is_not_there);
  ADD (test_a_client_never_asks_twice_for_a_transfer_that_was_not_answered);
#undef ADD

  return g_test_run ();
}
