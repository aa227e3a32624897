/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's asyncio.Queue (https://github.com/python/asyncio/pull/269); a bounded queue, a lost wake-up.
 *
 * The bug: taking an item wakes the first who waits to put one. If that one is cancelled before it has run, the free place is
 * told to nobody else: the other putter waits at a queue with room, and the consumer waits for its item.
 *
 * The repair: a putter that was woken and then cancelled wakes the next if there is still room. */

#include "tests/bugs/cancel/cancel.h"

#define ROOM 1

typedef struct
{
  gboolean repaired;
  int      items[ROOM];
  int      n_items;
  GQueue   putters;
  GQueue   getters;
} Queue;

static void
describe_queue (gpointer queue, GString *out)
{
  g_string_append_printf (out, "%d of %d items are in it", ((Queue *) queue)->n_items, ROOM);
}

static void
wake_next (GQueue *waiters)
{
  Event *turn = pop_waiter (waiters);

  if (turn != NULL)
    event_set (turn);
}

static gboolean
queue_put (Queue *queue, int item, GError **error)
{
  while (queue->n_items == ROOM)
    {
      Event turn = { .describe = describe_queue, .of = queue };

      event_join (&turn, &queue->putters);
      if (event_wait (&turn, "queue_put", error))
        continue;
      event_leave (&turn);
      if (queue->repaired && turn.set && queue->n_items < ROOM)
        wake_next (&queue->putters);
      return FALSE;
    }
  queue->items[queue->n_items++] = item;
  wake_next (&queue->getters);
  return TRUE;
}

static gboolean
queue_get (Queue *queue, int *item, GError **error)
{
  while (queue->n_items == 0)
    {
      Event turn = { .describe = describe_queue, .of = queue };
      gboolean ok;

      event_join (&turn, &queue->getters);
      ok = event_wait (&turn, "queue_get", error);
      event_leave (&turn);
      if (!ok)
        return FALSE;
    }
  *item = queue->items[--queue->n_items];
  wake_next (&queue->putters);
  return TRUE;
}

static gboolean
put_1 (gpointer data, GError **error)
{
  return queue_put (data, 1, error);
}

static gboolean
put_2 (gpointer data, GError **error)
{
  return queue_put (data, 2, error);
}

static gboolean
consume (gpointer data, GError **error)
{
  int item = 0;

  while (item != 2)
    if (!queue_get (data, &item, error))
      return FALSE;
  return TRUE;
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Queue queue = { .repaired = repaired, .items = { 0 }, .n_items = 1 };
  Victim p1;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_victim (nursery, "p1", &p1, put_1, &queue);
  start_task (nursery, "p2", put_2, &queue);
  start_task (nursery, "consumer", consume, &queue);
  if (with_canceller)
    start_canceller (nursery, &p1);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (asyncio_269, "asyncio-269", run, "deadlock", "deadlock",
                 "a free place is told to a putter that is cancelled, and to nobody else");
