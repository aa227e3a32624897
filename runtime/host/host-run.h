/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The world of one run in the real world: its clock, its sockets, its wake-up, Ctrl-C, its trace. run.c makes and ends it,
 * loop-source.c drives its loop. */

#pragma once

#include <trio/lowlevel/trace.h>
#include <trio/run.h>
#include <trio/seam/world.h>

#include "host/dump-signal.h"
#include "host/epoll.h"
#include "host/uring.h"
#include "host/signals.h"
#include "host/watchdog.h"
#include "host/wakeup.h"

typedef struct
{
  TrioWorld          world;
  TrioWakeup         wakeup;
  TrioEpoll         *epoll;
  TrioUring         *uring;            /* NULL: threads do what disks do */
  TrioHostSignals    signals;
  TrioLoop          *loop;
  gboolean           has_interrupt;    /* SIGINT is ours */
  TrioTraceRecorder *recorder;         /* NULL: nobody wants a trace */
  TrioDumpListener  *dump_listener;    /* NULL: no signal asks for dumps */
  GTimeSpan          watchdog_span;    /* 0: no watchdog wanted, or there is one */
  TrioWatchdog      *watchdog;         /* made by the first dispatch, on the thread that it is to watch */

  /* deadlock.c */
  TrioDeadlockPolicy deadlock;
  guint64            stuck_step;       /* after which it seemed stuck */
  guint              n_stuck_looks;    /* since then */
  gboolean           stuck_told;       /* at stuck_step it was certain, and reported */
} TrioHostRun;

TrioHostRun *trio_host_run_new     (TrioFunc main, gpointer data, const TrioRunOptions *options, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/* Ends a run whose loop is done, and frees it. Returns how main went. */
gboolean     trio_host_run_finish  (TrioHostRun *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Prints what its tasks do to standard error. Between turns. */
void         trio_host_run_dump    (TrioHostRun *self);
/* Ends a run that nobody will iterate any more, and frees it. */
void         trio_host_run_abandon (TrioHostRun *self);
