/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A programmer's mistake at the public edge of what tasks wait for each other with is a critical, and changes nothing. And what a
 * waiting task says of its wait names the state that it waits for to change. */

#include "tests/core/core-test.h"

static gboolean
mistake_locks (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  g_autoptr (TrioCondition) condition = trio_condition_new (lock);
  g_autoptr (TrioRWLock) rw_lock = trio_rw_lock_new ();
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (1, 1);
  g_autoptr (TrioBarrier) barrier = trio_barrier_new (1);

  mock_assert_refused_as (FALSE, trio_lock_acquire (NULL, NULL));
  mock_assert_refused_as (FALSE, trio_lock_acquire_nowait (NULL, NULL));
  mock_assert_refused (trio_lock_release (NULL));
  mock_assert_refused_as (FALSE, trio_lock_locked (NULL));
  mock_assert_refused (trio_lock_get_statistics (NULL, NULL));
  mock_assert_refused (trio_lock_get_statistics (lock, NULL));

  mock_assert_refused_as (FALSE, trio_condition_acquire (NULL, NULL));
  mock_assert_refused_as (FALSE, trio_condition_acquire_nowait (NULL, NULL));
  mock_assert_refused (trio_condition_release (NULL));
  mock_assert_refused_as (FALSE, trio_condition_locked (NULL));
  mock_assert_refused_as (FALSE, trio_condition_wait (NULL, NULL));
  mock_assert_refused (trio_condition_notify (NULL, 1));
  mock_assert_refused (trio_condition_notify_all (NULL));
  mock_assert_refused (trio_condition_get_statistics (NULL, NULL));
  mock_assert_refused (trio_condition_get_statistics (condition, NULL));

  mock_expect_critical ("trio_rw_lock_acquire_read: assertion*failed");
  g_assert_false (trio_rw_lock_acquire_read (NULL, NULL));
  g_test_assert_expected_messages ();
  mock_assert_refused_as (FALSE, trio_rw_lock_acquire_write (NULL, NULL));
  mock_assert_refused_as (FALSE, trio_rw_lock_acquire_read_nowait (NULL, NULL));
  mock_assert_refused_as (FALSE, trio_rw_lock_acquire_write_nowait (NULL, NULL));
  mock_assert_refused (trio_rw_lock_release (NULL));
  mock_assert_refused (trio_rw_lock_get_statistics (NULL, NULL));
  mock_assert_refused (trio_rw_lock_get_statistics (rw_lock, NULL));

  mock_assert_refused_as (FALSE, trio_semaphore_acquire (NULL, NULL));
  mock_assert_refused_as (FALSE, trio_semaphore_acquire_nowait (NULL, NULL));
  mock_assert_refused (trio_semaphore_release (NULL));
  mock_assert_refused_as (0, trio_semaphore_get_value (NULL));
  mock_assert_refused (trio_semaphore_get_statistics (NULL, NULL));
  mock_assert_refused (trio_semaphore_get_statistics (semaphore, NULL));

  mock_assert_refused_as (FALSE, trio_barrier_wait (NULL, NULL, NULL));
  mock_assert_refused (trio_barrier_get_statistics (NULL, NULL));
  mock_assert_refused (trio_barrier_get_statistics (barrier, NULL));
  return trio_checkpoint (error);
}

static gboolean
mistake_values (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioEvent) event = trio_event_new ();
  g_autoptr (TrioFuture) future = trio_future_new (NULL);
  g_autoptr (TrioBroadcast) broadcast = trio_broadcast_new (1, NULL, NULL);
  g_autoptr (TrioBroadcastReceiver) receiver = trio_broadcast_subscribe (broadcast);
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  gpointer value;
  gsize chosen;

  trio_open_memory_channel (0, NULL, &send, &receive);
  mock_assert_refused (trio_event_set (NULL));
  mock_assert_refused_as (FALSE, trio_event_is_set (NULL));
  mock_assert_refused_as (FALSE, trio_event_wait (NULL, NULL));
  mock_assert_refused (trio_event_get_statistics (NULL, NULL));
  mock_assert_refused (trio_event_get_statistics (event, NULL));

  mock_assert_refused_as (NULL, trio_future_ref (NULL));
  mock_assert_refused (trio_future_set_value (NULL, NULL));
  mock_assert_refused (trio_future_set_error (NULL, NULL));
  mock_assert_refused (trio_future_set_error (future, NULL));
  mock_assert_refused_as (FALSE, trio_future_is_set (NULL));
  mock_assert_refused_as (FALSE, trio_future_wait (NULL, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_future_get_nowait (NULL, NULL, NULL));
  mock_assert_refused (trio_future_get_statistics (NULL, NULL));
  mock_assert_refused (trio_future_get_statistics (future, NULL));

  mock_assert_refused (trio_broadcast_send (NULL, NULL));
  mock_assert_refused (trio_broadcast_close (NULL));
  mock_assert_refused_as (NULL, trio_broadcast_subscribe (NULL));
  mock_assert_refused (trio_broadcast_get_statistics (NULL, NULL));
  mock_assert_refused (trio_broadcast_get_statistics (broadcast, NULL));
  mock_assert_refused_as (FALSE, trio_broadcast_receiver_receive (NULL, &value, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_broadcast_receiver_receive (receiver, NULL, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_broadcast_receiver_receive_nowait (NULL, &value, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_broadcast_receiver_receive_nowait (receiver, NULL, NULL, NULL));
  mock_assert_refused (trio_broadcast_receiver_close (NULL));
  mock_assert_refused (trio_broadcast_receiver_get_statistics (NULL, NULL));
  mock_assert_refused (trio_broadcast_receiver_get_statistics (receiver, NULL));

  mock_assert_refused (trio_open_memory_channel (0, NULL, NULL, &receive));
  mock_assert_refused (trio_open_memory_channel (0, NULL, &send, NULL));
  mock_assert_refused_as (FALSE, trio_send_channel_send (NULL, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_send_channel_send_nowait (NULL, NULL, NULL));
  mock_assert_refused_as (NULL, trio_send_channel_clone (NULL));
  mock_assert_refused (trio_send_channel_close (NULL));
  mock_assert_refused (trio_send_channel_get_statistics (NULL, NULL));
  mock_assert_refused (trio_send_channel_get_statistics (send, NULL));
  mock_assert_refused_as (FALSE, trio_receive_channel_receive (NULL, &value, NULL));
  mock_assert_refused_as (FALSE, trio_receive_channel_receive (receive, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_receive_channel_receive_nowait (NULL, &value, NULL));
  mock_assert_refused_as (FALSE, trio_receive_channel_receive_nowait (receive, NULL, NULL));
  mock_assert_refused_as (NULL, trio_receive_channel_clone (NULL));
  mock_assert_refused (trio_receive_channel_close (NULL));
  mock_assert_refused (trio_receive_channel_get_statistics (NULL, NULL));
  mock_assert_refused (trio_receive_channel_get_statistics (receive, NULL));
  trio_send_channel_close (send);
  trio_receive_channel_close (receive);
  mock_assert_refused_as (NULL, trio_send_channel_clone (send));
  mock_assert_refused_as (NULL, trio_receive_channel_clone (receive));

  mock_assert_refused_as (FALSE, trio_select (NULL, 1, &chosen, NULL));
  mock_assert_refused_as (FALSE, trio_select (NULL, 0, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_select_nowait (NULL, 1, &chosen, NULL));
  mock_assert_refused_as (FALSE, trio_select_nowait (NULL, 0, NULL, NULL));
  return trio_checkpoint (error);
}

static gboolean
mistake_limiters (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);

  mock_assert_refused_as (FALSE, trio_capacity_limiter_acquire_on_behalf_of (NULL, limiter, NULL));
  mock_assert_refused_as (FALSE, trio_capacity_limiter_acquire_on_behalf_of (limiter, NULL, NULL));
  mock_assert_refused_as (FALSE, trio_capacity_limiter_acquire_on_behalf_of_nowait (NULL, limiter, NULL));
  mock_assert_refused_as (FALSE, trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, NULL, NULL));
  mock_assert_refused (trio_capacity_limiter_release_on_behalf_of (NULL, limiter));
  mock_assert_refused (trio_capacity_limiter_release_on_behalf_of (limiter, NULL));
  mock_assert_refused (trio_capacity_limiter_set_total_tokens (NULL, 1));
  mock_assert_refused_as (0, trio_capacity_limiter_get_total_tokens (NULL));
  mock_assert_refused_as (0, trio_capacity_limiter_get_borrowed_tokens (NULL));
  mock_assert_refused (trio_capacity_limiter_get_statistics (NULL, NULL));
  mock_assert_refused (trio_capacity_limiter_get_statistics (limiter, NULL));
  return trio_checkpoint (error);
}

static void
test_mistakes_change_nothing (void)
{
  mock_run_ok (mistake_locks, NULL);
  mock_run_ok (mistake_values, NULL);
  mock_run_ok (mistake_limiters, NULL);
}

static void
test_freeing_nothing_is_nothing (void)
{
  trio_event_free (NULL);
  trio_lock_free (NULL);
  trio_condition_free (NULL);
  trio_rw_lock_free (NULL);
  trio_semaphore_free (NULL);
  trio_barrier_free (NULL);
  trio_broadcast_free (NULL);
  trio_broadcast_receiver_free (NULL);
  trio_send_channel_free (NULL);
  trio_receive_channel_free (NULL);
  trio_capacity_limiter_free (NULL);
  trio_future_unref (NULL);
}

static gboolean
free_what_is_in_use (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioLock *lock = trio_lock_new ();

  if (!trio_lock_acquire (lock, error))
    return FALSE;
  mock_expect_critical ("task \"main\" still holds the lock");
  trio_lock_free (lock);
  g_test_assert_expected_messages ();
  return TRUE;
}

static void
test_a_lock_that_is_freed_while_held_is_complained_of (void)
{
  mock_run_ok (free_what_is_in_use, NULL);
}

static gboolean
make_a_condition_of_a_held_lock (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioLock) lock = trio_lock_new ();
  TrioCondition *condition;

  if (!trio_lock_acquire (lock, error))
    return FALSE;
  condition = trio_condition_new (lock);
  trio_condition_notify_all (condition);
  trio_condition_free (condition);
  trio_lock_release (lock);
  g_assert_false (trio_lock_locked (lock));
  return TRUE;
}

static void
test_a_condition_may_come_and_go_while_its_lock_is_held (void)
{
  mock_run_ok (make_a_condition_of_a_held_lock, NULL);
}

/* --- what a task waits for --- */

static TrioSendChannel *the_send;
static TrioReceiveChannel *the_receive;
static TrioCapacityLimiter *the_limiter;

static gboolean
send_one (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_send_channel_send (the_send, NULL, error);
}

static gboolean
receive_one (gpointer unused G_GNUC_UNUSED, GError **error)
{
  gpointer value;

  return trio_receive_channel_receive (the_receive, &value, error);
}

static gboolean
borrow_one (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_capacity_limiter_acquire (the_limiter, error);
}

static gboolean
take_one (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (0, 2);

  return trio_semaphore_acquire (semaphore, error);
}

static gboolean
take_one_of_many (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSemaphore) semaphore = trio_semaphore_new (0, -1);

  return trio_semaphore_acquire (semaphore, error);
}

static gboolean
select_nothing (gpointer unused G_GNUC_UNUSED, GError **error)
{
  TrioSelectCase cases[] = { trio_case_event (NULL), trio_case_at (G_MAXINT64) };
  gsize chosen;

  return trio_select (cases, G_N_ELEMENTS (cases), &chosen, error);
}

static void
collect_waits (TrioTask *task, guint depth G_GNUC_UNUSED, gpointer out)
{
  g_string_append_printf (out, "%s: ", trio_task_get_name (task));
  trio_task_describe_wait (task, out);
  g_string_append_c (out, '\n');
}

static gboolean
look_at_waiters (gpointer func, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  g_autoptr (TrioCapacityLimiter) limiter = trio_capacity_limiter_new (1);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  g_autoptr (GString) out = g_string_new (NULL);

  trio_open_memory_channel (0, NULL, &send, &receive);
  g_assert_true (trio_capacity_limiter_acquire (limiter, error));
  the_send = send;
  the_receive = receive;
  the_limiter = limiter;
  trio_nursery_start_soon_full (nursery, (TrioFunc) func, NULL, NULL, "waiter");
  g_assert_true (mock_yield (error));
  trio_foreach_task (collect_waits, out);
  mock_say ("%s", strstr (out->str, "waiter: "));
  trio_nursery_cancel (nursery);
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_capacity_limiter_release (limiter);
  return TRUE;
}

static void
test_a_wait_is_described_by_the_state_that_must_change (void)
{
  static const struct
  {
    TrioFunc    func;
    const char *says;
  } waits[] = {
    { send_one, "waiter: trio_send_channel_send: 0 values in the buffer, 1 senders and 1 receivers" },
    { receive_one, "waiter: trio_receive_channel_receive: 0 values in the buffer, 1 senders and 1 receivers" },
    { borrow_one, "waiter: trio_capacity_limiter_acquire: 1 of 1 tokens are borrowed" },
    { take_one, "waiter: trio_semaphore_acquire" },
    { take_one_of_many, "waiter: trio_semaphore_acquire" },
    { select_nothing, "waiter: trio_select: for nothing" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      mock_run_ok (look_at_waiters, waits[i].func);
      mock_assert_says (mock_log->str, waits[i].says);
      mock_forget ();
    }
}

int
main (int argc, char **argv)
{
  static const char why[] = "it asserts what comes of it when nobody else cancels";

  g_test_init (&argc, &argv, NULL);
  core_test_add_undisturbed ("/mistakes/mistakes-change-nothing", test_mistakes_change_nothing, why);
  g_test_add_func ("/mistakes/freeing-nothing-is-nothing", test_freeing_nothing_is_nothing);
  core_test_add_undisturbed ("/mistakes/a-lock-that-is-freed-while-held-is-complained-of",
                             test_a_lock_that_is_freed_while_held_is_complained_of, why);
  core_test_add_undisturbed ("/mistakes/a-condition-may-come-and-go-while-its-lock-is-held",
                             test_a_condition_may_come_and_go_while_its_lock_is_held, why);
  core_test_add_undisturbed ("/mistakes/a-wait-is-described-by-the-state-that-must-change",
                             test_a_wait_is_described_by_the_state_that_must_change, why);
  return g_test_run ();
}
