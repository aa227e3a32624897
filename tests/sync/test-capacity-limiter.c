/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Capacity limiters: statements 102 and 103, D8. That they are fair is in test-fairness.c. */

#include <math.h>

#include "tests/sync/sync-test.h"

static TrioCapacityLimiterStatistics
look (TrioCapacityLimiter *limiter)
{
  TrioCapacityLimiterStatistics statistics;

  trio_capacity_limiter_get_statistics (limiter, &statistics);
  return statistics;
}

static gboolean
test_tokens_are_borrowed_and_given_back (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (2);
  int a, b, c;
  GError *failure = NULL;

  g_assert_cmpfloat (trio_capacity_limiter_get_total_tokens (limiter), ==, 2);
  g_assert_true (trio_capacity_limiter_acquire (limiter, error));
  g_assert_true (trio_capacity_limiter_acquire_on_behalf_of (limiter, &a, error));
  g_assert_cmpuint (trio_capacity_limiter_get_borrowed_tokens (limiter), ==, 2);
  g_assert_false (trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, &b, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);

  trio_capacity_limiter_release (limiter);
  g_assert_true (trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, &b, error));
  trio_capacity_limiter_release_on_behalf_of (limiter, &a);
  g_assert_true (trio_capacity_limiter_acquire_nowait (limiter, error));

  /* Only who holds one can give it back. */
  mock_expect_critical ("this borrower holds no token");
  trio_capacity_limiter_release_on_behalf_of (limiter, &c);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (look (limiter).borrowed_tokens, ==, 2);

  trio_capacity_limiter_release (limiter);
  trio_capacity_limiter_release_on_behalf_of (limiter, &b);
  mock_expect_critical ("this borrower holds no token");
  trio_capacity_limiter_release (limiter);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (look (limiter).borrowed_tokens, ==, 0);
  return TRUE;
}

typedef struct
{
  TrioCapacityLimiter *limiter;
  const void          *borrower;
} Loan;

static gboolean
borrow (gpointer data, GError **error)
{
  Loan *loan = data;

  return trio_capacity_limiter_acquire_on_behalf_of (loan->limiter, loan->borrower, error);
}

/* D8: a borrower that holds a token, or waits for one, cannot ask for another. */
static gboolean
test_one_borrower_has_one_token (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);
  char holder, waiter;
  Loan loan = { limiter, &waiter };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  SyncTask task;
  GError *failure = NULL;

  g_assert_true (trio_capacity_limiter_acquire_on_behalf_of (limiter, &holder, error));
  g_assert_false (trio_capacity_limiter_acquire_on_behalf_of (limiter, &holder, &failure));
  mock_assert_error (failure, TRIO_ERROR_MISUSE);
  g_assert_false (trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, &holder, &failure));
  mock_assert_error (failure, TRIO_ERROR_MISUSE);

  sync_task_start (&task, nursery, borrow, &loan, "waiter");
  sync_test_settle ();
  g_assert_false (trio_capacity_limiter_acquire_on_behalf_of (limiter, &waiter, &failure));
  mock_assert_error (failure, TRIO_ERROR_MISUSE);
  mock_expect_critical ("this borrower holds no token");
  trio_capacity_limiter_release_on_behalf_of (limiter, &waiter);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (look (limiter).borrowed_tokens, ==, 1);
  g_assert_cmpuint (look (limiter).tasks_waiting, ==, 1);

  trio_capacity_limiter_release_on_behalf_of (limiter, &holder);
  sync_test_settle ();
  g_assert_true (task.ok);
  trio_capacity_limiter_release_on_behalf_of (limiter, &waiter);
  g_assert_cmpuint (look (limiter).borrowed_tokens, ==, 0);
  return trio_nursery_close (nursery, TRUE);
}

/* statement 103: one who was cancelled can ask again, and takes nobody's place. */
static gboolean
test_cancelled_waiters_leave_no_trace (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);
  char holder, waiter;
  Loan loan = { limiter, &waiter };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  SyncTask task, again;

  g_assert_true (trio_capacity_limiter_acquire_on_behalf_of (limiter, &holder, error));
  sync_task_start (&task, nursery, borrow, &loan, "waiter");
  sync_test_settle ();
  sync_task_cancel (&task);
  g_assert_cmpuint (look (limiter).tasks_waiting, ==, 0);
  sync_test_settle ();
  g_assert_true (task.cancelled);

  sync_task_start (&again, nursery, borrow, &loan, "again");
  sync_test_settle ();
  g_assert_cmpuint (look (limiter).tasks_waiting, ==, 1);
  trio_capacity_limiter_release_on_behalf_of (limiter, &holder);
  sync_test_settle ();
  g_assert_true (again.ok);
  trio_capacity_limiter_release_on_behalf_of (limiter, &waiter);
  g_assert_true (trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, &waiter, error));
  trio_capacity_limiter_release_on_behalf_of (limiter, &waiter);
  return trio_nursery_close (nursery, TRUE);
}

/* statement 38 */
static gboolean
test_a_lent_token_is_kept_in_spite_of_a_cancellation (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);
  char holder, waiter;
  Loan loan = { limiter, &waiter };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  SyncTask task;

  g_assert_true (trio_capacity_limiter_acquire_on_behalf_of (limiter, &holder, error));
  sync_task_start (&task, nursery, borrow, &loan, "waiter");
  sync_test_settle ();
  trio_capacity_limiter_release_on_behalf_of (limiter, &holder);
  sync_task_cancel (&task);
  sync_test_settle ();
  g_assert_true (task.ok);
  trio_capacity_limiter_release_on_behalf_of (limiter, &waiter);
  return trio_nursery_close (nursery, TRUE);
}

enum { N_WAITERS = 5 };

/* statement 102 */
static gboolean
test_the_total_can_be_changed_at_any_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);
  char holder, borrowers[N_WAITERS];
  Loan loans[N_WAITERS];
  SyncTask tasks[N_WAITERS];
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  GError *failure = NULL;
  char late;

  g_assert_true (trio_capacity_limiter_acquire_on_behalf_of (limiter, &holder, error));
  for (int i = 0; i < N_WAITERS; i++)
    {
      loans[i] = (Loan) { limiter, &borrowers[i] };
      sync_task_start (&tasks[i], nursery, borrow, &loans[i], "waiter");
      sync_test_settle ();
    }

  /* More: the right number wake, and those who have waited longest. */
  trio_capacity_limiter_set_total_tokens (limiter, 3);
  g_assert_cmpuint (look (limiter).borrowed_tokens, ==, 3);
  sync_test_settle ();
  g_assert_true (tasks[0].ok && tasks[1].ok);
  g_assert_false (tasks[2].ended || tasks[3].ended || tasks[4].ended);

  /* Fewer: holders finish, and nobody comes in until there is room again. */
  trio_capacity_limiter_set_total_tokens (limiter, 1);
  g_assert_cmpuint (look (limiter).borrowed_tokens, ==, 3);
  g_assert_cmpfloat (look (limiter).total_tokens, ==, 1);
  trio_capacity_limiter_release_on_behalf_of (limiter, &holder);
  trio_capacity_limiter_release_on_behalf_of (limiter, &borrowers[0]);
  sync_test_settle ();
  g_assert_cmpuint (look (limiter).tasks_waiting, ==, 3);
  trio_capacity_limiter_release_on_behalf_of (limiter, &borrowers[1]);
  sync_test_settle ();
  g_assert_true (tasks[2].ok);
  g_assert_cmpuint (look (limiter).tasks_waiting, ==, 2);

  /* None: it stands still. */
  trio_capacity_limiter_set_total_tokens (limiter, 0);
  trio_capacity_limiter_release_on_behalf_of (limiter, &borrowers[2]);
  g_assert_false (trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, &late, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  sync_test_settle ();
  g_assert_cmpuint (look (limiter).tasks_waiting, ==, 2);
  g_assert_cmpuint (look (limiter).borrowed_tokens, ==, 0);

  /* No limit: all. */
  trio_capacity_limiter_set_total_tokens (limiter, INFINITY);
  sync_test_settle ();
  g_assert_true (tasks[3].ok && tasks[4].ok);
  g_assert_true (trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, &late, error));
  return trio_nursery_close (nursery, TRUE);
}

static void
describe_if_blocked (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  if (g_strcmp0 (trio_task_get_wait (task), "trio_capacity_limiter_acquire") == 0)
    trio_task_describe_wait (task, data);
}

static gboolean
test_nobody_comes_between_a_release_and_who_waits (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);
  char holder, waiter, late;
  g_autoptr (GString) said = g_string_new (NULL);
  Loan loan = { limiter, &waiter };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  SyncTask task;
  GError *failure = NULL;

  g_assert_true (trio_capacity_limiter_acquire_on_behalf_of (limiter, &holder, error));
  sync_task_start (&task, nursery, borrow, &loan, "waiter");
  sync_test_settle ();
  trio_foreach_task (describe_if_blocked, said);
  g_assert_cmpstr (said->str, ==, "trio_capacity_limiter_acquire: 1 of 1 tokens are borrowed");
  trio_capacity_limiter_release_on_behalf_of (limiter, &holder);
  g_assert_false (trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, &late, &failure));
  mock_assert_error (failure, TRIO_ERROR_WOULD_BLOCK);
  return trio_nursery_close (nursery, TRUE);
}

TRIO_CHECKPOINT static void
test_wrong_numbers_and_calls_outside_a_task_are_reported (void)
{
  TrioCapacityLimiter *limiter;
  GError *error = NULL;

  mock_expect_critical ("total_tokens >= 0");
  g_assert_null (trio_capacity_limiter_new (-1));
  mock_expect_critical ("total_tokens >= 0");
  g_assert_null (trio_capacity_limiter_new (NAN));
  limiter = trio_capacity_limiter_new (1);
  mock_expect_critical ("total_tokens >= 0");
  trio_capacity_limiter_set_total_tokens (limiter, -1);
  g_assert_false (trio_capacity_limiter_acquire (limiter, &error));
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  g_assert_false (trio_capacity_limiter_acquire_nowait (limiter, &error));
  mock_assert_says (error->message, "say on whose behalf");
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  mock_expect_critical ("called outside a task");
  trio_capacity_limiter_release (limiter);
  mock_expect_critical ("called outside a task");
  g_assert_false (trio_capacity_limiter_acquire_on_behalf_of (limiter, &limiter, &error));
  g_test_assert_expected_messages ();
  mock_assert_error (error, TRIO_ERROR_MISUSE);
  g_assert_cmpuint (look (limiter).borrowed_tokens, ==, 0);
  trio_capacity_limiter_free (limiter);
  trio_capacity_limiter_free (NULL);
}

/* Takes a token and keeps it: a mistake. */
static gboolean
die_with_a_token (gpointer limiter, GError **error)
{
  return trio_capacity_limiter_acquire (limiter, error);
}

static gboolean
take_and_give_back (gpointer limiter, GError **error)
{
  if (!trio_capacity_limiter_acquire (limiter, error))
    return FALSE;
  trio_capacity_limiter_release (limiter);
  return TRUE;
}

/* D8, D15: what a task that has ended held is lost, and nobody else's, though the next task has its memory. */
static gboolean
test_a_token_that_died_with_its_task_is_nobody_elses (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (2);
  const TrioFunc funcs[] = { die_with_a_token, take_and_give_back, take_and_give_back, die_with_a_token };

  for (gsize i = 0; i < G_N_ELEMENTS (funcs); i++)
    {
      g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

      trio_nursery_start_soon (nursery, funcs[i], limiter);
      if (!trio_nursery_close (nursery, TRUE))
        return FALSE;
    }
  g_assert_cmpuint (look (limiter).borrowed_tokens, ==, 2);
  g_assert_cmpuint (look (limiter).tasks_waiting, ==, 0);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/capacity-limiter/tokens-are-borrowed-and-given-back", test_tokens_are_borrowed_and_given_back);
  SYNC_TEST ("/capacity-limiter/one-borrower-has-one-token", test_one_borrower_has_one_token);
  SYNC_TEST ("/capacity-limiter/cancelled-waiters-leave-no-trace", test_cancelled_waiters_leave_no_trace);
  SYNC_TEST ("/capacity-limiter/a-lent-token-is-kept-in-spite-of-a-cancellation",
             test_a_lent_token_is_kept_in_spite_of_a_cancellation);
  SYNC_TEST ("/capacity-limiter/the-total-can-be-changed-at-any-time", test_the_total_can_be_changed_at_any_time);
  SYNC_TEST ("/capacity-limiter/nobody-comes-between-a-release-and-who-waits", test_nobody_comes_between_a_release_and_who_waits);
  SYNC_TEST ("/capacity-limiter/a-token-that-died-with-its-task-is-nobody-elses", test_a_token_that_died_with_its_task_is_nobody_elses);
  g_test_add_func ("/capacity-limiter/wrong-numbers-and-calls-outside-a-task-are-reported",
                   test_wrong_numbers_and_calls_outside_a_task_are_reported);
  return g_test_run ();
}
