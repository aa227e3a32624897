/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Descriptors that the program had before: what kinds there are, and that they are given back as they came. */

#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <trio/testing.h>

#include "tests/host/host-test.h"

static gboolean
blocks (int fd)
{
  return (fcntl (fd, F_GETFL) & O_NONBLOCK) == 0;
}

static void
run_in_trio (gconstpointer body)
{
  run_ok (*(const TrioFunc *) body, NULL);
}

/* --- giving back --- */

static gboolean
adopt_and_close (int fd, gboolean by_free, GError **error)
{
  g_autoptr (TrioStream) stream = trio_fd_stream_new (fd, error);

  if (stream == NULL)
    return FALSE;
  g_assert_false (blocks (fd));
  return by_free || trio_stream_close (stream, error);
}

/* The second descriptor is the same open file, like the terminal of a shell. */
static gboolean
test_a_descriptor_blocks_again_when_it_is_closed (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (guint by_free = 0; by_free < 2; by_free++)
    {
      int fds[2], shared;

      g_assert_cmpint (pipe (fds), ==, 0);
      shared = dup (fds[0]);
      if (!adopt_and_close (fds[0], by_free, error))
        return FALSE;
      g_assert_cmpint (fcntl (fds[0], F_GETFL), ==, -1);
      g_assert_true (blocks (shared));
      close (shared);
      close (fds[1]);
    }
  return TRUE;
}

static gboolean
test_one_that_did_not_block_does_not_begin_to (gpointer unused G_GNUC_UNUSED, GError **error)
{
  int fds[2], shared;

  g_assert_cmpint (pipe2 (fds, O_NONBLOCK), ==, 0);
  shared = dup (fds[0]);
  if (!adopt_and_close (fds[0], FALSE, error))
    return FALSE;
  g_assert_false (blocks (shared));
  close (shared);
  close (fds[1]);
  return TRUE;
}

/* As standard input and output, where they are a terminal. Were it given back with the first, the second would stop the whole run in its
 * next read. */
static gboolean
test_of_two_over_one_open_file_the_last_gives_it_back (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) bystander = NULL, apart = NULL;
  int others[2];

  g_assert_cmpint (pipe2 (others, O_NONBLOCK), ==, 0);
  bystander = trio_fd_stream_new (others[0], error);
  apart = trio_fd_stream_new (others[1], error);
  if (bystander == NULL || apart == NULL)
    return FALSE;
  for (guint first = 0; first < 2; first++)
    {
      TrioStream *streams[2];
      int fds[2], shared;

      g_assert_cmpint (pipe (fds), ==, 0);
      shared = dup (fds[0]);
      streams[0] = trio_fd_stream_new (fds[0], error);
      streams[1] = trio_fd_stream_new (dup (shared), error);
      if (streams[0] == NULL || streams[1] == NULL)
        return FALSE;
      trio_stream_free (streams[first]);
      g_assert_false (blocks (shared));
      trio_stream_free (streams[1 - first]);
      g_assert_true (blocks (shared));
      g_assert_false (blocks (others[0]) || blocks (others[1]));
      close (shared);
      close (fds[1]);
    }
  return TRUE;
}

/* --- kinds --- */

static gboolean
test_a_file_is_refused_and_left_alone (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GError) refusal = NULL;
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp (NULL, &path, error);

  if (fd < 0)
    return FALSE;
  g_assert_null (trio_fd_stream_new (fd, &refusal));
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_true (blocks (fd));
  close (fd);
  g_unlink (path);
  return TRUE;
}

static gboolean
make_socket_pair (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  *first = trio_fd_stream_new (fds[0], error);
  *second = trio_fd_stream_new (fds[1], error);
  return *first != NULL && *second != NULL;
}

/* statements 17, 158, 163, 164, 165 */
static gboolean
test_sockets_of_the_program_keep_the_promises_of_streams (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_check_half_closeable_stream (make_socket_pair, NULL, 4 << 20, error);
}

static gboolean
test_a_terminal_goes_both_ways (gpointer unused G_GNUC_UNUSED, GError **error)
{
  int keyboard_fd = posix_openpt (O_RDWR | O_NOCTTY);
  g_autoptr (TrioStream) keyboard = NULL, screen = NULL;
  g_autoptr (TrioBufferedReader) reader = NULL;
  g_autofree char *line = NULL;
  char buffer[100];

  if (keyboard_fd < 0 || grantpt (keyboard_fd) < 0 || unlockpt (keyboard_fd) < 0)
    {
      g_test_skip ("no pseudo-terminals here");
      return TRUE;
    }
  screen = trio_fd_stream_new (open (ptsname (keyboard_fd), O_RDWR | O_NOCTTY), error);
  keyboard = trio_fd_stream_new (keyboard_fd, error);
  if (screen == NULL || keyboard == NULL)
    return FALSE;
  g_assert_true (trio_stream_can_send (screen) && trio_stream_can_receive (screen) && !trio_stream_can_send_eof (screen));

  reader = trio_buffered_reader_new (screen);
  if (!trio_stream_send_all (keyboard, "typed\n", 6, error) || !trio_buffered_reader_read_line (reader, 100, &line, NULL, error)
      || !trio_stream_send_all (screen, "shown", 5, error))
    return FALSE;
  g_assert_cmpstr (line, ==, "typed");
  /* What was typed is echoed, and what the program says follows. */
  return trio_stream_receive_some (keyboard, buffer, sizeof buffer, error) > 0;
}

/* A shell that shares the terminal must not find that its reads do not wait. */
static gboolean
test_a_terminal_is_given_back_as_it_was (gpointer unused G_GNUC_UNUSED, GError **error)
{
  int keyboard = posix_openpt (O_RDWR | O_NOCTTY), screen, shared;

  if (keyboard < 0 || grantpt (keyboard) < 0 || unlockpt (keyboard) < 0)
    {
      g_test_skip ("no pseudo-terminals here");
      return TRUE;
    }
  screen = open (ptsname (keyboard), O_RDWR | O_NOCTTY);
  shared = dup (screen);
  if (!adopt_and_close (screen, FALSE, error))
    return FALSE;
  g_assert_true (blocks (shared));
  close (shared);
  close (keyboard);
  return TRUE;
}

/* Whoever it was inherited from gets it back in every way, once it is closed here. */
static gboolean
test_a_socket_of_the_program_blocks_again (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      int fds[2], shared;

      g_assert_cmpint (socketpair (AF_UNIX, types[i], 0, fds), ==, 0);
      shared = dup (fds[0]);
      if (!adopt_and_close (fds[0], FALSE, error))
        return FALSE;
      g_assert_true (blocks (shared));
      close (shared);
      close (fds[1]);
    }
  return TRUE;
}

/* --- mischief --- */

static gboolean
close_it (gpointer data, GError **error G_GNUC_UNUSED)
{
  close (*(const int *) data);
  return TRUE;
}

/* statement 159 */
static gboolean
test_one_closed_behind_our_back_leaves_its_waiter_cancellable (gpointer unused G_GNUC_UNUSED, GError **error)
{
  int fds[2];
  g_autoptr (TrioStream) stream = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioCancelScope) patience = NULL;
  gssize n;
  char byte;

  g_assert_cmpint (pipe (fds), ==, 0);
  stream = trio_fd_stream_new (fds[0], error);
  if (stream == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, close_it, &fds[0]);      /* while the one below waits */
  patience = trio_move_on_after (10 * G_TIME_SPAN_MILLISECOND, error);
  n = trio_stream_receive_some (stream, &byte, 1, error);
  g_assert_cmpint (n, ==, -1);
  if (!trio_cancel_scope_close (patience, FALSE))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (patience));
  close (fds[1]);
  return trio_nursery_close (nursery, TRUE);
}

static void
count_sigpipe (int number G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

/* Neither delivered nor left waiting; and who wants to see SIGPIPE elsewhere still can. */
static gboolean
test_a_broken_pipe_leaves_no_signal (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  void (*before) (int) = signal (SIGPIPE, count_sigpipe);
  sigset_t waiting, blocked;
  GError *failure = NULL;

  if (!trio_open_pipe (&send, &receive, error) || !trio_stream_close (receive, error))
    return FALSE;
  g_assert_false (trio_stream_send_all (send, "?", 1, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_clear_error (&failure);
  sigpending (&waiting);
  pthread_sigmask (SIG_SETMASK, NULL, &blocked);
  g_assert_false (sigismember (&waiting, SIGPIPE) || sigismember (&blocked, SIGPIPE));
  signal (SIGPIPE, before);
  return TRUE;
}

#define ADD(path, body)                                         \
  G_STMT_START                                                  \
    {                                                           \
      static const TrioFunc body_ = (body);                     \
      g_test_add_data_func ((path), &body_, run_in_trio);       \
    }                                                           \
  G_STMT_END

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/fd-stream/a-descriptor-blocks-again-when-it-is-closed", test_a_descriptor_blocks_again_when_it_is_closed);
  ADD ("/fd-stream/one-that-did-not-block-does-not-begin-to", test_one_that_did_not_block_does_not_begin_to);
  ADD ("/fd-stream/of-two-over-one-open-file-the-last-gives-it-back", test_of_two_over_one_open_file_the_last_gives_it_back);
  ADD ("/fd-stream/a-file-is-refused-and-left-alone", test_a_file_is_refused_and_left_alone);
  ADD ("/fd-stream/sockets-of-the-program-keep-the-promises-of-streams", test_sockets_of_the_program_keep_the_promises_of_streams);
  ADD ("/fd-stream/a-terminal-goes-both-ways", test_a_terminal_goes_both_ways);
  ADD ("/fd-stream/a-terminal-is-given-back-as-it-was", test_a_terminal_is_given_back_as_it_was);
  ADD ("/fd-stream/a-socket-of-the-program-blocks-again", test_a_socket_of_the_program_blocks_again);
  ADD ("/fd-stream/one-closed-behind-our-back-leaves-its-waiter-cancellable",
       test_one_closed_behind_our_back_leaves_its_waiter_cancellable);
  ADD ("/fd-stream/a-broken-pipe-leaves-no-signal", test_a_broken_pipe_leaves_no_signal);
  return g_test_run ();
}
