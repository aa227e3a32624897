/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A heap with four children a node, after libev's ev_heap: shallower than a binary one, and the children of a node are
 * neighbours in memory. */

#include <trio/lowlevel/mutation.h>

#include "core/loop/deadlines.h"

enum
{
  CHILDREN = 4,
  SWEEP_SLACK = 1000,      /* a small heap is not worth sweeping */
};

static inline gboolean
before (const TrioDeadlineSlot *a, const TrioDeadlineSlot *b)
{
  return a->due != b->due ? a->due < b->due : (a->serial < b->serial) != TRIO_MUTATION (equal_deadlines_backwards);
}

static inline void
put (TrioDeadlines *self, gsize place, TrioDeadlineSlot slot)
{
  self->slots[place] = slot;
  if (slot.deadline != NULL)
    slot.deadline->place = place;
}

static void
sift_up (TrioDeadlines *self, gsize place, TrioDeadlineSlot slot)
{
  while (place > 0)
    {
      gsize parent = (place - 1) / CHILDREN;

      if (!before (&slot, &self->slots[parent]))
        break;
      put (self, place, self->slots[parent]);
      place = parent;
    }
  put (self, place, slot);
}

static void
sift_down (TrioDeadlines *self, gsize place, TrioDeadlineSlot slot)
{
  for (;;)
    {
      gsize first = place * CHILDREN + 1;
      gsize end = MIN (first + CHILDREN, self->n);
      gsize least = first;

      if (first >= self->n)
        break;
      for (gsize child = first + 1; child < end; child++)
        if (before (&self->slots[child], &self->slots[least]))
          least = child;
      if (!before (&self->slots[least], &slot))
        break;
      put (self, place, self->slots[least]);
      place = least;
    }
  put (self, place, slot);
}

void
trio_deadlines_clear (TrioDeadlines *self)
{
  g_clear_pointer (&self->slots, g_free);
  self->n = self->n_empty = self->n_allocated = 0;
}

void
trio_deadlines_arm (TrioDeadlines *self, TrioDeadline *deadline, gint64 due)
{
  g_assert (!trio_deadline_is_armed (deadline));

  if (self->n == self->n_allocated)
    {
      self->n_allocated = MAX (64, self->n_allocated * 2);
      self->slots = g_renew (TrioDeadlineSlot, self->slots, self->n_allocated);
    }
  /* Behind all that expire in this pass, or it would hold up those that are later than itself. */
  if (self->in_pass && !TRIO_MUTATION (new_deadline_holds_up_pass))
    due = MAX (due, self->pass_now);
  self->n++;
  sift_up (self, self->n - 1, (TrioDeadlineSlot) { due, self->next_serial++, deadline });
}

/* Takes the first slot out. */
static void
drop_first (TrioDeadlines *self)
{
  TrioDeadlineSlot last = self->slots[--self->n];

  if (self->n > 0)
    sift_down (self, 0, last);
}

/* Makes a heap of the live slots alone, from the bottom up (Floyd). */
static void
sweep (TrioDeadlines *self)
{
  gsize live = 0;

  for (gsize i = 0; i < self->n; i++)
    if (self->slots[i].deadline != NULL)
      put (self, live++, self->slots[i]);
  self->n = live;
  self->n_empty = 0;
  for (gsize i = live / CHILDREN + 1; i-- > 0;)
    if (i < live)
      sift_down (self, i, self->slots[i]);
}

void
trio_deadlines_disarm (TrioDeadlines *self, TrioDeadline *deadline)
{
  gsize place = deadline->place;

  if (!trio_deadline_is_armed (deadline))
    return;
  g_assert (place < self->n && self->slots[place].deadline == deadline);

  deadline->place = TRIO_DEADLINE_DISARMED;
  self->slots[place].deadline = NULL;
  self->n_empty++;
  if (self->n_empty > self->n - self->n_empty + SWEEP_SLACK)
    sweep (self);
}

/* Takes empty slots off the front, so that the first one is live. Not done when disarming: whoever cancels many sleepers does so from the
 * earliest on, and would pay for a sift each. */
static void
settle (TrioDeadlines *self)
{
  while (self->n > 0 && self->slots[0].deadline == NULL)
    {
      self->n_empty--;
      drop_first (self);
    }
}

gint64
trio_deadlines_next (TrioDeadlines *self)
{
  settle (self);
  return self->n > 0 ? self->slots[0].due : G_MAXINT64;
}

gint64
trio_deadlines_peek (const TrioDeadlines *self)
{
  gint64 earliest = G_MAXINT64;

  for (gsize i = 0; i < self->n; i++)
    if (self->slots[i].deadline != NULL)
      earliest = MIN (earliest, self->slots[i].due);
  return earliest;
}

void
trio_deadlines_expire (TrioDeadlines *self, gint64 now)
{
  guint64 newest = self->next_serial;

  self->in_pass = TRUE;
  self->pass_now = now;
  for (;;)
    {
      TrioDeadline *deadline;

      settle (self);
      if (self->n == 0 || self->slots[0].due > now || self->slots[0].serial >= newest)
        break;
      deadline = self->slots[0].deadline;
      deadline->place = TRIO_DEADLINE_DISARMED;
      drop_first (self);
      deadline->expire (deadline);
    }
  self->in_pass = FALSE;
}
