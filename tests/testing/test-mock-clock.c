/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The mock clock: by itself over a real time made for the purpose, and under trio_run(), where it may jump. */

#include <string.h>

#include <trio/testing.h>
#include <trio/trio.h>
#include <trio/seam/clock.h>
#include <trio/seam/world.h>

#define MS G_TIME_SPAN_MILLISECOND
#define SECOND G_TIME_SPAN_SECOND

/* --- by itself --- */

typedef struct
{
  TrioClock clock;
  gint64    now;
} FakeTime;

static gint64
fake_now (TrioClock *clock)
{
  return ((FakeTime *) clock)->now;
}

static gint64
now (TrioMockClock *clock)
{
  TrioClock *seam = trio_mock_clock_get_clock (clock);

  return seam->now (seam);
}

/* semantics: 109 */
static void
test_stands_still_until_it_is_moved (void)
{
  FakeTime real = { { .now = fake_now }, 77 };
  g_autoptr (TrioMockClock) clock = trio_mock_clock_new_on (&real.clock);

  g_assert_cmpint (now (clock), ==, 0);
  real.now += SECOND;
  g_assert_cmpint (now (clock), ==, 0);
  trio_mock_clock_jump (clock, 5);
  trio_mock_clock_jump (clock, 0);
  g_assert_cmpint (now (clock), ==, 5);
  trio_mock_clock_jump (clock, G_MAXINT64);
  g_assert_cmpint (now (clock), ==, G_MAXINT64);
}

/* semantics: 109 */
static void
test_goes_at_its_rate_from_where_it_was (void)
{
  FakeTime real = { { .now = fake_now }, 1000 };
  g_autoptr (TrioMockClock) clock = trio_mock_clock_new_on (&real.clock);

  trio_mock_clock_jump (clock, 10);
  trio_mock_clock_set_rate (clock, 2.5);
  g_assert_cmpfloat (trio_mock_clock_get_rate (clock), ==, 2.5);
  g_assert_cmpint (now (clock), ==, 10);
  real.now += 100;
  g_assert_cmpint (now (clock), ==, 260);
  trio_mock_clock_set_rate (clock, 0);
  real.now += 100;
  g_assert_cmpint (now (clock), ==, 260);
  trio_mock_clock_set_rate (clock, 1);
  trio_mock_clock_jump (clock, 40);
  real.now += 3;
  g_assert_cmpint (now (clock), ==, 303);
}

/* semantics: 117 */
static void
test_a_wait_in_real_time_is_never_too_short (void)
{
  static const double rates[] = { 0.3, 1, 3, 7.7, 1000 };
  FakeTime real = { { .now = fake_now }, 5 };
  g_autoptr (TrioMockClock) clock = trio_mock_clock_new_on (&real.clock);
  TrioClock *seam = trio_mock_clock_get_clock (clock);

  g_assert_cmpint (seam->get_real_span (seam, 0), ==, 0);
  g_assert_cmpint (seam->get_real_span (seam, 1), ==, G_MAXINT64);
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      gint64 due;

      trio_mock_clock_set_rate (clock, rates[i]);
      due = now (clock) + 1001;
      real.now += seam->get_real_span (seam, due);
      g_assert_cmpint (now (clock), >=, due);
      g_assert_cmpint (seam->get_real_span (seam, due), ==, 0);
    }
}

static void
test_time_does_not_go_back (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr (TrioMockClock) clock = trio_mock_clock_new ();

      trio_mock_clock_jump (clock, -1);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*span >= 0*");
}

/* --- in a run --- */

static void
run_on (TrioMockClock *clock, TrioFunc body, gpointer data)
{
  TrioRunOptions options = { .clock = trio_mock_clock_get_clock (clock) };
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_run_with (body, data, &options, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

static void
run_on_new (GTimeSpan threshold, TrioFunc body)
{
  g_autoptr (TrioMockClock) clock = trio_mock_clock_new ();

  trio_mock_clock_set_autojump_threshold (clock, threshold);
  run_on (clock, body, clock);
}

typedef struct
{
  GTimeSpan  span;
  gint64     woke_at;          /* -1: not yet */
} Sleeper;

static gboolean
sleep_and_tell (gpointer data, GError **error)
{
  Sleeper *sleeper = data;

  sleeper->woke_at = -1;
  if (!trio_sleep (sleeper->span, error))
    return FALSE;
  sleeper->woke_at = trio_current_time ();
  return TRUE;
}

static gboolean
jump_over_a_sleeper (gpointer data, GError **error)
{
  Sleeper sleeper = { .span = 2 * SECOND };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, sleep_and_tell, &sleeper);
  if (!trio_checkpoint (error))
    return FALSE;
  trio_mock_clock_jump (data, 3 * SECOND);
  g_assert_cmpint (sleeper.woke_at, ==, -1);
  g_assert_cmpint (trio_current_time (), ==, 3 * SECOND);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (sleeper.woke_at, ==, 3 * SECOND);
  return TRUE;
}

/* semantics: 110 */
static void
test_a_jump_wakes_nobody_but_the_next_turn_does (void)
{
  run_on_new (G_MAXINT64, jump_over_a_sleeper);
}

static gboolean
sleep_for_long (gpointer data G_GNUC_UNUSED, GError **error)
{
  Sleeper sleepers[] = { { 20 * SECOND, 0 }, { 10 * SECOND, 0 }, { 20 * SECOND + 1, 0 }, { 7 * G_TIME_SPAN_DAY, 0 }, { 1, 0 } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gint64 began = g_get_monotonic_time ();

  for (guint i = 0; i < G_N_ELEMENTS (sleepers); i++)
    trio_nursery_start_soon (nursery, sleep_and_tell, &sleepers[i]);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (sleepers); i++)
    g_assert_cmpint (sleepers[i].woke_at, ==, sleepers[i].span);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 10 * SECOND);
  return TRUE;
}

/* semantics: 111, 113 */
static void
test_jumps_to_each_deadline_exactly (void)
{
  run_on_new (0, sleep_for_long);
}

static gboolean
wait_for_quiet_beside_a_sleeper (gpointer data G_GNUC_UNUSED, GError **error)
{
  Sleeper sleeper = { .span = 10 * SECOND };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, sleep_and_tell, &sleeper);
  for (GTimeSpan cushion = 0; cushion <= 4 * MS; cushion += 2 * MS)
    {
      if (!trio_testing_wait_all_tasks_blocked (cushion, error))
        return FALSE;
      g_assert_cmpint (trio_current_time (), ==, 0);
    }
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (sleeper.woke_at, ==, 10 * SECOND);
  return TRUE;
}

/* semantics: 112 */
static void
test_who_waits_for_idleness_comes_before_a_jump (void)
{
  run_on_new (0, wait_for_quiet_beside_a_sleeper);
  run_on_new (1 * MS, wait_for_quiet_beside_a_sleeper);
}

static gboolean
allow_jumps_in_between (gpointer data, GError **error)
{
  Sleeper sleeper = { .span = G_TIME_SPAN_HOUR };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, sleep_and_tell, &sleeper);
  if (!trio_testing_wait_all_tasks_blocked (2 * MS, error))
    return FALSE;
  g_assert_cmpint (trio_current_time (), ==, 0);
  trio_mock_clock_set_autojump_threshold (data, 0);
  g_assert_cmpint (trio_mock_clock_get_autojump_threshold (data), ==, 0);
  return trio_nursery_close (nursery, TRUE);
}

/* semantics: 113 */
static void
test_the_threshold_may_change_during_the_run (void)
{
  run_on_new (G_MAXINT64, allow_jumps_in_between);
}

static gboolean
allow_jumps (gpointer data)
{
  trio_mock_clock_set_autojump_threshold (data, 0);
  return G_SOURCE_REMOVE;
}

static gboolean
sleep_for_an_hour (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_sleep (G_TIME_SPAN_HOUR, error);
}

static void
note_done (gboolean ok, const GError *error, gpointer data)
{
  g_assert_no_error (error);
  g_assert_true (ok);
  *(gboolean *) data = TRUE;
}

/* semantics: 113. The loop is somebody else's, and so is the code that changes the threshold, while the run sleeps. */
static void
test_the_threshold_may_change_from_the_context_of_an_attached_run (void)
{
  g_autoptr (TrioMockClock) clock = trio_mock_clock_new ();
  TrioRunOptions options = { .clock = trio_mock_clock_get_clock (clock) };
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;

  g_assert_true (trio_attach (sleep_for_an_hour, NULL, &options, note_done, &done, &error));
  g_timeout_add (5, allow_jumps, clock);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (now (clock), ==, G_TIME_SPAN_HOUR);
}

static gboolean
make_another_clock (gpointer data, GError **error)
{
  g_autoptr (TrioMockClock) other = trio_mock_clock_new ();
  Sleeper sleeper = { .span = G_TIME_SPAN_HOUR };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, sleep_and_tell, &sleeper);
  trio_mock_clock_set_autojump_threshold (other, 0);
  trio_mock_clock_set_rate (other, 1000);
  trio_mock_clock_jump (other, 2 * G_TIME_SPAN_HOUR);
  if (!trio_testing_wait_all_tasks_blocked (2 * MS, error))
    return FALSE;
  g_assert_cmpint (trio_current_time (), ==, 0);
  g_assert_cmpint (sleeper.woke_at, ==, -1);
  trio_mock_clock_jump (data, G_TIME_SPAN_HOUR);
  return trio_nursery_close (nursery, TRUE);
}

/* semantics: 114 */
static void
test_making_a_clock_does_not_touch_the_run (void)
{
  run_on_new (G_MAXINT64, make_another_clock);
}

static gboolean
sleep_at_a_rate (gpointer data, GError **error)
{
  gint64 began;

  trio_mock_clock_set_rate (data, 1000);
  for (guint i = 0; i < 5; i++)
    {
      began = trio_current_time ();
      if (!trio_sleep (SECOND, error))
        return FALSE;
      g_assert_cmpint (trio_current_time () - began, >=, SECOND);
    }
  return TRUE;
}

/* semantics: 117 */
static void
test_a_sleep_at_a_rate_is_not_too_short (void)
{
  run_on_new (G_MAXINT64, sleep_at_a_rate);
}

/* --- what a jump must not pass --- */

typedef struct
{
  TrioEvent          *event;
  TrioLoop           *loop;
  TrioLoopStatistics  before;
  TrioLoopStatistics  after;
} Outside;

/* Something outside the tasks has been at work for a while, and wakes one. */
static gboolean
finish_outside_work (gpointer data)
{
  Outside *outside = data;

  trio_loop_get_statistics (outside->loop, &outside->after);
  trio_loop_release (outside->loop);
  trio_event_set (outside->event);
  return G_SOURCE_REMOVE;
}

static gboolean
wait_for_outside_work (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  Outside outside = { .event = event, .loop = trio_loop_get_current () };
  Sleeper sleeper = { .span = G_TIME_SPAN_HOUR };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, sleep_and_tell, &sleeper);
  trio_loop_hold (outside.loop);
  trio_loop_get_statistics (outside.loop, &outside.before);
  g_timeout_add (20, finish_outside_work, &outside);
  if (!trio_event_wait (event, error))
    return FALSE;
  g_assert_cmpint (trio_current_time (), ==, 0);
  g_assert_cmpint (sleeper.woke_at, ==, -1);
  /* It waited, and did not spin. */
  g_assert_cmpuint (outside.after.turns - outside.before.turns, <, 5);
  return trio_nursery_close (nursery, TRUE);
}

/* semantics: D14 */
static void
test_does_not_jump_past_work_outside_and_does_not_spin (void)
{
  run_on_new (0, wait_for_outside_work);
}

typedef struct
{
  GMutex   lock;
  GCond    released;
  gboolean may_end;           /* (lock) */
} Labour;

static gboolean
work_in_a_thread (gpointer data, GError **error G_GNUC_UNUSED)
{
  Labour *labour = data;

  g_mutex_lock (&labour->lock);
  while (!labour->may_end)
    g_cond_wait (&labour->released, &labour->lock);
  g_mutex_unlock (&labour->lock);
  return TRUE;
}

static gboolean
release_thread (gpointer data)
{
  Labour *labour = data;

  g_mutex_lock (&labour->lock);
  labour->may_end = TRUE;
  g_cond_signal (&labour->released);
  g_mutex_unlock (&labour->lock);
  return G_SOURCE_REMOVE;
}

static gboolean
wait_for_a_thread (gpointer data G_GNUC_UNUSED, GError **error)
{
  Labour labour = { .may_end = FALSE };
  Sleeper sleeper = { .span = G_TIME_SPAN_HOUR };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_mutex_init (&labour.lock);
  g_cond_init (&labour.released);
  trio_nursery_start_soon (nursery, sleep_and_tell, &sleeper);
  g_timeout_add (20, release_thread, &labour);
  if (!trio_to_thread_run_sync (work_in_a_thread, &labour, error))
    return FALSE;
  g_assert_cmpint (trio_current_time (), ==, 0);
  g_assert_cmpint (sleeper.woke_at, ==, -1);
  g_mutex_clear (&labour.lock);
  g_cond_clear (&labour.released);
  return trio_nursery_close (nursery, TRUE);
}

/* semantics: D14 */
static void
test_does_not_jump_past_a_thread_at_work (void)
{
  run_on_new (0, wait_for_a_thread);
}

static gboolean
wait_for_nobody (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  Sleeper sleeper = { .span = SECOND };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, sleep_and_tell, &sleeper);
  if (!trio_event_wait (event, error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

/* semantics: D14. The clock goes as far as there are deadlines, and then nobody can be woken any more. */
static void
test_when_nobody_can_be_woken_that_is_a_deadlock (void)
{
  g_autoptr (TrioMockClock) clock = trio_mock_clock_new ();
  TrioRunOptions options = { .clock = trio_mock_clock_get_clock (clock), .deadlock = TRIO_DEADLOCK_FAIL_AMONG_THREADS };
  g_autoptr (GError) error = NULL;

  trio_mock_clock_set_autojump_threshold (clock, 0);
  g_assert_false (trio_run_with (wait_for_nobody, NULL, &options, &error));
  g_assert_error (error, TRIO_ERROR, TRIO_ERROR_DEADLOCK);
  g_assert_nonnull (strstr (error->message, "trio_event_wait"));
  g_assert_cmpint (now (clock), ==, SECOND);
}

static gboolean
set_event (gpointer data)
{
  trio_event_set (data);
  return G_SOURCE_REMOVE;
}

static gboolean
wait_with_no_deadline (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();

  g_timeout_add (5, set_event, event);
  if (!trio_event_wait (event, error))
    return FALSE;
  g_assert_cmpint (trio_current_time (), ==, 0);
  return TRUE;
}

/* semantics: 111 */
static void
test_does_not_jump_without_a_deadline (void)
{
  run_on_new (0, wait_with_no_deadline);
}

static gboolean
wait_for_an_idle_source (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  Sleeper sleeper = { .span = SECOND };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, sleep_and_tell, &sleeper);
  g_idle_add (set_event, event);
  if (!trio_event_wait (event, error))
    return FALSE;
  g_assert_cmpint (trio_current_time (), ==, 0);
  return trio_nursery_close (nursery, TRUE);
}

/* A source of the lowest priority that is ready goes before a jump. */
static void
test_other_sources_go_before_a_jump (void)
{
  run_on_new (0, wait_for_an_idle_source);
}

static gboolean
talk_over_tcp (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = trio_open_tcp_listener ("127.0.0.1", 0, error);
  g_autoptr (TrioStream) client = NULL;
  g_autoptr (TrioStream) server = NULL;
  Sleeper sleeper = { .span = G_TIME_SPAN_HOUR };
  g_autoptr (TrioNursery) nursery = NULL;
  char byte;

  if (listener == NULL)
    return FALSE;
  client = trio_open_tcp_stream ("127.0.0.1", trio_listener_get_port (listener), error);
  server = client != NULL ? trio_listener_accept (listener, error) : NULL;
  if (server == NULL)
    return FALSE;

  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, sleep_and_tell, &sleeper);
  for (guint i = 0; i < 50; i++)
    if (!trio_stream_send_all (client, "a", 1, error) || trio_stream_receive_some (server, &byte, 1, error) != 1
        || !trio_stream_send_all (server, "b", 1, error) || trio_stream_receive_some (client, &byte, 1, error) != 1)
      return FALSE;
  g_assert_cmpint (trio_current_time (), ==, 0);
  return trio_nursery_close (nursery, TRUE);
}

/* semantics: D14. Bytes that come within the threshold are seen before the clock jumps. */
static void
test_does_not_jump_past_io_that_is_ready (void)
{
  run_on_new (50 * MS, talk_over_tcp);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clock/stands-still-until-it-is-moved", test_stands_still_until_it_is_moved);
  g_test_add_func ("/clock/goes-at-its-rate-from-where-it-was", test_goes_at_its_rate_from_where_it_was);
  g_test_add_func ("/clock/a-wait-in-real-time-is-never-too-short", test_a_wait_in_real_time_is_never_too_short);
  g_test_add_func ("/clock/time-does-not-go-back", test_time_does_not_go_back);
  g_test_add_func ("/run/a-jump-wakes-nobody-but-the-next-turn-does", test_a_jump_wakes_nobody_but_the_next_turn_does);
  g_test_add_func ("/run/jumps-to-each-deadline-exactly", test_jumps_to_each_deadline_exactly);
  g_test_add_func ("/run/who-waits-for-idleness-comes-before-a-jump", test_who_waits_for_idleness_comes_before_a_jump);
  g_test_add_func ("/run/the-threshold-may-change-during-the-run", test_the_threshold_may_change_during_the_run);
  g_test_add_func ("/run/the-threshold-may-change-from-the-context-of-an-attached-run",
                   test_the_threshold_may_change_from_the_context_of_an_attached_run);
  g_test_add_func ("/run/making-a-clock-does-not-touch-the-run", test_making_a_clock_does_not_touch_the_run);
  g_test_add_func ("/run/a-sleep-at-a-rate-is-not-too-short", test_a_sleep_at_a_rate_is_not_too_short);
  g_test_add_func ("/jump/does-not-jump-past-work-outside-and-does-not-spin", test_does_not_jump_past_work_outside_and_does_not_spin);
  g_test_add_func ("/jump/does-not-jump-past-a-thread-at-work", test_does_not_jump_past_a_thread_at_work);
  g_test_add_func ("/jump/when-nobody-can-be-woken-that-is-a-deadlock", test_when_nobody_can_be_woken_that_is_a_deadlock);
  g_test_add_func ("/jump/does-not-jump-without-a-deadline", test_does_not_jump_without_a_deadline);
  g_test_add_func ("/jump/other-sources-go-before-a-jump", test_other_sources_go_before_a_jump);
  g_test_add_func ("/jump/does-not-jump-past-io-that-is-ready", test_does_not_jump_past_io_that_is_ready);
  return g_test_run ();
}
