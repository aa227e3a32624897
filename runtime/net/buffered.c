/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A reader is a buffer in front of a stream:
 *
 *     bytes  [ read | held .............. | free ]
 *                   ^ begin               ^ end    received into
 *
 * Always true:
 *  1. Every reading function has one form: begin, look, receive more while that is not enough, take, finish. Between two steps of it
 *     nothing is taken, so it may fail anywhere.
 *  2. Only the task that reads (`reading`) moves or grows the buffer: the stream may be writing into its free part. */

#include <trio/buffered.h>

#include <gio/gio.h>
#include <string.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/mutation.h>
#include <trio/stream.h>

#define CHUNK_BYTES  4096
/* So much of an incomplete record is shown. */
#define SHOWN_BYTES  40
/* No offset. */
#define NOT_FOUND    G_MAXSIZE

struct _TrioBufferedReader
{
  TrioStream *stream;
  guint8     *bytes;
  gsize       begin;
  gsize       end;
  gsize       allocated;
  gboolean    reading;
  gboolean    waited;        /* the reading task has been through a checkpoint */
};

static gboolean begin         (TrioBufferedReader *self, const char *what, GError **error);
static void     finish        (TrioBufferedReader *self);
static gboolean give_up       (TrioBufferedReader *self);
static gssize   receive_more  (TrioBufferedReader *self, GError **error);
static void     fail_at_end   (TrioBufferedReader *self, const char *record, GError **error);
static void     fail_too_long (TrioBufferedReader *self, const char *record, gsize limit, GError **error);

TrioBufferedReader *
trio_buffered_reader_new (TrioStream *stream)
{
  TrioBufferedReader *self;

  g_return_val_if_fail (stream != NULL && trio_stream_can_receive (stream), NULL);

  self = g_new0 (TrioBufferedReader, 1);
  self->stream = stream;
  return self;
}

void
trio_buffered_reader_free (TrioBufferedReader *self)
{
  if (self == NULL)
    return;
  if (self->reading)
    g_error ("a buffered reader is freed while a task reads with it");
  g_free (self->bytes);
  g_free (self);
}

static inline gsize
held (const TrioBufferedReader *self)
{
  return self->end - self->begin;
}

static inline const guint8 *
first (const TrioBufferedReader *self)
{
  return self->bytes + self->begin;
}

/* --- records --- */

/* Where the delimiter begins in what is held, looking from `from` on; NOT_FOUND if nowhere. */
static gsize
find (const TrioBufferedReader *self, const guint8 *delimiter, gsize size, gsize from)
{
  while (held (self) >= size && from <= held (self) - size)
    {
      const guint8 *start = first (self) + from;
      const guint8 *found = memchr (start, delimiter[0], held (self) - size - from + 1);

      if (found == NULL)
        return NOT_FOUND;
      from = (gsize) (found - first (self));
      if (memcmp (found, delimiter, size) == 0)
        return from;
      from++;
    }
  return NOT_FOUND;
}

static inline gboolean
is_beyond (gsize size, gsize limit, gsize slack)
{
  return size > limit && size - limit > slack;
}

/* Receives until a delimiter is held, with at most limit bytes before it, and `slack` more that the caller may not count. 1: it is
 * there; 0: the stream has ended, and nothing is held; -1: error. */
static int
await_delimiter (TrioBufferedReader *self, const guint8 *delimiter, gsize size, gsize limit, gsize slack, const char *record, gsize *at,
                 GError **error)
{
  gsize searched = 0;

  for (;;)
    {
      gssize n;

      *at = find (self, delimiter, size, searched);
      if (*at != NOT_FOUND && !is_beyond (*at, limit, slack))
        return 1;
      /* Where it could begin at the earliest. */
      if (*at != NOT_FOUND || (held (self) >= size && is_beyond (held (self) - size + 1, limit, slack)))
        {
          fail_too_long (self, record, limit, error);
          return -1;
        }

      /* The delimiter may have begun. */
      searched = TRIO_MUTATION (cut_delimiter_not_found) ? held (self) : held (self) >= size ? held (self) - size + 1 : 0;
      n = receive_more (self, error);
      if (n < 0)
        return -1;
      if (n == 0)
        {
          if (held (self) == 0)
            return 0;
          fail_at_end (self, record, error);
          return -1;
        }
    }
}

gboolean
trio_buffered_reader_read_until (TrioBufferedReader *self, gconstpointer delimiter, gsize delimiter_size, gsize limit, GBytes **record,
                                 GError **error)
{
  gsize at;
  int found;

  g_return_val_if_fail (self != NULL && delimiter != NULL && delimiter_size > 0, FALSE);

  if (!begin (self, "trio_buffered_reader_read_until", error))
    return FALSE;
  found = await_delimiter (self, delimiter, delimiter_size, limit, 0, "record", &at, error);
  if (found < 0)
    return give_up (self);

  *record = found > 0 ? g_bytes_new (first (self), at) : NULL;
  if (found > 0)
    self->begin += at + delimiter_size;
  finish (self);
  return TRUE;
}

gboolean
trio_buffered_reader_read_line (TrioBufferedReader *self, gsize limit, char **line, gsize *length, GError **error)
{
  gsize at, size;
  int found;

  g_return_val_if_fail (self != NULL && line != NULL, FALSE);

  if (!begin (self, "trio_buffered_reader_read_line", error))
    return FALSE;
  /* The "\r" may belong to the end. */
  found = await_delimiter (self, (const guint8 *) "\n", 1, limit, 1, "line", &at, error);
  if (found < 0)
    return give_up (self);

  size = found > 0 ? at : 0;
  if (size > 0 && first (self)[size - 1] == '\r')
    size--;
  if (size > limit)
    {
      fail_too_long (self, "line", limit, error);
      return give_up (self);
    }
  *line = NULL;
  if (found > 0)
    {
      *line = g_malloc (size + 1);
      memcpy (*line, first (self), size);
      (*line)[size] = '\0';
      self->begin += at + 1;
    }
  if (length != NULL)
    *length = size;
  finish (self);
  return TRUE;
}

gboolean
trio_buffered_reader_read_exactly (TrioBufferedReader *self, gpointer buffer, gsize size, GError **error)
{
  g_return_val_if_fail (self != NULL && (buffer != NULL || size == 0), FALSE);

  if (!begin (self, "trio_buffered_reader_read_exactly", error))
    return FALSE;
  while (held (self) < size)
    {
      gssize n = receive_more (self, error);

      if (n < 0)
        return give_up (self);
      if (n == 0)
        {
          g_autofree char *record = g_strdup_printf ("record of %" G_GSIZE_FORMAT " bytes", size);

          fail_at_end (self, record, error);
          return give_up (self);
        }
    }
  if (size > 0)
    memcpy (buffer, first (self), size);
  self->begin += size;
  finish (self);
  return TRUE;
}

GBytes *
trio_buffered_reader_read_to_end (TrioBufferedReader *self, gsize limit, GError **error)
{
  GBytes *all;

  g_return_val_if_fail (self != NULL, NULL);

  if (!begin (self, "trio_buffered_reader_read_to_end", error))
    return NULL;
  for (;;)
    {
      gssize n;

      if (held (self) > limit)
        {
          fail_too_long (self, "stream", limit, error);
          give_up (self);
          return NULL;
        }
      n = receive_more (self, error);
      if (n < 0)
        {
          give_up (self);
          return NULL;
        }
      if (n == 0)
        break;
    }
  all = g_bytes_new (held (self) > 0 ? first (self) : NULL, held (self));
  self->begin = self->end;
  finish (self);
  return all;
}

/* --- bytes --- */

gssize
trio_buffered_reader_receive_some (TrioBufferedReader *self, gpointer buffer, gsize size, GError **error)
{
  gsize n;

  g_return_val_if_fail (self != NULL && buffer != NULL, -1);

  if (size == 0)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "trio_buffered_reader_receive_some() needs room for at least one byte");
      return -1;
    }
  if (!begin (self, "trio_buffered_reader_receive_some", error))
    return -1;
  if (held (self) == 0 && receive_more (self, error) < 0)
    {
      give_up (self);
      return -1;
    }
  n = MIN (MIN (size, held (self)), (gsize) G_MAXSSIZE);
  if (n > 0)
    memcpy (buffer, first (self), n);
  self->begin += n;
  finish (self);
  return (gssize) n;
}

gssize
trio_buffered_reader_peek (TrioBufferedReader *self, gsize size, const guint8 **bytes, GError **error)
{
  gssize n = 1;

  g_return_val_if_fail (self != NULL && bytes != NULL && size > 0, -1);

  if (!begin (self, "trio_buffered_reader_peek", error))
    return -1;
  while (held (self) < size && n > 0)
    {
      n = receive_more (self, error);
      if (n < 0)
        {
          give_up (self);
          return -1;
        }
    }
  /* Nobody may move the buffer between here and the caller. */
  if (!self->waited)
    trio_cancel_shielded_checkpoint ();
  self->waited = TRUE;
  *bytes = first (self);
  n = (gssize) held (self);
  finish (self);
  return n;
}

/* At least `size` free bytes behind what is held. */
static void
make_room (TrioBufferedReader *self, gsize size)
{
  if (self->begin > 0)
    {
      memmove (self->bytes, first (self), held (self));
      self->end -= self->begin;
      self->begin = 0;
    }
  if (self->allocated - self->end >= size)
    return;
  self->allocated = MAX (self->allocated * 2, self->end + size);
  self->bytes = g_realloc (self->bytes, self->allocated);
}

void
trio_buffered_reader_unread (TrioBufferedReader *self, gconstpointer data, gsize size)
{
  g_return_if_fail (self != NULL && (data != NULL || size == 0));
  g_return_if_fail (!self->reading);

  if (size == 0)
    return;
  if (self->begin < size)
    {
      g_autofree guint8 *rest = g_memdup2 (first (self), held (self));
      gsize n_rest = held (self);

      self->begin = self->end = 0;
      make_room (self, size + n_rest);
      if (n_rest > 0)
        memcpy (self->bytes + size, rest, n_rest);
      self->begin = size;
      self->end = size + n_rest;
    }
  self->begin -= size;
  memcpy (self->bytes + self->begin, data, size);
}

void
trio_buffered_reader_get_statistics (TrioBufferedReader *self, TrioBufferedReaderStatistics *statistics)
{
  g_return_if_fail (self != NULL && statistics != NULL);

  *statistics = (TrioBufferedReaderStatistics) { held (self), self->allocated, self->reading };
}

/* --- the form of a reading function --- */

static gboolean
begin (TrioBufferedReader *self, const char *what, GError **error)
{
  if (self->reading && !TRIO_MUTATION (busy_reader_not_seen))
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "another task is reading with this buffered reader already");
      return FALSE;
    }
  if (!trio_checkpoint_if_cancelled_in (what, error))
    return FALSE;
  self->reading = TRUE;
  self->waited = FALSE;
  return TRUE;
}

/* The record was taken. Others may run, and read, and free the reader. */
TRIO_CHECKPOINT static void
finish (TrioBufferedReader *self)
{
  self->reading = FALSE;
  if (!self->waited)
    trio_cancel_shielded_checkpoint ();
}

static gboolean
give_up (TrioBufferedReader *self)
{
  if (TRIO_MUTATION (failed_read_loses_bytes))
    self->begin = self->end;
  self->reading = FALSE;
  return FALSE;
}

/* How many came; 0 at the end of the stream, -1 on error. A checkpoint. */
static gssize
receive_more (TrioBufferedReader *self, GError **error)
{
  gssize n;

  if (self->allocated - self->end < CHUNK_BYTES)
    make_room (self, CHUNK_BYTES);
  n = trio_stream_receive_some (self->stream, self->bytes + self->end, self->allocated - self->end, error);
  if (n < 0)
    return -1;
  self->end += (gsize) n;
  self->waited = TRUE;
  return n;
}

/* The beginning of what is held, for a message. */
static char *
show (const TrioBufferedReader *self)
{
  gsize size = MIN (held (self), SHOWN_BYTES);
  g_autofree char *beginning = size > 0 ? g_strndup ((const char *) first (self), size) : g_strdup ("");
  g_autofree char *escaped = g_strescape (beginning, NULL);

  return g_strdup_printf ("\"%s\"%s", escaped, held (self) > SHOWN_BYTES ? " …" : "");
}

static void
fail_at_end (TrioBufferedReader *self, const char *record, GError **error)
{
  g_autofree char *shown = show (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "the stream ended in the middle of a %s; of it %" G_GSIZE_FORMAT
               " bytes had come: %s", record, held (self), shown);
}

static void
fail_too_long (TrioBufferedReader *self, const char *record, gsize limit, GError **error)
{
  g_autofree char *shown = show (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "a %s is longer than %" G_GSIZE_FORMAT " bytes; it begins: %s", record,
               limit, shown);
}
