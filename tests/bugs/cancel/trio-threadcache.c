/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: a race that the thread cache of Python's Trio guards against (https://github.com/python-trio/trio/issues/1604 is
 * its test), without the guard; a thread pool, a job for a worker that is leaving.
 *
 * The bug: who has a job takes an idle worker out of the list and then gives it the job. Between the two the worker's idle time
 * is up: it finds no job, looks whether it must still take itself out of the list, and ends. The job lies with a worker that is
 * gone.
 *
 * The repair: a worker that is no longer listed knows that a job is on its way, and waits for it.
 *
 * Threads are tasks here, with a switch where they can be interrupted. */

#include "tests/bugs/cancel/cancel.h"

#define N_WORKERS 2             /* one that is idle, and one that is made if it has left */

typedef struct
{
  gboolean has_job;
  gboolean ended;
  Event    woken;               /* by either */
  Event    given;               /* by a job that was on its way */
} Worker;

typedef struct
{
  gboolean     repaired;
  TrioNursery *nursery;
  Worker       workers[N_WORKERS];
  Worker      *idle;            /* the list; this pool has at most one in it */
  Event        job_done;
} Pool;

static void
describe_pool (gpointer data, GString *out)
{
  Pool *pool = data;

  for (int i = 0; i < N_WORKERS; i++)
    if (pool->workers[i].has_job)
      g_string_append_printf (out, "the job lies with worker %d%s", i, pool->workers[i].ended ? ", which has ended" : "");
}

static void
give_job (Worker *worker)
{
  worker->has_job = TRUE;
  event_set (&worker->woken);
  event_set (&worker->given);
}

static void TRIO_CHECKPOINT
run_worker (Pool *pool, Worker *worker)
{
  event_wait_shielded (&worker->woken, "wait_for_job");
  if (!worker->has_job)
    {
      bug_switch ();
      if (pool->idle == worker)
        {
          pool->idle = NULL;
          return;
        }
      if (!pool->repaired)
        return;
      event_wait_shielded (&worker->given, "wait_for_job");
    }
  event_set (&pool->job_done);
}

static gboolean
idle_worker (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pool *pool = data;

  run_worker (pool, &pool->workers[0]);
  pool->workers[0].ended = TRUE;
  return TRUE;
}

static gboolean
new_worker (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pool *pool = data;

  run_worker (pool, &pool->workers[1]);
  pool->workers[1].ended = TRUE;
  return TRUE;
}

static gboolean
idle_timer (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pool *pool = data;

  bug_switch ();
  event_set (&pool->workers[0].woken);
  return TRUE;
}

static gboolean
submit (gpointer data, GError **error G_GNUC_UNUSED)
{
  Pool *pool = data;
  Worker *worker = g_steal_pointer (&pool->idle);

  if (worker == NULL)
    {
      worker = &pool->workers[1];
      start_task (pool->nursery, "new worker", new_worker, pool);
    }
  bug_switch ();
  give_job (worker);
  event_wait_shielded (&pool->job_done, "wait_until_job_is_done");
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  Pool pool = { .repaired = repaired, .nursery = nursery, .job_done = { .describe = describe_pool, .of = &pool } };

  pool.idle = &pool.workers[0];
  start_task (nursery, "worker", idle_worker, &pool);
  start_task (nursery, "submitter", submit, &pool);
  start_task (nursery, "idle timer", idle_timer, &pool);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_trio_threadcache = {
  "trio-threadcache", run, "deadlock", NULL, "a job is given to a worker whose idle time has just run out",
};
