/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Simulated threads: the seam <trio/seam/threads.h> on strands.
 *
 *     start () --- thread.start ---> runs --- returns --- thread.finish ---> finished (), or orphaned () if the run has ended
 *                                    |  ^
 *                            block ()|  | thread.resume
 *                                    v  |
 *                                  blocked --- unblock () by the run
 *
 * Always true:
 *  1. A thread runs in one piece between two of its calls into the run, when the loop asks its io; so never while a task runs.
 *     Virtual time stands still meanwhile.
 *  2. When it begins, goes on and is known to have ended are choices, in the name of the task that sent it. They are events of the
 *     world, so a run with a thread at work is not stuck.
 *  3. A thread that was abandoned goes on like any other. Those that are left when the run has ended are brought to their end; one
 *     that cannot end is a leak.
 *
 * Thread of the run only. */

#pragma once

#include <trio/seam/threads.h>

#include "simulator/sim-events.h"
#include "simulator/sim-hosts.h"
#include "simulator/tape.h"
#include "simulator/virtual-clock.h"

G_BEGIN_DECLS

typedef struct _TrioSimThread TrioSimThread;

typedef struct
{
  TrioThreads    threads;
  TrioSimClock  *clock;
  TrioSimTape   *tape;
  TrioSimWatch  *watch;
  TrioSimEvents  events;
  GQueue         living;        /* of TrioSimThread, in order of starting */
  guint64        n_started;
  TrioSimThread *running;       /* whose strand runs now */
  gboolean       run_is_over;   /* whoever ends is an orphan */
} TrioSimThreads;

void   trio_sim_threads_init     (TrioSimThreads *threads, TrioSimClock *clock, TrioSimTape *tape, TrioSimWatch *watch);
/* Before the loop is freed: threads that have not ended are dropped where they stand, but can still be named. */
void   trio_sim_threads_stop     (TrioSimThreads *threads);
void   trio_sim_threads_clear    (TrioSimThreads *threads);

/* Those of a host that crashed are gone, wherever they stood. */
void   trio_sim_threads_vanish   (TrioSimThreads *threads, const TrioSimHost *host);

/* Lets them do what is due now; when the loop asks its io. */
void   trio_sim_threads_run      (TrioSimThreads *threads);
gint64 trio_sim_threads_get_next (const TrioSimThreads *threads);

/* After the last turn: time goes on until all have ended. */
void   trio_sim_threads_drain    (TrioSimThreads *threads);

/* For a report, each on a line of its own: the thread "crunch" of main/a waits for the run. */
void   trio_sim_threads_append   (const TrioSimThreads *threads, GString *out);
/* For a finding: "thread crunch of main/a", for each that is left. */
void   trio_sim_threads_add_leaks (const TrioSimThreads *threads, GPtrArray *leaks);
/* The host of the one that runs now; NULL if none runs, or it is on none that was made. */
const TrioSimHost *trio_sim_threads_get_host (const TrioSimThreads *threads);
/* The one that runs now, for a person: "the thread "crunch" of main/a". */
char  *trio_sim_threads_describe_running (const TrioSimThreads *threads);

/* For what the running thread calls past the seams. It is away for so long, and others go on. */
void   trio_sim_threads_sleep    (TrioSimThreads *threads, GTimeSpan span);
/* What its host's clock says. */
gint64 trio_sim_threads_get_time (const TrioSimThreads *threads);
/* The state of its random numbers, 0 at first; and in *owner what is its own. */
guint64 *trio_sim_threads_get_stream (TrioSimThreads *threads, guint64 *owner);

G_END_DECLS
