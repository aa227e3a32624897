/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A child's task: one life of a child, from the delay before it to the word to the manager after it.
 *
 * Its scope is shielded: a cancellation from outside reaches the manager alone, which stops the children one after the other. Its errors stay
 * in its record; to the nursery all children always succeed. */

#include <trio/cancel-scope.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/graceful.h>
#include <trio/run.h>

#include "supervise/supervisor-private.h"

static gboolean live       (gpointer data, GError **error);
static void     task_is_gone (gpointer data);
static gboolean run        (Child *self, GError **error);
static gboolean wait_out   (GTimeSpan delay, GError **error);

Child *
trio_supervisor_child_new (TrioSupervisor *supervisor, TrioFunc func, gpointer data, GDestroyNotify destroy, const char *name,
                           const TrioSupervisorChildOptions *options)
{
  Child *self = g_new0 (Child, 1);

  self->supervisor = supervisor;
  self->id = ++supervisor->next_id;
  self->name = g_strdup (name != NULL ? name : "child");
  self->func = func;
  self->data = data;
  self->destroy = destroy;
  if (options != NULL)
    self->options = *options;
  return self;
}

void
trio_supervisor_child_free (gpointer child)
{
  Child *self = child;

  if (self->destroy != NULL)
    self->destroy (self->data);
  g_clear_error (&self->error);
  g_free (self->name);
  g_free (self);
}

gboolean
trio_supervisor_child_has_task (Child *self)
{
  return self->state == CHILD_STARTING || self->state == CHILD_RUNNING;
}

void
trio_supervisor_child_start (Child *self, GTimeSpan delay)
{
  g_assert (!trio_supervisor_child_has_task (self) && self->error == NULL);

  self->state = CHILD_STARTING;
  self->delay = delay;
  self->stopping = FALSE;
  self->cancelled = FALSE;
  trio_nursery_start_soon_full (self->supervisor->nursery, live, self, task_is_gone, self->name);
}

static gboolean
live (gpointer data, GError **error G_GNUC_UNUSED)
{
  Child *self = data;
  GError *failure = NULL;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (&failure);
  gboolean ok;

  trio_cancel_scope_set_shield (scope, TRUE);
  self->scope = scope;
  ok = trio_cancel_scope_close (scope, run (self, &failure));
  if (!ok && failure == NULL)
    g_set_error (&failure, TRIO_ERROR, TRIO_ERROR_FAILED, "child \"%s\" failed without saying why", self->name);
  self->scope = NULL;
  self->cancelled = trio_cancel_scope_cancelled_caught (scope);
  self->succeeded = ok && self->state == CHILD_RUNNING && !self->cancelled && !trio_cancel_scope_soft_cancel_called (scope);
  self->error = failure;
  self->state = CHILD_ENDED;
  g_queue_push_tail (&self->supervisor->ended, self);
  trio_supervisor_wake (self->supervisor);
  return TRUE;
}

/* Of one that has lived this says nothing new. One for whose stack there was no memory has never lived: its nursery has failed for that, and the
 * manager is told, which would wait for it for ever. */
static void
task_is_gone (gpointer data)
{
  Child *self = data;

  if (self->state != CHILD_STARTING)
    return;
  self->stopping = TRUE;
  self->succeeded = FALSE;
  self->state = CHILD_ENDED;
  g_queue_push_tail (&self->supervisor->ended, self);
  trio_supervisor_wake (self->supervisor);
}

static gboolean
run (Child *self, GError **error)
{
  if (self->delay > 0 && !wait_out (self->delay, error))
    return FALSE;
  /* Meanwhile it may have become pointless to begin. */
  if (self->stopping || trio_current_soft_cancelled ())
    return TRUE;
  self->state = CHILD_RUNNING;
  self->called_at = trio_current_time ();
  return self->func (self->data, error);
}

static gboolean
wait_out (GTimeSpan delay, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_when_soft_cancelled (error);

  return trio_cancel_scope_close (scope, trio_sleep (delay, error));
}

void
trio_supervisor_child_stop (Child *self, gboolean at_once)
{
  static const char reason[] = "its supervisor stops it";

  self->stopping = TRUE;
  if (self->scope == NULL)
    return;       /* its task has not run yet, and will look */
  if (at_once || self->options.grace <= 0)
    trio_cancel_scope_cancel_with_reason (self->scope, reason);
  else if (!trio_cancel_scope_soft_cancel_called (self->scope))
    trio_cancel_scope_cancel_gracefully_with_reason (self->scope, self->options.grace, reason);
}
