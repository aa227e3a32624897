/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The checks on streams: running a suite, and what its checks are made of. See checks.h. */

#include "testing/checks.h"

#include <trio/cancel-scope.h>
#include <trio/checkpoint.h>
#include <trio/lowlevel/task.h>
#include <trio/testing/checkpoints.h>

/* --- suites --- */

static gboolean
run_one (const TrioStreamCheck *check, const TrioStreamCheckItem *item, GError **error)
{
  g_autoptr (TrioStream) first = NULL;
  g_autoptr (TrioStream) second = NULL;

  if (!check->make (check->data, &first, &second, error))
    return FALSE;
  return item->func (check, check->backwards ? second : first, check->backwards ? first : second, error);
}

gboolean
trio_stream_checks_run (const TrioStreamCheck *check, const TrioStreamCheckItem *items, GError **error)
{
  for (const TrioStreamCheckItem *item = items; item->name != NULL; item++)
    {
      GError *failure = NULL;

      if ((item->clogs && check->clog_bytes == 0) || run_one (check, item, &failure))
        continue;
      if (g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_FAILED))
        g_prefix_error (&failure, "%s%s: ", item->name, check->backwards ? " (from the second stream to the first)" : "");
      g_propagate_error (error, failure);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_one_way (const TrioStreamCheck *check, GError **error)
{
  TrioStreamCheck in_a_way = *check;

  if (!trio_stream_checks_run (check, trio_one_way_checks, error))
    return FALSE;
  for (in_a_way.way = 0; in_a_way.way < TRIO_STREAM_CHECK_N_WAYS; in_a_way.way++)
    if (!trio_stream_checks_run (&in_a_way, trio_ways_checks, error))
      return FALSE;
  return TRUE;
}

gboolean
trio_check_one_way_stream (TrioStreamPairMaker make, gpointer data, gsize clog_bytes, GError **error)
{
  const TrioStreamCheck check = { make, data, clog_bytes, FALSE, 0 };

  return check_one_way (&check, error);
}

gboolean
trio_check_two_way_stream (TrioStreamPairMaker make, gpointer data, gsize clog_bytes, GError **error)
{
  const TrioStreamCheck there = { make, data, clog_bytes, FALSE, 0 };
  const TrioStreamCheck back = { make, data, clog_bytes, TRUE, 0 };

  return check_one_way (&there, error) && check_one_way (&back, error)
         && trio_stream_checks_run (&there, trio_two_way_checks, error) && trio_stream_checks_run (&back, trio_two_way_checks, error);
}

gboolean
trio_check_half_closeable_stream (TrioStreamPairMaker make, gpointer data, gsize clog_bytes, GError **error)
{
  const TrioStreamCheck there = { make, data, clog_bytes, FALSE, 0 };
  const TrioStreamCheck back = { make, data, clog_bytes, TRUE, 0 };

  return trio_check_two_way_stream (make, data, clog_bytes, error) && trio_stream_checks_run (&there, trio_half_close_checks, error)
         && trio_stream_checks_run (&back, trio_half_close_checks, error);
}

/* --- findings --- */

gboolean
trio_check_fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (TRIO_ERROR, TRIO_ERROR_FAILED, format, args));
  va_end (args);
  return FALSE;
}

gboolean
trio_check_is_foreign (const GError *failure)
{
  return trio_error_contains (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED)
         || trio_error_contains (failure, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

static const char *
name_of (TrioError code)
{
  switch (code)
    {
    case TRIO_ERROR_BUSY_RESOURCE:
      return "BUSY_RESOURCE";
    case TRIO_ERROR_CLOSED_RESOURCE:
      return "CLOSED_RESOURCE";
    case TRIO_ERROR_BROKEN_RESOURCE:
      return "BROKEN_RESOURCE";
    case TRIO_ERROR_MISUSE:
      return "MISUSE";
    case TRIO_ERROR_CANCELLED:
      return "CANCELLED";
    default:
      return "another error";
    }
}

gboolean
trio_check_expect_error (GError **actual, TrioError code, const char *what, GError **error)
{
  g_autoptr (GError) failure = g_steal_pointer (actual);

  if (g_error_matches (failure, TRIO_ERROR, (int) code))
    return TRUE;
  if (failure == NULL)
    return trio_check_fail (error, "%s must fail with %s, and succeeded", what, name_of (code));
  if (!trio_check_is_foreign (failure))
    return trio_check_fail (error, "%s must fail with %s, and failed with %s %d: %s", what, name_of (code),
                            g_quark_to_string (failure->domain), failure->code, failure->message);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
trio_check_was_checkpoint (const TrioTestingMark *mark, const char *what, GError **error)
{
  gboolean could_be_cancelled;
  gboolean let_others_run;

  trio_testing_look_since (mark, &could_be_cancelled, &let_others_run);
  if (could_be_cancelled && let_others_run)
    return TRUE;
  return trio_check_fail (error, "%s succeeded and was no checkpoint: a cancellation could%s have reached the task, and others could%s have "
                          "run", what, could_be_cancelled ? "" : " not", let_others_run ? "" : " not");
}

/* An unexpected error of the stream is a finding. */
static gboolean
find_failure (GError *failure, const char *what, GError **error)
{
  if (failure == NULL)
    return trio_check_fail (error, "%s failed and set no error", what);
  if (failure->domain == TRIO_ERROR && !trio_check_is_foreign (failure) && failure->code != TRIO_ERROR_FAILED)
    {
      trio_check_fail (error, "%s failed with %s: %s", what, name_of (failure->code), failure->message);
      g_error_free (failure);
      return FALSE;
    }
  g_propagate_error (error, failure);
  return FALSE;
}

/* --- the operations --- */

gssize
trio_check_receive (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  TrioTestingMark mark = trio_testing_mark ();
  GError *failure = NULL;
  gssize n = trio_stream_receive_some (stream, buffer, size, &failure);

  if (n < 0)
    find_failure (failure, "receiving", error);
  else if ((gsize) n > size)
    trio_check_fail (error, "receiving at most %" G_GSIZE_FORMAT " bytes gave %" G_GSSIZE_FORMAT, size, n);
  else if (trio_check_was_checkpoint (&mark, "receiving", error))
    return n;
  return -1;
}

gboolean
trio_check_send (TrioStream *stream, gconstpointer data, gsize size, GError **error)
{
  TrioTestingMark mark = trio_testing_mark ();
  GError *failure = NULL;

  if (!trio_stream_send_all (stream, data, size, &failure))
    return find_failure (failure, "sending", error);
  return trio_check_was_checkpoint (&mark, size == 0 ? "sending nothing" : "sending", error);
}

gboolean
trio_check_send_eof (TrioStream *stream, GError **error)
{
  TrioTestingMark mark = trio_testing_mark ();
  GError *failure = NULL;

  if (!trio_stream_send_eof (stream, &failure))
    return find_failure (failure, "sending the end", error);
  return trio_check_was_checkpoint (&mark, "sending the end", error);
}

gboolean
trio_check_close (TrioStream *stream, GError **error)
{
  TrioTestingMark mark = trio_testing_mark ();
  GError *failure = NULL;

  if (!trio_stream_close (stream, &failure))
    return find_failure (failure, "closing", error);
  return trio_check_was_checkpoint (&mark, "closing", error);
}

gboolean
trio_check_receive_all (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  guint8 *bytes = buffer;

  while (size > 0)
    {
      gssize n = trio_check_receive (stream, bytes, size, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        return trio_check_fail (error, "the stream ended %" G_GSIZE_FORMAT " bytes too early", size);
      bytes += n;
      size -= (gsize) n;
    }
  return TRUE;
}

gboolean
trio_check_expect_end (TrioStream *stream, GError **error)
{
  for (guint i = 0; i < 3; i++)
    {
      guint8 byte;
      gssize n = trio_check_receive (stream, &byte, 1, error);

      if (n < 0)
        return FALSE;
      if (n > 0)
        return trio_check_fail (error, "a byte came where the end of the stream should be told for the %s time",
                                i == 0 ? "first" : i == 1 ? "second" : "third");
    }
  return TRUE;
}

gboolean
trio_check_receive_fails (TrioStream *stream, TrioError code, const char *what, GError **error)
{
  GError *failure = NULL;
  guint8 byte;

  if (trio_stream_receive_some (stream, &byte, 1, &failure) < 0 && failure == NULL)
    return trio_check_fail (error, "%s failed and set no error", what);
  return trio_check_expect_error (&failure, code, what, error);
}

gboolean
trio_check_send_fails (TrioStream *stream, TrioError code, const char *what, GError **error)
{
  GError *failure = NULL;

  if (!trio_stream_send_all (stream, "x", 1, &failure) && failure == NULL)
    return trio_check_fail (error, "%s failed and set no error", what);
  return trio_check_expect_error (&failure, code, what, error);
}

/* --- in a task of its own --- */

static gboolean
do_task (gpointer data, GError **error)
{
  TrioCheckTask *self = data;
  GError *failure = NULL;

  if (self->data == NULL)
    self->n = trio_stream_receive_some (self->stream, self->received, MIN (self->size, sizeof self->received), &failure);
  else
    self->n = trio_stream_send_all (self->stream, self->data, self->size, &failure) ? (gssize) self->size : -1;
  self->done = TRUE;
  if (failure == NULL || !trio_check_is_foreign (failure))
    {
      self->failure = failure;
      return TRUE;
    }
  g_propagate_error (error, failure);
  return FALSE;
}

void
trio_check_task_start (TrioCheckTask *task, TrioNursery *nursery)
{
  trio_nursery_start_soon_full (nursery, do_task, task, NULL, task->data == NULL ? "receiver" : "sender");
}

void
trio_check_task_clear (TrioCheckTask *task)
{
  g_clear_error (&task->failure);
}

gboolean
trio_check_join (TrioNursery *nursery, GError **error)
{
  TrioCancelScope *scope = trio_nursery_get_cancel_scope (nursery);

  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  if (!trio_cancel_scope_cancelled_caught (scope))
    return TRUE;
  return trio_check_fail (error, "a part of the check was cancelled: %s", trio_cancel_scope_get_reason (scope));
}

guint8 *
trio_check_pattern (gsize size)
{
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (i * 7 + i / 251);
  return bytes;
}
