/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What travels: a connection's segments, from being sent to being received.
 *
 *     trio_sim_link_send_…   planned for now + latency, never before what the same side sent earlier
 *     happen                 it arrives; on a silent link it does not
 *     take_bytes             the program receives it
 *
 * A segment is one allocation: the event, the bytes, and the link of the list of arrived ones. */

#include "simulator/sim-net.h"

#include <errno.h>
#include <string.h>

#include <trio/lowlevel/instrument.h>

/* Linux: tcp_syn_retries 6 with doubling from 1 s; tcp_retries2 15. */
#define SYN_ATTEMPTS_MAX    7
#define CONNECT_TIMEOUT_US  (127 * G_TIME_SPAN_SECOND)
#define RECEIPT_TIMEOUT_US  (924 * G_TIME_SPAN_SECOND)
#define RESEND_FIRST_US     (G_TIME_SPAN_SECOND / 5)
#define RESEND_LONGEST_US   (120 * G_TIME_SPAN_SECOND)
#define RESEND_ATTEMPTS_MAX 15

typedef enum
{
  SEGMENT_SYN,
  SEGMENT_SYN_ACK,
  SEGMENT_REFUSAL,
  SEGMENT_BYTES,
  SEGMENT_FIN,
  SEGMENT_RESET,
} SegmentKind;

struct _TrioSimSegment
{
  TrioSimEvent    event;
  TrioSimSegment *next;          /* among the arrived ones */
  TrioSimLink    *link;          /* holds a reference */
  SegmentKind     kind;
  guint           side;          /* that sent it */
  guint           attempts;      /* of a SYN */
  gboolean        refused;       /* a SYN that meets nobody */
  guint64         flow;
  gsize           size;
  gsize           offset;        /* so many bytes of it were received */
  guint8          bytes[];
};

/* A time-out is local: it happens although the link is silent. */
typedef struct
{
  TrioSimEvent event;
  TrioSimLink *link;
  guint        side;
  gboolean     connecting;
} Timeout;

/* What did not get through is tried again, until it does. */
typedef struct
{
  TrioSimEvent event;
  TrioSimLink *link;
  guint        side;
  guint        attempts;
} Resending;

static void segment_happens (TrioSimEvent *event);

/* --- links --- */

TrioSimLink *
trio_sim_link_new (TrioSimNet *net, TrioSimSocket *from, TrioSimHost *to, gsize window)
{
  TrioSimLink *link = g_new0 (TrioSimLink, 1);

  link->net = net;
  link->serial = ++net->n_links;
  link->references = 1;
  link->window = window;
  link->end[0] = from;
  link->host[0] = from->host;
  link->host[1] = to;
  link->boot[0] = from->host->boots;
  link->boot[1] = to->boots;
  return link;
}

static TrioSimLink *
link_ref (TrioSimLink *link)
{
  link->references++;
  return link;
}

void
trio_sim_link_unref (TrioSimLink *link)
{
  if (--link->references > 0)
    return;
  for (guint side = 0; side < 2; side++)
    for (TrioSimSegment *segment = link->pipe[side].head, *next; segment != NULL; segment = next)
      {
        next = segment->next;
        g_free (segment);
      }
  g_free (link);
}

/* --- time-outs --- */

static void
discard_timeout (TrioSimEvent *event)
{
  trio_sim_link_unref (((Timeout *) event)->link);
  g_free (event);
}

static void
timeout_happens (TrioSimEvent *event)
{
  Timeout *timeout = (Timeout *) event;
  TrioSimSocket *socket = timeout->link->end[timeout->side];

  /* A connection attempt that succeeded meanwhile has no time-out any more. */
  if (socket != NULL && (!timeout->connecting || socket->state == TRIO_SIM_SOCKET_CONNECTING))
    trio_sim_socket_break (socket, ETIMEDOUT);
  discard_timeout (event);
}

static void
plan_timeout (TrioSimLink *link, guint side, gboolean connecting)
{
  Timeout *timeout = g_new (Timeout, 1);

  if (!connecting && link->timing_out[side])
    {
      g_free (timeout);
      return;
    }
  link->timing_out[side] |= !connecting;
  *timeout = (Timeout) {
    .event = { .happen = timeout_happens, .discard = discard_timeout },
    .link = link_ref (link),
    .side = side,
    .connecting = connecting,
  };
  trio_sim_events_plan (&link->net->events, &timeout->event,
                        link->net->clock->now + (connecting ? CONNECT_TIMEOUT_US : RECEIPT_TIMEOUT_US));
}

void
trio_sim_link_fall_silent (TrioSimLink *link)
{
  gboolean connecting = link->end[0] != NULL && link->end[0]->state == TRIO_SIM_SOCKET_CONNECTING;

  link->silent = TRUE;
  if (connecting)
    plan_timeout (link, 0, TRUE);
  for (guint side = 0; side < 2; side++)
    if (link->pipe[side].under_way > 0)
      plan_timeout (link, side, FALSE);
}

/* --- sending --- */

static void
free_segment (TrioSimSegment *segment)
{
  trio_sim_link_unref (segment->link);
  g_free (segment);
}

static void
discard_segment (TrioSimEvent *event)
{
  free_segment ((TrioSimSegment *) event);
}

static TrioSimSegment *
new_segment (TrioSimLink *link, guint side, SegmentKind kind, gsize size)
{
  TrioSimSegment *segment = g_malloc (sizeof (TrioSimSegment) + size);

  *segment = (TrioSimSegment) {
    .event = { .happen = segment_happens, .discard = discard_segment },
    .link = link_ref (link),
    .kind = kind,
    .side = side,
    .size = size,
  };
  return segment;
}

static void
send_segment (TrioSimSegment *segment, gint64 latency)
{
  TrioSimLink *link = segment->link;
  TrioSimPipe *pipe = &link->pipe[segment->side];

  gint64 arrival = trio_sim_way_get_arrival (link->host[segment->side], link->host[1 - segment->side], latency, segment->size);

  pipe->last_due = MAX (pipe->last_due, arrival);
  trio_sim_events_plan (&link->net->events, &segment->event, pipe->last_due);
}

void
trio_sim_link_send_syn (TrioSimLink *link, gint64 latency, gboolean refused)
{
  TrioSimSegment *segment = new_segment (link, 0, SEGMENT_SYN, 0);

  segment->refused = refused;
  link->flow = trio_flow_new_id ();
  trio_flow (link->flow, TRUE, "connection");
  send_segment (segment, latency);
}

void
trio_sim_link_send_bytes (TrioSimLink *link, guint side, gconstpointer data, gsize size, gint64 latency)
{
  TrioSimSegment *segment = new_segment (link, side, SEGMENT_BYTES, size);

  memcpy (segment->bytes, data, size);
  link->pipe[side].under_way += size;
  trio_sim_watch_note (link->net->watch, TRIO_SIM_EVENT_SENT, link->serial * 2 + side, trio_sim_hash_bytes (data, size));
  segment->flow = trio_flow_new_id ();
  trio_flow (segment->flow, TRUE, "bytes");
  send_segment (segment, latency);
  if (link->silent)
    plan_timeout (link, side, FALSE);
}

void
trio_sim_link_send_fin (TrioSimLink *link, guint side, gint64 latency)
{
  link->pipe[side].fin_sent = TRUE;
  send_segment (new_segment (link, side, SEGMENT_FIN, 0), latency);
}

void
trio_sim_link_send_reset (TrioSimLink *link, guint side, gint64 latency)
{
  send_segment (new_segment (link, side, SEGMENT_RESET, 0), latency);
}

/* --- arriving --- */

static gboolean
gets_through (const TrioSimLink *link, guint side)
{
  return trio_sim_way_is_open (link->host[side], link->host[1 - side]);
}

static void
refuse (TrioSimLink *link)
{
  send_segment (new_segment (link, 1, SEGMENT_REFUSAL, 0), TRIO_SIM_LATENCY_DULL);
}

/* The other side of a connection comes into being, and stands in line for accept. */
static void
join_line (TrioSimSocket *listener, TrioSimLink *link)
{
  TrioSimSocket *client = link->end[0];
  TrioSimSocket *server = trio_sim_socket_new (link->net, client->remote.family, TRIO_SOCKET_STREAM);

  server->host = listener->host;
  /* As in Linux it is born with what was set before listening. */
  memcpy (server->options, listener->options, sizeof server->options);
  link->boot[1] = server->host->boots;
  server->state = TRIO_SIM_SOCKET_CONNECTED;
  server->local = client->remote;
  server->remote = client->local;
  server->link = link_ref (link);
  server->side = 1;
  link->end[1] = server;
  g_queue_push_tail (&listener->line, server);
  trio_socket_wake (&listener->socket, TRIO_IO_READ);
  send_segment (new_segment (link, 1, SEGMENT_SYN_ACK, 0), TRIO_SIM_LATENCY_DULL);
}

/* It did not get through, and is sent again later, so often. Takes the segment. */
static void
syn_is_lost (TrioSimSegment *segment)
{
  TrioSimNet *net = segment->link->net;

  trio_sim_events_plan (&net->events, &segment->event, net->clock->now + (G_TIME_SPAN_SECOND << segment->attempts));
  segment->attempts++;
}

/* Takes the segment. */
static void
syn_arrives (TrioSimSegment *segment)
{
  TrioSimLink *link = segment->link;
  TrioSimSocket *client = link->end[0];
  TrioSimSocket *listener = client == NULL || segment->refused ? NULL : trio_sim_net_find_listener (link->net, link->host[1], &client->remote);

  if (client == NULL)
    free_segment (segment);
  else if (segment->attempts == SYN_ATTEMPTS_MAX)
    {
      trio_sim_socket_break (client, ETIMEDOUT);
      free_segment (segment);
    }
  else if (!gets_through (link, 0))
    syn_is_lost (segment);
  else if (listener == NULL)
    {
      refuse (link);
      free_segment (segment);
    }
  else if (g_queue_get_length (&listener->line) <= listener->backlog)
    {
      join_line (listener, link);
      free_segment (segment);
    }
  else
    syn_is_lost (segment);
}

static void
syn_ack_arrives (TrioSimLink *link)
{
  TrioSimSocket *client = link->end[0];

  if (client == NULL)
    {
      trio_sim_link_send_reset (link, 0, TRIO_SIM_LATENCY_DULL);
      return;
    }
  client->state = TRIO_SIM_SOCKET_CONNECTED;
  trio_socket_wake (&client->socket, TRIO_IO_WRITE);
}

static void
refusal_arrives (TrioSimLink *link)
{
  if (link->end[0] != NULL)
    trio_sim_socket_break (link->end[0], ECONNREFUSED);
}

/* A host that was started again knows nothing of the connection. Takes the segment. */
static void
meet_a_stranger (TrioSimSegment *segment)
{
  if (segment->kind != SEGMENT_RESET && segment->kind != SEGMENT_REFUSAL)
    trio_sim_link_send_reset (segment->link, 1 - segment->side, TRIO_SIM_LATENCY_DULL);
  if (segment->kind == SEGMENT_BYTES)
    segment->link->pipe[segment->side].under_way -= segment->size;
  free_segment (segment);
}

/* Takes the segment. */
static void
bytes_arrive (TrioSimSegment *segment)
{
  TrioSimLink *link = segment->link;
  TrioSimPipe *pipe = &link->pipe[segment->side];
  guint to = 1 - segment->side;
  TrioSimSocket *receiver = link->end[to];

  pipe->under_way -= segment->size;
  if (receiver == NULL || receiver->broken || pipe->thrown_away)
    {
      if (receiver == NULL)
        trio_sim_link_send_reset (link, to, TRIO_SIM_LATENCY_DULL);
      free_segment (segment);
      return;
    }

  pipe->unread += segment->size;
  if (pipe->tail == NULL)
    pipe->head = segment;
  else
    pipe->tail->next = segment;
  pipe->tail = segment;
  trio_sim_link_unref (link);             /* the pipe owns it now, and the link owns the pipe */
  trio_socket_wake (&receiver->socket, TRIO_IO_READ);
}

static void
fin_arrives (TrioSimLink *link, guint side)
{
  link->pipe[side].fin_arrived = TRUE;
  if (link->end[1 - side] != NULL)
    trio_socket_wake (&link->end[1 - side]->socket, TRIO_IO_READ);
}

static void
reset_arrives (TrioSimLink *link, guint side)
{
  TrioSimSocket *receiver = link->end[1 - side];

  /* As Linux: after the end of the stream it is the sending that is broken. */
  if (receiver != NULL)
    trio_sim_socket_break (receiver, link->pipe[side].fin_arrived ? EPIPE : ECONNRESET);
}

/* Takes the segment. */
static void
arrive (TrioSimSegment *segment)
{
  TrioSimLink *link = segment->link;
  guint to = 1 - segment->side;

  if (segment->kind != SEGMENT_SYN && link->boot[to] != link->host[to]->boots)
    {
      meet_a_stranger (segment);
      return;
    }
  switch (segment->kind)
    {
    case SEGMENT_SYN:
      syn_arrives (segment);
      return;
    case SEGMENT_BYTES:
      bytes_arrive (segment);
      return;
    case SEGMENT_SYN_ACK:
      syn_ack_arrives (link);
      break;
    case SEGMENT_REFUSAL:
      refusal_arrives (link);
      break;
    case SEGMENT_FIN:
      fin_arrives (link, segment->side);
      break;
    case SEGMENT_RESET:
      reset_arrives (link, segment->side);
      break;
    }
  free_segment (segment);
}

/* --- not getting through --- */

/* Who sent it was started again since: nobody is left who would send again. */
static gboolean
is_forgotten (const TrioSimLink *link, guint side)
{
  return link->boot[side] != link->host[side]->boots || !link->host[side]->up;
}

static void
drop_held (TrioSimPipe *pipe)
{
  for (TrioSimSegment *segment = pipe->held_head, *next; segment != NULL; segment = next)
    {
      next = segment->next;
      free_segment (segment);
    }
  pipe->held_head = pipe->held_tail = NULL;
}

static void
deliver_held (TrioSimPipe *pipe)
{
  TrioSimSegment *segment = pipe->held_head;

  pipe->held_head = pipe->held_tail = NULL;
  for (TrioSimSegment *next; segment != NULL; segment = next)
    {
      next = g_steal_pointer (&segment->next);
      arrive (segment);
    }
}

static void
plan_resending (Resending *resending)
{
  const TrioSimNet *net = resending->link->net;
  gint64 wait = MIN (RESEND_FIRST_US << MIN (resending->attempts, 20), RESEND_LONGEST_US);

  trio_sim_events_plan ((TrioSimEvents *) &net->events, &resending->event, net->clock->now + wait);
}

static void
discard_resending (TrioSimEvent *event)
{
  Resending *resending = (Resending *) event;

  drop_held (&resending->link->pipe[resending->side]);
  trio_sim_link_unref (resending->link);
  g_free (resending);
}

static void
resending_happens (TrioSimEvent *event)
{
  Resending *resending = (Resending *) event;
  TrioSimLink *link = resending->link;
  guint side = resending->side;

  if (link->silent || is_forgotten (link, side))
    ;
  else if (gets_through (link, side))
    deliver_held (&link->pipe[side]);
  else if (++resending->attempts <= RESEND_ATTEMPTS_MAX)
    {
      plan_resending (resending);
      return;
    }
  else if (link->end[side] != NULL)
    trio_sim_socket_break (link->end[side], ETIMEDOUT);
  discard_resending (event);
}

/* What is sent later waits behind it. Takes the segment. */
static void
hold (TrioSimSegment *segment)
{
  TrioSimLink *link = segment->link;
  TrioSimPipe *pipe = &link->pipe[segment->side];

  if (pipe->held_head == NULL)
    {
      Resending *resending = g_new (Resending, 1);

      *resending = (Resending) {
        .event = { .happen = resending_happens, .discard = discard_resending }, .link = link_ref (link), .side = segment->side,
      };
      plan_resending (resending);
      pipe->held_head = segment;
    }
  else
    pipe->held_tail->next = segment;
  pipe->held_tail = segment;
  /* Whoever connects knows nothing of an answer that does not come. */
  if (segment->kind == SEGMENT_SYN_ACK)
    plan_timeout (link, 0, TRUE);
}

static void
segment_happens (TrioSimEvent *event)
{
  TrioSimSegment *segment = (TrioSimSegment *) event;
  TrioSimLink *link = segment->link;

  if (link->silent)
    free_segment (segment);
  else if (segment->kind == SEGMENT_SYN || (link->pipe[segment->side].held_head == NULL && gets_through (link, segment->side)))
    arrive (segment);
  else
    hold (segment);
}

void
trio_sim_link_take_bytes (TrioSimLink *link, guint side, gpointer buffer, gsize size)
{
  TrioSimPipe *pipe = trio_sim_link_get_incoming (link, side);
  guint8 *out = buffer;
  gsize left = size;

  g_assert (size <= pipe->unread);
  while (left > 0)
    {
      TrioSimSegment *segment = pipe->head;
      gsize n = MIN (left, segment->size - segment->offset);

      if (segment->offset == 0)
        trio_flow (segment->flow, FALSE, "bytes");
      memcpy (out, segment->bytes + segment->offset, n);
      segment->offset += n;
      out += n;
      left -= n;
      if (segment->offset == segment->size)
        {
          pipe->head = segment->next;
          if (pipe->head == NULL)
            pipe->tail = NULL;
          g_free (segment);
        }
    }
  pipe->unread -= size;
  if (link->end[1 - side] != NULL && !link->silent)
    trio_socket_wake (&link->end[1 - side]->socket, TRIO_IO_WRITE);
}

gsize
trio_sim_link_look_at_bytes (TrioSimLink *link, guint side, gpointer buffer, gsize size)
{
  guint8 *out = buffer;
  gsize n = 0;

  for (const TrioSimSegment *segment = trio_sim_link_get_incoming (link, side)->head; segment != NULL && n < size; segment = segment->next)
    {
      gsize part = MIN (size - n, segment->size - segment->offset);

      memcpy (out + n, segment->bytes + segment->offset, part);
      n += part;
    }
  return n;
}
