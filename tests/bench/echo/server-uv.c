/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A peer if it is installed: libuv (Debian: libuv1-dev), the way its guide does it. Port on the first line of its output. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

typedef struct
{
  uv_write_t request;
  uv_buf_t   buffer;
} Write;

static void
give_buffer (uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
  (void) handle;
  (void) size;
  *buffer = uv_buf_init (malloc (4096), 4096);
}

static void
free_connection (uv_handle_t *handle)
{
  free (handle);
}

static void
written (uv_write_t *request, int status)
{
  Write *write = (Write *) request;

  if (status < 0 && !uv_is_closing ((uv_handle_t *) request->handle))
    uv_close ((uv_handle_t *) request->handle, free_connection);
  free (write->buffer.base);
  free (write);
}

static void
echo (uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
  if (n > 0)
    {
      Write *write = malloc (sizeof *write);

      write->buffer = uv_buf_init (buffer->base, (unsigned) n);
      uv_write (&write->request, stream, &write->buffer, 1, written);
      return;
    }
  free (buffer->base);
  if (n < 0)
    uv_close ((uv_handle_t *) stream, free_connection);
}

static void
connected (uv_stream_t *server, int status)
{
  uv_tcp_t *client = malloc (sizeof *client);

  if (status < 0 || uv_tcp_init (server->loop, client) < 0 || uv_accept (server, (uv_stream_t *) client) < 0)
    abort ();
  uv_tcp_nodelay (client, 1);
  uv_read_start ((uv_stream_t *) client, give_buffer, echo);
}

int
main (void)
{
  uv_loop_t *loop = uv_default_loop ();
  uv_tcp_t server;
  struct sockaddr_in address;
  int length = sizeof address;

  uv_ip4_addr ("127.0.0.1", 0, &address);
  if (uv_tcp_init (loop, &server) < 0 || uv_tcp_bind (&server, (struct sockaddr *) &address, 0) < 0
      || uv_listen ((uv_stream_t *) &server, SOMAXCONN, connected) < 0
      || uv_tcp_getsockname (&server, (struct sockaddr *) &address, &length) < 0)
    abort ();
  printf ("%u\n", ntohs (address.sin_port));
  fflush (stdout);
  return uv_run (loop, UV_RUN_DEFAULT);
}
