/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A node: elections, replication, answers. See node.h.
 *
 * Always true:
 *  1. Between two checkpoints nobody else runs. After each one that matters it is asked again: still that term, still that role?
 *  2. A node's term and vote are on its disk before anybody hears of them; so are its entries (if it has no bug). */

#include "node.h"

#include <stdio.h>
#include <string.h>

#include "lines.h"

#define HEARTBEAT_US (50 * G_TIME_SPAN_MILLISECOND)
#define ELECTION_US  (300 * G_TIME_SPAN_MILLISECOND)
#define PATIENCE_US  (200 * G_TIME_SPAN_MILLISECOND)
#define COMMIT_US    (700 * G_TIME_SPAN_MILLISECOND)

/* --- the log --- */

static guint
last_index (Node *node)
{
  return node->disk.log->len;
}

static Entry *
entry_at (Node *node, guint index)
{
  return &g_array_index (node->disk.log, Entry, index - 1);
}

static guint
term_at (Node *node, guint index)
{
  return index == 0 ? 0 : entry_at (node, index)->term;
}

static gboolean
keep_entries (Node *node, GError **error)
{
  return disk_write (&node->disk, (node->bugs & NODE_ANSWERS_BEFORE_SYNC) == 0, error);
}

/* Somebody who knows better. */
static gboolean
enter_term (Node *node, guint term, GError **error)
{
  node->role = FOLLOWER;
  node->leader = -1;
  node->disk.term = term;
  node->disk.vote = -1;
  return disk_write (&node->disk, TRUE, error);
}

/* --- what a leader does --- */

static void
commit (Node *node)
{
  for (guint index = last_index (node); index > node->committed && term_at (node, index) == node->disk.term; index--)
    {
      guint n = 0;

      for (int i = 0; i < N_NODES; i++)
        n += node->has[i] >= index;
      if (n > N_NODES / 2)
        node->committed = index;
    }
}

static void
write_question (Node *node, int peer, char *line)
{
  guint next = node->next[peer], previous = next - 1;
  int length = g_snprintf (line, LINE_SIZE, "append %u %d %u %u %u %d", node->disk.term, node->id, previous, term_at (node, previous),
                           node->committed, next <= last_index (node));

  if (next <= last_index (node))
    {
      const Entry *entry = entry_at (node, next);

      g_snprintf (line + length, LINE_SIZE - length, " %u %d %s %" G_GINT64_FORMAT, entry->term, entry->kind,
                  entry->key[0] == '\0' ? "-" : entry->key, entry->value);
    }
}

static gboolean
take_answer (Node *node, int peer, guint asked, const char *answer, GError **error)
{
  guint term, last;
  int accepted;

  if (sscanf (answer, "%u %d %u", &term, &accepted, &last) != 3)
    return TRUE;
  if (term > node->disk.term)
    return enter_term (node, term, error);
  if (node->role != LEADER || term != asked)
    return TRUE;
  if (accepted)
    {
      node->has[peer] = MAX (node->has[peer], last);
      node->next[peer] = node->has[peer] + 1;
      commit (node);
    }
  else
    node->next[peer] = MAX (1, MIN (node->next[peer] - 1, last + 1));
  return TRUE;
}

typedef struct
{
  Node *node;
  int   peer;
  guint term;
} Errand;

static Errand *
errand_new (Node *node, int peer)
{
  Errand *errand = g_new (Errand, 1);

  *errand = (Errand) { node, peer, node->disk.term };
  return errand;
}

/* As long as it leads in that term. */
static gboolean
replicate (gpointer data, GError **error)
{
  Errand *errand = data;
  Node *node = errand->node;

  while (node->role == LEADER && node->disk.term == errand->term)
    {
      char question[LINE_SIZE + 1], answer[LINE_SIZE + 1];
      gboolean heard;

      write_question (node, errand->peer, question);
      if (!lines_ask (node->names[errand->peer], question, PATIENCE_US, answer, &heard, error)
          || (heard && !take_answer (node, errand->peer, errand->term, answer, error)))
        return FALSE;
      if ((!heard || node->next[errand->peer] > last_index (node)) && !trio_sleep (HEARTBEAT_US, error))
        return FALSE;
    }
  return TRUE;
}

/* The index of the new entry, or 0 if it leads no more. */
static gboolean
append (Node *node, const Entry *entry, guint *index, GError **error)
{
  guint term = node->disk.term;

  g_array_append_val (node->disk.log, *entry);
  *index = last_index (node);
  if (!keep_entries (node, error))
    return FALSE;
  if (node->role != LEADER || node->disk.term != term)
    *index = 0;
  else
    {
      node->has[node->id] = MAX (node->has[node->id], *index);
      commit (node);
    }
  return TRUE;
}

static gboolean
lead (Node *node, GError **error)
{
  const Entry nothing = { .term = node->disk.term };
  guint index;

  node->role = LEADER;
  node->leader = node->id;
  trio_sometimes (TRUE, "a leader is elected");
  for (int i = 0; i < N_NODES; i++)
    {
      node->next[i] = last_index (node) + 1;
      node->has[i] = 0;
      if (i != node->id)
        trio_nursery_start_soon_full (node->nursery, replicate, errand_new (node, i), g_free, "replicate");
    }
  return append (node, &nothing, &index, error);
}

/* --- elections --- */

/* One peer's vote, asked for until there is an answer or the election is over. */
static gboolean
canvass (gpointer data, GError **error)
{
  Errand *errand = data;
  Node *node = errand->node;

  while (node->role == CANDIDATE && node->disk.term == errand->term)
    {
      char question[LINE_SIZE + 1], answer[LINE_SIZE + 1];
      guint term;
      int granted;
      gboolean heard;

      g_snprintf (question, sizeof question, "vote %u %d %u %u", errand->term, node->id, last_index (node), term_at (node, last_index (node)));
      if (!lines_ask (node->names[errand->peer], question, PATIENCE_US, answer, &heard, error))
        return FALSE;
      if (!heard || sscanf (answer, "%u %d", &term, &granted) != 2)
        {
          if (!trio_sleep (HEARTBEAT_US, error))
            return FALSE;
          continue;
        }
      if (term > node->disk.term)
        return enter_term (node, term, error);
      if (granted && node->role == CANDIDATE && node->disk.term == errand->term && ++node->n_votes == N_NODES / 2 + 1)
        return lead (node, error);
      return TRUE;
    }
  return TRUE;
}

static gboolean
stand_for_election (Node *node, GError **error)
{
  guint term = ++node->disk.term;

  node->disk.vote = node->id;
  node->role = CANDIDATE;
  node->leader = -1;
  node->n_votes = 1;
  if (!disk_write (&node->disk, TRUE, error))
    return FALSE;
  for (int i = 0; i < N_NODES && node->role == CANDIDATE && node->disk.term == term; i++)
    if (i != node->id)
      trio_nursery_start_soon_full (node->nursery, canvass, errand_new (node, i), g_free, "canvass");
  return TRUE;
}

/* Not all at the same time; and who loses an election had better not be in step with the others again. */
static GTimeSpan
get_patience (Node *node)
{
  return ELECTION_US + node->id * 3 * HEARTBEAT_US;
}

static gboolean
wait_for_a_leader (gpointer data, GError **error)
{
  Node *node = data;

  for (;;)
    {
      GTimeSpan patience = get_patience (node);
      gint64 due = MAX (node->heard_at, trio_current_time () - patience + HEARTBEAT_US) + patience;

      if (!trio_sleep_until (due, error))
        return FALSE;
      if (node->role != LEADER && trio_current_time () - node->heard_at >= patience)
        {
          node->heard_at = trio_current_time ();
          if (!stand_for_election (node, error))
            return FALSE;
        }
    }
}

/* --- answers to other nodes --- */

static gboolean
answer_vote (Node *node, const char *line, char *answer, GError **error)
{
  guint term, index, index_term;
  int who, granted;

  if (sscanf (line, "vote %u %d %u %u", &term, &who, &index, &index_term) != 4)
    return TRUE;
  if (term > node->disk.term && !enter_term (node, term, error))
    return FALSE;

  granted = term == node->disk.term && (node->disk.vote == -1 || node->disk.vote == who)
            && (index_term > term_at (node, last_index (node))
                || (index_term == term_at (node, last_index (node)) && index >= last_index (node)));
  if (granted)
    {
      node->disk.vote = who;
      node->heard_at = trio_current_time ();
      if ((node->bugs & NODE_FORGETS_ITS_VOTE) == 0 && !disk_write (&node->disk, TRUE, error))
        return FALSE;
      /* Asked again by others meanwhile? The vote is for one term. */
      granted = node->disk.term == term && node->disk.vote == who;
    }
  g_snprintf (answer, LINE_SIZE, "%u %d", node->disk.term, granted);
  return TRUE;
}

/* What is there already stays; what contradicts it goes, with all behind it. */
static void
store (Node *node, guint index, const Entry *entry)
{
  if (index <= last_index (node) && term_at (node, index) == entry->term)
    return;
  if (index <= last_index (node))
    disk_cut (&node->disk, index);
  g_array_append_val (node->disk.log, *entry);
}

static gboolean
answer_append (Node *node, const char *line, char *answer, GError **error)
{
  guint term, previous, previous_term, committed;
  int who, n, read = 0;
  gboolean accepted;
  Entry entry = { 0 };

  if (sscanf (line, "append %u %d %u %u %u %d%n", &term, &who, &previous, &previous_term, &committed, &n, &read) != 6
      || (n > 0 && sscanf (line + read, " %u %d %15s %" G_GINT64_FORMAT, &entry.term, (int *) &entry.kind, entry.key, &entry.value) != 4))
    return TRUE;
  if (term > node->disk.term && !enter_term (node, term, error))
    return FALSE;

  accepted = term == node->disk.term && previous <= last_index (node) && term_at (node, previous) == previous_term;
  if (term == node->disk.term)
    {
      node->role = FOLLOWER;
      node->leader = who;
      node->heard_at = trio_current_time ();
    }
  if (accepted && n > 0)
    {
      store (node, previous + 1, &entry);
      if (!keep_entries (node, error))
        return FALSE;
      accepted = node->disk.term == term;
    }
  if (accepted)
    node->committed = MAX (node->committed, MIN (committed, previous + n));
  g_snprintf (answer, LINE_SIZE, "%u %d %u", node->disk.term, accepted,
              accepted ? previous + n : MIN (last_index (node), previous));
  return TRUE;
}

/* --- answers to clients --- */

static void
tell_value (Node *node, guint index, const char *key, char *answer)
{
  for (; index > 0; index--)
    if (entry_at (node, index)->kind == ENTRY_PUT && strcmp (entry_at (node, index)->key, key) == 0)
      {
        g_snprintf (answer, LINE_SIZE, "value %" G_GINT64_FORMAT, entry_at (node, index)->value);
        return;
      }
  g_strlcpy (answer, "none", LINE_SIZE);
}

/* Whether it is done, which nobody knows after a while. */
static gboolean
see_done (Node *node, guint index, guint term, gboolean *done, GError **error)
{
  gint64 due = trio_current_time () + COMMIT_US;

  *done = FALSE;
  while (index > 0 && trio_current_time () < due && last_index (node) >= index && term_at (node, index) == term)
    {
      if (node->committed >= index)
        return *done = TRUE;
      if (!trio_sleep (HEARTBEAT_US / 10, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
answer_client (Node *node, const char *line, char *answer, GError **error)
{
  Entry entry = { .term = node->disk.term };
  guint index;
  gboolean done;

  entry.kind = sscanf (line, "put %15s %" G_GINT64_FORMAT, entry.key, &entry.value) == 2 ? ENTRY_PUT : ENTRY_GET;
  if (entry.kind == ENTRY_GET && sscanf (line, "get %15s", entry.key) != 1)
    return TRUE;
  if (node->role != LEADER)
    {
      g_snprintf (answer, LINE_SIZE, "ask %d", node->leader);
      return TRUE;
    }
  if (entry.kind == ENTRY_GET && (node->bugs & NODE_TRUSTS_ITS_LEADERSHIP) != 0)
    {
      tell_value (node, node->committed, entry.key, answer);
      return TRUE;
    }
  if (!append (node, &entry, &index, error) || !see_done (node, index, entry.term, &done, error))
    return FALSE;
  if (!done)
    g_strlcpy (answer, "unknown", LINE_SIZE);
  else if (entry.kind == ENTRY_GET)
    tell_value (node, index, entry.key, answer);
  else
    g_strlcpy (answer, "done", LINE_SIZE);
  return TRUE;
}

static gboolean
serve_one (Node *node, TrioStream *stream, GError **error)
{
  char line[LINE_SIZE + 1], answer[LINE_SIZE + 1] = "";

  if (!lines_receive (stream, line, error))
    return FALSE;
  if (!(g_str_has_prefix (line, "vote ") ? answer_vote : g_str_has_prefix (line, "append ") ? answer_append : answer_client)
      (node, line, answer, error))
    return FALSE;
  return lines_send (stream, answer, error) && trio_stream_close (stream, error);
}

/* Who hangs up, or is out of reach, is no failure of the node's; its disk is. */
static gboolean
serve (TrioStream *stream, gpointer data, GError **error)
{
  Node *node = data;
  g_autoptr (GError) failure = NULL;

  if (serve_one (node, stream, &failure))
    return TRUE;
  if (!node->disk.failed)
    return trio_checkpoint_if_cancelled (error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* A host that has no descriptor left now may have one later. */
static gboolean
serve_for_ever (Node *node, GError **error)
{
  for (;;)
    {
      g_autoptr (GError) failure = NULL;

      if (trio_serve_tcp (serve, node, NULL, PORT, &failure) || !trio_checkpoint_if_cancelled (error))
        return FALSE;
      if (node->disk.failed)
        g_propagate_error (error, g_steal_pointer (&failure));
      if (node->disk.failed || !trio_sleep (HEARTBEAT_US, error))
        return FALSE;
    }
}

/* From what is on the disk, until that fails. */
static gboolean
live (Node *node, GError **error)
{
  g_autoptr (TrioNursery) nursery = NULL;

  if (!disk_open (&node->disk, error))
    return FALSE;
  node->role = FOLLOWER;
  node->leader = -1;
  node->committed = 0;
  node->heard_at = trio_current_time ();
  node->nursery = nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, wait_for_a_leader, node);
  return trio_nursery_close (nursery, serve_for_ever (node, error));
}

gboolean
node_run (gpointer data, GError **error)
{
  Node *node = data;
  gboolean ok;

  do
    {
      g_autoptr (GError) failure = NULL;

      ok = live (node, &failure);
      disk_clear (&node->disk);
      if (!node->disk.failed)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          break;
        }
      /* Nothing that was said to be on the disk is forgotten by that, and what was not was told to nobody. */
    }
  while (trio_sleep (ELECTION_US, error));
  return ok;
}
