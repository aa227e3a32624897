/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The trace recorder: an instrument that turns each hook into one record of codec.h and gets the bytes to a file.
 *
 * What is always true:
 *  1. It never disturbs the run: it does not suspend, asks nothing of the world but the time, and a write that fails (full disk) is
 *     remembered for close; from then on it only watches.
 *  2. It keeps no pointer to a task or scope between two hooks, so that a run may be abandoned under it.
 *  3. What the process has lived through is in the file when it dies, but for a tail: with virtual time nothing is missing but
 *     the step that died, since bytes are written out before each step; with real time at most 4 KiB, and of those only what is
 *     younger than 10 ms.
 *
 * On the thread of the run; close and free also later, when the run is gone. */

#include <trio/lowlevel/trace.h>

#include <trio/error.h>
#include <trio/run.h>

#include "trace/codec.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_BYTES_MAX 4096

/* With real time, what is older than this is in the file before the next step begins. */
#define UNWRITTEN_US_MAX (10 * G_TIME_SPAN_MILLISECOND)

struct _TrioTraceRecorder
{
  TrioInstrument   instrument;   /* first: a hook's `self` is the recorder */
  char            *path;
  FILE            *file;         /* unbuffered; NULL once closed */
  TrioTraceWriter *writer;
  GString         *words;        /* scratch */
  GError          *write_error;  /* the first that failed */
  gboolean         virtual_time;
  gboolean         begun;        /* the first record has been written */
  gint64           start_us;     /* on the run's clock: the time that is 0 in the trace; G_MININT64 if it is not known yet */
  gint64           time_us;      /* of the last event, since then */
  gint64           written_us;   /* what the file has for sure, since then */
  guint64          last_spawned; /* the highest serial that a task-spawned record was written for */
};

/* Getting bytes to the file. */

static void
write_out (TrioTraceRecorder *self)
{
  GByteArray *bytes = self->writer->bytes;

  if (self->file != NULL && self->write_error == NULL && bytes->len > 0
      && fwrite (bytes->data, 1, bytes->len, self->file) < bytes->len)
    {
      int why = errno;

      self->write_error = g_error_new (G_FILE_ERROR, g_file_error_from_errno (why), "could not write the trace “%s”: %s",
                                       self->path, g_strerror (why));
    }
  g_byte_array_set_size (bytes, 0);
  self->written_us = self->time_us;
}

static void
write_record (TrioTraceRecorder *self, TrioTraceRecord *record)
{
  if (self->file == NULL)
    return;

  record->time_us = self->time_us;
  trio_trace_writer_write (self->writer, record);
  if (self->writer->bytes->len >= BUFFER_BYTES_MAX)
    write_out (self);
}

/* Small helpers of the hooks. */

static guint64
serial_of (TrioTask *task)
{
  return task != NULL ? trio_task_get_serial (task) : 0;
}

/* "../tests/ledger.c:41" depends on where it was built; "ledger.c:41" does not. */
static const char *
basename_of (const char *where)
{
  const char *slash = where != NULL ? strrchr (where, '/') : NULL;

  return slash != NULL ? slash + 1 : where;
}

static void
write_spawned (TrioTraceRecorder *self, TrioTask *task)
{
  TrioTraceRecord record = { .type = TRIO_TRACE_TASK_SPAWNED };

  /* Serials count up in order of birth, so this says whether it was written before. */
  if (trio_task_get_serial (task) <= self->last_spawned)
    return;
  self->last_spawned = trio_task_get_serial (task);

  record.task = self->last_spawned;
  record.other = serial_of (trio_task_get_parent (task));
  record.name = trio_task_get_name (task);
  write_record (self, &record);
}

static void
collect_task (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer tasks)
{
  g_ptr_array_add (tasks, task);
}

static int
compare_birth (gconstpointer a, gconstpointer b)
{
  guint64 serial_a = trio_task_get_serial (*(TrioTask **) a);
  guint64 serial_b = trio_task_get_serial (*(TrioTask **) b);

  return (serial_a > serial_b) - (serial_a < serial_b);
}

/* An instrument that joins a run half-way is told of no birth before; the reader wants names all the same. */
static void
introduce_living_tasks (TrioTraceRecorder *self)
{
  g_autoptr (GPtrArray) tasks = g_ptr_array_new ();

  trio_foreach_task (collect_task, tasks);
  g_ptr_array_sort (tasks, compare_birth);
  for (guint i = 0; i < tasks->len; i++)
    write_spawned (self, g_ptr_array_index (tasks, i));
}

/* The first hook decides what we came to see: a run from its making on (its first task is born before the first turn, when there
 * is no current run yet, nor a time), or the rest of a run that others started. */
static void
begin (TrioTraceRecorder *self, gboolean from_the_start)
{
  TrioTraceRecord record = { .type = TRIO_TRACE_RUN_STARTED };

  self->begun = TRUE;
  if (from_the_start)
    write_record (self, &record);
  else
    introduce_living_tasks (self);
}

/* Every hook begins here. */
static TrioTraceRecorder *
recorder_of (TrioInstrument *instrument)
{
  TrioTraceRecorder *self = (TrioTraceRecorder *) instrument;
  gboolean in_run = trio_is_watched ();

  if (self->file == NULL)
    return self;

  if (in_run)
    {
      gint64 now = trio_current_time ();

      if (self->start_us == G_MININT64)
        self->start_us = now;
      self->time_us = MAX (self->time_us, now - self->start_us);
    }
  if (!self->begun)
    begin (self, !in_run);
  return self;
}

/* The hooks. */

static void
on_run_started (TrioInstrument *instrument)
{
  TrioTraceRecorder *self = (TrioTraceRecorder *) instrument;

  if (!self->begun)
    begin (self, TRUE);
  recorder_of (instrument);
}

static void
on_run_finished (TrioInstrument *instrument)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_RUN_FINISHED };

  write_record (self, &record);
  write_out (self);
}

static void
on_task_spawned (TrioInstrument *instrument, TrioTask *task)
{
  write_spawned (recorder_of (instrument), task);
}

static void
on_task_scheduled (TrioInstrument *instrument, TrioTask *task, TrioTask *by)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_TASK_SCHEDULED };

  record.task = serial_of (task);
  record.other = serial_of (by);
  write_record (self, &record);
}

static void
on_before_task_step (TrioInstrument *instrument, TrioTask *task)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_STEP_BEGUN };

  record.task = serial_of (task);
  write_record (self, &record);
  if (self->virtual_time || self->time_us - self->written_us >= UNWRITTEN_US_MAX)
    write_out (self);
}

static void
on_after_task_step (TrioInstrument *instrument, TrioTask *task)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_STEP_ENDED };

  record.task = serial_of (task);
  switch (trio_task_get_state (task))
    {
    case TRIO_TASK_BLOCKED:
      record.how = TRIO_TRACE_STATE_BLOCKED;
      record.what = trio_task_get_wait (task);
      g_string_truncate (self->words, 0);
      trio_task_describe_wait (task, self->words);
      /* Only what the name does not say already. */
      if (g_strcmp0 (self->words->str, record.what) != 0)
        record.text = self->words->str;
      break;
    case TRIO_TASK_DONE:
      record.how = TRIO_TRACE_STATE_DONE;
      break;
    case TRIO_TASK_RUNNABLE:
    case TRIO_TASK_RUNNING:
    default:
      record.how = TRIO_TRACE_STATE_RUNNABLE;
      break;
    }
  write_record (self, &record);
}

static void
on_task_exited (TrioInstrument *instrument, TrioTask *task, const GError *error)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_TASK_EXITED };

  record.task = serial_of (task);
  if (error == NULL)
    record.how = TRIO_TRACE_EXIT_OK;
  else if (g_error_matches (error, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    record.how = TRIO_TRACE_EXIT_CANCELLED;
  else if (g_error_matches (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT))
    record.how = TRIO_TRACE_EXIT_INTERRUPTED;
  else
    record.how = TRIO_TRACE_EXIT_ERROR;
  record.text = error != NULL ? error->message : NULL;
  write_record (self, &record);
}

static void
on_before_io_wait (TrioInstrument *instrument, gint64 due)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_IO_WAIT_BEGUN };
  gint64 now = trio_is_watched () ? trio_current_time () : due;

  /* 0: without limit; else how long at most, plus 1. */
  if (due != G_MAXINT64)
    record.value = due > now ? (guint64) due - (guint64) now + 1 : 1;
  write_record (self, &record);
  write_out (self);
}

static void
on_after_io_wait (TrioInstrument *instrument)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_IO_WAIT_ENDED };

  write_record (self, &record);
}

static void
on_scope_opened (TrioInstrument *instrument, TrioTask *task, TrioCancelScope *scope)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_SCOPE_OPENED };
  TrioCancelScope *parent = trio_cancel_scope_get_parent (scope);

  record.task = serial_of (task);
  record.scope = trio_cancel_scope_get_serial (scope);
  record.other = parent != NULL ? trio_cancel_scope_get_serial (parent) : 0;
  record.how = trio_cancel_scope_is_nursery (scope);
  record.what = basename_of (trio_cancel_scope_get_where (scope));
  write_record (self, &record);
}

static void
on_scope_closed (TrioInstrument *instrument, TrioTask *task, TrioCancelScope *scope)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_SCOPE_CLOSED };

  record.task = serial_of (task);
  record.scope = trio_cancel_scope_get_serial (scope);
  write_record (self, &record);
}

static void
on_scope_cancelled (TrioInstrument *instrument, TrioCancelScope *scope)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_SCOPE_CANCELLED };

  record.scope = trio_cancel_scope_get_serial (scope);
  record.other = serial_of (trio_current_task ());
  record.text = trio_cancel_scope_get_reason (scope);
  write_record (self, &record);
}

static void
on_interrupted (TrioInstrument *instrument)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_INTERRUPTED };

  write_record (self, &record);
}

static void
on_decided (TrioInstrument *instrument, const TrioChoicePoint *point, guint32 value)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_DECIDED };

  record.task = serial_of (point->task);
  record.name = point->label;
  record.value = value;
  record.bound = point->bound;
  record.step = point->step;
  record.what = point->what;
  if (point->nth_task != NULL)
    record.other = serial_of (point->nth_task (point, value));
  g_string_truncate (self->words, 0);
  if (point->describe != NULL)
    point->describe (point, value, self->words);
  record.text = self->words->str;
  write_record (self, &record);
}

static void
on_annotated (TrioInstrument *instrument, TrioTask *task, const char *text)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = TRIO_TRACE_ANNOTATED };

  record.task = serial_of (task);
  record.text = text;
  write_record (self, &record);
}

static void
on_flow (TrioInstrument *instrument, TrioTask *task, guint64 id, gboolean begins, const char *label)
{
  TrioTraceRecorder *self = recorder_of (instrument);
  TrioTraceRecord record = { .type = begins ? TRIO_TRACE_FLOW_BEGUN : TRIO_TRACE_FLOW_ENDED };

  record.task = serial_of (task);
  record.id = id;
  record.name = label;
  write_record (self, &record);
}

static const TrioInstrument hooks = {
  .name = "trace",
  .run_started = on_run_started,
  .run_finished = on_run_finished,
  .task_spawned = on_task_spawned,
  .task_scheduled = on_task_scheduled,
  .before_task_step = on_before_task_step,
  .after_task_step = on_after_task_step,
  .task_exited = on_task_exited,
  .before_io_wait = on_before_io_wait,
  .after_io_wait = on_after_io_wait,
  .scope_opened = on_scope_opened,
  .scope_closed = on_scope_closed,
  .scope_cancelled = on_scope_cancelled,
  .interrupted = on_interrupted,
  .decided = on_decided,
  .annotated = on_annotated,
  .flow = on_flow,
};

/* What the program calls; documented in <trio/lowlevel/trace.h>. */

TrioTraceRecorder *
trio_trace_recorder_new (const char *path, const char *program, gboolean virtual_time, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  FILE *file = g_fopen (path, "wbe");

  if (file == NULL)
    {
      int why = errno;

      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (why), "could not open the trace “%s”: %s", path, g_strerror (why));
      return NULL;
    }
  /* The buffer is ours: a fork must not write it twice. */
  setvbuf (file, NULL, _IONBF, 0);

  TrioTraceRecorder *self = g_new0 (TrioTraceRecorder, 1);

  self->instrument = hooks;
  self->path = g_strdup (path);
  self->file = file;
  self->words = g_string_new (NULL);
  self->virtual_time = virtual_time;
  self->start_us = G_MININT64;
  self->writer = trio_trace_writer_new (virtual_time ? TRIO_TRACE_FLAG_VIRTUAL_TIME : 0, program);
  /* The header at once: a run that dies on its first step leaves a trace, not an empty file. */
  write_out (self);
  return self;
}

TrioInstrument *
trio_trace_recorder_get_instrument (TrioTraceRecorder *recorder)
{
  g_return_val_if_fail (recorder != NULL, NULL);

  return &recorder->instrument;
}

void
trio_trace_recorder_set_outcome (TrioTraceRecorder *recorder, gboolean ok, const char *outcome)
{
  TrioTraceRecord record = { .type = TRIO_TRACE_OUTCOME };

  g_return_if_fail (recorder != NULL);

  /* Not the clock: the run may be over. */
  record.how = ok ? 1 : 0;
  record.text = outcome;
  write_record (recorder, &record);
}

gboolean
trio_trace_recorder_close (TrioTraceRecorder *recorder, GError **error)
{
  g_return_val_if_fail (recorder != NULL, FALSE);

  if (recorder->file != NULL)
    {
      trio_trace_writer_end (recorder->writer);
      write_out (recorder);
      if (fclose (recorder->file) != 0 && recorder->write_error == NULL)
        {
          int why = errno;

          recorder->write_error = g_error_new (G_FILE_ERROR, g_file_error_from_errno (why), "could not close the trace “%s”: %s",
                                               recorder->path, g_strerror (why));
        }
      recorder->file = NULL;
    }

  if (recorder->write_error != NULL && error != NULL)
    *error = g_error_copy (recorder->write_error);
  return recorder->write_error == NULL;
}

void
trio_trace_recorder_free (TrioTraceRecorder *recorder)
{
  if (recorder == NULL)
    return;

  trio_trace_recorder_close (recorder, NULL);
  trio_trace_writer_free (recorder->writer);
  g_string_free (recorder->words, TRUE);
  g_clear_error (&recorder->write_error);
  g_free (recorder->path);
  g_free (recorder);
}
