/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Simulated signals: the seam <trio/seam/signals.h> on the tape.
 *
 *     trio_sim_raise (), or the tape before a step --->  arrived  --- the loop asks its io --->  trio_signals_arrived ()
 *                                                           '------ give_back () -----------> TRUE
 *
 * Always true:
 *  1. A signal arrives between two steps and is told with the next turn, so that a receiver may be closed in between.
 *  2. Where nobody receives it, SIGINT is a Ctrl-C, and every other signal ends the process: the run ends there and then, and nothing is
 *     judged any more. That is a finding only if that signal was never received in this run: then nobody can have meant it.
 *  3. While SIGINT is received, the kernel does not ask whether there is a Ctrl-C.
 *
 * Numbers are those of Linux. Thread of the run only. */

#pragma once

#include <trio/seam/signals.h>

#include "simulator/tape.h"

G_BEGIN_DECLS

/* Interrupts that are signals: 0, or the how-manieth of those that are received, in order of their numbers, comes now. */
#define TRIO_SIM_CHOICE_SIGNAL "interrupt.signal"

typedef struct
{
  TrioSignals   signals;
  TrioSimTape  *tape;
  GArray       *taken;         /* of int, in order of number */
  GArray       *arrived;       /* of int, in order of arrival, each once */
  guint64       ever_taken;    /* bits */
  gboolean      asks_interrupt;  /* as it was before SIGINT was received */
  int           killed_by;     /* the signal that ended the process; 0: none */
  gboolean      is_over;       /* the run is: what is still taken was left open */
} TrioSimSignals;

void     trio_sim_signals_init      (TrioSimSignals *signals, TrioSimTape *tape);
void     trio_sim_signals_clear     (TrioSimSignals *signals);

/* Before a step of a task: does one arrive? */
void     trio_sim_signals_ask       (TrioSimSignals *signals);
/* Tells of those that arrived; when the loop asks its io. */
void     trio_sim_signals_deliver   (TrioSimSignals *signals);
gboolean trio_sim_signals_is_due    (const TrioSimSignals *signals);

/* After the last turn. */
void     trio_sim_signals_stop      (TrioSimSignals *signals);
/* For a finding, and for its report. */
void     trio_sim_signals_add_leaks (const TrioSimSignals *signals, GPtrArray *leaks, GString *lines);

G_END_DECLS
