/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The simulated network at the height of its verbs; see net-test.h. */

#include "tests/sim/net-test.h"

static TrioIo *
io (void)
{
  return trio_current_io ();
}

void
net_expect_well (TrioFunc scenario, const char *lines)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (scenario, NULL, lines);

  sim_expect (report, TRIO_SIM_OK, NULL);
  if (report->unmatched > 0)
    g_error ("%u decisions of these found no choice:\n%s", report->unmatched, lines);
}

void
net_nap (GTimeSpan span)
{
  g_autoptr (GError) error = NULL;

  if (!trio_sleep (span, &error))
    g_error ("a test of the network was cancelled: %s", error->message);
}

void
net_await (TrioSocket *socket, TrioIoDirection direction)
{
  gint64 start = trio_current_time ();
  g_autoptr (GError) error = NULL;

  while (!io ()->arm (io (), socket, direction))
    {
      gint64 waited = trio_current_time () - start;

      g_assert_cmpint (waited, <, 2 * G_TIME_SPAN_HOUR);
      if (!trio_sleep (waited < G_TIME_SPAN_SECOND / 10 ? 50 : G_TIME_SPAN_SECOND / 100, &error))
        g_error ("a test of the network was cancelled: %s", error->message);
    }
}

TrioAddress
net_ipv4 (guint8 a, guint8 b, guint8 c, guint8 d, guint16 port)
{
  return (TrioAddress) { .family = TRIO_ADDRESS_IPV4, .port = port, .bytes = { a, b, c, d } };
}

TrioSocket *
net_socket (TrioAddressFamily family)
{
  TrioSocket *socket = NULL;

  g_assert_cmpint (io ()->socket (io (), family, TRIO_SOCKET_STREAM, &socket), ==, 0);
  g_assert_nonnull (socket);
  return socket;
}

TrioSocket *
net_listen (const TrioAddress *address, int backlog)
{
  TrioSocket *listener = net_socket (address->family);

  g_assert_cmpint (io ()->bind (io (), listener, address), ==, 0);
  g_assert_cmpint (io ()->listen (io (), listener, backlog), ==, 0);
  return listener;
}

int
net_connect (TrioSocket *socket, const TrioAddress *address)
{
  int result = io ()->connect (io (), socket, address);

  if (result != -EINPROGRESS)
    return result;
  net_await (socket, TRIO_IO_WRITE);
  return io ()->connect_result (io (), socket);
}

void
net_pair (TrioSocket **client, TrioSocket **server)
{
  const TrioAddress address = net_ipv4 (127, 0, 0, 1, 7);
  TrioSocket *listener = net_listen (&address, 5);

  *client = net_socket (TRIO_ADDRESS_IPV4);
  g_assert_cmpint (net_connect (*client, &address), ==, 0);
  net_await (listener, TRIO_IO_READ);
  g_assert_cmpint (io ()->accept (io (), listener, server), ==, 0);
  net_close (listener);
}

gssize
net_receive (TrioSocket *socket, gpointer buffer, gsize size)
{
  net_await (socket, TRIO_IO_READ);
  return io ()->receive (io (), socket, buffer, size);
}

gssize
net_send (TrioSocket *socket, gconstpointer data, gsize size)
{
  return io ()->send (io (), socket, data, size);
}

void
net_close (TrioSocket *socket)
{
  io ()->close (io (), socket);
}
