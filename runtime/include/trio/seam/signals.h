/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seam "signals": signals of the operating system, as numbers that arrive. host/ takes over their dispositions; the simulator lets
 * them arrive when its tape, or a scenario, says so.
 *
 *     program                 runtime/signal/                  world
 *     opens a receiver  --->  the first for this number  --->  take ()
 *                             whose is it?  <----------------  trio_signals_arrived (), between two steps
 *     closes it         --->  the last for this number   --->  give_back ()   has one arrived that was not told yet?
 *                             nobody else takes it:      --->  raise ()       what would have happened without us
 *
 * Always true: between take and give_back a signal that arrives is told, or is what give_back() answers. None is lost; several of one
 * number that arrive before they are told are told as one. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioSignals TrioSignals;

/* Embed it as the first member of your own. Thread of the run only. */
struct _TrioSignals
{
  const char *name;                    /* "signals", "simulated" */

  /* From now on that signal is told. From a task. MISUSE if this run can have no signals, or this one cannot be taken; BUSY_RESOURCE if
   * another run has it. As long as one is taken the world does not take the run for deadlocked. */
  gboolean (*take)      (TrioSignals *self, int number, GError **error);

  /* From now on it does what it did before take(). TRUE if one arrived that was not told and now never will be. */
  gboolean (*give_back) (TrioSignals *self, int number);

  /* One that is not taken arrives now: may end the process. */
  void     (*raise)     (TrioSignals *self, int number);

  /* NULL: the run is one process. Else the signals of the process that the calling task is in, in a world where there are several. */
  TrioSignals *(*of_caller) (TrioSignals *self);
};

/**
 * trio_current_signals:
 *
 * The signals of the run whose turn it is on this thread, and of the calling task's process. Never suspends.
 *
 * Returns: (transfer none) (nullable): the signals; %NULL outside a run, and if its world has none
 */
TRIO_API TrioSignals *trio_current_signals (void);

/**
 * trio_signals_arrived:
 * @self: of which process
 * @number: of a signal
 *
 * For a world: one arrived. The receiver that was opened last for it gets it; if there is none, nothing happens. From the run's
 * loop, outside any task. Never suspends.
 */
TRIO_API void         trio_signals_arrived (TrioSignals *self, int number);

G_END_DECLS
