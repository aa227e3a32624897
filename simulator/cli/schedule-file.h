/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A schedule file as the argument of a command: it must belong to this program and to one of its scenarios. */

#pragma once

#include "simulator/cli/cli.h"
#include "simulator/cli/isolate.h"

G_BEGIN_DECLS

typedef struct
{
  const char         *path;
  char               *owned_path;
  TrioSchedule       *schedule;
  const TrioScenario *scenario;
  TrioSimInject       inject;       /* what the file says, and what its decisions need */
  TrioSimEscapes      escapes;
} TrioCliScheduleFile;

/* @arguments: what stood outside options: exactly one file. FALSE: said why on stderr. */
gboolean trio_cli_schedule_file_load  (const TrioCli *cli, const char *command, char *const *arguments, TrioCliScheduleFile *file);
/* What its runs have in common. */
TrioCliTarget trio_cli_schedule_file_target (const TrioCliScheduleFile *file, const TrioCli *cli, guint timeout_s);
void     trio_cli_schedule_file_clear (TrioCliScheduleFile *file);

G_END_DECLS
