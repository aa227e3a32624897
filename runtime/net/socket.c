/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Socket verbs as Checkpoints: connect, accept, receive, send. Those that never wait are in socket-calls.c. */

#include "net/socket.h"

#include <errno.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/mutation.h>

#include "net/socket-errors.h"
#include "net/socket-wait.h"

static const TrioWaitClass connect_wait = TRIO_SOCKET_WAIT_CLASS ("trio_open_tcp_stream");
static const TrioWaitClass accept_wait = TRIO_SOCKET_WAIT_CLASS ("trio_listener_accept");
static const TrioWaitClass receive_wait = TRIO_SOCKET_WAIT_CLASS ("trio_stream_receive_some");
static const TrioWaitClass send_wait = TRIO_SOCKET_WAIT_CLASS ("trio_stream_send_all");

static gboolean send_rest (TrioSocketHandle *self, const guint8 *data, gsize size, GError **error);
static gboolean finish_connecting (TrioSocketHandle *self, int result, const TrioAddress *address, int *errnum, GError **error);
static void     set_broken_error (TrioSocketHandle *self, int errnum, const char *what, GError **error);

TrioSocketHandle *
trio_socket_handle_new (TrioIo *io, TrioSocket *socket)
{
  TrioSocketHandle *self = g_new0 (TrioSocketHandle, 1);

  self->n_refs = 1;
  self->io = io;
  self->socket = socket;
  /* One that has travelled was held by who sent it. */
  socket->busy[TRIO_IO_READ] = FALSE;
  socket->busy[TRIO_IO_WRITE] = FALSE;
  return self;
}

TrioSocketHandle *
trio_socket_handle_ref (TrioSocketHandle *self)
{
  self->n_refs++;
  return self;
}

void
trio_socket_handle_unref (TrioSocketHandle *self)
{
  if (--self->n_refs > 0)
    return;
  trio_socket_close (self);
  g_free (self->line);
  g_free (self);
}

gboolean
trio_socket_connect (TrioSocketHandle *self, const TrioAddress *address, int *errnum, GError **error)
{
  gboolean ok;
  int ignored;

  errnum = errnum != NULL ? errnum : &ignored;
  *errnum = 0;
  if (!trio_checkpoint_if_cancelled_in (connect_wait.what, error))
    {
      trio_socket_close (self);
      return FALSE;
    }
  if (!trio_socket_begin (self, TRIO_IO_WRITE, "connecting", error))
    return FALSE;

  ok = finish_connecting (self, self->is_connected ? -EISCONN : self->io->connect (self->io, self->socket, address), address, errnum, error);
  if (!ok)
    trio_socket_close (self);
  trio_socket_end (self, TRIO_IO_WRITE);
  if (ok)
    trio_cancel_shielded_checkpoint ();
  return ok;
}

static gboolean
finish_connecting (TrioSocketHandle *self, int result, const TrioAddress *address, int *errnum, GError **error)
{
  while (result == -EINPROGRESS)
    {
      TrioSocketHandle *const handles[] = { self };

      if (!trio_socket_wait (handles, 1, TRIO_IO_WRITE, &connect_wait, error))
        return FALSE;
      result = self->io->connect_result (self->io, self->socket);
      /* Linux would say yes once more. */
      self->is_connected = result >= 0;
    }

  if (result >= 0)
    return TRUE;
  /* The line of a unix listener is full, and nothing will tell when it is not: that is a refusal. */
  if (result == -EAGAIN)
    result = -ECONNREFUSED;
  *errnum = -result;
  trio_socket_set_system_error (error, -result, "connect to", address);
  return FALSE;
}

/* One attempt at each socket, beginning with *turn. */
static int
try_accept (TrioSocketHandle *const *listening, guint n_listening, guint *turn, TrioSocket **connection)
{
  for (guint i = 0; i < n_listening; i++)
    {
      TrioSocketHandle *self = listening[(*turn + i) % n_listening];
      int result = self->io->accept (self->io, self->socket, connection);

      if (result != -EAGAIN)
        {
          *turn = (*turn + i + 1) % n_listening;
          return result;
        }
    }
  return -EAGAIN;
}

TrioSocketHandle *
trio_socket_accept_nowait (TrioSocketHandle *const *listening, guint n_listening, guint *turn, int *errnum)
{
  TrioSocket *connection = NULL;
  int result = -EBADF;

  /* Closed as one. */
  if (listening[0]->socket != NULL)
    result = try_accept (listening, n_listening, turn, &connection);
  *errnum = MAX (-result, 0);
  return result >= 0 ? trio_socket_handle_new (listening[0]->io, connection) : NULL;
}

static void
set_accept_error (TrioSocketHandle *listening, int errnum, GError **error)
{
  TrioAddress address;
  gboolean named = trio_socket_get_address (listening, FALSE, &address);

  trio_socket_set_system_error (error, errnum, "accept a connection at", named ? &address : NULL);
}

/* The next connection, or NULL; between begin and end. A Checkpoint. */
static TrioSocketHandle *
accept_next (TrioSocketHandle *const *listening, guint n_listening, guint *turn, int *errnum, GError **error)
{
  gboolean waited = FALSE;

  for (;;)
    {
      TrioSocket *connection = NULL;
      int result = try_accept (listening, n_listening, turn, &connection);

      if (result >= 0)
        {
          TrioSocketHandle *handle = trio_socket_handle_new (listening[0]->io, connection);

          if (TRIO_MUTATION (accepted_then_cancelled) && !trio_checkpoint (error))
            return NULL;
          if (!waited)
            trio_cancel_shielded_checkpoint ();
          return handle;
        }

      waited = TRUE;
      if (result == -EAGAIN)
        {
          if (!trio_socket_wait (listening, n_listening, TRIO_IO_READ, &accept_wait, error))
            return NULL;
        }
      else if (trio_errno_is_lost_connection (-result))
        {
          /* That client has gone away again; the next one may be fine. */
          if (!trio_checkpoint (error))
            return NULL;
          if (listening[0]->socket == NULL)
            {
              trio_socket_set_closed_error (error);
              return NULL;
            }
        }
      else
        {
          *errnum = -result;
          set_accept_error (listening[0], -result, error);
          return NULL;
        }
    }
}

static guint
begin_accepting (TrioSocketHandle *const *listening, guint n_listening, GError **error)
{
  guint n_begun = 0;

  while (n_begun < n_listening && trio_socket_begin (listening[n_begun], TRIO_IO_READ, "accepting", error))
    n_begun++;
  return n_begun;
}

static void
end_accepting (TrioSocketHandle *const *listening, guint n_begun)
{
  while (n_begun > 0)
    trio_socket_end (listening[--n_begun], TRIO_IO_READ);
}

TrioSocketHandle *
trio_socket_accept_now (TrioSocketHandle *const *listening, guint n_listening, guint *turn, GError **error)
{
  TrioSocketHandle *connection = NULL;
  guint n_begun = begin_accepting (listening, n_listening, error);

  if (n_begun == n_listening)
    {
      int errnum;

      connection = trio_socket_accept_nowait (listening, n_listening, turn, &errnum);
      if (errnum == EAGAIN || trio_errno_is_lost_connection (errnum))
        g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "nobody has connected");
      else if (connection == NULL)
        set_accept_error (listening[0], errnum, error);
    }
  end_accepting (listening, n_begun);
  return connection;
}

TrioSocketHandle *
trio_socket_accept_any (TrioSocketHandle *const *listening, guint n_listening, guint *turn, int *errnum, GError **error)
{
  TrioSocketHandle *connection;
  guint n_begun;

  *errnum = 0;
  if (!trio_checkpoint_if_cancelled_in (accept_wait.what, error))
    return NULL;

  n_begun = begin_accepting (listening, n_listening, error);
  connection = n_begun == n_listening ? accept_next (listening, n_listening, turn, errnum, error) : NULL;
  end_accepting (listening, n_begun);
  return connection;
}

TrioSocketHandle *
trio_socket_accept (TrioSocketHandle *self, int *errnum, GError **error)
{
  TrioSocketHandle *const listening[] = { self };
  TrioSocketHandle *connection;
  guint turn = 0;
  int ignored;

  g_return_val_if_fail (self != NULL, NULL);

  trio_socket_handle_ref (self);
  connection = trio_socket_accept_any (listening, 1, &turn, errnum != NULL ? errnum : &ignored, error);
  trio_socket_handle_unref (self);
  return connection;
}

typedef gssize (*ReceiveVerb) (TrioIo *io, TrioSocket *socket, gpointer buffer, gsize size);

/* Inline, so that stacks name the call that was made. */
G_ALWAYS_INLINE static inline gssize
receive_by (TrioSocketHandle *self, ReceiveVerb verb, gpointer buffer, gsize size, GError **error)
{
  TrioSocketHandle *const handles[] = { self };
  gboolean waited = FALSE;
  gssize received;

  if (!trio_checkpoint_if_cancelled_in (receive_wait.what, error) || !trio_socket_begin (self, TRIO_IO_READ, "receiving", error))
    return -1;

  while ((received = verb (self->io, self->socket, buffer, size)) == -EAGAIN)
    {
      if (!trio_socket_wait (handles, 1, TRIO_IO_READ, &receive_wait, error))
        {
          trio_socket_end (self, TRIO_IO_READ);
          return -1;
        }
      waited = TRUE;
    }

  if (received == 0 && size > 0)
    received = -self->died_of;
  if (received < 0)
    set_broken_error (self, (int) -received, "receive from", error);
  else if (!waited)
    trio_cancel_shielded_checkpoint ();
  trio_socket_end (self, TRIO_IO_READ);
  return received < 0 ? -1 : received;
}

gssize
trio_socket_receive (TrioSocketHandle *self, gpointer buffer, gsize size, GError **error)
{
  return receive_by (self, self->io->receive, buffer, size, error);
}

gssize
trio_socket_peek (TrioSocketHandle *self, gpointer buffer, gsize size, GError **error)
{
  g_return_val_if_fail (self != NULL && (buffer != NULL || size == 0), -1);

  return receive_by (self, self->io->peek, buffer, MIN (size, (gsize) G_MAXSSIZE), error);
}

gboolean
trio_socket_send_all (TrioSocketHandle *self, gconstpointer data, gsize size, GError **error)
{
  gboolean ok;

  if (!trio_checkpoint_if_cancelled_in (send_wait.what, error) || !trio_socket_begin (self, TRIO_IO_WRITE, "sending", error))
    return FALSE;

  ok = trio_socket_may_send (self, error) && send_rest (self, data, size, error);
  if (ok)
    trio_cancel_shielded_checkpoint ();
  trio_socket_end (self, TRIO_IO_WRITE);
  return ok;
}

static gboolean
send_rest (TrioSocketHandle *self, const guint8 *data, gsize size, GError **error)
{
  TrioSocketHandle *const handles[] = { self };
  gsize sent = 0;

  while (sent < size)
    {
      gssize result = self->io->send (self->io, self->socket, data + sent, size - sent);
      gboolean go_on = TRUE;

      if (result >= 0)
        {
          sent += TRIO_MUTATION (rest_not_sent) ? size - sent : (gsize) result;
          /* Each part is an operation of its own: others may run, and a cancellation is seen, before the next. */
          go_on = sent == size || trio_checkpoint (error);
        }
      else if (result == -EAGAIN)
        go_on = trio_socket_wait (handles, 1, TRIO_IO_WRITE, &send_wait, error);
      else
        {
          self->send_state = TRIO_SEND_BROKEN;
          set_broken_error (self, (int) -result, "send to", error);
          return FALSE;
        }

      if (go_on && self->socket == NULL)
        {
          trio_socket_set_closed_error (error);
          go_on = FALSE;
        }
      if (!go_on)
        {
          if (sent > 0 && !TRIO_MUTATION (half_sent_is_whole))
            self->send_state = TRIO_SEND_BROKEN;
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
trio_socket_send_eof (TrioSocketHandle *self, GError **error)
{
  int result = 0;

  if (!trio_checkpoint_if_cancelled_in ("trio_stream_send_eof", error) || !trio_socket_begin (self, TRIO_IO_WRITE, "sending", error))
    return FALSE;

  /* The end would say to the peer that this was all. */
  if (self->send_state == TRIO_SEND_BROKEN && !trio_socket_may_send (self, error))
    {
      trio_socket_end (self, TRIO_IO_WRITE);
      return FALSE;
    }
  if (self->send_state != TRIO_SEND_EOF)
    result = self->io->shutdown (self->io, self->socket, TRUE, TRIO_MUTATION (eof_ends_receiving));
  if (result >= 0)
    {
      self->has_shut_send = TRUE;
      self->send_state = TRIO_SEND_EOF;
      trio_cancel_shielded_checkpoint ();
    }
  else
    set_broken_error (self, -result, "end the stream to", error);
  trio_socket_end (self, TRIO_IO_WRITE);
  return result >= 0;
}

gboolean
trio_socket_may_send (TrioSocketHandle *self, GError **error)
{
  switch (self->send_state)
    {
    case TRIO_SEND_OPEN:
      return TRUE;
    case TRIO_SEND_EOF:
      if (TRIO_MUTATION (sends_after_eof))
        return TRUE;
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "nothing can be sent after trio_stream_send_eof()");
      return FALSE;
    case TRIO_SEND_BROKEN:
    default:
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE,
                           "an earlier send failed half-way: nobody knows how much of it has arrived");
      return FALSE;
    }
}

gboolean
trio_socket_begin (TrioSocketHandle *self, TrioIoDirection direction, const char *doing, GError **error)
{
  if (self->socket == NULL)
    {
      trio_socket_set_closed_error (error);
      return FALSE;
    }
  if (self->socket->busy[direction] && !TRIO_MUTATION (busy_socket_not_seen))
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "another task is %s with this socket already", doing);
      return FALSE;
    }
  self->socket->busy[direction] = TRUE;
  trio_socket_handle_ref (self);
  return TRUE;
}

void
trio_socket_end (TrioSocketHandle *self, TrioIoDirection direction)
{
  if (self->socket != NULL)
    self->socket->busy[direction] = FALSE;
  trio_socket_handle_unref (self);
}

gboolean
trio_socket_note_error (TrioSocketHandle *self, int errnum, GError **error)
{
  if (errnum == EPIPE && self->has_shut_send)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "nothing can be sent after the end of what is sent");
      return TRUE;
    }
  if (errnum == ECONNRESET || errnum == ECONNABORTED || errnum == ETIMEDOUT)
    self->died_of = trio_socket_get_kind (self, NULL) == TRIO_SOCKET_STREAM ? errnum : 0;
  return FALSE;
}

static void
set_broken_error (TrioSocketHandle *self, int errnum, const char *what, GError **error)
{
  TrioAddress address;
  gboolean named = trio_socket_get_address (self, TRUE, &address);
  g_autofree char *alone = named ? NULL : g_strconcat (what, " a peer that it does not have", NULL);

  if (trio_socket_note_error (self, errnum, error))
    return;
  what = named ? what : alone;
  /* A datagram met nobody, which says nothing about the next one. */
  if (errnum == ECONNREFUSED)
    trio_socket_set_system_error (error, errnum, what, named ? &address : NULL);
  else
    trio_socket_set_broken_error (error, errnum, what, named ? &address : NULL);
}

void
trio_socket_set_send_error (TrioSocketHandle *self, int errnum, GError **error)
{
  set_broken_error (self, errnum, "send to", error);
}
