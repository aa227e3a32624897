/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Descriptors in messages (SCM_RIGHTS): unix(7), cmsg(3).
 *
 * What the receiver gets is the open file itself, with its flags and its position, and not a copy. So whether it blocks is settled before it
 * goes: a process that receives it while we still change it would find it changed under its hands. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/epoll-passing.h"
#include "host/files.h"

/* --- sending --- */

static int
descriptor_of (const TrioSocketPassed *passed)
{
  return passed->file != NULL ? trio_host_file_get_fd (passed->file) : ((EpollSocket *) passed->socket)->fd;
}

static void
prepare (TrioIo *io, const TrioSocketPassed *passed)
{
  if (passed->file != NULL)
    lseek (descriptor_of (passed), passed->position, SEEK_SET);
  else
    trio_epoll_give_back ((TrioEpoll *) io, (EpollSocket *) passed->socket);
}

void
trio_epoll_enclose (TrioIo *io, struct msghdr *header, TrioControl *control, const TrioSocketMessage *message)
{
  struct cmsghdr *part = &control->header;

  memset (control, 0, sizeof *control);
  header->msg_control = control;
  header->msg_controllen = CMSG_SPACE (sizeof (int) * message->n_passed);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN (sizeof (int) * message->n_passed);
  for (guint i = 0; i < message->n_passed; i++)
    {
      int fd = descriptor_of (&message->passed[i]);

      prepare (io, &message->passed[i]);
      memcpy (CMSG_DATA (part) + sizeof (int) * i, &fd, sizeof fd);
    }
}

static void
settle (TrioIo *io, const TrioSocketPassed *passed, gboolean sent)
{
  EpollSocket *socket = (EpollSocket *) passed->socket;

  if (passed->file != NULL)
    {
      if (sent)
        trio_host_files_get ()->drop (trio_host_files_get (), passed->file);
    }
  else if (sent)
    {
      socket->shared = TRUE;
      socket->was_blocking = FALSE;
      io->close (io, passed->socket);
    }
  else if (socket->was_blocking)
    trio_epoll_stop_blocking (socket);
}

void
trio_epoll_let_go (TrioIo *io, const TrioSocketMessage *message, gboolean sent)
{
  int errnum = errno;

  for (guint i = 0; i < message->n_passed; i++)
    settle (io, &message->passed[i], sent);
  errno = errnum;
}

/* --- receiving --- */

/* What the system calls an open file; of one that was removed it says so. */
static char *
path_of (int fd)
{
  char link[64], path[4096];
  ssize_t n;

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink (link, path, sizeof path - 1);
  return n > 0 ? g_strndup (path, (gsize) n) : g_strdup_printf ("descriptor %d", fd);
}

static TrioFileFlags
flags_of (int fd)
{
  int flags = fcntl (fd, F_GETFL);
  TrioFileFlags ours = (flags & O_APPEND) != 0 ? TRIO_FILE_APPEND : 0;

  if ((flags & O_ACCMODE) != O_WRONLY)
    ours |= TRIO_FILE_READ;
  if ((flags & O_ACCMODE) != O_RDONLY)
    ours |= TRIO_FILE_WRITE;
  return ours;
}

static int
take (TrioIo *io, int fd, TrioSocketPassed *passed)
{
  struct stat about;

  *passed = (TrioSocketPassed) { .socket = NULL };
  if (fstat (fd, &about) < 0)
    return -errno;
  if (!S_ISREG (about.st_mode))
    return io->adopt (io, fd, &passed->socket, &passed->can);
  *passed = (TrioSocketPassed) { .file = trio_host_file_adopt (fd), .position = MAX (lseek (fd, 0, SEEK_CUR), 0), .flags = flags_of (fd),
                                 .path = path_of (fd) };
  return 0;
}

static void
unpack_one (TrioIo *io, int fd, TrioSocketMessage *message)
{
  int result = -EMSGSIZE;

  if (message->passed == NULL)
    message->passed = g_new (TrioSocketPassed, TRIO_SOCKET_PASSED_MAX);
  if (message->n_passed < TRIO_SOCKET_PASSED_MAX)
    result = take (io, fd, &message->passed[message->n_passed]);
  if (result >= 0)
    message->n_passed++;
  else
    {
      close (fd);
      message->passed_error = result;
    }
}

void
trio_epoll_unpack (TrioIo *io, struct msghdr *header, TrioSocketMessage *message)
{
  guint n = 0;

  for (struct cmsghdr *part = CMSG_FIRSTHDR (header); part != NULL; part = CMSG_NXTHDR (header, part))
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
      for (gsize at = 0; at + sizeof (int) <= part->cmsg_len - CMSG_LEN (0); at += sizeof (int), n++)
        {
          int fd;

          memcpy (&fd, CMSG_DATA (part) + at, sizeof fd);
          unpack_one (io, fd, message);
        }
  /* If there was room left in the message, there were no descriptors left. */
  if (header->msg_flags & MSG_CTRUNC)
    message->passed_error = n < TRIO_SOCKET_PASSED_MAX ? -EMFILE : -EMSGSIZE;
}
