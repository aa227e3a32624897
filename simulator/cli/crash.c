/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Naming a crash. The shapes known here, with what becomes the name:
 *
 *     Bank:ERROR:bank.c:12:move: assertion failed: (from >= 0)    g_assert             assertion failed: (from >= 0)
 *     …:ERROR:…: assertion failed (a == b): (3 == 4)              g_assert_cmp…        assertion failed (a == b)
 *     prog: bank.c:12: move: Assertion `x' failed.                assert               assertion failed: (x)
 *     (prog:12): Bank-ERROR **: 12:00:01.123: no funds            g_error, g_critical  no funds
 *     SUMMARY: AddressSanitizer: kind bank.c:12 in f              sanitizers           AddressSanitizer: kind in f
 *     anything else                                                                    the signal, or the exit
 */

#include "simulator/cli/crash.h"

#include <string.h>

#define LINES_SHOWN_MAX 24

/* The rest of the line after `mark`, or NULL. */
static const char *
after (const char *line, const char *mark)
{
  const char *found = strstr (line, mark);

  return found ? found + strlen (mark) : NULL;
}

/* "12:00:01.123: " is not part of it. */
static const char *
skip_time (const char *text)
{
  gsize n = strspn (text, "0123456789:. ");

  return n >= 13 ? text + n : text;
}

static char *
name_of_sanitizer (const char *line)
{
  const char *text = after (line, "SUMMARY: ");
  const char *in = text ? strstr (text, " in ") : NULL;
  g_auto (GStrv) words = NULL;

  if (!text || !strstr (text, "Sanitizer: "))
    return NULL;
  words = g_strsplit (text, " ", 3);
  return g_strdup_printf ("%s %s%s", words[0], words[1] ? words[1] : "", in ? in : "");
}

static char *
name_of_assertion (const char *line)
{
  const char *text;

  /* File, line and function end at the first colon with a space behind it. */
  if ((text = after (line, ":ERROR:")) && (text = after (text, ": ")))
    {
      const char *values = strstr (text, "): (");

      return g_strndup (text, values ? values + 1 - text : (gssize) strlen (text));
    }
  if ((text = after (line, "Assertion `")) && g_str_has_suffix (text, "' failed."))
    return g_strdup_printf ("assertion failed: (%.*s)", (int) (strlen (text) - strlen ("' failed.")), text);
  return NULL;
}

static char *
name_of_log (const char *line)
{
  static const char *const marks[] = { "ERROR **: ", "CRITICAL **: " };

  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      const char *text = after (line, marks[i]);

      if (text)
        return g_strdup (skip_time (text));
    }
  return NULL;
}

/* 0x7ffc1234 says nothing in another process. */
static char *
without_addresses (const char *name)
{
  GString *out = g_string_new (NULL);

  for (const char *c = name; *c; c++)
    {
      if (c[0] == '0' && c[1] == 'x' && g_ascii_isxdigit (c[2]))
        {
          g_string_append (out, "0x…");
          for (c += 2; g_ascii_isxdigit (c[1]); c++)
            ;
        }
      else
        g_string_append_c (out, *c);
    }
  return g_string_free (out, FALSE);
}

static char *
name_of_end (TrioCliEnd end, int code)
{
  if (end == TRIO_CLI_END_SIGNALLED)
    return trio_cli_signal_name (code, FALSE);
  return code == TRIO_CLI_EXIT_CALLED ? g_strdup ("exit () was called") : g_strdup_printf ("_exit (%d)", code);
}

/* The last line that has one of the shapes: what came before it was survived. */
static char *
find_name (GStrv lines)
{
  for (guint i = g_strv_length (lines); i > 0; i--)
    {
      char *name;

      if ((name = name_of_sanitizer (lines[i - 1])) || (name = name_of_assertion (lines[i - 1]))
          || (name = name_of_log (lines[i - 1])))
        return name;
    }
  return NULL;
}

/* "…:ERROR:bank.c:41:move: …", "prog: bank.c:41: move: Assertion `x' failed.", "SUMMARY: …: kind bank.c:41 in move". */
static char *
place_in (const char *line)
{
  static const char *const shapes[] = { ":ERROR:([^:]+:[0-9]+):([^:]+): ", "([^: ]+:[0-9]+): ([^:]+): Assertion `",
                                        "SUMMARY: .*Sanitizer: .*?([^/ ]+:[0-9]+)(?::[0-9]+)? in (.+)$" };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autoptr (GRegex) shape = g_regex_new (shapes[i], G_REGEX_RAW, 0, NULL);
      g_autoptr (GMatchInfo) match = NULL;

      if (g_regex_match (shape, line, 0, &match))
        {
          g_autofree char *where = g_match_info_fetch (match, 1);
          g_autofree char *function = g_match_info_fetch (match, 2);
          g_autofree char *file = g_path_get_basename (where);

          return g_strdup_printf ("%s in %s", file, function);
        }
    }
  return NULL;
}

char *
trio_cli_place_of_crash (const char *errors)
{
  g_auto (GStrv) lines = g_strsplit (errors, "\n", -1);

  for (guint i = g_strv_length (lines); i > 0; i--)
    {
      char *place = place_in (lines[i - 1]);

      if (place)
        return place;
    }
  return NULL;
}

static void
append_last_lines (GString *out, GStrv lines)
{
  guint n = g_strv_length (lines);

  while (n > 0 && lines[n - 1][0] == '\0')
    n--;
  for (guint i = n > LINES_SHOWN_MAX ? n - LINES_SHOWN_MAX : 0; i < n; i++)
    g_string_append_printf (out, "\n  | %s", lines[i]);
}

void
trio_cli_name_crash (TrioCliEnd end, int code, const char *errors, char **name, char **message)
{
  g_auto (GStrv) lines = g_strsplit (errors, "\n", -1);
  g_autofree char *found = find_name (lines);
  GString *out = g_string_new (NULL);

  if (!found)
    found = name_of_end (end, code);
  *name = without_addresses (found);

  if (end == TRIO_CLI_END_SIGNALLED)
    {
      g_autofree char *signal_name = trio_cli_signal_name (code, TRUE);

      g_string_append_printf (out, "the program died of %s", signal_name);
    }
  else if (code == TRIO_CLI_EXIT_CALLED)
    g_string_append (out, "the program called exit() in the middle of a run");
  else
    g_string_append_printf (out, "the program ended, with exit code %d, in the middle of a run", code);
  if (strspn (errors, "\n ") < strlen (errors))
    g_string_append (out, "; the last it printed:");
  append_last_lines (out, lines);
  *message = g_string_free (out, FALSE);
}
