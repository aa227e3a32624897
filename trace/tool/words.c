/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* See words.h. append_words() is the list of sentences. */

#include "trace/tool/words.h"

#include <string.h>

#define TASK_COLUMN_WIDTH 16

void
trace_append_time (GString *out, gint64 time_us)
{
  g_string_append_printf (out, "%" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT, time_us / G_USEC_PER_SEC, time_us % G_USEC_PER_SEC);
}

void
trace_append_plain (GString *out, const char *text)
{
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (c == '\n')
        g_string_append (out, "\\n");
      else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        g_string_append_printf (out, "\\x%02x", c);
      else
        g_string_append_unichar (out, c);
    }
}

void
trace_append_task (GString *out, const Trace *trace, guint64 serial)
{
  TraceTask *task = trace_find_task (trace, serial);

  if (serial == 0)
    g_string_append (out, "the loop");
  else if (task == NULL)
    g_string_append_printf (out, "task %" G_GUINT64_FORMAT, serial);
  else
    trace_append_plain (out, task->label);
}

void
trace_append_wait (GString *out, const char *wait, const char *detail)
{
  if (*detail == '\0')
    trace_append_plain (out, *wait != '\0' ? wait : "something");
  else if (g_str_has_prefix (detail, wait))
    trace_append_plain (out, detail);
  else
    {
      trace_append_plain (out, wait);
      g_string_append (out, ", ");
      trace_append_plain (out, detail);
    }
}

static void
append_scope (GString *out, const Trace *trace, guint64 serial)
{
  TraceScope *scope = trace_find_scope (trace, serial);

  g_string_append_printf (out, "%s %" G_GUINT64_FORMAT, scope != NULL && scope->nursery ? "nursery scope" : "scope", serial);
  if (scope != NULL && *scope->where != '\0')
    {
      g_string_append (out, " (");
      trace_append_plain (out, scope->where);
      g_string_append_c (out, ')');
    }
}

void
trace_append_colon (GString *out, const char *text)
{
  if (g_str_has_prefix (text, "cancelled: "))
    text += strlen ("cancelled: ");
  if (*text == '\0')
    return;
  g_string_append (out, ": ");
  trace_append_plain (out, text);
}

static void
append_exit (GString *out, const TrioTraceRecord *record)
{
  switch (record->how)
    {
    case TRIO_TRACE_EXIT_OK:
      g_string_append (out, "returns");
      break;
    case TRIO_TRACE_EXIT_ERROR:
      g_string_append (out, "fails");
      break;
    case TRIO_TRACE_EXIT_CANCELLED:
      g_string_append (out, "ends cancelled");
      break;
    case TRIO_TRACE_EXIT_INTERRUPTED:
      g_string_append (out, "ends interrupted");
      break;
    default:
      g_string_append_printf (out, "ends in a way this tool does not know (%" G_GUINT64_FORMAT ")", record->how);
      break;
    }
  trace_append_colon (out, record->text);
}

static void
append_step_end (GString *out, const TrioTraceRecord *record)
{
  switch (record->how)
    {
    case TRIO_TRACE_STATE_RUNNABLE:
      g_string_append (out, "lets others run");
      break;
    case TRIO_TRACE_STATE_BLOCKED:
      g_string_append (out, "waits in ");
      trace_append_wait (out, record->what, record->text);
      break;
    case TRIO_TRACE_STATE_DONE:
      g_string_append (out, "has run to its end");
      break;
    default:
      g_string_append_printf (out, "stops in a state this tool does not know (%" G_GUINT64_FORMAT ")", record->how);
      break;
    }
}

static void
append_decision (GString *out, const TrioTraceRecord *record, const Trace *trace)
{
  g_string_append (out, "decided: ");
  trace_append_plain (out, record->name);
  g_string_append_printf (out, " = %" G_GUINT64_FORMAT " of 0…%" G_GUINT64_FORMAT, record->value,
                          record->bound > 0 ? record->bound - 1 : 0);
  if (*record->what != '\0')
    {
      g_string_append (out, " in ");
      trace_append_plain (out, record->what);
    }
  if (record->other != 0)
    {
      g_string_append (out, ", ");
      trace_append_task (out, trace, record->other);
      g_string_append (out, " goes first");
    }
  trace_append_colon (out, record->text);
}

static void
append_words (GString *out, const Trace *trace, const TrioTraceRecord *record)
{
  switch (record->type)
    {
    case TRIO_TRACE_RUN_STARTED:
      g_string_append (out, "the run starts");
      break;
    case TRIO_TRACE_RUN_FINISHED:
      g_string_append (out, "the run is over");
      break;
    case TRIO_TRACE_OUTCOME:
      g_string_append (out, record->how != 0 ? "outcome: good" : "outcome: FAILED");
      trace_append_colon (out, record->text);
      break;
    case TRIO_TRACE_TASK_SPAWNED:
      g_string_append (out, "is born");
      if (record->other != 0)
        {
          g_string_append (out, ", child of ");
          trace_append_task (out, trace, record->other);
        }
      break;
    case TRIO_TRACE_TASK_SCHEDULED:
      if (record->other == record->task)
        {
          g_string_append (out, "lines up again");
          break;
        }
      g_string_append (out, "becomes runnable, by ");
      trace_append_task (out, trace, record->other);
      break;
    case TRIO_TRACE_STEP_BEGUN:
      g_string_append (out, "runs");
      break;
    case TRIO_TRACE_STEP_ENDED:
      append_step_end (out, record);
      break;
    case TRIO_TRACE_TASK_EXITED:
      append_exit (out, record);
      break;
    case TRIO_TRACE_IO_WAIT_BEGUN:
      g_string_append (out, "waits for the world");
      if (record->value == 0)
        g_string_append (out, ", without limit");
      else if (record->value == 1)
        g_string_append (out, ", only to look");
      else
        {
          g_string_append (out, ", at most ");
          trace_append_time (out, (gint64) MIN (record->value - 1, G_MAXINT64));
          g_string_append (out, " s");
        }
      break;
    case TRIO_TRACE_IO_WAIT_ENDED:
      g_string_append (out, "goes on");
      break;
    case TRIO_TRACE_SCOPE_OPENED:
      g_string_append (out, "opens ");
      append_scope (out, trace, record->scope);
      break;
    case TRIO_TRACE_SCOPE_CLOSED:
      g_string_append (out, "closes ");
      append_scope (out, trace, record->scope);
      break;
    case TRIO_TRACE_SCOPE_CANCELLED:
      g_string_append (out, "cancels ");
      append_scope (out, trace, record->scope);
      trace_append_colon (out, record->text);
      break;
    case TRIO_TRACE_INTERRUPTED:
      g_string_append (out, "Ctrl-C");
      break;
    case TRIO_TRACE_DECIDED:
      append_decision (out, record, trace);
      break;
    case TRIO_TRACE_ANNOTATED:
      g_string_append (out, "says");
      trace_append_colon (out, record->text);
      break;
    case TRIO_TRACE_FLOW_BEGUN:
    case TRIO_TRACE_FLOW_ENDED:
      g_string_append (out, record->type == TRIO_TRACE_FLOW_BEGUN ? "sends “" : "receives “");
      trace_append_plain (out, record->name);
      g_string_append_printf (out, "” (message %" G_GUINT64_FORMAT ")", record->id);
      break;
    case TRIO_TRACE_STRING:
    case TRIO_TRACE_END:
    default:
      g_assert_not_reached ();      /* the reader hands out only events it knows */
    }
}

/* Whose doing an event is: the lane it is told on. */
static guint64
lane_of (const TrioTraceRecord *record)
{
  return record->type == TRIO_TRACE_SCOPE_CANCELLED ? record->other : record->task;
}

char *
trace_event_to_line (const Trace *trace, const TraceEvent *event, gboolean with_time)
{
  GString *out = g_string_new (NULL);
  g_autoptr (GString) task = g_string_new (NULL);

  if (with_time)
    {
      trace_append_time (out, event->record.time_us);
      while (out->len < 12)
        g_string_prepend_c (out, ' ');
      g_string_append (out, "  ");
    }

  if (event->step == TRACE_NO_STEP)
    g_string_append_printf (out, "%6s  ", "");
  else
    g_string_append_printf (out, "%6" G_GUINT64_FORMAT "  ", event->step);

  if (lane_of (&event->record) != 0)
    trace_append_task (task, trace, lane_of (&event->record));
  else
    g_string_append_c (task, '.');
  g_string_append (out, task->str);
  for (glong width = g_utf8_strlen (task->str, -1); width < TASK_COLUMN_WIDTH; width++)
    g_string_append_c (out, ' ');
  g_string_append_c (out, ' ');

  append_words (out, trace, &event->record);
  return g_string_free (out, FALSE);
}
