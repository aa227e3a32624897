/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What closing a TCP connection does, by TRIO_SOCKET_LINGER and what happened before: end of the stream, or a reset. */

#include <errno.h>
#include <string.h>

#include <gio/gio.h>
#include <trio/lowlevel/socket.h>

#include "tests/parity/parity.h"

typedef TrioSocketHandle Handle;

/* A client and a server, connected; the listener has that linger. */
static gboolean
connect_both (int linger, Handle **client, Handle **server, GError **error)
{
  g_autoptr (TrioSocketHandle) listener = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  TrioAddress address;

  g_assert_true (trio_address_parse ("127.0.0.1", 0, &address));
  *client = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  if (listener == NULL || *client == NULL || !trio_socket_set_option (listener, TRIO_SOCKET_LINGER, linger, error)
      || !trio_socket_bind (listener, &address, NULL, error) || !trio_socket_listen (listener, 1, NULL, error))
    return FALSE;
  g_assert_true (trio_socket_get_address (listener, FALSE, &address));
  if (!trio_socket_connect (*client, &address, NULL, error))
    return FALSE;
  *server = trio_socket_accept (listener, NULL, error);
  return *server != NULL;
}

static void TRIO_CHECKPOINT
expect_reset (Handle *socket)
{
  GError *failure = NULL;
  char byte;

  g_assert_cmpint (trio_socket_receive (socket, &byte, 1, &failure), ==, -1);
  g_assert_nonnull (strstr (failure->message, g_strerror (ECONNRESET)));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
}

static gboolean
expect_byte (Handle *socket, char expected, GError **error)
{
  char byte;

  if (trio_socket_receive (socket, &byte, 1, error) != 1)
    return FALSE;
  g_assert_cmpint (byte, ==, expected);
  return TRUE;
}

/* Checks that there is nothing more, and no error. */
static gboolean
expect_end (Handle *socket, GError **error)
{
  char byte;
  gssize n = trio_socket_receive (socket, &byte, 1, error);

  g_assert_cmpint (n, <=, 0);
  return n == 0;
}

static gboolean
test_the_linger_is_set_asked_and_inherited (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const TrioAddressFamily families[] = { TRIO_ADDRESS_IPV4, TRIO_ADDRESS_IPV6, TRIO_ADDRESS_UNIX };
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  GError *failure = NULL;
  int value = 17;

  for (guint i = 0; i < G_N_ELEMENTS (families) * 2; i++)
    {
      TrioSocketKind kind = i % 2 == 0 ? TRIO_SOCKET_STREAM : TRIO_SOCKET_DATAGRAM;
      g_autoptr (TrioSocketHandle) socket = trio_socket_open (families[i / 2], kind, NULL, error);

      if (socket == NULL || !trio_socket_get_option (socket, TRIO_SOCKET_LINGER, &value, error))
        return FALSE;
      g_assert_cmpint (value, ==, -1);
      for (int linger = 0; linger >= -1; linger--)
        {
          if (!trio_socket_set_option (socket, TRIO_SOCKET_LINGER, linger, error)
              || !trio_socket_get_option (socket, TRIO_SOCKET_LINGER, &value, error))
            return FALSE;
          g_assert_cmpint (value, ==, linger);
        }
    }
  if (!connect_both (0, &client, &server, error) || !trio_socket_get_option (server, TRIO_SOCKET_LINGER, &value, error))
    return FALSE;
  g_assert_cmpint (value, ==, 0);

  /* What would make close() wait is refused, and changes nothing. */
  g_assert_false (trio_socket_set_option (server, TRIO_SOCKET_LINGER, 5, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  failure = NULL;
  g_assert_false (trio_socket_set_option (server, TRIO_SOCKET_LINGER, -2, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  return trio_socket_get_option (server, TRIO_SOCKET_LINGER, &value, error) && value == 0;
}

static gboolean
test_closing_is_the_end_of_the_stream_without_one (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;

  if (!connect_both (-1, &client, &server, error) || !trio_socket_send_all (client, "x", 1, error))
    return FALSE;
  trio_socket_close (client);
  return expect_byte (server, 'x', error) && expect_end (server, error);
}

static gboolean
test_closing_with_a_linger_of_0_resets (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TrioSocketHandle) client = NULL;
      g_autoptr (TrioSocketHandle) server = NULL;
      GError *failure = NULL;

      /* Of one that connected, and of one that was accepted. */
      if (!connect_both (i == 0 ? -1 : 0, &client, &server, error)
          || (i == 0 && !trio_socket_set_option (client, TRIO_SOCKET_LINGER, 0, error)))
        return FALSE;
      trio_socket_close (i == 0 ? client : server);
      expect_reset (i == 0 ? server : client);

      /* The system tells it once; here it stays so. */
      expect_reset (i == 0 ? server : client);
      g_assert_cmpint (trio_socket_send (i == 0 ? server : client, "x", 1, &failure), ==, -1);
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
    }
  return TRUE;
}

static gboolean
expect_reset_later (gpointer data, GError **error G_GNUC_UNUSED)
{
  expect_reset (data);
  return TRUE;
}

static gboolean
test_a_reset_wakes_who_receives (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  g_autoptr (TrioNursery) nursery = NULL;

  if (!connect_both (0, &client, &server, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, expect_reset_later, client);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  trio_socket_close (server);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_what_had_arrived_is_received_before_the_reset (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;

  if (!connect_both (-1, &client, &server, error) || !trio_socket_set_option (client, TRIO_SOCKET_LINGER, 0, error)
      || !trio_socket_send_all (client, "x", 1, error) || !trio_socket_wait_readable (server, error))
    return FALSE;
  trio_socket_close (client);
  if (!expect_byte (server, 'x', error))
    return FALSE;
  expect_reset (server);
  return TRUE;
}

/* Unread bytes make a reset of any close. */
static gboolean
test_unread_bytes_reset_with_and_without_one (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (int linger = -1; linger <= 0; linger++)
    {
      g_autoptr (TrioSocketHandle) client = NULL;
      g_autoptr (TrioSocketHandle) server = NULL;

      if (!connect_both (-1, &client, &server, error) || !trio_socket_set_option (client, TRIO_SOCKET_LINGER, linger, error)
          || !trio_socket_send_all (server, "x", 1, error) || !trio_socket_wait_readable (client, error))
        return FALSE;
      trio_socket_close (client);
      expect_reset (server);
    }
  return TRUE;
}

/* Who has read the end of the stream goes on reading it; it is the sending that breaks. */
static gboolean
test_a_reset_after_the_end_of_the_stream_breaks_the_sending (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;
  GError *failure = NULL;

  if (!connect_both (-1, &client, &server, error) || !trio_socket_set_option (client, TRIO_SOCKET_LINGER, 0, error)
      || !trio_socket_shutdown (client, TRIO_SOCKET_SHUT_SEND, error) || !expect_end (server, error))
    return FALSE;
  trio_socket_close (client);
  if (!trio_sleep (20 * G_TIME_SPAN_MILLISECOND, error) || !expect_end (server, error))
    return FALSE;
  g_assert_cmpint (trio_socket_send (server, "x", 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

/* The peer has said that it sends nothing more, and still is told. */
static gboolean
test_a_peer_that_has_ended_its_stream_is_reset (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;

  if (!connect_both (-1, &client, &server, error) || !trio_socket_set_option (client, TRIO_SOCKET_LINGER, 0, error)
      || !trio_socket_shutdown (server, TRIO_SOCKET_SHUT_SEND, error) || !expect_end (client, error))
    return FALSE;
  trio_socket_close (client);
  expect_reset (server);
  return TRUE;
}

static gboolean
test_after_both_ends_there_is_nothing_to_reset (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) client = NULL;
  g_autoptr (TrioSocketHandle) server = NULL;

  if (!connect_both (-1, &client, &server, error) || !trio_socket_set_option (client, TRIO_SOCKET_LINGER, 0, error)
      || !trio_socket_shutdown (server, TRIO_SOCKET_SHUT_SEND, error) || !expect_end (client, error)
      || !trio_socket_shutdown (client, TRIO_SOCKET_SHUT_SEND, error))
    return FALSE;
  trio_socket_close (client);
  return trio_sleep (20 * G_TIME_SPAN_MILLISECOND, error) && expect_end (server, error) && expect_end (server, error);
}

/* Of unix sockets it does nothing. */
static gboolean
test_a_unix_socket_ends_as_ever (gpointer data G_GNUC_UNUSED, GError **error)
{
  Handle *ends[2];
  gboolean ok;

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error) || !trio_socket_set_option (ends[0], TRIO_SOCKET_LINGER, 0, error))
    return FALSE;
  trio_socket_close (ends[0]);
  ok = expect_end (ends[1], error);
  trio_socket_handle_unref (ends[0]);
  trio_socket_handle_unref (ends[1]);
  return ok;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/linger/the-linger-is-set-asked-and-inherited", test_the_linger_is_set_asked_and_inherited);
  PARITY_TEST ("/linger/closing-is-the-end-of-the-stream-without-one", test_closing_is_the_end_of_the_stream_without_one);
  PARITY_TEST ("/linger/closing-with-a-linger-of-0-resets", test_closing_with_a_linger_of_0_resets);
  PARITY_TEST ("/linger/a-reset-wakes-who-receives", test_a_reset_wakes_who_receives);
  PARITY_TEST ("/linger/what-had-arrived-is-received-before-the-reset", test_what_had_arrived_is_received_before_the_reset);
  PARITY_TEST ("/linger/unread-bytes-reset-with-and-without-one", test_unread_bytes_reset_with_and_without_one);
  PARITY_TEST ("/linger/a-reset-after-the-end-of-the-stream-breaks-the-sending",
               test_a_reset_after_the_end_of_the_stream_breaks_the_sending);
  PARITY_TEST ("/linger/a-peer-that-has-ended-its-stream-is-reset", test_a_peer_that_has_ended_its_stream_is_reset);
  PARITY_TEST ("/linger/after-both-ends-there-is-nothing-to-reset", test_after_both_ends_there_is_nothing_to_reset);
  PARITY_TEST ("/linger/a-unix-socket-ends-as-ever", test_a_unix_socket_ends_as_ever);
  return g_test_run ();
}
