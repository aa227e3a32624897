/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: AnyIO's memory object stream (https://github.com/agronholm/anyio/issues/728); a stream, a lost item.
 *
 * The bug: send () hands its item to the first receiver that waits, although that one was cancelled and only has not run yet; or
 * the receiver is cancelled between that and its running. It raises, and the item is gone with it.
 *
 * The repair: pass over receivers with a pending cancellation; and a receiver that was given an item and is cancelled then sends
 * it on. */

#include <trio/lowlevel/task.h>

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  Event     given;              /* first, so that who stands in line is known by it */
  TrioTask *task;
  int       item;
} Receiver;

typedef struct
{
  gboolean repaired;
  GQueue   receivers;
  int      buffered;            /* 0: nothing */
  int      received;
} Stream;

static void
describe_stream (gpointer stream, GString *out)
{
  g_string_append (out, ((Stream *) stream)->buffered != 0 ? "an item is in it" : "it is empty");
}

static Receiver *
next_receiver (Stream *stream)
{
  GList *link = stream->receivers.head;

  while (stream->repaired && link != NULL && trio_task_has_cancel_pending (((Receiver *) link->data)->task))
    link = link->next;
  return link != NULL ? link->data : NULL;
}

static void
stream_send_nowait (Stream *stream, int item)
{
  Receiver *receiver = next_receiver (stream);

  if (receiver == NULL)
    {
      stream->buffered = item;
      return;
    }
  event_leave (&receiver->given);
  receiver->item = item;
  event_set (&receiver->given);
}

static gboolean
stream_receive (Stream *stream, int *item, GError **error)
{
  Receiver self = { .given = { .describe = describe_stream, .of = stream }, .task = trio_current_task () };
  gboolean ok = TRUE;

  if (stream->buffered != 0)
    self.item = stream->buffered;
  else
    {
      event_join (&self.given, &stream->receivers);
      ok = event_wait (&self.given, "stream_receive", error);
      event_leave (&self.given);
    }
  if (ok)
    *item = self.item;
  else if (stream->repaired && self.item != 0)
    stream_send_nowait (stream, self.item);
  return ok;
}

static gboolean
receive (gpointer data, GError **error)
{
  Stream *stream = data;

  return stream_receive (stream, &stream->received, error);
}

static gboolean
send (gpointer data, GError **error G_GNUC_UNUSED)
{
  stream_send_nowait (data, 1);
  return TRUE;
}

static gboolean
send_to_who_may_be_cancelled (Stream *stream, gboolean with_canceller, GError **error)
{
  Victim c1;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_victim (nursery, "c1", &c1, receive, stream);
  if (with_canceller)
    start_canceller (nursery, &c1);
  start_task (nursery, "sender", send, stream);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Stream stream = { .repaired = repaired };

  if (!send_to_who_may_be_cancelled (&stream, with_canceller, error))
    return FALSE;
  /* Somebody must get it. */
  return stream.received != 0 || receive (&stream, error);
}

BUG_IN_TWO_WAYS (anyio_728, "anyio-728", run, "deadlock", "deadlock",
                 "an item is handed to a receiver that is cancelled, and gone with it");
