/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Instruments: watchers of a run, in the real world and in the simulator alike. The trace recorder is one. Each hook may be NULL.
 * Hooks run on the thread of the run, must not suspend, and must not change what the run does. */

#pragma once

#include <trio/lowlevel/access.h>
#include <trio/lowlevel/task.h>
#include <trio/seam/choice.h>

G_BEGIN_DECLS

struct _TrioInstrument
{
  const char *name;

  void (*run_started)      (TrioInstrument *self);
  void (*run_finished)     (TrioInstrument *self);

  void (*task_spawned)     (TrioInstrument *self, TrioTask *task);
  /* `by` is the task that was running then; NULL for the loop (a deadline, io, another thread). */
  void (*task_scheduled)   (TrioInstrument *self, TrioTask *task, TrioTask *by);
  void (*before_task_step) (TrioInstrument *self, TrioTask *task);
  /* trio_task_get_state() and trio_task_get_wait() say how the step ended. */
  void (*after_task_step)  (TrioInstrument *self, TrioTask *task);
  /* After its last step. error is what it failed with, or NULL. */
  void (*task_exited)      (TrioInstrument *self, TrioTask *task, const GError *error);

  /* A task is at a checkpoint, in the public function `what`, before anything is injected there. Only in a world with a choice seam:
   * a simulated one. */
  void (*checkpoint)       (TrioInstrument *self, TrioTask *task, const char *what);
  /* The error of a cancellation, or of Ctrl-C, is about to come out of what a task waits in: it has been noticed. */
  void (*cancel_raised)    (TrioInstrument *self, TrioTask *task);

  /* Around a real or virtual wait; due is the time it would end at the latest. */
  void (*before_io_wait)   (TrioInstrument *self, gint64 due);
  void (*after_io_wait)    (TrioInstrument *self);

  void (*scope_opened)     (TrioInstrument *self, TrioTask *task, TrioCancelScope *scope);
  void (*scope_closed)     (TrioInstrument *self, TrioTask *task, TrioCancelScope *scope);
  /* trio_cancel_scope_get_reason() says why. */
  void (*scope_cancelled)  (TrioInstrument *self, TrioCancelScope *scope);
  void (*interrupted)      (TrioInstrument *self);

  /* A choice that was not the dull one. */
  void (*decided)          (TrioInstrument *self, const TrioChoicePoint *point, guint32 value);

  /* Text that a task says about itself; see trio_annotate(). */
  void (*annotated)        (TrioInstrument *self, TrioTask *task, const char *text);
  /* A message leaves (begins) or arrives; the two ends have the same id and label. task may be NULL. */
  void (*flow)             (TrioInstrument *self, TrioTask *task, guint64 id, gboolean begins, const char *label);

  /* The running step touches an object; task is NULL for the loop. Only while trio_watch_accesses() is in force. */
  void (*accessed)         (TrioInstrument *self, TrioTask *task, gconstpointer object, TrioAccess access);

  /*< private >*/
  TrioInstrument *next;
};

/**
 * trio_add_instrument:
 * @instrument: (transfer none): an instrument; it must stay alive until it is removed or the run ends
 *
 * Starts watching the current run. An instrument watches one run at a time. One that watches it already is a programmer's mistake (critical), and goes
 * on watching.
 */
TRIO_API void trio_add_instrument    (TrioInstrument *instrument);

/**
 * trio_remove_instrument:
 * @instrument: one that watches the current run
 *
 * Stops watching; also from one of its own hooks. One that does not watch is a programmer's mistake (critical).
 */
TRIO_API void trio_remove_instrument (TrioInstrument *instrument);

/**
 * trio_instrument_fail:
 * @instrument: an instrument of the current run; most often the one whose hook is being called
 * @error: (transfer full): what went wrong
 *
 * How a hook fails: it has no caller to return an error to, and a watcher must not bring down what it watches. Reports @error as a
 * critical and takes @instrument, and no other, out of the run; none of its hooks is called any more.
 */
TRIO_API void trio_instrument_fail   (TrioInstrument *instrument, GError *error);

/**
 * trio_annotate:
 * @format: printf() format, then its arguments
 *
 * Says something in the trace, at this moment, on the lane of the calling task. Costs one test when nobody watches.
 */
TRIO_API void trio_annotate (const char *format, ...) G_GNUC_PRINTF (1, 2);

/**
 * trio_flow:
 * @id: the same number at both ends; trio_flow_new_id() gives a fresh one
 * @begins: %TRUE where the message leaves, %FALSE where it arrives
 * @label: static; what is handed over
 *
 * Draws an arrow in the trace from the calling task's lane to another's.
 */
TRIO_API void    trio_flow        (guint64 id, gboolean begins, const char *label);

/**
 * trio_flow_new_id:
 *
 * Never suspends.
 *
 * Returns: a number for trio_flow() that this run has not used yet; 0 if nobody watches
 */
TRIO_API guint64 trio_flow_new_id (void);

/*< private >*/
TRIO_API extern int trio_instruments_at_work;       /* (atomic), in all runs of the process */

/**
 * trio_run_is_watched:
 *
 * What trio_is_watched() calls when some run is watched; call that. Never suspends.
 *
 * Returns: whether this thread's is
 */
TRIO_API gboolean trio_run_is_watched (void);

/**
 * trio_is_watched:
 *
 * For those who would have to do work only to be watched. Never suspends.
 *
 * Returns: whether there is a run, and an instrument watches it
 */
static inline gboolean
trio_is_watched (void)
{
  return G_UNLIKELY (__atomic_load_n (&trio_instruments_at_work, __ATOMIC_RELAXED) > 0) && trio_run_is_watched ();
}

G_END_DECLS
