/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The experiments; see explain.h. In this order, since each costs more than the one before: flips, nearest, values, inevitable. */

#include "simulator/cli/explain.h"
#include "simulator/cli/os.h"

#define VALUES_MAX   6                    /* other answers tried for one decision */
#define SAMPLES      20                   /* runs left to chance from one step */
#define TRAIL_MAX    ((gsize) 1 << 20)    /* steps in which two runs are compared */

typedef TrioCliExplanation Explanation;

/* ---- One run --------------------------------------------------------------------------------------------------------------- */

static gboolean
may_go_on (Explanation *self)
{
  if (!self->error && self->used < self->budget && g_get_monotonic_time () < self->stop_at && !trio_cli_interrupted ())
    return TRUE;

  self->gave_up = TRUE;
  return FALSE;
}

/* NULL: nothing is left to spend. */
static TrioSimReport *
spend_run (Explanation *self, const TrioSimOptions *options, TrioCliLook *look)
{
  if (!may_go_on (self))
    return NULL;
  if (self->tick)
    self->tick (self->used, self->tick_data);
  self->used++;
  return look ? trio_cli_isolate_looking (self->target, options, look, &self->error)
              : trio_cli_isolate (self->target, options, NULL, NULL, &self->error);
}

static TrioSimReport *
replay (Explanation *self, const TrioSchedule *schedule, TrioCliLook *look)
{
  const TrioSimOptions options = { .strategy = "replay", .schedule = schedule, .inject = self->inject };

  return spend_run (self, &options, look);
}

static guint
n_decisions (const Explanation *self)
{
  return trio_schedule_get_length (self->failure->schedule);
}

/* With another answer for one decision; without it if that is the dull one. */
static TrioSchedule *
with_answer (const Explanation *self, guint decision, guint32 value)
{
  TrioSchedule *schedule = trio_schedule_new ();

  for (guint i = 0; i < n_decisions (self); i++)
    {
      TrioScheduleEntry entry = *trio_schedule_get_entry (self->failure->schedule, i);

      if (i == decision)
        {
          entry.value = value;
          entry.target = NULL;
        }
      if (entry.value != 0)
        trio_schedule_append (schedule, &entry);
    }
  return schedule;
}

/* ---- Flips, and the nearest run that passes ---------------------------------------------------------------------------------- */

static TrioCliFlip *
flip_of (const Explanation *self, guint decision)
{
  return &g_array_index (self->flips, TrioCliFlip, decision);
}

/* The later two runs part, the more they have in common. */
static void
flip_all (Explanation *self)
{
  for (guint i = n_decisions (self); i-- > 0;)
    {
      g_autoptr (TrioSchedule) schedule = with_answer (self, i, 0);
      g_autoptr (TrioSimReport) report = replay (self, schedule, NULL);
      TrioCliFlip *flip = flip_of (self, i);

      if (!report)
        return;
      flip->known = TRUE;
      flip->verdict = report->verdict;
      flip->name = g_strdup (report->name);
      flip->same = trio_cli_same_place (self->failure, report);
      if (report->verdict == TRIO_SIM_OK && self->nearest < 0)
        self->nearest = (int) i;
    }
}

/* The first step that is another one in the two trails; 0 if one goes on where the other ended. */
static guint64
first_difference (const guint64 *a, const guint64 *b)
{
  for (gsize i = 0; i < TRAIL_MAX && a[i] != 0 && b[i] != 0; i++)
    {
      if (a[i] != b[i])
        return i + 1;
    }
  return 0;
}

/* Both runs once to see where they part, and once more to look at that step. */
static void
look_where_they_part (Explanation *self)
{
  const TrioScheduleEntry *decision = trio_schedule_get_entry (self->failure->schedule, (guint) self->nearest);
  g_autoptr (TrioSchedule) passing = with_answer (self, (guint) self->nearest, 0);
  guint64 *trails[2] = { trio_cli_share (TRAIL_MAX * sizeof (guint64)), trio_cli_share (TRAIL_MAX * sizeof (guint64)) };
  TrioCliLook looks[2] = {
    { .at_index = decision->index, .trail = trails[0], .trail_max = TRAIL_MAX },
    { .at_index = G_MAXUINT64, .trail = trails[1], .trail_max = TRAIL_MAX },
  };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TrioSimReport) report = replay (self, i == 0 ? self->failure->schedule : passing, &looks[i]);

      (void) report;
    }
  self->parts_at = first_difference (trails[0], trails[1]);
  if (!g_str_equal (decision->label, "schedule"))
    self->asker = g_steal_pointer (&looks[0].asker);
  for (guint i = 0; i < 2; i++)
    {
      trio_cli_look_clear (&looks[i]);
      trio_cli_unshare (trails[i], TRAIL_MAX * sizeof (guint64));
    }

  for (guint i = 0; i < 2 && self->parts_at > 0; i++)
    {
      TrioCliLook look = { .at_index = G_MAXUINT64, .at_step = self->parts_at };
      g_autoptr (TrioSimReport) report = replay (self, i == 0 ? self->failure->schedule : passing, &look);

      (void) report;
      *(i == 0 ? &self->fails_with : &self->passes_with) = g_steal_pointer (&look.goer);
      *(i == 0 ? &self->fails_at : &self->passes_at) = look.goes_at;
      trio_cli_look_clear (&look);
    }
}

/* ---- Values ---------------------------------------------------------------------------------------------------------------- */

/* Some of many, evenly spread, the first and the last among them. */
static void
try_values (Explanation *self, guint decision)
{
  const TrioScheduleEntry *entry = trio_schedule_get_entry (self->failure->schedule, decision);
  TrioCliFlip *flip = flip_of (self, decision);
  guint wanted;

  flip->others = entry->bound - 2;
  wanted = MIN (flip->others, VALUES_MAX);
  for (guint k = 0; k < wanted; k++)
    {
      guint nth = wanted == flip->others ? k : k * (flip->others - 1) / (wanted - 1);
      guint32 value = nth + 1 < entry->value ? nth + 1 : nth + 2;
      g_autoptr (TrioSchedule) schedule = with_answer (self, decision, value);
      g_autoptr (TrioSimReport) report = replay (self, schedule, NULL);

      if (!report)
        return;
      flip->tried++;
      flip->fail += trio_cli_same_place (self->failure, report);
    }
}

gboolean
trio_cli_explanation_is_any (const Explanation *self, guint decision)
{
  const TrioCliFlip *flip = flip_of (self, decision);

  return flip->tried > 0 && flip->tried == MIN (flip->others, VALUES_MAX) && flip->fail == flip->tried;
}

/* ---- Inevitable ------------------------------------------------------------------------------------------------------------ */

/* The same seeds from each step: what differs is the step. */
static gboolean
sample (Explanation *self, guint64 steps, TrioCliOdds *odds)
{
  *odds = (TrioCliOdds) { steps, 0, 0 };
  while (odds->runs < SAMPLES)
    {
      const TrioSimOptions options = {
        .strategy = "prefix", .schedule = self->failure->schedule, .prefix_steps = steps, .seed = odds->runs + 1,
      };
      g_autoptr (TrioSimReport) report = spend_run (self, &options, NULL);

      if (!report)
        return FALSE;
      odds->runs++;
      odds->fail += trio_cli_same_place (self->failure, report);
    }
  return TRUE;
}

static int
compare_odds (gconstpointer a, gconstpointer b)
{
  const TrioCliOdds *x = a, *y = b;

  return x->steps < y->steps ? -1 : x->steps > y->steps;
}

static gboolean
add_sample (Explanation *self, guint64 steps, gboolean *all_fail)
{
  TrioCliOdds odds;

  if (!sample (self, steps, &odds))
    return FALSE;
  g_array_append_val (self->odds, odds);
  *all_fail = odds.fail == odds.runs;
  return TRUE;
}

/* By bisection. After the last step but none it has failed; what is known to fail always is `high`, what is not is `low`. */
static void
find_inevitable (Explanation *self)
{
  guint64 low = 0, high = self->failure->steps;
  gboolean all_fail;

  if (high < 2 || !add_sample (self, 0, &all_fail))
    return;
  if (all_fail)
    return;
  while (high > low + 1)
    {
      guint64 middle = low + (high - low) / 2;

      if (!add_sample (self, middle, &all_fail))
        return;
      if (all_fail)
        high = middle;
      else
        low = middle;
    }
  self->inevitable = high;
}

static void
look_at_inevitable (Explanation *self)
{
  TrioCliLook look = { .at_index = G_MAXUINT64, .at_step = self->inevitable };
  g_autoptr (TrioSimReport) report = replay (self, self->failure->schedule, &look);

  (void) report;
  self->inevitable_by = g_steal_pointer (&look.goer);
  trio_cli_look_clear (&look);
}

/* ---- All together ---------------------------------------------------------------------------------------------------------- */

gboolean
trio_cli_explain (Explanation *self, GError **error)
{
  self->flips = g_array_new (FALSE, TRUE, sizeof (TrioCliFlip));
  self->odds = g_array_new (FALSE, TRUE, sizeof (TrioCliOdds));
  self->nearest = -1;
  g_array_set_size (self->flips, n_decisions (self));

  flip_all (self);
  if (self->nearest >= 0 && may_go_on (self))
    look_where_they_part (self);
  for (guint i = 0; i < n_decisions (self); i++)
    try_values (self, i);
  find_inevitable (self);
  if (self->inevitable > 0)
    look_at_inevitable (self);
  g_array_sort (self->odds, compare_odds);

  if (self->error)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return self->error == NULL;
}

void
trio_cli_explanation_clear (Explanation *self)
{
  for (guint i = 0; self->flips && i < self->flips->len; i++)
    g_free (flip_of (self, i)->name);
  g_clear_pointer (&self->flips, g_array_unref);
  g_clear_pointer (&self->odds, g_array_unref);
  g_clear_pointer (&self->asker, g_free);
  g_clear_pointer (&self->fails_with, g_free);
  g_clear_pointer (&self->passes_with, g_free);
  g_clear_pointer (&self->inevitable_by, g_free);
}
