/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Other decisions instead: as many or fewer, but smaller in the order of shrinker.h.
 *
 *     shift           a, then b of the same task at its 9th occasion  ->  b alone, at the 8th, 7th, …
 *     two for one     a b c  ->  a d         d is any decision that the run of `a` alone could have taken
 *     values          a = 7  ->  a = 1, 3, 6;  what lasts  ->  once
 *     earlier         a at its 9th occasion  ->  its 1st, 4th, 8th
 *     commute         a, then b  ->  b's answer where a was and a's where b was; a at an earlier occasion of any task
 */

#include "simulator/cli/shrink-passes.h"

#include <string.h>

#define POINTS_MAX        400     /* occasions tried for one replacement */
#define REPLACE_FROM_MAX  6       /* with more decisions than this, pairs are too many */
#define SHIFT_FROM_MAX    12      /* with more decisions than this, shifting is too much */
#define SHIFT_MAX         4       /* occasions that a decision adds for its task, at most */
#define MOVES_MAX         24      /* occasions tried for moving one decision */

typedef TrioCliShrinker Shrinker;

/* An entry that will be written anew: what it says for people no longer holds. */
static void
append_at (TrioSchedule *schedule, const TrioScheduleEntry *entry, const char *path, guint64 ordinal)
{
  TrioScheduleEntry moved = *entry;

  moved.path = (char *) path;
  moved.ordinal = ordinal;
  moved.words = NULL;
  trio_schedule_append (schedule, &moved);
}

/* Another answer: whom it preferred does not hold any more, either. */
static void
append_changed (TrioSchedule *schedule, const TrioScheduleEntry *entry, guint32 value, guint64 ordinal)
{
  TrioScheduleEntry changed = *entry;

  changed.value = value;
  changed.target = NULL;
  append_at (schedule, &changed, entry->path, ordinal);
}

/* ---- Drop and shift -------------------------------------------------------------------------------------------------------- */

/* A short read makes its task ask once more: without it, what the task decides later has another number. */
static gboolean
shift_without (Shrinker *self, guint victim, guint64 by)
{
  const TrioSchedule *best = self->best->schedule;
  const TrioScheduleEntry *gone = trio_schedule_get_entry (best, victim);
  g_autoptr (TrioSchedule) candidate = trio_schedule_new ();
  gboolean shifted = FALSE;

  for (guint i = 0; i < trio_schedule_get_length (best); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (best, i);

      if (i > victim && g_str_equal (entry->path, gone->path) && entry->ordinal > by)
        {
          append_at (candidate, entry, entry->path, entry->ordinal - by);
          shifted = TRUE;
        }
      else if (i != victim)
        trio_schedule_append (candidate, entry);
    }
  return shifted && trio_cli_shrink_attempt (self, candidate);
}

gboolean
trio_cli_shrink_drop_and_shift (Shrinker *self)
{
  gboolean changed = FALSE;

  if (trio_cli_shrink_n_decisions (self) > SHIFT_FROM_MAX)
    return FALSE;
  for (guint i = trio_cli_shrink_n_decisions (self); i-- > 0;)
    {
      for (guint64 by = 1; by <= SHIFT_MAX && i < trio_cli_shrink_n_decisions (self); by++)
        if (shift_without (self, i, by))
          {
            changed = TRUE;
            break;
          }
    }
  return changed;
}

/* ---- Two for one ----------------------------------------------------------------------------------------------------------- */

static gboolean
has_same_class (const TrioSchedule *schedule, const char *label)
{
  gsize n = trio_cli_shrink_class (label);

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    {
      const char *other = trio_schedule_get_entry (schedule, i)->label;

      if (n == trio_cli_shrink_class (other) && strncmp (label, other, n) == 0)
        return TRUE;
    }
  return FALSE;
}

/* No other kinds of decisions are tried than those in hand. */
static gboolean
is_of_these_kinds (const TrioScheduleEntry *entry, gpointer data)
{
  return entry->value == 0 && has_same_class (data, entry->label);
}

/* `kept`, and in turn each single other decision that its own run could have taken. At most `share` runs. */
static gboolean
replace_with_one (Shrinker *self, const TrioSchedule *kept, guint share)
{
  TrioCliNoting noting = { is_of_these_kinds, self->best->schedule, POINTS_MAX, NULL };
  g_autoptr (TrioSchedule) points = trio_schedule_new ();
  guint due = self->used + share;

  if (!trio_cli_shrink_note_points (self, kept, &noting, points))
    return FALSE;
  for (guint i = 0; i < trio_schedule_get_length (points) && self->used < due; i++)
    {
      const TrioScheduleEntry *point = trio_schedule_get_entry (points, i);

      for (guint32 value = 1; value < MIN (point->bound, 4) && self->used < due; value++)
        {
          g_autoptr (TrioSchedule) candidate = trio_schedule_copy (kept);

          append_changed (candidate, point, value, point->ordinal);
          if (trio_cli_shrink_attempt (self, candidate))
            return TRUE;
        }
    }
  return FALSE;
}

gboolean
trio_cli_shrink_replace_pairs (Shrinker *self)
{
  guint n = trio_cli_shrink_n_decisions (self);
  guint n_pairs = n * (n - 1) / 2;
  guint share;

  if (n < 2 || n > REPLACE_FROM_MAX || self->used >= self->budget)
    return FALSE;

  share = MAX ((self->budget - self->used) / 2 / n_pairs, 1);
  for (guint i = 0; i < n; i++)
    {
      for (guint j = i + 1; j < n; j++)
        {
          g_autoptr (TrioSchedule) one_less = trio_cli_shrink_without (self->best->schedule, j, 1);
          g_autoptr (TrioSchedule) kept = trio_cli_shrink_without (one_less, i, 1);

          if (replace_with_one (self, kept, share))
            return TRUE;
        }
    }
  return FALSE;
}

/* ---- Smaller and earlier --------------------------------------------------------------------------------------------------- */

static gboolean
try_changed (Shrinker *self, guint nth, guint32 value, guint64 ordinal)
{
  g_autoptr (TrioSchedule) candidate = trio_schedule_new ();
  const TrioScheduleEntry *entry;

  /* An accepted one may have fewer. */
  if (nth >= trio_cli_shrink_n_decisions (self))
    return FALSE;
  entry = trio_schedule_get_entry (self->best->schedule, nth);
  if (value < 1 || ordinal < 1 || (value == entry->value && ordinal == entry->ordinal))
    return FALSE;

  for (guint i = 0; i < trio_cli_shrink_n_decisions (self); i++)
    {
      const TrioScheduleEntry *other = trio_schedule_get_entry (self->best->schedule, i);

      if (i == nth && value == entry->value)
        append_at (candidate, entry, entry->path, ordinal);
      else if (i == nth)
        append_changed (candidate, entry, value, ordinal);
      else
        trio_schedule_append (candidate, other);
    }
  return trio_cli_shrink_attempt (self, candidate);
}

/* A fault that lasts, only once. */
static gboolean
try_once (Shrinker *self, guint nth)
{
  g_autoptr (TrioSchedule) candidate = trio_schedule_new ();

  for (guint i = 0; i < trio_cli_shrink_n_decisions (self); i++)
    {
      TrioScheduleEntry entry = *trio_schedule_get_entry (self->best->schedule, i);

      if (i == nth && !entry.onwards)
        return FALSE;
      entry.onwards = entry.onwards && i != nth;
      trio_schedule_append (candidate, &entry);
    }
  return trio_cli_shrink_attempt (self, candidate);
}

gboolean
trio_cli_shrink_lower_values (Shrinker *self)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < trio_cli_shrink_n_decisions (self); i++)
    changed = try_once (self, i) || changed;
  for (guint i = 0; i < trio_cli_shrink_n_decisions (self); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (self->best->schedule, i);
      guint32 value = entry->value;
      guint64 ordinal = entry->ordinal;

      if (value > 1)
        changed = try_changed (self, i, 1, ordinal) || try_changed (self, i, value / 2, ordinal)
                  || try_changed (self, i, value - 1, ordinal) || changed;
    }
  return changed;
}

gboolean
trio_cli_shrink_move_earlier (Shrinker *self)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < trio_cli_shrink_n_decisions (self); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (self->best->schedule, i);
      guint32 value = entry->value;
      guint64 ordinal = entry->ordinal;

      if (ordinal > 1)
        changed = try_changed (self, i, value, 1) || try_changed (self, i, value, ordinal / 2)
                  || try_changed (self, i, value, ordinal - 1) || changed;
    }
  return changed;
}

/* ---- Neighbours ------------------------------------------------------------------------------------------------------------ */

/* The i-th and the next, each at the other's occasion. */
static gboolean
swap_neighbours (Shrinker *self, guint i)
{
  const TrioSchedule *best = self->best->schedule;
  const TrioScheduleEntry *first = trio_schedule_get_entry (best, i), *second = trio_schedule_get_entry (best, i + 1);
  g_autoptr (TrioSchedule) candidate = trio_schedule_new ();

  if (!g_str_equal (first->label, second->label))
    return FALSE;
  for (guint k = 0; k < trio_schedule_get_length (best); k++)
    {
      if (k == i)
        append_at (candidate, second, first->path, first->ordinal);
      else if (k == i + 1)
        append_at (candidate, first, second->path, second->ordinal);
      else
        trio_schedule_append (candidate, trio_schedule_get_entry (best, k));
    }
  return trio_cli_shrink_attempt (self, candidate);
}

typedef struct
{
  const char *label;
  guint64     before;       /* index on the tape */
} Earlier;

static gboolean
is_earlier_point (const TrioScheduleEntry *entry, gpointer data)
{
  const Earlier *earlier = data;

  return entry->value == 0 && entry->index < earlier->before && g_str_equal (entry->label, earlier->label);
}

/* The i-th decision at an earlier occasion, also another task's: the earliest, or the nearest ones, that lead to the same. */
static gboolean
move_among_all (Shrinker *self, guint i)
{
  g_autoptr (TrioSchedule) kept = trio_cli_shrink_without (self->best->schedule, i, 1);
  g_autoptr (TrioSchedule) own = trio_cli_shrink_without (self->best->schedule, 0, i);
  g_autoptr (TrioSchedule) points = trio_schedule_new ();
  const TrioScheduleEntry *moved = trio_schedule_get_entry (own, 0);
  Earlier earlier = { moved->label, moved->index };
  TrioCliNoting noting = { is_earlier_point, &earlier, POINTS_MAX, NULL };
  guint n;

  if (moved->index == 0 || !trio_cli_shrink_note_points (self, kept, &noting, points))
    return FALSE;
  n = trio_schedule_get_length (points);
  for (guint k = 0; k < n; k++)
    {
      const TrioScheduleEntry *point = trio_schedule_get_entry (points, k);
      g_autoptr (TrioSchedule) candidate = NULL;

      /* Half of them from the beginning, half from the end. */
      if (k >= MOVES_MAX / 2 && k + MOVES_MAX / 2 < n)
        continue;
      candidate = trio_schedule_copy (kept);
      append_at (candidate, moved, point->path, point->ordinal);
      if (trio_cli_shrink_attempt (self, candidate))
        return TRUE;
    }
  return FALSE;
}

gboolean
trio_cli_shrink_commute (Shrinker *self)
{
  gboolean changed = FALSE;

  for (guint i = 0; i + 1 < trio_cli_shrink_n_decisions (self); i++)
    changed = swap_neighbours (self, i) || changed;
  for (guint i = 0; i < trio_cli_shrink_n_decisions (self) && trio_cli_shrink_n_decisions (self) <= REPLACE_FROM_MAX; i++)
    changed = move_among_all (self, i) || changed;
  return changed;
}
