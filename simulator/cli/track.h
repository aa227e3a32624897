/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A track: one run as a row of processes that stand before some of its steps, so that going back costs as little as going on.
 *
 *     step    1          33         65         97
 *             o--------->o--------->o--------->o----> *      o  a checkpoint: a copy that waits
 *                                   |                 *      *  the traveller: where we are
 *             to 80                 '--> *                   (a copy of the last checkpoint before it runs on)
 *
 * The run forks itself as it goes: who stays is the checkpoint, the copy goes on. Memory is shared until it is written to.
 *
 * Always true:
 *  1. There is one traveller at a time, or none after the end. It stands before a step: whose that step is, is settled.
 *  2. A checkpoint never goes on itself; its copies do. So each is there for good.
 *  3. When the one who asks is gone, all of them end.
 */

#pragma once

#include "simulator/cli/isolate.h"

G_BEGIN_DECLS

typedef struct _TrioCliTrack TrioCliTrack;

/* @total: about how many steps the run has: checkpoints are spread over them. The traveller stands before step 1. */
TrioCliTrack *trio_cli_track_new      (const TrioCliTarget *target, const TrioSchedule *schedule, TrioSimInject inject, guint64 total,
                                       GError **error);
void          trio_cli_track_free     (TrioCliTrack *track);

/* Goes before @step. If the run ends before that, where it stands is one step behind the last and the traveller is gone. FALSE: it could
 * not be done; @error says why. */
gboolean      trio_cli_track_go       (TrioCliTrack *track, guint64 step, GError **error);
/* The step that comes next; one more than there are after the end. */
guint64       trio_cli_track_get_step (TrioCliTrack *track);
gboolean      trio_cli_track_is_over  (TrioCliTrack *track);
/* (nullable) (transfer full): how the run ended, when it did. */
char         *trio_cli_track_get_end  (TrioCliTrack *track);
/* How many steps were taken for the latest move, and before which one they began. */
guint64       trio_cli_track_get_cost (TrioCliTrack *track, guint64 *from);
guint         trio_cli_track_get_n_checkpoints (TrioCliTrack *track);

/* (nullable) (transfer full): who takes the next step, and from where. NULL after the end. */
char         *trio_cli_track_where    (TrioCliTrack *track);
/* (nullable) (transfer full): all tasks. */
char         *trio_cli_track_tree     (TrioCliTrack *track);
/* A copy of the traveller that has stopped itself, for a debugger to attach to; when it goes on, it goes to the end of the run. 0: there
 * is none. It is the caller's to end. */
int           trio_cli_track_copy     (TrioCliTrack *track);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioCliTrack, trio_cli_track_free)

G_END_DECLS
