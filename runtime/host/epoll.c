/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Readiness: what the system says about sockets, and waking those who wait. */

#include "host/epoll.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

#include "host/epoll-private.h"

#define WAKEUP_KEY G_MAXUINT64
#define NO_SLOT    G_MAXUINT32

static void poll_events (TrioIo *io);

static gboolean
set_up (TrioEpoll *self, int wakeup_fd)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = WAKEUP_KEY };

  self->fd = epoll_create1 (EPOLL_CLOEXEC);
  return self->fd >= 0 && epoll_ctl (self->fd, EPOLL_CTL_ADD, wakeup_fd, &event) >= 0;
}

TrioEpoll *
trio_epoll_new (int wakeup_fd, GError **error)
{
  TrioEpoll *self = g_new0 (TrioEpoll, 1);

  self->slots = g_array_new (FALSE, FALSE, sizeof (EpollSlot));
  self->first_free = NO_SLOT;
  self->io.name = "epoll";
  self->io.poll = poll_events;
  self->io.arm = trio_epoll_arm;
  trio_epoll_fill_table (&self->io);

  if (!set_up (self, wakeup_fd))
    {
      int errnum = errno;

      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errnum), "could not set up epoll for the run: %s",
                   g_strerror (errnum));
      trio_epoll_free (self);
      return NULL;
    }
  return self;
}

static void
free_if_forgotten (TrioEpoll *self)
{
  if (self->fd >= 0 || self->n_sockets > 0)
    return;
  g_array_unref (self->slots);
  g_free (self);
}

void
trio_epoll_free (TrioEpoll *self)
{
  for (guint i = 0; i < self->slots->len; i++)
    {
      EpollSocket *socket = g_array_index (self->slots, EpollSlot, i).socket;

      if (socket != NULL)
        trio_epoll_close_leaked (self, socket);
    }
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->n_events = 0;
  free_if_forgotten (self);
}

TrioIo *
trio_epoll_get_io (TrioEpoll *self)
{
  return &self->io;
}

int
trio_epoll_get_fd (TrioEpoll *self)
{
  return self->fd;
}

void
trio_epoll_ask (TrioEpoll *self)
{
  self->io.rests = FALSE;
}

gboolean
trio_epoll_look (TrioEpoll *self)
{
  int n;

  if (self->n_events > 0)
    return TRUE;

  n = epoll_wait (self->fd, self->events, EVENTS_PER_LOOK, 0);
  for (int i = 0; i < n; i++)
    if (self->events[i].data.u64 != WAKEUP_KEY)
      self->events[self->n_events++] = self->events[i];

  self->more = n == EVENTS_PER_LOOK;
  self->io.rests = self->n_events == 0 && !self->more;
  return self->n_events > 0;
}

static gboolean
is_waited_for (TrioEpoll *self, guint slot)
{
  const EpollSocket *socket = g_array_index (self->slots, EpollSlot, slot).socket;

  return socket != NULL && (socket->socket.waiting[TRIO_IO_READ] != NULL || socket->socket.waiting[TRIO_IO_WRITE] != NULL);
}

/* Asked before each wait without a deadline. A server's first socket is mostly its listener, which is always waited for. */
gboolean
trio_epoll_has_waiter (TrioEpoll *self)
{
  if (self->waiter_hint < self->slots->len && is_waited_for (self, self->waiter_hint))
    return TRUE;
  for (guint i = 0; i < self->slots->len; i++)
    if (is_waited_for (self, i))
      {
        self->waiter_hint = i;
        return TRUE;
      }
  return FALSE;
}

static EpollSocket *
socket_of_event (TrioEpoll *self, guint64 key)
{
  EpollSlot *slot = &g_array_index (self->slots, EpollSlot, (guint32) key);

  return slot->generation == key >> 32 ? slot->socket : NULL;
}

static void
hand_out (EpollSocket *socket, guint32 events)
{
  /* With urgent data a read stops short of what is there. */
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
    socket->ended = TRUE;

  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
    {
      socket->ready[TRIO_IO_READ] = TRUE;
      trio_socket_wake (&socket->socket, TRIO_IO_READ);
    }
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    {
      socket->ready[TRIO_IO_WRITE] = TRUE;
      trio_socket_wake (&socket->socket, TRIO_IO_WRITE);
    }
}

static void
poll_events (TrioIo *io)
{
  TrioEpoll *self = (TrioEpoll *) io;

  trio_epoll_look (self);
  for (guint i = 0; i < self->n_events; i++)
    {
      EpollSocket *socket = socket_of_event (self, self->events[i].data.u64);

      if (socket != NULL)
        hand_out (socket, self->events[i].events);
    }
  self->n_events = 0;
  self->io.rests = !self->more;
}

/* Nothing can be ready that the first attempt did not see, so there is no need to look again: the system reports the present state
 * of a descriptor as the first edge. */
gboolean
trio_epoll_arm (TrioIo *io, TrioSocket *socket, TrioIoDirection direction)
{
  TrioEpoll *self = (TrioEpoll *) io;
  EpollSocket *ours = (EpollSocket *) socket;
  EpollSlot *slot = &g_array_index (self->slots, EpollSlot, ours->slot);

  if (!ours->registered)
    {
      struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
        .data.u64 = (guint64) slot->generation << 32 | ours->slot,
      };

      if (epoll_ctl (self->fd, EPOLL_CTL_ADD, ours->fd, &event) < 0)
        {
          /* The limit on watches, or no memory. The next attempt says so. */
          ours->failed = -errno;
          return TRUE;
        }
      ours->registered = TRUE;
      ours->ready[TRIO_IO_READ] = FALSE;
      ours->ready[TRIO_IO_WRITE] = FALSE;
    }
  return ours->ready[direction];
}

void
trio_epoll_adopt (TrioEpoll *self, EpollSocket *socket)
{
  EpollSlot *slot;

  if (self->first_free == NO_SLOT)
    {
      EpollSlot fresh = { NULL, 0, NO_SLOT };

      g_array_append_val (self->slots, fresh);
      self->first_free = self->slots->len - 1;
    }

  socket->slot = self->first_free;
  slot = &g_array_index (self->slots, EpollSlot, socket->slot);
  self->first_free = slot->next_free;
  slot->socket = socket;
  self->n_sockets++;
}

void
trio_epoll_forget (TrioEpoll *self, EpollSocket *socket)
{
  EpollSlot *slot = &g_array_index (self->slots, EpollSlot, socket->slot);

  slot->socket = NULL;
  slot->generation++;
  slot->next_free = self->first_free;
  self->first_free = socket->slot;
  self->n_sockets--;
  self->n_found_unblocked -= socket->found_unblocked;
  free_if_forgotten (self);
}
