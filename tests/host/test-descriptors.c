/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Descriptors of the operating system: adopted, waited for, closed in the right and in the wrong way. */

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>
#include <trio/lowlevel/descriptor.h>
#include <trio/lowlevel/passing.h>
#include <trio/lowlevel/socket.h>

#include "tests/host/host-test.h"

#define expect_error(error, domain, code)         \
  G_STMT_START                                    \
    {                                             \
      g_assert_error ((error), (domain), (code)); \
      g_clear_error (&(error));                   \
    }                                             \
  G_STMT_END

static void
make_pipe (int ends[2])
{
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
}

static void
write_byte (int fd)
{
  g_assert_cmpint (write (fd, "x", 1), ==, 1);
}

static void
run (TrioFunc body, gpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_run (body, data, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

static gboolean
wait_readable (gpointer data, GError **error)
{
  return trio_wait_readable (*(int *) data, error);
}

static gboolean
wait_both_ways (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = NULL;
  GError *failure = NULL;
  int ends[2];
  char byte;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, wait_readable, &ends[0]);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  g_assert_false (trio_wait_readable (ends[0], &failure));
  expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  if (!trio_wait_writable (ends[0], error))
    return FALSE;
  write_byte (ends[1]);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;

  /* It is level, not edge: it stays readable until somebody reads. */
  if (!trio_wait_readable (ends[0], error) || !trio_wait_readable (ends[0], error))
    return FALSE;
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);
  close (ends[0]);
  close (ends[1]);
  return TRUE;
}

/* Statement 157. */
static void
test_one_task_for_each_direction (void)
{
  run (wait_both_ways, NULL);
}

static gboolean
wait_until_told (gpointer data, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_wait_readable (*(int *) data, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

static gboolean
tell_of_closing (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = NULL;
  int ends[2];

  make_pipe (ends);
  trio_notify_closing (ends[0]);                /* nobody waits: nothing happens */
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, wait_until_told, &ends[0]);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  trio_notify_closing (ends[0]);
  close (ends[0]);
  close (ends[1]);

  /* The number means another file now. */
  make_pipe (ends);
  write_byte (ends[1]);
  if (!trio_wait_readable (ends[0], error))
    return FALSE;
  close (ends[0]);
  close (ends[1]);
  return trio_nursery_close (nursery, TRUE);
}

/* Statement 158. */
static void
test_who_is_told_of_closing_wakes_up (void)
{
  run (tell_of_closing, NULL);
}

static gboolean
close_behind_its_back (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = NULL;
  int ends[2], others[2];

  make_pipe (ends);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, wait_readable, &ends[0]);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  close (ends[0]);
  /* Most likely the same number. */
  make_pipe (others);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  trio_nursery_cancel (nursery);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;

  write_byte (others[1]);
  if (!trio_wait_readable (others[0], error))
    return FALSE;
  close (ends[1]);
  close (others[0]);
  close (others[1]);
  return TRUE;
}

/* Statement 159. */
static void
test_who_is_not_told_of_closing_can_be_cancelled (void)
{
  run (close_behind_its_back, NULL);
}

static gboolean
wait_for_nonsense (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  GError *failure = NULL;
  int fd;

  g_assert_false (trio_wait_readable (-1, &failure));
  g_assert_error (failure, G_IO_ERROR, (int) g_io_error_from_errno (EBADF));
  g_clear_error (&failure);
  g_assert_false (trio_wait_writable (100 * 1000, &failure));
  g_assert_nonnull (failure);
  g_clear_error (&failure);

  fd = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_false (trio_wait_readable (fd, &failure));
  expect_error (failure, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  close (fd);
  return TRUE;
}

/* Statement 160. */
static void
test_what_is_no_descriptor_fails_at_once (void)
{
  run (wait_for_nonsense, NULL);
}

static gboolean
adopt_two (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) one = NULL;
  g_autoptr (TrioSocketHandle) other = NULL;
  GError *failure = NULL;
  int ends[2], pipe_ends[2];
  char buffer[5];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  one = trio_socket_adopt (ends[0], error);
  other = trio_socket_adopt (ends[1], error);
  if (one == NULL || other == NULL)
    return FALSE;
  g_assert_cmpint (trio_socket_get_descriptor (one, error), ==, ends[0]);
  g_assert_cmpint (fcntl (ends[0], F_GETFD) & FD_CLOEXEC, !=, 0);
  if (!trio_socket_send_all (one, "hello", 5, error) || trio_socket_receive (other, buffer, 5, error) != 5)
    return FALSE;
  trio_socket_close (one);
  g_assert_cmpint (fcntl (ends[0], F_GETFD), ==, -1);
  g_assert_cmpint (trio_socket_get_descriptor (one, &failure), ==, -1);
  expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);

  /* What is no socket stays the caller's. */
  make_pipe (pipe_ends);
  g_assert_null (trio_socket_adopt (pipe_ends[0], &failure));
  g_assert_nonnull (failure);
  g_clear_error (&failure);
  g_assert_cmpint (close (pipe_ends[0]), ==, 0);
  g_assert_cmpint (close (pipe_ends[1]), ==, 0);
  return TRUE;
}

static void
test_a_socket_that_somebody_made_is_adopted (void)
{
  run (adopt_two, NULL);
}

static gboolean
is_as_it_was (int fd)
{
  return (fcntl (fd, F_GETFD) & FD_CLOEXEC) == 0 && (fcntl (fd, F_GETFL) & O_NONBLOCK) == 0;
}

/* Also where it turned out not to be what was wanted. */
static gboolean
detach_again (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSocketHandle) socket = NULL;
  GError *failure = NULL;
  int ends[2], pipe_ends[2], packets[2];
  char byte;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  socket = trio_socket_adopt (ends[0], error);
  if (socket == NULL)
    return FALSE;
  g_assert_false (is_as_it_was (ends[0]));
  write_byte (ends[1]);
  if (trio_socket_receive (socket, &byte, 1, error) != 1)
    return FALSE;
  g_assert_cmpint (trio_socket_detach (socket, error), ==, ends[0]);
  g_assert_true (is_as_it_was (ends[0]));
  /* The peer has heard nothing of it. */
  write_byte (ends[1]);
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 1);

  g_assert_cmpint (pipe (pipe_ends), ==, 0);
  g_assert_null (trio_socket_adopt (pipe_ends[0], &failure));
  g_clear_error (&failure);
  g_assert_true (is_as_it_was (pipe_ends[0]));
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, packets), ==, 0);
  g_assert_null (trio_socket_adopt (packets[0], &failure));
  g_clear_error (&failure);
  g_assert_true (is_as_it_was (packets[0]));
  for (guint i = 0; i < 2; i++)
    {
      close (ends[i]);
      close (pipe_ends[i]);
      close (packets[i]);
    }
  return TRUE;
}

static void
test_what_is_detached_is_as_it_was (void)
{
  run (detach_again, NULL);
}

/* Descriptors that are no sockets cannot be taken; the message that brought them says so. */
static gboolean
receive_a_pipe (gpointer data G_GNUC_UNUSED, GError **error)
{
  union
  {
    struct cmsghdr header;
    char           bytes[CMSG_SPACE (sizeof (int))];
  } control = { .bytes = { 0 } };
  struct iovec part = { (gpointer) "x", 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  g_autoptr (TrioSocketHandle) socket = NULL;
  TrioSocketHandle *received[TRIO_SOCKET_PASSED_MAX];
  GError *failure = NULL;
  int ends[2], pipe_ends[2];
  guint n = 0;
  char byte;

  make_pipe (pipe_ends);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  control.header = (struct cmsghdr) { .cmsg_len = CMSG_LEN (sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
  *(int *) CMSG_DATA (&control.header) = pipe_ends[0];
  g_assert_cmpint (sendmsg (ends[1], &message, 0), ==, 1);
  socket = trio_socket_adopt (ends[0], error);
  if (socket == NULL)
    return FALSE;
  g_assert_cmpint (trio_socket_receive_sockets (socket, &byte, 1, received, &n, &failure), ==, -1);
  expect_error (failure, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  close (ends[1]);
  close (pipe_ends[0]);
  close (pipe_ends[1]);
  return TRUE;
}

static void
test_descriptors_that_are_no_sockets_are_told_of (void)
{
  run (receive_a_pipe, NULL);
}

/* --- urgent data --- */

/* What a peer's urgent byte does to the stream, which the option decides. */
static gboolean
receive_urgently (gboolean in_line, const char *expected, GError **error)
{
  const TrioAddress loopback = { .family = TRIO_ADDRESS_IPV4, .bytes = { 127, 0, 0, 1 } };
  g_autoptr (TrioSocketHandle) listener = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  g_autoptr (TrioSocketHandle) client = trio_socket_open (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM, NULL, error);
  g_autoptr (TrioSocketHandle) server = NULL;
  g_autoptr (GString) received = g_string_new (NULL);
  TrioAddress address;
  char buffer[10];
  gssize n;

  if (listener == NULL || client == NULL || !trio_socket_bind (listener, &loopback, NULL, error)
      || !trio_socket_listen (listener, 1, NULL, error) || !trio_socket_get_address (listener, FALSE, &address)
      || !trio_socket_connect (client, &address, NULL, error))
    return FALSE;
  server = trio_socket_accept (listener, NULL, error);
  if (server == NULL || !trio_socket_set_option (server, TRIO_SOCKET_OUT_OF_BAND_INLINE, in_line, error)
      || !trio_socket_send_all (client, "xy", 2, error))
    return FALSE;
  g_assert_cmpint (send (trio_socket_get_descriptor (client, error), "!", 1, MSG_OOB), ==, 1);
  if (!trio_socket_send_all (client, "z", 1, error) || !trio_socket_shutdown (client, TRIO_SOCKET_SHUT_SEND, error))
    return FALSE;
  while ((n = trio_socket_receive (server, buffer, sizeof buffer, error)) > 0)
    g_string_append_len (received, buffer, n);
  g_assert_cmpstr (received->str, ==, expected);
  return n == 0;
}

static gboolean
receive_urgent_bytes (gpointer data G_GNUC_UNUSED, GError **error)
{
  return receive_urgently (FALSE, "xyz", error) && receive_urgently (TRUE, "xy!z", error);
}

static void
test_an_urgent_byte_is_lost_or_in_line (void)
{
  run (receive_urgent_bytes, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/descriptor/one-task-for-each-direction", test_one_task_for_each_direction);
  g_test_add_func ("/descriptor/who-is-told-of-closing-wakes-up", test_who_is_told_of_closing_wakes_up);
  g_test_add_func ("/descriptor/who-is-not-told-of-closing-can-be-cancelled", test_who_is_not_told_of_closing_can_be_cancelled);
  g_test_add_func ("/descriptor/what-is-no-descriptor-fails-at-once", test_what_is_no_descriptor_fails_at_once);
  g_test_add_func ("/descriptor/a-socket-that-somebody-made-is-adopted", test_a_socket_that_somebody_made_is_adopted);
  g_test_add_func ("/descriptor/what-is-detached-is-as-it-was", test_what_is_detached_is_as_it_was);
  g_test_add_func ("/descriptor/descriptors-that-are-no-sockets-are-told-of", test_descriptors_that_are_no_sockets_are_told_of);
  g_test_add_func ("/descriptor/an-urgent-byte-is-lost-or-in-line", test_an_urgent_byte_is_lost_or_in_line);
  return g_test_run ();
}
