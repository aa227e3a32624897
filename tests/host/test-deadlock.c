/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Deadlocks in the real world: found when it is certain that nothing can wake a task, and only then. (semantics: D14)
 *
 * That something is no deadlock can be shown only by waiting for it in vain; so whoever wakes the run in these tests lets some time
 * go by first. If it were taken for a deadlock the run would have failed before, at once. */

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>
#include <trio/seam/world.h>

#include "tests/core/reports.h"
#include "tests/host/host-test.h"

/* ThreadSanitizer keeps a thread of its own. */
#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#elif defined(__has_feature)
#if __has_feature (thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif
#ifdef WITH_TSAN
#define IF_ALONE TRIO_DEADLOCK_FAIL_AMONG_THREADS
#else
#define IF_ALONE TRIO_DEADLOCK_FAIL
#endif

#define A_WHILE (50 * G_TIME_SPAN_MILLISECOND)

static void
let_a_while_go_by (void)
{
  GMutex lock;
  GCond never;
  gint64 until = g_get_monotonic_time () + A_WHILE;

  g_mutex_init (&lock);
  g_cond_init (&never);
  g_mutex_lock (&lock);
  while (g_cond_wait_until (&never, &lock, until))
    ;
  g_mutex_unlock (&lock);
  g_cond_clear (&never);
  g_mutex_clear (&lock);
}

static gboolean
run_as (TrioFunc main, gpointer data, TrioDeadlockPolicy policy, GError **error)
{
  TrioRunOptions options = { .deadlock = policy };

  return trio_run_with (main, data, &options, error);
}

/* ---- certain ---- */

static void
test_two_tasks_that_wait_for_each_other_are_found_and_may_clean_up (void)
{
  g_autoptr (TrioLock) a = trio_lock_new ();
  g_autoptr (TrioLock) b = trio_lock_new ();
  Forks forks = { .locks = { a, b } };
  g_autoptr (GError) error = NULL;

  g_assert_false (run_as (dine, &forks, IF_ALONE, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK);
  g_assert_true (g_str_has_prefix (error->message, "deadlock: 3 tasks wait for what can never come\n"
                                                   "  main waits in trio_nursery_close: "));
  g_assert_nonnull (strstr (error->message, "\n  main/left waits in trio_lock_acquire: held by main/right, for "));
#ifdef HAVE_STACKS
  g_assert_nonnull (strstr (error->message, "\n      stack: "));
  g_assert_nonnull (strstr (error->message, " eat"));
#endif
  g_assert_cmpuint (forks.n_cleaned_up, ==, 2);
}

static gboolean
wait_for_an_event_of_nobody (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();

  return trio_event_wait (event, error);
}

static void
test_the_thread_of_the_run_may_be_any (void)
{
  /* A thread beside it: only the promise makes it certain. */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GMainContext) context = i == 0 ? NULL : g_main_context_new ();
      TrioRunOptions options = { .context = context, .deadlock = TRIO_DEADLOCK_FAIL_AMONG_THREADS };

      g_assert_false (trio_run_with (wait_for_an_event_of_nobody, NULL, &options, &error));
      g_assert_error (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK);
    }
}

static TrioAbort
agree (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

static gboolean
hang_in_the_clean_up (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioCancelScope *shield = trio_cancel_scope_open (error);

  trio_cancel_scope_set_shield (shield, TRUE);
  (void) !trio_wait_task_rescheduled (agree, NULL, error);
  g_assert_not_reached ();
}

static void
test_a_clean_up_that_hangs_as_well_is_given_up (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (run_as (hang_in_the_clean_up, NULL, IF_ALONE, &error));
  g_assert_true (trio_error_contains (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK));
  g_assert_nonnull (strstr (error->message, "deadlock in the clean-up"));
}

/* ---- not certain at first ---- */

static gpointer
keep_a_token_for_a_while (gpointer token)
{
  let_a_while_go_by ();
  trio_token_unref (token);
  return NULL;
}

static gboolean
give_a_token_and_hang (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_thread_unref (g_thread_new ("holder", keep_a_token_for_a_while, trio_current_token ()));
  return wait_for_an_event_of_nobody (NULL, error);
}

static void
test_it_becomes_certain_when_the_last_thread_that_could_wake_has_ended (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (run_as (give_a_token_and_hang, NULL, IF_ALONE, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK);
}

/* ---- not certain ---- */

typedef struct
{
  TrioEvent *event;
  TrioToken *token;
} Waking;

static void
set_event (gpointer event)
{
  trio_event_set (event);
}

static gpointer
wake_by_token (gpointer data)
{
  Waking *waking = data;

  let_a_while_go_by ();
  g_assert_true (trio_token_run_sync_soon (waking->token, set_event, waking->event, NULL));
  trio_token_unref (waking->token);
  return NULL;
}

static gboolean
be_woken_by_a_token (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  Waking waking = { event, trio_current_token () };
  GThread *thread = g_thread_new ("waker", wake_by_token, &waking);
  gboolean ok = trio_event_wait (event, error);

  g_thread_join (thread);
  return ok;
}

static void
test_a_token_elsewhere_may_wake (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (run_as (be_woken_by_a_token, NULL, TRIO_DEADLOCK_FAIL_AMONG_THREADS, &error));
  g_assert_no_error (error);
}

static gboolean
set_from_source (gpointer event)
{
  trio_event_set (event);
  return G_SOURCE_REMOVE;
}

static gboolean
be_woken_by_a_source (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();

  g_timeout_add (A_WHILE / G_TIME_SPAN_MILLISECOND, set_from_source, event);
  return trio_event_wait (event, error);
}

static void
test_another_source_of_the_context_may_wake (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (run_as (be_woken_by_a_source, NULL, TRIO_DEADLOCK_FAIL_AMONG_THREADS, &error));
  g_assert_no_error (error);
}

static gpointer
add_a_source (gpointer event)
{
  let_a_while_go_by ();
  g_idle_add (set_from_source, event);
  return NULL;
}

static gboolean
be_woken_by_a_source_of_another_thread (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  GThread *thread = g_thread_new ("waker", add_a_source, event);
  gboolean ok = trio_event_wait (event, error);

  g_thread_join (thread);
  return ok;
}

static void
test_another_thread_may_add_a_source (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (run_as (be_woken_by_a_source_of_another_thread, NULL, TRIO_DEADLOCK_FAIL, &error));
  g_assert_no_error (error);
}

static gboolean
work_for_a_while (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  let_a_while_go_by ();
  return TRUE;
}

static gboolean
wait_for_a_worker (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_to_thread_run_sync (work_for_a_while, NULL, error);
}

static void
test_a_worker_at_work_will_wake (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (run_as (wait_for_a_worker, NULL, TRIO_DEADLOCK_FAIL_AMONG_THREADS, &error));
  g_assert_no_error (error);
}

/* Without a thread. */
static void
press_ctrl_c_after_a_while (timer_t *timer)
{
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGINT };
  struct itimerspec after = { .it_value = { .tv_nsec = A_WHILE * 1000 } };

  g_assert_cmpint (timer_create (CLOCK_MONOTONIC, &event, timer), ==, 0);
  g_assert_cmpint (timer_settime (*timer, 0, &after, NULL), ==, 0);
}

static gboolean
wait_for_ctrl_c (gpointer timer, GError **error)
{
  press_ctrl_c_after_a_while (timer);
  return trio_sleep_forever (error);
}

static void
test_to_sleep_for_ever_is_to_wait_for_ctrl_c (void)
{
  timer_t timer;
  g_autoptr (GError) error = NULL;

  g_assert_false (run_as (wait_for_ctrl_c, &timer, TRIO_DEADLOCK_FAIL_AMONG_THREADS, &error));
  timer_delete (timer);
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

/* Somebody outside has promised to wake, and has no token. */
static gboolean
rely_on_a_promise (gpointer timer, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  TrioLoop *loop = trio_loop_get_current ();
  gboolean ok;

  press_ctrl_c_after_a_while (timer);
  trio_loop_hold (loop);
  ok = trio_event_wait (event, error);
  trio_loop_release (loop);
  return ok;
}

static void
test_a_promise_from_outside_is_believed (void)
{
  timer_t timer;
  g_autoptr (GError) error = NULL;

  g_assert_false (run_as (rely_on_a_promise, &timer, TRIO_DEADLOCK_FAIL_AMONG_THREADS, &error));
  timer_delete (timer);
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

/* A client without a token: that somebody waits for a socket is all that speaks against a deadlock. */
static gpointer
connect_to (gpointer port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((guint16) GPOINTER_TO_UINT (port)) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  let_a_while_go_by ();
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  close (fd);
  return NULL;
}

static gboolean
wait_for_a_client (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 0, error);
  g_autoptr (TrioStream) stream = NULL;
  GThread *thread;

  if (listener == NULL)
    return FALSE;
  thread = g_thread_new ("client", connect_to, GUINT_TO_POINTER (trio_listener_get_port (listener)));
  stream = trio_listener_accept (listener, error);
  g_thread_join (thread);
  return stream != NULL;
}

static void
test_a_socket_that_is_waited_for_may_wake (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (run_as (wait_for_a_client, NULL, TRIO_DEADLOCK_FAIL_AMONG_THREADS, &error));
  g_assert_no_error (error);
}

/* ---- other policies ---- */

typedef struct
{
  Forks    forks;
  timer_t  timer;
} Evening;

static gboolean
dine_until_ctrl_c (gpointer data, GError **error)
{
  Evening *evening = data;

  press_ctrl_c_after_a_while (&evening->timer);
  return dine (&evening->forks, error);
}

static guint n_reports;

static void
count_report (const char *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED, const char *text, gpointer data G_GNUC_UNUSED)
{
  g_assert_true (g_str_has_prefix (text, "deadlock: 3 tasks wait for what can never come\n  main waits in trio_nursery_close: "));
  n_reports++;
}

static void
test_a_deadlock_may_be_only_reported (void)
{
  g_autoptr (TrioLock) a = trio_lock_new ();
  g_autoptr (TrioLock) b = trio_lock_new ();
  Evening evening = { .forks = { .locks = { a, b } } };
  guint handler;
  g_autoptr (GError) error = NULL;

  if (IF_ALONE != TRIO_DEADLOCK_FAIL)
    {
      g_test_skip ("ThreadSanitizer's own thread makes it uncertain");
      return;
    }
  handler = g_log_set_handler ("Trio", G_LOG_LEVEL_MESSAGE, count_report, NULL);
  g_assert_false (run_as (dine_until_ctrl_c, &evening, TRIO_DEADLOCK_REPORT, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_assert_cmpuint (n_reports, ==, 1);
  g_log_remove_handler ("Trio", handler);
  timer_delete (evening.timer);
}

static void
test_a_deadlock_may_be_ignored (void)
{
  g_autoptr (TrioLock) a = trio_lock_new ();
  g_autoptr (TrioLock) b = trio_lock_new ();
  Evening evening = { .forks = { .locks = { a, b } } };
  g_autoptr (GError) error = NULL;

  g_assert_false (run_as (dine_until_ctrl_c, &evening, TRIO_DEADLOCK_IGNORE, &error));
  timer_delete (evening.timer);
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
}

int
main (int argc, char **argv)
{
  struct sigaction by_default = { .sa_handler = SIG_DFL };

  g_test_init (&argc, &argv, NULL);
  /* Whoever runs the tests in the background may have it ignored. */
  sigaction (SIGINT, &by_default, NULL);
  g_test_add_func ("/deadlock/two-tasks-that-wait-for-each-other-are-found-and-may-clean-up",
                   test_two_tasks_that_wait_for_each_other_are_found_and_may_clean_up);
  g_test_add_func ("/deadlock/in-any-context", test_the_thread_of_the_run_may_be_any);
  g_test_add_func ("/deadlock/a-clean-up-that-hangs-as-well-is-given-up", test_a_clean_up_that_hangs_as_well_is_given_up);
  g_test_add_func ("/deadlock/it-becomes-certain-when-the-last-thread-that-could-wake-has-ended",
                   test_it_becomes_certain_when_the_last_thread_that_could_wake_has_ended);
  g_test_add_func ("/deadlock/a-token-elsewhere-may-wake", test_a_token_elsewhere_may_wake);
  g_test_add_func ("/deadlock/another-source-of-the-context-may-wake", test_another_source_of_the_context_may_wake);
  g_test_add_func ("/deadlock/another-thread-may-add-a-source", test_another_thread_may_add_a_source);
  g_test_add_func ("/deadlock/a-worker-at-work-will-wake", test_a_worker_at_work_will_wake);
  g_test_add_func ("/deadlock/to-sleep-for-ever-is-to-wait-for-ctrl-c", test_to_sleep_for_ever_is_to_wait_for_ctrl_c);
  g_test_add_func ("/deadlock/a-promise-from-outside-is-believed", test_a_promise_from_outside_is_believed);
  g_test_add_func ("/deadlock/a-socket-that-is-waited-for-may-wake", test_a_socket_that_is_waited_for_may_wake);
  g_test_add_func ("/deadlock/may-be-only-reported", test_a_deadlock_may_be_only_reported);
  g_test_add_func ("/deadlock/may-be-ignored", test_a_deadlock_may_be_ignored);
  return g_test_run ();
}
