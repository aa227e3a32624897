/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Jobs on real threads.
 *
 *     run's thread            worker                        run's thread
 *     start: holds the loop
 *                             job->work ()
 *                             becomes idle
 *                             token: come_home  -------->   releases the loop, job->finished ()
 *                                 '- refused, since the run has ended: job->orphaned (), here
 *                                 '- accepted, but the run is abandoned: job->orphaned (), there
 */

#include "host/threads.h"

#include <trio/lowlevel/token.h>
#include <trio/seam/world.h>

#include "host/thread-pool.h"

typedef struct
{
  TrioPoolWork   work;
  TrioThreadJob *job;        /* NULL once it has come home */
  TrioLoop      *loop;       /* (run's thread) exists while the token accepts calls, and while it makes one */
  TrioToken     *token;
} Trip;

static void
come_home (gpointer data)
{
  Trip *trip = data;
  TrioThreadJob *job = g_steal_pointer (&trip->job);

  trio_loop_release (trip->loop);
  job->finished (job);
}

static void
trip_free (gpointer data)
{
  Trip *trip = data;

  if (trip->job != NULL)
    trip->job->orphaned (trip->job);
  trio_token_unref (trip->token);
  g_free (trip);
}

static void
run_trip (TrioPoolWork *work)
{
  TrioThreadJob *job = ((Trip *) work)->job;

  job->work (job);
}

static void
end_trip (TrioPoolWork *work)
{
  Trip *trip = (Trip *) work;
  g_autoptr (TrioToken) token = trio_token_ref (trip->token);

  trio_token_run_sync_soon (token, come_home, trip, trip_free);
}

static gboolean
start_job (TrioThreads *threads G_GNUC_UNUSED, TrioThreadJob *job, GError **error)
{
  Trip *trip = g_new0 (Trip, 1);
  GError *failure = NULL;

  trip->work = (TrioPoolWork) { job->name, run_trip, end_trip };
  trip->job = job;
  trip->loop = trio_loop_get_current ();
  trip->token = trio_current_token ();
  if (trio_thread_pool_give (trio_thread_pool_get_default (), &trip->work, &failure))
    {
      trio_loop_hold (trio_loop_get_current ());
      return TRUE;
    }

  g_prefix_error (&failure, "no thread for \"%s\": ", job->name);
  g_propagate_error (error, failure);
  trio_token_unref (trip->token);
  g_free (trip);
  return FALSE;
}

TrioThreads *
trio_host_threads_get (void)
{
  static TrioThreads threads = { .name = "threads", .start = start_job };

  return &threads;
}
