/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The limit: an echo server by hand over epoll, edge-triggered, one buffer for all, without timeouts or errors that anybody hears of.
 * Level triggering costs the same here; so does a read until EAGAIN left out after a short one. Port on the first line of its output. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int epoll;

static void
watch (int fd)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd };

  if (epoll_ctl (epoll, EPOLL_CTL_ADD, fd, &event) < 0)
    abort ();
}

static void
accept_all (int listening)
{
  int one = 1;
  int fd;

  while ((fd = accept4 (listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    {
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      watch (fd);
    }
}

static void
echo (int fd)
{
  static char buffer[4096];
  ssize_t n;

  while ((n = recv (fd, buffer, sizeof buffer, 0)) > 0)
    {
      if (send (fd, buffer, (size_t) n, MSG_NOSIGNAL) != n)
        break;
      if ((size_t) n < sizeof buffer)
        return;
    }
  if (n < 0 && errno == EAGAIN)
    return;
  close (fd);
}

int
main (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  struct epoll_event events[256];
  int listening = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  epoll = epoll_create1 (EPOLL_CLOEXEC);
  if (listening < 0 || epoll < 0 || bind (listening, (struct sockaddr *) &address, length) < 0 || listen (listening, SOMAXCONN) < 0
      || getsockname (listening, (struct sockaddr *) &address, &length) < 0)
    {
      perror ("server-epoll");
      return 1;
    }
  watch (listening);
  printf ("%u\n", ntohs (address.sin_port));
  fflush (stdout);

  for (;;)
    {
      int n = epoll_wait (epoll, events, 256, -1);

      for (int i = 0; i < n; i++)
        if (events[i].data.fd == listening)
          accept_all (listening);
        else
          echo (events[i].data.fd);
    }
}
