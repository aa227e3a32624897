/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tests/net/script-io.h"

#include <errno.h>

#include "tests/core/mock-world.h"

static gssize
next_answer (Script *script, gssize otherwise)
{
  guint n = script->n_asked++;

  return n < script->n_answers ? script->answers[n] : otherwise;
}

static ScriptSocket *
socket_new (ScriptIo *self)
{
  ScriptSocket *socket = g_new0 (ScriptSocket, 1);

  socket->number = ++self->n_opened;
  self->last = socket;
  return socket;
}

static void
script_poll (TrioIo *io G_GNUC_UNUSED)
{
}

static int
script_socket (TrioIo *io, TrioAddressFamily family G_GNUC_UNUSED, TrioSocketKind kind G_GNUC_UNUSED, TrioSocket **socket)
{
  ScriptIo *self = (ScriptIo *) io;
  int answer = (int) next_answer (&self->socket, 0);

  if (answer == 0)
    *socket = &socket_new (self)->socket;
  return answer;
}

static int
script_set_option (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket G_GNUC_UNUSED, TrioSocketOption option G_GNUC_UNUSED,
                   int value G_GNUC_UNUSED)
{
  return 0;
}

static int
script_bind (TrioIo *io, TrioSocket *socket G_GNUC_UNUSED, const TrioAddress *address)
{
  ScriptIo *self = (ScriptIo *) io;
  int answer = (int) next_answer (&self->bind, 0);

  g_assert_cmpuint (self->n_bound, <, G_N_ELEMENTS (self->bound));
  self->bound[self->n_bound] = *address;
  if (address->port == 0)
    self->bound[self->n_bound].port = self->next_port++;
  self->n_bound++;
  return answer;
}

static int
script_listen (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket G_GNUC_UNUSED, int backlog G_GNUC_UNUSED)
{
  return 0;
}

static int
script_accept (TrioIo *io, TrioSocket *socket G_GNUC_UNUSED, TrioSocket **connection)
{
  ScriptIo *self = (ScriptIo *) io;
  int answer = (int) next_answer (&self->accept, -EAGAIN);

  if (answer == 0)
    *connection = &socket_new (self)->socket;
  return answer;
}

static int
script_connect (TrioIo *io, TrioSocket *socket G_GNUC_UNUSED, const TrioAddress *address G_GNUC_UNUSED)
{
  return (int) next_answer (&((ScriptIo *) io)->connect, 0);
}

static int
script_connect_result (TrioIo *io, TrioSocket *socket G_GNUC_UNUSED)
{
  return (int) next_answer (&((ScriptIo *) io)->connect_result, 0);
}

static gssize
script_receive (TrioIo *io, TrioSocket *socket G_GNUC_UNUSED, gpointer buffer G_GNUC_UNUSED, gsize size G_GNUC_UNUSED)
{
  return next_answer (&((ScriptIo *) io)->receive, -EAGAIN);
}

static gssize
script_send (TrioIo *io, TrioSocket *socket G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED, gsize size G_GNUC_UNUSED)
{
  return next_answer (&((ScriptIo *) io)->send, -EAGAIN);
}

static gssize
script_receive_message (TrioIo *io, TrioSocket *socket, const TrioInputVector *vectors, guint n_vectors, TrioSocketMessage *message)
{
  gssize n = script_receive (io, socket, vectors[0].buffer, vectors[0].size);

  g_assert_cmpuint (n_vectors, ==, 1);
  if (n >= 0)
    *message = (TrioSocketMessage) { .address = script_ipv4 (9, 4000), .has_address = TRUE, .size = (gsize) n };
  return n > (gssize) vectors[0].size ? (gssize) vectors[0].size : n;
}

static gssize
script_send_message (TrioIo *io, TrioSocket *socket, const TrioOutputVector *vectors, guint n_vectors G_GNUC_UNUSED,
                     const TrioSocketMessage *message G_GNUC_UNUSED)
{
  return script_send (io, socket, vectors[0].buffer, vectors[0].size);
}

static int
script_shutdown (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket G_GNUC_UNUSED, gboolean sending G_GNUC_UNUSED,
                 gboolean receiving G_GNUC_UNUSED)
{
  return 0;
}

static void
script_get_kind (TrioIo *io G_GNUC_UNUSED, TrioSocket *socket G_GNUC_UNUSED, TrioAddressFamily *family, TrioSocketKind *kind)
{
  *family = TRIO_ADDRESS_IPV4;
  *kind = TRIO_SOCKET_STREAM;
}

static int
script_get_address (TrioIo *io, TrioSocket *socket G_GNUC_UNUSED, gboolean remote, TrioAddress *address)
{
  ScriptIo *self = (ScriptIo *) io;

  if (remote)
    *address = script_ipv4 (9, 4000);
  else if (self->n_bound > 0)
    *address = self->bound[self->n_bound - 1];
  else
    return -EINVAL;
  return 0;
}

static gboolean
script_arm (TrioIo *io, TrioSocket *socket, TrioIoDirection direction)
{
  ((ScriptSocket *) socket)->armed[direction] = TRUE;
  return next_answer (&((ScriptIo *) io)->arm, 0) != 0;
}

static void
script_close (TrioIo *io, TrioSocket *socket)
{
  g_assert_null (socket->waiting[TRIO_IO_READ]);
  g_assert_null (socket->waiting[TRIO_IO_WRITE]);
  ((ScriptIo *) io)->n_closed++;
  g_free (socket);
}

static gboolean
script_resolve (TrioIo *io, const char *host G_GNUC_UNUSED, guint16 port, TrioAddress **addresses, gsize *n_addresses,
                GError **error)
{
  ScriptIo *self = (ScriptIo *) io;

  if (!trio_checkpoint (error))
    return FALSE;
  *addresses = g_memdup2 (self->addresses, sizeof (TrioAddress) * self->n_addresses);
  *n_addresses = self->n_addresses;
  for (gsize i = 0; i < *n_addresses; i++)
    (*addresses)[i].port = port;
  return TRUE;
}

void
script_io_init (ScriptIo *self)
{
  *self = (ScriptIo) {
    .io = {
      .name = "script",
      .poll = script_poll,
      .socket = script_socket,
      .set_option = script_set_option,
      .bind = script_bind,
      .listen = script_listen,
      .accept = script_accept,
      .connect = script_connect,
      .connect_result = script_connect_result,
      .receive = script_receive,
      .send = script_send,
      .receive_message = script_receive_message,
      .send_message = script_send_message,
      .shutdown = script_shutdown,
      .get_kind = script_get_kind,
      .get_address = script_get_address,
      .arm = script_arm,
      .close = script_close,
      .resolve = script_resolve,
    },
    .n_addresses = 1,
    .next_port = 5000,
  };
  self->addresses[0] = script_ipv4 (1, 0);
}

void
script_add (Script *script, gssize answer)
{
  g_assert_cmpuint (script->n_answers, <, SCRIPT_MAX);
  script->answers[script->n_answers++] = answer;
}

TrioAddress
script_ipv4 (guint8 last_byte, guint16 port)
{
  return (TrioAddress) { .family = TRIO_ADDRESS_IPV4, .port = port, .bytes = { 10, 0, 0, last_byte } };
}

void
script_run (ScriptIo *self, TrioFunc body)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  gboolean ok;

  world->world.io = &self->io;
  ok = mock_run_in (world, body, self, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpuint (self->n_closed, ==, self->n_opened);
}
