/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Nurseries: a cancel scope with children.
 *
 * What is noted as touched: the scope for its cancellation, `children` for who lives here. Children come and go in any order, unless one
 * brings an error; the parent that looks, and a birth that another task gives, do not commute with that.
 *
 * Always true:
 *  1. The nursery is left only when it has no child and no pending start.
 *  2. The first error, of a child or of the body, cancels the nursery's scope; all errors are kept, in order of arrival.
 *  3. Leaving is one wait or one shielded yield. A cancellation arriving there is not lost: the children see it, and so does this task's
 *     next checkpoint. A Ctrl-C arriving there is kept as an error, and cancels the children.
 */

#include <string.h>

#include <trio/lowlevel/access.h>

#include "core/kernel.h"

/* Programs that spawn and join in a loop free one nursery right before they open the next. Where memory is watched, each is its own. */
#if defined (TRIO_INVARIANTS) || TRIO_FIBER_SANITIZED
#define KEEPS_SPARE FALSE
#else
#define KEEPS_SPARE TRUE
#endif

static TrioNursery *
take_memory (TrioLoop *loop)
{
  TrioNursery *nursery = g_steal_pointer (&loop->spare_nursery);

  if (nursery == NULL)
    nursery = g_new (TrioNursery, 1);
  memset (nursery, 0, sizeof *nursery);
  return nursery;
}

/* The loop that it belonged to may be gone. */
static void
give_memory (TrioNursery *nursery)
{
  TrioLoop *loop = trio_loop_of_thread;

  if (KEEPS_SPARE && loop != NULL && loop->spare_nursery == NULL)
    loop->spare_nursery = nursery;
  else
    g_free (nursery);
}

TrioNursery *
trio_nursery_open_located (GError **error, const char *where)
{
  TrioTask *task = trio_task_require_current ("trio_nursery_open", error);
  TrioNursery *nursery;

  if (task == NULL)
    return NULL;
  nursery = take_memory (task->loop);
  trio_cancel_scope_init (&nursery->scope, task->loop, task, error, where);
  nursery->scope.nursery = nursery;
  trio_note_access (&nursery->children, TRIO_ACCESS_CREATE);
  trio_link_init (&nursery->children);
  trio_list_push_tail (&task->nurseries, &nursery->task_link);
  trio_cancel_scope_enter (&nursery->scope);
  return nursery;
}

TrioNursery *
(trio_nursery_open) (GError **error)
{
  return trio_nursery_open_located (error, "an unnamed place");
}

/* Errors are kept one by one and put together at the end: a group that a child brings stays one member, whenever it comes. */
static void
add_error (TrioNursery *nursery, GError *error)
{
  if (nursery->errors == NULL)
    nursery->errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  g_ptr_array_add (nursery->errors, error);
}

static GError *
take_errors (TrioNursery *nursery)
{
  g_autoptr (GPtrArray) errors = g_steal_pointer (&nursery->errors);
  g_autofree gpointer *members = NULL;
  gsize n;

  if (errors == NULL)
    return NULL;
  members = g_ptr_array_steal (errors, &n);
  return trio_error_group_new ((GError **) members, n);
}

/* A child could not be born: that is the nursery's failure, as if the child had failed at once. */
static void
fail_spawn (TrioNursery *nursery, GDestroyNotify destroy, gpointer data, const char *name)
{
  if (destroy != NULL)
    destroy (data);
  add_error (nursery, g_error_new (TRIO_ERROR, TRIO_ERROR_FAILED, "no memory for the stack of task \"%s\"", name));
  trio_cancel_scope_mark (&nursery->scope, CAUSE_EXPLICIT, g_strdup_printf ("there was no memory for the stack of task \"%s\"", name));
}

void
trio_nursery_start_soon_full (TrioNursery *nursery, TrioFunc func, gpointer data, GDestroyNotify destroy, const char *name)
{
  g_return_if_fail (nursery != NULL && func != NULL);

  trio_note_access (&nursery->children, nursery->scope.task == trio_current_task () ? TRIO_ACCESS_ADD : TRIO_ACCESS_WRITE);
  if (nursery->closed && !TRIO_MUTATION (closed_takes_children))
    {
      g_critical ("trio_nursery_start_soon: the nursery opened at %s is closed; task \"%s\" was not started",
                  trio_cancel_scope_get_where (&nursery->scope), name != NULL ? name : "task");
      if (destroy != NULL)
        destroy (data);
      return;
    }
  if (trio_task_spawn (nursery->scope.loop, nursery, &nursery->scope, func, data, destroy, name) == NULL)
    fail_spawn (nursery, destroy, data, name != NULL ? name : "task");
}

void
(trio_nursery_start_soon) (TrioNursery *nursery, TrioFunc func, gpointer data)
{
  trio_nursery_start_soon_full (nursery, func, data, NULL, NULL);
}

TrioCancelScope *
trio_nursery_get_cancel_scope (TrioNursery *nursery)
{
  g_return_val_if_fail (nursery != NULL, NULL);
  return &nursery->scope;
}

void
(trio_nursery_cancel) (TrioNursery *nursery)
{
  g_return_if_fail (nursery != NULL);
  (trio_cancel_scope_cancel) (&nursery->scope);
}

/* Wakes the task that waits in close, if that was the last child. From now on it is closed: until that task runs others may, and what they
 * put here nobody would wait for. */
void
trio_nursery_check_joined (TrioNursery *nursery)
{
  if (nursery->joining && nursery->n_children == 0 && (nursery->n_starting == 0 || TRIO_MUTATION (starting_not_waited_for)))
    {
      nursery->joining = FALSE;
      nursery->closed = TRUE;
      trio_note_access (&nursery->children, TRIO_ACCESS_COMPLETE);
      trio_reschedule (nursery->scope.task, NULL);
    }
}

/* Takes error. */
static void
keep_error (TrioNursery *nursery, GError *error, const char *whose, const char *name)
{
  if (g_error_matches (error, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      if (nursery->cancelled == NULL)
        nursery->cancelled = error;
      else
        g_error_free (error);
    }
  else
    {
      if (nursery->scope.cause == CAUSE_NONE && !TRIO_MUTATION (failed_child_cancels_nobody))
        {
          gboolean interrupt = g_error_matches (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);

          trio_cancel_scope_mark (&nursery->scope, CAUSE_EXPLICIT,
                                  g_strdup_printf ("%s \"%s\" %s: %s", whose, name, interrupt ? "was interrupted" : "failed", error->message));
        }
      if (!TRIO_MUTATION (lost_error))
        add_error (nursery, error);
    }
}

/* Whether it makes no difference when a child ends with that: several that are cancelled for the nursery's own reason say the same. */
static gboolean
leaves_no_trace (TrioNursery *nursery, const GError *error)
{
  return error == NULL
         || (nursery->scope.cause != CAUSE_NONE && g_error_matches (error, TRIO_ERROR, TRIO_ERROR_CANCELLED)
             && g_strcmp0 (error->message, nursery->scope.source->reason) == 0);
}

void
trio_nursery_child_ended (TrioNursery *nursery, TrioTask *child, GError *error)
{
  trio_note_access (&nursery->children, leaves_no_trace (nursery, error) ? TRIO_ACCESS_ADD : TRIO_ACCESS_WRITE);
  trio_link_unlink (&child->sibling_link);
  nursery->n_children--;
  if (error != NULL)
    {
      keep_error (nursery, error, "task", child->name);
      /* A child that ends with CANCELLED although nobody cancelled it fails the nursery like any error. */
      if (nursery->cancelled != NULL && nursery->scope.cause == CAUSE_NONE)
        trio_cancel_scope_mark (&nursery->scope, CAUSE_EXPLICIT, g_strdup_printf ("task \"%s\" was cancelled", child->name));
    }
  trio_nursery_check_joined (nursery);
  trio_check_nursery (nursery);
}

static TrioAbort
keep_joining (TrioTask *task, gpointer data)
{
  TrioNursery *nursery = data;
  GError *error = trio_task_raise_cancel (task);

  /* Another Ctrl-C may follow a cancellation while the children take their time: let it through. */
  task->abort_called = FALSE;
  if (g_error_matches (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    keep_error (nursery, error, "task", task->name);
  else
    {
      task->n_cancels_raised--;     /* it was not given to the program */
      g_error_free (error);
    }
  return TRIO_ABORT_FAILED;
}

static void
describe_children (gpointer data, GString *out)
{
  TrioNursery *nursery = data;

  g_string_append_printf (out, "%" G_GSIZE_FORMAT " %s of the nursery opened at %s", nursery->n_children + nursery->n_starting,
                          nursery->n_children + nursery->n_starting == 1 ? "child" : "children",
                          trio_cancel_scope_get_where (&nursery->scope));
}

static const TrioWaitClass joining_class = {
  .what = "trio_nursery_close",
  .abort = keep_joining,
  .describe = describe_children,
};

TRIO_CHECKPOINT static void
join (TrioNursery *nursery)
{
  trio_note_access (&nursery->children, TRIO_ACCESS_WRITE);
  if (nursery->n_children == 0 && nursery->n_starting == 0)
    {
      trio_cancel_shielded_checkpoint ();
      trio_note_access (&nursery->children, TRIO_ACCESS_WRITE);
      /* Others ran meanwhile and may have spawned here. */
      if ((nursery->n_children == 0 && nursery->n_starting == 0) || TRIO_MUTATION (no_second_look))
        return;
    }
  nursery->joining = TRUE;
  if (!trio_wait (&joining_class, nursery, NULL))
    g_assert_not_reached ();
}

/* The body's own error goes among the others, in the order of its arrival: now. */
static void
collect_body_error (TrioNursery *nursery, gboolean ok, gboolean closing)
{
  GError **slot = nursery->scope.slot;
  const char *name = nursery->scope.task->name;

  if (slot != NULL && *slot != NULL)
    {
      if (ok)
        g_critical ("trio_nursery_close: the body of the nursery opened at %s set an error and reports success: %s",
                    trio_cancel_scope_get_where (&nursery->scope), (*slot)->message);
      keep_error (nursery, g_steal_pointer (slot), "the body of task", name);
    }
  else if (!closing && slot != NULL)
    g_critical ("the nursery opened at %s was left without trio_nursery_close() although its body reported no error",
                trio_cancel_scope_get_where (&nursery->scope));
  if (!ok && !TRIO_MUTATION (failed_body_cancels_nobody))
    trio_cancel_scope_mark (&nursery->scope, CAUSE_EXPLICIT, g_strdup_printf ("the body of task \"%s\" failed", name));
}

TRIO_CHECKPOINT static gboolean
leave (TrioNursery *nursery, gboolean ok, gboolean closing)
{
  TrioCancelScope *scope = &nursery->scope;
  TrioTask *task = scope->task;
  guint32 n_cancels = task->n_cancels_raised;
  gboolean silent = !ok && (scope->slot == NULL || *scope->slot == NULL);
  gboolean explicit_cancel = scope->cause != CAUSE_NONE;
  gboolean absorbs, caught = FALSE;
  GError *result;

  collect_body_error (nursery, ok, closing);
  if (closing || !TRIO_MUTATION (no_join_on_early_return))
    join (nursery);
  trio_note_access (&nursery->children, TRIO_ACCESS_WRITE);
  nursery->closed = TRUE;
  if (task->stray != NULL && scope->slot != NULL)
    add_error (nursery, g_steal_pointer (&task->stray));

  absorbs = trio_cancel_scope_absorbs (scope);
  trio_cancel_scope_leave (scope);
  trio_link_unlink (&nursery->task_link);

  if (nursery->cancelled != NULL)
    add_error (nursery, g_steal_pointer (&nursery->cancelled));
  result = take_errors (nursery);
  if (absorbs)
    result = trio_error_remove (result, TRIO_ERROR, TRIO_ERROR_CANCELLED, &caught);
  if (silent && explicit_cancel && absorbs && n_cancels != scope->n_cancels_at_open)
    caught = TRUE;
  scope->caught = caught;

  if (result == NULL && caught && !closing && scope->slot != NULL)
    result = trio_cancel_scope_own_error (scope);
  if (result == NULL)
    return ok || (caught && closing);
  if (scope->slot != NULL)
    *scope->slot = result;
  else
    /* Of a cancellation that comes from outside the next checkpoint tells; kept, it would outlive the scope it belongs to. */
    trio_task_keep_stray (task, trio_error_remove (result, TRIO_ERROR, TRIO_ERROR_CANCELLED, NULL));
  return FALSE;
}

gboolean
trio_nursery_close (TrioNursery *nursery, gboolean ok)
{
  TrioCancelScope *scope;
  gboolean misnested;

  g_return_val_if_fail (nursery != NULL, FALSE);

  scope = &nursery->scope;
  misnested = !scope->closed && !scope->abandoned && scope->task == trio_current_task () && scope->task->scope != scope;
  if (!trio_cancel_scope_may_close (scope, "trio_nursery_close"))
    return FALSE;
  /* That it cannot succeed is known now, and not only when the last child has ended. */
  return leave (nursery, ok && !misnested, TRUE);
}

void
trio_nursery_free (TrioNursery *nursery)
{
  if (nursery == NULL)
    return;
  if (!nursery->scope.closed)
    {
      if (!trio_cancel_scope_may_close (&nursery->scope, "trio_nursery_free"))
        return;       /* leaked: its children are still there */
      (void) leave (nursery, FALSE, FALSE);
    }
  trio_cancel_scope_clear (&nursery->scope);
  give_memory (nursery);
}
