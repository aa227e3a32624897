/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the parts of a supervisor share.
 *
 *     opener's task        supervisor.c    opens a nursery; adds children to the list, asks for stops
 *       nursery
 *         "supervisor"     manager.c       the only one that starts, restarts and removes children
 *         child, child …   child.c         each in a shielded scope of its own; tells the manager when it has ended
 *
 *           NEW ---> STARTING ---> RUNNING ---> ENDED ---> removed
 *                       ^                         |
 *                       +--------- restart -------+
 *
 * Always true:
 *  1. `children` is in the order of start. Anybody may add to its end; only the manager takes out.
 *  2. A child has a task exactly while it is STARTING or RUNNING, and stands in `ended` from its end until the manager has dealt with it.
 *  3. The manager ends after all the children's tasks have; so the nursery's scope may be cancelled without their noticing. */

#pragma once

#include <trio/lowlevel/task.h>
#include <trio/nursery.h>
#include <trio/supervisor.h>

typedef enum
{
  CHILD_NEW,
  CHILD_STARTING,           /* its task is there, and may have a delay to wait out */
  CHILD_RUNNING,            /* its function has been called */
  CHILD_ENDED,
} ChildState;

typedef struct
{
  TrioSupervisor            *supervisor;
  guint64                    id;
  char                      *name;
  TrioFunc                   func;
  gpointer                   data;
  GDestroyNotify             destroy;
  TrioSupervisorChildOptions options;

  ChildState                 state;
  TrioCancelScope           *scope;         /* of its task, while that is inside; else NULL */
  GTimeSpan                  delay;         /* before its function is called, this time */
  gint64                     called_at;     /* when its function was called last */
  guint                      in_a_row;      /* restarts without having run for long */
  gboolean                   unwanted;      /* trio_supervisor_stop_child(): not to be restarted */
  gboolean                   stopping;      /* ended on purpose: how it ends is no reason to restart it */
  gboolean                   cancelled;     /* it ended because its scope was cancelled */
  gboolean                   succeeded;     /* its function succeeded, and not because it was asked to end */
  GError                    *error;         /* what it ended with */
} Child;

/* A restart that counts against the limit. */
typedef struct
{
  gint64  at;
  GError *error;            /* why; NULL: the child had succeeded */
} Restart;

struct _TrioSupervisor
{
  TrioNursery           *nursery;
  TrioSupervisorOptions  options;           /* with the defaults filled in; the name is owned */
  GPtrArray             *children;          /* of Child */
  GQueue                 ended;             /* of Child, in the order of their ends */
  GQueue                 restarts;          /* of Restart, within the period, oldest first */
  guint64                next_id;
  guint64                n_restarts;
  TrioTask              *waiter;            /* the manager, while it waits for news */
  gboolean               news;              /* something has happened that it has not looked at */
  gboolean               stop_asked;
  gboolean               closing;           /* the body is over */
  gboolean               ending;            /* the manager takes nobody any more */
  gboolean               closed;
};

/* child.c */
Child    *trio_supervisor_child_new   (TrioSupervisor *self, TrioFunc func, gpointer data, GDestroyNotify destroy, const char *name,
                                       const TrioSupervisorChildOptions *options);
void      trio_supervisor_child_free  (gpointer child);
/* Gives it a task, which waits for `delay` and then calls its function. */
void      trio_supervisor_child_start (Child *self, GTimeSpan delay);
/* Asks a child that has a task to end: with its grace, or at once. */
void      trio_supervisor_child_stop  (Child *self, gboolean at_once);
gboolean  trio_supervisor_child_has_task (Child *self);

/* restarts.c */
/* Counts one more restart now, if there may be one. Takes error, which is kept as long as it counts. */
gboolean  trio_supervisor_may_restart (TrioSupervisor *self, GError *error);
/* Forgets those that are older than the period. */
void      trio_supervisor_forget_restarts (TrioSupervisor *self);
/* What it fails with when it gives up: itself, and the errors of the period in order. */
GError   *trio_supervisor_give_up     (TrioSupervisor *self, const char *child_name);
void      trio_supervisor_clear_restarts (TrioSupervisor *self);
/* How long to wait before the next restart of child. */
GTimeSpan trio_supervisor_back_off    (TrioSupervisor *self, Child *child);

/* manager.c */
gboolean  trio_supervisor_manage      (gpointer self, GError **error);
void      trio_supervisor_wake        (TrioSupervisor *self);
