/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Descriptors that somebody else has made: taken over, given back, or only watched.
 *
 * A watch has a duplicate of its own, so that nothing that happens to the original can hurt it: when that is closed behind our back, and
 * its number given to another file, the watch goes on watching what it was made for, and forgets nothing of anybody else's when it
 * goes. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/epoll-private.h"

static gboolean
family_of (int domain, TrioAddressFamily *family)
{
  *family = domain == AF_UNIX ? TRIO_ADDRESS_UNIX : domain == AF_INET6 ? TRIO_ADDRESS_IPV6 : TRIO_ADDRESS_IPV4;
  return domain == AF_UNIX || domain == AF_INET6 || domain == AF_INET;
}

EpollSocket *
trio_epoll_socket_of_descriptor (TrioEpoll *self, int fd)
{
  socklen_t size = sizeof (int);
  TrioAddressFamily family;
  int domain = 0, type = 0, flags;
  EpollSocket *socket;

  if (getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
    return NULL;
  if (!family_of (domain, &family) || (type != SOCK_STREAM && type != SOCK_DGRAM))
    {
      errno = EPROTONOSUPPORT;
      return NULL;
    }
  flags = fcntl (fd, F_GETFL);
  if (flags < 0 || fcntl (fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl (fd, F_SETFD, FD_CLOEXEC) < 0)
    return NULL;
  socket = trio_epoll_socket_new (self, fd, family, type == SOCK_STREAM ? TRIO_SOCKET_STREAM : TRIO_SOCKET_DATAGRAM);
  socket->shared = TRUE;
  return socket;
}

static TrioDescriptorFlags
describe (mode_t type, int flags)
{
  TrioDescriptorFlags can = S_ISSOCK (type) ? TRIO_DESCRIPTOR_SHUTS_DOWN : 0;

  if ((flags & O_ACCMODE) != O_WRONLY)
    can |= TRIO_DESCRIPTOR_RECEIVES;
  if ((flags & O_ACCMODE) != O_RDONLY)
    can |= TRIO_DESCRIPTOR_SENDS;
  return can;
}

/* Sockets of other kinds than ours, too, are read and written like files. */
static int
verb_adopt (TrioIo *io, int descriptor, TrioSocket **socket, TrioDescriptorFlags *can)
{
  int flags = fcntl (descriptor, F_GETFL), on_exec = fcntl (descriptor, F_GETFD);
  EpollSocket *adopted;
  struct stat about;

  if (flags < 0 || on_exec < 0 || fstat (descriptor, &about) < 0)
    return -errno;
  if (S_ISREG (about.st_mode) || S_ISDIR (about.st_mode) || S_ISBLK (about.st_mode))
    return -EPERM;
  *can = describe (about.st_mode, flags);
  adopted = S_ISSOCK (about.st_mode) ? trio_epoll_socket_of_descriptor ((TrioEpoll *) io, descriptor) : NULL;
  if (adopted != NULL)
    *can |= TRIO_DESCRIPTOR_IS_SOCKET;
  else
    {
      if ((flags & O_NONBLOCK) == 0 && fcntl (descriptor, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
      adopted = trio_epoll_file_new ((TrioEpoll *) io, descriptor);
    }
  adopted->was_blocking = (flags & O_NONBLOCK) == 0;
  adopted->found_unblocked = !adopted->was_blocking;
  ((TrioEpoll *) io)->n_found_unblocked += adopted->found_unblocked;
  adopted->was_inherited = (on_exec & FD_CLOEXEC) == 0;
  *socket = &adopted->socket;
  return 0;
}

/* The flag belongs to the open file, and standard input and output are often the same one, a terminal. If there is one more of it here, that
 * must go on not to block. Whether it is the same is seen by what has become of its flag. */
static EpollSocket *
another_of_the_same (TrioEpoll *self, EpollSocket *socket)
{
  for (guint i = 0; i < self->slots->len && self->n_found_unblocked > 0; i++)
    {
      EpollSocket *other = g_array_index (self->slots, EpollSlot, i).socket;
      int flags = other != NULL && other != socket && other->found_unblocked && other->fd >= 0 ? fcntl (other->fd, F_GETFL) : -1;

      if (flags >= 0 && (flags & O_NONBLOCK) == 0)
        return other;
    }
  return NULL;
}

/* Others may share it: a shell its terminal. If one of them is ours, the two change their parts, and it gives back in its turn. */
void
trio_epoll_give_back (TrioEpoll *self, EpollSocket *socket)
{
  int flags = socket->was_blocking ? fcntl (socket->fd, F_GETFL) : -1;
  EpollSocket *other;

  if (flags < 0 || fcntl (socket->fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
    return;
  other = another_of_the_same (self, socket);
  if (other == NULL)
    return;
  trio_epoll_stop_blocking (other);
  other->was_blocking = socket->found_unblocked = TRUE;
  socket->was_blocking = other->found_unblocked = FALSE;
}

void
trio_epoll_stop_blocking (EpollSocket *socket)
{
  int flags = fcntl (socket->fd, F_GETFL);

  if (flags >= 0)
    fcntl (socket->fd, F_SETFL, flags | O_NONBLOCK);
}

static int
verb_detach (TrioIo *io, TrioSocket *socket)
{
  TrioEpoll *self = (TrioEpoll *) io;
  EpollSocket *ours = (EpollSocket *) socket;
  int fd = ours->fd;

  if (fd < 0)
    return -EBADF;
  if (ours->registered)
    epoll_ctl (self->fd, EPOLL_CTL_DEL, fd, NULL);
  trio_epoll_give_back (self, ours);
  if (ours->was_inherited)
    fcntl (fd, F_SETFD, 0);
  trio_epoll_forget (self, ours);
  g_free (ours);
  return fd;
}

/* Whoever knows it may make a duplicate of it, which outlives ours. */
static int
verb_get_descriptor (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket)
{
  EpollSocket *ours = (EpollSocket *) socket;

  ours->shared = TRUE;
  return ours->fd;
}

/* The kind is the one of which least is assumed. */
static int
verb_watch (TrioIo *io, int descriptor, TrioSocket **watch)
{
  int fd = fcntl (descriptor, F_DUPFD_CLOEXEC, 0);
  EpollSocket *made;

  if (fd < 0)
    return -errno;
  made = trio_epoll_socket_new ((TrioEpoll *) io, fd, TRIO_ADDRESS_UNIX, TRIO_SOCKET_DATAGRAM);
  made->shared = TRUE;
  trio_epoll_arm (io, &made->socket, TRIO_IO_READ);
  if (made->failed != 0)
    {
      int result = made->failed;

      io->close (io, &made->socket);
      return result;
    }
  *watch = &made->socket;
  return 0;
}

/* What we remember is only "maybe". If the system says no, the next edge will come after this look. */
static gboolean
verb_is_ready (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, TrioIoDirection direction)
{
  EpollSocket *ours = (EpollSocket *) socket;
  struct pollfd look = { .fd = ours->fd, .events = direction == TRIO_IO_READ ? POLLIN : POLLOUT };

  if (ours->failed != 0)
    return TRUE;
  ours->ready[direction] = poll (&look, 1, 0) > 0;
  return ours->ready[direction];
}

void
trio_epoll_fill_descriptors (TrioIo *io)
{
  io->adopt = verb_adopt;
  io->detach = verb_detach;
  io->get_descriptor = verb_get_descriptor;
  io->watch = verb_watch;
  io->is_ready = verb_is_ready;
}
