/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A file's bytes go out of a socket.
 *
 *     is there room? -> the world sends by itself -> some went, again
 *          |                    |
 *          v                    | cannot, or something is wrong with the file
 *        wait                   v
 *                         read, send what was read -> some went, again        from now on
 *
 * Always true: *sent is how many bytes have gone, whatever ends the call. So nobody needs to take the socket for broken after a
 * cancellation, or when the file is at fault: who wants to can go on behind them. */

#include <errno.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/file.h>

#include "net/socket-errors.h"
#include "net/socket-wait.h"
#include "net/socket.h"

/* How far a worker thread goes with one of them, before others have their turn and a cancellation is seen. */
#define BYTES_AT_ONCE (1 << 20)
/* Of what is copied. */
#define COPY_BYTES    (1 << 16)

static const TrioWaitClass send_wait = TRIO_SOCKET_WAIT_CLASS ("trio_socket_send_file");

typedef struct
{
  TrioSocketHandle *socket;
  TrioFile         *file;
  gint64            offset;
  gint64            size;            /* negative: to its end */
  gint64           *sent;
  guint8           *buffer;          /* NULL: the world sends by itself */
} Sending;

typedef enum
{
  GO_ON,
  FILE_ENDED,
  FAILED,
} Outcome;

static gsize
bytes_left (const Sending *self, gsize at_most)
{
  return self->size < 0 ? at_most : (gsize) MIN (self->size - *self->sent, (gint64) at_most);
}

static Outcome
fail_as_closed (GError **error)
{
  trio_socket_set_closed_error (error);
  return FAILED;
}

static Outcome
fail_as_broken (Sending *self, int errnum, GError **error)
{
  self->socket->send_state = TRIO_SEND_BROKEN;
  trio_socket_set_send_error (self->socket, errnum, error);
  return FAILED;
}

static Outcome
wait_for_room (Sending *self, GError **error)
{
  TrioSocketHandle *const handles[] = { self->socket };

  return trio_socket_wait (handles, 1, TRIO_IO_WRITE, &send_wait, error) ? GO_ON : FAILED;
}

/* What was read, to its last byte. */
static Outcome
send_copy (Sending *self, gsize size, GError **error)
{
  gsize done = 0;

  while (done < size)
    {
      TrioSocketHandle *socket = self->socket;
      gssize n = socket->io->send (socket->io, socket->socket, self->buffer + done, size - done);

      if (n == -EAGAIN && wait_for_room (self, error) == FAILED)
        return FAILED;
      if (n < 0 && n != -EAGAIN)
        return fail_as_broken (self, (int) -n, error);
      done += (gsize) MAX (n, 0);
      *self->sent += MAX (n, 0);
      if (n >= 0 && done < size && !trio_checkpoint (error))
        return FAILED;
      if (socket->socket == NULL)
        return fail_as_closed (error);
    }
  return GO_ON;
}

static Outcome
copy_some (Sending *self, GError **error)
{
  gssize n = trio_file_read_at (self->file, self->offset + *self->sent, self->buffer, bytes_left (self, COPY_BYTES), error);

  if (n < 0)
    return FAILED;
  if (self->socket->socket == NULL)
    return fail_as_closed (error);
  return n == 0 ? FILE_ENDED : send_copy (self, (gsize) n, error);
}

/* A worker thread is not asked in vain. */
static Outcome
send_some (Sending *self, GError **error)
{
  TrioSocketHandle *socket = self->socket;
  gint64 n;

  if (!socket->io->is_ready (socket->io, socket->socket, TRIO_IO_WRITE))
    return wait_for_room (self, error);
  if (!trio_file_send_some (self->file, self->offset + *self->sent, bytes_left (self, BYTES_AT_ONCE), &socket->socket, send_wait.what, &n,
                            error))
    return FAILED;
  *self->sent += MAX (n, 0);
  if (socket->socket == NULL)
    return fail_as_closed (error);
  if (n >= 0 || n == -EAGAIN)
    return n == 0 ? FILE_ENDED : GO_ON;
  if (trio_errno_is_broken_connection ((int) -n))
    return fail_as_broken (self, (int) -n, error);
  self->buffer = g_malloc (COPY_BYTES);
  return GO_ON;
}

/* Between begin and end; all of it is Checkpoints, if there is anything to do. */
static gboolean
send_all (Sending *self, GError **error)
{
  Outcome outcome = GO_ON;

  while (outcome == GO_ON && self->size != *self->sent)
    outcome = self->buffer != NULL ? copy_some (self, error) : send_some (self, error);
  g_free (self->buffer);
  return outcome != FAILED;
}

gboolean
trio_socket_send_file (TrioSocketHandle *self, TrioFile *file, gint64 offset, gint64 size, gint64 *sent, GError **error)
{
  Sending sending = { .socket = self, .file = file, .offset = offset, .size = MAX (size, -1), .sent = sent };
  gboolean ok;

  g_return_val_if_fail (self != NULL && file != NULL && sent != NULL, FALSE);

  *sent = 0;
  if (self->socket != NULL && trio_socket_get_kind (self, NULL) == TRIO_SOCKET_DATAGRAM)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "a file cannot be sent as datagrams: who would know where one ends?");
      return FALSE;
    }
  if (!trio_checkpoint_if_cancelled_in (send_wait.what, error) || !trio_socket_begin (self, TRIO_IO_WRITE, "sending", error))
    return FALSE;
  ok = trio_socket_may_send (self, error) && send_all (&sending, error);
  if (ok)
    trio_cancel_shielded_checkpoint ();
  trio_socket_end (self, TRIO_IO_WRITE);
  return ok;
}
