/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What the tests of simulated disks share; see disk-test.h. */

#include "tests/sim/disk-test.h"

#include <string.h>

/* Valgrind and the sanitizers take their time; what must not fail is then tried less often. */
static guint64
n_seeds (void)
{
  return g_getenv ("TRIO_TEST_VALGRIND") != NULL ? 20 : 400;
}

char *
disk_load_text (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = trio_file_load (path, error);

  return bytes == NULL ? NULL : g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

gboolean
disk_put (const char *path, TrioFileFlags flags, const char *text, gboolean sync, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open (path, TRIO_FILE_WRITE | TRIO_FILE_CREATE | flags, error);

  return file != NULL && trio_file_write (file, text, strlen (text), error) && (!sync || trio_file_sync (file, error))
         && trio_file_close (file, error);
}

gboolean
disk_is_text (const char *path, const char *text)
{
  g_autoptr (GError) none = NULL;
  g_autofree char *found = disk_load_text (path, &none);

  return g_strcmp0 (found, text) == 0;
}

TrioSimReport *
disk_run_lines (TrioFunc func, gpointer data, TrioSimInject inject, const char *lines)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("trio-schedule 1\n%s\nend\n", lines);
  g_autoptr (TrioSchedule) schedule = trio_schedule_parse (text, "lines", &error);
  TrioSimReport *report;

  g_assert_no_error (error);
  report = sim_run_replay (func, data, schedule, inject);
  g_assert_cmpuint (report->unmatched, ==, 0);
  return report;
}

/* One fault, there. */
void
disk_expect_with (TrioFunc func, const char *line, TrioSimVerdict verdict, const char *name)
{
  g_autoptr (TrioSimReport) report = disk_run_lines (func, NULL, TRIO_SIM_INJECT_FAULT, line);

  sim_expect (report, verdict, name);
}

/* Schedules, and faults if they may be injected, are drawn: some break it. */
void
disk_expect_to_break (TrioFunc func, gpointer data, TrioSimInject inject, const char *name)
{
  for (guint64 seed = 1; seed <= 400; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (func, data, seed, inject);

      if (report->verdict == TRIO_SIM_OK)
        continue;
      sim_expect (report, TRIO_SIM_ALWAYS, name);
      return;
    }
  g_error ("nothing broke “%s”", name);
}

void
disk_expect_to_hold (TrioFunc func, gpointer data, TrioSimInject inject)
{
  for (guint64 seed = 1; seed <= n_seeds (); seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (func, data, seed, inject);

      if (report->verdict != TRIO_SIM_OK)
        g_error ("seed %" G_GUINT64_FORMAT ": %s", seed, report->message);
    }
}

/* Two kinds of text, longer than a sector, of one letter each. */
char *
disk_settings (char letter)
{
  return g_strnfill (1200, letter);
}

gboolean
disk_overwrite (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *new = disk_settings ('n');

  return disk_put (FILE_NAME, TRIO_FILE_TRUNCATE, new, TRUE, error);
}

gboolean
disk_replace_by_the_library (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *new = disk_settings ('n');

  return trio_file_replace (FILE_NAME, new, strlen (new), error);
}
