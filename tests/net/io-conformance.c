/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tests/net/io-conformance.h"

#include <errno.h>
#include <string.h>

#include <trio/lowlevel/socket.h>

#include "tests/net/io-verbs.h"

static const char *directory = "/tmp";

void
io_conformance_set_directory (const char *path)
{
  directory = path;
}

/* --- streams, of each kind --- */

TRIO_CHECKPOINT static void
check_bytes (TrioSocket *ends[2])
{
  char byte;

  g_assert_cmpint (receive (ends[0], &byte, 1), ==, -EAGAIN);
  send_text (ends[1], "hello");
  send_text (ends[1], " there");
  expect (ends[0], "hello there");
  send_text (ends[0], "back");
  expect (ends[1], "back");
  g_assert_cmpint (receive (ends[0], &byte, 1), ==, -EAGAIN);
}

TRIO_CHECKPOINT static void
check_half_close (TrioSocket *ends[2])
{
  char byte;

  send_text (ends[0], "last");
  g_assert_cmpint (io ()->shutdown (io (), ends[0], TRUE, FALSE), ==, 0);
  g_assert_cmpint (send (ends[0], "x", 1), ==, -EPIPE);
  expect (ends[1], "last");
  g_assert_cmpint (receive_soon (ends[1], &byte, 1), ==, 0);
  g_assert_cmpint (receive (ends[1], &byte, 1), ==, 0);
  send_text (ends[1], "still");
  expect (ends[0], "still");
}

/* Until nothing more fits, and then as much again out of the other end. */
TRIO_CHECKPOINT static void
check_back_pressure (TrioSocket *ends[2])
{
  g_autofree char *block = g_malloc0 (65536);
  gsize n_sent = 0, n_received = 0;
  gssize n;

  for (guint round = 0; round < 2; round++)
    {
      while ((n = send (ends[0], block, 65536)) > 0)
        n_sent += (gsize) n;
      g_assert_cmpint (n, ==, -EAGAIN);
      while (n_received < n_sent)
        {
          n = receive_soon (ends[1], block, 65536);
          g_assert_cmpint (n, >, 0);
          n_received += (gsize) n;
        }
      await (ends[0], TRIO_IO_WRITE);
    }
  g_assert_cmpuint (n_received, ==, n_sent);
}

/* A close with unread bytes is a reset; it is told once, and sending is broken for ever. */
TRIO_CHECKPOINT static void
check_reset (TrioSocket *ends[2])
{
  gssize n;
  char byte;

  send_text (ends[0], "unread");
  await (ends[1], TRIO_IO_READ);
  shut (ends[1]);
  ends[1] = NULL;
  g_assert_cmpint (receive_soon (ends[0], &byte, 1), ==, -ECONNRESET);
  g_assert_cmpint (receive (ends[0], &byte, 1), ==, 0);
  n = send (ends[0], "x", 1);
  g_assert_true (n == -EPIPE || n == -ECONNRESET);
}

/* Without: the end of the stream. Bytes that were sent before it arrive. */
TRIO_CHECKPOINT static void
check_close (TrioSocket *ends[2])
{
  char byte;

  send_text (ends[1], "bye");
  shut (ends[1]);
  ends[1] = NULL;
  expect (ends[0], "bye");
  g_assert_cmpint (receive_soon (ends[0], &byte, 1), ==, 0);
}

TRIO_CHECKPOINT static void
check_readiness (TrioSocket *ends[2])
{
  g_assert_true (io ()->is_ready (io (), ends[0], TRIO_IO_WRITE));
  g_assert_false (io ()->is_ready (io (), ends[0], TRIO_IO_READ));
  send_text (ends[1], "x");
  await (ends[0], TRIO_IO_READ);
  g_assert_true (io ()->is_ready (io (), ends[0], TRIO_IO_READ));
  expect (ends[0], "x");
  g_assert_false (io ()->is_ready (io (), ends[0], TRIO_IO_READ));
}

typedef void (*MakeStreams) (TrioSocket *ends[2]);
typedef void (*CheckStreams) (TrioSocket *ends[2]);

TRIO_CHECKPOINT static gboolean
check_streams (MakeStreams make_streams)
{
  static const CheckStreams checks[] = { check_bytes, check_half_close, check_back_pressure, check_reset, check_close, check_readiness };

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      TrioSocket *ends[2];

      make_streams (ends);
      checks[i](ends);
      for (guint end = 0; end < 2; end++)
        if (ends[end] != NULL)
          shut (ends[end]);
    }
  return TRUE;
}

static gboolean
tcp_is_a_stream (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return check_streams (make_tcp);
}

static gboolean
a_pair_is_a_stream (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return check_streams (make_pair);
}

/* --- connecting --- */

static gboolean
ports_belong_to_one (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioAddress address, six;
  TrioSocket *listener = listen_here (&address);
  TrioSocket *other = make (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM);
  TrioSocket *datagrams = make (TRIO_ADDRESS_IPV4, TRIO_SOCKET_DATAGRAM);

  g_assert_cmpint (io ()->bind (io (), other, &address), ==, -EADDRINUSE);
  g_assert_cmpint (io ()->bind (io (), datagrams, &address), ==, 0);
  g_assert_true (trio_address_parse ("::1", 0, &six));
  g_assert_cmpint (io ()->bind (io (), other, &six), <, 0);
  shut (datagrams);
  shut (other);
  shut (listener);
  return TRUE;
}

static gboolean
accept_gives_the_other_end (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioAddress address, mine, theirs;
  TrioSocket *listener = listen_here (&address);
  TrioSocket *client = make (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM), *server = NULL;

  g_assert_cmpint (io ()->accept (io (), listener, &server), ==, -EAGAIN);
  g_assert_cmpint (connect_soon (client, &address), ==, 0);
  server = accept_soon (listener);
  mine = address_of (client, FALSE);
  theirs = address_of (server, TRUE);
  g_assert_true (trio_address_equal (&mine, &theirs));
  mine = address_of (client, TRUE);
  g_assert_true (trio_address_equal (&mine, &address));
  shut (client);
  shut (server);
  shut (listener);
  return TRUE;
}

static gboolean
nobody_is_a_refusal (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioAddress address, peer;
  TrioSocket *listener = listen_here (&address);
  TrioSocket *client = make (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM);

  shut (listener);
  g_assert_cmpint (io ()->get_address (io (), client, TRUE, &peer), <, 0);
  g_assert_cmpint (connect_soon (client, &address), ==, -ECONNREFUSED);
  shut (client);
  return TRUE;
}

static gboolean
options_are_kept (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioSocket *socket = make (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM);
  int value = 0;

  g_assert_cmpint (io ()->set_option (io (), socket, TRIO_SOCKET_NO_DELAY, 1), ==, 0);
  g_assert_cmpint (io ()->get_option (io (), socket, TRIO_SOCKET_NO_DELAY, &value), ==, 0);
  g_assert_cmpint (value, !=, 0);
  g_assert_cmpint (io ()->set_option (io (), socket, TRIO_SOCKET_N_OPTIONS, 1), ==, -ENOPROTOOPT);
  shut (socket);
  return TRUE;
}

/* --- waking --- */

static gboolean
say_something (gpointer data, GError **error)
{
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  return trio_socket_send_all (data, "x", 1, error);
}

/* Many times, since an edge that is lost is lost seldom. */
static gboolean
who_waits_is_woken (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 20; i++)
    {
      TrioSocketHandle *ends[2];
      gboolean ok;
      char byte;

      if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
        return FALSE;
      {
        g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

        trio_nursery_start_soon (nursery, say_something, ends[0]);
        ok = i % 2 == 0 ? trio_socket_wait_readable (ends[1], error) : trio_socket_receive (ends[1], &byte, 1, error) == 1;
        ok = trio_nursery_close (nursery, ok);
      }
      trio_socket_handle_unref (ends[0]);
      trio_socket_handle_unref (ends[1]);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

/* --- unix names --- */

static TrioAddress
path_address (void)
{
  g_autofree char *path = g_build_filename (directory, "io-conformance", NULL);
  TrioAddress address;

  g_assert_true (trio_address_unix (path, &address, NULL));
  return address;
}

static gboolean
names_outlive_their_socket (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  const TrioAddress address = path_address ();
  TrioSocket *listener = make (TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM), *client, *server;
  guint64 first[2], second[2];

  g_assert_cmpint (io ()->get_name (io (), &address, first), ==, -ENOENT);
  g_assert_cmpint (io ()->bind (io (), listener, &address), ==, 0);
  g_assert_cmpint (io ()->set_name_mode (io (), &address, 0700), ==, 0);
  g_assert_cmpint (io ()->get_name (io (), &address, first), ==, 0);
  client = make (TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM);
  g_assert_cmpint (io ()->connect (io (), client, &address), ==, -ECONNREFUSED);
  g_assert_cmpint (io ()->listen (io (), listener, 1), ==, 0);
  g_assert_cmpint (io ()->connect (io (), client, &address), ==, 0);
  server = accept_soon (listener);
  shut (server);
  shut (client);
  shut (listener);

  client = make (TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM);
  g_assert_cmpint (io ()->connect (io (), client, &address), ==, -ECONNREFUSED);
  g_assert_cmpint (io ()->bind (io (), client, &address), ==, -EADDRINUSE);
  g_assert_cmpint (io ()->get_name (io (), &address, second), ==, 0);
  g_assert_true (first[0] == second[0] && first[1] == second[1]);
  g_assert_cmpint (io ()->remove_name (io (), &address), ==, 0);
  g_assert_cmpint (io ()->remove_name (io (), &address), ==, -ENOENT);
  g_assert_cmpint (io ()->connect (io (), client, &address), ==, -ENOENT);
  shut (client);
  return TRUE;
}

static gboolean
sockets_travel (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioSocket *way[2], *ends[2];
  TrioSocketPassed passed = { .socket = NULL };
  TrioSocketMessage message = { .passed = &passed, .n_passed = 1 }, received;
  char byte;

  make_pair (way);
  make_tcp (ends);
  passed.socket = ends[0];
  g_assert_cmpint (send_message (way[0], "s", 1, &message), ==, 1);
  g_assert_cmpint (receive_message_soon (way[1], &byte, 1, &received), ==, 1);
  g_assert_cmpuint (received.n_passed, ==, 1);
  g_assert_cmpint (received.passed_error, ==, 0);
  g_assert_cmpint (received.passed[0].can & TRIO_DESCRIPTOR_IS_SOCKET, !=, 0);
  ends[0] = received.passed[0].socket;
  g_free (received.passed);
  send_text (ends[0], "here");
  expect (ends[1], "here");

  /* Only unix sockets carry others; what was not sent is as it was. */
  passed.socket = way[0];
  g_assert_cmpint (send_message (ends[0], "s", 1, &message), ==, -EOPNOTSUPP);
  send_text (way[0], "y");
  expect (way[1], "y");
  for (guint i = 0; i < 2; i++)
    {
      shut (way[i]);
      shut (ends[i]);
    }
  return TRUE;
}

static gboolean
numbers_need_no_look_up (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree TrioAddress *addresses = NULL;
  gsize n = 0;

  if (!io ()->resolve (io (), "127.0.0.1", 80, &addresses, &n, error))
    return FALSE;
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (addresses[0].port, ==, 80);
  g_assert_cmpmem (addresses[0].bytes, 4, loopback.bytes, 4);
  return TRUE;
}

const IoConformance io_conformance[] = {
  { "tcp-is-a-stream", tcp_is_a_stream },
  { "a-pair-is-a-stream", a_pair_is_a_stream },
  { "ports-belong-to-one", ports_belong_to_one },
  { "accept-gives-the-other-end", accept_gives_the_other_end },
  { "nobody-is-a-refusal", nobody_is_a_refusal },
  { "options-are-kept", options_are_kept },
  { "who-waits-is-woken", who_waits_is_woken },
  { "datagrams-keep-their-bounds", io_check_datagrams_keep_their_bounds },
  { "places-are-filled-in-order", io_check_places_are_filled_in_order },
  { "what-is-looked-at-stays", io_check_what_is_looked_at_stays },
  { "descriptors-come-and-go", io_check_descriptors_come_and_go },
  { "names-outlive-their-socket", names_outlive_their_socket },
  { "sockets-travel", sockets_travel },
  { "numbers-need-no-look-up", numbers_need_no_look_up },
  { NULL, NULL },
};
