/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Lines of source, by addr2line. See lines.h. */

#include "simulator/cli/lines.h"

#include <string.h>

/* "bank.c:41"; NULL if it cannot be told. */
static char *
find_line (const char *program, const char *offset)
{
  const char *const words[] = { "addr2line", "-e", program, offset, NULL };
  g_autofree char *out = NULL, *base = NULL;
  int status;

  if (!g_spawn_sync (NULL, (char **) words, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out, NULL, &status, NULL)
      || status != 0 || out[0] == '?')
    return NULL;
  /* "/src/bank.c:41 (discriminator 2)" */
  out[strcspn (out, " \n")] = '\0';
  base = g_path_get_basename (out);
  return strchr (base, '?') == NULL && strchr (base, ':') != NULL ? g_steal_pointer (&base) : NULL;
}

static gboolean
put_line (const GMatchInfo *match, GString *out, gpointer data)
{
  const char *program = data;
  g_autofree char *whole = g_match_info_fetch (match, 0);
  g_autofree char *name = g_match_info_fetch (match, 1);
  g_autofree char *offset = g_match_info_fetch (match, 2);
  g_autofree char *own = g_path_get_basename (program);
  g_autofree char *line = g_str_equal (name, own) ? find_line (program, offset) : NULL;

  if (line != NULL)
    g_string_append_printf (out, ", at %s", line);
  else
    g_string_append (out, whole);
  return FALSE;
}

char *
trio_cli_with_lines (const char *text)
{
  g_autoptr (GRegex) places = g_regex_new (" \\[([^ \\[\\]]+)\\+(0x[0-9a-f]+)\\]", 0, 0, NULL);
  g_autofree char *program = text == NULL || strstr (text, "+0x") == NULL ? NULL : g_file_read_link ("/proc/self/exe", NULL);

  return program == NULL ? g_strdup (text) : g_regex_replace_eval (places, text, -1, 0, 0, put_line, program, NULL);
}
