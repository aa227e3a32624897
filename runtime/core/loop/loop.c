/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The loop: a turn, in phases, and the switching of the batch.
 *
 *     take calls from other threads -> ask io -> expire deadlines (-> wake who waits for idleness) -> run the batch -> compute patience
 *
 * Always true:
 *  1. The batch is as many steps as there were runnable tasks when it began. What becomes runnable meanwhile goes in the next turn (first
 *     in, first out), or competes for this one's steps (with a choice seam). So io and deadlines are looked at between any two steps of
 *     the same task.
 *  2. A task that stops switches directly to the next one. When the batch is over it begins the next turn itself, on its own stack, if the
 *     driver allows several at once; else the driver's fiber goes on.
 *  3. The stack of a task that ended is given back by whoever needs one next, or ends next, or by the driver; never by itself.
 *  4. trio_loop_of_thread is the loop during its turns and NULL between them, so that one thread may have several attached runs.
 */

#include <trio/lowlevel/dump.h>

#include "core/kernel.h"

__thread TrioLoop *trio_loop_of_thread TRIO_TLS;

enum { PREFETCH_BELOW = 6, PREFETCH_ABOVE = 4 };      /* cache lines */

static void begin_turn (TrioLoop *loop);
static void run_batch (TrioLoop *loop);
static void look_at_deadlines (TrioLoop *loop);
static void look_at_idleness (TrioLoop *loop);

gint64
trio_loop_turn (TrioLoop *loop)
{
  return trio_loop_turns (loop, 1, NULL);
}

gint64
trio_loop_turns (TrioLoop *loop, guint max, guint *taken)
{
  TrioLoop *outer = trio_loop_of_thread;

  g_return_val_if_fail (loop != NULL && !loop->done, G_MAXINT64);
  g_return_val_if_fail (!loop->in_turn, G_MAXINT64);
  g_return_val_if_fail (max > 0, G_MAXINT64);

  trio_loop_of_thread = loop;
  loop->home = &trio_loop_of_thread;
  loop->in_turn = TRUE;
  loop->turns_left = max;

  begin_turn (loop);
  run_batch (loop);
  if (!loop->escaped)
    trio_check_loop (loop);

  if (loop->init == NULL && !loop->escaped)
    loop->done = trio_token_refuse (loop->token);
  if (loop->escaped || loop->internal_error != NULL)
    loop->done = TRUE;

  if (taken != NULL)
    *taken = max - loop->turns_left;
  loop->in_turn = FALSE;
  trio_loop_of_thread = outer;

  if (loop->n_runnable > 0 || loop->init == NULL)
    return G_MININT64;
  return trio_deadlines_next (&loop->deadlines);
}

static void
begin_turn (TrioLoop *loop)
{
  loop->turns++;
  loop->turns_left--;
  trio_loop_set_running (loop, NULL);
  trio_check_loop (loop);
  if (G_UNLIKELY (g_atomic_int_get (loop->n_calls) > 0))
    trio_token_run_pending (loop->token);
  if (loop->world->io != NULL && !loop->world->io->rests)
    loop->world->io->poll (loop->world->io);
  if (G_LIKELY (!loop->idle_told))
    look_at_deadlines (loop);
  else
    look_at_idleness (loop);
  loop->batch_left = G_LIKELY (loop->internal_error == NULL) ? loop->n_runnable : 0;
}

/* No deadline, no look at the clock: it costs more than a switch. */
static void
look_at_deadlines (TrioLoop *loop)
{
  if (loop->deadlines.n == 0)
    return;
  loop->now = loop->world->clock->now (loop->world->clock);
  trio_deadlines_expire (&loop->deadlines, loop->now);
}

/* A deadline that expires is no idleness, even if nobody is runnable because of it. */
G_GNUC_NO_INLINE static void
look_at_idleness (TrioLoop *loop)
{
  gsize n_armed = loop->deadlines.n - loop->deadlines.n_empty;

  loop->idle_told = FALSE;
  look_at_deadlines (loop);
  if (loop->n_runnable == 0 && loop->deadlines.n - loop->deadlines.n_empty == n_armed)
    trio_loop_wake_idle (loop);
}

/* With many tasks every stack is cold. While this task runs, fetch what the next one needs first: its record, and the frames below it. */
static inline void
prefetch_stack (TrioLink *run_link)
{
  const char *record = (const char *) TRIO_CONTAINER (run_link, TrioTask, run_link);

  for (int line = -PREFETCH_BELOW; line < PREFETCH_ABOVE; line++)
    __builtin_prefetch (record + line * 64, 1);
}

/* Who goes next: the fiber to switch to. Counts the batch down. `plain` is known when this is compiled: TRUE leaves out what is done for
 * choice seams and instruments. */
G_ALWAYS_INLINE static inline TrioFiber *
next_fiber (TrioLoop *loop, gboolean plain)
{
  TrioTask *task;

  if (loop->batch_left == 0)
    {
      if (loop->turns_left > 0 && loop->n_runnable > 0)
        begin_turn (loop);
      if (loop->batch_left == 0)
        {
          trio_loop_set_running (loop, NULL);
          return &loop->fiber;
        }
    }
  loop->batch_left--;

  if (plain || G_LIKELY (loop->choice == NULL) || loop->n_runnable == 1)
    task = TRIO_CONTAINER (loop->runnable.next, TrioTask, run_link);
  else
    task = trio_choose_runnable (loop);
  trio_link_unlink (&task->run_link);
  loop->n_runnable--;
  if (loop->n_runnable > 8)
    prefetch_stack (loop->runnable.next);

  task->state = TRIO_TASK_RUNNING;
  trio_loop_set_running (loop, task);
  trio_loop_count_step (loop);
  trio_check_task (task);
  if (!plain)
    {
      task->passed_over = 0;
      TRIO_NOTIFY (loop, before_task_step, task);
    }
  return &task->fiber;
}

static void
run_batch (TrioLoop *loop)
{
  TrioFiber *next = next_fiber (loop, FALSE);

  if (next != &loop->fiber)
    trio_fiber_switch (&loop->fiber, next);
  trio_loop_bury (loop);
}

/* The running task stops here. Returns when it runs again: TRUE, and as its last act. Then callers for whom it is the last act, too, have
 * no frame at that time, and the switch returns right to where the program waits. Each return between would be mispredicted unless the two
 * tasks wait in the same function (5 ns each; a message through a buffer: 72 ns, or 60). */
G_ALWAYS_INLINE static inline gboolean
stop (TrioLoop *loop, TrioTask *from, gboolean plain)
{
  TrioFiber *next;

  from->n_schedule_points++;
  if (!plain)
    TRIO_NOTIFY (loop, after_task_step, from);
  trio_check_task (from);
  next = next_fiber (loop, plain);
  /* With a choice seam a task may follow upon itself. */
  if (next == &from->fiber)
    return TRUE;
  return trio_fiber_switch (&from->fiber, next);
}

/* It has said what it is now: RUNNABLE or BLOCKED. */
gboolean
trio_loop_switch_away (TrioLoop *loop, TrioTask *from)
{
  return G_LIKELY (loop->plain) ? stop (loop, from, TRUE) : stop (loop, from, FALSE);
}

/* It lets those run that can. The most frequent of all, so the ordinary way has nothing that it does not need. */
gboolean
trio_task_yield (TrioTask *task)
{
  TrioLoop *loop = task->loop;

  trio_loop_put_in_line (loop, task);
  return G_LIKELY (loop->plain) ? stop (loop, task, TRUE) : trio_loop_switch_away (loop, task);
}

/* The running task is DONE. Returns the fiber that goes on after it. Whoever is looked for here, on the stack of the one that ends, may be
 * found in a new turn, in which tasks are spawned (by threads); so nobody may take that stack before. */
TrioFiber *
trio_loop_leave_last (TrioLoop *loop, TrioTask *from)
{
  TrioFiber *next;

  trio_loop_bury (loop);
  next = next_fiber (loop, FALSE);
  loop->corpse = from;
  return next;
}

/* The run cannot go on: a rule that keeps it together was broken. The driver sees that it is done and finishes it; tasks are left where
 * they stand. */
void
trio_loop_fail (TrioLoop *loop, const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  loop->internal_error = trio_error_merge (loop->internal_error, g_error_new (TRIO_ERROR, TRIO_ERROR_INTERNAL, "internal error: %s", text));
  loop->batch_left = 0;
  loop->turns_left = 0;
  trio_loop_nudge (loop);
}

void
trio_loop_escape (TrioLoop *loop)
{
  TrioTask *task = loop->running;

  g_assert (task != NULL && loop == trio_loop_of_thread);

  loop->escaped = TRUE;
  loop->batch_left = 0;
  loop->turns_left = 0;
  trio_loop_set_running (loop, NULL);
  trio_fiber_switch (&task->fiber, &loop->fiber);
  g_assert_not_reached ();
}

void
trio_loop_note_time (TrioLoop *loop, gint64 now)
{
  loop->now = now;
}

guint64
trio_loop_peek (TrioLoop *loop, TrioTask **running)
{
  *running = __atomic_load_n (&loop->running, __ATOMIC_RELAXED);
  return __atomic_load_n (&loop->steps, __ATOMIC_RELAXED);
}

gboolean
trio_loop_is_done (TrioLoop *loop)
{
  return loop->done;
}

TrioLoop *
trio_loop_get_current (void)
{
  return trio_loop_of_thread;
}

TrioWorld *
trio_loop_get_world (TrioLoop *loop)
{
  return loop->world;
}

void
trio_loop_hold (TrioLoop *loop)
{
  loop->n_holds++;
}

void
trio_loop_release (TrioLoop *loop)
{
  g_return_if_fail (loop->n_holds > 0);
  loop->n_holds--;
}

guint
trio_loop_get_holds (TrioLoop *loop)
{
  return loop->n_holds;
}

void
trio_loop_get_statistics (TrioLoop *loop, TrioLoopStatistics *statistics)
{
  *statistics = (TrioLoopStatistics) {
    .steps = loop->steps,
    .turns = loop->turns,
    .tasks_living = loop->n_tasks,
    .tasks_runnable = loop->n_runnable,
    .scopes_open = loop->n_scopes,
    .next_deadline = trio_deadlines_next (&loop->deadlines),
  };
}

gint64
trio_current_time (void)
{
  TrioLoop *loop = trio_loop_of_thread;

  g_return_val_if_fail (loop != NULL, 0);
  return loop->world->clock->now (loop->world->clock);
}

gint64
trio_current_real_time (void)
{
  TrioLoop *loop = trio_loop_of_thread;
  TrioClock *clock;

  g_return_val_if_fail (loop != NULL, 0);
  clock = loop->world->clock;
  return clock->real_now != NULL ? clock->real_now (clock) : clock->now (clock);
}

TrioIo *
trio_current_io (void)
{
  TrioLoop *loop = trio_loop_of_thread;

  if (loop == NULL || loop->world->io == NULL)
    g_error ("there is no run on this thread that has sockets: call this from a task");
  return loop->world->io;
}

TrioThreads *
trio_current_threads (void)
{
  TrioLoop *loop = trio_loop_of_thread;

  return loop != NULL ? loop->world->threads : NULL;
}

TrioSignals *
trio_current_signals (void)
{
  TrioLoop *loop = trio_loop_of_thread;

  TrioSignals *signals = loop != NULL ? loop->world->signals : NULL;

  return signals != NULL && signals->of_caller != NULL ? signals->of_caller (signals) : signals;
}

TrioFiles *
trio_current_files (void)
{
  TrioLoop *loop = trio_loop_of_thread;

  return loop != NULL ? loop->world->files : NULL;
}
