/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The moments that real sockets hardly ever show: between a wake-up and the next attempt, half-way through a send. */

#include <errno.h>
#include <string.h>

#include <trio/lowlevel/task.h>

#include "tests/net/script-io.h"

#define expect_error(error, domain, code)        \
  G_STMT_START                                   \
    {                                            \
      g_assert_error ((error), (domain), (code)); \
      g_clear_error (&(error));                  \
    }                                            \
  G_STMT_END

TRIO_CHECKPOINT static TrioStream *
connected (ScriptIo *io)
{
  g_autoptr (GError) error = NULL;
  TrioStream *stream = trio_open_tcp_stream ("peer", 80, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (io->n_opened - io->n_closed, ==, 1);
  return stream;
}

static gboolean
receive_closed (gpointer data, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;
  char buffer[10];

  g_assert_cmpint (trio_stream_receive_some (data, buffer, sizeof buffer, &failure), ==, -1);
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

static gboolean
send_closed (gpointer data, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_stream_send_all (data, "0123456789", 10, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

/* Lets a child run to its wait. */
static gboolean
let_them_wait (GError **error)
{
  for (guint i = 0; i < 3; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

/* Statement 164: the reader is runnable already when its socket goes; it must not touch it. */
static gboolean
close_at_a_bad_time_for_receive (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioStream) stream = connected (io);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, receive_closed, stream);
  if (!let_them_wait (error))
    return FALSE;
  g_assert_true (io->last->armed[TRIO_IO_READ]);
  trio_socket_wake (&io->last->socket, TRIO_IO_READ);
  trio_stream_free (g_steal_pointer (&stream));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (io->receive.n_asked, ==, 1);
  return TRUE;
}

static void
test_close_between_wake_up_and_receive (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_run (&io, close_at_a_bad_time_for_receive);
}

static gboolean
close_at_a_bad_time_for_send (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioStream) stream = connected (io);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, send_closed, stream);
  if (!let_them_wait (error))
    return FALSE;
  g_assert_true (io->last->armed[TRIO_IO_WRITE]);
  trio_socket_wake (&io->last->socket, TRIO_IO_WRITE);
  trio_stream_free (g_steal_pointer (&stream));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (io->send.n_asked, ==, 2);
  return TRUE;
}

static void
test_close_between_wake_up_and_send (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.send, 4);
  script_run (&io, close_at_a_bad_time_for_send);
}

static gboolean
receive_three (gpointer data, GError **error)
{
  char buffer[10];

  g_assert_cmpint (trio_stream_receive_some (data, buffer, sizeof buffer, error), ==, 3);
  return TRUE;
}

/* A world may say "ready" twice, and in vain. */
static gboolean
wake_twice_and_in_vain (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioStream) stream = connected (io);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, receive_three, stream);
  if (!let_them_wait (error))
    return FALSE;
  trio_socket_wake (&io->last->socket, TRIO_IO_READ);
  trio_socket_wake (&io->last->socket, TRIO_IO_READ);
  trio_socket_wake (&io->last->socket, TRIO_IO_WRITE);
  if (!let_them_wait (error))
    return FALSE;
  g_assert_cmpuint (io->receive.n_asked, ==, 2);
  trio_socket_wake (&io->last->socket, TRIO_IO_READ);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_second_wake_up_finds_nobody (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.receive, -EAGAIN);
  script_add (&io.receive, -EAGAIN);
  script_add (&io.receive, 3);
  script_run (&io, wake_twice_and_in_vain);
}

static gboolean
receive_what_became_ready (gpointer data, GError **error)
{
  g_autoptr (TrioStream) stream = connected (data);

  return receive_three (stream, error);
}

static void
test_what_became_ready_meanwhile_is_attempted_again (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.receive, -EAGAIN);
  script_add (&io.receive, 3);
  script_add (&io.arm, 1);
  script_run (&io, receive_what_became_ready);
}

static gboolean
receive_what_is_there (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioStream) stream = connected (io);

  if (!receive_three (stream, error))
    return FALSE;
  g_assert_cmpuint (io->receive.n_asked, ==, 1);
  g_assert_false (io->last->armed[TRIO_IO_READ]);
  return TRUE;
}

/* Statement 161: the call is attempted first; what is there needs no waiting. */
static void
test_the_call_is_attempted_before_waiting (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.receive, 3);
  script_run (&io, receive_what_is_there);
}

static void
describe_reader (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  if (g_strcmp0 (trio_task_get_name (task), "receive_closed") == 0)
    trio_task_describe_wait (task, data);
}

static gboolean
describe_a_wait (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioStream) stream = connected (io);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (GString) text = g_string_new (NULL);

  trio_nursery_start_soon (nursery, receive_closed, stream);
  if (!let_them_wait (error))
    return FALSE;
  trio_foreach_task (describe_reader, text);
  g_assert_nonnull (strstr (text->str, "trio_stream_receive_some"));
  g_assert_nonnull (strstr (text->str, "peer 10.0.0.9:4000"));
  return trio_stream_close (stream, error) && trio_nursery_close (nursery, TRUE);
}

static void
test_a_wait_names_its_function_and_its_peer (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_run (&io, describe_a_wait);
}

static gboolean
receive_from_a_dead_peer (gpointer data, GError **error G_GNUC_UNUSED)
{
  g_autoptr (TrioStream) stream = connected (data);
  g_autoptr (GError) failure = NULL;
  char byte;

  g_assert_cmpint (trio_stream_receive_some (stream, &byte, 1, &failure), ==, -1);
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_cmpstr (failure->message, ==, "could not receive from 10.0.0.9:4000: Connection timed out");
  return TRUE;
}

static void
test_broken_has_the_words_of_the_system (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.receive, -ETIMEDOUT);
  script_run (&io, receive_from_a_dead_peer);
}

static gboolean
send_fails_half_way (gpointer data, GError **error G_GNUC_UNUSED)
{
  ScriptIo *io = data;
  g_autoptr (TrioStream) stream = connected (io);
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_stream_send_all (stream, "0123456789", 10, &failure));
  expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_cmpuint (io->send.n_asked, ==, 2);

  /* The world would take it again; we do not. */
  g_assert_false (trio_stream_send_all (stream, "x", 1, &failure));
  expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_cmpuint (io->send.n_asked, ==, 2);
  return TRUE;
}

static void
test_a_send_that_failed_half_way_is_broken_for_good (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.send, 4);
  script_add (&io.send, -ENOBUFS);
  script_add (&io.send, 1);
  script_run (&io, send_fails_half_way);
}

static gboolean
send_when_cancelled (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioStream) stream = connected (io);
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (0, error);

  g_assert_false (trio_stream_send_all (stream, "0123456789", 10, error));
  g_assert_cmpuint (io->send.n_asked, ==, 0);
  return trio_cancel_scope_close (scope, FALSE);
}

static void
test_a_cancelled_send_does_not_begin (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_run (&io, send_when_cancelled);
}

static gboolean
send_in_parts (gpointer data, GError **error)
{
  ScriptIo *io = data;
  g_autoptr (TrioStream) stream = connected (io);

  if (!trio_stream_send_all (stream, "0123456789", 10, error))
    return FALSE;
  g_assert_cmpuint (io->send.n_asked, ==, 4);
  return TRUE;
}

static void
test_short_writes_add_up (void)
{
  ScriptIo io;

  script_io_init (&io);
  script_add (&io.send, 1);
  script_add (&io.send, 2);
  script_add (&io.send, 3);
  script_add (&io.send, 4);
  script_run (&io, send_in_parts);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/socket/close-between-wake-up-and-receive", test_close_between_wake_up_and_receive);
  g_test_add_func ("/socket/close-between-wake-up-and-send", test_close_between_wake_up_and_send);
  g_test_add_func ("/socket/a-second-wake-up-finds-nobody", test_a_second_wake_up_finds_nobody);
  g_test_add_func ("/socket/what-became-ready-meanwhile-is-attempted-again", test_what_became_ready_meanwhile_is_attempted_again);
  g_test_add_func ("/socket/the-call-is-attempted-before-waiting", test_the_call_is_attempted_before_waiting);
  g_test_add_func ("/socket/a-wait-names-its-function-and-its-peer", test_a_wait_names_its_function_and_its_peer);
  g_test_add_func ("/socket/broken-has-the-words-of-the-system", test_broken_has_the_words_of_the_system);
  g_test_add_func ("/socket/a-send-that-failed-half-way-is-broken-for-good", test_a_send_that_failed_half_way_is_broken_for_good);
  g_test_add_func ("/socket/a-cancelled-send-does-not-begin", test_a_cancelled_send_does_not_begin);
  g_test_add_func ("/socket/short-writes-add-up", test_short_writes_add_up);
  return g_test_run ();
}
