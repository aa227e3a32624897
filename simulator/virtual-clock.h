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
/* "1.0204 s"; for a person. */
void trio_sim_append_time      (GString *out, gint64 time);

G_END_DECLS
