/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Planning a sweep. See sweep-plan.h. */

#include "simulator/cli/sweep-plan.h"
#include "simulator/cli/coverage.h"
#include "simulator/cli/diverse.h"
#include "simulator/cli/os.h"
#include "simulator/cli/progress.h"
#include "simulator/cli/sweep-note.h"

static void
job_free (gpointer data)
{
  TrioCliJob *job = data;

  trio_schedule_free (job->schedule);
  g_free (job);
}

static void
base_free (gpointer data)
{
  TrioCliBase *base = data;

  trio_schedule_free (base->schedule);
  g_free (base);
}

/* ---- Jobs ------------------------------------------------------------------------------------------------------------------ */

gboolean
trio_cli_plan_is_full (const TrioCliPlan *self)
{
  return self->jobs->len + 1 >= self->max;
}

/* Takes schedule. */
static void
add_job (TrioCliPlan *self, TrioSchedule *schedule, guint tried, guint base, guint checkpoint)
{
  if (trio_cli_plan_is_full (self))
    {
      self->n_left_out++;
      trio_schedule_free (schedule);
      return;
    }

  TrioCliJob *job = g_new (TrioCliJob, 1);
  *job = (TrioCliJob) { schedule, tried, base, checkpoint };
  g_ptr_array_add (self->jobs, job);
}

static void
add_injection (TrioCliPlan *self, const TrioSchedule *first, guint base, const TrioScheduleEntry *occasion, guint32 value,
               gboolean onwards)
{
  TrioSchedule *schedule = first ? trio_schedule_copy (first) : trio_schedule_new ();
  TrioScheduleEntry entry = *occasion;
  guint checkpoint = trio_cli_checkpoints_find (self->checkpoints, occasion);

  entry.value = value;
  entry.onwards = onwards;
  entry.words = NULL;
  trio_schedule_append (schedule, &entry);
  add_job (self, schedule, trio_schedule_get_length (schedule) - 1, base, checkpoint);
}

static void
add_injections (TrioCliPlan *self, const TrioSchedule *first, guint base, const TrioSchedule *occasions)
{
  for (guint i = 0; i < trio_schedule_get_length (occasions); i++)
    {
      const TrioScheduleEntry *occasion = trio_schedule_get_entry (occasions, i);
      gboolean is_fault = trio_cli_kind_of (occasion->label) == TRIO_SIM_INJECT_FAULT;

      for (guint32 value = 1; value < occasion->bound; value++)
        {
          add_injection (self, first, base, occasion, value, FALSE);
          if (is_fault)
            add_injection (self, first, base, occasion, value, TRUE);
        }
    }
}

/* ---- Schedules ------------------------------------------------------------------------------------------------------------- */

/* Takes schedule. */
static gboolean
add_base (TrioCliPlan *self, TrioSchedule *schedule, GError **error)
{
  g_autoptr (TrioCliNote) note = trio_cli_sweep_note (&self->campaign->target, schedule, self->campaign->inject, TRIO_CLI_NOTE_ALL,
                                                     error);
  TrioCliBase *base = g_new0 (TrioCliBase, 1);

  base->schedule = schedule;
  g_ptr_array_add (self->bases, base);
  if (!note)
    return FALSE;
  base->interleaving = note->report->interleaving;
  base->steps = note->report->steps;
  base->n_raised = note->report->n_raised;
  base->duration_us = note->report->duration_us;

  if (schedule)
    add_job (self, trio_schedule_copy (schedule), G_MAXUINT, self->bases->len - 1, G_MAXUINT);
  /* What fails with nothing injected is the one finding: all others would repeat it. */
  if (note->report->verdict != TRIO_SIM_OK)
    return TRUE;
  trio_cli_checkpoints_visit (self->checkpoints, note->visits, FALSE);
  add_injections (self, schedule, self->bases->len - 1, note->occasions);
  return TRUE;
}

static gboolean
add_bases (TrioCliPlan *self, GError **error)
{
  g_autoptr (GPtrArray) others = g_ptr_array_new ();

  if (!add_base (self, NULL, error))
    return FALSE;
  if (self->n_schedules > 1 && !trio_cli_diverse_schedules (self->campaign, self->n_schedules - 1, others, error))
    return FALSE;
  for (guint i = 0; i < others->len; i++)
    {
      if (trio_cli_interrupted ())
        trio_schedule_free (others->pdata[i]);
      else if (!add_base (self, others->pdata[i], error))
        return FALSE;
    }
  return TRUE;
}

/* ---- Pairs ----------------------------------------------------------------------------------------------------------------- */

static void
show_noting (TrioCliPlan *self, guint done, guint all)
{
  if (trio_cli_progress_due ())
    {
      g_autofree char *text = g_strdup_printf ("%s: noting what comes after %u of %u first injections",
                                               self->campaign->scenario->name, done, all);

      trio_cli_progress_say (text);
    }
}

static gboolean
add_pairs (TrioCliPlan *self, GError **error)
{
  guint n_singles = self->jobs->len;

  for (guint i = 0; i < n_singles && !trio_cli_plan_is_full (self) && !trio_cli_interrupted (); i++)
    {
      const TrioCliJob *first = self->jobs->pdata[i];
      g_autoptr (TrioCliNote) note = NULL;

      if (first->tried == G_MAXUINT)
        continue;
      show_noting (self, i, n_singles);
      note = trio_cli_sweep_note (&self->campaign->target, first->schedule, self->campaign->inject,
                                  self->pairs == TRIO_CLI_PAIRS_WINDOW ? TRIO_CLI_NOTE_WINDOW : TRIO_CLI_NOTE_AFTER, error);
      if (!note)
        return FALSE;
      /* One that fails by itself is a failure already. */
      if (note->report->verdict != TRIO_SIM_OK)
        continue;
      self->n_firsts++;
      self->n_after += note->n_after;
      self->n_pairs += trio_schedule_get_length (note->occasions);
      trio_cli_checkpoints_visit (self->checkpoints, note->visits, TRUE);
      add_injections (self, first->schedule, first->base, note->occasions);
    }
  return TRUE;
}

gboolean
trio_cli_plan_make (TrioCliPlan *self, GError **error)
{
  self->jobs = g_ptr_array_new_with_free_func (job_free);
  self->bases = g_ptr_array_new_with_free_func (base_free);
  self->checkpoints = trio_cli_checkpoints_new ();
  return add_bases (self, error) && (self->pairs == TRIO_CLI_PAIRS_NONE || add_pairs (self, error));
}

void
trio_cli_plan_clear (TrioCliPlan *self)
{
  g_clear_pointer (&self->jobs, g_ptr_array_unref);
  g_clear_pointer (&self->bases, g_ptr_array_unref);
  g_clear_pointer (&self->checkpoints, trio_cli_checkpoints_free);
}
