/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* See reorder.h. */

#include "tests/bugs/primitives.h"
#include "tests/bugs/sctbench/reorder.h"

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  int      a;
  int      b;
} Pair;

static gboolean
set (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pair *pair = data;

  if (pair->repaired)
    mutex_lock (&pair->mutex);
  bug_switch ();
  pair->a = 1;
  bug_switch ();
  pair->b = -1;
  if (pair->repaired)
    mutex_unlock (&pair->mutex);
  return TRUE;
}

static gboolean
check (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pair *pair = data;
  int a, b;

  if (pair->repaired)
    mutex_lock (&pair->mutex);
  bug_switch ();
  a = pair->a;
  bug_switch ();
  b = pair->b;
  if (pair->repaired)
    mutex_unlock (&pair->mutex);
  trio_always ((a == 0 && b == 0) || (a == 1 && b == -1), "a pair is seen as a whole");
  return TRUE;
}

gboolean
reorder_run (guint n_setters, guint n_checkers, gboolean repaired, GError **error)
{
  Pair pair = { .repaired = repaired, .mutex = MUTEX ("pair") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < n_setters + n_checkers; i++)
    {
      trio_nursery_start_soon_full (nursery, i < n_setters ? set : check, &pair, NULL, i < n_setters ? "setter" : "checker");
      bug_switch ();
    }
  return trio_nursery_close (nursery, TRUE);
}
