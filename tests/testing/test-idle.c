/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Waiting until everybody waits, in all worlds; and the kernel's part of it, told of idleness by hand. */

#include <string.h>
#include <trio/lowlevel/idle.h>

#include "tests/testing/worlds.h"

#define MS G_TIME_SPAN_MILLISECOND

static gboolean
check_in_often (gpointer data, GError **error)
{
  gboolean *done = data;

  for (guint i = 0; i < 20; i++)
    if (!trio_checkpoint (error))
      return FALSE;
  *done = TRUE;
  return TRUE;
}

static gboolean
test_waits_until_no_other_task_can_run (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gboolean done[3] = { FALSE, FALSE, FALSE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, check_in_often, &done[i]);
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  g_assert_true (done[0] && done[1] && done[2]);
  return trio_nursery_close (nursery, TRUE);
}

typedef struct
{
  GTimeSpan  cushion;
  char       name;
  GString   *log;
} Waiter;

static gboolean
wait_and_tell (gpointer data, GError **error)
{
  const Waiter *waiter = data;

  if (!trio_testing_wait_all_tasks_blocked (waiter->cushion, error))
    return FALSE;
  g_string_append_c (waiter->log, waiter->name);
  return TRUE;
}

/* semantics: 116 */
static gboolean
test_the_shortest_cushion_wakes_first (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Waiter waiters[] = { { 4 * MS, 'd', log }, { 0, 'a', log }, { 2 * MS, 'c', log }, { 1 * MS, 'b', log } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < G_N_ELEMENTS (waiters); i++)
    trio_nursery_start_soon (nursery, wait_and_tell, &waiters[i]);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpstr (log->str, ==, "abcd");
  return TRUE;
}

/* semantics: 116. What woke for the first one made somebody runnable, so the second one's time begins then. */
static gboolean
test_longer_cushions_begin_anew_when_a_shorter_one_woke (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Waiter waiters[] = { { 2 * MS, 'a', log }, { 3 * MS, 'b', log } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gint64 began = trio_current_time ();

  trio_nursery_start_soon (nursery, wait_and_tell, &waiters[0]);
  trio_nursery_start_soon (nursery, wait_and_tell, &waiters[1]);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (trio_current_time () - began, >=, 5 * MS);
  return TRUE;
}

static gboolean
sleep_thrice (gpointer data G_GNUC_UNUSED, GError **error)
{
  for (guint i = 0; i < 3; i++)
    if (!trio_sleep (2 * MS, error))
      return FALSE;
  return TRUE;
}

/* semantics: 115, 116 */
static gboolean
test_a_deadline_begins_the_cushion_anew (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gint64 began = trio_current_time ();

  trio_nursery_start_soon (nursery, sleep_thrice, NULL);
  if (!trio_testing_wait_all_tasks_blocked (5 * MS, error))
    return FALSE;
  g_assert_cmpint (trio_current_time () - began, >=, 3 * 2 * MS + 5 * MS);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_a_sleeper_counts_as_waiting (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, mock_sleep_forever, NULL);
  trio_nursery_start_soon_full (nursery, mock_sleep, GINT_TO_POINTER (G_MAXINT), NULL, "sleeper");
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_a_cancelled_waiter_is_gone (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (MS, error);
  gboolean ok = trio_testing_wait_all_tasks_blocked (G_TIME_SPAN_HOUR, error);

  if (!trio_cancel_scope_close (patience, ok))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (patience));
  return trio_testing_wait_all_tasks_blocked (0, error);
}

static gboolean
test_in_a_cancelled_scope_it_fails (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_testing_wait_all_tasks_blocked (0, error));
  return trio_cancel_scope_close (scope, FALSE);
}

/* --- the kernel's part --- */

static gboolean
wait_for_an_hour_of_quiet (gpointer data, GError **error)
{
  gboolean *woke = data;

  if (!trio_wait_idle (G_TIME_SPAN_HOUR, error))
    return FALSE;
  *woke = TRUE;
  return TRUE;
}

/* That there was idleness before is forgotten. */
static gboolean
wait_for_quiet_and_then_for_an_hour_of_it (gpointer data, GError **error)
{
  return trio_wait_idle (0, error) && wait_for_an_hour_of_quiet (data, error);
}

/* Takes a turn that nobody asked for, as after a wake-up without work. */
static gboolean
take_empty_turns (MockWorld *world, TrioLoop *loop)
{
  guint *left = world->data;

  if (*left == 0 || trio_loop_get_cushion (loop) != G_TIME_SPAN_HOUR)
    return FALSE;
  --*left;
  world->now += 59 * G_TIME_SPAN_MINUTE;
  return TRUE;
}

/* semantics: 179 */
static void
test_a_forced_wake_up_is_no_idleness (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  gboolean woke = FALSE;
  guint left = 5;
  gint64 began = world->now;
  gboolean ok;

  world->on_idle = take_empty_turns;
  world->data = &left;
  ok = mock_run_in (world, wait_for_quiet_and_then_for_an_hour_of_it, &woke, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_true (woke);
  /* Each turn began the hour anew. */
  g_assert_cmpint (world->now - began, ==, 5 * 59 * G_TIME_SPAN_MINUTE + G_TIME_SPAN_HOUR);
}

/* The driver says "idle" and a deadline is due in the same turn. */
static gboolean
tell_late (MockWorld *world, TrioLoop *loop)
{
  guint *left = world->data;

  if (*left == 0)
    return FALSE;
  --*left;
  world->now += 2 * MS;
  trio_loop_tell_idle (loop);
  return TRUE;
}

static gboolean
open_a_scope_that_expires (gpointer data, GError **error)
{
  const gboolean *woke = data;
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (MS, error);

  /* Nobody is inside it when it expires: no task becomes runnable by it. */
  {
    g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);
    gboolean ok;

    trio_cancel_scope_set_shield (shield, TRUE);
    ok = trio_sleep (3 * MS, error);
    if (!trio_cancel_scope_close (shield, ok))
      return FALSE;
  }
  g_assert_false (*woke);
  return trio_cancel_scope_close (patience, TRUE);
}

static gboolean
wait_beside_a_deadline (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_for_an_hour_of_quiet, data);
  trio_nursery_start_soon (nursery, open_a_scope_that_expires, data);
  return trio_nursery_close (nursery, TRUE);
}

/* semantics: 115 */
static void
test_a_deadline_of_the_same_turn_comes_before_idleness (void)
{
  g_autoptr (MockWorld) world = mock_world_new ();
  g_autoptr (GError) error = NULL;
  gboolean woke = FALSE;
  guint left = 1;
  gboolean ok;

  world->on_idle = tell_late;
  world->data = &left;
  ok = mock_run_in (world, wait_beside_a_deadline, &woke, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpuint (left, ==, 0);
  g_assert_true (woke);
}

static gboolean
describe_myself (gpointer data, GError **error G_GNUC_UNUSED)
{
  GString *words = data;

  trio_task_describe_wait (trio_task_get_parent (trio_current_task ()), words);
  return TRUE;
}

static gboolean
wait_and_be_described (gpointer data, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, describe_myself, data);
  if (!trio_wait_idle (5 * MS, error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

static void
test_the_wait_can_say_what_it_is (void)
{
  g_autoptr (GString) words = g_string_new (NULL);

  mock_run_ok (wait_and_be_described, words);
  g_assert_cmpstr (words->str, ==, "trio_wait_idle: until nothing has happened for 0.005 s");
}

/* --- the real world --- */

/* Pokes the run each time it begins to wait: a deadline changes, it wakes up, finds nothing to do, and goes on waiting. */
typedef struct
{
  TrioInstrument   instrument;
  TrioCancelScope *scope;
  guint            left;
  gint64           poked_at;
} Poker;

static void
poke (TrioInstrument *instrument, gint64 due G_GNUC_UNUSED)
{
  Poker *poker = (Poker *) instrument;

  if (poker->scope == NULL || poker->left == 0)
    return;
  poker->left--;
  poker->poked_at = g_get_monotonic_time ();
  trio_cancel_scope_set_deadline (poker->scope, poker->poked_at + G_TIME_SPAN_HOUR);
}

static gboolean
wait_while_poked (gpointer data, GError **error)
{
  Poker *poker = data;
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (G_TIME_SPAN_HOUR, error);

  poker->scope = scope;
  if (!trio_testing_wait_all_tasks_blocked (3 * MS, error))
    return FALSE;
  poker->scope = NULL;
  g_assert_cmpuint (poker->left, ==, 0);
  g_assert_cmpint (g_get_monotonic_time () - poker->poked_at, >=, 3 * MS);
  return trio_cancel_scope_close (scope, TRUE);
}

/* semantics: 178, 179 */
static void
test_poking_a_run_that_waits_is_no_idleness (void)
{
  Poker poker = { .instrument = { .name = "poker", .before_io_wait = poke }, .left = 5 };
  TrioInstrument *instruments[] = { &poker.instrument, NULL };
  TrioRunOptions options = { .instruments = instruments };
  g_autoptr (GError) error = NULL;
  gboolean ok = trio_run_with (wait_while_poked, &poker, &options, &error);

  g_assert_no_error (error);
  g_assert_true (ok);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  worlds_add ("/idle/waits-until-no-other-task-can-run", test_waits_until_no_other_task_can_run);
  worlds_add ("/idle/the-shortest-cushion-wakes-first", test_the_shortest_cushion_wakes_first);
  worlds_add ("/idle/longer-cushions-begin-anew-when-a-shorter-one-woke", test_longer_cushions_begin_anew_when_a_shorter_one_woke);
  worlds_add ("/idle/a-deadline-begins-the-cushion-anew", test_a_deadline_begins_the_cushion_anew);
  worlds_add ("/idle/a-sleeper-counts-as-waiting", test_a_sleeper_counts_as_waiting);
  worlds_add ("/idle/a-cancelled-waiter-is-gone", test_a_cancelled_waiter_is_gone);
  worlds_add ("/idle/in-a-cancelled-scope-it-fails", test_in_a_cancelled_scope_it_fails);
  g_test_add_func ("/kernel/a-forced-wake-up-is-no-idleness", test_a_forced_wake_up_is_no_idleness);
  g_test_add_func ("/kernel/a-deadline-of-the-same-turn-comes-before-idleness", test_a_deadline_of_the_same_turn_comes_before_idleness);
  g_test_add_func ("/kernel/the-wait-can-say-what-it-is", test_the_wait_can_say_what_it_is);
  g_test_add_func ("/context/poking-a-run-that-waits-is-no-idleness", test_poking_a_run_that_waits_is_no_idleness);
  return g_test_run ();
}
