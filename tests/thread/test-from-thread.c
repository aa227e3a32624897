/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* From a worker thread into the run: in whose task, what it sees of cancellation, and who may not call. */

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>

#include "tests/parity/parity.h"

static gboolean
refuse (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_FAILED, "no");
  return FALSE;
}

/* --- whose task --- */

typedef struct
{
  TrioTask        *host;
  TrioCancelScope *scope;
  TrioToken       *token;
  guint            n_calls;
} Identity;

static gboolean
be_the_host (gpointer data, GError **error)
{
  Identity *identity = data;

  g_assert_true (trio_current_task () == identity->host);
  g_assert_true (trio_task_get_cancel_scope (identity->host) == identity->scope);
  identity->n_calls++;
  return trio_checkpoint (error);
}

static gboolean
be_the_host_at_once (gpointer data, GError **error G_GNUC_UNUSED)
{
  Identity *identity = data;

  g_assert_true (trio_current_task () == identity->host);
  identity->n_calls++;
  return TRUE;
}

static gboolean
be_another_task (gpointer data, GError **error)
{
  Identity *identity = data;

  g_assert_nonnull (trio_current_task ());
  g_assert_true (trio_current_task () != identity->host);
  /* A system task: a child of the run's own first task. */
  g_assert_null (trio_task_get_parent (trio_task_get_parent (trio_current_task ())));
  identity->n_calls++;
  return trio_checkpoint (error);
}

static gboolean
be_no_task (gpointer data, GError **error G_GNUC_UNUSED)
{
  Identity *identity = data;

  g_assert_null (trio_current_task ());
  identity->n_calls++;
  return TRUE;
}

static gboolean
call_as_a_worker (gpointer data, GError **error)
{
  return trio_from_thread_run (NULL, be_the_host, data, error) && trio_from_thread_run_sync (NULL, be_the_host_at_once, data, error)
         && trio_from_thread_run (NULL, be_the_host, data, error);
}

static gboolean
call_by_token (gpointer data, GError **error)
{
  Identity *identity = data;

  return trio_from_thread_run (identity->token, be_another_task, data, error)
         && trio_from_thread_run_sync (identity->token, be_no_task, data, error);
}

/* The host may be gone by then. */
static gboolean
call_as_one_that_may_be_abandoned (gpointer data, GError **error)
{
  return trio_from_thread_run (NULL, be_another_task, data, error) && trio_from_thread_run_sync (NULL, be_no_task, data, error);
}

static Identity
identity_of_this_task (TrioToken *token)
{
  return (Identity) { trio_current_task (), trio_task_get_cancel_scope (trio_current_task ()), token, 0 };
}

/* Statement 130. */
static gboolean
test_a_call_runs_in_the_very_task_that_waits (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  Identity identity = identity_of_this_task (NULL);

  if (!trio_to_thread_run_sync (call_as_a_worker, &identity, error))
    return FALSE;
  g_assert_cmpuint (identity.n_calls, ==, 3);
  return trio_cancel_scope_close (scope, TRUE);
}

static gboolean
test_a_call_with_a_token_runs_in_a_task_of_its_own (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  Identity identity = identity_of_this_task (token);
  TrioToThreadOptions options = { .abandon_on_cancel = TRUE };

  if (!trio_to_thread_run_sync (call_by_token, &identity, error))
    return FALSE;
  g_assert_cmpuint (identity.n_calls, ==, 2);
  if (!trio_to_thread_run_sync_full (call_as_one_that_may_be_abandoned, &identity, &options, error))
    return FALSE;
  g_assert_cmpuint (identity.n_calls, ==, 4);
  return TRUE;
}

static gboolean
call_what_fails (gpointer data, GError **error)
{
  TrioToken *token = data;
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_from_thread_run (NULL, refuse, NULL, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_FAILED);
  g_assert_false (trio_from_thread_run_sync (NULL, refuse, NULL, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_FAILED);
  g_assert_false (trio_from_thread_run_sync (token, refuse, NULL, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_FAILED);
  return trio_from_thread_run (token, refuse, NULL, error);
}

/* Also of a system task: that its function fails is the caller's business, not the run's. Statement 153. */
static gboolean
test_an_error_goes_to_the_thread_that_called (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_to_thread_run_sync (call_what_fails, token, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_FAILED);
  return TRUE;
}

/* --- nesting --- */

static gboolean in_the_run (gpointer data, GError **error);

static gboolean
in_a_thread (gpointer data, GError **error)
{
  guint *depth = data;

  g_assert_null (trio_current_task ());
  if (--*depth == 0)
    return TRUE;
  return trio_from_thread_run (NULL, in_the_run, data, error);
}

static gboolean
in_the_run (gpointer data, GError **error)
{
  return trio_to_thread_run_sync (in_a_thread, data, error);
}

/* Statement 131. */
static gboolean
test_threads_and_the_run_can_call_each_other_in_turn (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioTask *self = trio_current_task ();
  guint depth = 6;

  if (!in_the_run (&depth, error))
    return FALSE;
  g_assert_cmpuint (depth, ==, 0);
  g_assert_true (trio_current_task () == self);
  return TRUE;
}

/* --- cancellation --- */

typedef struct
{
  TrioToken       *token;
  TrioCancelScope *scope;     /* of the host */
  TrioCancelScope *inner;     /* within that */
  guint            n_looks;
} Watched;

static gboolean
cancel_scope_of (gpointer data, GError **error G_GNUC_UNUSED)
{
  trio_cancel_scope_cancel (data);
  return TRUE;
}

static gboolean
raise_shield (gpointer data, GError **error G_GNUC_UNUSED)
{
  trio_cancel_scope_set_shield (data, TRUE);
  return TRUE;
}

static gboolean
lower_shield (gpointer data, GError **error G_GNUC_UNUSED)
{
  trio_cancel_scope_set_shield (data, FALSE);
  return TRUE;
}

static gboolean
note_look (gpointer data, GError **error G_GNUC_UNUSED)
{
  ++((Watched *) data)->n_looks;
  return TRUE;
}

static gboolean
check_in (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

static gboolean
work_through_a_cancellation (gpointer data, GError **error)
{
  Watched *watched = data;
  g_autoptr (GError) failure = NULL;

  /* Before: nothing. */
  if (!trio_from_thread_check_cancelled (error) || !trio_from_thread_run (NULL, check_in, NULL, error)
      || !trio_from_thread_run_sync (watched->token, cancel_scope_of, watched->scope, error))
    return FALSE;

  /* A function that does not wait sees nothing; one that does, at its next checkpoint. */
  if (!trio_from_thread_run_sync (NULL, note_look, watched, error))
    return FALSE;
  g_assert_false (trio_from_thread_run (NULL, check_in, NULL, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  g_assert_false (trio_from_thread_check_cancelled (&failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  return trio_from_thread_run_sync (NULL, note_look, watched, error);
}

/* Statement 132. */
static gboolean
test_a_cancellation_shows_at_the_next_checkpoint_of_what_a_thread_runs (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  Watched watched = { .token = token, .scope = scope };

  if (!trio_to_thread_run_sync (work_through_a_cancellation, &watched, error))
    return FALSE;
  g_assert_cmpuint (watched.n_looks, ==, 2);
  g_assert_false (trio_checkpoint (error));
  return trio_cancel_scope_close (scope, FALSE);
}

static gboolean
look_behind_a_shield (gpointer data, GError **error)
{
  Watched *watched = data;
  g_autoptr (GError) failure = NULL;

  if (!trio_from_thread_run_sync (watched->token, cancel_scope_of, watched->scope, error))
    return FALSE;
  g_assert_false (trio_from_thread_check_cancelled (&failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED);

  /* A cancellation would be absorbed by the scope, and nobody would know. */
  g_assert_true (trio_from_thread_run_sync (watched->token, raise_shield, watched->inner, error));
  g_assert_true (trio_from_thread_check_cancelled (error));
  g_assert_true (trio_from_thread_run (NULL, check_in, NULL, error));

  g_assert_true (trio_from_thread_run_sync (watched->token, lower_shield, watched->inner, error));
  g_assert_false (trio_from_thread_check_cancelled (&failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  watched->n_looks++;
  return TRUE;
}

/* D12: statement 132's check_cancelled reports the present state, not the past. */
static gboolean
test_check_cancelled_reports_the_present_state (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioCancelScope) inner = trio_cancel_scope_open (error);
  Watched watched = { .token = token, .scope = scope, .inner = inner };
  gboolean ok = trio_to_thread_run_sync (look_behind_a_shield, &watched, error);

  g_assert_true (ok);
  g_assert_cmpuint (watched.n_looks, ==, 1);
  return trio_cancel_scope_close (scope, trio_cancel_scope_close (inner, ok));
}

typedef struct
{
  TrioToken       *token;
  TrioEvent       *begun;
  TrioEvent       *given_up;
  TrioCancelScope *scope;
} Abandoned;

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

static gboolean
notice_that_nobody_waits (gpointer data, GError **error)
{
  Abandoned *abandoned = data;
  g_autoptr (GError) failure = NULL;

  /* What is called goes on in a task of its own: the cancellation of the host does not reach it. */
  if (!trio_from_thread_check_cancelled (error) || !trio_from_thread_run_sync (NULL, set_event, abandoned->begun, error)
      || !trio_from_thread_run (NULL, await_event, abandoned->given_up, error))
    return FALSE;
  g_assert_false (trio_from_thread_check_cancelled (&failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  return trio_from_thread_run (NULL, check_in, NULL, error);
}

static gboolean
give_up (gpointer data, GError **error)
{
  Abandoned *abandoned = data;
  TrioToThreadOptions options = { .abandon_on_cancel = TRUE };
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  abandoned->scope = scope;
  g_assert_false (trio_to_thread_run_sync_full (notice_that_nobody_waits, abandoned, &options, error));
  return trio_cancel_scope_close (scope, FALSE);
}

/* Statement 128. */
static gboolean
test_an_abandoned_thread_is_told_and_can_still_call (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) begun = trio_event_new ();
  g_autoptr (TrioEvent) given_up = trio_event_new ();
  Abandoned abandoned = { .begun = begun, .given_up = given_up };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, give_up, &abandoned);
  if (!trio_event_wait (begun, error))
    return FALSE;
  trio_cancel_scope_cancel (abandoned.scope);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_event_set (given_up);
  return trio_wait_all_threads_completed (error);
}

static gboolean
fail_with_what_the_check_said (gpointer data, GError **error)
{
  Watched *watched = data;

  if (!trio_from_thread_run_sync (watched->token, cancel_scope_of, watched->scope, error))
    return FALSE;
  return trio_from_thread_check_cancelled (error);
}

/* A thread that stops because it was told so has been cancelled, and the scope absorbs that. */
static gboolean
test_a_cancellation_that_a_thread_reports_is_absorbed_by_its_scope (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  Watched watched = { .token = token, .scope = scope };
  gboolean ok = trio_to_thread_run_sync (fail_with_what_the_check_said, &watched, error);

  g_assert_false (ok);
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  ok = trio_cancel_scope_close (scope, FALSE);
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));
  return ok;
}

/* --- who may not --- */

typedef struct
{
  TrioToken *token;
  TrioEvent *called;
} Forbidden;

static void
call_from_the_loop (gpointer data)
{
  Forbidden *forbidden = data;
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_from_thread_run_sync (forbidden->token, refuse, NULL, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  trio_event_set (forbidden->called);
}

/* Statement 133. */
static gboolean
test_who_lives_on_the_thread_of_the_run_is_refused (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  g_autoptr (TrioEvent) called = trio_event_new ();
  Forbidden forbidden = { token, called };
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_from_thread_run (token, check_in, NULL, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_false (trio_from_thread_run_sync (NULL, refuse, NULL, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_false (trio_from_thread_check_cancelled (&failure));
  g_assert_nonnull (strstr (failure->message, "a task sees a cancellation at its checkpoints"));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);

  trio_token_run_sync_soon (token, call_from_the_loop, &forbidden, NULL);
  return trio_event_wait (called, error);
}

/* --- the end of the run --- */

typedef struct
{
  gint     refs;
  gboolean finished;
} Straggler;

static void
straggler_unref (gpointer data)
{
  Straggler *straggler = data;

  if (g_atomic_int_dec_and_test (&straggler->refs))
    g_free (straggler);
}

static gboolean
do_nothing (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

/* Calls until it is told that there is no run any more. */
static gboolean
call_until_refused (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  while (trio_from_thread_run_sync (NULL, do_nothing, NULL, &failure))
    ;
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_RUN_FINISHED);
  g_assert_false (trio_from_thread_run (NULL, check_in, NULL, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_RUN_FINISHED);
  return TRUE;
}

/* Statement 134, and the run does not wait for it. */
static gboolean
test_a_thread_that_outlives_the_run_is_refused (gpointer data G_GNUC_UNUSED, GError **error)
{
  Straggler *straggler = g_new0 (Straggler, 1);
  TrioToThreadOptions options = { .abandon_on_cancel = TRUE, .destroy = straggler_unref };
  g_autoptr (TrioCancelScope) scope = NULL;
  gboolean ok;

  straggler->refs = 1;
  scope = trio_move_on_after (10 * G_TIME_SPAN_MILLISECOND, error);
  ok = trio_to_thread_run_sync_full (call_until_refused, straggler, &options, error);
  g_assert_false (ok);
  return trio_cancel_scope_close (scope, FALSE);
}

static gboolean
sleep_until_cancelled (gpointer data, GError **error)
{
  trio_event_set (data);
  return trio_sleep_forever (error);
}

static gboolean
have_a_system_task_asleep (gpointer data, GError **error G_GNUC_UNUSED)
{
  TrioEvent *asleep = data;
  g_autoptr (GError) failure = NULL;

  /* The run cancels its system tasks when main has ended; and takes no new ones then. */
  g_assert_false (trio_from_thread_run (NULL, sleep_until_cancelled, asleep, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED);
  g_assert_false (trio_from_thread_run (NULL, check_in, NULL, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_RUN_FINISHED);
  return TRUE;
}

static gboolean
abandon_at_once (gpointer data, GError **error)
{
  TrioToThreadOptions options = { .abandon_on_cancel = TRUE };

  return trio_to_thread_run_sync_full (have_a_system_task_asleep, data, &options, error);
}

static void
event_free (gpointer event)
{
  trio_event_free (event);
}

/* Statements 134, 151. */
static gboolean
test_a_thread_that_waits_for_a_system_task_at_the_end_is_let_go (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioEvent *asleep = trio_event_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, abandon_at_once, asleep, event_free, "abandon_at_once");
  if (!trio_event_wait (asleep, error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/from-thread/a-call-runs-in-the-very-task-that-waits", test_a_call_runs_in_the_very_task_that_waits);
  PARITY_TEST ("/from-thread/a-call-with-a-token-runs-in-a-task-of-its-own", test_a_call_with_a_token_runs_in_a_task_of_its_own);
  PARITY_TEST ("/from-thread/an-error-goes-to-the-thread-that-called", test_an_error_goes_to_the_thread_that_called);
  PARITY_TEST ("/from-thread/threads-and-the-run-can-call-each-other-in-turn",
               test_threads_and_the_run_can_call_each_other_in_turn);
  PARITY_TEST ("/from-thread/a-cancellation-shows-at-the-next-checkpoint-of-what-a-thread-runs",
               test_a_cancellation_shows_at_the_next_checkpoint_of_what_a_thread_runs);
  PARITY_TEST ("/from-thread/check-cancelled-reports-the-present-state", test_check_cancelled_reports_the_present_state);
  PARITY_TEST ("/from-thread/an-abandoned-thread-is-told-and-can-still-call", test_an_abandoned_thread_is_told_and_can_still_call);
  PARITY_TEST ("/from-thread/a-cancellation-that-a-thread-reports-is-absorbed-by-its-scope",
               test_a_cancellation_that_a_thread_reports_is_absorbed_by_its_scope);
  PARITY_TEST ("/from-thread/who-lives-on-the-thread-of-the-run-is-refused", test_who_lives_on_the_thread_of_the_run_is_refused);
  PARITY_TEST ("/from-thread/a-thread-that-outlives-the-run-is-refused", test_a_thread_that_outlives_the_run_is_refused);
  PARITY_TEST ("/from-thread/a-thread-that-waits-for-a-system-task-at-the-end-is-let-go",
               test_a_thread_that_waits_for_a_system_task_at_the_end_is_let_go);
  return g_test_run ();
}
