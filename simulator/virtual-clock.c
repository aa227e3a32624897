/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Virtual time; see virtual-clock.h. */

#include "simulator/virtual-clock.h"

static gint64
now (TrioClock *clock)
{
  const TrioSimClock *self = (TrioSimClock *) clock;

  return self->say == NULL ? self->now : self->say (self->now);
}

void
trio_sim_clock_init (TrioSimClock *clock)
{
  *clock = (TrioSimClock) { .clock = { .now = now } };
}

void
trio_sim_clock_advance_to (TrioSimClock *clock, gint64 time)
{
  g_assert (time >= clock->now);
  clock->now = time;
}

gint64
trio_sim_time_after (gint64 time, GTimeSpan span)
{
  return span < G_MAXINT64 - time ? time + MAX (span, 0) : G_MAXINT64;
}
