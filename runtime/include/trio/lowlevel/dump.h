/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The pieces that dumps, deadlock reports and watchdogs are put together from, so that all of them say the same thing in the same
 * words. */

#pragma once

#include <trio/dump.h>
#include <trio/lowlevel/task.h>

G_BEGIN_DECLS

/**
 * trio_task_append_state:
 * @task: a task
 * @out: where it goes
 *
 * What the task does: "waits in trio_lock_acquire: held by …", "can run", "runs". Thread of the run.
 */
TRIO_API void     trio_task_append_state  (TrioTask *task, GString *out);

/**
 * trio_append_span:
 * @out: where it goes
 * @span: microseconds
 *
 * A length of time for a person: "12 ms", "3.2 s", "2 min 5 s", "3 d 4 h".
 */
TRIO_API void     trio_append_span        (GString *out, GTimeSpan span);

/**
 * TrioSpanText:
 * @text: the words
 *
 * A length of time as text, by value: nothing to free.
 */
typedef struct
{
  char text[32];
} TrioSpanText;

/**
 * trio_span_in_seconds:
 * @span: microseconds
 *
 * A length of time, exactly: "0.05 s", "2 s", "90.000001 s". The same in every locale. Any thread.
 *
 * Returns: the text, by value: `trio_span_in_seconds (span).text` lives as long as the expression it stands in
 */
TRIO_API TrioSpanText trio_span_in_seconds (GTimeSpan span);

/**
 * trio_append_deadlock:
 * @out: where it goes
 * @n_tasks: how many wait
 *
 * The first words of a report that nothing can ever wake a task: "2 tasks wait for what can never come".
 */
TRIO_API void     trio_append_deadlock    (GString *out, guint n_tasks);

/**
 * trio_append_stack_line:
 * @task: a task
 * @indent: how many spaces before it
 * @out: where it goes
 *
 * A line break, the spaces and "stack: …"; nothing, if the task's world tells of no stacks or this one cannot be had. Thread of the run.
 */
TRIO_API void     trio_append_stack_line  (TrioTask *task, guint indent, GString *out);

/**
 * trio_loop_append_dump:
 * @loop: a run
 * @flags: what to tell besides
 * @out: where it goes
 *
 * Dumps one run. From the thread it lives on, or while that thread stands still.
 */
TRIO_API void     trio_loop_append_dump   (TrioLoop *loop, TrioDumpFlags flags, GString *out);

/* --- stacks --- */

/**
 * TrioStackView:
 * @task: whose
 * @low: the lowest address that is of interest: frames further in are those of whoever looks
 * @high: one past the highest one of its stack
 *
 * A task's stack, valid while a trio_task_look() calls.
 */
typedef struct
{
  TrioTask      *task;
  gconstpointer  low;
  gconstpointer  high;
} TrioStackView;

typedef void (*TrioStackLook) (const TrioStackView *view, gpointer data);

/**
 * trio_task_look:
 * @task: a task
 * @look: called before this returns, on the calling stack
 * @data: what @look gets
 *
 * Calls @look such that an unwinder that starts there (`_Unwind_Backtrace ()`) comes to the frames of @task: those in which it was
 * suspended, or, if it runs on this thread, those it is in. They are the ones that lie within the view. Takes no lock and allocates
 * nothing: may be called from a signal handler about the task that it interrupts.
 *
 * Returns: %FALSE, without a call, if its frames cannot be had: it runs on another thread, or the machine has no switch of ours
 */
TRIO_API gboolean trio_task_look          (TrioTask *task, TrioStackLook look, gpointer data);

/**
 * trio_task_append_stack:
 * @task: a task
 * @flags: with or without addresses
 * @out: where it goes
 *
 * "trio_lock_acquire < eat < dine": the functions that the task is in, innermost first. For a world's append_stack
 * (<trio/seam/world.h>). Nothing, if its frames cannot be had.
 */
TRIO_API void     trio_task_append_stack  (TrioTask *task, TrioDumpFlags flags, GString *out);

/**
 * trio_append_stack_here:
 * @from: (nullable): a function of the calling stack: what is further in is left out
 * @flags: with or without addresses
 * @out: where it goes
 *
 * The functions that the caller is in, in the words of trio_task_append_stack(): of a task, of a worker thread, or of neither. Any thread;
 * not from a signal handler. Nothing, if its frames cannot be had.
 */
TRIO_API void     trio_append_stack_here  (const char *from, TrioDumpFlags flags, GString *out);

/* --- from another thread --- */

/**
 * trio_loop_peek:
 * @loop: a run's loop, which exists as long as this lasts
 * @running: (out): the task that runs at this moment, or %NULL; it may be looked at only on the thread of the run, where a signal
 *   handler may ask too
 *
 * For a watchdog. Any thread, any time; nothing else of a run may be looked at from another thread.
 *
 * Returns: how many steps the run has taken, the present one included
 */
TRIO_API guint64  trio_loop_peek          (TrioLoop *loop, TrioTask **running);

G_END_DECLS
