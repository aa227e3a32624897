/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Which case a select chooses when several are ready: none starves, time goes first, and the simulator may choose otherwise. And
 * selecting without waiting, and against a clock. */

#include <trio-sim/sim.h>

#include "tests/sync/sync-test.h"

enum { N_CHANNELS = 4 };

typedef struct
{
  TrioSendChannel    *send[N_CHANNELS];
  TrioReceiveChannel *receive[N_CHANNELS];
  gpointer            values[N_CHANNELS];
  TrioSelectCase      cases[N_CHANNELS];
} Bank;

static void
bank_init (Bank *bank, gsize buffer)
{
  for (int i = 0; i < N_CHANNELS; i++)
    {
      trio_open_memory_channel (buffer, NULL, &bank->send[i], &bank->receive[i]);
      bank->cases[i] = trio_case_receive (bank->receive[i], &bank->values[i]);
    }
}

static void
bank_clear (Bank *bank)
{
  for (int i = 0; i < N_CHANNELS; i++)
    {
      trio_send_channel_free (bank->send[i]);
      trio_receive_channel_free (bank->receive[i]);
    }
}

static void
bank_fill (Bank *bank, int i)
{
  if (!trio_send_channel_send_nowait (bank->send[i], bank, NULL))
    g_assert_not_reached ();
}

/* All are ready always: they take turns, in whichever order the array has them. */
static gboolean
all_take_turns (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Bank bank;
  gsize chosen, counts[N_CHANNELS] = { 0 };

  bank_init (&bank, 1);
  for (int round = 0; round < 5 * N_CHANNELS; round++)
    {
      for (int i = 0; i < N_CHANNELS; i++)
        if (bank.values[i] != NULL || round == 0)
          bank_fill (&bank, i);
      memset (bank.values, 0, sizeof bank.values);
      if (!trio_select (bank.cases, N_CHANNELS, &chosen, error))
        return FALSE;
      counts[chosen]++;
      mock_say ("%d", (int) chosen);
    }
  for (int i = 0; i < N_CHANNELS; i++)
    g_assert_cmpuint (counts[i], ==, 5);
  bank_clear (&bank);
  return TRUE;
}

static void
test_all_that_are_ready_take_turns (void)
{
  mock_run_ok (all_take_turns, NULL);
  mock_expect ("0 1 2 3 0 1 2 3 0 1 2 3 0 1 2 3 0 1 2 3");
}

/* Two selects over some of the same channels, alternately: a counter in common would let one of them see the same one each time. */
static gboolean
two_selects_alternate (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Bank bank;
  gsize chosen, counts[N_CHANNELS] = { 0 };

  bank_init (&bank, 100);
  for (int round = 0; round < 20; round++)
    {
      for (int i = 0; i < N_CHANNELS; i++)
        bank_fill (&bank, i);
      if (!trio_select (&bank.cases[0], 2, &chosen, error))
        return FALSE;
      counts[chosen]++;
      if (!trio_select (&bank.cases[2], 2, &chosen, error))
        return FALSE;
      counts[2 + chosen]++;
    }
  for (int i = 0; i < N_CHANNELS; i++)
    g_assert_cmpuint (counts[i], ==, 10);
  bank_clear (&bank);
  return TRUE;
}

static void
test_alternating_selects_do_not_starve_a_case (void)
{
  mock_run_ok (two_selects_alternate, NULL);
}

/* A set event is ready for ever, and does not keep others out; a time that has passed goes first. */
static gboolean
an_event_does_not_starve_a_channel (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Bank bank;
  gsize chosen;
  g_autoptr (TrioEvent) event = trio_event_new ();
  TrioSelectCase cases[3];

  bank_init (&bank, 100);
  trio_event_set (event);
  cases[0] = trio_case_event (event);
  cases[1] = bank.cases[0];
  cases[2] = trio_case_at (G_MAXINT64);
  for (int round = 0; round < 6; round++)
    {
      bank_fill (&bank, 0);
      if (!trio_select (cases, 3, &chosen, error))
        return FALSE;
      mock_say ("%d", (int) chosen);
    }
  cases[2] = trio_case_after (-5);
  if (!trio_select (cases, 3, &chosen, error))
    return FALSE;
  mock_say ("%d", (int) chosen);
  bank_clear (&bank);
  return TRUE;
}

static void
test_an_event_does_not_starve_a_channel_and_time_goes_first (void)
{
  mock_run_ok (an_event_does_not_starve_a_channel, NULL);
  mock_expect ("0 1 0 1 0 1 2");
}

/* Time goes first also before what was never chosen, wherever the two stand. */
static gboolean
time_is_up_and_the_event_is_set (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (int time_stands_first = 0; time_stands_first < 2; time_stands_first++)
    {
      g_autoptr (TrioEvent) event = trio_event_new ();
      TrioSelectCase cases[2];
      gsize chosen;

      cases[time_stands_first] = trio_case_event (event);
      cases[!time_stands_first] = trio_case_after (0);
      trio_event_set (event);
      if (!trio_select (cases, 2, &chosen, error))
        return FALSE;
      mock_say ("%s", chosen == (gsize) !time_stands_first ? "time" : "event");
    }
  return TRUE;
}

static void
test_time_goes_before_what_was_never_chosen (void)
{
  mock_run_ok (time_is_up_and_the_event_is_set, NULL);
  mock_expect ("time time");
}

/* In the simulator the order is a choice: every case that is ready is chosen in some run, and the trace says so. */
static gboolean
choose_the_first_time (gpointer chosen, GError **error)
{
  Bank bank;
  gboolean ok;

  bank_init (&bank, 1);
  bank_fill (&bank, 1);
  bank_fill (&bank, 3);
  bank_fill (&bank, 2);
  ok = trio_select (bank.cases, N_CHANNELS, chosen, error);
  bank_clear (&bank);
  return ok;
}

static void
test_in_the_simulator_the_order_is_a_choice (void)
{
  gsize seen[N_CHANNELS] = { 0 };

  for (guint64 seed = 1; seed <= 200; seed++)
    {
      TrioSimOptions options = { .strategy = seed == 1 ? "fifo" : "random", .seed = seed };
      GError *error = NULL;
      gsize chosen;

      g_assert_true (trio_sim_run (choose_the_first_time, &chosen, &options, NULL, &error));
      if (seed == 1)
        g_assert_cmpuint (chosen, ==, 1);
      seen[chosen]++;
    }
  g_assert_cmpuint (seen[0], ==, 0);
  for (int i = 1; i < N_CHANNELS; i++)
    g_assert_cmpuint (seen[i], >, 0);
}

/* ---- without waiting ---- */

static gboolean
test_select_without_waiting (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Bank bank;
  gsize chosen = 7;
  GError *failure = NULL;

  bank_init (&bank, 1);
  g_assert_false (trio_select_nowait (bank.cases, N_CHANNELS, &chosen, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (chosen, ==, G_MAXSIZE);
  bank_fill (&bank, 2);
  g_assert_true (trio_select_nowait (bank.cases, N_CHANNELS, &chosen, error));
  g_assert_cmpuint (chosen, ==, 2);
  g_assert_true (bank.values[2] == &bank);

  trio_send_channel_close (bank.send[1]);
  g_assert_false (trio_select_nowait (bank.cases, N_CHANNELS, &chosen, &failure));
  mock_assert_error (failure, TRIO_ERROR_END_OF_CHANNEL);
  g_assert_cmpuint (chosen, ==, 1);
  bank_clear (&bank);
  return TRUE;
}

/* ---- against a clock ---- */

/* The earliest of several times, exactly then; statement 117: never before. */
static gboolean
test_wait_for_the_earliest_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gint64 begin = trio_current_time ();
  TrioSelectCase cases[3];
  gsize chosen;

  cases[0] = trio_case_after (G_TIME_SPAN_DAY);
  cases[1] = trio_case_after (G_TIME_SPAN_HOUR);
  cases[2] = trio_case_at (G_MAXINT64);
  if (!trio_select (cases, 3, &chosen, error))
    return FALSE;
  g_assert_cmpuint (chosen, ==, 1);
  g_assert_cmpint (trio_current_time (), >=, begin + G_TIME_SPAN_HOUR);
  if (!sync_test_is_simulated ())
    g_assert_cmpint (trio_current_time (), ==, begin + G_TIME_SPAN_HOUR);
  return TRUE;
}

static gboolean
send_late (gpointer bank, GError **error)
{
  return trio_sleep (G_TIME_SPAN_MINUTE, error) && trio_send_channel_send (((Bank *) bank)->send[0], bank, error);
}

/* A value that comes before the time takes the timer away. */
static gboolean
test_a_value_in_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Bank bank;
  TrioSelectCase cases[2];
  gsize chosen;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  bank_init (&bank, 0);
  cases[0] = bank.cases[0];
  cases[1] = trio_case_after (G_TIME_SPAN_HOUR);
  trio_nursery_start_soon (nursery, send_late, &bank);
  if (!trio_select (cases, 2, &chosen, error))
    return FALSE;
  g_assert_cmpuint (chosen, ==, 0);
  if (!trio_sleep (2 * G_TIME_SPAN_HOUR, error))
    return FALSE;
  bank_clear (&bank);
  return trio_nursery_close (nursery, TRUE);
}

/* With nothing to wait for it waits to be cancelled. */
static gboolean
test_nothing_is_never_ready (gpointer unused G_GNUC_UNUSED, GError **error)
{
  const TrioSelectCase cases[] = { trio_case_event (NULL), trio_case_at (G_MAXINT64) };
  gsize chosen;

  for (gsize n = 0; n <= 2; n++)
    {
      g_autoptr (TrioCancelScope) scope = trio_move_on_after (G_TIME_SPAN_MINUTE, error);
      gboolean ok = trio_select (n == 0 ? NULL : cases, n, &chosen, error);

      g_assert_false (ok);
      g_assert_cmpuint (chosen, ==, G_MAXSIZE);
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
      g_assert_true (trio_cancel_scope_cancelled_caught (scope));
    }
  return TRUE;
}

static void
test_a_case_without_room_for_its_value_is_never_ready (void)
{
  TrioSelectCase one;

  mock_expect_critical ("value != NULL");
  one = trio_case_receive ((TrioReceiveChannel *) &one, NULL);
  mock_expect_critical ("value != NULL");
  one = trio_case_broadcast ((TrioBroadcastReceiver *) &one, NULL, NULL);
  g_test_assert_expected_messages ();
  g_assert_null (one.object);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/select-order/all-that-are-ready-take-turns", test_all_that_are_ready_take_turns);
  g_test_add_func ("/select-order/alternating-selects-do-not-starve-a-case", test_alternating_selects_do_not_starve_a_case);
  g_test_add_func ("/select-order/an-event-does-not-starve-a-channel-and-time-goes-first",
                   test_an_event_does_not_starve_a_channel_and_time_goes_first);
  g_test_add_func ("/select-order/time-goes-before-what-was-never-chosen", test_time_goes_before_what_was_never_chosen);
  g_test_add_func ("/select-order/in-the-simulator-the-order-is-a-choice", test_in_the_simulator_the_order_is_a_choice);
  SYNC_TEST ("/select-order/select-without-waiting", test_select_without_waiting);
  SYNC_TEST ("/select-order/wait-for-the-earliest-time", test_wait_for_the_earliest_time);
  SYNC_TEST ("/select-order/a-value-in-time", test_a_value_in_time);
  SYNC_TEST ("/select-order/nothing-is-never-ready", test_nothing_is_never_ready);
  g_test_add_func ("/select-order/a-case-without-room-for-its-value-is-never-ready",
                   test_a_case_without_room_for_its_value_is_never_ready);
  return g_test_run ();
}
