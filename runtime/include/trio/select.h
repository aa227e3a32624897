/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Waiting for the first of several things, and doing that one: receive from this channel, or send to that one, or this event, or
 * that time, or the next connection.
 *
 *   gpointer job;
 *   gsize chosen;
 *   const TrioSelectCase cases[] = {
 *     trio_case_receive (jobs, &job),
 *     trio_case_event (stop),
 *     trio_case_after (G_TIME_SPAN_MINUTE),
 *   };
 *
 *   if (!trio_select (cases, G_N_ELEMENTS (cases), &chosen, error))
 *     return FALSE;
 *   if (chosen == 0)
 *     …job is ours, and nothing happened to the others…
 *
 * One case is chosen and takes effect; the others leave no trace, as if they had never been asked for. A select that reports a
 * cancellation has chosen none: nothing was sent, nothing was received.
 *
 * Which one, if several are ready at once: the one that was chosen the longest ago (or never), and of those the first in the array.
 * So one that is always ready is chosen at the latest after each of the others was chosen once, and none starves. A time that has
 * passed goes before everything else. In the simulator the order is the tape's to change: a choice "select", whose 0 is that order.
 *
 * Sources: Go's select statement; Reppy's Concurrent ML, for the idea that those who lose must not notice. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/* What a case waits for. */
typedef enum
{
  TRIO_SELECT_TIME,
  TRIO_SELECT_EVENT,
  TRIO_SELECT_FUTURE,
  TRIO_SELECT_SEND,
  TRIO_SELECT_RECEIVE,
  TRIO_SELECT_BROADCAST,
  TRIO_SELECT_OTHER,          /* what <trio/lowlevel/select.h> says how to make */
} TrioSelectKind;

/**
 * TrioSelectCase:
 *
 * One of the things a select waits for. Make it with a trio_case_ function: those below, trio_case_signal() of <trio/signal.h>,
 * trio_case_accept() of <trio/tcp.h>, and trio_case_readable() of <trio/lowlevel/socket.h>.
 * One with %NULL for its object is never ready: a way to leave a case out without renumbering the others.
 */
typedef struct
{
  /*< private >*/
  TrioSelectKind  kind;
  gpointer        object;
  gpointer        value;
  gpointer       *result;
  guint64        *missed;
  gint64          due;
  const struct _TrioSelectable *selectable;      /* of TRIO_SELECT_OTHER */
} TrioSelectCase;

/**
 * trio_case_receive:
 * @receive: (nullable): a receiving end; it must not be freed before the select returns
 * @value: (out) (transfer full): where the value goes, if the case is chosen
 *
 * A case that receives from a channel.
 *
 * Returns: the case
 */
TRIO_API TrioSelectCase trio_case_receive   (TrioReceiveChannel *receive, gpointer *value) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_case_send:
 * @send: (nullable): a sending end
 * @value: (transfer full): the value; it goes over to the channel if the case is chosen, and stays the caller's otherwise
 *
 * A case that sends into a channel.
 *
 * Returns: the case
 */
TRIO_API TrioSelectCase trio_case_send      (TrioSendChannel *send, gpointer value) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_case_event:
 * @event: (nullable): an event
 *
 * A case that waits for an event; a set one is ready for ever.
 *
 * Returns: the case
 */
TRIO_API TrioSelectCase trio_case_event     (TrioEvent *event) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_case_future:
 * @future: (nullable): a future, which the caller holds a reference to
 * @value: (out) (optional) (transfer none): the value, as for trio_future_wait()
 *
 * A case that waits for a future.
 *
 * Returns: the case
 */
TRIO_API TrioSelectCase trio_case_future    (TrioFuture *future, gpointer *value) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_case_broadcast:
 * @receiver: (nullable): a receiver
 * @value: (out) (transfer full): where the value goes, if the case is chosen
 * @missed: (out) (optional): as for trio_broadcast_receiver_receive()
 *
 * A case that receives from a broadcast.
 *
 * Returns: the case
 */
TRIO_API TrioSelectCase trio_case_broadcast (TrioBroadcastReceiver *receiver, gpointer *value, guint64 *missed)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_case_at:
 * @due: when, on the clock of trio_current_time(); %G_MAXINT64 is never
 *
 * A case that waits for a time.
 *
 * Returns: the case
 */
TRIO_API TrioSelectCase trio_case_at        (gint64 due) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_case_after:
 * @span: microseconds from now; 0 or less is ready at once, %G_MAXINT64 is never
 *
 * A case that waits for a time to pass. Inside a run.
 *
 * Returns: the case
 */
TRIO_API TrioSelectCase trio_case_after     (GTimeSpan span) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_select:
 * @cases: (array length=n_cases): what to wait for
 * @n_cases: how many
 * @chosen: (out): which one it was. Written also when the case that was chosen failed; %G_MAXSIZE if the select failed without
 *   choosing
 * @error: where it says why not
 *
 * Waits until one of @cases is ready, and does it. Checkpoint.
 *
 * Errors: cancellation (nothing was chosen, nothing has happened); what the chosen case fails with, such as
 * %TRIO_ERROR_END_OF_CHANNEL of a channel that has ended: a case that can only fail is ready.
 *
 * Returns: %TRUE if a case was chosen and did its work
 */
TRIO_API gboolean trio_select        (const TrioSelectCase *cases, gsize n_cases, gsize *chosen, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_select_nowait:
 * @cases: (array length=n_cases): what might be ready
 * @n_cases: how many
 * @chosen: (out): as for trio_select()
 * @error: where it says why not
 *
 * As trio_select(), but never suspends, and is stopped by no cancellation.
 *
 * Errors: %TRIO_ERROR_WOULD_BLOCK if no case is ready; what the chosen case fails with.
 *
 * Returns: %TRUE if a case was chosen and did its work
 */
TRIO_API gboolean trio_select_nowait (const TrioSelectCase *cases, gsize n_cases, gsize *chosen, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
