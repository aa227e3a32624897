/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio-trace html: one page that holds everything, to be opened from disk, sent by mail, attached to a bug. The page itself is
 * written in ../html/; here its parts and the trace are put together. */

#include "trace/tool/commands.h"
#include "trace/tool/json.h"
#include "trace/page.h"          /* made at build time by html/embed.c */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

/* Only '&' and '<' mean something in the text of an element. */
static void
append_escaped (GString *out, const char *text)
{
  for (const char *at = text; *at != '\0'; at++)
    if (*at == '&')
      g_string_append (out, "&amp;");
    else if (*at == '<')
      g_string_append (out, "&lt;");
    else
      g_string_append_c (out, *at);
}

/* What stands where page.html says {{name}}. */
static void
append_part (GString *out, const Trace *trace, const char *mark)
{
  const struct { const char *mark, *text; } parts[] = {
    { "{{css}}", page_css },
    { "{{model}}", model_js },
    { "{{brush}}", brush_js },
    { "{{lanes}}", lanes_js },
    { "{{frame}}", frame_js },
    { "{{page}}", page_js },
  };

  if (g_str_has_prefix (mark, "{{title}}"))
    append_escaped (out, *trace->program != '\0' ? trace->program : "a run");
  else if (g_str_has_prefix (mark, "{{data}}"))
    trace_append_json (out, trace);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_str_has_prefix (mark, parts[i].mark))
      g_string_append (out, parts[i].text);
}

/* In one pass over the page, so that a name in the trace that looks like a mark stays a name. */
static void
append_page (GString *out, const Trace *trace)
{
  const char *at = page_html;
  const char *mark;

  while ((mark = strstr (at, "{{")) != NULL)
    {
      g_string_append_len (out, at, mark - at);
      append_part (out, trace, mark);
      at = strstr (mark, "}}") + 2;
    }
  g_string_append (out, at);
}

static char *
default_output (const char *file)
{
  g_autofree char *stem = g_strdup (file);

  if (g_str_has_suffix (stem, ".trace"))
    stem[strlen (stem) - strlen (".trace")] = '\0';
  return g_strconcat (stem, ".html", NULL);
}

/* Into the file itself, which may be a device: g_file_set_contents() would put a file of its own in the place of it. */
static gboolean
write_page (const char *path, const GString *page, GError **error)
{
  FILE *file = g_fopen (path, "wbe");
  gboolean ok = file != NULL && fwrite (page->str, 1, page->len, file) == page->len && fflush (file) == 0;
  int why = errno;

  if (file != NULL && fclose (file) != 0 && ok)
    {
      ok = FALSE;
      why = errno;
    }
  if (!ok)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (why), "could not write the page “%s”: %s", path, g_strerror (why));
  return ok;
}

int
trace_command_html (int argc, char **argv)
{
  g_autofree char *output = NULL;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where to write the page (FILE with .html for .trace)", "OUT" },
    G_OPTION_ENTRY_NULL
  };
  const char *about = "Writes one self-contained page: a lane for each task, what was decided, who woke whom. It needs no\n"
                      "network. \"-o -\" writes to standard output.";
  int code;
  g_auto (GStrv) files = trace_parse_arguments (argc, argv, entries, "FILE", 1, about, &code);

  if (files == NULL)
    return code;

  g_autoptr (Trace) trace = trace_open (files[0]);

  if (trace == NULL)
    return TRACE_EXIT_USAGE;
  if (output == NULL)
    output = default_output (files[0]);

  g_autoptr (GString) page = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  append_page (page, trace);
  if (g_str_equal (output, "-"))
    fwrite (page->str, 1, page->len, stdout);
  else if (write_page (output, page, &error))
    printf ("%s\n", output);
  else
    {
      fprintf (stderr, "trio-trace: %s\n", error->message);
      return TRACE_EXIT_USAGE;
    }
  return trace_exit_code (trace);
}
