/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio-trace: reads the traces that the recorder writes. This file knows the command line; each command is a file beside it. */

#include "trace/tool/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef struct
{
  const char *name;
  int       (*run) (int argc, char **argv);
  const char *usage;
  const char *about;
} Command;

static const Command commands[] = {
  { "dump", trace_command_dump, "dump FILE",               "one line for each event: time, step, task, what happened" },
  { "diff", trace_command_diff, "diff [--times] A B",      "where two runs part, with what came before" },
  { "tree", trace_command_tree, "tree FILE",               "the tasks as a tree: how each ended, or what it waits for" },
  { "html", trace_command_html, "html FILE [-o OUT.html]", "a page to look at in a browser; needs no network" },
};

static void
print_help (FILE *out)
{
  fputs ("trio-trace reads what the trace recorder wrote about a run.\n\n", out);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  trio-trace %-24s %s\n", commands[i].usage, commands[i].about);
  fputs ("\nHow to get a trace: in production run the program with TRIO_TRACE=FILE in its environment; in the simulator,\n"
         "PROGRAM replay SCHEDULE --trace FILE.\n\n"
         "`trio-trace COMMAND --help` tells more about one command.\n\n"
         "Exit code: 0 good; 1 the files differ, or a file was cut and what could be read was shown; 2 wrong usage, or a\n"
         "file that cannot be read.\n", out);
}

void
trace_put_line (const char *line)
{
  fputs (line, stdout);
  fputc ('\n', stdout);
}

char **
trace_parse_arguments (int argc, char **argv, const GOptionEntry *entries, const char *files, guint n_files,
                       const char *about, int *code)
{
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *prgname = g_strdup_printf ("trio-trace %s", argv[0]);
  gboolean help = FALSE;
  const GOptionEntry rest[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this text", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &names, NULL, files },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_set_prgname (prgname);
  /* GLib would write the help in the locale's character set and exit; here everything is UTF-8. */
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, about);
  g_option_context_add_main_entries (context, rest, NULL);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    fprintf (stderr, "%s: %s\n", prgname, error->message);
  else if (help)
    {
      g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);

      fputs (text, stdout);
      *code = TRACE_EXIT_GOOD;
      return NULL;
    }
  else if (names == NULL || g_strv_length (names) != n_files)
    fprintf (stderr, "%s: needs %s\n", prgname, n_files == 1 ? "one file" : "two files");
  else
    return g_steal_pointer (&names);

  fprintf (stderr, "Try: %s --help\n", prgname);
  *code = TRACE_EXIT_USAGE;
  return NULL;
}

Trace *
trace_open (const char *path)
{
  g_autoptr (GError) error = NULL;
  Trace *trace = trace_load (path, &error);

  if (trace == NULL)
    fprintf (stderr, "trio-trace: %s\n", error->message);
  else if (trace->cut != NULL)
    fprintf (stderr, "trio-trace: warning: %s: %s\n", path, trace->cut->message);
  return trace;
}

int
trace_exit_code (const Trace *trace)
{
  return trace->cut == NULL ? TRACE_EXIT_GOOD : TRACE_EXIT_PARTIAL;
}

int
main (int argc, char **argv)
{
  const Command *command = NULL;
  int code;

  if (argc >= 2 && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0))
    {
      print_help (stdout);
      return TRACE_EXIT_GOOD;
    }
  if (argc >= 2 && strcmp (argv[1], "--version") == 0)
    {
      printf ("trio-trace, format version %d\n", TRIO_TRACE_VERSION);
      return TRACE_EXIT_GOOD;
    }
  for (guint i = 0; argc >= 2 && i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0)
      command = &commands[i];
  if (command == NULL)
    {
      if (argc >= 2)
        fprintf (stderr, "trio-trace: there is no command “%s”\n\n", argv[1]);
      print_help (stderr);
      return TRACE_EXIT_USAGE;
    }

  code = command->run (argc - 1, argv + 1);
  if (fflush (stdout) != 0 || ferror (stdout))
    {
      fprintf (stderr, "trio-trace: could not write: %s\n", g_strerror (errno));
      return TRACE_EXIT_USAGE;
    }
  return code;
}
