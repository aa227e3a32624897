/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Schedules as text: what is written is read again, what a person edits is understood, and what is wrong is said with file and
 * line. */

#include <string.h>

#include <glib/gstdio.h>

#include "tests/sim/sim-test.h"

static TrioSchedule *
make_schedule (void)
{
  TrioSchedule *schedule = trio_schedule_new ();
  TrioScheduleHeader *header = trio_schedule_get_header (schedule);

  header->program = g_strdup ("ledger");
  header->scenario = g_strdup ("two  transfers: “both” ways");
  header->strategy = g_strdup ("random");
  header->seed = G_MAXUINT64;
  header->run = 214;
  header->inject = TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_FAULT;
  header->heal_after = 5 * G_TIME_SPAN_SECOND;
  header->heal_within = 1;
  header->verdict = TRIO_SIM_ALWAYS;
  header->name = g_strdup ("the sum \"stays\"\nequal");
  header->steps = 96;
  header->hash = G_GUINT64_CONSTANT (0x0123456789abcdef);

  trio_schedule_append (schedule, &(TrioScheduleEntry) {
    .path = (char *) "main/client#2", .label = (char *) "schedule", .ordinal = 3, .value = 1, .bound = 2, .index = 41, .step = 17,
    .target = (char *) "main/client",
  });
  trio_schedule_append (schedule, &(TrioScheduleEntry) {
    .path = (char *) "", .label = (char *) "net.latency", .ordinal = 1, .value = 4, .bound = 5, .index = 42, .step = 17,
    .words = (char *) "it travels for 1000 ms",
  });
  trio_schedule_append (schedule, &(TrioScheduleEntry) {
    .path = (char *) "main/a task \"with\" spaces", .label = (char *) "end", .ordinal = G_MAXUINT64, .value = 0,
    .bound = G_MAXUINT32, .index = G_MAXUINT64, .step = 18, .words = (char *) "two\nlines",
  });
  trio_schedule_append (schedule, &(TrioScheduleEntry) {
    .path = (char *) "main/onwards", .label = (char *) "fault.reset", .ordinal = 2, .value = 1, .bound = 2, .onwards = TRUE,
  });
  trio_schedule_append (schedule, &(TrioScheduleEntry) {
    .path = (char *) "main/setter", .label = (char *) "schedule", .ordinal = 3, .value = 1, .bound = 4, .times = 14,
  });
  trio_schedule_append (schedule, &(TrioScheduleEntry) {
    .path = (char *) "main/setter", .label = (char *) "schedule", .ordinal = 20, .value = 3, .bound = 4, .times = 2, .runs_on = TRUE,
    .target = (char *) "main/checker",
  });
  return schedule;
}

static void
assert_same_entry (const TrioScheduleEntry *a, const TrioScheduleEntry *b)
{
  g_assert_cmpstr (a->path, ==, b->path);
  g_assert_cmpstr (a->label, ==, b->label);
  g_assert_cmpstr (a->target, ==, b->target);
  g_assert_cmpuint (a->ordinal, ==, b->ordinal);
  g_assert_cmpuint (a->value, ==, b->value);
  g_assert_cmpuint (a->bound, ==, b->bound);
  g_assert_cmpuint (a->index, ==, b->index);
  g_assert_cmpuint (a->step, ==, b->step);
  g_assert_cmpint (a->onwards, ==, b->onwards);
  g_assert_cmpuint (a->times, ==, b->times);
  g_assert_cmpint (a->runs_on, ==, b->runs_on);
}

static void
assert_same (TrioSchedule *a, TrioSchedule *b)
{
  TrioScheduleHeader *x = trio_schedule_get_header (a), *y = trio_schedule_get_header (b);

  g_assert_cmpstr (x->program, ==, y->program);
  g_assert_cmpstr (x->scenario, ==, y->scenario);
  g_assert_cmpstr (x->strategy, ==, y->strategy);
  g_assert_cmpstr (x->name, ==, y->name);
  g_assert_cmpuint (x->seed, ==, y->seed);
  g_assert_cmpuint (x->run, ==, y->run);
  g_assert_cmpint (x->inject, ==, y->inject);
  g_assert_cmpint (x->heal_after, ==, y->heal_after);
  g_assert_cmpint (x->heal_within, ==, y->heal_within);
  g_assert_cmpint (x->verdict, ==, y->verdict);
  g_assert_cmpuint (x->steps, ==, y->steps);
  g_assert_cmphex (x->hash, ==, y->hash);
  g_assert_cmpuint (trio_schedule_get_length (a), ==, trio_schedule_get_length (b));
  for (guint i = 0; i < trio_schedule_get_length (a); i++)
    assert_same_entry (trio_schedule_get_entry (a, i), trio_schedule_get_entry (b, i));
}

static void
test_what_is_written_is_read_again (void)
{
  g_autoptr (TrioSchedule) schedule = make_schedule ();
  g_autofree char *text = trio_schedule_to_text (schedule);
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioSchedule) again = trio_schedule_parse (text, "x", &error);

  g_assert_no_error (error);
  assert_same (schedule, again);
  /* And it stays the same when it is written once more, comments included. */
  g_autofree char *text_again = trio_schedule_to_text (again);
  g_assert_cmpstr (text, ==, text_again);
}

static void
test_a_copy_stands_alone (void)
{
  TrioSchedule *schedule = make_schedule ();
  g_autoptr (TrioSchedule) copy = trio_schedule_copy (schedule);
  g_autoptr (TrioSchedule) other = make_schedule ();

  trio_schedule_free (schedule);
  assert_same (copy, other);
  trio_schedule_remove (copy, 1);
  g_assert_cmpuint (trio_schedule_get_length (copy), ==, 5);
  assert_same_entry (trio_schedule_get_entry (copy, 1), trio_schedule_get_entry (other, 2));
}

static void
test_a_file_keeps_it (void)
{
  g_autoptr (TrioSchedule) schedule = make_schedule ();
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("trio-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.schedule", NULL);

  g_assert_true (trio_schedule_save (schedule, path, &error));
  g_assert_no_error (error);
  g_autoptr (TrioSchedule) again = trio_schedule_load (path, &error);
  g_assert_no_error (error);
  assert_same (schedule, again);

  /* A folder that is not there: nothing is written, and it is said where. */
  g_autofree char *nowhere = g_build_filename (folder, "none", "a.schedule", NULL);
  g_assert_false (trio_schedule_save (schedule, nowhere, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_clear_error (&error);
  g_assert_null (trio_schedule_load (nowhere, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);

  g_unlink (path);
  g_rmdir (folder);
}

static void
test_a_person_may_edit_it (void)
{
  static const char text[] =
    "\xef\xbb\xbftrio-schedule 1\r\n"
    "# found on a Friday\r\n"
    "\r\n"
    "seed: 7\r\n"
    "   expects:   deadlock\r\n"
    "inject: cancel, interrupt\r\n"
    "\r\n"
    "   main/a   schedule   2 = 1 / 3   # only what matters\r\n"
    "main/b cancel 1=1/2\r\n"
    "  # main/c cancel 1 = 1/2\r\n"
    "- \"net.latency\" 1 = 0/5 step 3 @9 -> \"main/x y\"\r\n"
    "end\r\n"
    "\r\n"
    "# the rest is for people\r\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (TrioSchedule) schedule = trio_schedule_parse (text, "edited", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (trio_schedule_get_length (schedule), ==, 3);
  const TrioScheduleEntry *first = trio_schedule_get_entry (schedule, 0);
  g_assert_cmpstr (first->path, ==, "main/a");
  g_assert_cmpuint (first->ordinal, ==, 2);
  g_assert_cmpuint (first->bound, ==, 3);
  g_assert_cmpstr (first->words, ==, "only what matters");
  g_assert_cmpstr (trio_schedule_get_entry (schedule, 1)->label, ==, "cancel");
  const TrioScheduleEntry *third = trio_schedule_get_entry (schedule, 2);
  g_assert_cmpstr (third->path, ==, "");
  g_assert_cmpstr (third->target, ==, "main/x y");
  g_assert_cmpuint (third->index, ==, 9);
  g_assert_cmpuint (third->step, ==, 3);
  TrioScheduleHeader *header = trio_schedule_get_header (schedule);
  g_assert_cmpint (header->inject, ==, TRIO_SIM_INJECT_CANCEL | TRIO_SIM_INJECT_INTERRUPT);
  g_assert_cmpint (header->verdict, ==, TRIO_SIM_DEADLOCK);
  g_assert_null (header->name);
}

static void
test_what_is_wrong_is_said_with_its_line (void)
{
  static const struct
  {
    const char *text;
    const char *complaint;      /* how the message goes on after the file's name */
  } cases[] = {
    { "", ":1: the file is empty" },
    { "\n", ":1: found “an empty line”, expected the first line of a schedule" },
    { "\x7f""ELF\n", ":1: found “?ELF”, expected the first line of a schedule" },
    { "trio-schedule\n", ":1: found “trio-schedule”, expected the first line" },
    { "trio-schedule 7\nend\n", ":1: this schedule is in format version 7, and this program reads version 1" },
    { "trio-schedule 1 beta\nend\n", ":1: found “ beta”, expected nothing more after the version" },
    { "trio-schedule one\nend\n", ":1: found “one”, expected the first line" },
    { "trio-schedule 1\n", ":1: the schedule ends here without the line “end”: it was cut off" },
    { "trio-schedule 1\nseed: 7\nmain/a schedule 1 = 1/2\n", ":3: the schedule ends here without the line “end”" },
    { "trio-schedule 1\nmain/a sche", ":2: found the end of the line, expected an ordinal" },
    { "trio-schedule 1\nmain/a\nend\n", ":2: found the end of the line, expected a label" },
    { "trio-schedule 1\nmain/a # x\nend\n", ":2: found “# x”, expected a label" },
    { "trio-schedule 1\nmain/a schedule x = 1/2\nend\n", ":2: found “x = 1/2”, expected an ordinal of at least 1" },
    { "trio-schedule 1\nmain/a schedule 0 = 1/2\nend\n", ":2: found “0 = 1/2”, expected an ordinal of at least 1" },
    { "trio-schedule 1\nmain/a schedule 1 1/2\nend\n", ":2: found “1/2”, expected “=”" },
    { "trio-schedule 1\nmain/a schedule 1 = -1/2\nend\n", ":2: found “-1/2”, expected a value and its bound" },
    { "trio-schedule 1\nmain/a schedule 1 = 1\nend\n", ":2: found the end of the line, expected “/” and the bound" },
    { "trio-schedule 1\nmain/a schedule 1 = 1/1\nend\n", ":2: found “1”, expected a bound of at least 2" },
    { "trio-schedule 1\nmain/a schedule 1 = 2/2\nend\n", ":2: found the value 2 of 2, expected a value below its bound" },
    { "trio-schedule 1\nmain/a schedule 1 = 1/99999999999\nend\n", ":2: found “99999999999”, expected a bound" },
    { "trio-schedule 1\nmain/a schedule 1 = 1/2 -> \nend\n", ":2: found the end of the line, expected the path of a task" },
    { "trio-schedule 1\nmain/a schedule 1 = 1/2 @x\nend\n", ":2: found “x”, expected the index" },
    { "trio-schedule 1\nmain/a schedule 1 = 1/2 step\nend\n", ":2: found the end of the line, expected a number after “step”" },
    { "trio-schedule 1\nmain/a schedule 1 = 1/2 @1 @2\nend\n", ":2: found “@2”, expected “-> PATH”" },
    { "trio-schedule 1\nmain/a fault.x 1 = 1/2 onwards onwards\nend\n", ":2: found “onwards”, expected “-> PATH”" },
    { "trio-schedule 1\nmain/a fault.x 1 = 1/2 onwards 3 times\nend\n", ":2: found “3 times”, expected “-> PATH”" },
    { "trio-schedule 1\nmain/a fault.x 1 = 1/2 1 times\nend\n", ":2: found “1 times”, expected how many times" },
    { "trio-schedule 1\nmain/a fault.x 1 = 1/2 3 cheers\nend\n", ":2: found “cheers”, expected how many times" },
    { "trio-schedule 1\nmain/a schedule 1 = 1/2 junk\nend\n", ":2: found “junk”, expected “-> PATH”" },
    { "trio-schedule 1\n\"main schedule 1 = 1/2\nend\n", ":2: found “\"main schedule 1 = 1/2”, expected a closing quote" },
    { "trio-schedule 1\nm s 1 = 1/2\nm s 1 = 1/2\nend\n", ":3: found a second answer to the choice that line 2 answers" },
    { "trio-schedule 1\ncolour: red\nend\n", ":2: found “colour”, expected one of program" },
    { "trio-schedule 1\nm s 1 = 1/2\nseed: 3\nend\n", ":3: found “seed”, expected a decision" },
    { "trio-schedule 1\nseed: many\nend\n", ":2: found “many”, expected a number" },
    { "trio-schedule 1\nseed: 7 or 8\nend\n", ":2: found “ or 8”, expected nothing more after the number" },
    { "trio-schedule 1\nseed: 99999999999999999999\nend\n", ":2: found “99999999999999999999”, expected a number" },
    { "trio-schedule 1\ninject: cancel,rain\nend\n", ":2: found “rain”, expected none, or a list of cancel" },
    { "trio-schedule 1\nheal-after-us: soon\nend\n", ":2: found “soon”, expected a number of microseconds, 1 or more" },
    { "trio-schedule 1\nheal-within-us: 3 s\nend\n", ":2: found “ s”, expected nothing more after the microseconds" },
    { "trio-schedule 1\nexpects: trouble\nend\n", ":2: found “trouble”, expected ok, error" },
    { "trio-schedule 1\nexpects: always balance\nend\n", ":2: found “balance”, expected the name of the failure in double quotes" },
    { "trio-schedule 1\nexpects:\nend\n", ":2: found the end of the line, expected a verdict" },
    { "trio-schedule 1\nhash: 1234\nend\n", ":2: found “1234”, expected a hash" },
    { "trio-schedule 1\nhash: 0x11112222333344445\nend\n", ":2: found “0x11112222333344445”, expected a hash" },
    { "trio-schedule 1\nprogram: \"a\" b\nend\n", ":2: found “ b”, expected nothing more after the closing quote" },
    { "trio-schedule 1\nend\nmain/a schedule 1 = 1/2\n", ":3: found “main/a schedule 1 = 1/2”, expected nothing after" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *expected = g_strconcat ("bad.schedule", cases[i].complaint, NULL);

      g_assert_null (trio_schedule_parse (cases[i].text, "bad.schedule", &error));
      g_assert_error (error, TRIO_ERROR, TRIO_ERROR_FAILED);
      if (!g_str_has_prefix (error->message, expected))
        g_error ("“%s” does not begin with “%s”", error->message, expected);
    }
}

/* Wherever a file is cut off, it is refused: never read as a smaller schedule. */
static void
test_a_truncated_file_is_refused_at_every_byte (void)
{
  g_autoptr (TrioSchedule) schedule = make_schedule ();
  g_autofree char *text = trio_schedule_to_text (schedule);
  gsize whole = strlen (text) - strlen ("\n");       /* the last newline may go */

  for (gsize n = 0; n < whole; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *start = g_strndup (text, n);

      g_assert_null (trio_schedule_parse (start, "cut", &error));
      g_assert_error (error, TRIO_ERROR, TRIO_ERROR_FAILED);
    }
}

/* Any byte turned into any other: an error or a schedule, never a crash, and what is read can be written and read again. */
static void
test_garbage_does_not_crash (void)
{
  g_autoptr (TrioSchedule) schedule = make_schedule ();
  g_autofree char *text = trio_schedule_to_text (schedule);

  for (gsize i = 0; text[i] != '\0'; i++)
    for (guint byte = 1; byte < 256; byte += 7)
      {
        char kept = text[i];
        g_autoptr (TrioSchedule) read = NULL;

        text[i] = (char) byte;
        read = trio_schedule_parse (text, "garbled", NULL);
        if (read != NULL)
          {
            g_autofree char *written = trio_schedule_to_text (read);
            g_autoptr (GError) error = NULL;
            g_autoptr (TrioSchedule) again = trio_schedule_parse (written, "written", &error);

            g_assert_no_error (error);
            assert_same (read, again);
          }
        text[i] = kept;
      }
}

static void
test_a_binary_file_is_no_schedule (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("trio-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.schedule", NULL);

  g_assert_true (g_file_set_contents (path, "trio-schedule 1\n\0end\n", 21, NULL));
  g_assert_null (trio_schedule_load (path, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "this is not text"));
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_an_entry_is_a_sentence (void)
{
  TrioScheduleEntry entry = {
    .path = (char *) "main/serve/producer", .label = (char *) "schedule", .target = (char *) "main/serve/consumer", .step = 41,
    .value = 1, .bound = 2, .ordinal = 1,
  };
  g_autofree char *words = trio_schedule_entry_to_words (&entry);

  g_assert_cmpstr (words, ==, "at step 41 consumer ran before producer");

  /* Two tasks whose last names are the same are told by their whole paths. */
  entry.target = (char *) "main/other/producer";
  g_autofree char *longer = trio_schedule_entry_to_words (&entry);
  g_assert_cmpstr (longer, ==, "at step 41 main/other/producer ran before main/serve/producer");
}

static void
test_verdicts_have_names (void)
{
  g_assert_cmpstr (trio_sim_verdict_to_string (TRIO_SIM_OK), ==, "ok");
  g_assert_cmpstr (trio_sim_verdict_to_string (TRIO_SIM_NONDETERMINISM), ==, "nondeterminism");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schedule/what-is-written-is-read-again", test_what_is_written_is_read_again);
  g_test_add_func ("/schedule/a-copy-stands-alone", test_a_copy_stands_alone);
  g_test_add_func ("/schedule/a-file-keeps-it", test_a_file_keeps_it);
  g_test_add_func ("/schedule/a-person-may-edit-it", test_a_person_may_edit_it);
  g_test_add_func ("/schedule/what-is-wrong-is-said-with-its-line", test_what_is_wrong_is_said_with_its_line);
  g_test_add_func ("/schedule/a-truncated-file-is-refused-at-every-byte", test_a_truncated_file_is_refused_at_every_byte);
  g_test_add_func ("/schedule/garbage-does-not-crash", test_garbage_does_not_crash);
  g_test_add_func ("/schedule/a-binary-file-is-no-schedule", test_a_binary_file_is_no_schedule);
  g_test_add_func ("/schedule/an-entry-is-a-sentence", test_an_entry_is_a_sentence);
  g_test_add_func ("/schedule/verdicts-have-names", test_verdicts_have_names);
  return g_test_run ();
}
