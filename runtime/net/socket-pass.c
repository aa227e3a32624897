/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Sockets, streams and files that travel through unix sockets.
 *
 *     sender                      under way                     receiver
 *     handle -> world's socket    world's socket, in a letter   new handle -> world's socket
 *
 * Always true: a socket is in one of the three places, and so is a file. While it is attempted to be sent its handle is busy in both
 * directions, and a file is held, so that nobody begins to use what is about to go. */

#include <trio/lowlevel/passing.h>

#include <errno.h>

#include <gio/gio.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/file.h>

#include "net/fd-stream.h"
#include "net/socket-errors.h"
#include "net/socket-wait.h"
#include "net/socket.h"

static const TrioWaitClass send_wait = TRIO_SOCKET_WAIT_CLASS ("trio_socket_send_passed");

/* What underlies something that is passed: one of the two. */
typedef struct
{
  TrioSocketHandle *socket;
  TrioFile         *file;
} Item;

void
trio_passed_clear (TrioPassed *self)
{
  g_return_if_fail (self != NULL);

  switch (self->kind)
    {
    case TRIO_PASSED_SOCKET:
      g_clear_pointer (&self->socket, trio_socket_handle_unref);
      break;
    case TRIO_PASSED_STREAM:
      g_clear_pointer (&self->stream, trio_stream_free);
      break;
    case TRIO_PASSED_FILE:
      g_clear_pointer (&self->file, trio_file_free);
      break;
    }
}

/* --- sending --- */

static gboolean
find_item (const TrioPassed *passed, Item *item, GError **error)
{
  *item = (Item) { NULL, NULL };
  if (passed->kind == TRIO_PASSED_FILE)
    item->file = passed->file;
  else
    item->socket = passed->kind == TRIO_PASSED_STREAM ? trio_stream_get_socket (passed->stream) : passed->socket;
  if (item->file != NULL || item->socket != NULL)
    return TRUE;
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "a %s is nothing that the system knows, and cannot be passed: send its bytes instead",
               passed->kind == TRIO_PASSED_STREAM && passed->stream != NULL ? passed->stream->klass->name : "NULL");
  return FALSE;
}

static gboolean
find_items (TrioSocketHandle *self, gsize size, const TrioPassed *passed, guint n_passed, Item *items, GError **error)
{
  const char *mistake = NULL;

  if (n_passed > TRIO_SOCKET_PASSED_MAX)
    mistake = "this is more than can be passed with one message";
  else if (size == 0)
    mistake = "what is passed goes with the first byte: send at least one";
  for (guint i = 0; i < n_passed && mistake == NULL; i++)
    {
      if (!find_item (&passed[i], &items[i], error))
        return FALSE;
      if (items[i].socket == self)
        mistake = "a socket cannot be sent through itself";
    }
  if (mistake != NULL)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, mistake);
  return mistake == NULL;
}

static void
let_go (const Item *items, guint n_items, gboolean passed)
{
  for (guint i = 0; i < n_items; i++)
    if (items[i].file != NULL)
      trio_file_end_passing (items[i].file, passed);
    else
      {
        /* The world has it. */
        if (passed)
          items[i].socket->socket = NULL;
        trio_socket_end (items[i].socket, TRIO_IO_READ);
        trio_socket_end (items[i].socket, TRIO_IO_WRITE);
      }
}

static gboolean
hold_socket (TrioSocketHandle *socket, GError **error)
{
  if (!trio_socket_begin (socket, TRIO_IO_READ, "receiving", error))
    return FALSE;
  if (trio_socket_begin (socket, TRIO_IO_WRITE, "sending", error))
    return TRUE;
  trio_socket_end (socket, TRIO_IO_READ);
  return FALSE;
}

static gboolean
hold (const Item *items, guint n_items, GError **error)
{
  for (guint i = 0; i < n_items; i++)
    if (!(items[i].file != NULL ? trio_file_begin_passing (items[i].file, error) : hold_socket (items[i].socket, error)))
      {
        let_go (items, i, FALSE);
        return FALSE;
      }
  return TRUE;
}

/* If one was closed while this waited, it is closed: what remains is not sent in its stead. */
static gboolean
enclose (TrioSocketPassed *passed, const Item *items, guint n_items, GError **error)
{
  for (guint i = 0; i < n_items; i++)
    {
      passed[i] = (TrioSocketPassed) { .socket = NULL };
      if (items[i].file == NULL)
        passed[i].socket = items[i].socket->socket;
      else if ((passed[i].file = trio_file_get_handle (items[i].file)) != NULL)
        passed[i].position = trio_file_get_position (items[i].file);
      if (passed[i].socket == NULL && passed[i].file == NULL)
        {
          g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "what was to be passed was closed on this side");
          return FALSE;
        }
    }
  return TRUE;
}

static void
set_send_error (int errnum, GError **error)
{
  if (errnum == EOPNOTSUPP)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "sockets, streams and files are passed through unix sockets only");
  else if (trio_errno_is_broken_connection (errnum))
    trio_socket_set_broken_error (error, errnum, "pass descriptors", NULL);
  else
    trio_socket_set_system_error (error, errnum, "pass descriptors", NULL);
}

/* Between begin and end. The message is written anew before each attempt: between two of them something may be closed. */
static gssize
send_when_there_is_room (TrioSocketHandle *self, gconstpointer data, gsize size, const Item *items, guint n_items, GError **error)
{
  TrioSocketHandle *const handles[] = { self };
  const TrioOutputVector vector = { data, size };
  TrioSocketPassed passed[TRIO_SOCKET_PASSED_MAX];
  const TrioSocketMessage message = { .passed = passed, .n_passed = n_items };
  gssize sent;

  do
    if (!enclose (passed, items, n_items, error))
      return -1;
  while ((sent = self->io->send_message (self->io, self->socket, &vector, 1, &message)) == -EAGAIN
         && trio_socket_wait (handles, 1, TRIO_IO_WRITE, &send_wait, error));

  if (sent >= 0)
    return sent;
  if (sent != -EAGAIN)
    set_send_error ((int) -sent, error);
  return -1;
}

static gssize
send_held (TrioSocketHandle *self, gconstpointer data, gsize size, const Item *items, guint n_items, GError **error)
{
  gssize sent = -1;

  if (!trio_checkpoint_if_cancelled_in (send_wait.what, error) || !trio_socket_begin (self, TRIO_IO_WRITE, "sending", error))
    return -1;
  if (trio_socket_may_send (self, error))
    sent = send_when_there_is_room (self, data, size, items, n_items, error);
  trio_socket_end (self, TRIO_IO_WRITE);
  return sent;
}

gssize
trio_socket_send_passed (TrioSocketHandle *self, gconstpointer data, gsize size, const TrioPassed *passed, guint n_passed, GError **error)
{
  Item items[TRIO_SOCKET_PASSED_MAX];
  gssize sent;

  g_return_val_if_fail (self != NULL && data != NULL && (passed != NULL || n_passed == 0), -1);

  if (!find_items (self, size, passed, n_passed, items, error) || !hold (items, n_passed, error))
    return -1;
  sent = send_held (self, data, size, items, n_passed, error);
  let_go (items, n_passed, sent >= 0);
  if (sent >= 0)
    trio_cancel_shielded_checkpoint ();
  return sent;
}

gssize
trio_socket_send_sockets (TrioSocketHandle *self, gconstpointer data, gsize size, TrioSocketHandle *const *sockets, guint n_sockets,
                          GError **error)
{
  TrioPassed passed[TRIO_SOCKET_PASSED_MAX];

  g_return_val_if_fail (sockets != NULL || n_sockets == 0, -1);

  for (guint i = 0; i < MIN (n_sockets, TRIO_SOCKET_PASSED_MAX); i++)
    passed[i] = (TrioPassed) { .kind = TRIO_PASSED_SOCKET, .socket = sockets[i] };
  return trio_socket_send_passed (self, data, size, passed, n_sockets, error);
}

/* --- receiving --- */

static TrioPassed
wrap (TrioIo *io, TrioSocketPassed *passed)
{
  if (passed->file != NULL)
    return (TrioPassed) { .kind = TRIO_PASSED_FILE,
                          .file = trio_file_new_passed (passed->file, g_steal_pointer (&passed->path), passed->flags, passed->position) };
  if ((passed->can & TRIO_DESCRIPTOR_IS_SOCKET) != 0)
    return (TrioPassed) { .kind = TRIO_PASSED_SOCKET, .socket = trio_socket_handle_new (io, passed->socket) };
  return (TrioPassed) { .kind = TRIO_PASSED_STREAM, .stream = trio_fd_stream_new_over (io, passed->socket, passed->can) };
}

static guint
unpack (TrioIo *io, TrioSocketMessage *message, TrioPassed *passed)
{
  for (guint i = 0; i < message->n_passed; i++)
    passed[i] = wrap (io, &message->passed[i]);
  g_clear_pointer (&message->passed, g_free);
  return message->n_passed;
}

void
trio_socket_drop_passed (TrioIo *io, TrioSocketMessage *message)
{
  TrioPassed passed[TRIO_SOCKET_PASSED_MAX];
  guint n_passed = unpack (io, message, passed);

  for (guint i = 0; i < n_passed; i++)
    trio_passed_clear (&passed[i]);
}

static void
set_lost_error (int errnum, GError **error)
{
  const char *why = errnum == EMFILE     ? "there were no descriptors left for what came with it: close some, or raise the limit (ulimit -n)"
                    : errnum == EMSGSIZE ? "more came with it than " G_STRINGIFY (TRIO_SOCKET_PASSED_MAX) " descriptors"
                                         : "a directory, a disk, or what else cannot be received came with it";
  int code = errnum == EMFILE     ? G_IO_ERROR_TOO_MANY_OPEN_FILES
             : errnum == EMSGSIZE ? G_IO_ERROR_MESSAGE_TOO_LARGE
                                  : G_IO_ERROR_NOT_SUPPORTED;

  g_set_error (error, G_IO_ERROR, code, "a message and what came with it were lost: %s", why);
}

gssize
trio_socket_receive_passed (TrioSocketHandle *self, gpointer buffer, gsize size, TrioPassed *passed, guint *n_passed, GError **error)
{
  const TrioInputVector vector = { buffer, MIN (size, (gsize) G_MAXSSIZE) };
  TrioSocketHandle *const handles[] = { self };
  TrioSocketMessage message;
  guint turn = 0;
  int errnum;
  gssize n;

  g_return_val_if_fail (self != NULL && buffer != NULL && passed != NULL && n_passed != NULL, -1);

  trio_socket_handle_ref (self);
  n = trio_socket_receive_message (handles, 1, &turn, &vector, 1, &message, &errnum, error);
  if (n >= 0 && message.passed_error != 0)
    {
      trio_socket_drop_passed (self->io, &message);
      set_lost_error (-message.passed_error, error);
      n = -1;
    }
  if (n >= 0)
    *n_passed = unpack (self->io, &message, passed);
  trio_socket_handle_unref (self);
  return n;
}

gssize
trio_socket_receive_sockets (TrioSocketHandle *self, gpointer buffer, gsize size, TrioSocketHandle **sockets, guint *n_sockets,
                             GError **error)
{
  TrioPassed passed[TRIO_SOCKET_PASSED_MAX];
  guint n_passed, n_others = 0;
  gssize n;

  g_return_val_if_fail (sockets != NULL && n_sockets != NULL, -1);

  n = trio_socket_receive_passed (self, buffer, size, passed, &n_passed, error);
  if (n < 0)
    return -1;
  for (guint i = 0; i < n_passed; i++)
    n_others += passed[i].kind != TRIO_PASSED_SOCKET;
  if (n_others > 0)
    {
      for (guint i = 0; i < n_passed; i++)
        trio_passed_clear (&passed[i]);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                   "a message and what came with it were lost: %u of it are no sockets; trio_socket_receive_passed() takes them", n_others);
      return -1;
    }
  for (guint i = 0; i < n_passed; i++)
    sockets[i] = passed[i].socket;
  *n_sockets = n_passed;
  return n;
}
