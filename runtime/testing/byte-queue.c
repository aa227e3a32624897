/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* See byte-queue.h. */

#include "testing/byte-queue.h"

void
trio_byte_queue_init (TrioByteQueue *self)
{
  *self = (TrioByteQueue) { .bytes = g_byte_array_new () };
  trio_parking_lot_init (&self->getter, "trio_memory_stream");
}

void
trio_byte_queue_clear (TrioByteQueue *self)
{
  trio_parking_lot_clear (&self->getter);
  g_byte_array_unref (self->bytes);
}

void
trio_byte_queue_put (TrioByteQueue *self, gconstpointer data, gsize size)
{
  g_assert (!self->ended);

  g_byte_array_append (self->bytes, data, (guint) size);
  if (size > 0)
    trio_parking_lot_unpark_all (&self->getter);
}

void
trio_byte_queue_end (TrioByteQueue *self)
{
  self->ended = TRUE;
  trio_parking_lot_unpark_all (&self->getter);
}

gboolean
trio_byte_queue_is_ready (const TrioByteQueue *self)
{
  return self->bytes->len > 0 || self->ended;
}

GBytes *
trio_byte_queue_take (TrioByteQueue *self, gsize max)
{
  guint n = (guint) MIN (max, self->bytes->len);
  GBytes *taken = g_bytes_new (self->bytes->data, n);

  g_byte_array_remove_range (self->bytes, 0, n);
  return taken;
}

gboolean
trio_byte_queue_wait (TrioByteQueue *self, const TrioWaitClass *klass, GError **error)
{
  /* Somebody else may take it between the wake-up and our turn. */
  while (!trio_byte_queue_is_ready (self))
    if (!trio_parking_lot_park_as (&self->getter, klass, self, error))
      return FALSE;
  return TRUE;
}
