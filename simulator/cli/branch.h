/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What else could have come of a run from a step on: the steps before it as the schedule has them, then many runs with another strategy. */

#pragma once

#include "simulator/cli/cli.h"
#include "simulator/cli/schedule-file.h"

G_BEGIN_DECLS

typedef struct
{
  const TrioCli             *cli;
  const TrioCliScheduleFile *file;
  guint64                    step;        /* the first one that is left to the strategy */
  const char                *strategy;
  guint64                    seed;
  guint64                    runs;
  guint                      timeout_s;
  const char                *keep;        /* where failing schedules go */
  gboolean                   json;
} TrioCliBranch;

/* "random:7", "pct:3:7": a strategy that explores and its seed, 1 if it is not given. (transfer full) for @strategy. */
gboolean trio_cli_branch_parse (const char *text, char **strategy, guint64 *seed, GError **error);
/* Does the runs and prints what came of them. Returns the exit code: 1 if one failed. */
int      trio_cli_branch_run   (const TrioCliBranch *self);

G_END_DECLS
