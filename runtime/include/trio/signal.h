/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Signals of the operating system: received by a task, like messages, or turned into a graceful stop.
 *
 *     static const int signals[] = { SIGHUP, SIGUSR1, 0 };
 *     g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (signals, error);
 *     int number;
 *
 *     if (receiver == NULL)
 *       return FALSE;
 *     while (trio_signal_receiver_receive (receiver, &number, error))
 *       reload (number);
 *     return FALSE;
 *
 * Several arrivals of one signal before it is taken are one, as everywhere in Unix; different ones come in the order in which they arrived.
 *
 *     open                                            close
 *      |---- signals come to the receiver -------------|
 *     old handlers                                    old handlers, exactly as they were; and what arrived
 *                                                     but was not taken is raised again, and comes to them
 *
 * So none is ever lost: a SIGTERM that arrives in the moment in which the receiver is closed ends the process, as it would without one.
 *
 * A receiver may be opened while another one has the same signal: the one that was opened last gets it, and what it has not taken when it is
 * closed goes to the other one.
 *
 * Only on the process's main thread: a signal belongs to the process, and so to its first run. While SIGINT is received, Ctrl-C is no
 * %TRIO_ERROR_KEYBOARD_INTERRUPT.
 *
 * In the simulator a scenario raises signals with trio_sim_raise(), and searches that inject interrupts let each signal that is received
 * arrive at any step.
 *
 * All of it only from the thread of the run.
 *
 * Source: Trio's `open_signal_receiver`. */

#pragma once

#include <trio/select.h>

G_BEGIN_DECLS

typedef struct _TrioSignalReceiver TrioSignalReceiver;
typedef struct _TrioGracefulStop   TrioGracefulStop;

/**
 * TrioSignalReceiverStatistics:
 * @tasks_waiting: how many tasks wait in trio_signal_receiver_receive(): 0 or 1
 * @signals_pending: how many different signals arrived and were not taken yet
 */
typedef struct
{
  guint tasks_waiting;
  guint signals_pending;
} TrioSignalReceiverStatistics;

/**
 * trio_open_signal_receiver:
 * @signals: numbers of signals, as <signal.h> has them; the list ends with 0
 * @error: where it says why not
 *
 * Takes these signals over, all or none. From a task. Never suspends.
 *
 * Errors: %TRIO_ERROR_MISUSE outside a task, if the run is not on the process's main thread, if there is no signal in the list, or one
 * that cannot be caught or only tells of a fault of the program (SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL);
 * %TRIO_ERROR_BUSY_RESOURCE if another run of this thread receives one of them.
 *
 * Returns: (transfer full) (nullable): the receiver
 */
TRIO_API TrioSignalReceiver *trio_open_signal_receiver      (const int *signals, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_signal_receiver_receive:
 * @receiver: a receiver
 * @number: (out): which signal; written only on success
 * @error: where it says why not
 *
 * Takes the next signal, and waits for it. Checkpoint. If it is cancelled it has taken none.
 *
 * Errors: cancellation; %TRIO_ERROR_BUSY_RESOURCE if another task waits already; %TRIO_ERROR_CLOSED_RESOURCE if the receiver was
 * closed.
 *
 * Returns: %TRUE if there was one
 */
TRIO_API gboolean            trio_signal_receiver_receive   (TrioSignalReceiver *receiver, int *number, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_case_signal:
 * @receiver: (transfer none): a receiver; it outlives the select
 * @number: (out): which signal; written only if this case is chosen
 *
 * For trio_select(): takes the next signal, as trio_signal_receiver_receive(), with its errors. Of a receiver that is closed, or
 * that another task waits for, the case is ready, and fails when it is chosen. Never suspends.
 *
 * Returns: the case
 */
TRIO_API TrioSelectCase      trio_case_signal (TrioSignalReceiver *receiver, int *number) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_signal_receiver_close:
 * @receiver: a receiver
 *
 * Gives the signals back, to the receiver that had them before, or to the old handlers. Those that arrived and were not taken are raised
 * again: they come to whoever has them now, before this returns, and may end the process. A handler that somebody else has installed
 * meanwhile is left alone. A task that waits fails. Never suspends. Idempotent.
 */
TRIO_API void                trio_signal_receiver_close     (TrioSignalReceiver *receiver);

/**
 * trio_signal_receiver_free:
 * @receiver: (transfer full) (nullable): a receiver
 *
 * trio_signal_receiver_close(), and frees. A task that waits fails. Never suspends.
 */
TRIO_API void                trio_signal_receiver_free      (TrioSignalReceiver *receiver);

/**
 * trio_signal_receiver_get_statistics:
 * @receiver: a receiver
 * @statistics: (out): how it is now
 *
 * A snapshot, also of one that is closed. Never suspends.
 */
TRIO_API void                trio_signal_receiver_get_statistics (TrioSignalReceiver *receiver, TrioSignalReceiverStatistics *statistics);

/**
 * trio_stop_gracefully_on_signals:
 * @scope: what is to end; it outlives what this returns
 * @signals: numbers of signals; the list ends with 0
 * @grace: microseconds, as for trio_cancel_scope_cancel_gracefully()
 * @error: where it says why not
 *
 * What a service does with SIGTERM and SIGINT: the first of them asks @scope to end (<trio/graceful.h>) within @grace, and the second cancels
 * it at once. The asking is done by the loop itself, so no task has to wait for it, and @scope may end by itself.
 *
 *   static const int signals[] = { SIGTERM, SIGINT, 0 };
 *   g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
 *   g_autoptr (TrioGracefulStop) stop =
 *     trio_stop_gracefully_on_signals (trio_nursery_get_cancel_scope (nursery), signals, 10 * G_TIME_SPAN_SECOND, error);
 *
 *   if (stop == NULL)
 *     return FALSE;
 *   trio_nursery_start_soon (nursery, serve, server);
 *   return trio_nursery_close (nursery, TRUE);
 *
 * Otherwise like trio_open_signal_receiver(), with its errors. Never suspends.
 *
 * Returns: (transfer full) (nullable): as long as it exists, the signals stop @scope
 */
TRIO_API TrioGracefulStop   *trio_stop_gracefully_on_signals (TrioCancelScope *scope, const int *signals, GTimeSpan grace, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_graceful_stop_get_asked:
 * @stop: what trio_stop_gracefully_on_signals() returned
 *
 * How many signals came so far, each perhaps for several. Never suspends.
 *
 * Returns: the number; with 1 the scope was asked to end, with 2 or more it was cancelled
 */
TRIO_API guint               trio_graceful_stop_get_asked   (TrioGracefulStop *stop);

/**
 * trio_graceful_stop_get_signal:
 * @stop: what trio_stop_gracefully_on_signals() returned
 *
 * Which signal came first. A service may end itself with it, so that its parent sees why. Never suspends.
 *
 * Returns: the number, as <signal.h> has it; 0 if none came
 */
TRIO_API int                 trio_graceful_stop_get_signal  (TrioGracefulStop *stop);

/**
 * trio_graceful_stop_free:
 * @stop: (transfer full) (nullable): what trio_stop_gracefully_on_signals() returned
 *
 * Gives the signals back, like trio_signal_receiver_close(), and frees. What the scope was told stays. Never suspends.
 */
TRIO_API void                trio_graceful_stop_free        (TrioGracefulStop *stop);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSignalReceiver, trio_signal_receiver_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioGracefulStop, trio_graceful_stop_free)

G_END_DECLS
