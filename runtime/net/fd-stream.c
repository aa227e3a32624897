/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Streams over what is no connection: the ends of a pipe, a descriptor of the program. One class for each combination of ways. */

#include <trio/fd-stream.h>

#include <errno.h>
#include <gio/gio.h>

#include <trio/checkpoint.h>

#include "net/fd-stream.h"
#include "net/socket-errors.h"
#include "net/socket.h"

typedef struct
{
  TrioStream        stream;
  TrioSocketHandle *socket;
} FdStream;

static gssize
fd_receive_some (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  return trio_socket_receive (((FdStream *) stream)->socket, buffer, size, error);
}

static gboolean
fd_send_all (TrioStream *stream, gconstpointer data, gsize size, GError **error)
{
  return trio_socket_send_all (((FdStream *) stream)->socket, data, size, error);
}

static gboolean
fd_send_all_vectors (TrioStream *stream, const TrioOutputVector *vectors, guint n_vectors, GError **error)
{
  return trio_socket_send_all_vectors (((FdStream *) stream)->socket, vectors, n_vectors, error);
}

static gboolean
fd_send_file (TrioStream *stream, TrioFile *file, gint64 offset, gint64 size, gint64 *sent, GError **error)
{
  return trio_socket_send_file (((FdStream *) stream)->socket, file, offset, size, sent, error);
}

static gboolean
fd_send_eof (TrioStream *stream, GError **error)
{
  return trio_socket_send_eof (((FdStream *) stream)->socket, error);
}

/* First close, then look for a cancellation: a cancelled task closes, too. */
static gboolean
fd_close (TrioStream *stream, GError **error)
{
  trio_socket_close (((FdStream *) stream)->socket);
  return trio_checkpoint (error);
}

static TrioSocketHandle *
fd_get_socket (TrioStream *stream)
{
  return ((FdStream *) stream)->socket;
}

static void
fd_free (TrioStream *stream)
{
  FdStream *self = (FdStream *) stream;

  trio_socket_close (self->socket);
  trio_socket_handle_unref (self->socket);
  g_free (self);
}

#define SENDS    .send_all = fd_send_all, .send_all_vectors = fd_send_all_vectors, .send_file = fd_send_file
#define RECEIVES .receive_some = fd_receive_some
#define ENDS     .send_eof = fd_send_eof
#define CLOSES   .close = fd_close, .free = fd_free, .get_socket = fd_get_socket

static const TrioStreamClass send_class = { .name = "stream, which only sends,", SENDS, CLOSES };
static const TrioStreamClass receive_class = { .name = "stream, which only receives,", RECEIVES, CLOSES };
static const TrioStreamClass both_ways_class = { .name = "descriptor stream", SENDS, RECEIVES, CLOSES };
static const TrioStreamClass socket_class = { .name = "descriptor stream", SENDS, RECEIVES, ENDS, CLOSES };

TrioStream *
trio_fd_stream_new_over (TrioIo *io, TrioSocket *socket, TrioDescriptorFlags can)
{
  FdStream *self = g_new0 (FdStream, 1);
  gboolean sends = (can & TRIO_DESCRIPTOR_SENDS) != 0;
  gboolean receives = (can & TRIO_DESCRIPTOR_RECEIVES) != 0;

  if (sends && receives)
    self->stream.klass = (can & TRIO_DESCRIPTOR_SHUTS_DOWN) != 0 ? &socket_class : &both_ways_class;
  else
    self->stream.klass = sends ? &send_class : &receive_class;
  self->socket = trio_socket_handle_new (io, socket);
  return &self->stream;
}

gboolean
trio_open_pipe (TrioStream **send, TrioStream **receive, GError **error)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *ends[2];
  int result = io->pipe != NULL ? io->pipe (io, ends) : -ENOSYS;

  if (result < 0)
    {
      trio_socket_set_system_error (error, -result, "make a pipe", NULL);
      return FALSE;
    }
  *send = trio_fd_stream_new_over (io, ends[TRIO_IO_WRITE], TRIO_DESCRIPTOR_SENDS);
  *receive = trio_fd_stream_new_over (io, ends[TRIO_IO_READ], TRIO_DESCRIPTOR_RECEIVES);
  return TRUE;
}

TrioStream *
trio_fd_stream_new (int fd, GError **error)
{
  TrioIo *io = trio_current_io ();
  TrioDescriptorFlags can = 0;
  TrioSocket *socket = NULL;
  int result;

  result = io->adopt (io, fd, &socket, &can);
  if (result >= 0)
    return trio_fd_stream_new_over (io, socket, can);

  if (result == -EOPNOTSUPP)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "there is no descriptor %d in this world, whose io is \"%s\": use "
                 "trio_open_pipe(), or a memory stream", fd, io->name);
  else if (result == -EBADF)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "no descriptor has the number %d", fd);
  else if (result == -EPERM)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "descriptor %d is a file or a disk, for which one cannot wait", fd);
  else
    trio_socket_set_system_error (error, -result, "use this descriptor as a stream", NULL);
  return NULL;
}
