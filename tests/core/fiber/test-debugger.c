/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* gdb inside a task: `bt` shows the way from where it stopped to the task's entry function, and ends there. The argument is the
 * program to debug. Without gdb, or where tracing is not permitted, it is skipped. */

#include <glib.h>

#include <string.h>

static const char *debuggee;

/* How often `word` is in `text`. */
static int
count (const char *text, const char *word)
{
  int n = 0;

  for (const char *at = strstr (text, word); at != NULL; at = strstr (at + 1, word))
    n++;
  return n;
}

static void
test_a_backtrace_in_a_task_ends_at_its_entry (void)
{
  g_autofree char *gdb = g_find_program_in_path ("gdb");
  const char *argv[] = { gdb, "-batch", "-nx", "-iex", "set debuginfod enabled off", "-iex", "set style enabled off",
                         "-ex", "break stop_here", "-ex", "run", "-ex", "bt 50", "-ex", "kill", debuggee, NULL };
  g_autofree char *output = NULL;
  g_autofree char *complaints = NULL;
  g_autoptr (GError) error = NULL;
  const char *last;
  int status;

  if (gdb == NULL)
    {
      g_test_skip ("no gdb here");
      return;
    }
  g_spawn_sync (NULL, (char **) argv, NULL, 0, NULL, NULL, &output, &complaints, &status, &error);
  g_assert_no_error (error);
  g_test_message ("%s", output);
  g_test_message ("%s", complaints);
  if (strstr (output, "Breakpoint 1, ") == NULL)
    {
      /* gdb without the right to trace says it in one of many ways; a program that does not get that far says so itself. */
      g_assert_null (strstr (output, "exited"));
      g_test_skip ("gdb could not run the program");
      return;
    }

  g_assert_null (strstr (output, "corrupt stack"));
  g_assert_null (strstr (complaints, "corrupt stack"));
  g_assert_null (strstr (complaints, "Backtrace stopped"));
  g_assert_nonnull (strstr (output, "\n#0  stop_here ("));
  g_assert_cmpint (count (output, " called_by_the_task ("), ==, 3);
  g_assert_cmpint (count (output, " task_to_look_at ("), ==, 1);

  /* Nothing comes after the fiber's first frame, but for two that ucontext puts there; the stack of main() is another. */
  last = strstr (output, " trio_fiber_bottom (");
  g_assert_nonnull (last);
  g_assert_cmpint (count (last, "\n#"), <=, strstr (last, "__start_context") != NULL ? 2 : 0);
  g_assert_null (strstr (output, " main ("));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  debuggee = argv[1];
  g_test_add_func ("/core/debugger/a_backtrace_in_a_task_ends_at_its_entry", test_a_backtrace_in_a_task_ends_at_its_entry);
  return g_test_run ();
}
