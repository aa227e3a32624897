/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Signals that the system delivers, and what is left of a receiver when it is closed. */

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <trio/lowlevel/instrument.h>

#include "tests/host/host-test.h"

static const int usr1[] = { SIGUSR1, 0 };
static const int term[] = { SIGTERM, 0 };
static const int ctrl_c[] = { SIGINT, 0 };

static int n_handled;          /* (atomic) by the program's own handler */

static void
handle (int number G_GNUC_UNUSED)
{
  g_atomic_int_inc (&n_handled);
}

static void
handle_with_info (int number G_GNUC_UNUSED, siginfo_t *info G_GNUC_UNUSED, void *context G_GNUC_UNUSED)
{
}

static void
set_handler (int number, void (*handler) (int))
{
  struct sigaction action = { .sa_handler = handler };

  sigemptyset (&action.sa_mask);
  g_assert_cmpint (sigaction (number, &action, NULL), ==, 0);
}

/* To this thread, so that it has arrived when this returns. */
static void
send_signal (int number)
{
  g_assert_cmpint (raise (number), ==, 0);
}

/* ---- dispositions ---- */

static gboolean
open_and_close (gpointer data, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (data, error);
  struct sigaction now;

  if (receiver == NULL)
    return FALSE;
  g_assert_cmpint (sigaction (((int *) data)[0], NULL, &now), ==, 0);
  g_assert_true (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN && now.sa_handler != handle);
  return TRUE;
}

static void
test_dispositions_are_given_back_as_they_were (void)
{
  struct sigaction before = { .sa_sigaction = handle_with_info, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART };
  struct sigaction kept, after;
  void (*const plain[]) (int) = { SIG_DFL, SIG_IGN, handle };

  sigemptyset (&before.sa_mask);
  sigaddset (&before.sa_mask, SIGHUP);
  g_assert_cmpint (sigaction (SIGUSR1, &before, NULL), ==, 0);
  g_assert_cmpint (sigaction (SIGUSR1, NULL, &kept), ==, 0);
  run_ok (open_and_close, (gpointer) usr1);
  g_assert_cmpint (sigaction (SIGUSR1, NULL, &after), ==, 0);
  g_assert_true (after.sa_sigaction == handle_with_info);
  g_assert_cmpint (after.sa_flags, ==, kept.sa_flags);
  for (int number = 1; number < NSIG; number++)
    g_assert_cmpint (sigismember (&after.sa_mask, number), ==, sigismember (&kept.sa_mask, number));

  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    {
      set_handler (SIGUSR1, plain[i]);
      run_ok (open_and_close, (gpointer) usr1);
      g_assert_cmpint (sigaction (SIGUSR1, NULL, &after), ==, 0);
      g_assert_true (after.sa_handler == plain[i]);
    }
  set_handler (SIGUSR1, SIG_DFL);
}

static gboolean
be_overruled (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (usr1, error);

  if (receiver == NULL)
    return FALSE;
  set_handler (SIGUSR1, handle);
  return TRUE;
}

static void
test_a_handler_that_came_later_is_left_alone (void)
{
  struct sigaction after;

  run_ok (be_overruled, NULL);
  g_assert_cmpint (sigaction (SIGUSR1, NULL, &after), ==, 0);
  g_assert_true (after.sa_handler == handle);
  set_handler (SIGUSR1, SIG_DFL);
}

/* ---- around the end ---- */

static gboolean
leave_one (gpointer data, GError **error)
{
  gboolean told = GPOINTER_TO_INT (data);
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (usr1, error);

  if (receiver == NULL)
    return FALSE;
  send_signal (SIGUSR1);
  if (told && !trio_sleep (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  g_assert_cmpint (n_handled, ==, 0);
  trio_signal_receiver_close (receiver);
  g_assert_cmpint (n_handled, ==, 1);
  return TRUE;
}

/* Statement 172: whether the receiver had been told of it or not. */
static void
test_what_was_not_taken_goes_to_the_old_handler (void)
{
  set_handler (SIGUSR1, handle);
  for (int told = 0; told < 2; told++)
    {
      n_handled = 0;
      run_ok (leave_one, GINT_TO_POINTER (told));
      g_assert_cmpint (n_handled, ==, 1);
    }
  set_handler (SIGUSR1, SIG_DFL);
}

static gboolean
leave_a_term (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (term, error);

  if (receiver == NULL)
    return FALSE;
  send_signal (SIGTERM);
  return TRUE;
}

/* Statement 172. */
static void
test_a_sigterm_that_was_not_taken_ends_the_process (void)
{
  pid_t child = fork ();
  int status;

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      g_autoptr (GError) error = NULL;

      _exit (trio_run (leave_a_term, NULL, &error) ? 1 : 2);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGTERM);
}

#define N_SENT 1000

static int n_seen;             /* (atomic) by a receiver */
static int n_sent;             /* (atomic) */
static pid_t own_pid;

/* Sends the next one when the last has been seen by somebody, so that none may be taken together with another. */
static gpointer
send_many (gpointer data G_GNUC_UNUSED)
{
  sigset_t all;

  sigfillset (&all);
  pthread_sigmask (SIG_BLOCK, &all, NULL);
  for (int i = 0; i < N_SENT; i++)
    {
      g_atomic_int_inc (&n_sent);
      kill (own_pid, SIGUSR1);
      while (g_atomic_int_get (&n_seen) + g_atomic_int_get (&n_handled) <= i)
        g_thread_yield ();
    }
  return NULL;
}

static gboolean
open_and_close_all_the_time (gpointer data G_GNUC_UNUSED, GError **error)
{
  while (g_atomic_int_get (&n_seen) + g_atomic_int_get (&n_handled) < N_SENT)
    {
      g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (usr1, error);
      TrioSignalReceiverStatistics statistics;
      int number;

      if (receiver == NULL || !trio_checkpoint (error))
        return FALSE;
      trio_signal_receiver_get_statistics (receiver, &statistics);
      if (statistics.signals_pending > 0)
        {
          if (!trio_signal_receiver_receive (receiver, &number, error))
            return FALSE;
          g_atomic_int_inc (&n_seen);
        }
    }
  return TRUE;
}

/* Statement 172: each is seen exactly once, whenever it arrives. */
static void
test_of_many_that_arrive_at_any_time_none_is_lost (void)
{
  GThread *thread;

  own_pid = getpid ();
  n_handled = n_seen = n_sent = 0;
  set_handler (SIGUSR1, handle);
  thread = g_thread_new ("sender", send_many, NULL);
  run_ok (open_and_close_all_the_time, NULL);
  g_thread_join (thread);
  g_assert_cmpint (n_seen + n_handled, ==, N_SENT);
  set_handler (SIGUSR1, SIG_DFL);
}

static TrioSignalReceiver *forgotten;

static gboolean
forget_a_receiver (gpointer data G_GNUC_UNUSED, GError **error)
{
  forgotten = trio_open_signal_receiver (usr1, error);
  if (forgotten == NULL)
    return FALSE;
  send_signal (SIGUSR1);
  return TRUE;
}

/* Statement 172, also for who forgets to close. */
static void
test_a_receiver_that_is_left_open_is_told_of_and_loses_nothing (void)
{
  struct sigaction now;

  n_handled = 0;
  set_handler (SIGUSR1, handle);
  g_test_expect_message ("Trio", G_LOG_LEVEL_WARNING, "*receiver open*");
  run_ok (forget_a_receiver, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpint (n_handled, ==, 1);
  g_assert_cmpint (sigaction (SIGUSR1, NULL, &now), ==, 0);
  g_assert_true (now.sa_handler == handle);
  g_clear_pointer (&forgotten, trio_signal_receiver_free);
  set_handler (SIGUSR1, SIG_DFL);
}

/* ---- whose they are ---- */

static gboolean
try_to_open (gpointer data G_GNUC_UNUSED, GError **error)
{
  GError *why = NULL;

  g_assert_null (trio_open_signal_receiver (usr1, &why));
  g_assert_error (why, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_clear_error (&why);
  return trio_checkpoint (error);
}

static gpointer
run_there (gpointer data G_GNUC_UNUSED)
{
  run_ok (try_to_open, NULL);
  return NULL;
}

static void
test_only_the_main_thread_has_signals (void)
{
  g_thread_join (g_thread_new ("other", run_there, NULL));
}

static gboolean
have_it (gpointer data, GError **error)
{
  TrioEvent *go_on = data;
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (usr1, error);

  return receiver != NULL && trio_event_wait (go_on, error);
}

static gboolean
want_it (gpointer data, GError **error)
{
  TrioEvent *go_on = data;
  GError *why = NULL;

  g_assert_null (trio_open_signal_receiver (usr1, &why));
  g_assert_error (why, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  g_clear_error (&why);
  trio_event_set (go_on);
  return trio_checkpoint (error);
}

static void
count_end (gboolean ok, const GError *error, gpointer data)
{
  g_assert_no_error (error);
  g_assert_true (ok);
  --*(guint *) data;
}

static void
test_two_runs_cannot_have_the_same_signal (void)
{
  g_autoptr (TrioEvent) go_on = trio_event_new ();
  guint n_running = 2;

  g_assert_true (trio_attach (have_it, go_on, NULL, count_end, &n_running, NULL));
  g_assert_true (trio_attach (want_it, go_on, NULL, count_end, &n_running, NULL));
  while (n_running > 0)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
receive_ctrl_c (gpointer data G_GNUC_UNUSED, GError **error)
{
  {
    g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (ctrl_c, error);
    int number;

    if (receiver == NULL)
      return FALSE;
    send_signal (SIGINT);
    if (!trio_signal_receiver_receive (receiver, &number, error))
      return FALSE;
    g_assert_cmpint (number, ==, SIGINT);
    send_signal (SIGINT);
  }
  /* The second one is a Ctrl-C again. */
  return trio_sleep_forever (error);
}

static void
test_ctrl_c_that_is_received_is_no_interrupt_and_one_that_is_left_is (void)
{
  g_autoptr (GError) error = NULL;
  struct sigaction now;

  g_assert_false (trio_run (receive_ctrl_c, NULL, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_assert_cmpint (sigaction (SIGINT, NULL, &now), ==, 0);
  g_assert_true (now.sa_handler == SIG_DFL);
}

/* ---- waiting ---- */

static void
send_when_all_wait (TrioInstrument *self G_GNUC_UNUSED, gint64 due)
{
  if (due == G_MAXINT64 && g_atomic_int_compare_and_exchange (&n_sent, 0, 1))
    send_signal (SIGUSR1);
}

static gboolean
wait_for_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (usr1, error);
  int number;

  return receiver != NULL && trio_signal_receiver_receive (receiver, &number, error);
}

/* The loop is about to sleep for ever when it comes. */
static void
test_a_signal_wakes_a_run_that_waits_for_nothing_else (void)
{
  TrioInstrument late = { .name = "late", .before_io_wait = send_when_all_wait };
  TrioInstrument *instruments[] = { &late, NULL };
  TrioRunOptions options = { .instruments = instruments, .deadlock = TRIO_DEADLOCK_FAIL_AMONG_THREADS };
  g_autoptr (GError) error = NULL;

  n_sent = 0;
  g_assert_true (trio_run_with (wait_for_it, NULL, &options, &error));
  g_assert_no_error (error);
  g_assert_cmpint (n_sent, ==, 1);
}

static gboolean
be_stopped (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioGracefulStop) stop =
    trio_stop_gracefully_on_signals (trio_nursery_get_cancel_scope (nursery), term, G_TIME_SPAN_HOUR, error);

  if (stop == NULL)
    return FALSE;
  kill (getpid (), SIGTERM);
  if (!trio_wait_soft_cancelled (error) || !trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (trio_graceful_stop_get_signal (stop), ==, SIGTERM);
  return TRUE;
}

static void
test_a_sigterm_stops_gracefully (void)
{
  run_ok (be_stopped, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(test) g_test_add_func ("/signals/" #test, test_##test)
  /* First, while there is one thread. */
  ADD (a_sigterm_that_was_not_taken_ends_the_process);
  ADD (dispositions_are_given_back_as_they_were);
  ADD (a_handler_that_came_later_is_left_alone);
  ADD (what_was_not_taken_goes_to_the_old_handler);
  ADD (of_many_that_arrive_at_any_time_none_is_lost);
  ADD (a_receiver_that_is_left_open_is_told_of_and_loses_nothing);
  ADD (only_the_main_thread_has_signals);
  ADD (two_runs_cannot_have_the_same_signal);
  ADD (ctrl_c_that_is_received_is_no_interrupt_and_one_that_is_left_is);
  ADD (a_signal_wakes_a_run_that_waits_for_nothing_else);
  ADD (a_sigterm_stops_gracefully);
#undef ADD

  return g_test_run ();
}
