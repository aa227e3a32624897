/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The choice seam, as far as the kernel asks it: who goes next and how fair that stays (D2), and what is injected at
 * checkpoints. */

#include "tests/core/core-test.h"

/* ---- who goes next ---- */

enum { N_TASKS = 6, N_ROUNDS = 400 };

typedef struct
{
  guint64 last_step;
  guint64 longest_wait;
  int     n_steps;
} Runner;

static guint64
count_steps (void)
{
  TrioLoopStatistics statistics;

  trio_loop_get_statistics (trio_loop_get_current (), &statistics);
  return statistics.steps;
}

static gboolean
go_round (gpointer data, GError **error)
{
  Runner *runner = data;

  for (int i = 0; i < N_ROUNDS; i++)
    {
      if (i > 0)
        if (!mock_yield (error))
          return FALSE;
      runner->longest_wait = MAX (runner->longest_wait, count_steps () - runner->last_step);
      runner->last_step = count_steps ();
      runner->n_steps++;
    }
  return TRUE;
}

static gboolean
go_round_many (gpointer data, GError **error)
{
  Runner *runners = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < N_TASKS; i++)
    {
      runners[i].last_step = count_steps ();
      trio_nursery_start_soon (nursery, go_round, &runners[i]);
    }
  return trio_nursery_close (nursery, TRUE);
}

/* (D2) Even if the last in line always goes first, who is first in line is passed over only so often. */
static void
test_every_task_goes_on_whatever_is_chosen (void)
{
  for (guint fairness = 0; fairness <= 10; fairness += 5)
    {
      g_autoptr (MockWorld) world = mock_world_new ();
      g_autoptr (MockChoice) choice = mock_choice_new (world);
      g_autoptr (GError) error = NULL;
      TrioLoopOptions options = { .fairness = fairness };
      guint bound = (fairness > 0 ? fairness : 32) + 1;
      Runner runners[N_TASKS] = { 0 };

      choice->last_goes_first = TRUE;
      g_assert_true (mock_run_in (world, go_round_many, runners, &options, &error));
      g_assert_cmpuint (choice->n_schedule, >, N_ROUNDS);
      for (int i = 0; i < N_TASKS; i++)
        {
          g_assert_cmpint (runners[i].n_steps, ==, N_ROUNDS);
          /* All those before it in line, each of them passed over as often as may be. */
          g_assert_cmpuint (runners[i].longest_wait, <=, bound * N_TASKS);
        }
    }
}

static gboolean
say (gpointer word, GError **error)
{
  mock_say ("%s", (const char *) word);
  if (!mock_yield (error))
    return FALSE;
  mock_say ("%s", (const char *) word);
  return TRUE;
}

static gboolean
say_three (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, say, (char *) "a");
  trio_nursery_start_soon (nursery, say, (char *) "b");
  trio_nursery_start_soon (nursery, say, (char *) "c");
  return trio_nursery_close (nursery, TRUE);
}

static void
run_with (gboolean last_goes_first, TrioFunc func, gpointer data)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (MockChoice) choice = mock_choice_new (world);
  g_autoptr (GError) error = NULL;

  choice->last_goes_first = last_goes_first;
  mock_run_in (world, func, data, NULL, &error);
  g_assert_no_error (error);
}

/* (D2, 10) */
static void
test_dull_answers_give_the_order_of_production (void)
{
  run_with (FALSE, say_three, NULL);
  mock_expect ("a b c a b c");
  mock_run_ok (say_three, NULL);
  mock_expect ("a b c a b c");
}

/* (D2) Any runnable task may go next, also the one that has just stopped. */
static void
test_any_runnable_task_may_go_next (void)
{
  run_with (TRUE, say_three, NULL);
  mock_expect ("c c b b a a");
}

/* ---- cancellations ---- */

typedef struct
{
  guint64 cancel_at;
  guint32 cancel_value;
  guint64 interrupt_at;
  char   *asked;
} Injection;

static gboolean
run_injected (Injection *injection, TrioFunc func, gpointer data, GError **error)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (MockChoice) choice = mock_choice_new (world);
  gboolean ok;

  choice->choice.asks_cancel = injection->interrupt_at == 0;
  choice->choice.asks_interrupt = injection->interrupt_at > 0;
  choice->cancel_at = injection->cancel_at;
  choice->cancel_value = injection->cancel_value;
  choice->interrupt_at = injection->interrupt_at;
  choice->asked = g_string_new (NULL);
  ok = mock_run_in (world, func, data, NULL, error);
  g_free (injection->asked);
  injection->asked = g_strdup (choice->asked->str);
  return ok;
}

static gboolean
nest_scopes (gpointer caught, GError **error)
{
  gboolean *which = caught;
  gboolean ok;
  g_autoptr (TrioCancelScope) outer = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  ok = trio_checkpoint (error);
  if (!ok && g_error_matches (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    {
      mock_assert_says ((*error)->message, "injected at trio_checkpoint");
      mock_assert_says ((*error)->message, "test-choice.c:");
    }
  ok = trio_cancel_scope_close (inner, ok);
  which[0] = trio_cancel_scope_cancelled_caught (inner);
  ok = trio_cancel_scope_close (shield, ok);
  which[1] = trio_cancel_scope_cancelled_caught (shield);
  ok = trio_cancel_scope_close (outer, ok);
  which[2] = trio_cancel_scope_cancelled_caught (outer);
  return ok;
}

static void
test_an_injected_cancellation_may_be_of_any_scope_out_to_the_nearest_shield (void)
{
  for (guint32 value = 0; value <= 2; value++)
    {
      Injection injection = { .cancel_at = value > 0 ? 1 : 0, .cancel_value = value };
      g_autoptr (GError) error = NULL;
      gboolean caught[3];

      g_assert_true (run_injected (&injection, nest_scopes, caught, &error));
      g_assert_no_error (error);
      g_assert_cmpint (caught[0], ==, value == 1);
      g_assert_cmpint (caught[1], ==, value == 2);
      g_assert_false (caught[2]);
      g_assert_cmpstr (injection.asked, ==, "cancel/3");
      g_free (injection.asked);
    }
}

static gboolean
have_all_kinds_of_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  trio_event_set (event);
  ok = trio_checkpoint (error) && trio_checkpoint_if_cancelled (error) && trio_sleep (5, error) && trio_event_wait (event, error);
  ok = trio_cancel_scope_close (scope, ok);
  trio_cancel_shielded_checkpoint ();
  trio_nursery_start_soon (nursery, mock_return, NULL);
  return trio_nursery_close (nursery, ok);
}

/* Main's own nursery is the outermost that is asked for; the join is asked as well. */
static void
test_every_checkpoint_is_asked_once_for_each_scope_and_shielded_ones_are_not (void)
{
  Injection injection = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (run_injected (&injection, have_all_kinds_of_checkpoint, NULL, &error));
  g_assert_cmpstr (injection.asked, ==, "cancel/4 cancel/4 cancel/4 cancel/4 cancel/3");
  g_free (injection.asked);
}

static gboolean
check_in_and_say (gpointer unused G_GNUC_UNUSED, TrioTaskStatus *status, GError **error)
{
  if (!trio_checkpoint (error))
    return FALSE;
  trio_task_status_started (status, NULL);
  return TRUE;
}

static gboolean
start_a_child (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  return trio_nursery_close (nursery, trio_nursery_start (nursery, check_in_and_say, NULL, NULL, error));
}

/* trio_nursery_start() waits in a nursery of its own. Cancelled alone, it would make a child that was cancelled look like one that forgot to
 * say that it had started; no program can do that. */
static void
test_a_scope_that_the_program_cannot_reach_is_passed_over (void)
{
  Injection injection = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (run_injected (&injection, start_a_child, NULL, &error));
  /* The caller and the child are asked, each for the nursery that the program has opened and for that of main. */
  g_assert_cmpstr (injection.asked, ==, "cancel/3 cancel/3");
  g_free (injection.asked);
}

/* …and what is injected there has to be coped with, at each of them and for each scope. */
static void
test_whatever_is_cancelled_wherever_the_run_ends_well_or_with_that_cancellation (void)
{
  for (guint64 at = 1; at <= 5; at++)
    for (guint32 value = 1; value <= (at == 5 ? 2 : 3); value++)
      {
        Injection injection = { .cancel_at = at, .cancel_value = value };
        g_autoptr (GError) error = NULL;
        /* Only that of main's own nursery has nobody in the program to absorb it. */
        gboolean outermost = value == (at == 5 ? 2 : 3);

        if (run_injected (&injection, have_all_kinds_of_checkpoint, NULL, &error))
          g_assert_true (!outermost || at == 5);
        else
          {
            g_assert_true (outermost);
            mock_assert_error (error, TRIO_ERROR_CANCELLED);
          }
        g_free (injection.asked);
      }
}

static gboolean
be_cancelled_already (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (scope);
  return trio_cancel_scope_close (scope, trio_checkpoint (error));
}

static void
test_who_is_cancelled_already_is_not_asked (void)
{
  Injection injection = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (run_injected (&injection, be_cancelled_already, NULL, &error));
  g_assert_cmpstr (injection.asked, ==, "");
  g_free (injection.asked);
}

/* ---- a wait that is cancelled while its task gets ready for it ---- */

typedef struct
{
  TrioParkingLot lot;
  gboolean       other_ended;
} Pair;

static TrioAbort
pass_it_on (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  Pair *pair = data;

  /* As a condition does with a notification: its place is another's. */
  trio_parking_lot_unpark (&pair->lot, 1);
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
wait_and_pass_on (gpointer data, GError **error)
{
  return trio_wait_task_rescheduled (pass_it_on, data, error);
}

static gboolean
park_beside (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Pair pair = { .other_ended = FALSE };
  gboolean ok;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_parking_lot_init (&pair.lot, NULL);
  trio_nursery_start_soon (nursery, wait_and_pass_on, &pair);
  trio_cancel_shielded_checkpoint ();
  trio_cancel_shielded_checkpoint ();
  /* The second question is this one's: its task stands in the lot, and all around it is cancelled. */
  ok = trio_parking_lot_park (&pair.lot, error);
  mock_say ("parked:%d", ok);
  ok = trio_nursery_close (nursery, ok);
  trio_parking_lot_clear (&pair.lot);
  return ok;
}

/* (86) An abort function that runs because of an injection may wake whoever stands in a queue, the asking task too. */
static void
test_an_injection_finds_the_asking_task_in_its_queue_and_blocked (void)
{
  Injection injection = { .cancel_at = 2, .cancel_value = 1 };
  g_autoptr (GError) error = NULL;

  g_assert_true (run_injected (&injection, park_beside, NULL, &error));
  g_free (injection.asked);
  g_assert_nonnull (mock_log);
  g_string_truncate (mock_log, 0);
}

/* ---- interrupts ---- */

static gboolean
sleep_twice (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (5, error) && trio_sleep (5, error);
}

static gboolean
sleep_beside (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  trio_nursery_start_soon (nursery, sleep_twice, NULL);
  ok = trio_sleep (50, error);
  return trio_nursery_close (nursery, ok);
}

/* At whoever's checkpoint it comes, it is main that gets it. */
static void
test_an_injected_interrupt_reaches_main_from_any_checkpoint (void)
{
  guint64 at;

  for (at = 1; at < 100; at++)
    {
      Injection injection = { .interrupt_at = at };
      g_autoptr (GError) error = NULL;
      gboolean ok = run_injected (&injection, sleep_beside, NULL, &error);

      g_free (injection.asked);
      if (ok)
        break;
      mock_assert_error (error, TRIO_ERROR_KEYBOARD_INTERRUPT);
    }
  g_assert_cmpuint (at, ==, 4);
}

/* ---- the same, by whoever injects ---- */

/* Whatever is cancelled at a checkpoint, one of the scopes around it catches it, unless it was main's own. */
static gboolean
nest_and_count (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean caught[3];
  gboolean ok = nest_scopes (caught, error);

  if (mock_is_disturbed ())
    g_assert_cmpint (caught[0] + caught[1] + caught[2] + !ok, ==, 1);
  else
    g_assert_true (ok && !caught[0] && !caught[1] && !caught[2]);
  return ok;
}

static void
test_an_injected_cancellation_is_caught_by_the_scope_it_is_of (void)
{
  mock_run_ok (nest_and_count, NULL);
}

int
main (int argc, char **argv)
{
  const char *answers = "it answers what is asked about cancelling and interrupting itself, each question in turn";

  g_test_init (&argc, &argv, NULL);
  core_test_add_ordered ("/choice/every-task-goes-on-whatever-is-chosen", test_every_task_goes_on_whatever_is_chosen,
                         "the last in line always goes first: no other order leaves anybody waiting for as long");
  core_test_add_ordered ("/choice/dull-answers-give-the-order-of-production", test_dull_answers_give_the_order_of_production,
                         "it is about that order");
  core_test_add_ordered ("/choice/any-runnable-task-may-go-next", test_any_runnable_task_may_go_next, "it asks for one order, and expects that");
  core_test_add_mock ("/choice/an-injected-cancellation-may-be-of-any-scope-out-to-the-nearest-shield",
                      test_an_injected_cancellation_may_be_of_any_scope_out_to_the_nearest_shield, answers);
  core_test_add_mock ("/choice/every-checkpoint-is-asked-once-for-each-scope-and-shielded-ones-are-not",
                      test_every_checkpoint_is_asked_once_for_each_scope_and_shielded_ones_are_not, answers);
  core_test_add_mock ("/choice/a-scope-that-the-program-cannot-reach-is-passed-over", test_a_scope_that_the_program_cannot_reach_is_passed_over,
                      answers);
  core_test_add_mock ("/choice/whatever-is-cancelled-wherever-the-run-ends-well-or-with-that-cancellation",
                      test_whatever_is_cancelled_wherever_the_run_ends_well_or_with_that_cancellation, answers);
  core_test_add_mock ("/choice/who-is-cancelled-already-is-not-asked", test_who_is_cancelled_already_is_not_asked, answers);
  core_test_add_mock ("/choice/an-injection-finds-the-asking-task-in-its-queue-and-blocked",
                      test_an_injection_finds_the_asking_task_in_its_queue_and_blocked, answers);
  core_test_add_mock ("/choice/an-injected-interrupt-reaches-main-from-any-checkpoint", test_an_injected_interrupt_reaches_main_from_any_checkpoint,
                      answers);
  core_test_add ("/choice/an-injected-cancellation-is-caught-by-the-scope-it-is-of", test_an_injected_cancellation_is_caught_by_the_scope_it_is_of);
  return g_test_run ();
}
