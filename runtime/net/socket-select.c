/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Sockets in a select: connections to be accepted, bytes to be received.
 *
 *     select                     line                      world
 *     joins ------------------>  busy, attached
 *                                wake <------------------  it may be ready
 *     is woken: a hint <-------  not busy, detached
 *     looks at all cases again, and accepts what is there
 *
 * So the world is attempted only by the task that takes what comes of it, in the step in which it takes it: a select that chose something
 * else, or was cancelled, has accepted nobody.
 *
 * Always true: while a cell stands in the line its sockets are busy in that direction, so that who else wants to use them gets BUSY_RESOURCE; no
 * longer. */

#include "net/socket-select.h"

#include <trio/error.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/mutation.h>

#include "net/listener.h"

void
trio_socket_line_init (TrioSocketLine *self, TrioSocketHandle *const *handles, guint n_handles, TrioIoDirection direction)
{
  *self = (TrioSocketLine) { .wait = { .handles = handles, .n_handles = n_handles, .direction = direction } };
  g_queue_init (&self->line);
}

/* Also if it can only fail. */
gboolean
trio_socket_line_is_ready (TrioSocketLine *self)
{
  const TrioSocketWait *wait = &self->wait;

  trio_note_access (self, TRIO_ACCESS_WRITE);
  for (guint i = 0; i < wait->n_handles; i++)
    {
      TrioSocketHandle *handle = wait->handles[i];

      if (handle->socket == NULL || handle->socket->busy[wait->direction]
          || handle->io->is_ready (handle->io, handle->socket, wait->direction))
        return TRUE;
    }
  return FALSE;
}

gboolean
trio_socket_line_arm (TrioSocketLine *self)
{
  const TrioSocketWait *wait = &self->wait;
  gboolean ready = FALSE;

  for (guint i = 0; i < wait->n_handles; i++)
    ready |= wait->handles[i]->io->arm (wait->handles[i]->io, wait->handles[i]->socket, wait->direction);
  return ready;
}

static void
set_busy (TrioSocketWait *wait, gboolean busy)
{
  for (guint i = 0; i < wait->n_handles; i++)
    if (wait->handles[i]->socket != NULL)
      wait->handles[i]->socket->busy[wait->direction] = busy;
}

/* Unless the same select has a case with the same socket: one hint is enough. */
void
trio_socket_line_join (TrioSocketLine *self, TrioWaiter *cell)
{
  for (guint i = 0; i < self->wait.n_handles; i++)
    if (self->wait.handles[i]->socket->busy[self->wait.direction])
      return;
  trio_note_access (self, TRIO_ACCESS_WRITE);
  self->wait.cell = cell;
  set_busy (&self->wait, TRUE);
  trio_socket_wait_attach (&self->wait);
  trio_waiter_join (cell, &self->line);
}

void
trio_socket_line_leave (TrioSocketLine *self)
{
  if (self->wait.cell == NULL)
    return;
  trio_note_access (self, TRIO_ACCESS_WRITE);
  self->wait.cell = NULL;
  trio_socket_wait_detach (&self->wait);
  if (!TRIO_MUTATION (loser_stays_busy))
    set_busy (&self->wait, FALSE);
}

/* --- a connection --- */

static TrioSocketLine *
line_of_listener (const TrioSelectCase *self)
{
  return trio_listener_get_line (self->object);
}

static gboolean
may_accept (const TrioSelectCase *self)
{
  return trio_socket_line_is_ready (line_of_listener (self));
}

static gboolean
accept_now (const TrioSelectCase *self, GError **error)
{
  TrioStream *stream = trio_listener_accept_now (self->object, error);

  if (stream == NULL)
    return FALSE;
  *(TrioStream **) self->value = stream;
  return TRUE;
}

static gboolean
arm_accept (const TrioSelectCase *self)
{
  return trio_socket_line_arm (line_of_listener (self));
}

static void
join_accept (const TrioSelectCase *self, TrioWaiter *cell)
{
  trio_socket_line_join (line_of_listener (self), cell);
}

static void
leave_accept (const TrioSelectCase *self)
{
  trio_socket_line_leave (line_of_listener (self));
}

static guint64 *
listener_chosen_at (const TrioSelectCase *self)
{
  return &line_of_listener (self)->chosen_at;
}

TrioSelectCase
trio_case_accept (TrioListener *listener, TrioStream **stream)
{
  static const TrioSelectable selectable = {
    .what = "a connection",
    .is_ready = may_accept,
    .take = accept_now,
    .join = join_accept,
    .chosen_at = listener_chosen_at,
    .is_hint = TRUE,
    .arm = arm_accept,
    .leave = leave_accept,
  };
  TrioSelectCase never = { .kind = TRIO_SELECT_OTHER, .selectable = &selectable };

  g_return_val_if_fail (stream != NULL, never);
  return (TrioSelectCase) { .kind = TRIO_SELECT_OTHER, .object = listener, .value = stream, .selectable = &selectable };
}

/* --- something to receive --- */

static TrioSocketLine *
line_of_socket (const TrioSelectCase *self)
{
  return ((TrioSocketHandle *) self->object)->line;
}

static gboolean
is_readable (const TrioSelectCase *self)
{
  return trio_socket_line_is_ready (line_of_socket (self));
}

/* Nothing is taken: who receives next finds it. */
static gboolean
check_readable (const TrioSelectCase *self, GError **error)
{
  if (!trio_socket_begin (self->object, TRIO_IO_READ, "receiving", error))
    return FALSE;
  trio_socket_end (self->object, TRIO_IO_READ);
  return TRUE;
}

static gboolean
arm_readable (const TrioSelectCase *self)
{
  return trio_socket_line_arm (line_of_socket (self));
}

static void
join_readable (const TrioSelectCase *self, TrioWaiter *cell)
{
  trio_socket_line_join (line_of_socket (self), cell);
}

static void
leave_readable (const TrioSelectCase *self)
{
  trio_socket_line_leave (line_of_socket (self));
}

static guint64 *
socket_chosen_at (const TrioSelectCase *self)
{
  return &line_of_socket (self)->chosen_at;
}

TrioSelectCase
trio_case_readable (TrioSocketHandle *socket)
{
  static const TrioSelectable selectable = {
    .what = "something to receive",
    .is_ready = is_readable,
    .take = check_readable,
    .join = join_readable,
    .chosen_at = socket_chosen_at,
    .is_hint = TRUE,
    .arm = arm_readable,
    .leave = leave_readable,
  };

  if (socket != NULL && socket->line == NULL)
    {
      socket->line = g_new (TrioSocketLine, 1);
      trio_socket_line_init (socket->line, &socket->line->alone, 1, TRIO_IO_READ);
      socket->line->alone = socket;
    }
  return (TrioSelectCase) { .kind = TRIO_SELECT_OTHER, .object = socket, .selectable = &selectable };
}
