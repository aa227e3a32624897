/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The smaller calls of sockets: looking without taking, asking, and giving away; and names of addresses. */

#include <errno.h>
#include <string.h>

#include <gio/gio.h>

#include <trio/lowlevel/descriptor.h>
#include <trio/lowlevel/passing.h>
#include <trio/lowlevel/socket.h>
#include <trio/resolver.h>
#include <trio/testing.h>

#include "tests/parity/parity.h"

/* Two stream sockets of a family, connected. */
static gboolean
make_pair (TrioAddressFamily family, TrioSocketHandle *ends[2], GError **error)
{
  g_autoptr (TrioSocketHandle) listener = NULL;
  TrioAddress address;

  if (family == TRIO_ADDRESS_UNIX)
    return trio_socket_pair (TRIO_SOCKET_STREAM, ends, error);
  g_assert_true (trio_address_parse ("127.0.0.1", 0, &address));
  listener = trio_socket_open (family, TRIO_SOCKET_STREAM, NULL, error);
  if (listener == NULL || !trio_socket_bind (listener, &address, NULL, error) || !trio_socket_listen (listener, 1, NULL, error))
    return FALSE;
  g_assert_true (trio_socket_get_address (listener, FALSE, &address));
  ends[0] = trio_socket_open (family, TRIO_SOCKET_STREAM, NULL, error);
  if (ends[0] == NULL || !trio_socket_connect (ends[0], &address, NULL, error))
    return FALSE;
  ends[1] = trio_socket_accept (listener, NULL, error);
  return ends[1] != NULL;
}

static void
drop_pair (TrioSocketHandle *ends[2])
{
  for (guint i = 0; i < 2; i++)
    trio_socket_handle_unref (ends[i]);
}

static const TrioAddressFamily families[] = { TRIO_ADDRESS_IPV4, TRIO_ADDRESS_UNIX };

static gboolean
test_what_is_looked_at_stays (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      TrioSocketHandle *ends[2];
      char buffer[8];

      if (!make_pair (families[i], ends, error) || !trio_socket_send_all (ends[0], "abc", 3, error))
        return FALSE;
      for (guint n = 0; n < 3; n++)
        {
          gssize seen = trio_socket_peek (ends[1], buffer, sizeof buffer, error);

          g_assert_cmpint (seen, >=, 1);
          g_assert_cmpmem (buffer, seen, "abc", seen);
        }
      g_assert_cmpint (trio_socket_peek (ends[1], buffer, 1, error), ==, 1);
      for (gssize taken = 0, n; taken < 3; taken += n)
        {
          n = trio_socket_receive (ends[1], buffer, 3, error);
          g_assert_cmpint (n, >=, 1);
          g_assert_cmpmem (buffer, n, &"abc"[taken], n);
        }
      if (!trio_socket_shutdown (ends[0], TRIO_SOCKET_SHUT_SEND, error))
        return FALSE;
      g_assert_cmpint (trio_socket_peek (ends[1], buffer, sizeof buffer, error), ==, 0);
      drop_pair (ends);
    }
  return TRUE;
}

static gboolean
test_a_datagram_that_is_looked_at_stays_whole (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *ends[2];
  char buffer[8];

  if (!trio_socket_pair (TRIO_SOCKET_DATAGRAM, ends, error) || trio_socket_send (ends[0], "first", 5, error) != 5
      || trio_socket_send (ends[0], "second", 6, error) != 6)
    return FALSE;
  g_assert_cmpint (trio_socket_peek (ends[1], buffer, 2, error), ==, 2);
  g_assert_cmpint (trio_socket_peek (ends[1], buffer, sizeof buffer, error), ==, 5);
  g_assert_cmpmem (buffer, 5, "first", 5);
  g_assert_cmpint (trio_socket_receive (ends[1], buffer, sizeof buffer, error), ==, 5);
  g_assert_cmpint (trio_socket_receive (ends[1], buffer, sizeof buffer, error), ==, 6);
  drop_pair (ends);
  return TRUE;
}

static gboolean
say_it_later (gpointer data, GError **error)
{
  return trio_sleep (2 * G_TIME_SPAN_MILLISECOND, error) && trio_socket_send_all (data, "x", 1, error);
}

/* statements 17, 157, 161 */
static gboolean
test_looking_waits_like_receiving (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *ends[2];
  g_autoptr (GError) failure = NULL;
  TrioTestingMark mark;
  char byte = 0;

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon (nursery, say_it_later, ends[0]);
    g_assert_cmpint (trio_socket_peek (ends[1], &byte, 1, error), ==, 1);
    if (!trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  g_assert_cmpint (byte, ==, 'x');
  mark = trio_testing_mark ();
  g_assert_cmpint (trio_socket_peek (ends[1], &byte, 1, error), ==, 1);
  trio_testing_assert_checkpoints (&mark);
  trio_socket_close (ends[1]);
  g_assert_cmpint (trio_socket_peek (ends[1], &byte, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  drop_pair (ends);
  return TRUE;
}

/* Soon: what was sent over TCP may be under way. */
static gboolean
becomes_readable (TrioSocketHandle *socket, GError **error)
{
  for (guint i = 0; i < 1000; i++)
    {
      if (trio_socket_is_readable (socket))
        return TRUE;
      if (!trio_sleep (5 * G_TIME_SPAN_MILLISECOND, error))
        return FALSE;
    }
  g_assert_not_reached ();
}

static gboolean
test_a_socket_says_whether_there_is_something (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      TrioSocketHandle *ends[2];
      char byte;

      if (!make_pair (families[i], ends, error))
        return FALSE;
      g_assert_false (trio_socket_is_readable (ends[1]));
      if (!trio_socket_send_all (ends[0], "x", 1, error) || !becomes_readable (ends[1], error)
          || trio_socket_receive (ends[1], &byte, 1, error) != 1)
        return FALSE;
      g_assert_false (trio_socket_is_readable (ends[1]));
      trio_socket_close (ends[0]);
      if (!becomes_readable (ends[1], error))
        return FALSE;
      trio_socket_close (ends[1]);
      g_assert_false (trio_socket_is_readable (ends[1]));
      drop_pair (ends);
    }
  return TRUE;
}

static gboolean
test_a_socket_says_what_it_is (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const TrioAddressFamily all[] = { TRIO_ADDRESS_IPV4, TRIO_ADDRESS_IPV6, TRIO_ADDRESS_UNIX };
  static const TrioSocketKind kinds[] = { TRIO_SOCKET_STREAM, TRIO_SOCKET_DATAGRAM };
  TrioSocketHandle *ends[2];
  TrioAddressFamily family;

  for (guint i = 0; i < G_N_ELEMENTS (all) * G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (TrioSocketHandle) socket = trio_socket_open (all[i / 2], kinds[i % 2], NULL, error);

      if (socket == NULL)
        return FALSE;
      g_assert_cmpint (trio_socket_get_kind (socket, &family), ==, kinds[i % 2]);
      g_assert_cmpint (family, ==, all[i / 2]);
    }
  if (!make_pair (TRIO_ADDRESS_IPV4, ends, error))
    return FALSE;
  g_assert_cmpint (trio_socket_get_kind (ends[1], &family), ==, TRIO_SOCKET_STREAM);
  g_assert_cmpint (family, ==, TRIO_ADDRESS_IPV4);
  drop_pair (ends);
  return TRUE;
}

static gboolean
test_a_socket_remembers_that_it_sends_no_more (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const TrioSocketShut ways[] = { TRIO_SOCKET_SHUT_SEND, TRIO_SOCKET_SHUT_BOTH };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      TrioSocketHandle *ends[2];

      if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
        return FALSE;
      g_assert_false (trio_socket_has_shut_send (ends[0]));
      if (!trio_socket_shutdown (ends[0], TRIO_SOCKET_SHUT_RECEIVE, error))
        return FALSE;
      g_assert_false (trio_socket_has_shut_send (ends[0]));
      if (!trio_socket_shutdown (ends[0], ways[i], error))
        return FALSE;
      g_assert_true (trio_socket_has_shut_send (ends[0]));
      g_assert_false (trio_socket_has_shut_send (ends[1]));
      drop_pair (ends);
    }
  return TRUE;
}

static gboolean
test_sending_to_who_has_gone_is_a_broken_connection (gpointer unused G_GNUC_UNUSED, GError **error)
{
  const TrioOutputVector vector = { "x", 1 };

  for (guint i = 0; i < 3; i++)
    {
      TrioSocketHandle *ends[2];
      GError *failure = NULL;

      if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
        return FALSE;
      trio_socket_close (ends[1]);
      if (i == 0)
        g_assert_cmpint (trio_socket_send (ends[0], "x", 1, &failure), ==, -1);
      else if (i == 1)
        g_assert_cmpint (trio_socket_send_vectors (ends[0], &vector, 1, NULL, &failure), ==, -1);
      else
        g_assert_false (trio_socket_send_all (ends[0], "x", 1, &failure));
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
      drop_pair (ends);
    }
  return TRUE;
}

/* Who closes with bytes unread resets the connection. */
static gboolean
test_receiving_from_who_has_gone_is_a_broken_connection (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 3; i++)
    {
      TrioSocketHandle *ends[2];
      GError *failure = NULL;
      char byte;
      const TrioInputVector vector = { &byte, 1 };

      if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error) || !trio_socket_send_all (ends[0], "x", 1, error))
        return FALSE;
      trio_socket_close (ends[1]);
      if (i == 0)
        g_assert_cmpint (trio_socket_receive (ends[0], &byte, 1, &failure), ==, -1);
      else if (i == 1)
        g_assert_cmpint (trio_socket_receive_from (ends[0], &byte, 1, NULL, NULL, &failure), ==, -1);
      else
        g_assert_cmpint (trio_socket_receive_vectors (ends[0], &vector, 1, NULL, NULL, &failure), ==, -1);
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
      drop_pair (ends);
    }
  return TRUE;
}

/* The system tells a reset once, to whoever comes first, and then shows the end of the stream: which would make half an answer whole. */
static gboolean
test_what_a_connection_died_of_is_told_to_everybody (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 2 * G_N_ELEMENTS (families); i++)
    {
      TrioSocketHandle *ends[2];
      GError *failure = NULL;
      char byte;
      const TrioInputVector vector = { &byte, 1 };

      if (!make_pair (families[i / 2], ends, error) || !trio_socket_send_all (ends[0], "x", 1, error)
          || !trio_socket_wait_readable (ends[1], error))
        return FALSE;
      trio_socket_close (ends[1]);
      if (!trio_socket_wait_readable (ends[0], error))
        return FALSE;
      if (i % 2 != 0)
        {
          g_assert_false (trio_socket_send_all (ends[0], "y", 1, &failure));
          parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
        }
      for (guint again = 0; again < 2; again++)
        {
          g_assert_cmpint (trio_socket_receive (ends[0], &byte, 1, &failure), ==, -1);
          parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
          g_assert_cmpint (trio_socket_receive_vectors (ends[0], &vector, 1, NULL, NULL, &failure), ==, -1);
          parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
          g_assert_cmpint (trio_socket_peek (ends[0], &byte, 1, &failure), ==, -1);
          parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
        }
      drop_pair (ends);
    }
  return TRUE;
}

static gboolean
send_too_much (gpointer data, GError **error)
{
  const gsize size = 16 << 20;
  g_autofree char *much = g_malloc0 (size);
  GError *failure = NULL;

  (void) error;
  g_assert_false (trio_socket_send_all (data, much, size, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

static gboolean
test_who_waits_to_send_learns_that_sending_was_shut (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autoptr (TrioNursery) nursery = NULL;
      TrioSocketHandle *ends[2];
      TrioAddress peer;
      GError *failure = NULL;

      if (!make_pair (families[i], ends, error))
        return FALSE;
      nursery = trio_nursery_open (error);
      trio_nursery_start_soon (nursery, send_too_much, ends[0]);
      if (!trio_sleep (20 * G_TIME_SPAN_MILLISECOND, error))
        return FALSE;
      /* Whoever may not use it does not break it either. */
      g_assert_true (trio_socket_get_address (ends[0], TRUE, &peer));
      g_assert_false (trio_socket_connect (ends[0], &peer, NULL, &failure));
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
      g_assert_true (trio_socket_is_open (ends[0]));
      if (!trio_socket_shutdown (ends[0], TRIO_SOCKET_SHUT_SEND, error) || !trio_nursery_close (nursery, TRUE))
        return FALSE;
      drop_pair (ends);
    }
  return TRUE;
}

static gboolean
test_a_socket_is_connected_once (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *ends[2];
  g_autoptr (TrioSocketHandle) unconnected = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  GError *failure = NULL;
  TrioAddress peer;
  int errnum = 0;
  char byte;

  if (unconnected == NULL || !make_pair (TRIO_ADDRESS_IPV4, ends, error))
    return FALSE;
  g_assert_true (trio_socket_get_address (ends[0], TRUE, &peer));
  g_assert_false (trio_socket_connect (ends[0], &peer, &errnum, &failure));
  g_assert_cmpint (errnum, ==, EISCONN);
  g_clear_error (&failure);
  g_assert_false (trio_socket_is_open (ends[0]));
  drop_pair (ends);

  g_assert_cmpint (trio_socket_receive (unconnected, &byte, 1, &failure), ==, -1);
  g_assert_true (g_str_has_prefix (failure->message, "could not receive from a peer that it does not have: "));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

static gboolean
wait_for_it (gpointer data, GError **error)
{
  return trio_socket_wait_readable (data, error);
}

/* A descriptor, where there are descriptors; and back. */
static gboolean
test_a_socket_is_given_away_and_taken_again (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioSocketHandle *ends[2], *again;
  g_autoptr (GError) failure = NULL;
  TrioAddressFamily family;
  char byte;
  int fd;

  if (!make_pair (TRIO_ADDRESS_IPV4, ends, error))
    return FALSE;
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon (nursery, wait_for_it, ends[0]);
    if (!trio_testing_wait_all_tasks_blocked (0, error))
      return FALSE;
    g_assert_cmpint (trio_socket_detach (ends[0], &failure), ==, -1);
    parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
    trio_nursery_cancel (nursery);
    if (!trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  fd = trio_socket_detach (ends[0], &failure);
  if (fd < 0)
    {
      parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      g_assert_true (trio_socket_is_open (ends[0]));
      drop_pair (ends);
      return TRUE;
    }
  g_assert_false (trio_socket_is_open (ends[0]));
  g_assert_cmpint (trio_socket_detach (ends[0], &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  again = trio_socket_adopt (fd, error);
  if (again == NULL)
    return FALSE;
  g_assert_cmpint (trio_socket_get_kind (again, &family), ==, TRIO_SOCKET_STREAM);
  g_assert_cmpint (family, ==, TRIO_ADDRESS_IPV4);
  if (!trio_socket_send_all (ends[1], "x", 1, error) || trio_socket_receive (again, &byte, 1, error) != 1)
    return FALSE;
  trio_socket_handle_unref (again);
  drop_pair (ends);
  return TRUE;
}

/* --- names --- */

static char *
say_name (TrioResolver *self G_GNUC_UNUSED, const TrioAddress *address G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error) ? g_strdup ("a.name") : NULL;
}

static gboolean
resolve_nothing (TrioResolver *self G_GNUC_UNUSED, const char *host, guint16 port G_GNUC_UNUSED, TrioAddress **addresses G_GNUC_UNUSED,
                 gsize *n_addresses G_GNUC_UNUSED, GError **error)
{
  g_set_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "no %s", host);
  return FALSE;
}

/* What the system calls the loopback is its business: "localhost", mostly. */
static gboolean
test_an_address_has_a_name_or_none (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static TrioResolver resolver = { .resolve = resolve_nothing, .look_up_name = say_name };
  g_autoptr (TrioCancelScope) scope = NULL;
  g_autoptr (GError) failure = NULL;
  g_autofree char *name = NULL;
  g_autofree char *said = NULL;
  TrioAddress address;

  g_assert_true (trio_address_parse ("127.0.0.1", 80, &address));
  name = trio_look_up_name (&address, &failure);
  if (name == NULL)
    g_assert_true (failure->domain == G_RESOLVER_ERROR);
  else
    g_assert_cmpstr (name, !=, "127.0.0.1");
  g_clear_error (&failure);

  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  g_assert_null (trio_look_up_name (&address, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  g_propagate_error (error, g_steal_pointer (&failure));
  if (!trio_cancel_scope_close (scope, FALSE))
    return FALSE;

  trio_set_resolver (&resolver);
  said = trio_look_up_name (&address, error);
  g_assert_cmpstr (said, ==, "a.name");
  trio_set_resolver (NULL);

  g_assert_true (trio_address_unix ("/nobody", &address, NULL));
  g_assert_null (trio_look_up_name (&address, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/socket-calls/what-is-looked-at-stays", test_what_is_looked_at_stays);
  PARITY_TEST ("/socket-calls/a-datagram-that-is-looked-at-stays-whole", test_a_datagram_that_is_looked_at_stays_whole);
  PARITY_TEST ("/socket-calls/looking-waits-like-receiving", test_looking_waits_like_receiving);
  PARITY_TEST ("/socket-calls/a-socket-says-whether-there-is-something", test_a_socket_says_whether_there_is_something);
  PARITY_TEST ("/socket-calls/a-socket-says-what-it-is", test_a_socket_says_what_it_is);
  PARITY_TEST ("/socket-calls/a-socket-remembers-that-it-sends-no-more", test_a_socket_remembers_that_it_sends_no_more);
  PARITY_TEST ("/socket-calls/sending-to-who-has-gone-is-a-broken-connection", test_sending_to_who_has_gone_is_a_broken_connection);
  PARITY_TEST ("/socket-calls/receiving-from-who-has-gone-is-a-broken-connection", test_receiving_from_who_has_gone_is_a_broken_connection);
  PARITY_TEST ("/socket-calls/what-a-connection-died-of-is-told-to-everybody", test_what_a_connection_died_of_is_told_to_everybody);
  PARITY_TEST ("/socket-calls/who-waits-to-send-learns-that-sending-was-shut", test_who_waits_to_send_learns_that_sending_was_shut);
  PARITY_TEST ("/socket-calls/a-socket-is-connected-once", test_a_socket_is_connected_once);
  PARITY_TEST ("/socket-calls/a-socket-is-given-away-and-taken-again", test_a_socket_is_given_away_and_taken_again);
  PARITY_TEST ("/socket-calls/an-address-has-a-name-or-none", test_an_address_has_a_name_or_none);
  return g_test_run ();
}
