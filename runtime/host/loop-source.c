/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Prepare, check, dispatch.
 *
 *     prepare: is a task runnable, a deadline past, a wake-up pending?   else: how long may GLib sleep?
 *     check:   has the epoll descriptor something?
 *     dispatch: turns, as many as the budget allows
 *
 * GLib dispatches only the ready sources of the highest priority. If this one were ready at every iteration, those of lower
 * priority (drawing, idle work) would never run. So when the budget is used up the next iteration is a free round: prepare says
 * "not ready, and do not sleep".
 *
 * The deadline goes into prepare's timeout and not into g_source_set_ready_time(), which writes to the context's wake-up descriptor
 * at each change and so makes the next poll a useless one. For the same reason the source may recurse: GLib would take its
 * descriptor out of the poll set and put it back around each dispatch. */

#include "host/loop-source.h"

#include <trio/seam/clock.h>

#include "host/clock.h"
#include "host/deadlock.h"
#include "host/interrupt.h"

typedef struct
{
  GSource             source;
  TrioHostRun        *run;              /* NULL once it has ended */
  TrioLoopSourceDone  done;
  gpointer            done_data;
  GDestroyNotify      destroy;
  gpointer            epoll_tag;
  gint64              due;              /* as the last turn said; G_MININT64: something is runnable */
  guint               depth;            /* of dispatches: 1 while tasks run */
  gboolean            waits;            /* prepare has told the instruments so, check has not come yet */
  gboolean            hidden;           /* the descriptor is not polled: a nested iteration */

  /* Measured only if somebody wants to know: who waits for idleness, or a clock that may jump. */
  gint64              quiet_since;      /* real time of the first look after the last turn; 0: not looked yet */
  gboolean            others_had_say;   /* since the last turn an iteration went by in which this source was not ready */

  /* The budget since the last free round, and since the last look at io. */
  guint               round_turns;
  gint64              round_began;      /* 0: with the next dispatch */
  gboolean            round_over;       /* the next iteration is a free round */
  gboolean            in_free_round;    /* it is this one: prepare has said so, check has not come yet */
  guint               look_turns;
  gint64              looked_at;
  guint               clock_turns;      /* since the clock was read */
  guint               clock_stride;     /* to be read after so many */
  gint64              clock_read;
} LoopSource;

static gboolean loop_prepare  (GSource *source, int *timeout_ms);
static gboolean loop_check    (GSource *source);
static gboolean loop_dispatch (GSource *source, GSourceFunc callback, gpointer user_data);
static void     loop_finalize (GSource *source);
static gboolean is_pending    (LoopSource *self);
static int      time_left_ms  (LoopSource *self);
static gboolean is_quiet_enough (LoopSource *self);
static int      quiet_left_ms (LoopSource *self);
static void     use_the_quiet (LoopSource *self);
static void     take_turns    (LoopSource *self);
static void     begin_budget  (LoopSource *self);
static guint    turns_before_clock (LoopSource *self);
static void     spend_turns   (LoopSource *self, guint taken);
static void     set_hidden    (LoopSource *self, gboolean hidden);

static GSourceFuncs loop_source_funcs = {
  .prepare = loop_prepare,
  .check = loop_check,
  .dispatch = loop_dispatch,
  .finalize = loop_finalize,
};

GSource *
trio_loop_source_new (TrioHostRun *run, TrioLoopSourceDone done, gpointer data, GDestroyNotify destroy)
{
  GSource *source = g_source_new (&loop_source_funcs, sizeof (LoopSource));
  LoopSource *self = (LoopSource *) source;

  self->run = run;
  self->done = done;
  self->done_data = data;
  self->destroy = destroy;
  self->due = G_MININT64;
  self->epoll_tag = g_source_add_unix_fd (source, trio_epoll_get_fd (run->epoll), G_IO_IN);
  g_source_set_static_name (source, "Trio run");
  g_source_set_can_recurse (source, TRUE);
  return source;
}

static gboolean
loop_prepare (GSource *source, int *timeout_ms)
{
  LoopSource *self = (LoopSource *) source;

  *timeout_ms = -1;
  if (self->run == NULL)
    return FALSE;
  if (self->depth > 0)
    {
      set_hidden (self, TRUE);
      return FALSE;
    }

  set_hidden (self, FALSE);
  if (self->round_over)
    {
      self->in_free_round = TRUE;
      *timeout_ms = 0;
      return FALSE;
    }
  if (is_pending (self))
    return TRUE;
  *timeout_ms = time_left_ms (self);
  if (*timeout_ms == 0 || is_quiet_enough (self))
    return TRUE;
  *timeout_ms = (int) MIN ((guint) *timeout_ms, (guint) quiet_left_ms (self));
  self->waits = TRUE;
  trio_loop_wait_begins (self->run->loop, self->due);
  return FALSE;
}

static gboolean
loop_check (GSource *source)
{
  LoopSource *self = (LoopSource *) source;
  gboolean ready;

  if (self->run == NULL || self->depth > 0)
    return FALSE;
  if (self->waits)
    {
      self->waits = FALSE;
      trio_loop_wait_ends (self->run->loop);
    }

  ready = !self->in_free_round
          && ((g_source_query_unix_fd (source, self->epoll_tag) & G_IO_IN) || is_pending (self) || time_left_ms (self) == 0
              || is_quiet_enough (self));
  if (!ready)
    {
      self->others_had_say = TRUE;
      /* Everybody else has had this iteration. */
      self->in_free_round = FALSE;
      self->round_over = FALSE;
      self->round_turns = 0;
      self->round_began = 0;
    }
  return ready;
}

static void
start_watchdog (TrioHostRun *run)
{
  GTimeSpan span = run->watchdog_span;

  run->watchdog_span = 0;
  run->watchdog = trio_watchdog_new (run->loop, span, run->dump_listener);
}

static gboolean
loop_dispatch (GSource *source, GSourceFunc callback G_GNUC_UNUSED, gpointer user_data G_GNUC_UNUSED)
{
  LoopSource *self = (LoopSource *) source;
  TrioHostRun *run = self->run;

  if (run == NULL || self->depth > 0)
    return G_SOURCE_CONTINUE;

  if (G_UNLIKELY (run->watchdog_span > 0))
    start_watchdog (run);
  self->depth++;
  take_turns (self);
  self->depth--;
  set_hidden (self, FALSE);

  if (!trio_loop_is_done (run->loop))
    return G_SOURCE_CONTINUE;

  self->run = NULL;
  g_source_destroy (source);
  self->done (run, self->done_data);
  return G_SOURCE_REMOVE;
}

static void
loop_finalize (GSource *source)
{
  LoopSource *self = (LoopSource *) source;

  if (self->run != NULL)
    {
      g_warning ("a main context was thrown away with a Trio run in it: its tasks are lost, and their clean-up did not run");
      trio_host_run_abandon (self->run);
    }
  if (self->destroy != NULL)
    self->destroy (self->done_data);
}

static void
take_turns (LoopSource *self)
{
  TrioHostRun *run = self->run;
  guint taken;

  if (is_quiet_enough (self))
    use_the_quiet (self);
  self->quiet_since = 0;
  self->others_had_say = FALSE;
  begin_budget (self);
  do
    {
      /* Taken before the turn looks for what they announce. */
      trio_wakeup_take (&run->wakeup);
      if (run->has_interrupt && trio_interrupt_take ())
        trio_loop_interrupt (run->loop);
      if (trio_host_signals_is_pending (&run->signals))
        trio_host_signals_take (&run->signals);
      if (run->dump_listener != NULL && trio_dump_signal_take (run->dump_listener))
        trio_host_run_dump (run);

      self->due = trio_loop_turns (run->loop, turns_before_clock (self), &taken);
      spend_turns (self, taken);
      if (trio_loop_is_done (run->loop))
        return;

      /* Nothing to do. One look is cheaper than the way through GLib and back, and under load it often finds something. */
      if (!is_pending (self) && trio_epoll_look (run->epoll))
        self->due = G_MININT64;
    }
  while (is_pending (self) && !self->round_over);
}

/* Whether there is work for a turn that need not wait for io or time. */
static gboolean
is_pending (LoopSource *self)
{
  return self->due == G_MININT64 || trio_wakeup_is_pending (&self->run->wakeup)
         || (self->run->has_interrupt && trio_interrupt_is_pending ())
         || trio_host_signals_is_pending (&self->run->signals)
         || (self->run->dump_listener != NULL && trio_dump_signal_is_pending (self->run->dump_listener));
}

gboolean
trio_loop_source_seems_stuck (GSource *source)
{
  LoopSource *self = (LoopSource *) source;

  return self->run != NULL && !self->round_over && !is_pending (self) && trio_host_run_seems_stuck (self->run, self->due);
}

/* Rounded up, so that nobody is woken too early; -1: for ever. */
static int
to_ms (GTimeSpan span)
{
  if (span == G_MAXINT64)
    return -1;
  return span <= 0 ? 0 : (int) MIN ((span - 1) / 1000 + 1, G_MAXINT);
}

static int
time_left_ms (LoopSource *self)
{
  TrioClock *clock = self->run->world.clock;

  if (self->due == G_MAXINT64)
    return -1;
  return to_ms (clock->get_real_span != NULL ? clock->get_real_span (clock, self->due) : self->due - clock->now (clock));
}

/* How long nothing must happen until that means something; G_MAXINT64: it means nothing. Who waits for idleness comes before the clock,
 * which does not jump past anything else that can wake a task, either. */
static GTimeSpan
quiet_wanted (LoopSource *self)
{
  TrioClock *clock = self->run->world.clock;
  GTimeSpan cushion = trio_loop_get_cushion (self->run->loop);

  if (cushion != G_MAXINT64)
    return cushion;
  if (clock->get_jump_threshold == NULL || self->due == G_MAXINT64 || trio_loop_get_holds (self->run->loop) > 0)
    return G_MAXINT64;
  return clock->get_jump_threshold (clock);
}

static GTimeSpan
quiet_left (LoopSource *self)
{
  GTimeSpan wanted = quiet_wanted (self);
  gint64 now;

  if (G_LIKELY (wanted == G_MAXINT64))
    return G_MAXINT64;
  now = g_get_monotonic_time ();
  if (self->quiet_since == 0)
    self->quiet_since = now;
  return MAX (wanted - (now - self->quiet_since), 0);
}

/* 0 also if it is quiet enough, but another source may be ready whose turn it was. */
static int
quiet_left_ms (LoopSource *self)
{
  return to_ms (quiet_left (self));
}

static gboolean
is_quiet_enough (LoopSource *self)
{
  return quiet_left (self) == 0 && self->others_had_say && !is_pending (self) && time_left_ms (self) != 0;
}

static void
use_the_quiet (LoopSource *self)
{
  TrioClock *clock = self->run->world.clock;

  if (trio_epoll_look (self->run->epoll))
    return;
  if (trio_loop_get_cushion (self->run->loop) != G_MAXINT64)
    trio_loop_tell_idle (self->run->loop);
  else
    clock->jump (clock, self->due);
}

/* A run without deadlines does not look at its clock. */
static void
tell_time (LoopSource *self)
{
  TrioClock *clock = self->run->world.clock;

  trio_loop_note_time (self->run->loop, clock == trio_monotonic_clock () ? self->clock_read : clock->now (clock));
}

static void
begin_budget (LoopSource *self)
{
  self->clock_read = g_get_monotonic_time ();
  self->clock_turns = 0;
  self->clock_stride = 1;
  if (self->round_began == 0)
    self->round_began = self->clock_read;

  trio_epoll_ask (self->run->epoll);
  self->look_turns = 0;
  self->looked_at = self->clock_read;
  tell_time (self);
}

/* The clock costs more than a switch: while turns are short it is read at every 2nd, 4th, … of them. */
static void
read_clock (LoopSource *self, guint taken)
{
  gint64 now;
  gint64 stride_us;

  self->clock_turns += taken;
  if (self->clock_turns < self->clock_stride)
    return;
  now = g_get_monotonic_time ();
  stride_us = now - self->clock_read;
  self->clock_stride = stride_us > TRIO_LOOK_US_MAX / 8 ? 1 : MIN (self->clock_stride * 2, TRIO_TURNS_PER_CLOCK_MAX);
  self->clock_turns = 0;
  self->clock_read = now;
  tell_time (self);
}

/* So many may be taken at once: until the clock must be read, or a bound is reached. */
static guint
turns_before_clock (LoopSource *self)
{
  guint turns = self->clock_stride - self->clock_turns;

  turns = MIN (turns, TRIO_TURNS_PER_LOOK_MAX - self->look_turns);
  return MIN (turns, TRIO_TURNS_PER_ROUND_MAX - self->round_turns);
}

static void
spend_turns (LoopSource *self, guint taken)
{
  read_clock (self, taken);

  self->round_turns += taken;
  if (self->round_turns >= TRIO_TURNS_PER_ROUND_MAX || self->clock_read - self->round_began >= TRIO_ROUND_US_MAX)
    self->round_over = TRUE;

  self->look_turns += taken;
  if (self->look_turns >= TRIO_TURNS_PER_LOOK_MAX || self->clock_read - self->looked_at >= TRIO_LOOK_US_MAX)
    {
      trio_epoll_ask (self->run->epoll);
      self->look_turns = 0;
      self->looked_at = self->clock_read;
    }
}

/* Only at changes: each one wakes the context. */
static void
set_hidden (LoopSource *self, gboolean hidden)
{
  if (self->hidden == hidden)
    return;
  self->hidden = hidden;
  g_source_modify_unix_fd (&self->source, self->epoll_tag, hidden ? 0 : G_IO_IN);
}
