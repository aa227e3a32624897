/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The commands of trio-trace, one file each. A command gets the arguments after its name and returns the exit code:
 * 0 good, 1 a difference or a file that was cut, 2 wrong usage or a file that cannot be read. */

#pragma once

#include "trace/tool/model.h"

G_BEGIN_DECLS

enum
{
  TRACE_EXIT_GOOD = 0,
  TRACE_EXIT_PARTIAL = 1,
  TRACE_EXIT_USAGE = 2,
};

int trace_command_dump (int argc, char **argv);
int trace_command_diff (int argc, char **argv);
int trace_command_tree (int argc, char **argv);
int trace_command_html (int argc, char **argv);

/* What the commands share, in tool.c. */

/* Parses options and exactly n_files file names; argv[0] is the command's name. NULL
 * after it has said what is wrong, or has helped; then *code is what to exit with. */
char  **trace_parse_arguments (int argc, char **argv, const GOptionEntry *entries, const char *files, guint n_files,
                               const char *about, int *code);
/* NULL after it has said why. A file that was cut is announced on stderr. */
Trace  *trace_open            (const char *path);
/* The code for having shown this trace: whether it was whole. */
int     trace_exit_code       (const Trace *trace);
/* One line to standard output, as UTF-8 whatever the locale. */
void    trace_put_line        (const char *line);

G_END_DECLS
