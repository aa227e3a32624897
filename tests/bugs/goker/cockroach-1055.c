/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: CockroachDB's Stopper, which ends the server's tasks (https://github.com/cockroachdb/cockroach/pull/1055; GoKer
 * cockroach/1055; a lock and a wait-group).
 *
 * The bug: who stops waits for the running tasks while it holds the mutex. A task that saw "not draining" and is about to be
 * counted waits for that mutex; and one that was counted is never counted off.
 *
 * The repair: wait without the mutex, look at the flag again under it, and count a task off when it is done. */

#include "tests/bugs/primitives.h"

#define N_STOPPERS 2

typedef struct
{
  gboolean   repaired;
  Mutex      mutex;
  gboolean   draining;
  WaitGroup  tasks;           /* that must end before the stopper may go on */
  WaitGroup  workers;
  TrioEvent *quit;
} Stopper;

static void TRIO_CHECKPOINT
run_task (Stopper *stopper)
{
  gboolean refused;

  mutex_lock (&stopper->mutex);
  refused = stopper->repaired && stopper->draining;
  if (!refused)
    wait_group_add (&stopper->tasks, 1);
  mutex_unlock (&stopper->mutex);

  if (stopper->repaired && !refused)
    wait_group_done (&stopper->tasks);
}

static gboolean
worker (gpointer data, GError **error G_GNUC_UNUSED)
{
  Stopper *stopper = data;

  if (!stopper->draining)
    run_task (stopper);
  wait_for (stopper->quit);
  wait_group_done (&stopper->workers);
  return TRUE;
}

/* With the mutex held, which is where the repair differs. */
static void TRIO_CHECKPOINT
wait_until_done (Stopper *stopper, WaitGroup *group)
{
  if (stopper->repaired)
    mutex_unlock (&stopper->mutex);
  wait_group_wait (group);
  if (stopper->repaired)
    mutex_lock (&stopper->mutex);
}

static void TRIO_CHECKPOINT
quiesce (Stopper *stopper)
{
  mutex_lock (&stopper->mutex);
  stopper->draining = TRUE;
  wait_until_done (stopper, &stopper->tasks);
  stopper->draining = FALSE;
  mutex_unlock (&stopper->mutex);
}

static void TRIO_CHECKPOINT
stop (Stopper *stopper)
{
  mutex_lock (&stopper->mutex);
  stopper->draining = TRUE;
  wait_until_done (stopper, &stopper->tasks);
  trio_event_set (stopper->quit);
  wait_until_done (stopper, &stopper->workers);
  mutex_unlock (&stopper->mutex);
}

static gboolean
run (gboolean repaired, GError **error)
{
  Stopper stoppers[N_STOPPERS];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  for (guint i = 0; i < N_STOPPERS; i++)
    {
      stoppers[i] = (Stopper) {
        .repaired = repaired, .mutex = MUTEX ("stopper"), .tasks = WAIT_GROUP ("tasks"), .workers = WAIT_GROUP ("workers"),
        .quit = trio_event_new (),
      };
      wait_group_add (&stoppers[i].workers, 1);
      trio_nursery_start_soon (nursery, worker, &stoppers[i]);
    }
  for (guint i = 0; i < N_STOPPERS; i++)
    quiesce (&stoppers[i]);
  for (guint i = 0; i < N_STOPPERS; i++)
    stop (&stoppers[i]);
  ok = trio_nursery_close (nursery, TRUE);

  for (guint i = 0; i < N_STOPPERS; i++)
    trio_event_free (stoppers[i].quit);
  return ok;
}

const Bug bug_cockroach_1055 = {
  "cockroach-1055", run, "deadlock", NULL, "stop () waits for tasks while it holds the mutex that a starting task needs",
};
