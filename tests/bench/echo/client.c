/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The load: client PORT CONNECTIONS REQUESTS
 *
 * Keeps one 64-byte request under way on each connection, as fast as the answers come, until there were so many in all; then prints
 * requests per second and the latencies at the median and at 99 of 100. With 0 requests it connects, and waits until its input ends.
 * By hand over epoll, so that it costs as little as possible and the same against every server. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST 64

typedef struct
{
  int    fd;
  size_t received;      /* of the answer */
  double sent_at;
} Connection;

static double
now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void
die (const char *what)
{
  perror (what);
  exit (1);
}

static void
send_request (Connection *connection)
{
  static const char request[REQUEST] = "ping";

  connection->received = 0;
  connection->sent_at = now_us ();
  if (send (connection->fd, request, REQUEST, MSG_NOSIGNAL) != REQUEST)
    die ("client: send");
}

static int
compare (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x > y) - (x < y);
}

int
main (int argc, char **argv)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct rlimit files;
  struct epoll_event events[256];
  int n_connections, n_requests, n_sent = 0, n_done = 0, one = 1;
  int epoll = epoll_create1 (EPOLL_CLOEXEC);
  Connection *connections;
  float *latencies;
  double began;

  if (argc != 4)
    {
      fprintf (stderr, "usage: %s PORT CONNECTIONS REQUESTS\n", argv[0]);
      return 2;
    }
  address.sin_port = htons ((uint16_t) atoi (argv[1]));
  n_connections = atoi (argv[2]);
  n_requests = atoi (argv[3]);
  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);
  connections = calloc ((size_t) n_connections, sizeof *connections);
  latencies = calloc ((size_t) n_requests + 1, sizeof *latencies);

  for (int i = 0; i < n_connections; i++)
    {
      struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.ptr = &connections[i] };
      int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

      if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
        die ("client: connect");
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      connections[i].fd = fd;
      if (epoll_ctl (epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        die ("client: epoll");
    }

  if (n_requests == 0)
    {
      char byte;

      puts ("connected");
      fflush (stdout);
      return read (STDIN_FILENO, &byte, 1) < 0;
    }

  began = now_us ();
  for (int i = 0; i < n_connections && n_sent < n_requests; i++, n_sent++)
    send_request (&connections[i]);
  while (n_done < n_requests)
    {
      int n = epoll_wait (epoll, events, 256, -1);

      for (int i = 0; i < n; i++)
        {
          Connection *connection = events[i].data.ptr;
          char buffer[REQUEST];
          ssize_t got;

          while ((got = recv (connection->fd, buffer, REQUEST - connection->received, MSG_DONTWAIT)) > 0)
            {
              connection->received += (size_t) got;
              if (connection->received < REQUEST)
                continue;
              latencies[n_done++] = (float) (now_us () - connection->sent_at);
              if (n_sent < n_requests)
                {
                  n_sent++;
                  send_request (connection);
                }
              break;
            }
          if (got == 0 || (got < 0 && errno != EAGAIN))
            die ("client: receive");
        }
    }

  printf ("rate %.9g\n", n_requests / (now_us () - began) * 1e6);
  qsort (latencies, (size_t) n_requests, sizeof *latencies, compare);
  printf ("p50-us %.9g\np99-us %.9g\n", (double) latencies[n_requests / 2], (double) latencies[n_requests - n_requests / 100 - 1]);
  return 0;
}
