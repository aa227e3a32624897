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

/* Puts the calling task's cell at the end of line. */
TRIO_API void        trio_waiter_join  (TrioWaiter *self, GQueue *line);
/* Out of its line, if it stands in one. */
TRIO_API void        trio_waiter_leave (TrioWaiter *self);
/* Takes it out, and all of its chooser's, and makes its task runnable. outcome: NULL, or (transfer full) what its wait fails
 * with. */
TRIO_API void        trio_waiter_wake  (TrioWaiter *self, GError *outcome);
/* Joins line and waits. klass->abort is to be trio_waiter_abort(), and data is the waiter. Checkpoint. */
TRIO_API gboolean    trio_waiter_wait  (TrioWaiter *self, GQueue *line, const TrioWaitClass *klass, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
TRIO_API TrioAbort   trio_waiter_abort (TrioTask *task, gpointer waiter);

/* The first in line; NULL if nobody waits. */
TRIO_API TrioWaiter *trio_waiters_first    (GQueue *line);
/* Wakes all who stand in line, in order, with copies of outcome, or NULL for success; only those on `end`, unless it is NULL. */
TRIO_API void        trio_waiters_wake_all (GQueue *line, gpointer end, const GError *outcome);
/* Tells when a line is given up in which somebody stands, and wakes all with BROKEN_RESOURCE, so that no cell points into what is
 * gone. `what` is the public function that waits. */
TRIO_API void        trio_waiters_clear    (GQueue *line, const char *what);

/* Counts up: the moments at which a select chose. */
TRIO_API guint64     trio_choosing_moment  (void);

G_END_DECLS
