/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One decision for many: what a random walk says step by step is most often one thing that lasts.
 *
 *     hold     a ran before t, b ran before t, a ran before t …   ->   t was held back: 3 times somebody else went first
 *     for good a ran before t, b ran before t, a ran before t …   ->   t, or t and who stands behind it, was held back from then on
 *     run on   a ran before t, a ran before u, a ran before t …   ->   a ran as long as it could
 *     merge    a ran before t, … b ran before t …                 ->   b ran as long as it could
 *
 * Of such a row none can be missed, so that dropping decisions one by one ends there; but who went instead of the one that is held back, or
 * whom the one that runs on left behind, hardly ever matters. These are the two changes of priority of PCT (Burckhardt et al., 2010):
 * a bug of depth d is left with about d - 1 of them. */

#include "simulator/cli/shrink-passes.h"

typedef TrioCliShrinker Shrinker;

/* From no more than so many places on it is tried to hold a task back for good. */
#define HOLDS_MAX 4

static gboolean
is_turn (const TrioScheduleEntry *entry)
{
  return g_str_equal (entry->label, "schedule") && !entry->onwards && entry->value != 0;
}

static guint64
last_ordinal (const TrioScheduleEntry *entry)
{
  return entry->ordinal + MAX (entry->times, 1) - 1;
}

/* ---- Hold ------------------------------------------------------------------------------------------------------------------ */

/* The places in the schedule of the decisions that pass over the task at @path, in order of their ordinals; also those after which somebody runs
 * on, if wanted. */
static GArray *
passings (const TrioSchedule *schedule, const char *path, gboolean with_runs_on)
{
  GArray *places = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (schedule, i);

      if (is_turn (entry) && (with_runs_on || !entry->runs_on) && g_str_equal (entry->path, path))
        g_array_append_val (places, i);
    }
  return places;
}

static gboolean
have_one_target (const TrioSchedule *schedule, const GArray *places, guint first, guint last)
{
  const char *target = trio_schedule_get_entry (schedule, g_array_index (places, guint, first))->target;

  for (guint i = first + 1; i <= last; i++)
    if (g_strcmp0 (trio_schedule_get_entry (schedule, g_array_index (places, guint, i))->target, target) != 0)
      return FALSE;
  return target != NULL;
}

/* Decisions first to last of places become one, for the task that went first each time (value 0), or for whoever stands `value` behind. */
static gboolean
attempt_hold (Shrinker *self, const GArray *places, guint first, guint last, gboolean onwards, guint32 value)
{
  const TrioSchedule *best = self->best->schedule;
  TrioScheduleEntry hold = *trio_schedule_get_entry (best, g_array_index (places, guint, first));
  g_autoptr (TrioSchedule) candidate = trio_schedule_new ();

  hold.times = onwards ? 0 : (guint32) (last_ordinal (trio_schedule_get_entry (best, g_array_index (places, guint, last))) - hold.ordinal + 1);
  hold.onwards = onwards;
  hold.runs_on = FALSE;
  hold.words = NULL;
  if (value > 0)
    {
      hold.value = value;
      hold.target = NULL;
    }
  for (guint i = 0, n = 0; i < trio_schedule_get_length (best); i++)
    {
      gboolean is_one = n < places->len && g_array_index (places, guint, n) == i;

      if (!is_one || n < first || n > last)
        trio_schedule_append (candidate, trio_schedule_get_entry (best, i));
      else if (n == first)
        trio_schedule_append (candidate, &hold);
      n += is_one;
    }
  return trio_cli_shrink_attempt (self, candidate);
}

/* n is whole, or half of it, or half of that … */
static gboolean
is_halving (guint whole, guint n)
{
  while (whole > n)
    whole /= 2;
  return whole == n;
}

/* As many at once as will do: all of them, then half of those that are left, …, from each on. */
static gboolean
hold_one (Shrinker *self, const char *path)
{
  gboolean changed = FALSE;

  for (guint first = 0; trio_cli_shrink_may_go_on (self); first++)
    {
      g_autoptr (GArray) places = passings (self->best->schedule, path, FALSE);
      gboolean held = FALSE;

      if (first + 1 >= places->len)
        break;
      for (guint n = places->len - first; n > 1 && !held; n--)
        held = (have_one_target (self->best->schedule, places, first, first + n - 1)
                && attempt_hold (self, places, first, first + n - 1, FALSE, 0))
               || (is_halving (places->len - first, n) && attempt_hold (self, places, first, first + n - 1, FALSE, 1));
      held = held || attempt_hold (self, places, first, places->len - 1, TRUE, 1);
      changed = held || changed;
    }
  return changed;
}

/* All of them and whatever comes later, once for each of the values that they have: two that are held back are both in front, and the others go
 * by turns behind them. One alone is left to hold_one (), which ends it where it may end. */
static gboolean
hold_one_for_good (Shrinker *self, const char *path)
{
  g_autoptr (GArray) places = passings (self->best->schedule, path, TRUE);
  guint n = MIN (places->len, HOLDS_MAX);

  for (guint first = 0; first + 1 < n; first++)
    {
      guint32 values = 0;

      for (guint i = first; i < places->len; i++)
        {
          guint32 value = trio_schedule_get_entry (self->best->schedule, g_array_index (places, guint, i))->value;

          if (value < 2 || value >= 32 || (values & 1u << value))
            continue;
          values |= 1u << value;
          if (attempt_hold (self, places, first, places->len - 1, TRUE, value))
            return TRUE;
        }
    }
  return FALSE;
}

/* Each task that is passed over. */
static gboolean
hold_each (Shrinker *self, gboolean (*hold) (Shrinker *self, const char *path))
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  gboolean changed = FALSE;

  for (guint i = 0; i < trio_schedule_get_length (self->best->schedule); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (self->best->schedule, i);

      if (is_turn (entry) && !g_ptr_array_find_with_equal_func (paths, entry->path, g_str_equal, NULL))
        g_ptr_array_add (paths, g_strdup (entry->path));
    }
  for (guint i = 0; i < paths->len; i++)
    changed = hold (self, paths->pdata[i]) || changed;
  return changed;
}

gboolean
trio_cli_shrink_hold (Shrinker *self)
{
  return hold_each (self, hold_one);
}

gboolean
trio_cli_shrink_hold_for_good (Shrinker *self)
{
  return hold_each (self, hold_one_for_good);
}

/* ---- Run on ---------------------------------------------------------------------------------------------------------------- */

typedef enum
{
  LEAVE_ALL,             /* every later turn is left to the ordinary order */
  LEAVE_WHO_WAITED,      /* those of the task that was passed over, and of the one that runs on */
  LEAVE_WHO_RUNS,        /* those of the one that runs on */
} Leaving;

static gboolean
is_left (const TrioScheduleEntry *entry, const TrioScheduleEntry *turn, Leaving leaving)
{
  if (!is_turn (entry))
    return FALSE;
  if (leaving == LEAVE_ALL || g_strcmp0 (entry->target, turn->target) == 0)
    return TRUE;
  return leaving == LEAVE_WHO_WAITED && g_str_equal (entry->path, turn->path);
}

/* The turn at `at` runs on, and what that makes needless is left out. */
static gboolean
attempt_run_on (Shrinker *self, guint at, Leaving leaving)
{
  const TrioSchedule *best = self->best->schedule;
  TrioScheduleEntry turn = *trio_schedule_get_entry (best, at);
  g_autoptr (TrioSchedule) candidate = trio_schedule_new ();

  turn.runs_on = TRUE;
  turn.words = NULL;
  for (guint i = 0; i < trio_schedule_get_length (best); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (best, i);

      if (i == at)
        trio_schedule_append (candidate, &turn);
      else if (i < at || !is_left (entry, &turn, leaving))
        trio_schedule_append (candidate, entry);
    }
  return trio_schedule_get_length (candidate) < trio_schedule_get_length (best) && trio_cli_shrink_attempt (self, candidate);
}

gboolean
trio_cli_shrink_run_on (Shrinker *self)
{
  gboolean changed = FALSE;

  for (guint at = 0; at < trio_cli_shrink_n_decisions (self) && trio_cli_shrink_may_go_on (self); at++)
    {
      const TrioScheduleEntry *turn = trio_schedule_get_entry (self->best->schedule, at);

      if (!is_turn (turn) || turn->runs_on || turn->target == NULL)
        continue;
      for (Leaving leaving = LEAVE_ALL; leaving <= LEAVE_WHO_RUNS; leaving++)
        if (attempt_run_on (self, at, leaving))
          {
            changed = TRUE;
            break;
          }
    }
  return changed;
}

/* ---- Merge ----------------------------------------------------------------------------------------------------------------- */

/* Two that pass over the same task become one: from the first's place on, the task at `target` runs on. */
static gboolean
attempt_merge (Shrinker *self, guint first, guint second, const TrioScheduleEntry *whom)
{
  const TrioSchedule *best = self->best->schedule;
  TrioScheduleEntry turn = *trio_schedule_get_entry (best, first);
  g_autoptr (TrioSchedule) candidate = trio_schedule_new ();

  turn.target = whom->target;
  turn.value = whom->value;
  turn.times = 0;
  turn.runs_on = TRUE;
  turn.words = NULL;
  for (guint i = 0; i < trio_schedule_get_length (best); i++)
    if (i != second)
      trio_schedule_append (candidate, i == first ? &turn : trio_schedule_get_entry (best, i));
  return trio_cli_shrink_attempt (self, candidate);
}

gboolean
trio_cli_shrink_merge (Shrinker *self)
{
  gboolean changed = FALSE;

  for (guint first = 0; first + 1 < trio_cli_shrink_n_decisions (self) && trio_cli_shrink_may_go_on (self); first++)
    for (guint second = first + 1; second < trio_cli_shrink_n_decisions (self) && trio_cli_shrink_may_go_on (self); second++)
      {
        const TrioScheduleEntry *a = trio_schedule_get_entry (self->best->schedule, first);
        const TrioScheduleEntry *b = trio_schedule_get_entry (self->best->schedule, second);

        if (is_turn (a) && is_turn (b) && g_str_equal (a->path, b->path)
            && ((a->target != NULL && attempt_merge (self, first, second, a))
                || (b->target != NULL && attempt_merge (self, first, second, trio_schedule_get_entry (self->best->schedule, second)))))
          {
            changed = TRUE;
            break;
          }
      }
  return changed;
}
