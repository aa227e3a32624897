/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The real world's signals: the seam <trio/seam/signals.h> over sigaction() and the run's eventfd.
 *
 *     kill -TERM … --> handler: a ticket in arrived[TERM], unless there is one; a flag of the run; a write to its eventfd
 *                      the run's loop, between two turns: takes the tickets, the lowest first, and tells of each
 *
 * Always true:
 *  1. A signal has at most one run, and only a run on the process's main thread has any.
 *  2. While it has one, arrived[] says whether it arrived since it was told last. What it says when the disposition has been given back is
 *     the answer of give_back(): a handler cannot run between the two looks, since it is over before the second one.
 *  3. The old disposition is kept and put back as it was, if ours is still there.
 *  4. The handler does only what is safe in one: atomic operations and write().
 *
 * Thread of the run, but for the handler, which runs on any. */

#pragma once

#include <trio/seam/signals.h>
#include <trio/types.h>

typedef struct
{
  TrioSignals  signals;
  int          wakeup_fd;
  int          pending;      /* (atomic) some signal of ours has arrived */
  guint        n_taken;
  TrioToken   *token;        /* while n_taken > 0; so that the run is not taken for deadlocked */
} TrioHostSignals;

void     trio_host_signals_init       (TrioHostSignals *self, int wakeup_fd);
/* After the run has been freed, which gives back what is left. */
void     trio_host_signals_clear      (TrioHostSignals *self);

gboolean trio_host_signals_is_pending (TrioHostSignals *self);
/* Makes the next turn tell what has arrived. */
void     trio_host_signals_take       (TrioHostSignals *self);
