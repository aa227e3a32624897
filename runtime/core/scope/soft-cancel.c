/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Soft cancellation: asking before cancelling.
 *
 *            cancel_gracefully                 grace is over
 *     ----------------------------> asked ---------------------> cancelled (explicitly)
 *        scope->grace is set,                deadline_passed () in cancel-scope.c
 *        scope->due at most its end
 *
 * Always true:
 *  1. scope->soft == scope->grace or parent->soft, whatever the shields: it is a message, and interrupts nobody who did not ask. It is stored and
 *     made right by the same walk as `effective` (cancel-tree.c).
 *  2. A scope that is until_soft, soft and not closed has a cancellation of its own.
 *  3. scope->grace and no cancellation of its own: scope->due <= scope->grace->due. */

#include <trio/graceful.h>

#include <trio/lowlevel/access.h>
#include <trio/lowlevel/dump.h>

#include "core/kernel.h"

/* Why somebody inside is told: the words of the nearest scope that was asked. */
static char *
describe_request (TrioCancelScope *scope)
{
  while (scope->grace == NULL)
    scope = scope->parent;
  return g_strdup_printf ("cancelled: asked to end gracefully: %s (%s; %s opened at %s)",
                          scope->grace->why != NULL ? scope->grace->why : "no reason was given", scope->grace->who,
                          scope->nursery != NULL ? "nursery" : "scope", trio_cancel_scope_get_where (scope));
}

/* The first half of what cancel-tree.c computes for a scope. TRUE if something changed that its children must learn. */
gboolean
trio_soft_cancel_recompute (TrioCancelScope *scope)
{
  gboolean soft = scope->grace != NULL || (scope->parent != NULL && scope->parent->soft);
  gboolean changed = soft != scope->soft;

  scope->soft = soft;
  if (G_UNLIKELY (soft && scope->until_soft && scope->cause == CAUSE_NONE && !scope->closed))
    {
      scope->cause = CAUSE_EXPLICIT;
      scope->reason = describe_request (scope);
      trio_deadlines_disarm (&scope->loop->deadlines, &scope->deadline);
      TRIO_NOTIFY (scope->loop, scope_cancelled, scope);
    }
  return changed;
}

/* What the cancellation is called that ends the grace period: to be freed. */
char *
trio_soft_cancel_describe_end (TrioCancelScope *scope)
{
  TrioGrace *grace = scope->grace;

  return g_strdup_printf ("the grace period of %s is over%s%s; asked to end %s", trio_span_in_seconds (grace->span).text,
                          grace->why != NULL ? ": " : "", grace->why != NULL ? grace->why : "", grace->who);
}

void
(trio_cancel_scope_cancel_gracefully) (TrioCancelScope *scope, GTimeSpan grace)
{
  trio_cancel_scope_cancel_gracefully_located (scope, grace, NULL, NULL);
}

void
(trio_cancel_scope_cancel_gracefully_with_reason) (TrioCancelScope *scope, GTimeSpan grace, const char *reason)
{
  trio_cancel_scope_cancel_gracefully_located (scope, grace, reason, NULL);
}

void
trio_cancel_scope_cancel_gracefully_located (TrioCancelScope *scope, GTimeSpan grace, const char *reason, const char *where)
{
  gint64 now, due;

  g_return_if_fail (scope != NULL);

  trio_note_access (scope, TRIO_ACCESS_WRITE);
  if (scope->cause != CAUSE_NONE || scope->closed)
    return;
  grace = MAX (grace, 0);
  now = scope->loop->world->clock->now (scope->loop->world->clock);
  due = grace < G_MAXINT64 - now ? now + grace : G_MAXINT64;
  trio_annotate ("asks the %s opened at %s to end within %s", scope->nursery != NULL ? "nursery" : "scope",
                 trio_cancel_scope_get_where (scope), trio_span_in_seconds (grace).text);
  if (scope->grace == NULL)
    {
      scope->grace = g_new (TrioGrace, 1);
      *scope->grace = (TrioGrace) {
        .due = due,
        .span = grace,
        .why = g_strdup (reason),
        .who = trio_cancel_scope_describe_caller (scope, where),
      };
    }
  else if (due < scope->grace->due)
    {
      scope->grace->due = due;
      scope->grace->span = grace;
    }

  if (grace == 0)
    trio_cancel_scope_mark (scope, CAUSE_EXPLICIT, trio_soft_cancel_describe_end (scope));
  else
    {
      if (scope->grace->due < scope->due)
        trio_cancel_scope_set_deadline (scope, scope->grace->due);
      /* Those who are told may do anything, even close this scope's parents; nothing of it is touched after this. */
      trio_cancel_tree_update (scope);
    }
}

gboolean
trio_cancel_scope_soft_cancel_called (TrioCancelScope *scope)
{
  g_return_val_if_fail (scope != NULL, FALSE);
  trio_note_access (scope, TRIO_ACCESS_READ);
  return scope->grace != NULL;
}

gboolean
trio_current_soft_cancelled (void)
{
  TrioTask *task = trio_task_require_current ("trio_current_soft_cancelled", NULL);

  return task != NULL && (task->scope->soft || trio_task_is_cancelled (task));
}

TrioCancelScope *
trio_move_on_when_soft_cancelled_located (GError **error, const char *where)
{
  TrioTask *task = trio_task_require_current ("trio_move_on_when_soft_cancelled", error);
  TrioCancelScope *scope;

  if (task == NULL)
    return NULL;
  scope = g_new0 (TrioCancelScope, 1);
  trio_cancel_scope_init (scope, task->loop, task, error, where);
  scope->until_soft = TRUE;
  trio_cancel_scope_enter (scope);
  return scope;
}

TrioCancelScope *
(trio_move_on_when_soft_cancelled) (GError **error)
{
  return trio_move_on_when_soft_cancelled_located (error, "an unnamed place");
}

gboolean
trio_wait_soft_cancelled (GError **error)
{
  TrioTask *task = trio_task_require_current ("trio_wait_soft_cancelled", error);

  if (task == NULL)
    return FALSE;
  /* Whoever cancels the scope below for another reason, as only the simulator does, has not asked: wait on. */
  do
    {
      GError *failure = NULL;
      g_autoptr (TrioCancelScope) scope = trio_move_on_when_soft_cancelled_located (&failure, "trio_wait_soft_cancelled()");

      if (!trio_cancel_scope_close (scope, trio_sleep_forever (&failure)))
        {
          g_propagate_error (error, failure);
          return FALSE;
        }
    }
  while (!task->scope->soft);
  return TRUE;
}

TrioCancelScope *
trio_shield_for_located (GTimeSpan span, GError **error, const char *where)
{
  TrioCancelScope *scope = trio_move_on_after_located (span, error, where);

  if (scope != NULL)
    trio_cancel_scope_set_shield (scope, TRUE);
  return scope;
}

TrioCancelScope *
(trio_shield_for) (GTimeSpan span, GError **error)
{
  return trio_shield_for_located (span, error, "an unnamed place");
}
