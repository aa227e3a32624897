/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* How entries and reports cross from a child to its parent: as GVariants. Strings are byte strings, since a scenario may name
 * things as it likes.
 *
 *     entry:  path, path hash, label, ordinal, value, bound, index, step, times, onwards, runs on, target, words, what
 *     report: verdict, name, place, message, steps, duration, choices, hash, interleaving, raised, schedule, unmatched, stopped, escapes, goals, points
 *
 * Both ends are the same program: this is no file format. */

#pragma once

#include "simulator/schedule.h"

G_BEGIN_DECLS

#define TRIO_CLI_ENTRY_STRING  "(aytaytuuttubbmaymaymay)"
#define TRIO_CLI_REPORT_STRING "(umaymaymaytxtttta" TRIO_CLI_ENTRY_STRING "ubmaya(ayb)a" TRIO_CLI_ENTRY_STRING ")"
#define TRIO_CLI_ENTRY_TYPE    G_VARIANT_TYPE (TRIO_CLI_ENTRY_STRING)

GVariant      *trio_cli_wire_entry    (const TrioScheduleEntry *entry);
/* Appends it to @schedule. */
void           trio_cli_unwire_entry  (GVariant *variant, TrioSchedule *schedule);

/* @points: (nullable): choices the child was asked to note. */
GVariant      *trio_cli_wire_report   (const TrioSimReport *report, const TrioSchedule *points);
TrioSimReport *trio_cli_unwire_report (GVariant *variant, TrioSchedule *points);

/* A report with nothing but these, for a run that could not give its own. */
TrioSimReport *trio_cli_report_new    (TrioSimVerdict verdict, const char *name, const char *message);

/* The names of the goals, sorted. */
GPtrArray     *trio_cli_goal_names    (GHashTable *goals);

G_END_DECLS
