/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Open files, pipes and sockets that go to, and come from, processes that know nothing of this library. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <trio/lowlevel/descriptor.h>
#include <trio/lowlevel/passing.h>

#include "tests/host/host-test.h"

#define FDS_MAX 20

static void
expect_error (GError *error, GQuark domain, int code)
{
  g_assert_error (error, domain, code);
  g_error_free (error);
}

/* --- the other process's way of doing it --- */

typedef union
{
  struct cmsghdr header;
  char           bytes[CMSG_SPACE (sizeof (int) * FDS_MAX)];
} Control;

static void
send_by_hand (int way, const int *fds, guint n_fds)
{
  Control control;
  struct iovec part = { (gpointer) "x", 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE (sizeof (int) * n_fds) };

  memset (&control, 0, sizeof control);
  control.header.cmsg_len = CMSG_LEN (sizeof (int) * n_fds);
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  memcpy (CMSG_DATA (&control.header), fds, sizeof (int) * n_fds);
  g_assert_cmpint (sendmsg (way, &message, 0), ==, 1);
}

static guint
receive_by_hand (int way, int fds[FDS_MAX])
{
  char byte;
  Control control;
  struct iovec part = { &byte, 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  gsize size;

  if (recvmsg (way, &message, 0) != 1 || CMSG_FIRSTHDR (&message) == NULL)
    return 0;
  size = control.header.cmsg_len - CMSG_LEN (0);
  memcpy (fds, CMSG_DATA (&control.header), size);
  return (guint) (size / sizeof (int));
}

/* A file without a name, and where it stands. */
static int
open_file (const char *text, off_t at)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("trio-XXXXXX", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
  g_assert_cmpint (lseek (fd, at, SEEK_SET), ==, at);
  return fd;
}

/* --- to a child --- */

typedef struct
{
  int    way;
  GPid   child;
} Child;

/* Gets a file and a pipe, and copies the rest of the file into the pipe. Only what is safe between fork and exit. */
static int
copy_what_comes (int way)
{
  int fds[FDS_MAX];
  char buffer[100];
  ssize_t n;

  if (receive_by_hand (way, fds) != 2)
    return 1;
  while ((n = read (fds[0], buffer, sizeof buffer)) > 0)
    if (write (fds[1], buffer, (size_t) n) != n)
      return 2;
  return n == 0 ? 0 : 3;
}

static gboolean
pass_to_child (gpointer data, GError **error)
{
  Child *child = data;
  g_autoptr (TrioSocketHandle) way = trio_socket_adopt (child->way, error);
  g_autoptr (TrioFile) file = NULL;
  g_autoptr (TrioStream) send = NULL;
  g_autoptr (TrioStream) receive = NULL;
  g_autofree char *path = NULL;
  TrioPassed passed[2] = { { .kind = TRIO_PASSED_FILE }, { .kind = TRIO_PASSED_STREAM } };
  char buffer[100];
  gssize n;
  gsize size = 0;

  if (way == NULL || !trio_open_pipe (&send, &receive, error))
    return FALSE;
  file = trio_file_open_temporary (NULL, &path, error);
  if (file == NULL || !trio_path_remove (path, error) || !trio_file_write (file, "not this, but this", 18, error)
      || trio_file_seek (file, 10, TRIO_FILE_FROM_START, error) < 0)
    return FALSE;
  passed[0].file = file;
  passed[1].stream = send;
  if (trio_socket_send_passed (way, "x", 1, passed, 2, error) != 1)
    return FALSE;
  /* The child has the only end that sends: the stream ends with the child. */
  while ((n = trio_stream_receive_some (receive, buffer + size, sizeof buffer - size, error)) > 0)
    size += (gsize) n;
  g_assert_cmpmem (buffer, size, "but this", 8);
  return n == 0;
}

static void
test_a_child_gets_a_file_and_a_pipe (void)
{
  Child it;
  int ends[2], status;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  it.child = fork ();
  g_assert_cmpint (it.child, >=, 0);
  if (it.child == 0)
    {
      close (ends[0]);
      _exit (copy_what_comes (ends[1]));
    }
  close (ends[1]);
  it.way = ends[0];
  run_ok (pass_to_child, &it);
  g_assert_cmpint (waitpid (it.child, &status, 0), ==, it.child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

/* --- from elsewhere --- */

typedef struct
{
  int way[2];                    /* the first is adopted */
  int pipe[2];
} Elsewhere;

static void
with_elsewhere (TrioFunc body)
{
  Elsewhere it;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, it.way), ==, 0);
  g_assert_cmpint (pipe2 (it.pipe, O_CLOEXEC), ==, 0);
  run_ok (body, &it);
  close (it.way[1]);
  close (it.pipe[0]);
  close (it.pipe[1]);
}

static gboolean
is_blocking (int fd)
{
  return (fcntl (fd, F_GETFL) & O_NONBLOCK) == 0;
}

static gboolean
receive_what_there_is (gpointer data, GError **error)
{
  Elsewhere *it = data;
  g_autoptr (TrioSocketHandle) way = trio_socket_adopt (it->way[0], error);
  TrioPassed received[TRIO_SOCKET_PASSED_MAX];
  int file = open_file ("not this, but this", 10);
  char buffer[100];
  guint n = 0;

  if (way == NULL)
    return FALSE;
  send_by_hand (it->way[1], (int[]) { it->pipe[0], file, it->way[1] }, 3);
  close (file);
  if (trio_socket_receive_passed (way, buffer, 1, received, &n, error) != 1)
    return FALSE;
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpint (received[0].kind, ==, TRIO_PASSED_STREAM);
  g_assert_cmpint (received[1].kind, ==, TRIO_PASSED_FILE);
  g_assert_cmpint (received[2].kind, ==, TRIO_PASSED_SOCKET);

  g_assert_cmpint (write (it->pipe[1], "hello", 5), ==, 5);
  g_assert_cmpint (trio_stream_receive_some (received[0].stream, buffer, sizeof buffer, error), ==, 5);
  g_assert_cmpint (trio_file_get_position (received[1].file), ==, 10);
  g_assert_cmpint (trio_file_read (received[1].file, buffer, sizeof buffer, error), ==, 8);
  g_assert_cmpmem (buffer, 8, "but this", 8);
  g_assert_cmpstr (trio_file_get_path (received[1].file), !=, "");
  /* As it was found: others have it, too. */
  g_assert_false (is_blocking (it->pipe[0]));
  for (guint i = 0; i < 3; i++)
    trio_passed_clear (&received[i]);
  g_assert_true (is_blocking (it->pipe[0]));
  g_assert_true (is_blocking (it->way[1]));
  return TRUE;
}

static void
test_what_another_process_sends_is_received_as_what_it_is (void)
{
  with_elsewhere (receive_what_there_is);
}

/* What cannot be received is told, and the next message comes whole. */
static gboolean
receive_what_cannot_be (gpointer data, GError **error)
{
  Elsewhere *it = data;
  g_autoptr (TrioSocketHandle) way = trio_socket_adopt (it->way[0], error);
  TrioPassed received[TRIO_SOCKET_PASSED_MAX];
  int directory = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int many[TRIO_SOCKET_PASSED_MAX + 1];
  GError *failure = NULL;
  guint n = 0;
  char byte;

  if (way == NULL)
    return FALSE;
  send_by_hand (it->way[1], (int[]) { it->pipe[0], directory }, 2);
  close (directory);
  g_assert_cmpint (trio_socket_receive_passed (way, &byte, 1, received, &n, &failure), ==, -1);
  expect_error (g_steal_pointer (&failure), G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);

  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    many[i] = it->pipe[0];
  send_by_hand (it->way[1], many, G_N_ELEMENTS (many));
  g_assert_cmpint (trio_socket_receive_passed (way, &byte, 1, received, &n, &failure), ==, -1);
  expect_error (g_steal_pointer (&failure), G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);

  send_by_hand (it->way[1], many, TRIO_SOCKET_PASSED_MAX);
  if (trio_socket_receive_passed (way, &byte, 1, received, &n, error) != 1)
    return FALSE;
  g_assert_cmpuint (n, ==, TRIO_SOCKET_PASSED_MAX);
  for (guint i = 0; i < n; i++)
    trio_passed_clear (&received[i]);
  return TRUE;
}

static void
test_what_cannot_be_received_is_told (void)
{
  with_elsewhere (receive_what_cannot_be);
}

/* The limit is such that one of two descriptors still fits. */
static gboolean
receive_without_descriptors (gpointer data, GError **error)
{
  Elsewhere *it = data;
  g_autoptr (TrioSocketHandle) way = trio_socket_adopt (it->way[0], error);
  TrioPassed received[TRIO_SOCKET_PASSED_MAX];
  struct rlimit before, less;
  GError *failure = NULL;
  guint n = 0;
  char byte;
  int free_one;

  if (way == NULL)
    return FALSE;
  free_one = fcntl (0, F_DUPFD_CLOEXEC, 0);
  close (free_one);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  less = before;
  less.rlim_cur = (rlim_t) free_one + 1;
  send_by_hand (it->way[1], it->pipe, 2);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &less), ==, 0);
  g_assert_cmpint (trio_socket_receive_passed (way, &byte, 1, received, &n, &failure), ==, -1);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  expect_error (failure, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  /* The one that fitted is closed. */
  g_assert_cmpint (fcntl (free_one, F_GETFD), ==, -1);

  send_by_hand (it->way[1], it->pipe, 1);
  if (trio_socket_receive_passed (way, &byte, 1, received, &n, error) != 1)
    return FALSE;
  g_assert_cmpuint (n, ==, 1);
  trio_passed_clear (&received[0]);
  return TRUE;
}

static void
test_who_has_no_descriptors_left_is_told (void)
{
  with_elsewhere (receive_without_descriptors);
}

/* --- an adopted one goes on --- */

/* It goes as it was found, before it goes: nobody changes it under the receiver's hands. */
static gboolean
pass_what_was_adopted (gpointer data, GError **error)
{
  Elsewhere *it = data;
  g_autoptr (TrioSocketHandle) way = trio_socket_adopt (it->way[0], error);
  g_autoptr (TrioStream) pipe = trio_fd_stream_new (dup (it->pipe[0]), error);
  TrioPassed passed = { .kind = TRIO_PASSED_STREAM, .stream = pipe };
  int fds[FDS_MAX];

  if (way == NULL || pipe == NULL)
    return FALSE;
  g_assert_false (is_blocking (it->pipe[0]));
  if (trio_socket_send_passed (way, "x", 1, &passed, 1, error) != 1)
    return FALSE;
  g_assert_cmpuint (receive_by_hand (it->way[1], fds), ==, 1);
  g_assert_true (is_blocking (fds[0]));
  close (fds[0]);
  return TRUE;
}

static void
test_what_was_adopted_goes_on_as_it_was_found (void)
{
  with_elsewhere (pass_what_was_adopted);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/passing/a-child-gets-a-file-and-a-pipe", test_a_child_gets_a_file_and_a_pipe);
  g_test_add_func ("/passing/what-another-process-sends-is-received-as-what-it-is", test_what_another_process_sends_is_received_as_what_it_is);
  g_test_add_func ("/passing/what-cannot-be-received-is-told", test_what_cannot_be_received_is_told);
  g_test_add_func ("/passing/who-has-no-descriptors-left-is-told", test_who_has_no_descriptors_left_is_told);
  g_test_add_func ("/passing/what-was-adopted-goes-on-as-it-was-found", test_what_was_adopted_goes_on_as_it_was_found);
  return g_test_run ();
}
