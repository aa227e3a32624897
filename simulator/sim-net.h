/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The simulated network: TCP and UDP behind the io seam, as it looks from a socket.
 *
 *     client                                                      listener
 *       | connect ------------ SYN -----------------------------> |  refused if nobody listens, repeated if the line is full
 *       | <------------------- SYN-ACK -------------------------- |  in the line for accept
 *       | send  ====== pipe 0: segments, in order, late ========> |  window: what is under way or unread
 *       | <===== pipe 1 ========================================= |
 *       | shutdown_send ------ FIN -----------------------------> |  end of the stream
 *       | close with unread bytes, or bytes to a closed end: RST  |
 *       | close with a linger of 0:                          RST  |  what is under way may be lost
 *
 * Always true:
 *  1. Bytes of a pipe arrive in order, once, or the connection ends: TCP loses nothing silently.
 *  2. Nothing is heard of a peer that has vanished: no end of stream, no reset. Only bytes that wait for a receipt for 924 s, or a
 *     connection attempt for 127 s, time out (Linux' defaults).
 *  3. Everything that can vary is a choice: latency, short reads and writes, window; under "fault." what breaks.
 *  4. What does not get through, since the way is cut or the other host is down, is sent again as Linux does, until it gets through or 924 s
 *     are over. A host that was started again knows nothing of older connections: it answers with a reset.
 *  5. A socket is known to its owner, and to its link as one of two ends; a link lives while an end, or an event under way, needs
 *     it.
 *
 * The verbs and their errors are those of <trio/seam/io.h>. Thread of the run only.
 *
 * sim-net.c has the network's life, listeners and ports, sim-socket.c the verbs, sim-vectors.c those that are made of others, sim-link.c what travels by
 * TCP, sim-udp.c what travels by UDP, sim-letter.c bytes that keep together, sim-pipe.c pipes, sim-unix.c unix sockets, sim-host.c names and addresses,
 * sim-hosts.h the hosts. */

#pragma once

#include <trio/seam/io.h>

#include "simulator/sim-events.h"
#include "simulator/sim-hosts.h"
#include "simulator/tape.h"
#include "simulator/virtual-clock.h"
#include "simulator/watch.h"

G_BEGIN_DECLS

typedef struct _TrioSimSocket  TrioSimSocket;
typedef struct _TrioSimLink    TrioSimLink;
typedef struct _TrioSimSegment TrioSimSegment;
typedef struct _TrioSimLetter  TrioSimLetter;
typedef struct _TrioSimName    TrioSimName;
typedef struct _TrioSimFifo    TrioSimFifo;

/* Linux' ip_local_port_range. */
#define TRIO_SIM_PORT_FIRST 32768
#define TRIO_SIM_PORT_LAST  60999

struct _TrioSimNet
{
  TrioIo         io;
  TrioSimClock  *clock;
  TrioSimTape   *tape;
  TrioSimWatch  *watch;
  TrioSimEvents  events;
  GQueue         sockets;         /* of TrioSimSocket: open, in order of making */
  guint64        n_sockets;       /* made so far */
  guint64        n_links;
  GPtrArray     *hosts;           /* of TrioSimHost; the first is the world's own */
  guint          n_dying;         /* hosts that crash as soon as no task runs */
  guint          max_faulty;      /* so many of them may be broken by the tape at a time */
  GQueue         names;           /* of TrioSimName: of unix sockets, stale ones, too */
  guint64        n_names;
};

typedef enum
{
  TRIO_SIM_SOCKET_NEW,            /* also after a failed attempt to connect */
  TRIO_SIM_SOCKET_BOUND,
  TRIO_SIM_SOCKET_LISTENING,
  TRIO_SIM_SOCKET_CONNECTING,
  TRIO_SIM_SOCKET_CONNECTED,
} TrioSimSocketState;

struct _TrioSimSocket
{
  TrioSocket         socket;
  TrioSimNet        *net;
  TrioSocketKind     kind;
  TrioSimHost       *host;        /* where it is; nobody else hears it but by its address */
  GList              open_link;   /* in net->sockets, if it is in the hands of a program */
  guint64            serial;
  TrioSimSocketState state;
  const char        *maker;       /* path of the task that made or accepted it */
  TrioAddress        local;
  TrioAddress        remote;
  gboolean           bound;
  gboolean           reuse_address;
  gboolean           reuse_port;
  int                options[TRIO_SOCKET_N_OPTIONS];   /* as they were set */
  gboolean           ipv6_only;
  int                error;       /* to be told once: ECONNRESET … */
  gboolean           broken;      /* reset or timed out: nothing more comes or goes */

  guint              backlog;     /* LISTENING */
  GQueue             line;        /* LISTENING: of TrioSimSocket, connected and not yet accepted */

  TrioSimLink       *link;        /* CONNECTING, CONNECTED */
  guint              side;        /* which end of the link: 0 connected, 1 accepted. It sends into pipe[side] */

  TrioSimFifo       *fifo;        /* of a pipe; side is the direction that this end of it is for */

  GQueue             mail;        /* of TrioSimLetter: arrived and not received; not of TCP */
  gsize              mail_size;   /* what they take */

  TrioSimSocket     *peer;        /* unix: the other end; of a datagram socket, whom it is connected with */
  gsize              window;      /* unix stream: so much may be unread at the peer */
  gboolean           eof;         /* unix stream: nothing more comes */
  gboolean           fin_sent;    /* unix: nothing more is sent … */
  gboolean           receives_no_more;    /* … received; TCP, too */
  gboolean           travels;     /* passed, and not yet received */

  gint64             last_due;    /* UDP: nothing that it sends arrives before what it sent before, but by a fault */
};

/* Bytes that keep together: a datagram, or what one send put into a unix stream, from being sent to being received. */
struct _TrioSimLetter
{
  TrioSimEvent    event;
  TrioSimNet     *net;
  TrioAddress     from;
  TrioAddress     to;
  TrioSimHost    *sender;        /* where it comes from, and goes to */
  TrioSimHost    *receiver;
  gboolean        refusal;       /* the news that nobody is there */
  guint64         flow;
  TrioSocketPassed *passed;      /* or NULL */
  guint           n_passed;
  gsize           size;
  gsize           offset;        /* so many bytes of it were received */
  guint8          bytes[];
};

/* One direction of a connection. */
typedef struct
{
  gint64          last_due;       /* nothing arrives before what was sent before */
  gsize           under_way;      /* bytes sent and not arrived */
  gsize           unread;         /* bytes arrived and not received */
  TrioSimSegment *head;           /* arrived, in order */
  TrioSimSegment *tail;
  gboolean        fin_sent;
  gboolean        fin_arrived;
  gboolean        thrown_away;    /* what is under way is not for anybody any more */
  TrioSimSegment *held_head;      /* did not get through, and will be sent again: in order */
  TrioSimSegment *held_tail;
} TrioSimPipe;

struct _TrioSimLink
{
  TrioSimNet    *net;
  guint64        serial;
  guint          references;
  gsize          window;          /* of each pipe */
  gboolean       silent;          /* the peer has vanished: nothing is delivered any more */
  gboolean       timing_out[2];   /* by side: it waits for a receipt that will not come */
  guint64        flow;            /* of the arrow from connect to accept */
  TrioSimPipe    pipe[2];
  TrioSimHost   *host[2];         /* by side */
  guint          boot[2];         /* by side: of the host, when it joined; another one knows nothing of this connection */
  TrioSimSocket *end[2];          /* NULL: closed, or not there yet */
};

/* sim-net.c */
TrioSimNet    *trio_sim_net_new            (TrioSimClock *clock, TrioSimTape *tape, TrioSimWatch *watch);
void           trio_sim_net_free           (TrioSimNet *net);
/* Everything that is due happens. Inside a turn. */
void           trio_sim_net_deliver        (TrioSimNet *net);
gint64         trio_sim_net_get_next       (TrioSimNet *net);
/* For a report: "socket 3 of main/client (127.0.0.1:40000 to 127.0.0.1:80)". */
void           trio_sim_socket_append      (GString *out, const TrioSimSocket *socket);

/* All sockets of a host are gone, without a word. Nobody waits for one any more. */
void           trio_sim_net_vanish         (TrioSimHost *host);
/* All sockets of the host are closed, as by its kernel when a process ends. */
void           trio_sim_net_close_all      (TrioSimHost *host);

TrioSimSocket *trio_sim_socket_new         (TrioSimNet *net, TrioAddressFamily family, TrioSocketKind kind);
void           trio_sim_socket_free        (TrioSimSocket *socket);
/* From now on it is in the hands of the calling task. */
void           trio_sim_socket_hand_out    (TrioSimSocket *socket);
TrioSimSocket *trio_sim_net_find_listener  (TrioSimNet *net, const TrioSimHost *host, const TrioAddress *address);
/* By a socket of that kind: TCP and UDP have ports of their own. */
gboolean       trio_sim_net_is_taken       (const TrioSimHost *host, TrioSocketKind kind, const TrioSimSocket *except,
                                            const TrioAddress *address);
/* 0 if all are taken. */
guint16        trio_sim_net_take_port      (TrioSimHost *host, TrioSocketKind kind, const TrioAddress *address);

/* sim-socket.c: fills the table of verbs. */
void           trio_sim_socket_init_verbs  (TrioIo *io);
/* From one place, and into one. */
gssize         trio_sim_socket_receive_message (TrioIo *io, TrioSocket *socket, gpointer buffer, gsize size, TrioSocketMessage *message);
gssize         trio_sim_socket_send_message (TrioIo *io, TrioSocket *socket, gconstpointer data, gsize size,
                                             const TrioSocketMessage *message);
/* A port of its own for a socket that was not bound. */
int            trio_sim_socket_bind_if_need_be (TrioSimSocket *socket, const TrioAddress *address);
/* "Any address" as a destination means this host. */
TrioAddress    trio_sim_socket_destination (const TrioAddress *address);
/* Where something comes from if its socket was not bound: this host, in the network of the destination. */
TrioAddress    trio_sim_socket_source      (const TrioSimHost *host, const TrioAddress *destination);
/* What went wrong, negative, once; 0 if nothing did. */
int            trio_sim_socket_take_error  (TrioSimSocket *socket);

/* The task that calls has it from now on. */
void           trio_sim_socket_change_hands (TrioSimSocket *socket);
/* Closes and frees what is in the hands of a program, or travels. */
void           trio_sim_socket_close       (TrioSimSocket *socket);

/* sim-vectors.c: fills the table with the rest of the verbs of sockets. */
void           trio_sim_vectors_init_verbs (TrioIo *io);

/* sim-letter.c */
TrioSimLetter *trio_sim_letter_new         (TrioSimNet *net, gconstpointer data, gsize size);
void           trio_sim_letter_free        (TrioSimLetter *letter);
/* Puts it into the mail of a socket, and wakes who waits. Takes it. */
void           trio_sim_letter_arrive      (TrioSimLetter *letter, TrioSimSocket *receiver);
/* The first of the mail, as a whole; what does not fit is lost. -EAGAIN if there is none. */
gssize         trio_sim_letter_receive     (TrioSimSocket *receiver, gpointer buffer, gsize size, TrioSocketMessage *message);

/* sim-passing.c: what travels in letters. */
void           trio_sim_letter_enclose     (TrioSimLetter *letter, const TrioSocketMessage *message);
/* The task that calls has it from now on, or there was no descriptor for it. */
void           trio_sim_letter_unpack      (TrioSimLetter *letter, TrioSocketMessage *message);
/* Nobody will receive it. */
void           trio_sim_letter_drop_passed (TrioSimLetter *letter);
/* Nobody has asked for it. */
void           trio_sim_message_drop_passed (TrioSocketMessage *message);

/* sim-unix.c: the verbs of unix sockets. */
int            trio_sim_unix_bind          (TrioSimSocket *socket, const TrioAddress *address);
int            trio_sim_unix_connect       (TrioSimSocket *socket, const TrioAddress *address);
void           trio_sim_unix_pair          (TrioSimSocket *a, TrioSimSocket *b);
gssize         trio_sim_unix_receive       (TrioSimSocket *socket, gpointer buffer, gsize size, TrioSocketMessage *message);
gssize         trio_sim_unix_send          (TrioSimSocket *socket, gconstpointer data, gsize size, const TrioSocketMessage *message);
int            trio_sim_unix_shutdown      (TrioSimSocket *socket, gboolean sending, gboolean receiving);
gboolean       trio_sim_unix_is_ready      (TrioSimSocket *socket, TrioIoDirection direction);
void           trio_sim_unix_say_goodbye   (TrioSimSocket *socket);
int            trio_sim_unix_get_name      (TrioSimNet *net, const TrioAddress *address, guint64 id[2]);
int            trio_sim_unix_set_mode      (TrioSimNet *net, const TrioAddress *address, guint mode);
int            trio_sim_unix_remove_name   (TrioSimNet *net, const TrioAddress *address);

/* sim-udp.c: the verbs of datagram sockets of IPv4 and IPv6. */
int            trio_sim_udp_connect        (TrioSimSocket *socket, const TrioAddress *address);
gssize         trio_sim_udp_receive        (TrioSimSocket *socket, gpointer buffer, gsize size, TrioSocketMessage *message);
gssize         trio_sim_udp_send           (TrioSimSocket *socket, gconstpointer data, gsize size, const TrioAddress *to);

/* sim-pipe.c: a pipe, its ends by direction, in the hands of the calling task; and the verbs of an end. */
void           trio_sim_pipe_new           (TrioSimNet *net, TrioSocket *ends[2]);
/* The other end hears of it. */
void           trio_sim_pipe_say_goodbye   (TrioSimSocket *end);
void           trio_sim_pipe_free_end      (TrioSimSocket *end);
gssize         trio_sim_pipe_receive       (TrioSimSocket *end, gpointer buffer, gsize size);
gssize         trio_sim_pipe_send          (TrioSimSocket *end, gconstpointer data, gsize size);
gboolean       trio_sim_pipe_is_ready      (const TrioSimSocket *end, TrioIoDirection direction);

/* sim-link.c */
TrioSimLink   *trio_sim_link_new           (TrioSimNet *net, TrioSimSocket *from, TrioSimHost *to, gsize window);
void           trio_sim_link_unref         (TrioSimLink *link);
/* The first packet of a connection. If refused, nobody listens there whoever does. */
void           trio_sim_link_send_syn      (TrioSimLink *link, gint64 latency, gboolean refused);
void           trio_sim_link_send_bytes    (TrioSimLink *link, guint side, gconstpointer data, gsize size, gint64 latency);
void           trio_sim_link_send_fin      (TrioSimLink *link, guint side, gint64 latency);
void           trio_sim_link_send_reset    (TrioSimLink *link, guint side, gint64 latency);
/* From now on nothing is delivered. */
void           trio_sim_link_fall_silent   (TrioSimLink *link);
/* Takes up to size bytes out of the pipe that the side receives from. */
void           trio_sim_link_take_bytes    (TrioSimLink *link, guint side, gpointer buffer, gsize size);
/* Takes none; returns how many there are, up to size. */
gsize          trio_sim_link_look_at_bytes (TrioSimLink *link, guint side, gpointer buffer, gsize size);

static inline TrioSimPipe *
trio_sim_link_get_incoming (TrioSimLink *link, guint side)
{
  return &link->pipe[1 - side];
}

/* Nothing more comes or goes; error is told once. Wakes whoever waits. */
void           trio_sim_socket_break       (TrioSimSocket *socket, int error);

/* How many bytes the side may send now. */
static inline gsize
trio_sim_link_get_room (const TrioSimLink *link, guint side)
{
  const TrioSimPipe *pipe = &link->pipe[side];

  return link->window - MIN (link->window, pipe->under_way + pipe->unread);
}

/* sim-host.c */
gboolean       trio_sim_host_resolve       (TrioIo *io, const char *host, guint16 port, TrioAddress **addresses, gsize *n_addresses,
                                            GError **error);
char          *trio_sim_host_look_up_name  (TrioIo *io, const TrioAddress *address, GError **error);
gboolean       trio_sim_host_delay_resolver (TrioIo *io, const char *host, GError **error);
gboolean       trio_sim_address_is_any     (const TrioAddress *address);
gboolean       trio_sim_address_is_loopback (const TrioAddress *address);
/* Of a numeric address, or of a name that no host was given. */
TrioAddress    trio_sim_address_of_name    (const char *name);
/* The same family and bytes; the port does not count. */
gboolean       trio_sim_address_is_same    (const TrioAddress *a, const TrioAddress *b);
void           trio_sim_address_append     (GString *out, const TrioAddress *address);

/* sim-choices.c: what the network leaves to chance. Durations in microseconds. */
gint64         trio_sim_choose_latency     (const char *what);
/* Between 1 and n; n is the dull answer. */
gsize          trio_sim_choose_part        (const char *label, const char *what, gsize n);
gsize          trio_sim_choose_window      (void);
/* Whether bytes under way are lost with the connection. */
gboolean       trio_sim_choose_to_throw_away (gsize n);
/* label begins with "fault."; one in `rarity` when drawn. */
gboolean       trio_sim_choose_fault       (TrioSimNet *net, const char *label, const char *what, guint32 rarity);

/* What an answer that nobody needs to choose takes: receipts, resets, refusals. */
#define TRIO_SIM_LATENCY_DULL 100

G_END_DECLS
