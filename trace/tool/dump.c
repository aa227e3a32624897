/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio-trace dump: every event, one line each, made to be read and to be grepped. */

#include "trace/tool/commands.h"
#include "trace/tool/words.h"

int
trace_command_dump (int argc, char **argv)
{
  const char *about = "Prints one line for each event: the time in seconds since the start, the step that was running\n"
                      "(counted from 1, as the simulator counts), the task, and what happened.";
  int code;
  g_auto (GStrv) files = trace_parse_arguments (argc, argv, NULL, "FILE", 1, about, &code);

  if (files == NULL)
    return code;

  g_autoptr (Trace) trace = trace_open (files[0]);

  if (trace == NULL)
    return TRACE_EXIT_USAGE;

  for (guint i = 0; i < trace->events->len; i++)
    {
      g_autofree char *line = trace_event_to_line (trace, trace_get_event (trace, i), TRUE);

      trace_put_line (line);
    }
  return trace_exit_code (trace);
}
