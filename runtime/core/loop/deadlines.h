/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Deadlines: a heap of times at which something is to be called. Scopes and sleepers have one each.
 *
 * Always true:
 *  1. Deadlines expire in order of time; at the same time, in order of arming.
 *  2. An armed deadline knows its slot. Disarming empties the slot and moves nothing: to sift would touch the memory of other sleepers,
 *     which is cold. Empty slots are swept out when they are more than the live ones, so at most half of the heap is dead and
 *     disarming costs O(1) over time.
 *  3. The keys lie in the array itself: four children fit in a cache line and a half, and sifting touches no deadline but the one
 *     that moves.
 */

#pragma once

#include <glib.h>

typedef struct _TrioDeadline  TrioDeadline;
typedef struct _TrioDeadlines TrioDeadlines;

#define TRIO_DEADLINE_DISARMED G_MAXSIZE

struct _TrioDeadline
{
  void  (*expire) (TrioDeadline *self);   /* called when it is disarmed already */
  gsize   place;                          /* in the heap; TRIO_DEADLINE_DISARMED if it is not in it */
};

typedef struct
{
  gint64        due;
  guint64       serial;
  TrioDeadline *deadline;           /* NULL: it was disarmed */
} TrioDeadlineSlot;

struct _TrioDeadlines
{
  TrioDeadlineSlot *slots;
  gsize             n;              /* slots in use, empty ones included */
  gsize             n_empty;
  gsize             n_allocated;
  guint64           next_serial;
  gint64            pass_now;        /* while they expire: now */
  gboolean          in_pass;
};

void     trio_deadlines_clear  (TrioDeadlines *self);
void     trio_deadlines_arm    (TrioDeadlines *self, TrioDeadline *deadline, gint64 due);
void     trio_deadlines_disarm (TrioDeadlines *self, TrioDeadline *deadline);
/* Calls what is due at now. What is armed meanwhile waits for the next call, even if it is due already. */
void     trio_deadlines_expire (TrioDeadlines *self, gint64 now);
/* The earliest; G_MAXINT64 if there is none. */
gint64   trio_deadlines_next   (TrioDeadlines *self);
/* The same for those who may change nothing, at a cost of O(n). */
gint64   trio_deadlines_peek   (const TrioDeadlines *self);

static inline void
trio_deadline_init (TrioDeadline *deadline, void (*expire) (TrioDeadline *))
{
  deadline->expire = expire;
  deadline->place = TRIO_DEADLINE_DISARMED;
}

static inline gboolean
trio_deadline_is_armed (const TrioDeadline *deadline)
{
  return deadline->place != TRIO_DEADLINE_DISARMED;
}
