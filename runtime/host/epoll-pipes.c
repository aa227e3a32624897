/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Descriptors that are read and written like files: pipes of ours, and what a program hands over, such as a terminal. To everybody above they
 * are sockets. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/epoll-private.h"
#include "host/sigpipe.h"

EpollSocket *
trio_epoll_file_new (TrioEpoll *self, int fd)
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
    ends[direction] = &trio_epoll_file_new ((TrioEpoll *) io, fds[direction])->socket;
  return 0;
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
}
