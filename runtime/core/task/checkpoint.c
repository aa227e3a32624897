/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Checkpoints and sleeping: the smallest things that suspend. */

#include <trio/checkpoint.h>
#include <trio/lowlevel/dump.h>

#include "core/kernel.h"

gboolean
trio_checkpoint (GError **error)
{
  TrioTask *task = trio_task_require_current ("trio_checkpoint", error);

  if (G_UNLIKELY (task == NULL))
    return FALSE;
  if (G_UNLIKELY (task->loop->choice != NULL))
    trio_inject (task, "trio_checkpoint");
  task->n_cancel_points++;
  if (!TRIO_MUTATION (checkpoint_lets_nobody_run))
    trio_task_yield (task);
  if (!trio_task_is_cancelled (task) || TRIO_MUTATION (checkpoint_not_cancelled))
    return TRUE;
  g_propagate_error (error, trio_task_raise_cancel (task));
  return FALSE;
}

gboolean
(trio_checkpoint_if_cancelled) (GError **error)
{
  return trio_checkpoint_if_cancelled_in ("trio_checkpoint_if_cancelled", error);
}

/* What a checkpoint does that is not ordinary. Apart, so that the ordinary way needs no more registers than it has. */
G_GNUC_NO_INLINE TRIO_CHECKPOINT static gboolean
check_closely (TrioTask *task, const char *what, GError **error)
{
  if (task->loop->choice != NULL)
    trio_inject (task, what);
  task->n_cancel_points++;
  if (!trio_task_is_cancelled (task))
    return TRUE;
  trio_task_yield (task);
  /* Whoever ran meanwhile may have put up a shield. */
  if (!trio_task_is_cancelled (task))
    return TRUE;
  g_propagate_error (error, trio_task_raise_cancel (task));
  return FALSE;
}

gboolean
trio_checkpoint_if_cancelled_in (const char *what, GError **error)
{
  TrioTask *task = trio_task_require_current (what, error);

  if (G_UNLIKELY (task == NULL))
    return FALSE;
  if (G_UNLIKELY (task->loop->choice != NULL || trio_task_is_cancelled (task)))
    return check_closely (task, what, error);
  task->n_cancel_points++;
  return TRUE;
}

void
trio_cancel_shielded_checkpoint (void)
{
  TrioTask *task = trio_task_require_current ("trio_cancel_shielded_checkpoint", NULL);

  if (G_LIKELY (task != NULL) && !TRIO_MUTATION (shielded_checkpoint_lets_nobody_run))
    trio_task_yield (task);
}

gboolean
trio_finish_checkpoint (void)
{
  TrioTask *task = trio_task_require_current ("trio_finish_checkpoint", NULL);

  if (G_UNLIKELY (task == NULL) || TRIO_MUTATION (finished_checkpoint_lets_nobody_run))
    return TRUE;
  return trio_task_yield (task);
}

/* A sleeper is a deadline in its own frame. */
typedef struct
{
  TrioDeadline  deadline;
  TrioTask     *task;
  gint64        due;
} Sleeper;

static void
wake_sleeper (TrioDeadline *deadline)
{
  trio_reschedule (TRIO_CONTAINER (deadline, Sleeper, deadline)->task, NULL);
}

static TrioAbort
abort_sleep (TrioTask *task, gpointer data)
{
  Sleeper *sleeper = data;

  if (!TRIO_MUTATION (cancelled_sleeper_still_armed))
    trio_deadlines_disarm (&task->loop->deadlines, &sleeper->deadline);
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_sleep (gpointer data, GString *out)
{
  Sleeper *sleeper = data;
  TrioClock *clock = sleeper->task->loop->world->clock;

  g_string_append_printf (out, "%s more", trio_span_in_seconds (sleeper->due - clock->now (clock)).text);
}

/* Part of the public functions, so that their names are in the stack of whoever sleeps. */
G_ALWAYS_INLINE static inline gboolean
sleep_until (TrioTask *task, gint64 due, const TrioWaitClass *klass, GError **error)
{
  Sleeper sleeper = { .task = task, .due = due };

  trio_deadline_init (&sleeper.deadline, wake_sleeper);
  trio_loop_arm (task->loop, &sleeper.deadline, due);
  return trio_wait (klass, &sleeper, error);
}

gboolean
trio_sleep_until (gint64 due, GError **error)
{
  static const TrioWaitClass klass = { "trio_sleep_until", abort_sleep, describe_sleep };
  TrioTask *task = trio_task_require_current (klass.what, error);

  if (G_UNLIKELY (task == NULL))
    return FALSE;
  if (due <= trio_current_time ())
    return trio_checkpoint (error);
  return sleep_until (task, due, &klass, error);
}

gboolean
trio_sleep (GTimeSpan span, GError **error)
{
  static const TrioWaitClass klass = { "trio_sleep", abort_sleep, describe_sleep };
  TrioTask *task = trio_task_require_current (klass.what, error);
  gint64 now;

  if (G_UNLIKELY (task == NULL))
    return FALSE;
  if (span <= 0)
    return trio_checkpoint (error);
  now = trio_current_time ();
  if (span >= G_MAXINT64 - now)
    return trio_sleep_forever (error);
  return sleep_until (task, now + span, &klass, error);
}

static TrioAbort
abort_forever (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

gboolean
trio_sleep_forever (GError **error)
{
  static const TrioWaitClass klass = { "trio_sleep_forever", abort_forever, NULL };

  if (G_UNLIKELY (trio_wait (&klass, NULL, error)))
    {
      /* Nobody but the runtime knows of this wait. */
      trio_loop_fail (trio_loop_of_thread, "a task in trio_sleep_forever() was rescheduled without an error");
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_INTERNAL, "trio_sleep_forever() ended");
    }
  return FALSE;
}
