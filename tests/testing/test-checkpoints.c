/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Was that a checkpoint? What the kernel counts, and the assertions made of it. */

#include "tests/testing/worlds.h"

static void
expect_since (const TrioTestingMark *mark, gboolean cancel, gboolean schedule)
{
  gboolean could_be_cancelled;
  gboolean let_others_run;

  trio_testing_look_since (mark, &could_be_cancelled, &let_others_run);
  g_assert_cmpint (could_be_cancelled, ==, cancel);
  g_assert_cmpint (let_others_run, ==, schedule);
}

/* semantics: 12, 14, 16 */
static gboolean
test_each_half_of_a_sandwich_is_what_it_is (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioTestingMark mark = trio_testing_mark ();

  expect_since (&mark, FALSE, FALSE);
  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;
  expect_since (&mark, TRUE, FALSE);

  mark = trio_testing_mark ();
  trio_cancel_shielded_checkpoint ();
  expect_since (&mark, FALSE, TRUE);

  mark = trio_testing_mark ();
  if (!trio_checkpoint (error))
    return FALSE;
  expect_since (&mark, TRUE, TRUE);
  return TRUE;
}

#define EXPECT_CHECKPOINT(call)                 \
  G_STMT_START                                  \
    {                                           \
      TrioTestingMark mark_ = trio_testing_mark (); \
                                                \
      if (!(call))                              \
        return FALSE;                           \
      trio_testing_assert_checkpoints (&mark_); \
    }                                           \
  G_STMT_END

/* semantics: 17 */
static gboolean
test_what_can_block_is_a_checkpoint_also_when_it_need_not (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (1, -1);
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  gpointer value;

  trio_event_set (event);
  trio_open_memory_channel (1, NULL, &send, &receive);
  EXPECT_CHECKPOINT (trio_checkpoint (error));
  EXPECT_CHECKPOINT (trio_sleep (0, error));
  EXPECT_CHECKPOINT (trio_sleep (10, error));
  EXPECT_CHECKPOINT (trio_sleep_until (0, error));
  EXPECT_CHECKPOINT (trio_event_wait (event, error));
  EXPECT_CHECKPOINT (trio_lock_acquire (lock, error));
  EXPECT_CHECKPOINT (trio_semaphore_acquire (semaphore, error));
  EXPECT_CHECKPOINT (trio_send_channel_send (send, NULL, error));
  EXPECT_CHECKPOINT (trio_receive_channel_receive (receive, &value, error));
  EXPECT_CHECKPOINT (trio_testing_wait_all_tasks_blocked (0, error));
  trio_lock_release (lock);
  trio_semaphore_release (semaphore);
  return TRUE;
}

/* semantics: 18 */
static gboolean
test_what_cannot_block_is_no_checkpoint (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  gpointer value;
  TrioTestingMark mark = trio_testing_mark ();
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioCancelScope) scope = NULL;

  trio_open_memory_channel (1, NULL, &send, &receive);
  trio_event_set (event);
  if (!trio_lock_acquire_nowait (lock, error) || !trio_send_channel_send_nowait (send, NULL, error)
      || !trio_receive_channel_receive_nowait (receive, &value, error))
    return FALSE;
  trio_lock_release (lock);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, mock_return, NULL);
  scope = trio_move_on_after (G_TIME_SPAN_HOUR, error);
  if (!trio_cancel_scope_close (scope, TRUE))
    return FALSE;
  trio_testing_assert_no_checkpoints (&mark);

  mark = trio_testing_mark ();
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  expect_since (&mark, TRUE, TRUE);
  return TRUE;
}

/* semantics: 15 */
static gboolean
test_in_a_cancelled_scope_the_first_half_lets_others_run (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  TrioTestingMark mark = trio_testing_mark ();

  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_checkpoint_if_cancelled (error));
  expect_since (&mark, TRUE, TRUE);
  return trio_cancel_scope_close (scope, FALSE);
}

/* --- assertions that fail --- */

static gboolean
expect_more_than_half (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioTestingMark mark = trio_testing_mark ();

  if (!trio_checkpoint_if_cancelled (error))
    return FALSE;
  trio_testing_assert_checkpoints (&mark);
  return TRUE;
}

static gboolean
expect_less_than_half (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  TrioTestingMark mark = trio_testing_mark ();

  trio_cancel_shielded_checkpoint ();
  trio_testing_assert_no_checkpoints (&mark);
  return TRUE;
}

static void
expect_failure (TrioFunc body, const char *pattern)
{
  if (g_test_subprocess ())
    {
      mock_run_ok (body, NULL);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (pattern);
}

static void
test_half_a_checkpoint_is_not_enough (void)
{
  expect_failure (expect_more_than_half, "*test-checkpoints.c:*expect_more_than_half*expected a checkpoint*could have reached*could not have "
                                         "run*");
}

static void
test_half_a_checkpoint_is_too_much (void)
{
  expect_failure (expect_less_than_half, "*test-checkpoints.c:*expected no checkpoint*could not have reached*could have run*");
}

static void
test_outside_a_task_there_is_nothing_to_mark (void)
{
  if (g_test_subprocess ())
    {
      trio_testing_mark ();
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*outside a task*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  worlds_add ("/points/each-half-of-a-sandwich-is-what-it-is", test_each_half_of_a_sandwich_is_what_it_is);
  worlds_add ("/points/what-can-block-is-a-checkpoint-also-when-it-need-not",
              test_what_can_block_is_a_checkpoint_also_when_it_need_not);
  worlds_add ("/points/what-cannot-block-is-no-checkpoint", test_what_cannot_block_is_no_checkpoint);
  worlds_add ("/points/in-a-cancelled-scope-the-first-half-lets-others-run",
              test_in_a_cancelled_scope_the_first_half_lets_others_run);
  g_test_add_func ("/assert/half-a-checkpoint-is-not-enough", test_half_a_checkpoint_is_not_enough);
  g_test_add_func ("/assert/half-a-checkpoint-is-too-much", test_half_a_checkpoint_is_too_much);
  g_test_add_func ("/assert/outside-a-task-there-is-nothing-to-mark", test_outside_a_task_there_is_nothing_to_mark);
  return g_test_run ();
}
