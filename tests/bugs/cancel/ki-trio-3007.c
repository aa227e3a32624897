/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's Trio (https://github.com/python-trio/trio/issues/3007); a Ctrl-C that strikes the wrong run.
 *
 * The bug: Ctrl-C sets a flag that is looked at where tasks switch. When it comes in the last step of a run nobody looks any
 * more; the flag stays, and the next run in the same process is interrupted at once.
 *
 * The repair: look, and clear it, at the end of a run. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  gboolean pending;                     /* the flag */
  int      run;                         /* the present one */
  int      meant_for;                   /* the run that there was when it came */
} Process;

static gboolean
is_interrupted (Process *process)
{
  if (!process->pending)
    return FALSE;
  process->pending = FALSE;
  trio_always (process->meant_for == process->run, "Ctrl-C strikes the run in which it came");
  return TRUE;
}

static void TRIO_CHECKPOINT
run_once (Process *process, int run)
{
  process->run = run;
  for (int i = 0; i < 2; i++)
    {
      bug_switch ();
      if (is_interrupted (process))
        return;
    }
  bug_switch ();                        /* the last operation, which cannot be interrupted */
  if (process->repaired)
    is_interrupted (process);
}

static gboolean
run_twice (gpointer data, GError **error G_GNUC_UNUSED)
{
  run_once (data, 0);
  run_once (data, 1);
  return TRUE;
}

static gboolean
ctrl_c (gpointer data, GError **error G_GNUC_UNUSED)
{
  Process *process = data;

  process->pending = TRUE;
  process->meant_for = process->run;
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Process process = { .repaired = repaired };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "runs", run_twice, &process);
  start_task (nursery, "ctrl-c", ctrl_c, &process);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_ki_trio_3007 = {
  "ki-trio-3007", run, "always", NULL, "a Ctrl-C in the last step of a run interrupts the next run",
};
