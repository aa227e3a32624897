/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Tasks that go on in a given order, whatever the schedule is. */

#include <string.h>

#include "tests/testing/worlds.h"

typedef struct
{
  TrioSequencer *order;
  guint          positions[4];      /* ends with G_MAXUINT */
  GString       *log;
} Player;

static gboolean
play (gpointer data, GError **error)
{
  const Player *player = data;

  for (const guint *position = player->positions; *position != G_MAXUINT; position++)
    {
      if (!trio_testing_sequence (player->order, *position, error))
        return FALSE;
      g_string_append_printf (player->log, "%u ", *position);
    }
  return TRUE;
}

static gboolean
test_positions_come_one_after_the_other (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSequencer) order = trio_sequencer_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  Player players[] = {
    { order, { 2, 5, G_MAXUINT, 0 }, log },
    { order, { 1, 4, 6, G_MAXUINT }, log },
    { order, { 0, 3, 7, G_MAXUINT }, log },
  };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < G_N_ELEMENTS (players); i++)
    trio_nursery_start_soon (nursery, play, &players[i]);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpstr (log->str, ==, "0 1 2 3 4 5 6 7 ");
  return TRUE;
}

/* A position that lasts over checkpoints. */
static gboolean
play_long (gpointer data, GError **error)
{
  const Player *player = data;

  for (const guint *position = player->positions; *position != G_MAXUINT; position++)
    {
      if (!trio_sequencer_begin (player->order, *position, error))
        return FALSE;
      g_string_append_printf (player->log, "<%u", *position);
      for (guint i = 0; i < 3; i++)
        if (!trio_checkpoint (error))
          return FALSE;
      g_string_append_c (player->log, '>');
      trio_sequencer_end (player->order);
    }
  return TRUE;
}

static gboolean
test_a_position_lasts_until_its_end (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSequencer) order = trio_sequencer_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  Player players[] = { { order, { 1, 2, G_MAXUINT, 0 }, log }, { order, { 0, 3, G_MAXUINT, 0 }, log } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, play_long, &players[0]);
  trio_nursery_start_soon (nursery, play_long, &players[1]);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpstr (log->str, ==, "<0><1><2><3>");
  return TRUE;
}

/* semantics: 17 */
static gboolean
test_each_is_a_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSequencer) order = trio_sequencer_new ();

  for (guint i = 0; i < 3; i++)
    {
      TrioTestingMark mark = trio_testing_mark ();

      if (!trio_testing_sequence (order, i, error))
        return FALSE;
      trio_testing_assert_checkpoints (&mark);
    }
  return TRUE;
}

static gboolean
test_a_position_is_taken_once (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSequencer) order = trio_sequencer_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  Player player = { order, { 2, G_MAXUINT, 0, 0 }, log };
  GError *refusal = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, play, &player);
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  g_assert_false (trio_testing_sequence (order, 2, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_MISUSE);
  if (!trio_sequencer_begin (order, 0, error))
    return FALSE;
  g_assert_false (trio_sequencer_begin (order, 0, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_MISUSE);
  trio_sequencer_end (order);
  g_assert_false (trio_testing_sequence (order, 0, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_MISUSE);
  return trio_testing_sequence (order, 1, error) && trio_nursery_close (nursery, TRUE);
}

static gboolean
expect_broken (gpointer data, GError **error G_GNUC_UNUSED)
{
  const Player *player = data;
  GError *refusal = NULL;

  g_assert_false (trio_testing_sequence (player->order, player->positions[0], &refusal));
  mock_assert_error (refusal, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

/* Its position will never come, so nobody behind it waits in vain. */
static gboolean
test_a_cancelled_waiter_breaks_the_sequence (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSequencer) order = trio_sequencer_new ();
  Player players[] = { { order, { 3, G_MAXUINT, 0, 0 }, NULL }, { order, { 1, G_MAXUINT, 0, 0 }, NULL } };
  GError *refusal = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (TrioCancelScope) patience = NULL;

  trio_nursery_start_soon (nursery, expect_broken, &players[0]);
  trio_nursery_start_soon (nursery, expect_broken, &players[1]);
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  patience = trio_move_on_after (G_TIME_SPAN_MILLISECOND, error);
  g_assert_false (trio_testing_sequence (order, 2, error));
  if (!trio_cancel_scope_close (patience, FALSE))
    return FALSE;
  g_assert_false (trio_testing_sequence (order, 0, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_BROKEN_RESOURCE);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_one_that_is_cancelled_before_it_waits_breaks_it_too (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSequencer) order = trio_sequencer_new ();
  GError *refusal = NULL;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_testing_sequence (order, 0, error));
  if (!trio_cancel_scope_close (scope, FALSE))
    return FALSE;
  g_assert_false (trio_testing_sequence (order, 1, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

static gboolean
describe_waiter (TrioSequencer *order, GString *words, GError **error)
{
  Player player = { order, { 1, G_MAXUINT, 0, 0 }, words };
  g_autoptr (TrioNursery) nursery = NULL;

  /* Position 0 has begun and does not end. */
  if (!trio_sequencer_begin (order, 0, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, play, &player);
  /* Who watches has a shorter cushion, and goes first. */
  if (!trio_testing_wait_all_tasks_blocked (G_TIME_SPAN_MILLISECOND, error))
    return FALSE;
  trio_sequencer_end (order);
  return trio_nursery_close (nursery, TRUE);
}

static void
add_description (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer data)
{
  if (g_strcmp0 (trio_task_get_wait (task), "trio_testing_sequence") == 0)
    trio_task_describe_wait (task, data);
}

static gboolean
watch_waiter (gpointer data, GError **error)
{
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  trio_foreach_task (add_description, data);
  return TRUE;
}

static gboolean
test_a_waiter_says_what_it_waits_for (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSequencer) order = trio_sequencer_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GString) words = g_string_new (NULL);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, watch_waiter, words);
  if (!describe_waiter (order, log, error) || !trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpstr (words->str, ==, "trio_testing_sequence: for position 1; position 0 has not ended");
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  worlds_add ("/sequence/positions-come-one-after-the-other", test_positions_come_one_after_the_other);
  worlds_add ("/sequence/a-position-lasts-until-its-end", test_a_position_lasts_until_its_end);
  worlds_add ("/sequence/each-is-a-checkpoint", test_each_is_a_checkpoint);
  worlds_add ("/sequence/a-position-is-taken-once", test_a_position_is_taken_once);
  worlds_add ("/sequence/a-cancelled-waiter-breaks-the-sequence", test_a_cancelled_waiter_breaks_the_sequence);
  worlds_add ("/sequence/one-that-is-cancelled-before-it-waits-breaks-it-too", test_one_that_is_cancelled_before_it_waits_breaks_it_too);
  worlds_add ("/sequence/a-waiter-says-what-it-waits-for", test_a_waiter_says_what_it_waits_for);
  return g_test_run ();
}
