/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What files and directories promise, on a real disk and on a simulated one. */

#include <string.h>

#include <gio/gio.h>

#include "tests/parity/parity.h"

/* A directory of its own for each body, which takes care to leave it empty. */
typedef struct
{
  char *path;
} Place;

static gboolean
place_open (Place *place, GError **error)
{
  place->path = trio_directory_make_temporary (NULL, error);
  return place->path != NULL;
}

static gboolean
place_close (Place *place, GError **error)
{
  return trio_directory_remove (place->path, error);
}

static void
place_clear (Place *place)
{
  g_free (place->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

static char *
in (const Place *place, const char *name)
{
  return g_build_filename (place->path, name, NULL);
}

static gboolean
expect_contents (const char *path, const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = trio_file_load (path, error);

  if (bytes == NULL)
    return FALSE;
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
  return TRUE;
}

/* --- one file --- */

static gboolean
test_what_is_written_is_read_at_the_position (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Place) place = { 0 };
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = NULL;
  char buffer[16] = { 0 };

  if (!place_open (&place, error))
    return FALSE;
  path = in (&place, "a");
  file = trio_file_open (path, TRIO_FILE_READ | TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  if (file == NULL || !trio_file_write (file, "hello, ", 7, error) || !trio_file_write (file, "disk", 4, error))
    return FALSE;
  g_assert_cmpint (trio_file_get_position (file), ==, 11);
  g_assert_cmpint (trio_file_read (file, buffer, 4, error), ==, 0);
  g_assert_cmpint (trio_file_seek (file, -4, TRIO_FILE_FROM_END, error), ==, 7);
  g_assert_cmpint (trio_file_read (file, buffer, sizeof buffer, error), ==, 4);
  g_assert_cmpmem (buffer, 4, "disk", 4);
  g_assert_cmpint (trio_file_seek (file, -6, TRIO_FILE_FROM_POSITION, error), ==, 5);
  g_assert_cmpint (trio_file_seek (file, 1, TRIO_FILE_FROM_START, error), ==, 1);
  g_assert_cmpint (trio_file_read (file, buffer, 4, error), ==, 4);
  g_assert_cmpmem (buffer, 4, "ello", 4);
  return trio_file_sync (file, error) && trio_file_sync_data (file, error) && trio_file_close (file, error)
         && trio_path_remove (path, error) && place_close (&place, error);
}

static gboolean
test_places_in_a_file_do_not_move_the_position (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Place) place = { 0 };
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = NULL;
  TrioFileStat stat;
  char buffer[2000];

  if (!place_open (&place, error))
    return FALSE;
  path = in (&place, "a");
  file = trio_file_open_mode (path, TRIO_FILE_READ | TRIO_FILE_WRITE | TRIO_FILE_CREATE | TRIO_FILE_EXCLUSIVE, 0600, error);
  if (file == NULL || !trio_file_write_at (file, 1500, "end", 3, error))
    return FALSE;
  g_assert_cmpint (trio_file_get_position (file), ==, 0);
  memset (buffer, 'x', sizeof buffer);
  g_assert_cmpint (trio_file_read_at (file, 0, buffer, sizeof buffer, error), ==, 1503);
  for (guint i = 0; i < 1500; i++)
    g_assert_cmpint (buffer[i], ==, 0);
  g_assert_cmpmem (buffer + 1500, 3, "end", 3);
  if (!trio_file_truncate (file, 1502, error) || !trio_file_stat (file, &stat, error))
    return FALSE;
  g_assert_cmpint (stat.size, ==, 1502);
  g_assert_cmpint (stat.kind, ==, TRIO_FILE_REGULAR);
  g_assert_cmpuint (stat.mode, ==, 0600);
  if (!trio_file_truncate (file, 1510, error))
    return FALSE;
  g_assert_cmpint (trio_file_read_at (file, 1501, buffer, 100, error), ==, 9);
  g_assert_cmpmem (buffer, 9, "n\0\0\0\0\0\0\0\0", 9);
  return trio_file_close (file, error) && trio_path_remove (path, error) && place_close (&place, error);
}

static gboolean
test_what_is_appended_goes_behind_the_end (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Place) place = { 0 };
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) one = NULL;
  g_autoptr (TrioFile) other = NULL;
  g_autoptr (GError) refusal = NULL;

  if (!place_open (&place, error))
    return FALSE;
  path = in (&place, "log");
  one = trio_file_open (path, TRIO_FILE_WRITE | TRIO_FILE_CREATE | TRIO_FILE_APPEND, error);
  other = one == NULL ? NULL : trio_file_open (path, TRIO_FILE_WRITE | TRIO_FILE_APPEND, error);
  if (other == NULL || !trio_file_write (one, "a", 1, error) || !trio_file_write (other, "bb", 2, error)
      || !trio_file_write (one, "ccc", 3, error))
    return FALSE;
  g_assert_cmpint (trio_file_get_position (one), ==, 6);
  g_assert_false (trio_file_write_at (one, 0, "x", 1, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  return trio_file_close (one, error) && trio_file_close (other, error) && expect_contents (path, "abbccc", error)
         && trio_path_remove (path, error) && place_close (&place, error);
}

static gboolean
test_errors_say_what_was_attempted_with_which_file (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Place) place = { 0 };
  g_autofree char *path = NULL;
  g_autofree char *inside = NULL;
  g_autoptr (TrioFile) file = NULL;
  g_autoptr (GError) refusal = NULL;
  char byte;

  if (!place_open (&place, error))
    return FALSE;
  path = in (&place, "a");
  inside = in (&place, "a/b");
  g_assert_null (trio_file_open (path, TRIO_FILE_READ, &refusal));
  g_assert_nonnull (strstr (refusal->message, path));
  g_assert_true (g_str_has_prefix (refusal->message, "could not open "));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_null (trio_file_open (place.path, TRIO_FILE_WRITE, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_assert_null (trio_file_open (path, TRIO_FILE_READ | TRIO_FILE_CREATE, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);

  file = trio_file_open (path, TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  if (file == NULL)
    return FALSE;
  g_assert_null (trio_file_open (path, TRIO_FILE_WRITE | TRIO_FILE_CREATE | TRIO_FILE_EXCLUSIVE, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_null (trio_file_open (inside, TRIO_FILE_READ, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
  g_assert_cmpint (trio_file_read (file, &byte, 1, &refusal), ==, -1);
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_cmpint (trio_file_seek (file, -1, TRIO_FILE_FROM_START, &refusal), ==, -1);
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  return trio_file_close (file, error) && trio_path_remove (path, error) && place_close (&place, error);
}

static gboolean
test_a_closed_file_refuses_and_closing_twice_is_nothing (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  g_autoptr (GError) refusal = NULL;

  if (file == NULL || !trio_file_close (file, error) || !trio_file_close (file, error))
    return FALSE;
  g_assert_false (trio_file_write (file, "x", 1, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_false (trio_file_sync (file, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return trio_path_remove (path, error);
}

/* --- cancellation, and tasks that share a file --- */

static gboolean
test_a_cancelled_write_wrote_nothing_and_a_close_closes (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  g_autoptr (GError) slot = NULL;
  g_autoptr (GError) refusal = NULL;
  TrioCancelScope *scope;

  if (file == NULL)
    return FALSE;
  scope = trio_move_on_after (0, &slot);
  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_file_write (file, "x", 1, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  g_assert_cmpint (trio_file_get_position (file), ==, 0);
  g_assert_true (trio_file_close (file, &refusal));
  g_assert_no_error (refusal);
  g_assert_true (trio_cancel_scope_close (scope, TRUE));
  trio_cancel_scope_free (scope);

  g_assert_false (trio_file_write (file, "x", 1, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return expect_contents (path, "", error) && trio_path_remove (path, error);
}

#define LONG (100 * 1000)

typedef struct
{
  TrioFile *file;
  guint8   *bytes;
  gint64    offset;
  gboolean  begun;
  gboolean  refused;
} Writing;

static gboolean
write_long (gpointer data, GError **error)
{
  Writing *writing = data;
  g_autoptr (GError) failure = NULL;

  writing->begun = TRUE;
  if (trio_file_write (writing->file, writing->bytes, LONG, &failure))
    return TRUE;
  writing->refused = TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Whenever the cancellation comes: all or nothing. */
static gboolean
test_a_write_that_has_begun_is_finished (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  g_autofree guint8 *bytes = g_malloc (LONG);
  g_autoptr (GBytes) found = NULL;
  Writing writing = { .file = file, .bytes = bytes };

  memset (bytes, 'x', LONG);
  if (file == NULL)
    return FALSE;
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon (nursery, write_long, &writing);
    while (!writing.begun)
      if (!trio_checkpoint (error))
        return FALSE;
    trio_nursery_cancel (nursery);
    if (!trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  g_assert_cmpint (trio_file_get_position (file), ==, writing.refused ? 0 : LONG);
  if (!trio_file_close (file, error))
    return FALSE;
  found = trio_file_load (path, error);
  if (found == NULL)
    return FALSE;
  g_assert_cmpuint (g_bytes_get_size (found), ==, writing.refused ? 0 : LONG);
  return trio_path_remove (path, error);
}

static gboolean
write_at_place (gpointer data, GError **error)
{
  Writing *writing = data;

  return trio_file_write_at (writing->file, writing->offset, writing->bytes, 1, error);
}

/* More than the limiter lets through at once. */
static gboolean
test_many_tasks_may_use_places_of_one_file (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  Writing writings[26];
  guint8 bytes[G_N_ELEMENTS (writings)];
  g_autoptr (TrioNursery) nursery = NULL;

  if (file == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  for (guint i = 0; i < G_N_ELEMENTS (writings); i++)
    {
      bytes[i] = (guint8) ('a' + i);
      writings[i] = (Writing) { .file = file, .bytes = &bytes[i], .offset = i };
      trio_nursery_start_soon (nursery, write_at_place, &writings[i]);
    }
  if (!trio_nursery_close (nursery, TRUE) || !trio_file_close (file, error))
    return FALSE;
  g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (trio_current_default_file_limiter ()), ==, 0);
  return expect_contents (path, "abcdefghijklmnopqrstuvwxyz", error) && trio_path_remove (path, error);
}

/* After a close has begun. */
static gboolean
be_too_late (gpointer data, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) refusal = NULL;

  g_assert_false (trio_file_sync (data, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

/* The second that uses the position, and a close that waits for the first. */
static gboolean
test_the_position_is_for_one_and_a_close_waits_for_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  g_autofree guint8 *bytes = g_malloc0 (LONG);
  Writing writing = { .file = file, .bytes = bytes };
  g_autoptr (GError) refusal = NULL;
  TrioFileStat stat;

  if (file == NULL)
    return FALSE;
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon (nursery, write_long, &writing);
    while (!writing.begun)
      if (!trio_checkpoint (error))
        return FALSE;
    if (trio_file_get_position (file) == 0)
      {
        g_assert_false (trio_file_write (file, "x", 1, &refusal));
        parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
      }
    trio_nursery_start_soon (nursery, be_too_late, file);
    if (!trio_file_close (file, error))
      return FALSE;
    g_assert_cmpint (trio_file_get_position (file), ==, LONG);
    if (!trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  if (!trio_path_stat (path, &stat, error))
    return FALSE;
  g_assert_cmpint (stat.size, ==, LONG);
  return trio_path_remove (path, error);
}

/* --- names --- */

static gboolean
test_a_rename_takes_the_place_of_what_was_there (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Place) place = { 0 };
  g_autofree char *one = NULL;
  g_autofree char *other = NULL;
  g_autoptr (GError) refusal = NULL;
  TrioFileStat stat;

  if (!place_open (&place, error))
    return FALSE;
  one = in (&place, "one");
  other = in (&place, "other");
  if (!trio_file_replace (one, "1", 1, error) || !trio_file_replace (other, "2", 1, error) || !trio_path_rename (one, other, error)
      || !expect_contents (other, "1", error))
    return FALSE;
  g_assert_false (trio_path_stat (one, &stat, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (trio_path_rename (one, other, &refusal));
  g_assert_nonnull (strstr (refusal->message, other));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (trio_path_rename (other, place.path, &refusal));
  g_assert_error (refusal, G_IO_ERROR, refusal->code);
  g_clear_error (&refusal);
  return trio_path_remove (other, error) && trio_directory_sync (place.path, error) && place_close (&place, error);
}

static gboolean
test_directories_are_made_listed_and_removed (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Place) place = { 0 };
  g_autofree char *directory = NULL;
  g_autofree char *inside = NULL;
  g_autofree char *moved = NULL;
  g_auto (GStrv) names = NULL;
  g_auto (GStrv) none = NULL;
  g_autoptr (GError) refusal = NULL;
  TrioFileStat stat;

  if (!place_open (&place, error))
    return FALSE;
  directory = in (&place, "d");
  inside = in (&place, "d/file");
  moved = in (&place, "a");
  if (!trio_directory_make (directory, error) || !trio_file_replace (inside, "x", 1, error) || !trio_path_stat (directory, &stat, error))
    return FALSE;
  g_assert_cmpint (stat.kind, ==, TRIO_FILE_DIRECTORY);
  g_assert_false (trio_directory_make (directory, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_false (trio_directory_remove (directory, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_EMPTY);
  g_assert_false (trio_path_remove (directory, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_assert_false (trio_directory_remove (inside, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
  if (!trio_path_rename (inside, moved, error))
    return FALSE;
  names = trio_directory_list (place.path, error);
  none = trio_directory_list (directory, error);
  if (names == NULL || none == NULL)
    return FALSE;
  g_assert_cmpstrv (names, ((const char *const[]) { "a", "d", NULL }));
  g_assert_cmpuint (g_strv_length (none), ==, 0);
  return trio_directory_remove (directory, error) && trio_path_remove (moved, error) && place_close (&place, error);
}

static gboolean
test_who_has_a_removed_file_open_keeps_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (TrioFile) file = trio_file_open_temporary (NULL, &path, error);
  char byte = 0;

  if (file == NULL || !trio_path_remove (path, error) || !trio_file_write (file, "x", 1, error))
    return FALSE;
  g_assert_cmpint (trio_file_read_at (file, 0, &byte, 1, error), ==, 1);
  g_assert_cmpint (byte, ==, 'x');
  return trio_file_close (file, error);
}

static gboolean
test_a_file_is_replaced_as_a_whole_and_leaves_nothing_else (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Place) place = { 0 };
  g_autofree char *path = NULL;
  g_autofree char *nowhere = NULL;
  g_autofree char *text = g_strnfill (20000, 'y');
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) refusal = NULL;

  if (!place_open (&place, error))
    return FALSE;
  path = in (&place, "settings");
  nowhere = in (&place, "no/settings");
  if (!trio_file_replace (path, "old", 3, error) || !expect_contents (path, "old", error)
      || !trio_file_replace (path, text, strlen (text), error) || !expect_contents (path, text, error))
    return FALSE;
  g_assert_false (trio_file_replace (nowhere, "x", 1, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (trio_file_replace (place.path, "x", 1, &refusal));
  parity_expect_error (refusal, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  names = trio_directory_list (place.path, error);
  if (names == NULL)
    return FALSE;
  g_assert_cmpstrv (names, ((const char *const[]) { "settings", NULL }));
  return trio_path_remove (path, error) && place_close (&place, error);
}

#define EXPECT_CRITICAL(call, result)                                           \
  G_STMT_START                                                                  \
    {                                                                           \
      g_test_expect_message ("Trio", G_LOG_LEVEL_CRITICAL, "*file != NULL*");   \
      g_assert_true ((call) == (result));                                       \
      g_test_assert_expected_messages ();                                       \
    }                                                                           \
  G_STMT_END

/* They say so before they look where they are, so that no run is needed. */
TRIO_CHECKPOINT static void
test_null_in_place_of_a_file_is_a_critical (void)
{
  char byte;
  TrioFileStat stat;

  EXPECT_CRITICAL (trio_file_get_path (NULL), NULL);
  EXPECT_CRITICAL (trio_file_get_position (NULL), -1);
  EXPECT_CRITICAL (trio_file_read (NULL, &byte, 1, NULL), -1);
  EXPECT_CRITICAL (trio_file_read_at (NULL, 0, &byte, 1, NULL), -1);
  EXPECT_CRITICAL (trio_file_write (NULL, "x", 1, NULL), FALSE);
  EXPECT_CRITICAL (trio_file_write_at (NULL, 0, "x", 1, NULL), FALSE);
  EXPECT_CRITICAL (trio_file_seek (NULL, 0, TRIO_FILE_FROM_START, NULL), -1);
  EXPECT_CRITICAL (trio_file_sync (NULL, NULL), FALSE);
  EXPECT_CRITICAL (trio_file_sync_data (NULL, NULL), FALSE);
  EXPECT_CRITICAL (trio_file_truncate (NULL, 0, NULL), FALSE);
  EXPECT_CRITICAL (trio_file_stat (NULL, &stat, NULL), FALSE);
  EXPECT_CRITICAL (trio_file_close (NULL, NULL), FALSE);
  trio_file_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/files/null_in_place_of_a_file_is_a_critical", test_null_in_place_of_a_file_is_a_critical);

  PARITY_TEST ("/files/what_is_written_is_read_at_the_position", test_what_is_written_is_read_at_the_position);
  PARITY_TEST ("/files/places_in_a_file_do_not_move_the_position", test_places_in_a_file_do_not_move_the_position);
  PARITY_TEST ("/files/what_is_appended_goes_behind_the_end", test_what_is_appended_goes_behind_the_end);
  PARITY_TEST ("/files/errors_say_what_was_attempted_with_which_file", test_errors_say_what_was_attempted_with_which_file);
  PARITY_TEST ("/files/a_closed_file_refuses_and_closing_twice_is_nothing", test_a_closed_file_refuses_and_closing_twice_is_nothing);
  PARITY_TEST ("/files/a_cancelled_write_wrote_nothing_and_a_close_closes", test_a_cancelled_write_wrote_nothing_and_a_close_closes);
  PARITY_TEST ("/files/a_write_that_has_begun_is_finished", test_a_write_that_has_begun_is_finished);
  PARITY_TEST ("/files/many_tasks_may_use_places_of_one_file", test_many_tasks_may_use_places_of_one_file);
  PARITY_TEST ("/files/the_position_is_for_one_and_a_close_waits_for_it", test_the_position_is_for_one_and_a_close_waits_for_it);
  PARITY_TEST ("/files/a_rename_takes_the_place_of_what_was_there", test_a_rename_takes_the_place_of_what_was_there);
  PARITY_TEST ("/files/directories_are_made_listed_and_removed", test_directories_are_made_listed_and_removed);
  PARITY_TEST ("/files/who_has_a_removed_file_open_keeps_it", test_who_has_a_removed_file_open_keeps_it);
  PARITY_TEST ("/files/a_file_is_replaced_as_a_whole_and_leaves_nothing_else", test_a_file_is_replaced_as_a_whole_and_leaves_nothing_else);

  return g_test_run ();
}
