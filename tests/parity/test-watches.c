/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What watches of files and directories tell, on a real disk and on a simulated one. */

#include <string.h>

#include <gio/gio.h>

#include "tests/parity/parity.h"

/* Takes events until that one. */
static gboolean
expect_event (TrioFileWatch *watch, TrioFileEventKind kind, const char *name, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_fail_after (20 * G_TIME_SPAN_SECOND, error);
  gboolean found = FALSE;

  while (!found)
    {
      g_auto (TrioFileEvent) event = { 0 };

      if (!trio_file_watch_next (watch, &event, error))
        return FALSE;
      found = event.kind == kind && g_strcmp0 (event.name, name) == 0;
    }
  return trio_cancel_scope_close (patience, TRUE);
}

static gboolean
test_what_happens_in_a_directory_is_told (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *place = trio_directory_make_temporary (NULL, error);
  g_autofree char *path = NULL;
  g_autofree char *moved = NULL;
  g_autoptr (TrioFileWatch) watch = NULL;

  if (place == NULL)
    return FALSE;
  path = g_build_filename (place, "settings", NULL);
  moved = g_build_filename (place, "old", NULL);
  watch = trio_file_watch_open (place, error);
  if (watch == NULL || !trio_file_replace (path, "x", 1, error) || !expect_event (watch, TRIO_FILE_APPEARED, "settings", error))
    return FALSE;
  {
    g_autoptr (TrioFile) file = trio_file_open (path, TRIO_FILE_WRITE, error);

    if (file == NULL || !trio_file_write (file, "y", 1, error) || !trio_file_close (file, error)
        || !expect_event (watch, TRIO_FILE_CHANGED, "settings", error))
      return FALSE;
  }
  return trio_path_rename (path, moved, error) && expect_event (watch, TRIO_FILE_VANISHED, "settings", error)
         && expect_event (watch, TRIO_FILE_APPEARED, "old", error) && trio_path_remove (moved, error)
         && expect_event (watch, TRIO_FILE_VANISHED, "old", error) && trio_directory_remove (place, error)
         && expect_event (watch, TRIO_FILE_GONE, NULL, error);
}

static gboolean
test_one_file_can_be_watched (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  g_autoptr (TrioFileWatch) watch = file == NULL ? NULL : trio_file_watch_open (path, error);

  return watch != NULL && trio_file_write (file, "x", 1, error) && expect_event (watch, TRIO_FILE_CHANGED, NULL, error)
         && trio_file_truncate (file, 0, error) && expect_event (watch, TRIO_FILE_CHANGED, NULL, error) && trio_file_close (file, error)
         && trio_path_remove (path, error) && expect_event (watch, TRIO_FILE_GONE, NULL, error);
}

static gboolean
test_what_is_not_there_cannot_be_watched (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) refusal = NULL;

  g_assert_null (trio_file_watch_open ("/there/is/nothing", &refusal));
  g_assert_true (g_str_has_prefix (refusal->message, "could not watch /there/is/nothing: "));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  return TRUE;
}

static gboolean
test_a_cancelled_wait_loses_no_event (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  g_autoptr (TrioFileWatch) watch = file == NULL ? NULL : trio_file_watch_open (path, error);
  g_autoptr (GError) slot = NULL;
  TrioFileEvent event;
  TrioCancelScope *scope;

  if (watch == NULL)
    return FALSE;
  /* Nothing happens, and then something does while nobody waits. */
  scope = trio_move_on_after (G_TIME_SPAN_MILLISECOND, &slot);
  g_assert_false (trio_file_watch_next (watch, &event, &slot));
  g_assert_true (trio_cancel_scope_close (scope, FALSE));
  trio_cancel_scope_free (scope);
  if (!trio_file_write (file, "x", 1, error))
    return FALSE;
  scope = trio_move_on_after (0, &slot);
  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_file_watch_next (watch, &event, &slot));
  g_assert_true (trio_cancel_scope_close (scope, FALSE));
  trio_cancel_scope_free (scope);
  return expect_event (watch, TRIO_FILE_CHANGED, NULL, error) && trio_file_close (file, error) && trio_path_remove (path, error);
}

typedef struct
{
  TrioFileWatch *watch;
  guint          n_heard;
} Listening;

static gboolean
listen_once (gpointer data, GError **error)
{
  Listening *listening = data;
  g_auto (TrioFileEvent) event = { 0 };

  if (!trio_file_watch_next (listening->watch, &event, error))
    return FALSE;
  listening->n_heard++;
  return TRUE;
}

static gboolean
test_each_event_goes_to_one_of_those_who_wait (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *place = trio_directory_make_temporary (NULL, error);
  g_autofree char *path = place == NULL ? NULL : g_build_filename (place, "d", NULL);
  g_autoptr (TrioFileWatch) watch = place == NULL ? NULL : trio_file_watch_open (place, error);
  Listening listening = { .watch = watch };
  g_autoptr (TrioNursery) nursery = NULL;

  if (watch == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, listen_once, &listening);
  trio_nursery_start_soon (nursery, listen_once, &listening);
  if (!trio_directory_make (path, error) || !trio_directory_remove (path, error) || !trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (listening.n_heard, ==, 2);
  return trio_directory_remove (place, error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  PARITY_TEST ("/watches/what_happens_in_a_directory_is_told", test_what_happens_in_a_directory_is_told);
  PARITY_TEST ("/watches/one_file_can_be_watched", test_one_file_can_be_watched);
  PARITY_TEST ("/watches/what_is_not_there_cannot_be_watched", test_what_is_not_there_cannot_be_watched);
  PARITY_TEST ("/watches/a_cancelled_wait_loses_no_event", test_a_cancelled_wait_loses_no_event);
  PARITY_TEST ("/watches/each_event_goes_to_one_of_those_who_wait", test_each_event_goes_to_one_of_those_who_wait);

  return g_test_run ();
}
