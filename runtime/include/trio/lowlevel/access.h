/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a step touches: for whoever wants to know which steps may change places without anybody noticing (a search that leaves out
 * orders that make no difference, priorities that are redrawn only on a race, coverage by object).
 *
 *     primitive --- trio_note_access (object, kind) ---> the hook `accessed` of the run's instruments
 *
 * Two accesses of two steps to one object conflict unless both are READs or both are ADDs (or COMPLETEs). Two steps are independent if none of their
 * accesses conflict and neither makes the other's task runnable.
 *
 * Always true of the runtime's own objects (events, futures, locks, semaphores, limiters, conditions, barriers, channels, broadcasts,
 * parking lots, nurseries, cancel scopes, run-locals):
 *  1. Whatever a step does with such an object is noted in that step, not in an earlier or later one.
 *  2. What the loop does at the edge of a turn (io, deadlines, calls from outside) is in no step.
 *  3. An object's address is its name from CREATE on; one that was never created in this run was there before.
 * A task's own cancel status is read at every checkpoint, which is not noted each time: a watcher that wants it asks for
 * trio_note_cancel_scopes() when a step begins. That a task was woken is told by the hook task_scheduled.
 *
 * Nothing is noted unless trio_watch_accesses() is in force: then a note is a load and a branch. Thread of the run only. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * TrioAccess:
 * @TRIO_ACCESS_READ: looks, and changes nothing
 * @TRIO_ACCESS_ADD: a change that commutes with its like: two of them give the same in either order
 * @TRIO_ACCESS_COMPLETE: an ADD that is the last one somebody waits for: the task that is made runnable next was waiting for this ADD and
 *   all ADDs before it together, as for the ends of several children
 * @TRIO_ACCESS_WRITE: any change
 * @TRIO_ACCESS_CREATE: the object begins here
 * @TRIO_ACCESS_UNKNOWN: something whose effect, or whose moment, cannot be told from the steps; the object only says what it was
 */
typedef enum
{
  TRIO_ACCESS_READ,
  TRIO_ACCESS_ADD,
  TRIO_ACCESS_COMPLETE,
  TRIO_ACCESS_WRITE,
  TRIO_ACCESS_CREATE,
  TRIO_ACCESS_UNKNOWN,
} TrioAccess;

/*< private >*/
TRIO_API extern int trio_accesses_watched;

/**
 * trio_report_access:
 * @object: what is touched
 * @access: how
 *
 * What trio_note_access() calls when somebody watches; call that.
 */
TRIO_API void       trio_report_access (gconstpointer object, TrioAccess access);

/**
 * trio_note_access:
 * @object: what is touched: its address
 * @access: how
 *
 * Says that the running step touches @object. For primitives of your own that keep state in ordinary memory, and for what a program's
 * tasks share in a library that was not compiled to be seen: a hash table, a file.
 */
static inline void
trio_note_access (gconstpointer object, TrioAccess access)
{
  if (G_UNLIKELY (trio_accesses_watched > 0))
    trio_report_access (object, access);
}

/**
 * trio_watch_accesses:
 * @on: %TRUE to begin, %FALSE to end; each begin wants an end
 *
 * For watchers: makes the runtime note what it touches. Process-wide; instruments without the hook `accessed` hear nothing of it.
 */
TRIO_API void trio_watch_accesses     (gboolean on);

/**
 * trio_note_cancel_scopes:
 * @task: a task
 *
 * Notes a READ of each cancel scope around @task, as its checkpoints do.
 */
TRIO_API void trio_note_cancel_scopes (TrioTask *task);

G_END_DECLS
