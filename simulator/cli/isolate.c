/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One run in a child. See isolate.h.
 *
 *       parent                                   child
 *       share memory, fork  ───────────────────►  run; each decision ──► journal
 *       listen, watch the clock                   tell the report, _exit
 *       report? take it
 *       none?  the journal is the schedule, how it ended and what it printed are the rest */

#include "simulator/cli/isolate.h"
#include "simulator/cli/crash.h"
#include "simulator/cli/os.h"
#include "simulator/cli/wire.h"

#include <string.h>
#include <trio/lowlevel/dump.h>

#include "simulator/strategy-measure.h"
#include "simulator/watch.h"

/* How long a run may go on after Ctrl-C. */
#define PATIENCE_US   G_TIME_SPAN_SECOND
/* A run that takes longer is measured by those who need it, if at all: one that never ends is to be found by a run, and soon. */
#define MEASURE_TIMEOUT_S 2
/* Address space only: pages that no decision reaches are never there. */
#define JOURNAL_BYTES ((gsize) 64 << 20)

enum
{
  TELLS_REPORT,
  TELLS_REFUSAL,
};

typedef struct
{
  guint64 steps;               /* as of the last choice */
  gsize   used;                /* words */
  gsize   n_lost;              /* decisions that found no room */
  char    last_path[256];      /* who made the last choice */
  char    asker[2048];         /* what was looked at */
  char    goer[2048];
  gint64  goes_at;
  int     fault;               /* the signal that it dies of; 0 as long as it lives */
  char    faulty[2048];        /* who died of it, and where */
  guint64 words[];             /* entries: a word with the size, then the GVariant, which must be aligned like a word */
} Journal;

typedef struct
{
  const TrioCliTarget  *target;
  const TrioSimOptions *options;
  const TrioCliNoting  *noting;
  TrioSchedule         *points;
  Journal              *journal;
  TrioCliLook          *look;
} Child;

void
trio_cli_target_apply (const TrioCliTarget *target, TrioSimOptions *options)
{
  options->program = target->program;
  options->judge_misuse = !target->misuses;
  options->heal_after = target->heal_after;
  options->heal_within = target->heal_within;
  options->measure = target->measure;
  options->escapes = target->escapes;
}

/* ---- In the child ---------------------------------------------------------------------------------------------------------- */

/* The entry is counted only after it is complete: a crash between leaves a journal that can be read. */
static void
journal_decision (const TrioScheduleEntry *entry, gpointer user_data)
{
  Journal *journal = ((Child *) user_data)->journal;
  g_autoptr (GVariant) variant = g_variant_ref_sink (trio_cli_wire_entry (entry));
  gsize size = g_variant_get_size (variant);
  gsize n_words = 1 + (size + 7) / 8;

  if (sizeof *journal + 8 * (journal->used + n_words) > JOURNAL_BYTES)
    {
      journal->n_lost++;
      return;
    }
  journal->words[journal->used] = size;
  g_variant_store (variant, &journal->words[journal->used + 1]);
  __atomic_store_n (&journal->used, journal->used + n_words, __ATOMIC_SEQ_CST);
}

/* Within a choice the innermost frames are ours. */
static const char *
without_our_frames (const char *stack)
{
  static const char *const ours[] = { "trio_choose < ", "trio_inject < " };

  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    {
      const char *at = strstr (stack, ours[i]);

      stack = at ? at + strlen (ours[i]) : stack;
    }
  return stack;
}

char *
trio_cli_describe_task (TrioTask *task)
{
  g_autofree char *path = trio_task_dup_path (task);
  g_autoptr (GString) stack = g_string_new (NULL);
  guint cancel_points, schedule_points;

  trio_task_get_points (task, &cancel_points, &schedule_points);
  trio_task_append_stack (task, TRIO_DUMP_STACKS, stack);
  if (stack->len > 0)
    return g_strdup_printf ("%s, in %s", path, without_our_frames (stack->str));
  return g_strdup_printf ("%s%s", path, cancel_points == 0 && schedule_points == 0 ? ", which begins" : "");
}

/* Into shared memory. */
static void
describe_task (TrioTask *task, char *text, gsize size)
{
  g_autofree char *description = trio_cli_describe_task (task);

  g_strlcpy (text, description, size);
}

static void
look_at_step (guint64 step, TrioTask *task, gpointer user_data)
{
  Child *self = user_data;
  TrioCliLook *look = self->look;

  if (look->trail && step <= look->trail_max)
    look->trail[step - 1] = trio_sim_mix (trio_task_get_path_hash (task), (guint64) trio_current_time ());
  if (step == look->at_step)
    {
      describe_task (task, self->journal->goer, sizeof self->journal->goer);
      self->journal->goes_at = trio_current_time ();
    }
}

static void
note_choice (const TrioScheduleEntry *entry, gpointer user_data)
{
  Child *self = user_data;

  self->journal->steps = entry->step;
  if (entry->path && entry->path[0])
    g_strlcpy (self->journal->last_path, entry->path, sizeof self->journal->last_path);
  if (self->look && entry->index == self->look->at_index && trio_current_task ())
    describe_task (trio_current_task (), self->journal->asker, sizeof self->journal->asker);
  if (self->noting && trio_schedule_get_length (self->points) < self->noting->max
      && self->noting->wanted (entry, self->noting->data))
    trio_schedule_append (self->points, entry);
}

static Journal *journal_of_fault;

static void
note_fault (int number)
{
  journal_of_fault->fault = number;
  if (trio_current_task ())
    describe_task (trio_current_task (), journal_of_fault->faulty, sizeof journal_of_fault->faulty);
}

static void
run_and_tell (int outbox, gpointer data)
{
  Child *self = data;
  TrioSimOptions options = *self->options;
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  self->points = trio_schedule_new ();
  if (self->noting && self->noting->begin)
    self->noting->begin (self->points, self->noting->data);
  journal_of_fault = self->journal;
  trio_cli_on_fault (note_fault);
  trio_cli_target_apply (self->target, &options);
  options.on_decision = journal_decision;
  options.on_choice = note_choice;
  options.on_step = self->look ? look_at_step : NULL;
  options.user_data = self;
  ok = trio_sim_run (self->target->func, self->target->data, &options, &report, &error);

  if (report)
    trio_cli_tell (outbox, TELLS_REPORT, trio_cli_wire_report (report, self->points));
  else
    trio_cli_tell (outbox, TELLS_REFUSAL, g_variant_new ("(^ay)", ok ? "the run gave no report" : error->message));
}

/* ---- In the parent --------------------------------------------------------------------------------------------------------- */

/* A run that dies may have written anywhere before, here too. */
static void
end_texts (Journal *journal)
{
  journal->last_path[sizeof journal->last_path - 1] = '\0';
  journal->asker[sizeof journal->asker - 1] = '\0';
  journal->goer[sizeof journal->goer - 1] = '\0';
  journal->faulty[sizeof journal->faulty - 1] = '\0';
}

static void
read_journal (const Journal *journal, TrioSchedule *schedule)
{
  const gsize used = MIN (journal->used, (JOURNAL_BYTES - sizeof *journal) / 8);
  gsize at = 0;

  while (at < used && journal->words[at] <= 8 * (used - at - 1))
    {
      gsize size = journal->words[at];
      g_autoptr (GBytes) bytes = g_bytes_new (&journal->words[at + 1], size);
      g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new_from_bytes (TRIO_CLI_ENTRY_TYPE, bytes, FALSE));

      trio_cli_unwire_entry (variant, schedule);
      at += 1 + (size + 7) / 8;
    }
}

/* What a library's function does when it gives up. */
static gboolean
is_of_libraries (const char *frame)
{
  return g_str_has_prefix (frame, "abort ") || g_str_has_prefix (frame, "raise ") || g_str_has_prefix (frame, "gsignal ")
         || g_str_has_prefix (frame, "g_") || g_str_has_prefix (frame, "lib");
}

/* "main/a, in gsignal < abort < take_both < take_a_then_b" is in take_both. NULL if nothing is known. */
static const char *
own_frames (const char *faulty)
{
  const char *frames = strstr (faulty, ", in ");

  if (frames == NULL)
    return NULL;
  frames += strlen (", in ");
  while (is_of_libraries (frames) && strstr (frames, " < ") != NULL)
    frames = strstr (frames, " < ") + strlen (" < ");
  return frames;
}

static char *
place_of_fault (const char *faulty)
{
  const char *frames = own_frames (faulty);

  return frames ? g_strdup_printf ("in %.*s", (int) strcspn (frames, " "), frames) : NULL;
}

static TrioSimReport *
report_of_dead (const Child *self, const TrioCliChild *child, gboolean timed_out)
{
  g_autofree char *name = NULL, *message = NULL, *place = NULL;
  g_autoptr (GString) text = NULL;
  TrioSimReport *report;

  if (timed_out)
    {
      name = g_strdup (TRIO_CLI_NO_END);
      message = g_strdup_printf ("the run did not end within %u s of real time and was stopped: a task runs on without reaching a "
                                 "checkpoint, or waits for the real world", self->target->timeout_s);
    }
  else
    {
      int code = child->end == TRIO_CLI_END_SIGNALLED && self->journal->fault ? self->journal->fault : child->code;

      trio_cli_name_crash (child->end, code, child->errors->str, &name, &message);
      place = trio_cli_place_of_crash (child->errors->str);
      if (!place)
        place = place_of_fault (self->journal->faulty);
    }

  text = g_string_new (message);
  if (self->journal->faulty[0] && !timed_out)
    {
      const char *frames = own_frames (self->journal->faulty);

      g_string_append_printf (text, "\nit was %.*s%s%s", (int) strcspn (self->journal->faulty, ","), self->journal->faulty,
                              frames ? ", in " : "", frames ? frames : "");
    }
  if (self->journal->last_path[0])
    g_string_append_printf (text, "\nthe last choice before was made for \"%s\", after step %" G_GUINT64_FORMAT,
                            self->journal->last_path, self->journal->steps);
  if (self->journal->n_lost > 0)
    g_string_append_printf (text, "\nthe last %" G_GSIZE_FORMAT " decisions found no room in the journal; the schedule lacks them",
                            self->journal->n_lost);
  report = trio_cli_report_new (timed_out ? TRIO_SIM_LIVELOCK : TRIO_SIM_CRASH, name, text->str);
  report->place = g_steal_pointer (&place);
  report->steps = self->journal->steps;
  read_journal (self->journal, report->schedule);
  return report;
}

/* The child's report, or NULL with @error, or NULL without one if it told nothing. */
static TrioSimReport *
hear_report (TrioCliChild *child, TrioSchedule *points, GError **error)
{
  static const GVariantType *const types[] = { (const GVariantType *) TRIO_CLI_REPORT_STRING, (const GVariantType *) "(ay)", NULL };
  g_autoptr (GVariant) message = NULL;
  g_autofree char *refusal = NULL;
  guint32 kind;

  message = trio_cli_child_hear (child, types, &kind, error);
  if (!message)
    return NULL;
  if (kind == TELLS_REPORT)
    return trio_cli_unwire_report (message, points);

  g_variant_get (message, "(^ay)", &refusal);
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, refusal);
  return NULL;
}

/* *timed_out: it took longer than it may. *cut: Ctrl-C has come, and it did not end soon after. What was found before Ctrl-C is still
 * confirmed: a run that ends at all ends sooner than that. */
static void
await_end (TrioCliChild *child, guint timeout_s, gboolean *timed_out, gboolean *cut)
{
  gint64 due = timeout_s ? g_get_monotonic_time () + timeout_s * G_TIME_SPAN_SECOND : G_MAXINT64;
  gint64 cut_at = G_MAXINT64;

  *timed_out = *cut = FALSE;
  while (child->end == TRIO_CLI_END_RUNNING)
    {
      gint64 now;

      trio_cli_children_wait (&child, 1, 250);
      now = g_get_monotonic_time ();
      if (child->end != TRIO_CLI_END_RUNNING || *timed_out || *cut)
        continue;
      if (trio_cli_interrupted () && cut_at == G_MAXINT64)
        cut_at = now + PATIENCE_US;
      *timed_out = now > due;
      *cut = !*timed_out && now > cut_at;
      if (*timed_out || *cut)
        trio_cli_child_kill (child);
    }
}

static TrioSimReport *
isolate (const TrioCliTarget *target, const TrioSimOptions *options, const TrioCliNoting *noting, TrioSchedule *points,
         TrioCliLook *look, GError **error)
{
  Child self = { target, options, noting, NULL, trio_cli_share (JOURNAL_BYTES), look };
  g_autoptr (TrioCliChild) child = trio_cli_child_new (run_and_tell, &self, target->echo, error);
  TrioSimReport *report = NULL;

  if (child)
    {
      gboolean timed_out, cut;
      GError *refusal = NULL;

      await_end (child, target->timeout_s, &timed_out, &cut);
      report = hear_report (child, points, &refusal);
      end_texts (self.journal);
      if (!report && !refusal && cut)
        g_set_error_literal (&refusal, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT, "interrupted by Ctrl-C");
      else if (!report && !refusal)
        report = report_of_dead (&self, child, timed_out);
      if (refusal)
        g_propagate_error (error, refusal);
    }
  if (report)
    {
      trio_schedule_get_header (report->schedule)->heal_after = target->heal_after;
      trio_schedule_get_header (report->schedule)->heal_within = target->heal_within;
    }
  if (look)
    {
      look->asker = self.journal->asker[0] ? g_strdup (self.journal->asker) : NULL;
      look->goes_at = self.journal->goes_at;
      look->goer = self.journal->goer[0] ? g_strdup (self.journal->goer) : NULL;
    }
  trio_cli_unshare (self.journal, JOURNAL_BYTES);
  return report;
}

TrioSimReport *
trio_cli_isolate (const TrioCliTarget *target, const TrioSimOptions *options, const TrioCliNoting *noting, TrioSchedule *points,
                  GError **error)
{
  return isolate (target, options, noting, points, NULL, error);
}

TrioSimReport *
trio_cli_isolate_looking (const TrioCliTarget *target, const TrioSimOptions *options, TrioCliLook *look, GError **error)
{
  return isolate (target, options, NULL, NULL, look, error);
}

/* ---- The measure ----------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const TrioCliTarget *target;
  TrioSimInject        inject;
} Measuring;

static void
measure_and_tell (int outbox, gpointer data)
{
  const Measuring *self = data;
  g_autoptr (TrioSimMeasure) measure = trio_sim_measure (self->target->func, self->target->data,
                                                         &(TrioSimOptions) { .inject = self->inject }, NULL);

  if (measure != NULL)
    {
      g_autoptr (GBytes) bytes = trio_sim_measure_to_bytes (measure);

      trio_cli_tell (outbox, 0, g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));
    }
}

TrioSimMeasure *
trio_cli_measure (const TrioCliTarget *target, TrioSimInject inject)
{
  static const GVariantType *const types[] = { G_VARIANT_TYPE_BYTESTRING, NULL };
  Measuring self = { target, inject };
  g_autoptr (TrioCliChild) child = trio_cli_child_new (measure_and_tell, &self, FALSE, NULL);
  g_autoptr (GVariant) told = NULL;
  gboolean timed_out, cut;
  guint32 kind;

  if (child == NULL)
    return NULL;
  await_end (child, MEASURE_TIMEOUT_S, &timed_out, &cut);
  told = trio_cli_child_hear (child, types, &kind, NULL);
  if (told == NULL)
    return NULL;

  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (told);
  return trio_sim_measure_from_bytes (bytes);
}

void
trio_cli_look_clear (TrioCliLook *look)
{
  g_clear_pointer (&look->asker, g_free);
  g_clear_pointer (&look->goer, g_free);
}

gboolean
trio_cli_same_place (const TrioSimReport *a, const TrioSimReport *b)
{
  return trio_cli_same_failure (a->verdict, a->name, b) && (!a->place || !b->place || g_str_equal (a->place, b->place));
}

gboolean
trio_cli_same_failure (TrioSimVerdict verdict, const char *name, const TrioSimReport *report)
{
  return verdict == report->verdict && g_strcmp0 (name, report->name) == 0;
}
