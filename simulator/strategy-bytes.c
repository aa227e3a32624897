/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Answers read from bytes, for fuzzers. The bytes are a list of records, one for each answer that is not dull:
 *
 *     skip      1 byte     0 … 254: leave so many questions dull, and the next one gets the value
 *                          255: leave 255 questions dull; another skip follows
 *     value     1, 2 or 4 bytes, little-endian, as the bound of the question needs (up to 256, up to 65,536, more);
 *               taken modulo the bound
 *
 * When the bytes are used up all further answers are dull, also in the middle of a record. So:
 *  1. every input means a run, and no input or one of zeros is the ordinary run;
 *  2. changing a value changes one answer; changing a skip moves what follows without changing it; deleting or inserting a record
 *     is deleting or inserting a decision;
 *  3. a schedule has bytes (trio_schedule_to_bytes), and these bytes give the same run if the same kinds are injected.
 * Positions count every question that is asked, so what is injected must be the same when bytes are read as when they were made. */

#include "simulator/strategy.h"

#define SKIP_ON 255

typedef struct
{
  TrioSimStrategy  strategy;
  const guint8    *bytes;
  gsize            left;
  gsize            skip;        /* so many questions are dull before the next value */
  gboolean         has_value;   /* a value follows */
} Bytes;

static guint
width_of_value (guint32 bound)
{
  return bound <= 1 << 8 ? 1 : bound <= 1 << 16 ? 2 : 4;
}

static void
read_skip (Bytes *bytes)
{
  bytes->has_value = FALSE;
  bytes->skip = 0;
  while (bytes->left > 0 && !bytes->has_value)
    {
      guint8 skip = *bytes->bytes++;

      bytes->left--;
      bytes->skip += skip;
      bytes->has_value = skip != SKIP_ON;
    }
}

static guint32
read_value (Bytes *bytes, guint32 bound)
{
  guint width = width_of_value (bound);
  guint32 value = 0;

  if (bytes->left < width)
    {
      bytes->left = 0;
      return 0;
    }
  for (guint i = 0; i < width; i++)
    value |= (guint32) bytes->bytes[i] << (8 * i);
  bytes->bytes += width;
  bytes->left -= width;
  return value % bound;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Bytes *bytes = (Bytes *) strategy;

  if (!bytes->has_value)
    return 0;
  if (bytes->skip > 0)
    {
      bytes->skip--;
      return 0;
    }

  guint32 value = read_value (bytes, question->point->bound);
  read_skip (bytes);
  return value;
}

static void
free_bytes (TrioSimStrategy *strategy)
{
  g_free (strategy);
}

TrioSimStrategy *
trio_sim_strategy_new_bytes (const guint8 *data, gsize n_bytes)
{
  Bytes *bytes = g_new (Bytes, 1);

  *bytes = (Bytes) { .strategy = { .answer = answer, .free = free_bytes }, .bytes = data, .left = n_bytes };
  read_skip (bytes);
  return &bytes->strategy;
}

GBytes *
trio_schedule_to_bytes (const TrioSchedule *schedule)
{
  g_return_val_if_fail (schedule != NULL, NULL);
  GByteArray *out = g_byte_array_new ();
  guint64 position = 0;       /* of the next question */

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (schedule, i);
      const guint8 skip_on = SKIP_ON;

      /* Out of order: edited by hand, and not a position on any tape. */
      if (entry->index < position || entry->value == 0)
        continue;
      guint64 skip = entry->index - position;
      for (; skip >= SKIP_ON; skip -= SKIP_ON)
        g_byte_array_append (out, &skip_on, 1);
      guint8 rest = (guint8) skip;
      g_byte_array_append (out, &rest, 1);

      for (guint b = 0; b < width_of_value (entry->bound); b++)
        {
          guint8 byte = (guint8) (entry->value >> (8 * b));
          g_byte_array_append (out, &byte, 1);
        }
      position = entry->index + 1;
    }
  return g_byte_array_free_to_bytes (out);
}
