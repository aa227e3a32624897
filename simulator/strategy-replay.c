/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Answers read from a schedule, by address; everything else is dull.
 *
 * Entries are looked up once for each (path, label) that asks, by text: a schedule that was read from a file knows no path hashes.
 * From then on the question's note points to the next entry of that address, so a question costs one comparison of ordinals.
 *
 * An entry that cannot mean anything here is not applied, and counts as unmatched: its value is not below the bound, or the task it
 * wants to go first is not in the line. */

#include "simulator/strategy.h"

#include <stdlib.h>

typedef struct _Line Line;

/* The entries of one path and label, in order of their ordinals. */
struct _Line
{
  Line                    *next;       /* the note of the address points to what is left of the line */
  const TrioScheduleEntry *entry;
};

typedef struct
{
  TrioSimStrategy strategy;
  GHashTable     *lines;               /* "path\nlabel" -> Line; only looked up */
  Line           *all;
  guint           n_entries;
  guint           n_applied;
} Replay;

/* What an address has as its note when the schedule has nothing, or nothing more, for it. */
static Line nothing;

static gboolean
find_target (const TrioSimQuestion *question, const char *target, guint32 *value)
{
  const TrioChoicePoint *point = question->point;

  for (guint32 i = 0; i < point->bound; i++)
    if (g_str_equal (trio_sim_tape_get_path (question->tape, point->nth_task (point, i)), target))
      {
        *value = i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
apply (const TrioSimQuestion *question, const TrioScheduleEntry *entry, guint32 *value)
{
  if (entry->target != NULL && question->point->nth_task != NULL)
    return find_target (question, entry->target, value);
  if (entry->value >= question->point->bound)
    return FALSE;
  *value = entry->value;
  return TRUE;
}

static Line *
look_up (Replay *replay, const TrioSimQuestion *question)
{
  const char *path = trio_sim_tape_get_path (question->tape, question->point->task);
  g_autofree char *key = g_strconcat (path, "\n", question->label->name, NULL);
  Line *line = g_hash_table_lookup (replay->lines, key);

  return line == NULL ? &nothing : line;
}

/* Its entry holds until another one of the same address takes its place. */
static guint32
answer_onwards (Replay *replay, const TrioSimQuestion *question, const Line *line)
{
  gboolean first = line->entry->ordinal == question->ordinal;
  guint32 value = 0;

  if (apply (question, line->entry, &value))
    {
      *question->manner = first ? TRIO_SIM_MANNER_ONWARDS : TRIO_SIM_MANNER_IMPLIED;
      replay->n_applied += first;
    }
  return value;
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Replay *replay = (Replay *) strategy;
  Line *line = *question->note;
  guint32 value = 0;

  if (G_UNLIKELY (line == NULL))
    *question->note = line = look_up (replay, question);
  if (G_UNLIKELY (line->entry != NULL && line->entry->onwards && line->next != NULL && line->next->entry->ordinal == question->ordinal))
    *question->note = line = line->next;
  if (G_LIKELY (line->entry == NULL || line->entry->ordinal > question->ordinal))
    return 0;
  if (line->entry->onwards)
    return answer_onwards (replay, question, line);
  if (line->entry->ordinal != question->ordinal)
    return 0;

  *question->note = line->next == NULL ? &nothing : line->next;
  if (apply (question, line->entry, &value))
    replay->n_applied++;
  return value;
}

static guint
get_unmatched (TrioSimStrategy *strategy)
{
  Replay *replay = (Replay *) strategy;

  return replay->n_entries - replay->n_applied;
}

static void
free_replay (TrioSimStrategy *strategy)
{
  Replay *replay = (Replay *) strategy;

  g_hash_table_unref (replay->lines);
  g_free (replay->all);
  g_free (replay);
}

/* By ordinal, and by place in the schedule if two are equal: then the first one counts. */
static int
compare_lines (const void *a, const void *b)
{
  const Line *left = a, *right = b;

  if (left->entry->ordinal != right->entry->ordinal)
    return left->entry->ordinal < right->entry->ordinal ? -1 : 1;
  return left->entry < right->entry ? -1 : left->entry > right->entry;
}

TrioSimStrategy *
trio_sim_strategy_new_replay (const TrioSchedule *schedule)
{
  Replay *replay = g_new0 (Replay, 1);
  guint n = trio_schedule_get_length (schedule);

  replay->strategy = (TrioSimStrategy) { .answer = answer, .get_unmatched = get_unmatched, .free = free_replay };
  replay->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  replay->all = g_new0 (Line, n);
  replay->n_entries = n;
  for (guint i = 0; i < n; i++)
    replay->all[i].entry = trio_schedule_get_entry (schedule, i);
  if (n > 0)
    qsort (replay->all, n, sizeof (Line), compare_lines);

  /* From the last to the first, so that each becomes the head of its line. */
  for (guint i = n; i-- > 0;)
    {
      Line *line = &replay->all[i];
      char *key = g_strconcat (line->entry->path, "\n", line->entry->label, NULL);

      line->next = g_hash_table_lookup (replay->lines, key);
      g_hash_table_replace (replay->lines, key, line);
    }
  return &replay->strategy;
}
