/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Cancel scopes: opening, asking, and judging what the body brings back.
 *
 *            open                 close (ok)            free
 *     ------------------> open -----------------> closed ----->
 *                           |
 *                           | free without close: the failing path
 *                           +---------------------------------->
 *
 * A scope absorbs the CANCELLED that comes out of its body exactly if it is effectively cancelled and what is outside it is not, as far
 * as it can be seen from inside. So of several cancelled scopes the outermost one, up to a shield, absorbs. */

#include <string.h>

#include <trio/lowlevel/access.h>
#include <trio/lowlevel/dump.h>

#include "core/kernel.h"

static void
deadline_passed (TrioDeadline *deadline)
{
  TrioCancelScope *scope = TRIO_CONTAINER (deadline, TrioCancelScope, deadline);

  if (scope->grace != NULL && scope->due >= scope->grace->due)
    trio_cancel_scope_mark (scope, CAUSE_EXPLICIT, trio_soft_cancel_describe_end (scope));
  else
    trio_cancel_scope_mark (scope, CAUSE_DEADLINE, NULL);
}

void
trio_cancel_scope_init (TrioCancelScope *scope, TrioLoop *loop, TrioTask *task, GError **slot, const char *where)
{
  trio_deadline_init (&scope->deadline, deadline_passed);
  scope->loop = loop;
  scope->task = task;
  scope->slot = slot;
  scope->where = where;
  scope->due = G_MAXINT64;
  scope->span = -1;
  trio_link_init (&scope->child_link);
  trio_link_init (&scope->children);
  trio_link_init (&scope->tasks);
}

/* Puts the task that opens it inside. */
void
trio_cancel_scope_enter (TrioCancelScope *scope)
{
  TrioTask *task = scope->task;

  trio_note_access (scope, TRIO_ACCESS_CREATE);
  scope->serial = ++scope->loop->next_scope_serial;
  scope->loop->n_scopes++;
  scope->n_cancels_at_open = task->n_cancels_raised;
  trio_cancel_tree_attach (scope, task->scope);
  trio_task_enter_scope (task, scope);
  /* Most often there is nothing to inherit. */
  if (G_UNLIKELY (scope->parent->effective || scope->parent->soft) && !TRIO_MUTATION (born_uncancelled))
    trio_cancel_tree_update (scope);
  TRIO_NOTIFY (scope->loop, scope_opened, task, scope);
}

/* Takes its task out, and the scope out of the tree. */
void
trio_cancel_scope_leave (TrioCancelScope *scope)
{
  TrioTask *task = scope->task;

  trio_note_access (scope, TRIO_ACCESS_WRITE);
  TRIO_NOTIFY (scope->loop, scope_closed, task, scope);
  trio_deadlines_disarm (&scope->loop->deadlines, &scope->deadline);
  scope->closed = TRUE;
  scope->loop->n_scopes--;
  if (!scope->abandoned)
    {
      g_assert (task->scope == scope);
      trio_task_enter_scope (task, scope->parent);
    }
  g_assert (trio_list_is_empty (&scope->tasks) && trio_list_is_empty (&scope->children));
  trio_cancel_tree_detach (scope);
}

void
trio_cancel_scope_clear (TrioCancelScope *scope)
{
  g_clear_pointer (&scope->reason, g_free);
  if (scope->grace != NULL)
    {
      g_free (scope->grace->why);
      g_free (scope->grace->who);
      g_clear_pointer (&scope->grace, g_free);
    }
}

static const char *
base_name (const char *where)
{
  const char *slash = strrchr (where, '/');

  return slash != NULL ? slash + 1 : where;
}

static char *
describe_cause (TrioCancelScope *scope, TrioCancelCause cause, const char *why)
{
  const char *kind = scope->nursery != NULL ? "nursery" : "scope";

  if (cause == CAUSE_DEADLINE && scope->span >= 0)
    return g_strdup_printf ("cancelled: the deadline of %s, set at %s, passed", trio_span_in_seconds (scope->span).text, base_name (scope->where));
  if (cause == CAUSE_DEADLINE)
    return g_strdup_printf ("cancelled: the deadline of the %s opened at %s passed", kind, base_name (scope->where));
  return g_strdup_printf ("cancelled: %s (%s opened at %s)", why, kind, base_name (scope->where));
}

char *
trio_cancel_scope_describe_caller (TrioCancelScope *scope, const char *where)
{
  TrioTask *task = scope->loop->running;
  const char *at = where != NULL ? " at " : "";

  where = where != NULL ? base_name (where) : "";
  if (task == NULL)
    return g_strdup_printf ("by code outside any task%s%s", at, where);
  return g_strdup_printf ("by task \"%s\"%s%s", task->name, at, where);
}

/* Who, why, where: for one who asks. `where` NULL: not known. To be freed. */
static char *
describe_request (TrioCancelScope *scope, const char *why, const char *where)
{
  g_autofree char *who = trio_cancel_scope_describe_caller (scope, where);
  const char *kind = scope->nursery != NULL ? "nursery" : "scope";

  if (why != NULL)
    return g_strdup_printf ("cancelled: %s (%s; %s opened at %s)", why, who, kind, base_name (scope->where));
  return g_strdup_printf ("cancelled: the %s opened at %s was cancelled %s", kind, base_name (scope->where), who);
}

/* Its own cancellation; the first cause stays. `reason` is taken. */
static void
mark (TrioCancelScope *scope, TrioCancelCause cause, char *reason)
{
  scope->cause = cause;
  scope->reason = reason;
  trio_deadlines_disarm (&scope->loop->deadlines, &scope->deadline);
  TRIO_NOTIFY (scope->loop, scope_cancelled, scope);
  trio_cancel_tree_update (scope);
}

/* What the runtime itself cancels: `why`, which is taken, names who. */
void
trio_cancel_scope_mark (TrioCancelScope *scope, TrioCancelCause cause, char *why)
{
  trio_note_access (scope, TRIO_ACCESS_WRITE);
  if (scope->cause == CAUSE_NONE && !scope->closed)
    mark (scope, cause, describe_cause (scope, cause, why));
  g_free (why);
}

TrioCancelScope *
trio_cancel_scope_open_located (TrioCancelScopeKind kind, gint64 due, GError **error, const char *where)
{
  TrioTask *task = trio_task_require_current ("trio_cancel_scope_open", error);
  TrioCancelScope *scope;

  if (task == NULL)
    return NULL;
  scope = g_new (TrioCancelScope, 1);
  memset (scope, 0, sizeof *scope);
  trio_cancel_scope_init (scope, task->loop, task, error, where);
  scope->kind = kind;
  trio_cancel_scope_enter (scope);
  if (due != G_MAXINT64)
    {
      /* A deadline that has passed cancels the first checkpoint inside, not the one after the next turn. */
      if (due <= trio_current_time () && !TRIO_MUTATION (past_deadline_waits))
        {
          scope->due = due;
          trio_cancel_scope_mark (scope, CAUSE_DEADLINE, NULL);
        }
      else
        trio_cancel_scope_set_deadline (scope, due);
    }
  return scope;
}

static TrioCancelScope *
open_after (TrioCancelScopeKind kind, GTimeSpan span, GError **error, const char *where)
{
  TrioTask *task = trio_task_require_current (kind == TRIO_CANCEL_SCOPE_FAIL ? "trio_fail_after" : "trio_move_on_after", error);
  gint64 now;
  TrioCancelScope *scope;

  if (task == NULL)
    return NULL;
  now = trio_current_time ();
  scope = trio_cancel_scope_open_located (kind, G_MAXINT64, error, where);
  if (span <= 0)
    {
      scope->span = 0;
      trio_cancel_scope_mark (scope, CAUSE_DEADLINE, NULL);
    }
  else
    {
      trio_cancel_scope_set_deadline (scope, span < G_MAXINT64 - now ? now + span : G_MAXINT64);
      scope->span = span;
    }
  return scope;
}

TrioCancelScope *
trio_move_on_after_located (GTimeSpan span, GError **error, const char *where)
{
  return open_after (TRIO_CANCEL_SCOPE_PLAIN, span, error, where);
}

TrioCancelScope *
trio_fail_after_located (GTimeSpan span, GError **error, const char *where)
{
  return open_after (TRIO_CANCEL_SCOPE_FAIL, span, error, where);
}

/* The functions behind the macros, for those who take their address or call from another language. */
TrioCancelScope *
(trio_cancel_scope_open) (GError **error)
{
  return trio_cancel_scope_open_located (TRIO_CANCEL_SCOPE_PLAIN, G_MAXINT64, error, "an unnamed place");
}

TrioCancelScope *
(trio_move_on_after) (GTimeSpan span, GError **error)
{
  return trio_move_on_after_located (span, error, "an unnamed place");
}

TrioCancelScope *
(trio_move_on_at) (gint64 due, GError **error)
{
  return trio_cancel_scope_open_located (TRIO_CANCEL_SCOPE_PLAIN, due, error, "an unnamed place");
}

TrioCancelScope *
(trio_fail_after) (GTimeSpan span, GError **error)
{
  return trio_fail_after_located (span, error, "an unnamed place");
}

TrioCancelScope *
(trio_fail_at) (gint64 due, GError **error)
{
  return trio_cancel_scope_open_located (TRIO_CANCEL_SCOPE_FAIL, due, error, "an unnamed place");
}

void
(trio_cancel_scope_cancel) (TrioCancelScope *scope)
{
  trio_cancel_scope_cancel_located (scope, NULL, NULL);
}

void
(trio_cancel_scope_cancel_with_reason) (TrioCancelScope *scope, const char *reason)
{
  trio_cancel_scope_cancel_located (scope, reason, NULL);
}

void
trio_cancel_scope_cancel_located (TrioCancelScope *scope, const char *reason, const char *where)
{
  g_return_if_fail (scope != NULL);

  trio_note_access (scope, TRIO_ACCESS_WRITE);
  if (scope->cause == CAUSE_NONE && !scope->closed)
    mark (scope, CAUSE_EXPLICIT, describe_request (scope, reason, where));
}

void
trio_cancel_scope_set_deadline (TrioCancelScope *scope, gint64 due)
{
  g_return_if_fail (scope != NULL);

  trio_note_access (scope, TRIO_ACCESS_WRITE);
  if (scope->grace != NULL)
    due = MIN (due, scope->grace->due);
  if (scope->due == due || scope->cause != CAUSE_NONE || scope->closed)
    return;
  trio_deadlines_disarm (&scope->loop->deadlines, &scope->deadline);
  scope->due = due;
  scope->span = -1;
  if (due != G_MAXINT64 && !TRIO_MUTATION (forgotten_deadline))
    trio_loop_arm (scope->loop, &scope->deadline, due);
  trio_loop_nudge (scope->loop);
}

gint64
trio_cancel_scope_get_deadline (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, G_MAXINT64);
  trio_note_access (scope, TRIO_ACCESS_READ);
  return scope->due;
}

void
trio_cancel_scope_set_shield (TrioCancelScope *scope, gboolean shield)
{
  g_return_if_fail (scope != NULL);

  trio_note_access (scope, TRIO_ACCESS_WRITE);
  if (scope->shield == !!shield)
    return;
  scope->shield = !!shield;
  if (!scope->closed)
    trio_cancel_tree_update (scope);
}

gboolean
trio_cancel_scope_get_shield (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, FALSE);
  trio_note_access (scope, TRIO_ACCESS_READ);
  return scope->shield;
}

gboolean
trio_cancel_scope_cancel_called (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, FALSE);

  trio_note_access (scope, TRIO_ACCESS_READ);
  /* The clock is asked only if there is a deadline, so that nobody pays for a question that has one answer. */
  if (scope->cause == CAUSE_NONE && !scope->closed && trio_deadline_is_armed (&scope->deadline)
      && scope->due <= scope->loop->world->clock->now (scope->loop->world->clock))
    deadline_passed (&scope->deadline);
  return scope->cause != CAUSE_NONE;
}

gboolean
trio_cancel_scope_cancelled_caught (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, FALSE);
  trio_note_access (scope, TRIO_ACCESS_READ);
  return scope->caught;
}

gboolean
trio_cancel_scope_absorbs (TrioCancelScope *scope)
{
  return scope->effective && (scope->shield || scope->parent == NULL || !scope->parent->effective || TRIO_MUTATION (absorbs_what_is_not_its_own));
}

gint64
trio_current_effective_deadline (void)
{
  TrioTask *task = trio_task_require_current ("trio_current_effective_deadline", NULL);
  gint64 earliest = G_MAXINT64;

  if (task == NULL)
    return G_MAXINT64;
  if (trio_task_is_cancelled (task))
    return G_MININT64;
  for (TrioCancelScope *scope = task->scope; scope != NULL; scope = scope->parent)
    {
      earliest = MIN (earliest, scope->due);
      if (scope->shield)
        break;
    }
  return earliest;
}

/* What the scope's own cancellation is called when the body cannot move on. */
GError *
trio_cancel_scope_own_error (TrioCancelScope *scope)
{
  g_assert (scope->cause != CAUSE_NONE);

  if (scope->cause == CAUSE_DEADLINE)
    return g_error_new (TRIO_ERROR, TRIO_ERROR_TOO_SLOW, "too slow: %s", scope->reason + strlen ("cancelled: "));
  return g_error_new (TRIO_ERROR, TRIO_ERROR_FAILED, "%s; its body was left without close", scope->reason);
}

/* Whether scope may be closed or left now by the calling task. Scopes opened within it that are still open are abandoned: cancelled for
 * good and taken out of the task, but not freed, since the program still holds them. FALSE, with everything as it was, if the
 * calling task did not open it. */
gboolean
trio_cancel_scope_may_close (TrioCancelScope *scope, const char *caller)
{
  TrioTask *task = trio_current_task ();

  if (scope->closed)
    {
      g_critical ("%s: the scope opened at %s is closed already", caller, base_name (scope->where));
      return FALSE;
    }
  if (task == NULL || scope->task != task)
    {
      g_critical ("%s: the scope opened at %s belongs to another task", caller, base_name (scope->where));
      return FALSE;
    }
  if (scope->abandoned || task->scope == scope)
    return TRUE;

  while (task->scope != scope)
    {
      TrioCancelScope *inner = task->scope;

      /* One that is open and not abandoned lies around its task's innermost one. */
      g_assert (inner != NULL && inner->task == task);

      GError *misuse = g_error_new (TRIO_ERROR, TRIO_ERROR_MISUSE, "%s: the scope opened at %s was closed before the one opened inside it at %s",
                                    caller, base_name (scope->where), base_name (inner->where));

      g_critical ("%s", misuse->message);
      trio_task_keep_stray (task, misuse);
      trio_task_enter_scope (task, inner->parent);
      trio_cancel_tree_detach (inner);
      inner->abandoned = TRUE;
      if (!TRIO_MUTATION (abandoned_goes_on))
        trio_cancel_scope_mark (inner, CAUSE_EXPLICIT, g_strdup ("it was abandoned by closing an outer scope first"));
    }
  return TRUE;
}

/* The body's part of the answer, after the scope has been left: takes what is the scope's own out of the slot. */
static gboolean
judge (TrioCancelScope *scope, gboolean absorbs, gboolean closing)
{
  GError **slot = scope->slot;
  gboolean caught = FALSE, too_slow;

  if (slot != NULL)
    {
      if (absorbs)
        *slot = trio_error_remove (*slot, TRIO_ERROR, TRIO_ERROR_CANCELLED, &caught);
    }
  else
    /* Without a slot the error itself is gone; that one was raised since is the best witness. */
    caught = absorbs && scope->task->n_cancels_raised != scope->n_cancels_at_open;
  scope->caught = caught;

  if (!caught)
    return FALSE;
  too_slow = scope->kind == TRIO_CANCEL_SCOPE_FAIL && scope->cause == CAUSE_DEADLINE;
  if (slot == NULL)
    return closing && !too_slow;
  /* If more than the cancellation happened to the body, that is the result. */
  if (*slot == NULL && (too_slow || !closing))
    *slot = trio_cancel_scope_own_error (scope);
  return *slot == NULL;
}

gboolean
trio_cancel_scope_close (TrioCancelScope *scope, gboolean ok)
{
  gboolean absorbs, misnested;

  g_return_val_if_fail (scope != NULL, FALSE);
  g_return_val_if_fail (scope->nursery == NULL, FALSE);

  misnested = !scope->abandoned && scope->task == trio_current_task () && scope->task->scope != scope && !scope->closed;
  if (!trio_cancel_scope_may_close (scope, "trio_cancel_scope_close"))
    return FALSE;
  absorbs = trio_cancel_scope_absorbs (scope);
  trio_cancel_scope_leave (scope);
  if (ok && scope->slot != NULL && *scope->slot != NULL)
    {
      g_critical ("trio_cancel_scope_close: the body of the scope opened at %s set an error and reports success: %s",
                  base_name (scope->where), (*scope->slot)->message);
      ok = FALSE;
    }
  if (!ok)
    ok = judge (scope, absorbs, TRUE);
  if (misnested && scope->slot != NULL && scope->task->stray != NULL)
    {
      *scope->slot = trio_error_merge (*scope->slot, g_steal_pointer (&scope->task->stray));
      ok = FALSE;
    }
  return ok;
}

void
trio_cancel_scope_free (TrioCancelScope *scope)
{
  if (scope == NULL)
    return;
  g_return_if_fail (scope->nursery == NULL);

  if (!scope->closed)
    {
      gboolean absorbs;

      if (!trio_cancel_scope_may_close (scope, "trio_cancel_scope_free"))
        return;       /* leaked: to free it would leave its task in a scope that is gone */
      if (scope->slot != NULL && *scope->slot == NULL)
        g_critical ("the scope opened at %s was left without trio_cancel_scope_close() although its body reported no error",
                    base_name (scope->where));
      absorbs = trio_cancel_scope_absorbs (scope);
      trio_cancel_scope_leave (scope);
      (void) judge (scope, absorbs, FALSE);
    }
  trio_cancel_scope_clear (scope);
  g_free (scope);
}

TRIO_CHECKPOINT static void
close_for_task (TrioTask *task, TrioCancelScope *scope)
{
  const char *kind = scope->nursery != NULL ? "nursery" : "scope";

  g_critical ("task \"%s\" ended inside the %s opened at %s; close it, or declare it with g_autoptr", task->name, kind,
              base_name (scope->where));
  trio_task_keep_stray (task, g_error_new (TRIO_ERROR, TRIO_ERROR_MISUSE, "task \"%s\" ended inside the %s opened at %s", task->name, kind,
                                           base_name (scope->where)));
  /* Its slot may be in a frame that is gone. */
  scope->slot = NULL;
  if (scope->nursery != NULL)
    (void) !trio_nursery_close (scope->nursery, FALSE);
  else
    trio_cancel_scope_leave (scope);
}

/* A task has ended with scopes still open: they are closed for it, from the innermost out, and the mistake becomes its error. Then come
 * the nurseries that a misnested close had abandoned before: their children may not outlive the task either. */
void
trio_cancel_scope_abandon_rest (TrioTask *task)
{
  TrioCancelScope *base = task->nursery != NULL ? &task->nursery->scope : &task->loop->root;

  while (task->scope != base)
    close_for_task (task, task->scope);
  while (!trio_list_is_empty (&task->nurseries))
    close_for_task (task, &TRIO_CONTAINER (trio_list_first (&task->nurseries), TrioNursery, task_link)->scope);
}

guint64
trio_cancel_scope_get_serial (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, 0);
  return scope->serial;
}

const char *
trio_cancel_scope_get_where (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, NULL);
  return base_name (scope->where);
}

const char *
trio_cancel_scope_get_reason (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, NULL);
  return scope->reason;
}

TrioCancelScope *
trio_cancel_scope_get_parent (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, NULL);
  return scope->parent;
}

gboolean
trio_cancel_scope_is_nursery (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, FALSE);
  return scope->nursery != NULL;
}
