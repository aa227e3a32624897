/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The simulated network up to the point where a connection stands: names, addresses, ports, connecting, the line for accept.
 * Errors are Linux'. */

#include <string.h>

#include "tests/sim/net-test.h"

/* --- connecting --- */

static gboolean
connect_to_nobody (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  const TrioAddress address = net_ipv4 (127, 0, 0, 1, 7);
  TrioSocket *socket = net_socket (TRIO_ADDRESS_IPV4);

  g_assert_cmpint (net_connect (socket, &address), ==, -ECONNREFUSED);
  g_assert_cmpint (trio_current_time (), >=, 200);       /* there and back */
  net_close (socket);
  return TRUE;
}

static void
test_where_nobody_listens_one_is_refused (void)
{
  net_expect_well (connect_to_nobody, "");
}

static gboolean
be_refused_by_fault (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  const TrioAddress address = net_ipv4 (127, 0, 0, 1, 7);
  TrioSocket *listener = net_listen (&address, 5);
  TrioSocket *socket = net_socket (TRIO_ADDRESS_IPV4);

  g_assert_cmpint (net_connect (socket, &address), ==, -ECONNREFUSED);
  net_close (socket);
  net_close (listener);
  return TRUE;
}

static void
test_a_fault_refuses (void)
{
  net_expect_well (be_refused_by_fault, "main fault.refuse 1 = 1/2");
}

static gboolean
hang_and_time_out (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  const TrioAddress address = net_ipv4 (127, 0, 0, 1, 7);
  TrioSocket *listener = net_listen (&address, 5);
  TrioSocket *socket = net_socket (TRIO_ADDRESS_IPV4);

  g_assert_cmpint (net_connect (socket, &address), ==, -ETIMEDOUT);
  g_assert_cmpint (trio_current_time () / G_TIME_SPAN_SECOND, ==, 127);
  net_close (socket);
  net_close (listener);
  return TRUE;
}

static void
test_an_attempt_may_hang_until_it_times_out (void)
{
  net_expect_well (hang_and_time_out, "main fault.vanish 1 = 1/2");
}

static gboolean
fill_the_line (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  const TrioAddress address = net_ipv4 (127, 0, 0, 1, 7);
  TrioSocket *listener = net_listen (&address, 1);
  TrioSocket *clients[3], *accepted;

  for (guint i = 0; i < 3; i++)
    {
      clients[i] = net_socket (TRIO_ADDRESS_IPV4);
      g_assert_cmpint (io->connect (io, clients[i], &address), ==, -EINPROGRESS);
    }
  net_nap (ms (10));
  g_assert_cmpint (io->connect_result (io, clients[0]), ==, 0);
  g_assert_cmpint (io->connect_result (io, clients[1]), ==, 0);
  g_assert_cmpint (io->connect_result (io, clients[2]), ==, -EINPROGRESS);

  /* There is room again, but the client's packet was dropped; it comes again after a second. */
  g_assert_cmpint (io->accept (io, listener, &accepted), ==, 0);
  net_nap (ms (500));
  g_assert_cmpint (io->connect_result (io, clients[2]), ==, -EINPROGRESS);
  net_nap (ms (600));
  g_assert_cmpint (io->connect_result (io, clients[2]), ==, 0);

  /* Those that nobody accepted are reset with the listener. */
  net_close (listener);
  net_nap (ms (10));
  char byte;
  g_assert_cmpint (net_receive (clients[1], &byte, 1), ==, -ECONNRESET);
  g_assert_cmpint (net_receive (clients[2], &byte, 1), ==, -ECONNRESET);
  net_close (accepted);
  for (guint i = 0; i < 3; i++)
    net_close (clients[i]);
  return TRUE;
}

static void
test_a_full_line_makes_one_wait (void)
{
  net_expect_well (fill_the_line, "");
}

static gboolean
give_up_connecting (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  const TrioAddress address = net_ipv4 (127, 0, 0, 1, 7);
  TrioSocket *listener = net_listen (&address, 5);
  TrioSocket *client = net_socket (TRIO_ADDRESS_IPV4), *server;
  char byte;

  g_assert_cmpint (io->connect (io, client, &address), ==, -EINPROGRESS);
  g_assert_cmpint (io->connect (io, client, &address), ==, -EALREADY);
  net_nap (120);                      /* the server's side exists, the client does not know it yet */
  net_close (client);
  net_await (listener, TRIO_IO_READ);
  g_assert_cmpint (io->accept (io, listener, &server), ==, 0);
  g_assert_cmpint (net_receive (server, &byte, 1), ==, -ECONNRESET);
  g_assert_cmpint (io->receive (io, server, &byte, 1), ==, 0);
  net_close (server);
  net_close (listener);
  return TRUE;
}

static void
test_a_client_that_gives_up_leaves_a_reset (void)
{
  net_expect_well (give_up_connecting, "");
}

/* --- addresses and ports --- */

static gboolean
take_ports (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  const TrioAddress any = net_ipv4 (0, 0, 0, 0, 7), local = net_ipv4 (127, 0, 0, 1, 7), free_port = net_ipv4 (127, 0, 0, 1, 0);
  TrioSocket *first = net_listen (&local, 5);
  TrioSocket *second = net_socket (TRIO_ADDRESS_IPV4);
  TrioAddress address;

  g_assert_cmpint (io->bind (io, second, &any), ==, -EADDRINUSE);
  g_assert_cmpint (io->bind (io, second, &local), ==, -EADDRINUSE);
  g_assert_cmpint (io->bind (io, second, &free_port), ==, 0);
  g_assert_cmpint (io->get_address (io, second, FALSE, &address), ==, 0);
  g_assert_cmpint (address.port, ==, 32768);
  g_assert_cmpint (io->get_address (io, second, TRUE, &address), ==, -ENOTCONN);
  g_assert_cmpint (io->bind (io, second, &free_port), ==, -EINVAL);
  net_close (first);
  first = net_listen (&any, 5);

  /* Both ends know each other's addresses. */
  TrioSocket *server;
  const TrioAddress elsewhere = net_ipv4 (10, 1, 2, 3, 7);
  TrioAddress there;
  g_assert_cmpint (net_connect (second, &elsewhere), ==, 0);
  g_assert_cmpint (io->accept (io, first, &server), ==, 0);
  g_assert_cmpint (io->get_address (io, second, FALSE, &address), ==, 0);
  g_assert_cmpint (io->get_address (io, server, TRUE, &there), ==, 0);
  g_assert_cmpmem (&address, sizeof address, &there, sizeof there);
  g_assert_cmpint (io->get_address (io, server, FALSE, &there), ==, 0);
  g_assert_cmpmem (&elsewhere, sizeof elsewhere, &there, sizeof there);
  net_close (server);
  net_close (second);
  net_close (first);
  return TRUE;
}

static void
test_ports_belong_to_one (void)
{
  net_expect_well (take_ports, "");
}

static gboolean
listen_on_both (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  const TrioAddress any6 = { .family = TRIO_ADDRESS_IPV6, .port = 7 };
  const TrioAddress address4 = net_ipv4 (127, 0, 0, 1, 7);

  for (guint only = 0; only < 2; only++)
    {
      TrioSocket *listener = net_socket (TRIO_ADDRESS_IPV6);
      TrioSocket *client4 = net_socket (TRIO_ADDRESS_IPV4), *client6 = net_socket (TRIO_ADDRESS_IPV6);

      g_assert_cmpint (io->set_option (io, listener, TRIO_SOCKET_IPV6_ONLY, (int) only), ==, 0);
      g_assert_cmpint (io->bind (io, listener, &address4), ==, -EAFNOSUPPORT);
      g_assert_cmpint (io->bind (io, listener, &any6), ==, 0);
      g_assert_cmpint (io->listen (io, listener, 5), ==, 0);
      g_assert_cmpint (net_connect (client4, &address4), ==, only ? -ECONNREFUSED : 0);
      g_assert_cmpint (net_connect (client6, &address4), ==, -EAFNOSUPPORT);
      g_assert_cmpint (net_connect (client6, &any6), ==, 0);      /* "any" as a destination is this host */
      net_close (client4);
      net_close (client6);
      net_close (listener);
    }
  return TRUE;
}

static void
test_a_dual_listener_hears_both_families (void)
{
  net_expect_well (listen_on_both, "");
}

static TrioAddress
look_up (const char *host)
{
  TrioIo *io = trio_current_io ();
  g_autoptr (GError) error = NULL;
  g_autofree TrioAddress *addresses = NULL;
  gsize n;

  io->resolve (io, host, 7, &addresses, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (addresses[0].port, ==, 7);
  return addresses[0];
}

static void
expect_bytes (const char *host, TrioAddressFamily family, const guint8 *bytes)
{
  TrioAddress address = look_up (host);

  g_assert_cmpint (address.family, ==, family);
  g_assert_cmpmem (address.bytes, family == TRIO_ADDRESS_IPV4 ? 4 : 16, bytes, family == TRIO_ADDRESS_IPV4 ? 4 : 16);
}

static gboolean
look_up_names (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  static const guint8 any[16], local[] = { 127, 0, 0, 1 }, four[] = { 192, 168, 0, 255 };
  static const guint8 one[16] = { [15] = 1 };
  static const guint8 six[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa, 0xbc, 0xde };
  static const guint8 whole[16] = { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8 };
  static const guint8 mapped[16] = { [10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168, [14] = 0, [15] = 255 };

  expect_bytes (NULL, TRIO_ADDRESS_IPV4, any);
  expect_bytes ("0.0.0.0", TRIO_ADDRESS_IPV4, any);
  expect_bytes ("192.168.0.255", TRIO_ADDRESS_IPV4, four);
  expect_bytes ("::", TRIO_ADDRESS_IPV6, any);
  expect_bytes ("::1", TRIO_ADDRESS_IPV6, one);
  expect_bytes ("2001:db8::a:bcde", TRIO_ADDRESS_IPV6, six);
  expect_bytes ("1:2:3:4:5:6:7:8", TRIO_ADDRESS_IPV6, whole);
  expect_bytes ("::ffff:192.168.0.255", TRIO_ADDRESS_IPV6, mapped);
  g_assert_cmpint (trio_current_time (), ==, 0);          /* none of these needed a look-up */
  expect_bytes ("LocalHost", TRIO_ADDRESS_IPV4, local);
  g_assert_cmpint (trio_current_time (), ==, 100);

  TrioAddress bank = look_up ("bank.example"), again = look_up ("Bank.Example"), shop = look_up ("shop.example");
  g_assert_cmpint (bank.bytes[0], ==, 10);
  g_assert_cmpmem (&bank, sizeof bank, &again, sizeof again);
  g_assert_cmpint (memcmp (&bank, &shop, sizeof bank), !=, 0);

  g_autoptr (GError) failure = NULL;
  TrioIo *io = trio_current_io ();
  g_autofree TrioAddress *addresses = NULL;
  gsize n;
  g_assert_false (io->resolve (io, "nobody.invalid", 7, &addresses, &n, &failure));
  g_assert_cmpstr (g_quark_to_string (failure->domain), ==, "g-resolver-error-quark");
  g_assert_null (addresses);
  return TRUE;
}

static void
test_names_have_addresses (void)
{
  net_expect_well (look_up_names, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/network/where-nobody-listens-one-is-refused", test_where_nobody_listens_one_is_refused);
  g_test_add_func ("/network/a-fault-refuses", test_a_fault_refuses);
  g_test_add_func ("/network/an-attempt-may-hang-until-it-times-out", test_an_attempt_may_hang_until_it_times_out);
  g_test_add_func ("/network/a-full-line-makes-one-wait", test_a_full_line_makes_one_wait);
  g_test_add_func ("/network/a-client-that-gives-up-leaves-a-reset", test_a_client_that_gives_up_leaves_a_reset);
  g_test_add_func ("/network/ports-belong-to-one", test_ports_belong_to_one);
  g_test_add_func ("/network/a-dual-listener-hears-both-families", test_a_dual_listener_hears_both_families);
  g_test_add_func ("/network/names-have-addresses", test_names_have_addresses);
  return g_test_run ();
}
