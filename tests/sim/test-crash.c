/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Hosts that crash, come up again, stand still, and whose clocks are wrong. */

#include <trio/lowlevel/parking-lot.h>

#include "tests/sim/hosts-test.h"

/* --- crash and restart --- */

static gboolean
see_it_crash (gpointer data, GError **error)
{
  HostsPair *pair = data;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);
  gint64 start = trio_current_time ();

  if (stream == NULL || !hosts_exchange (stream, error))
    return FALSE;
  trio_sim_host_crash (pair->server_host, seconds (10));
  g_assert_false (trio_sim_host_is_up (pair->server_host));

  /* Nothing is heard of it; then it is up again, and knows of no such connection. */
  g_assert_false (hosts_exchange (stream, error));
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_clear_error (error);
  g_assert_true (trio_sim_host_is_up (pair->server_host));
  g_assert_cmpint ((trio_current_time () - start) / seconds (1), ==, 12);
  return hosts_ask_once ("db", seconds (1), error) && trio_stream_close (stream, error);
}

static void
test_a_crash_is_silence_and_then_a_reset (void)
{
  hosts_expect_pair (see_it_crash, "", TRIO_SIM_OK);
}

static gboolean
meet_the_dead (gpointer data, GError **error)
{
  HostsPair *pair = data;
  gint64 start = trio_current_time ();

  trio_sim_host_crash (pair->server_host, G_MAXINT64);
  g_assert_false (hosts_ask_once ("db", G_MAXINT64, error));
  g_clear_error (error);
  g_assert_cmpint ((trio_current_time () - start) / seconds (1), ==, 127);
  trio_sim_host_restart (pair->server_host);
  return trio_sleep (ms (1), error) && hosts_ask_once ("db", seconds (1), error);
}

static void
test_a_dead_host_does_not_answer_until_it_is_restarted (void)
{
  hosts_expect_pair (meet_the_dead, "", TRIO_SIM_OK);
}

/* Everything that a task can be in the middle of. */
typedef struct
{
  TrioSimHost     *host;
  TrioNursery     *nursery;          /* of the scenario */
  TrioLock        *lock;
  TrioEvent       *event;
  TrioParkingLot   lot;
  guint            n_boots;
  guint            n_unwound;
  guint            n_after;
  TrioSendChannel *send;
  TrioReceiveChannel *receive;
} Busy;

static void
note_unwinding (Busy **busy)
{
  (*busy)->n_unwound++;
}

#define WATCHED(busy) __attribute__ ((cleanup (note_unwinding))) Busy *watched G_GNUC_UNUSED = (busy)

static gboolean
hold_lock (gpointer data, GError **error)
{
  Busy *busy = data;
  WATCHED (busy);

  /* After the first crash it is broken. */
  return (busy->n_boots > 1 || trio_lock_acquire (busy->lock, error)) && trio_sleep_forever (error);
}

static gboolean
wait_for_event (gpointer data, GError **error)
{
  Busy *busy = data;
  WATCHED (busy);
  g_autoptr (TrioCancelScope) scope = trio_fail_after (G_TIME_SPAN_HOUR, error);

  return trio_cancel_scope_close (scope, trio_event_wait (busy->event, error));
}

static gboolean
park (gpointer data, GError **error)
{
  Busy *busy = data;
  WATCHED (busy);

  return trio_parking_lot_park (&busy->lot, error);
}

static gboolean
receive (gpointer data, GError **error)
{
  Busy *busy = data;
  WATCHED (busy);
  gpointer value;

  return trio_receive_channel_receive (busy->receive, &value, error);
}

static gboolean
spin (gpointer data, GError **error)
{
  Busy *busy = data;
  WATCHED (busy);

  for (;;)
    if (!trio_sleep (ms (1), error) || !trio_checkpoint (error))
      return FALSE;
}

static gboolean
think (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 3; i++)
    if (!trio_from_thread_run (NULL, spin, data, error))
      return FALSE;
  return TRUE;
}

static gboolean
use_threads (gpointer data, GError **error)
{
  WATCHED (data);

  return trio_to_thread_run_sync (think, data, error);
}

static gboolean
never_ready (gpointer data, TrioTaskStatus *status G_GNUC_UNUSED, GError **error)
{
  WATCHED (data);

  return trio_sleep_forever (error);
}

static gboolean
start_elsewhere (gpointer data, GError **error)
{
  Busy *busy = data;
  WATCHED (busy);
  gpointer value;

  return trio_nursery_start (busy->nursery, never_ready, busy, &value, error);
}

static gboolean
hang_up (TrioStream *stream, gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_stream_close (stream, error);
}

static gboolean
listen_for_ever (gpointer data, GError **error)
{
  WATCHED (data);

  return trio_serve_tcp (hang_up, NULL, NULL, 9, error);
}

static gboolean
be_busy (gpointer data, GError **error)
{
  static const TrioFunc jobs[] = { hold_lock, hold_lock, wait_for_event, park, receive, spin, start_elsewhere, listen_for_ever };
  Busy *busy = data;
  WATCHED (busy);
  g_autoptr (TrioNursery) nursery = NULL;

  if (++busy->n_boots == 3)
    return TRUE;
  nursery = trio_nursery_open (error);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    trio_nursery_start_soon (nursery, jobs[i], busy);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
hand_over (gpointer data, GError **error)
{
  Busy *busy = data;

  /* The lock's owner is dead: whoever waits for it is told. */
  g_assert_false (trio_lock_acquire (busy->lock, error));
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_clear_error (error);
  return TRUE;
}

static gboolean
crash_it_busy (gpointer data, GError **error)
{
  const guint after = GPOINTER_TO_UINT (data);
  Busy busy = { .lock = trio_lock_new (), .event = trio_event_new () };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  busy.nursery = nursery;
  busy.host = trio_sim_host_new ("busy");
  trio_parking_lot_init (&busy.lot, "a lot");
  trio_open_memory_channel (0, NULL, &busy.send, &busy.receive);
  trio_sim_host_start (busy.host, nursery, be_busy, &busy);
  ok = trio_sleep (after, error);
  trio_nursery_start_soon (nursery, hand_over, &busy);
  ok = ok && trio_checkpoint (error);
  if (ok)
    {
      trio_sim_host_crash (busy.host, ms (50));
      g_assert_cmpuint (busy.lot.n_waiting, ==, 0);
      trio_event_set (busy.event);
      ok = trio_sleep (ms (50) + 500, error);
    }
  if (ok)
    trio_sim_host_crash (busy.host, ms (50));
  ok = trio_nursery_close (nursery, ok);

  /* Nobody was unwound but the last main, which returned, and who found the event set after the first crash. */
  g_assert_cmpuint (busy.n_boots, ==, 3);
  g_assert_cmpuint (busy.n_unwound, ==, 2);
  g_assert_cmpint (trio_send_channel_send_nowait (busy.send, &busy, NULL), ==, FALSE);
  trio_send_channel_free (busy.send);
  trio_receive_channel_free (busy.receive);
  trio_parking_lot_clear (&busy.lot);
  trio_event_free (busy.event);
  trio_lock_free (busy.lock);
  return ok;
}

static void
test_whatever_its_tasks_were_doing_they_are_gone (void)
{
  for (guint after = 1000; after < 1400; after += 100)
    {
      g_autoptr (TrioSimReport) report = sim_run_fifo (crash_it_busy, GUINT_TO_POINTER (after));

      sim_expect (report, TRIO_SIM_OK, NULL);
    }
}

static gboolean
crash_oneself (gpointer data, GError **error G_GNUC_UNUSED)
{
  guint *n = data;

  if (++*n == 1)
    {
      trio_sim_host_crash (trio_sim_host_get_current (), seconds (3));
      *n = 100;
    }
  return TRUE;
}

static gboolean
watch_one_crash_itself (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  guint n = 0;

  trio_sim_host_start (trio_sim_host_new ("lemming"), nursery, crash_oneself, &n);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpint (trio_current_time (), ==, seconds (3));
  return TRUE;
}

static void
test_who_crashes_its_own_host_does_not_go_on (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (watch_one_crash_itself, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* --- threads --- */

static gboolean
think_on_host (gpointer data, GError **error)
{
  Busy *busy = data;

  return ++busy->n_boots == 2 || use_threads (busy, error);
}

static gboolean
crash_threads (gpointer data G_GNUC_UNUSED, GError **error)
{
  Busy busy = { .n_boots = 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  busy.host = trio_sim_host_new ("thinker");
  trio_sim_host_start (busy.host, nursery, think_on_host, &busy);
  if (!trio_sleep (ms (20), error))
    return FALSE;
  trio_sim_host_crash (busy.host, ms (50));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (busy.n_boots, ==, 2);
  g_assert_cmpuint (busy.n_unwound, ==, 0);
  return TRUE;
}

static void
test_threads_go_with_their_host (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (crash_threads, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* --- standing still --- */

static gboolean
see_it_stand_still (gpointer data, GError **error)
{
  HostsPair *pair = data;
  g_autoptr (TrioStream) stream = trio_open_tcp_stream ("db", 7, error);
  gint64 start = trio_current_time ();

  if (stream == NULL)
    return FALSE;
  trio_sim_host_pause (pair->server_host, seconds (5));
  if (!hosts_exchange (stream, error))
    return FALSE;
  g_assert_cmpint ((trio_current_time () - start) / ms (1), ==, seconds (5) / ms (1));

  /* One's own time goes on as well. */
  start = trio_current_time ();
  trio_sim_host_pause (pair->client_host, seconds (5));
  g_assert_cmpint (trio_current_time () - start, ==, seconds (5));
  return hosts_exchange (stream, error) && trio_stream_close (stream, error);
}

static void
test_who_stands_still_answers_later (void)
{
  hosts_expect_pair (see_it_stand_still, "", TRIO_SIM_OK);
}

/* --- clocks --- */

typedef struct
{
  GTimeSpan slept;         /* in the world's time */
  GTimeSpan seen;
  gint64    began;
} Nap;

static gboolean
take_a_nap (gpointer data, GError **error)
{
  Nap *nap = data;
  g_autoptr (TrioCancelScope) scope = NULL;

  nap->began = trio_current_time ();
  if (!trio_sleep (seconds (1), error))
    return FALSE;
  scope = trio_move_on_after (seconds (1), error);
  if (!trio_cancel_scope_close (scope, trio_sleep_forever (error)))
    return FALSE;
  nap->seen = trio_current_time () - nap->began;
  return TRUE;
}

static gboolean
compare_clocks (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const struct
  {
    GTimeSpan offset;
    int       drift_ppm;
    GTimeSpan slept;
  } clocks[] = {
    { 0, 0, 2000000 }, { seconds (7), 0, 2000000 }, { 0, 250000, 1600000 }, { 0, -500000, 4000000 }, { 5, 1, 1999999 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (clocks); i++)
    {
      g_autofree char *name = g_strdup_printf ("host%u", i);
      g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
      TrioSimHost *host = trio_sim_host_new (name);
      gint64 start = trio_current_time ();
      Nap nap = { 0 };

      trio_sim_host_set_clock (host, clocks[i].offset, clocks[i].drift_ppm);
      trio_sim_host_start (host, nursery, take_a_nap, &nap);
      if (!trio_nursery_close (nursery, TRUE))
        return FALSE;
      g_assert_cmpint (nap.began, ==, start + clocks[i].offset);
      /* Two sleeps, each rounded up. */
      g_assert_cmpint (nap.seen, >=, seconds (2));
      g_assert_cmpint (nap.seen, <=, seconds (2) + 2);
      g_assert_cmpint (trio_current_time () - start, >=, clocks[i].slept);
      g_assert_cmpint (trio_current_time () - start, <=, clocks[i].slept + 2);
    }
  return TRUE;
}

static void
test_each_host_has_its_own_clock_and_sleeps_by_it (void)
{
  g_autoptr (TrioSimReport) report = sim_run_fifo (compare_clocks, NULL);

  sim_expect (report, TRIO_SIM_OK, NULL);
}

/* --- what the tape may do --- */

static void
test_what_the_tape_does_to_a_host_is_survived_by_who_tries_again (void)
{
  static const char *const lines[] = {
    "main/db/main/answer_and_forgive fault.host.crash 1 = 1/4",
    "main/db/main/answer_and_forgive fault.host.crash 2 = 2/4",
    "main/db/main/answer_and_forgive fault.host.crash 1 = 3/4",
    "main/db/main/answer_and_forgive fault.host.pause 1 = 2/4",
    "main/db/main/answer_and_forgive fault.host.pause 2 = 3/4",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      hosts_expect_pair (hosts_ask_and_hope, lines[i], TRIO_SIM_ERROR);
      hosts_expect_pair (hosts_ask_again, lines[i], TRIO_SIM_OK);
    }
}

/* A lease of one second: who holds it stops after so much of it, by its own clock. */
typedef struct
{
  GTimeSpan margin;
  gboolean  holds;
} Lease;

static gboolean
hold_lease (gpointer data, GError **error)
{
  Lease *lease = data;

  lease->holds = TRUE;
  if (!trio_sleep (seconds (1) - lease->margin, error))
    return FALSE;
  lease->holds = FALSE;
  return TRUE;
}

static gboolean
grant_lease (gpointer margin, GError **error)
{
  Lease lease = { .margin = GPOINTER_TO_INT (margin) };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_sim_host_start (trio_sim_host_new ("holder"), nursery, hold_lease, &lease);
  if (!trio_sleep (seconds (1), error))
    return FALSE;
  trio_always (!lease.holds, "nobody holds a lease that is over");
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_lease_needs_a_margin_for_clocks_that_drift (void)
{
  static const char line[] = "main/holder fault.host.clock 1 = 4/6\n";
  g_autoptr (TrioSimReport) naive = sim_run_lines (grant_lease, GINT_TO_POINTER (ms (1)), line);
  g_autoptr (TrioSimReport) careful = sim_run_lines (grant_lease, GINT_TO_POINTER (ms (150)), line);

  sim_expect (naive, TRIO_SIM_ALWAYS, "nobody holds a lease that is over");
  sim_expect (careful, TRIO_SIM_OK, NULL);
}

static void
test_crashes_at_random_leave_nothing_behind_and_are_the_same_twice (void)
{
  for (guint seed = 1; seed <= 200; seed++)
    {
      const TrioSimOptions options = { .strategy = "random", .seed = seed, .inject = TRIO_SIM_INJECT_FAULT, .check_determinism = TRUE };
      g_autoptr (TrioSimReport) report = sim_run (hosts_run_pair, (gpointer) (gsize) hosts_ask_again, &options);

      if (report->verdict != TRIO_SIM_OK && report->verdict != TRIO_SIM_ERROR)
        g_error ("seed %u: %s", seed, report->message);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name) g_test_add_func ("/crash/" #name, test_##name)
  ADD (a_crash_is_silence_and_then_a_reset);
  ADD (a_dead_host_does_not_answer_until_it_is_restarted);
  ADD (whatever_its_tasks_were_doing_they_are_gone);
  ADD (who_crashes_its_own_host_does_not_go_on);
  ADD (threads_go_with_their_host);
  ADD (who_stands_still_answers_later);
  ADD (each_host_has_its_own_clock_and_sleeps_by_it);
  ADD (what_the_tape_does_to_a_host_is_survived_by_who_tries_again);
  ADD (a_lease_needs_a_margin_for_clocks_that_drift);
  ADD (crashes_at_random_leave_nothing_behind_and_are_the_same_twice);
  return g_test_run ();
}
