/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The searches of `explore` and `sweep` over one scenario, for those who have no command line for them. The campaign has begun, and has
 * target, seed, inject, jobs, keep, budget and strategy; its `report` gets what is found. FALSE: no run could be made. */

#pragma once

#include "simulator/cli/campaign.h"

G_BEGIN_DECLS

gboolean trio_cli_explore_scenario (TrioCliCampaign *campaign, guint64 runs, TrioCliTally *tally, GError **error);
gboolean trio_cli_sweep_scenario   (TrioCliCampaign *campaign, TrioCliTally *tally, GError **error);

G_END_DECLS
