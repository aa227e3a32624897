/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Pipes: one buffer between two ends of the same host. Nothing travels, so nothing is late or lost; what varies is how much is sent or
 * received at once, and how large the buffer is. As Linux (pipe(7)):
 *
 *   up to PIPE_BYTES_ATOMIC bytes are sent whole or not at all; and as many must fit before the writer hears that it may send
 *   no writer, and no bytes left: the end; no reader: -EPIPE, at once */

#include "simulator/sim-net.h"

#include <errno.h>
#include <string.h>

#define PIPE_BYTES_ATOMIC 4096

struct _TrioSimFifo
{
  GByteArray    *bytes;          /* sent and not received */
  gsize          capacity;
  TrioSimSocket *end[2];         /* by direction: who receives, who sends; NULL: closed */
  guint64        serial;
};

static TrioSimSocket *
new_end (TrioSimNet *net, TrioSimFifo *fifo, TrioIoDirection direction)
{
  TrioSimSocket *end = trio_sim_socket_new (net, TRIO_ADDRESS_IPV4, TRIO_SOCKET_PIPE);

  end->state = TRIO_SIM_SOCKET_CONNECTED;
  end->fifo = fifo;
  end->side = direction;
  fifo->end[direction] = end;
  trio_sim_socket_hand_out (end);
  return end;
}

void
trio_sim_pipe_new (TrioSimNet *net, TrioSocket *ends[2])
{
  TrioSimFifo *fifo = g_new0 (TrioSimFifo, 1);
  gsize window = trio_sim_choose_window ();

  fifo->bytes = g_byte_array_new ();
  fifo->capacity = MAX (window, PIPE_BYTES_ATOMIC);
  fifo->serial = ++net->n_links;
  for (guint direction = TRIO_IO_READ; direction <= TRIO_IO_WRITE; direction++)
    ends[direction] = &new_end (net, fifo, direction)->socket;
}

static TrioIoDirection
get_other (const TrioSimSocket *end)
{
  return end->side == TRIO_IO_READ ? TRIO_IO_WRITE : TRIO_IO_READ;
}

void
trio_sim_pipe_say_goodbye (TrioSimSocket *end)
{
  TrioIoDirection other = get_other (end);

  end->fifo->end[end->side] = NULL;
  if (end->fifo->end[other] != NULL)
    trio_socket_wake (&end->fifo->end[other]->socket, other);
}

void
trio_sim_pipe_free_end (TrioSimSocket *end)
{
  TrioSimFifo *fifo = end->fifo;

  end->fifo = NULL;
  fifo->end[end->side] = NULL;
  if (fifo->end[get_other (end)] != NULL)
    return;
  g_byte_array_unref (fifo->bytes);
  g_free (fifo);
}

static gsize
get_room (const TrioSimFifo *fifo)
{
  return fifo->capacity - fifo->bytes->len;
}

gssize
trio_sim_pipe_receive (TrioSimSocket *end, gpointer buffer, gsize size)
{
  TrioSimFifo *fifo = end->fifo;
  gsize n;

  if (end->side != TRIO_IO_READ)
    return -EBADF;
  if (fifo->bytes->len == 0)
    return fifo->end[TRIO_IO_WRITE] == NULL ? 0 : -EAGAIN;

  n = trio_sim_choose_part ("net.receive", "receive", MIN (size, fifo->bytes->len));
  memcpy (buffer, fifo->bytes->data, n);
  g_byte_array_remove_range (fifo->bytes, 0, (guint) n);
  if (fifo->end[TRIO_IO_WRITE] != NULL && get_room (fifo) >= PIPE_BYTES_ATOMIC)
    trio_socket_wake (&fifo->end[TRIO_IO_WRITE]->socket, TRIO_IO_WRITE);
  return (gssize) n;
}

gssize
trio_sim_pipe_send (TrioSimSocket *end, gconstpointer data, gsize size)
{
  TrioSimFifo *fifo = end->fifo;
  gsize n = size;

  if (end->side != TRIO_IO_WRITE)
    return -EBADF;
  if (fifo->end[TRIO_IO_READ] == NULL)
    return -EPIPE;
  if (get_room (fifo) < MIN (size, PIPE_BYTES_ATOMIC))
    return -EAGAIN;

  if (size > PIPE_BYTES_ATOMIC)
    n = trio_sim_choose_part ("net.send", "send", MIN (size, get_room (fifo)));
  g_byte_array_append (fifo->bytes, data, (guint) n);
  trio_sim_watch_note (end->net->watch, TRIO_SIM_EVENT_SENT, fifo->serial * 2, trio_sim_hash_bytes (data, n));
  trio_socket_wake (&fifo->end[TRIO_IO_READ]->socket, TRIO_IO_READ);
  return (gssize) n;
}

gboolean
trio_sim_pipe_is_ready (const TrioSimSocket *end, TrioIoDirection direction)
{
  const TrioSimFifo *fifo = end->fifo;

  if (direction != (TrioIoDirection) end->side)
    return TRUE;
  if (direction == TRIO_IO_READ)
    return fifo->bytes->len > 0 || fifo->end[TRIO_IO_WRITE] == NULL;
  return fifo->end[TRIO_IO_READ] == NULL || get_room (fifo) >= PIPE_BYTES_ATOMIC;
}
