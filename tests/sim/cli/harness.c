/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* See harness.h. */

#include "harness.h"

#include <glib/gstdio.h>

static const char *program;
static char *directory;

void
output_clear (Output *output)
{
  g_free (output->out);
  g_free (output->err);
}

Output
run (const char *arguments)
{
  g_auto (GStrv) words = NULL;
  g_autofree char *line = g_strdup_printf ("%s %s", program, arguments);
  g_autoptr (GError) error = NULL;
  Output output = { 0 };
  int status = 0;

  g_shell_parse_argv (line, NULL, &words, &error);
  g_assert_no_error (error);
  g_spawn_sync (directory, words, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output.out, &output.err, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    {
      g_assert_cmpstr (g_quark_to_string (error->domain), ==, "g-spawn-exit-error-quark");
      output.exit_code = error->code;
    }
  g_test_message ("planted %s -> %d\n%s%s", arguments, output.exit_code, output.out, output.err);
  return output;
}

void
assert_has (const char *text, const char *part)
{
  if (!strstr (text, part))
    g_error ("\"%s\" is not in:\n%s", part, text);
}

void
assert_has_not (const char *text, const char *part)
{
  if (strstr (text, part))
    g_error ("\"%s\" is in:\n%s", part, text);
}

char *
value_of (const char *json, const char *key)
{
  g_autofree char *mark = g_strdup_printf ("\"%s\": ", key);
  const char *at = strstr (json, mark);

  if (!at)
    g_error ("there is no %s in %s", mark, json);
  at += strlen (mark);
  return *at == '"' ? g_strndup (at + 1, strcspn (at + 1, "\"")) : g_strndup (at, strcspn (at, ",]}"));
}

char *
last_line (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);

  g_assert_cmpuint (n, >=, 2);
  g_assert_cmpstr (lines[n - 1], ==, "");
  return g_strdup (lines[n - 2]);
}

char *
in_directory (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

char *
read_file (const char *name)
{
  g_autofree char *path = in_directory (name);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

void
write_file (const char *name, const char *text)
{
  g_autofree char *path = in_directory (name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

char *
replaced (const char *text, const char *from, const char *to)
{
  GString *out = g_string_new (text);

  g_assert_cmpuint (g_string_replace (out, from, to, 0), >, 0);
  return g_string_free (out, FALSE);
}

const char *
harness_program (void)
{
  return program;
}

const char *
harness_directory (void)
{
  return directory;
}

void
harness_begin (int *argc, char ***argv)
{
  g_test_init (argc, argv, NULL);
  if (*argc != 2)
    g_error ("one argument is expected: the path of planted");
  program = (*argv)[1];
  directory = g_dir_make_tmp ("trio-cli-XXXXXX", NULL);
  g_assert_nonnull (directory);
}

static void
remove_tree (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  if (dir)
    g_dir_close (dir);
  g_remove (path);
}

int
harness_run (void)
{
  int result = g_test_run ();

  remove_tree (directory);
  g_free (directory);
  return result;
}
