/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What is freed while somebody waits for it: a critical that says so, BROKEN_RESOURCE for those who wait, and nothing that points
 * into what is gone. */

#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>

#include "tests/sync/sync-test.h"

typedef struct
{
  TrioEvent           *event;
  TrioFuture          *future;
  TrioSemaphore       *semaphore;
  TrioCapacityLimiter *limiter;
  TrioBarrier         *barrier;
  TrioCondition       *condition;
  TrioRWLock          *rw_lock;
} Things;

static gboolean
wait_for_event (gpointer things, GError **error)
{
  return trio_event_wait (((Things *) things)->event, error);
}

static gboolean
wait_for_future (gpointer things, GError **error)
{
  return trio_future_wait (((Things *) things)->future, NULL, error);
}

static gboolean
select_both (gpointer data, GError **error)
{
  Things *things = data;
  gsize chosen;
  TrioSelectCase cases[2];

  cases[0] = trio_case_event (things->event);
  cases[1] = trio_case_future (things->future, NULL);
  return trio_select (cases, 2, &chosen, error);
}

static gboolean
wait_for_semaphore (gpointer things, GError **error)
{
  return trio_semaphore_acquire (((Things *) things)->semaphore, error);
}

static gboolean
wait_for_limiter (gpointer things, GError **error)
{
  return trio_capacity_limiter_acquire (((Things *) things)->limiter, error);
}

static gboolean
wait_at_barrier (gpointer things, GError **error)
{
  return trio_barrier_wait (((Things *) things)->barrier, NULL, error);
}

static gboolean
hold_rw_lock (gpointer things, GError **error)
{
  return trio_rw_lock_acquire_read (((Things *) things)->rw_lock, error) && trio_sleep_forever (error);
}

static gboolean
wait_for_rw_lock (gpointer things, GError **error)
{
  return trio_rw_lock_acquire_write (((Things *) things)->rw_lock, error);
}

/* Frees what func waits for; it must have been told. The rest of what the task does is its own: it is cancelled in the end. */
#define expect_broken(things, func, n, free)                           \
  G_STMT_START                                                         \
    {                                                                  \
      GError *failure_ = NULL;                                         \
      TrioNursery *nursery_ = trio_nursery_open (&failure_);           \
                                                                       \
      for (int i_ = 0; i_ < (n); i_++)                                 \
        trio_nursery_start_soon (nursery_, (func), (things));          \
      sync_test_settle ();                                             \
      mock_expect_critical ("freed while");                            \
      free;                                                            \
      g_test_assert_expected_messages ();                              \
      g_assert_false (trio_nursery_close (nursery_, TRUE));            \
      trio_nursery_free (nursery_);                                    \
      g_assert_true (trio_error_contains (failure_, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE)); \
      g_clear_error (&failure_);                                       \
    }                                                                  \
  G_STMT_END

static gboolean
test_who_waits_is_told (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Things things = {
    .event = trio_event_new (),
    .future = trio_future_new (NULL),
    .semaphore = trio_semaphore_new (0, -1),
    .limiter = trio_capacity_limiter_new (0),
    .barrier = trio_barrier_new (3),
  };

  expect_broken (&things, select_both, 1, trio_event_free (things.event));
  things.event = trio_event_new ();
  expect_broken (&things, wait_for_event, 2, trio_event_free (things.event));
  expect_broken (&things, wait_for_future, 2, trio_future_unref (things.future));
  expect_broken (&things, wait_for_semaphore, 2, trio_semaphore_free (things.semaphore));
  expect_broken (&things, wait_for_limiter, 2, trio_capacity_limiter_free (things.limiter));
  expect_broken (&things, wait_at_barrier, 2, trio_barrier_free (things.barrier));
  return trio_checkpoint (error);
}

static gboolean
test_a_read_write_lock_lets_go_of_holders_and_waiters (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Things things = { .rw_lock = trio_rw_lock_new () };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, hold_rw_lock, &things);
  sync_test_settle ();
  mock_expect_critical ("\"hold_rw_lock\" still holds the lock");
  expect_broken (&things, wait_for_rw_lock, 2, trio_rw_lock_free (things.rw_lock));
  trio_nursery_cancel (nursery);
  return trio_nursery_close (nursery, TRUE);
}

/* ---- by a callback of the loop, which is no task ---- */

static void
free_event (gpointer things)
{
  trio_event_free (g_steal_pointer (&((Things *) things)->event));
}

static void
free_rw_lock (gpointer things)
{
  trio_rw_lock_free (g_steal_pointer (&((Things *) things)->rw_lock));
}

/* Until it is gone. */
TRIO_CHECKPOINT static void
free_soon (GSourceOnceFunc func, Things *things, gpointer thing)
{
  g_autoptr (TrioToken) token = trio_current_token ();

  g_assert_true (trio_token_run_sync_soon (token, func, things, NULL));
  while (thing == things->event || thing == things->rw_lock)
    trio_cancel_shielded_checkpoint ();
}

/* Those who wait are told, and those who hold it do not break at their end what is gone. */
static gboolean
test_outside_tasks_it_is_the_same (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Things things = { .event = trio_event_new (), .rw_lock = trio_rw_lock_new () };
  g_autoptr (TrioNursery) holders = trio_nursery_open (error);
  gboolean ok;

  expect_broken (&things, wait_for_event, 2, free_soon (free_event, &things, things.event));
  trio_nursery_start_soon (holders, hold_rw_lock, &things);
  sync_test_settle ();
  mock_expect_critical ("\"hold_rw_lock\" still holds the lock");
  expect_broken (&things, wait_for_rw_lock, 2, free_soon (free_rw_lock, &things, things.rw_lock));
  trio_nursery_cancel (holders);
  ok = trio_nursery_close (holders, TRUE);
  g_assert_true (trio_in_run ());
  return ok;
}

static gboolean
notify_me (gpointer things, GError **error)
{
  TrioCondition *condition = ((Things *) things)->condition;

  if (!trio_condition_acquire (condition, error) || !trio_condition_wait (condition, error))
    return FALSE;
  trio_condition_release (condition);
  return TRUE;
}

/* A condition cannot be freed then, since who comes out of the wait looks for the lock in it: it stays, and works. */
static gboolean
test_a_condition_stays_until_all_have_come_out (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Things things = { .condition = trio_condition_new (NULL) };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, notify_me, &things);
  sync_test_settle ();
  for (int notified = 0; notified < 2; notified++)
    {
      mock_expect_critical ("1 task has not come out of trio_condition_wait");
      trio_condition_free (things.condition);
      g_test_assert_expected_messages ();
      if (notified == 0 && !trio_condition_acquire (things.condition, error))
        return FALSE;
      trio_condition_notify (things.condition, 1);
    }
  trio_condition_release (things.condition);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_condition_free (things.condition);
  trio_condition_free (NULL);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/freed/who-waits-is-told", test_who_waits_is_told);
  SYNC_TEST ("/freed/a-read-write-lock-lets-go-of-holders-and-waiters", test_a_read_write_lock_lets_go_of_holders_and_waiters);
  SYNC_TEST ("/freed/outside-tasks-it-is-the-same", test_outside_tasks_it_is_the_same);
  SYNC_TEST ("/freed/a-condition-stays-until-all-have-come-out", test_a_condition_stays_until_all_have_come_out);
  return g_test_run ();
}
