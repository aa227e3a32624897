/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* replay --travel: to and fro in a run, by commands. */

#pragma once

#include "simulator/cli/cli.h"
#include "simulator/cli/schedule-file.h"

G_BEGIN_DECLS

/* Reads commands from stdin until `quit` or its end. @first: where to begin; 0: before step 1. @keep: where what a branch finds goes.
 * Returns the exit code. */
int trio_cli_travel (const TrioCli *cli, const TrioCliScheduleFile *file, guint timeout_s, guint64 first, const char *keep);

G_END_DECLS
