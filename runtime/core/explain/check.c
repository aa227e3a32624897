/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio_always() and its kin: to the world if it wants them, else production's answer. */

#include <trio/check.h>

#include "core/kernel.h"

/* trio_eventually() looks at most so often; and not more often than each millisecond. */
#define LOOKS_MAX 200

static TrioLoop *
loop_of_caller (void)
{
  /* A simulated thread is watched like a task. */
  return trio_loop_of_thread != NULL ? trio_loop_of_thread : trio_strand_get_loop ();
}

void
trio_check (TrioCheckKind kind, gboolean condition, const char *name, const char *where)
{
  TrioLoop *loop = loop_of_caller ();

  if (loop != NULL && loop->world->check != NULL)
    loop->world->check (loop->world, kind, condition, name, where);
  else if (kind == TRIO_CHECK_UNREACHABLE)
    g_error ("%s: reached what must not be reached: %s", where, name);
  else if (kind == TRIO_CHECK_ALWAYS && !condition)
    g_error ("%s: this must always hold, and does not: %s", where, name);
  else if (kind == TRIO_CHECK_EVENTUALLY && !condition)
    g_error ("%s: this must hold at last, and did not within its span: %s", where, name);
}

static void
heal (gboolean begins)
{
  TrioWorld *world = trio_loop_of_thread->world;

  if (world->heal != NULL)
    world->heal (world, begins);
}

gboolean
trio_eventually_at (gboolean (*reached) (gpointer data), gpointer data, gint64 within, const char *name, const char *where, GError **error)
{
  GTimeSpan between = MAX (within / LOOKS_MAX, G_TIME_SPAN_MILLISECOND);
  gboolean ok = TRUE;
  gboolean met;
  gint64 due;

  /* Outside a task it fails here. */
  if (!trio_checkpoint (error))
    return FALSE;

  due = trio_current_time ();
  due = within < G_MAXINT64 - due ? due + within : G_MAXINT64;
  heal (TRUE);
  while (!(met = reached (data)) && ok && trio_current_time () < due)
    ok = trio_sleep (MIN (between, due - trio_current_time ()), error);
  heal (FALSE);
  if (ok)
    trio_check (TRIO_CHECK_EVENTUALLY, met, name, where);
  return ok;
}

TrioObligation *
trio_oblige_at (gint64 within, const char *name, const char *where)
{
  TrioLoop *loop = loop_of_caller ();

  return loop != NULL && loop->world->oblige != NULL ? loop->world->oblige (loop->world, within, name, where) : NULL;
}

void
trio_obligation_meet (TrioObligation *obligation)
{
  if (obligation != NULL)
    obligation->meet (obligation);
}
