/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a sweep went through, by task and operation: the table at its end. */

#pragma once

#include "simulator/cli/checkpoints.h"

G_BEGIN_DECLS

typedef struct _TrioCliCoverage TrioCliCoverage;

/* What is told beside the table. */
typedef struct
{
  guint                     n_schedules;
  gboolean                  all_pairs;
  guint                     n_firsts;      /* first injections of pairs */
  guint64                   n_pairs;       /* occasions for a second one */
  guint64                   n_after;       /* of so many after the first ones */
  guint64                   n_left_out;    /* injections that there was no run for */
  guint64                   n_unmatched;   /* injections whose occasion did not come again */
  const TrioCliCheckpoints *checkpoints;
} TrioCliSweepFigures;

/* "main/serve/teller" for "main/serve#2/teller#15". */
char            *trio_cli_path_without_numbers (const char *path);

/* Which kind of injection a choice is; 0 for none. */
TrioSimInject    trio_cli_kind_of         (const char *label);

TrioCliCoverage *trio_cli_coverage_new    (void);
void             trio_cli_coverage_free   (TrioCliCoverage *coverage);
/* One decision was tried, once. */
void             trio_cli_coverage_add    (TrioCliCoverage *coverage, const TrioScheduleEntry *decision, gboolean failed);
void             trio_cli_coverage_report (const TrioCliCoverage *coverage, const TrioCliCampaign *campaign,
                                           const TrioCliSweepFigures *figures);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCliCoverage, trio_cli_coverage_free)

G_END_DECLS
