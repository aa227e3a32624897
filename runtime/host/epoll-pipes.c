/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Descriptors that are read and written like files: pipes of ours, and streams of any kind that a program hands over, such as a
 * terminal. To everybody above they are sockets. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/epoll-private.h"
#include "host/sigpipe.h"

static EpollSocket *
adopt (TrioEpoll *self, int fd)
{
  EpollSocket *socket = trio_epoll_socket_new (self, fd, TRIO_ADDRESS_UNIX, TRIO_SOCKET_PIPE);

  socket->by_file = TRUE;
  socket->shared = TRUE;
  return socket;
}

static int
verb_pipe (TrioIo *io, TrioSocket *ends[2])
{
  int fds[2];

  if (pipe2 (fds, O_NONBLOCK | O_CLOEXEC) < 0)
    return -errno;
  for (guint direction = TRIO_IO_READ; direction <= TRIO_IO_WRITE; direction++)
    ends[direction] = &adopt ((TrioEpoll *) io, fds[direction])->socket;
  return 0;
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

static int
verb_adopt_stream (TrioIo *io, int descriptor, TrioSocket **out, TrioDescriptorFlags *can)
{
  int flags = fcntl (descriptor, F_GETFL);
  EpollSocket *socket;
  struct stat about;

  if (flags < 0 || fstat (descriptor, &about) < 0)
    return -errno;
  if (S_ISREG (about.st_mode) || S_ISDIR (about.st_mode) || S_ISBLK (about.st_mode))
    return -EPERM;
  if ((flags & O_NONBLOCK) == 0 && fcntl (descriptor, F_SETFL, flags | O_NONBLOCK) < 0)
    return -errno;

  socket = adopt ((TrioEpoll *) io, descriptor);
  socket->was_blocking = (flags & O_NONBLOCK) == 0;
  *can = describe (about.st_mode, flags);
  *out = &socket->socket;
  return 0;
}

/* The flag belongs to the open file, which others may share: a shell its terminal. */
void
trio_epoll_give_back (EpollSocket *socket)
{
  int flags;

  if (!socket->was_blocking)
    return;
  flags = fcntl (socket->fd, F_GETFL);
  if (flags >= 0)
    fcntl (socket->fd, F_SETFL, flags & ~O_NONBLOCK);
}

gssize
trio_epoll_write (int fd, gconstpointer data, gsize size)
{
  TrioSigpipe sigpipe;
  gssize n;

  trio_sigpipe_hold (&sigpipe);
  n = write (fd, data, size);
  trio_sigpipe_release (&sigpipe, n < 0 && errno == EPIPE);
  return n;
}

void
trio_epoll_fill_pipes (TrioIo *io)
{
  io->pipe = verb_pipe;
  io->adopt_stream = verb_adopt_stream;
}
