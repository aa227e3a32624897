/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Schedules that an earlier search, or another machine, has kept: they are replayed before a search begins.
 *
 *     DIR/….schedule  ->  of this program and scenario?  ->  run in a fresh process  ->  fails still, or does not any more
 *
 * Always true:
 *  1. The search itself does the same runs, whatever is kept: only what becomes of its findings differs. One that is kept already is not
 *     made small and kept again.
 *  2. Nothing is ever deleted here, and no file is written to.
 *  3. In order of the files' names; the same folder gives the same report on every machine. */

#pragma once

#include "simulator/cli/campaign.h"

G_BEGIN_DECLS

#define TRIO_CLI_KEPT_SUFFIX ".schedule"

typedef struct
{
  char           *path;
  TrioSimVerdict  expected;      /* as the file says */
  char           *expected_name;
  TrioSimReport  *report;        /* of the replay; its schedule has the header of a file */
} TrioCliKept;

void               trio_cli_kept_free   (gpointer kept);

/* Replays what the campaign's folder has of its scenario, and says how many still fail; nothing if the folder was not asked for. Files that
 * cannot be read are told on stderr; those of other programs and scenarios are not touched. */
void               trio_cli_kept_replay (TrioCliCampaign *campaign);
/* (nullable): one that fails like @report. */
const TrioCliKept *trio_cli_kept_find   (const TrioCliCampaign *campaign, const TrioSimReport *report);
/* Behind the search: what is kept, fails still and was not found anew is a failure of the campaign, too. */
void               trio_cli_kept_take   (TrioCliCampaign *campaign);

G_END_DECLS
