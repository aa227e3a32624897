/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Inside a history; see <trio-sim/history.h>.
 *
 * Always true:
 *  1. Operations stand in the order of their calls; an operation's number is its index.
 *  2. called and returned count calls and returns together, from 1, without gaps but for operations that failed.
 *  3. An operation that returned has a result; one that was lost, or of which nothing is known, has none, and returned 0.
 *
 * Any thread: mutex guards all of it. */

#pragma once

#include <trio-sim/history.h>

G_BEGIN_DECLS

typedef struct
{
  TrioOperation operation;      /* first: the public part */
  gboolean      failed;         /* did not happen: nobody looks at it */
  gboolean      ended;          /* returned, failed or lost */
} TrioHistoryEntry;

struct _TrioHistory
{
  GMutex     mutex;
  GPtrArray *entries;           /* of TrioHistoryEntry */
  guint      n_events;
};

const TrioHistoryEntry *trio_history_get_entry (const TrioHistory *history, guint id);

/* "write (3) -> nothing", "dequeue -> ?". */
void trio_operation_append (const TrioOperation *operation, GString *out);
/* The empty tuple is "nothing", NULL "?". */
void trio_value_append     (GVariant *value, GString *out);

G_END_DECLS
