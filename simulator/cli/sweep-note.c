/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Looking at a run. See sweep-note.h.
 *
 * All of it happens in the child, in which this file's struct is a copy; only the schedule of points comes back. What is no choice
 * travels in it as an entry of a label that no choice has. */

#include "simulator/cli/sweep-note.h"
#include "simulator/cli/coverage.h"

#include <trio/lowlevel/dump.h>

#include <string.h>

#define POINTS_MAX     1000000
#define LABEL_VISIT    "(visit)"
#define LABEL_AFTER    "(after)"

typedef struct
{
  TrioInstrument  instrument;
  TrioSimInject   inject;
  TrioCliNoteSpan span;

  TrioSchedule   *points;
  GHashTable     *visits;            /* "task\nwhere\nstate": those that were noted */
  char           *where;             /* of the latest checkpoint */

  gboolean        injected;
  gboolean        scope_due;         /* the next scope that is cancelled is the one that the injection means */
  gboolean        for_ever;          /* the window does not close any more */
  gboolean        closed;
  GPtrArray      *unwinding;         /* scopes and tasks; only compared */
  guint64         n_after;
} Noter;

/* --- where --- */

/* "+0x4c": how far into the function that called the operation. Two calls in one function are two checkpoints. */
static char *
offset_of_call (TrioTask *task, const char *what)
{
  g_autofree char *mark = g_strdup_printf ("%s+0x", what);
  g_autoptr (GString) stack = g_string_new (NULL);
  const char *at;

  trio_task_append_stack (task, TRIO_DUMP_ADDRESSES, stack);
  at = strstr (stack->str, mark);
  at = at != NULL ? strstr (at, " < ") : NULL;
  at = at != NULL ? strstr (at, "+0x") : NULL;
  return at != NULL ? g_strndup (at, strcspn (at, " <")) : g_strdup ("");
}

/* From the operation on outwards; the frames further in are ours. */
static char *
where_is (TrioTask *task, const char *what)
{
  g_autoptr (GString) stack = g_string_new (NULL);
  g_auto (GStrv) frames = NULL;
  guint first = 0;

  trio_task_append_stack (task, TRIO_DUMP_STACKS, stack);
  frames = g_strsplit (stack->str, " < ", -1);
  /* The compiler may have left the operation itself out of the stack. */
  for (guint i = 0; frames[i] != NULL; i++)
    if (g_str_equal (frames[i], what) || g_str_equal (frames[i], "trio_inject") || (i == first && g_str_equal (frames[i], "trio_wait")))
      first = i + 1;
  if (stack->len > 0 && frames[first] != NULL)
    {
      g_autofree char *offset = offset_of_call (task, what);
      g_autofree char *outer = g_strjoinv (" < ", frames + first);
      gsize caller = strcspn (outer, " ");

      return g_strdup_printf ("%s < %.*s%s%s", what, (int) caller, outer, offset, outer + caller);
    }
  return g_strdup_printf ("%s, in the scope opened at %s", what,
                          trio_cancel_scope_get_where (trio_task_get_cancel_scope (task)));
}

static TrioCliCheckpointState
state_of (TrioTask *task)
{
  if (trio_task_has_cancel_pending (task))
    return TRIO_CLI_CHECKPOINT_UNWINDING;
  for (TrioCancelScope *scope = trio_task_get_cancel_scope (task); scope != NULL; scope = trio_cancel_scope_get_parent (scope))
    if ((trio_cancel_scope_get_shield) (scope))
      return TRIO_CLI_CHECKPOINT_SHIELDED;
  return TRIO_CLI_CHECKPOINT_OPEN;
}

static void
note_visit (TrioInstrument *instrument, TrioTask *task, const char *what)
{
  Noter *self = (Noter *) instrument;
  TrioCliCheckpointState state = state_of (task);
  g_autofree char *path = trio_task_dup_path (task);
  g_autofree char *name = trio_cli_path_without_numbers (path);
  g_autofree char *key = NULL;

  g_free (self->where);
  self->where = where_is (task, what);
  key = g_strdup_printf ("%s\n%s\n%d", name, self->where, state);
  if (!g_hash_table_add (self->visits, g_steal_pointer (&key)))
    return;
  trio_schedule_append (self->points, &(TrioScheduleEntry) {
    .path = name, .label = (char *) LABEL_VISIT, .what = (char *) what, .words = self->where, .value = state,
  });
}

/* --- the window --- */

static void
scope_cancelled (TrioInstrument *instrument, TrioCancelScope *scope)
{
  Noter *self = (Noter *) instrument;

  if (self->injected && !self->closed)
    g_ptr_array_add (self->unwinding, scope);
  self->scope_due = FALSE;
}

static void
scope_closed (TrioInstrument *instrument, TrioTask *task G_GNUC_UNUSED, TrioCancelScope *scope)
{
  g_ptr_array_remove (((Noter *) instrument)->unwinding, scope);
}

static void
task_exited (TrioInstrument *instrument, TrioTask *task, const GError *error G_GNUC_UNUSED)
{
  g_ptr_array_remove (((Noter *) instrument)->unwinding, task);
}

/* Only here: what ends may cancel something else in the same step. */
static void
before_task_step (TrioInstrument *instrument, TrioTask *task G_GNUC_UNUSED)
{
  Noter *self = (Noter *) instrument;

  if (self->injected && !self->scope_due && !self->for_ever && self->unwinding->len == 0)
    self->closed = TRUE;
}

static void
open_window (Noter *self, TrioSimInject kind)
{
  TrioTask *task = trio_current_task ();

  self->injected = TRUE;
  if (kind == TRIO_SIM_INJECT_CANCEL)
    self->scope_due = TRUE;
  else if (kind == TRIO_SIM_INJECT_INTERRUPT || task == NULL)
    self->for_ever = TRUE;
  else
    g_ptr_array_add (self->unwinding, task);
}

/* --- choices --- */

static gboolean
note_choice (const TrioScheduleEntry *entry, gpointer data)
{
  Noter *self = data;
  TrioSimInject kind = trio_cli_kind_of (entry->label);
  TrioScheduleEntry point = *entry;

  if ((self->inject & kind) == 0)
    return FALSE;
  if (entry->value != 0)
    {
      if (!self->injected)
        open_window (self, kind);
      return FALSE;
    }

  self->n_after += self->injected;
  if (self->span != TRIO_CLI_NOTE_ALL && (!self->injected || (self->span == TRIO_CLI_NOTE_WINDOW && self->closed)))
    return FALSE;
  point.words = kind == TRIO_SIM_INJECT_FAULT ? NULL : self->where;
  trio_schedule_append (self->points, &point);
  return FALSE;
}

static void
run_finished (TrioInstrument *instrument)
{
  Noter *self = (Noter *) instrument;

  trio_schedule_append (self->points, &(TrioScheduleEntry) { .label = (char *) LABEL_AFTER, .ordinal = self->n_after });
}

static void
begin (TrioSchedule *points, gpointer data)
{
  ((Noter *) data)->points = points;
}

/* --- what came back --- */

static void
visit_free (gpointer data)
{
  TrioCliVisit *visit = data;

  g_free (visit->task);
  g_free (visit->operation);
  g_free (visit->where);
  g_free (visit);
}

static void
sort_out (TrioCliNote *note, const TrioSchedule *points)
{
  for (guint i = 0; i < trio_schedule_get_length (points); i++)
    {
      const TrioScheduleEntry *point = trio_schedule_get_entry (points, i);

      if (g_str_equal (point->label, LABEL_AFTER))
        note->n_after = point->ordinal;
      else if (g_str_equal (point->label, LABEL_VISIT))
        {
          TrioCliVisit *visit = g_new (TrioCliVisit, 1);

          *visit = (TrioCliVisit) { g_strdup (point->path), g_strdup (point->what), g_strdup (point->words), point->value };
          g_ptr_array_add (note->visits, visit);
        }
      else
        trio_schedule_append (note->occasions, point);
    }
}

TrioCliNote *
trio_cli_sweep_note (const TrioCliTarget *target, const TrioSchedule *schedule, TrioSimInject inject, TrioCliNoteSpan span,
                     GError **error)
{
  Noter noter = {
    .instrument = {
      .name = "noter",
      .checkpoint = note_visit,
      .scope_cancelled = scope_cancelled,
      .scope_closed = scope_closed,
      .task_exited = task_exited,
      .before_task_step = before_task_step,
      .run_finished = run_finished,
    },
    .inject = inject, .span = span,
    .visits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .unwinding = g_ptr_array_new (),
  };
  TrioCliNoting noting = { note_choice, &noter, POINTS_MAX, begin };
  TrioSimOptions options = {
    .strategy = schedule ? "replay" : "fifo", .schedule = schedule, .inject = inject, .instrument = &noter.instrument,
  };
  g_autoptr (TrioSchedule) points = trio_schedule_new ();
  TrioSimReport *report = trio_cli_isolate (target, &options, &noting, points, error);
  TrioCliNote *note = NULL;

  if (report)
    {
      note = g_new0 (TrioCliNote, 1);
      note->report = report;
      note->occasions = trio_schedule_new ();
      note->visits = g_ptr_array_new_with_free_func (visit_free);
      sort_out (note, points);
    }
  g_hash_table_unref (noter.visits);
  g_ptr_array_unref (noter.unwinding);
  return note;
}

void
trio_cli_note_free (TrioCliNote *note)
{
  if (!note)
    return;
  trio_sim_report_free (note->report);
  trio_schedule_free (note->occasions);
  g_ptr_array_unref (note->visits);
  g_free (note);
}
