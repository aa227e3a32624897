/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* UDP: datagrams that arrive whole, or not at all.
 *
 *     send ----> lost? ----> latency ----> overtaken? ----> arrives: is there a socket, has it room? ----> mail ----> receive
 *                              +- twice? -> a second time
 *
 * Always true:
 *  1. Without a fault, datagrams of one socket arrive in order, once, unless nobody is there or the receiver has no room.
 *  2. Who is there is asked when the datagram arrives, not when it is sent.
 *  3. Only a connected socket learns that nobody was there, by ECONNREFUSED at one of its next verbs (RFC 1122, 4.1.3.3). */

#include "simulator/sim-net.h"

#include <errno.h>

#include <trio/lowlevel/instrument.h>
#include <trio/lowlevel/task.h>

/* What fits in a packet: 65535 without the headers of IP and UDP. IPv6 does not count its own. */
#define SIZE_MAX_IPV4 (65535 - 20 - 8)
#define SIZE_MAX_IPV6 (65535 - 8)

/* Linux: net.core.rmem_default, and about what a small datagram takes beside its bytes. */
#define MAIL_MAX      212992
#define MAIL_OVERHEAD 768

#define RARITY_OF_FAULTS 20

/* How much later: longer than what is sent "at the same time", shorter than a person's patience. A copy is right behind. */
#define OVERTAKEN_US (10 * G_TIME_SPAN_MILLISECOND)
#define TWICE_US     1

static void letter_happens (TrioSimEvent *event);

/* --- what is left to chance --- */

static const gint64 latencies[] = { TRIO_SIM_LATENCY_DULL, 1000, 10 * 1000, 100 * 1000, 1000 * 1000 };

static void
describe_latency (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_autofree char *path = point->task == NULL ? g_strdup ("the world") : trio_task_dup_path (point->task);

  g_string_append_printf (out, "%s's datagram took %" G_GINT64_FORMAT " ms", path, latencies[value] / 1000);
}

static gint64
choose_latency (void)
{
  static const guint32 weights[] = { 24, 6, 3, 2, 1 };
  const TrioChoicePoint point = {
    .label = "net.udp.latency",
    .bound = G_N_ELEMENTS (latencies),
    .weights = weights,
    .what = "send",
    .describe = describe_latency,
  };

  return latencies[trio_choose (&point)];
}

static gboolean
choose_fault (TrioSimNet *net, const char *label)
{
  return trio_sim_choose_fault (net, label, "send", RARITY_OF_FAULTS);
}

/* --- who is there --- */

static gboolean
is_at (const TrioSimSocket *socket, const TrioAddress *address)
{
  const TrioAddress *local = &socket->local;

  if (socket->kind != TRIO_SOCKET_DATAGRAM || !socket->bound || local->port != address->port)
    return FALSE;
  if (!trio_sim_address_is_any (local))
    return trio_sim_address_is_same (local, address);
  return local->family == address->family;
}

static gboolean
is_connected_to (const TrioSimSocket *socket, const TrioAddress *address)
{
  return socket->state == TRIO_SIM_SOCKET_CONNECTED && trio_sim_address_is_same (&socket->remote, address)
         && socket->remote.port == address->port;
}

/* As Linux: the one that is connected with the sender, else one at that very address, else one at any. A connected socket hears
 * nobody else. */
static TrioSimSocket *
find_receiver (const TrioSimLetter *letter)
{
  TrioSimSocket *found = NULL;

  for (GList *link = letter->net->sockets.head; link != NULL; link = link->next)
    {
      TrioSimSocket *socket = link->data;

      if (socket->host != letter->receiver || !is_at (socket, &letter->to))
        continue;
      if (is_connected_to (socket, &letter->from))
        return socket;
      if (socket->state != TRIO_SIM_SOCKET_CONNECTED && (found == NULL || trio_sim_address_is_any (&found->local)))
        found = socket;
    }
  return found;
}

/* --- travelling --- */

static void
discard_letter (TrioSimEvent *event)
{
  trio_sim_letter_free ((TrioSimLetter *) event);
}

static void
plan (TrioSimLetter *letter, gint64 due)
{
  letter->event.happen = letter_happens;
  letter->event.discard = discard_letter;
  trio_sim_events_plan (&letter->net->events, &letter->event, due);
}

static void
tell_that_nobody_is_there (const TrioSimLetter *letter)
{
  TrioSimLetter *news = trio_sim_letter_new (letter->net, NULL, 0);

  news->from = letter->to;
  news->to = letter->from;
  news->sender = letter->receiver;
  news->receiver = letter->sender;
  news->refusal = TRUE;
  plan (news, trio_sim_way_get_arrival (news->sender, news->receiver, TRIO_SIM_LATENCY_DULL, 0));
}

static void
refusal_arrives (const TrioSimLetter *letter)
{
  TrioSimSocket *sender = find_receiver (letter);

  if (sender == NULL || !is_connected_to (sender, &letter->from))
    return;
  sender->error = ECONNREFUSED;
  trio_socket_wake (&sender->socket, TRIO_IO_READ);
}

static gsize
get_room (const TrioSimSocket *receiver)
{
  int size = receiver->options[TRIO_SOCKET_RECEIVE_BUFFER];

  return size > 0 ? (gsize) size : MAIL_MAX;
}

static void
letter_happens (TrioSimEvent *event)
{
  TrioSimLetter *letter = (TrioSimLetter *) event;
  TrioSimSocket *receiver = letter->refusal ? NULL : find_receiver (letter);

  /* Nobody sends it again. */
  if (!trio_sim_way_is_open (letter->sender, letter->receiver))
    ;
  else if (letter->refusal)
    refusal_arrives (letter);
  else if (receiver == NULL)
    tell_that_nobody_is_there (letter);
  else if (receiver->mail_size + receiver->mail.length * MAIL_OVERHEAD + letter->size <= get_room (receiver))
    {
      trio_sim_letter_arrive (letter, receiver);
      return;
    }
  trio_sim_letter_free (letter);
}

static TrioSimLetter *
write_letter (TrioSimSocket *sender, const TrioAddress *to, gconstpointer data, gsize size)
{
  TrioSimLetter *letter = trio_sim_letter_new (sender->net, data, size);

  letter->from = sender->local;
  if (trio_sim_address_is_any (&letter->from))
    {
      letter->from = trio_sim_socket_source (sender->host, to);
      letter->from.port = sender->local.port;
    }
  letter->to = *to;
  letter->sender = sender->host;
  letter->receiver = trio_sim_net_find_host (sender->net, sender->host, to);
  letter->flow = trio_flow_new_id ();
  trio_flow (letter->flow, TRUE, "datagram");
  return letter;
}

static void
send_letter (TrioSimSocket *sender, const TrioAddress *to, gconstpointer data, gsize size)
{
  TrioSimNet *net = sender->net;

  trio_sim_watch_note (net->watch, TRIO_SIM_EVENT_SENT, G_MAXUINT32 + sender->serial, trio_sim_hash_bytes (data, size));
  if (choose_fault (net, "fault.udp.drop"))
    return;

  TrioSimHost *receiver = trio_sim_net_find_host (net, sender->host, to);
  trio_sim_ask_for_host_faults (sender->host, "send");
  trio_sim_ask_for_network_faults (sender->host, receiver, "send");
  gint64 arrival = trio_sim_way_get_arrival (sender->host, receiver, choose_latency (), size);
  gint64 due = MAX (sender->last_due, arrival);
  gboolean overtaken = choose_fault (net, "fault.udp.reorder");

  sender->last_due = due;
  plan (write_letter (sender, to, data, size), due + (overtaken ? OVERTAKEN_US : 0));
  if (choose_fault (net, "fault.udp.duplicate"))
    plan (write_letter (sender, to, data, size), due + TWICE_US);
}

/* --- the verbs --- */

int
trio_sim_udp_connect (TrioSimSocket *socket, const TrioAddress *address)
{
  TrioAddress destination = trio_sim_socket_destination (address);
  TrioAddress source = trio_sim_socket_source (socket->host, &destination);
  int result;

  if (address->family != socket->local.family)
    return -EAFNOSUPPORT;
  result = trio_sim_socket_bind_if_need_be (socket, &source);
  if (result < 0)
    return result;
  /* At any address until now: replies come to the one that is the route's. */
  if (trio_sim_address_is_any (&socket->local))
    {
      source.port = socket->local.port;
      socket->local = source;
    }
  socket->remote = destination;
  socket->state = TRIO_SIM_SOCKET_CONNECTED;
  return 0;
}

gssize
trio_sim_udp_receive (TrioSimSocket *socket, gpointer buffer, gsize size, TrioSocketMessage *message)
{
  if (socket->error != 0)
    return trio_sim_socket_take_error (socket);
  if (socket->receives_no_more && g_queue_is_empty (&socket->mail))
    {
      *message = (TrioSocketMessage) { .size = 0 };
      return 0;
    }
  return trio_sim_letter_receive (socket, buffer, size, message);
}

gssize
trio_sim_udp_send (TrioSimSocket *socket, gconstpointer data, gsize size, const TrioAddress *to)
{
  const TrioAddress any = { .family = socket->local.family };
  TrioAddress destination;
  int result;

  if (socket->error != 0)
    return trio_sim_socket_take_error (socket);
  if (socket->fin_sent)
    return -EPIPE;
  if (to == NULL && socket->state != TRIO_SIM_SOCKET_CONNECTED)
    return -EDESTADDRREQ;
  if (to != NULL && to->family != socket->local.family)
    return -EAFNOSUPPORT;
  if (size > (socket->local.family == TRIO_ADDRESS_IPV4 ? SIZE_MAX_IPV4 : SIZE_MAX_IPV6))
    return -EMSGSIZE;
  destination = to != NULL ? trio_sim_socket_destination (to) : socket->remote;
  if (destination.port == 0)
    return -EINVAL;

  result = trio_sim_socket_bind_if_need_be (socket, &any);
  if (result < 0)
    return result;
  send_letter (socket, &destination, data, size);
  return (gssize) size;
}
