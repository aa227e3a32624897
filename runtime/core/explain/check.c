/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio_always() and its kin: to the world if it wants them, else production's answer. */

#include <trio/check.h>

#include "core/kernel.h"

void
trio_check (TrioCheckKind kind, gboolean condition, const char *name, const char *where)
{
  /* A simulated thread is watched like a task. */
  TrioLoop *loop = trio_loop_of_thread != NULL ? trio_loop_of_thread : trio_strand_get_loop ();

  if (loop != NULL && loop->world->check != NULL)
    loop->world->check (loop->world, kind, condition, name, where);
  else if (kind == TRIO_CHECK_UNREACHABLE)
    g_error ("%s: reached what must not be reached: %s", where, name);
  else if (kind == TRIO_CHECK_ALWAYS && !condition)
    g_error ("%s: this must always hold, and does not: %s", where, name);
}
