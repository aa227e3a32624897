/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a crash leaves of a simulated disk, and which programs survive one at any time. */

#include <string.h>

#include <gio/gio.h>

#include "tests/sim/disk-test.h"

/* --- what a crash leaves --- */

static gboolean
lose_what_is_not_synced (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (!trio_directory_make ("/d", error) || !disk_put ("/d/kept", 0, "kept", TRUE, error) || !disk_put ("/d/empty", 0, "x", FALSE, error)
      || !trio_directory_sync ("/", error) || !trio_directory_sync ("/d", error) || !disk_put ("/d/nameless", 0, "y", TRUE, error)
      || !disk_put ("/d/kept", 0, "lost", FALSE, error))
    return FALSE;
  g_assert_true (disk_is_text ("/d/kept", "lost"));
  trio_sim_crash_disk ();
  g_assert_true (disk_is_text ("/d/kept", "kept"));
  g_assert_true (disk_is_text ("/d/empty", ""));
  g_assert_true (disk_is_text ("/d/nameless", NULL));
  return TRUE;
}

static void
test_a_dull_crash_leaves_what_was_synced_and_nothing_else (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (lose_what_is_not_synced, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static gboolean
have_no_place_for_temporary_files (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GError) refusal = NULL;
  g_autofree char *path = NULL;

  if (!trio_directory_remove ("/tmp", error))
    return FALSE;
  g_assert_null (trio_directory_make_temporary (NULL, &refusal));
  g_assert_true (g_str_has_prefix (refusal->message, "could not make a temporary directory in the place for temporary files: "));
  g_clear_error (&refusal);
  g_assert_null (trio_file_open_temporary (NULL, &path, &refusal));
  g_assert_true (g_str_has_prefix (refusal->message, "could not make a temporary file in the place for temporary files: "));
  return TRUE;
}

static void
test_where_there_is_no_place_for_temporary_files_the_error_says_so (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (have_no_place_for_temporary_files, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static gboolean
use_a_file_across_a_crash (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open (FILE_NAME, TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);
  g_autoptr (GError) refusal = NULL;

  if (file == NULL)
    return FALSE;
  trio_sim_crash_disk ();
  g_assert_false (trio_file_write (file, "x", 1, &refusal));
  g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_true (g_str_has_suffix (refusal->message, g_strerror (5)));
  g_clear_error (&refusal);
  g_assert_false (trio_file_sync (file, &refusal));
  return trio_file_close (file, error);
}

static void
test_a_file_that_was_open_is_of_no_use_after_a_crash (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (use_a_file_across_a_crash, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* Four sectors of one letter each. */
static char survived[5];

static gboolean
tear (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autofree char *before = g_strnfill (4 * 512, '-');
  g_autofree char *after = g_strnfill (4 * 512, 'x');
  g_autofree char *found = NULL;

  if (!disk_put (FILE_NAME, 0, before, TRUE, error) || !trio_directory_sync ("/", error) || !disk_put (FILE_NAME, 0, after, FALSE, error))
    return FALSE;
  trio_sim_crash_disk ();
  found = disk_load_text (FILE_NAME, error);
  if (found == NULL)
    return FALSE;
  g_assert_cmpuint (strlen (found), ==, 4 * 512);
  for (guint i = 0; i < 4; i++)
    {
      for (guint j = 1; j < 512; j++)
        g_assert_cmpint (found[i * 512 + j], ==, found[i * 512]);
      survived[i] = found[i * 512];
    }
  return TRUE;
}

static void
test_a_write_is_lost_whole_or_torn_between_sectors (void)
{
  static const char *const expected[] = { "----", "xxxx", "x---", "xx--", "xxx-", "-xxx", "--xx", "---x" };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autofree char *line = g_strdup_printf ("main disk.survive 1 = %u/8", i);
      g_autoptr (TrioSimReport) report = i == 0 ? sim_run_fifo (tear, NULL) : disk_run_lines (tear, NULL, TRIO_SIM_INJECT_NONE, line);

      sim_expect (report, TRIO_SIM_OK, NULL);
      g_assert_cmpstr (survived, ==, expected[i]);
    }
}

static gboolean
reorder (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioFile) file = trio_file_open (FILE_NAME, TRIO_FILE_WRITE | TRIO_FILE_CREATE, error);

  if (file == NULL || !trio_file_truncate (file, 2000, error) || !trio_file_sync (file, error) || !trio_directory_sync ("/", error)
      || !trio_file_write_at (file, 0, "first", 5, error) || !trio_file_write_at (file, 1024, "second", 6, error))
    return FALSE;
  trio_sim_crash_disk ();
  if (!trio_file_close (file, error))
    return FALSE;
  {
    g_autoptr (GBytes) bytes = trio_file_load (FILE_NAME, error);
    const char *text;

    if (bytes == NULL)
      return FALSE;
    text = g_bytes_get_data (bytes, NULL);
    g_assert_cmpint (text[0], ==, 0);
    g_assert_cmpmem (text + 1024, 6, "second", 6);
  }
  return TRUE;
}

static void
test_a_later_write_may_survive_an_earlier_one (void)
{
  g_autoptr (TrioSimReport) report = disk_run_lines (reorder, NULL, TRIO_SIM_INJECT_NONE, "main disk.survive 2 = 1/2");

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static gboolean
change_names (gpointer data, GError **error)
{
  guint n_kept = GPOINTER_TO_UINT (data);
  g_auto (GStrv) names = NULL;
  g_autofree char *all = NULL;
  static const char *const expected[] = { "a tmp", "a b tmp", "b tmp", "b d tmp", "d tmp" };

  if (!disk_put ("/a", 0, "1", TRUE, error) || !trio_directory_sync ("/", error) || !disk_put ("/b", 0, "2", TRUE, error)
      || !trio_path_rename ("/a", "/b", error) || !trio_directory_make ("/d", error) || !trio_path_rename ("/b", "/d/c", error))
    return FALSE;
  trio_sim_crash_disk ();
  names = trio_directory_list ("/", error);
  if (names == NULL)
    return FALSE;
  all = g_strjoinv (" ", names);
  g_assert_cmpstr (all, ==, expected[n_kept]);
  if (n_kept == 1)
    g_assert_true (disk_is_text ("/b", "2"));
  if (n_kept == 2)
    g_assert_true (disk_is_text ("/b", "1"));
  if (n_kept == 4)
    g_assert_true (disk_is_text ("/d/c", "1"));
  return TRUE;
}

static void
test_names_survive_in_order_and_a_rename_wholly (void)
{
  for (guint i = 1; i <= 4; i++)
    {
      g_autofree char *line = g_strdup_printf ("main disk.survive.names 1 = %u/5", i);
      g_autoptr (TrioSimReport) report = disk_run_lines (change_names, GUINT_TO_POINTER (i), TRIO_SIM_INJECT_NONE, line);

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

/* --- a crash at any time --- */

typedef struct
{
  TrioFunc update;
  gboolean acknowledged;
} Story;

static gboolean
update_and_tell (gpointer data, GError **error G_GNUC_UNUSED)
{
  Story *story = data;
  g_autoptr (GError) failure = NULL;

  /* After the crash everything fails; it is none of its faults. */
  story->acknowledged = story->update (NULL, &failure);
  return TRUE;
}

static gint64
choose_moment (void)
{
  const TrioChoicePoint point = { .label = "moment", .bound = 30 };

  return 50 * (gint64) trio_choose (&point);
}

/* The power fails while an update is under way, or after it. What is found is all old or all new, and new if somebody was told so. */
static gboolean
update_and_crash (gpointer update, GError **error)
{
  Story story = { .update = *(TrioFunc *) update };
  g_autofree char *old = disk_settings ('o');
  g_autofree char *new = disk_settings ('n');

  if (!trio_file_replace (FILE_NAME, old, strlen (old), error))
    return FALSE;
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon (nursery, update_and_tell, &story);
    if (!trio_sleep (choose_moment (), error))
      return FALSE;
    trio_sim_crash_disk ();
    trio_nursery_cancel (nursery);
    if (!trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  trio_always (disk_is_text (FILE_NAME, new) || (!story.acknowledged && disk_is_text (FILE_NAME, old)), "settings survive");
  return TRUE;
}

static gboolean
replace (gboolean sync_file, gboolean sync_directory, GError **error)
{
  g_autofree char *new = disk_settings ('n');

  return disk_put ("/settings.new", TRIO_FILE_TRUNCATE, new, sync_file, error) && trio_path_rename ("/settings.new", FILE_NAME, error)
         && (!sync_directory || trio_directory_sync ("/", error));
}

static gboolean
replace_without_syncing_the_file (gpointer data G_GNUC_UNUSED, GError **error)
{
  return replace (FALSE, TRUE, error);
}

static gboolean
replace_without_syncing_the_directory (gpointer data G_GNUC_UNUSED, GError **error)
{
  return replace (TRUE, FALSE, error);
}

static gboolean
replace_with_care (gpointer data G_GNUC_UNUSED, GError **error)
{
  return replace (TRUE, TRUE, error);
}

static void
test_only_careful_updates_survive_a_crash_at_any_time (void)
{
  static TrioFunc naive[] = { disk_overwrite, replace_without_syncing_the_file, replace_without_syncing_the_directory };
  static TrioFunc careful[] = { replace_with_care, disk_replace_by_the_library };

  for (guint i = 0; i < G_N_ELEMENTS (naive); i++)
    disk_expect_to_break (update_and_crash, &naive[i], TRIO_SIM_INJECT_NONE, "settings survive");
  for (guint i = 0; i < G_N_ELEMENTS (careful); i++)
    disk_expect_to_hold (update_and_crash, &careful[i], TRIO_SIM_INJECT_NONE);
}

/* --- replay --- */

static gboolean
crash_by_chance (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  return update_and_crash (data, &failure) || failure != NULL;
}

static void
test_a_crash_is_repeated_by_its_schedule_and_tells_what_it_did (void)
{
  static TrioFunc update = disk_overwrite;
  guint n_words = 0;

  for (guint64 seed = 1; seed <= 60; seed++)
    {
      g_autoptr (TrioSimReport) first = sim_run_random (crash_by_chance, &update, seed, TRIO_SIM_INJECT_FAULT);
      g_autoptr (TrioSimReport) second = sim_run_replay (crash_by_chance, &update, first->schedule, TRIO_SIM_INJECT_FAULT);

      g_assert_cmpuint (first->hash, ==, second->hash);
      for (guint i = 0; i < trio_schedule_get_length (first->schedule); i++)
        {
          const TrioScheduleEntry *entry = trio_schedule_get_entry (first->schedule, i);

          if (strstr (entry->label, "disk") == NULL)
            continue;
          g_assert_nonnull (entry->words);
          g_assert_cmpuint (strlen (entry->words), >, 10);
          n_words++;
        }
    }
  g_assert_cmpuint (n_words, >, 30);
}

static gboolean
leave_open (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_file_open (FILE_NAME, TRIO_FILE_WRITE | TRIO_FILE_CREATE, error) != NULL;
}

static void
test_a_file_that_is_left_open_is_a_leak (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (leave_open, NULL);

  sim_expect (report, TRIO_SIM_LEAK, "file of main");
}

static gboolean
crash_during_a_verb (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, update_and_tell, data);
  if (!trio_sleep (20, error))
    return FALSE;
  trio_sim_crash_disk ();
  return trio_nursery_close (nursery, TRUE) && trio_file_replace (FILE_NAME, "x", 1, error);
}

static void
test_a_verb_under_way_fails_with_the_disk_and_the_next_one_goes (void)
{
  Story story = { .update = disk_overwrite };
  g_autoptr (TrioSimReport) report = sim_run_fifo (crash_during_a_verb, &story);

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_false (story.acknowledged);
}

/* --- hosts --- */

static gboolean
keep_a_name (gpointer text, GError **error)
{
  return trio_file_replace ("/name", text, strlen (text), error) && disk_put ("/unsynced", 0, text, FALSE, error);
}

static gboolean
find_the_name (gpointer text, GError **error G_GNUC_UNUSED)
{
  gboolean is_first = g_str_equal (text, "first");

  g_assert_true (disk_is_text ("/name", text));
  g_assert_true (disk_is_text ("/unsynced", is_first ? NULL : text));
  return TRUE;
}

static gboolean
run_on (TrioSimHost *host, TrioFunc func, const char *text, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_host_start (host, nursery, func, (gpointer) text);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
crash_one_of_two (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioSimHost *first = trio_sim_host_new ("first");
  TrioSimHost *second = trio_sim_host_new ("second");

  if (!run_on (first, keep_a_name, "first", error) || !run_on (second, keep_a_name, "second", error))
    return FALSE;
  g_assert_true (disk_is_text ("/name", NULL));
  trio_sim_disk_crash (trio_sim_disk_of_host (first));
  return run_on (first, find_the_name, "first", error) && run_on (second, find_the_name, "second", error);
}

static void
test_each_host_has_a_disk_of_its_own (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (crash_one_of_two, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/sim/disk/" #name, test_##name)
  ADD (a_dull_crash_leaves_what_was_synced_and_nothing_else);
  ADD (where_there_is_no_place_for_temporary_files_the_error_says_so);
  ADD (a_file_that_was_open_is_of_no_use_after_a_crash);
  ADD (a_write_is_lost_whole_or_torn_between_sectors);
  ADD (a_later_write_may_survive_an_earlier_one);
  ADD (names_survive_in_order_and_a_rename_wholly);
  ADD (only_careful_updates_survive_a_crash_at_any_time);
  ADD (a_crash_is_repeated_by_its_schedule_and_tells_what_it_did);
  ADD (a_file_that_is_left_open_is_a_leak);
  ADD (a_verb_under_way_fails_with_the_disk_and_the_next_one_goes);
  ADD (each_host_has_a_disk_of_its_own);
#undef ADD

  return g_test_run ();
}
