/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Names and spawn paths: the address of a task that survives unrelated edits of the program. */

#include "tests/core/core-test.h"

/* Paths are counted only when somebody may ask. */
static void
run_counted (TrioFunc func, gpointer data)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (MockChoice) choice = mock_choice_new (world);
  g_autoptr (GError) error = NULL;

  mock_run_in (world, func, data, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (choice->n_cancel, ==, 0);
}

typedef struct
{
  GHashTable *hashes;     /* path -> hash */
} Album;

static void
photograph (Album *album)
{
  TrioTask *task = trio_current_task ();
  guint64 hash = trio_task_get_path_hash (task);
  char *path = trio_task_dup_path (task);

  g_assert_false (g_hash_table_contains (album->hashes, path));
  g_hash_table_insert (album->hashes, path, g_memdup2 (&hash, sizeof hash));
}

static gboolean
handler (gpointer data, GError **error)
{
  photograph (data);
  return trio_checkpoint (error);
}

static gboolean
serve (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  photograph (data);
  trio_nursery_start_soon (nursery, handler, data);
  trio_nursery_start_soon (nursery, handler, data);
  return trio_nursery_close (nursery, TRUE);
}

typedef struct
{
  Album    *album;
  gboolean  edited;
} Program;

static gboolean
program (gpointer data, GError **error)
{
  Program *self = data;
  g_autoptr (TrioNursery) nursery = NULL;

  /* An edit: another nursery, scope and tasks of other names before the rest. */
  if (self->edited)
    {
      g_autoptr (TrioCancelScope) scope = trio_move_on_after (1000, error);
      g_autoptr (TrioNursery) other = trio_nursery_open (error);

      trio_nursery_start_soon (other, mock_check_in, NULL);
      trio_nursery_start_soon (other, mock_sleep, GINT_TO_POINTER (5));
      if (!trio_cancel_scope_close (scope, trio_nursery_close (other, TRUE)))
        return FALSE;
    }
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, serve, self->album);
  if (self->edited)
    trio_nursery_start_soon (nursery, mock_return, NULL);
  trio_nursery_start_soon (nursery, handler, self->album);
  return trio_nursery_close (nursery, TRUE);
}

static Album
album_of (gboolean edited)
{
  Album album = { g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
  Program self = { &album, edited };

  run_counted (program, &self);
  return album;
}

static void
test_a_path_is_the_names_from_main_and_a_number_for_the_second_of_a_name (void)
{
  Album album = album_of (FALSE);

  g_assert_cmpuint (g_hash_table_size (album.hashes), ==, 4);
  g_assert_true (g_hash_table_contains (album.hashes, "main/serve"));
  g_assert_true (g_hash_table_contains (album.hashes, "main/serve/handler"));
  g_assert_true (g_hash_table_contains (album.hashes, "main/serve/handler#2"));
  g_assert_true (g_hash_table_contains (album.hashes, "main/handler"));
  g_hash_table_unref (album.hashes);
}

static void
test_an_unrelated_edit_leaves_paths_and_hashes_as_they_were (void)
{
  static const char *const paths[] = { "main/serve", "main/serve/handler", "main/serve/handler#2", "main/handler" };
  Album before = album_of (FALSE), after = album_of (TRUE);

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      guint64 *a = g_hash_table_lookup (before.hashes, paths[i]), *b = g_hash_table_lookup (after.hashes, paths[i]);

      g_assert_cmpuint (*a, ==, *b);
      for (guint j = 0; j < i; j++)
        g_assert_cmpuint (*a, !=, *(guint64 *) g_hash_table_lookup (before.hashes, paths[j]));
    }
  /* It is the same on every machine, since schedules are kept in files. */
  g_assert_cmphex (*(guint64 *) g_hash_table_lookup (before.hashes, "main/serve/handler#2"), ==,
                   G_GUINT64_CONSTANT (0x7f11b02e6eba3ae9));
  g_hash_table_unref (before.hashes);
  g_hash_table_unref (after.hashes);
}

static gboolean
look_odd (gpointer expected, GError **error G_GNUC_UNUSED)
{
  g_autofree char *path = trio_task_dup_path (trio_current_task ());

  g_assert_cmpstr (path, ==, expected);
  return TRUE;
}

static gboolean
spawn_odd_names (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autofree char *long_name = g_strnfill (300, 'x');
  g_autofree char *long_path = g_strdup_printf ("main/%s", long_name);
  g_autofree char *edge_name = g_strnfill (31, 'y');
  g_autofree char *edge_path = g_strdup_printf ("main/%s", edge_name);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, look_odd, (char *) "main/a_b_c_d__e", NULL, "a/b#c d\n\001e");
  trio_nursery_start_soon_full (nursery, look_odd, (char *) "main/", NULL, "");
  trio_nursery_start_soon_full (nursery, look_odd, (char *) "main/task", NULL, NULL);
  trio_nursery_start_soon_full (nursery, look_odd, (char *) "main/task#2", NULL, "task");
  trio_nursery_start_soon_full (nursery, look_odd, (char *) "main/__", NULL, "\303\244");
  trio_nursery_start_soon_full (nursery, look_odd, long_path, NULL, long_name);
  trio_nursery_start_soon_full (nursery, look_odd, edge_path, NULL, edge_name);
  return trio_nursery_close (nursery, TRUE);
}

/* A path stays one word, whatever the names hold. */
static void
test_odd_names_make_paths_of_one_word (void)
{
  run_counted (spawn_odd_names, NULL);
}

static gboolean
look_at_own_name (gpointer expected, GError **error G_GNUC_UNUSED)
{
  g_assert_cmpstr (trio_task_get_name (trio_current_task ()), ==, expected);
  return TRUE;
}

static gboolean
look_at_names (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  char *name = g_strdup ("copied");
  guint64 serial = trio_task_get_serial (trio_current_task ());

  g_assert_cmpstr (trio_task_get_name (trio_current_task ()), ==, "main");
  trio_nursery_start_soon (nursery, look_at_own_name, (char *) "look_at_own_name");
  trio_nursery_start_soon_full (nursery, look_at_own_name, (char *) "copied", NULL, name);
  trio_nursery_start_soon_full (nursery, look_at_own_name, (char *) "task", NULL, NULL);
  memset (name, '?', strlen (name));
  g_free (name);
  g_assert_cmpuint (serial, ==, 2);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_the_name_of_a_task_is_its_functions_unless_it_is_given (void)
{
  mock_run_ok (look_at_names, NULL);
}

static void
on_scheduled (TrioInstrument *self, TrioTask *task G_GNUC_UNUSED, TrioTask *by)
{
  if (by != NULL)
    {
      g_autofree char *path = trio_task_dup_path (by);

      self->name = g_intern_string (path);
    }
}

static gboolean
fail_with_a_long_name (gpointer name, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioInstrument instrument = { .task_scheduled = on_scheduled };
  gboolean ok;

  trio_nursery_start_soon_full (nursery, mock_fail, (char *) "no tea", NULL, name);
  trio_add_instrument (&instrument);
  ok = trio_nursery_close (nursery, TRUE);
  trio_remove_instrument (&instrument);
  mock_assert_says (instrument.name, (const char *) name);
  mock_assert_says (trio_cancel_scope_get_reason (trio_nursery_get_cancel_scope (nursery)), (const char *) name);
  return ok;
}

/* …up to its last act, which is to wake its parent. */
static void
test_a_task_has_its_name_to_the_end (void)
{
  g_autofree char *name = g_strnfill (300, 'x');
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (fail_with_a_long_name, name, &error));
  mock_assert_error (error, TRIO_ERROR_FAILED);
}

/* ---- started tasks ---- */

static gboolean
started (gpointer data, TrioTaskStatus *status, GError **error)
{
  g_autofree char *before = trio_task_dup_path (trio_current_task ());
  g_autofree char *after = NULL;
  guint64 hash = trio_task_get_path_hash (trio_current_task ());

  g_assert_cmpstr (before, ==, data);
  trio_task_status_started (status, NULL);
  after = trio_task_dup_path (trio_current_task ());
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpuint (trio_task_get_path_hash (trio_current_task ()), ==, hash);
  if (!trio_sleep (10, error))
    return FALSE;
  g_free (after);
  /* Who started it has ended. */
  after = trio_task_dup_path (trio_current_task ());
  g_assert_cmpstr (after, ==, before);
  return TRUE;
}

static gboolean
starter (gpointer target, GError **error)
{
  return trio_nursery_start ((TrioNursery *) target, started, (char *) "main/starter/started", NULL, error);
}

static gboolean
start_elsewhere (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) target = trio_nursery_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, starter, target);
  return trio_nursery_close (target, trio_nursery_close (nursery, TRUE));
}

/* "Where the task was born" does not change when it moves to another nursery. */
static void
test_a_started_task_keeps_the_path_of_its_birth (void)
{
  run_counted (start_elsewhere, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_mock ("/paths/a-path-is-the-names-from-main-and-a-number-for-the-second-of-a-name",
                      test_a_path_is_the_names_from_main_and_a_number_for_the_second_of_a_name, "it drives the loop or the world itself");
  core_test_add_mock ("/paths/an-unrelated-edit-leaves-paths-and-hashes-as-they-were",
                      test_an_unrelated_edit_leaves_paths_and_hashes_as_they_were, "it drives the loop or the world itself");
  core_test_add_mock ("/paths/odd-names-make-paths-of-one-word",
                      test_odd_names_make_paths_of_one_word, "it drives the loop or the world itself");
  core_test_add ("/paths/the-name-of-a-task-is-its-functions-unless-it-is-given",
                 test_the_name_of_a_task_is_its_functions_unless_it_is_given);
  core_test_add_undisturbed ("/paths/a-task-has-its-name-to-the-end",
                             test_a_task_has_its_name_to_the_end,
                             "it looks at the reason");
  core_test_add_mock ("/paths/a-started-task-keeps-the-path-of-its-birth",
                      test_a_started_task_keeps_the_path_of_its_birth, "it drives the loop or the world itself");
  return g_test_run ();
}
