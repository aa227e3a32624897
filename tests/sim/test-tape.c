/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A run is a function of its choices: the same answers give the same run, in this process, in another one, from a seed, from a
 * schedule, from bytes; and an answer finds its question again after an edit that has nothing to do with it. */

#include <string.h>

#include "tests/sim/sim-test.h"

/* --- a program with all sorts of choices --- */

typedef struct
{
  GString  *story;          /* who did what, in order */
  gboolean  with_stranger;  /* the edited program: one task more, that has nothing to do with the others */
} Play;

typedef struct
{
  Play *play;
  char  letter;
} Role;

static gboolean
say_three_times (gpointer data, GError **error)
{
  Role *role = data;

  for (guint i = 0; i < 3; i++)
    {
      g_string_append_c (role->play->story, role->letter);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
stranger (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error) && trio_checkpoint (error) && trio_checkpoint (error);
}

static gboolean
three_voices (gpointer data, GError **error)
{
  Play *play = data;
  Role roles[] = { { play, 'a' }, { play, 'b' }, { play, 'c' } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_string_truncate (play->story, 0);
  trio_nursery_start_soon_full (nursery, say_three_times, &roles[0], NULL, "a");
  trio_nursery_start_soon_full (nursery, say_three_times, &roles[1], NULL, "b");
  if (play->with_stranger)
    trio_nursery_start_soon (nursery, stranger, NULL);
  trio_nursery_start_soon_full (nursery, say_three_times, &roles[2], NULL, "c");
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
answer_one (TrioStream *stream, gpointer data G_GNUC_UNUSED, GError **error)
{
  char buffer[16];
  gssize n = trio_stream_receive_some (stream, buffer, sizeof buffer, error);

  return n >= 0 && trio_stream_send_all (stream, buffer, (gsize) n, error);
}

static gboolean
serve (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_serve_tcp (answer_one, NULL, "localhost", 7, error);
}

static gboolean
ask_once (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (G_TIME_SPAN_SECOND / 2, error);
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("localhost", 7, error);
  gboolean ok = stream != NULL && trio_stream_send_all (stream, "hello, world", 12, error);
  char buffer[16];

  if (ok)
    ok = trio_stream_receive_some (stream, buffer, sizeof buffer, error) >= 0;
  return trio_cancel_scope_close (patience, ok);
}

static gboolean
small_network (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) servers = trio_nursery_open (error);

  trio_nursery_start_soon (servers, serve, NULL);
  if (!trio_sleep (1000, error))
    return FALSE;
  {
    g_autoptr (TrioNursery) clients = trio_nursery_open (error);

    for (guint i = 0; i < 3; i++)
      trio_nursery_start_soon (clients, ask_once, NULL);
    if (!trio_nursery_close (clients, TRUE))
      return FALSE;
  }
  trio_nursery_cancel (servers);
  return trio_nursery_close (servers, TRUE);
}

#define EVERYTHING (TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT | TRIO_SIM_INJECT_FAULT)

static void
keep_quiet (const char *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED, const char *message G_GNUC_UNUSED,
            gpointer data G_GNUC_UNUSED)
{
}

static void
assert_same_run (const TrioSimReport *a, const TrioSimReport *b)
{
  g_assert_cmpint (a->verdict, ==, b->verdict);
  g_assert_cmpstr (a->name, ==, b->name);
  g_assert_cmpuint (a->steps, ==, b->steps);
  g_assert_cmpint (a->duration_us, ==, b->duration_us);
  g_assert_cmphex (a->interleaving, ==, b->interleaving);
  g_assert_cmphex (a->hash, ==, b->hash);
}

/* --- the dull run --- */

static void
test_without_choices_the_first_in_line_goes_first (void)
{
  g_autoptr (GString) story = g_string_new (NULL);
  Play play = { .story = story };
  g_autoptr (TrioSimReport) report = sim_run_fifo (three_voices, &play);

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpstr (story->str, ==, "abcabcabc");
  g_assert_cmpuint (trio_schedule_get_length (report->schedule), ==, 0);
  g_assert_cmpint (report->duration_us, ==, 0);
  g_assert_cmpuint (report->choices, >, 0);
}

static void
test_one_line_changes_the_order (void)
{
  g_autoptr (GString) story = g_string_new (NULL);
  Play play = { .story = story };
  g_autoptr (TrioSimReport) report = sim_run_lines (three_voices, &play, "main/a schedule 1 = 1/3 -> main/c");

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (report->unmatched, ==, 0);
  g_assert_true (g_str_has_prefix (story->str, "ca"));
  g_assert_cmpuint (trio_schedule_get_length (report->schedule), ==, 1);
  const TrioScheduleEntry *entry = trio_schedule_get_entry (report->schedule, 0);
  g_assert_cmpuint (entry->value, ==, 2);      /* the target was meant, not the 1 */
  g_assert_cmpstr (entry->target, ==, "main/c");
  g_autofree char *words = trio_schedule_entry_to_words (entry);
  g_assert_true (g_str_has_suffix (words, " c ran before a"));
}

/* Entries that can mean nothing here are left out, and counted. */
static void
test_what_finds_no_question_is_counted (void)
{
  g_autoptr (GString) story = g_string_new (NULL);
  Play play = { .story = story };
  g_autoptr (TrioSimReport) report = sim_run_lines (three_voices, &play,
                                                    "main/a schedule 1 = 1/3 -> main/nobody\n"     /* no such task in line */
                                                    "main/nobody schedule 1 = 1/2\n"               /* no such task */
                                                    "main/a schedule 999 = 1/2\n"                  /* not so often */
                                                    "main/a nonsense 1 = 1/2\n"                    /* not under this label */
                                                    "main/a schedule 2 = 8/9\n"                    /* no such answer */
                                                    "main/b schedule 1 = 1/2");                    /* this one is good */

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (report->unmatched, ==, 5);
  g_assert_cmpuint (trio_schedule_get_length (report->schedule), ==, 1);
}

/* The program grows a task; the decision still means what it meant. */
static void
test_an_address_survives_an_unrelated_edit (void)
{
  static const char line[] = "main/a schedule 2 = 1/2 -> main/c";
  g_autoptr (GString) before = g_string_new (NULL);
  g_autoptr (GString) after = g_string_new (NULL);
  Play play = { .story = before };
  Play edited = { .story = after, .with_stranger = TRUE };
  g_autoptr (TrioSimReport) first = sim_run_lines (three_voices, &play, line);
  g_autoptr (TrioSimReport) second = sim_run_lines (three_voices, &edited, line);

  g_assert_cmpuint (first->unmatched, ==, 0);
  g_assert_cmpuint (second->unmatched, ==, 0);
  g_assert_cmpstr (before->str, ==, "abccabcab");
  g_assert_cmpstr (before->str, ==, after->str);
  g_assert_cmpuint (first->steps, !=, second->steps);
}

/* --- random, replay, bytes --- */

/* Statement 6. */
static void
test_a_thousand_seeds_are_the_same_twice (void)
{
  g_autoptr (GHashTable) different = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  g_log_set_default_handler (keep_quiet, NULL);
  for (guint64 seed = 0; seed < 1000; seed++)
    {
      TrioSimInject inject = (TrioSimInject) (seed % 8);
      g_autoptr (TrioSimReport) first = sim_run_random (small_network, NULL, seed, inject);
      g_autoptr (TrioSimReport) second = sim_run_random (small_network, NULL, seed, inject);
      g_autoptr (TrioSimReport) replayed = sim_run_replay (small_network, NULL, first->schedule, TRIO_SIM_INJECT_NONE);

      assert_same_run (first, second);
      assert_same_run (first, replayed);
      g_assert_cmpuint (replayed->unmatched, ==, 0);
      g_hash_table_add (different, g_memdup2 (&first->interleaving, sizeof first->interleaving));
    }
  /* And a seed makes a difference. */
  g_assert_cmpuint (g_hash_table_size (different), >, 500);
}

/* Dull answers leave no mark: it does not matter what else could have been injected. */
static void
test_a_hash_does_not_depend_on_what_was_only_asked (void)
{
  g_autoptr (TrioSimReport) plain = sim_run_fifo (small_network, NULL);
  g_autoptr (TrioSimReport) asked = sim_run (small_network, NULL, &(TrioSimOptions) { .inject = EVERYTHING });

  g_assert_cmpuint (asked->choices, >, plain->choices);
  assert_same_run (plain, asked);
}

static void
test_a_schedule_goes_through_text_to_the_same_run (void)
{
  g_autoptr (TrioSimReport) first = sim_run_random (small_network, NULL, 12, TRIO_SIM_INJECT_NONE);
  g_autofree char *text = trio_schedule_to_text (first->schedule);
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioSchedule) schedule = trio_schedule_parse (text, "text", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (trio_schedule_get_length (schedule), >, 3);
  g_autoptr (TrioSimReport) second = sim_run_replay (small_network, NULL, schedule, TRIO_SIM_INJECT_NONE);
  assert_same_run (first, second);
  g_assert_cmphex (trio_schedule_get_header (schedule)->hash, ==, first->hash);
  g_assert_cmpuint (trio_schedule_get_header (schedule)->steps, ==, first->steps);
  g_assert_cmpstr (trio_schedule_get_header (schedule)->strategy, ==, "random");
}

static void
test_bytes_give_the_run_of_their_schedule (void)
{
  g_log_set_default_handler (keep_quiet, NULL);
  for (guint64 seed = 0; seed < 200; seed++)
    {
      TrioSimInject inject = (TrioSimInject) (seed % 8);
      g_autoptr (TrioSimReport) first = sim_run_random (small_network, NULL, seed, inject);
      g_autoptr (GBytes) bytes = trio_schedule_to_bytes (first->schedule);
      TrioSimOptions options = { .strategy = "bytes", .inject = inject };

      options.bytes = g_bytes_get_data (bytes, &options.n_bytes);
      g_autoptr (TrioSimReport) second = sim_run (small_network, NULL, &options);
      assert_same_run (first, second);
      /* And back: the schedule of that run has the same bytes. */
      g_autoptr (GBytes) again = trio_schedule_to_bytes (second->schedule);
      g_assert_true (g_bytes_equal (bytes, again));
    }
}

static void
test_no_bytes_and_zeros_are_the_dull_run (void)
{
  static const guint8 zeros[500];
  g_autoptr (TrioSimReport) dull = sim_run_fifo (small_network, NULL);
  g_autoptr (TrioSimReport) none = sim_run (small_network, NULL, &(TrioSimOptions) { .strategy = "bytes" });
  g_autoptr (TrioSimReport) zero = sim_run (small_network, NULL, &(TrioSimOptions) {
    .strategy = "bytes", .bytes = zeros, .n_bytes = sizeof zeros, .inject = EVERYTHING,
  });

  assert_same_run (dull, none);
  assert_same_run (dull, zero);
}

/* Any bytes are a run, and the run's schedule is what they meant. */
static void
test_any_bytes_are_a_run (void)
{
  guint8 bytes[64];
  guint32 state = 1;

  g_log_set_default_handler (keep_quiet, NULL);
  for (guint i = 0; i < 300; i++)
    {
      for (guint b = 0; b < sizeof bytes; b++)
        bytes[b] = (guint8) ((state = state * 1664525 + 1013904223) >> 24);

      TrioSimOptions options = { .strategy = "bytes", .bytes = bytes, .n_bytes = i % sizeof bytes, .inject = EVERYTHING };
      g_autoptr (TrioSimReport) first = sim_run (small_network, NULL, &options);
      g_autoptr (TrioSimReport) second = sim_run_replay (small_network, NULL, first->schedule, EVERYTHING);
      assert_same_run (first, second);
    }
}

static gboolean
ask_the_world (gpointer data, GError **error)
{
  static const guint32 weights[] = { 0, 0, 5 };
  guint32 *answers = data;

  answers[0] = trio_choose (&(TrioChoicePoint) { .label = "test.colour", .bound = 3, .weights = weights });
  answers[1] = trio_choose (&(TrioChoicePoint) { .label = "test.large", .bound = 100000 });
  answers[2] = trio_choose (&(TrioChoicePoint) { .label = "test.one", .bound = 1 });
  answers[3] = trio_choose (&(TrioChoicePoint) { .label = "fault.test", .bound = 2 });
  return trio_checkpoint (error);
}

static void
test_a_program_may_ask_too (void)
{
  guint32 answers[4];
  g_autoptr (TrioSimReport) report = sim_run_lines (ask_the_world, answers, "main test.colour 1 = 2/3\n"
                                                                            "main test.large 1 = 70000/100000\n"
                                                                            "main fault.test 1 = 1/2");
  gsize size;

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (answers[0], ==, 2);
  g_assert_cmpuint (answers[1], ==, 70000);
  g_assert_cmpuint (answers[2], ==, 0);
  g_assert_cmpuint (answers[3], ==, 1);      /* replay injects what its schedule names */

  /* Answers of more than one byte keep their value on the way through bytes. */
  g_autoptr (GBytes) bytes = trio_schedule_to_bytes (report->schedule);
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (TrioSimReport) again = sim_run (ask_the_world, answers, &(TrioSimOptions) {
    .strategy = "bytes", .bytes = data, .n_bytes = size, .inject = TRIO_SIM_INJECT_FAULT,
  });
  g_assert_cmpuint (answers[1], ==, 70000);
  g_assert_cmpuint (answers[3], ==, 1);
  assert_same_run (report, again);

  /* A fault that may not be injected is not asked. */
  g_autoptr (TrioSimReport) fifo = sim_run_fifo (ask_the_world, answers);
  g_assert_cmpuint (fifo->choices, ==, 2);

  /* Weights say what chance may draw; zero means never. A label's mood may make it dull, though. */
  for (guint64 seed = 0; seed < 20; seed++)
    {
      g_autoptr (TrioSimReport) random = sim_run_random (ask_the_world, answers, seed, TRIO_SIM_INJECT_NONE);
      sim_expect (random, TRIO_SIM_OK, NULL);
      g_assert_cmpuint (answers[0], !=, 1);
    }
}

/* --- watching choices --- */

typedef struct
{
  guint n_choices;
  guint n_decisions;
  guint n_named;
} Seen;

static void
see_choice (const TrioScheduleEntry *entry, gpointer user_data)
{
  Seen *seen = user_data;

  g_assert_cmpuint (entry->index, ==, seen->n_choices);
  g_assert_cmpuint (entry->value, <, entry->bound);
  g_assert_nonnull (entry->path);
  seen->n_choices++;
  seen->n_named += entry->what != NULL;
}

static void
see_decision (const TrioScheduleEntry *entry, gpointer user_data)
{
  g_assert_cmpuint (entry->value, >, 0);
  ((Seen *) user_data)->n_decisions++;
}

static void
test_every_choice_can_be_watched (void)
{
  Seen seen = { 0 };
  g_autoptr (TrioSimReport) report = sim_run (small_network, NULL, &(TrioSimOptions) {
    .strategy = "random", .seed = 3, .inject = TRIO_SIM_INJECT_CANCEL,
    .on_choice = see_choice, .on_decision = see_decision, .user_data = &seen,
  });

  g_assert_cmpuint (seen.n_choices, ==, report->choices);
  g_assert_cmpuint (seen.n_decisions, ==, trio_schedule_get_length (report->schedule));
  g_assert_cmpuint (seen.n_named, >, 0);
}

/* --- other processes --- */

static guint64
hash_of_many (void)
{
  guint64 hash = 0;

  g_log_set_default_handler (keep_quiet, NULL);
  for (guint64 seed = 0; seed < 30; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (small_network, NULL, seed, EVERYTHING);
      hash = hash * 31 + report->hash;
    }
  return hash;
}

static void
test_another_process_has_the_same_hash (gconstpointer program)
{
  const char *arguments[] = { program, "--hash", NULL };
  g_autofree char *mine = g_strdup_printf ("%016" G_GINT64_MODIFIER "x\n", hash_of_many ());

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *theirs = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_true (g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &theirs, NULL, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (mine, ==, theirs);
    }
}

/* --- wrong use --- */

static gboolean
run_inside (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sim_run (small_network, NULL, NULL, NULL, error);
}

static void
test_wrong_options_are_refused (void)
{
  g_autoptr (GError) error = NULL;
  TrioSimReport *report = (TrioSimReport *) &error;

  g_assert_false (trio_sim_run (small_network, NULL, &(TrioSimOptions) { .strategy = "luck" }, &report, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_nonnull (strstr (error->message, "luck"));
  g_assert_null (report);
  g_clear_error (&error);

  g_assert_false (trio_sim_run (small_network, NULL, &(TrioSimOptions) { .strategy = "replay" }, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_clear_error (&error);

  g_assert_false (trio_sim_run (run_inside, NULL, NULL, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
}

/* Besides those of the runtime and of the simulator. */
static gboolean
ask_with_many_labels (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *name = g_strdup_printf ("own.%u", i);
      const TrioChoicePoint point = { .label = g_intern_string (name), .bound = 2, .what = "a test" };

      if (trio_choose (&point) != (i == 299))
        return trio_checkpoint (error);
    }
  return trio_checkpoint (error);
}

static void
test_a_program_may_have_hundreds_of_labels (void)
{
  g_autoptr (TrioSimReport) report = sim_run_lines (ask_with_many_labels, NULL, "main own.299 1 = 1/2");

  sim_expect (report, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (report->unmatched, ==, 0);
}

int
main (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], "--hash"))
    {
      g_print ("%016" G_GINT64_MODIFIER "x\n", hash_of_many ());
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tape/without-choices-the-first-in-line-goes-first", test_without_choices_the_first_in_line_goes_first);
  g_test_add_func ("/tape/one-line-changes-the-order", test_one_line_changes_the_order);
  g_test_add_func ("/tape/what-finds-no-question-is-counted", test_what_finds_no_question_is_counted);
  g_test_add_func ("/tape/an-address-survives-an-unrelated-edit", test_an_address_survives_an_unrelated_edit);
  g_test_add_func ("/tape/a-thousand-seeds-are-the-same-twice", test_a_thousand_seeds_are_the_same_twice);
  g_test_add_func ("/tape/a-hash-does-not-depend-on-what-was-only-asked", test_a_hash_does_not_depend_on_what_was_only_asked);
  g_test_add_func ("/tape/a-schedule-goes-through-text-to-the-same-run", test_a_schedule_goes_through_text_to_the_same_run);
  g_test_add_func ("/tape/bytes-give-the-run-of-their-schedule", test_bytes_give_the_run_of_their_schedule);
  g_test_add_func ("/tape/no-bytes-and-zeros-are-the-dull-run", test_no_bytes_and_zeros_are_the_dull_run);
  g_test_add_func ("/tape/any-bytes-are-a-run", test_any_bytes_are_a_run);
  g_test_add_func ("/tape/a-program-may-ask-too", test_a_program_may_ask_too);
  g_test_add_func ("/tape/a-program-may-have-hundreds-of-labels", test_a_program_may_have_hundreds_of_labels);
  g_test_add_func ("/tape/every-choice-can-be-watched", test_every_choice_can_be_watched);
  g_test_add_data_func ("/tape/another-process-has-the-same-hash", argv[0], test_another_process_has_the_same_hash);
  g_test_add_func ("/tape/wrong-options-are-refused", test_wrong_options_are_refused);
  return g_test_run ();
}
