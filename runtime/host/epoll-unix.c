/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What only unix sockets have: pairs, and names in the file system. */

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/epoll-private.h"

static int
verb_pair (TrioIo *io, TrioSocketKind kind, TrioSocket *ends[2])
{
  int type = kind == TRIO_SOCKET_STREAM ? SOCK_STREAM : SOCK_DGRAM;
  int fds[2];

  if (socketpair (AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0)
    return -errno;
  for (guint i = 0; i < 2; i++)
    ends[i] = &trio_epoll_socket_new ((TrioEpoll *) io, fds[i], TRIO_ADDRESS_UNIX, kind)->socket;
  return 0;
}

/* The path, or NULL for a name that is not in the file system. */
static const char *
path_of (const TrioAddress *address)
{
  return address->family == TRIO_ADDRESS_UNIX && address->path[0] != '\0' ? address->path : NULL;
}

static int
verb_get_name (TrioIo *io G_GNUC_UNUSED, const TrioAddress *address, guint64 id[2])
{
  const char *path = path_of (address);
  struct stat status;

  if (path == NULL)
    return -ENOENT;
  if (lstat (path, &status) < 0)
    return -errno;
  id[0] = (guint64) status.st_dev;
  id[1] = (guint64) status.st_ino;
  return 0;
}

static int
verb_set_name_mode (TrioIo *io G_GNUC_UNUSED, const TrioAddress *address, guint mode)
{
  const char *path = path_of (address);

  if (path == NULL)
    return -ENOENT;
  return chmod (path, (mode_t) mode) < 0 ? -errno : 0;
}

static int
verb_remove_name (TrioIo *io G_GNUC_UNUSED, const TrioAddress *address)
{
  const char *path = path_of (address);
  struct stat status;

  if (path == NULL)
    return -ENOENT;
  if (lstat (path, &status) < 0)
    return -errno;
  if (!S_ISSOCK (status.st_mode))
    return -ENOTSOCK;
  return unlink (path) < 0 ? -errno : 0;
}

void
trio_epoll_fill_unix (TrioIo *io)
{
  io->pair = verb_pair;
  io->get_name = verb_get_name;
  io->set_name_mode = verb_set_name_mode;
  io->remove_name = verb_remove_name;
}
