/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a stream promises of its other ways of sending, whether they are its own or not: from several places, and from a file. Each function is
 * one promise, and is tried with either way: check->way says with which.
 *
 * Files are sent where there is a disk: in a world without one, as a mock world of tests, their checks find nothing. */

#include "testing/checks.h"

#include <string.h>

#include <trio/file.h>
#include <trio/testing/checkpoints.h>

static const char *const names[TRIO_STREAM_CHECK_N_WAYS] = {
  [TRIO_STREAM_CHECK_GATHERS] = "sending from several places",
  [TRIO_STREAM_CHECK_SENDS_FILES] = "sending a file",
};

/* What is to be sent, and how it went. */
typedef struct
{
  TrioStreamCheckWay way;
  TrioStream        *stream;
  guint8            *data;
  gsize              size;
  TrioFile          *file;         /* where it is, too, if files are what is sent */
  gboolean           no_disk;
  gboolean           done;
  GError            *failure;      /* of the stream */
} Sending;

static void
sending_clear (Sending *self)
{
  g_clear_pointer (&self->data, g_free);
  g_clear_pointer (&self->file, trio_file_free);
  g_clear_error (&self->failure);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sending, sending_clear)

/* A file without a name. */
static gboolean
fill_file (Sending *self, GError **error)
{
  g_autofree char *path = NULL;
  GError *failure = NULL;

  self->file = trio_file_open_temporary (NULL, &path, &failure);
  if (self->file != NULL)
    return trio_path_remove (path, error) && trio_file_write (self->file, self->data, self->size, error);
  self->no_disk = g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  if (self->no_disk)
    g_error_free (failure);
  else
    g_propagate_error (error, failure);
  return self->no_disk;
}

static gboolean
sending_prepare (Sending *self, const TrioStreamCheck *check, TrioStream *stream, gsize size, GError **error)
{
  *self = (Sending) { .way = check->way, .stream = stream, .data = trio_check_pattern (MAX (size, 1)), .size = size };
  return self->way != TRIO_STREAM_CHECK_SENDS_FILES || fill_file (self, error);
}

/* In pieces, of which some are empty. */
static gboolean
send_pieces (const Sending *self, GError **error)
{
  static const gsize sizes[] = { 0, 1, 2, 0, 0, 300, 7 };
  TrioOutputVector vectors[G_N_ELEMENTS (sizes) + 2];
  gsize at = 0;
  guint n;

  for (n = 0; n < G_N_ELEMENTS (sizes); n++)
    {
      gsize part = MIN (sizes[n], self->size - at);

      vectors[n] = (TrioOutputVector) { at > 0 ? self->data + at : self->data, part };
      at += part;
    }
  vectors[n++] = (TrioOutputVector) { at > 0 ? self->data + at : self->data, self->size - at };
  vectors[n++] = (TrioOutputVector) { NULL, 0 };
  return trio_stream_send_all_vectors (self->stream, vectors, n, error);
}

static gboolean
send_part_of_file (const Sending *self, gint64 offset, gint64 size, GError **error)
{
  gint64 expected = size < 0 ? (gint64) self->size - offset : size;
  gint64 sent = -1;

  if (!trio_stream_send_file (self->stream, self->file, offset, size, &sent, error))
    return FALSE;
  if (sent != expected)
    return trio_check_fail (error, "of %" G_GINT64_FORMAT " bytes of a file %" G_GINT64_FORMAT " were said to be sent", expected, sent);
  return TRUE;
}

/* In the calling task. */
static gboolean
sending_do (const Sending *self, GError **error)
{
  return self->way == TRIO_STREAM_CHECK_GATHERS ? send_pieces (self, error) : send_part_of_file (self, 0, -1, error);
}

/* In a task of its own. */
static gboolean
do_sending (gpointer data, GError **error)
{
  Sending *self = data;
  GError *failure = NULL;

  if (!sending_do (self, &failure) && trio_check_is_foreign (failure))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  self->failure = failure;
  self->done = TRUE;
  return TRUE;
}

static void
sending_start (Sending *self, TrioNursery *nursery)
{
  trio_nursery_start_soon_full (nursery, do_sending, self, NULL, "sender");
}

static gboolean
sending_fails (const Sending *self, TrioError code, const char *when, GError **error)
{
  g_autofree char *what = g_strconcat (names[self->way], " ", when, NULL);
  GError *failure = NULL;

  if (!sending_do (self, &failure) && failure == NULL)
    return trio_check_fail (error, "%s failed and set no error", what);
  return trio_check_expect_error (&failure, code, what, error);
}

/* --- bytes --- */

static gboolean
check_bytes_arrive (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error)
{
  static const gsize sizes[] = { 1, 2, 300, 5000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_auto (Sending) sending = { .stream = NULL };
      g_autofree guint8 *received = g_malloc0 (sizes[i]);
      g_autoptr (TrioNursery) nursery = NULL;

      if (!sending_prepare (&sending, check, from, sizes[i], error) || sending.no_disk)
        return sending.no_disk;
      nursery = trio_nursery_open (error);
      sending_start (&sending, nursery);
      if (!trio_check_receive_all (to, received, sizes[i], error) || !trio_check_join (nursery, error))
        return FALSE;
      if (sending.failure != NULL)
        return trio_check_fail (error, "%s, %" G_GSIZE_FORMAT " bytes, failed: %s", names[check->way], sizes[i], sending.failure->message);
      if (memcmp (sending.data, received, sizes[i]) != 0)
        return trio_check_fail (error, "%s, of %" G_GSIZE_FORMAT " bytes some arrived as others", names[check->way], sizes[i]);
    }
  return TRUE;
}

typedef struct
{
  const Sending *sending;
  gint64         offset;
  gint64         size;
} Part;

static gboolean
send_part (gpointer data, GError **error)
{
  const Part *part = data;

  return send_part_of_file (part->sending, part->offset, part->size, error);
}

static gboolean
part_arrives (const Part *part, TrioStream *to, gsize n_expected, GError **error)
{
  g_autofree guint8 *received = g_malloc0 (n_expected);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, send_part, (gpointer) part, NULL, "sender");
  if (!trio_check_receive_all (to, received, n_expected, error) || !trio_check_join (nursery, error))
    return FALSE;
  if (memcmp (received, part->sending->data + part->offset, n_expected) != 0)
    return trio_check_fail (error, "another part of the file arrived than bytes %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, part->offset,
                            part->offset + (gint64) n_expected);
  return TRUE;
}

static gboolean
check_a_part_of_a_file (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error)
{
  g_auto (Sending) sending = { .stream = NULL };
  GError *failure = NULL;

  if (check->way != TRIO_STREAM_CHECK_SENDS_FILES)
    return TRUE;
  if (!sending_prepare (&sending, check, from, 1000, error) || sending.no_disk)
    return sending.no_disk;
  if (!part_arrives (&(Part) { &sending, 100, 500 }, to, 500, error) || !part_arrives (&(Part) { &sending, 900, -1 }, to, 100, error))
    return FALSE;
  if (trio_stream_send_file (from, sending.file, -1, 10, NULL, &failure))
    return trio_check_fail (error, "sending a file from before its beginning must fail with MISUSE, and succeeded");
  return trio_check_expect_error (&failure, TRIO_ERROR_MISUSE, "sending a file from before its beginning", error);
}

/* Statement 17. */
static gboolean
check_nothing_is_a_checkpoint (const TrioStreamCheck *check, TrioStream *from, TrioStream *to G_GNUC_UNUSED, GError **error)
{
  g_auto (Sending) sending = { .stream = NULL };
  TrioTestingMark mark;

  if (!sending_prepare (&sending, check, from, 0, error) || sending.no_disk)
    return sending.no_disk;
  mark = trio_testing_mark ();
  return sending_do (&sending, error) && trio_check_was_checkpoint (&mark, names[check->way], error);
}

/* --- busy --- */

static gboolean
check_second_is_busy (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error)
{
  g_autofree guint8 *data = trio_check_pattern (check->clog_bytes);
  g_autofree guint8 *received = g_malloc (check->clog_bytes);
  g_auto (TrioCheckTask) sender = { .stream = from, .data = data, .size = check->clog_bytes };
  g_auto (Sending) sending = { .stream = NULL };
  g_autoptr (TrioNursery) nursery = NULL;

  if (!sending_prepare (&sending, check, from, 10, error) || sending.no_disk)
    return sending.no_disk;
  nursery = trio_nursery_open (error);
  trio_check_task_start (&sender, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error)
      || !sending_fails (&sending, TRIO_ERROR_BUSY_RESOURCE, "while another task sends", error)
      || !trio_check_receive_all (to, received, check->clog_bytes, error) || !trio_check_join (nursery, error))
    return FALSE;
  if (sender.n < 0)
    return trio_check_fail (error, "the sender that came first was disturbed: %s", sender.failure->message);
  if (memcmp (data, received, check->clog_bytes) != 0)
    return trio_check_fail (error, "what came through the clogged stream is not what was sent");
  return TRUE;
}

/* Not of files: while a piece of one is read for a stream that has no way of its own to send it, nobody is sending. */
static gboolean
check_first_is_not_disturbed (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error)
{
  g_autofree guint8 *received = g_malloc (check->clog_bytes);
  g_auto (Sending) sending = { .stream = NULL };
  g_autoptr (TrioNursery) nursery = NULL;

  if (check->way != TRIO_STREAM_CHECK_GATHERS)
    return TRUE;
  if (!sending_prepare (&sending, check, from, check->clog_bytes, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  sending_start (&sending, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error)
      || !trio_check_send_fails (from, TRIO_ERROR_BUSY_RESOURCE, "sending while another task does", error)
      || !trio_check_receive_all (to, received, check->clog_bytes, error) || !trio_check_join (nursery, error))
    return FALSE;
  if (sending.failure != NULL)
    return trio_check_fail (error, "%s was disturbed: %s", names[check->way], sending.failure->message);
  if (memcmp (sending.data, received, check->clog_bytes) != 0)
    return trio_check_fail (error, "what came through the clogged stream is not what was sent");
  return TRUE;
}

/* --- closed and broken --- */

static gboolean
check_closed (const TrioStreamCheck *check, TrioStream *from, TrioStream *to G_GNUC_UNUSED, GError **error)
{
  g_auto (Sending) sending = { .stream = NULL };

  if (!sending_prepare (&sending, check, from, 10, error) || sending.no_disk)
    return sending.no_disk;
  return trio_check_close (from, error) && sending_fails (&sending, TRIO_ERROR_CLOSED_RESOURCE, "on a closed stream", error)
         && sending_fails (&sending, TRIO_ERROR_CLOSED_RESOURCE, "on a closed stream again", error);
}

static gboolean
close_under_it (const TrioStreamCheck *check, TrioStream *from, TrioStream *closed, TrioError code, const char *when, GError **error)
{
  g_autofree char *what = g_strconcat (names[check->way], " ", when, NULL);
  g_auto (Sending) sending = { .stream = NULL };
  g_autoptr (TrioNursery) nursery = NULL;

  if (!sending_prepare (&sending, check, from, check->clog_bytes, error) || sending.no_disk)
    return sending.no_disk;
  nursery = trio_nursery_open (error);
  sending_start (&sending, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  if (sending.done && sending.failure == NULL)
    return trio_check_fail (error, "%" G_GSIZE_FORMAT " bytes were said to clog the stream, and went out at once", check->clog_bytes);
  if (!trio_check_close (closed, error) || !trio_check_join (nursery, error)
      || !trio_check_expect_error (&sending.failure, code, what, error))
    return FALSE;
  return sending_fails (&sending, code, "afterwards", error);
}

static gboolean
check_closing_wakes (const TrioStreamCheck *check, TrioStream *from, TrioStream *to G_GNUC_UNUSED, GError **error)
{
  return close_under_it (check, from, from, TRIO_ERROR_CLOSED_RESOURCE, "while its stream is closed", error);
}

static gboolean
check_closing_breaks (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error)
{
  return close_under_it (check, from, to, TRIO_ERROR_BROKEN_RESOURCE, "while the peer closes", error);
}

const TrioStreamCheckItem trio_ways_checks[] = {
  { "all ways of sending: bytes arrive, whole and in order", check_bytes_arrive, FALSE },
  { "all ways of sending: a part of a file is that part", check_a_part_of_a_file, FALSE },
  { "all ways of sending: nothing is a checkpoint, too", check_nothing_is_a_checkpoint, FALSE },
  { "all ways of sending: a second sender is busy, and disturbs nobody", check_second_is_busy, TRUE },
  { "all ways of sending: the first sender is not disturbed", check_first_is_not_disturbed, TRUE },
  { "all ways of sending: closed is closed", check_closed, FALSE },
  { "all ways of sending: closing wakes the sender of this side", check_closing_wakes, TRUE },
  { "all ways of sending: closing breaks the other side's send", check_closing_breaks, TRUE },
  { NULL, NULL, FALSE },
};
