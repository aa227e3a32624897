/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seam "threads": somebody else's stack on which a function may block. host/ has real threads, kept for the next job; the
 * simulator has strands, which start and finish when its tape says so.
 *
 *     run's thread                            worker
 *     start (job)  ------------------------>  job->work (job)
 *        |                                       |   may call trio_token_run_sync_soon (), and wait for the answer
 *        |                                    returns; the worker is free for the next job
 *     job->finished (job)  <-----------------    |   the run still goes on
 *                                             job->orphaned (job)        … or it has ended
 *
 * Of the last two exactly one is called, once, for each job that was started. A run does not wait for its workers: whoever wants
 * that keeps a task waiting. From start until finished the world keeps the run's loop held (trio_loop_hold()), or knows of the job
 * otherwise: while a worker is at work "no task can run" is no deadlock. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioThreads   TrioThreads;
typedef struct _TrioThreadJob TrioThreadJob;

/* One function for one worker. Embed it as the first member of your own. It belongs to the world from start until finished or
 * orphaned. */
struct _TrioThreadJob
{
  const char *name;                             /* of the thread while it does it; valid as long as the job */
  void      (*work)     (TrioThreadJob *job);   /* on the worker */
  void      (*finished) (TrioThreadJob *job);   /* from the run's loop, outside any task */
  void      (*orphaned) (TrioThreadJob *job);   /* on any thread: the run has ended meanwhile */

  /*< private >*/
  gpointer    world_data;                       /* the world's own */
};

/* Embed it as the first member of your own. It outlives every job that it started. */
struct _TrioThreads
{
  const char *name;          /* "threads", "simulated" */

  /* From a task: begin the job. FALSE if there is no thread to be had; then the job is as if it had never been given. */
  gboolean (*start)   (TrioThreads *self, TrioThreadJob *job, GError **error);

  /* How a worker waits for the run; NULL for both if its thread may block for real. block() is called on the job's worker, and
   * returns after unblock() was called from the run's loop, or earlier: it is called again as long as there is something to wait
   * for. unblock() for a worker that is not blocked does nothing. */
  void     (*block)   (TrioThreads *self, TrioThreadJob *job);
  void     (*unblock) (TrioThreads *self, TrioThreadJob *job);
};

/**
 * trio_current_threads:
 *
 * The threads of the run whose turn it is on this thread. Never suspends.
 *
 * Returns: (transfer none) (nullable): the threads; %NULL outside a run, and if its world has none
 */
TRIO_API TrioThreads *trio_current_threads (void);

G_END_DECLS
