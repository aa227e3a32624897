/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A program to look at from a debugger: a task within a task, and a function to stop in. See test-debugger.c. */

#include <trio/trio.h>

void stop_here (void);

G_GNUC_NO_INLINE void
stop_here (void)
{
  __asm__ volatile ("");
}

static G_GNUC_NO_INLINE void
called_by_the_task (int depth)
{
  if (depth > 0)
    called_by_the_task (depth - 1);
  else
    stop_here ();
  __asm__ volatile ("");                   /* not a tail call */
}

static G_GNUC_NO_INLINE gboolean
task_to_look_at (gpointer data, GError **error)
{
  (void) data;
  if (!trio_checkpoint (error))
    return FALSE;
  called_by_the_task (2);
  return TRUE;
}

static gboolean
parent (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, task_to_look_at, data);
  return trio_nursery_close (nursery, TRUE);
}

int
main (void)
{
  return trio_run (parent, NULL, NULL) ? 0 : 1;
}
