/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Signals: receiving them, and stopping because of them. In the real world they are real ones. */

#include <signal.h>

#include <trio/seam/signals.h>

#include "tests/parity/parity.h"

#define MILLISECOND G_TIME_SPAN_MILLISECOND

static const int both[] = { SIGUSR1, SIGUSR2, 0 };
static const int only_usr1[] = { SIGUSR1, 0 };
static const int only_usr2[] = { SIGUSR2, 0 };

static void
send_signal (int number)
{
  trio_current_signals ()->raise (trio_current_signals (), number);
}

/* The next signal is that one. */
TRIO_CHECKPOINT static gboolean
expect_signal (TrioSignalReceiver *receiver, int expected, GError **error)
{
  int number;

  if (!trio_signal_receiver_receive (receiver, &number, error))
    return FALSE;
  g_assert_cmpint (number, ==, expected);
  return TRUE;
}

static void
expect_pending (TrioSignalReceiver *receiver, guint n)
{
  TrioSignalReceiverStatistics statistics;

  trio_signal_receiver_get_statistics (receiver, &statistics);
  g_assert_cmpuint (statistics.signals_pending, ==, n);
}

/* What was sent is told in the next turn. */
TRIO_CHECKPOINT static gboolean
let_them_arrive (GError **error)
{
  return trio_sleep (MILLISECOND, error);
}

static gboolean
test_different_signals_come_in_order_and_equal_ones_are_one (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (both, error);

  if (receiver == NULL)
    return FALSE;
  send_signal (SIGUSR2);
  send_signal (SIGUSR1);
  send_signal (SIGUSR2);
  if (!let_them_arrive (error))
    return FALSE;
  expect_pending (receiver, 2);
  send_signal (SIGUSR2);
  if (!let_them_arrive (error))
    return FALSE;
  expect_pending (receiver, 2);
  if (!expect_signal (receiver, SIGUSR2, error) || !expect_signal (receiver, SIGUSR1, error))
    return FALSE;
  expect_pending (receiver, 0);
  return TRUE;
}

typedef struct
{
  TrioSignalReceiver *receiver;
  guint               n_received;
  GError             *why;
} Listener;

static gboolean
listen_once (gpointer data, GError **error)
{
  Listener *listener = data;

  if (!expect_signal (listener->receiver, SIGUSR1, error))
    return FALSE;
  listener->n_received++;
  return TRUE;
}

static gboolean
test_a_task_waits_for_a_signal (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (only_usr1, error);
  Listener listener = { .receiver = receiver };
  g_autoptr (TrioNursery) nursery = NULL;

  if (receiver == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, listen_once, &listener);
  if (!let_them_arrive (error))
    return FALSE;
  g_assert_cmpuint (listener.n_received, ==, 0);
  send_signal (SIGUSR1);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (listener.n_received, ==, 1);
  return TRUE;
}

static gboolean
test_a_cancelled_receive_has_taken_nothing (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (only_usr1, error);
  int number = 0;

  if (receiver == NULL)
    return FALSE;
  for (guint i = 0; i < 2; i++)
    {
      GError *why = NULL;
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (&why);

      /* The first waits and is given up, the second finds a signal and must leave it there. */
      if (i == 1)
        {
          send_signal (SIGUSR1);
          g_assert_true (let_them_arrive (&why));
          trio_cancel_scope_cancel (scope);
        }
      else
        trio_cancel_scope_set_deadline (scope, trio_current_time () + MILLISECOND);
      g_assert_true (trio_cancel_scope_close (scope, trio_signal_receiver_receive (receiver, &number, &why)));
      g_assert_true (trio_cancel_scope_cancelled_caught (scope));
      g_assert_cmpint (number, ==, 0);
      expect_pending (receiver, i);
    }
  return expect_signal (receiver, SIGUSR1, error);
}

static gboolean
be_closed (gpointer data, GError **error G_GNUC_UNUSED)
{
  Listener *listener = data;
  int number;

  g_assert_false (trio_signal_receiver_receive (listener->receiver, &number, &listener->why));
  return TRUE;
}

static gboolean
test_one_task_waits_at_a_time_and_closing_wakes_it (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (only_usr1, error);
  Listener listener = { .receiver = receiver };
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioCancelScope) patience = NULL;
  GError *why = NULL;
  int number;

  if (receiver == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, be_closed, &listener);
  if (!let_them_arrive (error))
    return FALSE;
  /* At once. If it waited it would take the first one's place. */
  patience = trio_move_on_after (G_TIME_SPAN_SECOND, error);
  g_assert_false (trio_signal_receiver_receive (receiver, &number, &why));
  parity_expect_error (why, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  if (!trio_cancel_scope_close (patience, TRUE))
    return FALSE;
  trio_signal_receiver_close (receiver);
  trio_signal_receiver_close (receiver);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  parity_expect_error (listener.why, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_false (trio_signal_receiver_receive (receiver, &number, &why));
  parity_expect_error (why, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

/* Statement 172. With and without a turn between the signal and the end. */
static gboolean
test_what_a_receiver_leaves_goes_to_the_one_before (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint told = 0; told < 2; told++)
    {
      g_autoptr (TrioSignalReceiver) outer = trio_open_signal_receiver (both, error);
      g_autoptr (TrioSignalReceiver) inner = outer != NULL ? trio_open_signal_receiver (only_usr1, error) : NULL;

      if (inner == NULL)
        return FALSE;
      send_signal (SIGUSR1);
      send_signal (SIGUSR2);
      if (told && !let_them_arrive (error))
        return FALSE;
      if (told)
        {
          expect_pending (inner, 1);
          expect_pending (outer, 1);
        }
      trio_signal_receiver_close (inner);
      if (!let_them_arrive (error))
        return FALSE;
      expect_pending (outer, 2);
      /* Unless it was told before the end, USR2 came to it later than what the inner one gave back. */
      if (!expect_signal (outer, told ? SIGUSR2 : SIGUSR1, error) || !expect_signal (outer, told ? SIGUSR1 : SIGUSR2, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
test_receivers_may_end_in_any_order (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) first = trio_open_signal_receiver (both, error);
  g_autoptr (TrioSignalReceiver) second = first != NULL ? trio_open_signal_receiver (both, error) : NULL;

  if (second == NULL)
    return FALSE;
  trio_signal_receiver_close (first);
  send_signal (SIGUSR1);
  if (!expect_signal (second, SIGUSR1, error))
    return FALSE;
  trio_signal_receiver_close (second);

  /* And all of it again, as if there had never been any. */
  {
    g_autoptr (TrioSignalReceiver) third = trio_open_signal_receiver (only_usr2, error);

    if (third == NULL)
      return FALSE;
    send_signal (SIGUSR2);
    return expect_signal (third, SIGUSR2, error);
  }
}

static gboolean
test_what_cannot_be_received_is_refused (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const int none[] = { 0 };
  static const int with_kill[] = { SIGUSR1, SIGKILL, 0 };
  static const int with_fault[] = { SIGUSR1, SIGSEGV, 0 };
  static const int no_signal[] = { -1, 0 };
  static const int *const bad[] = { none, with_kill, with_fault, no_signal };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      GError *why = NULL;

      g_assert_null (trio_open_signal_receiver (bad[i], &why));
      parity_expect_error (why, TRIO_ERROR, TRIO_ERROR_MISUSE);
    }
  return trio_checkpoint (error);
}

/* ---- stopping ---- */

typedef struct
{
  TrioListener *listener;
  TrioEvent    *begun;
  TrioEvent    *go_on;
  gboolean      served;
} Shop;

static gboolean
sell (TrioStream *stream, gpointer data, GError **error)
{
  Shop *shop = data;

  trio_event_set (shop->begun);
  if (!trio_event_wait (shop->go_on, error) || !trio_stream_send_all (stream, "here you are", 12, error))
    return FALSE;
  shop->served = TRUE;
  return TRUE;
}

static gboolean
keep_shop (gpointer data, GError **error)
{
  Shop *shop = data;

  return trio_serve_listener (shop->listener, sell, shop, error);
}

/* How many signals it got until it had ended, and whether it had served its customer by then. */
TRIO_CHECKPOINT static gboolean
run_shop (guint n_signals, gboolean expected_to_serve, GError **error)
{
  g_autoptr (TrioEvent) begun = trio_event_new ();
  g_autoptr (TrioEvent) go_on = trio_event_new ();
  g_autoptr (TrioListener) listener = parity_listen (error);
  Shop shop = { .listener = listener, .begun = begun, .go_on = go_on };
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioGracefulStop) stop = NULL;
  g_autoptr (TrioStream) customer = NULL;

  if (listener == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  stop = trio_stop_gracefully_on_signals (trio_nursery_get_cancel_scope (nursery), both, G_TIME_SPAN_HOUR, error);
  if (stop == NULL)
    return FALSE;
  trio_nursery_start_soon (nursery, keep_shop, &shop);
  customer = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error);
  if (customer == NULL || !trio_event_wait (begun, error))
    return FALSE;
  for (guint i = 1; i <= n_signals; i++)
    {
      GError *why = NULL;

      send_signal (both[i - 1]);
      while (trio_graceful_stop_get_asked (stop) < i)
        if (!let_them_arrive (&why))
          g_clear_error (&why);
    }
  if (expected_to_serve)
    trio_event_set (go_on);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (trio_graceful_stop_get_signal (stop), ==, SIGUSR1);
  g_assert_true (shop.served == expected_to_serve);
  return TRUE;
}

static gboolean
test_the_first_signal_lets_a_server_finish_its_work (gpointer data G_GNUC_UNUSED, GError **error)
{
  return run_shop (1, TRUE, error);
}

static gboolean
test_the_second_signal_does_not (gpointer data G_GNUC_UNUSED, GError **error)
{
  return run_shop (2, FALSE, error);
}

static gboolean
test_who_has_ended_by_itself_is_not_kept_by_the_signals (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioGracefulStop) stop =
    trio_stop_gracefully_on_signals (trio_nursery_get_cancel_scope (nursery), both, G_TIME_SPAN_HOUR, error);

  if (stop == NULL)
    return FALSE;
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (trio_graceful_stop_get_asked (stop), ==, 0);
  /* It is over: there is nothing left to ask. */
  send_signal (SIGUSR1);
  return let_them_arrive (error);
}

/* --- in a select --- */

static gboolean
send_usr1_later (gpointer data G_GNUC_UNUSED, GError **error)
{
  if (!trio_sleep (MILLISECOND, error))
    return FALSE;
  send_signal (SIGUSR1);
  return TRUE;
}

static gboolean
test_a_select_takes_a_signal_that_is_there_or_comes (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (both, error);
  g_autoptr (TrioEvent) event = trio_event_new ();
  int number = 0;
  gsize chosen;
  const TrioSelectCase cases[] = { trio_case_event (event), trio_case_signal (receiver, &number), trio_case_signal (NULL, &number) };

  if (receiver == NULL)
    return FALSE;
  send_signal (SIGUSR2);
  if (!let_them_arrive (error) || !trio_select (cases, 3, &chosen, error))
    return FALSE;
  g_assert_cmpuint (chosen, ==, 1);
  g_assert_cmpint (number, ==, SIGUSR2);
  {
    g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

    trio_nursery_start_soon (nursery, send_usr1_later, NULL);
    if (!trio_select (cases, 3, &chosen, error) || !trio_nursery_close (nursery, TRUE))
      return FALSE;
  }
  g_assert_cmpuint (chosen, ==, 1);
  g_assert_cmpint (number, ==, SIGUSR1);
  return TRUE;
}

/* Something else was chosen, or it was cancelled: the signal waits for who comes next. */
static gboolean
test_a_select_that_chose_something_else_took_no_signal (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (both, error);
  g_autoptr (TrioCancelScope) scope = NULL;
  int number = 0;
  gsize chosen;
  const TrioSelectCase cases[] = { trio_case_signal (receiver, &number), trio_case_after (MILLISECOND) };
  TrioSignalReceiverStatistics statistics;

  if (receiver == NULL || !trio_select (cases, 2, &chosen, error))
    return FALSE;
  g_assert_cmpuint (chosen, ==, 1);
  trio_signal_receiver_get_statistics (receiver, &statistics);
  g_assert_cmpuint (statistics.tasks_waiting, ==, 0);
  send_signal (SIGUSR1);
  if (!let_them_arrive (error))
    return FALSE;
  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  if (!trio_cancel_scope_close (scope, trio_select (cases, 1, &chosen, error)))
    return FALSE;
  g_assert_cmpuint (chosen, ==, G_MAXSIZE);
  g_assert_cmpint (number, ==, 0);
  expect_pending (receiver, 1);
  return expect_signal (receiver, SIGUSR1, error);
}

typedef struct
{
  TrioSignalReceiver *receiver;
  gsize               chosen;
  GError             *failure;
} Chooser;

static gboolean
choose (gpointer data, GError **error G_GNUC_UNUSED)
{
  Chooser *self = data;
  int number;
  const TrioSelectCase one = trio_case_signal (self->receiver, &number);

  g_assert_false (trio_select (&one, 1, &self->chosen, &self->failure));
  return TRUE;
}

static gboolean
test_a_select_is_one_who_waits (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSignalReceiver) receiver = trio_open_signal_receiver (both, error);
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (GError) failure = NULL;
  Chooser first = { receiver, 0, NULL }, second = { receiver, 0, NULL };
  int number;

  if (receiver == NULL)
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, choose, &first);
  if (!let_them_arrive (error) || !choose (&second, error))
    return FALSE;
  parity_expect_error (second.failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  g_assert_cmpuint (second.chosen, ==, 0);
  g_assert_false (trio_signal_receiver_receive (receiver, &number, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE);
  trio_signal_receiver_close (receiver);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  parity_expect_error (first.failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_cmpuint (first.chosen, ==, 0);
  if (!choose (&second, error))
    return FALSE;
  parity_expect_error (second.failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(body) PARITY_TEST ("/signals/" #body, body)
  ADD (test_different_signals_come_in_order_and_equal_ones_are_one);
  ADD (test_a_task_waits_for_a_signal);
  ADD (test_a_cancelled_receive_has_taken_nothing);
  ADD (test_one_task_waits_at_a_time_and_closing_wakes_it);
  ADD (test_what_a_receiver_leaves_goes_to_the_one_before);
  ADD (test_receivers_may_end_in_any_order);
  ADD (test_what_cannot_be_received_is_refused);
  ADD (test_the_first_signal_lets_a_server_finish_its_work);
  ADD (test_the_second_signal_does_not);
  ADD (test_who_has_ended_by_itself_is_not_kept_by_the_signals);
  ADD (test_a_select_takes_a_signal_that_is_there_or_comes);
  ADD (test_a_select_that_chose_something_else_took_no_signal);
  ADD (test_a_select_is_one_who_waits);
#undef ADD

  return g_test_run ();
}
