/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* UDP endpoints, in both worlds. Over loopback, and without faults, nothing is lost and all is in order. */

#include <string.h>

#include <gio/gio.h>

#include "tests/parity/parity.h"

static TrioUdpEndpoint *
open_here (GError **error)
{
  return trio_open_udp_endpoint ("127.0.0.1", 0, error);
}

static TrioUdpEndpoint *
connect_to (TrioUdpEndpoint *server, GError **error)
{
  return trio_open_udp_connection ("127.0.0.1", trio_udp_endpoint_get_port (server), error);
}

static gboolean
expect (TrioUdpEndpoint *endpoint, const char *text, TrioAddress *from, GError **error)
{
  char buffer[100];
  TrioUdpDatagram datagram;
  gssize n = trio_udp_endpoint_receive (endpoint, buffer, sizeof buffer, &datagram, error);

  if (n < 0)
    return FALSE;
  g_assert_cmpmem (buffer, n, text, strlen (text));
  g_assert_false (datagram.truncated);
  g_assert_cmpuint (datagram.size, ==, strlen (text));
  if (from != NULL)
    *from = datagram.from;
  return TRUE;
}

static gboolean
test_a_question_is_answered_at_the_address_it_came_from (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;
  TrioAddress from, here, peer;

  if (client == NULL || !trio_udp_endpoint_send (client, "question", 8, error) || !expect (server, "question", &from, error))
    return FALSE;
  g_assert_true (trio_udp_endpoint_get_address (client, &here));
  g_assert_true (trio_address_equal (&from, &here));
  g_assert_true (trio_udp_endpoint_get_peer (client, &peer));
  g_assert_cmpuint (peer.port, ==, trio_udp_endpoint_get_port (server));
  g_assert_false (trio_udp_endpoint_get_peer (server, &peer));
  return trio_udp_endpoint_send_to (server, "answer", 6, &from, error) && expect (client, "answer", NULL, error);
}

static gboolean
test_an_empty_datagram_is_one_too (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;

  return client != NULL && trio_udp_endpoint_send (client, NULL, 0, error) && trio_udp_endpoint_send (client, "next", 4, error)
         && expect (server, "", NULL, error) && expect (server, "next", NULL, error);
}

static gboolean
test_what_does_not_fit_is_told (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;
  TrioUdpEndpointStatistics statistics;
  TrioUdpDatagram datagram;
  GError *failure = NULL;
  char buffer[4];

  if (client == NULL || !trio_udp_endpoint_send (client, "too long", 8, error)
      || !trio_udp_endpoint_send (client, "so long", 7, error) || !trio_udp_endpoint_send (client, "good", 4, error))
    return FALSE;

  g_assert_cmpint (trio_udp_endpoint_receive (server, buffer, sizeof buffer, &datagram, error), ==, 4);
  g_assert_cmpmem (buffer, 4, "too ", 4);
  g_assert_true (datagram.truncated);
  g_assert_cmpuint (datagram.size, ==, 8);

  /* Who does not ask is told by an error. */
  g_assert_cmpint (trio_udp_endpoint_receive (server, buffer, sizeof buffer, NULL, &failure), ==, -1);
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_cmpint (trio_udp_endpoint_receive (server, buffer, sizeof buffer, NULL, error), ==, 4);

  trio_udp_endpoint_get_statistics (server, &statistics);
  g_assert_cmpuint (statistics.n_received, ==, 3);
  g_assert_cmpuint (statistics.bytes_received, ==, 19);
  g_assert_cmpuint (statistics.n_truncated, ==, 2);
  g_assert_true (statistics.open);
  trio_udp_endpoint_get_statistics (client, &statistics);
  g_assert_cmpuint (statistics.n_sent, ==, 3);
  g_assert_cmpuint (statistics.bytes_sent, ==, 19);
  return TRUE;
}

static gboolean
test_a_datagram_that_is_too_large_is_refused_whole (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;
  g_autofree char *much = g_malloc0 (TRIO_UDP_SIZE_MAX + 1);
  g_autofree char *room = g_malloc (TRIO_UDP_SIZE_MAX);
  GError *failure = NULL;

  if (client == NULL)
    return FALSE;
  g_assert_false (trio_udp_endpoint_send (client, much, TRIO_UDP_SIZE_MAX + 1, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  if (!trio_udp_endpoint_send (client, much, TRIO_UDP_SIZE_MAX, error))
    return FALSE;
  g_assert_cmpint (trio_udp_endpoint_receive (server, room, TRIO_UDP_SIZE_MAX, NULL, error), ==, TRIO_UDP_SIZE_MAX);
  return TRUE;
}

static gboolean
test_a_connected_endpoint_hears_only_its_peer (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;
  g_autoptr (TrioUdpEndpoint) stranger = open_here (error);
  TrioAddress address;

  if (client == NULL || stranger == NULL)
    return FALSE;
  g_assert_true (trio_udp_endpoint_get_address (client, &address));
  return trio_udp_endpoint_send_to (stranger, "spam", 4, &address, error) && trio_sleep (2 * G_TIME_SPAN_MILLISECOND, error)
         && trio_udp_endpoint_send_to (server, "news", 4, &address, error) && expect (client, "news", NULL, error);
}

static gboolean
test_a_connection_learns_that_nobody_is_there (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) gone = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = gone != NULL ? connect_to (gone, error) : NULL;
  TrioUdpEndpointStatistics statistics;
  GError *failure = NULL;
  char byte;

  if (client == NULL)
    return FALSE;
  trio_udp_endpoint_close (gone);
  if (!trio_udp_endpoint_send (client, "hello", 5, error))
    return FALSE;
  g_assert_cmpint (trio_udp_endpoint_receive (client, &byte, 1, NULL, &failure), ==, -1);
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  trio_udp_endpoint_get_statistics (client, &statistics);
  g_assert_cmpuint (statistics.n_refused, ==, 1);
  return TRUE;
}

static gboolean
test_mistakes_are_told (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;
  g_autoptr (TrioUdpEndpoint) second = NULL;
  TrioAddress six;
  GError *failure = NULL;

  if (client == NULL)
    return FALSE;
  g_assert_false (trio_udp_endpoint_send (server, "x", 1, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_true (trio_address_parse ("::1", 7, &six));
  g_assert_false (trio_udp_endpoint_send_to (client, "x", 1, &six, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_false (trio_udp_endpoint_send_to (server, "x", 1, &six, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  second = trio_open_udp_endpoint ("127.0.0.1", trio_udp_endpoint_get_port (server), &failure);
  g_assert_null (second);
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  return TRUE;
}

static gboolean
receive_until_closed (gpointer data, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;
  char byte;

  g_assert_cmpint (trio_udp_endpoint_receive (data, &byte, 1, NULL, &failure), ==, -1);
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

/* Statements 157, 158. */
static gboolean
test_the_second_receiver_is_busy_and_closing_wakes_the_first (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) endpoint = open_here (error);
  g_autoptr (TrioNursery) nursery = NULL;
  TrioUdpEndpointStatistics statistics;
  TrioAddress address;
  GError *failure = NULL;
  char byte;

  if (endpoint == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, receive_until_closed, endpoint);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  g_assert_cmpint (trio_udp_endpoint_receive (endpoint, &byte, 1, NULL, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);

  trio_udp_endpoint_close (endpoint);
  trio_udp_endpoint_close (endpoint);
  trio_udp_endpoint_get_statistics (endpoint, &statistics);
  g_assert_false (statistics.open);
  g_assert_cmpuint (trio_udp_endpoint_get_port (endpoint), ==, 0);
  g_assert_true (trio_address_parse ("127.0.0.1", 7, &address));
  g_assert_false (trio_udp_endpoint_send_to (endpoint, "x", 1, &address, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return trio_nursery_close (nursery, TRUE);
}

/* Statement 163. */
static gboolean
receive_impatiently (TrioUdpEndpoint *endpoint, guint *next, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (50, error);
  guint8 byte;
  gssize n = trio_udp_endpoint_receive (endpoint, &byte, 1, NULL, error);

  if (n > 0)
    g_assert_cmpuint (byte, ==, (*next)++);
  return trio_cancel_scope_close (patience, n >= 0);
}

static gboolean
send_numbers (gpointer data, GError **error)
{
  for (guint8 i = 0; i < 100; i++)
    {
      if (!trio_udp_endpoint_send (data, &i, 1, error))
        return FALSE;
      if (i % 16 == 0 && !trio_sleep (300, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
test_a_cancelled_receive_loses_no_datagram (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  guint next = 0;

  if (client == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_numbers, client);
  while (next < 100)
    if (!receive_impatiently (server, &next, error))
      return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
say_hello (gpointer data, GError **error)
{
  return trio_udp_endpoint_send (data, "hello", 5, error);
}

static gboolean
test_several_tasks_may_send (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;
  g_autoptr (TrioNursery) nursery = NULL;

  if (client == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  for (guint i = 0; i < 20; i++)
    trio_nursery_start_soon (nursery, say_hello, client);
  for (guint i = 0; i < 20; i++)
    if (!expect (server, "hello", NULL, error))
      return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_a_cancelled_send_sends_nothing (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = open_here (error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;
  g_autoptr (TrioCancelScope) scope = NULL;

  if (client == NULL)
    return FALSE;
  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_udp_endpoint_send (client, "never", 5, error));
  return trio_cancel_scope_close (scope, FALSE) && trio_udp_endpoint_send (client, "now", 3, error)
         && expect (server, "now", NULL, error);
}

static gboolean
test_localhost_is_heard_at_all_its_addresses (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = trio_open_udp_endpoint ("localhost", 0, error);
  g_autoptr (TrioUdpEndpoint) client =
    server != NULL ? trio_open_udp_connection ("localhost", trio_udp_endpoint_get_port (server), error) : NULL;

  return client != NULL && trio_udp_endpoint_send (client, "hello", 5, error) && expect (server, "hello", NULL, error);
}

static gboolean
test_an_endpoint_at_no_address_hears_all (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioUdpEndpoint) server = trio_open_udp_endpoint (NULL, 0, error);
  g_autoptr (TrioUdpEndpoint) client = server != NULL ? connect_to (server, error) : NULL;
  TrioAddress from;

  return client != NULL && trio_udp_endpoint_send (client, "hello", 5, error) && expect (server, "hello", &from, error)
         && trio_udp_endpoint_send_to (server, "you", 3, &from, error) && expect (client, "you", NULL, error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/udp/a-question-is-answered-at-the-address-it-came-from", test_a_question_is_answered_at_the_address_it_came_from);
  PARITY_TEST ("/udp/an-empty-datagram-is-one-too", test_an_empty_datagram_is_one_too);
  PARITY_TEST ("/udp/what-does-not-fit-is-told", test_what_does_not_fit_is_told);
  PARITY_TEST ("/udp/a-datagram-that-is-too-large-is-refused-whole", test_a_datagram_that_is_too_large_is_refused_whole);
  PARITY_TEST ("/udp/a-connected-endpoint-hears-only-its-peer", test_a_connected_endpoint_hears_only_its_peer);
  PARITY_TEST ("/udp/a-connection-learns-that-nobody-is-there", test_a_connection_learns_that_nobody_is_there);
  PARITY_TEST ("/udp/mistakes-are-told", test_mistakes_are_told);
  PARITY_TEST ("/udp/the-second-receiver-is-busy-and-closing-wakes-the-first",
               test_the_second_receiver_is_busy_and_closing_wakes_the_first);
  PARITY_TEST ("/udp/a-cancelled-receive-loses-no-datagram", test_a_cancelled_receive_loses_no_datagram);
  PARITY_TEST ("/udp/several-tasks-may-send", test_several_tasks_may_send);
  PARITY_TEST ("/udp/a-cancelled-send-sends-nothing", test_a_cancelled_send_sends_nothing);
  PARITY_TEST ("/udp/localhost-is-heard-at-all-its-addresses", test_localhost_is_heard_at_all_its_addresses);
  PARITY_TEST ("/udp/an-endpoint-at-no-address-hears-all", test_an_endpoint_at_no_address_hears_all);
  return g_test_run ();
}
