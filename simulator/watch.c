/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The watch: hashes what happens, keeps or compares a record of it, and stops a run before a given step. See watch.h. */

#include "simulator/watch.h"

#include <string.h>
#include <trio/lowlevel/dump.h>
#include <trio/seam/world.h>

#include "simulator/escape/escape.h"
#include "simulator/place.h"

struct _TrioSimRecord
{
  GArray     *happenings;   /* of TrioSimHappening */
  GHashTable *paths;        /* path hash -> path; only looked up */
  GPtrArray  *places;       /* of char *, nullable: of the events from first_place on */
  gsize       first_place, last_place;
};

TrioSimRecord *
trio_sim_record_new (void)
{
  TrioSimRecord *record = g_new0 (TrioSimRecord, 1);

  record->happenings = g_array_new (FALSE, FALSE, sizeof (TrioSimHappening));
  record->paths = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  return record;
}

void
trio_sim_record_free (TrioSimRecord *record)
{
  g_array_unref (record->happenings);
  g_hash_table_unref (record->paths);
  g_clear_pointer (&record->places, g_ptr_array_unref);
  g_free (record);
}

void
trio_sim_record_want_places (TrioSimRecord *record, gsize first, gsize last)
{
  record->places = g_ptr_array_new_with_free_func (g_free);
  record->first_place = first;
  record->last_place = last;
}

static void
remember_path (TrioSimRecord *record, TrioTask *task)
{
  gint64 hash = (gint64) trio_task_get_path_hash (task);

  if (!g_hash_table_contains (record->paths, &hash))
    g_hash_table_insert (record->paths, g_memdup2 (&hash, sizeof hash), trio_task_dup_path (task));
}

/* FNV-1a: slow and known to everybody; messages are short. */
guint64
trio_sim_hash_bytes (gconstpointer data, gsize size)
{
  const guint8 *bytes = data;
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  for (gsize i = 0; i < size; i++)
    hash = (hash ^ bytes[i]) * G_GUINT64_CONSTANT (0x100000001b3);
  return hash;
}

guint64
trio_sim_hash_text (const char *text)
{
  return trio_sim_hash_bytes (text, strlen (text));
}

/* --- where in the program --- */

/* From "keep_record < … < trio_reschedule < unpark < trio_event_set < wake_all < serve" what the program itself did: its last call into the
 * runtime is the outermost function that has its name from there. */
static const char *
own_frames (const char *stack)
{
  const char *own = stack;

  for (const char *at = stack; (at = strstr (at, " < trio_")) != NULL;)
    own = at += strlen (" < ");
  return own;
}

static void
append_stack (TrioTask *about, TrioDumpFlags flags, GString *out)
{
  if (about != NULL)
    trio_task_append_stack (about, flags, out);
  else
    trio_append_stack_here (NULL, flags, out);
}

/* "main/a, in trio_event_set < wake_all < serve [bank+0x1a2b]"; NULL if nobody of the program did it. */
static char *
place_of (TrioTask *about)
{
  TrioTask *task = about != NULL ? about : trio_current_task ();
  g_autoptr (GString) stack = g_string_new (NULL);
  g_autoptr (GString) exact = g_string_new (NULL);
  g_autofree char *path = task == NULL ? NULL : trio_task_dup_path (task);
  g_autofree char *address = NULL;
  const char *own;

  if (task == NULL)
    return NULL;
  append_stack (about, TRIO_DUMP_STACKS, stack);
  append_stack (about, TRIO_DUMP_STACKS | TRIO_DUMP_ADDRESSES, exact);
  own = own_frames (stack->str);
  address = trio_sim_place_address (own, exact->str);
  return *own == '\0' ? NULL : g_strdup_printf ("%s, in %s%s", path, own, address);
}

static void
keep_place (TrioSimWatch *watch)
{
  TrioSimRecord *record = watch->record;
  gsize nth = record->happenings->len - 1;

  if (nth < record->first_place || nth > record->last_place)
    return;
  trio_sim_escape_pause ();
  g_ptr_array_add (record->places, place_of (watch->about));
  trio_sim_escape_go_on ();
}

static const char *
get_place (const TrioSimRecord *record, gsize nth)
{
  if (record->places == NULL || nth < record->first_place || nth - record->first_place >= record->places->len)
    return NULL;
  return g_ptr_array_index (record->places, nth - record->first_place);
}

/* --- comparing --- */

static const char *
name_of (const TrioSimRecord *record, guint64 path_hash)
{
  const char *path = g_hash_table_lookup (record->paths, &path_hash);

  return path_hash == 0 ? "the world" : path != NULL ? path : "a task";
}

static void
append_happening (GString *out, const TrioSimRecord *record, const TrioSimHappening *happening)
{
  const char *name = name_of (record, happening->a);

  switch (happening->kind)
    {
    case TRIO_SIM_EVENT_SPAWNED:
      g_string_append_printf (out, "%s was born", name);
      break;
    case TRIO_SIM_EVENT_WOKEN:
      g_string_append_printf (out, "%s was made runnable by %s", name, name_of (record, happening->b));
      break;
    case TRIO_SIM_EVENT_STEP:
      g_string_append_printf (out, "%s ran at ", name);
      g_string_append (out, trio_span_in_seconds ((gint64) happening->b).text);
      break;
    case TRIO_SIM_EVENT_STOPPED:
      g_string_append_printf (out, "%s stopped, and %s", name,
                              happening->b == TRIO_TASK_BLOCKED ? "waits" :
                              happening->b == TRIO_TASK_DONE ? "has ended" : "can go on");
      break;
    case TRIO_SIM_EVENT_EXITED:
      g_string_append_printf (out, "%s ended %s", name, happening->b == 0 ? "well" : "with an error");
      break;
    case TRIO_SIM_EVENT_SCOPE_CANCELLED:
      g_string_append_printf (out, "cancel scope %" G_GUINT64_FORMAT " was cancelled", happening->b);
      break;
    case TRIO_SIM_EVENT_INTERRUPTED:
      g_string_append (out, "Ctrl-C came");
      break;
    case TRIO_SIM_EVENT_DECIDED:
      g_string_append_printf (out, "%s was asked, and the answer was not the dull one", name);
      break;
    case TRIO_SIM_EVENT_SENT:
      g_string_append_printf (out, "bytes were sent on connection %" G_GUINT64_FORMAT " (contents %016" G_GINT64_MODIFIER "x)",
                              happening->a / 2, happening->b);
      break;
    case TRIO_SIM_EVENT_DISK:
      g_string_append_printf (out, "the disk did something for %s (%016" G_GINT64_MODIFIER "x)", name, happening->b);
      break;
    case TRIO_SIM_EVENT_THREAD:
      g_string_append_printf (out, "thread %" G_GUINT64_FORMAT ", of %s, went on", happening->b, name);
      break;
    }
  g_string_append_printf (out, " (step %" G_GUINT64_FORMAT ")", happening->step);
}

static void
append_nth (GString *out, const TrioSimRecord *record, gsize nth, const TrioSimHappening *happening)
{
  const char *place = get_place (record, nth);

  append_happening (out, record, happening);
  if (place != NULL)
    g_string_append_printf (out, "\n                   %s", place);
}

char *
trio_sim_record_to_text (const TrioSimRecord *record, gsize max)
{
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < MIN (record->happenings->len, max); i++)
    {
      const char *place = get_place (record, i);

      append_happening (out, record, &g_array_index (record->happenings, TrioSimHappening, i));
      g_string_append_printf (out, "%s%s\n", place == NULL ? "" : ": ", place == NULL ? "" : place);
    }
  return g_string_free (out, FALSE);
}

static void
diverge (TrioSimWatch *watch, const TrioSimHappening *first, const TrioSimHappening *second)
{
  GString *out = g_string_new (NULL);
  gsize nth = watch->n_compared;

  watch->diverged_at = nth;

  g_string_append_printf (out, "the same choices gave another run, from event %" G_GSIZE_FORMAT " on\n  the first time:  ",
                          watch->n_compared + 1);
  if (first != NULL)
    append_nth (out, watch->expected, nth, first);
  else
    g_string_append (out, "the run was over");
  g_string_append (out, "\n  the second time: ");
  if (second != NULL)
    append_nth (out, watch->record, nth, second);
  else
    g_string_append (out, "the run was over");
  g_string_append (out, "\n  no choice decided this, so it was something the simulator does not control: an address (a hash table of pointers, "
                   "iterated;\n  a sort by them), memory that nobody initialised, a variable that lives on from run to run, a file");
  watch->divergence = g_string_free (out, FALSE);
}

static void
compare (TrioSimWatch *watch, const TrioSimHappening *happening)
{
  GArray *expected = watch->expected->happenings;
  const TrioSimHappening *first = NULL;

  if (watch->n_compared < expected->len)
    first = &g_array_index (expected, TrioSimHappening, watch->n_compared);
  if (first == NULL || first->kind != happening->kind || first->a != happening->a || first->b != happening->b)
    diverge (watch, first, happening);
  watch->n_compared++;
}

void
trio_sim_watch_finish (TrioSimWatch *watch)
{
  if (watch->expected != NULL && watch->divergence == NULL && watch->n_compared < watch->expected->happenings->len)
    diverge (watch, &g_array_index (watch->expected->happenings, TrioSimHappening, watch->n_compared), NULL);
}

/* --- noting --- */

static void
keep_record (TrioSimWatch *watch, TrioSimEventKind kind, guint64 a, guint64 b)
{
  TrioSimHappening happening = { .kind = kind, .a = a, .b = b, .step = watch->steps };

  g_array_append_val (watch->record->happenings, happening);
  if (watch->record->places != NULL)
    keep_place (watch);
  if (watch->expected != NULL && watch->divergence == NULL)
    compare (watch, &happening);
}

void
trio_sim_watch_note (TrioSimWatch *watch, TrioSimEventKind kind, guint64 a, guint64 b)
{
  watch->hash = trio_sim_mix (trio_sim_mix (watch->hash, a ^ ((guint64) kind << 56)), b);
  if (G_UNLIKELY (watch->record != NULL))
    keep_record (watch, kind, a, b);
}

static TrioSimTaskNote *
note_of (TrioSimWatch *watch, TrioTask *task)
{
  guint64 serial = trio_task_get_serial (task);

  if (serial >= watch->tasks->len)
    g_array_set_size (watch->tasks, (guint) serial + 1);
  return &g_array_index (watch->tasks, TrioSimTaskNote, serial);
}

TrioSimTaskNote
trio_sim_watch_get_task (TrioSimWatch *watch, TrioTask *task)
{
  TrioSimTaskNote note = *note_of (watch, task);

  if (note.era != watch->era)
    note.steps = 0;
  return note;
}

/* --- the hooks --- */

static void
task_spawned (TrioInstrument *instrument, TrioTask *task)
{
  TrioSimWatch *watch = (TrioSimWatch *) instrument;

  if (watch->record != NULL)
    remember_path (watch->record, task);
  trio_sim_watch_note (watch, TRIO_SIM_EVENT_SPAWNED, trio_task_get_path_hash (task), 0);
}

static void
task_scheduled (TrioInstrument *instrument, TrioTask *task, TrioTask *by)
{
  trio_sim_watch_note ((TrioSimWatch *) instrument, TRIO_SIM_EVENT_WOKEN, trio_task_get_path_hash (task),
                       by == NULL ? 0 : trio_task_get_path_hash (by));
}

static void
count_step (TrioSimWatch *watch, TrioTask *task)
{
  TrioSimTaskNote *note = note_of (watch, task);

  if (note->era != watch->era)
    {
      note->era = watch->era;
      note->steps = 0;
    }
  note->steps++;
}

static void
before_task_step (TrioInstrument *instrument, TrioTask *task)
{
  TrioSimWatch *watch = (TrioSimWatch *) instrument;
  guint64 path_hash = trio_task_get_path_hash (task);

  if (G_UNLIKELY (watch->steps + 1 == watch->stop_before))
    {
      if (watch->break_there)
        G_BREAKPOINT ();        /* the next step is the one that was asked for; `up`, or step out of this function */
      /* The first step of a turn is stopped by the driver, before the turn: there is no task's fiber to leave from yet. */
      else if (watch->steps > watch->steps_at_turn)
        {
          watch->stopped = TRUE;
          watch->there = g_string_new (NULL);
          trio_loop_append_dump (trio_loop_get_current (), TRIO_DUMP_STACKS, watch->there);
          trio_loop_escape (trio_loop_get_current ());
        }
    }
  if (G_UNLIKELY (watch->on_step != NULL))
    {
      trio_sim_escape_pause ();
      watch->on_step (watch->steps + 1, task, watch->on_step_data);
      trio_sim_escape_go_on ();
    }
  watch->steps++;
  watch->interleaving = trio_sim_mix (watch->interleaving, path_hash);
  count_step (watch, task);
  watch->about = task;
  trio_sim_watch_note (watch, TRIO_SIM_EVENT_STEP, path_hash, (guint64) watch->clock->now);
  watch->about = NULL;
}

static void
after_task_step (TrioInstrument *instrument, TrioTask *task)
{
  TrioSimWatch *watch = (TrioSimWatch *) instrument;

  note_of (watch, task)->stopped_at = watch->clock->now;
  watch->about = task;
  trio_sim_watch_note (watch, TRIO_SIM_EVENT_STOPPED, trio_task_get_path_hash (task), trio_task_get_state (task));
  watch->about = NULL;
}

/* Kind of an error without its words: groups count their members. */
static guint64
hash_error (const GError *error)
{
  gsize n_members;
  const GError *const *members = trio_error_group_get_errors (error, &n_members);
  guint64 hash = trio_sim_mix (trio_sim_hash_text (g_quark_to_string (error->domain)), (guint64) error->code);

  for (gsize i = 0; i < n_members && members[i] != error; i++)
    hash = trio_sim_mix (hash, hash_error (members[i]));
  return hash;
}

static void
task_exited (TrioInstrument *instrument, TrioTask *task, const GError *error)
{
  trio_sim_watch_note ((TrioSimWatch *) instrument, TRIO_SIM_EVENT_EXITED, trio_task_get_path_hash (task),
                       error == NULL ? 0 : hash_error (error));
}

static void
scope_cancelled (TrioInstrument *instrument, TrioCancelScope *scope)
{
  trio_sim_watch_note ((TrioSimWatch *) instrument, TRIO_SIM_EVENT_SCOPE_CANCELLED, 0, trio_cancel_scope_get_serial (scope));
}

static void
cancel_raised (TrioInstrument *instrument, TrioTask *task G_GNUC_UNUSED)
{
  ((TrioSimWatch *) instrument)->n_raised++;
}

static void
interrupted (TrioInstrument *instrument)
{
  trio_sim_watch_note ((TrioSimWatch *) instrument, TRIO_SIM_EVENT_INTERRUPTED, 0, 0);
}

void
trio_sim_watch_init (TrioSimWatch *watch, TrioSimClock *clock)
{
  *watch = (TrioSimWatch) {
    .instrument = {
      .name = "watch",
      .task_spawned = task_spawned,
      .task_scheduled = task_scheduled,
      .before_task_step = before_task_step,
      .after_task_step = after_task_step,
      .task_exited = task_exited,
      .scope_cancelled = scope_cancelled,
      .interrupted = interrupted,
      .cancel_raised = cancel_raised,
    },
    .clock = clock,
    .hash = G_GUINT64_CONSTANT (0x74726930),
    .interleaving = G_GUINT64_CONSTANT (0x74726930),
    .tasks = g_array_sized_new (FALSE, TRUE, sizeof (TrioSimTaskNote), 16),
  };
}

void
trio_sim_watch_clear (TrioSimWatch *watch)
{
  g_array_unref (watch->tasks);
  g_clear_pointer (&watch->divergence, g_free);
  if (watch->there != NULL)
    g_string_free (watch->there, TRUE);
}
