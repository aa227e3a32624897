/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A stream over one connected socket. All it knows is in the handle, which outlives an operation even if the stream does not. */

#include "net/tcp-stream.h"

#include <trio/checkpoint.h>

typedef struct
{
  TrioStream        stream;
  TrioSocketHandle *socket;
} TcpStream;

static gssize
tcp_receive_some (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  return trio_socket_receive (((TcpStream *) stream)->socket, buffer, size, error);
}

static gboolean
tcp_send_all (TrioStream *stream, gconstpointer data, gsize size, GError **error)
{
  return trio_socket_send_all (((TcpStream *) stream)->socket, data, size, error);
}

static gboolean
tcp_send_all_vectors (TrioStream *stream, const TrioOutputVector *vectors, guint n_vectors, GError **error)
{
  return trio_socket_send_all_vectors (((TcpStream *) stream)->socket, vectors, n_vectors, error);
}

static gboolean
tcp_send_file (TrioStream *stream, TrioFile *file, gint64 offset, gint64 size, gint64 *sent, GError **error)
{
  return trio_socket_send_file (((TcpStream *) stream)->socket, file, offset, size, sent, error);
}

static gboolean
tcp_send_eof (TrioStream *stream, GError **error)
{
  return trio_socket_send_eof (((TcpStream *) stream)->socket, error);
}

/* First close, then look for a cancellation: a cancelled task closes, too. */
static gboolean
tcp_close (TrioStream *stream, GError **error)
{
  trio_socket_close (((TcpStream *) stream)->socket);
  return trio_checkpoint (error);
}

static TrioSocketHandle *
tcp_get_socket (TrioStream *stream)
{
  return ((TcpStream *) stream)->socket;
}

static void
tcp_free (TrioStream *stream)
{
  TcpStream *self = (TcpStream *) stream;

  trio_socket_close (self->socket);
  trio_socket_handle_unref (self->socket);
  g_free (self);
}

static const TrioStreamClass tcp_stream_class = {
  .name = "TCP stream",
  .receive_some = tcp_receive_some,
  .send_all = tcp_send_all,
  .send_eof = tcp_send_eof,
  .send_all_vectors = tcp_send_all_vectors,
  .send_file = tcp_send_file,
  .close = tcp_close,
  .free = tcp_free,
  .get_socket = tcp_get_socket,
};

static const TrioStreamClass unix_stream_class = {
  .name = "unix stream",
  .receive_some = tcp_receive_some,
  .send_all = tcp_send_all,
  .send_eof = tcp_send_eof,
  .send_all_vectors = tcp_send_all_vectors,
  .send_file = tcp_send_file,
  .close = tcp_close,
  .free = tcp_free,
  .get_socket = tcp_get_socket,
};

TrioStream *
trio_unix_stream_new (TrioSocketHandle *socket)
{
  TcpStream *self = g_new0 (TcpStream, 1);

  self->stream.klass = &unix_stream_class;
  self->socket = socket;
  return &self->stream;
}

TrioStream *
trio_tcp_stream_new (TrioSocketHandle *socket)
{
  TcpStream *self = g_new0 (TcpStream, 1);

  self->stream.klass = &tcp_stream_class;
  self->socket = socket;
  trio_socket_set_option (socket, TRIO_SOCKET_NO_DELAY, TRUE, NULL);
  return &self->stream;
}

TrioStream *
trio_socket_stream_new (TrioSocketHandle *socket)
{
  TrioAddress address;

  g_return_val_if_fail (socket != NULL, NULL);

  if (trio_socket_get_address (socket, FALSE, &address) && address.family == TRIO_ADDRESS_UNIX)
    return trio_unix_stream_new (socket);
  return trio_tcp_stream_new (socket);
}
