/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The codec: see codec.h for what is always true, README.md for the bytes.
 *
 * Reading order: write_fields() beside read_fields() (the two directions of the same walk over the table of records.c), then the
 * framing around them. */

#include "trace/codec.h"

#include <string.h>

/* 0x89 is not ASCII and not valid UTF-8, CR LF shows a transfer in text mode, 0x1a stops `type` on Windows. As PNG does. */
static const guint8 magic[8] = { 0x89, 'T', 'R', 'I', 'O', '\r', '\n', 0x1a };

#define VARINT_BYTES_MAX 10

G_STATIC_ASSERT (sizeof (guint64) == 8);

/* Writing. */

static void
put_varint (GByteArray *out, guint64 value)
{
  guint8 bytes[VARINT_BYTES_MAX];
  guint n = 0;

  do
    {
      bytes[n] = (value & 0x7f) | (value > 0x7f ? 0x80 : 0);
      value >>= 7;
      n++;
    }
  while (value > 0);

  g_byte_array_append (out, bytes, n);
}

/* Text is UTF-8 in the file, whatever the program says its names are. */
static void
put_text (GByteArray *out, const char *text)
{
  g_autofree char *valid = NULL;

  if (text == NULL)
    text = "";
  if (!g_utf8_validate (text, -1, NULL))
    text = valid = g_utf8_make_valid (text, -1);

  put_varint (out, strlen (text));
  g_byte_array_append (out, (const guint8 *) text, strlen (text));
}

static void
put_frame (TrioTraceWriter *self, TrioTraceType type, gconstpointer payload, gsize length)
{
  put_varint (self->bytes, type);
  put_varint (self->bytes, length);
  g_byte_array_append (self->bytes, payload, length);
  self->n_records++;
}

/* The number of a string; its definition is written before its first use. */
static guint64
intern (TrioTraceWriter *self, const char *name)
{
  g_autofree char *valid = NULL;
  gpointer number;

  if (name == NULL || *name == '\0')
    return 0;
  if (g_hash_table_lookup_extended (self->strings, name, NULL, &number))
    return GPOINTER_TO_SIZE (number);

  valid = g_utf8_make_valid (name, -1);
  put_frame (self, TRIO_TRACE_STRING, valid, strlen (valid));
  self->n_strings++;
  g_hash_table_insert (self->strings, g_strdup (name), GSIZE_TO_POINTER (self->n_strings));
  return self->n_strings;
}

static void
write_fields (TrioTraceWriter *self, const TrioTraceShape *shape, const TrioTraceRecord *record)
{
  for (guint i = 0; i < shape->n_fields; i++)
    {
      const TrioTraceField *field = &shape->fields[i];

      switch (field->kind)
        {
        case TRIO_TRACE_FIELD_NUMBER:
          put_varint (self->payload, trio_trace_record_get_number (record, field));
          break;
        case TRIO_TRACE_FIELD_NAME:
          put_varint (self->payload, intern (self, trio_trace_record_get_string (record, field)));
          break;
        case TRIO_TRACE_FIELD_TEXT:
          put_text (self->payload, trio_trace_record_get_string (record, field));
          break;
        }
    }
}

void
trio_trace_writer_write (TrioTraceWriter *self, const TrioTraceRecord *record)
{
  const TrioTraceShape *shape = trio_trace_get_shape (record->type);

  g_return_if_fail (shape != NULL);

  /* A clock that goes back would be a bug elsewhere; here it must not become a wait of 500,000 years. */
  gint64 time_us = MAX (record->time_us, self->time_us);

  g_byte_array_set_size (self->payload, 0);
  put_varint (self->payload, time_us - self->time_us);
  write_fields (self, shape, record);
  put_frame (self, record->type, self->payload->data, self->payload->len);
  self->time_us = time_us;
}

void
trio_trace_writer_end (TrioTraceWriter *self)
{
  g_byte_array_set_size (self->payload, 0);
  put_varint (self->payload, self->n_records);
  put_frame (self, TRIO_TRACE_END, self->payload->data, self->payload->len);
}

TrioTraceWriter *
trio_trace_writer_new (guint flags, const char *program)
{
  TrioTraceWriter *self = g_new0 (TrioTraceWriter, 1);

  self->bytes = g_byte_array_new ();
  self->payload = g_byte_array_new ();
  self->strings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  put_varint (self->payload, flags);
  put_text (self->payload, program);

  g_byte_array_append (self->bytes, magic, sizeof magic);
  put_varint (self->bytes, TRIO_TRACE_VERSION);
  put_varint (self->bytes, self->payload->len);
  g_byte_array_append (self->bytes, self->payload->data, self->payload->len);
  return self;
}

void
trio_trace_writer_free (TrioTraceWriter *self)
{
  g_byte_array_unref (self->bytes);
  g_byte_array_unref (self->payload);
  g_hash_table_unref (self->strings);
  g_free (self);
}

/* Reading. A Cursor is a stretch of bytes that is used up from the front. */

typedef struct
{
  const guint8 *at;
  const guint8 *end;
} Cursor;

struct _TrioTraceReader
{
  const guint8 *data;
  Cursor        rest;
  guint         flags;
  char         *program;
  GPtrArray    *strings;
  char         *texts[TRIO_TRACE_MAX_FIELDS];   /* those of the last event, by field */
  guint64       n_read;
  guint64       n_unknown;
  gint64        time_us;
  gboolean      ended;
  GError       *failure;                        /* once set, it stays */
};

typedef enum
{
  GOT_IT,
  GOT_SHORT,       /* the bytes end first */
  GOT_NONSENSE,
} Got;

G_DEFINE_QUARK (trio-trace-error-quark, trio_trace_error)

static Got
get_varint (Cursor *in, guint64 *value)
{
  guint64 result = 0;

  for (guint i = 0; i < VARINT_BYTES_MAX; i++)
    {
      if (in->at == in->end)
        return GOT_SHORT;

      guint8 byte = *in->at++;

      if (i == VARINT_BYTES_MAX - 1 && byte > 1)
        return GOT_NONSENSE;       /* more than 64 bits */
      result |= (guint64) (byte & 0x7f) << (7 * i);
      if ((byte & 0x80) == 0)
        {
          *value = result;
          return GOT_IT;
        }
    }
  return GOT_NONSENSE;
}

static Got
get_bytes (Cursor *in, gsize length, Cursor *out)
{
  if (length > (gsize) (in->end - in->at))
    return GOT_SHORT;
  out->at = in->at;
  out->end = in->at += length;
  return GOT_IT;
}

static char *
dup_text (const Cursor *bytes)
{
  return g_utf8_make_valid ((const char *) bytes->at, bytes->end - bytes->at);
}

static Got
get_text (Cursor *in, char **text)
{
  guint64 length;
  Cursor bytes;
  Got got = get_varint (in, &length);

  if (got == GOT_IT)
    got = get_bytes (in, MIN (length, G_MAXSIZE), &bytes);
  if (got == GOT_IT)
    *text = dup_text (&bytes);
  return got;
}

/* The mirror of write_fields(). NULL, or what is wrong. */
static const char *
read_fields (TrioTraceReader *self, const TrioTraceShape *shape, Cursor *in, TrioTraceRecord *record)
{
  for (guint i = 0; i < shape->n_fields; i++)
    {
      const TrioTraceField *field = &shape->fields[i];
      guint64 number = 0;
      Got got = GOT_IT;

      g_clear_pointer (&self->texts[i], g_free);
      if (in->at == in->end && field->optional)
        {
          if (field->kind != TRIO_TRACE_FIELD_NUMBER)
            G_STRUCT_MEMBER (const char *, record, field->offset) = "";
          continue;
        }

      if (field->kind == TRIO_TRACE_FIELD_TEXT)
        got = get_text (in, &self->texts[i]);
      else
        got = get_varint (in, &number);

      if (got == GOT_SHORT)
        return "ends within its fields";
      if (got == GOT_NONSENSE)
        return "has a number of more than 64 bits";

      switch (field->kind)
        {
        case TRIO_TRACE_FIELD_NUMBER:
          G_STRUCT_MEMBER (guint64, record, field->offset) = number;
          break;
        case TRIO_TRACE_FIELD_NAME:
          if (number > self->strings->len)
            return "names a string that was not defined";
          G_STRUCT_MEMBER (const char *, record, field->offset) = number == 0 ? "" : g_ptr_array_index (self->strings, number - 1);
          break;
        case TRIO_TRACE_FIELD_TEXT:
          G_STRUCT_MEMBER (const char *, record, field->offset) = self->texts[i];
          break;
        }
    }
  return NULL;
}

static gboolean
fail (TrioTraceReader *self, GError *failure, GError **error)
{
  self->failure = failure;
  if (error != NULL)
    *error = g_error_copy (failure);
  return FALSE;
}

static gboolean
fail_truncated (TrioTraceReader *self, GError **error)
{
  gsize size = self->rest.end - self->data;
  const char *were = self->n_read == 1 ? "record" : "records";

  if (self->rest.at == self->rest.end)
    return fail (self, g_error_new (TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_TRUNCATED,
                                    "truncated at byte %" G_GSIZE_FORMAT ", after record %" G_GUINT64_FORMAT ", there is no end: "
                                    "%" G_GUINT64_FORMAT " %s could be read", size, self->n_read, self->n_read, were), error);
  return fail (self, g_error_new (TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_TRUNCATED,
                                  "truncated at byte %" G_GSIZE_FORMAT " in record %" G_GUINT64_FORMAT ": "
                                  "%" G_GUINT64_FORMAT " %s could be read", size, self->n_read + 1, self->n_read, were), error);
}

static gboolean
fail_malformed (TrioTraceReader *self, const char *what, GError **error)
{
  return fail (self, g_error_new (TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_MALFORMED,
                                  "malformed at byte %" G_GSIZE_FORMAT ": record %" G_GUINT64_FORMAT " %s; "
                                  "%" G_GUINT64_FORMAT " %s could be read",
                                  (gsize) (self->rest.at - self->data), self->n_read + 1, what,
                                  self->n_read, self->n_read == 1 ? "record" : "records"), error);
}

static const char *
read_end (TrioTraceReader *self, Cursor *payload)
{
  guint64 n_records;

  if (get_varint (payload, &n_records) != GOT_IT)
    return "is an end that does not say how many records there were";
  if (n_records != self->n_read)
    return "is an end that counts other records than were read";
  self->ended = TRUE;
  return NULL;
}

/* Takes the time off the front of an event, known or not. */
static const char *
read_time (TrioTraceReader *self, Cursor *payload)
{
  guint64 passed;

  if (get_varint (payload, &passed) != GOT_IT)
    return "has no time";
  if (passed > (guint64) (G_MAXINT64 - self->time_us))
    return "is later than time can be";
  self->time_us += passed;
  return NULL;
}

/* One framed record. `*is_event` tells whether `record` has been filled in. NULL, or what is wrong. */
static const char *
read_payload (TrioTraceReader *self, guint64 type, Cursor payload, TrioTraceRecord *record, gboolean *is_event)
{
  const TrioTraceShape *shape = trio_trace_get_shape (type);
  const char *wrong;

  *is_event = FALSE;
  if (type == TRIO_TRACE_STRING)
    {
      g_ptr_array_add (self->strings, dup_text (&payload));
      return NULL;
    }
  if (type == TRIO_TRACE_END)
    return read_end (self, &payload);
  if (type < TRIO_TRACE_FIRST_TIMED)
    {
      self->n_unknown++;
      return NULL;
    }

  wrong = read_time (self, &payload);
  if (wrong != NULL)
    return wrong;
  if (shape == NULL)
    {
      self->n_unknown++;
      return NULL;
    }

  memset (record, 0, sizeof *record);
  record->type = shape->type;
  record->time_us = self->time_us;
  *is_event = TRUE;
  /* Bytes left over are fields that a later writer added. */
  return read_fields (self, shape, &payload, record);
}

gboolean
trio_trace_reader_next (TrioTraceReader *self, TrioTraceRecord *record, GError **error)
{
  gboolean is_event = FALSE;

  if (self->failure != NULL)
    return fail (self, self->failure, error);

  while (!is_event)
    {
      Cursor ahead = self->rest;
      Cursor payload;
      guint64 type, length;
      const char *wrong;
      Got got;

      if (self->ended)
        {
          if (ahead.at < ahead.end)
            return fail_malformed (self, "comes after the end", error);
          return FALSE;
        }
      if (ahead.at == ahead.end)
        return fail_truncated (self, error);

      got = get_varint (&ahead, &type);
      if (got == GOT_IT)
        got = get_varint (&ahead, &length);
      if (got == GOT_IT)
        got = get_bytes (&ahead, MIN (length, G_MAXSIZE), &payload);
      if (got == GOT_SHORT)
        return fail_truncated (self, error);
      if (got == GOT_NONSENSE)
        return fail_malformed (self, "has a type or a length of more than 64 bits", error);

      wrong = read_payload (self, type, payload, record, &is_event);
      if (wrong != NULL)
        return fail_malformed (self, wrong, error);

      self->rest = ahead;
      self->n_read++;
    }
  return TRUE;
}

/* "89 50 4e 47" and, where it is text, "PNG": what a person needs to see that it is the wrong file. */
static char *
describe_beginning (const guint8 *data, gsize length)
{
  GString *out = g_string_new (NULL);
  gsize shown = MIN (length, sizeof magic);

  for (gsize i = 0; i < shown; i++)
    g_string_append_printf (out, "%s%02x", i == 0 ? "" : " ", data[i]);
  g_string_append (out, " \"");
  for (gsize i = 0; i < shown; i++)
    g_string_append_c (out, g_ascii_isprint (data[i]) ? (char) data[i] : '.');
  g_string_append_c (out, '"');
  return g_string_free (out, FALSE);
}

/* Whether the file is a trace at all, and of which version. */
static gboolean
read_magic (Cursor *in, guint64 *version, GError **error)
{
  gsize length = in->end - in->at;

  if (length == 0)
    {
      g_set_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_FOREIGN, "not a trio trace (it is empty)");
      return FALSE;
    }
  if (memcmp (in->at, magic, MIN (length, sizeof magic)) != 0)
    {
      g_autofree char *beginning = describe_beginning (in->at, length);

      g_set_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_FOREIGN, "not a trio trace (starts with %s)", beginning);
      return FALSE;
    }
  in->at += MIN (length, sizeof magic);

  switch (get_varint (in, version))
    {
    case GOT_IT:
      if (*version == TRIO_TRACE_VERSION)
        return TRUE;
      g_set_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_VERSION, "version %" G_GUINT64_FORMAT ", this tool reads %d",
                   *version, TRIO_TRACE_VERSION);
      return FALSE;
    case GOT_SHORT:
      g_set_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_TRUNCATED,
                   "truncated at byte %" G_GSIZE_FORMAT " in the header: no record could be read", length);
      return FALSE;
    case GOT_NONSENSE:
    default:
      g_set_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_MALFORMED, "malformed header: its version has more than 64 bits");
      return FALSE;
    }
}

static gboolean
read_header (TrioTraceReader *self, GError **error)
{
  gsize size = self->rest.end - self->data;
  guint64 version, length, flags;
  Cursor payload;
  Got got;

  if (!read_magic (&self->rest, &version, error))
    return FALSE;

  got = get_varint (&self->rest, &length);
  if (got == GOT_IT)
    got = get_bytes (&self->rest, MIN (length, G_MAXSIZE), &payload);
  if (got == GOT_SHORT)
    {
      g_set_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_TRUNCATED,
                   "truncated at byte %" G_GSIZE_FORMAT " in the header: no record could be read", size);
      return FALSE;
    }
  if (got != GOT_IT || get_varint (&payload, &flags) != GOT_IT || get_text (&payload, &self->program) != GOT_IT)
    {
      g_set_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_MALFORMED, "malformed header: its fields do not fit its length");
      return FALSE;
    }
  self->flags = (guint) flags;
  return TRUE;
}

TrioTraceReader *
trio_trace_reader_new (gconstpointer data, gsize length, GError **error)
{
  TrioTraceReader *self = g_new0 (TrioTraceReader, 1);

  self->data = data;
  self->rest.at = self->data;
  self->rest.end = self->data + length;
  self->strings = g_ptr_array_new_with_free_func (g_free);
  if (!read_header (self, error))
    g_clear_pointer (&self, trio_trace_reader_free);
  return self;
}

void
trio_trace_reader_free (TrioTraceReader *self)
{
  g_free (self->program);
  g_ptr_array_unref (self->strings);
  for (guint i = 0; i < G_N_ELEMENTS (self->texts); i++)
    g_free (self->texts[i]);
  g_clear_error (&self->failure);
  g_free (self);
}

guint
trio_trace_reader_get_flags (TrioTraceReader *self)
{
  return self->flags;
}

const char *
trio_trace_reader_get_program (TrioTraceReader *self)
{
  return self->program;
}

guint64
trio_trace_reader_get_n_read (TrioTraceReader *self)
{
  return self->n_read;
}

guint64
trio_trace_reader_get_n_unknown (TrioTraceReader *self)
{
  return self->n_unknown;
}
