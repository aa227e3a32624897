/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Which runs a sweep makes.
 *
 *     run 1      the ordinary run
 *     then       for each schedule in turn: the schedule as it is (but for the ordinary one, which was run 1), and the schedule with one
 *                injection at each occasion: each scope that a cancellation could come from, Ctrl-C, each fault once and onwards
 *     --pairs    for each of those in turn: and a second one, within the window of the first (sweep-note.h)
 *
 * The numbers of the runs depend on the program and on what was asked for alone. */

#pragma once

#include "simulator/cli/campaign.h"
#include "simulator/cli/checkpoints.h"

G_BEGIN_DECLS

typedef enum
{
  TRIO_CLI_PAIRS_NONE,
  TRIO_CLI_PAIRS_WINDOW,     /* the second while the first is unwound */
  TRIO_CLI_PAIRS_ALL,        /* the second at any time after the first */
} TrioCliPairs;

typedef struct
{
  TrioSchedule *schedule;
  guint         tried;       /* the index in it of the injection that this run is made for; G_MAXUINT: none */
  guint         base;        /* which of the schedules */
  guint         checkpoint;  /* its index among the checkpoints; G_MAXUINT: none */
} TrioCliJob;

/* What a schedule does when nothing is injected. */
typedef struct
{
  TrioSchedule *schedule;    /* NULL: the ordinary one */
  guint64       interleaving, steps, n_raised;
  gint64        duration_us;
} TrioCliBase;

typedef struct
{
  TrioCliCampaign    *campaign;
  TrioCliPairs        pairs;
  guint               max;             /* runs */
  guint               n_schedules;     /* wanted */

  GPtrArray          *jobs;            /* TrioCliJob; run n is job n - 2 */
  GPtrArray          *bases;           /* TrioCliBase */
  TrioCliCheckpoints *checkpoints;
  guint               n_firsts;        /* first injections whose windows were looked into */
  guint64             n_pairs;         /* second ones within them */
  guint64             n_after;         /* second ones after them in all */
  guint64             n_left_out;      /* for lack of runs */
} TrioCliPlan;

/* Whether there are as many runs as there may be: something may have been left out. */
gboolean trio_cli_plan_is_full (const TrioCliPlan *self);
/* FALSE: no run could be made. */
gboolean trio_cli_plan_make  (TrioCliPlan *self, GError **error);
void     trio_cli_plan_clear (TrioCliPlan *self);

G_END_DECLS
