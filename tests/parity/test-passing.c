/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* <trio/lowlevel/passing.h>, in both worlds: sockets, ends of pipes and files that go through unix sockets. */

#include <string.h>

#include <gio/gio.h>
#include <trio/lowlevel/passing.h>
#include <trio/testing.h>

#include "tests/parity/parity.h"

typedef TrioSocketHandle Handle;

#define A_WHILE (5 * G_TIME_SPAN_MILLISECOND)

static TrioPassed
stream_to_pass (TrioStream *stream)
{
  return (TrioPassed) { .kind = TRIO_PASSED_STREAM, .stream = stream };
}

static TrioPassed
file_to_pass (TrioFile *file)
{
  return (TrioPassed) { .kind = TRIO_PASSED_FILE, .file = file };
}

/* One that has a text in it and no name, at its beginning. */
static TrioFile *
make_file (const char *text, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);

  if (file == NULL || !trio_path_remove (path, error) || !trio_file_write (file, text, strlen (text), error)
      || trio_file_seek (file, 0, TRIO_FILE_FROM_START, error) < 0)
    return NULL;
  return g_steal_pointer (&file);
}

static gboolean
expect_in_file (TrioFile *file, const char *text, GError **error)
{
  char buffer[100];
  gssize n = trio_file_read (file, buffer, sizeof buffer, error);

  if (n < 0)
    return FALSE;
  g_assert_cmpmem (buffer, n, text, strlen (text));
  return TRUE;
}

static gboolean
expect_from_stream (TrioStream *stream, const char *text, GError **error)
{
  char buffer[100];

  if (!parity_receive_exactly (stream, buffer, strlen (text), error))
    return FALSE;
  g_assert_cmpmem (buffer, strlen (text), text, strlen (text));
  return TRUE;
}

/* One byte, and exactly so many things with it. */
static gboolean
receive (Handle *way, char byte, TrioPassed *passed, guint n_expected, GError **error)
{
  char buffer[10];
  guint n = 99;

  if (trio_socket_receive_passed (way, buffer, sizeof buffer, passed, &n, error) < 0)
    return FALSE;
  g_assert_cmpint (buffer[0], ==, byte);
  g_assert_cmpuint (n, ==, n_expected);
  return TRUE;
}

typedef struct
{
  Handle     *way[2];
  TrioStream *send;             /* a pipe */
  TrioStream *receive;
  TrioFile   *file;             /* with "one two" in it */
} Things;

static void
things_clear (Things *self)
{
  for (guint i = 0; i < 2; i++)
    g_clear_pointer (&self->way[i], trio_socket_handle_unref);
  g_clear_pointer (&self->send, trio_stream_free);
  g_clear_pointer (&self->receive, trio_stream_free);
  g_clear_pointer (&self->file, trio_file_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Things, things_clear)

static gboolean
things_make (Things *self, TrioSocketKind kind, GError **error)
{
  if (!trio_socket_pair (kind, self->way, error) || !trio_open_pipe (&self->send, &self->receive, error))
    return FALSE;
  self->file = make_file ("one two", error);
  return self->file != NULL;
}

/* --- there --- */

static gboolean
pass_a_pipe_and_a_file (TrioSocketKind kind, GError **error)
{
  g_auto (Things) it = { .send = NULL };
  TrioPassed received[TRIO_SOCKET_PASSED_MAX];
  g_auto (TrioPassed) stream = { 0 };
  g_auto (TrioPassed) file = { 0 };
  GError *failure = NULL;
  char word[4];

  if (!things_make (&it, kind, error) || trio_file_read (it.file, word, 4, error) != 4 || !trio_stream_send_all (it.send, "early ", 6, error))
    return FALSE;
  if (trio_socket_send_passed (it.way[0], "x", 1, (TrioPassed[]) { stream_to_pass (it.receive), file_to_pass (it.file) }, 2, error) != 1)
    return FALSE;

  /* Here they are closed. */
  g_assert_cmpint (trio_stream_receive_some (it.receive, word, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_cmpint (trio_file_read (it.file, word, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  if (!trio_stream_close (it.receive, error) || !trio_file_close (it.file, error))
    return FALSE;

  if (!receive (it.way[1], 'x', received, 2, error))
    return FALSE;
  stream = received[0];
  file = received[1];
  g_assert_cmpint (stream.kind, ==, TRIO_PASSED_STREAM);
  g_assert_cmpint (file.kind, ==, TRIO_PASSED_FILE);
  g_assert_true (trio_stream_can_receive (stream.stream) && !trio_stream_can_send (stream.stream));
  g_assert_nonnull (trio_file_get_path (file.file));
  /* With its position, and what it was opened for. */
  g_assert_cmpint (trio_file_get_position (file.file), ==, 4);
  if (!expect_in_file (file.file, "two", error) || !trio_file_write (file.file, " three", 6, error)
      || trio_file_seek (file.file, 0, TRIO_FILE_FROM_START, error) < 0 || !expect_in_file (file.file, "one two three", error))
    return FALSE;
  if (!trio_stream_send_all (it.send, "late", 4, error) || !expect_from_stream (stream.stream, "early late", error)
      || !trio_stream_close (it.send, error))
    return FALSE;
  g_assert_cmpint (trio_stream_receive_some (stream.stream, word, 1, error), ==, 0);
  return TRUE;
}

static gboolean
test_a_pipe_and_a_file_go_through_a_stream (gpointer data G_GNUC_UNUSED, GError **error)
{
  return pass_a_pipe_and_a_file (TRIO_SOCKET_STREAM, error);
}

static gboolean
test_a_pipe_and_a_file_go_with_a_datagram (gpointer data G_GNUC_UNUSED, GError **error)
{
  return pass_a_pipe_and_a_file (TRIO_SOCKET_DATAGRAM, error);
}

/* A stream over a socket is a socket on the way. */
static gboolean
test_a_connection_arrives_as_its_socket (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Things) it = { .send = NULL };
  g_autoptr (TrioListener) listener = parity_listen (error);
  g_autoptr (TrioStream) client = NULL;
  g_autoptr (TrioStream) server = NULL;
  g_autoptr (TrioStream) again = NULL;
  TrioPassed received[TRIO_SOCKET_PASSED_MAX];
  TrioPassed passed;
  GError *failure = NULL;

  if (!things_make (&it, TRIO_SOCKET_STREAM, error) || listener == NULL || !parity_connect (listener, &client, &server, error)
      || !trio_stream_send_all (client, "early", 5, error))
    return FALSE;
  passed = stream_to_pass (server);
  if (trio_socket_send_passed (it.way[0], "c", 1, &passed, 1, error) != 1 || !receive (it.way[1], 'c', received, 1, error))
    return FALSE;
  g_assert_cmpint (received[0].kind, ==, TRIO_PASSED_SOCKET);
  again = trio_socket_stream_new (received[0].socket);
  if (!expect_from_stream (again, "early", error) || !trio_stream_send_all (again, "reply", 5, error))
    return FALSE;
  g_assert_false (trio_stream_send_all (server, "x", 1, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return expect_from_stream (client, "reply", error);
}

/* What was sent before may come in the same call, what was sent after does not. */
static gboolean
test_it_comes_with_the_byte_that_it_went_with (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Things) it = { .send = NULL };
  TrioPassed received[TRIO_SOCKET_PASSED_MAX];
  TrioPassed passed;
  char buffer[10];
  gsize size = 0;
  guint n = 0;

  if (!things_make (&it, TRIO_SOCKET_STREAM, error))
    return FALSE;
  passed = file_to_pass (it.file);
  if (!trio_socket_send_all (it.way[0], "a", 1, error) || trio_socket_send_passed (it.way[0], "b", 1, &passed, 1, error) != 1
      || !trio_socket_send_all (it.way[0], "c", 1, error))
    return FALSE;
  while (n == 0)
    {
      gssize part = trio_socket_receive_passed (it.way[1], buffer + size, sizeof buffer - size, received, &n, error);

      if (part <= 0)
        return FALSE;
      size += (gsize) part;
    }
  g_assert_cmpmem (buffer, size, "ab", 2);
  trio_passed_clear (&received[0]);
  trio_passed_clear (&received[0]);
  return receive (it.way[1], 'c', received, 0, error);
}

/* --- what nobody takes --- */

static gboolean
expect_nobody_reads (TrioStream *send, GError **error G_GNUC_UNUSED)
{
  GError *failure = NULL;

  g_assert_false (trio_stream_send_all (send, "x", 1, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

static gboolean
test_what_is_never_received_is_closed (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Things) it = { .send = NULL };

  if (!things_make (&it, TRIO_SOCKET_STREAM, error))
    return FALSE;
  if (trio_socket_send_passed (it.way[0], "x", 1, (TrioPassed[]) { stream_to_pass (it.receive), file_to_pass (it.file) }, 2, error) != 1)
    return FALSE;
  /* It is under way, and open. */
  if (!trio_stream_send_all (it.send, "x", 1, error))
    return FALSE;
  trio_socket_close (it.way[1]);
  return expect_nobody_reads (it.send, error);
}

static gboolean
test_what_nobody_asked_for_is_closed (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Things) it = { .send = NULL };
  g_auto (Things) other = { .send = NULL };
  TrioPassed all[2];
  Handle *sockets[TRIO_SOCKET_PASSED_MAX];
  GError *failure = NULL;
  guint n = 99;
  char byte;

  if (!things_make (&it, TRIO_SOCKET_STREAM, error) || !things_make (&other, TRIO_SOCKET_STREAM, error))
    return FALSE;
  all[0] = stream_to_pass (it.receive);
  all[1] = file_to_pass (it.file);
  if (trio_socket_send_passed (it.way[0], "x", 1, all, 2, error) != 1 || trio_socket_receive (it.way[1], &byte, 1, error) != 1)
    return FALSE;
  if (!expect_nobody_reads (it.send, error))
    return FALSE;

  /* Who wants sockets gets nothing else. */
  all[0] = stream_to_pass (other.receive);
  all[1] = file_to_pass (other.file);
  if (trio_socket_send_passed (it.way[0], "y", 1, all, 2, error) != 1)
    return FALSE;
  g_assert_cmpint (trio_socket_receive_sockets (it.way[1], &byte, 1, sockets, &n, &failure), ==, -1);
  parity_expect_error (failure, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  g_assert_cmpuint (n, ==, 99);
  return expect_nobody_reads (other.send, error);
}

/* --- what cannot be --- */

static TRIO_CHECKPOINT void
expect_refusal (Handle *way, gsize size, const TrioPassed *passed, guint n_passed, GQuark domain, int code)
{
  GError *failure = NULL;

  g_assert_cmpint (trio_socket_send_passed (way, "x", size, passed, n_passed, &failure), ==, -1);
  parity_expect_error (failure, domain, code);
}

static gboolean
receive_from_pipe (gpointer data, GError **error)
{
  return expect_from_stream (data, "x", error);
}

static gboolean
test_mistakes_change_nothing (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Things) it = { .send = NULL };
  g_autoptr (TrioListener) listener = parity_listen (error);
  g_autoptr (TrioStream) client = NULL;
  g_autoptr (TrioStream) server = NULL;
  g_autoptr (TrioStream) memory = trio_memory_stream_new ();
  g_autoptr (TrioFile) closed = make_file ("", error);
  TrioPassed things[TRIO_SOCKET_PASSED_MAX + 1];
  g_autoptr (TrioNursery) nursery = NULL;

  if (!things_make (&it, TRIO_SOCKET_STREAM, error) || listener == NULL || !parity_connect (listener, &client, &server, error)
      || closed == NULL || !trio_file_close (closed, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (things); i++)
    things[i] = file_to_pass (it.file);
  expect_refusal (it.way[0], 1, things, G_N_ELEMENTS (things), TRIO_ERROR, TRIO_ERROR_MISUSE);
  expect_refusal (it.way[0], 0, things, 1, TRIO_ERROR, TRIO_ERROR_MISUSE);
  /* One thing cannot go twice. */
  expect_refusal (it.way[0], 1, things, 2, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  things[1] = stream_to_pass (memory);
  expect_refusal (it.way[0], 1, things, 2, TRIO_ERROR, TRIO_ERROR_MISUSE);
  things[1] = (TrioPassed) { .kind = TRIO_PASSED_STREAM };
  g_test_expect_message ("Trio", G_LOG_LEVEL_CRITICAL, "*stream != NULL*");
  expect_refusal (it.way[0], 1, things, 2, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_test_assert_expected_messages ();
  things[1] = (TrioPassed) { .kind = TRIO_PASSED_SOCKET, .socket = it.way[0] };
  expect_refusal (it.way[0], 1, things, 2, TRIO_ERROR, TRIO_ERROR_MISUSE);
  things[1] = file_to_pass (closed);
  expect_refusal (it.way[0], 1, things, 2, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  expect_refusal (trio_stream_get_socket (client), 1, things, 1, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  /* Somebody reads from it. */
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, receive_from_pipe, it.receive);
  if (!trio_sleep (A_WHILE, error))
    return FALSE;
  things[1] = stream_to_pass (it.receive);
  expect_refusal (it.way[0], 1, things, 2, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  if (!trio_nursery_close (nursery, trio_stream_send_all (it.send, "x", 1, error)))
    return FALSE;

  return trio_stream_send_all (it.send, "on", 2, error) && expect_from_stream (it.receive, "on", error)
         && expect_in_file (it.file, "one two", error) && trio_socket_send_all (it.way[0], "on", 2, error)
         && trio_stream_send_all (client, "on", 2, error) && expect_from_stream (server, "on", error);
}

/* --- waiting for room --- */

/* Until no more pieces of that size fit. */
static gboolean
fill_up (Handle *way, gsize size, GError **error)
{
  g_autofree char *bytes = g_malloc0 (size);

  for (;;)
    {
      g_autoptr (TrioCancelScope) patience = trio_move_on_after (A_WHILE, error);

      if (!trio_cancel_scope_close (patience, trio_socket_send (way, bytes, size, error) > 0))
        return FALSE;
      if (trio_cancel_scope_cancelled_caught (patience))
        return TRUE;
    }
}

static gboolean
test_a_cancelled_sender_keeps_all (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Things) it = { .send = NULL };
  g_autoptr (TrioCancelScope) patience = NULL;
  TrioPassed all[2];

  if (!things_make (&it, TRIO_SOCKET_STREAM, error) || !fill_up (it.way[0], 65536, error) || !fill_up (it.way[0], 1, error))
    return FALSE;
  all[0] = stream_to_pass (it.receive);
  all[1] = file_to_pass (it.file);
  patience = trio_move_on_after (A_WHILE, error);
  if (!trio_cancel_scope_close (patience, trio_socket_send_passed (it.way[0], "x", 1, all, 2, error) == 1))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (patience));
  return trio_stream_send_all (it.send, "on", 2, error) && expect_from_stream (it.receive, "on", error)
         && expect_in_file (it.file, "one two", error);
}

typedef struct
{
  Things  *it;
  gboolean is_file;
} Closing;

static gboolean
use_and_close (gpointer data, GError **error)
{
  Closing *self = data;
  GError *failure = NULL;
  char byte;

  if (!trio_sleep (A_WHILE, error))
    return FALSE;
  g_assert_cmpint (trio_file_read (self->it->file, &byte, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  g_assert_cmpint (trio_stream_receive_some (self->it->receive, &byte, 1, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  if (!(self->is_file ? trio_file_close (self->it->file, error) : trio_stream_close (self->it->receive, error)))
    return FALSE;
  /* Who waits learns of it with the next room. */
  do
    if (trio_socket_receive (self->it->way[1], &byte, 1, error) != 1)
      return FALSE;
  while (trio_socket_is_readable (self->it->way[1]));
  return TRUE;
}

static gboolean
close_while_it_waits (gboolean is_file, GError **error)
{
  g_auto (Things) it = { .send = NULL };
  g_autoptr (TrioNursery) nursery = NULL;
  Closing closing = { &it, is_file };
  GError *failure = NULL;
  TrioPassed all[2];

  /* Of datagrams one byte each, or it would take long to make room. */
  if (!things_make (&it, TRIO_SOCKET_DATAGRAM, error) || !fill_up (it.way[0], 1, error))
    return FALSE;
  all[0] = stream_to_pass (it.receive);
  all[1] = file_to_pass (it.file);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, use_and_close, &closing);
  g_assert_cmpint (trio_socket_send_passed (it.way[0], "x", 1, all, 2, &failure), ==, -1);
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  return is_file ? trio_stream_send_all (it.send, "on", 2, error) && expect_from_stream (it.receive, "on", error)
                 : expect_in_file (it.file, "one two", error);
}

static gboolean
test_a_file_closed_meanwhile_is_not_sent (gpointer data G_GNUC_UNUSED, GError **error)
{
  return close_while_it_waits (TRUE, error);
}

static gboolean
test_a_stream_closed_meanwhile_is_not_sent (gpointer data G_GNUC_UNUSED, GError **error)
{
  return close_while_it_waits (FALSE, error);
}

/* --- sockets and streams --- */

static gboolean
test_streams_and_listeners_are_made_of_sockets (gpointer data G_GNUC_UNUSED, GError **error)
{
  const TrioAddress here = { .family = TRIO_ADDRESS_IPV4, .bytes = { 127, 0, 0, 1 } };
  g_autoptr (TrioSocketHandle) socket = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  g_autoptr (TrioListener) listener = NULL;
  g_autoptr (TrioStream) client = NULL;
  g_autoptr (TrioStream) server = NULL;
  g_autoptr (TrioStream) memory = trio_memory_stream_new ();
  int value;

  if (socket == NULL || !trio_socket_bind (socket, &here, NULL, error) || !trio_socket_listen (socket, 5, NULL, error))
    return FALSE;
  listener = trio_socket_listener_new (g_steal_pointer (&socket));
  g_assert_cmpuint (trio_listener_get_port (listener), !=, 0);
  if (!parity_connect (listener, &client, &server, error))
    return FALSE;
  g_assert_null (trio_stream_get_socket (memory));
  g_assert_true (trio_socket_get_option (trio_stream_get_socket (client), TRIO_SOCKET_NO_DELAY, &value, error) && value != 0);
  g_assert_true (trio_stream_close (client, error));
  g_assert_false (trio_socket_is_open (trio_stream_get_socket (client)));
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/passing/a-pipe-and-a-file-go-through-a-stream", test_a_pipe_and_a_file_go_through_a_stream);
  PARITY_TEST ("/passing/a-pipe-and-a-file-go-with-a-datagram", test_a_pipe_and_a_file_go_with_a_datagram);
  PARITY_TEST ("/passing/a-connection-arrives-as-its-socket", test_a_connection_arrives_as_its_socket);
  PARITY_TEST ("/passing/it-comes-with-the-byte-that-it-went-with", test_it_comes_with_the_byte_that_it_went_with);
  PARITY_TEST ("/passing/what-is-never-received-is-closed", test_what_is_never_received_is_closed);
  PARITY_TEST ("/passing/what-nobody-asked-for-is-closed", test_what_nobody_asked_for_is_closed);
  PARITY_TEST ("/passing/mistakes-change-nothing", test_mistakes_change_nothing);
  PARITY_TEST ("/passing/a-cancelled-sender-keeps-all", test_a_cancelled_sender_keeps_all);
  PARITY_TEST ("/passing/a-file-closed-meanwhile-is-not-sent", test_a_file_closed_meanwhile_is_not_sent);
  PARITY_TEST ("/passing/a-stream-closed-meanwhile-is-not-sent", test_a_stream_closed_meanwhile_is_not_sent);
  PARITY_TEST ("/passing/streams-and-listeners-are-made-of-sockets", test_streams_and_listeners_are_made_of_sockets);
  return g_test_run ();
}
