/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The verbs of the io seam that are others of its verbs put together, and those that ask for what is not there: descriptors of a system.
 *
 *     send_message      several places -> one -> as the network sends from one
 *     receive_message   as the network receives into one -> several places
 *     peek              what receive () would take, left where it is; nothing is left to chance */

#include "simulator/sim-net.h"

#include <errno.h>
#include <string.h>

#include <trio/lowlevel/access.h>

/* More than any stream has room for. */
#define STREAM_BYTES_MAX (256 * 1024)

/* Larger than any datagram can be, and not so large that its size overflows. */
#define DATAGRAM_BYTES_MAX (1024 * 1024)

static gsize
limit_of (const TrioSimSocket *self)
{
  return self->kind == TRIO_SOCKET_DATAGRAM ? DATAGRAM_BYTES_MAX : STREAM_BYTES_MAX;
}

static gssize
send_message (TrioIo *io, TrioSocket *socket, const TrioOutputVector *vectors, guint n_vectors, const TrioSocketMessage *message)
{
  static const TrioSocketMessage nothing;
  g_autoptr (GByteArray) all = NULL;
  gsize room = limit_of ((TrioSimSocket *) socket);

  message = message != NULL ? message : &nothing;
  if (n_vectors == 1)
    return trio_sim_socket_send_message (io, socket, vectors[0].buffer, vectors[0].size, message);
  all = g_byte_array_new ();
  for (guint i = 0; i < n_vectors && room > 0; i++)
    {
      gsize n = MIN (vectors[i].size, room);

      if (n > 0)
        g_byte_array_append (all, vectors[i].buffer, (guint) n);
      room -= n;
    }
  return trio_sim_socket_send_message (io, socket, all->data, all->len, message);
}

static gssize
receive_message (TrioIo *io, TrioSocket *socket, const TrioInputVector *vectors, guint n_vectors, TrioSocketMessage *message)
{
  g_autofree guint8 *all = NULL;
  gsize size = 0, taken = 0;
  gssize n;

  if (n_vectors == 1)
    return trio_sim_socket_receive_message (io, socket, vectors[0].buffer, vectors[0].size, message);
  for (guint i = 0; i < n_vectors; i++)
    size += MIN (vectors[i].size, limit_of ((TrioSimSocket *) socket) - size);
  all = g_malloc (size);
  n = trio_sim_socket_receive_message (io, socket, all, size, message);
  for (guint i = 0; i < n_vectors && (gssize) taken < n; i++)
    {
      gsize part = MIN (vectors[i].size, (gsize) n - taken);

      if (part > 0)
        memcpy (vectors[i].buffer, all + taken, part);
      taken += part;
    }
  return n;
}

/* --- looking --- */

/* Of a datagram socket the first letter. */
static gsize
look_at_mail (const TrioSimSocket *self, guint8 *buffer, gsize size)
{
  gsize n = 0;

  for (GList *link = self->mail.head; link != NULL && n < size; link = link->next)
    {
      const TrioSimLetter *letter = link->data;
      gsize part = MIN (size - n, letter->size - letter->offset);

      memcpy (buffer + n, letter->bytes + letter->offset, part);
      n += part;
      if (self->kind == TRIO_SOCKET_DATAGRAM)
        break;
    }
  return n;
}

/* An end, an error and "not now" are those of a receive. */
static gssize
peek (TrioIo *io, TrioSocket *socket, gpointer buffer, gsize size)
{
  TrioSimSocket *self = (TrioSimSocket *) socket;

  trio_note_access (io, TRIO_ACCESS_WRITE);
  if (self->kind == TRIO_SOCKET_PIPE)
    return -ENOTSOCK;
  if (self->error == 0 && !g_queue_is_empty (&self->mail))
    return (gssize) look_at_mail (self, buffer, size);
  if (self->state == TRIO_SIM_SOCKET_CONNECTED && self->link != NULL && trio_sim_link_get_incoming (self->link, self->side)->unread > 0)
    return (gssize) trio_sim_link_look_at_bytes (self->link, self->side, buffer, size);
  return io->receive (io, socket, buffer, size);
}

static void
get_kind (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket, TrioAddressFamily *family, TrioSocketKind *kind)
{
  const TrioSimSocket *self = (TrioSimSocket *) socket;

  *family = self->kind == TRIO_SOCKET_PIPE ? TRIO_ADDRESS_UNIX : self->local.family;
  *kind = self->kind;
}

/* --- descriptors --- */

static int
adopt (TrioIo *io G_GNUC_UNUSED, int descriptor G_GNUC_UNUSED, TrioSocket **socket G_GNUC_UNUSED, TrioDescriptorFlags *can G_GNUC_UNUSED)
{
  return -EOPNOTSUPP;
}

static int
watch (TrioIo *io G_GNUC_UNUSED, int descriptor G_GNUC_UNUSED, TrioSocket **socket G_GNUC_UNUSED)
{
  return -EOPNOTSUPP;
}

static int
get_descriptor (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket G_GNUC_UNUSED)
{
  return -EOPNOTSUPP;
}

void
trio_sim_vectors_init_verbs (TrioIo *io)
{
  io->send_message = send_message;
  io->receive_message = receive_message;
  io->peek = peek;
  io->get_kind = get_kind;
  io->adopt = adopt;
  io->detach = get_descriptor;
  io->watch = watch;
  io->get_descriptor = get_descriptor;
}
