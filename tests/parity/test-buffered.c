/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Records out of a stream: however it is cut, whoever is cancelled, a call takes a whole record or nothing. */

#include <gio/gio.h>
#include <string.h>

#include <trio/testing.h>

#include "tests/parity/parity.h"

/* A reader in front of a stream that the test fills. */
typedef struct
{
  TrioStream         *stream;
  TrioBufferedReader *reader;
} Source;

static void
source_open (Source *source)
{
  source->stream = trio_memory_receive_stream_new ();
  source->reader = trio_buffered_reader_new (source->stream);
}

static void
source_clear (Source *source)
{
  trio_buffered_reader_free (source->reader);
  trio_stream_free (source->stream);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Source, source_clear)

static void
put (Source *source, const char *text)
{
  g_assert_true (trio_memory_stream_put_data (source->stream, text, strlen (text), NULL));
}

static gboolean
expect_line (TrioBufferedReader *reader, const char *expected, GError **error)
{
  g_autofree char *line = NULL;

  if (!trio_buffered_reader_read_line (reader, 100, &line, NULL, error))
    return FALSE;
  g_assert_cmpstr (line, ==, expected);
  return TRUE;
}

static gboolean
expect_rest (TrioBufferedReader *reader, const char *expected, GError **error)
{
  g_autoptr (GBytes) rest = trio_buffered_reader_read_to_end (reader, 1000, error);

  if (rest == NULL)
    return FALSE;
  g_assert_cmpmem (g_bytes_get_data (rest, NULL), g_bytes_get_size (rest), expected, strlen (expected));
  return TRUE;
}

static gsize
count_held (TrioBufferedReader *reader)
{
  TrioBufferedReaderStatistics statistics;

  trio_buffered_reader_get_statistics (reader, &statistics);
  return statistics.n_buffered;
}

/* --- lines --- */

static gboolean
test_a_line_ends_with_one_byte_or_two (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };

  source_open (&source);
  put (&source, "one\ntwo\r\n\n\r\nthree\rfour\n");
  trio_memory_stream_put_eof (source.stream);
  return expect_line (source.reader, "one", error) && expect_line (source.reader, "two", error)
         && expect_line (source.reader, "", error) && expect_line (source.reader, "", error)
         && expect_line (source.reader, "three\rfour", error)
         && expect_line (source.reader, NULL, error) && expect_line (source.reader, NULL, error);
}

static gboolean
test_a_line_may_have_nuls_in_it (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  g_autofree char *line = NULL;
  gsize length;

  source_open (&source);
  g_assert_true (trio_memory_stream_put_data (source.stream, "a\0b\n", 4, NULL));
  if (!trio_buffered_reader_read_line (source.reader, 3, &line, &length, error))
    return FALSE;
  g_assert_cmpmem (line, length + 1, "a\0b", 4);
  return TRUE;
}

static gboolean
test_a_limit_counts_the_line_and_not_its_end (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const char *const fitting[] = { "abc\n", "abc\r\n" }, *const too_long[] = { "abcd\n", "abcd\r\n", "abc\rd\n", "abcde" };

  for (guint i = 0; i < G_N_ELEMENTS (fitting); i++)
    {
      g_auto (Source) source = { 0 };
      g_autofree char *line = NULL;

      source_open (&source);
      put (&source, fitting[i]);
      if (!trio_buffered_reader_read_line (source.reader, 3, &line, NULL, error))
        return FALSE;
      g_assert_cmpstr (line, ==, "abc");
    }
  for (guint i = 0; i < G_N_ELEMENTS (too_long); i++)
    {
      g_auto (Source) source = { 0 };
      g_autofree char *line = NULL;
      g_autoptr (GError) refusal = NULL;

      source_open (&source);
      put (&source, too_long[i]);
      trio_memory_stream_put_eof (source.stream);
      g_assert_false (trio_buffered_reader_read_line (source.reader, 3, &line, NULL, &refusal));
      g_assert_nonnull (strstr (refusal->message, "longer than 3 bytes; it begins: \"abc"));
      parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
      /* It is there still. */
      if (!expect_rest (source.reader, too_long[i], error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
test_the_end_in_the_middle_of_a_line_tells_what_was_there (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  g_autoptr (GError) refusal = NULL;
  g_autofree char *line = NULL;

  source_open (&source);
  put (&source, "GET / HT");
  trio_memory_stream_put_eof (source.stream);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (trio_buffered_reader_read_line (source.reader, 100, &line, NULL, &refusal));
      g_assert_cmpstr (refusal->message, ==, "the stream ended in the middle of a line; of it 8 bytes had come: \"GET / HT\"");
      parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
    }
  return expect_rest (source.reader, "GET / HT", error) && expect_line (source.reader, NULL, error);
}

/* --- other records --- */

static gboolean
test_a_delimiter_may_come_in_pieces_and_overlap_itself (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  g_autoptr (GBytes) first = NULL, second = NULL, none = NULL;

  source_open (&source);
  put (&source, "xaabaabaac..aabaac");
  trio_memory_stream_put_eof (source.stream);
  if (!trio_buffered_reader_read_until (source.reader, "aabaac", 6, 4, &first, error)
      || !trio_buffered_reader_read_until (source.reader, "aabaac", 6, 2, &second, error)
      || !trio_buffered_reader_read_until (source.reader, "aabaac", 6, 0, &none, error))
    return FALSE;
  g_assert_cmpmem (g_bytes_get_data (first, NULL), g_bytes_get_size (first), "xaab", 4);
  g_assert_cmpmem (g_bytes_get_data (second, NULL), g_bytes_get_size (second), "..", 2);
  g_assert_null (none);
  return TRUE;
}

static gboolean
test_a_record_longer_than_its_limit_is_refused (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  g_autoptr (GBytes) record = NULL;
  g_autoptr (GError) refusal = NULL;

  source_open (&source);
  put (&source, "abcd");
  /* The fourth byte may still be the first of the delimiter; with the fifth it is certain. */
  put (&source, "-");
  g_assert_false (trio_buffered_reader_read_until (source.reader, "--", 2, 3, &record, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  put (&source, "-");
  if (!trio_buffered_reader_read_until (source.reader, "--", 2, 4, &record, error))
    return FALSE;
  g_assert_cmpmem (g_bytes_get_data (record, NULL), g_bytes_get_size (record), "abcd", 4);
  return TRUE;
}

static gboolean
test_so_many_bytes_or_none (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  g_autoptr (GError) refusal = NULL;
  char buffer[5] = "....";

  source_open (&source);
  put (&source, "headtai");
  trio_memory_stream_put_eof (source.stream);
  if (!trio_buffered_reader_read_exactly (source.reader, buffer, 4, error))
    return FALSE;
  g_assert_cmpstr (buffer, ==, "head");
  g_assert_false (trio_buffered_reader_read_exactly (source.reader, buffer, 4, &refusal));
  g_assert_cmpstr (refusal->message, ==, "the stream ended in the middle of a record of 4 bytes; of it 3 bytes had come: \"tai\"");
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
  g_assert_cmpstr (buffer, ==, "head");
  return expect_rest (source.reader, "tai", error);
}

static gboolean
test_everything_up_to_a_limit (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  g_autoptr (GError) refusal = NULL;

  source_open (&source);
  put (&source, "12345");
  trio_memory_stream_put_eof (source.stream);
  g_assert_null (trio_buffered_reader_read_to_end (source.reader, 4, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE);
  return expect_rest (source.reader, "12345", error) && expect_rest (source.reader, "", error);
}

/* --- bytes --- */

static gboolean
test_peeking_takes_nothing_and_unread_comes_first (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  const guint8 *bytes;
  char byte;

  source_open (&source);
  put (&source, "lo, world\n");
  trio_memory_stream_put_eof (source.stream);
  for (guint i = 0; i < 2; i++)
    {
      gssize n = trio_buffered_reader_peek (source.reader, 2, &bytes, error);

      if (n < 0)
        return FALSE;
      g_assert_cmpint (n, >=, 2);
      g_assert_cmpmem (bytes, 2, "lo", 2);
    }
  /* With room in front of what is held, and without. */
  if (trio_buffered_reader_receive_some (source.reader, &byte, 1, error) < 0)
    return FALSE;
  trio_buffered_reader_unread (source.reader, &byte, 1);
  trio_buffered_reader_unread (source.reader, "hel", 3);
  if (!expect_line (source.reader, "hello, world", error))
    return FALSE;
  g_assert_cmpint (trio_buffered_reader_peek (source.reader, 1, &bytes, error), ==, 0);
  trio_buffered_reader_unread (source.reader, "again\n", 6);
  return expect_line (source.reader, "again", error);
}

/* What is held counts as a success like any other: others may run, a cancellation is seen. */
static gboolean
test_reading_what_is_held_is_a_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  char byte[1];

  source_open (&source);
  put (&source, "a\nb\n12345");
  if (!expect_line (source.reader, "a", error))
    return FALSE;
  for (guint i = 0; i < 4; i++)
    {
      TrioTestingMark mark = trio_testing_mark ();
      const guint8 *bytes;
      gboolean ok = i == 0   ? expect_line (source.reader, "b", error)
                    : i == 1 ? trio_buffered_reader_read_exactly (source.reader, byte, 1, error)
                    : i == 2 ? trio_buffered_reader_receive_some (source.reader, byte, 1, error) == 1
                             : trio_buffered_reader_peek (source.reader, 1, &bytes, error) > 0;

      if (!ok)
        return FALSE;
      trio_testing_assert_checkpoints (&mark);
    }
  return TRUE;
}

static gboolean
read_one_line (gpointer data, GError **error)
{
  return expect_line (data, "late", error);
}

static gboolean
test_the_second_reader_is_refused_and_the_first_undisturbed (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  g_autoptr (GError) refusal = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  char byte;

  source_open (&source);
  /* Of which the second could take a byte. */
  put (&source, "la");
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, read_one_line, source.reader);
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  g_assert_cmpint (trio_buffered_reader_receive_some (source.reader, &byte, 1, &refusal), ==, -1);
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  put (&source, "te\n");
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_what_is_held_outlives_the_stream (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_auto (Source) source = { 0 };
  g_autoptr (GError) refusal = NULL;
  g_autofree char *line = NULL;

  source_open (&source);
  put (&source, "first\nsecond\nthi");
  if (!expect_line (source.reader, "first", error) || !trio_stream_close (source.stream, error)
      || !expect_line (source.reader, "second", error))
    return FALSE;
  g_assert_false (trio_buffered_reader_read_line (source.reader, 100, &line, NULL, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_cmpuint (count_held (source.reader), ==, 3);
  return TRUE;
}

/* --- over a connection --- */

#define N_LINES 60

/* Line i has 7 i bytes. */
static GString *
make_line (guint i)
{
  GString *line = g_string_new (NULL);

  for (guint k = 0; k < 7 * i; k++)
    g_string_append_c (line, (char) ('a' + (i + k) % 26));
  return line;
}

static gboolean
send_lines (gpointer data, GError **error)
{
  for (guint i = 0; i < N_LINES; i++)
    {
      g_autoptr (GString) line = make_line (i);

      g_string_append (line, i % 2 == 0 ? "\n" : "\r\n");
      if (!trio_stream_send_all (data, line->str, line->len, error) || (i % 20 == 0 && !trio_sleep (50, error)))
        return FALSE;
    }
  return trio_stream_send_eof (data, error);
}

typedef struct
{
  TrioCancelScope *scope;
  guint            patience;
} Canceller;

static gboolean
cancel_soon (gpointer data, GError **error)
{
  const Canceller *canceller = data;

  for (guint i = 0; i < canceller->patience; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  trio_cancel_scope_cancel (canceller->scope);
  return TRUE;
}

/* *read: it was not cancelled. */
static gboolean
read_impatiently (TrioBufferedReader *reader, guint patience, char **line, gboolean *read, GError **error)
{
  Canceller canceller = { NULL, patience };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  canceller.scope = scope;
  trio_nursery_start_soon (nursery, cancel_soon, &canceller);
  *read = trio_buffered_reader_read_line (reader, 7 * N_LINES, line, NULL, error);
  return trio_cancel_scope_close (scope, trio_nursery_close (nursery, *read));
}

/* Every call is cancelled after a while, often before it has a line. statement 163 */
static gboolean
test_cancelled_readers_lose_no_bytes (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = parity_listen (error);
  g_autoptr (TrioStream) client = NULL, server = NULL;
  g_autoptr (TrioBufferedReader) reader = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  guint n_lines = 0;
  gboolean read = FALSE;

  if (listener == NULL || !parity_connect (listener, &client, &server, error))
    return FALSE;
  reader = trio_buffered_reader_new (server);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_lines, client);

  for (guint patience = 0;; patience++)
    {
      g_autofree char *line = NULL;
      g_autoptr (GString) expected = make_line (n_lines);

      if (!read_impatiently (reader, patience % 7, &line, &read, error))
        return FALSE;
      if (read && line == NULL)
        break;
      if (read)
        {
          g_assert_cmpstr (line, ==, expected->str);
          n_lines++;
        }
      else if (patience % 7 == 6 && !trio_sleep (100, error))
        return FALSE;
    }
  g_assert_cmpuint (n_lines, ==, N_LINES);
  return trio_nursery_close (nursery, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/buffered/a-line-ends-with-one-byte-or-two", test_a_line_ends_with_one_byte_or_two);
  PARITY_TEST ("/buffered/a-line-may-have-nuls-in-it", test_a_line_may_have_nuls_in_it);
  PARITY_TEST ("/buffered/a-limit-counts-the-line-and-not-its-end", test_a_limit_counts_the_line_and_not_its_end);
  PARITY_TEST ("/buffered/the-end-in-the-middle-of-a-line-tells-what-was-there", test_the_end_in_the_middle_of_a_line_tells_what_was_there);
  PARITY_TEST ("/buffered/a-delimiter-may-come-in-pieces-and-overlap-itself", test_a_delimiter_may_come_in_pieces_and_overlap_itself);
  PARITY_TEST ("/buffered/a-record-longer-than-its-limit-is-refused", test_a_record_longer_than_its_limit_is_refused);
  PARITY_TEST ("/buffered/so-many-bytes-or-none", test_so_many_bytes_or_none);
  PARITY_TEST ("/buffered/everything-up-to-a-limit", test_everything_up_to_a_limit);
  PARITY_TEST ("/buffered/peeking-takes-nothing-and-unread-comes-first", test_peeking_takes_nothing_and_unread_comes_first);
  PARITY_TEST ("/buffered/reading-what-is-held-is-a-checkpoint", test_reading_what_is_held_is_a_checkpoint);
  PARITY_TEST ("/buffered/the-second-reader-is-refused-and-the-first-undisturbed", test_the_second_reader_is_refused_and_the_first_undisturbed);
  PARITY_TEST ("/buffered/what-is-held-outlives-the-stream", test_what_is_held_outlives_the_stream);
  PARITY_TEST ("/buffered/cancelled-readers-lose-no-bytes", test_cancelled_readers_lose_no_bytes);
  return g_test_run ();
}
