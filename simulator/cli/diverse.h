/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A few schedules that differ as much as possible. Of a pool of random runs the ordinary one is taken first, and then each time the one
 * that is farthest from all that were taken (Gonzalez' greedy choice, Theoretical Computer Science 1985), where the distance of two
 * runs is the share of "this step of this task came right after that step of that one" in which they differ (Jaccard's), estimated by
 * MinHash (Broder, 1997). The same program gives the same schedules, on every machine and with any number of workers. */

#pragma once

#include "simulator/cli/campaign.h"

G_BEGIN_DECLS

/* Appends at most @n schedules (TrioSchedule) to @schedules, none of them the ordinary one; fewer if the runs of the pool do not differ. One that
 * fails by itself is among them: it is a finding. FALSE: no run could be made. */
gboolean trio_cli_diverse_schedules (const TrioCliCampaign *campaign, guint n, GPtrArray *schedules, GError **error);

G_END_DECLS
