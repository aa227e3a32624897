/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Why does it fail? Experiments with a small failing schedule, each of them a run:
 *
 *     flips        without one decision: passes, fails in another way, fails all the same
 *     nearest      of those that pass, the one that is like the failing run for longest; where the two part, and who stands where there
 *     values       another answer at the same place: where every answer but the dull one fails, it does not matter which
 *     inevitable   the first n steps as they were, then left to chance: the step from which on everything fails
 *
 * Always true:
 *  1. What is told was seen in a run of a fresh process. What was sampled (values, chance) is told with its numbers.
 *  2. At most `budget` runs are spent. Stopped at any time, what is known so far is good.
 *
 * Sources: the nearest passing run is IOSimPOR's idea; that a value does not matter, the explain phase of Hypothesis; the step at which it
 * became inevitable, FoundationDB's failure-probability graph and Antithesis' causality analysis. */

#pragma once

#include "simulator/cli/isolate.h"

G_BEGIN_DECLS

typedef struct
{
  /* Without this decision. */
  gboolean        known;
  TrioSimVerdict  verdict;
  char           *name;
  gboolean        same;           /* it fails all the same */
  /* With another answer. */
  guint           others;         /* that it has besides the dull one and its own */
  guint           tried;
  guint           fail;           /* of those tried, in the same way */
} TrioCliFlip;

/* How many runs failed that were left to chance after `steps` steps. */
typedef struct
{
  guint64 steps;
  guint   runs;
  guint   fail;
} TrioCliOdds;

typedef struct
{
  const TrioCliTarget *target;
  TrioSimInject        inject;
  const TrioSimReport *failure;       /* with its schedule */
  guint                budget;
  gint64               stop_at;       /* monotonic time; G_MAXINT64 for none */
  void               (*tick) (guint used, gpointer data);   /* nullable; before each run */
  gpointer             tick_data;

  guint                used;          /* runs spent */
  gboolean             gave_up;       /* budget, time or Ctrl-C ended it */
  GArray              *flips;         /* TrioCliFlip, one for each decision */
  int                  nearest;       /* the decision that matters; -1 for none */
  guint64              parts_at;      /* the first step that differs; 0 if one of them ended there or it is not known */
  char                *asker;         /* (nullable): who was asked for that decision, and where it was */
  char                *fails_with;    /* (nullable): who takes that step in the failing run, and from where */
  char                *passes_with;   /* (nullable): and in the passing one */
  gint64               fails_at;      /* the virtual time of that step */
  gint64               passes_at;
  GArray              *odds;          /* TrioCliOdds, by steps */
  guint64              inevitable;    /* after so many steps everything tried fails; 0: not known */
  char                *inevitable_by; /* (nullable): who took that step, and from where */

  /*< private >*/
  GError              *error;
} TrioCliExplanation;

/* FALSE with @error if runs could not be made at all; what is known so far is good even so. */
gboolean trio_cli_explain              (TrioCliExplanation *self, GError **error);
void     trio_cli_explanation_clear    (TrioCliExplanation *self);

/* Whether every other answer of that decision fails, too. */
gboolean trio_cli_explanation_is_any   (const TrioCliExplanation *self, guint decision);

/* explain-words.c. Several lines, indented; nothing if nothing is known. */
void     trio_cli_explanation_append      (const TrioCliExplanation *self, GString *out);
/* Members of the JSON object that is open in @out. */
void     trio_cli_explanation_append_json (const TrioCliExplanation *self, GString *out);

G_END_DECLS
