/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seam "time". Embed TrioClock as the first member of your own clock. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

struct _TrioClock
{
  /* Microseconds since any zero; never goes back. Called often: once a turn and at each trio_current_time(). */
  gint64 (*now) (TrioClock *self);
};

G_END_DECLS
