/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the two directions share: an errand is what a task sends a worker thread on, a call is what that worker, or any other
 * thread, asks of a run meanwhile.
 *
 *      host task               world                     worker
 *      sends the errand -----> start (job)
 *      waits                                   ------>   work: func ()
 *                         token: the call      <------     trio_from_thread_run (): a call; blocks
 *      runs it, answers   ---------------------------->    goes on
 *      waits
 *      goes on         <------ finished (job)  <------   returns
 *
 * Always true:
 *  1. An errand has two references: the world's, until finished or orphaned, and that of the host's frame. A call has its caller's
 *     and the token's.
 *  2. errand->host is NULL exactly if nobody waits for it: not yet, not any more, or given up. Only the run's thread looks at it.
 *  3. ok and error are written by the worker before the world says finished, and read by the run's thread after.
 *  4. An errand that cannot be given up has a host that waits, whenever one of its worker's calls comes in.
 *
 * Only the files of this folder include this. */

#pragma once

#include <trio/lowlevel/parking-lot.h>
#include <trio/lowlevel/token.h>
#include <trio/seam/threads.h>
#include <trio/thread.h>

typedef struct _TrioCall TrioCall;

/* What a process's threads have in common; run-threads.c. */
typedef struct
{
  gatomicrefcount      refs;               /* the process's, and one of each errand */
  TrioCapacityLimiter *limiter;            /* NULL when the process has ended */
  TrioParkingLot       waiting;            /* in trio_wait_all_threads_completed () */
  guint                n_active;
} TrioProcessThreads;

typedef struct
{
  TrioThreadJob        job;
  gatomicrefcount      refs;
  TrioThreads         *threads;
  TrioProcessThreads  *process;            /* of the host; a reference */
  TrioToken           *token;              /* of the host's run */
  TrioFunc             func;
  gpointer             data;
  GDestroyNotify       destroy;
  gboolean             may_be_abandoned;
  gboolean             ok;                 /* (3) */
  GError              *error;              /* (3) */
  gint                 cancel_seen;        /* (atomic) a cancellation has reached the host: ask for the present state */

  TrioTask            *host;               /* (run's thread) (2) */
  TrioCall            *call;               /* (run's thread) that the host was woken for; owned */
  TrioThreadLimit     *limit;              /* NULL: the limiter */
  TrioCapacityLimiter *limiter;            /* a reference */
} TrioErrand;

/* The calls that a task of the run has; refused if the run is abandoned. run-threads.c. */
GQueue             *trio_run_calls_get         (void);

TrioProcessThreads *trio_process_threads_get   (void);      /* (transfer none): the calling task's process's */
TrioProcessThreads *trio_process_threads_ref   (TrioProcessThreads *self);
void                trio_process_threads_unref (TrioProcessThreads *self);

/* The errand that the calling thread is on from now, or NULL. */
void            trio_errand_set_current (TrioErrand *errand);

/* Does what the call asks for, in the calling task, and answers. Takes it. */
void            trio_call_perform       (TrioCall *call);
/* Answers a call that was given to a task which will never run again. Takes it. */
void            trio_call_refuse        (TrioCall *call);

/* What a function of a program returned and what it set must agree. Returns whether it went well; if not, there is an error. */
gboolean        trio_thread_judge       (gboolean ok, GError **error, const char *whose);
