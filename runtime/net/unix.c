/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Unix sockets by path: connecting, and listening with all that a file needs which is a socket. */

#include <trio/unix.h>

#include <errno.h>
#include <gio/gio.h>

#include <trio/checkpoint.h>
#include <trio/error.h>

#include "net/listener.h"
#include "net/socket-errors.h"
#include "net/tcp-stream.h"

TrioStream *
trio_open_unix_stream (const char *path, GError **error)
{
  g_autoptr (TrioSocketHandle) socket = NULL;
  TrioAddress address;
  int errnum;

  g_return_val_if_fail (path != NULL, NULL);

  if (!trio_address_unix (path, &address, error))
    return NULL;
  socket = trio_socket_open (TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM, &errnum, error);
  if (socket == NULL || !trio_socket_connect (socket, &address, &errnum, error))
    return NULL;
  return trio_unix_stream_new (g_steal_pointer (&socket));
}

gboolean
trio_unix_stream_pair (TrioStream **one, TrioStream **other, GError **error)
{
  TrioSocketHandle *ends[2];

  g_return_val_if_fail (one != NULL && other != NULL, FALSE);

  if (!trio_socket_pair (TRIO_SOCKET_STREAM, ends, error))
    return FALSE;
  *one = trio_unix_stream_new (ends[0]);
  *other = trio_unix_stream_new (ends[1]);
  return TRUE;
}

/* --- listening --- */

/* Whether somebody listens there: the one way to know is to connect. */
static gboolean
is_served (const TrioAddress *address)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *probe;
  int result;

  if (io->socket (io, TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM, &probe) < 0)
    return TRUE;
  result = io->connect (io, probe, address);
  io->close (io, probe);
  /* A socket of another kind is in use, too, and so is a server whose line is full. */
  return result != -ECONNREFUSED && result != -ENOENT;
}

static void
set_taken_error (const TrioAddress *address, const char *why, GError **error)
{
  g_autofree char *text = trio_address_to_string (address);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, "could not listen at %s: %s", text, why);
}

/* Removes what a crashed server has left there. */
static gboolean
clear_stale_name (const TrioAddress *address, GError **error)
{
  TrioIo *io = trio_current_io ();
  int result;

  if (address->path[0] == '\0' || is_served (address))
    {
      set_taken_error (address, "another server listens there", error);
      return FALSE;
    }
  result = io->remove_name (io, address);
  if (result == -ENOTSOCK)
    set_taken_error (address, "there is a file that is no socket: move it away, or choose another path", error);
  else if (result < 0 && result != -ENOENT)
    trio_socket_set_system_error (error, -result, "remove the left-over socket", address);
  return result >= 0 || result == -ENOENT;
}

static gboolean
bind_path (TrioSocketHandle *socket, const TrioAddress *address, GError **error)
{
  GError *failure = NULL;
  int errnum;

  if (trio_socket_bind (socket, address, &errnum, &failure))
    return TRUE;
  if (errnum != EADDRINUSE)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  g_clear_error (&failure);
  return clear_stale_name (address, error) && trio_socket_bind (socket, address, &errnum, error);
}

/* The mode is set before anybody can connect. */
static gboolean
listen_at_path (TrioSocketHandle *socket, const TrioAddress *address, const TrioListenerOptions *options, GError **error)
{
  TrioIo *io = trio_current_io ();
  int result = 0;

  if (options->mode != 0)
    result = io->set_name_mode (io, address, options->mode);
  if (result < 0)
    {
      trio_socket_set_system_error (error, -result, "set the permissions of", address);
      return FALSE;
    }
  return trio_socket_listen (socket, trio_listener_backlog (options), NULL, error);
}

TrioListener *
trio_open_unix_listener (const char *path, const TrioListenerOptions *options, GError **error)
{
  static const TrioListenerOptions usual = { 0 };
  g_autoptr (TrioSocketHandle) socket = NULL;
  TrioIo *io = trio_current_io ();
  TrioListener *listener;
  TrioAddress address;
  guint64 id[2];
  int errnum;

  g_return_val_if_fail (path != NULL, NULL);

  if (!trio_checkpoint (error) || !trio_address_unix (path, &address, error))
    return NULL;
  socket = trio_socket_open (TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM, &errnum, error);
  if (socket == NULL || !bind_path (socket, &address, error))
    return NULL;
  if (!listen_at_path (socket, &address, options != NULL ? options : &usual, error))
    {
      io->remove_name (io, &address);
      return NULL;
    }

  listener = trio_listener_new_one (g_steal_pointer (&socket));
  if (io->get_name (io, &address, id) >= 0)
    trio_listener_remove_at_close (listener, &address, id);
  return listener;
}

gboolean
trio_serve_unix_full (TrioStreamHandler handler, gpointer data, const char *path, const char *handler_name, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_unix_listener (path, NULL, error);

  return listener != NULL && trio_serve_listener_full (listener, handler, data, handler_name, error);
}
