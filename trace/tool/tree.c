/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio-trace tree: the tasks under those whose nurseries they lived in: life span, steps, how each ended, and what those that did
 * not end wait for. What one wants to see first after a deadlock. */

#include "trace/tool/commands.h"
#include "trace/tool/words.h"

#include <string.h>

#define NAME_COLUMN_WIDTH 32

/* Nobody reads a tree deeper than this, and the stack has an end. */
#define DEPTH_MAX 500

static void
append_fate (GString *out, const TraceTask *task)
{
  if (task->exited)
    {
      const char *fates[] = { "returned", "FAILED", "cancelled", "interrupted" };

      g_string_append (out, task->how < G_N_ELEMENTS (fates) ? fates[task->how] : "ended");
      trace_append_colon (out, task->error);
      return;
    }

  switch (task->state)
    {
    case TRIO_TRACE_STATE_BLOCKED:
      g_string_append (out, "WAITS in ");
      trace_append_wait (out, task->wait, task->detail);
      g_string_append (out, " since ");
      trace_append_time (out, task->since_us);
      break;
    case TRIO_TRACE_STATE_DONE:
      g_string_append (out, "has run to its end");
      break;
    case TRIO_TRACE_STATE_RUNNABLE:
    default:
      g_string_append (out, task->steps == 0 ? "never ran" : "was running, or could");
      break;
    }
}

static void
print_task (const TraceTask *task, const char *branch)
{
  g_autoptr (GString) line = g_string_new (branch);
  const char *last = strrchr (task->path, '/');

  trace_append_plain (line, last != NULL ? last + 1 : task->path);
  for (glong width = g_utf8_strlen (line->str, -1); width < NAME_COLUMN_WIDTH; width++)
    g_string_append_c (line, ' ');
  g_string_append (line, "  ");
  trace_append_time (line, task->born_us);
  g_string_append (line, " – ");
  if (task->exited)
    trace_append_time (line, task->exited_us);
  else
    g_string_append (line, "…       ");
  g_string_append_printf (line, "  %5" G_GUINT64_FORMAT " %s  ", task->steps, task->steps == 1 ? "step " : "steps");
  append_fate (line, task);
  trace_put_line (line->str);
}

/* Children by parent, each list in order of birth. */
static GHashTable *
collect_children (const Trace *trace)
{
  GHashTable *children = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);

  for (guint i = 0; i < trace->tasks->len; i++)
    {
      TraceTask *task = g_ptr_array_index (trace->tasks, i);
      TraceTask *parent = trace_find_task (trace, task->parent);
      GPtrArray *siblings = g_hash_table_lookup (children, parent);

      if (siblings == NULL)
        {
          siblings = g_ptr_array_new ();
          g_hash_table_insert (children, parent, siblings);
        }
      g_ptr_array_add (siblings, task);
    }
  return children;
}

/* `indent` stands before the children of parent. */
static void
print_children (GHashTable *children, const TraceTask *parent, const char *indent, guint depth)
{
  GPtrArray *siblings = g_hash_table_lookup (children, parent);

  if (siblings != NULL && depth == DEPTH_MAX)
    {
      g_autofree char *line = g_strconcat (indent, "… and deeper", NULL);

      trace_put_line (line);
      return;
    }

  for (guint i = 0; siblings != NULL && i < siblings->len; i++)
    {
      const TraceTask *task = g_ptr_array_index (siblings, i);
      gboolean last = i + 1 == siblings->len;
      gboolean root = parent == NULL || trace_task_is_init (parent);
      g_autofree char *branch = g_strconcat (indent, root ? "" : last ? "└─ " : "├─ ", NULL);
      g_autofree char *below = g_strconcat (indent, root ? "" : last ? "   " : "│  ", NULL);

      if (trace_task_is_init (task))
        {
          print_children (children, task, indent, 0);
          continue;
        }
      print_task (task, branch);
      print_children (children, task, below, depth + 1);
    }
}

static void
print_outcome (const Trace *trace)
{
  for (guint i = 0; i < trace->events->len; i++)
    {
      const TrioTraceRecord *record = &trace_get_event (trace, i)->record;
      g_autoptr (GString) line = NULL;

      if (record->type != TRIO_TRACE_OUTCOME)
        continue;
      line = g_string_new (record->how != 0 ? "outcome: good" : "outcome: FAILED");
      if (*record->text != '\0')
        g_string_append (line, ": ");
      trace_append_plain (line, record->text);
      trace_put_line ("");
      trace_put_line (line->str);
    }
}

int
trace_command_tree (int argc, char **argv)
{
  const char *about = "Prints the tasks as a tree, in order of birth: when each lived (seconds since the start), its steps, how\n"
                      "it ended or what it waits for at the end.";
  int code;
  g_auto (GStrv) files = trace_parse_arguments (argc, argv, NULL, "FILE", 1, about, &code);

  if (files == NULL)
    return code;

  g_autoptr (Trace) trace = trace_open (files[0]);

  if (trace == NULL)
    return TRACE_EXIT_USAGE;

  g_autoptr (GHashTable) children = collect_children (trace);

  print_children (children, NULL, "", 0);
  print_outcome (trace);
  return trace_exit_code (trace);
}
