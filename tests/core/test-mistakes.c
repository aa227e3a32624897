/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A programmer's mistake at the public edge is a critical and changes nothing; and the plain functions behind the macros do what the macros do,
 * without knowing where they were called. */

#include <trio/graceful.h>
#include <trio/task-local.h>
#include <trio/lowlevel/idle.h>
#include <trio/lowlevel/run-local.h>
#include <trio/lowlevel/timer.h>
#include <trio/seam/strand.h>

#include "tests/core/core-test.h"

static TrioTaskLocal a_local = TRIO_TASK_LOCAL_INIT ("a local", NULL, g_free);

static void
do_nothing (gpointer data G_GNUC_UNUSED)
{
}

static void
ring (TrioTimer *timer G_GNUC_UNUSED)
{
  mock_say ("rang");
}

static gboolean
never (const GError *error G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return FALSE;
}

static void
count_task (TrioTask *task G_GNUC_UNUSED, guint depth G_GNUC_UNUSED, gpointer n)
{
  ++*(guint *) n;
}

/* --- in a task --- */

static gboolean
mistake_scopes (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  TrioCancelScope *within = trio_nursery_get_cancel_scope (nursery);

  mock_assert_refused (trio_cancel_scope_cancel (NULL));
  mock_assert_refused (trio_cancel_scope_cancel_gracefully (NULL, 1));
  mock_assert_refused (trio_cancel_scope_set_deadline (NULL, 1));
  mock_assert_refused_as (G_MAXINT64, trio_cancel_scope_get_deadline (NULL));
  mock_assert_refused (trio_cancel_scope_set_shield (NULL, TRUE));
  mock_assert_refused_as (FALSE, trio_cancel_scope_get_shield (NULL));
  mock_assert_refused_as (FALSE, trio_cancel_scope_cancel_called (NULL));
  mock_assert_refused_as (FALSE, trio_cancel_scope_soft_cancel_called (NULL));
  mock_assert_refused_as (FALSE, trio_cancel_scope_cancelled_caught (NULL));
  mock_assert_refused_as (FALSE, trio_cancel_scope_close (NULL, TRUE));
  /* That scope is the nursery's. */
  mock_assert_refused_as (FALSE, trio_cancel_scope_close (within, TRUE));
  mock_assert_refused (trio_cancel_scope_free (within));
  trio_cancel_scope_free (NULL);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
lend (gpointer scope, GError **error)
{
  /* It lies around this task, but another opened it. */
  mock_expect_critical ("belongs to another task");
  g_assert_false (trio_cancel_scope_close (scope, TRUE));
  g_test_assert_expected_messages ();
  return trio_checkpoint (error);
}

static gboolean
fail_to_start (gpointer data, TrioTaskStatus *status G_GNUC_UNUSED, GError **error)
{
  return mock_fail (data, error);
}

static gboolean
mistake_nurseries (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean ok;

  mock_assert_refused (trio_nursery_start_soon (NULL, lend, NULL));
  mock_assert_refused (trio_nursery_start_soon_full (nursery, NULL, NULL, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_nursery_start (NULL, fail_to_start, NULL, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_nursery_start_full (nursery, NULL, NULL, NULL, NULL, NULL, NULL));
  mock_assert_refused_as (NULL, trio_nursery_get_cancel_scope (NULL));
  mock_assert_refused ((trio_nursery_cancel) (NULL));
  mock_assert_refused_as (FALSE, trio_nursery_close (NULL, TRUE));
  mock_assert_refused (trio_task_status_started (NULL, NULL));
  trio_nursery_free (NULL);
  trio_nursery_start_soon (nursery, lend, scope);
  ok = trio_nursery_close (nursery, TRUE);
  return trio_cancel_scope_close (scope, ok);
}

/* trio_current_task () is NULL outside a task, and what a program hands on may be, too. */
static gboolean
mistake_what_is_asked_about (gpointer data G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  GString *out = g_string_new (NULL);
  TrioParkingLotStatistics statistics;
  TrioParkingLot lot;
  guint n, m;

  mock_assert_refused_as (NULL, trio_task_get_name (NULL));
  mock_assert_refused_as (0, trio_task_get_serial (NULL));
  mock_assert_refused_as (TRIO_TASK_DONE, trio_task_get_state (NULL));
  mock_assert_refused_as (NULL, trio_task_get_parent (NULL));
  mock_assert_refused_as (NULL, trio_task_get_cancel_scope (NULL));
  mock_assert_refused (trio_task_get_points (NULL, &n, &m));
  mock_assert_refused_as (FALSE, trio_task_has_cancel_pending (NULL));
  mock_assert_refused_as (NULL, trio_task_get_wait (NULL));
  mock_assert_refused (trio_task_describe_wait (NULL, out));
  mock_assert_refused_as (NULL, trio_task_dup_path (NULL));
  mock_assert_refused_as (0, trio_task_get_path_hash (NULL));
  mock_assert_refused_as (NULL, trio_task_raise_cancel (NULL));
  mock_assert_refused (trio_foreach_task (NULL, NULL));
  mock_assert_refused_as (0, trio_cancel_scope_get_serial (NULL));
  mock_assert_refused_as (NULL, trio_cancel_scope_get_where (NULL));
  mock_assert_refused_as (NULL, trio_cancel_scope_get_reason (NULL));
  mock_assert_refused_as (NULL, trio_cancel_scope_get_parent (NULL));
  mock_assert_refused_as (FALSE, trio_cancel_scope_is_nursery (NULL));
  mock_assert_refused_as (FALSE, trio_token_is_on_own_thread (NULL));

  trio_parking_lot_init (&lot, NULL);
  mock_assert_refused (trio_parking_lot_init (NULL, NULL));
  mock_assert_refused (trio_parking_lot_clear (NULL));
  mock_assert_refused_as (FALSE, trio_parking_lot_park (NULL, NULL));
  mock_assert_refused_as (FALSE, trio_parking_lot_park_as (&lot, NULL, NULL, NULL));
  mock_assert_refused_as (0, trio_parking_lot_unpark (NULL, 1));
  mock_assert_refused_as (0, trio_parking_lot_unpark_all (NULL));
  mock_assert_refused_as (NULL, trio_parking_lot_unpark_one (NULL));
  mock_assert_refused_as (0, trio_parking_lot_repark (&lot, NULL, 1));
  mock_assert_refused_as (0, trio_parking_lot_repark (&lot, &lot, 1));
  mock_assert_refused_as (0, trio_parking_lot_repark_all (NULL, &lot));
  mock_assert_refused (trio_parking_lot_break_lot (NULL, NULL));
  mock_assert_refused_as (FALSE, trio_parking_lot_is_broken (NULL));
  mock_assert_refused (trio_parking_lot_add_breaker (&lot, NULL));
  mock_assert_refused (trio_parking_lot_remove_breaker (&lot, NULL));
  mock_assert_refused (trio_parking_lot_get_statistics (NULL, &statistics));
  trio_parking_lot_clear (&lot);
  g_string_free (out, TRUE);
  return TRUE;
}

static void
free_and_say (gpointer word)
{
  mock_say ("%s", (char *) word);
}

/* Data is freed, whatever becomes of the task. */
static gboolean
use_a_closed_nursery (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  GError *failure = NULL;

  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  mock_expect_critical ("is closed; task \"task\" was not started");
  trio_nursery_start_soon_full (nursery, mock_return, (char *) "soon", free_and_say, NULL);
  g_assert_false (trio_nursery_start_full (nursery, fail_to_start, (char *) "start", free_and_say, NULL, NULL, &failure));
  g_test_assert_expected_messages ();
  mock_assert_error (failure, TRIO_ERROR_MISUSE);
  mock_expect ("soon start");
  return TRUE;
}

static gboolean
mistake_the_rest (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioToken) token = trio_current_token ();
  TrioInstrument instrument = { .name = "nobody's" };
  TrioLoop *loop = trio_loop_get_current ();
  TrioTimer timer = { 0 };
  TrioLoopOptions options = { 0 };
  GError *failure = NULL;
  gsize n;

  mock_assert_refused_as (NULL, trio_error_find_if (NULL, NULL, NULL));
  mock_assert_refused (trio_error_split_if (NULL, NULL, NULL, NULL, NULL));
  mock_assert_refused_as (NULL, trio_error_group_new (NULL, 1));
  mock_assert_refused_as (NULL, trio_error_group_get_errors (NULL, &n));
  g_assert_null (trio_error_find_if (NULL, never, NULL));

  mock_assert_refused (trio_add_instrument (NULL));
  mock_assert_refused (trio_remove_instrument (NULL));
  mock_assert_refused (trio_instrument_fail (NULL, NULL));
  mock_assert_refused (trio_instrument_fail (&instrument, NULL));
  mock_expect_critical ("\"nobody's\" does not watch this run");
  trio_remove_instrument (&instrument);

  mock_assert_refused_as (FALSE, trio_token_run_sync_soon (NULL, do_nothing, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_token_run_sync_soon (token, NULL, NULL, NULL));
  mock_assert_refused (trio_token_call_fail (NULL));
  mock_assert_refused_as (FALSE, trio_spawn_system_task (NULL, NULL, NULL, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_wait_task_rescheduled (NULL, NULL, NULL));
  mock_assert_refused (trio_reschedule (NULL, NULL));
  mock_assert_refused_as (NULL, trio_task_local_get (NULL));
  mock_assert_refused (trio_task_local_set (NULL, NULL));

  mock_assert_refused (trio_timer_init (NULL, ring));
  mock_assert_refused (trio_timer_init (&timer, NULL));
  mock_assert_refused (trio_timer_arm (NULL, 0));
  mock_assert_refused (trio_timer_disarm (NULL));
  mock_assert_refused_as (FALSE, trio_timer_is_armed (NULL));

  mock_assert_refused (trio_loop_interrupt (NULL));
  mock_assert_refused (trio_loop_release (loop));
  mock_assert_refused_as (G_MAXINT64, trio_loop_turn (NULL));
  mock_assert_refused_as (G_MAXINT64, trio_loop_turn (loop));
  mock_assert_refused (trio_loop_break_deadlock (NULL));
  mock_assert_refused (trio_loop_break_deadlock (loop));
  mock_assert_refused (trio_loop_tell_idle (NULL));
  mock_assert_refused (trio_loop_tell_idle (loop));
  mock_assert_refused (trio_loop_abandon (NULL));
  mock_assert_refused (trio_loop_abandon (loop));
  mock_assert_refused_as (FALSE, trio_loop_finish (NULL, NULL));
  mock_assert_refused_as (FALSE, trio_loop_finish (loop, NULL));
  mock_assert_refused_as (NULL, trio_loop_new (NULL, mock_return, NULL, &options, NULL));
  g_assert_null (trio_loop_new (trio_loop_get_world (loop), mock_return, NULL, &options, &failure));
  mock_assert_error (failure, TRIO_ERROR_MISUSE);
  return trio_checkpoint (error);
}

static void
test_mistakes_in_a_task_change_nothing (void)
{
  mock_run_ok (mistake_scopes, NULL);
  mock_run_ok (mistake_nurseries, NULL);
  mock_run_ok (use_a_closed_nursery, NULL);
  mock_run_ok (mistake_what_is_asked_about, NULL);
  mock_run_ok (mistake_the_rest, NULL);
}

/* --- outside one --- */

static gboolean
call_all_outside (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioTimer timer = { 0 };
  GError *failure = NULL;
  TrioInterruptHold hold;
  guint n = 0;

#define OUTSIDE(statement)                          \
  G_STMT_START                                      \
    {                                               \
      mock_expect_critical ("called outside a task"); \
      statement;                                    \
      g_test_assert_expected_messages ();           \
    }                                               \
  G_STMT_END
#define OUTSIDE_FAILS(call)                             \
  G_STMT_START                                          \
    {                                                   \
      OUTSIDE (g_assert_false (call));                  \
      mock_assert_error (failure, TRIO_ERROR_MISUSE);   \
    }                                                   \
  G_STMT_END

  OUTSIDE_FAILS (trio_checkpoint (&failure));
  OUTSIDE_FAILS (trio_checkpoint_if_cancelled (&failure));
  OUTSIDE_FAILS (trio_sleep (1, &failure));
  OUTSIDE_FAILS (trio_sleep_until (1, &failure));
  OUTSIDE_FAILS (trio_sleep_forever (&failure));
  OUTSIDE_FAILS (trio_wait_idle (0, &failure));
  OUTSIDE_FAILS (trio_wait_soft_cancelled (&failure));
  OUTSIDE_FAILS (trio_cancel_scope_open (&failure) != NULL);
  OUTSIDE_FAILS (trio_move_on_after (1, &failure) != NULL);
  OUTSIDE_FAILS (trio_fail_after (1, &failure) != NULL);
  OUTSIDE_FAILS (trio_shield_for (1, &failure) != NULL);
  OUTSIDE_FAILS (trio_move_on_when_soft_cancelled (&failure) != NULL);
  OUTSIDE_FAILS (trio_nursery_open (&failure) != NULL);
  OUTSIDE (trio_cancel_shielded_checkpoint ());
  OUTSIDE (g_assert_cmpint (trio_current_effective_deadline (), ==, G_MAXINT64));
  OUTSIDE (g_assert_false (trio_current_soft_cancelled ()));
  OUTSIDE (hold = trio_hold_interrupts ());
  trio_interrupt_hold_release (&hold);
  mock_expect_critical ("can be set in a task only");
  trio_task_local_set (&a_local, g_strdup ("freed"));
  mock_expect_critical ("can be set in a task only");
  trio_task_local_set (&a_local, NULL);
  g_test_assert_expected_messages ();
  g_assert_null (trio_task_local_get (&a_local));

  trio_timer_init (&timer, ring);
  g_assert_false (trio_timer_is_armed (&timer));
  mock_assert_refused (trio_timer_arm (&timer, 1));
  mock_assert_refused (trio_foreach_task (count_task, &n));
  mock_assert_refused_as (0, trio_current_time ());
  mock_assert_refused_as (NULL, trio_current_token ());
  mock_assert_refused (trio_add_instrument (&(TrioInstrument) { 0 }));
  mock_assert_refused (trio_remove_instrument (&(TrioInstrument) { 0 }));
  mock_assert_refused_as (NULL, trio_run_local_get (&timer));
  mock_assert_refused (trio_run_local_set (&timer, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_spawn_system_task (mock_return, NULL, NULL, NULL, NULL));
  mock_assert_refused_as (TRUE, trio_strand_resume (NULL));
  mock_assert_refused (trio_strand_pause ());
  trio_strand_free (NULL);
  return TRUE;
}

/* Marked because what it calls may suspend; outside a task nothing does. */
TRIO_CHECKPOINT static void
test_outside_a_task_nothing_suspends (void)
{
  g_assert_true (call_all_outside (NULL, NULL));
}

/* --- the plain functions --- */

static gboolean
be_ready (gpointer data G_GNUC_UNUSED, TrioTaskStatus *status, GError **error G_GNUC_UNUSED)
{
  trio_task_status_started (status, NULL);
  return TRUE;
}

/* Closes scope, which must have been opened by a plain function. */
static void
expect_unnamed (TrioCancelScope *scope, gboolean ok)
{
  mock_assert_says (trio_cancel_scope_get_where (scope), "an unnamed place");
  g_assert_true (trio_cancel_scope_close (scope, ok));
  trio_cancel_scope_free (scope);
}

static gboolean
use_plain_functions (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = (trio_nursery_open) (error);
  g_autoptr (TrioCancelScope) scope = (trio_cancel_scope_open) (error);
  TrioCancelScope *inner;

  (trio_nursery_start_soon) (nursery, mock_check_in, NULL);
  g_assert_true ((trio_nursery_start) (nursery, be_ready, NULL, NULL, error));
  expect_unnamed ((trio_cancel_scope_open) (error), TRUE);
  expect_unnamed ((trio_move_on_after) (1, error), TRUE);
  expect_unnamed ((trio_move_on_at) (G_MAXINT64, error), TRUE);
  expect_unnamed ((trio_fail_after) (1, error), TRUE);
  expect_unnamed ((trio_fail_at) (G_MAXINT64, error), TRUE);
  expect_unnamed ((trio_shield_for) (1, error), TRUE);
  expect_unnamed ((trio_move_on_when_soft_cancelled) (error), TRUE);

  inner = (trio_move_on_when_soft_cancelled) (error);
  (trio_cancel_scope_cancel_gracefully_with_reason) (scope, 5, "because");
  (trio_cancel_scope_cancel_gracefully) (scope, 3);
  mock_assert_says (trio_cancel_scope_get_reason (inner), "because (by task \"main\"; scope opened at an unnamed place)");
  expect_unnamed (inner, trio_checkpoint (error));
  (trio_cancel_scope_cancel) (scope);
  g_assert_cmpstr (trio_cancel_scope_get_reason (scope), ==,
                   "cancelled: the scope opened at an unnamed place was cancelled by task \"main\"");
  return trio_cancel_scope_close (scope, trio_checkpoint (error)) && trio_nursery_close (nursery, TRUE);
}

static void
test_the_functions_behind_the_macros_work_too (void)
{
  mock_run_ok (use_plain_functions, NULL);
}

/* --- timers --- */

static gboolean
set_a_timer (gpointer data G_GNUC_UNUSED, GError **error)
{
  TrioTimer timer;

  trio_timer_init (&timer, ring);
  trio_timer_arm (&timer, 1000);
  g_assert_true (trio_timer_is_armed (&timer));
  trio_timer_arm (&timer, 2000);
  trio_timer_disarm (&timer);
  trio_timer_disarm (&timer);
  g_assert_false (trio_timer_is_armed (&timer));
  if (!trio_sleep (5000, error))
    return FALSE;
  mock_say ("silence");
  trio_timer_arm (&timer, 6000);
  if (!trio_sleep (5000, error))
    return FALSE;
  g_assert_false (trio_timer_is_armed (&timer));
  return TRUE;
}

static void
test_a_timer_rings_once_if_nobody_stops_it (void)
{
  mock_run_ok (set_a_timer, NULL);
  mock_expect ("silence rang");
}

/* --- whose stack ran over? --- */

/* Walks down from here until it is in the guard. The address is only asked about, never touched. */
static gsize
find_guard (const char **name, guint64 *serial)
{
  const char *here = (const char *) __builtin_frame_address (0);
  gsize stack_bytes, below = 0;

  for (gsize distance = 0; distance < 64 * 1024 * 1024; distance += 1024)
    if (trio_task_find_overflow (here - distance, name, serial, &stack_bytes, &below))
      {
        g_assert_cmpuint (below, >, 0);
        g_assert_cmpuint (distance, <, stack_bytes + below);
        /* Far below it is none of ours. */
        g_assert_false (trio_task_find_overflow (here - distance - 256 * 1024 * 1024, name, serial, &stack_bytes, &below));
        return distance;
      }
  return 0;
}

static void
overflow_on_a_strand (gpointer found)
{
  const char *name = NULL;
  guint64 serial = 99;

  *(gboolean *) found = find_guard (&name, &serial) > 0;
  g_assert_cmpstr (name, ==, "a strand");
  g_assert_cmpuint (serial, ==, 0);
}

static gboolean
ask_about_overflows (gpointer data G_GNUC_UNUSED, GError **error)
{
  const char *name = NULL;
  guint64 serial = 0;
  gboolean found = FALSE;
  TrioStrand *strand;

  g_assert_cmpuint (find_guard (&name, &serial), >, 0);
  g_assert_cmpstr (name, ==, "main");
  g_assert_cmpuint (serial, ==, trio_task_get_serial (trio_current_task ()));
  strand = trio_strand_new (trio_loop_get_current (), overflow_on_a_strand, &found, "a strand");
  g_assert_true (trio_strand_resume (strand));
  g_assert_true (found);
  mock_assert_refused_as (TRUE, trio_strand_resume (strand));
  trio_strand_free (strand);
  return trio_checkpoint (error);
}

static void
test_an_overflow_is_known_by_its_address (void)
{
  const char *name;
  guint64 serial;
  gsize stack_bytes, below;

  mock_run_ok (ask_about_overflows, NULL);
  g_assert_false (trio_task_find_overflow (&name, &name, &serial, &stack_bytes, &below));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add ("/mistakes/mistakes-in-a-task-change-nothing", test_mistakes_in_a_task_change_nothing);
  g_test_add_func ("/mistakes/outside-a-task-nothing-suspends", test_outside_a_task_nothing_suspends);
  core_test_add_mock ("/mistakes/the-functions-behind-the-macros-work-too",
                      test_the_functions_behind_the_macros_work_too,
                      "it cancels for several reasons, each in its time");
  core_test_add_undisturbed ("/mistakes/a-timer-rings-once-if-nobody-stops-it",
                             test_a_timer_rings_once_if_nobody_stops_it,
                             "its timer is on its stack");
  core_test_add ("/mistakes/an-overflow-is-known-by-its-address", test_an_overflow_is_known_by_its_address);
  return g_test_run ();
}
