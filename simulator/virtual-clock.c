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

void
trio_sim_append_time (GString *out, gint64 time)
{
  const gint64 second = G_TIME_SPAN_SECOND;
  guint digits = 6;
  gint64 fraction = time % second;

  while (digits > 0 && fraction % 10 == 0)
    {
      fraction /= 10;
      digits--;
    }
  g_string_append_printf (out, "%" G_GINT64_FORMAT, time / second);
  if (digits > 0)
    g_string_append_printf (out, ".%0*d", (int) digits, (int) fraction);
  g_string_append (out, " s");
}
