/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A program that explains itself: the signal that prints a dump, and the watchdog. What they print is caught here. */

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>

#include "host/dump-signal.h"
#include "tests/core/reports.h"
#include "tests/host/host-test.h"

static void
set_handler (int number, void (*handler) (int))
{
  struct sigaction action = { .sa_handler = handler };

  sigemptyset (&action.sa_mask);
  g_assert_cmpint (sigaction (number, &action, NULL), ==, 0);
}

static void
ignore_nothing (int number G_GNUC_UNUSED)
{
}

/* ---- what is printed ---- */

static GString   *printed;
static TrioEvent *printed_event;

static void
catch_print (const char *text)
{
  g_string_append (printed, text);
  if (printed_event != NULL)
    trio_event_set (printed_event);
}

static gboolean
run_and_catch (TrioFunc main, gpointer data, const TrioRunOptions *options, GError **error)
{
  GPrintFunc before;
  gboolean ok;

  if (printed != NULL)
    g_string_free (printed, TRUE);
  printed = g_string_new (NULL);
  before = g_set_printerr_handler (catch_print);
  ok = trio_run_with (main, data, options, error);
  g_set_printerr_handler (before);
  return ok;
}

/* ---- a signal ---- */

static gboolean __attribute__ ((noinline))
wait_for_what_never_comes (gpointer data G_GNUC_UNUSED, GError **error)
{
  gboolean ok = trio_sleep (G_TIME_SPAN_HOUR, error);

  g_assert_false (ok);
  return ok;
}

static gboolean
raise_and_wait_for_the_print (gpointer number, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioEvent) event = trio_event_new ();
  gboolean ok;

  trio_nursery_start_soon (nursery, wait_for_what_never_comes, NULL);
  ok = trio_checkpoint (error) && trio_checkpoint (error);
  printed_event = event;
  raise (GPOINTER_TO_INT (number));
  ok = ok && trio_event_wait (event, error);
  printed_event = NULL;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, ok);
}

static void
assert_dump (void)
{
  report_assert_has (printed->str, "host: 2 tasks, next deadline in 59 min 59 s\n");
  report_assert_has (printed->str, "\n  main (2): waits in trio_event_wait, for ");
  report_assert_has (printed->str, "\n    wait_for_what_never_comes (3), main/wait_for_what_never_comes: waits in trio_sleep: 3");
#ifdef HAVE_STACKS
  report_assert_has (printed->str, "\n      stack: trio_event_wait < raise_and_wait_for_the_print\n");
  report_assert_sleeps_below (printed->str, "wait_for_what_never_comes");
#endif
}

static void
test_a_signal_prints_a_dump (void)
{
  TrioRunOptions options = { .dump_signal = SIGUSR1 };
  g_autoptr (GError) error = NULL;

  run_and_catch (raise_and_wait_for_the_print, GINT_TO_POINTER (SIGUSR1), &options, &error);
  g_assert_no_error (error);
  assert_dump ();
}

/* ---- between two steps ---- */

static void
print_a_dump (gpointer data G_GNUC_UNUSED)
{
  trio_dump ();
}

/* Some of these turns begin on the stack of this task, in the middle of its checkpoint. */
static gboolean __attribute__ ((noinline))
check_in_often (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();

  for (guint i = 0; i < 20; i++)
    {
      trio_token_run_sync_soon (token, print_a_dump, NULL, NULL);
      if (!trio_checkpoint (error))
        return FALSE;
    }
  return TRUE;
}

static void
test_what_the_loop_does_on_the_stack_of_a_task_is_not_the_tasks (void)
{
  g_autoptr (GError) error = NULL;

  run_and_catch (check_in_often, NULL, NULL, &error);
  g_assert_no_error (error);
  report_assert_has (printed->str, "\n  main (2): can run");
#ifdef HAVE_STACKS
  report_assert_has (printed->str, "\n      stack: trio_checkpoint < check_in_often\n");
#endif
  report_assert_has_not (printed->str, "begin_turn");
}

static gboolean
do_nothing (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_checkpoint (error);
}

static void
test_between_runs_the_signal_does_nothing (void)
{
  TrioRunOptions options = { .dump_signal = SIGUSR1 };
  g_autoptr (GError) error = NULL;

  run_and_catch (do_nothing, NULL, &options, &error);
  g_assert_no_error (error);
  raise (SIGUSR1);
  run_and_catch (do_nothing, NULL, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (printed->str, ==, "");
}

static void
test_the_environment_may_name_the_signal (void)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("TRIO_DUMP_SIGNAL", "usr2", TRUE);
  run_and_catch (raise_and_wait_for_the_print, GINT_TO_POINTER (SIGUSR2), NULL, &error);
  g_unsetenv ("TRIO_DUMP_SIGNAL");
  g_assert_no_error (error);
  assert_dump ();
}

static void
test_a_signal_of_somebody_else_is_left_alone (void)
{
  TrioRunOptions options = { .dump_signal = SIGHUP };
  struct sigaction now;
  g_autoptr (GError) error = NULL;

  set_handler (SIGHUP, ignore_nothing);
  g_test_expect_message ("Trio", G_LOG_LEVEL_WARNING, "signal 1 will not print dumps*has a handler already");
  run_and_catch (do_nothing, NULL, &options, &error);
  g_test_assert_expected_messages ();
  g_assert_no_error (error);
  sigaction (SIGHUP, NULL, &now);
  g_assert_true (now.sa_handler == ignore_nothing);
  set_handler (SIGHUP, SIG_DFL);
}

static void
test_a_signal_that_is_none_is_told (void)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("TRIO_DUMP_SIGNAL", "SIGNOTHING", TRUE);
  g_setenv ("TRIO_WATCHDOG", "soon", TRUE);
  g_test_expect_message ("Trio", G_LOG_LEVEL_WARNING, "TRIO_DUMP_SIGNAL=SIGNOTHING: there is no such signal");
  g_test_expect_message ("Trio", G_LOG_LEVEL_WARNING, "TRIO_WATCHDOG=soon: this is no number of milliseconds");
  run_and_catch (do_nothing, NULL, NULL, &error);
  g_test_assert_expected_messages ();
  g_unsetenv ("TRIO_DUMP_SIGNAL");
  g_unsetenv ("TRIO_WATCHDOG");
  g_assert_no_error (error);
}

static void
test_signals_have_names_and_numbers (void)
{
  g_assert_cmpint (trio_dump_signal_parse ("USR1"), ==, SIGUSR1);
  g_assert_cmpint (trio_dump_signal_parse ("SIGQUIT"), ==, SIGQUIT);
  g_assert_cmpint (trio_dump_signal_parse ("sigusr2"), ==, SIGUSR2);
  g_assert_cmpint (trio_dump_signal_parse ("10"), ==, 10);
  g_assert_cmpint (trio_dump_signal_parse ("0"), ==, 0);
  g_assert_cmpint (trio_dump_signal_parse ("1000"), ==, 0);
  g_assert_cmpint (trio_dump_signal_parse ("SIG"), ==, 0);
}

/* Each of two runs on two threads prints its own. */
typedef struct
{
  pthread_barrier_t both;
} Pair;

static gboolean
meet (gpointer data, GError **error)
{
  Pair *pair = data;

  pthread_barrier_wait (&pair->both);       /* both listen */
  pthread_barrier_wait (&pair->both);       /* it was raised */
  return trio_checkpoint (error) && trio_checkpoint (error);
}

static gpointer
run_one_of_two (gpointer data)
{
  TrioRunOptions options = { .dump_signal = SIGUSR1 };
  g_autoptr (GError) error = NULL;

  options.context = g_main_context_new ();
  if (!trio_run_with (meet, data, &options, &error))
    g_error ("%s", error->message);
  g_main_context_unref (options.context);
  return NULL;
}

static GMutex print_lock;

static void
catch_print_of_threads (const char *text)
{
  g_mutex_lock (&print_lock);
  g_string_append (printed, text);
  g_mutex_unlock (&print_lock);
}

static void
test_every_run_that_listens_prints (void)
{
  Pair pair;
  GThread *threads[2];
  GPrintFunc before;
  const char *first;

  if (printed != NULL)
    g_string_free (printed, TRUE);
  printed = g_string_new (NULL);
  before = g_set_printerr_handler (catch_print_of_threads);
  pthread_barrier_init (&pair.both, NULL, 3);
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("run", run_one_of_two, &pair);
  pthread_barrier_wait (&pair.both);
  raise (SIGUSR1);
  pthread_barrier_wait (&pair.both);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  pthread_barrier_destroy (&pair.both);
  g_set_printerr_handler (before);

  first = strstr (printed->str, "host: 1 task");
  g_assert_nonnull (first);
  g_assert_nonnull (strstr (first + 1, "host: 1 task"));
}

/* ---- the watchdog ---- */

/* Reports come on the watchdog's thread. pthread's lock and not GLib's, which ThreadSanitizer does not see through. */
static pthread_mutex_t  report_lock = PTHREAD_MUTEX_INITIALIZER;
static GString         *reports;          /* (report_lock) */
static int              n_reports;        /* (atomic) */

static void
catch_report (const char *domain G_GNUC_UNUSED, GLogLevelFlags level G_GNUC_UNUSED, const char *text, gpointer data G_GNUC_UNUSED)
{
  pthread_mutex_lock (&report_lock);
  g_string_append_printf (reports, "%s\n", text);
  pthread_mutex_unlock (&report_lock);
  __atomic_add_fetch (&n_reports, 1, __ATOMIC_SEQ_CST);
}

static int
count_reports (void)
{
  return __atomic_load_n (&n_reports, __ATOMIC_SEQ_CST);
}

static void
run_watched (TrioFunc main, gpointer data, GTimeSpan span)
{
  TrioRunOptions options = { .watchdog_span = span };
  guint handler = g_log_set_handler ("Trio", G_LOG_LEVEL_MESSAGE, catch_report, NULL);
  g_autoptr (GError) error = NULL;

  if (reports != NULL)
    g_string_free (reports, TRUE);
  reports = g_string_new (NULL);
  n_reports = 0;
  g_assert_true (trio_run_with (main, data, &options, &error));
  g_assert_no_error (error);
  g_log_remove_handler ("Trio", handler);
}

/* Computes until the watchdog has said so much. */
static void __attribute__ ((noinline))
compute_until_reported (int n)
{
  gint64 patience = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;

  while (count_reports () < n)
    g_assert_cmpint (g_get_monotonic_time (), <, patience);
}

static gboolean
compute_in_two_steps (gpointer data G_GNUC_UNUSED, GError **error)
{
  compute_until_reported (1);
  /* Once a step. */
  compute (40 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (count_reports (), ==, 1);
  if (!trio_checkpoint (error))
    return FALSE;
  compute_until_reported (2);
  return TRUE;
}

static gboolean
compute_beside_others (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon_full (nursery, compute_in_two_steps, NULL, NULL, "one that computes");
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_task_that_does_not_come_back_is_reported_once_a_step_with_its_stack (void)
{
  run_watched (compute_beside_others, NULL, 5 * G_TIME_SPAN_MILLISECOND);
  report_assert_has (reports->str, "task \"one that computes\" (3) has run for ");
  report_assert_has (reports->str, " without a checkpoint");
#ifdef HAVE_STACKS
  /* Where exactly in the loop it was is chance. */
  report_assert_has (reports->str, "compute_until_reported < compute_in_two_steps\n");
#endif
}

static void
test_the_environment_may_want_a_watchdog (void)
{
  g_setenv ("TRIO_WATCHDOG", "5", TRUE);
  run_watched (compute_beside_others, NULL, 0);
  g_unsetenv ("TRIO_WATCHDOG");
  report_assert_has (reports->str, "one that computes");
}

static gboolean
hold_up_a_dump (gpointer data G_GNUC_UNUSED, GError **error)
{
  compute_until_reported (1);
  raise (SIGUSR1);
  compute_until_reported (2);
  g_assert_cmpstr (printed->str, ==, "");
  return trio_checkpoint (error) && trio_checkpoint (error);
}

static void
test_a_task_that_holds_up_a_dump_is_reported_again (void)
{
  TrioRunOptions options = { .dump_signal = SIGUSR1, .watchdog_span = 5 * G_TIME_SPAN_MILLISECOND };
  guint handler = g_log_set_handler ("Trio", G_LOG_LEVEL_MESSAGE, catch_report, NULL);
  g_autoptr (GError) error = NULL;

  if (reports != NULL)
    g_string_free (reports, TRUE);
  reports = g_string_new (NULL);
  n_reports = 0;
  run_and_catch (hold_up_a_dump, NULL, &options, &error);
  g_assert_no_error (error);
  g_log_remove_handler ("Trio", handler);
  report_assert_has (reports->str, "; the dump that was asked for comes when it stops");
  report_assert_has (printed->str, "host: 1 task");
}

/* Where nobody computes nothing is told, however long it takes. The span is such that a busy machine does not make a liar of us. */
static gboolean
sleep_for_three_spans (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (900 * G_TIME_SPAN_MILLISECOND, error);
}

static void
test_a_run_that_sleeps_is_left_in_peace (void)
{
  run_watched (sleep_for_three_spans, NULL, 300 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpstr (reports->str, ==, "");
}

static gboolean
compute_once (gpointer data G_GNUC_UNUSED, GError **error)
{
  compute_until_reported (1);
  return trio_checkpoint (error);
}

static void
test_where_the_watchdogs_signal_is_somebody_elses_there_is_no_stack (void)
{
  struct sigaction before;

  sigaction (SIGURG, NULL, &before);
  set_handler (SIGURG, ignore_nothing);
  run_watched (compute_once, NULL, 5 * G_TIME_SPAN_MILLISECOND);
  sigaction (SIGURG, &before, NULL);
  g_assert_true (g_str_has_prefix (reports->str, "a task has run for "));
  g_assert_null (strstr (reports->str, "stack"));
}

static gboolean
come_and_go (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 2000; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
be_busy_but_polite (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint round = 0; round < 20; round++)
    {
      g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

      for (guint i = 0; i < 3; i++)
        trio_nursery_start_soon (nursery, come_and_go, NULL);
      if (!trio_nursery_close (nursery, TRUE))
        return FALSE;
    }
  return TRUE;
}

/* For ThreadSanitizer: the shortest span there is, and steps that begin and end all the time. */
static void
test_a_watchdog_and_a_busy_run_do_not_disturb_each_other (void)
{
  for (guint i = 0; i < 5; i++)
    run_watched (be_busy_but_polite, NULL, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/explain/a-signal-prints-a-dump", test_a_signal_prints_a_dump);
  g_test_add_func ("/explain/what-the-loop-does-on-the-stack-of-a-task-is-not-the-tasks",
                   test_what_the_loop_does_on_the_stack_of_a_task_is_not_the_tasks);
  g_test_add_func ("/explain/between-runs-the-signal-does-nothing", test_between_runs_the_signal_does_nothing);
  g_test_add_func ("/explain/the-environment-may-name-the-signal", test_the_environment_may_name_the_signal);
  g_test_add_func ("/explain/a-signal-of-somebody-else-is-left-alone", test_a_signal_of_somebody_else_is_left_alone);
  g_test_add_func ("/explain/a-signal-that-is-none-is-told", test_a_signal_that_is_none_is_told);
  g_test_add_func ("/explain/signals-have-names-and-numbers", test_signals_have_names_and_numbers);
  g_test_add_func ("/explain/every-run-that-listens-prints", test_every_run_that_listens_prints);
  g_test_add_func ("/watchdog/a-task-that-does-not-come-back-is-reported-once-a-step-with-its-stack",
                   test_a_task_that_does_not_come_back_is_reported_once_a_step_with_its_stack);
  g_test_add_func ("/watchdog/the-environment-may-want-one", test_the_environment_may_want_a_watchdog);
  g_test_add_func ("/watchdog/a-task-that-holds-up-a-dump-is-reported-again", test_a_task_that_holds_up_a_dump_is_reported_again);
  g_test_add_func ("/watchdog/a-run-that-sleeps-is-left-in-peace", test_a_run_that_sleeps_is_left_in_peace);
  g_test_add_func ("/watchdog/where-its-signal-is-somebody-elses-there-is-no-stack",
                   test_where_the_watchdogs_signal_is_somebody_elses_there_is_no_stack);
  g_test_add_func ("/watchdog/it-and-a-busy-run-do-not-disturb-each-other",
                   test_a_watchdog_and_a_busy_run_do_not_disturb_each_other);
  return g_test_run ();
}
