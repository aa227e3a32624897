/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Memory streams: two buffers each, and pairs of them.
 *
 *        first                              second
 *     [ outgoing ] ---- pump when sent ---> [ incoming ]
 *     [ incoming ] <--- pump when sent ---- [ outgoing ]
 *
 * Each of a pair knows the other, until one is freed. The pump is what a hook may replace. */

#include "testing/test-stream.h"

#include <string.h>
#include <trio/checkpoint.h>
#include <trio/error.h>

#include "testing/byte-queue.h"

typedef struct _MemoryStream MemoryStream;

struct _MemoryStream
{
  TrioTestStream  test;
  TrioByteQueue   outgoing;
  TrioByteQueue   incoming;
  MemoryStream   *peer;          /* NULL: none, or freed */
  gboolean        had_peer;
};

static const TrioTestStreamWays memory_ways;

static MemoryStream *
memory_stream_of (TrioStream *stream)
{
  return (MemoryStream *) trio_test_stream_of (stream, &memory_ways);
}

/* --- the stream's side --- */

static TrioAbort
abort_wait (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

static gssize
memory_receive_some (TrioTestStream *test, gpointer buffer, gsize size, GError **error)
{
  static const TrioWaitClass klass = { "trio_stream_receive_some", abort_wait, NULL };
  MemoryStream *self = (MemoryStream *) test;
  gboolean waited = !trio_byte_queue_is_ready (&self->incoming);
  g_autoptr (GBytes) taken = NULL;

  if (!waited && !trio_checkpoint_if_cancelled_in (klass.what, error))
    return -1;
  if (waited && !trio_byte_queue_wait (&self->incoming, &klass, error))
    return -1;
  if (test->closed)
    {
      trio_test_stream_set_closed_error (test, error);
      return -1;
    }
  taken = trio_byte_queue_take (&self->incoming, size);
  /* At the end of the stream there are none, and no address to copy from. */
  if (g_bytes_get_size (taken) > 0)
    memcpy (buffer, g_bytes_get_data (taken, NULL), g_bytes_get_size (taken));
  if (!waited)
    trio_cancel_shielded_checkpoint ();
  return (gssize) g_bytes_get_size (taken);
}

/* To the other stream of the pair, unless a hook does that. */
static gboolean
pump_to_peer (MemoryStream *self, GError **error)
{
  if (!self->had_peer || self->test.hooks.send_all != NULL)
    return TRUE;
  if (self->peer == NULL)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "the other memory stream is gone");
      return FALSE;
    }
  return trio_memory_stream_pump (&self->test.stream, &self->peer->test.stream, 0, NULL, error);
}

static gboolean
memory_send_all (TrioTestStream *test, gconstpointer data, gsize size, GError **error)
{
  MemoryStream *self = (MemoryStream *) test;

  if (!trio_checkpoint_if_cancelled_in ("trio_stream_send_all", error))
    return FALSE;
  if (test->closed)
    {
      trio_test_stream_set_closed_error (test, error);
      return FALSE;
    }
  trio_byte_queue_put (&self->outgoing, data, size);
  if (!pump_to_peer (self, error) || (test->hooks.send_all != NULL && !test->hooks.send_all (&test->stream, test->hook_data, error)))
    return FALSE;
  return trio_finish_checkpoint ();
}

static void
memory_send_eof (TrioTestStream *test)
{
  MemoryStream *self = (MemoryStream *) test;

  trio_byte_queue_end (&self->outgoing);
  /* If the other side is gone, nobody there misses the end. */
  pump_to_peer (self, NULL);
}

static void
memory_close (TrioTestStream *test)
{
  MemoryStream *self = (MemoryStream *) test;

  if (!self->outgoing.ended)
    memory_send_eof (test);
  g_byte_array_set_size (self->incoming.bytes, 0);
  trio_byte_queue_end (&self->incoming);
}

static void
memory_free (TrioTestStream *test)
{
  MemoryStream *self = (MemoryStream *) test;

  if (self->peer != NULL)
    self->peer->peer = NULL;
  trio_byte_queue_clear (&self->outgoing);
  trio_byte_queue_clear (&self->incoming);
  g_free (self);
}

static const TrioTestStreamWays memory_ways = {
  .name = "memory stream",
  .receive_some = memory_receive_some,
  .send_all = memory_send_all,
  .send_eof = memory_send_eof,
  .close = memory_close,
  .free = memory_free,
};

static MemoryStream *
new_stream (gboolean sends, gboolean receives)
{
  MemoryStream *self = g_new0 (MemoryStream, 1);

  trio_test_stream_init (&self->test, &memory_ways, sends, receives);
  trio_byte_queue_init (&self->outgoing);
  trio_byte_queue_init (&self->incoming);
  return self;
}

TrioStream *
trio_memory_stream_new (void)
{
  return &new_stream (TRUE, TRUE)->test.stream;
}

TrioStream *
trio_memory_send_stream_new (void)
{
  return &new_stream (TRUE, FALSE)->test.stream;
}

TrioStream *
trio_memory_receive_stream_new (void)
{
  return &new_stream (FALSE, TRUE)->test.stream;
}

/* --- the test's side --- */

GBytes *
trio_memory_stream_get_data (TrioStream *stream, gsize max, GError **error)
{
  static const TrioWaitClass klass = { "trio_memory_stream_get_data", abort_wait, NULL };
  TrioByteQueue *queue = &memory_stream_of (stream)->outgoing;
  GBytes *taken = NULL;

  if (queue->getting)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "another task is already waiting for what this memory stream sends");
      return NULL;
    }
  queue->getting = TRUE;
  if (!trio_byte_queue_is_ready (queue))
    {
      if (trio_byte_queue_wait (queue, &klass, error))
        taken = trio_byte_queue_take (queue, max > 0 ? max : G_MAXSIZE);
    }
  else if (trio_checkpoint_if_cancelled_in (klass.what, error))
    {
      taken = trio_byte_queue_take (queue, max > 0 ? max : G_MAXSIZE);
      trio_cancel_shielded_checkpoint ();
    }
  queue->getting = FALSE;
  return taken;
}

GBytes *
trio_memory_stream_get_data_nowait (TrioStream *stream, gsize max, GError **error)
{
  TrioByteQueue *queue = &memory_stream_of (stream)->outgoing;

  if (trio_byte_queue_is_ready (queue))
    return trio_byte_queue_take (queue, max > 0 ? max : G_MAXSIZE);
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "this memory stream has sent nothing yet");
  return NULL;
}

gboolean
trio_memory_stream_put_data (TrioStream *stream, gconstpointer data, gsize size, GError **error)
{
  MemoryStream *self = memory_stream_of (stream);

  if (self->test.closed || self->incoming.ended)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE,
                           self->test.closed ? "the memory stream that was to receive this is closed"
                                             : "the memory stream that was to receive this was told that no more will come");
      return FALSE;
    }
  trio_byte_queue_put (&self->incoming, data, size);
  return TRUE;
}

void
trio_memory_stream_put_eof (TrioStream *stream)
{
  trio_byte_queue_end (&memory_stream_of (stream)->incoming);
}

gboolean
trio_memory_stream_pump (TrioStream *from, TrioStream *to, gsize max, gboolean *moved, GError **error)
{
  TrioByteQueue *source = &memory_stream_of (from)->outgoing;
  MemoryStream *sink = memory_stream_of (to);
  gboolean has_bytes = source->bytes->len > 0;
  gboolean ends;

  if (has_bytes)
    {
      g_autoptr (GBytes) taken = trio_byte_queue_take (source, max > 0 ? max : G_MAXSIZE);

      if (!trio_memory_stream_put_data (to, g_bytes_get_data (taken, NULL), g_bytes_get_size (taken), error))
        return FALSE;
    }
  ends = source->ended && source->bytes->len == 0 && !sink->incoming.ended;
  if (ends)
    trio_byte_queue_end (&sink->incoming);
  if (moved != NULL)
    *moved = has_bytes || ends;
  return TRUE;
}

/* --- pairs --- */

static void
join (MemoryStream *first, MemoryStream *second)
{
  first->peer = second;
  second->peer = first;
  first->had_peer = second->had_peer = TRUE;
}

void
trio_memory_stream_pair (TrioStream **first, TrioStream **second)
{
  *first = trio_memory_stream_new ();
  *second = trio_memory_stream_new ();
  join ((MemoryStream *) *first, (MemoryStream *) *second);
}

void
trio_memory_stream_one_way_pair (TrioStream **send, TrioStream **receive)
{
  *send = trio_memory_send_stream_new ();
  *receive = trio_memory_receive_stream_new ();
  join ((MemoryStream *) *send, (MemoryStream *) *receive);
}
