/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The journal: what was posted to which account, in order. One task writes it; everybody else hands entries to that task and waits
 * until theirs is written.
 *
 *     tellers ---- entry ----> [ journal ]          one entry: one or more postings that belong together
 *             <--- written ---
 *
 * Always true:
 *  1. An entry is written whole or not at all.
 *  2. journal_append() tells the truth: TRUE and it is written; FALSE and it was not, and never will be. So a cancellation can stop
 *     it only before the writer has taken the entry.
 *  3. The writer goes on, whatever is cancelled around it, until journal_close(): who waits for an entry is never left waiting.
 *
 * It is kept in memory. All of it from tasks of one run. */

#pragma once

#include <trio/trio.h>

typedef struct _Journal Journal;

typedef struct
{
  const char *account;       /* must live as long as the journal */
  gint64      cents;         /* what is added to it */
} Posting;

Journal  *journal_new    (void);
void      journal_free   (Journal *journal);

/* The writer, a TrioFunc for a task of its own. It ends when the journal is closed and all is written. */
gboolean  journal_write  (gpointer journal, GError **error);

/* Writes an entry. Checkpoint. Errors: cancellation. */
gboolean  journal_append (Journal *journal, const Posting *postings, guint n_postings, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* No more entries. Never suspends. */
void      journal_close  (Journal *journal);

/* What the journal says was added to an account so far. */
gint64    journal_sum    (Journal *journal, const char *account);
guint     journal_length (Journal *journal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Journal, journal_free)
