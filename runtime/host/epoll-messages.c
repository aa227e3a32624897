/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Messages: bytes from or into several places, with what travels beside them. One sendmsg() or recvmsg() each, or none if it is known what
 * it would say. */

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sys/uio.h>

#include "host/epoll-passing.h"
#include "host/epoll-private.h"
#include "host/sockaddr.h"
#include "host/sigpipe.h"

/* The system takes no more at once; of a stream the rest is left for the next call. */
#define PARTS_MAX 1024

G_STATIC_ASSERT (sizeof (TrioInputVector) == sizeof (struct iovec) && sizeof (TrioOutputVector) == sizeof (struct iovec));
G_STATIC_ASSERT (offsetof (TrioInputVector, size) == offsetof (struct iovec, iov_len));
G_STATIC_ASSERT (offsetof (TrioOutputVector, size) == offsetof (struct iovec, iov_len));

static gsize
size_of (const struct iovec *parts, gsize n_parts)
{
  gsize size = 0;

  for (gsize i = 0; i < n_parts; i++)
    size += parts[i].iov_len;
  return size;
}

static int
count_parts (const EpollSocket *socket, guint n_vectors)
{
  return (int) (socket->kind == TRIO_SOCKET_DATAGRAM ? n_vectors : MIN (n_vectors, PARTS_MAX));
}

static gssize
receive_parts (EpollSocket *ours, struct msghdr *header, int flags)
{
  gssize n;

  do
    n = ours->by_file ? readv (ours->fd, header->msg_iov, (int) header->msg_iovlen) : recvmsg (ours->fd, header, flags);
  while (n < 0 && errno == EINTR);
  if (ours->by_file)
    header->msg_namelen = 0;
  return n;
}

static gssize
verb_receive_message (TrioIo *io, TrioSocket *socket, const TrioInputVector *vectors, guint n_vectors, TrioSocketMessage *message)
{
  EpollSocket *ours = (EpollSocket *) socket;
  struct sockaddr_storage storage;
  TrioControl control;
  struct msghdr header = { .msg_name = &storage, .msg_namelen = sizeof storage, .msg_iov = (struct iovec *) (gpointer) vectors,
                           .msg_iovlen = (gsize) count_parts (ours, n_vectors) };
  gsize size = size_of (header.msg_iov, header.msg_iovlen);
  /* Of a datagram it tells the real size; of a stream it would throw bytes away. */
  int flags = ours->kind == TRIO_SOCKET_DATAGRAM ? MSG_TRUNC : 0;
  gssize n;

  if (ours->failed != 0)
    return ours->failed;
  if (trio_epoll_is_drained (ours, TRIO_IO_READ))
    return -EAGAIN;

  memset (&storage, 0, sizeof storage);
  if (ours->family == TRIO_ADDRESS_UNIX && !ours->by_file)
    {
      header.msg_control = &control;
      header.msg_controllen = sizeof control;
    }
  n = receive_parts (ours, &header, flags | MSG_CMSG_CLOEXEC);
  if (n < 0)
    {
      if (errno == EAGAIN)
        ours->ready[TRIO_IO_READ] = FALSE;
      return -errno;
    }

  *message = (TrioSocketMessage) { .size = (gsize) n };
  if (header.msg_namelen > sizeof storage.ss_family)
    message->has_address = trio_sockaddr_to_address ((struct sockaddr *) &storage, header.msg_namelen, &message->address);
  if (header.msg_control != NULL)
    trio_epoll_unpack (io, &header, message);
  return MIN (n, (gssize) size);
}

static gssize
send_parts (EpollSocket *ours, const struct msghdr *header)
{
  TrioSigpipe sigpipe;
  gssize n;

  if (ours->by_file)
    trio_sigpipe_hold (&sigpipe);
  do
    n = ours->by_file ? writev (ours->fd, header->msg_iov, (int) header->msg_iovlen) : sendmsg (ours->fd, header, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (ours->by_file)
    trio_sigpipe_release (&sigpipe, n < 0 && errno == EPIPE);
  return n;
}

static gssize
verb_send_message (TrioIo *io, TrioSocket *socket, const TrioOutputVector *vectors, guint n_vectors, const TrioSocketMessage *message)
{
  static const TrioSocketMessage nothing;
  EpollSocket *ours = (EpollSocket *) socket;
  struct sockaddr_storage storage;
  TrioControl control;
  struct msghdr header = { .msg_iov = (struct iovec *) (gpointer) vectors, .msg_iovlen = (gsize) count_parts (ours, n_vectors) };
  gssize n;

  message = message != NULL ? message : &nothing;
  if (ours->failed != 0)
    return ours->failed;
  if (message->n_passed > 0 && (ours->family != TRIO_ADDRESS_UNIX || ours->by_file))
    return -EOPNOTSUPP;
  if (trio_epoll_is_drained (ours, TRIO_IO_WRITE))
    return -EAGAIN;

  if (message->has_address)
    {
      header.msg_namelen = trio_sockaddr_from_address (&message->address, &storage);
      header.msg_name = &storage;
    }
  if (message->n_passed > 0)
    trio_epoll_enclose (io, &header, &control, message);
  n = send_parts (ours, &header);
  if (message->n_passed > 0)
    trio_epoll_let_go (io, message, n >= 0);
  if (n < 0)
    {
      /* The receiver's mail is full, which says nothing about this socket. */
      if (errno == EAGAIN && message->has_address && ours->family == TRIO_ADDRESS_UNIX)
        return -ENOBUFS;
      if (errno == EAGAIN)
        ours->ready[TRIO_IO_WRITE] = FALSE;
      return -errno;
    }
  if (trio_epoll_short_means_drained (ours) && (gsize) n < size_of (header.msg_iov, header.msg_iovlen))
    ours->ready[TRIO_IO_WRITE] = FALSE;
  return n;
}

static gssize
verb_peek (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, gpointer buffer, gsize size)
{
  EpollSocket *ours = (EpollSocket *) socket;
  gssize n;

  if (ours->failed != 0)
    return ours->failed;
  if (trio_epoll_is_drained (ours, TRIO_IO_READ))
    return -EAGAIN;
  do
    n = recv (ours->fd, buffer, size, MSG_PEEK);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN)
    ours->ready[TRIO_IO_READ] = FALSE;
  return n < 0 ? -errno : n;
}

void
trio_epoll_fill_messages (TrioIo *io)
{
  io->receive_message = verb_receive_message;
  io->send_message = verb_send_message;
  io->peek = verb_peek;
}
