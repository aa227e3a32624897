/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Waiting for sockets.
 *
 * A wait lies in the frame of the waiting task. Each of its sockets points to it, until whoever ends the wait (the world, a close,
 * a cancellation: exactly one of them) takes it out of all of them at once. So a second wake-up finds nobody, and nothing points
 * into a frame that has gone on. A wait of a select lies with what is selected, and is ended through the select's cell (net/socket-select.c). */

#include "net/socket-wait.h"

#include <trio/address.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/mutation.h>

void
trio_socket_wait_detach (TrioSocketWait *wait)
{
  for (guint i = 0; i < wait->n_handles; i++)
    if (wait->handles[i]->socket != NULL)
      wait->handles[i]->socket->waiting[wait->direction] = NULL;
}

void
trio_socket_wait_attach (TrioSocketWait *wait)
{
  for (guint i = 0; i < wait->n_handles; i++)
    {
      TrioSocket *socket = wait->handles[i]->socket;

      g_assert (socket->waiting[wait->direction] == NULL);
      socket->waiting[wait->direction] = wait;
    }
}

/* Who waits in a select is only told to look: also that it was closed. Takes the outcome. */
static void
end_wait (TrioSocketWait *wait, GError *outcome)
{
  trio_socket_wait_detach (wait);
  if (wait->cell == NULL)
    trio_reschedule (wait->task, outcome);
  else
    {
      g_clear_error (&outcome);
      trio_waiter_wake (wait->cell, NULL);
    }
}

static gboolean
all_are_open (TrioSocketHandle *const *handles, guint n_handles)
{
  for (guint i = 0; i < n_handles; i++)
    if (handles[i]->socket == NULL)
      return FALSE;
  return TRUE;
}

/* Asks in order, as far as the first that is. */
static gboolean
is_ready_now (TrioSocketHandle *const *handles, guint n_handles, TrioIoDirection direction)
{
  for (guint i = 0; i < n_handles; i++)
    if (handles[i]->io->arm (handles[i]->io, handles[i]->socket, direction))
      return TRUE;
  return FALSE;
}

gboolean
trio_socket_wait (TrioSocketHandle *const *handles, guint n_handles, TrioIoDirection direction, const TrioWaitClass *klass,
                  GError **error)
{
  TrioSocketWait wait = { trio_current_task (), NULL, handles, n_handles, direction };

  if (is_ready_now (handles, n_handles, direction))
    trio_cancel_shielded_checkpoint ();
  else
    {
      trio_socket_wait_attach (&wait);
      if (!trio_wait (klass, &wait, error))
        return FALSE;
    }

  /* Closed while others ran. */
  if (!all_are_open (handles, n_handles) && !TRIO_MUTATION (closed_meanwhile_not_seen))
    {
      trio_socket_set_closed_error (error);
      return FALSE;
    }
  return TRUE;
}

TrioAbort
trio_socket_wait_abort (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  if (!TRIO_MUTATION (cancelled_stays_at_socket))
    trio_socket_wait_detach (data);
  return TRIO_ABORT_SUCCEEDED;
}

void
trio_socket_wait_describe (gpointer data, GString *out)
{
  TrioSocketWait *wait = data;
  gboolean first = TRUE;

  for (guint i = 0; i < wait->n_handles; i++)
    {
      TrioAddress address;
      g_autofree char *text = NULL;
      gboolean remote = TRUE;

      if (wait->handles[i]->socket == NULL)
        continue;
      if (!trio_socket_get_address (wait->handles[i], TRUE, &address))
        {
          remote = FALSE;
          if (!trio_socket_get_address (wait->handles[i], FALSE, &address))
            continue;
        }
      text = trio_address_to_string (&address);
      g_string_append_printf (out, "%s%s", first ? remote ? "peer " : "at " : ", ", text);
      first = FALSE;
    }
}

void
trio_socket_wake (TrioSocket *socket, TrioIoDirection direction)
{
  TrioSocketWait *wait = socket->waiting[direction];

  if (wait != NULL)
    end_wait (wait, NULL);
}

void
trio_socket_set_closed_error (GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this socket was closed on this side");
}

void
trio_socket_close (TrioSocketHandle *self)
{
  TrioSocket *socket = self->socket;

  if (socket == NULL)
    return;

  for (guint direction = TRIO_IO_READ; direction <= TRIO_IO_WRITE; direction++)
    {
      TrioSocketWait *wait = socket->waiting[direction];
      GError *closed = NULL;

      if (wait == NULL)
        continue;
      trio_socket_set_closed_error (&closed);
      if (TRIO_MUTATION (closed_socket_wakes_nobody))
        trio_socket_wait_detach (wait);
      else
        end_wait (wait, closed);
    }

  self->socket = NULL;
  self->io->close (self->io, socket);
}
