/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Parking lots: statements 89 to 94. */

#include "tests/core/core-test.h"

typedef struct
{
  TrioParkingLot  *lot;
  const char      *name;
  TrioCancelScope *scope;
} Parker;

static gboolean
park (gpointer data, GError **error)
{
  Parker *parker = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  parker->scope = scope;
  ok = trio_parking_lot_park (parker->lot, error);
  if (!ok && g_error_matches (*error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE))
    mock_say ("%s-broken", parker->name);
  else
    mock_say ("%s%s", parker->name, ok ? "" : "-cancelled");
  return trio_cancel_scope_close (scope, ok);
}

TRIO_CHECKPOINT static void
let_all_run (void)
{
  g_autoptr (TrioCancelScope) shield G_GNUC_UNUSED = trio_shield_for (G_TIME_SPAN_HOUR, NULL);

  for (int i = 0; i < 5; i++)
    (void) !mock_yield (NULL);
}

static const char *const names[] = { "a", "b", "c", "d", "e" };

TRIO_CHECKPOINT static void
park_some (TrioNursery *nursery, TrioParkingLot *lot, Parker *parkers, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      parkers[i] = (Parker) { lot, names[i], NULL };
      trio_nursery_start_soon (nursery, park, &parkers[i]);
    }
  let_all_run ();
}

static gsize
count_waiting (TrioParkingLot *lot)
{
  TrioParkingLotStatistics statistics;

  trio_parking_lot_get_statistics (lot, &statistics);
  return statistics.tasks_waiting;
}

/* Somebody has been cancelled already: whoever is in the lot must be found there and told. */
TRIO_CHECKPOINT static gboolean
leave_lot (TrioNursery *nursery, TrioParkingLot *lot)
{
  gboolean ok;

  trio_parking_lot_unpark_one (lot);
  trio_nursery_cancel (nursery);
  ok = trio_nursery_close (nursery, TRUE);
  g_assert_cmpuint (count_waiting (lot), ==, 0);
  trio_parking_lot_clear (lot);
  return ok;
}

static gboolean
unpark_in_order (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Parker parkers[5];
  TrioParkingLot lot;
  TrioTask *task;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_parking_lot_init (&lot, NULL);
  g_assert_null (trio_parking_lot_unpark_one (&lot));
  g_assert_cmpuint (trio_parking_lot_unpark (&lot, 3), ==, 0);
  park_some (nursery, &lot, parkers, 5);
  if (mock_is_disturbed ())
    return leave_lot (nursery, &lot);
  g_assert_cmpuint (count_waiting (&lot), ==, 5);
  task = trio_parking_lot_unpark_one (&lot);
  g_assert_cmpstr (trio_task_get_name (task), ==, "park");
  g_assert_cmpuint (count_waiting (&lot), ==, 4);
  let_all_run ();
  mock_say ("|");
  g_assert_cmpuint (trio_parking_lot_unpark (&lot, 2), ==, 2);
  let_all_run ();
  mock_say ("|");
  g_assert_cmpuint (trio_parking_lot_unpark_all (&lot), ==, 2);
  g_assert_cmpuint (trio_parking_lot_unpark_all (&lot), ==, 0);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_parking_lot_clear (&lot);
  return TRUE;
}

/* (89) */
static void
test_waking_is_in_the_order_of_parking (void)
{
  mock_run_ok (unpark_in_order, NULL);
  mock_expect ("a | b c | d e");
}

static gboolean
cancel_some (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Parker parkers[5];
  TrioParkingLot lot;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_parking_lot_init (&lot, NULL);
  park_some (nursery, &lot, parkers, 5);
  if (mock_is_disturbed ())
    return leave_lot (nursery, &lot);
  /* The first, the last and one in the middle. */
  trio_cancel_scope_cancel (parkers[0].scope);
  trio_cancel_scope_cancel (parkers[2].scope);
  trio_cancel_scope_cancel (parkers[4].scope);
  g_assert_cmpuint (count_waiting (&lot), ==, 2);
  g_assert_cmpuint (trio_parking_lot_unpark (&lot, 2), ==, 2);
  let_all_run ();
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_parking_lot_clear (&lot);
  return TRUE;
}

/* (90) */
static void
test_a_cancelled_parker_leaves_and_takes_no_wake_up_along (void)
{
  mock_run_ok (cancel_some, NULL);
  mock_expect ("a-cancelled c-cancelled e-cancelled b d");
}

static gboolean
repark_some (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Parker parkers[5];
  TrioParkingLot lot, other;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_parking_lot_init (&lot, NULL);
  trio_parking_lot_init (&other, NULL);
  park_some (nursery, &lot, parkers, 4);
  if (mock_is_disturbed ())
    return leave_lot (nursery, &lot);
  g_assert_cmpuint (trio_parking_lot_repark (&lot, &other, 3), ==, 3);
  let_all_run ();
  mock_say ("|");
  g_assert_cmpuint (count_waiting (&lot), ==, 1);
  g_assert_cmpuint (count_waiting (&other), ==, 3);
  trio_cancel_scope_cancel (parkers[1].scope);
  g_assert_cmpuint (count_waiting (&other), ==, 2);
  trio_parking_lot_unpark (&lot, 1);
  let_all_run ();
  mock_say ("|");
  trio_parking_lot_unpark_all (&other);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (trio_parking_lot_repark_all (&lot, &other), ==, 0);
  trio_parking_lot_clear (&lot);
  trio_parking_lot_clear (&other);
  return TRUE;
}

/* (91) */
static void
test_those_moved_to_another_lot_stay_asleep_and_in_order_and_can_be_cancelled_there (void)
{
  mock_run_ok (repark_some, NULL);
  mock_expect ("| b-cancelled d | a c");
}

static gboolean
break_a_lot (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Parker parkers[3];
  TrioParkingLot lot;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) scope = NULL;
  gboolean ok;

  trio_parking_lot_init (&lot, NULL);
  park_some (nursery, &lot, parkers, 3);
  trio_parking_lot_break_lot (&lot, NULL);
  g_assert_true (trio_parking_lot_is_broken (&lot));
  g_assert_cmpuint (count_waiting (&lot), ==, 0);
  ok = trio_nursery_close (nursery, trio_checkpoint (error));
  if (mock_is_disturbed ())
    {
      g_clear_error (error);
      trio_parking_lot_clear (&lot);
      return TRUE;
    }
  g_assert_false (ok);
  g_assert_error (*error, TRIO_ERROR, TRIO_ERROR_GROUP);
  g_assert_true (trio_error_contains (*error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE));
  g_clear_error (error);

  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_parking_lot_park (&lot, error));
  mock_assert_says ((*error)->message, "\"main\"");
  mock_assert_error (*error, TRIO_ERROR_BROKEN_RESOURCE);
  trio_parking_lot_clear (&lot);
  return trio_cancel_scope_close (scope, TRUE);
}

/* (92) */
static void
test_a_broken_lot_fails_those_in_it_and_those_who_come_even_when_cancelled (void)
{
  mock_run_ok (break_a_lot, NULL);
  mock_expect_in_any_order ("a-broken b-broken c-broken");
}

static gboolean
repark_into_broken (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Parker parkers[2];
  TrioParkingLot lot, broken;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_parking_lot_init (&lot, NULL);
  trio_parking_lot_init (&broken, NULL);
  trio_parking_lot_break_lot (&broken, NULL);
  park_some (nursery, &lot, parkers, 2);
  if (mock_is_disturbed ())
    return leave_lot (nursery, &lot);
  g_assert_cmpuint (trio_parking_lot_repark_all (&lot, &broken), ==, 2);
  g_assert_false (trio_nursery_close (nursery, TRUE));
  g_clear_error (error);
  trio_parking_lot_clear (&lot);
  trio_parking_lot_clear (&broken);
  return TRUE;
}

/* (91, 92) */
static void
test_those_moved_to_a_broken_lot_fail_like_those_who_come_to_it (void)
{
  mock_run_ok (repark_into_broken, NULL);
  mock_expect_in_any_order ("a-broken b-broken");
}

/* ---- breakers ---- */

static gboolean
break_at_the_end (gpointer data, GError **error G_GNUC_UNUSED)
{
  TrioParkingLot *lots = data;

  trio_parking_lot_add_breaker (&lots[0], trio_current_task ());
  trio_parking_lot_add_breaker (&lots[1], trio_current_task ());
  trio_parking_lot_add_breaker (&lots[2], trio_current_task ());
  trio_parking_lot_add_breaker (&lots[2], trio_current_task ());
  trio_parking_lot_remove_breaker (&lots[2], trio_current_task ());
  trio_parking_lot_remove_breaker (&lots[2], trio_current_task ());
  trio_cancel_shielded_checkpoint ();
  return TRUE;
}

static gboolean
end_several_breakers (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioParkingLot lots[3];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    trio_parking_lot_init (&lots[i], NULL);
  trio_nursery_start_soon_full (nursery, break_at_the_end, lots, NULL, "first-breaker");
  trio_nursery_start_soon_full (nursery, break_at_the_end, lots, NULL, "second-breaker");
  g_assert_false (trio_parking_lot_is_broken (&lots[0]));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (trio_parking_lot_is_broken (&lots[0]));
  g_assert_true (trio_parking_lot_is_broken (&lots[1]));
  g_assert_false (trio_parking_lot_is_broken (&lots[2]));
  g_assert_false (trio_parking_lot_park (&lots[0], error));
  mock_assert_says ((*error)->message, "first-breaker");
  mock_assert_says ((*error)->message, "second-breaker");
  mock_assert_error (*error, TRIO_ERROR_BROKEN_RESOURCE);
  for (int i = 0; i < 3; i++)
    trio_parking_lot_clear (&lots[i]);
  return TRUE;
}

/* (93, 94) */
static void
test_the_end_of_a_task_breaks_every_lot_it_was_to_break_and_all_breakers_are_named (void)
{
  mock_run_ok (end_several_breakers, NULL);
}

static gboolean
park_as_its_own_breaker (gpointer data, GError **error)
{
  TrioParkingLot *lot = data;
  g_autoptr (TrioCancelScope) scope = trio_move_on_after (10, error);
  gboolean ok;

  trio_parking_lot_add_breaker (lot, trio_current_task ());
  ok = trio_cancel_scope_close (scope, trio_parking_lot_park (lot, error));
  g_assert_false (trio_parking_lot_is_broken (lot));
  return ok;
}

static gboolean
break_itself (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Parker parkers[2];
  TrioParkingLot lot;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_parking_lot_init (&lot, NULL);
  trio_nursery_start_soon (nursery, park_as_its_own_breaker, &lot);
  park_some (nursery, &lot, parkers, 2);
  /* One who waits in the lot may be the one whose end breaks it. */
  if (trio_nursery_close (nursery, TRUE))
    g_assert_true (mock_is_disturbed ());
  g_clear_error (error);
  trio_parking_lot_clear (&lot);
  return TRUE;
}

/* (94) */
static void
test_a_lot_may_be_broken_by_one_who_waited_in_it (void)
{
  mock_run_ok (break_itself, NULL);
  mock_expect_in_any_order ("a-broken b-broken");
}

static gboolean
misuse_a_lot (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Parker parker = { NULL, "a", NULL };
  TrioParkingLot lot;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_parking_lot_init (&lot, "brew_tea");
  mock_expect_critical ("does not break this lot");
  trio_parking_lot_remove_breaker (&lot, trio_current_task ());
  park_some (nursery, &lot, &parker, 1);
  mock_expect_critical ("(brew_tea) is freed while 1 task");
  trio_parking_lot_clear (&lot);
  mock_expect_critical ("lot != new_lot");
  g_assert_cmpuint (trio_parking_lot_repark (&lot, &lot, 1), ==, 0);
  g_test_assert_expected_messages ();

  mock_assert_refused (trio_parking_lot_init (NULL, NULL));
  mock_assert_refused (trio_parking_lot_clear (NULL));
  mock_assert_refused_as (FALSE, trio_parking_lot_park (NULL, error));
  mock_assert_refused_as (FALSE, trio_parking_lot_park_as (NULL, NULL, NULL, error));
  mock_assert_refused_as (FALSE, trio_parking_lot_park_as (&lot, NULL, NULL, error));
  mock_assert_refused_as (0, trio_parking_lot_unpark (NULL, 1));
  mock_assert_refused_as (0, trio_parking_lot_unpark_all (NULL));
  mock_assert_refused_as (NULL, trio_parking_lot_unpark_one (NULL));
  mock_assert_refused_as (0, trio_parking_lot_repark (NULL, &lot, 1));
  mock_assert_refused_as (0, trio_parking_lot_repark (&lot, NULL, 1));
  mock_assert_refused_as (0, trio_parking_lot_repark_all (NULL, &lot));
  mock_assert_refused (trio_parking_lot_break_lot (NULL, NULL));
  mock_assert_refused_as (FALSE, trio_parking_lot_is_broken (NULL));
  mock_assert_refused (trio_parking_lot_add_breaker (NULL, trio_current_task ()));
  mock_assert_refused (trio_parking_lot_add_breaker (&lot, NULL));
  mock_assert_refused (trio_parking_lot_remove_breaker (NULL, trio_current_task ()));
  mock_assert_refused (trio_parking_lot_remove_breaker (&lot, NULL));
  mock_assert_refused (trio_parking_lot_get_statistics (NULL, NULL));
  /* Who waited in it is told. */
  g_assert_false (trio_nursery_close (nursery, TRUE));
  mock_assert_says ((*error)->message, "what brew_tea() waits for was broken by task");
  mock_assert_error (*error, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

static void
test_misuse_of_a_lot_is_a_critical (void)
{
  mock_run_ok (misuse_a_lot, NULL);
  mock_expect ("a-broken");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  core_test_add_ordered ("/parking-lot/waking-is-in-the-order-of-parking",
                         test_waking_is_in_the_order_of_parking,
                         "waking is in the order of parking, which is that of starting only in production");
  core_test_add_ordered ("/parking-lot/a-cancelled-parker-leaves-and-takes-no-wake-up-along",
                         test_a_cancelled_parker_leaves_and_takes_no_wake_up_along,
                         "waking is in the order of parking, which is that of starting only in production");
  core_test_add_ordered ("/parking-lot/those-moved-to-another-lot-stay-asleep-and-in-order-and-can-be-cancelled-there",
                         test_those_moved_to_another_lot_stay_asleep_and_in_order_and_can_be_cancelled_there,
                         "waking is in the order of parking, which is that of starting only in production");
  core_test_add ("/parking-lot/a-broken-lot-fails-those-in-it-and-those-who-come-even-when-cancelled",
                 test_a_broken_lot_fails_those_in_it_and_those_who_come_even_when_cancelled);
  core_test_add ("/parking-lot/those-moved-to-a-broken-lot-fail-like-those-who-come-to-it",
                 test_those_moved_to_a_broken_lot_fail_like_those_who_come_to_it);
  core_test_add ("/parking-lot/the-end-of-a-task-breaks-every-lot-it-was-to-break-and-all-breakers-are-named",
                 test_the_end_of_a_task_breaks_every_lot_it_was_to_break_and_all_breakers_are_named);
  core_test_add ("/parking-lot/a-lot-may-be-broken-by-one-who-waited-in-it", test_a_lot_may_be_broken_by_one_who_waited_in_it);
  core_test_add_undisturbed ("/parking-lot/misuse-of-a-lot-is-a-critical",
                             test_misuse_of_a_lot_is_a_critical,
                             "its complaints come in their order");
  return g_test_run ();
}
