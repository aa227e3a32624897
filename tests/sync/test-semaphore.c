/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Semaphores: statements 17, 18, 20, 38, 95. That they are fair is in test-fairness.c. */

#include "tests/sync/sync-test.h"

static TrioSemaphoreStatistics
look (TrioSemaphore *semaphore)
{
  TrioSemaphoreStatistics statistics;

  trio_semaphore_get_statistics (semaphore, &statistics);
  return statistics;
}

static gboolean
test_counts_down_and_up (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (2, 3);
  GError *failure = NULL;

  g_assert_true (trio_semaphore_acquire (semaphore, error));
  g_assert_true (trio_semaphore_acquire_nowait (semaphore, error));
  g_assert_cmpint (trio_semaphore_get_value (semaphore), ==, 0);
  g_assert_false (trio_semaphore_acquire_nowait (semaphore, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);

  trio_semaphore_release (semaphore);
  trio_semaphore_release (semaphore);
  trio_semaphore_release (semaphore);
  g_assert_cmpint (look (semaphore).value, ==, 3);
  g_assert_cmpint (look (semaphore).max, ==, 3);
  g_assert_cmpuint (look (semaphore).tasks_waiting, ==, 0);

  mock_expect_critical ("the value is 3, its maximum");
  trio_semaphore_release (semaphore);
  g_test_assert_expected_messages ();
  g_assert_cmpint (trio_semaphore_get_value (semaphore), ==, 3);
  return TRUE;
}

/* statement 17: acquire suspends, also when it need not wait; 18: the others do not. */
static gboolean
test_acquire_is_a_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (2, -1);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  SyncTask other;

  sync_task_start (&other, nursery, mock_return, NULL, "other");
  g_assert_true (trio_semaphore_acquire_nowait (semaphore, error));
  trio_semaphore_release (semaphore);
  g_assert_false (other.ended);
  /* The simulator may let this task go first a few times. */
  for (int i = 0; !other.ended; i++)
    {
      g_assert_cmpint (i, <, sync_test_is_simulated () ? 100 : 1);
      g_assert_true (trio_semaphore_acquire (semaphore, error));
      trio_semaphore_release (semaphore);
    }
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
acquire (gpointer semaphore, GError **error)
{
  return trio_semaphore_acquire (semaphore, error);
}

/* statements 20, 90, 95: a waiter that is cancelled took nothing; what is released goes to the first who still waits, and nobody
 * can take it ahead of it. */
static gboolean
test_a_cancelled_waiter_takes_nothing (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (0, 1);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  SyncTask first, second;
  GError *failure = NULL;

  sync_task_start (&first, nursery, acquire, semaphore, "first");
  sync_test_settle ();
  sync_task_start (&second, nursery, acquire, semaphore, "second");
  sync_test_settle ();
  g_assert_cmpuint (look (semaphore).tasks_waiting, ==, 2);
  sync_task_cancel (&first);
  g_assert_cmpuint (look (semaphore).tasks_waiting, ==, 1);
  trio_semaphore_release (semaphore);
  g_assert_false (trio_semaphore_acquire_nowait (semaphore, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  sync_test_settle ();
  g_assert_true (first.cancelled);
  g_assert_true (second.ok);
  g_assert_cmpint (trio_semaphore_get_value (semaphore), ==, 0);
  trio_semaphore_release (semaphore);
  g_assert_cmpint (trio_semaphore_get_value (semaphore), ==, 1);
  return trio_nursery_close (nursery, TRUE);
}

/* statement 38: what was handed over before the cancellation is kept. */
static gboolean
test_what_was_handed_over_is_kept (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (0, -1);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  SyncTask waiter;

  sync_task_start (&waiter, nursery, acquire, semaphore, "waiter");
  sync_test_settle ();
  trio_semaphore_release (semaphore);
  sync_task_cancel (&waiter);
  sync_test_settle ();
  g_assert_true (waiter.ok);
  g_assert_cmpint (trio_semaphore_get_value (semaphore), ==, 0);
  return trio_nursery_close (nursery, TRUE);
}

/* statement 20: in a cancelled scope nothing is taken, although there is something. */
static gboolean
test_in_a_cancelled_scope_nothing_is_taken (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (1, -1);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_cancel (scope);
  ok = trio_semaphore_acquire (semaphore, error);
  g_assert_false (ok);
  g_assert_cmpint (trio_semaphore_get_value (semaphore), ==, 1);
  return trio_cancel_scope_close (scope, ok);
}

typedef struct
{
  TrioSemaphore *semaphore;
  int            inside;
  int            max_inside;
} Room;

static gboolean
visit (gpointer data, GError **error)
{
  Room *room = data;

  for (int i = 0; i < 5; i++)
    {
      gboolean ok;

      if (!trio_semaphore_acquire (room->semaphore, error))
        return FALSE;
      room->inside++;
      room->max_inside = MAX (room->max_inside, room->inside);
      ok = trio_checkpoint (error);
      room->inside--;
      trio_semaphore_release (room->semaphore);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static gboolean
test_never_more_than_its_value_are_inside (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (3, 3);
  Room room = { .semaphore = semaphore };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < 8; i++)
    trio_nursery_start_soon (nursery, visit, &room);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpint (room.max_inside, ==, 3);
  g_assert_cmpint (trio_semaphore_get_value (semaphore), ==, 3);
  return TRUE;
}

TRIO_CHECKPOINT static void
test_wrong_numbers_and_calls_outside_a_task_are_reported (void)
{
  TrioSemaphore *semaphore;
  GError *error = NULL;

  mock_expect_critical ("initial >= 0");
  g_assert_null (trio_semaphore_new (-1, -1));
  mock_expect_critical ("max >= initial");
  g_assert_null (trio_semaphore_new (2, 1));
  g_test_assert_expected_messages ();

  semaphore = trio_semaphore_new (0, -1);
  /* It names what was called, and not what that is made of. */
  mock_expect_critical ("trio_semaphore_acquire: called outside a task");
  g_assert_false (trio_semaphore_acquire (semaphore, &error));
  g_test_assert_expected_messages ();
  mock_assert_says (error->message, "trio_semaphore_acquire was called outside a task");
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  trio_semaphore_free (semaphore);
  trio_semaphore_free (NULL);

  semaphore = trio_semaphore_new (G_MAXINT64, -1);
  mock_expect_critical ("its maximum, already");
  trio_semaphore_release (semaphore);
  g_test_assert_expected_messages ();
  g_assert_cmpint (trio_semaphore_get_value (semaphore), ==, G_MAXINT64);
  trio_semaphore_free (semaphore);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/semaphore/counts-down-and-up", test_counts_down_and_up);
  SYNC_TEST ("/semaphore/acquire-is-a-checkpoint", test_acquire_is_a_checkpoint);
  SYNC_TEST ("/semaphore/a-cancelled-waiter-takes-nothing", test_a_cancelled_waiter_takes_nothing);
  SYNC_TEST ("/semaphore/what-was-handed-over-is-kept", test_what_was_handed_over_is_kept);
  SYNC_TEST ("/semaphore/in-a-cancelled-scope-nothing-is-taken", test_in_a_cancelled_scope_nothing_is_taken);
  SYNC_TEST ("/semaphore/never-more-than-its-value-are-inside", test_never_more_than_its_value_are_inside);
  g_test_add_func ("/semaphore/wrong-numbers-and-calls-outside-a-task-are-reported",
                   test_wrong_numbers_and_calls_outside_a_task_are_reported);
  return g_test_run ();
}
