/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A main for fuzz targets where there is no libFuzzer: runs files and the files of folders, in order of their names, and then, if
 * asked to, inputs drawn by chance. It understands libFuzzer's -runs=N, -seed=S, -max_len=N and -artifact_prefix=P, and ignores
 * other flags, so that a test can call either program in the same way.
 *
 * It sits in the library trio-fuzz-1 as a member that is taken only if nobody else has a main; libFuzzer has. */

#include "fuzz/driver.h"

#include <string.h>

int main (int argc, char **argv);
int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static gboolean run_path (const char *path, guint *n_runs);
static void     run_by_chance (guint64 runs, guint32 seed, gsize max_len);

static guint64
flag_value (int argc, char **argv, const char *name, guint64 otherwise)
{
  for (int i = argc - 1; i > 0; i--)
    if (g_str_has_prefix (argv[i], name))
      return g_ascii_strtoull (argv[i] + strlen (name), NULL, 10);

  return otherwise;
}

int
main (int argc, char **argv)
{
  guint n_runs = 0;
  guint64 runs;

  LLVMFuzzerInitialize (&argc, &argv);
  trio_fuzz_write_artifacts (TRUE);

  for (int i = 1; i < argc; i++)
    if (argv[i][0] != '-' && !run_path (argv[i], &n_runs))
      return 1;

  runs = flag_value (argc, argv, "-runs=", 0);
  if (n_runs == 0 && runs == 0)
    LLVMFuzzerTestOneInput ((const uint8_t *) "", 0);
  run_by_chance (runs, (guint32) flag_value (argc, argv, "-seed=", 1), flag_value (argc, argv, "-max_len=", 512));

  g_print ("%u inputs and %" G_GUINT64_FORMAT " drawn by chance: nothing found\n", n_runs, runs);
  return 0;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
run_folder (const char *path, guint *n_runs, GError **error)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (folder == NULL)
    return FALSE;

  while ((name = g_dir_read_name (folder)) != NULL)
    g_ptr_array_add (names, g_build_filename (path, name, NULL));
  g_ptr_array_sort (names, compare_names);      /* the folder's own order is the disk's */

  for (guint i = 0; i < names->len; i++)
    if (!run_path (names->pdata[i], n_runs))
      return FALSE;
  return TRUE;
}

static gboolean
run_path (const char *path, guint *n_runs)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize size;
  gboolean ok;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    ok = run_folder (path, n_runs, &error);
  else
    ok = g_file_get_contents (path, &bytes, &size, &error);

  if (error != NULL)
    g_printerr ("%s\n", error->message);
  if (ok && bytes != NULL)
    {
      LLVMFuzzerTestOneInput ((const uint8_t *) bytes, size);
      *n_runs += 1;
    }
  return ok;
}

/* Mostly zeroes, which are dull answers; how mostly differs from input to input, since a bug needs few decisions or many. */
static void
run_by_chance (guint64 runs, guint32 seed, gsize max_len)
{
  g_autoptr (GRand) chance = g_rand_new_with_seed (seed);
  g_autofree uint8_t *bytes = g_malloc (max_len + 1);

  for (guint64 i = 0; i < runs; i++)
    {
      gsize size = (gsize) g_rand_int_range (chance, 0, (gint32) max_len + 1);
      double density = 1.0 / (double) (1 << g_rand_int_range (chance, 0, 7));

      for (gsize j = 0; j < size; j++)
        bytes[j] = g_rand_double (chance) < density ? (uint8_t) g_rand_int_range (chance, 0, 256) : 0;
      LLVMFuzzerTestOneInput (bytes, size);
    }
}
