/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a campaign went through, and whether to go on, in words and as JSON. */

#pragma once

#include "simulator/cli/seen.h"

G_BEGIN_DECLS

/* "; about 0.02 % of further runs will show a new one": nothing, if the runs are too few to tell. */
void trio_cli_saturation_append_outlook (GString *out, const TrioCliSeenKind *kind, guint64 n_runs);
/* Three lines at the end of a campaign. @outlook: its runs were drawn by chance, so that they say something of further ones. */
void trio_cli_saturation_append         (GString *out, const TrioCliSaturation *seen, gboolean outlook);
/* The member "coverage". */
void trio_cli_saturation_append_json    (GString *out, const TrioCliSaturation *seen);
/* ", 212 pairs (none new in 4,000 runs)": for the line that shows the search is alive. */
void trio_cli_saturation_append_short   (GString *out, const TrioCliSaturation *seen);

G_END_DECLS
