/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The passes of the shrinker, and what they share. Each pass only proposes; attempt() decides, and alone changes `best`. A pass returns
 * whether anything was accepted.
 *
 *     shrink-drop.c      fewer decisions: none at all, the tail and the head cut, whole kinds, whole tasks, episodes, ddmin
 *     shrink-hold.c      one for many: a task is held back, or runs on as long as it can
 *     shrink-change.c    other decisions: two for one, smaller values, earlier, neighbours the other way round
 *
 * Only for shrinker.c and these. */

#pragma once

#include "simulator/cli/shrinker.h"

G_BEGIN_DECLS

/* Runs @candidate, unless it was tried before. TRUE if it became the best. */
gboolean       trio_cli_shrink_attempt     (TrioCliShrinker *self, const TrioSchedule *candidate);
/* FALSE, and gave_up is set, if nothing is left to spend. */
gboolean       trio_cli_shrink_may_go_on   (TrioCliShrinker *self);
guint          trio_cli_shrink_n_decisions (const TrioCliShrinker *self);

/* Without the n entries from i on. */
TrioSchedule  *trio_cli_shrink_without     (const TrioSchedule *schedule, guint i, guint n);
/* "net.latency" and "net.window" are of one class, "net". */
gsize          trio_cli_shrink_class       (const char *label);

gboolean       trio_cli_shrink_drop_all       (TrioCliShrinker *self);
gboolean       trio_cli_shrink_cut_ends       (TrioCliShrinker *self);
gboolean       trio_cli_shrink_drop_kinds     (TrioCliShrinker *self);
gboolean       trio_cli_shrink_drop_episodes  (TrioCliShrinker *self);
gboolean       trio_cli_shrink_drop_decisions (TrioCliShrinker *self);

gboolean       trio_cli_shrink_drop_and_shift (TrioCliShrinker *self);
gboolean       trio_cli_shrink_hold           (TrioCliShrinker *self);
gboolean       trio_cli_shrink_hold_for_good  (TrioCliShrinker *self);
gboolean       trio_cli_shrink_run_on         (TrioCliShrinker *self);
gboolean       trio_cli_shrink_merge          (TrioCliShrinker *self);

gboolean       trio_cli_shrink_replace_pairs  (TrioCliShrinker *self);
gboolean       trio_cli_shrink_lower_values   (TrioCliShrinker *self);
gboolean       trio_cli_shrink_move_earlier   (TrioCliShrinker *self);
gboolean       trio_cli_shrink_commute        (TrioCliShrinker *self);

/* Replays @schedule and notes in @points, in order, the choices that @noting wants. Counts as a run. FALSE: nothing is left to spend. */
gboolean       trio_cli_shrink_note_points    (TrioCliShrinker *self, const TrioSchedule *schedule, const TrioCliNoting *noting,
                                               TrioSchedule *points);

G_END_DECLS
