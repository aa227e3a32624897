/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The mock clock: time as a straight line over real time, from the last point at which somebody changed it.
 *
 *     mock time
 *        |            .-'     slope: the rate
 *        |         .-'
 *     at +------ x'           a jump, or another rate, begins a new line at what the clock shows then
 *        |       |
 *        +-------+----------  real time
 *             real_at
 *
 * It only answers; when to jump is the driver's business, who knows whether anything else can happen. */

#include <trio/testing/mock-clock.h>

#include <math.h>
#include <trio/seam/clock.h>

struct _TrioMockClock
{
  TrioClock  clock;
  TrioClock *real;
  gint64     real_at;
  gint64     at;
  double     rate;           /* not negative */
  GTimeSpan  threshold;      /* G_MAXINT64: no autojump */
};

static gint64
real_now (TrioClock *clock G_GNUC_UNUSED)
{
  return g_get_monotonic_time ();
}

static TrioClock real_clock = { .now = real_now };

static gint64
mock_now (TrioClock *clock)
{
  const TrioMockClock *self = (TrioMockClock *) clock;
  double moved;

  if (self->rate == 0)
    return self->at;
  moved = floor ((double) (self->real->now (self->real) - self->real_at) * self->rate);
  return moved >= (double) (G_MAXINT64 - self->at) ? G_MAXINT64 : self->at + (gint64) moved;
}

static GTimeSpan
mock_real_span (TrioClock *clock, gint64 due)
{
  const TrioMockClock *self = (TrioMockClock *) clock;
  gint64 now = mock_now (clock);
  double span;

  if (due <= now)
    return 0;
  span = ceil ((double) (due - now) / self->rate);
  return isfinite (span) && span < (double) G_MAXINT64 ? (GTimeSpan) span : G_MAXINT64;
}

static GTimeSpan
mock_jump_threshold (TrioClock *clock)
{
  return ((TrioMockClock *) clock)->threshold;
}

static void
begin_line (TrioMockClock *self, gint64 at)
{
  self->at = at;
  self->real_at = self->real->now (self->real);
}

static void
mock_jump_to (TrioClock *clock, gint64 due)
{
  begin_line ((TrioMockClock *) clock, MAX (due, mock_now (clock)));
}

TrioMockClock *
trio_mock_clock_new_on (TrioClock *real)
{
  TrioMockClock *self = g_new0 (TrioMockClock, 1);

  self->clock = (TrioClock) {
    .now = mock_now,
    .get_real_span = mock_real_span,
    .get_jump_threshold = mock_jump_threshold,
    .jump = mock_jump_to,
  };
  self->real = real;
  self->threshold = G_MAXINT64;
  begin_line (self, 0);
  return self;
}

TrioMockClock *
trio_mock_clock_new (void)
{
  return trio_mock_clock_new_on (&real_clock);
}

void
trio_mock_clock_free (TrioMockClock *clock)
{
  g_free (clock);
}

TrioClock *
trio_mock_clock_get_clock (TrioMockClock *clock)
{
  return &clock->clock;
}

void
trio_mock_clock_set_rate (TrioMockClock *clock, double rate)
{
  g_return_if_fail (clock != NULL);
  g_return_if_fail (isfinite (rate) && rate >= 0);

  begin_line (clock, mock_now (&clock->clock));
  clock->rate = rate;
}

double
trio_mock_clock_get_rate (TrioMockClock *clock)
{
  return clock->rate;
}

void
trio_mock_clock_jump (TrioMockClock *clock, GTimeSpan span)
{
  gint64 now;

  g_return_if_fail (clock != NULL);
  g_return_if_fail (span >= 0);

  now = mock_now (&clock->clock);
  begin_line (clock, span > G_MAXINT64 - now ? G_MAXINT64 : now + span);
}

void
trio_mock_clock_set_autojump_threshold (TrioMockClock *clock, GTimeSpan threshold)
{
  g_return_if_fail (clock != NULL);

  clock->threshold = MAX (threshold, 0);
}

GTimeSpan
trio_mock_clock_get_autojump_threshold (TrioMockClock *clock)
{
  return clock->threshold;
}
