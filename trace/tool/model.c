/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Loading a trace: see model.h. One pass over the records; note_event() is where each kind leaves its mark on the tasks. */

#include "trace/tool/model.h"

#include <string.h>

static const char *
keep (Trace *self, const char *text)
{
  if (text == NULL || *text == '\0')
    return "";
  return g_string_chunk_insert_const (self->chunk, text);
}

static guint64 *
dup_serial (guint64 serial)
{
  return g_memdup2 (&serial, sizeof serial);
}

TraceTask *
trace_find_task (const Trace *self, guint64 serial)
{
  return g_hash_table_lookup (self->task_by_serial, &serial);
}

TraceScope *
trace_find_scope (const Trace *self, guint64 serial)
{
  return g_hash_table_lookup (self->scope_by_serial, &serial);
}

const TraceEvent *
trace_get_event (const Trace *self, guint i)
{
  return &g_array_index (self->events, TraceEvent, i);
}

gboolean
trace_task_is_init (const TraceTask *task)
{
  return task->serial == 1 && task->parent == 0 && g_str_equal (task->name, "init");
}

static void
free_task (gpointer data)
{
  TraceTask *task = data;

  g_free (task->path);
  g_free (task->label);
  g_free (task);
}

/* A task that a record speaks of; made up if it was never born, since its lane must be somewhere. */
static TraceTask *
ensure_task (Trace *self, guint64 serial, gint64 time_us)
{
  TraceTask *task;

  if (serial == 0)
    return NULL;
  task = trace_find_task (self, serial);
  if (task == NULL)
    {
      task = g_new0 (TraceTask, 1);
      task->serial = serial;
      task->name = "?";
      task->error = task->wait = task->detail = "";
      task->born_us = task->since_us = time_us;
      g_ptr_array_add (self->tasks, task);
      g_hash_table_insert (self->task_by_serial, dup_serial (serial), task);
    }
  return task;
}

static void
set_state (TraceTask *task, TrioTraceState state, gint64 time_us)
{
  task->state = state;
  task->since_us = time_us;
  task->wait = task->detail = "";
}

static void
note_event (Trace *self, const TrioTraceRecord *record)
{
  TraceTask *task = ensure_task (self, record->task, record->time_us);
  TraceScope *scope;

  switch (record->type)
    {
    case TRIO_TRACE_TASK_SPAWNED:
      if (task == NULL)
        break;
      task->name = *record->name != '\0' ? record->name : "?";
      /* Parents are older; a file that says otherwise must not make a circle. */
      task->parent = record->other < record->task ? record->other : 0;
      ensure_task (self, task->parent, record->time_us);
      break;
    case TRIO_TRACE_TASK_SCHEDULED:
    case TRIO_TRACE_STEP_BEGUN:
      if (task != NULL)
        set_state (task, TRIO_TRACE_STATE_RUNNABLE, record->time_us);
      break;
    case TRIO_TRACE_STEP_ENDED:
      if (task == NULL)
        break;
      set_state (task, (TrioTraceState) record->how, record->time_us);
      task->wait = record->what;
      task->detail = record->text;
      break;
    case TRIO_TRACE_TASK_EXITED:
      if (task == NULL)
        break;
      set_state (task, TRIO_TRACE_STATE_DONE, record->time_us);
      task->exited = TRUE;
      task->exited_us = record->time_us;
      task->how = record->how;
      task->error = record->text;
      break;
    case TRIO_TRACE_SCOPE_OPENED:
      scope = g_new0 (TraceScope, 1);
      scope->serial = record->scope;
      scope->where = record->what;
      scope->nursery = record->how != 0;
      scope->task = record->task;
      g_hash_table_replace (self->scope_by_serial, dup_serial (scope->serial), scope);
      break;
    default:
      break;
    }
}

static void
add_event (Trace *self, const TrioTraceRecord *record, guint64 *step)
{
  TraceEvent event = { .record = *record };

  event.record.name = keep (self, record->name);
  event.record.what = keep (self, record->what);
  event.record.text = keep (self, record->text);

  if (record->type == TRIO_TRACE_STEP_BEGUN)
    {
      TraceTask *task = ensure_task (self, record->task, record->time_us);

      *step = ++self->n_steps;
      if (task != NULL)
        task->steps++;
    }
  event.step = *step;
  if (record->type == TRIO_TRACE_STEP_ENDED)
    *step = TRACE_NO_STEP;

  self->end_us = record->time_us;
  g_array_append_val (self->events, event);
  note_event (self, &event.record);
}

/* Names. */

/* Where each task is the only child of the one before, whole paths would take the square of their number. */
#define PATH_BYTES_MAX 1000
/* One name may be that of a million tasks, and stands in the path of each. */
#define NAME_BYTES_MAX 1000

/* How much of a name is shown: no part of a character. */
static int
shown_bytes (const char *name)
{
  gsize n = strlen (name);

  if (n <= NAME_BYTES_MAX)
    return (int) n;
  for (n = NAME_BYTES_MAX; ((guchar) name[n] & 0xc0) == 0x80; n--)
    ;
  return (int) n;
}

static char *
path_of (const Trace *self, const TraceTask *task, GHashTable *counts)
{
  TraceTask *parent = trace_find_task (self, task->parent);
  /* A parent is older, so it has its path; a file that lies about that gets a short path. */
  const char *before = parent != NULL && parent->path != NULL && !trace_task_is_init (parent) ? parent->path : "";

  if (strlen (before) > PATH_BYTES_MAX)
    before = "…";

  int shown = shown_bytes (task->name);
  char *key = g_strdup_printf ("%s%s%.*s%s", before, *before != '\0' ? "/" : "", shown, task->name, task->name[shown] != '\0' ? "…" : "");
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, key)) + 1;
  char *path = n == 1 ? g_strdup (key) : g_strdup_printf ("%s#%u", key, n);

  g_hash_table_insert (counts, key, GUINT_TO_POINTER (n));
  return path;
}

/* The last n parts of a path; NULL if it does not have so many. */
static const char *
tail_of (const char *path, guint n)
{
  for (const char *at = path + strlen (path); at > path; at--)
    if (at[-1] == '/' && --n == 0)
      return at;
  return n == 1 ? path : NULL;
}

#define LABEL_PARTS_MAX 3

static void
name_tasks (Trace *self)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) tails = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->tasks->len; i++)
    {
      TraceTask *task = g_ptr_array_index (self->tasks, i);

      task->path = path_of (self, task, counts);
    }

  /* How many tasks share each tail. */
  for (guint i = 0; i < self->tasks->len; i++)
    for (guint n = 1; n <= LABEL_PARTS_MAX; n++)
      {
        const char *tail = tail_of (((TraceTask *) g_ptr_array_index (self->tasks, i))->path, n);

        if (tail != NULL)
          g_hash_table_insert (tails, (gpointer) tail, GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (tails, tail)) + 1));
      }

  for (guint i = 0; i < self->tasks->len; i++)
    {
      TraceTask *task = g_ptr_array_index (self->tasks, i);
      const char *label = NULL;

      for (guint n = 1; n <= LABEL_PARTS_MAX && label == NULL; n++)
        {
          const char *tail = tail_of (task->path, n);

          if (tail == NULL || GPOINTER_TO_UINT (g_hash_table_lookup (tails, tail)) == 1)
            label = tail != NULL ? tail : task->path;
        }
      task->label = g_strdup (label != NULL ? label : task->path);
    }
}

Trace *
trace_load (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize length;
  g_autoptr (TrioTraceReader) reader = NULL;
  TrioTraceRecord record;
  guint64 step = TRACE_NO_STEP;

  if (!g_file_get_contents (path, &data, &length, error))
    return NULL;
  reader = trio_trace_reader_new (data, length, error);
  if (reader == NULL)
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }

  Trace *self = g_new0 (Trace, 1);

  self->path = g_strdup (path);
  self->chunk = g_string_chunk_new (4096);
  self->program = keep (self, trio_trace_reader_get_program (reader));
  self->virtual_time = (trio_trace_reader_get_flags (reader) & TRIO_TRACE_FLAG_VIRTUAL_TIME) != 0;
  self->events = g_array_new (FALSE, FALSE, sizeof (TraceEvent));
  self->tasks = g_ptr_array_new_with_free_func (free_task);
  self->task_by_serial = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->scope_by_serial = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);

  while (trio_trace_reader_next (reader, &record, &self->cut))
    add_event (self, &record, &step);
  self->n_records = trio_trace_reader_get_n_read (reader);
  self->n_unknown = trio_trace_reader_get_n_unknown (reader);
  name_tasks (self);
  return self;
}

void
trace_free (Trace *self)
{
  g_free (self->path);
  g_array_unref (self->events);
  g_ptr_array_unref (self->tasks);
  g_hash_table_unref (self->task_by_serial);
  g_hash_table_unref (self->scope_by_serial);
  g_string_chunk_free (self->chunk);
  g_clear_error (&self->cut);
  g_free (self);
}
