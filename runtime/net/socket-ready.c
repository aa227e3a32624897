/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Waiting for readiness alone: of sockets, and of descriptors that somebody else has.
 *
 * For such a descriptor the world has a watch, which looks like a socket, as long as some task waits:
 *
 *     task A: trio_wait_readable (5)  ---+
 *                                        +---> watch of 5, in the table of the run ---> gone with the last of them
 *     task B: trio_wait_writable (5)  ---+
 *
 * Always true: the table has at most one watch for each descriptor; trio_notify_closing() takes it out, so that who comes later and
 * means another file of the same number gets a new one. */

#include <errno.h>

#include <gio/gio.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/descriptor.h>
#include <trio/lowlevel/run-local.h>

#include "net/socket-errors.h"
#include "net/socket-wait.h"
#include "net/socket.h"

static const TrioWaitClass readable_wait = TRIO_SOCKET_WAIT_CLASS ("trio_wait_readable");
static const TrioWaitClass writable_wait = TRIO_SOCKET_WAIT_CLASS ("trio_wait_writable");
static char table_key;

/* Between begin and end. */
static gboolean
wait_until_ready (TrioSocketHandle *self, TrioIoDirection direction, GError **error)
{
  const TrioWaitClass *klass = direction == TRIO_IO_READ ? &readable_wait : &writable_wait;
  TrioSocketHandle *const handles[] = { self };
  gboolean waited = FALSE;

  while (!self->io->is_ready (self->io, self->socket, direction))
    {
      if (!trio_socket_wait (handles, 1, direction, klass, error))
        return FALSE;
      waited = TRUE;
    }
  if (!waited)
    trio_cancel_shielded_checkpoint ();
  return TRUE;
}

static gboolean
wait_for_socket (TrioSocketHandle *self, TrioIoDirection direction, GError **error)
{
  const char *what = direction == TRIO_IO_READ ? readable_wait.what : writable_wait.what;
  gboolean ok;

  if (!trio_checkpoint_if_cancelled_in (what, error) || !trio_socket_begin (self, direction, "waiting", error))
    return FALSE;
  ok = wait_until_ready (self, direction, error);
  trio_socket_end (self, direction);
  return ok;
}

gboolean
trio_socket_wait_readable (TrioSocketHandle *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return wait_for_socket (self, TRIO_IO_READ, error);
}

gboolean
trio_socket_wait_writable (TrioSocketHandle *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return wait_for_socket (self, TRIO_IO_WRITE, error);
}

/* --- descriptors of others --- */

/* From a descriptor to its watch, which is borrowed from the tasks that wait. */
static GHashTable *
get_table (void)
{
  GHashTable *table = trio_run_local_get (&table_key);

  if (table == NULL)
    {
      table = g_hash_table_new (NULL, NULL);
      trio_run_local_set (&table_key, table, (GDestroyNotify) g_hash_table_unref);
    }
  return table;
}

static TrioSocketHandle *
watch (int descriptor, GError **error)
{
  TrioIo *io = trio_current_io ();
  TrioSocket *socket = NULL;
  int result = io->watch (io, descriptor, &socket);

  if (result == -EOPNOTSUPP)
    trio_socket_set_no_descriptors_error (error);
  else if (result == -EPERM)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "descriptor %d cannot be waited for: it is a file or a directory, which is always ready", descriptor);
  else if (result < 0)
    g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (-result), "could not wait for descriptor %d: %s", descriptor,
                 g_strerror (-result));
  return result >= 0 ? trio_socket_handle_new (io, socket) : NULL;
}

static TrioSocketHandle *
get_watch (int descriptor, GError **error)
{
  TrioSocketHandle *self = g_hash_table_lookup (get_table (), GINT_TO_POINTER (descriptor));

  if (self != NULL)
    return trio_socket_handle_ref (self);
  self = watch (descriptor, error);
  if (self != NULL)
    g_hash_table_insert (get_table (), GINT_TO_POINTER (descriptor), self);
  return self;
}

static void
forget_watch (int descriptor, TrioSocketHandle *self)
{
  if (g_hash_table_lookup (get_table (), GINT_TO_POINTER (descriptor)) == self)
    g_hash_table_remove (get_table (), GINT_TO_POINTER (descriptor));
}

static gboolean
wait_for_descriptor (int descriptor, TrioIoDirection direction, GError **error)
{
  TrioSocketHandle *self = get_watch (descriptor, error);
  gboolean ok;

  if (self == NULL)
    return FALSE;
  ok = wait_for_socket (self, direction, error);
  if (self->n_refs == 1)
    forget_watch (descriptor, self);
  trio_socket_handle_unref (self);
  return ok;
}

gboolean
trio_wait_readable (int descriptor, GError **error)
{
  return wait_for_descriptor (descriptor, TRIO_IO_READ, error);
}

gboolean
trio_wait_writable (int descriptor, GError **error)
{
  return wait_for_descriptor (descriptor, TRIO_IO_WRITE, error);
}

void
trio_notify_closing (int descriptor)
{
  TrioSocketHandle *self = g_hash_table_lookup (get_table (), GINT_TO_POINTER (descriptor));

  if (self == NULL)
    return;
  forget_watch (descriptor, self);
  trio_socket_close (self);
}
