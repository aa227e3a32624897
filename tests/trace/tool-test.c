/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* See tool-test.h. */

#include "tests/trace/tool-test.h"

#include <stdarg.h>
#include <glib/gstdio.h>

Tool *
tool_new (void)
{
  Tool *self = g_new0 (Tool, 1);
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("trio-trace-XXXXXX", &error);
  g_assert_no_error (error);
  return self;
}

static void
remove_folder (const char *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        remove_folder (path);
      else
        g_unlink (path);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (folder);
}

void
tool_free (Tool *self)
{
  remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->out);
  g_free (self->err);
  g_free (self);
}

char *
tool_path (Tool *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

char *
tool_write (Tool *self, const char *name, GByteArray *bytes)
{
  char *path = tool_path (self, name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, (const char *) bytes->data, bytes->len, &error);
  g_assert_no_error (error);
  g_byte_array_unref (bytes);
  return path;
}

void
tool_spawn (Tool *self, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_clear_pointer (&self->out, g_free);
  g_clear_pointer (&self->err, g_free);
  g_spawn_sync (self->folder, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &self->out, &self->err, &status, &error);
  g_assert_no_error (error);
  if (g_spawn_check_wait_status (status, &error))
    self->code = 0;
  else
    {
      /* Not a signal: a tool that crashes must not pass for one that refuses. */
      if (error->domain != G_SPAWN_EXIT_ERROR)
        g_error ("%s: %s\n%s", argv[0], error->message, self->err);
      self->code = error->code;
    }
}

void
tool_run (Tool *self, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  const char *argument;
  va_list arguments;

  g_assert_nonnull (g_getenv ("TRIO_TRACE_TOOL"));
  g_ptr_array_add (argv, (gpointer) g_getenv ("TRIO_TRACE_TOOL"));
  va_start (arguments, self);
  while ((argument = va_arg (arguments, const char *)) != NULL)
    g_ptr_array_add (argv, (gpointer) argument);
  va_end (arguments);
  g_ptr_array_add (argv, NULL);
  tool_spawn (self, (char **) argv->pdata);
}
