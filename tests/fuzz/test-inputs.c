/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Inputs of the fuzzer: what mutations keep, splicing, and schedules as bytes and back. */

#include "fuzz/driver.h"
#include "simulator/schedule.h"

#include <string.h>

#define SEEDS 2000
#define ROOM  64

/* ---- Mutations ----------------------------------------------------------------------------------------------------------------- */

/* What is decided at each question; 0 where nothing is. */
static void
read_tape (const uint8_t *data, size_t size, guint8 *answers, guint n)
{
  guint at = 0;

  memset (answers, 0, n);
  for (size_t i = 0; i + 1 < size; i++)
    {
      at += data[i];
      if (data[i] == 255)
        continue;
      if (at < n)
        answers[at] = data[i + 1];
      at++;
      i++;
    }
}

static guint
count_changes (const guint8 *a, const guint8 *b, guint n)
{
  guint changes = 0;

  for (guint i = 0; i < n; i++)
    changes += a[i] != b[i];
  return changes;
}

/* Decisions at the questions 3, 5, 300, 301, 320. */
static const uint8_t sample[] = { 3, 1, 1, 2, 255, 39, 1, 0, 3, 18, 1 };

/* What is not changed stays at its question: a mutation changes at most four spans of nine questions, and often only one or two questions,
 * wherever on the tape they are. */
static void
test_a_mutation_leaves_all_other_decisions_at_their_questions (void)
{
  guint8 before[1024], after[1024];
  guint small = 0;

  read_tape (sample, sizeof sample, before, G_N_ELEMENTS (before));
  g_assert_cmpuint (before[3] * before[300] * before[320], ==, 1);
  for (guint seed = 0; seed < SEEDS; seed++)
    {
      uint8_t data[ROOM];
      size_t size;
      guint changes;

      memcpy (data, sample, sizeof sample);
      size = trio_fuzz_mutate_bytes (data, sizeof sample, ROOM, seed);
      g_assert_cmpuint (size, <=, ROOM);
      read_tape (data, size, after, G_N_ELEMENTS (after));
      changes = count_changes (before, after, G_N_ELEMENTS (before));
      g_assert_cmpuint (changes, <=, 4 * 9);
      small += changes > 0 && changes <= 2;
    }
  g_assert_cmpuint (small, >, SEEDS / 4);
}

/* In particular decisions behind the one that was inserted or deleted, which a mutation of bytes would move. */
static void
test_mutations_insert_and_delete_before_decisions_that_stay (void)
{
  guint n_inserted = 0, n_deleted = 0, n_kept = 0;
  guint8 after[1024];

  for (guint seed = 0; seed < SEEDS; seed++)
    {
      uint8_t data[ROOM];
      size_t size;

      memcpy (data, sample, sizeof sample);
      size = trio_fuzz_mutate_bytes (data, sizeof sample, ROOM, seed);
      read_tape (data, size, after, G_N_ELEMENTS (after));
      n_kept += after[320] == 1;
      n_inserted += after[320] == 1 && after[300] == 1 && (after[0] | after[1] | after[2] | after[10] | after[20]) != 0;
      n_deleted += after[320] == 1 && after[3] == 0;
    }
  g_assert_cmpuint (n_kept, >, SEEDS / 2);
  g_assert_cmpuint (n_inserted, >, 0);
  g_assert_cmpuint (n_deleted, >, 0);
}

static void
test_the_same_seed_gives_the_same_mutation_and_any_room_is_enough (void)
{
  for (guint seed = 0; seed < SEEDS; seed++)
    {
      uint8_t one[ROOM] = { 0 }, other[ROOM] = { 0 };
      size_t room = 1 + seed % ROOM, size = MIN (sizeof sample, room);
      size_t n_one, n_other;

      memcpy (one, sample, size);
      memcpy (other, sample, size);
      n_one = trio_fuzz_mutate_bytes (one, size, room, seed);
      n_other = trio_fuzz_mutate_bytes (other, size, room, seed);
      g_assert_cmpmem (one, n_one, other, n_other);
      g_assert_cmpuint (n_one, <=, room);
    }
}

static void
test_splicing_takes_the_beginning_of_one_and_the_rest_of_the_other (void)
{
  static const uint8_t first[] = { 2, 1, 7, 1, 9, 1 }, second[] = { 0, 2, 4, 2, 30, 2 };
  guint8 a[64], b[64], spliced[64];
  gboolean mixed = FALSE;

  read_tape (first, sizeof first, a, 64);
  read_tape (second, sizeof second, b, 64);
  for (guint seed = 0; seed < SEEDS; seed++)
    {
      uint8_t data[ROOM];
      size_t size = trio_fuzz_cross_over_bytes (first, sizeof first, second, sizeof second, data, ROOM, seed);
      guint cut = 0;

      read_tape (data, size, spliced, 64);
      while (cut < 64 && spliced[cut] == a[cut])
        cut++;
      g_assert_cmpmem (spliced + cut, 64 - cut, b + cut, 64 - cut);
      mixed |= memchr (spliced, 1, 64) != NULL && memchr (spliced, 2, 64) != NULL;
    }
  g_assert_true (mixed);
}

/* ---- Schedules ----------------------------------------------------------------------------------------------------------------- */

static gboolean
take_turns (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (int i = 0; i < 4; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
take_turns_all (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, take_turns, NULL, NULL, "a");
  trio_nursery_start_soon_full (nursery, take_turns, NULL, NULL, "b");
  trio_nursery_start_soon_full (nursery, take_turns, NULL, NULL, "c");
  return trio_nursery_close (nursery, TRUE);
}

static const TrioScenario scenario = { "turns", take_turns_all, NULL, NULL };

static const char *const lasting[] = {
  "main/a schedule 1 = 1/3\n", "main/a schedule 1 = 1/3 onwards\n", "main/a schedule 1 = 1/3 3 times\n",
  "main/a schedule 1 = 2/3 -> main/c running on\n",
};

static char *
text_of (const char *lines)
{
  return g_strconcat ("trio-schedule 1\nscenario: turns\n", lines, "end\n", NULL);
}

static guint64
hash_of (const uint8_t *data, size_t size, guint *n_decisions)
{
  TrioFuzzInput input;
  g_autoptr (TrioSimReport) report = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_fuzz_input_read (&input, &scenario, TRIO_SIM_INJECT_NONE, data, size, &error));
  g_assert_true (trio_sim_run (take_turns_all, NULL, &input.options, &report, &error));
  g_assert_no_error (error);
  trio_fuzz_input_clear (&input);
  *n_decisions = trio_schedule_get_length (report->schedule);
  return report->hash;
}

/* A decision that lasts is one in a schedule, and as many as there were answers in bytes, which are the same run. */
static void
test_a_schedule_and_its_bytes_are_the_same_run (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (lasting); i++)
    {
      g_autofree char *text = text_of (lasting[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (TrioSchedule) schedule = trio_schedule_parse (text, "test", &error);
      g_autoptr (GBytes) bytes = trio_fuzz_to_bytes (&scenario, TRIO_SIM_INJECT_NONE, schedule, &error);
      guint n_as_text, n_as_bytes;
      gconstpointer contents;
      gsize size;

      g_assert_no_error (error);
      contents = g_bytes_get_data (bytes, &size);
      g_assert_cmphex (hash_of ((const uint8_t *) text, strlen (text), &n_as_text), ==, hash_of (contents, size, &n_as_bytes));
      g_assert_cmpuint (n_as_text, ==, 1);
      if (i > 0)
        g_assert_cmpuint (n_as_bytes, >, 1);
    }
}

static void
test_an_input_that_is_a_schedule_is_mutated_as_its_bytes (void)
{
  g_autofree char *text = text_of (lasting[2]);
  g_autoptr (TrioSchedule) schedule = trio_schedule_parse (text, "test", NULL);
  g_autoptr (GBytes) bytes = trio_fuzz_to_bytes (&scenario, TRIO_SIM_INJECT_NONE, schedule, NULL);
  guint8 before[256], after[256];
  uint8_t data[256];
  size_t size = strlen (text);

  read_tape (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), before, 256);
  memcpy (data, text, size);
  size = trio_fuzz_mutate (&scenario, TRIO_SIM_INJECT_NONE, data, size, sizeof data, 1);
  read_tape (data, size, after, 256);
  g_assert_cmpuint (count_changes (before, after, 256), <=, 4 * 9);
}

static void
test_bytes_that_only_begin_like_a_schedule_do_no_harm (void)
{
  static const char broken[] = "trio-schedule 1\nwhat is this\n";
  uint8_t data[ROOM];

  memcpy (data, broken, sizeof broken);
  g_assert_cmpint (trio_fuzz_one_input (&scenario, TRIO_SIM_INJECT_NONE, data, sizeof broken), ==, 0);
  g_assert_cmpuint (trio_fuzz_mutate (&scenario, TRIO_SIM_INJECT_NONE, data, sizeof broken, ROOM, 3), <=, ROOM);
}

static void
test_a_schedule_of_another_scenario_is_no_input (void)
{
  static const char text[] = "trio-schedule 1\nprogram: elsewhere\nscenario: others\nend\n";
  g_autoptr (TrioSchedule) schedule = trio_schedule_parse (text, "test", NULL);
  g_autoptr (GError) read_error = NULL, bytes_error = NULL;
  TrioFuzzInput input;

  g_assert_false (trio_fuzz_input_read (&input, &scenario, TRIO_SIM_INJECT_NONE, (const uint8_t *) text, strlen (text), &read_error));
  g_assert_error (read_error, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_cmpstr (read_error->message, ==, "this is a schedule of the scenario \"others\" of \"elsewhere\", and this target runs \"turns\"");
  g_assert_null (trio_fuzz_to_bytes (&scenario, TRIO_SIM_INJECT_NONE, schedule, &bytes_error));
  g_assert_error (bytes_error, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_cmpint (trio_fuzz_one_input (&scenario, TRIO_SIM_INJECT_NONE, (const uint8_t *) text, strlen (text)), ==, 0);
}

/* Positions count what is asked, and more is asked where more may be injected. */
static void
test_a_schedule_that_injects_more_than_the_target_has_no_bytes (void)
{
  g_autoptr (TrioSchedule) schedule = trio_schedule_parse ("trio-schedule 1\nscenario: turns\ninject: cancel\nend\n", "test", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (trio_fuzz_to_bytes (&scenario, TRIO_SIM_INJECT_NONE, schedule, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
}

#define ADD(test) g_test_add_func ("/inputs/" #test, test)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD (test_a_mutation_leaves_all_other_decisions_at_their_questions);
  ADD (test_mutations_insert_and_delete_before_decisions_that_stay);
  ADD (test_the_same_seed_gives_the_same_mutation_and_any_room_is_enough);
  ADD (test_splicing_takes_the_beginning_of_one_and_the_rest_of_the_other);
  ADD (test_a_schedule_and_its_bytes_are_the_same_run);
  ADD (test_an_input_that_is_a_schedule_is_mutated_as_its_bytes);
  ADD (test_bytes_that_only_begin_like_a_schedule_do_no_harm);
  ADD (test_a_schedule_of_another_scenario_is_no_input);
  ADD (test_a_schedule_that_injects_more_than_the_target_has_no_bytes);

  return g_test_run ();
}
