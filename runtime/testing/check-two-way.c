/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a stream promises about its two directions together; see check-one-way.c for each of them. */

#include <string.h>
#include <trio/checkpoint.h>
#include <trio/testing/checkpoints.h>

#include "testing/checks.h"

/* --- both at once --- */

#define MUCH ((gsize) 30000)

typedef struct
{
  TrioStream   *stream;
  const guint8 *data;
} Flood;

/* Pieces of many sizes, from one byte to a few thousand. */
static gsize
piece (gsize done)
{
  return MIN (MUCH - done, 1 + (done * 2654435761u >> 7) % 5000);
}

static gboolean
send_much (gpointer data, GError **error)
{
  const Flood *flood = data;
  gsize n;

  for (gsize done = 0; done < MUCH; done += n)
    {
      n = piece (done);
      if (!trio_check_send (flood->stream, flood->data + done, n, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
receive_much (gpointer data, GError **error)
{
  const Flood *flood = data;
  guint8 buffer[5000];
  gssize n;

  for (gsize done = 0; done < MUCH; done += (gsize) n)
    {
      n = trio_check_receive (flood->stream, buffer, piece (done), error);
      if (n < 0)
        return FALSE;
      if (n == 0)
        return trio_check_fail (error, "the stream ended %" G_GSIZE_FORMAT " bytes too early", MUCH - done);
      if (memcmp (buffer, flood->data + done, (gsize) n) != 0)
        return trio_check_fail (error, "some bytes behind the first %" G_GSIZE_FORMAT " arrived as others", done);
    }
  return TRUE;
}

static gboolean
check_much_goes_both_ways (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  g_autofree guint8 *data = trio_check_pattern (MUCH);
  Flood here = { from, data };
  Flood there = { to, data };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, send_much, &here);
  trio_nursery_start_soon (nursery, receive_much, &here);
  trio_nursery_start_soon (nursery, send_much, &there);
  trio_nursery_start_soon (nursery, receive_much, &there);
  return trio_check_join (nursery, error);
}

/* A receiver that waits does not keep anybody from sending on the same stream. */
static gboolean
check_one_waits_while_another_sends (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  g_auto (TrioCheckTask) waiting = { .stream = from, .size = 1 };
  g_auto (TrioCheckTask) receiver = { .stream = to, .size = 1 };
  g_auto (TrioCheckTask) answer = { .stream = to, .data = "b", .size = 1 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_check_task_start (&waiting, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  trio_check_task_start (&receiver, nursery);
  if (!trio_check_send (from, "a", 1, error))
    return FALSE;
  trio_check_task_start (&answer, nursery);
  if (!trio_check_join (nursery, error))
    return FALSE;
  if (receiver.n != 1 || receiver.received[0] != 'a' || waiting.n != 1 || waiting.received[0] != 'b' || answer.n != 1)
    return trio_check_fail (error, "a byte there and a byte back did not arrive, while both sides waited");
  return TRUE;
}

/* Closing is for both directions. */
static gboolean
check_closing_ends_both_ways (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  if (!trio_check_close (from, error)
      || !trio_check_receive_fails (from, TRIO_ERROR_CLOSED_RESOURCE, "receiving on a closed stream", error)
      || !trio_check_send_fails (from, TRIO_ERROR_CLOSED_RESOURCE, "sending on a closed stream", error))
    return FALSE;
  return trio_check_expect_end (to, error);
}

const TrioStreamCheckItem trio_two_way_checks[] = {
  { "much goes both ways at once", check_much_goes_both_ways, FALSE },
  { "one task waits while another sends", check_one_waits_while_another_sends, FALSE },
  { "closing ends both directions", check_closing_ends_both_ways, FALSE },
  { NULL, NULL, FALSE },
};

/* --- ending one --- */

static gboolean
check_the_end_of_one_direction (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  g_auto (TrioCheckTask) first = { .stream = from, .data = "then", .size = 4 };
  g_auto (TrioCheckTask) answer = { .stream = to, .data = "still", .size = 5 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint8 received[5];

  trio_check_task_start (&first, nursery);
  if (!trio_check_receive_all (to, received, 4, error) || !trio_check_join (nursery, error) || !trio_check_send_eof (from, error)
      || !trio_check_expect_end (to, error))
    return FALSE;

  trio_nursery_free (g_steal_pointer (&nursery));
  nursery = trio_nursery_open (error);
  trio_check_task_start (&answer, nursery);
  if (!trio_check_receive_all (from, received, 5, error) || !trio_check_join (nursery, error))
    return FALSE;
  if (answer.n < 0 || memcmp (received, "still", 5) != 0)
    return trio_check_fail (error, "after the end of one direction the other did not work: %s",
                            answer.failure != NULL ? answer.failure->message : "other bytes came");
  return TRUE;
}

static gboolean
check_nothing_after_the_end (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  return trio_check_send_eof (from, error)
         && trio_check_send_fails (from, TRIO_ERROR_CLOSED_RESOURCE, "sending after the end was sent", error)
         && trio_check_send_eof (from, error)
         && trio_check_expect_end (to, error)
         && trio_check_close (from, error) && trio_check_close (to, error);
}

static gboolean
check_both_ends_of_both_directions (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  return trio_check_send_eof (from, error) && trio_check_send_eof (to, error)
         && trio_check_expect_end (to, error) && trio_check_expect_end (from, error)
         && trio_check_close (from, error) && trio_check_close (to, error);
}

static gboolean
end_fails (TrioStream *stream, TrioError code, const char *what, GError **error)
{
  GError *failure = NULL;

  if (!trio_stream_send_eof (stream, &failure) && failure == NULL)
    return trio_check_fail (error, "%s failed and set no error", what);
  return trio_check_expect_error (&failure, code, what, error);
}

static gboolean
check_closed_cannot_end (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to G_GNUC_UNUSED, GError **error)
{
  return trio_check_close (from, error) && end_fails (from, TRIO_ERROR_CLOSED_RESOURCE, "sending the end on a closed stream", error);
}

static gboolean
check_the_end_does_not_overtake (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error)
{
  g_autofree guint8 *data = trio_check_pattern (check->clog_bytes);
  g_autofree guint8 *received = g_malloc (check->clog_bytes);
  g_auto (TrioCheckTask) sender = { .stream = from, .data = data, .size = check->clog_bytes };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_check_task_start (&sender, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error)
      || !end_fails (from, TRIO_ERROR_BUSY_RESOURCE, "sending the end while another task sends", error)
      || !trio_check_receive_all (to, received, check->clog_bytes, error) || !trio_check_join (nursery, error))
    return FALSE;
  if (sender.n < 0)
    return trio_check_fail (error, "the sender was disturbed: %s", sender.failure->message);
  return trio_check_send_eof (from, error) && trio_check_expect_end (to, error);
}

const TrioStreamCheckItem trio_half_close_checks[] = {
  { "the end of one direction is not that of the other", check_the_end_of_one_direction, FALSE },
  { "nothing is sent after the end", check_nothing_after_the_end, FALSE },
  { "both directions may end", check_both_ends_of_both_directions, FALSE },
  { "a closed stream cannot send an end", check_closed_cannot_end, FALSE },
  { "the end does not overtake what is being sent", check_the_end_does_not_overtake, TRUE },
  { NULL, NULL, FALSE },
};
