/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The command line of a simulation program: what its commands share.
 *
 *     cli.c       trio_sim_main: which command; list
 *     explore.c   many schedules                     ─┐
 *     sweep.c     one decision at every occasion      ├─ workers.h runs them, campaign.h makes failures of findings
 *     exhaust.c   all schedules                       │  (exhaust-parts.h those of exhaust)
 *     replay.c    one schedule; branch.h, travel.h    │
 *     shrink.c    a smaller one, and why it fails    ─┘  isolate.h is one run in a child, shrinker.h the search, explain.h the reasons
 *     options.h   what was typed;  report.h, json.h, progress.h   what is printed
 *     os.h        children, shared memory, streams, signals;  wire.h, crash.h    what comes back from them
 *
 * Exit codes: 0 nothing found, 1 a failure found, 2 wrong usage (and what makes a run impossible, and results that are lost). Results go to stdout, progress
 * and complaints to stderr. */

#pragma once

#include "simulator/schedule.h"

G_BEGIN_DECLS

enum
{
  TRIO_CLI_EXIT_OK     = 0,
  TRIO_CLI_EXIT_FOUND  = 1,
  TRIO_CLI_EXIT_USAGE  = 2,
};

/* The program. */
typedef struct
{
  const char         *argv0;        /* as typed: what a printed command begins with */
  const char         *program;      /* its last part: what schedules are marked with */
  const TrioScenario *scenarios;
} TrioCli;

/* Each gets the arguments behind its own name, argv[0] being that. */
int trio_cli_explore (const TrioCli *cli, int argc, char **argv);
int trio_cli_sweep   (const TrioCli *cli, int argc, char **argv);
int trio_cli_exhaust (const TrioCli *cli, int argc, char **argv);
int trio_cli_replay  (const TrioCli *cli, int argc, char **argv);
int trio_cli_shrink_command (const TrioCli *cli, int argc, char **argv);

G_END_DECLS
