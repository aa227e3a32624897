/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Virtual time: a number that only the driver moves. It begins at 0, stands still while a task runs, and jumps to the next deadline
 * or message when nobody can run. */

#pragma once

#include <trio/seam/clock.h>

G_BEGIN_DECLS

typedef struct
{
  TrioClock clock;
  gint64    now;
  gint64  (*say)  (gint64 now);   /* what it says to the calling task; NULL: the same to all */
} TrioSimClock;

void trio_sim_clock_init       (TrioSimClock *clock);
/* Never goes back. */
void trio_sim_clock_advance_to (TrioSimClock *clock, gint64 time);
/* So long after that; G_MAXINT64, never, if that is later than time can be. */
gint64 trio_sim_time_after     (gint64 time, GTimeSpan span);

G_END_DECLS
