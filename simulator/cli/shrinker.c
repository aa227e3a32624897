/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The shrinker: the order, the one place where a candidate is judged, and the order of the passes. See shrinker.h for what it promises.
 *
 *     nothing at all          does it fail without any decision?
 *     ends                    what comes after the last decision that matters, and before the first
 *     kinds                   without all faults, all lags, …; then without all "net.latency", …; without all of 1 ms
 *     episodes                decisions of one task; of one operation; of one stretch of the run       (delta debugging over blocks)
 *     lasting                 one decision for many: a task is held back, or runs on                    (shrink-hold.c)
 *     decisions               one by one, until no single one can go                                    (delta debugging)
 *     drop and shift          without one, and what its task decides later some occasions earlier
 *     two for one             two decisions out, one new one in: leaves the valley that removal alone ends in
 *     values, earlier         smaller answers, earlier occasions
 *     neighbours              decisions that commute, in the order that is smaller
 *
 * and again from the decisions while anything changed. */

#include "simulator/cli/shrink-passes.h"
#include "simulator/cli/os.h"

#include <string.h>

guint
trio_cli_shrink_n_decisions (const TrioCliShrinker *self)
{
  return trio_schedule_get_length (self->best->schedule);
}

/* ---- The order ------------------------------------------------------------------------------------------------------------- */

static guint64
sum_of_values (const TrioSchedule *schedule)
{
  guint64 sum = 0;

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    sum += trio_schedule_get_entry (schedule, i)->value + trio_schedule_get_entry (schedule, i)->onwards;
  return sum;
}

/* Both have as many decisions. */
static gboolean
is_earlier (const TrioSchedule *a, const TrioSchedule *b)
{
  for (guint i = 0; i < trio_schedule_get_length (a); i++)
    {
      const TrioScheduleEntry *x = trio_schedule_get_entry (a, i), *y = trio_schedule_get_entry (b, i);

      if (x->index != y->index)
        return x->index < y->index;
      if (x->value != y->value)
        return x->value < y->value;
    }
  return FALSE;
}

/* The order of invariant 1. */
static gboolean
is_smaller (const TrioSimReport *a, const TrioSimReport *b)
{
  guint n_a = trio_schedule_get_length (a->schedule), n_b = trio_schedule_get_length (b->schedule);
  guint64 sum_a = sum_of_values (a->schedule), sum_b = sum_of_values (b->schedule);

  if (n_a != n_b)
    return n_a < n_b;
  if (a->steps != b->steps)
    return a->steps < b->steps;
  return sum_a != sum_b ? sum_a < sum_b : is_earlier (a->schedule, b->schedule);
}

/* ---- Judging a candidate --------------------------------------------------------------------------------------------------- */

/* What a replay goes by, so that nothing is run twice. */
static char *
key_of (const TrioSchedule *schedule)
{
  GString *key = g_string_new (NULL);

  for (guint i = 0; i < trio_schedule_get_length (schedule); i++)
    {
      const TrioScheduleEntry *entry = trio_schedule_get_entry (schedule, i);

      g_string_append_printf (key, "%s\t%s\t%" G_GUINT64_FORMAT "\t%u%s%s\t", entry->path, entry->label, entry->ordinal,
                              entry->times, entry->onwards ? " onwards" : "", entry->runs_on ? " running on" : "");
      if (entry->target)
        g_string_append_printf (key, "%s\n", entry->target);
      else
        g_string_append_printf (key, "%u\n", entry->value);
    }
  return g_string_free (key, FALSE);
}

gboolean
trio_cli_shrink_may_go_on (TrioCliShrinker *self)
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
put_aside (TrioCliShrinker *self, TrioSimReport *other)
{
  for (guint i = 0; i < self->others->len; i++)
    {
      if (trio_cli_same_place (self->others->pdata[i], other))
        {
          trio_sim_report_free (other);
          return;
        }
    }
  g_ptr_array_add (self->others, other);
}

static void
accept (TrioCliShrinker *self, TrioSimReport *report)
{
  trio_sim_report_free (self->best);
  self->best = report;
  g_hash_table_add (self->tried, key_of (report->schedule));
  if (self->improved)
    self->improved (report, self->tick_data);
}

/* FALSE: there is nothing left to spend, or runs cannot be made. */
static TrioSimReport *
spend_run (TrioCliShrinker *self, const TrioSchedule *schedule, const TrioCliNoting *noting, TrioSchedule *points)
{
  TrioSimReport *report;

  if (!trio_cli_shrink_may_go_on (self))
    return NULL;
  if (self->tick)
    self->tick (trio_cli_shrink_n_decisions (self), self->used, self->tick_data);
  self->used++;
  report = run_replay (self->target, schedule, self->inject, noting, points, &self->failure);
  /* Nothing is wrong then; there is only no time left. */
  if (g_error_matches (self->failure, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    {
      g_clear_error (&self->failure);
      self->gave_up = TRUE;
    }
  return report;
}

gboolean
trio_cli_shrink_attempt (TrioCliShrinker *self, const TrioSchedule *candidate)
{
  TrioSimReport *report;
  gboolean same;

  if (!g_hash_table_add (self->tried, key_of (candidate)))
    return FALSE;
  report = spend_run (self, candidate, NULL, NULL);
  if (!report)
    return FALSE;

  same = trio_cli_same_place (self->best, report);
  if (same && is_smaller (report, self->best))
    {
      accept (self, report);
      return TRUE;
    }
  if (report->verdict != TRIO_SIM_OK && !same)
    put_aside (self, report);
  else
    trio_sim_report_free (report);
  return FALSE;
}

gboolean
trio_cli_shrink_note_points (TrioCliShrinker *self, const TrioSchedule *schedule, const TrioCliNoting *noting, TrioSchedule *points)
{
  TrioSimReport *report = spend_run (self, schedule, noting, points);

  g_clear_pointer (&report, trio_sim_report_free);
  return self->failure == NULL;
}

TrioSchedule *
trio_cli_shrink_without (const TrioSchedule *schedule, guint i, guint n)
{
  TrioSchedule *rest = trio_schedule_new ();

  for (guint k = 0; k < trio_schedule_get_length (schedule); k++)
    {
      if (k < i || k >= i + n)
        trio_schedule_append (rest, trio_schedule_get_entry (schedule, k));
    }
  return rest;
}

gsize
trio_cli_shrink_class (const char *label)
{
  return strcspn (label, ".");
}

/* ---- All together ---------------------------------------------------------------------------------------------------------- */

static void
drop_coarsely (TrioCliShrinker *self)
{
  trio_cli_shrink_cut_ends (self);
  trio_cli_shrink_drop_kinds (self);
  trio_cli_shrink_drop_episodes (self);
}

static gboolean
make_lasting (TrioCliShrinker *self)
{
  gboolean changed = FALSE;

  if (self->plain)
    return FALSE;
  changed = trio_cli_shrink_hold_for_good (self);
  changed = trio_cli_shrink_run_on (self) || changed;
  changed = trio_cli_shrink_hold (self) || changed;
  return trio_cli_shrink_merge (self) || changed;
}

gboolean
trio_cli_shrink (TrioCliShrinker *self, GError **error)
{
  gboolean changed = TRUE;
  gboolean ok;

  self->tried = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->others = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_sim_report_free);
  g_hash_table_add (self->tried, key_of (self->best->schedule));

  if (!trio_cli_shrink_drop_all (self))
    {
      drop_coarsely (self);
      make_lasting (self);
    }
  while (changed && trio_cli_shrink_n_decisions (self) > 0 && trio_cli_shrink_may_go_on (self))
    {
      changed = trio_cli_shrink_drop_decisions (self);
      changed = trio_cli_shrink_drop_and_shift (self) || changed;
      changed = make_lasting (self) || changed;
      changed = trio_cli_shrink_replace_pairs (self) || changed;
      changed = trio_cli_shrink_lower_values (self) || changed;
      changed = trio_cli_shrink_move_earlier (self) || changed;
      changed = trio_cli_shrink_commute (self) || changed;
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
