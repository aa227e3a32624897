/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Timers for those who extend the runtime: a deadline of the loop's heap, in the owner's memory. */

#include <trio/lowlevel/access.h>
#include <trio/lowlevel/timer.h>

#include "core/kernel.h"

/* The public header knows neither what a deadline is nor how large. */
G_STATIC_ASSERT (sizeof (TrioDeadline) == sizeof (((TrioTimer *) NULL)->heap));
G_STATIC_ASSERT (G_ALIGNOF (TrioDeadline) <= G_ALIGNOF (gpointer));

static TrioDeadline *
deadline_of (TrioTimer *timer)
{
  return (TrioDeadline *) (gpointer) timer->heap;
}

static void
expire (TrioDeadline *deadline)
{
  TrioTimer *timer = (TrioTimer *) (gpointer) ((char *) deadline - G_STRUCT_OFFSET (TrioTimer, heap));

  timer->loop = NULL;
  timer->func (timer);
}

void
trio_timer_init (TrioTimer *timer, TrioTimerFunc func)
{
  g_return_if_fail (timer != NULL && func != NULL);

  timer->func = func;
  timer->loop = NULL;
  trio_deadline_init (deadline_of (timer), expire);
}

void
trio_timer_arm (TrioTimer *timer, gint64 due)
{
  TrioLoop *loop = trio_loop_of_thread;

  g_return_if_fail (timer != NULL);
  g_return_if_fail (loop != NULL);

  /* Of two for the same time the one that was armed first expires first. */
  trio_note_access (&loop->deadlines, TRIO_ACCESS_WRITE);
  trio_timer_disarm (timer);
  timer->loop = loop;
  trio_loop_arm (loop, deadline_of (timer), due);
}

void
trio_timer_disarm (TrioTimer *timer)
{
  g_return_if_fail (timer != NULL);

  if (timer->loop == NULL)
    return;
  trio_deadlines_disarm (&timer->loop->deadlines, deadline_of (timer));
  timer->loop = NULL;
}

gboolean
trio_timer_is_armed (const TrioTimer *timer)
{
  g_return_val_if_fail (timer != NULL, FALSE);
  return timer->loop != NULL;
}
