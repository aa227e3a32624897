/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* How a tape fills a schedule without copying a string twice. A schedule owns the strings of its entries in one pool and frees
 * them all at once; whoever interns first may append the results without a further copy.
 *
 * Only for the simulator's own tape and parser. */

#pragma once

#include "simulator/schedule.h"

G_BEGIN_DECLS

/* The pool's own copy of text: the same address for the same text. */
char *trio_schedule_intern          (TrioSchedule *schedule, const char *text);
/* Every string of entry is NULL or was interned in this schedule. Returns the schedule's own entry; valid until the next append. */
const TrioScheduleEntry *trio_schedule_append_interned (TrioSchedule *schedule, const TrioScheduleEntry *entry);

/* "consumer ran before producer": the decision without its place. */
void trio_schedule_append_words (GString *out, const TrioScheduleEntry *entry);

/* What is said of a decision that holds for more than one question. */
void trio_schedule_append_lasting (GString *out, guint32 times, gboolean onwards);

/* The inverse of trio_sim_verdict_to_string(). */
gboolean trio_sim_verdict_from_string (const char *text, TrioSimVerdict *verdict);

G_END_DECLS
