/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: a pattern of file systems in which the first of a group takes a lock for all of it, and the last gives it back
 * (SCTBench's CS.carter01_bad, https://github.com/mc-imperial/sctbench; lock order that depends on counters).
 *
 * The bug: the first of the second group waits for the lock with the counters' mutex held; the last of the first group needs that
 * mutex to give the lock back.
 *
 * The repair: take the lock with the mutex unlocked. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    counters;
  Mutex    turn;              /* one group's at a time */
  int      n_first;
  int      n_second;
} Groups;

static void TRIO_CHECKPOINT
enter (Groups *groups, int *n)
{
  gboolean is_first;

  mutex_lock (&groups->counters);
  bug_switch ();
  is_first = ++*n == 1;
  if (groups->repaired)
    mutex_unlock (&groups->counters);
  if (is_first)
    mutex_lock (&groups->turn);
  if (!groups->repaired)
    mutex_unlock (&groups->counters);
}

static void TRIO_CHECKPOINT
leave (Groups *groups, int *n)
{
  mutex_lock (&groups->counters);
  bug_switch ();
  if (--*n == 0)
    mutex_unlock (&groups->turn);
  mutex_unlock (&groups->counters);
}

static gboolean
first (gpointer data, GError **error G_GNUC_UNUSED)
{
  Groups *groups = data;

  enter (groups, &groups->n_first);
  leave (groups, &groups->n_first);
  return TRUE;
}

static gboolean
second (gpointer data, GError **error G_GNUC_UNUSED)
{
  Groups *groups = data;

  enter (groups, &groups->n_second);
  leave (groups, &groups->n_second);
  return TRUE;
}

static gboolean
bystander (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Groups groups = { .repaired = repaired, .counters = MUTEX ("counters"), .turn = MUTEX ("turn") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, first, &groups);
  bug_switch ();
  trio_nursery_start_soon (nursery, second, &groups);
  bug_switch ();
  trio_nursery_start_soon (nursery, bystander, NULL);
  bug_switch ();
  trio_nursery_start_soon (nursery, bystander, NULL);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_carter01 = {
  "carter01", run, "deadlock", NULL, "a group waits for its turn under the mutex that giving the turn back needs",
};
