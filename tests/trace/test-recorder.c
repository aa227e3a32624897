/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The recorder in real and in simulated runs: what happened is in the file, also when the run was abandoned, the
 * process died or the disk was full, and a full disk does not disturb the run. */

#include <string.h>

#include <glib/gstdio.h>

#include <trio-sim/sim.h>
#include <trio/lowlevel/trace.h>
#include <trio/trio.h>

#include "trace/codec.h"

/* A file that was not there before; the caller unlinks and frees it. */
static char *
new_path (void)
{
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  int fd = g_file_open_tmp ("trio-XXXXXX.trace", &path, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  return path;
}

static void
remove_path (char *path)
{
  g_unlink (path);
  g_free (path);
}

/* --- reading back: each event as "name task text", in a list --- */

static const char *
first_string (const TrioTraceRecord *record)
{
  if (record->name != NULL && *record->name != '\0')
    return record->name;
  if (record->what != NULL && *record->what != '\0')
    return record->what;
  return record->text != NULL ? record->text : "";
}

/* *whole tells whether the end was reached. */
static GStrv
read_events (const char *path, gboolean *whole)
{
  g_autofree char *data = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GStrvBuilder) events = g_strv_builder_new ();
  TrioTraceRecord record;
  gsize length;

  g_assert_true (g_file_get_contents (path, &data, &length, NULL));
  g_autoptr (TrioTraceReader) reader = trio_trace_reader_new (data, length, &error);

  g_assert_no_error (error);
  while (trio_trace_reader_next (reader, &record, &error))
    {
      const char *name = trio_trace_get_shape (record.type)->name;
      g_autofree char *event = g_strdup_printf ("%s %" G_GUINT64_FORMAT " %s", name, record.task, first_string (&record));

      g_strv_builder_add (events, event);
    }
  *whole = error == NULL;
  return g_strv_builder_end (events);
}

/* The place of the first event from `from` on that begins so; fails if there is none. */
static guint
find_event (GStrv events, guint from, const char *prefix)
{
  for (guint i = from; events[i] != NULL; i++)
    if (g_str_has_prefix (events[i], prefix))
      return i;

  g_autofree char *all = g_strjoinv ("\n", events);
  g_error ("no event “%s…” from number %u on in:\n%s", prefix, from, all);
}

static guint
count_events (GStrv events, const char *prefix)
{
  guint n = 0;

  for (guint i = 0; events[i] != NULL; i++)
    n += g_str_has_prefix (events[i], prefix);
  return n;
}

/* --- a run in the real world --- */

static gboolean
say_and_set (gpointer event, GError **error)
{
  trio_annotate ("I am %s", "here");
  if (!trio_checkpoint (error))
    return FALSE;
  trio_event_set (event);
  return TRUE;
}

static gboolean
wait_for_child (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  guint64 id = trio_flow_new_id ();

  trio_flow (id, TRUE, "letter");
  trio_nursery_start_soon (nursery, say_and_set, event);
  if (!trio_event_wait (event, error))
    return FALSE;
  trio_flow (id, FALSE, "letter");
  trio_cancel_scope_cancel_with_reason (scope, "enough");
  return trio_nursery_close (nursery, trio_cancel_scope_close (scope, TRUE));
}

static gboolean
run_recorded (TrioFunc func, gpointer data, TrioTraceRecorder *recorder, GError **error)
{
  TrioInstrument *instruments[] = { trio_trace_recorder_get_instrument (recorder), NULL };
  const TrioRunOptions options = { .instruments = instruments };

  return trio_run_with (func, data, &options, error);
}

static void
test_what_happened_is_in_the_file_in_order (void)
{
  char *path = new_path ();
  g_autoptr (GError) error = NULL;
  TrioTraceRecorder *recorder = trio_trace_recorder_new (path, "a program", FALSE, &error);
  gboolean whole;
  guint at;

  g_assert_no_error (error);
  g_assert_true (run_recorded (wait_for_child, NULL, recorder, &error));
  trio_trace_recorder_set_outcome (recorder, TRUE, "fine");
  g_assert_true (trio_trace_recorder_close (recorder, &error));
  trio_trace_recorder_free (recorder);

  g_auto (GStrv) events = read_events (path, &whole);

  g_assert_true (whole);
  g_assert_true (g_str_has_prefix (events[0], "run-started"));
  g_assert_cmpuint (count_events (events, "run-started"), ==, 1);
  /* Task 1 is the run's own, 2 is main, 3 its child. */
  at = find_event (events, 0, "task-spawned 2 main");
  at = find_event (events, at, "step-begun 2");
  at = find_event (events, at, "flow-begun 2 letter");
  at = find_event (events, at, "task-spawned 3 say_and_set");
  at = find_event (events, at, "step-ended 2 trio_event_wait");
  at = find_event (events, at, "annotated 3 I am here");
  at = find_event (events, at, "task-scheduled 2");
  at = find_event (events, at, "task-exited 3");
  at = find_event (events, at, "flow-ended 2 letter");
  at = find_event (events, at, "scope-cancelled 0");
  g_assert_nonnull (strstr (events[at], "enough"));
  at = find_event (events, at, "task-exited 2");
  at = find_event (events, at, "run-finished");
  at = find_event (events, at, "outcome 0 fine");
  g_assert_null (events[at + 1]);
  g_assert_cmpuint (count_events (events, "step-begun"), ==, count_events (events, "step-ended"));
  g_assert_cmpuint (count_events (events, "scope-opened"), ==, count_events (events, "scope-closed"));
  g_assert_cmpuint (count_events (events, "task-spawned"), ==, count_events (events, "task-exited"));
  remove_path (path);
}

/* A place is "test-recorder.c:41", wherever it was built. */
static void
test_places_have_no_folders (void)
{
  char *path = new_path ();
  TrioTraceRecorder *recorder = trio_trace_recorder_new (path, NULL, FALSE, NULL);
  gboolean whole;

  g_assert_true (run_recorded (wait_for_child, NULL, recorder, NULL));
  trio_trace_recorder_free (recorder);

  g_auto (GStrv) events = read_events (path, &whole);

  find_event (events, 0, "scope-opened 2 test-recorder.c:");
  remove_path (path);
}

static gboolean
sleep_forever (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep_forever (error);
}

static gboolean
fail_of_old_age (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_FAILED, "of old age");
  return FALSE;
}

static gboolean
have_three_children (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  /* One waits for good and is cancelled when the last fails. */
  trio_nursery_start_soon (nursery, say_and_set, event);
  trio_nursery_start_soon (nursery, sleep_forever, NULL);
  trio_nursery_start_soon (nursery, fail_of_old_age, NULL);
  return trio_nursery_close (nursery, trio_event_wait (event, error));
}

static void
test_how_a_task_ended_is_told (void)
{
  char *path = new_path ();
  TrioTraceRecorder *recorder = trio_trace_recorder_new (path, NULL, FALSE, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  TrioTraceRecord record;
  gsize length;
  guint n_told = 0;

  g_assert_false (run_recorded (have_three_children, NULL, recorder, &error));
  trio_trace_recorder_free (recorder);
  g_assert_true (g_file_get_contents (path, &data, &length, NULL));
  g_autoptr (TrioTraceReader) reader = trio_trace_reader_new (data, length, NULL);

  while (trio_trace_reader_next (reader, &record, NULL))
    if (record.type == TRIO_TRACE_TASK_EXITED && record.task == 4)
      {
        n_told++;
        g_assert_cmpuint (record.how, ==, TRIO_TRACE_EXIT_CANCELLED);
        g_assert_nonnull (strstr (record.text, "of old age"));
      }
    else if (record.type == TRIO_TRACE_TASK_EXITED && record.task == 5)
      {
        n_told++;
        g_assert_cmpuint (record.how, ==, TRIO_TRACE_EXIT_ERROR);
        g_assert_cmpstr (record.text, ==, "of old age");
      }
  g_assert_cmpuint (n_told, ==, 2);
  remove_path (path);
}

static gboolean
join_half_way (gpointer recorder, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, say_and_set, event);
  trio_add_instrument (trio_trace_recorder_get_instrument (recorder));
  if (!trio_event_wait (event, error))
    return FALSE;
  trio_remove_instrument (trio_trace_recorder_get_instrument (recorder));
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_recorder_that_joins_half_way_is_introduced (void)
{
  char *path = new_path ();
  TrioTraceRecorder *recorder = trio_trace_recorder_new (path, NULL, FALSE, NULL);
  gboolean whole;
  guint at;

  g_assert_true (trio_run (join_half_way, recorder, NULL));
  trio_trace_recorder_free (recorder);

  g_auto (GStrv) events = read_events (path, &whole);

  g_assert_true (whole);
  g_assert_true (g_str_has_prefix (events[0], "task-spawned 1 "));
  g_assert_cmpuint (count_events (events, "run-started"), ==, 0);
  g_assert_cmpuint (count_events (events, "task-spawned"), ==, 3);
  at = find_event (events, 0, "task-spawned 2 main");
  at = find_event (events, at, "task-spawned 3 say_and_set");
  at = find_event (events, at, "annotated 3 I am here");
  remove_path (path);
}

/* --- trouble --- */

static void
test_a_path_that_cannot_be_opened_is_an_error_at_once (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (trio_trace_recorder_new ("/no-such-folder/a.trace", NULL, FALSE, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, "/no-such-folder/a.trace"));
}

static gboolean
take_thousand_steps (gpointer n_steps, GError **error)
{
  for (guint i = 0; i < 1000; i++, ++*(guint *) n_steps)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static void
test_a_full_disk_is_told_at_close_and_does_not_disturb_the_run (void)
{
  g_autoptr (GError) error = NULL;
  guint n_steps = 0;

  if (!g_file_test ("/dev/full", G_FILE_TEST_EXISTS))
    {
      g_test_skip ("there is no /dev/full");
      return;
    }

  TrioTraceRecorder *recorder = trio_trace_recorder_new ("/dev/full", NULL, FALSE, &error);

  g_assert_no_error (error);
  g_assert_true (run_recorded (take_thousand_steps, &n_steps, recorder, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_steps, ==, 1000);
  g_assert_false (trio_trace_recorder_close (recorder, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
  trio_trace_recorder_free (recorder);
}

static gboolean
die_in_a_step (gpointer n_steps, GError **error)
{
  if (!take_thousand_steps (n_steps, error))
    return FALSE;
  /* As a crash would: no handler, no buffer written out by the C library. */
  trio_annotate ("never seen again");
  g_abort ();
}

/* With virtual time, which a recorder cannot tell from a real one but for what it is told, only the step that died is missing. */
static void
test_a_process_that_dies_leaves_all_but_its_last_step (void)
{
  const char *path = g_getenv ("TRIO_TEST_TRACE");

  if (g_test_subprocess ())
    {
      TrioTraceRecorder *recorder = trio_trace_recorder_new (path, NULL, TRUE, NULL);
      guint n_steps = 0;
      gboolean ok = run_recorded (die_in_a_step, &n_steps, recorder, NULL);

      g_assert_not_reached ();
      (void) ok;
    }

  char *fresh = new_path ();
  gboolean whole;
  guint last;

  g_setenv ("TRIO_TEST_TRACE", fresh, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();

  g_auto (GStrv) events = read_events (fresh, &whole);

  g_assert_false (whole);
  g_assert_cmpuint (count_events (events, "step-begun 2"), ==, 1001);
  g_assert_cmpuint (count_events (events, "annotated"), ==, 0);
  last = g_strv_length (events) - 1;
  g_assert_true (g_str_has_prefix (events[last], "step-begun 2"));
  remove_path (fresh);
}

/* --- the simulator --- */

static gboolean
break_a_promise (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint n_steps = 0;

  trio_nursery_start_soon (nursery, take_thousand_steps, &n_steps);
  if (!trio_sleep (5 * G_TIME_SPAN_SECOND, error))
    return FALSE;
  trio_always (n_steps < 1000, "children are slow");
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_run_that_was_abandoned_has_a_whole_trace (void)
{
  char *path = new_path ();
  const TrioSimOptions options = { .trace_path = path, .program = "promises" };
  g_autoptr (TrioSimReport) report = NULL;
  gboolean whole;

  g_assert_false (trio_sim_run (break_a_promise, NULL, &options, &report, NULL));
  g_assert_cmpint (report->verdict, ==, TRIO_SIM_ALWAYS);

  g_auto (GStrv) events = read_events (path, &whole);

  g_assert_true (whole);
  g_assert_cmpuint (count_events (events, "run-finished"), ==, 0);
  g_assert_cmpuint (count_events (events, "step-begun"), ==, report->steps);
  g_assert_cmpuint (count_events (events, "outcome"), ==, 1);
  g_assert_nonnull (strstr (events[find_event (events, 0, "outcome")], "children are slow"));
  remove_path (path);
}

static gboolean
two_who_wait (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < 5; i++)
    trio_nursery_start_soon (nursery, say_and_set, event);
  if (!trio_event_wait (event, error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

static GBytes *
bytes_of_run (guint64 seed, guint64 *hash)
{
  char *path = new_path ();
  const TrioSimOptions options = { .strategy = "random", .seed = seed, .trace_path = path };
  g_autoptr (TrioSimReport) report = NULL;
  char *data;
  gsize length;

  g_assert_true (trio_sim_run (two_who_wait, NULL, &options, &report, NULL));
  *hash = report->hash;
  g_assert_true (g_file_get_contents (path, &data, &length, NULL));
  remove_path (path);
  return g_bytes_new_take (data, length);
}

static void
test_the_same_schedule_gives_the_same_bytes (void)
{
  guint n_different = 0;

  for (guint64 seed = 1; seed <= 5; seed++)
    {
      guint64 hash_a, hash_b, hash_c;
      g_autoptr (GBytes) a = bytes_of_run (seed, &hash_a);
      g_autoptr (GBytes) b = bytes_of_run (seed, &hash_b);
      g_autoptr (GBytes) c = bytes_of_run (seed + 100, &hash_c);

      g_assert_cmpuint (hash_a, ==, hash_b);
      g_assert_true (g_bytes_equal (a, b));
      n_different += !g_bytes_equal (a, c);
    }
  /* And the bytes do say something about the schedule. */
  g_assert_cmpuint (n_different, >, 0);
}

/* How many decisions about the order a recorded run of this seed has; each must say what it means. */
static guint
count_described_decisions (guint64 seed)
{
  g_autofree char *data = NULL;
  char *path = new_path ();
  const TrioSimOptions options = { .strategy = "random", .seed = seed, .trace_path = path };
  TrioTraceRecord record;
  gsize length;
  guint n = 0;

  g_assert_true (trio_sim_run (two_who_wait, NULL, &options, NULL, NULL));
  g_assert_true (g_file_get_contents (path, &data, &length, NULL));
  g_autoptr (TrioTraceReader) reader = trio_trace_reader_new (data, length, NULL);

  while (trio_trace_reader_next (reader, &record, NULL))
    if (record.type == TRIO_TRACE_DECIDED && g_str_equal (record.name, "schedule"))
      {
        n++;
        g_assert_cmpuint (record.value, >, 0);
        g_assert_cmpuint (record.value, <, record.bound);
        g_assert_cmpuint (record.other, !=, 0);
        g_assert_cmpuint (record.other, !=, record.task);
        g_assert_nonnull (strstr (record.text, " ran before "));
      }
  remove_path (path);
  return n;
}

static void
test_decisions_are_recorded_with_their_words (void)
{
  guint n = 0;

  for (guint64 seed = 1; seed <= 20; seed++)
    n += count_described_decisions (seed);
  g_assert_cmpuint (n, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name) g_test_add_func ("/trace/recorder/" #name, test_##name)
  ADD (what_happened_is_in_the_file_in_order);
  ADD (places_have_no_folders);
  ADD (how_a_task_ended_is_told);
  ADD (a_recorder_that_joins_half_way_is_introduced);
  ADD (a_path_that_cannot_be_opened_is_an_error_at_once);
  ADD (a_full_disk_is_told_at_close_and_does_not_disturb_the_run);
  ADD (a_process_that_dies_leaves_all_but_its_last_step);
  ADD (a_run_that_was_abandoned_has_a_whole_trace);
  ADD (the_same_schedule_gives_the_same_bytes);
  ADD (decisions_are_recorded_with_their_words);
  return g_test_run ();
}
