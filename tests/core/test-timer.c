/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Timers: they call in order of time, once, and not after they were disarmed; statement 117 and D15 for them. */

#include <trio/lowlevel/timer.h>

#include "tests/core/core-test.h"

typedef struct
{
  TrioTimer   timer;
  const char *name;
  gint64      at;
  TrioTask   *wake;             /* NULL: nobody */
} Bell;

static void
ring (TrioTimer *timer)
{
  Bell *bell = (Bell *) timer;

  g_assert_null (trio_current_task ());
  g_assert_false (trio_timer_is_armed (timer));
  bell->at = trio_current_time ();
  mock_say ("%s", bell->name);
  if (bell->wake != NULL)
    trio_reschedule (bell->wake, NULL);
}

static void
bell_init (Bell *bell, const char *name)
{
  *bell = (Bell) { .name = name };
  trio_timer_init (&bell->timer, ring);
  g_assert_false (trio_timer_is_armed (&bell->timer));
}

static gboolean
ring_in_order (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Bell a, b, c, d;
  gboolean ok;
  gint64 begin = trio_current_time ();

  bell_init (&a, "a");
  bell_init (&b, "b");
  bell_init (&c, "c");
  bell_init (&d, "d");
  trio_timer_arm (&b.timer, begin + 200);
  trio_timer_arm (&c.timer, begin + 200);
  trio_timer_arm (&a.timer, begin + 100);
  trio_timer_arm (&d.timer, begin + 50);
  g_assert_true (trio_timer_is_armed (&d.timer));
  trio_timer_disarm (&d.timer);
  trio_timer_disarm (&d.timer);
  ok = trio_sleep (1000, error);
  trio_timer_disarm (&a.timer);
  trio_timer_disarm (&b.timer);
  trio_timer_disarm (&c.timer);
  if (!ok)
    return FALSE;
  g_assert_cmpint (a.at, ==, begin + 100);
  g_assert_cmpint (b.at, ==, begin + 200);
  g_assert_cmpint (d.at, ==, 0);
  return TRUE;
}

/* statements 117 and D15 */
static void
test_timers_call_in_order_of_time_and_then_of_arming (void)
{
  mock_run_ok (ring_in_order, NULL);
  mock_expect ("a b c");
}

static gboolean
ring_another_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Bell bell;
  gint64 begin = trio_current_time ();

  bell_init (&bell, "once");
  trio_timer_arm (&bell.timer, begin + 100);
  trio_timer_arm (&bell.timer, begin + 300);
  if (!trio_sleep (200, error))
    return FALSE;
  g_assert_cmpint (bell.at, ==, 0);
  if (!trio_sleep (200, error))
    return FALSE;
  g_assert_cmpint (bell.at, ==, begin + 300);
  /* A time that has passed is the next turn. */
  trio_timer_arm (&bell.timer, begin);
  g_assert_true (trio_timer_is_armed (&bell.timer));
  if (!trio_checkpoint (error))
    return FALSE;
  g_assert_false (trio_timer_is_armed (&bell.timer));
  return TRUE;
}

static void
test_a_timer_can_be_armed_again_for_another_time (void)
{
  mock_run_ok (ring_another_time, NULL);
  mock_expect ("once once");
}

static TrioAbort
stop_waiting (TrioTask *task G_GNUC_UNUSED, gpointer bell)
{
  trio_timer_disarm (&((Bell *) bell)->timer);
  return TRIO_ABORT_SUCCEEDED;
}

/* The example of the header: a wait that ends by itself. */
static gboolean
nap (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Bell bell;
  gint64 begin = trio_current_time ();

  bell_init (&bell, "awake");
  bell.wake = trio_current_task ();
  trio_timer_arm (&bell.timer, begin + 100);
  if (!trio_wait_task_rescheduled (stop_waiting, &bell, error))
    return FALSE;
  mock_assert_time (begin + 100);
  return TRUE;
}

static void
test_a_wait_can_end_by_itself (void)
{
  mock_run_ok (nap, NULL);
  mock_expect ("awake");
}

static void
test_outside_a_run_a_timer_cannot_be_armed (void)
{
  Bell bell;

  bell_init (&bell, "never");
  mock_expect_critical ("loop != NULL");
  trio_timer_arm (&bell.timer, 5);
  g_test_assert_expected_messages ();
  g_assert_false (trio_timer_is_armed (&bell.timer));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add ("/timer/timers-call-in-order-of-time-and-then-of-arming", test_timers_call_in_order_of_time_and_then_of_arming);
  core_test_add_mock ("/timer/a-timer-can-be-armed-again-for-another-time",
                      test_a_timer_can_be_armed_again_for_another_time,
                      "times are exact only where the machine is never busy elsewhere");
  core_test_add ("/timer/a-wait-can-end-by-itself", test_a_wait_can_end_by_itself);
  g_test_add_func ("/timer/outside-a-run-a-timer-cannot-be-armed", test_outside_a_run_a_timer_cannot_be_armed);
  return g_test_run ();
}
