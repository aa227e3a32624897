/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Makes a failing schedule small: a search for the smallest tape that still fails in the same way.
 *
 * Always true:
 *  1. Smaller is: fewer decisions; then fewer steps of the run; then smaller values; then decisions earlier on the tape. Each accepted
 *     schedule is smaller than the one before.
 *  2. What is kept is never a guess: it is the schedule that a run recorded, in a fresh process, while it failed with the same
 *     verdict and name, in the same place. Another failure met on the way is put aside, not followed.
 *  3. At most `budget` runs are spent. Stopped at any time, `best` is good, and `improved` has been told of it.
 *
 * Sources: delta debugging (Zeller and Hildebrandt, 2002); the shrinker of Hypothesis (MacIver and Donaldson, 2020), from which the
 * order and the idea to record anew after each step are taken; the simplifier of dejafu (Walker), which brings commuting neighbours into
 * a normal form. */

#pragma once

#include "simulator/cli/isolate.h"

G_BEGIN_DECLS

typedef struct
{
  const TrioCliTarget *target;
  TrioSimInject        inject;
  guint                budget;
  gboolean             plain;         /* no decision that lasts instead of several: for who counts deviations one by one */
  gint64               stop_at;       /* monotonic time; G_MAXINT64 for none */
  void               (*tick) (guint decisions, guint used, gpointer data);   /* nullable; before each run */
  void               (*improved) (TrioSimReport *best, gpointer data);       /* nullable; each time there is a smaller one */
  gpointer             tick_data;     /* for both */

  TrioSimReport       *best;          /* in: the failure, with its schedule. Out: the smallest found */
  guint                used;          /* runs spent */
  gboolean             gave_up;       /* budget, time or Ctrl-C ended it */
  GPtrArray           *others;        /* TrioSimReport: failures of other identity, one of each */

  /*< private >*/
  GHashTable          *tried;
  GError              *failure;
} TrioCliShrinker;

/* FALSE with @error if runs could not be made at all; best is good even so. */
gboolean trio_cli_shrink        (TrioCliShrinker *self, GError **error);
/* Frees what is inside, `best` too. */
void     trio_cli_shrinker_clear (TrioCliShrinker *self);

/* Replays @schedule once, in a fresh process. */
TrioSimReport *trio_cli_replay_once (const TrioCliTarget *target, const TrioSchedule *schedule, TrioSimInject inject,
                                     GError **error);

G_END_DECLS
