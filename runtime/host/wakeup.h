/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* How a thread, or a signal handler, makes a sleeping run take a turn: an eventfd that lies in the run's epoll set.
 *
 * It is watched for edges and never read: each write is an edge, and its counter would take centuries to overflow.
 *
 *     any thread                          thread of the run
 *     puts its work where it is looked for
 *     pending: 0 -> 1, so it writes  -->  poll returns
 *     pending: 1 -> 1, nothing to do      takes pending: 1 -> 0
 *                                         looks for work
 *
 * Always true: pending is taken before the work is looked for. Whoever finds it at 1 may rely on a look that is still to come. */

#pragma once

#include <glib.h>

typedef struct
{
  int  fd;                   /* -1: none */
  gint pending;              /* (atomic) */
} TrioWakeup;

gboolean trio_wakeup_init   (TrioWakeup *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void     trio_wakeup_clear  (TrioWakeup *self);

/* Any thread. */
void     trio_wakeup_signal (TrioWakeup *self);
/* The part that a signal handler may call. Saves errno. */
void     trio_wakeup_write  (int fd);

/* (loop thread) */
gboolean trio_wakeup_take   (TrioWakeup *self);
gboolean trio_wakeup_is_pending (TrioWakeup *self);
