/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Idleness: tasks that wait until everybody else waits.
 *
 *     driver                                            loop
 *     how long must nothing happen?  <---------------   trio_loop_get_cushion (): the shortest cushion
 *     waits so long, and nothing happens
 *     trio_loop_tell_idle ()         --------------->   next turn: calls, io, deadlines; still nothing? wake them
 *
 * Always true:
 *  1. loop->idle_waiters is ordered by cushion, and by arrival for the same cushion.
 *  2. Only a turn that the driver has told of idleness wakes anybody, and only if nothing came in between: a driver that takes a turn for
 *     any other reason, a wake-up without work included, begins to count anew.
 */

#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/idle.h>

#include "core/kernel.h"

typedef struct
{
  TrioLink   link;              /* in loop->idle_waiters */
  TrioTask  *task;
  GTimeSpan  cushion;
} IdleWaiter;

static IdleWaiter *
first_waiter (TrioLoop *loop)
{
  TrioLink *first = trio_list_first (&loop->idle_waiters);

  return first == NULL ? NULL : TRIO_CONTAINER (first, IdleWaiter, link);
}

static void
enqueue (TrioLoop *loop, IdleWaiter *waiter)
{
  TrioLink *before = loop->idle_waiters.prev;

  while (before != &loop->idle_waiters && TRIO_CONTAINER (before, IdleWaiter, link)->cushion > waiter->cushion)
    before = before->prev;
  /* The end of the list that would begin with the one behind it. */
  trio_list_push_tail (before->next, &waiter->link);
}

static TrioAbort
abort_idle (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  trio_link_unlink (&((IdleWaiter *) data)->link);
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_idle (gpointer data, GString *out)
{
  g_string_append_printf (out, "until nothing has happened for %s", trio_span_in_seconds (((IdleWaiter *) data)->cushion).text);
}

gboolean
trio_wait_idle (GTimeSpan cushion, GError **error)
{
  static const TrioWaitClass klass = { "trio_wait_idle", abort_idle, describe_idle };
  TrioTask *task = trio_task_require_current (klass.what, error);
  IdleWaiter waiter = { .task = task, .cushion = MAX (cushion, 0) };

  if (G_UNLIKELY (task == NULL))
    return FALSE;
  enqueue (task->loop, &waiter);
  return trio_wait (&klass, &waiter, error);
}

GTimeSpan
trio_loop_get_cushion (TrioLoop *loop)
{
  const IdleWaiter *first = first_waiter (loop);

  return first == NULL ? G_MAXINT64 : first->cushion;
}

void
trio_loop_tell_idle (TrioLoop *loop)
{
  g_return_if_fail (loop != NULL && !loop->in_turn);

  loop->idle_told = TRUE;
}

void
trio_loop_wake_idle (TrioLoop *loop)
{
  GTimeSpan cushion = trio_loop_get_cushion (loop);
  IdleWaiter *waiter;

  while ((waiter = first_waiter (loop)) != NULL && waiter->cushion == cushion)
    {
      trio_link_unlink (&waiter->link);
      trio_reschedule (waiter->task, NULL);
    }
}
