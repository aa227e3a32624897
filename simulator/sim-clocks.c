/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the clocks of a host say. See sim-hosts.h.
 *
 *     monotonic    offset + the world's time + drift          from each start on; deadlines and sleeps follow it
 *     wall         1970 … TRIO_SIM_EPOCH + monotonic + steps  what it was set to stays when the host comes up again
 *                  + what it has been slewed by so far
 *
 * One crystal drives both, so that a drift is seen on both; only the wall clock is ever set, at once or little by little. The tape is asked for that when
 * somebody reads it, since nobody else could tell. */

#include "simulator/sim-hosts.h"

#include <trio/lowlevel/access.h>
#include <trio/lowlevel/task.h>

#include "simulator/sim-world.h"

/* 2026-01-01 00:00 UTC: when the world's time is 0. */
#define TRIO_SIM_EPOCH (G_GINT64_CONSTANT (1767225600) * G_TIME_SPAN_SECOND)

/* --- the monotonic clock --- */

/* By so many microseconds two roundings may miss, one each way. */
#define ROUNDED 2

/* span * numerator / denominator, rounded down for a span that is not negative, without an overflow on the way. */
static gint64
scale (gint64 span, gint64 numerator, gint64 denominator)
{
  gint64 rest = span % denominator * numerator;

  return span / denominator * numerator + rest / denominator - (rest % denominator < 0);
}

gint64
trio_sim_host_get_time (const TrioSimHost *host, gint64 now)
{
  const TrioSimHostClock *clock = &host->clock;

  return clock->offset + now + scale (now - clock->since, clock->drift_ppm, 1000000);
}

gint64
trio_sim_host_get_world_time (const TrioSimHost *host, gint64 due)
{
  const TrioSimHostClock *clock = &host->clock;
  gint64 span = due - trio_sim_host_get_time (host, clock->since);
  gint64 slip, time;

  if (span <= 0)
    return clock->since;
  slip = scale (span, clock->drift_ppm, 1000000 + clock->drift_ppm);
  /* What lies so far ahead that it has no time in the world never comes. */
  if (due > G_MAXINT64 - ROUNDED || clock->since + ROUNDED - slip > G_MAXINT64 - span)
    return G_MAXINT64;
  time = clock->since + span - slip;
  /* Never too early. */
  for (time -= ROUNDED; trio_sim_host_get_time (host, time) < due; time++)
    ;
  return time;
}

static gint64
say (gint64 now)
{
  const TrioSimHost *host = trio_task_local_get (&trio_sim_host_of_task);

  return host == NULL ? now : trio_sim_host_get_time (host, now);
}

static gint64
to_loop (TrioClock *clock G_GNUC_UNUSED, gint64 due)
{
  const TrioSimHost *host = trio_task_local_get (&trio_sim_host_of_task);

  return host == NULL ? due : trio_sim_host_get_world_time (host, due);
}

/* --- the wall clock --- */

static const struct
{
  gint64      span;
  const char *words;
} steps[] = {
  { 0, "" },
  { G_TIME_SPAN_SECOND, "1 s ahead" },
  { -G_TIME_SPAN_SECOND, "1 s back" },
  { G_TIME_SPAN_MINUTE, "a minute ahead" },
  { -G_TIME_SPAN_MINUTE, "a minute back" },
  { G_TIME_SPAN_DAY, "a day ahead" },
  { -G_TIME_SPAN_DAY, "a day back" },
};

static void
describe_step (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_string_append_printf (out, "the wall clock of %s was set %s", trio_sim_host_describe (point->data), steps[value].words);
}

static gint64
get_slewed (const TrioSimHost *host)
{
  const TrioSimSlew *slew = &host->slew;
  gint64 done = slew->span == 0 ? 0 : scale (host->net->clock->now - slew->since, slew->rate_ppm, 1000000);

  return slew->span < 0 ? MAX (-done, slew->span) : MIN (done, slew->span);
}

/* Whoever sets it ends what was being set little by little, as Linux does. */
static void
step (TrioSimHost *host, GTimeSpan span)
{
  trio_note_access (host, TRIO_ACCESS_WRITE);
  host->stepped += get_slewed (host) + span;
  host->slew = (TrioSimSlew) { 0 };
}

static void
slew (TrioSimHost *host, GTimeSpan span, int rate_ppm)
{
  step (host, 0);
  host->slew = (TrioSimSlew) { .span = span, .since = host->net->clock->now, .rate_ppm = rate_ppm };
}

static void
ask_for_step (TrioSimHost *host)
{
  static const guint32 weights[] = { 60, 1, 1, 1, 1, 1, 1 };
  const TrioChoicePoint point = {
    .label = "fault.clock.step",
    .bound = G_N_ELEMENTS (steps),
    .weights = weights,
    .what = "trio_current_real_time",
    .describe = describe_step,
    .data = host,
  };
  guint32 value = trio_sim_tape_allows (host->net->tape, TRIO_SIM_INJECT_FAULT) ? trio_choose (&point) : 0;

  if (value != 0)
    step (host, steps[value].span);
}

/* At 100 ms a second, the most that daemons of NTP do; Linux' adjtime () alone does 0.5. */
#define SLEW_PPM 100000

static const struct
{
  gint64      span;
  const char *words;
} slews[] = {
  { 0, "" },
  { G_TIME_SPAN_SECOND, "1 s ahead" },
  { -G_TIME_SPAN_SECOND, "1 s back" },
  { G_TIME_SPAN_MINUTE, "a minute ahead" },
  { -G_TIME_SPAN_MINUTE, "a minute back" },
};

static void
describe_slew (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_string_append_printf (out, "the wall clock of %s began to be set %s, 100 ms in a second", trio_sim_host_describe (point->data), slews[value].words);
}

static void
ask_for_slew (TrioSimHost *host)
{
  static const guint32 weights[] = { 60, 1, 1, 1, 1 };
  const TrioChoicePoint point = {
    .label = "fault.clock.slew",
    .bound = G_N_ELEMENTS (slews),
    .weights = weights,
    .what = "trio_current_real_time",
    .describe = describe_slew,
    .data = host,
  };
  guint32 value = trio_sim_tape_allows (host->net->tape, TRIO_SIM_INJECT_FAULT) ? trio_choose (&point) : 0;

  if (value != 0)
    slew (host, slews[value].span, SLEW_PPM);
}

gint64
trio_sim_host_get_real_time (const TrioSimHost *host)
{
  return TRIO_SIM_EPOCH + trio_sim_host_get_time (host, host->net->clock->now) + host->stepped + get_slewed (host);
}

/* That of the task, or of the thread, that asks. */
static const TrioSimHost *
host_of_caller (const TrioSimWorld *world)
{
  const TrioSimHost *host = trio_current_task () != NULL ? trio_task_local_get (&trio_sim_host_of_task) : trio_sim_threads_get_host (&world->threads);

  return host != NULL ? host : g_ptr_array_index (world->net->hosts, 0);
}

gint64
trio_sim_world_get_real_time (TrioSimWorld *world)
{
  const TrioSimHost *host = host_of_caller (world);

  if (trio_current_task () != NULL)
    {
      ask_for_step ((TrioSimHost *) host);
      ask_for_slew ((TrioSimHost *) host);
      trio_note_access (host, TRIO_ACCESS_READ);
    }
  return trio_sim_host_get_real_time (host);
}

gint64
trio_sim_world_look_at_wall (TrioSimWorld *world)
{
  return trio_sim_host_get_real_time (host_of_caller (world));
}

static gint64
real_now (TrioClock *clock G_GNUC_UNUSED)
{
  return trio_sim_world_get_real_time (trio_sim_world_get_current ());
}

/* --- setting them --- */

void
trio_sim_hosts_init_clocks (TrioSimNet *net)
{
  net->clock->clock.real_now = real_now;
}

void
trio_sim_hosts_wind_clocks (TrioSimNet *net)
{
  net->clock->say = say;
  net->clock->clock.to_loop = to_loop;
}

void
trio_sim_host_set_clock (TrioSimHost *host, GTimeSpan offset, int drift_ppm)
{
  g_return_if_fail (host != NULL && offset >= 0 && drift_ppm > -1000000);
  host->next_clock = (TrioSimHostClock) { .offset = offset, .drift_ppm = drift_ppm };
}

void
trio_sim_host_step_clock (TrioSimHost *host, GTimeSpan span)
{
  step (trio_sim_host_or_own (host, "trio_sim_host_step_clock"), span);
}

void
trio_sim_host_slew_clock (TrioSimHost *host, GTimeSpan span, int rate_ppm)
{
  g_return_if_fail (rate_ppm > 0 && rate_ppm <= 500000);
  slew (trio_sim_host_or_own (host, "trio_sim_host_slew_clock"), span, rate_ppm);
}

/* --- what is wrong with them from the start --- */

static const struct
{
  gint64      offset;
  gint64      drift_ppm;
  const char *words;
} clocks[] = {
  { 0, 0, "" },
  { 0, 1000, "gains 1 ms a second" },
  { 0, -1000, "loses 1 ms a second" },
  { 0, 100000, "gains 100 ms a second" },
  { 0, -100000, "loses 100 ms a second" },
  { G_TIME_SPAN_HOUR, 0, "is an hour ahead" },
};

static void
describe_clock (const TrioChoicePoint *point, guint32 value, GString *out)
{
  g_string_append_printf (out, "the clock of %s %s", trio_sim_host_describe (point->data), clocks[value].words);
}

void
trio_sim_choose_clock (TrioSimHost *host)
{
  static const guint32 weights[] = { 8, 1, 1, 1, 1, 1 };
  const TrioChoicePoint point = {
    .label = "fault.host.clock",
    .bound = G_N_ELEMENTS (clocks),
    .weights = weights,
    .what = "start",
    .describe = describe_clock,
    .data = host,
  };
  guint32 value = trio_sim_tape_allows (host->net->tape, TRIO_SIM_INJECT_FAULT) ? trio_choose (&point) : 0;

  host->clock.offset += clocks[value].offset;
  host->clock.drift_ppm += clocks[value].drift_ppm;
}
