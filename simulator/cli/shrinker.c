/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The shrinker. See shrinker.h for what it promises.
 *
 *     nothing at all          does it fail without any decision?
 *     whole classes           without all "schedule", all "net", all "fault", …
 *     blocks                  half, quarters, … single decisions, from the end, until no single one can go   (delta debugging)
 *     others instead          two decisions out, one new one in: leaves the valley that removal alone ends in
 *     values                  1, a half, one less
 *     earlier                 the same decision at an earlier occasion: shorter runs
 *
 * and again from the blocks while anything changed. Each pass only proposes; attempt() decides. */

#include "simulator/cli/shrinker.h"
#include "simulator/cli/os.h"

#include <string.h>

#define POINTS_MAX        400     /* occasions tried for one replacement */
#define REPLACE_FROM_MAX  6       /* with more decisions than this, pairs are too many */

typedef TrioCliShrinker Shrinker;

static guint
n_decisions (const TrioSimReport *report)
{
  return trio_schedule_get_length (report->schedule);
}

static guint64
sum_of_values (const TrioSchedule *schedule)
{
  guint64 sum = 0;

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    sum += trio_schedule_get_entry (schedule, i)->value;
  return sum;
}

/* The order of invariant 1. */
static gboolean
is_smaller (const TrioSimReport *a, const TrioSimReport *b)
{
  if (n_decisions (a) != n_decisions (b))
    return n_decisions (a) < n_decisions (b);
  if (a->steps != b->steps)
    return a->steps < b->steps;
  return sum_of_values (a->schedule) < sum_of_values (b->schedule);
}

/* What a replay goes by, so that nothing is run twice. */
static char *
key_of (const TrioSchedule *schedule)
{
  GString *key = g_string_new (NULL);

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (schedule, i);

      g_string_append_printf (key, "%s\t%s\t%" G_GUINT64_FORMAT "\t%u\t%s\n", entry->path, entry->label, entry->ordinal,
                              entry->value,
                              entry->target ? entry->target : "");
    }
  return g_string_free (key, FALSE);
}

static gboolean
may_go_on (Shrinker *self)
{
  if (!self->failure && self->used < self->budget && g_get_monotonic_time () < self->stop_at && !trio_cli_interrupted ())
    return TRUE;

  self->gave_up = TRUE;
  return FALSE;
}

static TrioSimReport *
run_replay (const TrioCliTarget *target, const TrioSchedule *schedule, TrioSimInject inject, const TrioCliNoting *noting,
            TrioSchedule *points, GError **error)
{
  TrioSimOptions options = { .strategy = "replay", .schedule = schedule, .inject = inject };

  return trio_cli_isolate (target, &options, noting, points, error);
}

TrioSimReport *
trio_cli_replay_once (const TrioCliTarget *target, const TrioSchedule *schedule, TrioSimInject inject, GError **error)
{
  return run_replay (target, schedule, inject, NULL, NULL, error);
}

static void
put_aside (Shrinker *self, TrioSimReport *other)
{
  for (guint i = 0; i < self->others->len; i++)
    {
      TrioSimReport *known = self->others->pdata[i];

      if (trio_cli_same_failure (known->verdict, known->name, other))
        {
          trio_sim_report_free (other);
          return;
        }
    }
  g_ptr_array_add (self->others, other);
}

/* Runs @candidate. TRUE if it became the best. */
static gboolean
attempt (Shrinker *self, const TrioSchedule *candidate)
{
  char *key = key_of (candidate);
  TrioSimReport *report;

  if (!g_hash_table_add (self->tried, key) || !may_go_on (self))
    return FALSE;

  if (self->tick)
    self->tick (n_decisions (self->best), self->used, self->tick_data);
  self->used++;
  report = run_replay (self->target, candidate, self->inject, NULL, NULL, &self->failure);
  if (!report)
    return FALSE;

  if (trio_cli_same_failure (self->best->verdict, self->best->name, report) && is_smaller (report, self->best))
    {
      trio_sim_report_free (self->best);
      self->best = report;
      return TRUE;
    }
  if (report->verdict != TRIO_SIM_OK && !trio_cli_same_failure (self->best->verdict, self->best->name, report))
    put_aside (self, report);
  else
    trio_sim_report_free (report);
  return FALSE;
}

/* ---- Fewer ----------------------------------------------------------------------------------------------------------------- */

/* Without the n entries from i on. */
static TrioSchedule *
without (const TrioSchedule *schedule, guint i, guint n)
{
  TrioSchedule *rest = trio_schedule_new ();

  for (guint k = 0; k < trio_schedule_get_length (schedule); k++)
    {
      if (k < i || k >= i + n)
        trio_schedule_append (rest, trio_schedule_get_entry (schedule, k));
    }
  return rest;
}

static gboolean
drop_all (Shrinker *self)
{
  g_autoptr (TrioSchedule) nothing = trio_schedule_new ();

  return n_decisions (self->best) > 0 && attempt (self, nothing);
}

static gsize
class_length (const char *label)
{
  return strcspn (label, ".");
}

static gboolean
same_class (const char *a, const char *b)
{
  return class_length (a) == class_length (b) && strncmp (a, b, class_length (a)) == 0;
}

static TrioSchedule *
without_class (const TrioSchedule *schedule, const char *label)
{
  TrioSchedule *rest = trio_schedule_new ();

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (schedule, i);

      if (!same_class (entry->label, label))
        trio_schedule_append (rest, entry);
    }
  return rest;
}

/* "net" for "net.latency", in order of first appearance. */
static GPtrArray *
classes_of (const TrioSchedule *schedule)
{
  GPtrArray *classes = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    {
      const char *label = trio_schedule_get_entry (schedule, i)->label;
      g_autofree char *name = g_strndup (label, class_length (label));

      if (!g_ptr_array_find_with_equal_func (classes, name, g_str_equal, NULL))
        g_ptr_array_add (classes, g_steal_pointer (&name));
    }
  return classes;
}

static gboolean
drop_classes (Shrinker *self)
{
  g_autoptr (GPtrArray) classes = classes_of (self->best->schedule);
  gboolean changed = FALSE;

  for (guint i = 0; i < classes->len && classes->len > 1; i++)
    {
      g_autoptr (TrioSchedule) candidate = without_class (self->best->schedule, classes->pdata[i]);

      changed = attempt (self, candidate) || changed;
    }
  return changed;
}

/* One sweep over the schedule, from the end, with blocks of `size`. */
static gboolean
drop_blocks_of (Shrinker *self, guint size)
{
  gboolean changed = FALSE;
  guint end = n_decisions (self->best);

  while (end > 0)
    {
      guint start = end > size ? end - size : 0;
      g_autoptr (TrioSchedule) candidate = without (self->best->schedule, start, end - start);

      if (attempt (self, candidate))
        changed = TRUE;
      end = MIN (start, n_decisions (self->best));
    }
  return changed;
}

static gboolean
drop_blocks (Shrinker *self)
{
  gboolean changed = FALSE;

  for (guint size = MAX (n_decisions (self->best) / 2, 1); size > 1; size /= 2)
    changed = drop_blocks_of (self, size) || changed;
  while (drop_blocks_of (self, 1))
    changed = TRUE;
  return changed;
}

/* ---- Others instead -------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GPtrArray *classes;       /* of the decisions in hand: no others are tried */
} Wanted;

static gboolean
wants_point (const TrioScheduleEntry *entry, gpointer data)
{
  Wanted *wanted = data;

  for (guint i = 0; i < wanted->classes->len; i++)
    {
      if (same_class (entry->label, wanted->classes->pdata[i]))
        return TRUE;
    }
  return FALSE;
}

/* An entry that will be written anew: what it says for people, and whom it preferred, no longer holds. */
static void
append_changed (TrioSchedule *schedule, const TrioScheduleEntry *entry, guint32 value, guint64 ordinal)
{
  TrioScheduleEntry changed = *entry;

  changed.value = value;
  changed.ordinal = ordinal;
  changed.target = NULL;
  changed.words = NULL;
  trio_schedule_append (schedule, &changed);
}

/* `kept`, and in turn each single other decision that its own run could have taken. At most `share` runs. */
static gboolean
replace_with_one (Shrinker *self, const TrioSchedule *kept, GPtrArray *classes, guint share)
{
  Wanted wanted = { classes };
  TrioCliNoting noting = { wants_point, &wanted, POINTS_MAX };
  g_autoptr (TrioSchedule) points = trio_schedule_new ();
  TrioSimReport *report;
  guint due = self->used + share;

  if (!may_go_on (self))
    return FALSE;
  self->used++;
  report = run_replay (self->target, kept, self->inject, &noting, points, &self->failure);
  g_clear_pointer (&report, trio_sim_report_free);

  for (guint i = 0; i < trio_schedule_get_length (points) && self->used < due; i++)
    {
      const TrioScheduleEntry *point = trio_schedule_get_entry (points, i);

      if (point->value != 0)
        continue;
      for (guint32 value = 1; value < MIN (point->bound, 4) && self->used < due; value++)
        {
          g_autoptr (TrioSchedule) candidate = trio_schedule_copy (kept);

          append_changed (candidate, point, value, point->ordinal);
          if (attempt (self, candidate))
            return TRUE;
        }
    }
  return FALSE;
}

static gboolean
replace_pairs (Shrinker *self)
{
  guint n = n_decisions (self->best);
  guint n_pairs = n * (n - 1) / 2;
  guint share;
  g_autoptr (GPtrArray) classes = classes_of (self->best->schedule);

  if (n < 2 || n > REPLACE_FROM_MAX || self->used >= self->budget)
    return FALSE;

  share = MAX ((self->budget - self->used) / 2 / n_pairs, 1);
  for (guint i = 0; i < n; i++)
    {
      for (guint j = i + 1; j < n; j++)
        {
          g_autoptr (TrioSchedule) one_less = without (self->best->schedule, j, 1);
          g_autoptr (TrioSchedule) kept = without (one_less, i, 1);

          if (replace_with_one (self, kept, classes, share))
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
  const TrioScheduleEntry *entry = trio_schedule_get_entry (self->best->schedule, nth);

  if (value < 1 || ordinal < 1 || (value == entry->value && ordinal == entry->ordinal))
    return FALSE;
  for (guint i = 0; i < n_decisions (self->best); i++)
    {
      if (i == nth)
        append_changed (candidate, entry, value, ordinal);
      else
        trio_schedule_append (candidate, trio_schedule_get_entry (self->best->schedule, i));
    }
  return attempt (self, candidate);
}

static gboolean
lower_values (Shrinker *self)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < n_decisions (self->best); i++)
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

static gboolean
move_earlier (Shrinker *self)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < n_decisions (self->best); i++)
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

/* ---- All together ---------------------------------------------------------------------------------------------------------- */

gboolean
trio_cli_shrink (TrioCliShrinker *self, GError **error)
{
  gboolean changed = TRUE;
  gboolean ok;

  self->tried = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->others = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_sim_report_free);
  g_hash_table_add (self->tried, key_of (self->best->schedule));

  if (!drop_all (self))
    drop_classes (self);
  while (changed && n_decisions (self->best) > 0 && may_go_on (self))
    {
      changed = drop_blocks (self);
      changed = replace_pairs (self) || changed;
      changed = lower_values (self) || changed;
      changed = move_earlier (self) || changed;
    }

  ok = self->failure == NULL;
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&self->failure));
  return ok;
}

void
trio_cli_shrinker_clear (TrioCliShrinker *self)
{
  g_clear_pointer (&self->best, trio_sim_report_free);
  g_clear_pointer (&self->tried, g_hash_table_unref);
  g_clear_pointer (&self->others, g_ptr_array_unref);
}
