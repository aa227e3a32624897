/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's asyncio.TaskGroup (https://github.com/python/cpython/issues/94398); children that were born too late.
 *
 * The bug: a group whose child fails cancels all children that it has, once. One of them, being cancelled, starts two more. One
 * of those fails, which changes nothing any more; the other waits for ever, and the group for it.
 *
 * The repair: a child that is started in a group that is being aborted is cancelled at once.
 *
 * There is no canceller here to leave to the harness: the group itself cancels. */

#include "tests/bugs/cancel/cancel.h"

#define N_CHILDREN 4

typedef struct
{
  gboolean     repaired;
  TrioNursery *nursery;                 /* in which children live */
  Victim       children[N_CHILDREN];
  int          n_children;
  gboolean     aborting;
} Group;

static void
group_start (Group *group, const char *name, TrioFunc func)
{
  Victim *child = &group->children[group->n_children++];

  start_victim (group->nursery, name, child, func, group);
  if (group->repaired && group->aborting)
    victim_cancel (child);
}

/* A child has failed. */
static void
group_abort (Group *group)
{
  if (group->aborting)
    return;
  group->aborting = TRUE;
  for (int i = 0; i < group->n_children; i++)
    victim_cancel (&group->children[i]);
}

static gboolean
fail (gpointer data, GError **error G_GNUC_UNUSED)
{
  group_abort (data);
  return TRUE;
}

static gboolean
wait_for_ever (gpointer data G_GNUC_UNUSED, GError **error)
{
  Event never = { 0 };

  return event_wait (&never, "wait_for_ever", error);
}

static gboolean
start_more_when_cancelled (gpointer data, GError **error)
{
  Group *group = data;

  if (wait_for_ever (group, error))
    return TRUE;
  group_start (group, "c3", fail);
  group_start (group, "c4", wait_for_ever);
  return FALSE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  Group group = { .repaired = repaired, .nursery = nursery };

  group_start (&group, "c1", fail);
  group_start (&group, "c2", start_more_when_cancelled);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_asyncio_94398 = {
  "asyncio-94398", run, "deadlock", NULL, "a group that is being aborted does not cancel the children that are started then",
};
