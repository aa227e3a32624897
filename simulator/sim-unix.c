/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Unix sockets: within one machine, so reliable, in order, and at once. What is sent is in the receiver's mail when the verb returns;
 * what cannot be is refused by the verb itself. Errors are Linux'.
 *
 * Always true:
 *  1. Of a stream, `peer` is the other end as long as both are open; `eof` says that nothing more comes.
 *  2. Only room varies (net.window, net.send, net.receive): there are no faults but a lack of descriptors.
 *  3. A socket that was passed stands in a letter; it stays in the network's list, so that it goes on receiving, and `travels`. So does a
 *     file in its disk's list. */

#include "simulator/sim-net.h"

#include <errno.h>
#include <string.h>

#include <trio/lowlevel/task.h>

/* Linux: net.unix.max_dgram_qlen, and what one datagram may have of net.core.wmem_default. */
#define DATAGRAMS_MAX 10
#define DATAGRAM_SIZE_MAX (212992 - 32)

/* --- names --- */

struct _TrioSimName
{
  TrioSimHost   *host;          /* each has names of its own */
  TrioAddress    address;
  guint64        id;
  guint          mode;
  TrioSimSocket *owner;         /* NULL: stale. Its socket was closed, and nobody has removed the name */
};

static gboolean
is_abstract (const TrioAddress *address)
{
  return address->path[0] == '\0';
}

static TrioSimName *
find_name (TrioSimHost *host, const TrioAddress *address)
{
  for (GList *link = host->net->names.head; link != NULL; link = link->next)
    {
      TrioSimName *name = link->data;

      if (name->host == host && memcmp (name->address.path, address->path, sizeof address->path) == 0)
        return name;
    }
  return NULL;
}

static void
remove_name (TrioSimNet *net, TrioSimName *name)
{
  g_queue_remove (&net->names, name);
  g_free (name);
}

int
trio_sim_unix_bind (TrioSimSocket *socket, const TrioAddress *address)
{
  TrioSimNet *net = socket->net;
  TrioSimName *name;

  if (find_name (socket->host, address) != NULL)
    return -EADDRINUSE;
  name = g_new (TrioSimName, 1);
  *name = (TrioSimName) { socket->host, *address, ++net->n_names, 0777, socket };
  g_queue_push_tail (&net->names, name);
  socket->local = *address;
  socket->bound = TRUE;
  if (socket->state == TRIO_SIM_SOCKET_NEW)
    socket->state = TRIO_SIM_SOCKET_BOUND;
  return 0;
}

int
trio_sim_unix_get_name (TrioSimNet *net, const TrioAddress *address, guint64 id[2])
{
  TrioSimName *name = find_name (trio_sim_net_get_host (net), address);

  if (name == NULL || is_abstract (address))
    return -ENOENT;
  id[0] = 1;
  id[1] = name->id;
  return 0;
}

int
trio_sim_unix_set_mode (TrioSimNet *net, const TrioAddress *address, guint mode)
{
  TrioSimName *name = find_name (trio_sim_net_get_host (net), address);

  if (name == NULL || is_abstract (address))
    return -ENOENT;
  name->mode = mode;
  return 0;
}

int
trio_sim_unix_remove_name (TrioSimNet *net, const TrioAddress *address)
{
  TrioSimName *name = find_name (trio_sim_net_get_host (net), address);

  if (name == NULL || is_abstract (address))
    return -ENOENT;
  remove_name (net, name);
  return 0;
}

/* Who has the name, if it is of that kind. */
static int
look_up (TrioSimSocket *self, const TrioAddress *address, TrioSimSocket **found)
{
  TrioSimName *name = find_name (self->host, address);

  if (name == NULL)
    return is_abstract (address) ? -ECONNREFUSED : -ENOENT;
  if (name->owner == NULL)
    return -ECONNREFUSED;
  if (name->owner->kind != self->kind)
    return -EPROTOTYPE;
  *found = name->owner;
  return 0;
}

/* --- connections --- */

/* No time passes between two unix sockets, so that a tiny window would look like a run that does not end. */
static const gsize windows[] = { 208 * 1024, 4096, 1024 };

static void
describe_window (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *path = point->task == NULL ? g_strdup ("the world") : trio_task_dup_path (point->task);

  g_string_append_printf (out, "%s's unix socket has room for %" G_GSIZE_FORMAT " bytes", path, windows[value]);
}

static gsize
choose_window (void)
{
  static const guint32 weights[] = { 8, 1, 1 };
  const TrioChoicePoint point = {
    .label = "net.window",
    .bound = G_N_ELEMENTS (windows),
    .weights = weights,
    .what = "connect",
    .describe = describe_window,
  };

  return windows[trio_choose (&point)];
}

static void
join (TrioSimSocket *a, TrioSimSocket *b, gsize window)
{
  a->peer = b;
  b->peer = a;
  a->state = b->state = TRIO_SIM_SOCKET_CONNECTED;
  a->window = b->window = window;
}

void
trio_sim_unix_pair (TrioSimSocket *a, TrioSimSocket *b)
{
  join (a, b, a->kind == TRIO_SOCKET_STREAM ? choose_window () : 0);
}

static int
connect_stream (TrioSimSocket *self, const TrioAddress *address, TrioSimSocket *listener)
{
  TrioSimSocket *server;

  if (self->state == TRIO_SIM_SOCKET_CONNECTED || self->state == TRIO_SIM_SOCKET_LISTENING)
    return -EISCONN;
  if (listener->state != TRIO_SIM_SOCKET_LISTENING)
    return -ECONNREFUSED;
  if (g_queue_get_length (&listener->line) > listener->backlog)
    return -EAGAIN;

  server = trio_sim_socket_new (self->net, TRIO_ADDRESS_UNIX, TRIO_SOCKET_STREAM);
  server->local = listener->local;
  server->remote = self->local;
  self->remote = *address;
  join (self, server, choose_window ());
  g_queue_push_tail (&listener->line, server);
  trio_socket_wake (&listener->socket, TRIO_IO_READ);
  return 0;
}

int
trio_sim_unix_connect (TrioSimSocket *self, const TrioAddress *address)
{
  TrioSimSocket *found;
  int result;

  if (address->family != TRIO_ADDRESS_UNIX)
    return -EINVAL;
  result = look_up (self, address, &found);
  if (result < 0)
    return result;
  if (self->kind == TRIO_SOCKET_STREAM)
    return connect_stream (self, address, found);
  if (found->peer != NULL && found->peer != self)
    return -EPERM;
  self->peer = found;
  self->remote = *address;
  self->state = TRIO_SIM_SOCKET_CONNECTED;
  return 0;
}

/* --- sending --- */

static void
deliver (TrioSimSocket *self, TrioSimSocket *receiver, gconstpointer data, gsize size, const TrioSocketMessage *message)
{
  TrioSimLetter *letter = trio_sim_letter_new (self->net, data, size);

  letter->from = self->local;
  trio_sim_letter_enclose (letter, message);
  trio_sim_watch_note (self->net->watch, TRIO_SIM_EVENT_SENT, G_MAXUINT32 + self->serial, trio_sim_hash_bytes (data, size));
  trio_sim_letter_arrive (letter, receiver);
}

static gsize
get_room (const TrioSimSocket *self)
{
  return self->window - MIN (self->window, self->peer->mail_size);
}

static gssize
send_to_stream (TrioSimSocket *self, gconstpointer data, gsize size, const TrioSocketMessage *message)
{
  gsize room;

  if (self->state != TRIO_SIM_SOCKET_CONNECTED)
    return -ENOTCONN;
  if (self->fin_sent || self->peer == NULL || self->peer->receives_no_more)
    return -EPIPE;
  if (size == 0)
    return 0;
  room = get_room (self);
  if (room == 0)
    return -EAGAIN;
  size = trio_sim_choose_part ("net.send", "send", MIN (size, room));
  deliver (self, self->peer, data, size, message);
  return (gssize) size;
}

/* Whom a datagram goes to. */
static int
address_datagram (TrioSimSocket *self, const TrioSocketMessage *message, TrioSimSocket **receiver)
{
  if (message->has_address)
    return message->address.family != TRIO_ADDRESS_UNIX ? -EINVAL : look_up (self, &message->address, receiver);
  if (self->state != TRIO_SIM_SOCKET_CONNECTED)
    return -ENOTCONN;
  /* The peer has been closed. That is told once. */
  if (self->peer == NULL)
    {
      self->state = self->bound ? TRIO_SIM_SOCKET_BOUND : TRIO_SIM_SOCKET_NEW;
      return -ECONNREFUSED;
    }
  *receiver = self->peer;
  return 0;
}

static gboolean
is_full (const TrioSimSocket *receiver)
{
  return receiver->mail.length > DATAGRAMS_MAX;
}

static gssize
send_datagram (TrioSimSocket *self, gconstpointer data, gsize size, const TrioSocketMessage *message)
{
  TrioSimSocket *receiver;
  int result = address_datagram (self, message, &receiver);

  if (result < 0)
    return result;
  if (self->fin_sent || receiver->receives_no_more)
    return -EPIPE;
  if (size > DATAGRAM_SIZE_MAX)
    return -EMSGSIZE;
  if (receiver->peer != NULL && receiver->peer != self)
    return -EPERM;
  if (is_full (receiver))
    return message->has_address ? -ENOBUFS : -EAGAIN;
  deliver (self, receiver, data, size, message);
  return (gssize) size;
}

gssize
trio_sim_unix_send (TrioSimSocket *self, gconstpointer data, gsize size, const TrioSocketMessage *message)
{
  return self->kind == TRIO_SOCKET_STREAM ? send_to_stream (self, data, size, message) : send_datagram (self, data, size, message);
}

int
trio_sim_unix_shutdown (TrioSimSocket *self, gboolean sending, gboolean receiving)
{
  if (self->state != TRIO_SIM_SOCKET_CONNECTED)
    return -ENOTCONN;
  self->fin_sent |= sending;
  self->receives_no_more |= receiving;
  if (self->kind == TRIO_SOCKET_STREAM && self->peer != NULL)
    {
      self->peer->eof |= sending;
      self->peer->fin_sent |= receiving;
      trio_socket_wake (&self->peer->socket, TRIO_IO_READ);
      trio_socket_wake (&self->peer->socket, TRIO_IO_WRITE);
    }
  trio_socket_wake (&self->socket, TRIO_IO_READ);
  trio_socket_wake (&self->socket, TRIO_IO_WRITE);
  return 0;
}

/* --- receiving --- */

/* Those that wait for room at it. */
static void
tell_senders (TrioSimSocket *receiver)
{
  for (GList *link = receiver->net->sockets.head; link != NULL; link = link->next)
    {
      TrioSimSocket *socket = link->data;

      if (socket->peer == receiver)
        trio_socket_wake (&socket->socket, TRIO_IO_WRITE);
    }
}

/* Up to size bytes; not past the end of a letter that had something in it, as Linux (unix(7), "ancillary data forms a kind of barrier"). */
static gssize
receive_from_stream (TrioSimSocket *self, guint8 *buffer, gsize size, TrioSocketMessage *message)
{
  gboolean had_passed;
  gsize received = 0;

  size = trio_sim_choose_part ("net.receive", "receive", MIN (size, self->mail_size));
  while (received < size)
    {
      TrioSimLetter *letter = g_queue_peek_head (&self->mail);
      gsize n = MIN (size - received, letter->size - letter->offset);

      had_passed = letter->n_passed > 0;
      trio_sim_letter_unpack (letter, message);
      memcpy (buffer + received, letter->bytes + letter->offset, n);
      letter->offset += n;
      received += n;
      self->mail_size -= n;
      if (letter->offset == letter->size)
        trio_sim_letter_free (g_queue_pop_head (&self->mail));
      if (had_passed)
        break;
    }
  message->size = received;
  return (gssize) received;
}

static gssize
receive_datagram (TrioSimSocket *self, gpointer buffer, gsize size, TrioSocketMessage *message)
{
  TrioSimLetter *letter = g_queue_peek_head (&self->mail);
  TrioSocketMessage passed = { 0 };
  gssize n;

  trio_sim_letter_unpack (letter, &passed);
  n = trio_sim_letter_receive (self, buffer, size, message);
  message->has_address = message->address.path[0] != '\0' || message->address.path[1] != '\0';
  message->passed = passed.passed;
  message->n_passed = passed.n_passed;
  message->passed_error = passed.passed_error;
  return n;
}

gssize
trio_sim_unix_receive (TrioSimSocket *self, gpointer buffer, gsize size, TrioSocketMessage *message)
{
  gssize n;

  *message = (TrioSocketMessage) { 0 };
  if (self->kind == TRIO_SOCKET_STREAM && self->state != TRIO_SIM_SOCKET_CONNECTED)
    return -EINVAL;
  if (self->kind == TRIO_SOCKET_STREAM && size == 0)
    return 0;
  if (g_queue_is_empty (&self->mail))
    {
      if (self->error != 0)
        return trio_sim_socket_take_error (self);
      return self->eof || self->receives_no_more ? 0 : -EAGAIN;
    }
  n = self->kind == TRIO_SOCKET_STREAM ? receive_from_stream (self, buffer, size, message)
                                       : receive_datagram (self, buffer, size, message);
  tell_senders (self);
  return n;
}

gboolean
trio_sim_unix_is_ready (TrioSimSocket *self, TrioIoDirection direction)
{
  if (direction == TRIO_IO_READ)
    return self->state == TRIO_SIM_SOCKET_LISTENING
             ? !g_queue_is_empty (&self->line)
             : !g_queue_is_empty (&self->mail) || self->error != 0 || self->eof || self->receives_no_more;
  if (self->kind == TRIO_SOCKET_DATAGRAM)
    return self->peer == NULL || !is_full (self->peer);
  return self->state == TRIO_SIM_SOCKET_CONNECTED && (self->peer == NULL || self->fin_sent || get_room (self) > 0);
}

/* --- the end --- */

static void
leave_name (TrioSimSocket *self)
{
  TrioSimName *name = find_name (self->host, &self->local);

  if (!self->bound || name == NULL || name->owner != self)
    return;
  name->owner = NULL;
  if (is_abstract (&self->local))
    remove_name (self->net, name);
}

/* Unread bytes make it a reset, and so does a connection that was never accepted. */
static void
leave_peer (TrioSimSocket *self)
{
  TrioSimSocket *peer = self->peer;

  if (self->kind != TRIO_SOCKET_STREAM || peer == NULL)
    return;
  if (!g_queue_is_empty (&self->mail) || self->maker[0] == '\0')
    peer->error = ECONNRESET;
  peer->eof = TRUE;
  peer->peer = NULL;
  self->peer = NULL;
  trio_socket_wake (&peer->socket, TRIO_IO_READ);
  trio_socket_wake (&peer->socket, TRIO_IO_WRITE);
}

/* Those that were connected with a datagram socket. */
static void
forget (TrioSimSocket *self)
{
  for (GList *link = self->net->sockets.head; link != NULL; link = link->next)
    {
      TrioSimSocket *socket = link->data;

      if (socket->peer == self)
        {
          socket->peer = NULL;
          trio_socket_wake (&socket->socket, TRIO_IO_WRITE);
        }
    }
}

void
trio_sim_unix_say_goodbye (TrioSimSocket *self)
{
  leave_name (self);
  leave_peer (self);
  if (self->kind == TRIO_SOCKET_DATAGRAM)
    forget (self);
}
