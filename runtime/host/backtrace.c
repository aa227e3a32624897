/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Unwinding, and putting stacks into words; see backtrace.h. */

#include "host/backtrace.h"

#include <string.h>
#include <unwind.h>

#include "host/symbols.h"

/* --- unwinding --- */

typedef struct
{
  TrioFrames    *frames;
  gconstpointer  low, high;
} Walk;

static _Unwind_Reason_Code
note_frame (struct _Unwind_Context *context, void *data)
{
  Walk *walk = data;
  const char *sp = (const char *) _Unwind_GetCFA (context);
  int is_exact = 0;
  guintptr pc = _Unwind_GetIPInfo (context, &is_exact);

  if (pc == 0 || walk->frames->n == TRIO_FRAMES_MAX)
    return _URC_END_OF_STACK;
  /* The first ones are those of whoever looks, perhaps on another stack. */
  if (sp < (const char *) walk->low || sp >= (const char *) walk->high)
    return walk->frames->n == 0 ? _URC_NO_REASON : _URC_END_OF_STACK;
  /* A return address may be the first of what comes after the function. */
  walk->frames->pc[walk->frames->n++] = is_exact ? pc : pc - 1;
  return _URC_NO_REASON;
}

static void
walk_from_here (const TrioStackView *view, gpointer data)
{
  Walk walk = { .frames = data, .low = view->low, .high = view->high };

  _Unwind_Backtrace (note_frame, &walk);
}

void
trio_frames_of_task (TrioTask *task, TrioFrames *frames)
{
  frames->n = 0;
  trio_task_look (task, walk_from_here, frames);
}

void
trio_frames_prepare (void)
{
  TrioFrames frames = { 0 };
  Walk walk = { .frames = &frames, .low = NULL, .high = NULL };

  _Unwind_Backtrace (note_frame, &walk);
}

/* --- words --- */

/* How a task that waits came from the public function to the switch, and how it came from the bottom of its stack to its function:
 * the same in every stack. The compiler may have left some of these out. */
static const char *const inner_names[] = {
  "trio_fiber_jump", "trio_fiber_switch", "trio_loop_switch_away", "trio_task_yield", "trio_wait", "trio_parking_lot_park_as",
  "swapcontext",
};
static const char *const outer_names[] = {
  "trio_fiber_bottom", "begin_sanitized", "task_entry", "main_task", "__start_context",
};
/* In which of these the loop may begin turns, on the stack of the task that has stopped there. */
static const char *const turning_names[] = { "trio_loop_switch_away", "trio_task_yield" };
/* Through which of these a dump came to look at the task that asked for it. */
static const char *const looking_names[] = { "trio_loop_append_dump", "trio_dump_to_string", "trio_dump" };
#define LOOKING_DEPTH 12

static gboolean
is_among (const char *const *names, guint n_names, const TrioSymbol *symbol)
{
  for (guint i = 0; i < n_names; i++)
    if (symbol->function != NULL && g_str_equal (symbol->function, names[i]))
      return TRUE;
  return FALSE;
}

/* How many frames are those of the machinery that stopped or looked. */
static guint
count_inner (const TrioSymbol *symbols, guint n, const char *what)
{
  guint first = 0;

  for (guint i = 0; i < MIN (n, LOOKING_DEPTH); i++)
    if (is_among (looking_names, G_N_ELEMENTS (looking_names), &symbols[i]))
      first = i + 1;
  /* What the loop does there is not the task's. */
  for (guint i = 0; i < n; i++)
    if (is_among (turning_names, G_N_ELEMENTS (turning_names), &symbols[i]))
      first = i + 1;
  for (guint i = first; what != NULL && i < MIN (n, first + LOOKING_DEPTH); i++)
    if (g_strcmp0 (symbols[i].function, what) == 0)
      return i;
  while (first < n && is_among (inner_names, G_N_ELEMENTS (inner_names), &symbols[first]))
    first++;
  return first;
}

static void
append_frame (const TrioSymbol *symbol, guintptr pc, gboolean exactly, GString *out)
{
  if (symbol->function != NULL)
    g_string_append (out, symbol->function);
  else if (symbol->file != NULL)
    g_string_append_printf (out, "%s+0x%" G_GSIZE_MODIFIER "x", symbol->file, symbol->file_offset);
  else
    g_string_append (out, "?");
  if (!exactly)
    return;
  if (symbol->function != NULL)
    g_string_append_printf (out, "+0x%" G_GSIZE_MODIFIER "x [%s+0x%" G_GSIZE_MODIFIER "x]", symbol->offset, symbol->file,
                            symbol->file_offset);
  else if (symbol->file == NULL)
    g_string_append_printf (out, "0x%" G_GINTPTR_MODIFIER "x", pc);
}

void
trio_frames_append (const TrioFrames *frames, const char *what, TrioDumpFlags flags, GString *out)
{
  gboolean exactly = (flags & TRIO_DUMP_ADDRESSES) != 0;
  TrioSymbol symbols[TRIO_FRAMES_MAX];
  guint first = 0, end = frames->n;

  for (guint i = 0; i < frames->n; i++)
    {
      symbols[i] = trio_symbol_find (frames->pc[i]);
      /* The bottom of a task that has not run yet was called by nobody. */
      if (symbols[i].function == NULL)
        symbols[i] = trio_symbol_find (frames->pc[i] + 1);
    }
  if (!exactly)
    {
      first = count_inner (symbols, end, what);
      /* A debugger that calls us leaves a frame which is nobody's, and hides what is below it. */
      while (end > first && symbols[end - 1].file == NULL)
        end--;
      while (end > first && is_among (outer_names, G_N_ELEMENTS (outer_names), &symbols[end - 1]))
        end--;
    }

  for (guint i = first; i < end; i++)
    {
      if (i > first)
        g_string_append (out, " < ");
      append_frame (&symbols[i], frames->pc[i], exactly, out);
    }
  if (frames->n == TRIO_FRAMES_MAX)
    g_string_append (out, " < …");
}

void
trio_task_append_stack (TrioTask *task, TrioDumpFlags flags, GString *out)
{
  TrioFrames frames;

  trio_frames_of_task (task, &frames);
  trio_frames_append (&frames, trio_task_get_wait (task), flags, out);
}

void
trio_append_stack_here (const char *from, TrioDumpFlags flags, GString *out)
{
  TrioFrames frames = { 0 };
  Walk walk = { .frames = &frames, .low = NULL, .high = (gconstpointer) (guintptr) G_MAXSIZE };

  _Unwind_Backtrace (note_frame, &walk);
  trio_frames_append (&frames, from, flags, out);
}
