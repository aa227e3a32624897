/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* From a task to a worker thread: results, cancellation, abandoning, limits. */

#include <string.h>

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>

#include "tests/parity/parity.h"

static gboolean
set_event (gpointer event, GError **error G_GNUC_UNUSED)
{
  trio_event_set (event);
  return TRUE;
}

static gboolean
await_event (gpointer event, GError **error)
{
  return trio_event_wait (event, error);
}

/* --- results --- */

static gboolean
multiply (gpointer data, GError **error G_GNUC_UNUSED)
{
  int *number = data;

  /* It is no task, and there is no run, where it runs. */
  g_assert_null (trio_current_task ());
  *number *= 2;
  return TRUE;
}

static gboolean
refuse (gpointer data, GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, data != NULL ? data : "no");
  return FALSE;
}

static gboolean
test_what_a_thread_returns_is_what_the_task_gets (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GError) failure = NULL;
  int number = 21;

  if (!trio_to_thread_run_sync (multiply, &number, error))
    return FALSE;
  g_assert_cmpint (number, ==, 42);

  g_assert_false (trio_to_thread_run_sync (refuse, (char *) "out of paper", &failure));
  g_assert_cmpstr (failure->message, ==, "out of paper");
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_FAILED);
  g_assert_cmpuint (trio_active_thread_count (), ==, 0);
  return TRUE;
}

typedef struct
{
  TrioToken *token;
  TrioEvent *ticked;
} Clockwork;

static gboolean
tick (gpointer data, GError **error)
{
  for (guint i = 0; i < 10; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  trio_event_set (data);
  return TRUE;
}

static gboolean
wait_for_ticks (gpointer data, GError **error)
{
  Clockwork *clockwork = data;

  return trio_from_thread_run (clockwork->token, await_event, clockwork->ticked, error);
}

/* The thread ends only because they do. */
static gboolean
test_other_tasks_run_while_one_waits_for_a_thread (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) ticked = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  Clockwork clockwork = { token, ticked };

  trio_nursery_start_soon (nursery, tick, ticked);
  if (!trio_to_thread_run_sync (wait_for_ticks, &clockwork, error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

/* --- a thread that ends when the test wants it --- */

typedef struct
{
  TrioToken           *token;
  TrioEvent           *begun;
  TrioEvent           *let_go;
  TrioCancelScope     *scope;          /* around the task, from its start */
  TrioCapacityLimiter *limiter;
  gboolean             abandon;
  gboolean             fails;
  gboolean             ended;          /* the task */
  gboolean             thread_ended;   /* written by the thread, read when it is known to have ended */
  gint                 n_freed;
} Slow;

/* It has its events by token, so the task that waits for it has nothing to do with them. */
static gboolean
be_slow (gpointer data, GError **error)
{
  Slow *slow = data;

  if (!trio_from_thread_run_sync (slow->token, set_event, slow->begun, error)
      || !trio_from_thread_run (slow->token, await_event, slow->let_go, error))
    return FALSE;
  slow->thread_ended = TRUE;
  return slow->fails ? refuse (NULL, error) : TRUE;
}

static void
count_free (gpointer data)
{
  Slow *slow = data;

  g_atomic_int_inc (&slow->n_freed);
}

static gboolean
wait_for_the_slow (gpointer data, GError **error)
{
  Slow *slow = data;
  TrioToThreadOptions options = {
    .abandon_on_cancel = slow->abandon, .limiter = slow->limiter, .name = "slow", .destroy = count_free,
  };
  g_autoptr (GError) failure = NULL;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  slow->scope = scope;
  ok = trio_to_thread_run_sync_full (be_slow, slow, &options, slow->abandon || slow->fails ? &failure : error);
  slow->ended = TRUE;
  if (slow->abandon)
    {
      g_assert_false (ok);
      g_propagate_error (error, g_steal_pointer (&failure));
      g_assert_false (slow->thread_ended);
      return trio_cancel_scope_close (scope, FALSE);
    }

  /* Cancelled or not: what came of it is delivered. */
  g_assert_true (slow->thread_ended);
  g_assert_cmpint (slow->n_freed, ==, 1);
  g_assert_cmpint (ok, ==, !slow->fails);
  if (slow->fails)
    parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_FAILED);
  g_assert_false (trio_checkpoint (error));
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  return trio_cancel_scope_close (scope, FALSE);
}

static gboolean
let_others_run (guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
cancel_the_slow (Slow *slow, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) begun = trio_event_new ();
  g_autoptr (TrioEvent) let_go = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  slow->token = token;
  slow->begun = begun;
  slow->let_go = let_go;
  trio_nursery_start_soon (nursery, wait_for_the_slow, slow);
  if (!trio_event_wait (begun, error))
    return FALSE;
  g_assert_cmpuint (trio_active_thread_count (), ==, 1);
  trio_cancel_scope_cancel (slow->scope);
  if (!let_others_run (100, error))
    return FALSE;

  g_assert_cmpint (slow->ended, ==, slow->abandon);
  g_assert_cmpint (g_atomic_int_get (&slow->n_freed), ==, 0);
  g_assert_cmpuint (trio_active_thread_count (), ==, 1);
  if (slow->limiter != NULL)
    g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (slow->limiter), ==, 1);

  trio_event_set (let_go);
  if (!trio_wait_all_threads_completed (error))
    return FALSE;
  if (slow->limiter != NULL)
    g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (slow->limiter), ==, 0);
  g_assert_true (slow->thread_ended);
  g_assert_cmpint (slow->n_freed, ==, 1);
  return trio_nursery_close (nursery, TRUE);
}

/* Statement 127. */
static gboolean
test_a_cancelled_task_waits_for_its_thread_and_gets_the_result (gpointer data G_GNUC_UNUSED, GError **error)
{
  Slow well = { 0 };
  Slow badly = { .fails = TRUE };

  return cancel_the_slow (&well, error) && cancel_the_slow (&badly, error);
}

/* Statement 128. */
static gboolean
test_an_abandoned_thread_goes_on_and_holds_its_token_until_it_ends (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);
  Slow well = { .abandon = TRUE, .limiter = limiter };
  Slow badly = { .abandon = TRUE, .fails = TRUE, .limiter = limiter };

  return cancel_the_slow (&well, error) && cancel_the_slow (&badly, error);
}

/* The limiter is freed while a thread still holds its token. Statement 128. */
static gboolean
test_a_limiter_may_be_freed_before_an_abandoned_thread_ends (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioCapacityLimiter *limiter = trio_capacity_limiter_new (1);
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) begun = trio_event_new ();
  g_autoptr (TrioEvent) let_go = trio_event_new ();
  Slow slow = { .token = token, .begun = begun, .let_go = let_go, .limiter = limiter, .abandon = TRUE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_for_the_slow, &slow);
  if (!trio_event_wait (begun, error))
    return FALSE;
  trio_cancel_scope_cancel (slow.scope);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_capacity_limiter_free (limiter);
  trio_event_set (let_go);
  return trio_wait_all_threads_completed (error);
}

static gboolean
must_not_run (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_assert_not_reached ();
}

static void
count (gpointer data)
{
  ++*(guint *) data;
}

/* Statement 129. */
static gboolean
test_a_cancelled_scope_uses_no_thread (gpointer data G_GNUC_UNUSED, GError **error)
{
  guint n_freed = 0;
  TrioToThreadOptions options = { .destroy = count };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_to_thread_run_sync_full (must_not_run, &n_freed, &options, error));
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  g_assert_cmpuint (trio_active_thread_count (), ==, 0);
  g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (trio_current_default_thread_limiter ()), ==, 0);
  /* What was given along is freed all the same. */
  g_assert_cmpuint (n_freed, ==, 1);
  return trio_cancel_scope_close (scope, FALSE);
}

/* --- limits --- */

static gboolean
test_forty_threads_at_once_unless_told_otherwise (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioCapacityLimiter *limiter = trio_current_default_thread_limiter ();

  g_assert_cmpfloat (trio_capacity_limiter_get_total_tokens (limiter), ==, 40);
  g_assert_true (limiter == trio_current_default_thread_limiter ());
  return trio_checkpoint (error);
}

typedef struct
{
  TrioCapacityLimiter *limiter;
  guint                n_inside;
  guint                n_inside_max;
  guint                n_done;
} Crowd;

static gboolean
come_in (gpointer data, GError **error G_GNUC_UNUSED)
{
  Crowd *crowd = data;

  crowd->n_inside++;
  crowd->n_inside_max = MAX (crowd->n_inside_max, crowd->n_inside);
  g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (crowd->limiter), >=, crowd->n_inside);
  return TRUE;
}

static gboolean
go_out (gpointer data, GError **error G_GNUC_UNUSED)
{
  Crowd *crowd = data;

  crowd->n_inside--;
  crowd->n_done++;
  return TRUE;
}

static gboolean
come_and_go (gpointer data, GError **error)
{
  return trio_from_thread_run_sync (NULL, come_in, data, error) && trio_from_thread_run_sync (NULL, go_out, data, error);
}

static gboolean
send_one (gpointer data, GError **error)
{
  Crowd *crowd = data;
  TrioToThreadOptions options = { .limiter = crowd->limiter };

  return trio_to_thread_run_sync_full (come_and_go, crowd, &options, error);
}

static gboolean
test_no_more_threads_than_the_limiter_has_tokens (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (3);
  Crowd crowd = { .limiter = limiter };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < 12; i++)
    trio_nursery_start_soon (nursery, send_one, &crowd);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (crowd.n_done, ==, 12);
  g_assert_cmpuint (crowd.n_inside_max, <=, 3);
  g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (limiter), ==, 0);
  return TRUE;
}

/* A limit that fails where it is told to. */
typedef struct
{
  TrioThreadLimit  limit;
  const char      *at_acquire;
  const char      *at_release;
  gconstpointer    borrower;
  guint            n_acquired;
  guint            n_released;
} Gate;

static gboolean
gate_acquire (TrioThreadLimit *self, gconstpointer borrower, GError **error)
{
  Gate *gate = (Gate *) self;

  gate->n_acquired++;
  if (gate->at_acquire != NULL)
    return refuse ((char *) gate->at_acquire, error);
  g_assert_nonnull (trio_current_task ());
  gate->borrower = borrower;
  return trio_checkpoint (error);
}

static gboolean
gate_release (TrioThreadLimit *self, gconstpointer borrower, GError **error)
{
  Gate *gate = (Gate *) self;

  g_assert_true (borrower == gate->borrower);
  gate->n_released++;
  return gate->at_release == NULL || refuse ((char *) gate->at_release, error);
}

static gboolean
go_through (Gate *gate, TrioFunc func, GError **error)
{
  TrioToThreadOptions options = { .limit = &gate->limit };

  gate->limit = (TrioThreadLimit) { gate_acquire, gate_release };
  return trio_to_thread_run_sync_full (func, NULL, &options, error);
}

static gboolean
succeed (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

/* Statement 136. */
static gboolean
test_what_the_limit_says_at_the_end_comes_behind_what_the_function_said (gpointer data G_GNUC_UNUSED, GError **error)
{
  Gate broken = { .at_release = "the gate is stuck" };
  Gate sound = { 0 };
  g_autoptr (GError) failure = NULL;
  const GError *const *members;
  gsize n_members;

  if (!go_through (&sound, succeed, error))
    return FALSE;
  g_assert_cmpuint (sound.n_released, ==, 1);

  g_assert_false (go_through (&broken, succeed, &failure));
  g_assert_cmpstr (failure->message, ==, "the gate is stuck");
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_FAILED);

  g_assert_false (go_through (&broken, refuse, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_GROUP);
  members = trio_error_group_get_errors (failure, &n_members);
  g_assert_cmpuint (n_members, ==, 2);
  g_assert_cmpstr (members[0]->message, ==, "no");
  g_assert_cmpstr (members[1]->message, ==, "the gate is stuck");
  return TRUE;
}

static gboolean
test_a_limit_that_refuses_uses_no_thread (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  Gate shut = { .at_acquire = "the gate is shut" };
  g_autoptr (GError) failure = NULL;

  g_assert_false (go_through (&shut, must_not_run, &failure));
  g_assert_cmpstr (failure->message, ==, "the gate is shut");
  g_assert_cmpuint (shut.n_released, ==, 0);
  return TRUE;
}

/* Statement 129: not even the limit is asked. */
static gboolean
test_a_cancelled_scope_does_not_even_ask_the_limit (gpointer data G_GNUC_UNUSED, GError **error)
{
  Gate gate = { 0 };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (scope);
  g_assert_false (go_through (&gate, must_not_run, error));
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  g_assert_cmpuint (gate.n_acquired, ==, 0);
  return trio_cancel_scope_close (scope, FALSE);
}

static gboolean
wait_for_all_threads (gpointer data, GError **error)
{
  guint *n_waited = data;
  gboolean ok = trio_wait_all_threads_completed (error);

  g_assert_cmpuint (trio_active_thread_count (), ==, 0);
  ++*n_waited;
  return ok;
}

static gboolean
test_one_can_wait_until_no_thread_is_left (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) begun = trio_event_new ();
  g_autoptr (TrioEvent) let_go = trio_event_new ();
  Slow slow = { .token = token, .begun = begun, .let_go = let_go, .abandon = TRUE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint n_waited = 0;

  trio_nursery_start_soon (nursery, wait_for_the_slow, &slow);
  if (!trio_event_wait (begun, error))
    return FALSE;
  trio_cancel_scope_cancel (slow.scope);
  trio_nursery_start_soon (nursery, wait_for_all_threads, &n_waited);
  trio_nursery_start_soon (nursery, wait_for_all_threads, &n_waited);
  if (!let_others_run (50, error))
    return FALSE;
  g_assert_cmpuint (n_waited, ==, 0);
  trio_event_set (let_go);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (n_waited, ==, 2);
  return trio_wait_all_threads_completed (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/to-thread/what-a-thread-returns-is-what-the-task-gets", test_what_a_thread_returns_is_what_the_task_gets);
  PARITY_TEST ("/to-thread/other-tasks-run-meanwhile", test_other_tasks_run_while_one_waits_for_a_thread);
  PARITY_TEST ("/to-thread/a-cancelled-task-waits-for-its-thread-and-gets-the-result",
               test_a_cancelled_task_waits_for_its_thread_and_gets_the_result);
  PARITY_TEST ("/to-thread/an-abandoned-thread-goes-on-and-holds-its-token-until-it-ends",
               test_an_abandoned_thread_goes_on_and_holds_its_token_until_it_ends);
  PARITY_TEST ("/to-thread/a-limiter-may-be-freed-before-an-abandoned-thread-ends",
               test_a_limiter_may_be_freed_before_an_abandoned_thread_ends);
  PARITY_TEST ("/to-thread/a-cancelled-scope-uses-no-thread", test_a_cancelled_scope_uses_no_thread);
  PARITY_TEST ("/to-thread/a-cancelled-scope-does-not-even-ask-the-limit", test_a_cancelled_scope_does_not_even_ask_the_limit);
  PARITY_TEST ("/to-thread/forty-at-once-unless-told-otherwise", test_forty_threads_at_once_unless_told_otherwise);
  PARITY_TEST ("/to-thread/no-more-threads-than-the-limiter-has-tokens", test_no_more_threads_than_the_limiter_has_tokens);
  PARITY_TEST ("/to-thread/what-the-limit-says-at-the-end-comes-behind-what-the-function-said",
               test_what_the_limit_says_at_the_end_comes_behind_what_the_function_said);
  PARITY_TEST ("/to-thread/a-limit-that-refuses-uses-no-thread", test_a_limit_that_refuses_uses_no_thread);
  PARITY_TEST ("/to-thread/one-can-wait-until-no-thread-is-left", test_one_can_wait_until_no_thread_is_left);
  return g_test_run ();
}
