/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The names that programs outside are compiled against, each with its type: whoever changes one breaks them. A macro may stand before a
 * function (it adds where the call is), but the function is there for those who take its address. */

#include <trio/trio.h>
#include <trio/check.h>
#include <trio/lowlevel/descriptor.h>
#include <trio/lowlevel/parking-lot.h>
#include <trio/lowlevel/passing.h>
#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>
#include <trio-sim/sim.h>

#define IS(result, name, arguments) static result (*const is_##name) arguments G_GNUC_UNUSED = (name);

IS (gboolean, trio_run, (TrioFunc, gpointer, GError **))
IS (gboolean, trio_run_with, (TrioFunc, gpointer, const TrioRunOptions *, GError **))
IS (gint64, trio_current_time, (void))
IS (gboolean, trio_checkpoint, (GError **))
IS (gboolean, trio_checkpoint_if_cancelled, (GError **))
IS (void, trio_cancel_shielded_checkpoint, (void))
IS (gboolean, trio_sleep, (GTimeSpan, GError **))
IS (gboolean, trio_sleep_until, (gint64, GError **))
IS (gboolean, trio_sleep_forever, (GError **))
IS (TrioNursery *, trio_nursery_open, (GError **))
IS (void, trio_nursery_start_soon, (TrioNursery *, TrioFunc, gpointer))
IS (gboolean, trio_nursery_start, (TrioNursery *, TrioStartFunc, gpointer, gpointer *, GError **))
IS (void, trio_task_status_started, (TrioTaskStatus *, gpointer))
IS (TrioCancelScope *, trio_nursery_get_cancel_scope, (TrioNursery *))
IS (void, trio_nursery_cancel, (TrioNursery *))
IS (gboolean, trio_nursery_close, (TrioNursery *, gboolean))
IS (TrioCancelScope *, trio_cancel_scope_open, (GError **))
IS (TrioCancelScope *, trio_move_on_after, (GTimeSpan, GError **))
IS (TrioCancelScope *, trio_move_on_at, (gint64, GError **))
IS (TrioCancelScope *, trio_fail_after, (GTimeSpan, GError **))
IS (TrioCancelScope *, trio_fail_at, (gint64, GError **))
IS (void, trio_cancel_scope_cancel, (TrioCancelScope *))
IS (void, trio_cancel_scope_cancel_with_reason, (TrioCancelScope *, const char *))
IS (void, trio_cancel_scope_set_deadline, (TrioCancelScope *, gint64))
IS (gint64, trio_cancel_scope_get_deadline, (TrioCancelScope *))
IS (void, trio_cancel_scope_set_shield, (TrioCancelScope *, gboolean))
IS (gboolean, trio_cancel_scope_get_shield, (TrioCancelScope *))
IS (gboolean, trio_cancel_scope_cancel_called, (TrioCancelScope *))
IS (gboolean, trio_cancel_scope_cancelled_caught, (TrioCancelScope *))
IS (gboolean, trio_cancel_scope_close, (TrioCancelScope *, gboolean))
IS (gint64, trio_current_effective_deadline, (void))
IS (TrioEvent *, trio_event_new, (void))
IS (void, trio_event_set, (TrioEvent *))
IS (gboolean, trio_event_is_set, (TrioEvent *))
IS (gboolean, trio_event_wait, (TrioEvent *, GError **))
IS (TrioLock *, trio_lock_new, (void))
IS (gboolean, trio_lock_acquire, (TrioLock *, GError **))
IS (gboolean, trio_lock_acquire_nowait, (TrioLock *, GError **))
IS (void, trio_lock_release, (TrioLock *))
IS (gboolean, trio_lock_locked, (TrioLock *))
IS (gboolean, trio_semaphore_acquire, (TrioSemaphore *, GError **))
IS (gboolean, trio_semaphore_acquire_nowait, (TrioSemaphore *, GError **))
IS (void, trio_semaphore_release, (TrioSemaphore *))
IS (TrioCondition *, trio_condition_new, (TrioLock *))
IS (gboolean, trio_condition_acquire, (TrioCondition *, GError **))
IS (void, trio_condition_release, (TrioCondition *))
IS (gboolean, trio_condition_wait, (TrioCondition *, GError **))
IS (void, trio_condition_notify_all, (TrioCondition *))
IS (gboolean, trio_capacity_limiter_acquire, (TrioCapacityLimiter *, GError **))
IS (void, trio_open_memory_channel, (gsize, GDestroyNotify, TrioSendChannel **, TrioReceiveChannel **))
IS (gboolean, trio_send_channel_send, (TrioSendChannel *, gpointer, GError **))
IS (gboolean, trio_send_channel_send_nowait, (TrioSendChannel *, gpointer, GError **))
IS (TrioSendChannel *, trio_send_channel_clone, (TrioSendChannel *))
IS (void, trio_send_channel_close, (TrioSendChannel *))
IS (gboolean, trio_receive_channel_receive, (TrioReceiveChannel *, gpointer *, GError **))
IS (gboolean, trio_receive_channel_receive_nowait, (TrioReceiveChannel *, gpointer *, GError **))
IS (TrioReceiveChannel *, trio_receive_channel_clone, (TrioReceiveChannel *))
IS (void, trio_receive_channel_close, (TrioReceiveChannel *))
IS (gboolean, trio_wait_task_rescheduled, (TrioAbortFunc, gpointer, GError **))
IS (gboolean, trio_in_run, (void))
IS (void, trio_reschedule, (TrioTask *, GError *))
IS (gboolean, trio_to_thread_run_sync, (TrioFunc, gpointer, GError **))
IS (gboolean, trio_from_thread_run, (TrioToken *, TrioFunc, gpointer, GError **))
IS (gboolean, trio_from_thread_run_sync, (TrioToken *, TrioFunc, gpointer, GError **))
IS (gboolean, trio_from_thread_check_cancelled, (GError **))
IS (gssize, trio_stream_receive_some, (TrioStream *, gpointer, gsize, GError **))
IS (gboolean, trio_stream_send_all, (TrioStream *, gconstpointer, gsize, GError **))
IS (gboolean, trio_stream_send_eof, (TrioStream *, GError **))
IS (gboolean, trio_stream_close, (TrioStream *, GError **))
IS (TrioStream *, trio_open_tcp_stream, (const char *, guint16, GError **))
IS (gboolean, trio_serve_tcp, (TrioStreamHandler, gpointer, const char *, guint16, GError **))
IS (int, trio_sim_main, (int, char **, const TrioScenario *))
IS (gboolean, trio_sim_run, (TrioFunc, gpointer, const TrioSimOptions *, TrioSimReport **, GError **))
IS (TrioSemaphore *, trio_semaphore_new, (gint64, gint64))
IS (void, trio_condition_notify, (TrioCondition *, gsize))
IS (TrioCapacityLimiter *, trio_capacity_limiter_new, (gdouble))
IS (gboolean, trio_capacity_limiter_acquire_on_behalf_of, (TrioCapacityLimiter *, gconstpointer, GError **))
IS (void, trio_capacity_limiter_release, (TrioCapacityLimiter *))
IS (void, trio_capacity_limiter_set_total_tokens, (TrioCapacityLimiter *, gdouble))
IS (gboolean, trio_parking_lot_park, (TrioParkingLot *, GError **))
IS (gsize, trio_parking_lot_unpark, (TrioParkingLot *, gsize))
IS (gsize, trio_parking_lot_unpark_all, (TrioParkingLot *))
IS (gsize, trio_parking_lot_repark, (TrioParkingLot *, TrioParkingLot *, gsize))
IS (void, trio_parking_lot_break_lot, (TrioParkingLot *, TrioTask *))
IS (gboolean, trio_token_run_sync_soon, (TrioToken *, GSourceOnceFunc, gpointer, GDestroyNotify))
IS (TrioTokenCall *, trio_token_call_new, (TrioToken *, GSourceOnceFunc, gpointer, GDestroyNotify))
IS (gboolean, trio_token_call_soon, (TrioTokenCall *))
IS (void, trio_token_call_free, (TrioTokenCall *))
IS (TrioSocketHandle *, trio_socket_adopt, (int, GError **))
IS (gssize, trio_socket_send_passed, (TrioSocketHandle *, gconstpointer, gsize, const TrioPassed *, guint, GError **))
IS (gssize, trio_socket_receive_passed, (TrioSocketHandle *, gpointer, gsize, TrioPassed *, guint *, GError **))
IS (gssize, trio_socket_send_sockets, (TrioSocketHandle *, gconstpointer, gsize, TrioSocketHandle *const *, guint, GError **))
IS (gssize, trio_socket_receive_sockets, (TrioSocketHandle *, gpointer, gsize, TrioSocketHandle **, guint *, GError **))
IS (void, trio_passed_clear, (TrioPassed *))
IS (TrioStream *, trio_socket_stream_new, (TrioSocketHandle *))
IS (TrioListener *, trio_socket_listener_new, (TrioSocketHandle *))
IS (TrioSocketHandle *, trio_stream_get_socket, (TrioStream *))
IS (TrioSelectCase, trio_case_accept, (TrioListener *, TrioStream **))
IS (TrioSelectCase, trio_case_readable, (TrioSocketHandle *))

static const TrioError codes[] = {
  TRIO_ERROR_CANCELLED, TRIO_ERROR_KEYBOARD_INTERRUPT, TRIO_ERROR_TOO_SLOW, TRIO_ERROR_GROUP, TRIO_ERROR_WOULD_BLOCK,
  TRIO_ERROR_BUSY_RESOURCE, TRIO_ERROR_CLOSED_RESOURCE, TRIO_ERROR_BROKEN_RESOURCE, TRIO_ERROR_END_OF_CHANNEL,
  TRIO_ERROR_NEED_HANDSHAKE, TRIO_ERROR_RUN_FINISHED, TRIO_ERROR_DEADLOCK, TRIO_ERROR_MISUSE, TRIO_ERROR_INTERNAL, TRIO_ERROR_FAILED,
};

static gboolean
three_checks (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  trio_always (TRUE, "a claim");
  trio_sometimes (TRUE, "a goal");
  if (data != NULL)
    trio_unreachable ("a place");
  return TRUE;
}

int
main (void)
{
  const TrioScenario scenarios[] = { { "name", three_checks, NULL, "about" }, { NULL, NULL, NULL, NULL } };
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (G_N_ELEMENTS (codes), ==, 15);
  if (!is_trio_run (scenarios[0].func, scenarios[0].data, &error))
    g_error ("%s", error->message);
  return 0;
}
