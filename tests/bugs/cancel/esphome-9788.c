/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the scheduler of ESPHome, firmware for microcontrollers (https://github.com/esphome/esphome/pull/9788); a timer
 * that cannot be stopped.
 *
 * The bug: an interval timer is taken out of the list while its handler runs, and put back after. Who cancels it meanwhile finds
 * nothing to take out, and the timer is put back: the handler runs again although it was cancelled.
 *
 * The repair: look whether it was cancelled before it is put back.
 *
 * The canceller may be a thread, or a part of the handler; it is a task here. */

#include "tests/bugs/cancel/cancel.h"

#define N_RUNS 4

typedef struct
{
  gboolean repaired;
  gboolean armed;
  gboolean cancelled;
  int      n_runs;
} Timer;

static gboolean
loop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Timer *timer = data;

  while (timer->armed)
    {
      timer->armed = FALSE;
      trio_always (!timer->cancelled, "no handler runs after it was cancelled");
      bug_switch ();                    /* in the handler */
      timer->n_runs++;
      if (timer->n_runs < N_RUNS && !(timer->repaired && timer->cancelled))
        timer->armed = TRUE;
      bug_switch ();
    }
  return TRUE;
}

static gboolean
cancel (gpointer data, GError **error G_GNUC_UNUSED)
{
  Timer *timer = data;

  timer->cancelled = TRUE;
  timer->armed = FALSE;
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Timer timer = { .repaired = repaired, .armed = TRUE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "canceller", cancel, &timer);
  start_task (nursery, "loop", loop, &timer);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_esphome_9788 = {
  "esphome-9788", run, "always", NULL, "a timer that is cancelled while its handler runs is armed again by it",
};
