/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The testing helpers under many schedules, and with a cancellation or Ctrl-C at every single place. Built with <trio-sim/test.h>, and run
 * by Meson with TRIO_TEST_SCHEDULES and TRIO_TEST_INJECT set. */

#include <trio-sim/test.h>
#include <trio/testing.h>

static gboolean
make_memory (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error G_GNUC_UNUSED)
{
  trio_memory_stream_pair (first, second);
  return TRUE;
}

static gboolean
make_lockstep (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error G_GNUC_UNUSED)
{
  trio_lockstep_stream_pair (first, second);
  return TRUE;
}

static gboolean
test_memory_streams (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_check_half_closeable_stream (make_memory, NULL, 0, error);
}

static gboolean
test_lockstep_streams (gpointer data G_GNUC_UNUSED, GError **error)
{
  return trio_check_half_closeable_stream (make_lockstep, NULL, 1000, error);
}

typedef struct
{
  TrioSequencer *order;
  guint          position;
  guint         *next;
} Player;

/* In its order, or not at all. */
static gboolean
play (gpointer data, GError **error)
{
  const Player *player = data;
  GError *failure = NULL;

  if (trio_testing_sequence (player->order, player->position, &failure))
    {
      g_assert_cmpuint (*player->next, ==, player->position);
      ++*player->next;
      return TRUE;
    }
  if (g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE))
    {
      g_error_free (failure);
      return TRUE;
    }
  g_propagate_error (error, failure);
  return FALSE;
}

static gboolean
test_a_sequence (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSequencer) order = trio_sequencer_new ();
  guint next = 0;
  Player players[] = { { order, 2, &next }, { order, 0, &next }, { order, 3, &next }, { order, 1, &next } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < G_N_ELEMENTS (players); i++)
    trio_nursery_start_soon (nursery, play, &players[i]);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
wait_for_quiet (gpointer data, GError **error)
{
  return trio_testing_wait_all_tasks_blocked (GPOINTER_TO_INT (data), error);
}

static gboolean
test_waiting_for_quiet (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (int i = 3; i >= 0; i--)
    trio_nursery_start_soon_full (nursery, wait_for_quiet, GINT_TO_POINTER (i * 100), NULL, "waiter");
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

int
main (int argc, char **argv)
{
  trio_test_init (&argc, &argv);
  trio_test_add_func_full ("/sweep/memory-streams", test_memory_streams, NULL, NULL, TRIO_TEST_SIMULATED_ONLY);
  trio_test_add_func_full ("/sweep/lockstep-streams", test_lockstep_streams, NULL, NULL, TRIO_TEST_SIMULATED_ONLY);
  trio_test_add_func_full ("/sweep/a-sequence", test_a_sequence, NULL, NULL, TRIO_TEST_SIMULATED_ONLY);
  trio_test_add_func_full ("/sweep/waiting-for-quiet", test_waiting_for_quiet, NULL, NULL, TRIO_TEST_SIMULATED_ONLY);
  return g_test_run ();
}
