/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A run as text: the task tree, and what each task waits for.
 *
 * Always true:
 *  1. Nothing here changes a run, switches, or asks the choice seam. So a dump may be taken at any moment on the thread of the run:
 *     in a task, in the loop, between turns, from a debugger.
 *  2. Without addresses the text depends on what the run did and on its clock, on nothing else.
 *  3. The frames of a task are those in which its fiber stopped, unless we stand on its stack ourselves: then its fiber has stopped
 *     nowhere, or the loop goes on there after the task has stopped, and an unwinder that starts here finds them.
 */

#include <string.h>
#include <trio/lowlevel/dump.h>

#include "core/kernel.h"

/* Of nested scopes so many are told; the innermost tell most. */
#define SCOPES_MAX 16

static void append_stack (TrioTask *task, int indent, TrioDumpFlags flags, GString *out);

/* --- words --- */

/* Two units, the larger one first. */
static const struct
{
  GTimeSpan    large, small;
  const char  *large_name, *small_name;
} unit_pairs[] = {
  { G_TIME_SPAN_DAY, G_TIME_SPAN_HOUR, "d", "h" },
  { G_TIME_SPAN_HOUR, G_TIME_SPAN_MINUTE, "h", "min" },
  { G_TIME_SPAN_MINUTE, G_TIME_SPAN_SECOND, "min", "s" },
};

void
trio_append_span (GString *out, GTimeSpan span)
{
  GTimeSpan tenth = span < G_TIME_SPAN_SECOND ? G_TIME_SPAN_MILLISECOND / 10 : G_TIME_SPAN_SECOND / 10;

  for (guint i = 0; i < G_N_ELEMENTS (unit_pairs); i++)
    if (span >= unit_pairs[i].large)
      {
        g_string_append_printf (out, "%" G_GINT64_FORMAT " %s %" G_GINT64_FORMAT " %s",
                                span / unit_pairs[i].large, unit_pairs[i].large_name,
                                span % unit_pairs[i].large / unit_pairs[i].small, unit_pairs[i].small_name);
        return;
      }

  if (span < G_TIME_SPAN_MILLISECOND)
    g_string_append_printf (out, "%" G_GINT64_FORMAT " us", MAX (span, 0));
  else
    {
      /* Cut off, not rounded, or it might become a thousand; and tenths only of what is small. */
      GTimeSpan tenths = span / tenth;

      g_string_append_printf (out, "%d", (int) (tenths / 10));
      if (tenths < 100 && tenths % 10 != 0)
        g_string_append_printf (out, ".%d", (int) (tenths % 10));
      g_string_append (out, span < G_TIME_SPAN_SECOND ? " ms" : " s");
    }
}

TrioSpanText
trio_span_in_seconds (GTimeSpan span)
{
  const guint64 second = G_TIME_SPAN_SECOND;
  guint64 size = span < 0 ? -(guint64) span : (guint64) span;
  guint64 fraction = size % second;
  guint digits = 6;
  TrioSpanText out;

  while (digits > 0 && fraction % 10 == 0)
    {
      fraction /= 10;
      digits--;
    }
  g_snprintf (out.text, sizeof out.text, "%s%" G_GUINT64_FORMAT "%s%.*" G_GUINT64_FORMAT " s", span < 0 ? "-" : "", size / second,
              digits > 0 ? "." : "", (int) digits, fraction);
  return out;
}

void
trio_task_append_state (TrioTask *task, GString *out)
{
  switch ((TrioTaskState) task->state)
    {
    case TRIO_TASK_BLOCKED:
      g_string_append (out, "waits in ");
      trio_task_describe_wait (task, out);
      break;

    case TRIO_TASK_RUNNABLE:
      g_string_append (out, "can run");
      break;

    case TRIO_TASK_RUNNING:
      g_string_append (out, "runs");
      break;

    case TRIO_TASK_DONE:
      g_string_append (out, "has ended");
      break;
    }
}

void
trio_append_stack_line (TrioTask *task, guint indent, GString *out)
{
  append_stack (task, (int) indent, TRIO_DUMP_STACKS, out);
}

void
trio_append_deadlock (GString *out, guint n_tasks)
{
  g_string_append_printf (out, n_tasks == 1 ? "%u task waits for what can never come" : "%u tasks wait for what can never come",
                          n_tasks);
}

/* --- the tree --- */

typedef struct
{
  TrioLoop      *loop;
  TrioDumpFlags  flags;
  gint64         now;
  GString       *out;
  int            indent;
} Dump;

static void
begin_line (const Dump *dump, int deeper)
{
  g_string_append_printf (dump->out, "\n%*s", dump->indent + deeper, "");
}

static void
append_due (const Dump *dump, gint64 due)
{
  g_string_append (dump->out, due < dump->now ? "passed " : "in ");
  trio_append_span (dump->out, ABS (due - dump->now));
  if (due < dump->now)
    g_string_append (dump->out, " ago");
}

static void
append_scope (const Dump *dump, TrioCancelScope *scope)
{
  begin_line (dump, 4);
  g_string_append_printf (dump->out, "in the %s opened at %s", scope->nursery != NULL ? "nursery" : "scope",
                          trio_cancel_scope_get_where (scope));
  if (scope->due != G_MAXINT64)
    {
      g_string_append (dump->out, ", deadline ");
      append_due (dump, scope->due);
    }
  if (scope->shield)
    g_string_append (dump->out, ", shielded");
  if (scope->reason != NULL)
    g_string_append_printf (dump->out, ", %s", scope->reason);
  else if (scope->grace != NULL)
    g_string_append_printf (dump->out, ", asked to end gracefully%s%s", scope->grace->why != NULL ? ": " : "",
                            scope->grace->why != NULL ? scope->grace->why : "");
}

/* Those it opened, innermost first. */
static void
append_scopes (const Dump *dump, TrioTask *task)
{
  guint n = 0;

  for (TrioCancelScope *scope = task->scope; scope != NULL && scope->task == task; scope = scope->parent)
    if (++n <= SCOPES_MAX)
      append_scope (dump, scope);
  if (n > SCOPES_MAX)
    {
      begin_line (dump, 4);
      g_string_append_printf (dump->out, "… in %u more", n - SCOPES_MAX);
    }
}

/* What the scopes that it opened do not tell. */
static void
append_cancellation (const Dump *dump, TrioTask *task)
{
  TrioCancelScope *source = task->scope->source;

  if (source != NULL && source->task != task)
    {
      begin_line (dump, 4);
      g_string_append (dump->out, source->reason);
    }
  if (task->state == TRIO_TASK_BLOCKED && task->abort_called)
    {
      begin_line (dump, 4);
      g_string_append (dump->out, "told so, but this wait cannot be stopped");
    }
  if (task->interrupt_pending)
    {
      begin_line (dump, 4);
      g_string_append_printf (dump->out, "a Ctrl-C waits for it%s", task->n_interrupt_holds > 0 ? ", and is held off" : "");
    }
}

static void
append_task (TrioTask *task, guint depth, gpointer data)
{
  Dump *dump = data;
  g_autofree char *path = NULL;

  /* The run's own first task only waits for the others. */
  if (depth == 0)
    return;
  dump->indent = 2 * (int) depth;
  path = trio_task_dup_path (task);
  begin_line (dump, 0);
  g_string_append_printf (dump->out, "%s (%" G_GUINT64_FORMAT ")", task->name, task->serial);
  if (!g_str_equal (path, task->name))
    g_string_append_printf (dump->out, ", %s", path);
  g_string_append (dump->out, task->system ? ", of the runtime: " : ": ");
  trio_task_append_state (task, dump->out);
  if (task->state == TRIO_TASK_BLOCKED)
    {
      g_string_append (dump->out, ", for ");
      trio_append_span (dump->out, dump->now - task->blocked_since);
    }
  append_scopes (dump, task);
  append_cancellation (dump, task);
  append_stack (task, dump->indent + 4, dump->flags, dump->out);
}

static void
append_head (const Dump *dump)
{
  TrioLoop *loop = dump->loop;
  gsize n = loop->n_tasks - (loop->init != NULL);
  gint64 next = trio_deadlines_peek (&loop->deadlines);

  g_string_append_printf (dump->out, "%s: %" G_GSIZE_FORMAT " task%s", loop->world->name, n, n == 1 ? "" : "s");
  if (loop->n_runnable > 0)
    g_string_append_printf (dump->out, ", %" G_GSIZE_FORMAT " can run", loop->n_runnable);
  if (loop->running != NULL)
    g_string_append_printf (dump->out, ", \"%s\" runs", loop->running->name);
  if (next != G_MAXINT64)
    {
      g_string_append (dump->out, ", next deadline ");
      append_due (dump, next);
    }
  if (loop->n_holds > 0)
    g_string_append_printf (dump->out, ", %u thing%s outside at work for it", loop->n_holds, loop->n_holds == 1 ? "" : "s");
}

void
trio_loop_append_dump (TrioLoop *loop, TrioDumpFlags flags, GString *out)
{
  Dump dump = { .loop = loop, .flags = flags, .now = loop->world->clock->now (loop->world->clock), .out = out };
  TrioLoop *outer = trio_loop_of_thread;

  /* For what describes waits. */
  trio_loop_of_thread = loop;
  append_head (&dump);
  trio_loop_foreach (loop, append_task, &dump);
  g_string_append_c (out, '\n');
  trio_loop_of_thread = outer;
}

/* --- the front door --- */

char *
trio_dump_to_string (TrioDumpFlags flags)
{
  g_autoptr (GPtrArray) loops = trio_loops_of_thread ();
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < loops->len; i++)
    trio_loop_append_dump (g_ptr_array_index (loops, i), flags, out);
  if (loops->len == 0)
    g_string_append (out, "there is no run on this thread\n");
  return g_string_free (out, FALSE);
}

void
trio_dump (void)
{
  g_autofree char *text = trio_dump_to_string (TRIO_DUMP_STACKS);

  g_printerr ("%s", text);
}

/* --- stacks --- */

/* A line break and "stack: …", or nothing. */
static void
append_stack (TrioTask *task, int indent, TrioDumpFlags flags, GString *out)
{
  TrioWorld *world = task->loop->world;
  gsize before = out->len;
  gsize empty;

  if ((flags & (TRIO_DUMP_STACKS | TRIO_DUMP_ADDRESSES)) == 0 || world->append_stack == NULL)
    return;
  g_string_append_printf (out, "\n%*sstack: ", indent, "");
  empty = out->len;
  world->append_stack (task, flags, out);
  if (out->len == empty)
    g_string_truncate (out, before);
}

typedef struct
{
  TrioStackView  view;
  TrioStackLook  look;
  gpointer       data;
} Looking;

static void
look_on (gpointer data)
{
  const Looking *looking = data;

  looking->look (&looking->view, looking->data);
}

gboolean
trio_task_look (TrioTask *task, TrioStackLook look, gpointer data)
{
  const char *here = __builtin_frame_address (0);
  const char *low = (const char *) task->stack_top - trio_stack_pool_get_usable (task->loop->stacks);
  Looking looking = { .view = { .task = task, .low = low, .high = task->stack_top }, .look = look, .data = data };

  if (here >= low && here < (const char *) task->stack_top)
    looking.view.low = here;
  else if (task->fiber.sp != NULL || task->loop->home != &trio_loop_of_thread)
    return trio_fiber_look (&task->fiber, look_on, &looking);
  /* Else it runs on this thread, and a signal handler on a stack of its own has interrupted it. */
  look_on (&looking);
  return TRUE;
}
