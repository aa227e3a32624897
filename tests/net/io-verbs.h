/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The verbs of the io table in one line each, as the conformance checks use them; and the checks that io-conformance.c does not have itself.
 * Only they include this. */

#pragma once

#include <errno.h>
#include <string.h>

#include <trio/seam/io.h>
#include <trio/trio.h>

static const TrioAddress loopback = { .family = TRIO_ADDRESS_IPV4, .bytes = { 127, 0, 0, 1 } };

static inline TrioIo *
io (void)
{
  return trio_current_io ();
}

static inline TrioSocket *
make (TrioAddressFamily family, TrioSocketKind kind)
{
  TrioSocket *socket = NULL;

  g_assert_cmpint (io ()->socket (io (), family, kind, &socket), ==, 0);
  g_assert_nonnull (socket);
  g_assert_null (socket->waiting[TRIO_IO_READ]);
  g_assert_null (socket->waiting[TRIO_IO_WRITE]);
  return socket;
}

static inline void
shut (TrioSocket *socket)
{
  io ()->close (io (), socket);
}

static inline gssize
receive (TrioSocket *socket, gpointer buffer, gsize size)
{
  return io ()->receive (io (), socket, buffer, size);
}

static inline gssize
send (TrioSocket *socket, gconstpointer data, gsize size)
{
  return io ()->send (io (), socket, data, size);
}

static inline TrioAddress
address_of (TrioSocket *socket, gboolean remote)
{
  TrioAddress address;

  g_assert_cmpint (io ()->get_address (io (), socket, remote, &address), ==, 0);
  return address;
}

/* Until an attempt is worth while: at most some seconds of the world's time. */
TRIO_CHECKPOINT static inline void
await (TrioSocket *socket, TrioIoDirection direction)
{
  gint64 start = trio_current_time ();
  g_autoptr (GError) error = NULL;

  while (!io ()->arm (io (), socket, direction))
    {
      g_assert_cmpint (trio_current_time () - start, <, 60 * G_TIME_SPAN_SECOND);
      if (!trio_sleep (100, &error))
        g_error ("a check of the io table was cancelled: %s", error->message);
    }
}

TRIO_CHECKPOINT static inline gssize
receive_soon (TrioSocket *socket, gpointer buffer, gsize size)
{
  gssize n;

  while ((n = receive (socket, buffer, size)) == -EAGAIN)
    await (socket, TRIO_IO_READ);
  return n;
}

TRIO_CHECKPOINT static inline void
expect (TrioSocket *socket, const char *text)
{
  gsize size = strlen (text), received = 0;
  char buffer[100];

  while (received < size)
    {
      gssize n = receive_soon (socket, buffer + received, size - received);

      g_assert_cmpint (n, >, 0);
      received += (gsize) n;
    }
  g_assert_cmpmem (buffer, received, text, size);
}

TRIO_CHECKPOINT static inline void
send_text (TrioSocket *socket, const char *text)
{
  gsize size = strlen (text), sent = 0;

  while (sent < size)
    {
      gssize n = send (socket, text + sent, size - sent);

      if (n == -EAGAIN)
        await (socket, TRIO_IO_WRITE);
      else
        g_assert_cmpint (n, >, 0);
      sent += n > 0 ? (gsize) n : 0;
    }
}

static inline TrioSocket *
listen_here (TrioAddress *address)
{
  TrioSocket *listener = make (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM);

  g_assert_cmpint (io ()->bind (io (), listener, &loopback), ==, 0);
  g_assert_cmpint (io ()->listen (io (), listener, 5), ==, 0);
  *address = address_of (listener, FALSE);
  g_assert_cmpuint (address->port, !=, 0);
  return listener;
}

TRIO_CHECKPOINT static inline int
connect_soon (TrioSocket *socket, const TrioAddress *address)
{
  int result = io ()->connect (io (), socket, address);

  while (result == -EINPROGRESS)
    {
      await (socket, TRIO_IO_WRITE);
      result = io ()->connect_result (io (), socket);
    }
  return result;
}

TRIO_CHECKPOINT static inline TrioSocket *
accept_soon (TrioSocket *listener)
{
  TrioSocket *connection = NULL;
  int result;

  while ((result = io ()->accept (io (), listener, &connection)) == -EAGAIN)
    await (listener, TRIO_IO_READ);
  g_assert_cmpint (result, ==, 0);
  return connection;
}

TRIO_CHECKPOINT static inline void
make_tcp (TrioSocket *ends[2])
{
  TrioAddress address;
  TrioSocket *listener = listen_here (&address);

  ends[0] = make (TRIO_ADDRESS_IPV4, TRIO_SOCKET_STREAM);
  g_assert_cmpint (connect_soon (ends[0], &address), ==, 0);
  ends[1] = accept_soon (listener);
  shut (listener);
}

static inline void
make_pair (TrioSocket *ends[2])
{
  g_assert_cmpint (io ()->pair (io (), TRIO_SOCKET_STREAM, ends), ==, 0);
}

static inline gssize
receive_message (TrioSocket *socket, gpointer buffer, gsize size, TrioSocketMessage *message)
{
  return io ()->receive_message (io (), socket, &(TrioInputVector) { buffer, size }, 1, message);
}

static inline gssize
send_message (TrioSocket *socket, gconstpointer data, gsize size, const TrioSocketMessage *message)
{
  return io ()->send_message (io (), socket, &(TrioOutputVector) { data, size }, 1, message);
}

TRIO_CHECKPOINT static inline gssize
receive_message_soon (TrioSocket *socket, gpointer buffer, gsize size, TrioSocketMessage *message)
{
  gssize n;

  while ((n = receive_message (socket, buffer, size, message)) == -EAGAIN)
    await (socket, TRIO_IO_READ);
  return n;
}

/* io-messages.c */
gboolean io_check_datagrams_keep_their_bounds (gpointer unused, GError **error) TRIO_CHECKPOINT;
gboolean io_check_places_are_filled_in_order  (gpointer unused, GError **error) TRIO_CHECKPOINT;
gboolean io_check_what_is_looked_at_stays     (gpointer unused, GError **error) TRIO_CHECKPOINT;
gboolean io_check_descriptors_come_and_go     (gpointer unused, GError **error) TRIO_CHECKPOINT;
