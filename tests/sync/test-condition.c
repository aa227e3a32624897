/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Conditions: statements 99, 100, 101 with D7, and what becomes of the waiters of a lock whose owner died (D9). */

#include "tests/sync/sync-test.h"

static TrioConditionStatistics
look (TrioCondition *condition)
{
  TrioConditionStatistics statistics;

  trio_condition_get_statistics (condition, &statistics);
  return statistics;
}

/* Who waits, in which order they came back, and whether each held the lock then. */
typedef struct
{
  TrioCondition *condition;
  int            inside;        /* holds the lock by itself */
  GString       *back;
} Room;

typedef struct
{
  Room     *room;
  char      name;
  gboolean  notified;
} Guest;

static void
assert_held (Room *room)
{
  GError *failure = NULL;

  g_assert_true (trio_condition_locked (room->condition));
  g_assert_false (trio_condition_acquire_nowait (room->condition, &failure));
  mock_assert_error (failure, TRIO_ERROR_MISUSE);       /* "holds this lock already" */
  g_assert_cmpint (room->inside, ==, 0);
}

static gboolean
wait_for_notification (gpointer data, GError **error)
{
  Guest *guest = data;
  Room *room = guest->room;

  if (!trio_condition_acquire (room->condition, error))
    return FALSE;
  guest->notified = trio_condition_wait (room->condition, error);
  /* statement 99 */
  assert_held (room);
  room->inside++;
  g_string_append_c (room->back, guest->name);
  trio_cancel_shielded_checkpoint ();
  room->inside--;
  trio_condition_release (room->condition);
  return guest->notified;
}

enum { N_GUESTS = 4 };

/* In this order. */
TRIO_CHECKPOINT static void
let_them_wait (Room *room, Guest *guests, SyncTask *tasks, guint n, TrioNursery *nursery)
{
  static const char *const names[] = { "a", "b", "c", "d" };

  for (guint i = 0; i < n; i++)
    {
      guests[i] = (Guest) { room, *names[i], FALSE };
      sync_task_start (&tasks[i], nursery, wait_for_notification, &guests[i], names[i]);
      sync_test_settle ();
    }
  g_assert_cmpuint (look (room->condition).tasks_waiting, ==, n);
}

static void
expect_back (Room *room, const char *names)
{
  g_assert_cmpstr (room->back->str, ==, names);
  g_string_truncate (room->back, 0);
}

TRIO_CHECKPOINT static void
take (TrioCondition *condition)
{
  GError *error = NULL;

  if (!trio_condition_acquire (condition, &error))
    g_error ("%s", error->message);
}

/* statement 100: notify moves exactly so many, those who have waited longest, to the end of the lock's line. */
static gboolean
test_notify_moves_exactly_so_many (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  g_autoptr (GString) back = g_string_new (NULL);
  Room room = { condition, 0, back };
  Guest guests[N_GUESTS];
  SyncTask tasks[N_GUESTS];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  let_them_wait (&room, guests, tasks, N_GUESTS, nursery);

  take (condition);
  trio_condition_notify (condition, 0);
  g_assert_cmpuint (look (condition).tasks_waiting, ==, 4);
  trio_condition_notify (condition, 2);
  g_assert_cmpuint (look (condition).tasks_waiting, ==, 2);
  g_assert_cmpuint (look (condition).lock_tasks_waiting, ==, 2);
  sync_test_settle ();
  /* They are notified, and asleep until the lock is theirs. */
  expect_back (&room, "");
  trio_condition_release (condition);
  sync_test_settle ();
  expect_back (&room, "ab");

  take (condition);
  trio_condition_notify_all (condition);
  trio_condition_release (condition);
  sync_test_settle ();
  expect_back (&room, "cd");

  take (condition);
  trio_condition_notify (condition, 5);
  trio_condition_release (condition);
  g_assert_false (trio_condition_locked (condition));
  return trio_nursery_close (nursery, TRUE);
}

/* statement 99: also when wait reports a cancellation, before it was notified … */
static gboolean
test_a_cancelled_waiter_holds_the_lock (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  g_autoptr (GString) back = g_string_new (NULL);
  Room room = { condition, 0, back };
  Guest guests[N_GUESTS];
  SyncTask tasks[N_GUESTS];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  let_them_wait (&room, guests, tasks, 2, nursery);
  sync_task_cancel (&tasks[0]);
  g_assert_cmpuint (look (condition).tasks_waiting, ==, 1);
  sync_test_settle ();
  expect_back (&room, "a");
  g_assert_true (tasks[0].cancelled);

  /* … and when somebody else holds the lock meanwhile: then it stands in line for it, and no cancellation gets it out of there. */
  take (condition);
  sync_task_cancel (&tasks[1]);
  sync_test_settle ();
  expect_back (&room, "");
  g_assert_cmpuint (look (condition).lock_tasks_waiting, ==, 1);
  trio_condition_release (condition);
  sync_test_settle ();
  expect_back (&room, "b");
  g_assert_true (tasks[1].cancelled);
  return trio_nursery_close (nursery, TRUE);
}

/* statement 101, D7: a notified waiter that is cancelled in the lock's line passes the notification on to who has waited
 * longest. */
static gboolean
test_a_cancelled_waiter_passes_its_notification_on (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  g_autoptr (GString) back = g_string_new (NULL);
  Room room = { condition, 0, back };
  Guest guests[N_GUESTS];
  SyncTask tasks[N_GUESTS];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  let_them_wait (&room, guests, tasks, 3, nursery);
  take (condition);
  trio_condition_notify (condition, 1);
  sync_task_cancel (&tasks[0]);
  trio_condition_release (condition);
  sync_test_settle ();
  g_assert_true (tasks[0].cancelled);
  g_assert_false (guests[0].notified);
  g_assert_true (guests[1].notified);
  g_assert_false (tasks[2].ended);
  g_assert_cmpuint (look (condition).tasks_waiting, ==, 1);

  /* One that was never notified has nothing to pass on. */
  sync_task_cancel (&tasks[2]);
  sync_test_settle ();
  g_assert_true (tasks[2].cancelled);
  g_assert_cmpuint (back->len, ==, 3);
  return trio_nursery_close (nursery, TRUE);
}

/* D7, all the way: the notification goes through as many cancelled ones as there are. */
static gboolean
test_a_notification_goes_through_all_who_are_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  g_autoptr (GString) back = g_string_new (NULL);
  Room room = { condition, 0, back };
  Guest guests[N_GUESTS];
  SyncTask tasks[N_GUESTS];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  let_them_wait (&room, guests, tasks, 4, nursery);
  take (condition);
  trio_condition_notify (condition, 3);
  for (int i = 0; i < 3; i++)
    sync_task_cancel (&tasks[i]);
  trio_condition_release (condition);
  sync_test_settle ();
  for (int i = 0; i < 3; i++)
    g_assert_true (tasks[i].cancelled);
  g_assert_true (guests[3].notified);
  return trio_nursery_close (nursery, TRUE);
}

/* statement 100: one that is cancelled, and has not run since, is no waiter any more: a notification goes to the next, and to nobody
 * else. */
static gboolean
test_a_cancelled_waiter_is_not_counted_among_the_notified (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  g_autoptr (GString) back = g_string_new (NULL);
  Room room = { condition, 0, back };
  Guest guests[N_GUESTS];
  SyncTask tasks[N_GUESTS];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  let_them_wait (&room, guests, tasks, 3, nursery);
  take (condition);
  sync_task_cancel (&tasks[0]);
  trio_condition_notify (condition, 1);
  trio_condition_release (condition);
  sync_test_settle ();
  g_assert_true (tasks[0].cancelled);
  g_assert_true (guests[1].notified);
  g_assert_false (tasks[2].ended);

  sync_task_cancel (&tasks[2]);
  sync_test_settle ();
  return trio_nursery_close (nursery, TRUE);
}

/* statement 38: with the lock in hand the wait is over, and the cancellation comes too late for it. */
static gboolean
test_the_lock_in_hand_beats_a_cancellation (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  g_autoptr (GString) back = g_string_new (NULL);
  Room room = { condition, 0, back };
  Guest guests[1];
  SyncTask tasks[1];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  let_them_wait (&room, guests, tasks, 1, nursery);
  take (condition);
  trio_condition_notify (condition, 1);
  trio_condition_release (condition);
  sync_task_cancel (&tasks[0]);
  sync_test_settle ();
  g_assert_true (guests[0].notified);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_waiting_and_notifying_without_the_lock_is_misuse (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioCondition) condition = trio_condition_new (lock);
  GError *failure = NULL;

  g_assert_false (trio_condition_wait (condition, &failure));
  mock_assert_error (failure, TRIO_ERROR_MISUSE);
  mock_expect_critical ("does not hold the condition's lock");
  trio_condition_notify (condition, 1);
  mock_expect_critical ("does not hold the condition's lock");
  trio_condition_notify_all (condition);
  g_test_assert_expected_messages ();

  /* The lock is the one it was given. */
  g_assert_true (trio_condition_acquire_nowait (condition, &failure));
  g_assert_true (trio_lock_locked (lock));
  trio_lock_release (lock);
  return TRUE;
}

static gboolean
die_with_the_lock (gpointer condition, GError **error)
{
  return trio_condition_acquire (condition, error) && trio_checkpoint (error);
}

static gboolean
wait_and_be_cancelled (gpointer condition, GError **error)
{
  GError *failure = NULL;

  if (!trio_condition_acquire (condition, error))
    return FALSE;
  g_assert_false (trio_condition_wait (condition, &failure));
  g_assert_true (trio_error_contains (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED));
  g_assert_true (trio_error_contains (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE));
  g_propagate_error (error, trio_error_remove (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, NULL));
  return FALSE;
}

typedef struct
{
  TrioCondition *condition;
  SyncTask      *waiter;
} Killer;

static gboolean
cancel_and_die_with_the_lock (gpointer data, GError **error)
{
  Killer *killer = data;

  if (!trio_condition_acquire_nowait (killer->condition, error))
    return FALSE;
  sync_task_cancel (killer->waiter);
  return TRUE;
}

/* D9: it comes back without the lock, and is told so besides. */
static gboolean
test_a_cancelled_waiter_whose_lock_breaks_is_told_both (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  SyncTask waiter;
  Killer killer = { condition, &waiter };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  sync_task_start (&waiter, nursery, wait_and_be_cancelled, condition, "waiter");
  sync_test_settle ();
  trio_nursery_start_soon (nursery, cancel_and_die_with_the_lock, &killer);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (waiter.cancelled);
  return TRUE;
}

static gboolean
wait_on_a_lock_that_breaks (gpointer data, GError **error)
{
  Guest *guest = data;
  GError *failure = NULL;

  if (!trio_condition_acquire (guest->room->condition, error))
    return FALSE;
  g_assert_false (trio_condition_wait (guest->room->condition, &failure));
  mock_assert_error (failure, TRIO_ERROR_BROKEN_RESOURCE);
  g_string_append_c (guest->room->back, guest->name);
  return TRUE;
}

/* D9: nobody could ever notify them. */
static gboolean
test_a_dead_owner_wakes_all_who_wait (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioCondition) condition = trio_condition_new (lock);
  g_autoptr (TrioCondition) another = trio_condition_new (lock);
  g_autoptr (GString) back = g_string_new (NULL);
  Room rooms[] = { { condition, 0, back }, { another, 0, back } };
  Guest guests[] = { { &rooms[0], 'a', FALSE }, { &rooms[0], 'b', FALSE }, { &rooms[1], 'c', FALSE } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    {
      trio_nursery_start_soon (nursery, wait_on_a_lock_that_breaks, &guests[i]);
      sync_test_settle ();
    }
  trio_nursery_start_soon (nursery, die_with_the_lock, condition);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (back->len, ==, 3);
  return TRUE;
}

/* D9: one who is notified already stands in the line of the lock, and breaks with it. */
static gboolean
test_a_lock_that_breaks_before_the_notified_one_has_it_wakes_all (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  g_autoptr (GString) back = g_string_new (NULL);
  Room room = { condition, 0, back };
  Guest guests[] = { { &room, 'a', FALSE }, { &room, 'b', FALSE } };
  SyncTask heir;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, wait_on_a_lock_that_breaks, &guests[0]);
  sync_test_settle ();
  trio_nursery_start_soon (nursery, wait_on_a_lock_that_breaks, &guests[1]);
  sync_test_settle ();
  take (condition);
  sync_task_start (&heir, nursery, die_with_the_lock, condition, "heir");
  sync_test_settle ();
  trio_condition_notify (condition, 1);      /* a stands behind the heir now */
  trio_condition_release (condition);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (back->len, ==, 2);
  return TRUE;
}

static void
describe_if_blocked (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);

  trio_task_describe_wait (task, text);
  if (strstr (text->str, "trio_condition_wait") != NULL)
    g_string_append_printf (data, "%s; ", text->str);
}

static gboolean
test_waiters_say_what_they_wait_for (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  g_autoptr (GString) back = g_string_new (NULL);
  g_autoptr (GString) said = g_string_new (NULL);
  Room room = { condition, 0, back };
  Guest guests[2];
  SyncTask tasks[2];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  let_them_wait (&room, guests, tasks, 2, nursery);
  take (condition);
  trio_condition_notify (condition, 1);
  trio_foreach_task (describe_if_blocked, said);
  mock_assert_says (said->str, "trio_condition_wait: notified, and now the lock is held by main");
  mock_assert_says (said->str, "trio_condition_wait: nobody has notified it");
  trio_condition_notify (condition, 1);
  trio_condition_release (condition);
  return trio_nursery_close (nursery, TRUE);
}

/* A queue with room for one, as in a textbook. */
typedef struct
{
  TrioCondition *condition;
  int            value;         /* 0: empty */
  int            sum;
} Box;

static gboolean
put (gpointer data, GError **error)
{
  Box *box = data;

  for (int i = 1; i <= 5; i++)
    {
      gboolean ok = TRUE;

      if (!trio_condition_acquire (box->condition, error))
        return FALSE;
      while (ok && box->value != 0)
        ok = trio_condition_wait (box->condition, error);
      if (ok)
        {
          box->value = i;
          trio_condition_notify_all (box->condition);
        }
      trio_condition_release (box->condition);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static gboolean
get (gpointer data, GError **error)
{
  Box *box = data;

  for (int i = 1; i <= 5; i++)
    {
      gboolean ok = TRUE;

      if (!trio_condition_acquire (box->condition, error))
        return FALSE;
      while (ok && box->value == 0)
        ok = trio_condition_wait (box->condition, error);
      if (ok)
        {
          box->sum += box->value;
          box->value = 0;
          trio_condition_notify_all (box->condition);
        }
      trio_condition_release (box->condition);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static gboolean
test_a_box_is_filled_and_emptied (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCondition) condition = trio_condition_new (NULL);
  Box box = { .condition = condition };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    {
      trio_nursery_start_soon (nursery, put, &box);
      trio_nursery_start_soon (nursery, get, &box);
    }
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (box.sum, ==, 3 * (1 + 2 + 3 + 4 + 5));
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/condition/notify-moves-exactly-so-many", test_notify_moves_exactly_so_many);
  SYNC_TEST ("/condition/a-cancelled-waiter-holds-the-lock", test_a_cancelled_waiter_holds_the_lock);
  SYNC_TEST ("/condition/a-cancelled-waiter-passes-its-notification-on", test_a_cancelled_waiter_passes_its_notification_on);
  SYNC_TEST ("/condition/a-notification-goes-through-all-who-are-cancelled",
             test_a_notification_goes_through_all_who_are_cancelled);
  SYNC_TEST ("/condition/a-cancelled-waiter-is-not-counted-among-the-notified", test_a_cancelled_waiter_is_not_counted_among_the_notified);
  SYNC_TEST ("/condition/the-lock-in-hand-beats-a-cancellation", test_the_lock_in_hand_beats_a_cancellation);
  SYNC_TEST ("/condition/waiting-and-notifying-without-the-lock-is-misuse", test_waiting_and_notifying_without_the_lock_is_misuse);
  SYNC_TEST ("/condition/a-cancelled-waiter-whose-lock-breaks-is-told-both", test_a_cancelled_waiter_whose_lock_breaks_is_told_both);
  SYNC_TEST ("/condition/a-dead-owner-wakes-all-who-wait", test_a_dead_owner_wakes_all_who_wait);
  SYNC_TEST ("/condition/a-lock-that-breaks-before-the-notified-one-has-it-wakes-all",
             test_a_lock_that_breaks_before_the_notified_one_has_it_wakes_all);
  SYNC_TEST ("/condition/waiters-say-what-they-wait-for", test_waiters_say_what_they_wait_for);
  SYNC_TEST ("/condition/a-box-is-filled-and-emptied", test_a_box_is_filled_and_emptied);
  return g_test_run ();
}
