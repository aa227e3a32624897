/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The ordinary run in two processes that were started anew: with other addresses of everything, variables and functions too, which the children of one
 * process have in common; and with other process numbers. If they differ, that is a failure. */

#pragma once

#include "simulator/cli/campaign.h"

G_BEGIN_DECLS

/* For a campaign that found nothing. The program is started as `PROGRAM replay FILE --events FILE`; if nothing comes of that, there is nothing to
 * compare, and nothing is said. */
void trio_cli_look_elsewhere (TrioCliCampaign *campaign);

G_END_DECLS
