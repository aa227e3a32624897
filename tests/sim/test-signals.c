/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Simulated signals: raised by a scenario, by a schedule, by a search; and what they do where nobody receives them. */

#include <string.h>

#include "tests/sim/sim-test.h"

#define HUP  1
#define INT  2
#define TERM 15

static const int hup_and_term[] = { TERM, HUP, 0 };
static const int term[] = { TERM, 0 };
static const int ctrl_c[] = { INT, 0 };

static gboolean
wait_for_one (gpointer data, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (hup_and_term, error);

  return receiver != NULL && trio_signal_receiver_receive (receiver, data, error);
}

static void
test_waiting_for_a_signal_that_nobody_sends_is_a_deadlock (void)
{
  int number = 0;
  g_autoptr (TrioSimReport) stuck = sim_run_fifo (wait_for_one, &number);

  sim_expect (stuck, TRIO_SIM_DEADLOCK, "tasks wait in trio_signal_receiver_receive");
  g_assert_nonnull (strstr (stuck->message, "signal 15"));
}

/* A task that gives others a turn, so that there are steps before which a signal can come. */
static gboolean
go_on_for_a_while (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 5; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  return TRUE;
}

static gboolean
wait_beside_another (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_for_one, data);
  trio_nursery_start_soon (nursery, go_on_for_a_while, NULL);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_the_answer_is_the_place_among_those_received (void)
{
  int number = 0;
  g_autoptr (TrioSimReport) hup = sim_run_lines (wait_beside_another, &number, "main/go_on_for_a_while interrupt.signal 2 = 1/3");
  int first = number;
  g_autoptr (TrioSimReport) other = sim_run_lines (wait_beside_another, &number, "main/go_on_for_a_while interrupt.signal 2 = 2/3");

  sim_expect (hup, TRIO_SIM_OK, NULL);
  sim_expect (other, TRIO_SIM_OK, NULL);
  g_assert_cmpuint (hup->unmatched + other->unmatched, ==, 0);
  g_assert_cmpint (first, ==, HUP);
  g_assert_cmpint (number, ==, TERM);
}

static gboolean
raise_term (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (!trio_checkpoint (error))
    return FALSE;
  trio_sim_raise (TERM);
  return trio_checkpoint (error);
}

static void
test_who_is_not_prepared_is_killed (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (raise_term, NULL);

  sim_expect (report, TRIO_SIM_ERROR, "killed by signal 15");
}

static gboolean
raise_ctrl_c (gpointer data G_GNUC_UNUSED, GError **error)
{
  GError *why = NULL;

  trio_sim_raise (INT);
  g_assert_false (trio_sleep_forever (&why));
  g_assert_error (why, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_clear_error (&why);
  return trio_checkpoint (error);
}

static void
test_sigint_that_nobody_receives_is_ctrl_c (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (raise_ctrl_c, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static gboolean
leave_it (gpointer data, GError **error)
{
  {
    g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (data, error);

    if (receiver == NULL)
      return FALSE;
    trio_sim_raise (((const int *) data)[0]);
  }
  trio_unreachable ("the process goes on");
  return trio_checkpoint (error);
}

/* Statement 172: the old disposition, which ends the process, and so the run. It was meant for a receiver, so nothing is wrong with that. */
static void
test_one_that_is_left_ends_the_process (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (leave_it, (gpointer) term);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static gboolean
leave_ctrl_c (gpointer data G_GNUC_UNUSED, GError **error)
{
  GError *why = NULL;
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (ctrl_c, error);

  if (receiver == NULL)
    return FALSE;
  trio_sim_raise (INT);
  if (!trio_checkpoint (error))
    return FALSE;
  trio_signal_receiver_close (receiver);
  g_assert_false (trio_checkpoint (&why));
  g_assert_error (why, TRIO_ERROR, TRIO_ERROR_KEYBOARD_INTERRUPT);
  g_clear_error (&why);
  return trio_checkpoint (error);
}

/* Statement 172. */
static void
test_a_sigint_that_is_left_is_ctrl_c (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (leave_ctrl_c, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

static TrioSignalReceiver *forgotten;

static gboolean
forget_a_receiver (gpointer data G_GNUC_UNUSED, GError **error)
{
  forgotten = trio_open_signal_receiver (term, error);
  return forgotten != NULL && trio_checkpoint (error);
}

static void
test_a_receiver_that_is_left_open_is_a_leak (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (forget_a_receiver, NULL);

  sim_expect (report, TRIO_SIM_LEAK, "signal receiver");
  g_clear_pointer (&forgotten, trio_signal_receiver_free);
}

/* ---- searches ---- */

/* While SIGINT is received, none comes as a Ctrl-C; and each that comes is either seen or left. */
static gboolean
count_ctrl_c (gpointer data, GError **error)
{
  guint *n_seen = data;
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (ctrl_c, error);
  TrioSignalReceiverStatistics statistics;
  GError *why = NULL;
  int number;

  if (receiver == NULL)
    return FALSE;
  for (guint i = 0; i < 5; i++)
    {
      gboolean ok = trio_checkpoint (&why);

      trio_always (ok, "no Ctrl-C comes while it is received");
    }
  trio_signal_receiver_get_statistics (receiver, &statistics);
  if (statistics.signals_pending == 0)
    return TRUE;
  ++*n_seen;
  return trio_signal_receiver_receive (receiver, &number, error);
}

static void
test_searches_that_interrupt_let_received_signals_come (void)
{
  guint n_seen = 0;

  for (guint64 seed = 1; seed <= 300; seed++)
    {
      g_autoptr (TrioSimReport) report = sim_run_random (count_ctrl_c, &n_seen, seed, TRIO_SIM_INJECT_INTERRUPT);

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
  g_assert_cmpuint (n_seen, >, 10);
  n_seen = 0;
  for (guint64 seed = 1; seed <= 50; seed++)
    trio_sim_report_free (sim_run_random (count_ctrl_c, &n_seen, seed, TRIO_SIM_INJECT_CANCEL));
  g_assert_cmpuint (n_seen, ==, 0);
}

/* A service that forgets a job when it is asked to end between taking it and doing it. */
typedef struct
{
  guint n_taken;
  guint n_done;
} Service;

static gboolean
work (gpointer data, GError **error)
{
  Service *service = data;

  for (guint i = 0; i < 3; i++)
    {
      if (trio_current_soft_cancelled ())
        return TRUE;
      service->n_taken++;
      if (!trio_checkpoint (error))
        return FALSE;
      if (trio_current_soft_cancelled ())
        return TRUE;                     /* and the job? */
      service->n_done++;
    }
  return TRUE;
}

static gboolean
serve_until_asked (gpointer data G_GNUC_UNUSED, GError **error)
{
  Service service = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioGracefulStop) stop =
    trio_stop_gracefully_on_signals (trio_nursery_get_cancel_scope (nursery), term, G_TIME_SPAN_SECOND, error);

  if (stop == NULL)
    return FALSE;
  trio_nursery_start_soon (nursery, work, &service);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_always (service.n_done == service.n_taken, "every job that was taken is done");
  return TRUE;
}

static void
test_a_service_that_does_not_stop_well_is_found_out (void)
{
  guint n_found = 0;

  for (guint64 seed = 1; seed <= 300; seed++)
    {
      const TrioSimOptions options = { .strategy = "random", .seed = seed, .inject = TRIO_SIM_INJECT_INTERRUPT, .check_determinism = TRUE };
      g_autoptr (TrioSimReport) report = sim_run (serve_until_asked, NULL, &options);

      if (report->verdict == TRIO_SIM_OK)
        continue;
      sim_expect (report, TRIO_SIM_ALWAYS, "every job that was taken is done");
      if (n_found++ == 0)
        {
          g_autoptr (TrioSimReport) again = sim_run_replay (serve_until_asked, NULL, report->schedule, TRIO_SIM_INJECT_NONE);

          g_assert_cmpuint (again->hash, ==, report->hash);
        }
    }
  g_assert_cmpuint (n_found, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(test) g_test_add_func ("/signals/" #test, test_##test)
  ADD (waiting_for_a_signal_that_nobody_sends_is_a_deadlock);
  ADD (the_answer_is_the_place_among_those_received);
  ADD (who_is_not_prepared_is_killed);
  ADD (sigint_that_nobody_receives_is_ctrl_c);
  ADD (one_that_is_left_ends_the_process);
  ADD (a_sigint_that_is_left_is_ctrl_c);
  ADD (a_receiver_that_is_left_open_is_a_leak);
  ADD (searches_that_interrupt_let_received_signals_come);
  ADD (a_service_that_does_not_stop_well_is_found_out);
#undef ADD

  return g_test_run ();
}
