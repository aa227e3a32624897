/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the tests of the simulator share: one run in one line, and schedules written down by hand. */

#pragma once

#include <trio-sim/sim.h>
#include <trio/seam/choice.h>

#include "simulator/schedule.h"

/* Runs with fifo; the report belongs to the caller. */
TrioSimReport *sim_run_fifo   (TrioFunc func, gpointer data);
TrioSimReport *sim_run_random (TrioFunc func, gpointer data, guint64 seed, TrioSimInject inject);
TrioSimReport *sim_run_replay (TrioFunc func, gpointer data, const TrioSchedule *schedule, TrioSimInject inject);
/* Replays lines such as "main/a schedule 1 = 1/2 -> main/b"; header and `end` are added. */
TrioSimReport *sim_run_lines  (TrioFunc func, gpointer data, const char *lines);

/* Any run; a failure is in the report, and its error is checked to be there. */
TrioSimReport *sim_run        (TrioFunc func, gpointer data, const TrioSimOptions *options);

/* One run of many with that strategy, and what they need to know of the scenario. */
TrioSimReport  *sim_run_measured (TrioFunc func, gpointer data, const char *strategy, guint64 seed, const TrioSimMeasure *measure,
                                  TrioSimInject inject);
TrioSimMeasure *sim_measure      (TrioFunc func, gpointer data, TrioSimInject inject);

/* Stops the test with the report's message if the verdict is another one. */
void           sim_expect     (const TrioSimReport *report, TrioSimVerdict verdict, const char *name);
