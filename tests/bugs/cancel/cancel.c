/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* See cancel.h. */

#include <trio/lowlevel/task.h>

#include "tests/bugs/cancel/cancel.h"

/* ---- Event ---- */

static TrioAbort
abort_wait (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Event *event = data;

  event->cancelled = TRUE;
  event->parked = NULL;
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_event (gpointer data, GString *out)
{
  Event *event = data;

  event->describe (event->of, out);
}

static TrioAbort
cannot_be_cancelled (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_FAILED;
}

gboolean
event_wait (Event *event, const char *what, GError **error)
{
  const TrioWaitClass klass = { what, abort_wait, event->describe != NULL ? describe_event : NULL };

  if (!event->set)
    {
      event->parked = trio_current_task ();
      if (!trio_wait (&klass, event, error))
        return FALSE;
    }
  return trio_checkpoint_if_cancelled_in (what, error);
}

void
event_wait_shielded (Event *event, const char *what)
{
  const TrioWaitClass klass = { what, cannot_be_cancelled, event->describe != NULL ? describe_event : NULL };
  g_autoptr (GError) error = NULL;

  if (event->set)
    return;
  event->parked = trio_current_task ();
  if (!trio_wait (&klass, event, &error))
    g_error ("a wait that cannot be cancelled failed: %s", error->message);
}

void
event_set (Event *event)
{
  TrioTask *task = g_steal_pointer (&event->parked);

  event->set = TRUE;
  if (task != NULL)
    trio_reschedule (task, NULL);
}

void
event_join (Event *event, GQueue *queue)
{
  event->queue = queue;
  event->link.data = event;
  g_queue_push_tail_link (queue, &event->link);
}

void
event_leave (Event *event)
{
  GQueue *queue = g_steal_pointer (&event->queue);

  if (queue != NULL)
    g_queue_unlink (queue, &event->link);
}

Event *
first_waiter (const GQueue *queue)
{
  for (GList *link = queue->head; link != NULL; link = link->next)
    if (!event_is_done (link->data))
      return link->data;
  return NULL;
}

Event *
pop_waiter (GQueue *queue)
{
  while (queue->head != NULL)
    {
      Event *event = queue->head->data;

      event_leave (event);
      if (!event_is_done (event))
        return event;
    }
  return NULL;
}

/* ---- Victim ---- */

static gboolean
run_victim (gpointer data, GError **error)
{
  Victim *victim = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open_located (TRIO_CANCEL_SCOPE_PLAIN, G_MAXINT64, error, victim->where);
  gboolean ok;

  victim->scope = scope;
  if (victim->asked)
    trio_cancel_scope_cancel (scope);
  ok = victim->func (victim->data, error);
  victim->scope = NULL;
  event_set (&victim->ended);
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
cancel_victim (gpointer data, GError **error G_GNUC_UNUSED)
{
  victim_cancel (data);
  return TRUE;
}

void
start_task (TrioNursery *nursery, const char *name, TrioFunc func, gpointer data)
{
  trio_nursery_start_soon_full (nursery, func, data, NULL, name);
}

void
start_victim_located (const char *where, TrioNursery *nursery, const char *name, Victim *victim, TrioFunc func, gpointer data)
{
  *victim = (Victim) { .func = func, .data = data, .where = where };
  start_task (nursery, name, run_victim, victim);
}

void
start_canceller (TrioNursery *nursery, Victim *victim)
{
  start_task (nursery, "canceller", cancel_victim, victim);
}

void
victim_cancel (Victim *victim)
{
  victim->asked = TRUE;
  if (victim->scope != NULL)
    trio_cancel_scope_cancel (victim->scope);
}

gboolean
victim_join (Victim *victim, GError **error)
{
  return event_wait (&victim->ended, "join", error);
}

/* ---- Once ---- */

G_DEFINE_QUARK (once-cancelled, once_cancelled)

static gboolean
raise_once (Once *self, GError **error)
{
  self->pending = FALSE;
  self->raised++;
  g_set_error_literal (error, ONCE_CANCELLED, 0, "cancelled, which is said once");
  return FALSE;
}

gboolean
event_wait_once_located (const char *where, Event *event, const char *what, Once *self, GError **error)
{
  g_autoptr (TrioCancelScope) wait = NULL;
  gboolean ok;

  if (self->pending)
    return raise_once (self, error);
  wait = trio_cancel_scope_open_located (TRIO_CANCEL_SCOPE_PLAIN, G_MAXINT64, error, where);
  self->wait = wait;
  ok = event_wait (event, what, error);
  self->wait = NULL;
  if (!trio_cancel_scope_close (wait, ok))
    return FALSE;
  return trio_cancel_scope_cancelled_caught (wait) ? raise_once (self, error) : TRUE;
}

void
once_cancel (Once *once)
{
  if (once->wait != NULL)
    trio_cancel_scope_cancel (once->wait);
  else
    once->pending = TRUE;
}
