/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Docker's device mapper, which cleans up devices that were deleted (https://github.com/moby/moby/pull/17176; GoKer
 * moby/17176; an unlock that is missing).
 *
 * The bug: cleaning up returns with the mutex locked when there is nothing to do. The next who wants it waits for ever, while the
 * program goes on. It fails in every schedule, and so tests whether a task that is left over is noticed.
 *
 * The repair: unlock. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean   repaired;
  Mutex      devices;
  guint      n_deleted;
  TrioEvent *done;
} DeviceSet;

static void TRIO_CHECKPOINT
clean_up (DeviceSet *set)
{
  mutex_lock (&set->devices);
  if (set->n_deleted == 0)
    {
      if (set->repaired)
        mutex_unlock (&set->devices);
      return;
    }
  set->n_deleted = 0;
  mutex_unlock (&set->devices);
}

static gboolean
use_device (gpointer data, GError **error G_GNUC_UNUSED)
{
  DeviceSet *set = data;

  mutex_lock (&set->devices);
  mutex_unlock (&set->devices);
  trio_event_set (set->done);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (TrioEvent) done = trio_event_new ();
  DeviceSet set = { .repaired = repaired, .devices = MUTEX ("devices"), .done = done };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  clean_up (&set);
  trio_nursery_start_soon (nursery, use_device, &set);
  choose_from (trio_case_event (done), trio_case_after (G_TIME_SPAN_SECOND));
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_moby_17176 = {
  "moby-17176", run, "deadlock", NULL, "cleaning up forgets to unlock when there is nothing to do",
};
