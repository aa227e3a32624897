/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One simulated run in a child of its own, so that whatever it does to itself is a report here.
 *
 * Always true:
 *  1. Whatever the run does, there is a report, and its schedule holds every decision up to its end: each goes into shared memory
 *     the moment it is made.
 *  2. Two isolated runs start from the same memory. If the same schedule gives them different hashes, chance came from outside. */

#pragma once

#include "simulator/schedule.h"

G_BEGIN_DECLS

/* The name of a livelock that only the real clock noticed. */
#define TRIO_CLI_NO_END "no end in sight"

/* With how many runs one that is said to be nondeterministic is compared: a difference need not show in the first. */
#define TRIO_CLI_COMPARED 10

/* What is run: the same for a whole search. */
typedef struct
{
  TrioFunc    func;
  gpointer    data;
  const char *program;
  guint       timeout_s;     /* of real time for one run; 0: none */
  GTimeSpan   heal_after;    /* as of TrioSimOptions; 0: not */
  GTimeSpan   heal_within;
  gboolean    misuses;       /* it may misuse things on purpose: that is no finding */
  TrioSimEscapes escapes;    /* what becomes of calls that leave the simulation */
  gboolean    echo;          /* let what the scenario prints through */
  TrioSimMeasure *measure;   /* one for all runs; NULL: each takes its own where it needs one */
} TrioCliTarget;

/* Puts into @options what all runs of a search have in common. */
void           trio_cli_target_apply (const TrioCliTarget *target, TrioSimOptions *options);

/* Whether a choice is worth noting, and how many may be noted. */
typedef struct
{
  gboolean (*wanted) (const TrioScheduleEntry *entry, gpointer data);
  gpointer   data;
  guint      max;
  /* (nullable): called in the child before the run; from then on it may append to @points by itself. */
  void     (*begin)  (TrioSchedule *points, gpointer data);
} TrioCliNoting;

/* A place in a run to look at: who stands where. Texts are "main/a, in trio_lock_acquire < take_both". */
typedef struct
{
  guint64   at_index;        /* the choice with this index on the tape; G_MAXUINT64 for none */
  guint64   at_step;         /* before this step; 0 for none */
  guint64  *trail;           /* (nullable): of trio_cli_share(): one word for each step: who takes it, and when */
  gsize     trail_max;

  char     *asker;           /* out: who asks at at_index; NULL if it never came to that. Free with trio_cli_look_clear() */
  char     *goer;            /* out: who takes at_step; likewise */
  gint64    goes_at;         /* out: and when */
} TrioCliLook;

void           trio_cli_look_clear   (TrioCliLook *look);

/* In a run: "main/a, in trio_lock_acquire < take_both". */
char          *trio_cli_describe_task (TrioTask *task);

/**
 * trio_cli_isolate:
 * @target: what
 * @options: how; the callbacks in it are ours
 * @noting: (nullable): which choices to note
 * @points: (nullable): a schedule to append the noted choices to, in order, each with the answer it had
 * @error: where it says that there could be no run: a child could not be started, the options are wrong, the trace cannot be
 * written; %TRIO_ERROR_KEYBOARD_INTERRUPT: Ctrl-C came, and it did not end soon after
 *
 * Returns: (transfer full): what the run did; %NULL with @error. Always with a schedule, a crash included
 */
TrioSimReport *trio_cli_isolate (const TrioCliTarget *target, const TrioSimOptions *options, const TrioCliNoting *noting,
                                 TrioSchedule *points, GError **error);

/* Takes the measure of the scenario in a child. NULL: it did not come to that, and any run will find out why. */
TrioSimMeasure *trio_cli_measure (const TrioCliTarget *target, TrioSimInject inject);

/* The same with a look at one place; for a crash too. */
TrioSimReport *trio_cli_isolate_looking (const TrioCliTarget *target, const TrioSimOptions *options, TrioCliLook *look,
                                         GError **error);

/* Verdict and name are the identity of a failure between builds of a program. */
gboolean       trio_cli_same_failure (TrioSimVerdict verdict, const char *name, const TrioSimReport *report);
/* Within one, it is in the same place, too, if both know theirs. */
gboolean       trio_cli_same_place   (const TrioSimReport *a, const TrioSimReport *b);

G_END_DECLS
