/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What only real threads can show: their names, threads that no run has started, runs that end before them, and fork. */

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>
#include <trio/trio.h>

#include "host/thread-pool.h"

#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#elif defined(__has_feature)
#if __has_feature (thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif

static void
run_ok (TrioFunc func, gpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_run (func, data, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

static gboolean
do_nothing (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

static gboolean
check_in (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

static gboolean
set_event (gpointer event, GError **error G_GNUC_UNUSED)
{
  trio_event_set (event);
  return TRUE;
}

/* --- names --- */

static gboolean
read_own_name (gpointer data, GError **error G_GNUC_UNUSED)
{
  return pthread_getname_np (pthread_self (), data, 16) == 0;
}

static gboolean
read_names (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const struct { const char *given, *shown; } names[] = {
    { "crunch", "crunch" },
    { "a name that is too long", "a name that is " },
    { "zwölf Boxkämpfer", "zwölf Boxkämp" },
    { "ein Rotkäppchen", "ein Rotkäppche" },
    { "ein Rotkehl\xc3\xa4\xc3\xa4\xc3\xa4", "ein Rotkehl\xc3\xa4\xc3\xa4" },
    { NULL, "main" },
    { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      TrioToThreadOptions options = { .name = names[i].given };
      char shown[16];

      if (!trio_to_thread_run_sync_full (read_own_name, shown, &options, error))
        return FALSE;
      g_assert_cmpstr (shown, ==, names[i].shown);
      g_assert_true (g_utf8_validate (shown, -1, NULL));
    }
  return TRUE;
}

static void
test_a_thread_has_the_name_of_its_work (void)
{
  run_ok (read_names, NULL);
}

/* --- reuse --- */

static gboolean
read_own_thread (gpointer data, GError **error G_GNUC_UNUSED)
{
  *(GThread **) data = g_thread_self ();
  return TRUE;
}

static gboolean
work_again_and_again (gpointer data G_GNUC_UNUSED, GError **error)
{
  GThread *first, *next;

  if (!trio_to_thread_run_sync (read_own_thread, &first, error))
    return FALSE;
  g_assert_true (first != g_thread_self ());
  for (guint i = 0; i < 50; i++)
    {
      if (!trio_to_thread_run_sync (read_own_thread, &next, error))
        return FALSE;
      g_assert_true (next == first);
    }
  return TRUE;
}

/* Statement 137. */
static void
test_one_task_after_another_uses_one_thread (void)
{
  run_ok (work_again_and_again, NULL);
  /* Runs share them. */
  run_ok (work_again_and_again, NULL);
}

/* --- no thread to be had --- */

static GThread *
spawn_none (const char *name G_GNUC_UNUSED, GThreadFunc func G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "there are too many");
  return NULL;
}

static void
count (gpointer data)
{
  ++*(guint *) data;
}

static gboolean
find_no_thread (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);
  g_autoptr (GError) failure = NULL;
  guint n_freed = 0;
  TrioToThreadOptions options = { .limiter = limiter, .name = "crunch", .destroy = count };

  g_assert_false (trio_to_thread_run_sync_full (do_nothing, &n_freed, &options, &failure));
  g_assert_error (failure, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  g_assert_cmpstr (failure->message, ==, "no thread for \"crunch\": there are too many");
  g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (limiter), ==, 0);
  g_assert_cmpuint (trio_active_thread_count (), ==, 0);
  g_assert_cmpuint (n_freed, ==, 1);
  return TRUE;
}

/* Statement 135. */
static void
test_when_there_is_no_thread_the_token_goes_back (void)
{
  TrioThreadPool *pool = trio_thread_pool_get_default ();
  TrioPoolWorker *idle;

  g_mutex_lock (&pool->lock);
  idle = g_steal_pointer (&pool->idle);
  g_mutex_unlock (&pool->lock);
  pool->spawn = spawn_none;
  run_ok (find_no_thread, NULL);
  pool->spawn = g_thread_try_new;
  g_mutex_lock (&pool->lock);
  g_assert_null (pool->idle);
  pool->idle = idle;
  g_mutex_unlock (&pool->lock);
}

/* --- threads that no run has started --- */

typedef struct
{
  TrioToken *token;
  TrioTask  *main;
  TrioEvent *done;
  guint      n_calls;
} Foreign;

static gboolean
be_a_system_task (gpointer data, GError **error)
{
  Foreign *foreign = data;

  g_assert_nonnull (trio_current_task ());
  g_assert_true (trio_current_task () != foreign->main);
  foreign->n_calls++;
  return trio_sleep (1, error);
}

static gboolean
be_no_task (gpointer data, GError **error G_GNUC_UNUSED)
{
  Foreign *foreign = data;

  g_assert_null (trio_current_task ());
  foreign->n_calls++;
  return TRUE;
}

static gpointer
call_from_anywhere (gpointer data)
{
  Foreign *foreign = data;
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_from_thread_run (NULL, be_a_system_task, foreign, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_clear_error (&error);
  g_assert_false (trio_from_thread_check_cancelled (&error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_nonnull (strstr (error->message, "no task waits for it"));
  g_clear_error (&error);
  /* What is asked of a run says that there is none. */
  g_test_expect_message ("Trio", G_LOG_LEVEL_CRITICAL, "trio_current_default_thread_limiter: assertion*");
  g_assert_null (trio_current_default_thread_limiter ());
  g_test_expect_message ("Trio", G_LOG_LEVEL_CRITICAL, "trio_active_thread_count: assertion*");
  g_assert_cmpuint (trio_active_thread_count (), ==, 0);
  g_test_assert_expected_messages ();

  g_assert_true (trio_from_thread_run (foreign->token, be_a_system_task, foreign, &error));
  g_assert_true (trio_from_thread_run_sync (foreign->token, be_no_task, foreign, &error));
  g_assert_true (trio_from_thread_run_sync (foreign->token, set_event, foreign->done, &error));
  g_assert_no_error (error);
  return NULL;
}

static gboolean
be_called_from_anywhere (gpointer data, GError **error)
{
  Foreign *foreign = data;
  g_autoptr (TrioEvent) done = trio_event_new ();
  GThread *thread;
  gboolean ok;

  foreign->token = trio_current_token ();
  foreign->main = trio_current_task ();
  foreign->done = done;
  thread = g_thread_new ("foreign", call_from_anywhere, foreign);
  ok = trio_event_wait (done, error);
  g_thread_join (thread);
  g_assert_cmpuint (foreign->n_calls, ==, 2);
  return ok;
}

static gpointer
call_too_late (gpointer token)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_from_thread_run (token, check_in, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_RUN_FINISHED);
  g_clear_error (&error);
  g_assert_false (trio_from_thread_run_sync (token, do_nothing, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_RUN_FINISHED);
  return NULL;
}

/* Statement 134. */
static void
test_any_thread_that_has_a_token_can_call (void)
{
  Foreign foreign = { 0 };

  run_ok (be_called_from_anywhere, &foreign);
  g_thread_join (g_thread_new ("late", call_too_late, foreign.token));
  /* Nor is there anybody to wait for on the thread that had the run. */
  call_too_late (foreign.token);
  trio_token_unref (foreign.token);
}

static void
call_between_turns (gboolean *refused, TrioToken *token)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_from_thread_run_sync (token, do_nothing, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE);
  *refused = TRUE;
}

typedef struct
{
  TrioToken *token;
  gboolean   refused;
} Callback;

static gboolean
call_from_an_idle_callback (gpointer data)
{
  Callback *callback = data;

  call_between_turns (&callback->refused, callback->token);
  return G_SOURCE_REMOVE;
}

static gboolean
let_the_context_call (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  Callback callback = { token, FALSE };
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, call_from_an_idle_callback, &callback, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  while (!callback.refused)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

/* Statement 133: between its turns, too, the run's thread would wait for itself. */
static void
test_a_callback_of_the_runs_context_is_refused (void)
{
  run_ok (let_the_context_call, NULL);
}

typedef struct
{
  TrioFunc func;
  gboolean refused;
} Inner;

static gboolean
call_the_outer_run (gpointer data, GError **error G_GNUC_UNUSED)
{
  Inner *inner = data;
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_from_thread_run_sync (NULL, do_nothing, NULL, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_MISUSE);
  inner->refused = TRUE;
  return TRUE;
}

static gboolean
have_a_run_of_its_own (gpointer data, GError **error)
{
  return trio_run (call_the_outer_run, data, error);
}

static gboolean
send_a_run_to_a_thread (gpointer data, GError **error)
{
  return trio_to_thread_run_sync (have_a_run_of_its_own, data, error);
}

/* Statement 133: a task must not block its own run, whoever started the thread it runs on. */
static void
test_a_run_within_a_worker_thread_may_not_block (void)
{
  Inner inner = { 0 };

  run_ok (send_a_run_to_a_thread, &inner);
  g_assert_true (inner.refused);
}

/* --- runs that end first --- */

typedef struct
{
  GMutex   lock;
  GCond    changed;
  gboolean may_end;        /* (lock) */
  gboolean freed;          /* (lock) */
  gboolean begun;          /* (run's thread) */
  GThread *freed_on;       /* (lock) */
} Straggler;

static void
straggler_done (gpointer data)
{
  Straggler *straggler = data;

  g_mutex_lock (&straggler->lock);
  straggler->freed = TRUE;
  straggler->freed_on = g_thread_self ();
  g_cond_broadcast (&straggler->changed);
  g_mutex_unlock (&straggler->lock);
}

static gboolean
wait_to_end (gpointer data, GError **error)
{
  Straggler *straggler = data;
  g_autoptr (GError) failure = NULL;

  g_mutex_lock (&straggler->lock);
  while (!straggler->may_end)
    g_cond_wait (&straggler->changed, &straggler->lock);
  g_mutex_unlock (&straggler->lock);

  /* The run has ended long ago. */
  g_assert_false (trio_from_thread_run (NULL, check_in, NULL, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_RUN_FINISHED);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
wait_freed (Straggler *straggler)
{
  g_mutex_lock (&straggler->lock);
  while (!straggler->freed)
    g_cond_wait (&straggler->changed, &straggler->lock);
  g_mutex_unlock (&straggler->lock);
}

static gboolean
leave_it_behind (gpointer data, GError **error)
{
  TrioToThreadOptions options = { .abandon_on_cancel = TRUE, .destroy = straggler_done };
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (1, error);
  gboolean ok = trio_to_thread_run_sync_full (wait_to_end, data, &options, error);

  return trio_cancel_scope_close (scope, ok);
}

/* Statements 128, 134. */
static void
test_a_run_does_not_wait_for_an_abandoned_thread (void)
{
  static Straggler straggler;

  run_ok (leave_it_behind, &straggler);
  g_mutex_lock (&straggler.lock);
  g_assert_false (straggler.freed);
  straggler.may_end = TRUE;
  g_cond_broadcast (&straggler.changed);
  g_mutex_unlock (&straggler.lock);
  wait_freed (&straggler);
  g_assert_true (straggler.freed_on != g_thread_self ());
}

static gboolean
begin_and_sleep (gpointer data, GError **error)
{
  ((Straggler *) data)->begun = TRUE;
  return trio_sleep_forever (error);
}

static gboolean
ask_and_be_left (gpointer data, GError **error)
{
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_from_thread_run (NULL, begin_and_sleep, data, &failure));
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_RUN_FINISHED);
  straggler_done (data);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
send_and_be_lost (gpointer data, GError **error)
{
  return trio_to_thread_run_sync (ask_and_be_left, data, error);
}

/* A context that is thrown away with a run in it: a thread that waits for the run is let go. */
static void
test_a_thread_does_not_wait_for_a_run_that_is_abandoned (void)
{
  static Straggler straggler;
  GMainContext *context = g_main_context_new ();
  TrioRunOptions options = { .context = context };
  g_autoptr (GError) error = NULL;

  g_assert_true (trio_attach (send_and_be_lost, &straggler, &options, NULL, NULL, &error));
  while (!straggler.begun)
    g_main_context_iteration (context, TRUE);
  g_test_expect_message ("Trio", G_LOG_LEVEL_WARNING, "*thrown away*");
  g_main_context_unref (context);
  g_test_assert_expected_messages ();
  wait_freed (&straggler);
}

/* --- fork --- */

#ifndef WITH_TSAN
static gboolean
use_two_threads (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_to_thread_run_sync (do_nothing, NULL, error) && trio_to_thread_run_sync (do_nothing, NULL, error);
}
#endif

static void
test_a_forked_child_has_threads_of_its_own (void)
{
#ifdef WITH_TSAN
  g_test_skip ("ThreadSanitizer allows no threads after a fork");
#else
  pid_t child;
  int status = -1;

  run_ok (use_two_threads, NULL);
  g_assert_cmpuint (trio_thread_pool_count_idle (trio_thread_pool_get_default ()), >, 0);
  child = fork ();
  if (child == 0)
    _exit (trio_run (use_two_threads, NULL, NULL) ? 0 : 1);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  run_ok (use_two_threads, NULL);
#endif
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/real-threads/a-thread-has-the-name-of-its-work", test_a_thread_has_the_name_of_its_work);
  g_test_add_func ("/real-threads/one-task-after-another-uses-one-thread", test_one_task_after_another_uses_one_thread);
  g_test_add_func ("/real-threads/when-there-is-none-the-token-goes-back", test_when_there_is_no_thread_the_token_goes_back);
  g_test_add_func ("/real-threads/any-thread-that-has-a-token-can-call", test_any_thread_that_has_a_token_can_call);
  g_test_add_func ("/real-threads/a-callback-of-the-runs-context-is-refused", test_a_callback_of_the_runs_context_is_refused);
  g_test_add_func ("/real-threads/a-run-within-a-worker-thread-may-not-block", test_a_run_within_a_worker_thread_may_not_block);
  g_test_add_func ("/real-threads/a-run-does-not-wait-for-an-abandoned-one", test_a_run_does_not_wait_for_an_abandoned_thread);
  g_test_add_func ("/real-threads/one-does-not-wait-for-a-run-that-is-abandoned",
                   test_a_thread_does_not_wait_for_a_run_that_is_abandoned);
  g_test_add_func ("/real-threads/a-forked-child-has-threads-of-its-own", test_a_forked_child_has_threads_of_its_own);
  return g_test_run ();
}
