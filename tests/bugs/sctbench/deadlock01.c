/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the smallest deadlock there is (SCTBench's CS.deadlock01_bad, https://github.com/mc-imperial/sctbench; lock
 * order).
 *
 * The bug: one thread locks a and then b, the other b and then a.
 *
 * The repair: both in the same order. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    a;
  Mutex    b;
  int      counter;
} Pair;

static void TRIO_CHECKPOINT
add (Pair *pair, Mutex *first, Mutex *second, int n)
{
  mutex_lock (first);
  mutex_lock (second);
  bug_switch ();
  pair->counter += n;
  mutex_unlock (second);
  mutex_unlock (first);
}

static gboolean
count_up (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pair *pair = data;

  add (pair, &pair->a, &pair->b, 1);
  return TRUE;
}

static gboolean
count_down (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pair *pair = data;

  if (pair->repaired)
    add (pair, &pair->a, &pair->b, -1);
  else
    add (pair, &pair->b, &pair->a, -1);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Pair pair = { .repaired = repaired, .a = MUTEX ("a"), .b = MUTEX ("b") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, count_up, &pair);
  bug_switch ();
  trio_nursery_start_soon (nursery, count_down, &pair);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_deadlock01 = {
  "deadlock01", run, "deadlock", NULL, "two mutexes are locked in two orders",
};
