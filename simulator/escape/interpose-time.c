/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Clocks and sleeping. A host of a run has two clocks, both of microseconds: a monotonic one, and one on the wall. */

#include "simulator/escape/interpose.h"

#include <sys/time.h>
#include <sys/times.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

const char trio_sim_front_time = 1;

static void
to_timespec (gint64 us, struct timespec *out)
{
  out->tv_sec = us / G_USEC_PER_SEC;
  out->tv_nsec = us % G_USEC_PER_SEC * 1000;
}

static gint64
from_timespec (const struct timespec *span)
{
  if (span->tv_sec >= G_MAXINT64 / G_USEC_PER_SEC - 1)
    return G_MAXINT64;
  return (gint64) span->tv_sec * G_USEC_PER_SEC + (span->tv_nsec + 999) / 1000;
}

static gboolean
is_calendar (clockid_t clock_id)
{
  return clock_id == CLOCK_REALTIME || clock_id == CLOCK_REALTIME_COARSE || clock_id == CLOCK_TAI || clock_id == CLOCK_REALTIME_ALARM;
}

#define CALLER        __builtin_return_address (0)
#define IS_TOLD(name) trio_sim_escape_is_virtual_to (TRIO_SIM_CALL_##name, CALLER)

static gint64
read_clock (clockid_t clock_id, gconstpointer caller)
{
  return is_calendar (clock_id) ? trio_sim_escape_get_real_time (caller) : trio_sim_escape_get_time ();
}

/* --- clocks --- */

IN_FRONT_OF (clock_gettime);
IN_FRONT int
clock_gettime (clockid_t clock_id, struct timespec *out)
{
  if (!IS_TOLD (clock_gettime))
    return REAL (clock_gettime) (clock_id, out);
  to_timespec (read_clock (clock_id, CALLER), out);
  return 0;
}

IN_FRONT_OF (gettimeofday);
IN_FRONT int
gettimeofday (struct timeval *restrict out, void *restrict zone)
{
  gint64 now;

  if (!IS_TOLD (gettimeofday))
    return REAL (gettimeofday) (out, zone);
  now = trio_sim_escape_get_real_time (CALLER);
  out->tv_sec = now / G_USEC_PER_SEC;
  out->tv_usec = now % G_USEC_PER_SEC;
  return 0;
}

IN_FRONT_OF (time);
IN_FRONT time_t
time (time_t *out)
{
  time_t now;

  if (!IS_TOLD (time))
    return REAL (time) (out);
  now = trio_sim_escape_get_real_time (CALLER) / G_USEC_PER_SEC;
  if (out != NULL)
    *out = now;
  return now;
}

IN_FRONT_OF (timespec_get);
IN_FRONT int
timespec_get (struct timespec *out, int base)
{
  if (base != TIME_UTC || !IS_TOLD (timespec_get))
    return REAL (timespec_get) (out, base);
  to_timespec (trio_sim_escape_get_real_time (CALLER), out);
  return base;
}

/* As POSIX has it. */
G_STATIC_ASSERT (CLOCKS_PER_SEC == G_USEC_PER_SEC);

IN_FRONT_OF (clock);
IN_FRONT clock_t
clock (void)
{
  return IS_TOLD (clock) ? (clock_t) trio_sim_escape_get_time () : REAL (clock) ();
}

IN_FRONT_OF (times);
IN_FRONT clock_t
times (struct tms *out)
{
  clock_t now;

  if (!IS_TOLD (times))
    return REAL (times) (out);
  now = trio_sim_escape_get_time () * sysconf (_SC_CLK_TCK) / G_USEC_PER_SEC;
  if (out != NULL)
    *out = (struct tms) { .tms_utime = now };
  return now;
}

/* GLib's own doors: what it does behind them is not told, since its allocator does the same. */

IN_FRONT_OF (g_get_real_time);
IN_FRONT gint64
g_get_real_time (void)
{
  return IS_TOLD (g_get_real_time) ? trio_sim_escape_get_real_time (CALLER) : REAL (g_get_real_time) ();
}

IN_FRONT_OF (g_get_monotonic_time);
IN_FRONT gint64
g_get_monotonic_time (void)
{
  return IS_TOLD (g_get_monotonic_time) ? trio_sim_escape_get_time () : REAL (g_get_monotonic_time) ();
}

/* --- sleeping --- */

#define IS_SLEPT(name, span) trio_sim_escape_sleep (TRIO_SIM_CALL_##name, span)

/* Nobody is woken early. */
static void
leave_nothing (struct timespec *left)
{
  if (left != NULL)
    *left = (struct timespec) { 0 };
}

IN_FRONT_OF (sleep);
IN_FRONT unsigned
sleep (unsigned seconds)
{
  return IS_SLEPT (sleep, (gint64) seconds * G_USEC_PER_SEC) ? 0 : REAL (sleep) (seconds);
}

IN_FRONT_OF (usleep);
IN_FRONT int
usleep (useconds_t span)
{
  return IS_SLEPT (usleep, span) ? 0 : REAL (usleep) (span);
}

IN_FRONT_OF (nanosleep);
IN_FRONT int
nanosleep (const struct timespec *span, struct timespec *left)
{
  if (!IS_SLEPT (nanosleep, from_timespec (span)))
    return REAL (nanosleep) (span, left);
  leave_nothing (left);
  return 0;
}

IN_FRONT_OF (clock_nanosleep);
IN_FRONT int
clock_nanosleep (clockid_t clock_id, int flags, const struct timespec *due, struct timespec *left)
{
  gboolean absolute = (flags & TIMER_ABSTIME) != 0;

  if (trio_sim_escape_get_world () == NULL
      || !IS_SLEPT (clock_nanosleep, from_timespec (due) - (absolute ? read_clock (clock_id, CALLER) : 0)))
    return REAL (clock_nanosleep) (clock_id, flags, due, left);
  if (!absolute)
    leave_nothing (left);
  return 0;
}

IN_FRONT_OF (thrd_sleep);
IN_FRONT int
thrd_sleep (const struct timespec *span, struct timespec *left)
{
  if (!IS_SLEPT (thrd_sleep, from_timespec (span)))
    return REAL (thrd_sleep) (span, left);
  leave_nothing (left);
  return 0;
}
