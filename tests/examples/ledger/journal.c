/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "journal.h"

#include <string.h>

/* There is no file behind the journal, but writing takes the time that it takes with one. */
#define WRITE_US (2 * G_TIME_SPAN_MILLISECOND)

struct _Journal
{
  TrioSendChannel    *entries_in;
  TrioReceiveChannel *entries_out;
  GArray             *postings;         /* of Posting: all that is written */
  guint               n_entries;
};

/* Held by the one who waits for it and by the writer: either may be the last to see it. */
typedef struct
{
  TrioEvent *written;
  guint      n_postings;
  Posting   *postings;
} Entry;

static void
entry_clear (gpointer data)
{
  Entry *entry = data;

  trio_event_free (entry->written);
  g_free (entry->postings);
}

static void
entry_unref (gpointer entry)
{
  g_rc_box_release_full (entry, entry_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Entry, entry_unref)

Journal *
journal_new (void)
{
  Journal *journal = g_new0 (Journal, 1);

  trio_open_memory_channel (0, entry_unref, &journal->entries_in, &journal->entries_out);
  journal->postings = g_array_new (FALSE, FALSE, sizeof (Posting));
  return journal;
}

void
journal_free (Journal *journal)
{
  if (journal == NULL)
    return;

  trio_send_channel_free (journal->entries_in);
  trio_receive_channel_free (journal->entries_out);
  g_array_unref (journal->postings);
  g_free (journal);
}

/* Takes one entry and writes it. A cancellation meanwhile hurries it, and comes out when it is written. */
static gboolean
write_next (Journal *journal, GError **error)
{
  g_autoptr (Entry) entry = NULL;
  gpointer received;
  gboolean ok;

  if (!trio_receive_channel_receive (journal->entries_out, &received, error))
    return FALSE;

  entry = received;
  ok = trio_sleep (WRITE_US, error);
  g_array_append_vals (journal->postings, entry->postings, entry->n_postings);
  journal->n_entries++;
  trio_event_set (entry->written);
  return ok;
}

gboolean
journal_write (gpointer data, GError **error)
{
  Journal *journal = data;
  g_autoptr (GError) stopped = NULL;

  /* Shielded: those who wait for their entries must be answered, also while everything around is being cancelled. A shield opened
   * for each entry, and not one for all, so that even a cancellation of the shield itself only hurries one entry. */
  while (stopped == NULL)
    {
      g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (&stopped);

      trio_cancel_scope_set_shield (shield, TRUE);
      if (!trio_cancel_scope_close (shield, write_next (journal, &stopped)))
        break;
    }

  if (g_error_matches (stopped, TRIO_ERROR, TRIO_ERROR_END_OF_CHANNEL))
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&stopped));
  return FALSE;
}

/* The entry is with the writer: it will be written, and nothing but that may be the outcome. */
static gboolean
wait_until_written (Entry *entry, GError **error)
{
  while (!trio_event_is_set (entry->written))
    {
      g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);

      trio_cancel_scope_set_shield (shield, TRUE);
      if (!trio_cancel_scope_close (shield, trio_event_wait (entry->written, error)))
        return FALSE;
    }

  return TRUE;
}

gboolean
journal_append (Journal *journal, const Posting *postings, guint n_postings, GError **error)
{
  g_autoptr (Entry) entry = g_rc_box_new0 (Entry);

  entry->written = trio_event_new ();
  entry->n_postings = n_postings;
  entry->postings = g_memdup2 (postings, n_postings * sizeof (Posting));

  if (!trio_send_channel_send (journal->entries_in, g_rc_box_acquire (entry), error))
    {
      entry_unref (entry);      /* the one that was not sent */
      return FALSE;
    }

  return wait_until_written (entry, error);
}

void
journal_close (Journal *journal)
{
  trio_send_channel_close (journal->entries_in);
}

gint64
journal_sum (Journal *journal, const char *account)
{
  gint64 sum = 0;

  for (guint i = 0; i < journal->postings->len; i++)
    {
      const Posting *posting = &g_array_index (journal->postings, Posting, i);

      if (strcmp (posting->account, account) == 0)
        sum += posting->cents;
    }

  return sum;
}

guint
journal_length (Journal *journal)
{
  return journal->n_entries;
}
