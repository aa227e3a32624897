/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Locks: statements 17, 38, 95 to 98, and D9. What is left when somebody is cancelled or interrupted is in sweep-locks.c. */

#include <trio/lowlevel/idle.h>

#include "tests/core/core-test.h"

typedef struct
{
  TrioLock        *lock;
  const char      *name;
  int              rounds;
  TrioCancelScope *scope;
} Worker;

static gboolean
hold_a_while (gpointer data, GError **error)
{
  Worker *worker = data;

  for (int i = 0; i < worker->rounds; i++)
    {
      if (!trio_lock_acquire (worker->lock, error))
        return FALSE;
      mock_say ("%s", worker->name);
      /* Others come meanwhile. */
      g_assert_true (mock_yield (error));
      trio_lock_release (worker->lock);
    }
  return TRUE;
}

static TrioLockStatistics
look (TrioLock *lock)
{
  TrioLockStatistics statistics;

  trio_lock_get_statistics (lock, &statistics);
  return statistics;
}

static gboolean
take_and_give (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();

  g_assert_false (trio_lock_locked (lock));
  g_assert_null (look (lock).owner);
  g_assert_true (trio_lock_acquire (lock, error));
  g_assert_true (trio_lock_locked (lock));
  g_assert_true (look (lock).owner == trio_current_task ());
  g_assert_cmpuint (look (lock).tasks_waiting, ==, 0);
  trio_lock_release (lock);
  g_assert_false (trio_lock_locked (lock));
  g_assert_true (trio_lock_acquire_nowait (lock, error));
  trio_lock_release (lock);
  trio_lock_free (NULL);
  return TRUE;
}

static void
test_a_free_lock_is_taken_at_once (void)
{
  mock_run_ok (take_and_give, NULL);
}

static gboolean
share_between_three (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  Worker workers[] = { { lock, "a", 4, NULL }, { lock, "b", 4, NULL }, { lock, "c", 4, NULL } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 3; i++)
    trio_nursery_start_soon (nursery, hold_a_while, &workers[i]);
  return trio_nursery_close (nursery, TRUE);
}

/* (96) */
static void
test_who_waits_is_served_in_turn (void)
{
  g_auto (GStrv) turns = NULL;

  mock_run_ok (share_between_three, NULL);
  turns = g_strsplit (mock_log->str, " ", -1);
  g_assert_cmpuint (g_strv_length (turns), ==, 12);
  /* Whoever came in which order, that order stays. */
  g_assert_true (strcmp (turns[0], turns[1]) != 0 && strcmp (turns[1], turns[2]) != 0 && strcmp (turns[0], turns[2]) != 0);
  for (guint i = 3; i < 12; i++)
    g_assert_cmpstr (turns[i], ==, turns[i - 3]);
  mock_expect_in_any_order ("a b c a b c a b c a b c");
}

static gboolean
try_to_take_it_back (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  Worker worker = { lock, "waiter", 1, NULL };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_assert_true (trio_lock_acquire (lock, error));
  trio_nursery_start_soon (nursery, hold_a_while, &worker);
  g_assert_true (mock_yield (error));
  g_assert_cmpuint (look (lock).tasks_waiting, ==, 1);
  trio_lock_release (lock);
  /* It is the waiter's already, though it has not run. */
  g_assert_true (trio_lock_locked (lock));
  g_assert_cmpstr (trio_task_get_name (look (lock).owner), ==, "hold_a_while");
  g_assert_false (trio_lock_acquire_nowait (lock, error));
  mock_assert_error (*error, TRIO_ERROR_WOULD_BLOCK);
  g_assert_true (trio_lock_acquire (lock, error));
  mock_say ("main");
  trio_lock_release (lock);
  return trio_nursery_close (nursery, TRUE);
}

/* (95) */
static void
test_the_releaser_cannot_take_it_again_ahead_of_who_waits (void)
{
  mock_run_ok (try_to_take_it_back, NULL);
  mock_expect ("waiter main");
}

static gboolean
release_what_is_not_mine (gpointer lock, GError **error G_GNUC_UNUSED)
{
  mock_expect_critical ("task \"release_what_is_not_mine\" does not hold the lock");
  trio_lock_release (lock);
  g_test_assert_expected_messages ();
  g_assert_true (trio_lock_locked (lock));
  return TRUE;
}

static gboolean
misuse (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  mock_expect_critical ("does not hold the lock");
  trio_lock_release (lock);
  g_assert_true (trio_lock_acquire (lock, error));
  g_assert_false (trio_lock_acquire (lock, error));
  mock_assert_error (*error, TRIO_ERROR_MISUSE);
  g_assert_false (trio_lock_acquire_nowait (lock, error));
  mock_assert_error (*error, TRIO_ERROR_MISUSE);
  trio_nursery_start_soon (nursery, release_what_is_not_mine, lock);
  g_assert_true (trio_nursery_close (nursery, TRUE));
  trio_lock_release (lock);
  mock_expect_critical ("does not hold the lock");
  trio_lock_release (lock);
  g_test_assert_expected_messages ();
  return TRUE;
}

/* (98) */
static void
test_releasing_what_one_does_not_hold_and_taking_what_one_holds_is_misuse (void)
{
  mock_run_ok (misuse, NULL);
}

TRIO_CHECKPOINT static void
test_outside_a_task_a_lock_cannot_be_held (void)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (trio_lock_acquire_nowait (lock, &error));
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  mock_expect_critical ("outside a task");
  g_assert_false (trio_lock_acquire (lock, &error));
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  mock_expect_critical ("(none)");
  trio_lock_release (lock);
  g_test_assert_expected_messages ();
}

/* ---- owners that die ---- */

static gboolean
die_with_the_lock (gpointer data, GError **error)
{
  Worker *worker = data;

  g_assert_true (trio_lock_acquire (worker->lock, error));
  /* Until others wait for it. */
  return trio_wait_idle (0, error);
}

static gboolean
expect_broken (gpointer data, GError **error)
{
  Worker *worker = data;

  g_assert_false (trio_lock_acquire (worker->lock, error));
  mock_assert_says ((*error)->message, "die_with_the_lock");
  mock_assert_error (*error, TRIO_ERROR_BROKEN_RESOURCE);
  mock_say ("%s", worker->name);
  return TRUE;
}

static void
assert_broken (TrioLock *lock, GError **error)
{
  g_assert_true (trio_lock_locked (lock));
  g_assert_null (look (lock).owner);
  g_assert_false (trio_lock_acquire_nowait (lock, error));
  mock_assert_error (*error, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_false (trio_lock_acquire (lock, error));
  mock_assert_error (*error, TRIO_ERROR_BROKEN_RESOURCE);
  mock_expect_critical ("does not hold the lock");
  trio_lock_release (lock);
  g_test_assert_expected_messages ();
  g_assert_true (trio_lock_locked (lock));
}

static gboolean
look_at_a_broken_lock (gpointer lock, GError **error)
{
  assert_broken (lock, error);
  return TRUE;
}

static gboolean
let_the_owner_die (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  Worker worker = { lock, "told", 1, NULL };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, die_with_the_lock, &worker);
  while (!trio_lock_locked (lock))
    g_assert_true (trio_checkpoint (error));
  trio_nursery_start_soon (nursery, expect_broken, &worker);
  trio_nursery_start_soon (nursery, expect_broken, &worker);
  g_assert_true (trio_sleep (G_TIME_SPAN_HOUR, error));
  assert_broken (lock, error);
  /* One whose record may lie where the owner's lay. */
  trio_nursery_start_soon (nursery, look_at_a_broken_lock, lock);
  return trio_nursery_close (nursery, TRUE);
}

/* (D9, 93) */
static void
test_a_lock_whose_owner_died_is_broken_for_all_and_in_every_way (void)
{
  mock_run_ok (let_the_owner_die, NULL);
  mock_expect ("told told");
}

static gboolean
take_and_die (gpointer lock, GError **error)
{
  return trio_lock_acquire (lock, error);
}

static gboolean
hand_over_to_one_who_dies (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_assert_true (trio_lock_acquire (lock, error));
  trio_nursery_start_soon (nursery, take_and_die, lock);
  g_assert_true (mock_yield (error));
  trio_lock_release (lock);
  g_assert_true (trio_nursery_close (nursery, TRUE));
  /* The one who handed it over has nothing more to do with it; the end of the new owner broke it. */
  assert_broken (lock, error);
  return TRUE;
}

static gboolean
take_and_give_back (gpointer lock, GError **error)
{
  g_assert_true (trio_lock_acquire (lock, error));
  trio_lock_release (lock);
  return TRUE;
}

static gboolean
end_after_handing_over (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, take_and_give_back, lock);
  trio_nursery_start_soon (nursery, take_and_give_back, lock);
  trio_nursery_start_soon (nursery, take_and_give_back, lock);
  g_assert_true (trio_nursery_close (nursery, TRUE));
  g_assert_false (trio_lock_locked (lock));
  g_assert_true (trio_lock_acquire_nowait (lock, error));
  trio_lock_release (lock);
  return TRUE;
}

/* (97) */
static void
test_handing_over_moves_what_the_owners_end_would_break (void)
{
  mock_run_ok (hand_over_to_one_who_dies, NULL);
  mock_run_ok (end_after_handing_over, NULL);
}

/* ---- cancellations ---- */

static gboolean
acquire_in_a_scope (gpointer data, GError **error)
{
  Worker *worker = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  worker->scope = scope;
  ok = trio_lock_acquire (worker->lock, error);
  mock_say ("%s:%d", worker->name, ok);
  if (ok)
    {
      ok = trio_checkpoint (error);
      trio_lock_release (worker->lock);
    }
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
cancel_waiters (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  Worker workers[] = { { lock, "a", 1, NULL }, { lock, "b", 1, NULL }, { lock, "c", 1, NULL } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_assert_true (trio_lock_acquire (lock, error));
  for (int i = 0; i < 3; i++)
    {
      trio_nursery_start_soon (nursery, acquire_in_a_scope, &workers[i]);
      g_assert_true (mock_yield (error));
    }
  /* One before, one after it was given the lock. */
  trio_cancel_scope_cancel (workers[0].scope);
  trio_lock_release (lock);
  trio_cancel_scope_cancel (workers[1].scope);
  g_assert_true (trio_nursery_close (nursery, TRUE));
  g_assert_false (trio_lock_locked (lock));
  return TRUE;
}

/* (38, 39, 90) A lock is never lost with the one who was to get it. */
static void
test_a_cancelled_waiter_does_not_take_the_lock_along (void)
{
  mock_run_ok (cancel_waiters, NULL);
  mock_expect_in_any_order ("a:0 b:1 c:1");
}

static void
describe_if_blocked (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  if (g_str_equal (trio_task_get_name (task), "acquire_in_a_scope"))
    trio_task_describe_wait (task, data);
}

static gboolean
report_a_waiter (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  Worker worker = { lock, "waiter", 1, NULL };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_assert_true (trio_lock_acquire (lock, error));
  trio_nursery_start_soon (nursery, acquire_in_a_scope, &worker);
  g_assert_true (mock_yield (error));
  trio_foreach_task (describe_if_blocked, text);
  g_assert_cmpstr (text->str, ==, "trio_lock_acquire: held by main");
  trio_lock_release (lock);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_waiter_says_who_holds_the_lock (void)
{
  mock_run_ok (report_a_waiter, NULL);
  mock_expect ("waiter:1");
}

int
main (int argc, char **argv)
{
  static const char why[] = "it asserts what comes of it when nobody else cancels";

  g_test_init (&argc, &argv, NULL);
  core_test_add_undisturbed ("/lock/a-free-lock-is-taken-at-once", test_a_free_lock_is_taken_at_once, why);
  core_test_add_undisturbed ("/lock/who-waits-is-served-in-turn", test_who_waits_is_served_in_turn, why);
  core_test_add_undisturbed ("/lock/the-releaser-cannot-take-it-again-ahead-of-who-waits",
                             test_the_releaser_cannot_take_it_again_ahead_of_who_waits, why);
  core_test_add_undisturbed ("/lock/releasing-what-one-does-not-hold-and-taking-what-one-holds-is-misuse",
                             test_releasing_what_one_does_not_hold_and_taking_what_one_holds_is_misuse, why);
  g_test_add_func ("/lock/outside-a-task-a-lock-cannot-be-held", test_outside_a_task_a_lock_cannot_be_held);
  core_test_add_undisturbed ("/lock/a-lock-whose-owner-died-is-broken-for-all-and-in-every-way",
                             test_a_lock_whose_owner_died_is_broken_for_all_and_in_every_way, why);
  core_test_add_undisturbed ("/lock/handing-over-moves-what-the-owners-end-would-break",
                             test_handing_over_moves_what_the_owners_end_would_break, why);
  core_test_add_undisturbed ("/lock/a-cancelled-waiter-does-not-take-the-lock-along",
                             test_a_cancelled_waiter_does_not_take_the_lock_along, why);
  core_test_add_undisturbed ("/lock/a-waiter-says-who-holds-the-lock", test_a_waiter_says_who_holds_the_lock, why);
  return g_test_run ();
}
