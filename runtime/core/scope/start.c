/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio_nursery_start(): a task that is the caller's child until it says that it is ready, and then the target nursery's.
 *
 *     caller --- private nursery --- child          before started()
 *     owner  --- target nursery ---- child          after
 *
 * Moving is re-parenting part of two trees at once: the child's record goes to the other nursery, and every scope that the child has
 * opened outermost hangs below the other nursery's scope. Nothing below those moves. */

#include <trio/lowlevel/access.h>

#include "core/kernel.h"

struct _TrioTaskStatus
{
  TrioStartFunc    func;
  gpointer         data;
  GDestroyNotify   destroy;
  TrioNursery     *private_nursery;     /* of the caller */
  TrioNursery     *target;
  TrioTask        *child;
  gpointer         value;
  gboolean         started;
  guint            refs;                /* the caller, and the child */
  TrioLink         loop_link;           /* in loop->statuses */
};

static void
status_unref (TrioTaskStatus *status)
{
  if (--status->refs > 0)
    return;
  trio_link_unlink (&status->loop_link);
  g_free (status);
}

/* The run is abandoned, and neither callers nor children will do it. */
void
trio_task_statuses_discard (TrioLoop *loop)
{
  TrioLink *link;

  while ((link = trio_list_first (&loop->statuses)) != NULL)
    {
      trio_link_unlink (link);
      g_free (TRIO_CONTAINER (link, TrioTaskStatus, loop_link));
    }
}

/* The caller, whose nursery this is, was abandoned: it will not end what it began. */
void
trio_task_statuses_forget (TrioNursery *private_nursery)
{
  TrioList *statuses = &private_nursery->scope.loop->statuses;

  for (TrioLink *link = trio_list_first (statuses); link != NULL; link = trio_list_next (statuses, link))
    {
      TrioTaskStatus *status = TRIO_CONTAINER (link, TrioTaskStatus, loop_link);

      if (status->private_nursery != private_nursery)
        continue;
      status->private_nursery = NULL;
      status->target->n_starting--;
      trio_nursery_check_joined (status->target);
    }
}

static gboolean
run_child (gpointer data, GError **error)
{
  TrioTaskStatus *status = data;

  return status->func (status->data, status, error);
}

static void
free_child (gpointer data)
{
  TrioTaskStatus *status = data;

  if (status->destroy != NULL)
    status->destroy (status->data);
  status_unref (status);
}

/* First all is taken off the old place, then all is put into the new one, then who is cancelled there is told. */
static void
move_child (TrioTask *child, TrioNursery *from, TrioNursery *to)
{
  TrioLink *link;

  trio_task_keep_path (child);
  trio_link_unlink (&child->sibling_link);
  from->n_children--;
  trio_list_push_tail (&to->children, &child->sibling_link);
  to->n_children++;
  child->nursery = to;

  if (child->scope == &from->scope)
    {
      trio_task_enter_scope (child, &to->scope);
      if (to->scope.effective && !TRIO_MUTATION (moved_child_not_told))
        trio_cancel_tree_deliver (child);
    }
  while ((link = trio_list_first (&from->scope.children)) != NULL)
    {
      TrioCancelScope *scope = TRIO_CONTAINER (link, TrioCancelScope, child_link);

      trio_cancel_tree_detach (scope);
      trio_cancel_tree_attach (scope, &to->scope);
      trio_cancel_tree_update (scope);
    }
}

void
trio_task_status_started (TrioTaskStatus *status, gpointer value)
{
  TrioNursery *from;

  g_return_if_fail (status != NULL);
  if (status->started)
    {
      g_critical ("trio_task_status_started: task \"%s\" said so before", status->child->name);
      return;
    }
  status->started = TRUE;
  status->value = value;
  from = status->private_nursery;
  trio_note_access (&from->children, TRIO_ACCESS_WRITE);
  trio_note_access (&status->target->children, TRIO_ACCESS_WRITE);
  trio_note_access (&status->target->scope, TRIO_ACCESS_WRITE);

  /* If the caller is cancelled the child stays where it is, and start() goes on waiting for its end. */
  if (from->scope.effective && !TRIO_MUTATION (cancelled_start_moves_child))
    return;
  move_child (status->child, from, status->target);
  trio_nursery_check_joined (from);
}

gboolean
trio_nursery_start_full (TrioNursery *nursery, TrioStartFunc func, gpointer data, GDestroyNotify destroy, const char *name,
                         gpointer *value, GError **error)
{
  TrioTask *task = trio_task_require_current ("trio_nursery_start", error);
  TrioTaskStatus *status;
  TrioNursery *private_nursery;
  GError *failure = NULL;
  gboolean ok;

  g_return_val_if_fail (nursery != NULL && func != NULL, FALSE);

  trio_note_access (&nursery->children, TRIO_ACCESS_WRITE);
  trio_note_access (&nursery->scope, TRIO_ACCESS_READ);
  if (name == NULL)
    name = "task";
  if (task == NULL || nursery->closed || nursery->scope.effective)
    {
      if (task != NULL && nursery->closed)
        g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "the nursery opened at %s is closed; task \"%s\" was not started",
                     trio_cancel_scope_get_where (&nursery->scope), name);
      else if (task != NULL)
        g_set_error (error, TRIO_ERROR, TRIO_ERROR_CANCELLED, "task \"%s\" was not started: %s", name, nursery->scope.source->reason);
      if (destroy != NULL)
        destroy (data);
      return FALSE;
    }

  status = g_new0 (TrioTaskStatus, 1);
  status->func = func;
  status->data = data;
  status->destroy = destroy;
  status->target = nursery;
  status->refs = 2;
  trio_list_push_tail (&task->loop->statuses, &status->loop_link);

  nursery->n_starting++;
  private_nursery = trio_nursery_open_located (&failure, "trio_nursery_start()");
  private_nursery->scope.out_of_reach = TRUE;
  status->private_nursery = private_nursery;
  trio_nursery_start_soon_full (private_nursery, run_child, status, free_child, name);
  if (private_nursery->n_children > 0)
    status->child = TRIO_CONTAINER (trio_list_first (&private_nursery->children), TrioTask, sibling_link);
  ok = trio_nursery_close (private_nursery, TRUE);
  trio_note_access (&nursery->children, TRIO_ACCESS_WRITE);
  nursery->n_starting--;
  trio_nursery_check_joined (nursery);

  trio_nursery_free (private_nursery);
  status->private_nursery = NULL;

  if (ok && !status->started)
    {
      g_set_error (&failure, TRIO_ERROR, TRIO_ERROR_FAILED, "task \"%s\" ended without saying that it had started", name);
      ok = FALSE;
    }
  if (ok && value != NULL)
    *value = status->value;
  status_unref (status);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return ok;
}

gboolean
(trio_nursery_start) (TrioNursery *nursery, TrioStartFunc func, gpointer data, gpointer *value, GError **error)
{
  return trio_nursery_start_full (nursery, func, data, NULL, "task", value, error);
}
