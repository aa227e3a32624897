/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* See json.h. Events are written from the codec's table of fields, so that a new record needs nothing here. */

#include "trace/tool/json.h"

static void
append_string (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (const char *at = text; *at != '\0'; at++)
    {
      guchar c = *at;

      if (c == '"' || c == '\\')
        {
          g_string_append_c (out, '\\');
          g_string_append_c (out, c);
        }
      else if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x7f)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_c (out, c);
    }
  g_string_append_c (out, '"');
}

/* JavaScript's numbers are exact up to 2^53; beyond that only a broken file goes. */
static void
append_number (GString *out, guint64 number)
{
  g_string_append_printf (out, "%" G_GUINT64_FORMAT, number);
}

/* The names that events use, numbered in order of first use. */
typedef struct
{
  GHashTable *numbers;
  GPtrArray  *names;
} Names;

static guint
number_of (Names *names, const char *name)
{
  gpointer number;

  if (g_hash_table_lookup_extended (names->numbers, name, NULL, &number))
    return GPOINTER_TO_UINT (number);
  g_hash_table_insert (names->numbers, (gpointer) name, GUINT_TO_POINTER (names->names->len));
  g_ptr_array_add (names->names, (gpointer) name);
  return names->names->len - 1;
}

static void
append_event (GString *out, const TrioTraceRecord *record, Names *names)
{
  const TrioTraceShape *shape = trio_trace_get_shape (record->type);

  g_string_append_printf (out, "[%d,%" G_GINT64_FORMAT, record->type, record->time_us);
  for (guint i = 0; i < shape->n_fields; i++)
    {
      const TrioTraceField *field = &shape->fields[i];

      g_string_append_c (out, ',');
      switch (field->kind)
        {
        case TRIO_TRACE_FIELD_NUMBER:
          append_number (out, trio_trace_record_get_number (record, field));
          break;
        case TRIO_TRACE_FIELD_NAME:
          append_number (out, number_of (names, trio_trace_record_get_string (record, field)));
          break;
        case TRIO_TRACE_FIELD_TEXT:
          append_string (out, trio_trace_record_get_string (record, field));
          break;
        }
    }
  g_string_append_c (out, ']');
}

static void
append_events (GString *out, const Trace *trace, Names *names)
{
  g_string_append (out, ",\n\"events\":[");
  for (guint i = 0; i < trace->events->len; i++)
    {
      g_string_append (out, i > 0 ? ",\n" : "\n");
      append_event (out, &trace_get_event (trace, i)->record, names);
    }
  g_string_append (out, "]");
}

static void
append_tasks (GString *out, const Trace *trace)
{
  g_string_append (out, ",\n\"tasks\":[");
  for (guint i = 0; i < trace->tasks->len; i++)
    {
      const TraceTask *task = g_ptr_array_index (trace->tasks, i);

      g_string_append (out, i > 0 ? ",\n[" : "\n[");
      append_number (out, task->serial);
      g_string_append_c (out, ',');
      append_number (out, task->parent);
      g_string_append_c (out, ',');
      append_string (out, task->label);
      g_string_append_c (out, ',');
      append_string (out, task->path);
      g_string_append (out, trace_task_is_init (task) ? ",true]" : ",false]");
    }
  g_string_append (out, "]");
}

static void
append_shapes (GString *out)
{
  guint n_shapes;
  const TrioTraceShape *shapes = trio_trace_get_shapes (&n_shapes);

  g_string_append (out, ",\n\"shapes\":{");
  for (guint i = 0; i < n_shapes; i++)
    {
      g_string_append_printf (out, "%s\"%d\":[\"%s\"", i > 0 ? ",\n" : "\n", shapes[i].type, shapes[i].name);
      for (guint j = 0; j < shapes[i].n_fields; j++)
        g_string_append_printf (out, ",\"%s%s\"", shapes[i].fields[j].name,
                                shapes[i].fields[j].kind == TRIO_TRACE_FIELD_NAME ? "$" : "");
      g_string_append_c (out, ']');
    }
  g_string_append (out, "}");
}

void
trace_append_json (GString *out, const Trace *trace)
{
  g_autoptr (GHashTable) numbers = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  Names names = { numbers, list };

  number_of (&names, "");
  g_string_append (out, "{\"program\":");
  append_string (out, trace->program);
  g_string_append_printf (out, ",\"virtual\":%s,\"cut\":", trace->virtual_time ? "true" : "false");
  if (trace->cut != NULL)
    append_string (out, trace->cut->message);
  else
    g_string_append (out, "null");
  g_string_append (out, ",\"unknown\":");
  append_number (out, trace->n_unknown);
  append_tasks (out, trace);
  append_shapes (out);
  append_events (out, trace, &names);

  g_string_append (out, ",\n\"names\":[");
  for (guint i = 0; i < list->len; i++)
    {
      g_string_append (out, i > 0 ? "," : "");
      append_string (out, g_ptr_array_index (list, i));
    }
  g_string_append (out, "]}\n");
}
