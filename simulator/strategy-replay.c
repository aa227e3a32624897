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
  gboolean                 in_force;   /* it lasts, and its first question has had its answer */
};

typedef struct
{
  TrioSimStrategy strategy;
  GHashTable     *lines;               /* "path\nlabel" -> Line; only looked up */
  Line           *all;
  guint           n_entries;
  guint           n_applied;
  const char     *runs_on;             /* path of the task that goes first as long as it can; NULL: there is none */
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

/* The last question that the entry answers. */
static guint64
last_of (const TrioScheduleEntry *entry)
{
  return entry->onwards ? G_MAXUINT64 : entry->ordinal + MAX (entry->times, 1) - 1;
}

/* Of two for one question the first counts. */
static gboolean
is_relieved (const Line *line, guint64 ordinal)
{
  return line->next != NULL && line->next->entry->ordinal <= ordinal && line->next->entry->ordinal > line->entry->ordinal;
}

/* What is left of the line for a question: entries that it has left behind are gone, also one that lasts if the next has its own
 * answer. */
static Line *
advance (Line *line, guint64 ordinal)
{
  while (line->entry != NULL && (last_of (line->entry) < ordinal || is_relieved (line, ordinal)))
    line = line->next != NULL ? line->next : &nothing;
  return line;
}

/* Who runs on goes again, if it can. */
static gboolean
run_on (Replay *replay, const TrioSimQuestion *question, guint32 *value)
{
  if (find_target (question, replay->runs_on, value))
    {
      question->manner->implied = TRUE;
      return TRUE;
    }
  replay->runs_on = NULL;
  return FALSE;
}

/* What lasts, lasts from an answer that is not dull: one that is leaves no mark on the tape. */
static void
begin (Replay *replay, const TrioSimQuestion *question, Line *line, guint32 value)
{
  const TrioScheduleEntry *entry = line->entry;
  const TrioChoicePoint *point = question->point;

  *question->manner = (TrioSimManner) {
    .times = entry->times, .onwards = entry->onwards, .runs_on = entry->runs_on, .for_one = entry->target != NULL,
  };
  line->in_force = last_of (entry) > entry->ordinal;
  if (entry->runs_on && point->nth_task != NULL)
    replay->runs_on = trio_sim_tape_get_path (question->tape, point->nth_task (point, value));
}

static guint32
answer (TrioSimStrategy *strategy, const TrioSimQuestion *question)
{
  Replay *replay = (Replay *) strategy;
  Line *line = *question->note;
  const TrioScheduleEntry *entry;
  guint32 value = 0;

  if (G_UNLIKELY (replay->runs_on != NULL) && question->label->kind == TRIO_SIM_LABEL_SCHEDULE && run_on (replay, question, &value))
    return value;
  if (G_UNLIKELY (line == NULL))
    line = look_up (replay, question);
  *question->note = line = advance (line, question->ordinal);

  entry = line->entry;
  if (G_LIKELY (entry == NULL || entry->ordinal > question->ordinal))
    return 0;
  if (line->in_force)
    {
      question->manner->implied = TRUE;
      return apply (question, entry, &value) ? value : 0;
    }
  if (entry->ordinal < question->ordinal || !apply (question, entry, &value))
    return 0;
  replay->n_applied++;
  if (value != 0)
    begin (replay, question, line, value);
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
