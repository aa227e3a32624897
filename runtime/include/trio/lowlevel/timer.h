/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A timer: a function that the loop calls when a time has come. For waits that end by themselves; a program that wants to give up
 * after a while opens a cancel scope instead.
 *
 *   typedef struct { TrioTimer timer; TrioTask *task; } Nap;
 *
 *   static void
 *   wake (TrioTimer *timer)
 *   {
 *     trio_reschedule (((Nap *) timer)->task, NULL);
 *   }
 *
 * It lies in its owner's memory and allocates nothing. All of it only from the thread of the run. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioTimer TrioTimer;

/**
 * TrioTimerFunc:
 * @timer: the timer, which is disarmed already and may be armed again
 *
 * Called from the loop, outside any task. It must not suspend.
 */
typedef void (*TrioTimerFunc) (TrioTimer *timer);

struct _TrioTimer
{
  TrioTimerFunc func;
  /*< private >*/
  TrioLoop     *loop;               /* while it is armed */
  gpointer      heap[2];
};

/**
 * trio_timer_init:
 * @timer: memory for a timer
 * @func: what it calls
 *
 * Makes it a timer that is not armed.
 */
TRIO_API void     trio_timer_init     (TrioTimer *timer, TrioTimerFunc func);

/**
 * trio_timer_arm:
 * @timer: a timer that is not armed, or whose time is to be another one
 * @due: when, on the clock of trio_current_time(); a time that has passed means the next turn of the loop
 *
 * Timers and deadlines expire in order of time; at the same time, in order of arming. Never suspends. Only inside a run (critical
 * otherwise). A timer must be disarmed before its memory is given up.
 */
TRIO_API void     trio_timer_arm      (TrioTimer *timer, gint64 due);

/**
 * trio_timer_disarm:
 * @timer: a timer
 *
 * It does not call any more. Does nothing for one that is not armed. Never suspends.
 */
TRIO_API void     trio_timer_disarm   (TrioTimer *timer);

/**
 * trio_timer_is_armed:
 * @timer: a timer
 *
 * Never suspends.
 *
 * Returns: whether it is going to call
 */
TRIO_API gboolean trio_timer_is_armed (const TrioTimer *timer);

G_END_DECLS
