/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Letters: bytes that keep together, and the mail of a socket, which is the letters that have arrived and wait to be received. */

#include "simulator/sim-net.h"

#include <errno.h>
#include <string.h>

#include <trio/lowlevel/instrument.h>

TrioSimLetter *
trio_sim_letter_new (TrioSimNet *net, gconstpointer data, gsize size)
{
  TrioSimLetter *letter = g_malloc (sizeof (TrioSimLetter) + size);

  *letter = (TrioSimLetter) { .net = net, .size = size };
  if (size > 0)
    memcpy (letter->bytes, data, size);
  return letter;
}

void
trio_sim_letter_free (TrioSimLetter *letter)
{
  trio_sim_letter_drop_passed (letter);
  g_free (letter);
}

void
trio_sim_letter_arrive (TrioSimLetter *letter, TrioSimSocket *receiver)
{
  g_queue_push_tail (&receiver->mail, letter);
  receiver->mail_size += letter->size;
  trio_socket_wake (&receiver->socket, TRIO_IO_READ);
}

gssize
trio_sim_letter_receive (TrioSimSocket *receiver, gpointer buffer, gsize size, TrioSocketMessage *message)
{
  TrioSimLetter *letter = g_queue_pop_head (&receiver->mail);

  if (letter == NULL)
    return -EAGAIN;
  receiver->mail_size -= letter->size;
  size = MIN (size, letter->size);
  if (size > 0)
    memcpy (buffer, letter->bytes, size);
  *message = (TrioSocketMessage) { .address = letter->from, .has_address = TRUE, .size = letter->size };
  if (letter->flow != 0)
    trio_flow (letter->flow, FALSE, "datagram");
  trio_sim_letter_free (letter);
  return (gssize) size;
}
