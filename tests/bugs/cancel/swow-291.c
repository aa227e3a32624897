/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: swow, coroutines in C for PHP (https://github.com/swow/swow/issues/291); a select, an item for nobody.
 *
 * The bug: a select leaves a stub in each of its channels, and takes them out again when it was woken, one after the other; at a
 * channel that was closed it leaves that loop early. The stub in the next channel stays, and gets the next item that is sent
 * there.
 *
 * The repair: take out every stub first. */

#include "tests/bugs/cancel/cancel.h"

#define N_CHANNELS 2
#define N_ROUNDS   2

typedef struct _Round Round;

typedef struct
{
  GList  link;                          /* data: the stub */
  GQueue *in;
  Round  *round;
  int     item;                         /* 0: none */
} Stub;

/* One select; both stay in memory, so that a stale stub is only wrong. */
struct _Round
{
  Event woken;
  Stub  stubs[N_CHANNELS];
};

typedef struct
{
  gboolean closed;
  int      buffered;
  GQueue   stubs;
} Channel;

typedef struct
{
  gboolean repaired;
  Channel  channels[N_CHANNELS];
  Round    rounds[N_ROUNDS];
} Program;

static void
describe_program (gpointer data, GString *out)
{
  Program *program = data;

  for (int round = 0; round < N_ROUNDS; round++)
    for (int i = 0; i < N_CHANNELS; i++)
      if (program->rounds[round].stubs[i].item != 0)
        g_string_append_printf (out, "channel %d has given its item to the stub of select %d", i, round + 1);
}

static void
link_stub (Stub *stub, Round *round, Channel *channel)
{
  *stub = (Stub) { .link.data = stub, .in = &channel->stubs, .round = round };
  g_queue_push_tail_link (stub->in, &stub->link);
}

static void
unlink_stub (Stub *stub)
{
  GQueue *in = g_steal_pointer (&stub->in);

  if (in != NULL)
    g_queue_unlink (in, &stub->link);
}

static void
channel_push (Channel *channel, int item)
{
  Stub *stub = g_queue_peek_head (&channel->stubs);

  if (stub == NULL)
    {
      channel->buffered = item;
      return;
    }
  unlink_stub (stub);
  stub->item = item;
  event_set (&stub->round->woken);
}

static void
channel_close (Channel *channel)
{
  Stub *stub = g_queue_peek_head (&channel->stubs);

  channel->closed = TRUE;
  if (stub != NULL)
    event_set (&stub->round->woken);
}

/* The item, or 0 if it was woken by a close. */
static int TRIO_CHECKPOINT
select_from_all (Program *program, Round *round)
{
  int item = 0;

  for (int i = 0; i < N_CHANNELS; i++)
    if (program->channels[i].buffered != 0)
      return program->channels[i].buffered;

  for (int i = 0; i < N_CHANNELS; i++)
    if (!program->channels[i].closed)
      link_stub (&round->stubs[i], round, &program->channels[i]);
  round->woken.describe = describe_program;
  round->woken.of = program;
  event_wait_shielded (&round->woken, "select");
  for (int i = 0; i < N_CHANNELS; i++)
    {
      gboolean closed_meanwhile = program->channels[i].closed && round->stubs[i].in != NULL;

      unlink_stub (&round->stubs[i]);
      item += round->stubs[i].item;
      if (closed_meanwhile && !program->repaired)
        break;
    }
  return item;
}

static gboolean
select_until_item (gpointer data, GError **error G_GNUC_UNUSED)
{
  Program *program = data;
  int item = 0;

  for (int round = 0; item == 0; round++)
    item = select_from_all (program, &program->rounds[round]);
  return TRUE;
}

static gboolean
close_0 (gpointer data, GError **error G_GNUC_UNUSED)
{
  Program *program = data;

  channel_close (&program->channels[0]);
  return TRUE;
}

static gboolean
push_1 (gpointer data, GError **error G_GNUC_UNUSED)
{
  Program *program = data;

  channel_push (&program->channels[1], 1);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Program program = { .repaired = repaired };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "pusher", push_1, &program);
  start_task (nursery, "selector", select_until_item, &program);
  start_task (nursery, "closer", close_0, &program);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_swow_291 = {
  "swow-291", run, "deadlock", NULL, "a select that was woken by a close leaves a stub in its other channel, which gets the item",
};
