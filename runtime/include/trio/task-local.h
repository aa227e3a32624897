/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Values that belong to a task: what a thread-local variable is to a thread. (Values of a whole run: <trio/lowlevel/run-local.h>.)
 *
 * A task-local value goes down the tree by itself: a task begins with the values that the task which started it had at that moment.
 * It is meant for what everything below a request wants to know and nobody wants to pass along: the request's name in the log, a
 * trace id, who asked.
 *
 *   static TrioTaskLocal request_name = TRIO_TASK_LOCAL_INIT ("request name", NULL, g_free);
 *
 *   trio_task_local_set (&request_name, g_strdup_printf ("request %u", number));
 *   …
 *   g_message ("%s: done", (const char *) trio_task_local_get (&request_name));      // in any task below
 *
 * It is declared once, as a static variable, whose address is the key. None of the functions suspends. A task that was
 * never told a value costs one pointer; one that inherits without changing anything costs a count. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * TrioTaskLocal:
 * @name: static; what it is called in a dump
 * @copy: (nullable): makes a new task's value from that of the task that starts it, at that moment; %NULL: they share the value
 *   itself, which lives until the last of them has ended or set another one, and which they had better not change
 * @destroy: (nullable): frees a value; not called for %NULL. It may run in any task, or in none when a run is torn down, and must
 *   not suspend
 *
 * A value of each task. Initialise it with TRIO_TASK_LOCAL_INIT().
 *
 * What a task inherits: a child has the values of the task that called trio_nursery_start_soon() or trio_nursery_start(), which
 * need not be the one whose nursery it lives in. The main task and the run's own tasks (system tasks) begin with none.
 *
 * Source: Python's `contextvars`, as Trio uses them.
 */
struct _TrioTaskLocal
{
  const char     *name;
  TrioCopyFunc    copy;
  GDestroyNotify  destroy;
};

#define TRIO_TASK_LOCAL_INIT(name, copy, destroy) { (name), (copy), (destroy) }

/**
 * trio_task_local_get:
 * @local: a task-local variable
 *
 * Returns: (transfer none) (nullable): the calling task's value, valid until the task sets another one or ends; %NULL if there is
 *   none, and outside tasks
 */
TRIO_API gpointer trio_task_local_get (TrioTaskLocal *local);

/**
 * trio_task_local_set:
 * @local: a task-local variable
 * @value: (transfer full) (nullable): the value from now on, in this task and in those that it starts from now on; others keep
 *   theirs
 *
 * Outside a task it is a programmer's mistake (critical), and @value is destroyed.
 */
TRIO_API void     trio_task_local_set (TrioTaskLocal *local, gpointer value);

G_END_DECLS
