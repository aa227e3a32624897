/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: a controller of Kubernetes, and who waits for its work (https://github.com/kubernetes/kubernetes/pull/13058; GoKer
 * kubernetes/13058; a wait-group misused).
 *
 * The bug: the work is added to the wait-group after the controller was started. If it is fast, more is done than was added.
 *
 * The repair: add before starting. */

#include "tests/bugs/primitives.h"

#define N_ITEMS 3

typedef struct
{
  WaitGroup  work;
  TrioEvent *stop;
} Controller;

static gboolean
control (gpointer data, GError **error G_GNUC_UNUSED)
{
  Controller *controller = data;

  for (guint i = 0; i < N_ITEMS; i++)
    {
      if (choose_from_nowait (trio_case_event (controller->stop)) != NOTHING_READY)
        break;
      wait_group_done (&controller->work);
    }
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (TrioEvent) stop = trio_event_new ();
  Controller controller = { .work = WAIT_GROUP ("work"), .stop = stop };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  if (repaired)
    wait_group_add (&controller.work, N_ITEMS);
  trio_nursery_start_soon (nursery, control, &controller);
  bug_switch ();
  if (!repaired)
    wait_group_add (&controller.work, N_ITEMS);
  wait_group_wait (&controller.work);
  trio_event_set (stop);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_kubernetes_13058 = {
  "kubernetes-13058", run, "always", NULL, "work is done before it was added",
};
