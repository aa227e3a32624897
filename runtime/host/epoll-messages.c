/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Messages: bytes with what travels beside them. One sendmsg() or recvmsg() each, or none if it is known what it would say. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "host/epoll-private.h"
#include "host/sockaddr.h"

static gssize
verb_receive_message (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, gpointer buffer, gsize size, TrioSocketMessage *message)
{
  EpollSocket *ours = (EpollSocket *) socket;
  struct sockaddr_storage storage;
  struct iovec part = { buffer, size };
  struct msghdr header = { .msg_name = &storage, .msg_namelen = sizeof storage, .msg_iov = &part, .msg_iovlen = 1 };
  /* Of a datagram it tells the real size; of a stream it would throw bytes away. */
  int flags = ours->kind == TRIO_SOCKET_DATAGRAM ? MSG_TRUNC : 0;
  gssize n;

  if (ours->failed != 0)
    return ours->failed;
  if (trio_epoll_is_drained (ours, TRIO_IO_READ))
    return -EAGAIN;

  memset (&storage, 0, sizeof storage);
  do
    n = recvmsg (ours->fd, &header, flags | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);

  if (n < 0)
    {
      if (errno == EAGAIN)
        ours->ready[TRIO_IO_READ] = FALSE;
      return -errno;
    }

  *message = (TrioSocketMessage) { .size = (gsize) n };
  if (header.msg_namelen > sizeof storage.ss_family)
    message->has_address = trio_sockaddr_to_address ((struct sockaddr *) &storage, header.msg_namelen, &message->address);
  return MIN (n, (gssize) size);
}

static gssize
verb_send_message (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, gconstpointer data, gsize size, const TrioSocketMessage *message)
{
  EpollSocket *ours = (EpollSocket *) socket;
  struct sockaddr_storage storage;
  struct iovec part = { (gpointer) data, size };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  gssize n;

  if (ours->failed != 0)
    return ours->failed;
  if (trio_epoll_is_drained (ours, TRIO_IO_WRITE))
    return -EAGAIN;

  if (message->has_address)
    {
      header.msg_namelen = trio_sockaddr_from_address (&message->address, &storage);
      header.msg_name = &storage;
    }
  do
    n = sendmsg (ours->fd, &header, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);

  if (n < 0)
    {
      if (errno == EAGAIN)
        ours->ready[TRIO_IO_WRITE] = FALSE;
      return -errno;
    }
  return n;
}

void
trio_epoll_fill_messages (TrioIo *io)
{
  io->receive_message = verb_receive_message;
  io->send_message = verb_send_message;
}
