/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Instruments: the order of the hooks (182), who woke whom, what is told of scopes, decisions and messages, and coming and going.
 * (That a crash of a hook disables its instrument has no counterpart: a C function cannot raise.) */

#include "tests/core/core-test.h"

static const char *
name_of (TrioTask *task)
{
  return task != NULL ? trio_task_get_name (task) : "loop";
}

static gboolean
is_runs_own (TrioTask *task)
{
  return trio_task_get_parent (task) == NULL;
}

static void
on_run_started (TrioInstrument *self G_GNUC_UNUSED)
{
  mock_say ("run-started");
}

static void
on_run_finished (TrioInstrument *self G_GNUC_UNUSED)
{
  mock_say ("run-finished");
}

static void
on_task_spawned (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task)
{
  if (!is_runs_own (task))
    mock_say ("spawned:%s", name_of (task));
}

static void
on_task_scheduled (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task, TrioTask *by)
{
  if (!is_runs_own (task))
    mock_say ("scheduled:%s:%s", name_of (task), name_of (by));
}

static void
on_before_task_step (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task)
{
  g_assert_cmpint (trio_task_get_state (task), ==, TRIO_TASK_RUNNING);
  if (!is_runs_own (task))
    mock_say ("before:%s", name_of (task));
}

static void
on_after_task_step (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task)
{
  static const char *const states[] = { "runnable", "running", "blocked", "done" };

  g_assert_true (trio_current_task () == task);
  if (!is_runs_own (task))
    mock_say ("after:%s:%s", name_of (task), states[trio_task_get_state (task)]);
}

static void
on_task_exited (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task, const GError *error)
{
  if (!is_runs_own (task))
    mock_say ("exited:%s:%s", name_of (task), error != NULL ? error->message : "-");
}

static const TrioInstrument everything = {
  .name = "everything",
  .run_started = on_run_started,
  .run_finished = on_run_finished,
  .task_spawned = on_task_spawned,
  .task_scheduled = on_task_scheduled,
  .before_task_step = on_before_task_step,
  .after_task_step = on_after_task_step,
  .task_exited = on_task_exited,
};

static void
run_watched (TrioInstrument *instrument, TrioFunc func, gpointer data)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  TrioInstrument *instruments[] = { instrument, NULL };
  TrioLoopOptions options = { .instruments = instruments };

  mock_run_in (world, func, data, &options, &error) ? (void) 0 : mock_say ("failed:%s", error->message);
}

static gboolean
fail_a_child (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, mock_fail, (char *) "tea", NULL, "child");
  return trio_nursery_close (nursery, TRUE);
}

/* (182) */
static void
test_each_step_is_between_before_and_after_and_what_it_wakes_is_told_within (void)
{
  TrioInstrument instrument = everything;

  run_watched (&instrument, fail_a_child, NULL);
  mock_expect ("run-started spawned:main scheduled:main:init "
               "before:main spawned:child scheduled:child:main after:main:blocked "
               "before:child after:child:done exited:child:tea scheduled:main:child "
               "before:main after:main:done exited:main:tea "
               "run-finished failed:tea");
}

/* ---- who woke whom ---- */

static TrioAbort
abort_at_once (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_and_be_woken (gpointer task, GError **error)
{
  *(TrioTask **) task = trio_current_task ();
  return trio_wait_task_rescheduled (abort_at_once, NULL, error);
}

static void
wake_task (gpointer task)
{
  trio_reschedule (task, NULL);
}

static gboolean
wake_in_many_ways (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioTask *by_task = NULL, *by_token = NULL;

  trio_nursery_start_soon_full (nursery, wait_and_be_woken, &by_task, NULL, "by-task");
  trio_nursery_start_soon_full (nursery, wait_and_be_woken, &by_token, NULL, "by-token");
  trio_nursery_start_soon_full (nursery, mock_sleep, GINT_TO_POINTER (5), NULL, "by-deadline");
  trio_nursery_start_soon_full (nursery, mock_sleep_forever, NULL, NULL, "by-cancel");
  if (!mock_yield (error))
    return FALSE;
  mock_say ("|");
  trio_reschedule (by_task, NULL);
  g_assert_true (trio_token_run_sync_soon (token, wake_task, by_token, NULL));
  if (!trio_sleep (10, error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_who_is_woken_is_told_with_who_woke_it (void)
{
  TrioInstrument instrument = { .name = "wakes", .task_scheduled = on_task_scheduled };
  const char *wakes;

  run_watched (&instrument, wake_in_many_ways, NULL);
  wakes = strchr (mock_log->str, '|') + 2;
  g_assert_cmpstr (wakes, ==,
                   "scheduled:by-task:main scheduled:by-token:loop scheduled:by-deadline:loop scheduled:main:loop "
                   "scheduled:by-cancel:main scheduled:main:by-cancel");
  g_string_truncate (mock_log, 0);
}

/* ---- scopes, decisions, messages ---- */

static void
on_scope_opened (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task, TrioCancelScope *scope)
{
  g_assert_true (trio_task_get_cancel_scope (task) == scope);
  if (!is_runs_own (task))
    mock_say ("opened:%s:%s", name_of (task), trio_cancel_scope_is_nursery (scope) ? "nursery" : "scope");
}

static void
on_scope_closed (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task, TrioCancelScope *scope)
{
  if (!is_runs_own (task))
    mock_say ("closed:%s", trio_cancel_scope_is_nursery (scope) ? "nursery" : "scope");
}

static void
on_scope_cancelled (TrioInstrument *self G_GNUC_UNUSED, TrioCancelScope *scope)
{
  if (trio_cancel_scope_get_serial (scope) > 2)
    {
      mock_assert_says (trio_cancel_scope_get_reason (scope), "enough");
      mock_assert_says (trio_cancel_scope_get_where (scope), "test-instruments.c:");
      g_assert_null (strchr (trio_cancel_scope_get_where (scope), '/'));
      mock_say ("cancelled");
    }
}

static void
on_interrupted (TrioInstrument *self G_GNUC_UNUSED)
{
  mock_say ("interrupted");
}

static void
on_annotated (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task, const char *text)
{
  mock_say ("%s-says-%s", name_of (task), text);
}

static void
on_flow (TrioInstrument *self G_GNUC_UNUSED, TrioTask *task, guint64 id, gboolean begins, const char *label)
{
  mock_say ("%s-%s-%s-%" G_GUINT64_FORMAT, name_of (task), begins ? "sends" : "gets", label, id);
}

static gboolean
do_many_things (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  guint64 flow = trio_flow_new_id ();

  g_assert_true (trio_is_watched ());
  trio_annotate ("%d-teas", 2);
  trio_flow (flow, TRUE, "cup");
  trio_flow (flow, FALSE, "cup");
  trio_cancel_scope_cancel_with_reason (scope, "enough");
  trio_cancel_scope_cancel_with_reason (scope, "again");
  trio_loop_interrupt (trio_loop_get_current ());
  g_assert_false (trio_checkpoint (NULL));
  return trio_nursery_close (nursery, trio_cancel_scope_close (scope, TRUE));
}

static void
test_scopes_messages_and_interrupts_are_told (void)
{
  TrioInstrument instrument = {
    .name = "others",
    .scope_opened = on_scope_opened,
    .scope_closed = on_scope_closed,
    .scope_cancelled = on_scope_cancelled,
    .interrupted = on_interrupted,
    .annotated = on_annotated,
    .flow = on_flow,
  };

  run_watched (&instrument, do_many_things, NULL);
  mock_expect ("opened:main:nursery opened:main:scope main-says-2-teas main-sends-cup-1 main-gets-cup-1 cancelled interrupted "
               "closed:scope closed:nursery");
}

static void
on_decided (TrioInstrument *self G_GNUC_UNUSED, const TrioChoicePoint *point, guint32 value)
{
  g_autoptr (GString) words = g_string_new (NULL);

  if (point->describe != NULL)
    point->describe (point, value, words);
  mock_say ("%s/%u=%u(%s)", point->label, point->bound, value, words->str);
}

static gboolean
two_children (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const TrioChoicePoint own = { .label = "dice", .bound = 6 };
  static const TrioChoicePoint none = { .label = "coin", .bound = 1 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, mock_return, NULL, NULL, "a");
  trio_nursery_start_soon_full (nursery, mock_return, NULL, NULL, "b");
  g_assert_cmpuint (trio_choose (&own), ==, 5);
  g_assert_cmpuint (trio_choose (&none), ==, 0);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_only_choices_that_are_not_dull_are_told_and_in_words (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (MockChoice) choice = mock_choice_new (world);
  g_autoptr (GError) error = NULL;
  TrioInstrument instrument = { .name = "decisions", .decided = on_decided };
  TrioInstrument *instruments[] = { &instrument, NULL };
  TrioLoopOptions options = { .instruments = instruments };

  choice->last_goes_first = TRUE;
  choice->choice.asks_cancel = TRUE;
  g_assert_true (mock_run_in (world, two_children, NULL, &options, &error));
  mock_expect ("dice/6=5() schedule/2=1(main/b ran before main/a)");
}

static void
test_without_a_choice_seam_or_a_run_every_answer_is_the_dull_one (void)
{
  static const TrioChoicePoint point = { .label = "dice", .bound = 6 };

  g_assert_cmpuint (trio_choose (&point), ==, 0);
  g_assert_false (trio_is_watched ());
  g_assert_cmpuint (trio_flow_new_id (), ==, 0);
  trio_annotate ("nobody %s", "listens");
  trio_flow (1, TRUE, "nobody");
}

/* ---- coming and going ---- */

typedef struct
{
  TrioInstrument instrument;
  int            n_steps;
  int            leave_after;
} Counter;

static void
count_step (TrioInstrument *instrument, TrioTask *task G_GNUC_UNUSED)
{
  Counter *self = (Counter *) instrument;

  if (++self->n_steps == self->leave_after)
    trio_remove_instrument (instrument);
}

static gboolean
watch_for_a_while (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Counter counters[3] = { { .leave_after = 0 }, { .leave_after = 2 }, { .leave_after = 0 } };

  for (int i = 0; i < 3; i++)
    {
      counters[i].instrument = (TrioInstrument) { .name = "counter", .before_task_step = count_step };
      trio_add_instrument (&counters[i].instrument);
    }
  mock_expect_critical ("watches this run already");
  trio_add_instrument (&counters[1].instrument);
  g_test_assert_expected_messages ();
  for (int i = 0; i < 5; i++)
    if (!mock_yield (error))
      return FALSE;
  g_assert_cmpint (counters[0].n_steps, ==, 5);
  g_assert_cmpint (counters[1].n_steps, ==, 2);
  g_assert_cmpint (counters[2].n_steps, ==, 5);
  trio_remove_instrument (&counters[0].instrument);
  trio_remove_instrument (&counters[2].instrument);
  g_assert_false (trio_is_watched ());
  mock_expect_critical ("does not watch this run");
  trio_remove_instrument (&counters[0].instrument);
  g_test_assert_expected_messages ();
  return trio_checkpoint (error);
}

static void
test_an_instrument_may_come_and_go_also_from_its_own_hook (void)
{
  mock_run_ok (watch_for_a_while, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_mock ("/instruments/each-step-is-between-before-and-after-and-what-it-wakes-is-told-within",
                      test_each_step_is_between_before_and_after_and_what_it_wakes_is_told_within, "it drives the loop or the world itself");
  core_test_add_mock ("/instruments/who-is-woken-is-told-with-who-woke-it",
                      test_who_is_woken_is_told_with_who_woke_it, "it drives the loop or the world itself");
  core_test_add_mock ("/instruments/scopes-messages-and-interrupts-are-told",
                      test_scopes_messages_and_interrupts_are_told, "it drives the loop or the world itself");
  core_test_add_mock ("/instruments/only-choices-that-are-not-dull-are-told-and-in-words",
                      test_only_choices_that_are_not_dull_are_told_and_in_words, "it drives the loop or the world itself");
  g_test_add_func ("/instruments/without-a-choice-seam-or-a-run-every-answer-is-the-dull-one",
                   test_without_a_choice_seam_or_a_run_every_answer_is_the_dull_one);
  core_test_add_mock ("/instruments/an-instrument-may-come-and-go-also-from-its-own-hook",
                      test_an_instrument_may_come_and_go_also_from_its_own_hook,
                      "the simulator watches as well");
  return g_test_run ();
}
