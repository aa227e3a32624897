/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Each fault of a simulated disk, with a naive program that it breaks and a careful one that it does not. */

#include <string.h>

#include <gio/gio.h>

#include "tests/sim/disk-test.h"

/* --- faults that are told --- */

/* What happens to old settings when the update fails. */
static gboolean
update_and_fail (TrioFunc update, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *old = disk_settings ('o');
  g_autofree char *new = disk_settings ('n');
  gboolean ok;

  trio_sim_disk_declare_copy (trio_sim_disk_get_current (), "/", "all", 0);
  if (!trio_file_replace (FILE_NAME, old, strlen (old), error))
    return FALSE;
  ok = update (NULL, &failure);
  trio_always (disk_is_text (FILE_NAME, ok ? new : old), "an update is done, or fails");
  return TRUE;
}

static gboolean
overwrite_and_fail (gpointer data G_GNUC_UNUSED, GError **error)
{
  return update_and_fail (disk_overwrite, error);
}

static gboolean
replace_and_fail (gpointer data G_GNUC_UNUSED, GError **error)
{
  return update_and_fail (disk_replace_by_the_library, error);
}

static void
test_no_room_or_no_luck_to_write_spoils_what_is_overwritten (void)
{
  static const char *const lines[] = {
    "main fault.disk.full 4 = 1/3", "main fault.disk.full 4 = 2/3\nmain fault.disk.full 5 = 1/3", "main fault.disk.write 2 = 1/2",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      disk_expect_with (overwrite_and_fail, lines[i], TRIO_SIM_ALWAYS, "an update is done, or fails");
      disk_expect_with (replace_and_fail, lines[i], TRIO_SIM_OK, NULL);
    }
}

static gboolean
tell_how_much_was_written (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open (FILE_NAME, TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_file_write (file, "12345678", 8, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (g_str_has_prefix (failure->message, "4 of 8 bytes were written: "));
  g_assert_cmpint (trio_file_get_position (file), ==, 4);
  return trio_file_close (file, error);
}

static void
test_a_disk_that_becomes_full_tells_how_much_was_written (void)
{
  disk_expect_with (tell_how_much_was_written, "main fault.disk.full 2 = 2/3\nmain fault.disk.full 3 = 1/3", TRIO_SIM_OK, NULL);
}

/* --- a disk with a size --- */

static gboolean
fill_a_disk (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *text = g_strnfill (3000, 'x');
  g_autofree char *all = g_strnfill (4096, 'y');
  g_autoptr (TrioFile) file = trio_file_open ("/first", TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  g_autoptr (GError) failure = NULL;

  trio_sim_disk_set_capacity (trio_sim_disk_get_current (), 4096);
  if (file == NULL || !trio_file_write (file, text, 3000, error))
    return FALSE;
  /* 3,072 bytes are used; 1,024 are left, in which a name costs nothing. */
  g_assert_false (disk_put ("/second", TRIO_FILE_CREATE, text, FALSE, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_true (g_str_has_prefix (failure->message, "1024 of 3000 bytes were written: "));
  g_clear_error (&failure);

  /* What is there already is written over, as far as its last sector goes. */
  if (!trio_file_write_at (file, 100, text, 2972, error))
    return FALSE;
  g_assert_false (trio_file_write_at (file, 3072, "x", 1, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_error (&failure);

  /* Cutting one file makes room for another. */
  if (!trio_file_truncate (file, 512, error) || !disk_put ("/second", TRIO_FILE_TRUNCATE, text, FALSE, error))
    return FALSE;

  /* One that is removed is there until it is closed. */
  if (!trio_path_remove ("/first", error) || !trio_path_remove ("/second", error))
    return FALSE;
  g_assert_false (disk_put ("/third", TRIO_FILE_CREATE, all, FALSE, &failure));
  g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  return trio_file_close (file, error) && disk_put ("/third", TRIO_FILE_TRUNCATE, all, FALSE, error);
}

static void
test_a_disk_with_a_size_is_full_at_the_sector (void)
{
  disk_expect_with (fill_a_disk, "", TRIO_SIM_OK, NULL);
}

/* Keeps the newest of a few files in the room there is: what does not fit makes it throw the oldest away. */
static gboolean
keep_the_newest (gboolean naive, GError **error)
{
  guint oldest = 0;

  trio_sim_disk_set_capacity (trio_sim_disk_get_current (), 4096);
  for (guint i = 0; i < 12; i++)
    {
      g_autofree char *path = g_strdup_printf ("/item-%u", i);
      g_autofree char *text = g_strnfill (600 + i * 700 % 1500, 'x');
      gboolean kept = FALSE;

      while (!kept)
        {
          g_autoptr (GError) failure = NULL;
          g_autofree char *part = g_strdup_printf ("/part-%u-%u", i, oldest);
          g_autofree char *first = g_strdup_printf ("/item-%u", oldest);

          /* The naive one forgets the part that was written. */
          kept = naive ? disk_put (part, TRIO_FILE_CREATE, text, TRUE, &failure) && trio_path_rename (part, path, &failure)
                       : trio_file_replace (path, text, strlen (text), &failure);
          if (kept)
            break;
          trio_always (oldest < i, "there is room for one");
          if (!g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NO_SPACE) || !trio_path_remove (first, error))
            return FALSE;
          oldest++;
        }
    }
  return TRUE;
}

static gboolean
keep_naively (gpointer data G_GNUC_UNUSED, GError **error)
{
  return keep_the_newest (TRUE, error);
}

static gboolean
keep_with_care (gpointer data G_GNUC_UNUSED, GError **error)
{
  return keep_the_newest (FALSE, error);
}

static void
test_parts_that_are_left_behind_fill_a_disk (void)
{
  disk_expect_with (keep_naively, "", TRIO_SIM_ALWAYS, "there is room for one");
  disk_expect_with (keep_with_care, "", TRIO_SIM_OK, NULL);
}

/* One takes a file that it cannot read for one that is not there. */
static gboolean
count_up (gboolean naive, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *found = NULL;

  trio_sim_disk_declare_copy (trio_sim_disk_get_current (), "/", "all", 0);
  if (!trio_file_replace ("/counter", "5", 1, error))
    return FALSE;
  found = disk_load_text ("/counter", &failure);
  if (found == NULL && (naive || g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)))
    found = g_strdup ("0");
  if (found != NULL)
    {
      char next[] = { (char) (found[0] + 1), '\0' };

      if (!trio_file_replace ("/counter", next, 1, error))
        return FALSE;
    }
  trio_always (disk_is_text ("/counter", "6") || disk_is_text ("/counter", "5"), "a counter never goes back");
  return TRUE;
}

static gboolean
count_up_naively (gpointer data G_GNUC_UNUSED, GError **error)
{
  return count_up (TRUE, error);
}

static gboolean
count_up_with_care (gpointer data G_GNUC_UNUSED, GError **error)
{
  return count_up (FALSE, error);
}

static void
test_what_cannot_be_read_is_not_nothing (void)
{
  disk_expect_with (count_up_naively, "main fault.disk.read 1 = 1/2", TRIO_SIM_ALWAYS, "a counter never goes back");
  disk_expect_with (count_up_with_care, "main fault.disk.read 1 = 1/2", TRIO_SIM_OK, NULL);
}

/* After a sync that failed, one tries to sync again; the other writes again, to a new file. */
static gboolean
sync_until_it_works (gboolean naive, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open (FILE_NAME, TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  g_autoptr (GError) failure = NULL;

  if (file == NULL || !trio_directory_sync ("/", error) || !trio_file_write (file, "paid", 4, error))
    return FALSE;
  if (!trio_file_sync (file, &failure) && !(naive ? trio_file_sync (file, error) : trio_file_replace (FILE_NAME, "paid", 4, error)))
    return FALSE;
  if (!trio_file_close (file, error))
    return FALSE;
  g_assert_true (disk_is_text (FILE_NAME, "paid"));
  trio_sim_crash_disk ();
  trio_always (disk_is_text (FILE_NAME, "paid"), "what was synced is there");
  return TRUE;
}

static gboolean
sync_again (gpointer data G_GNUC_UNUSED, GError **error)
{
  return sync_until_it_works (TRUE, error);
}

static gboolean
write_again (gpointer data G_GNUC_UNUSED, GError **error)
{
  return sync_until_it_works (FALSE, error);
}

static void
test_a_sync_after_one_that_failed_means_nothing (void)
{
  disk_expect_with (sync_again, "main fault.disk.sync 2 = 1/2", TRIO_SIM_ALWAYS, "what was synced is there");
  disk_expect_with (write_again, "main fault.disk.sync 2 = 1/2", TRIO_SIM_OK, NULL);
}

/* --- damage that nobody is told of --- */

/* A letter 600 times and, at the end, how often: enough of a checksum here. */
static char *
record_of (char letter)
{
  g_autofree char *letters = g_strnfill (600, letter);

  return g_strconcat (letters, "600", NULL);
}

static gboolean
is_valid (const char *text)
{
  return text != NULL && strlen (text) == 603 && strspn (text, (const char[]) { text[0], '\0' }) == 600
         && g_str_has_suffix (text, "600");
}

static const char *const copies[] = { "/one/record", "/other/record" };

static gboolean
write_copies (guint n, char letter, GError **error)
{
  g_autofree char *record = record_of (letter);

  for (guint i = 0; i < n; i++)
    if (!trio_file_replace (copies[i], record, strlen (record), error))
      return FALSE;
  return TRUE;
}

/* The newest that is whole. What cannot be read now may be whole. */
static gboolean
read_copies (guint n, char *newest, GError **error)
{
  *newest = 0;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) failure = NULL;
      g_autofree char *found = disk_load_text (copies[i], &failure);

      if (is_valid (found))
        *newest = MAX (*newest, found[0]);
      else if (found == NULL && !g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
keep_copies (guint n, GError **error)
{
  TrioSimDisk *disk = trio_sim_disk_get_current ();

  trio_sim_disk_declare_copy (disk, "/one", "record", 1);
  trio_sim_disk_declare_copy (disk, "/other", "record", 1);
  trio_sim_disk_declare_copy (disk, "/", "the root", 0);
  if (!trio_directory_make ("/one", error) || !trio_directory_make ("/other", error) || !trio_directory_sync ("/", error))
    return FALSE;
  for (char letter = 'a'; letter <= 'c'; letter++)
    {
      char newest;

      if (!write_copies (n, letter, error))
        return FALSE;
      trio_sim_disk_crash (disk);
      if (!read_copies (n, &newest, error))
        return FALSE;
      trio_always (newest == letter, "the newest record is found");
    }
  return TRUE;
}

static gboolean
keep_one (gpointer data G_GNUC_UNUSED, GError **error)
{
  return keep_copies (1, error);
}

static gboolean
keep_two (gpointer data G_GNUC_UNUSED, GError **error)
{
  return keep_copies (2, error);
}

static void
test_damage_is_survived_by_a_second_copy (void)
{
  static const char *const lines[] = {
    "main fault.disk.lie 1 = 1/2",          /* of a file */
    "main fault.disk.lie 2 = 1/2",          /* of the names in a directory */
    "main fault.disk.misdirect 1 = 1/2",
    "main fault.disk.corrupt 1 = 1/3",
    "main fault.disk.corrupt 1 = 2/3",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      disk_expect_with (keep_one, lines[i], TRIO_SIM_ALWAYS, "the newest record is found");
      disk_expect_with (keep_two, lines[i], TRIO_SIM_OK, NULL);
    }
}

/* All damage that there is, whenever it comes, to one of two. (What is told, such as EIO, makes this program give up: it is none of this.) */
static gboolean
keep_two_by_chance (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  return keep_copies (2, &failure) || failure != NULL;
}

static gboolean
keep_one_by_chance (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  return keep_copies (1, &failure) || failure != NULL;
}

static void
test_the_atlas_leaves_one_copy_whole (void)
{
  disk_expect_to_break (keep_one_by_chance, NULL, TRIO_SIM_INJECT_FAULT, "the newest record is found");
  disk_expect_to_hold (keep_two_by_chance, NULL, TRIO_SIM_INJECT_FAULT);
}

/* --- notices that do not arrive --- */

/* Follows what is in a directory by what it is told. One takes no notice of losses; the other looks again. */
static gboolean
follow (gboolean naive, GError **error)
{
  g_autoptr (TrioFileWatch) watch = NULL;
  guint n_known = 0;

  if (!trio_directory_make ("/d", error))
    return FALSE;
  watch = trio_file_watch_open ("/d", error);
  if (watch == NULL || !trio_directory_make ("/d/a", error) || !trio_directory_make ("/d/b", error)
      || !trio_sleep (G_TIME_SPAN_MINUTE, error))
    return FALSE;
  /* Two events, or one and a loss. */
  for (guint i = 0; i < 2; i++)
    {
      g_auto (TrioFileEvent) event = { 0 };

      if (!trio_file_watch_next (watch, &event, error))
        return FALSE;
      if (event.kind == TRIO_FILE_APPEARED)
        n_known++;
      else if (!naive)
        {
          g_auto (GStrv) names = trio_directory_list ("/d", error);

          if (names == NULL)
            return FALSE;
          n_known = g_strv_length (names);
          break;
        }
    }
  trio_always (n_known == 2, "all directories are known");
  return TRUE;
}

static gboolean
follow_naively (gpointer data G_GNUC_UNUSED, GError **error)
{
  return follow (TRUE, error);
}

static gboolean
follow_with_care (gpointer data G_GNUC_UNUSED, GError **error)
{
  return follow (FALSE, error);
}

static void
test_lost_notices_are_told_and_mean_to_look_again (void)
{
  for (guint i = 1; i <= 2; i++)
    {
      g_autofree char *line = g_strdup_printf ("main fault.disk.notices %u = 1/2", i);

      disk_expect_with (follow_naively, line, TRIO_SIM_ALWAYS, "all directories are known");
      disk_expect_with (follow_with_care, line, TRIO_SIM_OK, NULL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/sim/disk/" #name, test_##name)
  ADD (no_room_or_no_luck_to_write_spoils_what_is_overwritten);
  ADD (a_disk_that_becomes_full_tells_how_much_was_written);
  ADD (a_disk_with_a_size_is_full_at_the_sector);
  ADD (parts_that_are_left_behind_fill_a_disk);
  ADD (what_cannot_be_read_is_not_nothing);
  ADD (a_sync_after_one_that_failed_means_nothing);
  ADD (damage_is_survived_by_a_second_copy);
  ADD (the_atlas_leaves_one_copy_whole);
  ADD (lost_notices_are_told_and_mean_to_look_again);
#undef ADD

  return g_test_run ();
}
