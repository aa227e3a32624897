/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What epoll.c (readiness) and the files of system calls, epoll-*.c, share. Nobody else includes this. */

#pragma once

#include <netinet/in.h>
#include <sys/epoll.h>

#include "host/epoll.h"

#define EVENTS_PER_LOOK 256

typedef struct _EpollSocket EpollSocket;

/* Small, since there is one for each idle connection. */
struct _EpollSocket
{
  TrioSocket socket;
  int        fd;             /* -1: the run has ended before it */
  guint32    slot;
  int        failed;         /* a negative errno that every further verb answers, or 0 */
  guint8     family;         /* TrioAddressFamily */
  guint8     kind;           /* TrioSocketKind */
  guint8     registered;
  guint8     ended;          /* invariant 2 */
  guint8     ready[2];       /* by direction: maybe ready */
  guint8     has_remote;
  guint8     by_file;        /* read() and write() instead of recv() and send() */
  guint8     was_blocking;   /* before it was adopted, and will be again when it is closed */
  guint8     found_unblocked;/* adopted, and did not block by then: by its own nature, or since another one here is the same open file */
  guint8     was_inherited;  /* likewise, by programs that are executed, when it is detached */
  guint8     shared;         /* other descriptors may mean the same: closing ours does not end the registration */
  /* Kept because the system forgets it when the connection fails, which is when one wants to know. Not for unix sockets. */
  union
  {
    sa_family_t         family;
    struct sockaddr_in  in;
    struct sockaddr_in6 in6;
  } remote;
};

typedef struct
{
  EpollSocket *socket;       /* NULL: free */
  guint32      generation;
  guint32      next_free;
} EpollSlot;

struct _TrioEpoll
{
  TrioIo              io;
  int                 fd;    /* -1: the run has ended */
  gboolean            more;  /* the last look found as many events as fit */
  guint               n_sockets;
  guint               n_found_unblocked;
  GArray             *slots;          /* of EpollSlot */
  guint               waiter_hint;    /* the slot in which a waiter was found last */
  guint32             first_free;
  guint               n_events;
  struct epoll_event  events[EVENTS_PER_LOOK];
};

/* epoll.c */
void         trio_epoll_adopt        (TrioEpoll *self, EpollSocket *socket);
void         trio_epoll_forget       (TrioEpoll *self, EpollSocket *socket);
gboolean     trio_epoll_arm          (TrioIo *io, TrioSocket *socket, TrioIoDirection direction);

/* epoll-sockets.c */
void         trio_epoll_fill_table   (TrioIo *io);
EpollSocket *trio_epoll_socket_new   (TrioEpoll *self, int fd, TrioAddressFamily family, TrioSocketKind kind);
void         trio_epoll_close_leaked (TrioEpoll *self, EpollSocket *socket);

/* epoll-pipes.c */
void         trio_epoll_fill_pipes   (TrioIo *io);
/* Takes the descriptor of a pipe, or of what else is read and written like a file, and does not block. */
EpollSocket *trio_epoll_file_new     (TrioEpoll *self, int fd);
/* write() without SIGPIPE. */
gssize       trio_epoll_write        (int fd, gconstpointer data, gsize size);

/* epoll-messages.c */
void         trio_epoll_fill_messages (TrioIo *io);

/* epoll-descriptors.c */
void         trio_epoll_fill_descriptors (TrioIo *io);
/* Takes the descriptor over, if it is a socket of a kind that we know; else NULL, with errno. */
EpollSocket *trio_epoll_socket_of_descriptor (TrioEpoll *self, int fd);
/* Before it is closed: as it was when it was adopted. */
void         trio_epoll_give_back    (TrioEpoll *self, EpollSocket *socket);
/* It is ours still, or again. */
void         trio_epoll_stop_blocking (EpollSocket *socket);

/* epoll-unix.c */
void         trio_epoll_fill_unix    (TrioIo *io);

/* A short count means drained only where the system has no other reason to stop: TCP. */
static inline gboolean
trio_epoll_short_means_drained (const EpollSocket *socket)
{
  return socket->kind == TRIO_SOCKET_STREAM && socket->family != TRIO_ADDRESS_UNIX && !socket->ended;
}

/* Whether an attempt is known to be in vain. */
static inline gboolean
trio_epoll_is_drained (const EpollSocket *socket, TrioIoDirection direction)
{
  return socket->registered && !socket->ready[direction];
}
