/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What lies in several places: sent as one, received as one. */

#include <string.h>

#include <gio/gio.h>

#include <trio/lowlevel/socket.h>
#include <trio/testing.h>

#include "tests/parity/parity.h"

/* Of uneven sizes, empty ones among them, and more than go at once. */
#define N_VECTORS 150

static guint8
byte_at (gsize i)
{
  return (guint8) (i ^ (i >> 8) ^ (i >> 16));
}

typedef struct
{
  guint8          *bytes;
  gsize            size;
  TrioOutputVector vectors[N_VECTORS];
} Pieces;

static void
pieces_init (Pieces *self)
{
  gsize at = 0;

  for (guint i = 0; i < N_VECTORS; i++)
    self->size += i * i % 97 * 3;
  self->bytes = g_malloc (self->size);
  for (gsize i = 0; i < self->size; i++)
    self->bytes[i] = byte_at (i);
  for (guint i = 0; i < N_VECTORS; i++)
    {
      gsize size = i * i % 97 * 3;

      self->vectors[i] = (TrioOutputVector) { size > 0 ? self->bytes + at : NULL, size };
      at += size;
    }
}

static void
pieces_clear (Pieces *self)
{
  g_free (self->bytes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pieces, pieces_clear)

typedef gboolean (*Maker) (TrioStream **send, TrioStream **receive, GError **error);

static gboolean
make_tcp (TrioStream **send, TrioStream **receive, GError **error)
{
  g_autoptr (TrioListener) listener = parity_listen (error);

  return listener != NULL && parity_connect (listener, send, receive, error);
}

static gboolean
make_stapled (TrioStream **send, TrioStream **receive, GError **error)
{
  TrioStream *end;

  if (!trio_open_pipe (&end, receive, error))
    return FALSE;
  *send = trio_stapled_stream_new (end, trio_memory_receive_stream_new ());
  return TRUE;
}

static gboolean
make_memory (TrioStream **send, TrioStream **receive, GError **error G_GNUC_UNUSED)
{
  trio_memory_stream_one_way_pair (send, receive);
  return TRUE;
}

static gboolean
make_lockstep (TrioStream **send, TrioStream **receive, GError **error G_GNUC_UNUSED)
{
  trio_lockstep_stream_one_way_pair (send, receive);
  return TRUE;
}

static const Maker makers[] = { make_tcp, trio_unix_stream_pair, trio_open_pipe, make_stapled, make_memory, make_lockstep };

typedef struct
{
  TrioStream *stream;
  gsize       n_received;
} Taker;

static gboolean
take_all (gpointer data, GError **error)
{
  Taker *self = data;
  guint8 buffer[700];
  gssize n;

  while ((n = trio_stream_receive_some (self->stream, buffer, sizeof buffer, error)) > 0)
    for (gssize i = 0; i < n; i++, self->n_received++)
      g_assert_cmpuint (buffer[i], ==, byte_at (self->n_received));
  return n == 0;
}

static gboolean
test_pieces_arrive_in_order_over_any_stream (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Pieces) pieces = { 0 };

  pieces_init (&pieces);
  for (guint i = 0; i < G_N_ELEMENTS (makers); i++)
    {
      g_autoptr (TrioStream) send = NULL, receive = NULL;
      g_autoptr (TrioNursery) nursery = NULL;
      Taker taker = { 0 };

      if (!makers[i](&send, &receive, error))
        return FALSE;
      taker.stream = receive;
      nursery = trio_nursery_open (error);
      trio_nursery_start_soon (nursery, take_all, &taker);
      if (!trio_stream_send_all_vectors (send, pieces.vectors, N_VECTORS, error) || !trio_stream_close (send, error)
          || !trio_nursery_close (nursery, TRUE))
        return FALSE;
      g_assert_cmpuint (taker.n_received, ==, pieces.size);
    }
  return TRUE;
}

/* statement 17 */
static gboolean
test_nothing_at_all_is_sent_as_well (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const TrioOutputVector empty[2];

  for (guint i = 0; i < G_N_ELEMENTS (makers) - 1; i++)
    {
      g_autoptr (TrioStream) send = NULL, receive = NULL;
      g_autoptr (TrioCancelScope) scope = NULL;
      TrioTestingMark mark;

      if (!makers[i](&send, &receive, error))
        return FALSE;
      mark = trio_testing_mark ();
      if (!trio_stream_send_all_vectors (send, empty, 2, error))
        return FALSE;
      trio_testing_assert_checkpoints (&mark);
      if (!trio_stream_send_all_vectors (send, NULL, 0, error))
        return FALSE;
      scope = trio_cancel_scope_open (error);
      trio_cancel_scope_cancel (scope);
      if (!trio_cancel_scope_close (scope, trio_stream_send_all_vectors (send, empty, 2, error)))
        return FALSE;
      g_assert_true (trio_cancel_scope_cancelled_caught (scope));
    }
  return TRUE;
}

typedef struct
{
  TrioStream *stream;
  GError     *failure;
} Sender;

/* A lot, of which no stream takes all. */
static gboolean
send_much (gpointer data, GError **error)
{
  Sender *self = data;
  g_autofree char *much = g_malloc0 (1000000);
  TrioOutputVector vectors[12];
  guint n = g_str_equal (trio_current_io ()->name, "simulated") ? 1 : G_N_ELEMENTS (vectors);

  for (guint i = 0; i < n; i++)
    vectors[i] = (TrioOutputVector) { much, 1000000 };
  if (trio_stream_send_all_vectors (self->stream, vectors, n, &self->failure))
    g_assert_not_reached ();
  if (trio_error_contains (self->failure, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&self->failure));
  return *error == NULL;
}

/* statements 157, 161, 164: as for send_all. */
static gboolean
test_pieces_are_sent_alone_and_a_part_of_them_breaks_the_stream (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 4; i++)
    for (guint by_close = 0; by_close < 2; by_close++)
      {
        g_autoptr (TrioStream) send = NULL, receive = NULL;
        g_autoptr (TrioNursery) nursery = NULL;
        g_autoptr (GError) failure = NULL;
        Sender sender = { 0 };

        if (!makers[i](&send, &receive, error))
          return FALSE;
        sender.stream = send;
        nursery = trio_nursery_open (error);
        trio_nursery_start_soon (nursery, send_much, &sender);
        if (!trio_testing_wait_all_tasks_blocked (0, error))
          return FALSE;
        g_assert_false (trio_stream_send_all_vectors (send, NULL, 0, &failure));
        parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
        if (by_close)
          {
            if (!trio_stream_close (send, error))
              return FALSE;
          }
        else
          trio_nursery_cancel (nursery);
        if (!trio_nursery_close (nursery, TRUE))
          return FALSE;
        if (by_close)
          parity_expect_error (sender.failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
        g_assert_false (trio_stream_send_all_vectors (send, NULL, 0, &failure));
        parity_expect_error (failure, TRIO_ERROR, by_close ? TRIO_ERROR_CLOSED_RESOURCE : TRIO_ERROR_BROKEN_RESOURCE);
      }
  return TRUE;
}

static gboolean
test_pieces_to_nobody_are_broken (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (guint i = 1; i < 4; i++)
    {
      g_autoptr (TrioStream) send = NULL, receive = NULL;
      g_autoptr (GError) failure = NULL;
      const TrioOutputVector vectors[] = { { "a", 1 }, { "b", 1 } };

      if (!makers[i](&send, &receive, error) || !trio_stream_close (receive, error))
        return FALSE;
      g_assert_false (trio_stream_send_all_vectors (send, vectors, 2, &failure));
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
    }
  return TRUE;
}

/* --- sockets --- */

static gboolean
make_datagram_sockets (TrioAddressFamily family, TrioSocketHandle *ends[2], TrioAddress *second, GError **error)
{
  TrioAddress any;

  if (family == TRIO_ADDRESS_UNIX)
    return trio_socket_pair (TRIO_SOCKET_DATAGRAM, ends, error);
  g_assert_true (trio_address_parse ("127.0.0.1", 0, &any));
  for (guint i = 0; i < 2; i++)
    if ((ends[i] = trio_socket_open (family, TRIO_SOCKET_DATAGRAM, NULL, error)) == NULL || !trio_socket_bind (ends[i], &any, NULL, error))
      return FALSE;
  g_assert_true (trio_socket_get_address (ends[1], FALSE, second));
  return TRUE;
}

/* One datagram, whatever it was made of; and what it is received into. */
static gboolean
test_pieces_are_one_datagram (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const TrioAddressFamily families[] = { TRIO_ADDRESS_IPV4, TRIO_ADDRESS_UNIX };

  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      const TrioOutputVector pieces[] = { { "he", 2 }, { NULL, 0 }, { "llo ", 4 }, { "world", 5 } };
      TrioSocketHandle *ends[2] = { NULL, NULL };
      char first[4], second[20];
      const TrioInputVector places[] = { { first, sizeof first }, { second, sizeof second } };
      const TrioInputVector small[] = { { first, 1 }, { NULL, 0 }, { second, 2 } };
      TrioAddress to, from;
      gboolean is_unix = families[i] == TRIO_ADDRESS_UNIX;
      gsize full_size;

      if (!make_datagram_sockets (families[i], ends, &to, error))
        return FALSE;
      for (guint n = 0; n < 2; n++)
        if (trio_socket_send_vectors (ends[0], pieces, G_N_ELEMENTS (pieces), is_unix ? NULL : &to, error) != 11)
          return FALSE;
      if (trio_socket_receive_vectors (ends[1], places, 2, &from, &full_size, error) != 11)
        return FALSE;
      g_assert_cmpmem (first, 4, "hell", 4);
      g_assert_cmpmem (second, 7, "o world", 7);
      g_assert_cmpuint (full_size, ==, 11);
      if (!is_unix)
        {
          TrioAddress sender;

          g_assert_true (trio_socket_get_address (ends[0], FALSE, &sender) && trio_address_equal (&sender, &from));
        }
      if (trio_socket_receive_vectors (ends[1], small, 3, NULL, &full_size, error) != 3)
        return FALSE;
      g_assert_cmpmem (first, 1, "h", 1);
      g_assert_cmpmem (second, 2, "el", 2);
      g_assert_cmpuint (full_size, ==, 11);
      for (guint n = 0; n < 2; n++)
        trio_socket_handle_unref (ends[n]);
    }
  return TRUE;
}

static gboolean
test_a_stream_socket_sends_some_of_the_pieces (gpointer unused G_GNUC_UNUSED, GError **error)
{
  const TrioOutputVector pieces[] = { { "he", 2 }, { "llo", 3 } };
  TrioSocketHandle *ends[2];
  char first[2], second[2];
  const TrioInputVector places[] = { { first, sizeof first }, { second, sizeof second } };
  gssize sent, received;

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  sent = trio_socket_send_vectors (ends[0], pieces, 2, NULL, error);
  g_assert_cmpint (sent, >=, 1);
  g_assert_cmpint (sent, <=, 5);
  received = trio_socket_receive_vectors (ends[1], places, 2, NULL, NULL, error);
  g_assert_cmpint (received, >=, 1);
  g_assert_cmpint (received, <=, MIN (sent, 4));
  g_assert_cmpmem (first, MIN (received, 2), "he", MIN (received, 2));
  for (guint n = 0; n < 2; n++)
    trio_socket_handle_unref (ends[n]);
  return received > 0;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/vectors/pieces-arrive-in-order-over-any-stream", test_pieces_arrive_in_order_over_any_stream);
  PARITY_TEST ("/vectors/nothing-at-all-is-sent-as-well", test_nothing_at_all_is_sent_as_well);
  PARITY_TEST ("/vectors/pieces-are-sent-alone-and-a-part-of-them-breaks-the-stream",
               test_pieces_are_sent_alone_and_a_part_of_them_breaks_the_stream);
  PARITY_TEST ("/vectors/pieces-to-nobody-are-broken", test_pieces_to_nobody_are_broken);
  PARITY_TEST ("/vectors/pieces-are-one-datagram", test_pieces_are_one_datagram);
  PARITY_TEST ("/vectors/a-stream-socket-sends-some-of-the-pieces", test_a_stream_socket_sends_some_of_the_pieces);
  return g_test_run ();
}
