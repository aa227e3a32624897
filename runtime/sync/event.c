/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* An event: a flag, and a line of those who wait for it. */

#include <trio/checkpoint.h>
#include <trio/event.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/mutation.h>

#include "sync/select-private.h"

struct _TrioEvent
{
  GQueue   waiters;
  guint64  chosen_at;
  gboolean set;
};

TrioEvent *
trio_event_new (void)
{
  TrioEvent *event = g_new0 (TrioEvent, 1);

  g_queue_init (&event->waiters);
  trio_note_access (&event->waiters, TRIO_ACCESS_CREATE);
  return event;
}

void
trio_event_free (TrioEvent *event)
{
  if (event == NULL)
    return;
  trio_note_access (&event->waiters, TRIO_ACCESS_WRITE);
  trio_waiters_clear (&event->waiters, "trio_event_wait");
  g_free (event);
}

void
trio_event_set (TrioEvent *event)
{
  g_return_if_fail (event != NULL);

  trio_note_access (&event->waiters, TRIO_ACCESS_WRITE);
  event->set = !TRIO_MUTATION (set_only_once);
  trio_waiters_wake_all (&event->waiters, NULL, NULL);
}

gboolean
trio_event_is_set (TrioEvent *event)
{
  g_return_val_if_fail (event != NULL, FALSE);
  trio_note_access (&event->waiters, TRIO_ACCESS_READ);
  return event->set;
}

gboolean
trio_event_wait (TrioEvent *event, GError **error)
{
  static const TrioWaitClass klass = { "trio_event_wait", trio_waiter_abort, NULL };
  TrioWaiter waiter = { 0 };

  g_return_val_if_fail (event != NULL, FALSE);

  /* In which order they wait makes no difference: all are woken, and who goes first is asked then. */
  trio_note_access (&event->waiters, event->set ? TRIO_ACCESS_READ : TRIO_ACCESS_ADD);
  return event->set ? trio_checkpoint (error) : trio_waiter_wait (&waiter, &event->waiters, &klass, error);
}

void
trio_event_get_statistics (TrioEvent *event, TrioEventStatistics *statistics)
{
  g_return_if_fail (event != NULL && statistics != NULL);
  trio_note_access (&event->waiters, TRIO_ACCESS_READ);
  *statistics = (TrioEventStatistics) { .tasks_waiting = event->waiters.length };
}

/* ---- in a select ---- */

static gboolean
is_ready (const TrioSelectCase *self)
{
  trio_note_access (&((TrioEvent *) self->object)->waiters, TRIO_ACCESS_WRITE);
  return ((TrioEvent *) self->object)->set;
}

static gboolean
take (const TrioSelectCase *self G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static void
join (const TrioSelectCase *self, TrioWaiter *waiter)
{
  TrioEvent *event = self->object;

  trio_waiter_join (waiter, &event->waiters);
}

static guint64 *
chosen_at (const TrioSelectCase *self)
{
  return &((TrioEvent *) self->object)->chosen_at;
}

const TrioSelectable trio_event_selectable = {
  .what = "an event",
  .is_ready = is_ready,
  .take = take,
  .join = join,
  .chosen_at = chosen_at,
};
