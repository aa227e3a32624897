/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What travels in letters: sockets, ends of pipes and files, as descriptors of Linux do (unix(7)).
 *
 * Always true:
 *  1. What is in a letter is nobody's: it takes no descriptor of its host. So when it arrives there may be none for it: then it is closed, and
 *     the receiver told (MSG_CTRUNC of recvmsg(2)).
 *  2. It stays in the list of its network or disk, and `travels`; it goes with the letter. */

#include <errno.h>
#include <string.h>

#include "simulator/sim-disk.h"
#include "simulator/sim-net.h"

#include <trio/lowlevel/task.h>

/* One in how many messages that bring something, when it is drawn. */
#define RARITY_OF_FAULTS 20

void
trio_sim_letter_enclose (TrioSimLetter *letter, const TrioSocketMessage *message)
{
  if (message->n_passed == 0)
    return;
  letter->passed = g_memdup2 (message->passed, sizeof message->passed[0] * message->n_passed);
  letter->n_passed = message->n_passed;
  for (guint i = 0; i < letter->n_passed; i++)
    {
      TrioSimSocket *socket = (TrioSimSocket *) letter->passed[i].socket;

      if (socket == NULL)
        {
          trio_sim_handle_send_off (letter->passed[i].file);
          continue;
        }
      socket->travels = TRUE;
      socket->host->n_sockets--;
    }
}

static void
close_passed (TrioSocketPassed *passed, guint n_passed)
{
  for (guint i = 0; i < n_passed; i++)
    if (passed[i].socket != NULL)
      trio_sim_socket_close ((TrioSimSocket *) passed[i].socket);
    else
      trio_sim_handle_free (passed[i].file);
}

void
trio_sim_letter_drop_passed (TrioSimLetter *letter)
{
  guint n_passed = letter->n_passed;

  letter->n_passed = 0;
  close_passed (letter->passed, n_passed);
  g_clear_pointer (&letter->passed, g_free);
}

void
trio_sim_message_drop_passed (TrioSocketMessage *message)
{
  for (guint i = 0; i < message->n_passed; i++)
    g_free (message->passed[i].path);
  close_passed (message->passed, message->n_passed);
  g_clear_pointer (&message->passed, g_free);
}

static TrioDescriptorFlags
describe (const TrioSimSocket *socket)
{
  if (socket->kind != TRIO_SOCKET_PIPE)
    return TRIO_DESCRIPTOR_IS_SOCKET | TRIO_DESCRIPTOR_RECEIVES | TRIO_DESCRIPTOR_SENDS | TRIO_DESCRIPTOR_SHUTS_DOWN;
  return socket->side == TRIO_IO_READ ? TRIO_DESCRIPTOR_RECEIVES : TRIO_DESCRIPTOR_SENDS;
}

/* Files take no descriptor in the simulation. */
static void
take (TrioSimNet *net, TrioSocketPassed *passed)
{
  TrioSimSocket *socket = (TrioSimSocket *) passed->socket;

  if (socket != NULL)
    {
      socket->travels = FALSE;
      socket->host->n_sockets++;
      trio_sim_socket_change_hands (socket);
      passed->can = describe (socket);
      return;
    }
  trio_sim_handle_change_hands (passed->file, trio_sim_tape_get_path (net->tape, trio_current_task ()));
  passed->flags = passed->file->flags & (TRIO_FILE_READ | TRIO_FILE_WRITE | TRIO_FILE_APPEND);
  passed->path = g_strdup (passed->file->path);
}

/* Of several as many as there are descriptors for. */
static guint
count_those_that_fit (const TrioSimLetter *letter)
{
  const TrioSimHost *host = trio_sim_net_get_host (letter->net);
  guint n_sockets = 0;

  if (trio_sim_choose_fault (letter->net, "fault.emfile", "receive", RARITY_OF_FAULTS))
    return 0;
  for (guint i = 0; i < letter->n_passed; i++)
    {
      n_sockets += letter->passed[i].socket != NULL;
      if (host->max_sockets > 0 && host->n_sockets + n_sockets > host->max_sockets)
        return i;
    }
  return letter->n_passed;
}

void
trio_sim_letter_unpack (TrioSimLetter *letter, TrioSocketMessage *message)
{
  guint n_fit, n_passed = letter->n_passed;

  if (n_passed == 0)
    return;
  n_fit = count_those_that_fit (letter);
  message->passed = g_steal_pointer (&letter->passed);
  letter->n_passed = 0;
  for (guint i = 0; i < n_fit; i++)
    take (letter->net, &message->passed[i]);
  message->n_passed = n_fit;
  if (n_fit == n_passed)
    return;
  message->passed_error = -EMFILE;
  close_passed (message->passed + n_fit, n_passed - n_fit);
}
