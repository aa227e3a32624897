/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real clock. It has no state, so one serves every run on every thread. */

#include "host/clock.h"

static gint64
monotonic_now (TrioClock *self G_GNUC_UNUSED)
{
  return g_get_monotonic_time ();
}

TrioClock *
trio_monotonic_clock (void)
{
  static TrioClock clock = { .now = monotonic_now };

  return &clock;
}
