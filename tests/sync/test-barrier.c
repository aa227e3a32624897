/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Barriers: nobody goes on before all have come, one of them was the last, and who is cancelled has not come; statements 17, 20,
 * 38. */

#include "tests/sync/sync-test.h"

enum { N_PARTIES = 4, N_ROUNDS = 5 };

typedef struct
{
  TrioBarrier *barrier;
  int          came[N_ROUNDS];
  int          last[N_ROUNDS];
} Party;

static TrioBarrierStatistics
look (TrioBarrier *barrier)
{
  TrioBarrierStatistics statistics;

  trio_barrier_get_statistics (barrier, &statistics);
  return statistics;
}

static gboolean
go_through_all_rounds (gpointer data, GError **error)
{
  Party *party = data;

  for (int round = 0; round < N_ROUNDS; round++)
    {
      gboolean last;

      party->came[round]++;
      if (!trio_barrier_wait (party->barrier, &last, error))
        return FALSE;
      g_assert_cmpint (party->came[round], ==, N_PARTIES);
      party->last[round] += last;
    }
  return TRUE;
}

static gboolean
test_nobody_goes_on_before_all_have_come (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioBarrier) barrier = trio_barrier_new (N_PARTIES);
  Party party = { .barrier = barrier };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 0; i < N_PARTIES; i++)
    trio_nursery_start_soon (nursery, go_through_all_rounds, &party);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  for (int round = 0; round < N_ROUNDS; round++)
    g_assert_cmpint (party.last[round], ==, 1);
  g_assert_cmpuint (look (barrier).rounds, ==, N_ROUNDS);
  g_assert_cmpuint (look (barrier).tasks_waiting, ==, 0);
  g_assert_cmpuint (look (barrier).parties, ==, N_PARTIES);
  return TRUE;
}

static gboolean
come (gpointer barrier, GError **error)
{
  return trio_barrier_wait (barrier, NULL, error);
}

/* statement 20 */
static gboolean
test_who_is_cancelled_has_not_come (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioBarrier) barrier = trio_barrier_new (3);
  SyncTask first, second, third;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean last = FALSE;

  sync_task_start (&first, nursery, come, barrier, "first");
  sync_task_start (&second, nursery, come, barrier, "second");
  sync_test_settle ();
  g_assert_cmpuint (look (barrier).tasks_waiting, ==, 2);
  sync_task_cancel (&first);
  g_assert_cmpuint (look (barrier).tasks_waiting, ==, 1);
  sync_task_start (&third, nursery, come, barrier, "third");
  sync_test_settle ();
  g_assert_false (second.ended || third.ended);
  g_assert_true (trio_barrier_wait (barrier, &last, error));
  g_assert_true (last);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (first.cancelled && second.ok && third.ok);
  return TRUE;
}

/* statement 38 */
static gboolean
test_a_round_that_is_complete_is_not_undone (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioBarrier) barrier = trio_barrier_new (2);
  SyncTask first, second;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  sync_task_start (&first, nursery, come, barrier, "first");
  sync_test_settle ();
  sync_task_start (&second, nursery, come, barrier, "second");
  while (look (barrier).rounds == 0)
    trio_cancel_shielded_checkpoint ();
  if (first.scope != NULL)
    sync_task_cancel (&first);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_true (first.ok && second.ok);
  return TRUE;
}

/* statement 17 */
static gboolean
test_a_barrier_for_one_is_a_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioBarrier) barrier = trio_barrier_new (1);
  SyncTask other;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  gboolean last, ok;

  sync_task_start (&other, nursery, mock_return, NULL, "other");
  for (int i = 0; !other.ended; i++)
    {
      g_assert_cmpint (i, <, sync_test_is_simulated () ? 100 : 1);
      g_assert_true (trio_barrier_wait (barrier, &last, error));
      g_assert_true (last);
    }
  {
    g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
    guint64 rounds = look (barrier).rounds;

    trio_cancel_scope_cancel (scope);
    ok = trio_barrier_wait (barrier, &last, error);
    g_assert_false (ok);
    g_assert_true (trio_cancel_scope_close (scope, ok));
    g_assert_cmpuint (look (barrier).rounds, ==, rounds);
  }
  return trio_nursery_close (nursery, TRUE);
}

static void
describe_if_blocked (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  if (g_strcmp0 (trio_task_get_wait (task), "trio_barrier_wait") == 0)
    trio_task_describe_wait (task, data);
}

static gboolean
test_it_says_who_is_missing (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioBarrier) barrier = trio_barrier_new (3);
  g_autoptr (GString) said = g_string_new (NULL);
  SyncTask first;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  sync_task_start (&first, nursery, come, barrier, "first");
  sync_test_settle ();
  trio_foreach_task (describe_if_blocked, said);
  g_assert_cmpstr (said->str, ==, "trio_barrier_wait: 1 of 3 have come");
  sync_task_cancel (&first);
  return trio_nursery_close (nursery, TRUE);
}

static void
test_a_barrier_for_nobody_is_a_mistake (void)
{
  mock_expect_critical ("parties >= 1");
  g_assert_null (trio_barrier_new (0));
  g_test_assert_expected_messages ();
  trio_barrier_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  SYNC_TEST ("/barrier/nobody-goes-on-before-all-have-come", test_nobody_goes_on_before_all_have_come);
  SYNC_TEST ("/barrier/who-is-cancelled-has-not-come", test_who_is_cancelled_has_not_come);
  SYNC_TEST ("/barrier/a-round-that-is-complete-is-not-undone", test_a_round_that_is_complete_is_not_undone);
  SYNC_TEST ("/barrier/a-barrier-for-one-is-a-checkpoint", test_a_barrier_for_one_is_a_checkpoint);
  SYNC_TEST ("/barrier/it-says-who-is-missing", test_it_says_who_is_missing);
  g_test_add_func ("/barrier/a-barrier-for-nobody-is-a-mistake", test_a_barrier_for_nobody_is_a_mistake);
  return g_test_run ();
}
