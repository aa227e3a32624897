/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a person reads, and what a program reads instead with --json. All of it on stdout. */

#pragma once

#include "simulator/cli/campaign.h"

G_BEGIN_DECLS

/* Bold, red, green or plain: escape sequences on a terminal that wants them, "" elsewhere. */
typedef enum
{
  TRIO_CLI_PLAIN,
  TRIO_CLI_BOLD,
  TRIO_CLI_RED,
  TRIO_CLI_GREEN,
  TRIO_CLI_DIM,
} TrioCliStyle;

const char *trio_cli_style              (TrioCliStyle style);

/* Prints, in one piece, and frees. With --tap all that goes through it is a comment. */
void        trio_cli_print              (GString *text);
/* Each line of @text behind @indent. */
void        trio_cli_append_indented    (GString *out, const char *indent, const char *text);

/* "The ordinary run, except:" and the decisions, numbered. */
void        trio_cli_append_decisions   (GString *out, const TrioSchedule *schedule);
/* "found by run 6 of explore (pct:5, seed 1); shrunk …", a line. */
void        trio_cli_append_how_found   (GString *out, const TrioCliCampaign *campaign, const TrioCliFailure *failure);
/* The commands that replay, show and stop at it. */
void        trio_cli_append_commands    (GString *out, const TrioCli *cli, const TrioSchedule *schedule, const char *path,
                                         gboolean can_shrink);

/* A failure as soon as it is known: in words, or as {"event": "failure", …}. */
void        trio_cli_report_failure     (const TrioCliCampaign *campaign, const TrioCliFailure *failure);
/* The campaign as it begins; with --json and --tap only. */
void        trio_cli_report_begin       (const TrioCliCampaign *campaign);
/* The end of a campaign over one scenario. */
void        trio_cli_report_end         (TrioCliCampaign *campaign, const TrioCliTally *tally);
/* After all of them. With --json and several scenarios: one object that sums them up; with --junit, the file. @campaigns: of
 * TrioCliCampaign. */
void        trio_cli_report_all         (GPtrArray *campaigns, guint64 runs);

G_END_DECLS
