/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Connecting to the first address that answers, listening at several, and a server that runs out of descriptors. */

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

#include "tests/core/mock-world.h"
#include "tests/net/script-io.h"

static gboolean
all_addresses_refuse (gpointer data, GError **error G_GNUC_UNUSED)
{
  ScriptIo *io = data;
  g_autoptr (GError) failure = NULL;

  g_assert_null (trio_open_tcp_stream ("example", 80, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_cmpstr (failure->message, ==,
                   "could not connect to example:80 (10.0.0.1:80: Network is unreachable; 10.0.0.2:80: Connection timed out; "
                   "10.0.0.3:80: Connection refused)");
  g_assert_cmpuint (io->n_opened, ==, 3);
  return TRUE;
}

/* Statement 176: none survives failure. script_run() counts them. */
static void
test_each_address_that_failed_is_named (void)
{
  ScriptIo io;

  script_io_init (&io);
  io.n_addresses = 3;
  for (guint i = 0; i < 3; i++)
    io.addresses[i] = script_ipv4 ((guint8) (i + 1), 0);
  script_add (&io.connect, -ENETUNREACH);
  script_add (&io.connect, -EINPROGRESS);
  script_add (&io.arm, 1);
  script_add (&io.connect_result, -ETIMEDOUT);
  script_add (&io.connect, -ECONNREFUSED);
  script_run (&io, all_addresses_refuse);
}

static gboolean
second_address_answers (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("example", 80, error);

  if (stream == NULL)
    return FALSE;
  g_assert_cmpuint (io->n_opened, ==, 2);
  g_assert_cmpuint (io->n_closed, ==, 1);
  return TRUE;
}

static void
test_the_first_address_that_answers_wins (void)
{
  ScriptIo io;

  script_io_init (&io);
  io.n_addresses = 3;
  for (guint i = 0; i < 3; i++)
    io.addresses[i] = script_ipv4 ((guint8) (i + 1), 0);
  script_add (&io.connect, -ECONNREFUSED);
  script_run (&io, second_address_answers);
}

/* Statement 162; and a cancellation does not go on to the next address. */
static gboolean
cancel_while_connecting (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (1, error);

  g_assert_null (trio_open_tcp_stream ("example", 80, error));
  if (!trio_cancel_scope_close (patience, FALSE))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (patience));
  g_assert_cmpuint (io->n_opened, ==, 1);
  g_assert_cmpuint (io->n_closed, ==, 1);
  return TRUE;
}

static void
test_a_cancelled_connect_closes_its_socket (void)
{
  ScriptIo io;

  script_io_init (&io);
  io.n_addresses = 2;
  io.addresses[1] = script_ipv4 (2, 0);
  script_add (&io.connect, -EINPROGRESS);
  script_run (&io, cancel_while_connecting);
}

static gboolean
no_descriptor_for_a_client (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  g_assert_null (trio_open_tcp_stream ("example", 80, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  return TRUE;
}

static void
test_no_descriptors_is_an_error_of_the_client (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.socket, -EMFILE);
  script_run (&io, no_descriptor_for_a_client);
}

static gboolean
listen_at_two (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("localhost", 0, error);

  if (listener == NULL)
    return FALSE;
  /* The port that the first one got, at both; and again, since it was taken at the second. */
  g_assert_cmpuint (io->n_bound, ==, 4);
  g_assert_cmpuint (io->bound[0].port, ==, 5000);
  g_assert_cmpuint (io->bound[1].port, ==, 5000);
  g_assert_cmpuint (io->bound[2].port, ==, 5001);
  g_assert_cmpuint (io->bound[3].port, ==, 5001);
  g_assert_cmpuint (trio_listener_get_port (listener), ==, 5001);
  g_assert_cmpuint (io->n_opened - io->n_closed, ==, 2);
  return TRUE;
}

static void
test_all_addresses_are_listened_at_with_one_port (void)
{
  ScriptIo io;

  script_io_init (&io);
  io.n_addresses = 2;
  io.addresses[1] = script_ipv4 (2, 0);
  script_add (&io.bind, 0);
  script_add (&io.bind, -EADDRINUSE);
  script_run (&io, listen_at_two);
}

static gboolean
listen_without_ipv6 (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener (NULL, 80, error);

  if (listener == NULL)
    return FALSE;
  g_assert_cmpuint (io->n_opened - io->n_closed, ==, 1);
  return TRUE;
}

static void
test_an_address_that_is_not_ours_is_passed_over (void)
{
  ScriptIo io;

  script_io_init (&io);
  io.n_addresses = 2;
  io.addresses[1] = script_ipv4 (2, 0);
  script_add (&io.bind, -EADDRNOTAVAIL);
  script_run (&io, listen_without_ipv6);
}

static gboolean
listen_nowhere (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  g_assert_null (trio_open_tcp_listener ("example", 80, &failure));
  g_assert_nonnull (failure);
  g_assert_cmpstr (failure->message, ==, "could not listen at 10.0.0.1:80: Cannot assign requested address");
  return TRUE;
}

static void
test_no_address_of_ours_is_an_error (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.bind, -EADDRNOTAVAIL);
  script_run (&io, listen_nowhere);
}

static guint n_accepts_before_handlers;

static gboolean
note_accepts (TrioStream *stream G_GNUC_UNUSED, gpointer data, GError **error G_GNUC_UNUSED)
{
  if (n_accepts_before_handlers == 0)
    n_accepts_before_handlers = ((ScriptIo *) data)->accept.n_asked;
  return TRUE;
}

/* Many clients are there at once: the server takes some of them at a time, and then it is the handlers' turn. */
static gboolean
serve_a_crowd (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("example", 80, error);
  g_autoptr (TrioCancelScope) patience = NULL;

  if (listener == NULL)
    return FALSE;
  patience = trio_move_on_after (G_TIME_SPAN_SECOND, error);
  g_assert_false (trio_serve_listener (listener, note_accepts, io, error));
  g_assert_cmpuint (n_accepts_before_handlers, >=, 16);
  g_assert_cmpuint (n_accepts_before_handlers, <=, 17);
  g_assert_cmpuint (io->accept.n_asked, ==, 32);
  return trio_cancel_scope_close (patience, FALSE);
}

static void
test_a_server_takes_several_clients_at_a_wake_up (void)
{
  ScriptIo io;

  script_io_init (&io);
  for (guint i = 0; i < 30; i++)
    script_add (&io.accept, 0);
  script_run (&io, serve_a_crowd);
}

static gboolean
do_nothing (TrioStream *stream G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static guint n_messages;

static void
count_messages (const char *domain G_GNUC_UNUSED, GLogLevelFlags level, const char *message, gpointer data G_GNUC_UNUSED)
{
  g_assert_cmpint (level & G_LOG_LEVEL_MASK, ==, G_LOG_LEVEL_MESSAGE);
  g_assert_nonnull (strstr (message, "Too many open files"));
  n_messages++;
}

/* Statement 173: ten attempts in 0.95 s, and one complaint. */
static gboolean
serve_without_descriptors (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("example", 80, error);
  g_autoptr (TrioCancelScope) patience = NULL;

  if (listener == NULL)
    return FALSE;
  patience = trio_move_on_after (950 * G_TIME_SPAN_MILLISECOND, error);
  g_assert_false (trio_serve_listener (listener, do_nothing, NULL, error));
  g_assert_cmpuint (io->accept.n_asked, ==, 10);
  g_assert_cmpuint (n_messages, ==, 1);
  return trio_cancel_scope_close (patience, FALSE);
}

static void
test_a_server_without_descriptors_waits_and_tries_again (void)
{
  ScriptIo io;
  GLogFunc before = g_log_set_default_handler (count_messages, NULL);

  script_io_init (&io);
  n_messages = 0;
  for (guint i = 0; i < 10; i++)
    script_add (&io.accept, i % 2 == 0 ? -EMFILE : -ENFILE);
  script_run (&io, serve_without_descriptors);
  g_log_set_default_handler (before, NULL);
}

static gboolean
accept_after_losses (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("example", 80, error);
  g_autoptr (TrioStream) stream = NULL;

  if (listener == NULL)
    return FALSE;
  stream = trio_listener_accept (listener, error);
  g_assert_cmpuint (io->accept.n_asked, ==, 3);
  return stream != NULL;
}

static void
test_a_client_that_went_away_again_is_passed_over (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.accept, -ECONNABORTED);
  script_add (&io.accept, -EPROTO);
  script_add (&io.accept, 0);
  script_run (&io, accept_after_losses);
}

static gboolean
accept_one (gpointer data, GError **error)
{
  g_autoptr (TrioStream) stream = trio_listener_accept (data, error);

  return stream != NULL;
}

/* The wait is at both sockets; the wake-up of either ends it at both. */
static gboolean
accept_at_two (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("localhost", 80, error);
  TrioSocket *second = &io->last->socket;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, accept_one, listener);
  if (!trio_checkpoint (error) || !trio_checkpoint (error))
    return FALSE;
  g_assert_nonnull (second->waiting[TRIO_IO_READ]);
  trio_socket_wake (second, TRIO_IO_READ);
  g_assert_null (second->waiting[TRIO_IO_READ]);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (io->accept.n_asked, ==, 4);
  return TRUE;
}

static void
test_one_accept_waits_at_all_addresses (void)
{
  ScriptIo io;

  script_io_init (&io);
  io.n_addresses = 2;
  io.addresses[1] = script_ipv4 (2, 0);
  script_add (&io.accept, -EAGAIN);
  script_add (&io.accept, -EAGAIN);
  script_add (&io.accept, -EAGAIN);
  script_add (&io.accept, 0);
  script_run (&io, accept_at_two);
}

/* A cancellation that comes after the wake-up, and before the task goes on: the connection is there, and somebody gets it. */
static gboolean
cancel_who_is_woken (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("localhost", 80, error);
  g_autoptr (TrioNursery) nursery = NULL;
  TrioSocket *socket = &io->last->socket;

  if (listener == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  /* Which fails if it gets none. */
  trio_nursery_start_soon (nursery, accept_one, listener);
  if (!trio_checkpoint (error) || !trio_checkpoint (error))
    return FALSE;
  trio_socket_wake (socket, TRIO_IO_READ);
  trio_nursery_cancel (nursery);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_false (trio_cancel_scope_cancelled_caught (trio_nursery_get_cancel_scope (nursery)));
  g_assert_cmpuint (io->accept.n_asked, ==, 2);
  return TRUE;
}

static void
test_a_connection_that_has_come_is_not_lost_by_a_cancellation (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.accept, -EAGAIN);
  script_add (&io.accept, 0);
  script_run (&io, cancel_who_is_woken);
}

/* Who connects from then on is refused, also as long as nobody frees the listener. */
static gboolean
stop_gracefully (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("localhost", 80, error);
  g_autoptr (TrioCancelScope) scope = NULL;

  if (listener == NULL)
    return FALSE;
  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel_gracefully (scope, 10 * G_TIME_SPAN_SECOND);
  if (!trio_cancel_scope_close (scope, trio_serve_listener (listener, do_nothing, NULL, error)))
    return FALSE;
  g_assert_cmpuint (io->n_closed, ==, io->n_opened);
  return TRUE;
}

static void
test_a_server_that_stops_does_not_listen_any_more (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_run (&io, stop_gracefully);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/each-address-that-failed-is-named", test_each_address_that_failed_is_named);
  g_test_add_func ("/client/the-first-address-that-answers-wins", test_the_first_address_that_answers_wins);
  g_test_add_func ("/client/a-cancelled-connect-closes-its-socket", test_a_cancelled_connect_closes_its_socket);
  g_test_add_func ("/client/no-descriptors-is-an-error", test_no_descriptors_is_an_error_of_the_client);
  g_test_add_func ("/listener/all-addresses-with-one-port", test_all_addresses_are_listened_at_with_one_port);
  g_test_add_func ("/listener/an-address-that-is-not-ours-is-passed-over", test_an_address_that_is_not_ours_is_passed_over);
  g_test_add_func ("/listener/no-address-of-ours-is-an-error", test_no_address_of_ours_is_an_error);
  g_test_add_func ("/listener/a-client-that-went-away-again-is-passed-over", test_a_client_that_went_away_again_is_passed_over);
  g_test_add_func ("/listener/one-accept-waits-at-all-addresses", test_one_accept_waits_at_all_addresses);
  g_test_add_func ("/listener/a-connection-that-has-come-is-not-lost-by-a-cancellation",
                   test_a_connection_that_has_come_is_not_lost_by_a_cancellation);
  g_test_add_func ("/server/it-does-not-listen-any-more-once-it-stops", test_a_server_that_stops_does_not_listen_any_more);
  g_test_add_func ("/server/without-descriptors-it-waits-and-tries-again", test_a_server_without_descriptors_waits_and_tries_again);
  g_test_add_func ("/server/it-takes-several-clients-at-a-wake-up", test_a_server_takes_several_clients_at_a_wake_up);
  return g_test_run ();
}
