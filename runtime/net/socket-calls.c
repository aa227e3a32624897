/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The calls of <trio/lowlevel/socket.h> that do not suspend: making, adopting, options, half-closing. */

#include <errno.h>

#include <gio/gio.h>

#include <trio/error.h>
#include <trio/lowlevel/descriptor.h>

#include "net/socket-errors.h"
#include "net/socket-wait.h"
#include "net/socket.h"

void
trio_socket_set_no_descriptors_error (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "a simulated run has no descriptors of the system: use the sockets and streams of <trio/…> there");
}

TrioSocketHandle *
trio_socket_open (TrioAddressFamily family, TrioSocketKind kind, int *errnum, GError **error)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *socket = NULL;
  int result = io->socket (io, family, kind, &socket);

  if (errnum != NULL)
    *errnum = MAX (-result, 0);
  if (result < 0)
    {
      trio_socket_set_system_error (error, -result, "make a socket", NULL);
      return NULL;
    }
  return trio_socket_handle_new (io, socket);
}

gboolean
trio_socket_pair (TrioSocketKind kind, TrioSocketHandle *ends[2], GError **error)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *sockets[2];
  int result = io->pair (io, kind, sockets);

  if (result < 0)
    {
      trio_socket_set_system_error (error, -result, "make a pair of sockets", NULL);
      return FALSE;
    }
  for (guint i = 0; i < 2; i++)
    ends[i] = trio_socket_handle_new (io, sockets[i]);
  return TRUE;
}

/* What is no socket goes back to its owner. */
static int
adopt_socket (TrioIo *io, int descriptor, TrioSocket **socket)
{
  TrioDescriptorFlags can;
  int result = io->adopt (io, descriptor, socket, &can);

  if (result == -EPERM)
    return -ENOTSOCK;
  if (result < 0 || (can & TRIO_DESCRIPTOR_IS_SOCKET) != 0)
    return result;
  io->detach (io, *socket);
  return (can & TRIO_DESCRIPTOR_SHUTS_DOWN) != 0 ? -EPROTONOSUPPORT : -ENOTSOCK;
}

TrioSocketHandle *
trio_socket_adopt (int descriptor, GError **error)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *socket = NULL;
  int result = adopt_socket (io, descriptor, &socket);

  if (result == -EOPNOTSUPP)
    trio_socket_set_no_descriptors_error (error);
  else if (result < 0)
    g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (-result), "could not take descriptor %d for a socket: %s", descriptor,
                 g_strerror (-result));
  return result >= 0 ? trio_socket_handle_new (io, socket) : NULL;
}

static gboolean
check_open (TrioSocketHandle *self, GError **error)
{
  if (self->socket == NULL)
    trio_socket_set_closed_error (error);
  return self->socket != NULL;
}

int
trio_socket_get_descriptor (TrioSocketHandle *self, GError **error)
{
  int result;

  g_return_val_if_fail (self != NULL, -1);

  if (!check_open (self, error))
    return -1;
  result = self->io->get_descriptor (self->io, self->socket);
  if (result < 0)
    trio_socket_set_no_descriptors_error (error);
  return result < 0 ? -1 : result;
}

int
trio_socket_detach (TrioSocketHandle *self, GError **error)
{
  int result;

  g_return_val_if_fail (self != NULL, -1);

  if (!check_open (self, error))
    return -1;
  if (self->socket->busy[TRIO_IO_READ] || self->socket->busy[TRIO_IO_WRITE])
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "a task is using this socket: it cannot be given away now");
      return -1;
    }
  result = self->io->detach (self->io, self->socket);
  if (result < 0)
    {
      trio_socket_set_no_descriptors_error (error);
      return -1;
    }
  self->socket = NULL;
  return result;
}

TrioSocketKind
trio_socket_get_kind (TrioSocketHandle *self, TrioAddressFamily *family)
{
  TrioAddressFamily found = TRIO_ADDRESS_IPV4;
  TrioSocketKind kind = TRIO_SOCKET_STREAM;

  g_return_val_if_fail (self != NULL && self->socket != NULL, TRIO_SOCKET_STREAM);

  self->io->get_kind (self->io, self->socket, &found, &kind);
  if (family != NULL)
    *family = found;
  return kind;
}

gboolean
trio_socket_is_readable (TrioSocketHandle *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->socket != NULL && self->io->is_ready (self->io, self->socket, TRIO_IO_READ);
}

gboolean
trio_socket_has_shut_send (TrioSocketHandle *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->has_shut_send;
}

gboolean
trio_socket_is_open (TrioSocketHandle *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->socket != NULL;
}

/* The end of each of these calls. */
static gboolean
conclude (int result, const char *what, const TrioAddress *address, int *errnum, GError **error)
{
  if (errnum != NULL)
    *errnum = MAX (-result, 0);
  if (result < 0)
    trio_socket_set_system_error (error, -result, what, address);
  return result >= 0;
}

gboolean
trio_socket_bind (TrioSocketHandle *self, const TrioAddress *address, int *errnum, GError **error)
{
  g_return_val_if_fail (self != NULL && address != NULL, FALSE);

  if (errnum != NULL)
    *errnum = 0;
  return check_open (self, error) && conclude (self->io->bind (self->io, self->socket, address), "bind to", address, errnum, error);
}

gboolean
trio_socket_listen (TrioSocketHandle *self, int backlog, int *errnum, GError **error)
{
  TrioAddress address;
  gboolean named;

  g_return_val_if_fail (self != NULL, FALSE);

  if (errnum != NULL)
    *errnum = 0;
  if (!check_open (self, error))
    return FALSE;
  named = trio_socket_get_address (self, FALSE, &address);
  return conclude (self->io->listen (self->io, self->socket, backlog), "listen at", named ? &address : NULL, errnum, error);
}

gboolean
trio_socket_listen_at (TrioSocketHandle *self, const TrioAddress *address, int backlog, int *errnum, GError **error)
{
  int result = self->io->bind (self->io, self->socket, address);

  if (result >= 0)
    result = self->io->listen (self->io, self->socket, backlog);
  return conclude (result, "listen at", address, errnum, error);
}

/* The system would wait in close(), where no task can. */
static gboolean
check_linger (int seconds, GError **error)
{
  if (seconds > 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "cannot let a socket linger for %d s: closing it would stop all tasks for so long; shut it down and receive until the end, "
                 "or set 0 for a reset, -1 for neither",
                 seconds);
  else if (seconds < -1)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "a socket cannot linger for %d s: give 0 for a reset, or -1", seconds);
  return seconds == 0 || seconds == -1;
}

gboolean
trio_socket_set_option (TrioSocketHandle *self, TrioSocketOption option, int value, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return check_open (self, error) && (option != TRIO_SOCKET_LINGER || check_linger (value, error))
         && conclude (self->io->set_option (self->io, self->socket, option, value), "set an option of a socket", NULL, NULL, error);
}

gboolean
trio_socket_get_option (TrioSocketHandle *self, TrioSocketOption option, int *value, GError **error)
{
  int found = 0;

  g_return_val_if_fail (self != NULL && value != NULL, FALSE);

  if (!check_open (self, error)
      || !conclude (self->io->get_option (self->io, self->socket, option, &found), "ask an option of a socket", NULL, NULL, error))
    return FALSE;
  *value = found;
  return TRUE;
}

gboolean
trio_socket_get_address (TrioSocketHandle *self, gboolean remote, TrioAddress *address)
{
  g_return_val_if_fail (self != NULL && address != NULL, FALSE);

  return self->socket != NULL && self->io->get_address (self->io, self->socket, remote, address) >= 0;
}

gboolean
trio_socket_shutdown (TrioSocketHandle *self, TrioSocketShut how, GError **error)
{
  gboolean sending = how != TRIO_SOCKET_SHUT_RECEIVE;
  gboolean ok;

  g_return_val_if_fail (self != NULL, FALSE);

  ok = check_open (self, error)
       && conclude (self->io->shutdown (self->io, self->socket, sending, how != TRIO_SOCKET_SHUT_SEND), "shut down a socket", NULL, NULL,
                    error);
  if (ok && sending)
    self->has_shut_send = TRUE;
  if (ok && sending && self->send_state == TRIO_SEND_OPEN)
    self->send_state = TRIO_SEND_EOF;
  return ok;
}
