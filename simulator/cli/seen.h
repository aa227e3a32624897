/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the runs of a campaign went through, all together, and whether it is worth while to go on.
 *
 * For each fact (follow.h) the two earliest runs that showed it are kept, in memory that all workers share. So the figures are the
 * same whatever the number of workers, also when runs beyond the first failure have to be left out of account, and a fact that only
 * one run showed is known as such.
 *
 * The estimate is Good and Turing's (Good, Biometrika 1953), which Böhme brought to testing (STADS, TOSEM 2018), for runs: of n runs,
 * u show something that none of the others shows. A further run is to the n of them what each of those is to the others, so about u/n of
 * further runs will show something new. If u is 0, 3/n is a bound that holds in 95 of 100 cases. */

#pragma once

#include "simulator/cli/follow.h"

G_BEGIN_DECLS

/* Of facts of one kind. */
typedef struct
{
  guint64 n;             /* how many different ones */
  guint64 n_single;      /* of them: shown by one run only */
  guint64 n_lone_runs;   /* runs that show something that no other run shows */
  guint64 n_since;       /* how many runs there were after the last one that showed something new */
} TrioCliSeenKind;

typedef struct
{
  guint64         n_runs;        /* that all this is about */
  TrioCliSeenKind kinds[TRIO_CLI_FACT_KINDS];
  gboolean        full;          /* there was no room for more: all numbers are too low */
} TrioCliSaturation;

typedef struct _TrioCliSeen TrioCliSeen;

/* In shared memory: made before the workers are. */
TrioCliSeen *trio_cli_seen_new   (void);
void         trio_cli_seen_free  (TrioCliSeen *self);
/* Any process. @nth: of the campaign's runs, from 0. */
void         trio_cli_seen_note  (TrioCliSeen *self, guint64 nth, const guint64 *facts, gsize n_facts);
/* @end: runs from this one on do not count. n_since is left for the caller, who knows how many runs there were, as the number of the
 * last run that showed something new. */
void         trio_cli_seen_count (const TrioCliSeen *self, guint64 end, guint64 n_runs, TrioCliSaturation *saturation);
/* While runs go on: how many facts of that kind, and the latest run that showed a new one. Cheap; not exact. */
void         trio_cli_seen_peek  (const TrioCliSeen *self, TrioCliFactKind kind, guint64 *n, guint64 *last_new);

G_END_DECLS
