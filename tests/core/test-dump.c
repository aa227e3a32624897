/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Dumps: the task tree as text, the same each time; and stacks, if the world tells of them. */

#include <trio/graceful.h>
#include <trio/lowlevel/dump.h>
#include <trio/lowlevel/timer.h>

#include "tests/core/core-test.h"
#include "tests/core/reports.h"

/* Not a function, which would be seen in the stack of whoever calls it. */
#define dump(flags) (report_without_lines (trio_dump_to_string (flags), "test-dump.c"))

/* ---- the tree ---- */

static gboolean
take_and_sleep (gpointer lock, GError **error)
{
  gboolean ok;

  if (!trio_lock_acquire (lock, error))
    return FALSE;
  ok = trio_sleep (10 * G_TIME_SPAN_SECOND, error);
  trio_lock_release (lock);
  return ok;
}

static gboolean
serve (gpointer lock, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_fail_after (G_TIME_SPAN_MINUTE, error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, take_and_sleep, lock);
  trio_nursery_start_soon (nursery, take_and_sleep, lock);
  return trio_cancel_scope_close (patience, trio_nursery_close (nursery, TRUE));
}

static gboolean
look_at_a_tree (gpointer text, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_cancel_scope_set_shield (scope, TRUE);
  trio_nursery_start_soon (nursery, serve, lock);
  trio_nursery_start_soon (nursery, mock_check_in, NULL);
  ok = trio_sleep (1500 * G_TIME_SPAN_MILLISECOND, error);
  trio_nursery_start_soon (nursery, mock_return, NULL);
  *(char **) text = dump (TRIO_DUMP_DEFAULT);
  trio_nursery_cancel (nursery);
  return trio_cancel_scope_close (scope, trio_nursery_close (nursery, ok));
}

static void
test_a_dump_tells_who_waits_for_what_since_when_and_within_what (void)
{
  g_autofree char *text = NULL;

  mock_run_ok (look_at_a_tree, &text);
  g_assert_cmpstr (text, ==,
                   "mock: 5 tasks, 1 can run, \"main\" runs, next deadline in 8.5 s\n"
                   "  main (2): runs\n"
                   "      in the nursery opened at test-dump.c\n"
                   "      in the scope opened at test-dump.c, shielded\n"
                   "    serve (3), main/serve: waits in trio_nursery_close: 2 children of the nursery opened at test-dump.c, "
                   "for 1.5 s\n"
                   "        in the nursery opened at test-dump.c\n"
                   "        in the scope opened at test-dump.c, deadline in 58 s\n"
                   "      take_and_sleep (5), main/serve/take_and_sleep: waits in trio_sleep: 8.5 s more, for 1.5 s\n"
                   "      take_and_sleep (6), main/serve/take_and_sleep: waits in trio_lock_acquire: "
                   "held by main/serve/take_and_sleep, for 1.5 s\n"
                   "    mock_return (7), main/mock_return: can run\n");
}

static void
test_the_same_run_gives_the_same_dump (void)
{
  g_autofree char *once = NULL;
  g_autofree char *again = NULL;

  mock_run_ok (look_at_a_tree, &once);
  mock_run_ok (look_at_a_tree, &again);
  g_assert_cmpstr (once, ==, again);
}

/* ---- cancellation ---- */

static TrioAbort
do_not_stop (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_FAILED;
}

static gboolean
wait_stubbornly (gpointer task, GError **error)
{
  *(TrioTask **) task = trio_current_task ();
  return trio_wait_task_rescheduled (do_not_stop, NULL, error);
}

static gboolean
look_at_the_cancelled (gpointer text, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioTask *stubborn;
  gboolean ok;

  trio_nursery_start_soon (nursery, wait_stubbornly, &stubborn);
  ok = trio_checkpoint (error);
  trio_cancel_scope_cancel_with_reason (trio_nursery_get_cancel_scope (nursery), "enough");
  *(char **) text = dump (TRIO_DUMP_DEFAULT);
  trio_reschedule (stubborn, NULL);
  return trio_nursery_close (nursery, ok);
}

static void
test_a_dump_says_who_was_cancelled_and_why_and_which_wait_goes_on (void)
{
  g_autofree char *text = NULL;

  mock_run_ok (look_at_the_cancelled, &text);
  report_assert_has (text, "\n      in the nursery opened at test-dump.c, cancelled: enough (");
  report_assert_has (text, "\n    wait_stubbornly (3), main/wait_stubbornly: waits in trio_wait_task_rescheduled, for 0 us\n"
                    "        cancelled: enough (");
  report_assert_has (text, "\n        told so, but this wait cannot be stopped\n");
}

static gboolean
look_at_the_graceful (gpointer text, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel_gracefully_with_reason (scope, 5 * G_TIME_SPAN_SECOND, "the shop closes");
  *(char **) text = dump (TRIO_DUMP_DEFAULT);
  return trio_cancel_scope_close (scope, trio_checkpoint (error));
}

static void
test_a_dump_says_who_was_asked_to_end_gracefully (void)
{
  g_autofree char *text = NULL;

  mock_run_ok (look_at_the_graceful, &text);
  report_assert_has (text, "\n      in the scope opened at test-dump.c, deadline in 5 s, asked to end gracefully: the shop closes\n");
}

static gboolean
look_at_the_interrupted (gpointer text, GError **error)
{
  trio_loop_interrupt (trio_loop_get_current ());
  *(char **) text = dump (TRIO_DUMP_DEFAULT);
  return trio_checkpoint (error);
}

static void
test_a_dump_says_whom_a_ctrl_c_waits_for (void)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (mock_run (look_at_the_interrupted, &text, &error));
  report_assert_has (text, "  main (2): runs\n      a Ctrl-C waits for it\n");
}

static gboolean
open_many_scopes (gpointer text, GError **error)
{
  enum { N = 10000 };
  TrioCancelScope **scopes = g_new (TrioCancelScope *, N);
  gboolean ok = TRUE;

  for (guint i = 0; i < N; i++)
    scopes[i] = trio_move_on_after ((GTimeSpan) (N - i) * G_TIME_SPAN_SECOND, error);
  *(char **) text = dump (TRIO_DUMP_DEFAULT);
  for (guint i = N; i-- > 0;)
    {
      ok = trio_cancel_scope_close (scopes[i], ok);
      trio_cancel_scope_free (scopes[i]);
    }
  g_free (scopes);
  return ok;
}

static void
test_of_many_scopes_the_innermost_are_told (void)
{
  g_autofree char *text = NULL;

  mock_run_ok (open_many_scopes, &text);
  report_assert_has (text, ", deadline in 1 s\n");
  report_assert_has (text, ", deadline in 16 s\n      … in 9984 more\n");
  report_assert_has_not (text, ", deadline in 17 s");
}

/* ---- where one can be taken ---- */

static gboolean
dump_when_idle (MockWorld *self, TrioLoop *loop)
{
  char **text = self->data;

  if (*text != NULL)
    return FALSE;
  g_assert_null (trio_loop_get_current ());
  *text = dump (TRIO_DUMP_DEFAULT);
  trio_loop_interrupt (loop);
  return TRUE;
}

static void
test_a_dump_can_be_taken_between_turns (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  world->on_idle = dump_when_idle;
  world->data = &text;
  g_assert_false (mock_run_in (world, mock_sleep_forever, NULL, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_assert_cmpstr (text, ==, "mock: 1 task\n  main (2): waits in trio_sleep_forever, for 0 us\n");
}

static void
test_outside_a_run_there_is_nothing_to_dump (void)
{
  g_autofree char *text = dump (TRIO_DUMP_STACKS);

  g_assert_cmpstr (text, ==, "there is no run on this thread\n");
}

static void
note_state (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task, const GError *error G_GNUC_UNUSED)
{
  g_autoptr (GString) text = g_string_new (NULL);

  trio_task_append_state (task, text);
  mock_say ("%s:%s", trio_task_get_name (task), text->str);
}

static gboolean
end_while_watched (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioInstrument instrument = { .name = "states", .task_exited = note_state };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_add_instrument (&instrument);
  trio_nursery_start_soon_full (nursery, mock_return, NULL, NULL, "child");
  ok = trio_nursery_close (nursery, TRUE);
  trio_remove_instrument (&instrument);
  return ok;
}

/* Whoever looks at it in the hook of its end. */
static void
test_a_task_that_has_ended_says_so (void)
{
  mock_run_ok (end_while_watched, NULL);
  mock_expect ("child:has ended");
}

static gboolean
dump_after_the_deadline (gpointer text, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (G_TIME_SPAN_SECOND, error);

  /* A task that computes for so long: no turn has looked at the deadline. */
  mock_advance (1500 * G_TIME_SPAN_MILLISECOND);
  *(char **) text = dump (TRIO_DUMP_DEFAULT);
  return trio_cancel_scope_close (scope, trio_checkpoint (error));
}

static void
test_a_deadline_that_nobody_has_looked_at_has_passed (void)
{
  g_autofree char *text = NULL;

  mock_run_ok (dump_after_the_deadline, &text);
  report_assert_has (text, "passed 500 ms ago");
}

static gpointer
dump_on_another_thread (gpointer data G_GNUC_UNUSED)
{
  return dump (TRIO_DUMP_STACKS);
}

static gboolean
dump_elsewhere (gpointer text, GError **error)
{
  *(char **) text = g_thread_join (g_thread_new ("other", dump_on_another_thread, NULL));
  return trio_checkpoint (error);
}

static void
test_a_run_is_not_dumped_by_another_thread (void)
{
  g_autofree char *text = NULL;

  mock_run_ok (dump_elsewhere, &text);
  g_assert_cmpstr (text, ==, "there is no run on this thread\n");
}

static gboolean
race_a_little (gpointer dumps, GError **error)
{
  for (guint i = 0; i < 5; i++)
    {
      if (dumps != NULL)
        g_free (dump (TRIO_DUMP_STACKS | TRIO_DUMP_ADDRESSES));
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
race (gpointer dumps, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, race_a_little, dumps);
  return trio_nursery_close (nursery, TRUE);
}

static char *
choices_of (gpointer dumps)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (MockChoice) choice = mock_choice_new (world);
  g_autoptr (GError) error = NULL;

  choice->choice.asks_cancel = TRUE;
  choice->asked = g_string_new (NULL);
  mock_run_in (world, race, dumps, NULL, &error);
  g_assert_no_error (error);
  return g_strdup (choice->asked->str);
}

static void
test_a_dump_changes_nothing_about_a_run (void)
{
  g_autofree char *without = choices_of (NULL);
  g_autofree char *with = choices_of ((gpointer) "dumps");

  g_assert_cmpuint (strlen (without), >, 50);
  g_assert_cmpstr (without, ==, with);
}

/* ---- spans ---- */

static void
test_spans_are_for_people (void)
{
  static const struct { GTimeSpan span; const char *words; } samples[] = {
    { -5, "0 us" }, { 0, "0 us" }, { 999, "999 us" }, { 1000, "1 ms" }, { 1550, "1.5 ms" }, { 9999, "9.9 ms" }, { 10500, "10 ms" },
    { 999999, "999 ms" }, { G_TIME_SPAN_SECOND, "1 s" }, { 3250000, "3.2 s" }, { 59999999, "59 s" },
    { G_TIME_SPAN_MINUTE, "1 min 0 s" }, { 125 * G_TIME_SPAN_SECOND, "2 min 5 s" }, { 3599 * G_TIME_SPAN_SECOND, "59 min 59 s" },
    { G_TIME_SPAN_HOUR, "1 h 0 min" }, { 76 * G_TIME_SPAN_HOUR, "3 d 4 h" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      GString *out = g_string_new (NULL);

      trio_append_span (out, samples[i].span);
      g_assert_cmpstr (out->str, ==, samples[i].words);
      g_string_free (out, TRUE);
    }
}

static void
test_seconds_are_exact (void)
{
  static const struct { GTimeSpan span; const char *words; } samples[] = {
    { 0, "0 s" }, { 1, "0.000001 s" }, { 50000, "0.05 s" }, { G_TIME_SPAN_SECOND, "1 s" }, { 1020400, "1.0204 s" },
    { 90 * G_TIME_SPAN_SECOND + 1, "90.000001 s" }, { 1000 * G_TIME_SPAN_HOUR, "3600000 s" }, { -1500000, "-1.5 s" },
    { G_MAXINT64, "9223372036854.775807 s" }, { G_MININT64, "-9223372036854.775808 s" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    g_assert_cmpstr (trio_span_in_seconds (samples[i].span).text, ==, samples[i].words);
}

/* ---- stacks ---- */

/* Its argument is used after the call, so that the call stays one. */
static gboolean __attribute__ ((noinline))
wait_deep_down (volatile int *depth, GError **error)
{
  gboolean ok;

  if (*depth > 0)
    {
      --*depth;
      ok = wait_deep_down (depth, error);
    }
  else
    ok = trio_sleep (1000, error);
  ++*depth;
  return ok;
}

static gboolean __attribute__ ((noinline))
diver (gpointer data G_GNUC_UNUSED, GError **error)
{
  volatile int depth = 2;
  gboolean ok = wait_deep_down (&depth, error);

  return ok && depth > 0;
}

typedef struct
{
  TrioTimer  timer;
  char      *texts[3];
} Looks;

static void
look_from_the_loop (TrioTimer *timer)
{
  ((Looks *) timer)->texts[1] = dump (TRIO_DUMP_STACKS);
}

static gboolean __attribute__ ((noinline))
look_at_stacks (gpointer data, GError **error)
{
  Looks *looks = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, diver, NULL);
  looks->texts[0] = dump (TRIO_DUMP_STACKS);
  trio_timer_init (&looks->timer, look_from_the_loop);
  trio_timer_arm (&looks->timer, trio_current_time () + 100);
  ok = trio_checkpoint (error) && trio_sleep (200, error);
  looks->texts[2] = dump (TRIO_DUMP_STACKS);
  return trio_nursery_close (nursery, ok);
}

static void
clear_looks (Looks *looks)
{
  for (guint i = 0; i < G_N_ELEMENTS (looks->texts); i++)
    g_free (looks->texts[i]);
}

#ifdef HAVE_STACKS
static void
run_and_look (Looks *looks)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;

  world->world.append_stack = trio_task_append_stack;
  mock_run_in (world, look_at_stacks, looks, NULL, &error);
  g_assert_no_error (error);
}

static void
test_a_stack_names_the_functions_in_which_a_task_waits (void)
{
  Looks looks = { .texts = { NULL } };

  run_and_look (&looks);

  /* One that has not begun has none; the running one is where it called. */
  report_assert_has (looks.texts[0], "main (2): runs\n      in the nursery opened at test-dump.c\n      stack: look_at_stacks\n");
  report_assert_has (looks.texts[0], "diver (3), main/diver: can run\n");

  /* In a callback of the loop, perhaps on the stack of a task that waits. */
  report_assert_sleeps_below (looks.texts[1], "look_at_stacks");
  report_assert_sleeps_below (looks.texts[1], "wait_deep_down < wait_deep_down < wait_deep_down < diver");
  report_assert_has_not (looks.texts[1], "look_from_the_loop");

  report_assert_has (looks.texts[2], "stack: look_at_stacks\n");
  report_assert_sleeps_below (looks.texts[2], "wait_deep_down < wait_deep_down < wait_deep_down < diver");
  clear_looks (&looks);
}

static gboolean
look_at_addresses (gpointer text, GError **error)
{
  *(char **) text = dump (TRIO_DUMP_ADDRESSES);
  return trio_checkpoint (error);
}

static void
test_addresses_are_told_if_asked_for (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  world->world.append_stack = trio_task_append_stack;
  mock_run_in (world, look_at_addresses, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_regex_match_simple (" < look_at_addresses\\+0x[0-9a-f]+ \\[[^]+]+\\+0x[0-9a-f]+\\] < ", text, 0, 0));
  report_assert_has (text, "task_entry+0x");
}
#endif

static void
test_a_world_may_tell_of_no_stacks (void)
{
  Looks looks = { .texts = { NULL } };
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;

  mock_run_in (world, look_at_stacks, &looks, NULL, &error);
  g_assert_no_error (error);
  report_assert_has (looks.texts[1], "waits in trio_sleep");
  report_assert_has_not (looks.texts[1], "stack");
  clear_looks (&looks);
}

static gboolean
look_while_others_work (gpointer text, GError **error)
{
  trio_loop_hold (trio_loop_get_current ());
  *(char **) text = trio_dump_to_string (TRIO_DUMP_DEFAULT);
  trio_loop_release (trio_loop_get_current ());
  return trio_checkpoint (error);
}

static void
test_says_how_many_outside_are_at_work_for_the_run (void)
{
  g_autofree char *text = NULL;

  mock_run_ok (look_while_others_work, &text);
  mock_assert_says (text, "1 thing outside at work for it");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_ordered ("/dump/tells-who-waits-for-what-since-when-and-within-what",
                         test_a_dump_tells_who_waits_for_what_since_when_and_within_what,
                         "its text is compared");
  core_test_add ("/dump/the-same-run-gives-the-same-dump", test_the_same_run_gives_the_same_dump);
  core_test_add_ordered ("/dump/says-who-was-cancelled-and-why-and-which-wait-goes-on",
                         test_a_dump_says_who_was_cancelled_and_why_and_which_wait_goes_on,
                         "it wakes a task in the turn after it fell asleep");
  core_test_add ("/dump/says-who-was-asked-to-end-gracefully", test_a_dump_says_who_was_asked_to_end_gracefully);
  core_test_add ("/dump/says-whom-a-ctrl-c-waits-for", test_a_dump_says_whom_a_ctrl_c_waits_for);
  core_test_add ("/dump/of-many-scopes-the-innermost-are-told", test_of_many_scopes_the_innermost_are_told);
  core_test_add_mock ("/dump/can-be-taken-between-turns",
                      test_a_dump_can_be_taken_between_turns, "its text is compared");
  g_test_add_func ("/dump/outside-a-run-there-is-nothing-to-dump", test_outside_a_run_there_is_nothing_to_dump);
  core_test_add ("/dump/a-run-is-not-dumped-by-another-thread", test_a_run_is_not_dumped_by_another_thread);
  core_test_add_mock ("/dump/changes-nothing-about-a-run",
                      test_a_dump_changes_nothing_about_a_run, "its text is compared");
  g_test_add_func ("/dump/spans-are-for-people", test_spans_are_for_people);
  g_test_add_func ("/dump/seconds-are-exact", test_seconds_are_exact);
#ifdef HAVE_STACKS
  core_test_add_mock ("/dump/a-stack-names-the-functions-in-which-a-task-waits",
                      test_a_stack_names_the_functions_in_which_a_task_waits, "its text is compared");
  core_test_add_mock ("/dump/addresses-are-told-if-asked-for",
                      test_addresses_are_told_if_asked_for, "its text is compared");
#endif
  core_test_add_mock ("/dump/a-world-may-tell-of-no-stacks",
                      test_a_world_may_tell_of_no_stacks, "its text is compared");
  g_test_add_func ("/dump/says-how-many-outside-are-at-work-for-the-run", test_says_how_many_outside_are_at_work_for_the_run);
  core_test_add_undisturbed ("/dump/a-task-that-has-ended-says-so", test_a_task_that_has_ended_says_so,
                             "it looks at one task");
  core_test_add_mock ("/dump/a-deadline-that-nobody-has-looked-at-has-passed", test_a_deadline_that_nobody_has_looked_at_has_passed,
                      "its text is compared");
  return g_test_run ();
}
