/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Telling the instruments what a step touches. In production nobody watches, and trio_note_access() ends at its first test. */

#include <trio/lowlevel/access.h>

#include "core/kernel.h"

int trio_accesses_watched;

void
trio_watch_accesses (gboolean on)
{
  g_return_if_fail (on || trio_accesses_watched > 0);
  trio_accesses_watched += on ? 1 : -1;
}

void
trio_report_access (gconstpointer object, TrioAccess access)
{
  TrioLoop *loop = trio_loop_of_thread;

  if (loop != NULL)
    TRIO_NOTIFY (loop, accessed, loop->running, object, access);
}

void
trio_note_cancel_scopes (TrioTask *task)
{
  g_return_if_fail (task != NULL);

  for (TrioCancelScope *scope = task->scope; scope != NULL; scope = scope->parent)
    trio_note_access (scope, TRIO_ACCESS_READ);
}
