/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: tokio's bounded mpsc channel, reserve_many () (https://github.com/tokio-rs/tokio/pull/8260); a channel, a missing
 * wake-up.
 *
 * The bug: after close () the receiver waits until no place is reserved any more. A sender that has reserved one place and waits
 * for a second one is cancelled, and gives its place back quietly. If that was the last, nobody tells the receiver.
 *
 * The repair: wake the receiver if giving back left nothing reserved. */

#include "tests/bugs/cancel/cancel.h"

#define WANTED 2

typedef struct
{
  gboolean repaired;
  int      n_free;              /* places */
  int      n_reserved;
  gboolean closed;
  Event   *many;                /* who waits for more places; NULL if nobody does */
  int      n_many;              /* places it has already */
  Event    idle;                /* the receiver's */
} Channel;

static void
describe_channel (gpointer data, GString *out)
{
  Channel *channel = data;

  g_string_append_printf (out, "it is %s, and %d places are reserved", channel->closed ? "closed" : "open", channel->n_reserved);
}

static void
wake_receiver_if_idle (Channel *channel)
{
  if (channel->closed && channel->n_reserved == 0)
    event_set (&channel->idle);
}

static void
give_back (Channel *channel, int n)
{
  for (; n > 0; n--)
    {
      if (channel->many == NULL)
        {
          channel->n_free++;
          channel->n_reserved--;
        }
      else if (++channel->n_many == WANTED)
        event_set (g_steal_pointer (&channel->many));
    }
  wake_receiver_if_idle (channel);
}

static gboolean
reserve_many (Channel *channel, GError **error)
{
  Event enough = { .describe = describe_channel, .of = channel };

  channel->n_many = MIN (channel->n_free, WANTED);
  channel->n_free -= channel->n_many;
  channel->n_reserved += channel->n_many;
  if (channel->n_many == WANTED)
    return TRUE;
  channel->many = &enough;
  if (event_wait (&enough, "reserve_many", error))
    return TRUE;

  channel->many = NULL;
  channel->n_free += channel->n_many;
  channel->n_reserved -= channel->n_many;
  if (channel->repaired)
    wake_receiver_if_idle (channel);
  return FALSE;
}

static gboolean
send_many (gpointer data, GError **error)
{
  Channel *channel = data;

  if (!reserve_many (channel, error))
    return FALSE;
  give_back (channel, WANTED);
  return TRUE;
}

/* Has a place already, and does not use it. */
static gboolean
hold_permit (gpointer data, GError **error G_GNUC_UNUSED)
{
  give_back (data, 1);
  return TRUE;
}

static gboolean
receive (gpointer data, GError **error)
{
  Channel *channel = data;

  channel->closed = TRUE;
  return channel->n_reserved == 0 || event_wait (&channel->idle, "receive", error);
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Channel channel = {
    .repaired = repaired, .n_free = 1, .n_reserved = 1, .idle = { .describe = describe_channel, .of = &channel },
  };
  Victim many;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_victim (nursery, "many", &many, send_many, &channel);
  start_task (nursery, "permit", hold_permit, &channel);
  start_task (nursery, "receiver", receive, &channel);
  if (with_canceller)
    start_canceller (nursery, &many);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (tokio_8260, "tokio-8260", run, "deadlock", "deadlock",
                 "a cancelled reservation gives its places back and does not wake the receiver of the closed channel");
