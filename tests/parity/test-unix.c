/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Unix streams and listeners, in both worlds. */

#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <trio/seam/io.h>

#include "tests/parity/parity.h"

/* In a directory of this test's own; the simulated world has no directories, and takes any path. */
static char *path;

static gboolean
connect_both (TrioListener *listener, TrioStream **client, TrioStream **server, GError **error)
{
  *client = trio_open_unix_stream (path, error);
  if (*client == NULL)
    return FALSE;
  *server = trio_listener_accept (listener, error);
  return *server != NULL;
}

static gboolean
test_bytes_go_both_ways (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_unix_listener (path, NULL, error);
  g_autoptr (TrioStream) client = NULL;
  g_autoptr (TrioStream) server = NULL;
  char buffer[5];

  if (listener == NULL || !connect_both (listener, &client, &server, error) || !trio_stream_send_all (client, "hello", 5, error)
      || !parity_receive_exactly (server, buffer, 5, error))
    return FALSE;
  g_assert_cmpmem (buffer, 5, "hello", 5);
  g_assert_cmpuint (trio_listener_get_port (listener), ==, 0);
  if (!trio_stream_send_all (server, "there", 5, error) || !trio_stream_send_eof (server, error)
      || !parity_receive_exactly (client, buffer, 5, error))
    return FALSE;
  g_assert_cmpint (trio_stream_receive_some (client, buffer, 1, error), ==, 0);

  /* Half closed: the other way goes on. */
  return trio_stream_send_all (client, "x", 1, error) && parity_receive_exactly (server, buffer, 1, error);
}

static gboolean
send_much (gpointer data, GError **error)
{
  g_autofree guint8 *much = g_malloc (600 * 1000);

  for (guint i = 0; i < 600 * 1000; i++)
    much[i] = (guint8) (i * 7 % 251);
  return trio_stream_send_all (data, much, 600 * 1000, error) && trio_stream_send_eof (data, error);
}

static gboolean
test_a_pair_carries_more_than_fits (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) one = NULL;
  g_autoptr (TrioStream) other = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  g_autofree guint8 *buffer = g_malloc (64 * 1024);
  guint n_received = 0;
  gssize n;

  if (!trio_unix_stream_pair (&one, &other, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_much, one);
  while ((n = trio_stream_receive_some (other, buffer, 64 * 1024, error)) > 0)
    for (gssize i = 0; i < n; i++, n_received++)
      g_assert_cmpuint (buffer[i], ==, (guint8) (n_received * 7 % 251));
  if (n < 0)
    return FALSE;
  g_assert_cmpuint (n_received, ==, 600 * 1000);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_where_nobody_listens_is_told (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  GError *failure = NULL;
  g_autofree char *long_path = g_strnfill (200, 'x');

  g_assert_null (trio_open_unix_stream (path, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_null (trio_open_unix_stream ("@nobody-is-there", &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_null (trio_open_unix_stream (long_path, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG);
  g_assert_null (trio_open_unix_listener (long_path, NULL, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG);
  return TRUE;
}

static gboolean
test_a_living_server_keeps_its_path (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_unix_listener (path, NULL, error);
  g_autoptr (TrioStream) client = NULL;
  g_autoptr (TrioStream) server = NULL;
  g_autoptr (TrioStream) probe = NULL;
  GError *failure = NULL;

  if (listener == NULL)
    return FALSE;
  g_assert_null (trio_open_unix_listener (path, NULL, &failure));
  g_assert_nonnull (strstr (failure->message, "another server listens there"));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);

  /* The one that asked left a connection that is over. */
  probe = trio_listener_accept (listener, error);
  return probe != NULL && connect_both (listener, &client, &server, error);
}

/* As a crash leaves it: the socket is closed, the file stays. */
static gboolean
test_what_a_crash_left_is_replaced (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioIo *io = trio_current_io ();
  g_autoptr (TrioListener) listener = NULL;
  g_autoptr (TrioStream) client = NULL;
  g_autoptr (TrioStream) server = NULL;
  GError *failure = NULL;
  TrioAddress address;
  TrioSocket *crashed;

  if (!trio_address_unix (path, &address, error))
    return FALSE;
  g_assert_cmpint (io->socket (io, TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM, &crashed), ==, 0);
  g_assert_cmpint (io->bind (io, crashed, &address), ==, 0);
  io->close (io, crashed);

  g_assert_null (trio_open_unix_stream (path, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  listener = trio_open_unix_listener (path, NULL, error);
  return listener != NULL && connect_both (listener, &client, &server, error);
}

static gboolean
test_closing_removes_the_path_that_is_its_own (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioIo *io = trio_current_io ();
  g_autoptr (TrioListener) first = trio_open_unix_listener (path, NULL, error);
  g_autoptr (TrioListener) second = NULL;
  g_autoptr (TrioStream) client = NULL;
  GError *failure = NULL;
  TrioAddress address;

  if (first == NULL || !trio_address_unix (path, &address, error))
    return FALSE;

  /* Somebody takes the path away, and it is another server's now. */
  g_assert_cmpint (io->remove_name (io, &address), ==, 0);
  second = trio_open_unix_listener (path, NULL, error);
  if (second == NULL)
    return FALSE;
  trio_listener_close (first);
  client = trio_open_unix_stream (path, error);
  if (client == NULL)
    return FALSE;

  trio_listener_close (second);
  trio_listener_close (second);
  g_assert_null (trio_open_unix_stream (path, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  return TRUE;
}

static gboolean
test_an_abstract_name_goes_with_its_socket (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *name = g_strdup_printf ("@%s", path);
  const TrioListenerOptions options = { .backlog = 3 };
  g_autoptr (TrioListener) listener = trio_open_unix_listener (name, &options, error);
  g_autoptr (TrioStream) client = listener != NULL ? trio_open_unix_stream (name, error) : NULL;
  GError *failure = NULL;

  if (client == NULL)
    return FALSE;
  g_assert_null (trio_open_unix_listener (name, NULL, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  trio_listener_close (listener);
  g_assert_null (trio_open_unix_stream (name, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  return TRUE;
}

static gboolean
test_unread_bytes_make_a_close_a_reset (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) one = NULL;
  g_autoptr (TrioStream) other = NULL;
  GError *failure = NULL;
  char byte;

  if (!trio_unix_stream_pair (&one, &other, error) || !trio_stream_send_all (one, "unread", 6, error)
      || !trio_stream_close (other, error))
    return FALSE;
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (trio_stream_receive_some (one, &byte, 1, &failure), ==, -1);
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
    }
  g_assert_false (trio_stream_send_all (one, "x", 1, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

static gboolean
test_who_was_not_accepted_is_reset (gpointer data G_GNUC_UNUSED, GError **error)
{
  const TrioListenerOptions options = { .backlog = 1 };
  g_autoptr (TrioListener) listener = trio_open_unix_listener (path, &options, error);
  g_autoptr (TrioStream) one = listener != NULL ? trio_open_unix_stream (path, error) : NULL;
  g_autoptr (TrioStream) two = one != NULL ? trio_open_unix_stream (path, error) : NULL;
  GError *failure = NULL;
  char byte;

  if (two == NULL)
    return FALSE;
  /* The line is full: a refusal, at once. */
  g_assert_null (trio_open_unix_stream (path, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  trio_listener_close (listener);
  g_assert_cmpint (trio_stream_receive_some (one, &byte, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

static gboolean
echo (TrioStream *stream, gpointer data G_GNUC_UNUSED, GError **error)
{
  char buffer[100];
  gssize n;

  while ((n = trio_stream_receive_some (stream, buffer, sizeof buffer, error)) > 0)
    if (!trio_stream_send_all (stream, buffer, (gsize) n, error))
      return FALSE;
  return n == 0;
}

static gboolean
serve (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_serve_unix (echo, NULL, path, error);
}

static gboolean
ask_echo (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) stream = trio_open_unix_stream (path, error);
  char buffer[5];

  if (stream == NULL || !trio_stream_send_all (stream, "hello", 5, error) || !parity_receive_exactly (stream, buffer, 5, error))
    return FALSE;
  g_assert_cmpmem (buffer, 5, "hello", 5);
  return TRUE;
}

static gboolean
test_a_server_serves_many_and_leaves_nothing (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  GError *failure = NULL;

  trio_nursery_start_soon (nursery, serve, NULL);
  for (g_autoptr (TrioStream) probe = NULL; probe == NULL;)
    {
      if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
        return FALSE;
      probe = trio_open_unix_stream (path, NULL);
    }
  {
    g_autoptr (TrioNursery) clients = trio_nursery_open (error);

    for (guint i = 0; i < 40; i++)
      trio_nursery_start_soon (clients, ask_echo, NULL);
    if (!trio_nursery_close (clients, TRUE))
      return FALSE;
  }
  trio_nursery_cancel (nursery);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_null (trio_open_unix_stream (path, &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  return TRUE;
}

/* Both must say so. */
static gboolean
test_listeners_that_reuse_a_port_share_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  const TrioListenerOptions options = { .reuse_port = TRUE, .backlog = 10 };
  g_autoptr (TrioListener) one = trio_open_tcp_listener_with ("127.0.0.1", 0, &options, error);
  g_autoptr (TrioListener) two = NULL;
  GError *failure = NULL;

  if (one == NULL)
    return FALSE;
  two = trio_open_tcp_listener_with ("127.0.0.1", trio_listener_get_port (one), &options, error);
  if (two == NULL)
    return FALSE;
  g_assert_null (trio_open_tcp_listener ("127.0.0.1", trio_listener_get_port (one), &failure));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  return TRUE;
}

/* --- the real world only --- */

static gboolean
check_the_file (gpointer data G_GNUC_UNUSED, GError **error)
{
  const TrioListenerOptions options = { .mode = 0600 };
  g_autoptr (TrioListener) listener = trio_open_unix_listener (path, &options, error);
  GStatBuf status;
  GError *failure = NULL;

  if (listener == NULL)
    return FALSE;
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
  trio_listener_close (listener);
  g_assert_cmpint (g_stat (path, &status), ==, -1);

  /* What is no socket is nobody's to remove. */
  g_assert_true (g_file_set_contents (path, "precious", -1, error));
  g_assert_null (trio_open_unix_listener (path, NULL, &failure));
  g_assert_nonnull (strstr (failure->message, "no socket"));
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_cmpint (g_unlink (path), ==, 0);
  return TRUE;
}

static void
test_the_file_has_its_mode_and_a_real_file_is_safe (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_run (check_the_file, NULL, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_autofree char *directory = g_dir_make_tmp ("trio-unix-XXXXXX", NULL);
  int result;

  g_test_init (&argc, &argv, NULL);
  path = g_build_filename (directory, "socket", NULL);
  PARITY_TEST ("/unix/bytes-go-both-ways", test_bytes_go_both_ways);
  PARITY_TEST ("/unix/a-pair-carries-more-than-fits", test_a_pair_carries_more_than_fits);
  PARITY_TEST ("/unix/where-nobody-listens-is-told", test_where_nobody_listens_is_told);
  PARITY_TEST ("/unix/a-living-server-keeps-its-path", test_a_living_server_keeps_its_path);
  PARITY_TEST ("/unix/what-a-crash-left-is-replaced", test_what_a_crash_left_is_replaced);
  PARITY_TEST ("/unix/closing-removes-the-path-that-is-its-own", test_closing_removes_the_path_that_is_its_own);
  PARITY_TEST ("/unix/an-abstract-name-goes-with-its-socket", test_an_abstract_name_goes_with_its_socket);
  PARITY_TEST ("/unix/unread-bytes-make-a-close-a-reset", test_unread_bytes_make_a_close_a_reset);
  PARITY_TEST ("/unix/who-was-not-accepted-is-reset", test_who_was_not_accepted_is_reset);
  PARITY_TEST ("/unix/a-server-serves-many-and-leaves-nothing", test_a_server_serves_many_and_leaves_nothing);
  PARITY_TEST ("/unix/listeners-that-reuse-a-port-share-it", test_listeners_that_reuse_a_port_share_it);
  g_test_add_func ("/host/unix/the-file-has-its-mode-and-a-real-file-is-safe", test_the_file_has_its_mode_and_a_real_file_is_safe);
  result = g_test_run ();
  g_rmdir (directory);
  g_free (path);
  return result;
}
