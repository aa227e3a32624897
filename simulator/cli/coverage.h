/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a sweep went through, by task and operation: the table at its end. */

#pragma once

#include "simulator/cli/campaign.h"

G_BEGIN_DECLS

typedef struct _TrioCliCoverage TrioCliCoverage;

/* Which kind of injection a choice is; 0 for none. */
TrioSimInject    trio_cli_kind_of         (const char *label);

TrioCliCoverage *trio_cli_coverage_new    (void);
void             trio_cli_coverage_free   (TrioCliCoverage *coverage);
/* One decision was tried, once. */
void             trio_cli_coverage_add    (TrioCliCoverage *coverage, const TrioScheduleEntry *decision, gboolean failed);
/* Prints it. @n_left_out: decisions that there was no run for. */
void             trio_cli_coverage_report (const TrioCliCoverage *coverage, const TrioCliCampaign *campaign,
                                           const TrioCliTally *tally,
                                           guint64 n_left_out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCliCoverage, trio_cli_coverage_free)

G_END_DECLS
