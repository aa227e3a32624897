/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio-trace diff: the first event at which two runs part. Event by event and not by the longest common part: two runs of one
 * program that have parted once have nothing more to say to each other. */

#include "trace/tool/commands.h"
#include "trace/tool/words.h"

#include <stdio.h>

static void
print_event (const Trace *trace, guint i, const char *mark)
{
  g_autofree char *line = i < trace->events->len ? trace_event_to_line (trace, trace_get_event (trace, i), TRUE) : NULL;
  g_autofree char *marked = g_strconcat (mark, line != NULL ? line : "(nothing more)", NULL);

  trace_put_line (marked);
}

/* How many events at the front are the same in both. */
static guint
count_common (const Trace *a, const Trace *b, gboolean with_times)
{
  guint n = MIN (a->events->len, b->events->len);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *line_a = trace_event_to_line (a, trace_get_event (a, i), with_times);
      g_autofree char *line_b = trace_event_to_line (b, trace_get_event (b, i), with_times);

      if (!g_str_equal (line_a, line_b))
        return i;
    }
  return n;
}

static void
print_side (const Trace *trace, guint from, guint n, const char *mark)
{
  g_autofree char *plain = g_strconcat (mark, trace->path, NULL);

  trace_put_line (plain);
  for (guint i = from; i < from + n && i <= trace->events->len; i++)
    print_event (trace, i, mark);
}

int
trace_command_diff (int argc, char **argv)
{
  gboolean times = FALSE;
  int context = 5;
  const GOptionEntry entries[] = {
    { "times", 't', 0, G_OPTION_ARG_NONE, &times, "Compare times too, also those of real clocks", NULL },
    { "context", 'c', 0, G_OPTION_ARG_INT, &context, "Events to show before and after (5)", "N" },
    G_OPTION_ENTRY_NULL
  };
  const char *about = "Shows the first event at which two runs part. Times count if both are virtual.\n"
                      "Exit code 0: the same; 1: not, or a file was cut.";
  int code;
  g_auto (GStrv) files = trace_parse_arguments (argc, argv, entries, "A B", 2, about, &code);

  if (files == NULL)
    return code;
  if (context < 0 || context > 1000000)
    {
      fputs ("trio-trace diff: --context needs a number from 0 to 1000000\n", stderr);
      return TRACE_EXIT_USAGE;
    }

  g_autoptr (Trace) a = trace_open (files[0]);
  g_autoptr (Trace) b = trace_open (files[1]);

  if (a == NULL || b == NULL)
    return TRACE_EXIT_USAGE;

  times = times || (a->virtual_time && b->virtual_time);

  guint common = count_common (a, b, times);
  guint before = MIN (common, (guint) context);

  if (common == a->events->len && common == b->events->len)
    {
      printf ("the same: %u events%s\n", common, times ? "" : ", times not compared");
      return a->cut == NULL && b->cut == NULL ? TRACE_EXIT_GOOD : TRACE_EXIT_PARTIAL;
    }

  printf ("the same for %u events%s, then they part:\n\n", common, times ? "" : " (times not compared)");
  if (common > before)
    trace_put_line ("    …");
  for (guint i = common - before; i < common; i++)
    print_event (a, i, "    ");
  trace_put_line ("");
  print_side (a, common, context + 1, "A   ");
  trace_put_line ("");
  print_side (b, common, context + 1, "B   ");
  return TRACE_EXIT_PARTIAL;
}
