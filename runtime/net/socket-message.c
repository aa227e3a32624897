/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Messages as Checkpoints: bytes with what travels beside them. The pattern is that of net/socket.c. */

#include "net/socket.h"

#include <errno.h>

#include <trio/checkpoint.h>
#include <trio/error.h>

#include "net/socket-errors.h"
#include "net/socket-wait.h"

static const TrioWaitClass receive_wait = TRIO_SOCKET_WAIT_CLASS ("trio_socket_receive_message");
static const TrioWaitClass send_wait = TRIO_SOCKET_WAIT_CLASS ("trio_socket_send_message");

/* One attempt at each socket, beginning with *turn. */
static gssize
try_receive (TrioSocketHandle *const *handles, guint n_handles, guint *turn, const TrioInputVector *vectors,
             guint n_vectors, TrioSocketMessage *message)
{
  for (guint i = 0; i < n_handles; i++)
    {
      TrioSocketHandle *self = handles[(*turn + i) % n_handles];
      gssize result = self->io->receive_message (self->io, self->socket, vectors, n_vectors, message);

      if (result != -EAGAIN)
        {
          *turn = (*turn + i + 1) % n_handles;
          return result;
        }
    }
  return -EAGAIN;
}

/* A connection that is gone looks the same to who sends as to who receives. */
static void
set_error (TrioSocketHandle *self, int errnum, const char *what, const TrioAddress *address, GError **error)
{
  if (trio_socket_note_error (self, errnum, error))
    return;
  if (trio_errno_is_broken_connection (errnum) && trio_socket_get_kind (self, NULL) == TRIO_SOCKET_STREAM)
    trio_socket_set_broken_error (error, errnum, what, address);
  else
    trio_socket_set_system_error (error, errnum, what, address);
}

/* Between begin and end. */
static gssize
receive_next (TrioSocketHandle *const *handles, guint n_handles, guint *turn, const TrioInputVector *vectors,
              guint n_vectors, TrioSocketMessage *message, int *errnum, GError **error)
{
  gboolean waited = FALSE;
  gssize received;

  while ((received = try_receive (handles, n_handles, turn, vectors, n_vectors, message)) == -EAGAIN)
    {
      if (!trio_socket_wait (handles, n_handles, TRIO_IO_READ, &receive_wait, error))
        return -1;
      waited = TRUE;
    }

  if (received == 0)
    received = -handles[0]->died_of;
  if (received < 0)
    {
      TrioAddress address;
      gboolean named = trio_socket_get_address (handles[0], TRUE, &address);

      *errnum = (int) -received;
      set_error (handles[0], *errnum, named ? "receive from" : "receive a datagram", named ? &address : NULL, error);
      return -1;
    }
  if (!waited)
    trio_cancel_shielded_checkpoint ();
  return received;
}

gssize
trio_socket_receive_message (TrioSocketHandle *const *handles, guint n_handles, guint *turn,
                             const TrioInputVector *vectors, guint n_vectors, TrioSocketMessage *message, int *errnum, GError **error)
{
  guint n_begun = 0;
  gssize received = -1;

  *errnum = 0;
  if (!trio_checkpoint_if_cancelled_in (receive_wait.what, error))
    return -1;

  while (n_begun < n_handles && trio_socket_begin (handles[n_begun], TRIO_IO_READ, "receiving", error))
    n_begun++;
  if (n_begun == n_handles)
    received = receive_next (handles, n_handles, turn, vectors, n_vectors, message, errnum, error);
  while (n_begun > 0)
    trio_socket_end (handles[--n_begun], TRIO_IO_READ);
  return received;
}

gssize
trio_socket_send_message (TrioSocketHandle *self, const TrioOutputVector *vectors, guint n_vectors, const TrioSocketMessage *message,
                          int *errnum, GError **error)
{
  TrioSocketHandle *const handles[] = { self };
  gboolean waited = FALSE;
  gssize sent;

  *errnum = 0;
  if (!trio_checkpoint_if_cancelled_in (send_wait.what, error) || !trio_socket_begin (self, TRIO_IO_WRITE, "sending", error))
    return -1;

  while ((sent = self->io->send_message (self->io, self->socket, vectors, n_vectors, message)) == -EAGAIN)
    {
      if (!trio_socket_wait (handles, 1, TRIO_IO_WRITE, &send_wait, error))
        {
          trio_socket_end (self, TRIO_IO_WRITE);
          return -1;
        }
      waited = TRUE;
    }

  if (sent < 0)
    {
      TrioAddress address = message->address;
      gboolean named = message->has_address || trio_socket_get_address (self, TRUE, &address);

      *errnum = (int) -sent;
      set_error (self, *errnum, named ? "send to" : "send to a peer that it does not have", named ? &address : NULL, error);
    }
  else if (!waited)
    trio_cancel_shielded_checkpoint ();
  trio_socket_end (self, TRIO_IO_WRITE);
  return sent < 0 ? -1 : sent;
}

/* --- <trio/lowlevel/socket.h> --- */

static gssize
receive_one (TrioSocketHandle *self, const TrioInputVector *vectors, guint n_vectors, TrioSocketMessage *message, GError **error)
{
  TrioSocketHandle *const handles[] = { self };
  guint turn = 0;
  int errnum;
  gssize n;

  trio_socket_handle_ref (self);
  n = trio_socket_receive_message (handles, 1, &turn, vectors, n_vectors, message, &errnum, error);
  trio_socket_handle_unref (self);
  return n;
}

gssize
trio_socket_receive_vectors (TrioSocketHandle *self, const TrioInputVector *vectors, guint n_vectors, TrioAddress *from,
                             gsize *full_size, GError **error)
{
  TrioSocketMessage message;
  gssize n;

  g_return_val_if_fail (self != NULL && (vectors != NULL || n_vectors == 0), -1);

  n = receive_one (self, vectors, n_vectors, &message, error);
  if (n < 0)
    return -1;
  trio_socket_drop_passed (self->io, &message);
  if (from != NULL)
    *from = message.address;
  if (full_size != NULL)
    *full_size = message.size;
  return n;
}

gssize
trio_socket_receive_from (TrioSocketHandle *self, gpointer buffer, gsize size, TrioAddress *from, gsize *full_size, GError **error)
{
  const TrioInputVector vector = { buffer, MIN (size, (gsize) G_MAXSSIZE) };

  g_return_val_if_fail (self != NULL && (buffer != NULL || size == 0), -1);

  return trio_socket_receive_vectors (self, &vector, 1, from, full_size, error);
}

static gssize
send_one (TrioSocketHandle *self, const TrioOutputVector *vectors, guint n_vectors, const TrioAddress *to, GError **error)
{
  TrioSocketMessage message = { .has_address = to != NULL };
  int errnum;

  if (to != NULL)
    message.address = *to;
  if (self->send_state == TRIO_SEND_EOF)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "nothing can be sent after the end of what is sent");
      return -1;
    }
  return trio_socket_send_message (self, vectors, n_vectors, &message, &errnum, error);
}

gssize
trio_socket_send (TrioSocketHandle *self, gconstpointer data, gsize size, GError **error)
{
  g_return_val_if_fail (self != NULL && (data != NULL || size == 0), -1);

  return send_one (self, &(TrioOutputVector) { data, size }, 1, NULL, error);
}

gssize
trio_socket_send_to (TrioSocketHandle *self, gconstpointer data, gsize size, const TrioAddress *to, GError **error)
{
  g_return_val_if_fail (self != NULL && (data != NULL || size == 0) && to != NULL, -1);

  return send_one (self, &(TrioOutputVector) { data, size }, 1, to, error);
}

gssize
trio_socket_send_vectors (TrioSocketHandle *self, const TrioOutputVector *vectors, guint n_vectors, const TrioAddress *to, GError **error)
{
  g_return_val_if_fail (self != NULL && (vectors != NULL || n_vectors == 0), -1);

  return send_one (self, vectors, n_vectors, to, error);
}
