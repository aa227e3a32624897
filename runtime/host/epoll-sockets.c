/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The socket verbs: one system call each, or none if it is known what it would say. */

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/epoll-private.h"
#include "host/resolve.h"
#include "host/sockaddr.h"

EpollSocket *
trio_epoll_socket_new (TrioEpoll *self, int fd, TrioAddressFamily family, TrioSocketKind kind)
{
  EpollSocket *socket = g_new0 (EpollSocket, 1);

  socket->fd = fd;
  socket->family = family;
  socket->kind = kind;
  socket->ready[TRIO_IO_READ] = TRUE;
  socket->ready[TRIO_IO_WRITE] = TRUE;
  trio_epoll_adopt (self, socket);
  return socket;
}

static int
verb_socket (TrioIo *io, TrioAddressFamily family, TrioSocketKind kind, TrioSocket **out)
{
  int type = kind == TRIO_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM;
  int fd = socket (trio_sockaddr_family (family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -errno;
  *out = &trio_epoll_socket_new ((TrioEpoll *) io, fd, family, kind)->socket;
  return 0;
}

/* By TrioSocketOption. */
static const struct
{
  int level;
  int name;
} options[] = {
  [TRIO_SOCKET_REUSE_ADDRESS] = { SOL_SOCKET, SO_REUSEADDR },
  [TRIO_SOCKET_NO_DELAY] = { IPPROTO_TCP, TCP_NODELAY },
  [TRIO_SOCKET_IPV6_ONLY] = { IPPROTO_IPV6, IPV6_V6ONLY },
  [TRIO_SOCKET_REUSE_PORT] = { SOL_SOCKET, SO_REUSEPORT },
  [TRIO_SOCKET_KEEP_ALIVE] = { SOL_SOCKET, SO_KEEPALIVE },
  [TRIO_SOCKET_BROADCAST] = { SOL_SOCKET, SO_BROADCAST },
  [TRIO_SOCKET_RECEIVE_BUFFER] = { SOL_SOCKET, SO_RCVBUF },
  [TRIO_SOCKET_SEND_BUFFER] = { SOL_SOCKET, SO_SNDBUF },
  [TRIO_SOCKET_OUT_OF_BAND_INLINE] = { SOL_SOCKET, SO_OOBINLINE },
  [TRIO_SOCKET_LINGER] = { SOL_SOCKET, SO_LINGER },
};
G_STATIC_ASSERT (G_N_ELEMENTS (options) == TRIO_SOCKET_N_OPTIONS);

static gboolean
has_option (const EpollSocket *socket, TrioSocketOption option)
{
  return (guint) option < G_N_ELEMENTS (options)
         && (options[option].level == SOL_SOCKET || socket->family != TRIO_ADDRESS_UNIX);
}

static int
verb_set_option (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, TrioSocketOption option, int value)
{
  EpollSocket *ours = (EpollSocket *) socket;

  if (!has_option (ours, option))
    return -ENOPROTOOPT;
  if (option == TRIO_SOCKET_LINGER)
    {
      const struct linger linger = { .l_onoff = value >= 0, .l_linger = MAX (value, 0) };

      return setsockopt (ours->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0 ? -errno : 0;
    }
  return setsockopt (ours->fd, options[option].level, options[option].name, &value, sizeof value) < 0 ? -errno : 0;
}

static int
verb_get_option (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, TrioSocketOption option, int *value)
{
  EpollSocket *ours = (EpollSocket *) socket;
  socklen_t length = sizeof *value;

  if (!has_option (ours, option))
    return -ENOPROTOOPT;
  if (option == TRIO_SOCKET_LINGER)
    {
      struct linger linger = { 0 };

      length = sizeof linger;
      if (getsockopt (ours->fd, SOL_SOCKET, SO_LINGER, &linger, &length) < 0)
        return -errno;
      *value = linger.l_onoff ? linger.l_linger : -1;
      return 0;
    }
  return getsockopt (ours->fd, options[option].level, options[option].name, value, &length) < 0 ? -errno : 0;
}

static int
verb_bind (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, const TrioAddress *address)
{
  struct sockaddr_storage storage;
  socklen_t length = trio_sockaddr_from_address (address, &storage);

  return bind (((EpollSocket *) socket)->fd, (struct sockaddr *) &storage, length) < 0 ? -errno : 0;
}

static int
verb_listen (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, int backlog)
{
  return listen (((EpollSocket *) socket)->fd, backlog) < 0 ? -errno : 0;
}

static void
remember_remote (EpollSocket *socket, const struct sockaddr_storage *storage, socklen_t length)
{
  if (socket->family == TRIO_ADDRESS_UNIX || length > sizeof socket->remote)
    return;
  memcpy (&socket->remote, storage, length);
  socket->has_remote = TRUE;
}

static int
verb_accept (TrioIo *io, TrioSocket *socket, TrioSocket **connection)
{
  EpollSocket *listening = (EpollSocket *) socket;
  EpollSocket *accepted;
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  int fd;

  if (listening->failed != 0)
    return listening->failed;
  if (trio_epoll_is_drained (listening, TRIO_IO_READ))
    return -EAGAIN;

  do
    fd = accept4 (listening->fd, (struct sockaddr *) &storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (fd < 0 && errno == EINTR);

  if (fd < 0)
    {
      /* Without descriptors the client is still there: only EAGAIN says that nobody is. */
      if (errno == EAGAIN)
        listening->ready[TRIO_IO_READ] = FALSE;
      return -errno;
    }

  accepted = trio_epoll_socket_new ((TrioEpoll *) io, fd, listening->family, listening->kind);
  remember_remote (accepted, &storage, length);
  *connection = &accepted->socket;
  return 0;
}

static int
verb_connect (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, const TrioAddress *address)
{
  EpollSocket *ours = (EpollSocket *) socket;
  struct sockaddr_storage storage;
  socklen_t length = trio_sockaddr_from_address (address, &storage);

  if (connect (ours->fd, (struct sockaddr *) &storage, length) == 0)
    {
      remember_remote (ours, &storage, length);
      return 0;
    }
  if (errno != EINPROGRESS && errno != EINTR)
    return -errno;

  remember_remote (ours, &storage, length);
  ours->ready[TRIO_IO_WRITE] = FALSE;
  return -EINPROGRESS;
}

static int
verb_connect_result (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket)
{
  EpollSocket *ours = (EpollSocket *) socket;
  int result = 0;
  socklen_t length = sizeof result;

  if (ours->failed != 0)
    return ours->failed;
  if (!ours->ready[TRIO_IO_WRITE])
    return -EINPROGRESS;
  if (getsockopt (ours->fd, SOL_SOCKET, SO_ERROR, &result, &length) < 0)
    return -errno;
  return -result;
}

static gssize
verb_receive (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, gpointer buffer, gsize size)
{
  EpollSocket *ours = (EpollSocket *) socket;
  gssize n;

  if (ours->failed != 0)
    return ours->failed;
  if (trio_epoll_is_drained (ours, TRIO_IO_READ))
    return -EAGAIN;

  do
    n = ours->by_file ? read (ours->fd, buffer, size) : recv (ours->fd, buffer, size, 0);
  while (n < 0 && errno == EINTR);

  if (n < 0)
    {
      if (errno == EAGAIN)
        ours->ready[TRIO_IO_READ] = FALSE;
      return -errno;
    }
  if ((gsize) n < size && n > 0 && trio_epoll_short_means_drained (ours))
    ours->ready[TRIO_IO_READ] = FALSE;
  return n;
}

static gssize
verb_send (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, gconstpointer data, gsize size)
{
  EpollSocket *ours = (EpollSocket *) socket;
  gssize n;

  if (ours->failed != 0)
    return ours->failed;
  if (trio_epoll_is_drained (ours, TRIO_IO_WRITE))
    return -EAGAIN;

  do
    n = ours->by_file ? trio_epoll_write (ours->fd, data, size) : send (ours->fd, data, size, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);

  if (n < 0)
    {
      if (errno == EAGAIN)
        ours->ready[TRIO_IO_WRITE] = FALSE;
      return -errno;
    }
  if ((gsize) n < size && trio_epoll_short_means_drained (ours))
    ours->ready[TRIO_IO_WRITE] = FALSE;
  return n;
}

static int
verb_shutdown (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, gboolean sending, gboolean receiving)
{
  EpollSocket *ours = (EpollSocket *) socket;
  int how = sending && receiving ? SHUT_RDWR : sending ? SHUT_WR : SHUT_RD;

  if (shutdown (ours->fd, how) < 0)
    return -errno;
  /* The end of the stream can be read now. */
  if (receiving)
    {
      ours->ended = TRUE;
      ours->ready[TRIO_IO_READ] = TRUE;
      trio_socket_wake (socket, TRIO_IO_READ);
    }
  /* Nor will there be room for more; of a unix socket the system does not tell. */
  if (sending)
    {
      ours->ready[TRIO_IO_WRITE] = TRUE;
      trio_socket_wake (socket, TRIO_IO_WRITE);
    }
  return 0;
}

static void
verb_get_kind (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, TrioAddressFamily *family, TrioSocketKind *kind)
{
  *family = ((EpollSocket *) socket)->family;
  *kind = ((EpollSocket *) socket)->kind;
}

static int
verb_get_address (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, gboolean remote, TrioAddress *address)
{
  EpollSocket *ours = (EpollSocket *) socket;
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  int result;

  memset (&storage, 0, sizeof storage);
  if (remote && ours->has_remote)
    {
      memcpy (&storage, &ours->remote, sizeof ours->remote);
      length = sizeof ours->remote;
    }
  else
    {
      result = remote ? getpeername (ours->fd, (struct sockaddr *) &storage, &length)
                      : getsockname (ours->fd, (struct sockaddr *) &storage, &length);
      if (result < 0)
        return -errno;
    }
  return trio_sockaddr_to_address ((struct sockaddr *) &storage, length, address) ? 0 : -EAFNOSUPPORT;
}

static void
verb_close (TrioIo *io, TrioSocket *socket)
{
  TrioEpoll *self = (TrioEpoll *) io;
  EpollSocket *ours = (EpollSocket *) socket;

  /* The system takes what is closed out of the epoll set by itself, but only with its last descriptor. */
  if (ours->fd >= 0 && ours->shared && ours->registered)
    epoll_ctl (self->fd, EPOLL_CTL_DEL, ours->fd, NULL);
  if (ours->fd >= 0)
    {
      trio_epoll_give_back (self, ours);
      close (ours->fd);
    }
  trio_epoll_forget (self, ours);
  g_free (ours);
}

void
trio_epoll_close_leaked (TrioEpoll *self, EpollSocket *socket)
{
  TrioAddress address;
  gboolean remote = TRUE;
  g_autofree char *text = NULL;

  if (verb_get_address (&self->io, &socket->socket, TRUE, &address) < 0)
    remote = FALSE;
  if (remote || verb_get_address (&self->io, &socket->socket, FALSE, &address) >= 0)
    text = g_strdup_printf (" %s port %u", remote ? "with the peer's" : "at", address.port);

  g_warning ("the run has ended with a socket still open%s: close and free streams and listeners before main returns",
             text != NULL ? text : "");
  trio_epoll_give_back (self, socket);
  close (socket->fd);
  socket->fd = -1;
  socket->failed = -EBADF;
}

static gboolean
verb_resolve (TrioIo *io G_GNUC_UNUSED, const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses, GError **error)
{
  return trio_host_resolve (host, port, addresses, n_addresses, error);
}

static char *
verb_look_up_name (TrioIo *io G_GNUC_UNUSED, const TrioAddress *address, GError **error)
{
  return trio_host_look_up_name (address, error);
}

void
trio_epoll_fill_table (TrioIo *io)
{
  io->socket = verb_socket;
  io->set_option = verb_set_option;
  io->get_option = verb_get_option;
  io->bind = verb_bind;
  io->listen = verb_listen;
  io->accept = verb_accept;
  io->connect = verb_connect;
  io->connect_result = verb_connect_result;
  io->receive = verb_receive;
  io->send = verb_send;
  io->shutdown = verb_shutdown;
  io->get_kind = verb_get_kind;
  io->get_address = verb_get_address;
  io->close = verb_close;
  io->resolve = verb_resolve;
  io->look_up_name = verb_look_up_name;
  trio_epoll_fill_messages (io);
  trio_epoll_fill_pipes (io);
  trio_epoll_fill_unix (io);
  trio_epoll_fill_descriptors (io);
}
