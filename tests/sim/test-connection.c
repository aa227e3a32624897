/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A simulated TCP connection: what a program sees of one that works, ends, breaks or falls silent. Errors are Linux'. */

#include <string.h>

#include <trio/lowlevel/instrument.h>

#include "tests/sim/net-test.h"

/* --- ends --- */

static gboolean
close_halfway (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *client, *server;
  char buffer[8];

  net_pair (&client, &server);
  g_assert_cmpint (io->receive (io, server, buffer, 8), ==, -EAGAIN);
  g_assert_cmpint (net_send (client, "abc", 3), ==, 3);
  g_assert_cmpint (io->shutdown (io, client, TRUE, FALSE), ==, 0);
  g_assert_cmpint (io->shutdown (io, client, TRUE, FALSE), ==, 0);
  g_assert_cmpint (net_send (client, "d", 1), ==, -EPIPE);

  /* What was sent comes before the end, and the other direction works on. */
  g_assert_cmpint (net_receive (server, buffer, 8), ==, 3);
  g_assert_cmpint (net_receive (server, buffer, 8), ==, 0);
  g_assert_cmpint (net_receive (server, buffer, 8), ==, 0);
  g_assert_cmpint (net_send (server, "xyz", 3), ==, 3);
  g_assert_cmpint (net_receive (client, buffer, 8), ==, 3);
  g_assert_cmpmem (buffer, 3, "xyz", 3);
  net_close (server);
  g_assert_cmpint (net_receive (client, buffer, 8), ==, 0);
  net_close (client);
  return TRUE;
}

static void
test_half_a_close_leaves_the_other_half (void)
{
  net_expect_well (close_halfway, "");
}

static gboolean
close_with_unread_bytes (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *client, *server;
  char buffer[8];

  net_pair (&client, &server);
  g_assert_cmpint (net_send (server, "xy", 2), ==, 2);
  g_assert_cmpint (net_send (client, "abc", 3), ==, 3);
  net_nap (ms (1));
  net_close (server);
  net_nap (ms (1));

  /* What had arrived before the reset is still there; then the error, once; then it is over. */
  g_assert_cmpint (io->receive (io, client, buffer, 8), ==, 2);
  g_assert_cmpint (io->receive (io, client, buffer, 8), ==, -ECONNRESET);
  g_assert_cmpint (io->receive (io, client, buffer, 8), ==, 0);
  g_assert_cmpint (net_send (client, "d", 1), ==, -EPIPE);
  net_close (client);
  return TRUE;
}

static void
test_a_close_with_unread_bytes_is_a_reset (void)
{
  net_expect_well (close_with_unread_bytes, "");
}

static gboolean
send_to_a_closed_end (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *client, *server;
  char buffer[8];

  net_pair (&client, &server);
  net_close (server);
  /* The first bytes go out: nobody here knows yet. They come back as a reset. */
  g_assert_cmpint (net_send (client, "a", 1), ==, 1);
  net_nap (ms (1));
  g_assert_cmpint (net_send (client, "b", 1), ==, -EPIPE);
  g_assert_cmpint (net_send (client, "c", 1), ==, -EPIPE);
  g_assert_cmpint (io->receive (io, client, buffer, 8), ==, 0);
  net_close (client);
  return TRUE;
}

static void
test_bytes_to_a_closed_end_come_back_as_a_reset (void)
{
  net_expect_well (send_to_a_closed_end, "");
}

/* --- faults --- */

static gboolean
be_reset (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *client, *server;
  char buffer[8];

  net_pair (&client, &server);
  g_assert_cmpint (net_send (client, "abc", 3), ==, 3);
  g_assert_cmpint (net_send (client, "def", 3), ==, -ECONNRESET);
  g_assert_cmpint (net_send (client, "ghi", 3), ==, -EPIPE);
  /* The other side learns of it after what was sent before. */
  g_assert_cmpint (net_receive (server, buffer, 8), ==, 3);
  g_assert_cmpint (net_receive (server, buffer, 8), ==, -ECONNRESET);
  g_assert_cmpint (io->receive (io, server, buffer, 8), ==, 0);
  net_close (client);
  net_close (server);
  return TRUE;
}

static void
test_a_connection_may_be_reset (void)
{
  net_expect_well (be_reset, "main fault.reset 2 = 1/2");
}

static gboolean
wait_for_a_peer_that_vanished (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *client, *server;
  char buffer[8];

  net_pair (&client, &server);
  g_assert_cmpint (net_send (client, "abc", 3), ==, 3);
  g_assert_cmpint (net_receive (server, buffer, 8), ==, 3);
  /* From here on nothing arrives, in either direction; it looks as if it were only late. */
  g_assert_cmpint (net_send (client, "def", 3), ==, 3);
  g_assert_cmpint (net_send (server, "xyz", 3), ==, 3);
  net_nap (G_TIME_SPAN_MINUTE);
  g_assert_cmpint (io->receive (io, server, buffer, 8), ==, -EAGAIN);
  g_assert_cmpint (io->receive (io, client, buffer, 8), ==, -EAGAIN);
  /* Not even the end is heard of. */
  net_close (client);
  net_nap (G_TIME_SPAN_MINUTE);
  g_assert_cmpint (io->receive (io, server, buffer, 8), ==, -EAGAIN);
  /* Bytes that nobody acknowledges give up at last. */
  g_assert_cmpint (net_receive (server, buffer, 8), ==, -ETIMEDOUT);
  g_assert_cmpint (trio_current_time () / G_TIME_SPAN_SECOND, ==, 924);
  net_close (server);
  return TRUE;
}

static void
test_nothing_is_heard_of_a_peer_that_vanished (void)
{
  net_expect_well (wait_for_a_peer_that_vanished, "main fault.vanish 3 = 1/2");      /* 1 connect, 2 the first send */
}

static gboolean
echo_once (TrioStream *stream, gpointer data G_GNUC_UNUSED, GError **error)
{
  char buffer[8];
  gssize n = trio_stream_receive_some (stream, buffer, sizeof buffer, error);

  return n >= 0 && trio_stream_send_all (stream, buffer, (gsize) n, error);
}

static gboolean
serve (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_serve_tcp (echo_once, NULL, "127.0.0.1", 7, error);
}

static gboolean
ask (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  char buffer[8];

  trio_nursery_start_soon (nursery, serve, NULL);
  if (!trio_sleep (ms (1), error))
    return FALSE;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("127.0.0.1", 7, error);
  if (stream == NULL || !trio_stream_send_all (stream, "hi", 2, error))
    return FALSE;
  if (trio_stream_receive_some (stream, buffer, sizeof buffer, error) < 0)
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

/* A program without time-outs waits for ever: that is what this fault finds. */
static void
test_a_program_without_patience_hangs_on_a_vanished_peer (void)
{
  g_autoptr (TrioSimReport) well = sim_run_fifo (ask, NULL);
  g_autoptr (TrioSimReport) stuck = sim_run_lines (ask, NULL, "main/serve/echo_once fault.vanish 1 = 1/2");

  sim_expect (well, TRIO_SIM_OK, NULL);
  /* The server has answered and waits for the next; the answer's time-out after a quarter of an hour reaches nobody. */
  sim_expect (stuck, TRIO_SIM_DEADLOCK, "tasks wait in trio_listener_accept, trio_stream_receive_some");
  g_assert_cmpint (stuck->duration_us, <, G_TIME_SPAN_HOUR);
}

static gboolean
run_out_of_descriptors (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  const TrioAddress address = net_ipv4 (127, 0, 0, 1, 7);
  TrioSocket *listener = net_listen (&address, 5);
  TrioSocket *client = NULL, *server = NULL;

  g_assert_cmpint (io->socket (io, TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, &client), ==, -EMFILE);
  g_assert_null (client);
  client = net_socket (TRIO_ADDRESS_IPV4);
  g_assert_cmpint (net_connect (client, &address), ==, 0);
  g_assert_cmpint (io->accept (io, listener, &server), ==, -EMFILE);
  /* The connection is not lost. */
  g_assert_true (io->arm (io, listener, TRIO_IO_READ));
  g_assert_cmpint (io->accept (io, listener, &server), ==, 0);
  g_assert_cmpint (io->accept (io, listener, &server), ==, -EAGAIN);
  net_close (server);
  net_close (client);
  net_close (listener);
  return TRUE;
}

static void
test_descriptors_may_run_out (void)
{
  net_expect_well (run_out_of_descriptors, "main fault.emfile 2 = 1/2\nmain fault.emfile 4 = 1/2");
}

/* --- how bytes travel --- */

static gboolean
press_back (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *client, *server;
  g_autofree char *bytes = g_malloc0 (100 * 1000);
  gsize sent = 0;
  gssize n;

  net_pair (&client, &server);
  while ((n = net_send (client, bytes, 10 * 1000)) > 0)
    sent += (gsize) n;
  g_assert_cmpint (n, ==, -EAGAIN);
  g_assert_cmpuint (sent, ==, 64 * 1024);
  g_assert_false (io->arm (io, client, TRIO_IO_WRITE));
  net_nap (ms (10));
  g_assert_false (io->arm (io, client, TRIO_IO_WRITE));

  /* What is read makes room, to the byte. */
  g_assert_cmpint (net_receive (server, bytes, 300), ==, 300);
  g_assert_true (io->arm (io, client, TRIO_IO_WRITE));
  g_assert_cmpint (net_send (client, bytes, 1000), ==, 300);
  g_assert_cmpint (net_send (client, bytes, 1000), ==, -EAGAIN);
  net_close (server);
  net_close (client);
  return TRUE;
}

static void
test_a_reader_that_does_not_read_holds_the_writer_back (void)
{
  net_expect_well (press_back, "");
}

static gboolean
use_a_small_window (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioSocket *client, *server;
  char bytes[40] = { 0 };

  net_pair (&client, &server);
  g_assert_cmpint (net_send (client, bytes, 40), ==, 16);
  g_assert_cmpint (net_send (client, bytes, 40), ==, -EAGAIN);
  net_close (client);
  net_close (server);
  return TRUE;
}

static void
test_a_window_may_be_small (void)
{
  net_expect_well (use_a_small_window, "main net.window 1 = 2/3");
}

static gboolean
send_late_and_early (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *client, *server, *other_client, *other_server;
  char buffer[16];

  net_pair (&client, &server);
  net_pair (&other_client, &other_server);
  gint64 start = trio_current_time ();
  g_assert_cmpint (net_send (client, "slow ", 5), ==, 5);
  g_assert_cmpint (net_send (client, "fast", 4), ==, 4);
  g_assert_cmpint (net_send (other_client, "other", 5), ==, 5);

  /* On another connection it may overtake, on the same one never. */
  g_assert_cmpint (net_receive (other_server, buffer, 16), ==, 5);
  g_assert_cmpint (trio_current_time (), <, start + ms (1));
  g_assert_cmpint (io->receive (io, server, buffer, 16), ==, -EAGAIN);
  g_assert_cmpint (net_receive (server, buffer, 16), ==, 9);
  g_assert_cmpmem (buffer, 9, "slow fast", 9);
  g_assert_cmpint (trio_current_time (), >=, start + ms (1000));
  g_assert_cmpint (trio_current_time (), <, start + ms (1020));
  net_close (client);
  net_close (server);
  net_close (other_client);
  net_close (other_server);
  return TRUE;
}

static void
test_bytes_of_one_connection_do_not_overtake (void)
{
  net_expect_well (send_late_and_early, "main net.latency 3 = 4/5");      /* two connects before */
}

static gboolean
close_with_bytes_under_way (gpointer data, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  gboolean thrown_away = GPOINTER_TO_INT (data);
  TrioSocket *client, *server;
  char buffer[16];

  net_pair (&client, &server);
  g_assert_cmpint (io->set_option (io, client, TRIO_SOCKET_LINGER, 0), ==, 0);
  g_assert_cmpint (net_send (client, "early", 5), ==, 5);
  net_nap (ms (1));
  g_assert_cmpint (net_send (client, "late", 4), ==, 4);
  net_close (client);
  net_nap (ms (1));
  /* What was there before can still be received; the reset comes behind it. */
  g_assert_cmpint (io->receive (io, server, buffer, 16), ==, thrown_away ? 5 : 9);
  g_assert_cmpmem (buffer, 5, "early", 5);
  g_assert_cmpint (io->receive (io, server, buffer, 16), ==, -ECONNRESET);
  net_close (server);
  return TRUE;
}

static gboolean
lose_what_is_under_way (gpointer data G_GNUC_UNUSED, GError **error)
{
  return close_with_bytes_under_way (GINT_TO_POINTER (TRUE), error);
}

static void
test_a_linger_of_0_may_throw_away_what_is_under_way (void)
{
  net_expect_well (close_with_bytes_under_way, "");
  net_expect_well (lose_what_is_under_way, "main net.linger 1 = 1/2");
}

static gboolean
send_and_receive_in_parts (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *client, *server;
  char buffer[16];

  net_pair (&client, &server);
  g_assert_cmpint (net_send (client, "abcdefgh", 8), ==, 4);
  g_assert_cmpint (net_send (client, "efgh", 4), ==, 1);
  g_assert_cmpint (net_send (client, "fgh", 3), ==, 3);
  net_nap (ms (1));
  g_assert_cmpint (io->receive (io, server, buffer, 16), ==, 1);
  g_assert_cmpint (io->receive (io, server, buffer + 1, 16), ==, 3);
  g_assert_cmpint (io->receive (io, server, buffer + 4, 2), ==, 2);
  g_assert_cmpint (io->receive (io, server, buffer + 6, 10), ==, 2);
  g_assert_cmpmem (buffer, 8, "abcdefgh", 8);
  net_close (client);
  net_close (server);
  return TRUE;
}

static void
test_bytes_may_come_and_go_in_parts (void)
{
  net_expect_well (send_and_receive_in_parts, "main net.send 1 = 2/3\nmain net.send 2 = 1/3\n"
                                          "main net.receive 1 = 1/3\nmain net.receive 2 = 2/3");
}

/* Through whatever latency, window, short read and short write: what arrives is what was sent. */
static gboolean
send_much (gpointer data, GError **error)
{
  TrioStream *stream = data;
  guint8 bytes[997];

  for (guint i = 0; i < 20; i++)
    {
      for (guint b = 0; b < sizeof bytes; b++)
        bytes[b] = (guint8) (i * sizeof bytes + b);
      if (!trio_stream_send_all (stream, bytes, sizeof bytes, error))
        return FALSE;
    }
  return trio_stream_send_eof (stream, error);
}

static gboolean
receive_much (TrioStream *stream, gsize *n_received, GError **error)
{
  guint8 bytes[256];
  gssize n;

  while ((n = trio_stream_receive_some (stream, bytes, sizeof bytes, error)) > 0)
    for (gssize b = 0; b < n; b++)
      trio_always (bytes[b] == (guint8) (*n_received)++, "the next byte is the next byte");
  return n == 0;
}

static gboolean
move_much (gpointer data G_GNUC_UNUSED, GError **error)
{
  gsize n_received = 0;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 7, error);
  g_autoptr (TrioStream) client = listener == NULL ? NULL : trio_open_tcp_stream ("127.0.0.1", 7, error);
  g_autoptr (TrioStream) server = client == NULL ? NULL : trio_listener_accept (listener, error);

  if (server == NULL)
    return FALSE;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_much, client);
  if (!receive_much (server, &n_received, error))
    return FALSE;
  trio_always (n_received == 20 * 997, "all arrived");
  return trio_nursery_close (nursery, TRUE);
}

static void
test_what_arrives_is_what_was_sent (void)
{
  for (guint64 seed = 0; seed < 100; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (move_much, NULL, seed, TRIO_SIM_INJECT_NONE);
      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

/* --- arrows --- */

typedef struct
{
  TrioInstrument instrument;
  guint          n_begun;
  guint          n_ended;
} Arrows;

static void
see_flow (TrioInstrument *instrument, TrioTask *task, guint64 id G_GNUC_UNUSED, gboolean begins, const char *label G_GNUC_UNUSED)
{
  Arrows *arrows = (Arrows *) instrument;

  g_assert_nonnull (task);
  arrows->n_begun += begins;
  arrows->n_ended += !begins;
}

static gboolean
draw_arrows (gpointer data, GError **error)
{
  Arrows *arrows = data;
  TrioSocket *client, *server;
  char buffer[8];

  trio_add_instrument (&arrows->instrument);
  net_pair (&client, &server);
  net_send (client, "a", 1);
  net_send (client, "b", 1);
  net_nap (ms (1));
  net_receive (server, buffer, 8);
  net_close (client);
  net_close (server);
  trio_remove_instrument (&arrows->instrument);
  return trio_checkpoint (error);
}

static void
test_messages_are_arrows_in_a_trace (void)
{
  Arrows arrows = { .instrument = { .name = "arrows", .flow = see_flow } };
  g_autoptr (TrioSimReport) report = sim_run_fifo (draw_arrows, &arrows);

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (arrows.n_begun, ==, 3);        /* the connection, and two messages */
  g_assert_cmpuint (arrows.n_ended, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection/half-a-close-leaves-the-other-half", test_half_a_close_leaves_the_other_half);
  g_test_add_func ("/connection/a-close-with-unread-bytes-is-a-reset", test_a_close_with_unread_bytes_is_a_reset);
  g_test_add_func ("/connection/bytes-to-a-closed-end-come-back-as-a-reset", test_bytes_to_a_closed_end_come_back_as_a_reset);
  g_test_add_func ("/connection/a-connection-may-be-reset", test_a_connection_may_be_reset);
  g_test_add_func ("/connection/nothing-is-heard-of-a-peer-that-vanished", test_nothing_is_heard_of_a_peer_that_vanished);
  g_test_add_func ("/connection/a-program-without-patience-hangs-on-a-vanished-peer",
                   test_a_program_without_patience_hangs_on_a_vanished_peer);
  g_test_add_func ("/connection/descriptors-may-run-out", test_descriptors_may_run_out);
  g_test_add_func ("/connection/a-reader-that-does-not-read-holds-the-writer-back",
                   test_a_reader_that_does_not_read_holds_the_writer_back);
  g_test_add_func ("/connection/a-window-may-be-small", test_a_window_may_be_small);
  g_test_add_func ("/connection/bytes-of-one-connection-do-not-overtake", test_bytes_of_one_connection_do_not_overtake);
  g_test_add_func ("/connection/a-linger-of-0-may-throw-away-what-is-under-way", test_a_linger_of_0_may_throw_away_what_is_under_way);
  g_test_add_func ("/connection/bytes-may-come-and-go-in-parts", test_bytes_may_come_and_go_in_parts);
  g_test_add_func ("/connection/what-arrives-is-what-was-sent", test_what_arrives_is_what_was_sent);
  g_test_add_func ("/connection/messages-are-arrows-in-a-trace", test_messages_are_arrows_in_a_trace);
  return g_test_run ();
}
