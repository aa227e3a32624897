/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The verbs of the io seam on a simulated socket: each returns at once, 0 or more or a negative errno, as the system call of its
 * name would on Linux. The faults are asked here, in the name of the task that calls. */

#include "simulator/sim-net.h"

#include <errno.h>

#include <trio/lowlevel/access.h>
#include <trio/lowlevel/instrument.h>

/* The network is one object to whoever asks what a step touches: no two of its verbs are taken to commute. */
static inline TrioSimNet *
NET (TrioIo *io)
{
  trio_note_access (io, TRIO_ACCESS_WRITE);
  return (TrioSimNet *) io;
}

static inline TrioSimSocket *
SOCKET (TrioSocket *socket)
{
  TrioSimSocket *self = (TrioSimSocket *) socket;

  trio_note_access (&self->net->io, TRIO_ACCESS_WRITE);
  return self;
}

/* One in how many calls breaks, when it is drawn. */
#define RARITY_OF_FAULTS 20

static gssize receive    (TrioIo *io, TrioSocket *socket, gpointer buffer, gsize size);
static gssize send_bytes (TrioIo *io, TrioSocket *socket, gconstpointer data, gsize size);

static gboolean
has_no_descriptor (const TrioSimHost *host)
{
  return host->max_sockets > 0 && host->n_sockets >= host->max_sockets;
}

static int
make_socket (TrioIo *io, TrioAddressFamily family, TrioSocketKind kind, TrioSocket **socket)
{
  if (has_no_descriptor (trio_sim_net_get_host (NET (io))) || trio_sim_choose_fault (NET (io), "fault.emfile", "socket", RARITY_OF_FAULTS))
    return -EMFILE;

  TrioSimSocket *made = trio_sim_socket_new (NET (io), family, kind);
  trio_sim_socket_hand_out (made);
  *socket = &made->socket;
  return 0;
}

static int
make_pair (TrioIo *io, TrioSocketKind kind, TrioSocket *ends[2])
{
  TrioSimSocket *made[2];

  if (has_no_descriptor (trio_sim_net_get_host (NET (io))) || trio_sim_choose_fault (NET (io), "fault.emfile", "socket", RARITY_OF_FAULTS))
    return -EMFILE;
  for (guint i = 0; i < 2; i++)
    {
      made[i] = trio_sim_socket_new (NET (io), TRIO_ADDRESS_UNIX, kind);
      trio_sim_socket_hand_out (made[i]);
      ends[i] = &made[i]->socket;
    }
  trio_sim_unix_pair (made[0], made[1]);
  return 0;
}

static int
make_pipe (TrioIo *io, TrioSocket *ends[2])
{
  const TrioSimHost *host = trio_sim_net_get_host (NET (io));

  if ((host->max_sockets > 0 && host->n_sockets + 2 > host->max_sockets) ||
      trio_sim_choose_fault (NET (io), "fault.emfile", "pipe", RARITY_OF_FAULTS))
    return -EMFILE;
  trio_sim_pipe_new (NET (io), ends);
  return 0;
}

static gboolean
has_option (const TrioSimSocket *self, TrioSocketOption option)
{
  switch (option)
    {
    case TRIO_SOCKET_NO_DELAY:
      return self->kind == TRIO_SOCKET_STREAM && self->local.family != TRIO_ADDRESS_UNIX;
    case TRIO_SOCKET_IPV6_ONLY:
      return self->local.family == TRIO_ADDRESS_IPV6;
    default:
      return (guint) option < TRIO_SOCKET_N_OPTIONS;
    }
}

static gboolean
is_size (TrioSocketOption option)
{
  return option == TRIO_SOCKET_RECEIVE_BUFFER || option == TRIO_SOCKET_SEND_BUFFER;
}

static int
set_option (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, TrioSocketOption option, int value)
{
  TrioSimSocket *self = SOCKET (socket);

  if (!has_option (self, option))
    return -ENOPROTOOPT;
  /* Linux takes half of a buffer for its own accounts, and doubles what is asked for. */
  self->options[option] = is_size (option)                 ? CLAMP (value, 1152, 212992) * 2
                          : option == TRIO_SOCKET_LINGER ? value
                                                         : value != 0;
  if (option == TRIO_SOCKET_REUSE_ADDRESS)
    self->reuse_address = value != 0;
  else if (option == TRIO_SOCKET_REUSE_PORT)
    self->reuse_port = value != 0;
  else if (option == TRIO_SOCKET_IPV6_ONLY)
    self->ipv6_only = value != 0;
  return 0;
}

static int
get_option (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, TrioSocketOption option, int *value)
{
  TrioSimSocket *self = SOCKET (socket);

  if (!has_option (self, option))
    return -ENOPROTOOPT;
  *value = is_size (option) && self->options[option] == 0 ? 212992 : self->options[option];
  return 0;
}

static int
bind_socket (TrioIo *io, TrioSocket *socket, const TrioAddress *address)
{
  TrioSimSocket *self = SOCKET (socket);
  TrioAddress local = *address;

  if (self->state != TRIO_SIM_SOCKET_NEW || self->bound)
    return -EINVAL;
  if (address->family != self->local.family)
    return -EAFNOSUPPORT;
  if (address->family == TRIO_ADDRESS_UNIX)
    return trio_sim_unix_bind (self, address);
  if (trio_sim_net_find_host (NET (io), self->host, address) != self->host)
    return -EADDRNOTAVAIL;
  if (local.port == 0)
    local.port = trio_sim_net_take_port (self->host, self->kind, address);
  if (local.port == 0 || trio_sim_net_is_taken (self->host, self->kind, self, &local))
    return -EADDRINUSE;
  self->local = local;
  self->bound = TRUE;
  self->state = TRIO_SIM_SOCKET_BOUND;
  return 0;
}

int
trio_sim_socket_bind_if_need_be (TrioSimSocket *self, const TrioAddress *address)
{
  TrioAddress local = *address;

  if (self->bound)
    return 0;
  local.port = trio_sim_net_take_port (self->host, self->kind, address);
  if (local.port == 0)
    return -EADDRNOTAVAIL;
  self->local = local;
  self->bound = TRUE;
  return 0;
}

static int
listen_at (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, int backlog)
{
  TrioSimSocket *self = SOCKET (socket);
  const TrioAddress any = { .family = self->local.family };

  if (self->kind != TRIO_SOCKET_STREAM)
    return -EOPNOTSUPP;
  if (self->state != TRIO_SIM_SOCKET_NEW && self->state != TRIO_SIM_SOCKET_BOUND && self->state != TRIO_SIM_SOCKET_LISTENING)
    return -EINVAL;

  /* Where nobody could find it. */
  if (self->local.family == TRIO_ADDRESS_UNIX && !self->bound)
    return -EINVAL;
  int result = trio_sim_socket_bind_if_need_be (self, &any);
  if (result < 0)
    return result;
  self->backlog = (guint) MAX (backlog, 0);
  self->state = TRIO_SIM_SOCKET_LISTENING;
  return 0;
}

static int
accept_connection (TrioIo *io, TrioSocket *socket, TrioSocket **connection)
{
  TrioSimSocket *self = SOCKET (socket);

  if (self->kind != TRIO_SOCKET_STREAM)
    return -EOPNOTSUPP;
  if (self->state != TRIO_SIM_SOCKET_LISTENING)
    return -EINVAL;
  if (g_queue_is_empty (&self->line))
    return -EAGAIN;
  if (has_no_descriptor (self->host) || trio_sim_choose_fault (NET (io), "fault.emfile", "accept", RARITY_OF_FAULTS))
    return -EMFILE;

  TrioSimSocket *accepted = g_queue_pop_head (&self->line);
  if (accepted->link != NULL)
    trio_flow (accepted->link->flow, FALSE, "connection");
  trio_sim_socket_hand_out (accepted);
  *connection = &accepted->socket;
  return 0;
}

TrioAddress
trio_sim_socket_destination (const TrioAddress *address)
{
  TrioAddress destination = *address;

  if (!trio_sim_address_is_any (address))
    return destination;
  if (address->family == TRIO_ADDRESS_IPV4)
    destination.bytes[0] = 127, destination.bytes[3] = 1;
  else
    destination.bytes[15] = 1;
  return destination;
}

TrioAddress
trio_sim_socket_source (const TrioSimHost *host, const TrioAddress *destination)
{
  TrioAddress source = *destination;
  const TrioAddress *own = trio_sim_address_is_loopback (destination) ? NULL : trio_sim_host_get_address (host, destination->family);

  if (own != NULL)
    return *own;
  if (source.family == TRIO_ADDRESS_IPV4 && source.bytes[0] == 10)
    source.bytes[1] = source.bytes[2] = 0, source.bytes[3] = 1;
  return source;
}

static int
connect_to (TrioIo *io, TrioSocket *socket, const TrioAddress *address)
{
  TrioSimNet *net = NET (io);
  TrioSimSocket *self = SOCKET (socket);

  if (self->local.family == TRIO_ADDRESS_UNIX)
    return trio_sim_unix_connect (self, address);
  if (self->kind == TRIO_SOCKET_DATAGRAM)
    return trio_sim_udp_connect (self, address);
  if (self->state == TRIO_SIM_SOCKET_CONNECTING)
    return -EALREADY;
  if (self->state == TRIO_SIM_SOCKET_CONNECTED || self->state == TRIO_SIM_SOCKET_LISTENING)
    return -EISCONN;
  if (self->link != NULL)
    return -ECONNABORTED;         /* a second attempt on the same socket; the portable way is a new socket */
  if (address->family != self->local.family)
    return -EAFNOSUPPORT;

  TrioAddress destination = trio_sim_socket_destination (address);
  TrioSimHost *host = trio_sim_net_find_host (net, self->host, &destination);
  TrioAddress source = trio_sim_socket_source (self->host, &destination);
  int result = trio_sim_socket_bind_if_need_be (self, &source);
  if (result < 0)
    return result;

  gboolean refused = trio_sim_choose_fault (net, "fault.refuse", "connect", RARITY_OF_FAULTS);
  gboolean silent = !refused && trio_sim_choose_fault (net, "fault.vanish", "connect", RARITY_OF_FAULTS);
  trio_sim_ask_for_host_faults (self->host, "connect");
  trio_sim_ask_for_network_faults (self->host, host, "connect");
  gint64 latency = trio_sim_choose_latency ("connect");
  self->remote = destination;
  self->state = TRIO_SIM_SOCKET_CONNECTING;
  self->link = trio_sim_link_new (net, self, host, trio_sim_choose_window ());
  if (silent)
    trio_sim_link_fall_silent (self->link);
  trio_sim_link_send_syn (self->link, latency, refused);
  return -EINPROGRESS;
}

int
trio_sim_socket_take_error (TrioSimSocket *self)
{
  int error = self->error;

  self->error = 0;
  return -error;
}

static int
connect_result (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket)
{
  TrioSimSocket *self = SOCKET (socket);

  if (self->error != 0)
    return trio_sim_socket_take_error (self);
  if (self->state == TRIO_SIM_SOCKET_CONNECTED)
    return 0;
  return self->state == TRIO_SIM_SOCKET_CONNECTING ? -EINPROGRESS : -ENOTCONN;
}

/* A connection that breaks by itself: both ends learn of it, the far one later. */
static int
reset_by_fault (TrioSimSocket *self)
{
  trio_sim_link_send_reset (self->link, self->side, TRIO_SIM_LATENCY_DULL);
  trio_sim_socket_break (self, ECONNRESET);
  return trio_sim_socket_take_error (self);
}

gssize
trio_sim_socket_receive_message (TrioIo *io, TrioSocket *socket, gpointer buffer, gsize size, TrioSocketMessage *message)
{
  TrioSimSocket *self = SOCKET (socket);
  gssize n;

  if (self->local.family == TRIO_ADDRESS_UNIX)
    return trio_sim_unix_receive (self, buffer, size, message);
  if (self->kind == TRIO_SOCKET_DATAGRAM)
    return trio_sim_udp_receive (self, buffer, size, message);
  n = receive (io, socket, buffer, size);
  if (n >= 0)
    *message = (TrioSocketMessage) { .size = (gsize) n };
  return n;
}

static gssize
receive (TrioIo *io, TrioSocket *socket, gpointer buffer, gsize size)
{
  TrioSimSocket *self = SOCKET (socket);

  if (self->link == NULL && (self->kind == TRIO_SOCKET_DATAGRAM || self->local.family == TRIO_ADDRESS_UNIX))
    {
      TrioSocketMessage message = { 0 };
      gssize n = trio_sim_socket_receive_message (io, socket, buffer, size, &message);

      trio_sim_message_drop_passed (&message);
      return n;
    }
  if (self->kind == TRIO_SOCKET_PIPE)
    return trio_sim_pipe_receive (self, buffer, size);
  if (self->state != TRIO_SIM_SOCKET_CONNECTED)
    return self->error != 0 ? trio_sim_socket_take_error (self) : -ENOTCONN;
  TrioSimPipe *pipe = trio_sim_link_get_incoming (self->link, self->side);
  if (size == 0)
    return 0;
  if (pipe->unread > 0)
    {
      trio_sim_ask_for_host_faults (self->host, "receive");
      if (!self->broken && trio_sim_choose_fault (NET (io), "fault.reset", "receive", RARITY_OF_FAULTS))
        return reset_by_fault (self);
      gsize n = trio_sim_choose_part ("net.receive", "receive", MIN (size, pipe->unread));
      trio_sim_link_take_bytes (self->link, self->side, buffer, n);
      return (gssize) n;
    }
  /* As Linux: what breaks after the end of the stream is told to who sends. */
  if (pipe->fin_arrived)
    return 0;
  if (self->error != 0)
    return trio_sim_socket_take_error (self);
  return self->broken || self->receives_no_more ? 0 : -EAGAIN;
}

/* A stream takes no address: Linux does not look at it. */
gssize
trio_sim_socket_send_message (TrioIo *io, TrioSocket *socket, gconstpointer data, gsize size, const TrioSocketMessage *message)
{
  TrioSimSocket *self = SOCKET (socket);

  if (self->local.family == TRIO_ADDRESS_UNIX)
    return trio_sim_unix_send (self, data, size, message);
  if (message->n_passed > 0)
    return -EOPNOTSUPP;
  if (self->kind == TRIO_SOCKET_DATAGRAM)
    return trio_sim_udp_send (self, data, size, message->has_address ? &message->address : NULL);
  return send_bytes (io, socket, data, size);
}

static gssize
send_bytes (TrioIo *io, TrioSocket *socket, gconstpointer data, gsize size)
{
  TrioSimSocket *self = SOCKET (socket);

  if (self->local.family == TRIO_ADDRESS_UNIX)
    return trio_sim_unix_send (self, data, size, &(TrioSocketMessage) { .has_address = FALSE });
  if (self->kind == TRIO_SOCKET_DATAGRAM)
    return trio_sim_udp_send (self, data, size, NULL);
  if (self->kind == TRIO_SOCKET_PIPE)
    return trio_sim_pipe_send (self, data, size);
  if (self->state != TRIO_SIM_SOCKET_CONNECTED)
    return self->error != 0 ? trio_sim_socket_take_error (self) : self->link == NULL ? -ENOTCONN : -EPIPE;
  if (self->link->pipe[self->side].fin_sent)
    return -EPIPE;
  if (self->error != 0)
    return trio_sim_socket_take_error (self);
  if (self->broken)
    return -EPIPE;
  if (size == 0)
    return 0;

  gsize room = trio_sim_link_get_room (self->link, self->side);
  if (room == 0)
    return -EAGAIN;
  if (trio_sim_choose_fault (NET (io), "fault.reset", "send", RARITY_OF_FAULTS))
    return reset_by_fault (self);
  if (trio_sim_choose_fault (NET (io), "fault.vanish", "send", RARITY_OF_FAULTS))
    trio_sim_link_fall_silent (self->link);

  TrioSimHost *other = self->link->host[1 - self->side];
  trio_sim_ask_for_host_faults (self->host, "send");
  trio_sim_ask_for_network_faults (self->host, other, "send");
  gsize n = trio_sim_choose_part ("net.send", "send", MIN (size, room));
  gint64 latency = trio_sim_choose_latency ("send") + trio_sim_choose_loss (self->host, other, "send");
  trio_sim_link_send_bytes (self->link, self->side, data, n, latency);
  return (gssize) n;
}

static int
shut_down (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, gboolean sending, gboolean receiving)
{
  TrioSimSocket *self = SOCKET (socket);

  if (self->local.family == TRIO_ADDRESS_UNIX)
    return trio_sim_unix_shutdown (self, sending, receiving);
  if (self->state != TRIO_SIM_SOCKET_CONNECTED || self->broken)
    return -ENOTCONN;
  self->fin_sent |= sending;
  self->receives_no_more |= receiving;
  if (receiving)
    trio_socket_wake (socket, TRIO_IO_READ);
  if (sending)
    trio_socket_wake (socket, TRIO_IO_WRITE);
  if (sending && self->link != NULL && !self->link->pipe[self->side].fin_sent)
    trio_sim_link_send_fin (self->link, self->side, trio_sim_choose_latency ("shutdown_send"));
  return 0;
}

static int
get_address (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, gboolean remote, TrioAddress *address)
{
  TrioSimSocket *self = SOCKET (socket);

  if (self->kind == TRIO_SOCKET_PIPE)
    return -ENOTSOCK;
  if (remote && self->state != TRIO_SIM_SOCKET_CONNECTED)
    return -ENOTCONN;
  *address = remote ? self->remote : self->local;
  return 0;
}

static gboolean
is_readable (TrioSimSocket *self)
{
  if (self->state == TRIO_SIM_SOCKET_LISTENING)
    return !g_queue_is_empty (&self->line);
  if (self->broken || self->error != 0 || self->receives_no_more)
    return TRUE;
  if (self->kind == TRIO_SOCKET_DATAGRAM)
    return !g_queue_is_empty (&self->mail);
  if (self->state != TRIO_SIM_SOCKET_CONNECTED)
    return FALSE;
  TrioSimPipe *pipe = trio_sim_link_get_incoming (self->link, self->side);
  return pipe->unread > 0 || pipe->fin_arrived;
}

static gboolean
is_writable (TrioSimSocket *self)
{
  if (self->broken || self->error != 0 || self->kind == TRIO_SOCKET_DATAGRAM)
    return TRUE;
  return self->state == TRIO_SIM_SOCKET_CONNECTED && trio_sim_link_get_room (self->link, self->side) > 0;
}

static gboolean
arm (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, TrioIoDirection direction)
{
  if (SOCKET (socket)->local.family == TRIO_ADDRESS_UNIX)
    return trio_sim_unix_is_ready (SOCKET (socket), direction);
  if (SOCKET (socket)->kind == TRIO_SOCKET_PIPE)
    return trio_sim_pipe_is_ready (SOCKET (socket), direction);
  return direction == TRIO_IO_READ ? is_readable (SOCKET (socket)) : is_writable (SOCKET (socket));
}

/* Linux' rules: it looks at unread bytes first; after both ends of stream there is nothing left to reset. */
static gboolean
breaks_off (const TrioSimSocket *self)
{
  const TrioSimPipe *in = trio_sim_link_get_incoming (self->link, self->side);

  if (in->unread > 0)
    return TRUE;
  return self->options[TRIO_SOCKET_LINGER] == 0 && !(self->link->pipe[self->side].fin_sent && in->fin_arrived);
}

/* Nobody is left who would send again what is under way. */
static void
break_off (TrioSimSocket *self)
{
  TrioSimPipe *out = &self->link->pipe[self->side];

  if (self->options[TRIO_SOCKET_LINGER] == 0 && out->under_way > 0)
    out->thrown_away = trio_sim_choose_to_throw_away (out->under_way);
  trio_sim_link_send_reset (self->link, self->side, TRIO_SIM_LATENCY_DULL);
}

/* The other side hears of it: a reset, or the end of the stream. */
static void
say_goodbye (TrioSimSocket *self)
{
  if (self->kind == TRIO_SOCKET_PIPE)
    trio_sim_pipe_say_goodbye (self);
  if (self->state != TRIO_SIM_SOCKET_CONNECTED || self->broken || self->link == NULL)
    return;
  if (breaks_off (self))
    break_off (self);
  else if (!self->link->pipe[self->side].fin_sent)
    trio_sim_link_send_fin (self->link, self->side, TRIO_SIM_LATENCY_DULL);
}

static void
close_socket (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket)
{
  trio_sim_socket_close (SOCKET (socket));
}

static int
get_name (TrioIo *io, const TrioAddress *address, guint64 id[2])
{
  return trio_sim_unix_get_name (NET (io), address, id);
}

static int
set_name_mode (TrioIo *io, const TrioAddress *address, guint mode)
{
  return trio_sim_unix_set_mode (NET (io), address, mode);
}

static int
remove_name (TrioIo *io, const TrioAddress *address)
{
  return trio_sim_unix_remove_name (NET (io), address);
}

void
trio_sim_socket_close (TrioSimSocket *self)
{
  TrioSimSocket *waiting;

  /* Connections that nobody accepted are reset. */
  while ((waiting = g_queue_pop_head (&self->line)) != NULL)
    {
      if (waiting->local.family == TRIO_ADDRESS_UNIX)
        trio_sim_unix_say_goodbye (waiting);
      else if (!waiting->broken)
        trio_sim_link_send_reset (waiting->link, waiting->side, TRIO_SIM_LATENCY_DULL);
      trio_sim_socket_free (waiting);
    }
  if (self->local.family == TRIO_ADDRESS_UNIX)
    trio_sim_unix_say_goodbye (self);
  else
    say_goodbye (self);
  g_queue_unlink (&self->net->sockets, &self->open_link);
  if (!self->travels)
    self->host->n_sockets--;
  trio_sim_socket_free (self);
}

void
trio_sim_socket_init_verbs (TrioIo *io)
{
  io->socket = make_socket;
  io->pipe = make_pipe;
  io->set_option = set_option;
  io->bind = bind_socket;
  io->listen = listen_at;
  io->accept = accept_connection;
  io->connect = connect_to;
  io->connect_result = connect_result;
  io->receive = receive;
  io->send = send_bytes;
  io->shutdown = shut_down;
  io->get_option = get_option;
  io->is_ready = arm;
  io->get_address = get_address;
  io->arm = arm;
  io->close = close_socket;
  io->pair = make_pair;
  io->get_name = get_name;
  io->set_name_mode = set_name_mode;
  io->remove_name = remove_name;
}
