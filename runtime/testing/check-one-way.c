/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a stream promises in one direction. Each function is one promise; its name in the table at the end is what a failure begins with.
 *
 * Where something must be the case "while a task waits", that task is started, and then the check waits until all tasks are blocked. */

#include "testing/checks.h"

#include <string.h>
#include <trio/cancel-scope.h>
#include <trio/checkpoint.h>
#include <trio/testing/checkpoints.h>

/* A close can take its time to reach the other side; so many sends of a byte, 1 ms apart, until it is noticed. */
#define SENDS_UNTIL_BROKEN 5000

static gboolean
check_bytes_arrive (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  static const gsize sizes[] = { 1, 2, 7, 1000, 65537 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree guint8 *data = trio_check_pattern (sizes[i]);
      g_autofree guint8 *received = g_malloc0 (sizes[i]);
      g_auto (TrioCheckTask) sender = { .stream = from, .data = data, .size = sizes[i] };
      g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

      trio_check_task_start (&sender, nursery);
      if (!trio_check_receive_all (to, received, sizes[i], error) || !trio_check_join (nursery, error))
        return FALSE;
      if (sender.n < 0)
        return trio_check_fail (error, "sending %" G_GSIZE_FORMAT " bytes failed: %s", sizes[i], sender.failure->message);
      if (memcmp (data, received, sizes[i]) != 0)
        return trio_check_fail (error, "of %" G_GSIZE_FORMAT " bytes some arrived as others", sizes[i]);
    }
  return TRUE;
}

typedef struct
{
  TrioStream *stream;
  guint       n;
} Stepwise;

static gboolean
send_one_by_one (gpointer data, GError **error)
{
  const Stepwise *steps = data;

  for (guint i = 0; i < steps->n; i++)
    {
      guint8 byte = (guint8) i;

      if (!trio_check_send (steps->stream, &byte, 1, error))
        return FALSE;
    }
  return TRUE;
}

/* Statement 17: success is always a checkpoint, on both sides. */
static gboolean
check_successes_are_checkpoints (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  Stepwise steps = { from, 8 };
  guint8 received[8];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  if (!trio_check_send (from, "", 0, error))
    return FALSE;
  trio_nursery_start_soon (nursery, send_one_by_one, &steps);
  if (!trio_check_receive_all (to, received, sizeof received, error))
    return FALSE;
  return trio_check_join (nursery, error);
}

static gboolean
check_there_must_be_room (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from G_GNUC_UNUSED, TrioStream *to, GError **error)
{
  GError *failure = NULL;
  guint8 byte;

  if (trio_stream_receive_some (to, &byte, 0, &failure) >= 0)
    return trio_check_fail (error, "receiving at most 0 bytes must fail with MISUSE, and succeeded");
  return trio_check_expect_error (&failure, TRIO_ERROR_MISUSE, "receiving at most 0 bytes", error);
}

static gboolean
send_and_join (TrioStream *from, TrioNursery *nursery, GError **error)
{
  return trio_check_send (from, "s", 1, error) && trio_check_join (nursery, error);
}

static gboolean
check_second_receiver_is_busy (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  g_auto (TrioCheckTask) receiver = { .stream = to, .size = 1 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_check_task_start (&receiver, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error)
      || !trio_check_receive_fails (to, TRIO_ERROR_BUSY_RESOURCE, "receiving while another task does", error)
      || !send_and_join (from, nursery, error))
    return FALSE;
  if (receiver.n != 1)
    return trio_check_fail (error, "the receiver that came first was disturbed: %s",
                            receiver.failure != NULL ? receiver.failure->message : "it met the end");
  return TRUE;
}

static gboolean
check_second_sender_is_busy (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error)
{
  g_autofree guint8 *data = trio_check_pattern (check->clog_bytes);
  g_autofree guint8 *received = g_malloc (check->clog_bytes);
  g_auto (TrioCheckTask) sender = { .stream = from, .data = data, .size = check->clog_bytes };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_check_task_start (&sender, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  if (sender.done)
    return trio_check_fail (error, "%" G_GSIZE_FORMAT " bytes were said to clog the stream, and went out at once", check->clog_bytes);
  if (!trio_check_send_fails (from, TRIO_ERROR_BUSY_RESOURCE, "sending while another task does", error)
      || !trio_check_receive_all (to, received, check->clog_bytes, error) || !trio_check_join (nursery, error))
    return FALSE;
  if (sender.n < 0)
    return trio_check_fail (error, "the sender that came first was disturbed: %s", sender.failure->message);
  if (memcmp (data, received, check->clog_bytes) != 0)
    return trio_check_fail (error, "what came through the clogged stream is not what was sent");
  return TRUE;
}

static gboolean
close_task (gpointer data, GError **error)
{
  return trio_check_close (data, error);
}

/* What was sent before arrives; then the end, again and again. */
static gboolean
check_close_is_the_end (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  g_auto (TrioCheckTask) sender = { .stream = from, .data = "last words", .size = 10 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint8 received[10];

  trio_check_task_start (&sender, nursery);
  if (!trio_check_receive_all (to, received, sizeof received, error) || !trio_check_join (nursery, error)
      || !trio_check_close (from, error))
    return FALSE;
  return trio_check_expect_end (to, error);
}

static gboolean
check_waiting_receiver_meets_the_end (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  g_auto (TrioCheckTask) receiver = { .stream = to, .size = 1 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_check_task_start (&receiver, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error) || !trio_check_close (from, error) || !trio_check_join (nursery, error))
    return FALSE;
  if (receiver.n != 0)
    return trio_check_fail (error, "the sender closed while the receiver waited: that is the end of the stream, but it %s",
                            receiver.failure != NULL ? receiver.failure->message : "received a byte");
  return trio_check_expect_end (to, error);
}

static gboolean
check_closed_stays_closed (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  if (!trio_check_close (from, error) || !trio_check_close (from, error)
      || !trio_check_send_fails (from, TRIO_ERROR_CLOSED_RESOURCE, "sending on a closed stream", error)
      || !trio_check_send_fails (from, TRIO_ERROR_CLOSED_RESOURCE, "sending on a closed stream again", error)
      || !trio_check_close (from, error))
    return FALSE;
  return trio_check_close (to, error) && trio_check_close (to, error)
         && trio_check_receive_fails (to, TRIO_ERROR_CLOSED_RESOURCE, "receiving on a closed stream", error)
         && trio_check_receive_fails (to, TRIO_ERROR_CLOSED_RESOURCE, "receiving on a closed stream again", error)
         && trio_check_close (to, error);
}

/* In a cancelled scope. */
static gboolean
close_cancelled (TrioStream *stream, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_cancel (scope);
  ok = trio_stream_close (stream, error);
  return trio_cancel_scope_close (scope, ok);
}

/* Statement 165. */
static gboolean
check_cancelled_task_closes (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  return close_cancelled (from, error)
         && trio_check_send_fails (from, TRIO_ERROR_CLOSED_RESOURCE, "sending after a close that was cancelled", error)
         && trio_check_expect_end (to, error)
         && close_cancelled (to, error)
         && trio_check_receive_fails (to, TRIO_ERROR_CLOSED_RESOURCE, "receiving after a close that was cancelled", error);
}

/* Sends until that breaks. */
static gboolean
send_until_broken (TrioStream *from, GError **error)
{
  for (guint i = 0; i < SENDS_UNTIL_BROKEN; i++)
    {
      GError *failure = NULL;

      if (!trio_stream_send_all (from, "x", 1, &failure))
        return trio_check_expect_error (&failure, TRIO_ERROR_BROKEN_RESOURCE, "sending to a closed peer", error);
      if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error))
        return FALSE;
    }
  return trio_check_fail (error, "sending to a peer that has closed succeeded for %d ms", SENDS_UNTIL_BROKEN);
}

static gboolean
check_sending_to_a_closed_peer_breaks (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  return trio_check_close (to, error) && send_until_broken (from, error)
         && trio_check_send_fails (from, TRIO_ERROR_BROKEN_RESOURCE, "sending on a broken stream again", error)
         && trio_check_close (from, error)
         && trio_check_send_fails (from, TRIO_ERROR_CLOSED_RESOURCE, "sending on a broken and closed stream", error);
}

/* --- cancelled receivers --- */

static gboolean
check_cancelled_scope_is_noticed (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_auto (TrioCheckTask) sender = { .stream = from, .data = "r", .size = 1 };
  g_autoptr (TrioNursery) nursery = NULL;
  gboolean ok;
  guint8 byte;

  trio_cancel_scope_cancel (scope);
  if (!trio_check_receive_fails (to, TRIO_ERROR_CANCELLED, "receiving in a cancelled scope", error))
    return FALSE;
  ok = trio_stream_receive_some (to, &byte, 1, error) >= 0;
  if (!trio_cancel_scope_close (scope, ok))
    return FALSE;
  if (!trio_cancel_scope_cancelled_caught (scope))
    return trio_check_fail (error, "receiving in a cancelled scope succeeded");

  nursery = trio_nursery_open (error);
  trio_check_task_start (&sender, nursery);
  return trio_check_receive_all (to, &byte, 1, error) && trio_check_join (nursery, error);
}

typedef struct
{
  TrioCancelScope *scope;
  guint            patience;       /* checkpoints */
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

static gboolean
send_one_by_one_and_close (gpointer data, GError **error)
{
  const Stepwise *steps = data;

  return send_one_by_one (data, error) && trio_check_close (steps->stream, error);
}

/* One attempt, which is cancelled after some checkpoints. *n is -1 if it was. */
static gboolean
receive_impatiently (TrioStream *to, guint patience, guint8 *buffer, gsize size, gssize *n, GError **error)
{
  Canceller canceller = { NULL, patience };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  canceller.scope = scope;
  trio_nursery_start_soon (nursery, cancel_soon, &canceller);
  *n = trio_stream_receive_some (to, buffer, size, error);
  return trio_cancel_scope_close (scope, trio_nursery_close (nursery, *n >= 0));
}

/* Statement 163. */
static gboolean
check_cancelled_receive_loses_nothing (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from, TrioStream *to, GError **error)
{
  Stepwise steps = { from, 40 };
  guint8 received[40 + 3];
  guint n_received = 0;
  gssize n = -1;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, send_one_by_one_and_close, &steps);
  for (guint patience = 0; n != 0; patience++)
    {
      if (!receive_impatiently (to, patience % 5, received + n_received, 3, &n, error))
        return FALSE;
      n_received += (guint) MAX (n, 0);
      if (n_received > steps.n)
        return trio_check_fail (error, "%u bytes were sent, and more came", steps.n);
      /* Time must go by for what is on its way. */
      if (n < 0 && patience % 5 == 4 && !trio_sleep (100, error))
        return FALSE;
    }
  if (n_received < steps.n)
    return trio_check_fail (error, "of %u bytes only %u came, and then the end: cancelled receives took the others", steps.n, n_received);
  if (!trio_check_join (nursery, error))
    return FALSE;
  for (guint i = 0; i < steps.n; i++)
    if (received[i] != i)
      return trio_check_fail (error, "where byte %u should be another one came", i);
  return TRUE;
}

/* --- closing under those who wait --- */

static gboolean
check_closing_wakes_own_receiver (const TrioStreamCheck *check G_GNUC_UNUSED, TrioStream *from G_GNUC_UNUSED, TrioStream *to, GError **error)
{
  g_auto (TrioCheckTask) receiver = { .stream = to, .size = 1 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_check_task_start (&receiver, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error) || !trio_check_close (to, error) || !trio_check_join (nursery, error))
    return FALSE;
  return trio_check_expect_error (&receiver.failure, TRIO_ERROR_CLOSED_RESOURCE, "a receive during which its stream is closed", error);
}

/* Starts a sender that has to wait, closes `closed`, and expects what the sender gets. */
static gboolean
close_under_a_sender (const TrioStreamCheck *check, TrioStream *from, TrioStream *closed, TrioError code, const char *what, GError **error)
{
  g_autofree guint8 *data = trio_check_pattern (check->clog_bytes);
  g_auto (TrioCheckTask) sender = { .stream = from, .data = data, .size = check->clog_bytes };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_check_task_start (&sender, nursery);
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  if (sender.done)
    return trio_check_fail (error, "%" G_GSIZE_FORMAT " bytes were said to clog the stream, and went out at once", check->clog_bytes);
  if (!trio_check_close (closed, error) || !trio_check_join (nursery, error))
    return FALSE;
  return trio_check_expect_error (&sender.failure, code, what, error);
}

static gboolean
check_closing_wakes_own_sender (const TrioStreamCheck *check, TrioStream *from, TrioStream *to G_GNUC_UNUSED, GError **error)
{
  return close_under_a_sender (check, from, from, TRIO_ERROR_CLOSED_RESOURCE, "a send during which its stream is closed", error);
}

static gboolean
check_closing_breaks_the_peers_sender (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error)
{
  return close_under_a_sender (check, from, to, TRIO_ERROR_BROKEN_RESOURCE, "a send during which the peer closes", error)
         && trio_check_send_fails (from, TRIO_ERROR_BROKEN_RESOURCE, "sending after the peer has closed", error);
}

/* *sent: it was not cancelled. */
static gboolean
send_impatiently (TrioStream *from, guint patience, const guint8 *data, gsize size, gboolean *sent, GError **error)
{
  Canceller canceller = { NULL, patience };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  canceller.scope = scope;
  trio_nursery_start_soon (nursery, cancel_soon, &canceller);
  *sent = trio_stream_send_all (from, data, size, error);
  return trio_cancel_scope_close (scope, trio_nursery_close (nursery, *sent));
}

static gboolean
check_cancelled_sender_can_close (const TrioStreamCheck *check, TrioStream *from, TrioStream *to, GError **error)
{
  g_autofree guint8 *data = trio_check_pattern (check->clog_bytes);
  g_autoptr (TrioNursery) nursery = NULL;
  gboolean sent;

  if (!send_impatiently (from, 50, data, check->clog_bytes, &sent, error))
    return FALSE;
  if (sent)
    return trio_check_fail (error, "%" G_GSIZE_FORMAT " bytes were said to clog the stream, and went out at once", check->clog_bytes);

  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, close_task, to);
  return trio_check_close (from, error) && trio_check_join (nursery, error)
         && trio_check_send_fails (from, TRIO_ERROR_CLOSED_RESOURCE, "sending on a closed stream", error);
}

const TrioStreamCheckItem trio_one_way_checks[] = {
  { "bytes arrive, whole and in order", check_bytes_arrive, FALSE },
  { "a success is a checkpoint", check_successes_are_checkpoints, FALSE },
  { "receiving needs room for a byte", check_there_must_be_room, FALSE },
  { "a second receiver is busy, and disturbs nobody", check_second_receiver_is_busy, FALSE },
  { "a second sender is busy, and disturbs nobody", check_second_sender_is_busy, TRUE },
  { "closing is the end for the receiver", check_close_is_the_end, FALSE },
  { "a receiver that waits meets the end", check_waiting_receiver_meets_the_end, FALSE },
  { "closed is closed", check_closed_stays_closed, FALSE },
  { "a cancelled task closes, too", check_cancelled_task_closes, FALSE },
  { "sending to a closed peer is broken", check_sending_to_a_closed_peer_breaks, FALSE },
  { "a cancelled receive takes nothing", check_cancelled_scope_is_noticed, FALSE },
  { "a cancelled receive loses nothing", check_cancelled_receive_loses_nothing, FALSE },
  { "closing wakes the receiver of this side", check_closing_wakes_own_receiver, FALSE },
  { "closing wakes the sender of this side", check_closing_wakes_own_sender, TRUE },
  { "closing breaks the other side's send", check_closing_breaks_the_peers_sender, TRUE },
  { "a cancelled sender can close", check_cancelled_sender_can_close, TRUE },
  { NULL, NULL, FALSE },
};
