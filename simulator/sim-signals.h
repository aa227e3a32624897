/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Simulated signals: the seam <trio/seam/signals.h> on the tape.
 *
 *     trio_sim_raise (), or the tape before a step --->  arrived  --- the loop asks its io --->  trio_signals_arrived ()
 *                                                           '------ give_back () -----------> TRUE
 *
 * Always true:
 *  1. A signal arrives between two steps and is told with the next turn, so that a receiver may be closed in between.
 *  2. Each host is a process. Where nobody receives a signal it ends the process: a host's, or the run, which ends there and then, and
 *     nothing is judged any more; but SIGINT is a Ctrl-C for the run. It is a finding only if that signal was never received in this
 *     run: then nobody can have meant it.
 *  3. While SIGINT is received anywhere, the kernel does not ask whether there is a Ctrl-C.
 *  4. A process that is gone stays in the list, so that receivers which its tasks left behind are told of nothing.
 *
 * Numbers are those of Linux. Thread of the run only. */

#pragma once

#include <trio/seam/signals.h>

#include "simulator/sim-hosts.h"
#include "simulator/tape.h"

G_BEGIN_DECLS

/* Interrupts that are signals: 0, or the how-manieth of those that are received, in order of their numbers, comes now. */
#define TRIO_SIM_CHOICE_SIGNAL "interrupt.signal"

/* What signals there are for: the world's own host, and each of the others from its start to its end. */
typedef struct
{
  TrioSignals   signals;       /* the seam, for its tasks */
  struct _TrioSimSignals *all;
  TrioSimHost  *host;          /* NULL: the world's own */
  gboolean      is_gone;       /* with its host; nothing arrives any more */
  GArray       *taken;         /* of int, in order of number */
  GArray       *arrived;       /* of int, in order of arrival, each once */
} TrioSimProcess;

typedef struct _TrioSimSignals
{
  TrioSimProcess own;          /* the world's own host's; its seam is the world's */
  GPtrArray    *processes;     /* of TrioSimProcess: the others, in order of their first use of signals; NULL: none */
  TrioSimTape  *tape;
  guint         n_taken;       /* by all that are not gone */
  guint         n_taking_ctrl_c;
  guint64       ever_taken;    /* bits */
  gboolean      asks_interrupt;  /* as it was before SIGINT was received */
  int           killed_by;     /* the signal that ended the run; 0: none */
  gboolean      is_over;       /* the run is: what is still taken was left open */
} TrioSimSignals;

void     trio_sim_signals_init      (TrioSimSignals *signals, TrioSimTape *tape);
void     trio_sim_signals_clear     (TrioSimSignals *signals);

/* Before a step of a task: does one arrive? */
void     trio_sim_signals_ask       (TrioSimSignals *signals);
/* Tells of those that arrived; when the loop asks its io. */
void     trio_sim_signals_deliver   (TrioSimSignals *signals);
gboolean trio_sim_signals_is_due    (const TrioSimSignals *signals);

/* The process of a host has ended, or its host has crashed. */
void     trio_sim_signals_vanish    (TrioSimSignals *signals, const TrioSimHost *host);
/* After the last turn. */
void     trio_sim_signals_stop      (TrioSimSignals *signals);
/* For a finding, and for its report. */
void     trio_sim_signals_add_leaks (const TrioSimSignals *signals, GPtrArray *leaks, GString *lines);

G_END_DECLS
