/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What sending a file over TCP costs: by trio_stream_send_file(), by hand with sendfile(2), and read and sent piece by piece.
 *
 *     measure-send-file [DIRECTORY]
 *
 * 64 MiB that the page cache holds, to a thread that reads them all by blocking calls, the same for each. "NAME VALUE" a line: wall and CPU
 * time, the reader's included, in microseconds a MiB. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <trio/trio.h>

#define MIB    (1024 * 1024)
#define SIZE   (64 * MIB)
#define ROUNDS 5
#define PIECE  65536

static double
now_us (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

/* --- the reader --- */

typedef struct
{
  int      listener;
  guint16  port;
  GThread *thread;
} Reader;

static gpointer
read_all (gpointer data)
{
  Reader *self = data;
  g_autofree char *buffer = g_malloc (4 * PIECE);
  int fd = accept (self->listener, NULL, NULL);
  gssize n, total = 0;

  while ((n = recv (fd, buffer, 4 * PIECE, 0)) > 0)
    total += n;
  g_assert_cmpint (total, ==, SIZE);
  close (fd);
  return NULL;
}

static void
reader_start (Reader *self)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;

  self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (self->listener, 1), ==, 0);
  g_assert_cmpint (getsockname (self->listener, (struct sockaddr *) &address, &length), ==, 0);
  self->port = ntohs (address.sin_port);
  self->thread = g_thread_new ("reader", read_all, self);
}

static void
reader_finish (Reader *self)
{
  g_thread_join (self->thread);
  close (self->listener);
}

/* --- the ways --- */

static gboolean
by_us (TrioFile *file, const char *path G_GNUC_UNUSED, guint16 port, GError **error)
{
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("127.0.0.1", port, error);
  gint64 sent;

  return stream != NULL && trio_stream_send_file (stream, file, 0, SIZE, &sent, error);
}

static gboolean
by_copy (TrioFile *file, const char *path G_GNUC_UNUSED, guint16 port, GError **error)
{
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("127.0.0.1", port, error);
  g_autofree char *buffer = g_malloc (PIECE);

  if (stream == NULL)
    return FALSE;
  for (gint64 at = 0; at < SIZE; at += PIECE)
    if (trio_file_read_at (file, at, buffer, PIECE, error) != PIECE || !trio_stream_send_all (stream, buffer, PIECE, error))
      return FALSE;
  return TRUE;
}

static gboolean
by_hand (TrioFile *file G_GNUC_UNUSED, const char *path, guint16 port, GError **error G_GNUC_UNUSED)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int out = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  FILE *in = fopen (path, "rbe");
  off_t offset = 0;

  g_assert_true (in != NULL && connect (out, (struct sockaddr *) &address, sizeof address) == 0);
  while (offset < SIZE)
    g_assert_cmpint (sendfile (out, fileno (in), &offset, (gsize) (SIZE - offset)), >, 0);
  fclose (in);
  close (out);
  return TRUE;
}

typedef gboolean (*Way) (TrioFile *file, const char *path, guint16 port, GError **error);

static gboolean
measure_way (const char *name, Way way, TrioFile *file, const char *path, GError **error)
{
  double wall = now_us (CLOCK_MONOTONIC), cpu = now_us (CLOCK_PROCESS_CPUTIME_ID);

  for (guint i = 0; i < ROUNDS; i++)
    {
      Reader reader;

      reader_start (&reader);
      if (!way (file, path, reader.port, error))
        return FALSE;
      reader_finish (&reader);
    }
  printf ("%s_wall_us %.2f\n%s_cpu_us %.2f\n", name, (now_us (CLOCK_MONOTONIC) - wall) / ROUNDS / (SIZE / MIB), name,
          (now_us (CLOCK_PROCESS_CPUTIME_ID) - cpu) / ROUNDS / (SIZE / MIB));
  return TRUE;
}

static gboolean
measure (gpointer directory, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *piece = g_strnfill (MIB, 'x');
  g_autoptr (TrioFile) file = trio_file_open_temporary (directory, &path, error);

  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < SIZE / MIB; i++)
    if (!trio_file_write (file, piece, MIB, error))
      return FALSE;
  return measure_way ("send_file", by_us, file, path, error) && measure_way ("send_file_by_hand", by_hand, file, path, error)
         && measure_way ("send_file_by_copy", by_copy, file, path, error) && trio_file_close (file, error)
         && trio_path_remove (path, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (!trio_run (measure, argc > 1 ? argv[1] : NULL, &error))
    g_error ("%s", error->message);
  return 0;
}
