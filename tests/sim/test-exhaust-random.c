/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The reduction against brute force: small programs drawn by chance from all primitives of the runtime, cells of memory, cancellation,
 * time and checkpoints. Whatever end brute force reaches (verdict, and what the memory and all the tasks saw), the reduced search reaches too, and
 * nothing else. */

#include "simulator/exhaust.h"
#include "tests/sim/random-program.h"

#define BRUTE_FORCE_MAX 3000

/* --- the ends --- */

static void
add_end (const TrioSimReport *report, gpointer data)
{
  GHashTable *ends = data;
  g_autoptr (GString) end = g_string_new (NULL);

  /* A run that broke off stands somewhere: what the others had done by then is no end. */
  if (report->verdict == TRIO_SIM_ALWAYS)
    g_string_printf (end, "always %s", report->name);
  else
    {
      g_string_printf (end, "%s %s at %" G_GINT64_FORMAT ": ", trio_sim_verdict_to_string (report->verdict), report->name,
                       report->duration_us);
      random_program_append_end (end);
    }
  g_hash_table_add (ends, g_string_free (g_steal_pointer (&end), FALSE));
}

static TrioSimExhaust *
search (RandomProgram *program, TrioSimReduce reduce, GHashTable *ends)
{
  static const char *const held[] = { "clock.", NULL };
  const TrioSimExhaustOptions options = {
    .func = random_program_run, .data = program, .deviations = -1, .reduce = reduce, .held = held, .keep_going = TRUE, .on_run = add_end,
    .user_data = ends, .max_runs = BRUTE_FORCE_MAX,
  };
  g_autoptr (GError) error = NULL;
  TrioSimExhaust *result = trio_sim_exhaust (&options, &error);

  g_assert_no_error (error);
  return result;
}

static void
expect_all (GHashTable *ends, GHashTable *among, const RandomProgram *program, guint64 seed, const char *which)
{
  GHashTableIter iter;
  gpointer end;

  g_hash_table_iter_init (&iter, ends);
  while (g_hash_table_iter_next (&iter, &end, NULL))
    if (!g_hash_table_contains (among, end))
      {
        g_autoptr (GString) text = g_string_new (NULL);

        random_program_append (program, text);
        g_error ("program %" G_GUINT64_FORMAT ", %s\nthe end “%s” is reached by %s", seed, text->str, (char *) end, which);
      }
}

static void
test_the_reduced_search_reaches_every_end_that_brute_force_does (void)
{
  const char *many = g_getenv ("TRIO_TEST_PROGRAMS");
  guint n_programs = many != NULL ? (guint) g_ascii_strtoull (many, NULL, 10) : 150;
  guint64 brute = 0, reduced = 0, redundant = 0, n_ends = 0;
  guint n_compared = 0, n_reduced = 0;

  for (guint64 seed = 1; n_compared < n_programs; seed++)
    {
      g_autoptr (GHashTable) expected = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_autoptr (GHashTable) found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_autoptr (TrioSimExhaust) all = NULL, few = NULL;
      RandomProgram program;

      random_program_draw (&program, seed);
      all = search (&program, TRIO_SIM_REDUCE_NONE, expected);
      if (all->outcome != TRIO_SIM_EXHAUSTED)
        continue;
      few = search (&program, TRIO_SIM_REDUCE_OBJECTS, found);
      g_assert_cmpint (few->outcome, ==, TRIO_SIM_EXHAUSTED);
      expect_all (expected, found, &program, seed, "brute force alone");
      expect_all (found, expected, &program, seed, "the reduced search alone");
      n_compared++;
      n_reduced += few->reduced != TRIO_SIM_REDUCE_NONE;
      brute += all->runs;
      reduced += few->schedules;
      redundant += few->redundant;
      n_ends += g_hash_table_size (expected);
    }
  g_test_message ("%u programs, %u reduced: %" G_GUINT64_FORMAT " schedules by brute force, %" G_GUINT64_FORMAT " reduced and %"
                  G_GUINT64_FORMAT " given up, %" G_GUINT64_FORMAT " ends", n_compared, n_reduced, brute, reduced, redundant, n_ends);
  g_assert_cmpuint (n_reduced, >, n_compared * 9 / 10);
  g_assert_cmpuint (reduced + redundant, <, brute / 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/exhaust/the_reduced_search_reaches_every_end_that_brute_force_does",
                   test_the_reduced_search_reaches_every_end_that_brute_force_does);
  return g_test_run ();
}
