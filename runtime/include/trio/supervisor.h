/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Supervisors: nurseries that start a child again when it has failed.
 *
 *   const TrioSupervisorOptions options = { .back_off = 100 * G_TIME_SPAN_MILLISECOND, .back_off_max = 10 * G_TIME_SPAN_SECOND };
 *   g_autoptr (TrioSupervisor) supervisor = trio_supervisor_open (&options, error);
 *
 *   trio_supervisor_start_child (supervisor, keep_connection, &uplink);
 *   trio_supervisor_start_child (supervisor, serve, &listener);
 *
 *   return trio_supervisor_close (supervisor, TRUE);      // as long as there are children
 *
 * A supervisor is for failures that go away by starting afresh, so it believes in that only so often: when there are too many restarts within
 * a period it gives up and fails itself, with the last errors, and whoever is above may know better.
 *
 * Order: children are started in the order in which they were given, and stopped in the opposite one, each after the next has ended; so a
 * child may use what those before it provide. Each has a shielded cancel scope of its own, through which the supervisor stops it: a
 * cancellation from outside reaches the supervisor, which then does so in that order.
 *
 * It opens and closes as a nursery does: the happy path says close, every unhappy path may simply return. All of it only from the thread of
 * the run.
 *
 * Source: the supervisors of Erlang/OTP (https://www.erlang.org/doc/system/sup_princ.html), from which the names are. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioSupervisor TrioSupervisor;

/**
 * TrioSupervisorStrategy:
 * @TRIO_SUPERVISOR_ONE_FOR_ONE: that child is restarted, the others do not notice
 * @TRIO_SUPERVISOR_ONE_FOR_ALL: all others are stopped, then all are restarted
 * @TRIO_SUPERVISOR_REST_FOR_ONE: those started after it are stopped, then it and they are restarted
 *
 * Who is restarted when a child has to be.
 */
typedef enum
{
  TRIO_SUPERVISOR_ONE_FOR_ONE,
  TRIO_SUPERVISOR_ONE_FOR_ALL,
  TRIO_SUPERVISOR_REST_FOR_ONE,
} TrioSupervisorStrategy;

/**
 * TrioSupervisorRestart:
 * @TRIO_SUPERVISOR_PERMANENT: always, also when it has succeeded
 * @TRIO_SUPERVISOR_TRANSIENT: if it has failed
 * @TRIO_SUPERVISOR_TEMPORARY: never, not even together with others. That it has failed is reported, and is no failure of the supervisor
 *
 * Whether a child that has ended is restarted.
 */
typedef enum
{
  TRIO_SUPERVISOR_PERMANENT,
  TRIO_SUPERVISOR_TRANSIENT,
  TRIO_SUPERVISOR_TEMPORARY,
} TrioSupervisorRestart;

/**
 * TrioSupervisorIncident:
 * @child_name: which child
 * @child: its number
 * @error: (nullable): what it failed with; %NULL: it has succeeded but is permanent
 * @restarts: whether it is restarted
 * @delay: …after so many microseconds
 * @n_restarts: restarts within the period, this one included
 *
 * What a supervisor has to report about a child. Valid during the call only.
 */
typedef struct
{
  const char   *child_name;
  guint64       child;
  const GError *error;
  gboolean      restarts;
  GTimeSpan     delay;
  guint         n_restarts;
} TrioSupervisorIncident;

/**
 * TrioSupervisorReport:
 * @incident: (transfer none): what has happened
 * @data: as given in the options
 *
 * Hears of every child that has failed or is restarted. It must not suspend.
 */
typedef void (*TrioSupervisorReport) (const TrioSupervisorIncident *incident, gpointer data);

/**
 * TrioSupervisorJitter:
 * @delay: microseconds, at least 1
 * @data: as given in the options
 *
 * Returns: the delay to use instead, so that many who failed together do not come back together
 */
typedef GTimeSpan (*TrioSupervisorJitter) (GTimeSpan delay, gpointer data);

/**
 * TrioSupervisorOptions:
 * @name: (nullable): of the supervisor's own task; %NULL for "supervisor"
 * @strategy: who is restarted when a child has to be
 * @max_restarts: at most so many restarts within @period; one more and the supervisor fails. Restarting a group counts as one. 0 for the
 *   default of 3; %G_MAXUINT for no limit
 * @period: microseconds on the run's clock; 0 for the default of 5 s
 * @back_off: how long to wait before a child's first restart; twice as long before the second in a row, and so on. 0 for not at all
 * @back_off_max: but never longer than that; and a child that has run for that long begins again at @back_off. 0 for the default of 1 minute
 * @jitter: (nullable): changes each delay. %NULL: the choice "supervisor.jitter" makes it up to half as long again in the simulator, and leaves
 *   it alone in production
 * @report: (nullable): hears what happens to children; %NULL for a g_message()
 * @data: for @jitter and @report
 *
 * Start it from `{ 0 }`: every field has a default there. With a @back_off so long that @max_restarts do not fit into @period, the supervisor
 * never gives up.
 */
typedef struct
{
  const char             *name;
  TrioSupervisorStrategy  strategy;
  guint                   max_restarts;
  GTimeSpan               period;
  GTimeSpan               back_off;
  GTimeSpan               back_off_max;
  TrioSupervisorJitter    jitter;
  TrioSupervisorReport    report;
  gpointer                data;
} TrioSupervisorOptions;

/**
 * TrioSupervisorChildOptions:
 * @restart: when it is restarted
 * @grace: when the supervisor stops it, it is asked to end gracefully (<trio/graceful.h>), and cancelled after so many microseconds; 0:
 *   cancelled at once. A cancellation from outside leaves nobody time
 *
 * Start it from `{ 0 }`.
 */
typedef struct
{
  TrioSupervisorRestart restart;
  GTimeSpan             grace;
} TrioSupervisorChildOptions;

/**
 * TrioSupervisorStatistics:
 * @children: those that run, or will
 * @running: those whose function has been called
 * @backing_off: those that wait for their delay to pass
 * @restarts: since it was opened; of a group one for each child
 * @restarts_in_period: what counts against the limit now
 */
typedef struct
{
  gsize   children;
  gsize   running;
  gsize   backing_off;
  guint64 restarts;
  guint   restarts_in_period;
} TrioSupervisorStatistics;

/**
 * trio_supervisor_open:
 * @options: (nullable): options, which are copied
 * @error: the slot that the body of the supervisor reports to, and where its failure comes out
 *
 * Opens a supervisor in the calling task. Never suspends.
 *
 * Returns: (transfer full): the supervisor; free it, in the same task, with trio_supervisor_free() or g_autoptr
 */
TRIO_API TrioSupervisor *trio_supervisor_open (const TrioSupervisorOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_supervisor_start_child:
 * @supervisor: an open supervisor
 * @func: the body of the child; it is called again, with the same @data, for each restart
 * @data: what @func gets; it may point into the stack of the task that opened @supervisor
 *
 * Adds a permanent child, named after its function, that is cancelled without grace. It will run soon: never inside this call. Never
 * suspends. From any task of the run.
 *
 * Returns: the child's number, counted from 1 and never used twice; 0 if the supervisor has begun to end: then there is no child
 */
TRIO_API guint64 trio_supervisor_start_child (TrioSupervisor *supervisor, TrioFunc func, gpointer data);

/**
 * trio_supervisor_start_child_full:
 * @supervisor: an open supervisor
 * @func: the body of the child
 * @data: what @func gets
 * @destroy: (nullable): frees @data when the child will not run again
 * @name: (nullable): its name, copied; %NULL for "child"
 * @options: (nullable): options
 *
 * Into a closed supervisor is a programmer's mistake (critical).
 *
 * Returns: the child's number, or 0
 */
TRIO_API guint64 trio_supervisor_start_child_full (TrioSupervisor *supervisor, TrioFunc func, gpointer data, GDestroyNotify destroy,
                                                   const char *name, const TrioSupervisorChildOptions *options);

/**
 * trio_supervisor_stop_child:
 * @supervisor: a supervisor
 * @child: the number of a child
 *
 * Asks that child to end, with its grace. It is not restarted, whatever its kind, and the others do not notice. Idempotent. Never suspends.
 *
 * Returns: %FALSE if there is no such child (any more)
 */
TRIO_API gboolean trio_supervisor_stop_child (TrioSupervisor *supervisor, guint64 child);

/**
 * trio_supervisor_stop:
 * @supervisor: a supervisor
 *
 * Asks all children to end, the last first, each with its grace and after those behind it have ended; trio_supervisor_close() then succeeds.
 * Idempotent. Never suspends.
 */
TRIO_API void trio_supervisor_stop (TrioSupervisor *supervisor);

/**
 * trio_supervisor_get_cancel_scope:
 * @supervisor: a supervisor
 *
 * The scope around its body and its own task. To cancel it stops the children in order, without grace. Never suspends.
 *
 * Returns: (transfer none): the scope; it belongs to @supervisor
 */
TRIO_API TrioCancelScope *trio_supervisor_get_cancel_scope (TrioSupervisor *supervisor);

/**
 * trio_supervisor_close:
 * @supervisor: a supervisor, the innermost thing open in the calling task
 * @ok: how the body went
 *
 * Waits until no child is left: with permanent ones, until somebody stops it, cancels it, or it gives up. Cancels it if @ok is %FALSE. When it is
 * asked to end gracefully from outside (<trio/graceful.h>) it restarts nobody any more, and waits for the children as they are. The wait is
 * as that of trio_nursery_close(). Always suspends. Does not free.
 *
 * Errors: the body's; %TRIO_ERROR_FAILED, in a group with what the children failed with, if there were too many restarts; what
 * a child failed with while it was being stopped or could not be restarted any more; cancellation; %TRIO_ERROR_KEYBOARD_INTERRUPT if a
 * child was interrupted, which is never restarted.
 *
 * Returns: %TRUE if nothing failed; else the slot holds the error
 */
TRIO_API gboolean trio_supervisor_close (TrioSupervisor *supervisor, gboolean ok) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_supervisor_free:
 * @supervisor: (nullable) (transfer full): a supervisor of the calling task
 *
 * Frees a closed supervisor. One that is still open is left on the failing path first: it is cancelled, and its children are stopped.
 */
TRIO_API void trio_supervisor_free (TrioSupervisor *supervisor);

/**
 * trio_supervisor_get_statistics:
 * @supervisor: a supervisor
 * @statistics: (out caller-allocates): its children and restarts
 *
 * A snapshot. Never suspends.
 */
TRIO_API void trio_supervisor_get_statistics (TrioSupervisor *supervisor, TrioSupervisorStatistics *statistics);

TRIO_API TrioSupervisor *trio_supervisor_open_located (const TrioSupervisorOptions *options, GError **error, const char *where)
  G_GNUC_WARN_UNUSED_RESULT;

#define trio_supervisor_open(options, error) (trio_supervisor_open_located ((options), (error), G_STRLOC))
#define trio_supervisor_start_child(supervisor, func, data) \
  (trio_supervisor_start_child_full ((supervisor), (func), (data), NULL, #func, NULL))

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioSupervisor, trio_supervisor_free)

G_END_DECLS
