/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Running trio-trace as a person would, in a folder of its own. The tool's path comes in TRIO_TRACE_TOOL. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *folder;
  int   code;       /* what the last command exited with */
  char *out;
  char *err;
} Tool;

Tool *tool_new   (void);
/* Removes the folder. */
void  tool_free  (Tool *self);
/* A file in the folder, with these bytes; they are taken. */
char *tool_write (Tool *self, const char *name, GByteArray *bytes);
char *tool_path  (Tool *self, const char *name);
/* Runs `trio-trace ARGUMENTS…`, in that folder; the list ends with NULL. */
void  tool_run   (Tool *self, ...) G_GNUC_NULL_TERMINATED;
/* Runs any program; argv[0] is looked for in PATH. */
void  tool_spawn (Tool *self, char **argv);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tool, tool_free)

G_END_DECLS
