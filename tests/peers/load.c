/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Many clients of an echo server, by hand over epoll:
 *
 *     load PORT idle N           connects, says "connected N", and closes when its input ends
 *     load PORT busy N BYTES     sends so many bytes on each connection, as fast as it can, and checks each that comes back
 *     load PORT slow N BYTES     the same, but reads nothing before no connection takes anything more
 *     load PORT reset N          sends a little, waits for some of it, and resets
 *
 * It ends with "sent X received Y", or says on standard error what went wrong, and fails. Byte i of connection c is a function of both, so
 * that nothing can be lost, repeated or sent to another without being seen. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 16384

typedef struct
{
  int      fd;
  unsigned number;
  uint64_t sent;
  uint64_t received;
  int      eof_sent;
} Client;

static uint64_t total;             /* bytes that each is to send */
static uint64_t n_sent, n_received;
static int      reading;           /* whether anything is read yet */

static void
die (const char *what)
{
  fprintf (stderr, "load: %s: %s\n", what, strerror (errno));
  exit (1);
}

static unsigned char
byte_of (const Client *client, uint64_t i)
{
  return (unsigned char) (i * 7 + i / 251 + client->number * 31);
}

static void
connect_client (Client *client, unsigned number, int port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK), .sin_port = htons ((uint16_t) port) };

  client->number = number;
  client->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client->fd < 0)
    die ("socket");
  if (connect (client->fd, (struct sockaddr *) &address, sizeof address) < 0)
    die ("connect");
}

/* How many bytes went. */
static uint64_t
send_more (Client *client)
{
  unsigned char bytes[PIECE];
  uint64_t before = client->sent;

  while (client->sent < total)
    {
      size_t n = total - client->sent < PIECE ? (size_t) (total - client->sent) : PIECE;
      ssize_t went;

      for (size_t i = 0; i < n; i++)
        bytes[i] = byte_of (client, client->sent + i);
      went = send (client->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (went < 0 && errno == EAGAIN)
        break;
      if (went < 0)
        die ("send");
      client->sent += (uint64_t) went;
    }
  if (client->sent == total && !client->eof_sent)
    {
      client->eof_sent = 1;
      shutdown (client->fd, SHUT_WR);
    }
  n_sent += client->sent - before;
  return client->sent - before;
}

/* Whether it is over. */
static int
receive_more (Client *client)
{
  unsigned char bytes[PIECE];
  ssize_t n;

  while ((n = recv (client->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    {
      for (ssize_t i = 0; i < n; i++)
        if (bytes[i] != byte_of (client, client->received + (uint64_t) i))
          {
            fprintf (stderr, "load: connection %u, byte %llu is another\n", client->number,
                     (unsigned long long) client->received + (unsigned long long) i);
            exit (1);
          }
      client->received += (uint64_t) n;
      n_received += (uint64_t) n;
    }
  if (n < 0 && errno == EAGAIN)
    return 0;
  if (n < 0)
    die ("receive");
  if (client->received != total)
    {
      fprintf (stderr, "load: connection %u ended after %llu bytes of %llu\n", client->number, (unsigned long long) client->received,
               (unsigned long long) total);
      exit (1);
    }
  close (client->fd);
  return 1;
}

static void
exchange (Client *clients, int n_clients)
{
  struct epoll_event events[256];
  int epoll = epoll_create1 (EPOLL_CLOEXEC);
  int n_open = n_clients;

  /* A slow reader: whatever the server and both buffers take, until none takes more. */
  if (!reading)
    {
      uint64_t went;

      do
        {
          went = 0;
          for (int i = 0; i < n_clients; i++)
            went += send_more (&clients[i]);
        }
      while (went > 0);
      reading = 1;
    }
  for (int i = 0; i < n_clients; i++)
    {
      struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &clients[i] };

      if (epoll_ctl (epoll, EPOLL_CTL_ADD, clients[i].fd, &event) < 0)
        die ("epoll");
    }
  while (n_open > 0)
    {
      int n = epoll_wait (epoll, events, 256, -1);

      for (int i = 0; i < n; i++)
        {
          send_more (events[i].data.ptr);
          n_open -= receive_more (events[i].data.ptr);
        }
    }
}

static void
reset (Client *client)
{
  const struct linger hard = { .l_onoff = 1, .l_linger = 0 };
  char bytes[1000] = { 0 };

  if (send (client->fd, bytes, sizeof bytes, MSG_NOSIGNAL) != (ssize_t) sizeof bytes || recv (client->fd, bytes, 1, 0) != 1)
    die ("first exchange");
  setsockopt (client->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close (client->fd);
}

int
main (int argc, char **argv)
{
  const char *mode = argc > 3 ? argv[2] : "";
  int n_clients = argc > 3 ? atoi (argv[3]) : 0;
  Client *clients = calloc ((size_t) n_clients + 1, sizeof *clients);
  struct rlimit files;
  char byte;

  if (n_clients <= 0)
    {
      fprintf (stderr, "usage: %s PORT idle|busy|slow|reset N [BYTES]\n", argv[0]);
      return 2;
    }
  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);
  total = argc > 4 ? strtoull (argv[4], NULL, 10) : 0;
  reading = strcmp (mode, "slow") != 0;

  for (int i = 0; i < n_clients; i++)
    {
      connect_client (&clients[i], (unsigned) i, atoi (argv[1]));
      if (strcmp (mode, "reset") == 0)
        reset (&clients[i]);
    }
  if (strcmp (mode, "idle") == 0)
    {
      printf ("connected %d\n", n_clients);
      fflush (stdout);
      while (read (STDIN_FILENO, &byte, 1) > 0)
        ;
    }
  else if (strcmp (mode, "reset") != 0)
    exchange (clients, n_clients);
  printf ("sent %llu received %llu\n", (unsigned long long) n_sent, (unsigned long long) n_received);
  return 0;
}
