/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a kernel may answer to sendfile(2), of which the real one answers the best: this program has a sendfile() of its own, which the
 * library finds first, and which says what it is told to say. */

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <trio/testing.h>

#include "tests/host/host-test.h"

#define SIZE 300000

/* Of worker threads, one at a time. */
static int    answer;             /* errno of the next calls; 0: what the kernel says */
static guint  n_before;           /* so many calls are the kernel's before that */
static guint  n_calls;
static gsize  at_most;            /* 0: no limit */
static int    gate = -1;          /* where a byte must come before the call goes on; -1: nowhere */
static gboolean goes_on_not_to_block;   /* then: whether the socket does not block */
static guint  signals_at;         /* 0: never; n: with the n-th call comes a SIGPIPE, for the thread that calls */

ssize_t
sendfile (int out, int in, off_t *offset, size_t count)
{
  if (n_calls++ >= n_before && answer != 0)
    {
      errno = answer;
      return -1;
    }
  if (gate >= 0)
    {
      char byte;

      g_assert_cmpint (read (gate, &byte, 1), ==, 1);
      goes_on_not_to_block = (fcntl (out, F_GETFL) & O_NONBLOCK) != 0;
    }
  if (n_calls == signals_at)
    pthread_kill (pthread_self (), SIGPIPE);
  return syscall (SYS_sendfile, out, in, offset, at_most > 0 ? MIN (count, at_most) : count);
}

static void
tell_sendfile (int errnum, guint before, gsize most)
{
  answer = errnum;
  n_before = before;
  n_calls = 0;
  at_most = most;
  signals_at = 0;
}

static guint8
byte_at (gsize i)
{
  return (guint8) (i ^ (i >> 8) ^ (i >> 16));
}

static TrioFile *
make_file (GError **error)
{
  g_autofree char *path = NULL;
  g_autofree guint8 *bytes = g_malloc (SIZE);
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);

  for (gsize i = 0; i < SIZE; i++)
    bytes[i] = byte_at (i);
  if (file == NULL || !trio_path_remove (path, error) || !trio_file_write (file, bytes, SIZE, error))
    return NULL;
  return g_steal_pointer (&file);
}

static gboolean
make_tcp (TrioStream **send, TrioStream **receive, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 0, error);

  if (listener == NULL)
    return FALSE;
  *send = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error);
  *receive = *send != NULL ? trio_listener_accept (listener, error) : NULL;
  return *receive != NULL;
}

static gboolean
take_all (gpointer data, GError **error)
{
  gsize n_received = 0;
  guint8 buffer[8192];
  gssize n;

  while ((n = trio_stream_receive_some (data, buffer, sizeof buffer, error)) > 0)
    for (gssize i = 0; i < n; i++, n_received++)
      g_assert_cmpuint (buffer[i], ==, byte_at (n_received));
  g_assert_cmpuint (n_received, ==, SIZE);
  return n == 0;
}

static gboolean
send_and_take (GError **error)
{
  g_autoptr (TrioFile) file = make_file (error);
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  gint64 sent;

  if (file == NULL || !make_tcp (&send, &receive, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, take_all, receive);
  if (!trio_stream_send_file (send, file, 0, -1, &sent, error))
    return FALSE;
  g_assert_cmpint (sent, ==, SIZE);
  return trio_stream_close (send, error) && trio_file_close (file, error) && trio_nursery_close (nursery, TRUE);
}

static gboolean
the_kernel_does_it (gpointer unused G_GNUC_UNUSED, GError **error)
{
  tell_sendfile (0, 0, 0);
  if (!send_and_take (error))
    return FALSE;
  /* All of it, and that there is no more. */
  g_assert_cmpuint (n_calls, >=, 2);
  return TRUE;
}

static gboolean
it_may_come_in_pieces (gpointer unused G_GNUC_UNUSED, GError **error)
{
  tell_sendfile (0, 0, 7777);
  return send_and_take (error);
}

/* At once, or after some bytes went: whoever reads does not see where the other way begins. */
static gboolean
what_the_kernel_cannot_do_is_copied (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const int refusals[] = { EINVAL, ENOSYS, EOPNOTSUPP, EPERM, EIO, ENOMEM };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    for (guint before = 0; before < 3; before++)
      {
        tell_sendfile (refusals[i], before, 50000);
        if (!send_and_take (error))
          return FALSE;
        g_assert_cmpuint (n_calls, ==, before + 1);
      }
  return TRUE;
}

static gboolean
a_broken_connection_is_not_copied_to (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file (error);
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  g_autoptr (GError) failure = NULL;
  gint64 sent;

  if (file == NULL || !make_tcp (&send, &receive, error))
    return FALSE;
  tell_sendfile (ECONNRESET, 1, 1000);
  g_assert_false (trio_stream_send_file (send, file, 0, -1, &sent, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_nonnull (strstr (failure->message, "127.0.0.1"));
  g_assert_cmpint (sent, ==, 1000);
  g_clear_error (&failure);
  /* A connection that is broken stays so. */
  tell_sendfile (0, 0, 0);
  g_assert_false (trio_stream_send_all (send, "x", 1, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

/* A connection that breaks while the kernel is at it: some bytes have gone, so it tells their count, and a signal; the next call says EPIPE. */
static gboolean
a_break_half_way_is_no_signal (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file (error);
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  g_autoptr (GError) failure = NULL;
  gint64 sent;

  if (file == NULL || !make_tcp (&send, &receive, error))
    return FALSE;
  tell_sendfile (EPIPE, 1, 1000);
  signals_at = 1;
  g_assert_false (trio_stream_send_file (send, file, 0, -1, &sent, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_cmpint (sent, ==, 1000);
  return TRUE;
}

typedef struct
{
  TrioStream *stream;
  TrioFile   *file;
} Outgoing;

static gboolean
send_until_closed (gpointer data, GError **error G_GNUC_UNUSED)
{
  const Outgoing *self = data;
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_stream_send_file (self->stream, self->file, 0, -1, NULL, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

/* A socket of the program's, which blocked: it does again when nobody here uses it any more, and not under the thread, which would wait for
 * ever for a peer that does not read. */
static gboolean
a_socket_closed_meanwhile_does_not_block_yet (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file (error);
  g_autoptr (TrioStream) stream = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  int fds[2], way[2], shared;
  Outgoing outgoing;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_assert_cmpint (pipe2 (way, O_CLOEXEC), ==, 0);
  shared = dup (fds[0]);
  stream = trio_fd_stream_new (fds[0], error);
  if (file == NULL || stream == NULL)
    return FALSE;
  outgoing = (Outgoing) { stream, file };
  tell_sendfile (0, 0, 1000);
  gate = way[0];
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_until_closed, &outgoing);
  if (!trio_testing_wait_all_tasks_blocked (0, error) || !trio_stream_close (stream, error))
    return FALSE;
  g_assert_cmpint (write (way[1], "x", 1), ==, 1);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  gate = -1;
  g_assert_true (goes_on_not_to_block);
  g_assert_cmpint (fcntl (shared, F_GETFL) & O_NONBLOCK, ==, 0);
  close (shared);
  close (fds[1]);
  close (way[0]);
  close (way[1]);
  return TRUE;
}

/* Files of /proc have no pages to send. Their size is said to be 0. */
static gboolean
a_file_of_another_kind_arrives_as_well (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open ("/proc/self/cmdline", TRIO_FILE_READ, error);
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  g_autofree char *expected = NULL;
  char buffer[4096];
  gsize size, n = 0;
  gint64 sent;

  if (file == NULL || !make_tcp (&send, &receive, error))
    return FALSE;
  tell_sendfile (0, 0, 0);
  g_assert_true (g_file_get_contents ("/proc/self/cmdline", &expected, &size, NULL));
  g_assert_cmpuint (size, <=, sizeof buffer);
  if (!trio_stream_send_file (send, file, 0, -1, &sent, error) || !trio_stream_send_eof (send, error))
    return FALSE;
  g_assert_cmpint (sent, ==, size);
  for (gssize got = 1; got > 0; n += (gsize) got)
    if ((got = trio_stream_receive_some (receive, buffer + n, sizeof buffer - n, error)) < 0)
      return FALSE;
  g_assert_cmpmem (buffer, n, expected, size);
  return trio_file_close (file, error);
}

static void
run_in_trio (gconstpointer body)
{
  run_ok (*(const TrioFunc *) body, NULL);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    TrioFunc    body;
  } tests[] = {
    { "/send-file/the-kernel-does-it", the_kernel_does_it },
    { "/send-file/it-may-come-in-pieces", it_may_come_in_pieces },
    { "/send-file/what-the-kernel-cannot-do-is-copied", what_the_kernel_cannot_do_is_copied },
    { "/send-file/a-broken-connection-is-not-copied-to", a_broken_connection_is_not_copied_to },
    { "/send-file/a-break-half-way-is-no-signal", a_break_half_way_is_no_signal },
    { "/send-file/a-socket-closed-meanwhile-does-not-block-yet", a_socket_closed_meanwhile_does_not_block_yet },
    { "/send-file/a-file-of-another-kind-arrives-as-well", a_file_of_another_kind_arrives_as_well },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, &tests[i].body, run_in_trio);
  return g_test_run ();
}
