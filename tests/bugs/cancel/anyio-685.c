/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: AnyIO's task group on asyncio (https://github.com/agronholm/anyio/issues/685,
 * https://github.com/agronholm/anyio/issues/710); a cancellation that goes too far.
 *
 * The bug: who starts a child and waits until it is ready is cancelled meanwhile, and so cancels the child. The group, which
 * knows nothing of that, sees a child end with a cancellation, takes it for a failure, and cancels all the others.
 *
 * The repair: a child that was cancelled because its starter was is no failure of the group. (This child has no other way to
 * fail.) */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean     repaired;
  TrioNursery *nursery;               /* of the group */
  gboolean     failed;                /* …and so has cancelled everybody */
  Victim       starter;
  Victim       child;
  Event        child_started;
  gboolean     sibling_done;
} Group;

static gboolean
run_child (gpointer data, GError **error)
{
  Group *group = data;
  gboolean ok = trio_checkpoint (error) && trio_checkpoint (error);
  gboolean alone = !trio_cancel_scope_cancel_called (trio_nursery_get_cancel_scope (group->nursery));

  if (!ok && alone && !group->repaired)
    {
      group->failed = TRUE;
      trio_nursery_cancel (group->nursery);
    }
  event_set (&group->child_started);
  return ok;
}

static gboolean
start_child (gpointer data, GError **error)
{
  Group *group = data;

  start_victim (group->nursery, "child", &group->child, run_child, group);
  if (event_wait (&group->child_started, "start", error))
    return TRUE;
  victim_cancel (&group->child);
  event_wait_shielded (&group->child.ended, "join");
  return FALSE;
}

static gboolean
be_a_sibling (gpointer data, GError **error)
{
  Group *group = data;

  if (!trio_checkpoint (error) || !trio_checkpoint (error))
    return FALSE;
  group->sibling_done = TRUE;
  return TRUE;
}

/* The group is open as long as the starter, who is no member of it, may start a child there. */
static gboolean
run_group (Group *group, TrioNursery *outer, gboolean with_canceller, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  group->nursery = nursery;
  start_task (nursery, "sibling", be_a_sibling, group);
  start_victim (outer, "starter", &group->starter, start_child, group);
  if (with_canceller)
    start_canceller (outer, &group->starter);
  event_wait_shielded (&group->starter.ended, "join");
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Group group = { .repaired = repaired };
  g_autoptr (TrioNursery) outer = trio_nursery_open (error);
  gboolean ok;

  ok = trio_nursery_close (outer, run_group (&group, outer, with_canceller, error));
  trio_always (!ok || group.sibling_done || !group.failed, "the sibling of a start that was called off finishes");
  return ok;
}

BUG_IN_TWO_WAYS (anyio_685, "anyio-685", run, "always", "always", "a start that is cancelled takes the whole group down");
