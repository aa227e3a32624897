/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A future: a result, and a line of those who wait for it.
 *
 * Always true: while somebody waits it is not set. Who is woken has the result in its cell, and does not look at the future
 * again. */

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/future.h>
#include <trio/lowlevel/access.h>
#include <trio/lowlevel/instrument.h>

#include "sync/select-private.h"

struct _TrioFuture
{
  guint           refs;
  gboolean        set;
  gpointer        value;
  GError         *error;        /* in place of a value */
  GDestroyNotify  destroy;
  GQueue          waiters;
  guint64         chosen_at;
  guint64         flow;
};

TrioFuture *
trio_future_new (GDestroyNotify destroy)
{
  TrioFuture *future = g_new0 (TrioFuture, 1);

  future->refs = 1;
  trio_note_access (&future->waiters, TRIO_ACCESS_CREATE);
  future->destroy = destroy;
  g_queue_init (&future->waiters);
  return future;
}

TrioFuture *
trio_future_ref (TrioFuture *future)
{
  g_return_val_if_fail (future != NULL, NULL);
  trio_note_access (&future->waiters, TRIO_ACCESS_WRITE);
  future->refs++;
  return future;
}

static void
destroy_value (TrioFuture *future, gpointer value)
{
  if (future->destroy != NULL && value != NULL)
    future->destroy (value);
}

void
trio_future_unref (TrioFuture *future)
{
  if (future == NULL)
    return;
  trio_note_access (&future->waiters, TRIO_ACCESS_WRITE);
  if (--future->refs > 0)
    return;
  trio_waiters_clear (&future->waiters, "trio_future_wait");
  destroy_value (future, future->value);
  g_clear_error (&future->error);
  g_free (future);
}

/* Whoever waits gets the result now. */
static void
announce (TrioFuture *future)
{
  TrioWaiter *waiter;

  trio_note_access (&future->waiters, TRIO_ACCESS_WRITE);
  future->set = TRUE;
  if (G_UNLIKELY (trio_is_watched ()))
    {
      future->flow = trio_flow_new_id ();
      trio_flow (future->flow, TRUE, "future");
    }
  while ((waiter = trio_waiters_first (&future->waiters)) != NULL)
    {
      waiter->value = future->value;
      waiter->flow = future->flow;
      trio_waiter_wake (waiter, future->error != NULL ? g_error_copy (future->error) : NULL);
    }
}

void
trio_future_set_value (TrioFuture *future, gpointer value)
{
  g_return_if_fail (future != NULL);

  trio_note_access (&future->waiters, TRIO_ACCESS_WRITE);
  if (future->set)
    {
      g_critical ("trio_future_set_value: this future was set before; the second value is dropped");
      destroy_value (future, value);
      return;
    }
  future->value = value;
  announce (future);
}

void
trio_future_set_error (TrioFuture *future, GError *error)
{
  g_return_if_fail (future != NULL && error != NULL);

  trio_note_access (&future->waiters, TRIO_ACCESS_WRITE);
  if (future->set)
    {
      g_critical ("trio_future_set_error: this future was set before; the second result is dropped: %s", error->message);
      g_error_free (error);
      return;
    }
  future->error = error;
  announce (future);
}

gboolean
trio_future_is_set (TrioFuture *future)
{
  g_return_val_if_fail (future != NULL, FALSE);
  trio_note_access (&future->waiters, TRIO_ACCESS_READ);
  return future->set;
}

static void
hand_out (gpointer result, guint64 flow, gpointer *value)
{
  trio_flow (flow, FALSE, "future");
  if (value != NULL)
    *value = result;
}

/* It is set. */
static gboolean
get (TrioFuture *future, gpointer *value, GError **error)
{
  if (future->error != NULL)
    {
      g_propagate_error (error, g_error_copy (future->error));
      return FALSE;
    }
  hand_out (future->value, future->flow, value);
  return TRUE;
}

gboolean
trio_future_get_nowait (TrioFuture *future, gpointer *value, GError **error)
{
  g_return_val_if_fail (future != NULL, FALSE);

  trio_note_access (&future->waiters, TRIO_ACCESS_READ);
  if (future->set)
    return get (future, value, error);
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK, "the future is not set");
  return FALSE;
}

gboolean
trio_future_wait (TrioFuture *future, gpointer *value, GError **error)
{
  static const TrioWaitClass klass = { "trio_future_wait", trio_waiter_abort, NULL };
  TrioWaiter waiter = { 0 };

  g_return_val_if_fail (future != NULL, FALSE);

  trio_note_access (&future->waiters, future->set ? TRIO_ACCESS_READ : TRIO_ACCESS_ADD);
  if (future->set)
    return trio_checkpoint (error) && get (future, value, error);
  if (!trio_waiter_wait (&waiter, &future->waiters, &klass, error))
    return FALSE;
  hand_out (waiter.value, waiter.flow, value);
  return TRUE;
}

void
trio_future_get_statistics (TrioFuture *future, TrioFutureStatistics *statistics)
{
  g_return_if_fail (future != NULL && statistics != NULL);
  trio_note_access (&future->waiters, TRIO_ACCESS_READ);
  *statistics = (TrioFutureStatistics) { .is_set = future->set, .tasks_waiting = future->waiters.length };
}

/* ---- in a select ---- */

static gboolean
is_ready (const TrioSelectCase *self)
{
  trio_note_access (&((TrioFuture *) self->object)->waiters, TRIO_ACCESS_WRITE);
  return ((TrioFuture *) self->object)->set;
}

static gboolean
take (const TrioSelectCase *self, GError **error)
{
  return get (self->object, self->result, error);
}

static void
join (const TrioSelectCase *self, TrioWaiter *waiter)
{
  TrioFuture *future = self->object;

  trio_waiter_join (waiter, &future->waiters);
}

static void
collect (const TrioSelectCase *self, TrioWaiter *waiter)
{
  hand_out (waiter->value, waiter->flow, self->result);
}

static guint64 *
chosen_at (const TrioSelectCase *self)
{
  return &((TrioFuture *) self->object)->chosen_at;
}

const TrioSelectable trio_future_selectable = {
  .what = "a future",
  .is_ready = is_ready,
  .take = take,
  .join = join,
  .collect = collect,
  .chosen_at = chosen_at,
};
