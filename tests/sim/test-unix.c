/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What is special about unix sockets and descriptors in the simulated world; what is the same is in tests/parity. */

#include <gio/gio.h>

#include <trio/lowlevel/socket.h>

#include "tests/sim/net-test.h"

static gboolean
ask_for_descriptors (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *ends[2];
  g_autoptr (GError) refusal = NULL;

  g_assert_false (trio_wait_readable (0, &refusal));
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&refusal);
  g_assert_null (trio_socket_adopt (0, &refusal));
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&refusal);
  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  g_assert_cmpint (trio_socket_get_descriptor (ends[0], &refusal), ==, -1);
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  trio_socket_handle_unref (ends[0]);
  trio_socket_handle_unref (ends[1]);
  return TRUE;
}

static void
test_a_simulated_run_has_no_descriptors_and_says_so (void)
{
  net_expect_well (ask_for_descriptors, "");
}

/* --- a socket that is under way --- */

static TrioUdpEndpoint *
say_hello_to (TrioSocketHandle *socket, GError **error)
{
  g_autoptr (TrioUdpEndpoint) client = NULL;
  TrioAddress address;

  g_assert_true (trio_socket_get_address (socket, FALSE, &address));
  client = trio_open_udp_connection ("127.0.0.1", address.port, error);
  return client != NULL && trio_udp_endpoint_send (client, "hello", 5, error) ? g_steal_pointer (&client) : NULL;
}

/* It goes on receiving while nobody has it. */
static gboolean
receive_under_way (gpointer data G_GNUC_UNUSED, GError **error)
{
  const TrioAddress here = net_ipv4 (127, 0, 0, 1, 7);
  g_autoptr (TrioSocketHandle) mail = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_DATAGRAM, NULL, error);
  g_autoptr (TrioUdpEndpoint) client = NULL;
  TrioSocketHandle *ends[2], *received[TRIO_SOCKET_PASSED_MAX];
  char buffer[5];
  guint n;
  gboolean ok;

  if (mail == NULL || !trio_socket_bind (mail, &here, NULL, error) || !trio_socket_pair (TRIO_SOCKET_DATAGRAM, ends, error))
    return FALSE;
  client = say_hello_to (mail, error);
  if (client == NULL || trio_socket_send_sockets (ends[0], "m", 1, &mail, 1, error) != 1)
    return FALSE;
  net_nap (ms (10));
  g_assert_cmpint (trio_socket_receive_sockets (ends[1], buffer, 1, received, &n, error), ==, 1);
  g_assert_cmpuint (n, ==, 1);
  ok = trio_socket_receive (received[0], buffer, sizeof buffer, error) == 5;
  trio_socket_handle_unref (received[0]);
  trio_socket_handle_unref (ends[0]);
  trio_socket_handle_unref (ends[1]);
  return ok;
}

static void
test_a_socket_under_way_goes_on_receiving (void)
{
  net_expect_well (receive_under_way, "");
}

/* Nobody takes it: it goes with the socket whose mail it is in. */
static gboolean
send_into_the_void (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *way[2], *ends[2];
  gboolean ok;
  char byte;

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, way, error) || !trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  ok = trio_socket_send_sockets (way[0], "s", 1, &ends[0], 1, error) == 1;
  trio_socket_handle_unref (way[1]);
  ok = ok && trio_socket_receive (ends[1], &byte, 1, error) == 0;
  trio_socket_handle_unref (way[0]);
  trio_socket_handle_unref (ends[0]);
  trio_socket_handle_unref (ends[1]);
  return ok;
}

static void
test_what_nobody_takes_goes_with_the_mail (void)
{
  net_expect_well (send_into_the_void, "");
}

static gboolean
leave_it_open (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *ends[2];

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error) || trio_socket_send_sockets (ends[0], "s", 1, &ends[1], 1, error) != 1)
    return FALSE;
  return TRUE;
}

/* One end lies in its own mail, which is the other's leak. */
static void
test_a_leak_that_holds_itself_is_found (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (leave_it_open, NULL);

  sim_expect (report, TRIO_SIM_LEAK, "socket of main");
}

/* --- faults and choices --- */

static gboolean
find_no_descriptors (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioStream *one, *other;
  g_autoptr (GError) refusal = NULL;

  g_assert_false (trio_unix_stream_pair (&one, &other, &refusal));
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  return TRUE;
}

static void
test_descriptors_may_run_out (void)
{
  net_expect_well (find_no_descriptors, "main fault.emfile 1 = 1/2");
}

/* A naive program takes what is received for what was sent. */
static gboolean
trust_one_receive (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) one = NULL;
  g_autoptr (TrioStream) other = NULL;
  char buffer[5];

  if (!trio_unix_stream_pair (&one, &other, error) || !trio_stream_send_all (one, "hello", 5, error))
    return FALSE;
  trio_always (trio_stream_receive_some (other, buffer, 5, error) == 5, "all at once");
  return TRUE;
}

static gboolean
receive_all (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) one = NULL;
  g_autoptr (TrioStream) other = NULL;
  gsize received = 0;
  char buffer[5];

  if (!trio_unix_stream_pair (&one, &other, error) || !trio_stream_send_all (one, "hello", 5, error))
    return FALSE;
  while (received < 5)
    {
      gssize n = trio_stream_receive_some (other, buffer + received, 5 - received, error);

      if (n <= 0)
        return FALSE;
      received += (gsize) n;
    }
  return TRUE;
}

static void
test_bytes_may_come_in_parts (void)
{
  g_autoptr (TrioSimReport) naive = sim_run_lines (trust_one_receive, NULL, "main net.receive 1 = 1/3");

  sim_expect (naive, TRIO_SIM_ALWAYS, "all at once");
  net_expect_well (receive_all, "main net.receive 1 = 1/3");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unix/a-simulated-run-has-no-descriptors-and-says-so", test_a_simulated_run_has_no_descriptors_and_says_so);
  g_test_add_func ("/unix/a-socket-under-way-goes-on-receiving", test_a_socket_under_way_goes_on_receiving);
  g_test_add_func ("/unix/what-nobody-takes-goes-with-the-mail", test_what_nobody_takes_goes_with_the_mail);
  g_test_add_func ("/unix/a-leak-that-holds-itself-is-found", test_a_leak_that_holds_itself_is_found);
  g_test_add_func ("/unix/descriptors-may-run-out", test_descriptors_may_run_out);
  g_test_add_func ("/unix/bytes-may-come-in-parts", test_bytes_may_come_in_parts);
  return g_test_run ();
}
