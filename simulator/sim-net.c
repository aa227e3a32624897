/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The simulated network's life: sockets, who listens where, ports. */

#include "simulator/sim-net.h"

#include <trio/lowlevel/task.h>

TrioSimNet *
trio_sim_net_new (TrioSimClock *clock, TrioSimTape *tape, TrioSimWatch *watch)
{
  TrioSimNet *net = g_new0 (TrioSimNet, 1);

  net->io.name = "simulated";
  net->io.resolve = trio_sim_host_resolve;
  net->io.look_up_name = trio_sim_host_look_up_name;
  net->io.delay_resolver = trio_sim_host_delay_resolver;
  trio_sim_socket_init_verbs (&net->io);
  trio_sim_vectors_init_verbs (&net->io);
  net->clock = clock;
  net->tape = tape;
  net->watch = watch;
  trio_sim_hosts_init (net);
  trio_sim_events_init (&net->events);
  g_queue_init (&net->sockets);
  g_queue_init (&net->names);
  return net;
}

/* What travels is in the list of sockets, too. */
static void
forget_passed (TrioSimSocket *socket)
{
  for (GList *link = socket->mail.head; link != NULL; link = link->next)
    ((TrioSimLetter *) link->data)->n_passed = 0;
  for (GList *link = socket->line.head; link != NULL; link = link->next)
    forget_passed (link->data);
}

static void
free_with_line (TrioSimSocket *socket)
{
  TrioSimSocket *waiting;

  while ((waiting = g_queue_pop_head (&socket->line)) != NULL)
    trio_sim_socket_free (waiting);
  trio_sim_socket_free (socket);
}

/* What is still open goes without a word: the run is over. */
void
trio_sim_net_free (TrioSimNet *net)
{
  GList *first;

  trio_sim_events_clear (&net->events);
  g_queue_clear_full (&net->names, g_free);
  for (GList *link = net->sockets.head; link != NULL; link = link->next)
    forget_passed (link->data);
  while ((first = g_queue_pop_head_link (&net->sockets)) != NULL)
    free_with_line (first->data);
  trio_sim_hosts_clear (net);
  g_free (net);
}

/* Those that travel go with what they are in. */
static TrioSimSocket *
find_at (const TrioSimHost *host)
{
  for (GList *link = host->net->sockets.head; link != NULL; link = link->next)
    {
      TrioSimSocket *socket = link->data;

      if (socket->host == host && !socket->travels)
        return socket;
    }
  return NULL;
}

static void
leave_unix (TrioSimSocket *socket)
{
  for (GList *link = socket->line.head; link != NULL; link = link->next)
    trio_sim_unix_say_goodbye (link->data);
  trio_sim_unix_say_goodbye (socket);
}

void
trio_sim_net_vanish (TrioSimHost *host)
{
  TrioSimSocket *socket;

  /* One may take others with it. */
  while ((socket = find_at (host)) != NULL)
    {
      g_queue_unlink (&host->net->sockets, &socket->open_link);
      /* Only those of the same host hear of it: who had the other end, and who looks for the name. */
      if (socket->local.family == TRIO_ADDRESS_UNIX)
        leave_unix (socket);
      free_with_line (socket);
    }
  host->n_sockets = 0;
}

void
trio_sim_net_close_all (TrioSimHost *host)
{
  TrioSimSocket *socket;

  while ((socket = find_at (host)) != NULL)
    trio_sim_socket_close (socket);
}

void
trio_sim_net_deliver (TrioSimNet *net)
{
  trio_sim_hosts_settle (net);
  trio_sim_events_run (&net->events, net->clock->now);
}

gint64
trio_sim_net_get_next (TrioSimNet *net)
{
  return net->n_dying > 0 ? net->clock->now : trio_sim_events_get_next (&net->events);
}

TrioSimSocket *
trio_sim_socket_new (TrioSimNet *net, TrioAddressFamily family, TrioSocketKind kind)
{
  TrioSimSocket *socket = g_new0 (TrioSimSocket, 1);

  socket->net = net;
  socket->host = trio_sim_net_get_host (net);
  socket->serial = ++net->n_sockets;
  socket->kind = kind;
  socket->local.family = family;
  socket->remote.family = family;
  socket->maker = "";
  socket->options[TRIO_SOCKET_LINGER] = -1;
  g_queue_init (&socket->line);
  g_queue_init (&socket->mail);
  return socket;
}

void
trio_sim_socket_free (TrioSimSocket *socket)
{
  if (socket->link != NULL)
    {
      socket->link->end[socket->side] = NULL;
      trio_sim_link_unref (socket->link);
    }
  if (socket->fifo != NULL)
    trio_sim_pipe_free_end (socket);
  g_queue_clear_full (&socket->mail, (GDestroyNotify) trio_sim_letter_free);
  g_free (socket);
}

void
trio_sim_socket_change_hands (TrioSimSocket *socket)
{
  socket->maker = trio_sim_tape_get_path (socket->net->tape, trio_current_task ());
}

void
trio_sim_socket_hand_out (TrioSimSocket *socket)
{
  trio_sim_socket_change_hands (socket);
  socket->open_link.data = socket;
  socket->host->n_sockets++;
  g_queue_push_tail_link (&socket->net->sockets, &socket->open_link);
}

void
trio_sim_socket_break (TrioSimSocket *socket, int error)
{
  if (socket->broken)
    return;
  socket->broken = TRUE;
  socket->error = error;
  if (socket->state == TRIO_SIM_SOCKET_CONNECTING)
    socket->state = TRIO_SIM_SOCKET_NEW;
  trio_socket_wake (&socket->socket, TRIO_IO_READ);
  trio_socket_wake (&socket->socket, TRIO_IO_WRITE);
}

void
trio_sim_socket_append (GString *out, const TrioSimSocket *socket)
{
  g_string_append_printf (out, "socket %" G_GUINT64_FORMAT " of %s (", socket->serial,
                          *socket->maker == '\0' ? "the world" : socket->maker);
  if (socket->kind == TRIO_SOCKET_PIPE)
    {
      g_string_append (out, socket->side == TRIO_IO_READ ? "the end of a pipe that receives)" : "the end of a pipe that sends)");
      return;
    }
  if (socket->local.family == TRIO_ADDRESS_UNIX)
    g_string_append (out, "unix ");
  if (socket->bound || socket->link != NULL)
    trio_sim_address_append (out, &socket->local);
  switch (socket->state)
    {
    case TRIO_SIM_SOCKET_NEW:
      g_string_append (out, socket->bound ? ", not connected" : "new");
      break;
    case TRIO_SIM_SOCKET_BOUND:
      break;
    case TRIO_SIM_SOCKET_LISTENING:
      g_string_append_printf (out, ", listening, %u in line", g_queue_get_length ((GQueue *) &socket->line));
      break;
    case TRIO_SIM_SOCKET_CONNECTING:
    case TRIO_SIM_SOCKET_CONNECTED:
      g_string_append (out, socket->state == TRIO_SIM_SOCKET_CONNECTED ? " to " : ", connecting to ");
      trio_sim_address_append (out, &socket->remote);
      break;
    }
  g_string_append_c (out, ')');
}

/* A listener at `local` hears what is sent to `address`. */
static gboolean
hears (const TrioSimSocket *listener, const TrioAddress *address)
{
  const TrioAddress *local = &listener->local;

  if (listener->state != TRIO_SIM_SOCKET_LISTENING || local->port != address->port)
    return FALSE;
  if (!trio_sim_address_is_any (local))
    return trio_sim_address_is_same (local, address);
  return local->family == address->family || (local->family == TRIO_ADDRESS_IPV6 && !listener->ipv6_only);
}

/* One at that very address is preferred to one at any address. */
TrioSimSocket *
trio_sim_net_find_listener (TrioSimNet *net, const TrioSimHost *host, const TrioAddress *address)
{
  TrioSimSocket *found = NULL;

  for (GList *link = net->sockets.head; link != NULL; link = link->next)
    {
      TrioSimSocket *socket = link->data;

      if (socket->host == host && hears (socket, address) && (found == NULL || trio_sim_address_is_any (&found->local)))
        found = socket;
    }
  return found;
}

/* Of two families, only "::" takes the other one's ports, too, and only if it was not told to leave them. */
static gboolean
are_apart (const TrioSimSocket *bound, const TrioSimSocket *binding, const TrioAddress *address)
{
  gboolean bound_is_wider = bound->local.family == TRIO_ADDRESS_IPV6;
  const TrioSimSocket *wider = bound_is_wider ? bound : binding;

  return bound->local.family != address->family
         && (!trio_sim_address_is_any (bound_is_wider ? &bound->local : address) || (wider != NULL && wider->ipv6_only));
}

gboolean
trio_sim_net_is_taken (const TrioSimHost *host, TrioSocketKind kind, const TrioSimSocket *except, const TrioAddress *address)
{
  for (GList *link = host->net->sockets.head; link != NULL; link = link->next)
    {
      const TrioSimSocket *socket = link->data;

      if (socket == except || socket->host != host || socket->kind != kind || !socket->bound || socket->local.port != address->port)
        continue;
      if (except != NULL && except->reuse_port && socket->reuse_port)
        continue;
      if (are_apart (socket, except, address))
        continue;
      /* Connected sockets share their port with their listener, and leave it free to one that reuses addresses. */
      if (socket->state == TRIO_SIM_SOCKET_CONNECTED && except != NULL && except->reuse_address)
        continue;
      if (trio_sim_address_is_same (&socket->local, address) || trio_sim_address_is_any (&socket->local) ||
          trio_sim_address_is_any (address))
        return TRUE;
    }
  return FALSE;
}

guint16
trio_sim_net_take_port (TrioSimHost *host, TrioSocketKind kind, const TrioAddress *address)
{
  TrioAddress candidate = *address;

  for (guint tried = 0; tried <= (guint) (host->last_port - TRIO_SIM_PORT_FIRST); tried++)
    {
      candidate.port = host->next_port;
      host->next_port = host->next_port == host->last_port ? TRIO_SIM_PORT_FIRST : host->next_port + 1;
      if (!trio_sim_net_is_taken (host, kind, NULL, &candidate))
        return candidate.port;
    }
  return 0;
}
