/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: AnyIO's cancel scopes on asyncio (https://github.com/agronholm/anyio/issues/285,
 * https://github.com/agronholm/anyio/issues/458); a Ctrl-C that is swallowed.
 *
 * The bug: asyncio says Ctrl-C to a program by cancelling its main task. There a scope's body cleans up, and cancels its own
 * scope; and a scope that was cancelled takes a cancellation for its own. The program does not end.
 *
 * The repair: remember that the request came before one's own, from outside.
 *
 * In the second way there is no Ctrl-C but what the harness cancels; so the program ends by itself after an hour. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  Once     self;
  gboolean closing;
  Event   *work;                        /* what main waits for at present */
} Program;

typedef struct
{
  gboolean cancelled;
  gboolean cancelled_from_outside;
} Scope;

/* Waits for ever; and cleans up when it is stopped. */
static gboolean
body (Program *program, Scope *scope, GError **error)
{
  Event work = { 0 };
  gboolean ok;

  program->work = &work;
  ok = event_wait_once (&work, "wait_for_work", &program->self, error);
  program->work = NULL;
  scope->cancelled_from_outside = !ok && !scope->cancelled;
  scope->cancelled = TRUE;
  return ok;
}

/* Whether a cancellation that comes out of its body is its own. */
static gboolean
scope_swallows (Program *program, const Scope *scope)
{
  return scope->cancelled && !(program->repaired && scope->cancelled_from_outside);
}

static gboolean
run_main (gpointer data, GError **error)
{
  Program *program = data;
  g_autoptr (GError) failure = NULL;

  while (failure == NULL && !program->closing)
    {
      Scope scope = { 0 };

      if (!body (program, &scope, &failure) && failure->domain == ONCE_CANCELLED && scope_swallows (program, &scope))
        g_clear_error (&failure);
    }
  trio_always (failure != NULL || program->self.raised == 0, "Ctrl-C ends the program");
  if (failure == NULL || failure->domain == ONCE_CANCELLED)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
ctrl_c (gpointer data, GError **error G_GNUC_UNUSED)
{
  Program *program = data;

  once_cancel (&program->self);
  return TRUE;
}

static gboolean
close_late (gpointer data, GError **error)
{
  Program *program = data;

  if (!trio_sleep (G_TIME_SPAN_HOUR, error))
    return FALSE;
  program->closing = TRUE;
  if (program->work != NULL)
    event_set (program->work);
  return TRUE;
}

static gboolean
run (gboolean repaired, gboolean with_ctrl_c, GError **error)
{
  Program program = { .repaired = repaired };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "main", run_main, &program);
  if (with_ctrl_c)
    start_task (nursery, "ctrl-c", ctrl_c, &program);
  else
    start_task (nursery, "closer", close_late, &program);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (ki_anyio_285, "ki-anyio-285", run, "deadlock", "always",
                 "a scope takes Ctrl-C for its own cancellation, and the program goes on");
