/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the simulated network does to datagrams. For each fault: a naive program fails under it, and a careful one survives. */

#include <gio/gio.h>

#include "tests/sim/net-test.h"

/* Runs scenario with random faults, many seeds; returns how many runs did not end well. */
static guint
count_failures (TrioFunc scenario)
{
  guint n_failed = 0;

  for (guint64 seed = 1; seed <= 200; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (scenario, NULL, seed, TRIO_SIM_INJECT_FAULT);

      n_failed += report->verdict != TRIO_SIM_OK ? 1 : 0;
    }
  return n_failed;
}

typedef struct
{
  TrioUdpEndpoint *server;
  TrioUdpEndpoint *client;
} Pair;

TRIO_CHECKPOINT static gboolean
pair_open (Pair *pair)
{
  g_autoptr (GError) error = NULL;

  /* Ports and names are not what is tested: a fault that leaves no socket ends the scenario well. */
  pair->server = trio_open_udp_endpoint ("127.0.0.1", 7, &error);
  pair->client = pair->server != NULL ? trio_open_udp_connection ("127.0.0.1", 7, &error) : NULL;
  return pair->client != NULL;
}

static void
pair_clear (Pair *pair)
{
  trio_udp_endpoint_free (pair->server);
  trio_udp_endpoint_free (pair->client);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

/* --- loss --- */

typedef struct
{
  guint8 id;
  guint8 value;
} Message;

/* Answers each request with twice its value. */
static gboolean
serve_doubles (gpointer data, GError **error)
{
  TrioUdpEndpoint *server = data;

  for (;;)
    {
      TrioUdpDatagram datagram;
      Message message;

      if (trio_udp_endpoint_receive (server, &message, sizeof message, &datagram, error) < 0)
        return FALSE;
      message.value *= 2;
      if (!trio_udp_endpoint_send_to (server, &message, sizeof message, &datagram.from, error))
        return FALSE;
    }
}

static gboolean
ask_once (TrioUdpEndpoint *client, guint8 id, guint8 value, guint8 *doubled, GError **error)
{
  const Message request = { id, value };
  Message reply = { 0 };

  if (!trio_udp_endpoint_send (client, &request, sizeof request, error)
      || trio_udp_endpoint_receive (client, &reply, sizeof reply, NULL, error) < 0)
    return FALSE;
  *doubled = reply.value;
  return TRUE;
}

/* Sends it again until there is an answer to this very request. */
static gboolean
ask_again_and_again (TrioUdpEndpoint *client, guint8 id, guint8 value, guint8 *doubled, GError **error)
{
  for (;;)
    {
      g_autoptr (TrioCancelScope) patience = trio_move_on_after (ms (300), error);
      const Message request = { id, value };
      Message reply = { 0 };
      gboolean ok = trio_udp_endpoint_send (client, &request, sizeof request, error);

      while (ok && reply.id != id)
        ok = trio_udp_endpoint_receive (client, &reply, sizeof reply, NULL, error) >= 0;
      if (!trio_cancel_scope_close (patience, ok))
        return FALSE;
      if (reply.id == id)
        {
          *doubled = reply.value;
          return TRUE;
        }
    }
}

typedef gboolean (*Ask) (TrioUdpEndpoint *client, guint8 id, guint8 value, guint8 *doubled, GError **error);

static gboolean
double_three (Ask ask, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (TrioNursery) nursery = NULL;

  if (!pair_open (&pair))
    return TRUE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, serve_doubles, pair.server);
  for (guint8 i = 1; i <= 3; i++)
    {
      guint8 doubled;

      if (!ask (pair.client, i, i, &doubled, error))
        return FALSE;
      trio_always (doubled == 2 * i, "the answer is to the question");
    }
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
ask_naively (gpointer data G_GNUC_UNUSED, GError **error)
{
  return double_three (ask_once, error);
}

static gboolean
ask_carefully (gpointer data G_GNUC_UNUSED, GError **error)
{
  return double_three (ask_again_and_again, error);
}

static void
test_who_sends_once_waits_for_ever_when_it_is_lost (void)
{
  g_autoptr (TrioSimReport) naive = sim_run_lines (ask_naively, NULL, "main fault.udp.drop 2 = 1/2");

  sim_expect (naive, TRIO_SIM_DEADLOCK, "tasks wait in trio_socket_receive_message");
  net_expect_well (ask_carefully, "main fault.udp.drop 2 = 1/2");
  net_expect_well (ask_carefully, "main/serve_doubles fault.udp.drop 1 = 1/2");
}

static void
test_an_answer_that_comes_twice_is_taken_for_the_next_one (void)
{
  g_autoptr (TrioSimReport) naive = sim_run_lines (ask_naively, NULL, "main/serve_doubles fault.udp.duplicate 1 = 1/2");

  sim_expect (naive, TRIO_SIM_ALWAYS, "the answer is to the question");
  net_expect_well (ask_carefully, "main/serve_doubles fault.udp.duplicate 1 = 1/2");
}

static void
test_random_faults_find_the_naive_and_not_the_careful (void)
{
  g_assert_cmpuint (count_failures (ask_naively), >, 10);
  g_assert_cmpuint (count_failures (ask_carefully), ==, 0);
}

/* --- order --- */

static gboolean
send_three (Pair *pair, guint8 received[3], GError **error)
{
  for (guint8 i = 0; i < 3; i++)
    if (!trio_udp_endpoint_send (pair->client, &i, 1, error))
      return FALSE;
  for (guint i = 0; i < 3; i++)
    if (trio_udp_endpoint_receive (pair->server, &received[i], 1, NULL, error) < 0)
      return FALSE;
  return TRUE;
}

static gboolean
trust_the_order (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  guint8 received[3];

  if (!pair_open (&pair))
    return TRUE;
  if (!send_three (&pair, received, error))
    return FALSE;
  for (guint i = 0; i < 3; i++)
    trio_always (received[i] == i, "in order");
  return TRUE;
}

static gboolean
put_in_order (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  guint8 received[3];
  guint seen = 0;

  if (!pair_open (&pair))
    return TRUE;
  if (!send_three (&pair, received, error))
    return FALSE;
  for (guint i = 0; i < 3; i++)
    seen |= 1u << received[i];
  trio_always (seen == 7, "all of them");
  return TRUE;
}

static void
test_a_datagram_may_be_overtaken (void)
{
  g_autoptr (TrioSimReport) naive = sim_run_lines (trust_the_order, NULL, "main fault.udp.reorder 1 = 1/2");

  sim_expect (naive, TRIO_SIM_ALWAYS, "in order");
  net_expect_well (put_in_order, "main fault.udp.reorder 1 = 1/2");
}

/* Late is not out of order: what is sent after a late one comes after it. */
static void
test_latency_keeps_the_order (void)
{
  net_expect_well (trust_the_order, "main net.udp.latency 1 = 4/5");
}

/* --- latency --- */

static gboolean
give_up_early (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (TrioCancelScope) patience = NULL;
  char byte;
  gboolean ok;

  if (!pair_open (&pair) || !trio_udp_endpoint_send (pair.client, "x", 1, error))
    return TRUE;
  patience = trio_fail_after (ms (50), error);
  ok = trio_udp_endpoint_receive (pair.server, &byte, 1, NULL, error) >= 0;
  return trio_cancel_scope_close (patience, ok);
}

static void
test_a_datagram_may_be_late (void)
{
  g_autoptr (TrioSimReport) late = sim_run_lines (give_up_early, NULL, "main net.udp.latency 1 = 3/5");

  sim_expect (late, TRIO_SIM_ERROR, "TrioError:2");
  net_expect_well (give_up_early, "main net.udp.latency 1 = 2/5");
}

/* --- room --- */

/* Nobody receives: what finds no room is gone, and nobody is told. */
static gboolean
flood (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autofree guint8 *much = g_malloc0 (50 * 1000);
  guint n_received = 0;

  g_assert_true (pair_open (&pair));
  for (guint i = 0; i < 10; i++)
    if (!trio_udp_endpoint_send (pair.client, much, 50 * 1000, error))
      return FALSE;
  net_nap (ms (1));
  for (;;)
    {
      g_autoptr (TrioCancelScope) patience = trio_move_on_after (ms (1), error);
      gboolean ok = trio_udp_endpoint_receive (pair.server, much, 50 * 1000, NULL, error) >= 0;

      n_received += ok ? 1 : 0;
      if (!trio_cancel_scope_close (patience, ok))
        return FALSE;
      if (!ok)
        break;
    }
  g_assert_cmpuint (n_received, ==, 4);
  return TRUE;
}

static void
test_what_finds_no_room_is_lost (void)
{
  net_expect_well (flood, "");
}

/* --- ports --- */

static gboolean
use_the_same_port (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) endpoint = trio_open_udp_endpoint ("127.0.0.1", 7, error);
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 7, error);

  return endpoint != NULL && listener != NULL;
}

static void
test_tcp_and_udp_have_ports_of_their_own (void)
{
  net_expect_well (use_the_same_port, "");
}

static gboolean
leave_it_open (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_open_udp_endpoint ("127.0.0.1", 7, error) != NULL;
}

static void
test_an_endpoint_left_open_is_a_leak (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (leave_it_open, NULL);

  sim_expect (report, TRIO_SIM_LEAK, "socket of main");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/udp/who-sends-once-waits-for-ever-when-it-is-lost", test_who_sends_once_waits_for_ever_when_it_is_lost);
  g_test_add_func ("/udp/an-answer-that-comes-twice-is-taken-for-the-next-one",
                   test_an_answer_that_comes_twice_is_taken_for_the_next_one);
  g_test_add_func ("/udp/random-faults-find-the-naive-and-not-the-careful", test_random_faults_find_the_naive_and_not_the_careful);
  g_test_add_func ("/udp/a-datagram-may-be-overtaken", test_a_datagram_may_be_overtaken);
  g_test_add_func ("/udp/latency-keeps-the-order", test_latency_keeps_the_order);
  g_test_add_func ("/udp/a-datagram-may-be-late", test_a_datagram_may_be_late);
  g_test_add_func ("/udp/what-finds-no-room-is-lost", test_what_finds_no_room_is_lost);
  g_test_add_func ("/udp/tcp-and-udp-have-ports-of-their-own", test_tcp_and_udp_have_ports_of_their_own);
  g_test_add_func ("/udp/an-endpoint-left-open-is-a-leak", test_an_endpoint_left_open_is_a_leak);
  return g_test_run ();
}
