/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The format: what the codec writes is what README.md says, and whatever is read ends in records, an end, or an error that
 * says where. */

#include "tests/trace/sample.h"

#include <string.h>

static TrioTraceReader *
open_good (GByteArray *bytes)
{
  g_autoptr (GError) error = NULL;
  TrioTraceReader *reader = trio_trace_reader_new (bytes->data, bytes->len, &error);

  g_assert_no_error (error);
  g_assert_nonnull (reader);
  return reader;
}

/* How many events there are before the end or an error. */
static guint
count_events (gconstpointer data, gsize length, GError **error)
{
  g_autoptr (TrioTraceReader) reader = trio_trace_reader_new (data, length, error);
  TrioTraceRecord record;
  guint n = 0;

  if (reader == NULL)
    return 0;
  while (trio_trace_reader_next (reader, &record, error))
    n++;
  return n;
}

/* --- both directions --- */

static void
fill_record (TrioTraceRecord *record, const TrioTraceShape *shape, guint64 number, const char *text)
{
  memset (record, 0, sizeof *record);
  record->type = shape->type;
  for (guint i = 0; i < shape->n_fields; i++)
    if (shape->fields[i].kind == TRIO_TRACE_FIELD_NUMBER)
      G_STRUCT_MEMBER (guint64, record, shape->fields[i].offset) = number + i;
    else
      G_STRUCT_MEMBER (const char *, record, shape->fields[i].offset) = text;
}

static void
assert_same_fields (const TrioTraceShape *shape, const TrioTraceRecord *a, const TrioTraceRecord *b)
{
  for (guint i = 0; i < shape->n_fields; i++)
    {
      const TrioTraceField *field = &shape->fields[i];

      if (field->kind == TRIO_TRACE_FIELD_NUMBER)
        g_assert_cmpuint (trio_trace_record_get_number (a, field), ==, trio_trace_record_get_number (b, field));
      else
        g_assert_cmpstr (trio_trace_record_get_string (a, field), ==, trio_trace_record_get_string (b, field));
    }
}

static void
test_every_record_comes_back_as_it_was_written (void)
{
  const guint64 numbers[] = { 0, 1, 127, 128, 16383, 16384, G_MAXUINT32, G_GUINT64_CONSTANT (1) << 63,
                              G_MAXUINT64 - TRIO_TRACE_MAX_FIELDS };
  const char *texts[] = { "", "a", "Grüße, 世界", "a\nb\t<b>" };
  TrioTraceWriter *writer = trio_trace_writer_new (TRIO_TRACE_FLAG_VIRTUAL_TIME, "round trip");
  guint n_shapes;
  const TrioTraceShape *shapes = trio_trace_get_shapes (&n_shapes);
  TrioTraceRecord wanted, got;
  gint64 time_us = 0;

  for (guint s = 0; s < n_shapes; s++)
    for (guint n = 0; n < G_N_ELEMENTS (numbers); n++)
      {
        fill_record (&wanted, &shapes[s], numbers[n], texts[n % G_N_ELEMENTS (texts)]);
        wanted.time_us = time_us += 1000 * n;
        trio_trace_writer_write (writer, &wanted);
      }
  trio_trace_writer_end (writer);

  g_autoptr (TrioTraceReader) reader = open_good (writer->bytes);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (trio_trace_reader_get_flags (reader), ==, TRIO_TRACE_FLAG_VIRTUAL_TIME);
  g_assert_cmpstr (trio_trace_reader_get_program (reader), ==, "round trip");
  time_us = 0;
  for (guint s = 0; s < n_shapes; s++)
    for (guint n = 0; n < G_N_ELEMENTS (numbers); n++)
      {
        g_assert_true (trio_trace_reader_next (reader, &got, &error));
        g_assert_cmpuint (got.type, ==, shapes[s].type);
        g_assert_cmpint (got.time_us, ==, time_us += 1000 * n);
        fill_record (&wanted, &shapes[s], numbers[n], texts[n % G_N_ELEMENTS (texts)]);
        assert_same_fields (&shapes[s], &wanted, &got);
      }
  g_assert_false (trio_trace_reader_next (reader, &got, &error));
  g_assert_no_error (error);
  trio_trace_writer_free (writer);
}

static void
test_what_is_not_utf8_is_made_so (void)
{
  g_autoptr (GByteArray) bytes = sample_named ("\xff\xfe");
  g_autoptr (TrioTraceReader) reader = open_good (bytes);
  TrioTraceRecord record;

  g_assert_cmpstr (trio_trace_reader_get_program (reader), ==, "\uFFFD\uFFFD");
  while (trio_trace_reader_next (reader, &record, NULL))
    {
      g_assert_true (record.name == NULL || g_utf8_validate (record.name, -1, NULL));
      g_assert_true (record.text == NULL || g_utf8_validate (record.text, -1, NULL));
    }
}

static void
test_a_string_is_written_once (void)
{
  TrioTraceWriter *writer = trio_trace_writer_new (0, NULL);
  TrioTraceRecord record = { .type = TRIO_TRACE_TASK_SPAWNED, .task = 1, .name = "a-name-that-is-not-short" };
  guint first, second;

  trio_trace_writer_write (writer, &record);
  first = writer->bytes->len;
  trio_trace_writer_write (writer, &record);
  second = writer->bytes->len - first;
  g_assert_cmpuint (second, ==, 6);
  trio_trace_writer_free (writer);
}

static void
test_the_same_story_gives_the_same_bytes (void)
{
  g_autoptr (GByteArray) a = sample_ledger (20);
  g_autoptr (GByteArray) b = sample_ledger (20);

  g_assert_cmpmem (a->data, a->len, b->data, b->len);
}

/* --- the page that specifies it --- */

static char *
load_readme (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "README.md", NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* The two-digit words at the beginning of each line of the block, as far as the first gap of two spaces. */
static GByteArray *
parse_hex_block (const char *readme)
{
  const char *begin = strstr (readme, "```hex\n");
  const char *end = begin != NULL ? strstr (begin + 7, "```") : NULL;
  GByteArray *bytes = g_byte_array_new ();

  g_assert_nonnull (end);
  g_autofree char *block = g_strndup (begin + 7, end - begin - 7);
  g_auto (GStrv) lines = g_strsplit (block, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    for (const char *at = lines[i]; g_ascii_isxdigit (at[0]) && g_ascii_isxdigit (at[1]) && at[2] == ' '; at += 3)
      {
        guint8 byte = g_ascii_xdigit_value (at[0]) * 16 + g_ascii_xdigit_value (at[1]);

        g_byte_array_append (bytes, &byte, 1);
      }
  return bytes;
}

static void
test_the_worked_example_is_what_the_codec_writes (void)
{
  g_autofree char *readme = load_readme ();
  g_autoptr (GByteArray) said = parse_hex_block (readme);
  g_autoptr (GByteArray) written = sample_hello ();

  g_assert_cmpmem (said->data, said->len, written->data, written->len);
}

static void
assert_row (const char *readme, guint type, const char *name, const char *fields)
{
  g_autofree char *row = g_strdup_printf ("\n| 0x%02x | %s | %s%s| ", type, name, fields, *fields != '\0' ? " " : "");

  if (strstr (readme, row) == NULL)
    g_error ("README.md has no row “%s…”", row + 1);
}

static void
test_the_table_of_records_is_that_of_records_def (void)
{
  g_autofree char *readme = load_readme ();
  const char *kinds[] = { "NUMBER", "NAME", "TEXT" };
  guint n_shapes, n_rows = 0;
  const TrioTraceShape *shapes = trio_trace_get_shapes (&n_shapes);

  for (guint i = 0; i < n_shapes; i++)
    {
      g_autoptr (GString) fields = g_string_new (NULL);

      for (guint j = 0; j < shapes[i].n_fields; j++)
        g_string_append_printf (fields, "%s%s: %s%s", j > 0 ? ", " : "", shapes[i].fields[j].name, kinds[shapes[i].fields[j].kind],
                                shapes[i].fields[j].optional ? " (optional)" : "");
      assert_row (readme, shapes[i].type, shapes[i].name, fields->str);
    }
  assert_row (readme, TRIO_TRACE_STRING, "string", "the bytes of the text");
  assert_row (readme, TRIO_TRACE_END, "end", "records: NUMBER");

  for (const char *at = readme; (at = strstr (at, "\n| 0x")) != NULL; at++)
    n_rows++;
  g_assert_cmpuint (n_rows, ==, n_shapes + 2);
}

static void
test_types_go_up (void)
{
  guint n_shapes;
  const TrioTraceShape *shapes = trio_trace_get_shapes (&n_shapes);

  for (guint i = 1; i < n_shapes; i++)
    g_assert_cmpuint (shapes[i - 1].type, <, shapes[i].type);
}

/* --- files that are not whole --- */

static void
test_a_file_cut_at_any_byte_gives_what_came_before_and_says_where (void)
{
  g_autoptr (GByteArray) bytes = sample_hello ();
  guint last = 0;

  for (guint cut = 1; cut < bytes->len; cut++)
    {
      g_autoptr (GError) error = NULL;
      /* A copy of its own, so that AddressSanitizer sees a reader that looks beyond the cut. */
      g_autofree guint8 *part = g_memdup2 (bytes->data, cut);
      guint n = count_events (part, cut, &error);
      g_autofree char *where = g_strdup_printf ("truncated at byte %u", cut);

      g_assert_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_TRUNCATED);
      g_assert_true (g_str_has_prefix (error->message, where));
      g_assert_nonnull (strstr (error->message, " could be read"));
      g_assert_cmpuint (n, >=, last);
      g_assert_cmpuint (n, <=, last + 1);
      last = n;
    }
  g_assert_cmpuint (last, ==, 14);
}

static void
test_the_records_before_a_cut_are_counted (void)
{
  g_autoptr (GByteArray) bytes = sample_hello ();
  g_autoptr (GError) in = NULL;
  g_autoptr (GError) after = NULL;
  g_autoptr (GError) header = NULL;

  count_events (bytes->data, 60, &in);
  g_assert_cmpstr (in->message, ==, "truncated at byte 60 in record 7: 6 records could be read");
  /* The header takes 17 bytes and the first record 3. */
  count_events (bytes->data, 20, &after);
  g_assert_cmpstr (after->message, ==, "truncated at byte 20, after record 1, there is no end: 1 record could be read");
  count_events (bytes->data, 10, &header);
  g_assert_cmpstr (header->message, ==, "truncated at byte 10 in the header: no record could be read");
}

static void
test_asking_again_after_an_error_gives_it_again (void)
{
  g_autoptr (GByteArray) bytes = sample_hello ();
  g_autoptr (TrioTraceReader) reader = trio_trace_reader_new (bytes->data, 40, NULL);
  g_autoptr (GError) first = NULL;
  g_autoptr (GError) second = NULL;
  TrioTraceRecord record;

  while (trio_trace_reader_next (reader, &record, &first))
    ;
  g_assert_false (trio_trace_reader_next (reader, &record, &second));
  g_assert_cmpstr (first->message, ==, second->message);
}

static void
assert_refused (const char *data, gsize length, int code, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (trio_trace_reader_new (data, length, &error));
  g_assert_error (error, TRIO_TRACE_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_a_foreign_file_is_refused_with_its_beginning (void)
{
  assert_refused ("\x89PNG\r\n\x1a\n", 8, TRIO_TRACE_ERROR_FOREIGN,
                  "not a trio trace (starts with 89 50 4e 47 0d 0a 1a 0a \".PNG....\")");
  assert_refused ("hi", 2, TRIO_TRACE_ERROR_FOREIGN, "not a trio trace (starts with 68 69 \"hi\")");
  assert_refused ("", 0, TRIO_TRACE_ERROR_FOREIGN, "not a trio trace (it is empty)");
}

static void
test_a_trace_that_went_through_a_text_transfer_is_foreign (void)
{
  g_autoptr (GError) error = NULL;

  /* CR LF became LF. */
  g_assert_null (trio_trace_reader_new ("\x89TRIO\n\x1a\x01\x02\x00\x00", 11, &error));
  g_assert_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_FOREIGN);
}

static void
test_a_newer_version_is_refused_with_both_versions (void)
{
  g_autoptr (GByteArray) bytes = sample_hello ();
  g_autoptr (GError) error = NULL;

  bytes->data[8] = 2;
  g_assert_null (trio_trace_reader_new (bytes->data, bytes->len, &error));
  g_assert_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_VERSION);
  g_assert_cmpstr (error->message, ==, "version 2, this tool reads 1");
}

static void
test_unknown_records_and_fields_are_skipped_and_their_time_counts (void)
{
  g_autoptr (GByteArray) bytes = sample_future ();
  g_autoptr (TrioTraceReader) reader = open_good (bytes);
  g_autoptr (GError) error = NULL;
  TrioTraceRecord record;
  guint n = 0;

  while (trio_trace_reader_next (reader, &record, &error))
    {
      n++;
      if (record.type == TRIO_TRACE_TASK_SPAWNED && n > 2)
        {
          g_assert_cmpuint (record.task, ==, 2);
          g_assert_cmpint (record.time_us, ==, 5);
        }
    }
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 7);
  g_assert_cmpuint (trio_trace_reader_get_n_unknown (reader), ==, 2);
}

/* What follows the header of hello, 17 bytes, is replaced. */
static void
assert_malformed (const guint8 *records, gsize length, const char *message)
{
  g_autoptr (GByteArray) hello = sample_hello ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  g_byte_array_append (bytes, hello->data, 17);
  g_byte_array_append (bytes, records, length);
  count_events (bytes->data, bytes->len, &error);
  g_assert_error (error, TRIO_TRACE_ERROR, TRIO_TRACE_ERROR_MALFORMED);
  g_assert_cmpstr (error->message, ==, message);
}

#define assert_malformed_bytes(message, ...) \
  assert_malformed ((const guint8[]) { __VA_ARGS__ }, sizeof ((const guint8[]) { __VA_ARGS__ }), message)

static void
test_nonsense_is_refused_with_place_and_reason (void)
{
  assert_malformed_bytes ("malformed at byte 17: record 1 names a string that was not defined; 0 records could be read",
                          0x20, 4, 0, 1, 0, 1);
  assert_malformed_bytes ("malformed at byte 17: record 1 ends within its fields; 0 records could be read",
                          0x20, 2, 0, 1);
  assert_malformed_bytes ("malformed at byte 17: record 1 has no time; 0 records could be read",
                          0x10, 0);
  assert_malformed_bytes ("malformed at byte 20: record 2 is an end that counts other records than were read; "
                          "1 record could be read",
                          0x10, 1, 0, 0x02, 1, 7);
  assert_malformed_bytes ("malformed at byte 23: record 3 comes after the end; 2 records could be read",
                          0x10, 1, 0, 0x02, 1, 1, 0x10);
  assert_malformed_bytes ("malformed at byte 17: record 1 has a type or a length of more than 64 bits; 0 records could be read",
                          0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02);
  assert_malformed_bytes ("malformed at byte 28: record 2 is later than time can be; 1 record could be read",
                          0x10, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x10, 1, 1);
}

/* Every byte, every bit: the reader may be told anything. The sanitizers do the asserting. */
static void
test_no_flipped_bit_leads_beyond_the_file (void)
{
  g_autoptr (GByteArray) bytes = sample_ledger (1);

  for (guint at = 0; at < bytes->len; at++)
    for (guint bit = 0; bit < 8; bit++)
      {
        g_autoptr (GError) error = NULL;

        bytes->data[at] ^= 1u << bit;
        count_events (bytes->data, bytes->len, &error);
        bytes->data[at] ^= 1u << bit;
      }
  g_assert_cmpuint (count_events (bytes->data, bytes->len, NULL), >, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/trace/codec/" #name, test_##name)
  ADD (every_record_comes_back_as_it_was_written);
  ADD (what_is_not_utf8_is_made_so);
  ADD (a_string_is_written_once);
  ADD (the_same_story_gives_the_same_bytes);
  ADD (the_worked_example_is_what_the_codec_writes);
  ADD (the_table_of_records_is_that_of_records_def);
  ADD (types_go_up);
  ADD (a_file_cut_at_any_byte_gives_what_came_before_and_says_where);
  ADD (the_records_before_a_cut_are_counted);
  ADD (asking_again_after_an_error_gives_it_again);
  ADD (a_foreign_file_is_refused_with_its_beginning);
  ADD (a_trace_that_went_through_a_text_transfer_is_foreign);
  ADD (a_newer_version_is_refused_with_both_versions);
  ADD (unknown_records_and_fields_are_skipped_and_their_time_counts);
  ADD (nonsense_is_refused_with_place_and_reason);
  ADD (no_flipped_bit_leads_beyond_the_file);
  return g_test_run ();
}
