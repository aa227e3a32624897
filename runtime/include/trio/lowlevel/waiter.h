/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Cells of waiting tasks, for what can be waited for in trio_select() as well: events, futures, channels, broadcasts, signals,
 * and whatever somebody makes selectable (<trio/lowlevel/select.h>).
 *
 * A parking lot holds tasks, each waiting for one thing. A task in a select stands in several lines at once, with one cell in each,
 * and the first to call it takes all its cells out:
 *
 *     line of channel A     [ x ] [ y:A ]
 *     line of event E       [ y:E ] [ z ]             y waits in trio_select() over A and E
 *
 *     trio_event_set (E)    wakes y through y:E, which takes y:A out in the same step; then wakes z
 *
 * Always true:
 *  1. A cell lies in its task's frame, and stands in a line only while that task is blocked.
 *  2. Of one select either all cells stand in lines, or none; so a task is woken once, and leaves no trace where it lost.
 *  3. Whoever wakes a cell hands over through it: `value` is the waker's last word. The woken task looks at its cell alone, since
 *     the object may be gone by then.
 *
 * On the thread of the run. */

#pragma once

#include <trio/lowlevel/task.h>

G_BEGIN_DECLS

typedef struct _TrioWaiter  TrioWaiter;
typedef struct _TrioChooser TrioChooser;

struct _TrioWaiter
{
  GList        link;            /* data is the waiter */
  GQueue      *line;            /* it stands in; NULL: in none */
  TrioTask    *task;
  TrioChooser *chooser;         /* whose cell it is one of; NULL: it waits alone */
  guint64     *chosen_at;       /* of the object, for the chooser's fairness; NULL if it waits alone */
  gpointer     end;             /* what it waits on, for whoever looks for those on one end of something */
  gpointer     value;           /* of one who sends: what it brings; of one who receives: what it got */
  guint64      missed;          /* of one who receives a broadcast: how many values before this one it did not see */
  guint64      flow;            /* for the arrow in a trace; 0 when nobody watches */
};

/* Who waits with several cells. It fills this in and sets it as the chooser of each. */
struct _TrioChooser
{
  void      (*withdraw) (TrioChooser *self);      /* takes all its cells out of their lines */
  TrioWaiter *winner;                             /* NULL until it is woken through one */
};

/**
 * trio_waiter_join:
 * @self: a cell of the calling task that stands in no line
 * @line: where it is to stand
 *
 * Puts it at the end of @line. Never suspends.
 */
TRIO_API void        trio_waiter_join  (TrioWaiter *self, GQueue *line);

/**
 * trio_waiter_leave:
 * @self: a cell
 *
 * Takes it out of its line, if it stands in one. Never suspends.
 */
TRIO_API void        trio_waiter_leave (TrioWaiter *self);

/**
 * trio_waiter_wake:
 * @self: a cell that stands in a line
 * @outcome: (nullable) (transfer full): what its wait fails with; %NULL for success
 *
 * Takes it out, and all of its chooser's, and makes its task runnable. Never switches.
 */
TRIO_API void        trio_waiter_wake  (TrioWaiter *self, GError *outcome);

/**
 * trio_waiter_wait:
 * @self: a cell in the calling task's frame
 * @line: where it is to stand
 * @klass: what kind of wait it is; its abort is trio_waiter_abort(), and @self is what its functions get
 * @error: where the outcome comes out
 *
 * Joins @line and waits. Checkpoint.
 *
 * Errors: what trio_waiter_wake() was given; cancellation, after which it stands in no line.
 *
 * Returns: %TRUE if it was woken without an error
 */
TRIO_API gboolean    trio_waiter_wait  (TrioWaiter *self, GQueue *line, const TrioWaitClass *klass, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_waiter_abort:
 * @task: whose wait it is
 * @waiter: its cell
 *
 * The abort function of such a wait: takes the cell out of its line.
 *
 * Returns: %TRIO_ABORT_SUCCEEDED
 */
TRIO_API TrioAbort   trio_waiter_abort (TrioTask *task, gpointer waiter);

/**
 * trio_waiters_first:
 * @line: a line
 *
 * Never suspends.
 *
 * Returns: (nullable) (transfer none): the first in line; %NULL if nobody waits
 */
static inline TrioWaiter *
trio_waiters_first (GQueue *line)
{
  return line->head != NULL ? (TrioWaiter *) line->head->data : NULL;
}

/**
 * trio_waiters_wake_all:
 * @line: a line
 * @end: (nullable): only those that wait on this; %NULL for all
 * @outcome: (nullable) (transfer none): what their waits fail with, a copy for each; %NULL for success
 *
 * Wakes all who stand in @line, in order. Never switches.
 */
TRIO_API void        trio_waiters_wake_all (GQueue *line, gpointer end, const GError *outcome);

/**
 * trio_waiters_clear:
 * @line: a line that is being given up
 * @what: the public function that waits
 *
 * If somebody stands in it that is a programmer's mistake (critical), and all wake with %TRIO_ERROR_BROKEN_RESOURCE, so that no cell points into what is
 * gone. Never switches.
 */
TRIO_API void        trio_waiters_clear    (GQueue *line, const char *what);

/**
 * trio_choosing_moment:
 *
 * Never suspends.
 *
 * Returns: a number that counts up: the moments at which a select chose
 */
TRIO_API guint64     trio_choosing_moment  (void);

G_END_DECLS
