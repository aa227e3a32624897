/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The checkpoints that a sweep came to know, and which of them were never cancelled, and why.
 *
 * A checkpoint is a task (without numbers), an operation, and where in the program. */

#pragma once

#include "simulator/cli/campaign.h"

G_BEGIN_DECLS

typedef struct _TrioCliCheckpoints TrioCliCheckpoints;

TrioCliCheckpoints *trio_cli_checkpoints_new    (void);
void                trio_cli_checkpoints_free   (TrioCliCheckpoints *self);

/* @visits: of TrioCliVisit (sweep-note.h). @after: in a run with an injection. */
void                trio_cli_checkpoints_visit  (TrioCliCheckpoints *self, const GPtrArray *visits, gboolean after);
/* The checkpoint of a question about a cancellation; G_MAXUINT for any other. */
guint               trio_cli_checkpoints_find   (const TrioCliCheckpoints *self, const TrioScheduleEntry *occasion);
/* It was cancelled once. @effect: the run was another one for it. */
void                trio_cli_checkpoints_tried  (TrioCliCheckpoints *self, guint checkpoint, gboolean effect);

/* Which were never cancelled, in words. Nothing if there are none. */
void                trio_cli_checkpoints_append (GString *out, const TrioCliCheckpoints *self);
/* The member "checkpoints". */
void                trio_cli_checkpoints_append_json (GString *out, const TrioCliCheckpoints *self);

G_END_DECLS
