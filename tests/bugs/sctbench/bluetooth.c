/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the stopping of a Bluetooth driver of Windows (SCTBench's CS.bluetooth_driver_bad,
 * https://github.com/mc-imperial/sctbench, after Qadeer and Wu, "KISS: keep it simple and sequential", PLDI 2004; atomicity).
 *
 * The bug: work looks whether the driver is stopping, and then counts itself in. Between the two the driver may stop altogether,
 * since nobody is counted.
 *
 * The repair: a mutex around looking and counting, and around the beginning of the stop; who was not counted in does not count
 * itself out. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  int      n_pending;         /* 1 is the driver itself; changed atomically, as the original does */
  gboolean stopping;
  gboolean all_done;
  gboolean stopped;
} Driver;

static gboolean TRIO_CHECKPOINT
count_in (Driver *driver)
{
  gboolean may;

  if (driver->repaired)
    mutex_lock (&driver->mutex);
  bug_switch ();
  may = !driver->stopping;
  if (may)
    {
      bug_switch ();
      driver->n_pending++;
    }
  if (driver->repaired)
    mutex_unlock (&driver->mutex);
  return may;
}

static void TRIO_CHECKPOINT
count_out (Driver *driver)
{
  int left;

  bug_switch ();
  left = --driver->n_pending;
  if (left == 0)
    {
      bug_switch ();
      driver->all_done = TRUE;
    }
}

static gboolean
work (gpointer data, GError **error G_GNUC_UNUSED)
{
  Driver *driver = data;
  gboolean counted = count_in (driver);

  if (counted)
    {
      bug_switch ();
      trio_always (!driver->stopped, "a stopped driver does no work");
    }
  if (counted || !driver->repaired)
    count_out (driver);
  return TRUE;
}

static gboolean
stop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Driver *driver = data;

  if (driver->repaired)
    mutex_lock (&driver->mutex);
  bug_switch ();
  driver->stopping = TRUE;
  if (driver->repaired)
    mutex_unlock (&driver->mutex);

  count_out (driver);
  bug_switch ();
  if (driver->all_done)
    {
      bug_switch ();
      driver->stopped = TRUE;
    }
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Driver driver = { .repaired = repaired, .mutex = MUTEX ("driver"), .n_pending = 1 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, work, &driver);
  bug_switch ();
  trio_nursery_start_soon (nursery, stop, &driver);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_bluetooth = {
  "bluetooth", run, "always", NULL, "a driver stops between work's looking whether it may and being counted",
};
