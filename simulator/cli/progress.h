/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The line that shows a search is alive, on stderr: rewritten in place a few times a second on a terminal; elsewhere a line every
 * few seconds, so that a log does not drown. */

#pragma once

#include "simulator/cli/workers.h"

G_BEGIN_DECLS

/* Whether it is time to say something; call it before composing the text. */
gboolean trio_cli_progress_due   (void);
void     trio_cli_progress_say   (const char *text);
/* Before anything else is printed. */
void     trio_cli_progress_clear (void);

/* "12,345". */
char    *trio_cli_grouped        (guint64 number);
/* "0.84 s", "3 min 12 s". */
char    *trio_cli_span_to_text   (gint64 span_us);

/* "transfer: 512 of 1,000 runs, 4,120/s, 498 schedules, 212 pairs (none new in 80 runs), 2 of 3 goals". @runs: 0 if there is no limit. */
char    *trio_cli_tally_to_text  (const char *scenario, const TrioCliTally *tally, guint64 runs);

G_END_DECLS
