/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real clocks. They have no state, so one object serves every run on every thread. */

#include "host/clock.h"

static gint64
monotonic_now (TrioClock *self G_GNUC_UNUSED)
{
  return g_get_monotonic_time ();
}

static gint64
real_now (TrioClock *self G_GNUC_UNUSED)
{
  return g_get_real_time ();
}

TrioClock *
trio_monotonic_clock (void)
{
  static TrioClock clock = { .now = monotonic_now, .real_now = real_now };

  return &clock;
}
