/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The part of the contract that is about messages: datagrams, several places, looking without taking; and descriptors. */

#include "tests/net/io-verbs.h"

gboolean
io_check_datagrams_keep_their_bounds (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioSocket *one = make (TRIO_ADDRESS_IPV4, TRIO_SOCKET_DATAGRAM), *other = make (TRIO_ADDRESS_IPV4, TRIO_SOCKET_DATAGRAM);
  TrioSocketMessage to = { .has_address = TRUE }, from;
  g_autofree char *much = g_malloc0 (70000);
  TrioAddress mine;
  char buffer[4];

  g_assert_cmpint (io ()->bind (io (), one, &loopback), ==, 0);
  g_assert_cmpint (io ()->bind (io (), other, &loopback), ==, 0);
  to.address = address_of (one, FALSE);
  mine = address_of (other, FALSE);

  g_assert_cmpint (receive_message (one, buffer, sizeof buffer, &from), ==, -EAGAIN);
  g_assert_cmpint (send_message (other, "too long", 8, &to), ==, 8);
  g_assert_cmpint (send_message (other, "", 0, &to), ==, 0);
  g_assert_cmpint (send_message (other, "end", 3, &to), ==, 3);
  g_assert_cmpint (receive_message_soon (one, buffer, sizeof buffer, &from), ==, 4);
  g_assert_cmpuint (from.size, ==, 8);
  g_assert_true (from.has_address && trio_address_equal (&from.address, &mine));
  g_assert_cmpint (receive_message_soon (one, buffer, sizeof buffer, &from), ==, 0);
  g_assert_cmpint (receive_message_soon (one, buffer, sizeof buffer, &from), ==, 3);

  g_assert_cmpint (send_message (other, much, 70000, &to), ==, -EMSGSIZE);
  g_assert_cmpint (send (other, "x", 1), <, 0);
  g_assert_cmpint (io ()->connect (io (), other, &to.address), ==, 0);
  g_assert_cmpint (send (other, "x", 1), ==, 1);
  g_assert_cmpint (receive_soon (one, buffer, sizeof buffer), ==, 1);
  shut (one);
  shut (other);
  return TRUE;
}

/* Taken from where they lie, put where there is room. */
gboolean
io_check_places_are_filled_in_order (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  const TrioOutputVector out[] = { { "ab", 2 }, { NULL, 0 }, { "cde", 3 } };
  TrioSocket *pairs[3][2];

  make_pair (pairs[0]);
  make_tcp (pairs[1]);
  g_assert_cmpint (io ()->pipe (io (), pairs[2]), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      TrioSocket *from = pairs[i][TRIO_IO_WRITE], *to = pairs[i][TRIO_IO_READ];
      char first[1] = "", second[9] = "";
      const TrioInputVector in[] = { { first, 1 }, { NULL, 0 }, { second, sizeof second } };
      TrioSocketMessage message;
      gssize sent, n;

      g_assert_cmpint (io ()->receive_message (io (), to, in, 3, &message), ==, -EAGAIN);
      sent = io ()->send_message (io (), from, out, 3, NULL);
      g_assert_cmpint (sent, >=, 1);
      g_assert_cmpint (sent, <=, 5);
      while ((n = io ()->receive_message (io (), to, in, 3, &message)) == -EAGAIN)
        await (to, TRIO_IO_READ);
      g_assert_cmpint (n, >=, 1);
      g_assert_cmpint (n, <=, sent);
      g_assert_cmpint (first[0], ==, 'a');
      g_assert_cmpmem (second, n - 1, "bcde", n - 1);
      shut (from);
      shut (to);
    }
  return TRUE;
}

gboolean
io_check_what_is_looked_at_stays (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioSocket *ends[2], *pipe_ends[2];
  char buffer[4];
  gssize n;

  make_tcp (ends);
  g_assert_cmpint (io ()->peek (io (), ends[1], buffer, sizeof buffer), ==, -EAGAIN);
  send_text (ends[0], "xyz");
  while ((n = io ()->peek (io (), ends[1], buffer, sizeof buffer)) == -EAGAIN)
    await (ends[1], TRIO_IO_READ);
  g_assert_cmpint (n, >=, 1);
  g_assert_cmpmem (buffer, n, "xyz", n);
  expect (ends[1], "xyz");
  g_assert_cmpint (io ()->pipe (io (), pipe_ends), ==, 0);
  g_assert_cmpint (io ()->peek (io (), pipe_ends[TRIO_IO_READ], buffer, sizeof buffer), ==, -ENOTSOCK);
  for (guint i = 0; i < 2; i++)
    {
      shut (ends[i]);
      shut (pipe_ends[i]);
    }
  return TRUE;
}

/* What comes back is what went, and there are descriptors for all of these or for none. */
gboolean
io_check_descriptors_come_and_go (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  const TrioDescriptorFlags all = TRIO_DESCRIPTOR_RECEIVES | TRIO_DESCRIPTOR_SENDS | TRIO_DESCRIPTOR_SHUTS_DOWN | TRIO_DESCRIPTOR_IS_SOCKET;
  TrioDescriptorFlags can = 0;
  TrioAddressFamily family;
  TrioSocketKind kind;
  TrioSocket *ends[2], *pipe_ends[2];
  int fd;

  make_pair (ends);
  g_assert_cmpint (io ()->pipe (io (), pipe_ends), ==, 0);
  fd = io ()->get_descriptor (io (), ends[0]);
  if (fd < 0)
    {
      g_assert_cmpint (fd, ==, -EOPNOTSUPP);
      g_assert_cmpint (io ()->detach (io (), ends[0]), ==, -EOPNOTSUPP);
      g_assert_cmpint (io ()->adopt (io (), 0, &ends[0], &can), ==, -EOPNOTSUPP);
      g_assert_cmpint (io ()->watch (io (), 0, &ends[0]), ==, -EOPNOTSUPP);
    }
  else
    {
      /* It was waited for, once. */
      io ()->arm (io (), ends[0], TRIO_IO_READ);
      g_assert_cmpint (io ()->detach (io (), ends[0]), ==, fd);
      g_assert_cmpint (io ()->adopt (io (), fd, &ends[0], &can), ==, 0);
      g_assert_cmpint (can, ==, all);
      io ()->get_kind (io (), ends[0], &family, &kind);
      g_assert_true (family == TRIO_ADDRESS_UNIX && kind == TRIO_SOCKET_STREAM);
      g_assert_cmpint (io ()->adopt (io (), -1, &ends[0], &can), ==, -EBADF);

      fd = io ()->detach (io (), pipe_ends[TRIO_IO_READ]);
      g_assert_cmpint (fd, >=, 0);
      g_assert_cmpint (io ()->adopt (io (), fd, &pipe_ends[TRIO_IO_READ], &can), ==, 0);
      g_assert_cmpint (can, ==, TRIO_DESCRIPTOR_RECEIVES);
    }
  send_text (ends[1], "still there");
  expect (ends[0], "still there");
  send_text (pipe_ends[TRIO_IO_WRITE], "here, too");
  expect (pipe_ends[TRIO_IO_READ], "here, too");
  for (guint i = 0; i < 2; i++)
    {
      shut (ends[i]);
      shut (pipe_ends[i]);
    }
  return TRUE;
}
