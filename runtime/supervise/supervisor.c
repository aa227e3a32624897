/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Supervisors from outside: opening, adding children, asking for stops, closing. The work is done by the manager (manager.c), a task in
 * the supervisor's nursery; here things are only written down for it. */

#include <trio/cancel-scope.h>
#include <trio/run.h>

#include "supervise/supervisor-private.h"

enum { MAX_RESTARTS_DEFAULT = 3 };
#define PERIOD_DEFAULT       (5 * G_TIME_SPAN_SECOND)
#define BACK_OFF_MAX_DEFAULT G_TIME_SPAN_MINUTE
/* So that the jitter does not overflow. */
#define BACK_OFF_MAX_MAX     (G_MAXINT64 / 4)

/* Without memory for its stack it never was, and there is nobody who would start children. */
static void
manager_is_gone (gpointer data)
{
  ((TrioSupervisor *) data)->ending = TRUE;
}

TrioSupervisor *
trio_supervisor_open_located (const TrioSupervisorOptions *options, GError **error, const char *where)
{
  TrioNursery *nursery;
  TrioSupervisor *self;

  if (options != NULL)
    {
      g_return_val_if_fail (options->strategy <= TRIO_SUPERVISOR_REST_FOR_ONE, NULL);
      g_return_val_if_fail (options->period >= 0 && options->back_off >= 0 && options->back_off_max >= 0, NULL);
    }

  nursery = trio_nursery_open_located (error, where);
  if (nursery == NULL)
    return NULL;
  self = g_new0 (TrioSupervisor, 1);
  self->nursery = nursery;
  if (options != NULL)
    self->options = *options;
  self->options.name = g_strdup (self->options.name != NULL ? self->options.name : "supervisor");
  if (self->options.max_restarts == 0)
    self->options.max_restarts = MAX_RESTARTS_DEFAULT;
  if (self->options.period == 0)
    self->options.period = PERIOD_DEFAULT;
  if (self->options.back_off_max == 0)
    self->options.back_off_max = BACK_OFF_MAX_DEFAULT;
  self->options.back_off_max = MIN (self->options.back_off_max, BACK_OFF_MAX_MAX);
  self->children = g_ptr_array_new_with_free_func (trio_supervisor_child_free);
  g_queue_init (&self->ended);
  g_queue_init (&self->restarts);
  trio_nursery_start_soon_full (nursery, trio_supervisor_manage, self, manager_is_gone, self->options.name);
  return self;
}

TrioSupervisor *
(trio_supervisor_open) (const TrioSupervisorOptions *options, GError **error)
{
  return trio_supervisor_open_located (options, error, "an unnamed place");
}

guint64
trio_supervisor_start_child_full (TrioSupervisor *self, TrioFunc func, gpointer data, GDestroyNotify destroy, const char *name,
                                  const TrioSupervisorChildOptions *options)
{
  Child *child;

  g_return_val_if_fail (self != NULL && func != NULL, 0);
  g_return_val_if_fail (options == NULL || (options->restart <= TRIO_SUPERVISOR_TEMPORARY && options->grace >= 0), 0);

  if (self->ending || self->stop_asked)
    {
      if (self->closed)
        g_critical ("trio_supervisor_start_child: the supervisor is closed; child \"%s\" was not started", name != NULL ? name : "child");
      if (destroy != NULL)
        destroy (data);
      return 0;
    }
  child = trio_supervisor_child_new (self, func, data, destroy, name, options);
  g_ptr_array_add (self->children, child);
  trio_supervisor_wake (self);
  return child->id;
}

guint64
(trio_supervisor_start_child) (TrioSupervisor *self, TrioFunc func, gpointer data)
{
  return trio_supervisor_start_child_full (self, func, data, NULL, NULL, NULL);
}

gboolean
trio_supervisor_stop_child (TrioSupervisor *self, guint64 id)
{
  g_return_val_if_fail (self != NULL, FALSE);

  for (guint i = 0; i < self->children->len; i++)
    {
      Child *child = g_ptr_array_index (self->children, i);

      if (child->id != id)
        continue;
      child->unwanted = TRUE;
      if (trio_supervisor_child_has_task (child))
        trio_supervisor_child_stop (child, FALSE);
      trio_supervisor_wake (self);
      return TRUE;
    }
  return FALSE;
}

void
trio_supervisor_stop (TrioSupervisor *self)
{
  g_return_if_fail (self != NULL);

  self->stop_asked = TRUE;
  trio_supervisor_wake (self);
}

TrioCancelScope *
trio_supervisor_get_cancel_scope (TrioSupervisor *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return trio_nursery_get_cancel_scope (self->nursery);
}

gboolean
trio_supervisor_close (TrioSupervisor *self, gboolean ok)
{
  g_return_val_if_fail (self != NULL, FALSE);

  self->closing = TRUE;
  trio_supervisor_wake (self);
  ok = trio_nursery_close (self->nursery, ok);
  self->closed = self->ending;      /* not if it was closed in the wrong order */
  return ok;
}

void
trio_supervisor_free (TrioSupervisor *self)
{
  if (self == NULL)
    return;
  self->closing = TRUE;
  trio_nursery_free (self->nursery);        /* if it is still open: cancels it, and joins the manager */
  trio_supervisor_clear_restarts (self);
  g_queue_clear (&self->ended);
  g_ptr_array_unref (self->children);
  g_free ((char *) self->options.name);
  g_free (self);
}

void
trio_supervisor_get_statistics (TrioSupervisor *self, TrioSupervisorStatistics *statistics)
{
  g_return_if_fail (self != NULL && statistics != NULL);

  *statistics = (TrioSupervisorStatistics) { .children = self->children->len, .restarts = self->n_restarts };
  trio_supervisor_forget_restarts (self);
  statistics->restarts_in_period = self->restarts.length;
  for (guint i = 0; i < self->children->len; i++)
    {
      Child *child = g_ptr_array_index (self->children, i);

      statistics->running += child->state == CHILD_RUNNING;
      statistics->backing_off += child->state == CHILD_STARTING && child->delay > 0;
    }
}
