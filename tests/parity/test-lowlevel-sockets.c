/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* <trio/lowlevel/socket.h>, in both worlds. */

#include <errno.h>
#include <string.h>

#include <gio/gio.h>
#include <trio/lowlevel/passing.h>
#include <trio/lowlevel/socket.h>

#include "tests/parity/parity.h"

typedef TrioSocketHandle Handle;

static const TrioAddress loopback = { .family = TRIO_ADDRESS_IPV4, .bytes = { 127, 0, 0, 1 } };

static gboolean
expect (Handle *socket, const char *text, GError **error)
{
  gsize size = strlen (text), received = 0;
  char buffer[100];

  while (received < size)
    {
      gssize n = trio_socket_receive (socket, buffer + received, size - received, error);

      if (n <= 0)
        return FALSE;
      received += (gsize) n;
    }
  g_assert_cmpmem (buffer, received, text, size);
  return TRUE;
}

/* A listener at a free port, and its address. */
static Handle *
listen_here (TrioAddress *address, GError **error)
{
  g_autoptr (TrioSocketHandle) listener = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);

  if (listener == NULL || !trio_socket_set_option (listener, TRIO_SOCKET_REUSE_ADDRESS, 1, error)
      || !trio_socket_bind (listener, &loopback, NULL, error) || !trio_socket_listen (listener, 10, NULL, error))
    return NULL;
  g_assert_true (trio_socket_get_address (listener, FALSE, address));
  return g_steal_pointer (&listener);
}

static gboolean
connect_both (Handle **client, Handle **server, GError **error)
{
  TrioAddress address;
  g_autoptr (TrioSocketHandle) listener = listen_here (&address, error);

  *client = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  if (listener == NULL || *client == NULL || !trio_socket_connect (*client, &address, NULL, error))
    return FALSE;
  *server = trio_socket_accept (listener, NULL, error);
  return *server != NULL;
}

/* --- calls --- */

static gboolean
test_a_connection_made_call_by_call (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  TrioAddress here, there;
  char byte;

  if (!connect_both (&client, &server, error))
    return FALSE;
  g_assert_true (trio_socket_get_address (client, FALSE, &here) && trio_socket_get_address (server, TRUE, &there));
  g_assert_true (trio_address_equal (&here, &there));
  if (trio_socket_send (client, "a", 1, error) != 1 || !trio_socket_send_all (client, "bc", 2, error)
      || !expect (server, "abc", error) || !trio_socket_shutdown (client, TRIO_SOCKET_SHUT_SEND, error))
    return FALSE;
  g_assert_cmpint (trio_socket_receive (server, &byte, 1, error), ==, 0);
  return trio_socket_send_all (server, "back", 4, error) && expect (client, "back", error);
}

static gboolean
test_shutting_down_ends_both_directions (gpointer data G_GNUC_UNUSED, GError **error)
{
  Handle *ends[2];
  GError *failure = NULL;
  char byte;

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error) || !trio_socket_shutdown (ends[0], TRIO_SOCKET_SHUT_BOTH, error))
    return FALSE;
  g_assert_cmpint (trio_socket_receive (ends[0], &byte, 1, error), ==, 0);
  g_assert_cmpint (trio_socket_send (ends[0], "x", 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_cmpint (trio_socket_receive (ends[1], &byte, 1, error), ==, 0);
  trio_socket_handle_unref (ends[0]);
  trio_socket_handle_unref (ends[1]);
  return TRUE;
}

static gboolean
test_options_are_set_and_asked (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) tcp = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  g_autoptr (TrioSocketHandle) local = trio_socket_open (TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM, NULL, error);
  static const TrioSocketOption switches[] = {
    TRIO_SOCKET_REUSE_ADDRESS, TRIO_SOCKET_REUSE_PORT,         TRIO_SOCKET_NO_DELAY,
    TRIO_SOCKET_KEEP_ALIVE,    TRIO_SOCKET_OUT_OF_BAND_INLINE, TRIO_SOCKET_BROADCAST,
  };
  GError *failure = NULL;
  int value;

  if (tcp == NULL || local == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (switches); i++)
    {
      if (!trio_socket_get_option (tcp, switches[i], &value, error))
        return FALSE;
      g_assert_cmpint (value, ==, 0);
      if (!trio_socket_set_option (tcp, switches[i], 1, error) || !trio_socket_get_option (tcp, switches[i], &value, error))
        return FALSE;
      g_assert_cmpint (value, !=, 0);
    }
  if (!trio_socket_set_option (tcp, TRIO_SOCKET_RECEIVE_BUFFER, 8192, error)
      || !trio_socket_get_option (tcp, TRIO_SOCKET_RECEIVE_BUFFER, &value, error))
    return FALSE;
  g_assert_cmpint (value, >=, 8192);

  g_assert_false (trio_socket_set_option (local, TRIO_SOCKET_NO_DELAY, 1, &failure));
  g_assert_nonnull (failure);
  g_clear_error (&failure);
  trio_socket_close (tcp);
  g_assert_false (trio_socket_set_option (tcp, TRIO_SOCKET_NO_DELAY, 1, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

static const TrioSocketOption inherited[] = { TRIO_SOCKET_KEEP_ALIVE, TRIO_SOCKET_NO_DELAY, TRIO_SOCKET_OUT_OF_BAND_INLINE };

static gboolean
set_them (Handle *socket, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (inherited); i++)
    if (!trio_socket_set_option (socket, inherited[i], 1, error))
      return FALSE;
  return trio_socket_set_option (socket, TRIO_SOCKET_RECEIVE_BUFFER, 30000, error);
}

static gboolean
are_set (Handle *socket, GError **error)
{
  int value;

  for (guint i = 0; i < G_N_ELEMENTS (inherited); i++)
    {
      if (!trio_socket_get_option (socket, inherited[i], &value, error))
        return FALSE;
      g_assert_cmpint (value, !=, 0);
    }
  if (!trio_socket_get_option (socket, TRIO_SOCKET_RECEIVE_BUFFER, &value, error))
    return FALSE;
  g_assert_cmpint (value, >=, 30000);
  g_assert_cmpint (value, <=, 70000);
  return TRUE;
}

/* What was set before connecting stays; what was set before listening is set for those who are accepted. */
static gboolean
test_options_set_beforehand_hold_for_the_connection (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) listener = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  g_autoptr (TrioSocketHandle) client = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  g_autoptr (TrioSocketHandle) server = NULL;
  TrioAddress address;

  if (listener == NULL || client == NULL || !set_them (listener, error) || !set_them (client, error)
      || !trio_socket_bind (listener, &loopback, NULL, error) || !trio_socket_listen (listener, 10, NULL, error))
    return FALSE;
  g_assert_true (trio_socket_get_address (listener, FALSE, &address));
  if (!trio_socket_connect (client, &address, NULL, error) || (server = trio_socket_accept (listener, NULL, error)) == NULL)
    return FALSE;
  return are_set (client, error) && are_set (server, error);
}

static gboolean
test_a_refusal_closes_and_tells_the_errno (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioAddress address;
  g_autoptr (TrioSocketHandle) listener = listen_here (&address, error);
  g_autoptr (TrioSocketHandle) client = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  GError *failure = NULL;
  int errnum = -1;

  if (listener == NULL || client == NULL)
    return FALSE;
  trio_socket_close (listener);
  g_assert_false (trio_socket_is_open (listener));
  g_assert_false (trio_socket_connect (client, &address, &errnum, &failure));
  g_assert_cmpint (errnum, ==, ECONNREFUSED);
  g_assert_false (trio_socket_is_open (client));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  return TRUE;
}

/* Statement 162. */
static gboolean
test_a_cancelled_connect_closes_the_socket (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioAddress address;
  g_autoptr (TrioSocketHandle) listener = listen_here (&address, error);
  g_autoptr (TrioSocketHandle) client = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  g_autoptr (TrioCancelScope) scope = NULL;
  int errnum = -1;

  if (listener == NULL || client == NULL)
    return FALSE;
  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_socket_connect (client, &address, &errnum, error));
  g_assert_cmpint (errnum, ==, 0);
  g_assert_false (trio_socket_is_open (client));
  return trio_cancel_scope_close (scope, FALSE);
}

/* --- datagrams --- */

static gboolean
test_datagrams_with_addresses (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) one = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_DATAGRAM, NULL, error);
  g_autoptr (TrioSocketHandle) other = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_DATAGRAM, NULL, error);
  TrioAddress here, from;
  GError *failure = NULL;
  gsize full_size;
  char buffer[4];

  if (one == NULL || other == NULL || !trio_socket_bind (one, &loopback, NULL, error)
      || !trio_socket_bind (other, &loopback, NULL, error))
    return FALSE;
  g_assert_true (trio_socket_get_address (one, FALSE, &here));
  g_assert_cmpint (trio_socket_send (other, "x", 1, &failure), ==, -1);
  g_assert_error (failure, G_IO_ERROR, (int) g_io_error_from_errno (EDESTADDRREQ));
  g_clear_error (&failure);
  if (trio_socket_send_to (other, "datagram", 8, &here, error) != 8)
    return FALSE;
  g_assert_cmpint (trio_socket_receive_from (one, buffer, sizeof buffer, &from, &full_size, error), ==, 4);
  g_assert_cmpmem (buffer, 4, "data", 4);
  g_assert_cmpuint (full_size, ==, 8);
  g_assert_true (trio_socket_get_address (other, FALSE, &here));
  g_assert_true (trio_address_equal (&from, &here));
  return TRUE;
}

static gboolean
fill_mail (Handle *socket, guint *n_sent, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (G_TIME_SPAN_MILLISECOND, error);
  gboolean ok;

  while ((ok = trio_socket_send (socket, "letter", 6, error) == 6))
    ++*n_sent;
  return trio_cancel_scope_close (patience, ok);
}

static gboolean
test_unix_datagrams_keep_their_bounds_and_wait_for_room (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) one = NULL;
  g_autoptr (TrioSocketHandle) other = NULL;
  Handle *ends[2];
  guint n_sent = 0;
  char buffer[10];

  if (!trio_socket_pair (TRIO_SOCKET_DATAGRAM, ends, error))
    return FALSE;
  one = ends[0];
  other = ends[1];
  if (!fill_mail (one, &n_sent, error))
    return FALSE;
  for (guint i = 0; i < n_sent; i++)
    g_assert_cmpint (trio_socket_receive (other, buffer, sizeof buffer, error), ==, 6);
  return trio_socket_send (one, "more", 4, error) == 4 && trio_socket_receive (other, buffer, sizeof buffer, error) == 4;
}

static gboolean
test_unix_datagrams_by_name (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) server = trio_socket_open (TRIO_ADDRESS_UNIX, TRIO_SOCKET_DATAGRAM, NULL, error);
  g_autoptr (TrioSocketHandle) client = trio_socket_open (TRIO_ADDRESS_UNIX, TRIO_SOCKET_DATAGRAM, NULL, error);
  TrioAddress name, mine, from;
  GError *failure = NULL;
  char buffer[10];

  g_assert_true (trio_address_unix ("@trio-test-datagrams", &name, error) && trio_address_unix ("@trio-test-client", &mine, error));
  if (server == NULL || client == NULL)
    return FALSE;
  g_assert_cmpint (trio_socket_send_to (client, "x", 1, &name, &failure), ==, -1);
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  if (!trio_socket_bind (server, &name, NULL, error) || !trio_socket_bind (client, &mine, NULL, error)
      || trio_socket_send_to (client, "hello", 5, &name, error) != 5)
    return FALSE;
  g_assert_cmpint (trio_socket_receive_from (server, buffer, sizeof buffer, &from, NULL, error), ==, 5);
  g_assert_true (trio_address_equal (&from, &mine));

  /* To an address whose mail is full there is nothing to wait for. */
  while (trio_socket_send_to (client, "hello", 5, &name, &failure) == 5)
    ;
  g_assert_error (failure, G_IO_ERROR, (int) g_io_error_from_errno (ENOBUFS));
  g_clear_error (&failure);
  return TRUE;
}

/* --- waiting --- */

static gboolean
wait_until_readable (gpointer data, GError **error)
{
  return trio_socket_wait_readable (data, error);
}

/* Statement 157. */
static gboolean
test_waiting_for_readiness (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  GError *failure = NULL;
  char byte;

  if (!connect_both (&client, &server, error) || !trio_socket_wait_writable (client, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, wait_until_readable, server);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;

  /* A second one is refused; the other direction is free. */
  g_assert_false (trio_socket_wait_readable (server, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  g_assert_cmpint (trio_socket_receive (server, &byte, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  if (!trio_socket_wait_writable (server, error) || !trio_socket_send_all (client, "x", 1, error)
      || !trio_nursery_close (nursery, TRUE))
    return FALSE;

  /* Nothing was taken, and it stays readable until it is. */
  return trio_socket_wait_readable (server, error) && trio_socket_wait_readable (server, error) && expect (server, "x", error);
}

static gboolean
be_readable_never (gpointer data, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_socket_wait_readable (data, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

/* Statement 158. */
static gboolean
test_closing_wakes_who_waits_for_readiness (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  g_autoptr (TrioNursery) nursery = NULL;

  if (!connect_both (&client, &server, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, be_readable_never, server);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  trio_socket_close (server);
  return trio_nursery_close (nursery, TRUE);
}

/* What was readable once is not for ever, although the system said so once. */
static gboolean
test_what_was_read_is_not_readable_any_more (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  g_autoptr (TrioCancelScope) patience = NULL;

  if (!connect_both (&client, &server, error) || !trio_socket_send_all (client, "xy", 2, error)
      || !trio_socket_wait_readable (server, error) || !expect (server, "xy", error))
    return FALSE;
  patience = trio_move_on_after (2 * G_TIME_SPAN_MILLISECOND, error);
  g_assert_false (trio_socket_wait_readable (server, error));
  return trio_cancel_scope_close (patience, FALSE);
}

/* --- sockets that travel --- */

static gboolean
test_a_connection_is_handed_on (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  g_autoptr (TrioSocketHandle) worker = NULL;
  g_autoptr (TrioSocketHandle) boss = NULL;
  g_autoptr (TrioSocketHandle) again = NULL;
  Handle *ends[2], *received[TRIO_SOCKET_PASSED_MAX];
  guint n_received = 0;
  GError *failure = NULL;
  char buffer[10];

  if (!connect_both (&client, &server, error) || !trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  boss = ends[0];
  worker = ends[1];
  if (!trio_socket_send_all (client, "early", 5, error))
    return FALSE;
  if (trio_socket_send_sockets (boss, "1", 1, &server, 1, error) != 1)
    return FALSE;
  g_assert_false (trio_socket_is_open (server));
  g_assert_cmpint (trio_socket_receive_sockets (worker, buffer, sizeof buffer, received, &n_received, error), ==, 1);
  g_assert_cmpuint (n_received, ==, 1);
  again = received[0];
  if (!expect (again, "early", error) || !trio_socket_send_all (again, "reply", 5, error) || !expect (client, "reply", error))
    return FALSE;

  /* Mistakes change nothing. */
  g_assert_cmpint (trio_socket_send_sockets (boss, "1", 1, &boss, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_cmpint (trio_socket_send_sockets (boss, "", 0, &again, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_cmpint (trio_socket_send_sockets (client, "1", 1, &again, 1, &failure), ==, -1);
  g_assert_nonnull (failure);
  g_clear_error (&failure);
  return trio_socket_send_all (client, "on", 2, error) && expect (again, "on", error);
}

static gboolean
test_what_nobody_takes_is_closed (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  g_autoptr (TrioSocketHandle) one = NULL;
  g_autoptr (TrioSocketHandle) other = NULL;
  Handle *ends[2];
  char byte;

  if (!connect_both (&client, &server, error) || !trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  one = ends[0];
  other = ends[1];
  if (trio_socket_send_sockets (one, "1", 1, &server, 1, error) != 1 || !expect (other, "1", error))
    return FALSE;
  g_assert_cmpint (trio_socket_receive (client, &byte, 1, error), ==, 0);
  return TRUE;
}

static gboolean
test_a_busy_socket_does_not_travel (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  g_autoptr (TrioSocketHandle) one = NULL;
  g_autoptr (TrioSocketHandle) other = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  Handle *ends[2];
  GError *failure = NULL;

  if (!connect_both (&client, &server, error) || !trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  one = ends[0];
  other = ends[1];
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, wait_until_readable, server);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  g_assert_cmpint (trio_socket_send_sockets (one, "1", 1, &server, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  return trio_socket_send_all (client, "x", 1, error) && trio_nursery_close (nursery, TRUE) && expect (server, "x", error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/socket/a-connection-made-call-by-call", test_a_connection_made_call_by_call);
  PARITY_TEST ("/socket/shutting-down-ends-both-directions", test_shutting_down_ends_both_directions);
  PARITY_TEST ("/socket/options-are-set-and-asked", test_options_are_set_and_asked);
  PARITY_TEST ("/socket/options-set-beforehand-hold-for-the-connection", test_options_set_beforehand_hold_for_the_connection);
  PARITY_TEST ("/socket/a-refusal-closes-and-tells-the-errno", test_a_refusal_closes_and_tells_the_errno);
  PARITY_TEST ("/socket/a-cancelled-connect-closes-the-socket", test_a_cancelled_connect_closes_the_socket);
  PARITY_TEST ("/socket/datagrams-with-addresses", test_datagrams_with_addresses);
  PARITY_TEST ("/socket/unix-datagrams-keep-their-bounds-and-wait-for-room", test_unix_datagrams_keep_their_bounds_and_wait_for_room);
  PARITY_TEST ("/socket/unix-datagrams-by-name", test_unix_datagrams_by_name);
  PARITY_TEST ("/socket/waiting-for-readiness", test_waiting_for_readiness);
  PARITY_TEST ("/socket/closing-wakes-who-waits-for-readiness", test_closing_wakes_who_waits_for_readiness);
  PARITY_TEST ("/socket/what-was-read-is-not-readable-any-more", test_what_was_read_is_not_readable_any_more);
  PARITY_TEST ("/socket/a-connection-is-handed-on", test_a_connection_is_handed_on);
  PARITY_TEST ("/socket/what-nobody-takes-is-closed", test_what_nobody_takes_is_closed);
  PARITY_TEST ("/socket/a-busy-socket-does-not-travel", test_a_busy_socket_does_not_travel);
  return g_test_run ();
}
