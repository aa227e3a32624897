/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A campaign: a search over one scenario, and what becomes of what its workers find.
 *
 *     finding (a worker's word)  ->  run again in a fresh process  ->  replayed from its schedule  ->  kept  ->  shrunk  ->  kept
 *
 * Always true:
 *  1. A failure that is reported was seen at least twice: by a worker and in a fresh process; if its schedule does not give it a
 *     third time with the same hash, it is reported as nondeterminism.
 *  2. A schedule is on disk, or has been printed, before shrinking begins. */

#pragma once

#include "simulator/cli/cli.h"
#include "simulator/cli/workers.h"

G_BEGIN_DECLS

#define TRIO_CLI_KEEP_DEFAULT "trio-schedules"
/* A goal missed in no more runs than these says nothing. */
#define TRIO_CLI_RUNS_BEFORE_UNREACHED 100
/* The name of that failure. */
#define TRIO_CLI_ANOTHER_PROCESS "another process gave another run"

typedef struct
{
  char           *kind;           /* of the verdict; "unreached" for a goal */
  char           *name;
  char           *message;
  guint64         run;
  guint64         times;          /* findings of this identity */
  char           *strategy;       /* that found it */
  TrioSchedule   *schedule;       /* NULL for a goal */
  guint           found_with;     /* decisions before shrinking */
  guint           shrink_runs;
  gboolean        shrink_gave_up;
  char           *file;           /* where it is to be kept; NULL until that is known */
  char           *path;           /* where it is kept; NULL if it could not be */
  gboolean        known;          /* by a schedule that was kept before */
  char           *trouble;        /* why not; NULL if all is well */
  char           *beside;         /* what else was met while it was shrunk, and where it is kept: lines; NULL if nothing was */
} TrioCliFailure;

typedef struct _TrioCliCampaign TrioCliCampaign;

struct _TrioCliCampaign
{
  const TrioCli      *cli;
  const TrioScenario *scenario;
  TrioCliTarget       target;
  const char         *command;      /* "explore", "sweep" */
  const char         *strategy;
  guint64             seed;
  TrioSimInject       inject;
  const char         *keep;
  gboolean            keep_named;   /* that folder was asked for: what is in it is replayed first */
  guint64             shard;        /* of the campaign, from 1 */
  guint64             shards;       /* in how many it is split: by machines that share nothing */
  guint               jobs;
  guint               budget;
  gboolean            json;         /* what stdout is; neither: words */
  gboolean            tap;          /* stdout is TAP: all other lines are comments */
  const char         *junit;        /* where to write that; NULL for nowhere */
  guint               n_cases;      /* scenarios that will be searched */
  GPtrArray          *failures;     /* TrioCliFailure */
  GPtrArray          *kept;         /* TrioCliKept: schedules of this scenario that were there before */
  /* Known at the end. */
  guint64             runs;
  gint64              elapsed_us;
  gboolean            interrupted;
  char               *refusal;      /* why there was no search; NULL if there was one */
  /* NULL: trio_cli_report_failure(). */
  void              (*report) (const TrioCliCampaign *campaign, const TrioCliFailure *failure);
  /* What stands at the end in place of the coverage: lines, or members of the object. NULL: the coverage does. */
  void              (*append_end) (GString *out, gboolean json, gconstpointer data);
  gconstpointer       append_end_data;
};

void            trio_cli_campaign_begin   (TrioCliCampaign *campaign, const TrioScenario *scenario);
void            trio_cli_campaign_clear   (TrioCliCampaign *campaign);

/* Makes failures of the findings, one for each identity, and reports them. @prepare, @data: as the worker had them. FALSE:
 * no run could be made. */
gboolean        trio_cli_campaign_take    (TrioCliCampaign *campaign, const TrioCliTally *tally,
                                           void (*prepare) (guint64 run, TrioSimOptions *options, gpointer data), gpointer data,
                                           GError **error);
/* There can be no search. Says so; gives TRIO_CLI_EXIT_USAGE. */
int             trio_cli_campaign_refuse  (TrioCliCampaign *campaign, const GError *error);
/* A goal that was met, and that no run reached, is a failure, too. For a search that did all it was to do: what one that was cut short, or one
 * shard, has not reached, others may. */
void            trio_cli_campaign_look_for_unreached (TrioCliCampaign *campaign, const TrioCliTally *tally);

/* The ordinary run is another one in another process: one more failure. (transfer full) for the message. */
void            trio_cli_campaign_differs (TrioCliCampaign *campaign, const TrioSchedule *schedule, char *message);

/* How many choices a schedule has that are not the ordinary ones. */
guint           trio_cli_failure_deviations (const TrioCliFailure *failure);
/* One more failure, which is told. (transfer full) */
void            trio_cli_campaign_add     (TrioCliCampaign *campaign, TrioCliFailure *failure);
/* Whether there is one of that identity already. */
gboolean        trio_cli_campaign_knows   (const TrioCliCampaign *campaign, TrioSimVerdict verdict, const char *name);

gint            trio_cli_campaign_exit_code (const TrioCliCampaign *campaign);

G_END_DECLS
