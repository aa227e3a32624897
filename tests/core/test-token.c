/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tokens: calls from other threads, and from code outside any task. Statements 118 to 122, 124 to 126. (Calls that fail are in
 * test-nothing-vanishes.c; calls from signal handlers in tests/host/test-token-signals.c.) */

#include "tests/core/core-test.h"

/* ---- order ---- */

static void
say (gpointer word)
{
  g_assert_null (trio_current_task ());
  g_assert_nonnull (trio_loop_get_current ());
  mock_say ("%s", (const char *) word);
}

static gboolean
queue_three (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();

  g_assert_true (trio_token_run_sync_soon (token, say, (char *) "a", NULL));
  g_assert_true (trio_token_run_sync_soon (token, say, (char *) "b", NULL));
  g_assert_true (trio_token_run_sync_soon (token, say, (char *) "c", NULL));
  mock_say ("queued");
  return trio_checkpoint (error);
}

/* (118) */
static void
test_calls_run_in_order_and_outside_any_task (void)
{
  mock_run_ok (queue_three, NULL);
  mock_expect ("queued a b c");
}

typedef struct
{
  TrioToken *token;
  int        n_accepted;
  int        n_run;
} Again;

static void
queue_again (gpointer data)
{
  Again *again = data;

  again->n_run++;
  if (trio_token_run_sync_soon (again->token, queue_again, data, NULL))
    again->n_accepted++;
}

static gboolean
run_beside_a_self_feeding_call (gpointer data, GError **error)
{
  Again *again = data;

  again->token = trio_current_token ();
  again->n_accepted = 1;
  g_assert_true (trio_token_run_sync_soon (again->token, queue_again, again, NULL));
  for (int i = 0; i < 50; i++)
    {
      if (!mock_yield (error))
        return FALSE;
      g_assert_cmpint (again->n_run, ==, i + 1);
    }
  return TRUE;
}

/* (120, 121, 3) */
static void
test_a_call_that_queues_itself_runs_once_a_turn_and_starves_nobody (void)
{
  Again again = { 0 };

  mock_run_ok (run_beside_a_self_feeding_call, &again);
  /* (122) Nor can it keep the run alive: in the end it is refused, and what had been accepted has run. */
  g_assert_cmpint (again.n_run, ==, again.n_accepted);
  trio_token_unref (again.token);
}

/* ---- the end ---- */

typedef struct
{
  TrioToken *token;
  int        n_called;
  int        n_freed;
} Late;

static void
note_call (gpointer data)
{
  ((Late *) data)->n_called++;
}

static void
note_free (gpointer data)
{
  ((Late *) data)->n_freed++;
}

static void
queue_one_more (gpointer data)
{
  Late *late = data;

  late->n_called++;
  g_assert_true (trio_token_run_sync_soon (late->token, note_call, late, note_free));
}

static gboolean
queue_and_end (gpointer data, GError **error)
{
  Late *late = data;

  late->token = trio_current_token ();
  g_assert_true (trio_token_run_sync_soon (late->token, queue_one_more, late, note_free));
  return mock_fail ((char *) "main failed", error);
}

/* (122, 124) Also what such a call queues in its turn, when every task has long ended. */
static void
test_what_was_accepted_runs_before_the_run_ends_and_later_calls_are_refused (void)
{
  g_autoptr (GError) error = NULL;
  Late late = { 0 };

  g_assert_false (mock_run (queue_and_end, &late, &error));
  mock_assert_error (error, TRIO_ERROR_FAILED);
  g_assert_cmpint (late.n_called, ==, 2);
  g_assert_cmpint (late.n_freed, ==, 2);
  g_assert_false (trio_token_run_sync_soon (late.token, note_call, &late, note_free));
  g_assert_cmpint (late.n_called, ==, 2);
  g_assert_cmpint (late.n_freed, ==, 3);
  trio_token_unref (late.token);
}

static TrioAbort
abort_at_once (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

static void
wake_task (gpointer task)
{
  trio_reschedule (task, NULL);
}

static gboolean
wake_myself_later (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();

  g_assert_true (trio_token_run_sync_soon (token, wake_task, trio_current_task (), NULL));
  return trio_wait_task_rescheduled (abort_at_once, NULL, error);
}

/* The driver is woken for a call that comes while nothing is runnable. */
static void
test_a_call_can_wake_a_task (void)
{
  mock_run_ok (wake_myself_later, NULL);
}

/* ---- real threads ---- */

enum { N_THREADS = 4, N_CALLS = 2500 };

typedef struct
{
  TrioToken *token;
  TrioLoop  *loop;
  TrioTask  *task;
  int        n_called;
  int        last[N_THREADS];
} Storm;

typedef struct
{
  Storm *storm;
  int    thread;
  int    number;
} Drop;

static void
count_drop (gpointer data)
{
  Drop *drop = data;

  g_assert_null (trio_current_task ());
  /* (118) in order, of each thread. */
  g_assert_cmpint (drop->storm->last[drop->thread], ==, drop->number);
  drop->storm->last[drop->thread]++;
  if (++drop->storm->n_called == N_THREADS * N_CALLS)
    trio_loop_release (drop->storm->loop);
}

typedef struct
{
  Storm *storm;
  int    thread;
} Cloud;

static gpointer
rain (gpointer data)
{
  Cloud *cloud = data;

  for (int i = 0; i < N_CALLS; i++)
    {
      Drop drop = { cloud->storm, cloud->thread, i };

      g_assert_true (trio_token_run_sync_soon (cloud->storm->token, count_drop, g_memdup2 (&drop, sizeof drop), g_free));
    }
  return NULL;
}

static gboolean
wait_for_the_storm (gpointer data, GError **error)
{
  Storm *storm = data;
  Cloud clouds[N_THREADS];
  GThread *threads[N_THREADS];

  storm->token = trio_current_token ();
  storm->loop = trio_loop_get_current ();
  trio_loop_hold (storm->loop);
  for (int i = 0; i < N_THREADS; i++)
    {
      clouds[i] = (Cloud) { storm, i };
      threads[i] = g_thread_new ("rain", rain, &clouds[i]);
    }
  /* Sometimes busy, sometimes asleep in the driver. */
  while (storm->n_called < N_THREADS * N_CALLS)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

      g_assert_true (trio_token_run_sync_soon (storm->token, (GSourceOnceFunc) trio_cancel_scope_cancel, scope, NULL));
      if (!trio_cancel_scope_close (scope, trio_sleep_forever (error)))
        return FALSE;
    }
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  trio_token_unref (storm->token);
  return TRUE;
}

/* (125, 126) */
static void
test_no_call_of_many_threads_is_lost_or_out_of_order (void)
{
  Storm storm = { 0 };

  mock_run_ok (wait_for_the_storm, &storm);
  g_assert_cmpint (storm.n_called, ==, N_THREADS * N_CALLS);
}

static gpointer
ring_once (gpointer data)
{
  Storm *storm = data;

  g_assert_true (trio_token_run_sync_soon (storm->token, wake_task, storm->task, NULL));
  return NULL;
}

static gboolean
sleep_until_a_thread_rings (gpointer data, GError **error)
{
  Storm *storm = data;
  GThread *thread;
  TrioLoop *loop = trio_loop_get_current ();

  storm->token = trio_current_token ();
  storm->task = trio_current_task ();
  trio_loop_hold (loop);
  thread = g_thread_new ("ring", ring_once, storm);
  if (!trio_wait_task_rescheduled (abort_at_once, NULL, error))
    return FALSE;
  trio_loop_release (loop);
  g_thread_join (thread);
  trio_token_unref (storm->token);
  return TRUE;
}

/* (126) The driver sleeps for real until then; nothing is polled. */
static void
test_a_thread_wakes_a_sleeping_driver (void)
{
  Storm storm = { 0 };

  mock_run_ok (sleep_until_a_thread_rings, &storm);
}

static void
let_it_end (gpointer data)
{
  trio_cancel_scope_cancel (data);
}

typedef struct
{
  TrioToken       *token;
  TrioCancelScope *scope;
  GThread         *thread;
  int              n_called;       /* (the run's thread) */
  int              n_accepted;     /* (the other thread) */
} EndRace;

static void
count_call (gpointer data)
{
  ((EndRace *) data)->n_called++;
}

static gpointer
call_until_refused (gpointer data)
{
  EndRace *race = data;

  race->n_accepted = 0;
  for (int i = 0; trio_token_run_sync_soon (race->token, count_call, race, NULL); i++)
    {
      race->n_accepted++;
      if (i == 10)
        (void) !trio_token_run_sync_soon (race->token, let_it_end, race->scope, NULL);
    }
  return NULL;
}

static gboolean
be_called_to_the_end (gpointer data, GError **error)
{
  EndRace *race = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  race->scope = scope;
  race->token = trio_current_token ();
  trio_loop_hold (trio_loop_get_current ());
  race->thread = g_thread_new ("caller", call_until_refused, race);
  return trio_cancel_scope_close (scope, trio_sleep_forever (error));
}

/* (122) Whether a call is accepted or refused, it is true: accepted ones have run, in whatever moment the run ends. */
static void
test_calls_that_race_with_the_end_are_either_run_or_refused (void)
{
  for (int i = 0; i < 50; i++)
    {
      EndRace race = { 0 };

      mock_run_ok (be_called_to_the_end, &race);
      g_thread_join (race.thread);
      g_assert_cmpint (race.n_called, ==, race.n_accepted);
      trio_token_unref (race.token);
    }
}

/* ---- calls that are made ready before ---- */

static gboolean
ask_again_and_again (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioTokenCall) first = trio_token_call_new (token, say, (char *) "first", NULL);
  g_autoptr (TrioTokenCall) second = trio_token_call_new (token, say, (char *) "second", NULL);
  g_autoptr (TrioTokenCall) never = trio_token_call_new (token, say, (char *) "never", NULL);

  g_assert_nonnull (never);
  for (int i = 0; i < 3; i++)
    {
      g_assert_true (trio_token_call_soon (first));
      g_assert_true (trio_token_call_soon (second));
    }
  mock_say ("asked");
  if (!trio_checkpoint (error))
    return FALSE;
  g_assert_true (trio_token_call_soon (second));
  return trio_checkpoint (error);
}

/* (119) */
static void
test_a_call_made_ready_is_made_once_however_often_it_was_asked_for (void)
{
  mock_run_ok (ask_again_and_again, NULL);
  mock_expect ("asked first second second");
}

typedef struct
{
  TrioTokenCall *call;
  int            n_run;
} Ready;

static void
ask_for_itself (gpointer data)
{
  Ready *ready = data;

  ready->n_run++;
  /* At the end of the run it is refused. */
  if (trio_token_call_soon (ready->call))
    g_assert_true (trio_token_call_soon (ready->call));
}

static gboolean
run_beside_a_call_that_asks_for_itself (gpointer data, GError **error)
{
  Ready *ready = data;
  g_autoptr (TrioToken) token = trio_current_token ();

  ready->call = trio_token_call_new (token, ask_for_itself, ready, NULL);
  g_assert_true (trio_token_call_soon (ready->call));
  for (int i = 0; i < 50; i++)
    {
      if (!mock_yield (error))
        return FALSE;
      g_assert_cmpint (ready->n_run, ==, i + 1);
    }
  return TRUE;
}

/* (120, 121) Once in each pass: it can be asked for again when it has begun, and never starves the tasks. */
static void
test_a_call_that_has_begun_can_be_asked_for_again (void)
{
  Ready ready = { 0 };

  mock_run_ok (run_beside_a_call_that_asks_for_itself, &ready);
  trio_token_call_free (ready.call);
}

typedef struct
{
  TrioToken *token;
  int        n_run;
  int        n_destroyed;
} Last;

static void
run_last (gpointer data)
{
  ((Last *) data)->n_run++;
}

static void
destroy_last (gpointer data)
{
  ((Last *) data)->n_destroyed++;
}

static gboolean
ask_and_end (gpointer data, GError **error G_GNUC_UNUSED)
{
  Last *last = data;
  TrioTokenCall *call;

  last->token = trio_current_token ();
  call = trio_token_call_new (last->token, run_last, last, destroy_last);
  g_assert_true (trio_token_call_soon (call));
  trio_token_call_free (call);
  g_assert_cmpint (last->n_destroyed, ==, 0);
  trio_token_call_free (trio_token_call_new (last->token, run_last, last, destroy_last));
  g_assert_cmpint (last->n_destroyed, ==, 1);
  return TRUE;
}

/* (122) */
static void
test_a_call_that_was_asked_for_is_made_before_the_run_ends (void)
{
  Last last = { 0 };
  TrioTokenCall *late;

  mock_run_ok (ask_and_end, &last);
  g_assert_cmpint (last.n_run, ==, 1);
  g_assert_cmpint (last.n_destroyed, ==, 2);

  late = trio_token_call_new (last.token, run_last, &last, destroy_last);
  g_assert_false (trio_token_call_soon (late));
  trio_token_call_free (late);
  trio_token_unref (last.token);
  g_assert_cmpint (last.n_run, ==, 1);
  g_assert_cmpint (last.n_destroyed, ==, 3);
}

typedef struct
{
  TrioTokenCall   *call;
  TrioCancelScope *scope;
  GThread         *thread;
  int              n_made;
} Asker;

static void
note_and_end (gpointer data)
{
  Asker *asker = data;

  if (++asker->n_made == 10)
    trio_cancel_scope_cancel (asker->scope);
}

static gpointer
ask_until_refused (gpointer data)
{
  while (trio_token_call_soon (((Asker *) data)->call))
    ;
  return NULL;
}

static gboolean
be_asked_to_the_end (gpointer data, GError **error)
{
  Asker *asker = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioToken) token = trio_current_token ();

  asker->scope = scope;
  asker->call = trio_token_call_new (token, note_and_end, asker, NULL);
  trio_loop_hold (trio_loop_get_current ());
  asker->thread = g_thread_new ("asker", ask_until_refused, asker);
  return trio_cancel_scope_close (scope, trio_sleep_forever (error));
}

/* (122, 126) In whatever moment the run ends, the thread is told, and touches nothing of it. */
static void
test_a_thread_that_asks_all_the_time_is_refused_at_the_end (void)
{
  for (int i = 0; i < 50; i++)
    {
      Asker asker = { 0 };

      mock_run_ok (be_asked_to_the_end, &asker);
      g_thread_join (asker.thread);
      g_assert_cmpint (asker.n_made, >=, 10);
      g_assert_false (trio_token_call_soon (asker.call));
      trio_token_call_free (asker.call);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add ("/token/calls-run-in-order-and-outside-any-task", test_calls_run_in_order_and_outside_any_task);
  core_test_add_ordered ("/token/a-call-that-queues-itself-runs-once-a-turn-and-starves-nobody",
                         test_a_call_that_queues_itself_runs_once_a_turn_and_starves_nobody,
                         "a call that queues itself never lets the simulator be idle");
  core_test_add ("/token/what-was-accepted-runs-before-the-run-ends-and-later-calls-are-refused",
                 test_what_was_accepted_runs_before_the_run_ends_and_later_calls_are_refused);
  core_test_add_undisturbed ("/token/a-call-can-wake-a-task",
                             test_a_call_can_wake_a_task,
                             "its wait ends only when it is told to");
  core_test_add_ordered ("/token/no-call-of-many-threads-is-lost-or-out-of-order",
                         test_no_call_of_many_threads_is_lost_or_out_of_order,
                         "real threads take part");
  core_test_add_ordered ("/token/a-thread-wakes-a-sleeping-driver",
                         test_a_thread_wakes_a_sleeping_driver,
                         "real threads take part");
  core_test_add_ordered ("/token/calls-that-race-with-the-end-are-either-run-or-refused",
                         test_calls_that_race_with_the_end_are_either_run_or_refused,
                         "real threads take part");
  core_test_add ("/token/a-call-made-ready-is-made-once-however-often-it-was-asked-for",
                 test_a_call_made_ready_is_made_once_however_often_it_was_asked_for);
  core_test_add_ordered ("/token/a-call-that-has-begun-can-be-asked-for-again", test_a_call_that_has_begun_can_be_asked_for_again,
                         "a call that asks for itself never lets the simulator be idle");
  core_test_add ("/token/a-call-that-was-asked-for-is-made-before-the-run-ends", test_a_call_that_was_asked_for_is_made_before_the_run_ends);
  core_test_add_ordered ("/token/a-thread-that-asks-all-the-time-is-refused-at-the-end",
                         test_a_thread_that_asks_all_the_time_is_refused_at_the_end,
                         "real threads take part");
  return g_test_run ();
}
