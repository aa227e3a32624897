/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seam "world": what a run stands on, and how whoever owns the world drives the loop. host/ is one world, simulator/ another.
 *
 *     loop = trio_loop_new (world, main, data, …);
 *     while (!trio_loop_is_done (loop))
 *       due = trio_loop_turn (loop);          …then wait until `due`, or something happens, or wake()
 *     ok = trio_loop_finish (loop, &error);
 *
 * One turn: ask io -> hand out events -> expire deadlines -> run the batch -> compute patience. The batch is what was runnable when it
 * began (production: in that order; with a choice seam: any of the runnable, including newly woken ones, as many steps). */

#pragma once

#include <trio/types.h>
#include <trio/check.h>
#include <trio/dump.h>
#include <trio/interrupt.h>
#include <trio/seam/signals.h>
#include <trio/seam/files.h>
#include <trio/seam/threads.h>

G_BEGIN_DECLS

struct _TrioObligation
{
  void (*meet) (TrioObligation *self);      /* frees it */
};

struct _TrioWorld
{
  const char *name;          /* "host", "simulator" */
  TrioClock  *clock;
  TrioIo     *io;
  TrioChoice *choice;        /* NULL: every answer is the dull one */
  TrioThreads *threads;      /* NULL: no worker threads here */
  TrioSignals *signals;      /* NULL: no signals here */
  TrioFiles  *files;         /* NULL: no disk here */

  /* Any thread, any time: make the driver take a turn soon. */
  void      (*wake)  (TrioWorld *self);

  /* A check of <trio/check.h>, with condition as it was found. A false ALWAYS or an UNREACHABLE must not return. NULL: g_error(). */
  void      (*check) (TrioWorld *self, TrioCheckKind kind, gboolean condition, const char *name, const char *where);

  /* Liveness, see <trio/check.h>. NULL: nobody looks. heal begins or ends a phase without faults, delays and unfair decisions; phases
   * may be nested. */
  TrioObligation *(*oblige) (TrioWorld *self, GTimeSpan within, const char *name, const char *where);
  void      (*heal)  (TrioWorld *self, gboolean begins);

  /* For dumps: a task's stack in words; trio_task_append_stack() is one. NULL: this world tells of no stacks. */
  void      (*append_stack) (TrioTask *task, TrioDumpFlags flags, GString *out);
};

typedef struct
{
  gsize                  stack_bytes;      /* 0: the default */
  TrioInstrument *const *instruments;      /* NULL-terminated, or NULL */
  guint                  fairness;         /* with a choice seam: the first in line is passed over at most so often; 0: the default */
  TrioInterruptPolicy    interrupt_policy;
} TrioLoopOptions;

/**
 * trio_loop_new:
 * @world: (transfer none): what it stands on; it outlives the loop
 * @main: the main task
 * @data: what @main gets
 * @options: (nullable): options
 * @error: where it says why not
 *
 * Makes the loop of a run; no task has run yet. It becomes the calling thread's current run during each turn.
 *
 * Errors: %TRIO_ERROR_MISUSE if called from inside a run's task.
 *
 * Returns: (transfer full): the loop, or %NULL
 */
TRIO_API TrioLoop *trio_loop_new       (TrioWorld *world, TrioFunc main, gpointer data, const TrioLoopOptions *options,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_loop_turn:
 * @loop: a loop that is not done
 *
 * Takes one turn.
 *
 * Returns: when to take the next at the latest: %G_MININT64 for at once (something is runnable), a time on the world's clock (the next
 *   deadline), %G_MAXINT64 if only io or a wake-up can bring work
 */
TRIO_API gint64    trio_loop_turn      (TrioLoop *loop);

/**
 * trio_loop_turns:
 * @loop: a loop that is not done. Not from inside one of its turns
 * @max: how many turns at most; 1 or more
 * @taken: (out) (optional): how many it took
 *
 * trio_loop_turn(), and more turns while tasks are runnable. Several at once cost fewer switches to the driver and back.
 *
 * Returns: as trio_loop_turn()
 */
TRIO_API gint64    trio_loop_turns     (TrioLoop *loop, guint max, guint *taken);

/**
 * trio_loop_wait_begins:
 * @loop: a loop, between turns
 * @due: when the wait will end at the latest, on the world's clock
 *
 * A driver that waits between turns says so before its wait, for instruments.
 */
TRIO_API void      trio_loop_wait_begins (TrioLoop *loop, gint64 due);

/**
 * trio_loop_wait_ends:
 * @loop: a loop, between turns
 *
 * The same after its wait.
 */
TRIO_API void      trio_loop_wait_ends   (TrioLoop *loop);

/**
 * trio_loop_note_time:
 * @loop: a loop, between turns
 * @now: what the world's clock says, in microseconds
 *
 * A driver that has looked at the world's clock says what it saw, so that "since when" is right in dumps also for a run without
 * deadlines, which does not look by itself.
 */
TRIO_API void      trio_loop_note_time (TrioLoop *loop, gint64 now);

/**
 * trio_loop_is_done:
 * @loop: a loop
 *
 * Whether there is nothing left to do but trio_loop_finish(). Between turns.
 *
 * Returns: whether that is so
 */
TRIO_API gboolean  trio_loop_is_done   (TrioLoop *loop);

/**
 * trio_loop_get_cushion:
 * @loop: a loop, between turns
 *
 * Tasks may wait until everybody waits (trio_wait_idle()). For a driver that is about to wait: how much real time must then go by
 * without a turn, before it says trio_loop_tell_idle().
 *
 * Returns: that time, in microseconds; %G_MAXINT64 if nobody waits for that
 */
TRIO_API GTimeSpan trio_loop_get_cushion (TrioLoop *loop);

/**
 * trio_loop_tell_idle:
 * @loop: a loop, between turns
 *
 * The time of trio_loop_get_cushion() went by; the driver takes a turn at once. If nothing happens in that turn before its batch,
 * they wake.
 */
TRIO_API void      trio_loop_tell_idle (TrioLoop *loop);

/**
 * trio_loop_interrupt:
 * @loop: a loop
 *
 * Ctrl-C: %TRIO_ERROR_KEYBOARD_INTERRUPT at the current or next checkpoint of the main task, or of every task, as the policy of
 * the run says. Before main has started it is kept for it. From the thread of the run. Never suspends.
 */
TRIO_API void      trio_loop_interrupt (TrioLoop *loop);

/**
 * trio_loop_hold:
 * @loop: a loop
 *
 * Something other than tasks may still wake one: a look-up in a thread, say. As long as it was said more often than
 * trio_loop_release(), "nothing runnable" is no deadlock. From the thread of the run. Never suspends.
 */
TRIO_API void      trio_loop_hold      (TrioLoop *loop);

/**
 * trio_loop_release:
 * @loop: a loop that is held
 *
 * The end of one trio_loop_hold(). From the thread of the run. Never suspends.
 */
TRIO_API void      trio_loop_release   (TrioLoop *loop);

/**
 * trio_loop_get_holds:
 * @loop: a loop
 *
 * How often it is held. From the thread of the run.
 *
 * Returns: how many trio_loop_hold() had no trio_loop_release() yet
 */
TRIO_API guint     trio_loop_get_holds (TrioLoop *loop);

/**
 * trio_loop_foreach:
 * @loop: a loop, between turns
 * @func: (scope call): is called for each task, parents before their children, with its depth in the tree from 0; it changes
 *   nothing
 * @data: what @func gets
 *
 * All tasks of a run that is not this thread's current one just now; inside a turn it is trio_foreach_task().
 */
TRIO_API void      trio_loop_foreach   (TrioLoop *loop, void (*func) (TrioTask *task, guint depth, gpointer data), gpointer data);

/**
 * trio_loop_can_be_called:
 * @loop: a loop
 *
 * Whether another thread, or a signal handler, could call into the run: whether anybody but the run itself has a reference to its
 * token. From the thread of the run.
 *
 * Returns: whether that is so
 */
TRIO_API gboolean  trio_loop_can_be_called (TrioLoop *loop);

/**
 * trio_loop_break_deadlock:
 * @loop: a loop in which nothing can run and nothing can ever wake a task. Between turns
 *
 * For a driver that knows this: all tasks wait, there is no deadline, the io table has nobody who waits, no hold, no token elsewhere.
 * Cancels the main task with all that is in it, so that clean-up code runs, and makes the run fail with %TRIO_ERROR_DEADLOCK and a
 * report of who waits for what. If the run is stuck again after that, or main has ended already, there is nothing more to be done:
 * the tasks are left where they stand, and the loop is done after the next turn. trio_loop_finish() gives the error.
 */
TRIO_API void      trio_loop_break_deadlock (TrioLoop *loop);

/**
 * trio_loop_append_deadlock:
 * @loop: a loop, between turns
 * @out: gets the words
 *
 * The report of trio_loop_break_deadlock(), without doing anything: who waits for what.
 */
TRIO_API void      trio_loop_append_deadlock (TrioLoop *loop, GString *out);

/**
 * trio_loop_finish:
 * @loop: (transfer full): a loop that is done
 * @error: where main's error comes out
 *
 * Frees the loop.
 *
 * Returns: %TRUE if main returned %TRUE
 */
TRIO_API gboolean  trio_loop_finish    (TrioLoop *loop, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_loop_abandon:
 * @loop: (transfer full): a loop, done or not
 *
 * Frees the loop and its tasks' stacks without unwinding them: no clean-up code of any task runs, and what the tasks hold is lost. For a
 * simulator whose run has failed. Not from inside a task.
 */
TRIO_API void      trio_loop_abandon   (TrioLoop *loop);

/**
 * trio_task_abandon:
 * @task: a task; not main nor one around it, nor one that the caller is in. Inside a turn
 *
 * Takes it and all below it out of the run, as if the machine they are on had lost its power: none of them goes on, no clean-up code of theirs
 * runs, and what they hold is lost. Their waits are aborted, and waiters of what they would break by their end are told. To the nursery it
 * lives in it has ended well. For a simulator of several machines; what else they have there (sockets, threads) is the simulator's to take away.
 */
TRIO_API void      trio_task_abandon   (TrioTask *task);

/**
 * trio_task_halt:
 * @task: a task; not main nor one around it. Inside a turn
 *
 * It and all below it, and who is born there, do not go on until trio_task_resume(). They are woken meanwhile, and time goes on,
 * for them too. If the caller is among them it suspends, and goes on when it may; else it returns at once. No cancellation is
 * noticed here.
 */
TRIO_API void      trio_task_halt      (TrioTask *task) TRIO_CHECKPOINT;

/**
 * trio_task_resume:
 * @task: the task of a trio_task_halt(). Inside a turn
 *
 * They go on: those that were woken meanwhile are runnable now, in the order in which they were woken. Never suspends.
 */
TRIO_API void      trio_task_resume    (TrioTask *task);

/**
 * trio_task_begin_process:
 *
 * The calling task, and those that it starts from now on, are a process of their own (trio_process_local_get()), until the last of
 * them has ended. For a simulator of several machines. From a task. Never suspends.
 */
TRIO_API void      trio_task_begin_process (void);

/**
 * trio_loop_escape:
 * @loop: the loop whose turn it is
 *
 * From inside a task: never come back; the task's turn returns at once, and the loop is done. For trio_always() in a simulator,
 * which then abandons.
 */
TRIO_API void      trio_loop_escape    (TrioLoop *loop) G_GNUC_NORETURN;

/**
 * trio_loop_get_current:
 *
 * The loop whose turn it is on this thread. Never suspends.
 *
 * Returns: (transfer none) (nullable): the loop; %NULL if there is none, also in a strand
 */
TRIO_API TrioLoop  *trio_loop_get_current (void);

/**
 * trio_loop_get_world:
 * @loop: a loop
 *
 * What it stands on.
 *
 * Returns: (transfer none): the world
 */
TRIO_API TrioWorld *trio_loop_get_world   (TrioLoop *loop);

typedef struct
{
  guint64 steps;             /* task steps taken */
  guint64 turns;
  gsize   tasks_living;      /* the run's own first task included */
  gsize   tasks_runnable;
  gsize   scopes_open;       /* those of nurseries included */
  gint64  next_deadline;     /* G_MAXINT64 if there is none */
} TrioLoopStatistics;

/**
 * trio_loop_get_statistics:
 * @loop: a loop
 * @statistics: (out): how it is now
 *
 * A snapshot. From the thread of the run. Never suspends.
 */
TRIO_API void      trio_loop_get_statistics (TrioLoop *loop, TrioLoopStatistics *statistics);

G_END_DECLS
