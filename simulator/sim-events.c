/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A binary heap of events by (due, serial). */

#include "simulator/sim-events.h"

static inline TrioSimEvent *
at (const TrioSimEvents *events, guint place)
{
  return g_ptr_array_index (events->heap, place);
}

static gboolean
is_before (const TrioSimEvent *a, const TrioSimEvent *b)
{
  return a->due != b->due ? a->due < b->due : a->serial < b->serial;
}

static void
put (TrioSimEvents *events, guint place, TrioSimEvent *event)
{
  g_ptr_array_index (events->heap, place) = event;
}

static void
sift_up (TrioSimEvents *events, guint place, TrioSimEvent *event)
{
  while (place > 0 && is_before (event, at (events, (place - 1) / 2)))
    {
      put (events, place, at (events, (place - 1) / 2));
      place = (place - 1) / 2;
    }
  put (events, place, event);
}

static void
sift_down (TrioSimEvents *events, guint place, TrioSimEvent *event)
{
  guint n = events->heap->len;

  for (guint child = 2 * place + 1; child < n; child = 2 * place + 1)
    {
      if (child + 1 < n && is_before (at (events, child + 1), at (events, child)))
        child++;
      if (is_before (event, at (events, child)))
        break;
      put (events, place, at (events, child));
      place = child;
    }
  put (events, place, event);
}

static TrioSimEvent *
take_first (TrioSimEvents *events)
{
  TrioSimEvent *first = at (events, 0);
  TrioSimEvent *last = at (events, events->heap->len - 1);

  g_ptr_array_set_size (events->heap, (gint) events->heap->len - 1);
  if (events->heap->len > 0)
    sift_down (events, 0, last);
  return first;
}

void
trio_sim_events_init (TrioSimEvents *events)
{
  *events = (TrioSimEvents) { .heap = g_ptr_array_new () };
}

void
trio_sim_events_clear (TrioSimEvents *events)
{
  for (guint i = 0; i < events->heap->len; i++)
    at (events, i)->discard (at (events, i));
  g_ptr_array_unref (events->heap);
}

void
trio_sim_events_plan (TrioSimEvents *events, TrioSimEvent *event, gint64 due)
{
  event->due = due;
  event->serial = events->n_planned++;
  g_ptr_array_add (events->heap, event);
  sift_up (events, events->heap->len - 1, event);
}

gint64
trio_sim_events_get_next (const TrioSimEvents *events)
{
  return events->heap->len == 0 ? G_MAXINT64 : at (events, 0)->due;
}

void
trio_sim_events_run (TrioSimEvents *events, gint64 now)
{
  while (trio_sim_events_get_next (events) <= now)
    {
      TrioSimEvent *event = take_first (events);

      event->happen (event);
    }
}
