/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Files that are sent over streams: by the system where it can, and by hand. In the simulator both ways are tried. */

#include <string.h>

#include <gio/gio.h>

#include <trio/lowlevel/socket.h>
#include <trio/testing.h>

#include "tests/parity/parity.h"

#define SIZE 100000
/* So many bytes are taken at once. */
#define TAKE_BYTES 65536

/* More than any stream takes without a reader. One of the simulated world takes less, and each byte costs more there. */
static gint64
clog_bytes (void)
{
  return g_str_equal (trio_current_io ()->name, "simulated") ? 250000 : 12 * 1024 * 1024;
}

/* A file without a name; byte i is a function of i. */
static guint8
byte_at (gsize i)
{
  return (guint8) (i ^ (i >> 8) ^ (i >> 16));
}

static GBytes *
make_bytes (gsize size)
{
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = byte_at (i);
  return g_bytes_new_take (bytes, size);
}

static TrioFile *
make_file (gsize size, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GBytes) bytes = make_bytes (size);
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);

  if (file == NULL || !trio_path_remove (path, error) || !trio_file_write (file, g_bytes_get_data (bytes, NULL), size, error))
    return NULL;
  return g_steal_pointer (&file);
}

/* --- a reader that takes everything --- */

typedef struct
{
  TrioStream *stream;
  gint64      from;                /* where in the file it must begin */
  gint64      n_received;
} Taker;

static gboolean
take_all (gpointer data, GError **error)
{
  Taker *self = data;
  g_autofree guint8 *buffer = g_malloc (TAKE_BYTES);
  gssize n;

  while ((n = trio_stream_receive_some (self->stream, buffer, TAKE_BYTES, error)) > 0)
    for (gssize i = 0; i < n; i++, self->n_received++)
      g_assert_cmpuint (buffer[i], ==, byte_at ((gsize) (self->from + self->n_received)));
  return n == 0;
}

typedef gboolean (*Maker) (TrioStream **send, TrioStream **receive, GError **error);

static gboolean
make_tcp (TrioStream **send, TrioStream **receive, GError **error)
{
  g_autoptr (TrioListener) listener = parity_listen (error);

  return listener != NULL && parity_connect (listener, send, receive, error);
}

static gboolean
make_unix (TrioStream **send, TrioStream **receive, GError **error)
{
  return trio_unix_stream_pair (send, receive, error);
}

static gboolean
make_pipe (TrioStream **send, TrioStream **receive, GError **error)
{
  return trio_open_pipe (send, receive, error);
}

static gboolean
make_stapled (TrioStream **send, TrioStream **receive, GError **error)
{
  TrioStream *end;

  if (!trio_open_pipe (&end, receive, error))
    return FALSE;
  *send = trio_stapled_stream_new (end, trio_memory_receive_stream_new ());
  return TRUE;
}

static gboolean
make_lockstep (TrioStream **send, TrioStream **receive, GError **error G_GNUC_UNUSED)
{
  trio_lockstep_stream_one_way_pair (send, receive);
  return TRUE;
}

static const Maker makers[] = { make_tcp, make_unix, make_pipe, make_stapled, make_lockstep };

/* Sends the part, and then ends; the other side must have got from `offset` on as many as were sent. */
static gboolean
check_part (Maker make, TrioFile *file, gint64 offset, gint64 size, gint64 expected, GError **error)
{
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  Taker taker = { .from = offset };
  gint64 sent = -1;

  if (!make (&send, &receive, error))
    return FALSE;
  taker.stream = receive;
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon (nursery, take_all, &taker);
    if (!trio_stream_send_file (send, file, offset, size, &sent, error) || !trio_stream_close (send, error)
        || !trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  g_assert_cmpint (sent, ==, expected);
  g_assert_cmpint (taker.n_received, ==, expected);
  return TRUE;
}

/* --- tests --- */

static gboolean
test_a_part_of_a_file_arrives_over_any_stream (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file (SIZE, error);
  gint64 position;

  if (file == NULL)
    return FALSE;
  position = trio_file_get_position (file);
  for (guint i = 0; i < G_N_ELEMENTS (makers); i++)
    if (!check_part (makers[i], file, 0, SIZE, SIZE, error) || !check_part (makers[i], file, 1000, 33333, 33333, error)
        || !check_part (makers[i], file, SIZE - 7, 7, 7, error) || !check_part (makers[i], file, 5, 0, 0, error))
      return FALSE;
  g_assert_cmpint (trio_file_get_position (file), ==, position);
  return trio_file_close (file, error);
}

static gboolean
test_a_file_is_sent_up_to_its_end (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file (SIZE, error);

  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (makers); i++)
    if (!check_part (makers[i], file, 10, -1, SIZE - 10, error) || !check_part (makers[i], file, SIZE, -1, 0, error)
        || !check_part (makers[i], file, SIZE - 10, 1000, 10, error) || !check_part (makers[i], file, SIZE + 1, 1, 0, error))
      return FALSE;
  return trio_file_close (file, error);
}

typedef struct
{
  TrioStream *stream;
  TrioFile   *file;
  gint64      offset;
  gint64      size;
  gint64      sent;
  gboolean    ended;
  GError     *failure;
} Sender;

static gboolean
send_it (gpointer data, GError **error)
{
  Sender *self = data;

  if (!trio_stream_send_file (self->stream, self->file, self->offset, self->size, &self->sent, &self->failure)
      && trio_error_contains (self->failure, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&self->failure));
      return FALSE;
    }
  self->ended = TRUE;
  return TRUE;
}

/* Until it has to wait for the reader. */
static gboolean
wait_until_stuck (const Sender *sender, GError **error)
{
  gint64 before;
  guint n_same = 0;

  do
    {
      before = sender->sent;
      if (!trio_sleep (5 * G_TIME_SPAN_MILLISECOND, error))
        return FALSE;
      n_same = before == sender->sent && before > 0 ? n_same + 1 : 0;
    }
  while (n_same < 4);
  return TRUE;
}

/* What went is known, so that one can go on behind it. */
static gboolean
test_a_cancellation_in_the_middle_says_how_much_went (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file ((gsize) clog_bytes (), error);

  for (guint i = 0; file != NULL && i < 3; i++)
    {
      g_autoptr (TrioStream) send = NULL, receive = NULL;
      Sender sender = { .file = file, .size = -1 };
      Taker taker = { 0 };

      if (!makers[i](&send, &receive, error))
        return FALSE;
      sender.stream = send;
      taker.stream = receive;
      {
        g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

        trio_nursery_start_soon (nursery, send_it, &sender);
        if (!wait_until_stuck (&sender, error))
          return FALSE;
        trio_nursery_cancel (nursery);
        if (!trio_nursery_close (nursery, TRUE))
          return FALSE;
      }
      g_assert_false (sender.ended);
      g_assert_cmpint (sender.sent, >, 0);
      g_assert_cmpint (sender.sent, <, clog_bytes ());
      {
        g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

        trio_nursery_start_soon (nursery, take_all, &taker);
        sender.offset = sender.sent;
        if (!send_it (&sender, error) || !trio_stream_close (send, error) || !trio_nursery_close (nursery, TRUE))
          return FALSE;
      }
      g_assert_no_error (sender.failure);
      g_assert_cmpint (sender.offset + sender.sent, ==, clog_bytes ());
      g_assert_cmpint (taker.n_received, ==, clog_bytes ());
    }
  return file != NULL && trio_file_close (file, error);
}

static gboolean
test_a_file_that_becomes_shorter_ends_there (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file ((gsize) clog_bytes (), error);
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  Sender sender = { .file = file, .size = clog_bytes () };
  Taker taker = { 0 };

  if (file == NULL || !make_tcp (&send, &receive, error))
    return FALSE;
  sender.stream = send;
  taker.stream = receive;
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon (nursery, send_it, &sender);
    if (!wait_until_stuck (&sender, error) || !trio_file_truncate (file, sender.sent, error) || !trio_file_sync (file, error))
      return FALSE;
    trio_nursery_start_soon (nursery, take_all, &taker);
    while (!sender.ended)
      if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
        return FALSE;
    if (!trio_stream_close (send, error) || !trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  g_assert_no_error (sender.failure);
  g_assert_cmpint (sender.sent, <, clog_bytes ());
  g_assert_cmpint (taker.n_received, ==, sender.sent);
  return trio_file_close (file, error);
}

/* statements 157, 161, 164 */
static gboolean
test_while_a_file_is_sent_nothing_else_is_and_a_close_ends_it (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file ((gsize) clog_bytes (), error);

  for (guint i = 0; file != NULL && i < 4; i++)
    {
      g_autoptr (TrioStream) send = NULL, receive = NULL;
      g_autoptr (TrioNursery) nursery = NULL;
      g_autoptr (GError) failure = NULL;
      Sender sender = { .file = file, .size = -1 };

      if (!makers[i](&send, &receive, error))
        return FALSE;
      sender.stream = send;
      nursery = trio_nursery_open (error);
      trio_nursery_start_soon (nursery, send_it, &sender);
      if (!wait_until_stuck (&sender, error))
        return FALSE;
      g_assert_false (trio_stream_send_all (send, "x", 1, &failure));
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
      g_assert_false (trio_stream_send_file (send, file, 0, 1, NULL, &failure));
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
      if (!trio_stream_close (send, error) || !trio_nursery_close (nursery, TRUE))
        return FALSE;
      parity_expect_error (sender.failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
      g_assert_false (trio_stream_send_file (send, file, 0, 1, NULL, &failure));
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
    }
  return file != NULL && trio_file_close (file, error);
}

/* No SIGPIPE, either. */
static gboolean
test_sending_a_file_to_nobody_is_broken (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file ((gsize) clog_bytes (), error);

  for (guint i = 0; file != NULL && i < 4; i++)
    {
      g_autoptr (TrioStream) send = NULL, receive = NULL;
      g_autoptr (TrioNursery) nursery = NULL;
      g_autoptr (GError) failure = NULL;
      Sender sender = { .file = file, .size = -1 };

      if (!makers[i](&send, &receive, error))
        return FALSE;
      sender.stream = send;
      nursery = trio_nursery_open (error);
      trio_nursery_start_soon (nursery, send_it, &sender);
      if (!wait_until_stuck (&sender, error) || !trio_stream_close (receive, error) || !trio_nursery_close (nursery, TRUE))
        return FALSE;
      parity_expect_error (sender.failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
      g_assert_false (trio_stream_send_file (send, file, 0, 1, NULL, &failure));
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
    }
  return file != NULL && trio_file_close (file, error);
}

static gboolean
test_what_cannot_be_sent_is_refused (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file (SIZE, error);
  g_autoptr (TrioFile) written = NULL;
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  g_autoptr (GError) failure = NULL;
  g_autofree char *directory = trio_directory_make_temporary (NULL, error);
  g_autofree char *path = directory != NULL ? g_build_filename (directory, "w", NULL) : NULL;
  gint64 sent;

  if (file == NULL || directory == NULL || !make_unix (&send, &receive, error))
    return FALSE;
  written = trio_file_open (path, TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  if (written == NULL)
    return FALSE;
  g_assert_false (trio_stream_send_file (send, written, 0, 1, &sent, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_false (trio_stream_send_file (send, file, -1, 1, &sent, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_false (trio_stream_send_file (send, file, 0, -2, &sent, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  if (!trio_file_close (written, error) || !trio_file_close (file, error) || !trio_path_remove (path, error)
      || !trio_directory_remove (directory, error))
    return FALSE;
  g_assert_false (trio_stream_send_file (send, file, 0, 1, &sent, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  /* None of it was the stream's fault. */
  g_assert_cmpint (sent, ==, 0);
  if (!trio_stream_send_all (send, "x", 1, error) || !trio_stream_send_eof (send, error))
    return FALSE;
  g_assert_false (trio_stream_send_file (send, file, 0, 1, &sent, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

/* statement 17 */
static gboolean
test_sending_a_file_is_a_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = make_file (10, error);
  g_autoptr (TrioStream) send = NULL, receive = NULL;

  if (file == NULL || !make_tcp (&send, &receive, error))
    return FALSE;
  for (gint64 size = 0; size < 3; size++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      TrioTestingMark mark = trio_testing_mark ();
      gint64 sent = -1;

      if (!trio_stream_send_file (send, file, 0, size, &sent, error))
        return FALSE;
      trio_testing_assert_checkpoints (&mark);
      g_assert_cmpint (sent, ==, size);
      trio_cancel_scope_cancel (scope);
      if (!trio_cancel_scope_close (scope, trio_stream_send_file (send, file, 0, size, &sent, error)))
        return FALSE;
      g_assert_true (trio_cancel_scope_cancelled_caught (scope));
      g_assert_cmpint (sent, ==, 0);
    }
  return trio_file_close (file, error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/send-file/a-part-of-a-file-arrives-over-any-stream", test_a_part_of_a_file_arrives_over_any_stream);
  PARITY_TEST ("/send-file/a-file-is-sent-up-to-its-end", test_a_file_is_sent_up_to_its_end);
  PARITY_TEST ("/send-file/a-cancellation-in-the-middle-says-how-much-went", test_a_cancellation_in_the_middle_says_how_much_went);
  PARITY_TEST ("/send-file/a-file-that-becomes-shorter-ends-there", test_a_file_that_becomes_shorter_ends_there);
  PARITY_TEST ("/send-file/while-a-file-is-sent-nothing-else-is-and-a-close-ends-it",
               test_while_a_file_is_sent_nothing_else_is_and_a_close_ends_it);
  PARITY_TEST ("/send-file/sending-a-file-to-nobody-is-broken", test_sending_a_file_to_nobody_is_broken);
  PARITY_TEST ("/send-file/what-cannot-be-sent-is-refused", test_what_cannot_be_sent_is_refused);
  PARITY_TEST ("/send-file/sending-a-file-is-a-checkpoint", test_sending_a_file_is_a_checkpoint);
  return g_test_run ();
}
