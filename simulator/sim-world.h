/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The simulated world: what a run stands on. One world is one run.
 *
 *            +--------------------------- world ----------------------------+
 *     loop --| clock (virtual)   io (sim-net)   choice (tape)   check, wake |-- lag, watch (instruments)
 *            +---------------------------------------------------------------+
 *
 * The world's work inside a turn is done when the loop asks its io: diagnose a stuck run if the driver wants it, deliver what has
 * arrived, let threads go on; and before each step: let time lag and signals arrive if the tape says so.
 *
 * Always true: the first finding is the verdict; what comes after it in the same turn is not judged. */

#pragma once

#include <trio/seam/world.h>

#include "simulator/escape/escape.h"
#include "simulator/liveness.h"
#include "simulator/sim-disk.h"
#include "simulator/sim-net.h"
#include "simulator/sim-signals.h"
#include "simulator/sim-threads.h"
#include "simulator/tape.h"
#include "simulator/virtual-clock.h"
#include "simulator/watch.h"

G_BEGIN_DECLS

struct _TrioSimWorld
{
  TrioWorld       world;
  TrioSimClock    clock;
  TrioSimNet     *net;
  TrioSimThreads  threads;
  TrioSimSignals  signals;
  TrioSimDisks    disks;
  TrioSimTape    *tape;
  TrioSimWatch    watch;
  TrioInstrument  lag;          /* asks before each step whether time lags */
  TrioLoop       *loop;
  TrioSimLiveness liveness;
  GHashTable     *goals;        /* name -> whether it held; made with the first goal */
  int             woken;        /* (atomic) something was queued from outside the tasks */

  TrioSimVerdict  verdict;
  char           *name;
  char           *place;        /* of the finding, in the program; or NULL */
  GString        *message;
  GError         *error;        /* the scenario's own, if that is the finding */
  GArray         *origins;      /* origin.c; NULL: no task ended with an error */
  GLogFunc        log_before;   /* while this run listens to the log; else NULL */
  GLogLevelFlags  fatal_before;
  GString        *evidence;     /* what a check that is about to fail wants to be told with it */
  const char     *history_path; /* where the page of a history that fails goes, or NULL */
  char           *history_page; /* it */
  TrioSimVerdict  suspicion;    /* DEADLOCK, LIVELOCK or EVENTUALLY: to be diagnosed in the next turn */
  TrioSimEscaping escaping;
};

void     trio_sim_world_init     (TrioSimWorld *world, const TrioSimOptions *options, TrioSimStrategy *strategy);
void     trio_sim_world_clear    (TrioSimWorld *world);

/* The one that this task is in; NULL if it is in none, or in another kind of world. */
TrioSimWorld *trio_sim_world_get_current (void);

/* sim-clocks.c. The wall clock of the host that the calling task, or thread, is on; if it is a task,
 * the tape may set it first. */
gint64   trio_sim_world_get_real_time (TrioSimWorld *world);
/* The same, and the tape is not asked. */
gint64   trio_sim_world_look_at_wall (TrioSimWorld *world);

/* Takes the name. Returns FALSE, and changes nothing, if there is a finding already; else the message may be written. */
gboolean trio_sim_world_find     (TrioSimWorld *world, TrioSimVerdict verdict, char *name);

/* "bank.c:12" of a G_STRLOC. */
const char *trio_sim_base_name   (const char *where);

/* When something will happen that is no deadline: a message arrives, a thread goes on. */
gint64   trio_sim_world_get_next (const TrioSimWorld *world);

/* detect.c. Who is stuck and on what; inside a turn. */
void     trio_sim_detect_stuck   (TrioSimWorld *world);
/* For the message: who waits for what; inside a turn. */
void     trio_sim_append_tasks   (TrioSimWorld *world);
/* misuse.c. Criticals, from now on; and the end of that. */
void     trio_sim_misuse_listen  (TrioSimWorld *world);
void     trio_sim_misuse_stop_listening (TrioSimWorld *world);
/* An error that a task ended with, or NULL; nothing if this run does not listen. */
void     trio_sim_note_misuse    (TrioSimWorld *world, TrioTask *task, const GError *error);
/* origin.c. A task that is not the run's own ended with that error. */
void     trio_sim_note_origin    (TrioSimWorld *world, TrioTask *task, const GError *error);
/* Adds the names of the tasks where main's error came from. */
void     trio_sim_add_origins    (const TrioSimWorld *world, const GError *error, GPtrArray *places);
/* After the last turn of a run that ended well: what was promised and not kept. */
void     trio_sim_detect_broken_promises (TrioSimWorld *world);
/* After the last turn: what is still open. */
void     trio_sim_detect_leaks   (TrioSimWorld *world, const TrioLoopStatistics *statistics);
/* Main's error: is anything left of it without what was injected? Takes error. */
void     trio_sim_detect_failure (TrioSimWorld *world, GError *error);

G_END_DECLS
