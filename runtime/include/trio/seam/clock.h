/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seam "time". Embed TrioClock as the first member of your own clock.
 *
 * A clock whose time is not real time says so with the further functions behind `to_loop`, all NULL or all there; a driver in the real world calls them,
 * between turns, before it waits. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

struct _TrioClock
{
  /* Microseconds since any zero; never goes back. Called often: once a turn and at each trio_current_time(). */
  gint64    (*now)                (TrioClock *self);

  /* The wall clock: microseconds since 1970-01-01 00:00 UTC, as far as this machine knows. It may be set, and so jump and go back; nothing in the runtime
   * waits for it. NULL: there is none, and now() stands in for it. */
  gint64    (*real_now)           (TrioClock *self);

  /* NULL: all tasks have this one clock. Else now() may say to one task what it does not say to another, and this says when it will be `due` for
   * the calling task, in the time that now() says outside tasks: the loop's. */
  gint64    (*to_loop)            (TrioClock *self, gint64 due);

  /* How many microseconds of real time until now() has reached due: 0 if it has; %G_MAXINT64 for never. */
  GTimeSpan (*get_real_span)      (TrioClock *self, gint64 due);
  /* After how many microseconds in which nothing happened it wants to jump; %G_MAXINT64: it does not. */
  GTimeSpan (*get_jump_threshold) (TrioClock *self);
  /* That has come to pass, and nothing but time can wake a task: make now() reach due. */
  void      (*jump)               (TrioClock *self, gint64 due);
};

G_END_DECLS
