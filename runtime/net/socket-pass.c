/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Sockets that travel through unix sockets.
 *
 *     sender                      under way                     receiver
 *     handle -> world's socket    world's socket, in a letter   new handle -> world's socket
 *
 * Always true: a socket is in one of the three places. While it is attempted to be sent its handle is busy in both directions, so that
 * nobody begins to use what is about to go. */

#include <errno.h>

#include <gio/gio.h>

#include <trio/checkpoint.h>
#include <trio/error.h>

#include "net/socket-errors.h"
#include "net/socket-wait.h"
#include "net/socket.h"

static const TrioWaitClass send_wait = TRIO_SOCKET_WAIT_CLASS ("trio_socket_send_sockets");

static void
let_go (TrioSocketHandle *const *sockets, guint n_sockets)
{
  for (guint i = 0; i < n_sockets; i++)
    {
      trio_socket_end (sockets[i], TRIO_IO_READ);
      trio_socket_end (sockets[i], TRIO_IO_WRITE);
    }
}

static gboolean
hold (TrioSocketHandle *const *sockets, guint n_sockets, GError **error)
{
  for (guint i = 0; i < n_sockets; i++)
    {
      gboolean reads = trio_socket_begin (sockets[i], TRIO_IO_READ, "receiving", error);

      if (reads && trio_socket_begin (sockets[i], TRIO_IO_WRITE, "sending", error))
        continue;
      if (reads)
        trio_socket_end (sockets[i], TRIO_IO_READ);
      let_go (sockets, i);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_sockets (TrioSocketHandle *self, gsize size, TrioSocketHandle *const *sockets, guint n_sockets, GError **error)
{
  const char *mistake = NULL;

  if (n_sockets > TRIO_SOCKET_PASSED_MAX)
    mistake = "these are more sockets than can go with one message";
  else if (size == 0)
    mistake = "sockets go with the first byte: send at least one";
  for (guint i = 0; i < n_sockets; i++)
    if (sockets[i] == self)
      mistake = "a socket cannot be sent through itself";
  if (mistake != NULL)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, mistake);
  return mistake == NULL;
}

/* If one was closed while this waited, it is closed: what remains is not sent in its stead. */
static gboolean
enclose (TrioSocketMessage *message, TrioSocketHandle *const *sockets, guint n_sockets, GError **error)
{
  for (guint i = 0; i < n_sockets; i++)
    {
      if (sockets[i]->socket == NULL)
        {
          trio_socket_set_closed_error (error);
          return FALSE;
        }
      message->passed[i] = sockets[i]->socket;
    }
  message->n_passed = n_sockets;
  return TRUE;
}

/* Between begin and end. The message is written anew before each attempt: between two of them one of the sockets may be closed. */
static gssize
send_when_there_is_room (TrioSocketHandle *self, gconstpointer data, gsize size, TrioSocketHandle *const *sockets, guint n_sockets,
                         GError **error)
{
  TrioSocketHandle *const handles[] = { self };
  const TrioOutputVector vector = { data, size };
  TrioSocketMessage message = { 0 };
  gssize sent;

  do
    if (!enclose (&message, sockets, n_sockets, error))
      return -1;
  while ((sent = self->io->send_message (self->io, self->socket, &vector, 1, &message)) == -EAGAIN
         && trio_socket_wait (handles, 1, TRIO_IO_WRITE, &send_wait, error));

  if (sent == -EAGAIN)
    return -1;
  if (sent < 0)
    {
      trio_socket_set_broken_error (error, (int) -sent, "send sockets", NULL);
      return -1;
    }
  /* The world has them. */
  for (guint i = 0; i < n_sockets; i++)
    sockets[i]->socket = NULL;
  trio_cancel_shielded_checkpoint ();
  return sent;
}

static gssize
send_held (TrioSocketHandle *self, gconstpointer data, gsize size, TrioSocketHandle *const *sockets, guint n_sockets, GError **error)
{
  gssize sent;

  if (!trio_checkpoint_if_cancelled_in (send_wait.what, error) || !trio_socket_begin (self, TRIO_IO_WRITE, "sending", error))
    return -1;
  sent = send_when_there_is_room (self, data, size, sockets, n_sockets, error);
  trio_socket_end (self, TRIO_IO_WRITE);
  return sent;
}

gssize
trio_socket_send_sockets (TrioSocketHandle *self, gconstpointer data, gsize size, TrioSocketHandle *const *sockets, guint n_sockets,
                          GError **error)
{
  gssize sent;

  g_return_val_if_fail (self != NULL && data != NULL && (sockets != NULL || n_sockets == 0), -1);

  if (!check_sockets (self, size, sockets, n_sockets, error) || !hold (sockets, n_sockets, error))
    return -1;
  sent = send_held (self, data, size, sockets, n_sockets, error);
  let_go (sockets, n_sockets);
  return sent;
}

gssize
trio_socket_receive_sockets (TrioSocketHandle *self, gpointer buffer, gsize size, TrioSocketHandle **sockets, guint *n_sockets,
                             GError **error)
{
  const TrioInputVector vector = { buffer, MIN (size, (gsize) G_MAXSSIZE) };
  TrioSocketHandle *const handles[] = { self };
  TrioSocketMessage message;
  guint turn = 0;
  int errnum;
  gssize n;

  g_return_val_if_fail (self != NULL && buffer != NULL && sockets != NULL && n_sockets != NULL, -1);

  trio_socket_handle_ref (self);
  n = trio_socket_receive_message (handles, 1, &turn, &vector, 1, &message, &errnum, error);
  if (n >= 0 && message.passed_lost)
    {
      for (guint i = 0; i < message.n_passed; i++)
        self->io->close (self->io, message.passed[i]);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "what came with a message was lost: more than %d sockets, or descriptors that are none", TRIO_SOCKET_PASSED_MAX);
      n = -1;
    }
  if (n >= 0)
    {
      for (guint i = 0; i < message.n_passed; i++)
        sockets[i] = trio_socket_handle_new (self->io, message.passed[i]);
      *n_sockets = message.n_passed;
    }
  trio_socket_handle_unref (self);
  return n;
}
