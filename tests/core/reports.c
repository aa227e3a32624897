/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tests/core/reports.h"

#include <string.h>

void
report_assert_has (const char *text, const char *words)
{
  if (strstr (text, words) == NULL)
    g_error ("\"%s\" is not in: %s", words, text);
}

void
report_assert_has_not (const char *text, const char *words)
{
  if (strstr (text, words) != NULL)
    g_error ("\"%s\" is in: %s", words, text);
}

void
report_assert_sleeps_below (const char *text, const char *frames)
{
  g_autofree char *whole = g_strconcat (" stack: trio_sleep < ", frames, "\n", NULL);
  g_autofree char *tail_call = g_strconcat (" stack: sleep_until < ", frames, "\n", NULL);

  if (strstr (text, whole) == NULL && strstr (text, tail_call) == NULL)
    g_error ("no sleeper has the stack \"%s\" in: %s", frames, text);
}

char *
report_without_lines (char *text, const char *file)
{
  g_autofree char *name = g_regex_escape_string (file, -1);
  g_autofree char *pattern = g_strconcat ("(", name, "):\\d+", NULL);
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  char *without = g_regex_replace (regex, text, -1, 0, "\\1", 0, NULL);

  g_free (text);
  return without;
}

static gboolean __attribute__ ((noinline))
eat (Forks *forks, guint first, GError **error)
{
  gboolean ok = TRUE;

  if (!trio_lock_acquire (forks->locks[first], error))
    return FALSE;
  forks->n_at_table++;
  while (ok && forks->n_at_table < 2)
    ok = trio_checkpoint (error);
  ok = ok && trio_lock_acquire (forks->locks[!first], error);
  if (ok)
    trio_lock_release (forks->locks[!first]);
  else
    forks->n_cleaned_up++;
  trio_lock_release (forks->locks[first]);
  return ok;
}

static gboolean
left (gpointer forks, GError **error)
{
  return eat (forks, 0, error);
}

static gboolean
right (gpointer forks, GError **error)
{
  return eat (forks, 1, error);
}

gboolean
dine (gpointer forks, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, left, forks);
  trio_nursery_start_soon (nursery, right, forks);
  return trio_nursery_close (nursery, TRUE);
}
