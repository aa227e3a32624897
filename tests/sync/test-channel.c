/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Memory channels: statements 17, 104 to 108. What cancellations do to the values is in test-channel-cancel.c and
 * sweep-values.c. */

#include <trio/lowlevel/idle.h>

#include "tests/core/core-test.h"

typedef struct
{
  TrioSendChannel    *send;
  TrioReceiveChannel *receive;
  const char         *name;
  int                 n;
} End;

static gpointer
number (int n)
{
  return GINT_TO_POINTER (n);
}

static gboolean
send_some (gpointer data, GError **error)
{
  End *end = data;

  for (int i = 1; i <= end->n; i++)
    {
      if (!trio_send_channel_send (end->send, number (i), error))
        return FALSE;
      mock_say ("%s%d", end->name, i);
    }
  return TRUE;
}

static gboolean
receive_some (gpointer data, GError **error)
{
  End *end = data;

  for (int i = 0; i < end->n; i++)
    {
      gpointer value;

      if (!trio_receive_channel_receive (end->receive, &value, error))
        return FALSE;
      mock_say ("%s%d", end->name, GPOINTER_TO_INT (value));
    }
  return TRUE;
}

static TrioChannelStatistics
look (TrioSendChannel *send, TrioReceiveChannel *receive)
{
  TrioChannelStatistics a, b;

  trio_send_channel_get_statistics (send, &a);
  if (receive != NULL)
    {
      trio_receive_channel_get_statistics (receive, &b);
      g_assert_cmpmem (&a, sizeof a, &b, sizeof b);
    }
  return a;
}

/* ---- handing over ---- */

static gboolean
meet (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  End from = { .name = "s", .n = 3 }, to = { .name = "r", .n = 3 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_open_memory_channel (0, NULL, &send, &receive);
  from.send = send;
  to.receive = receive;
  trio_nursery_start_soon (nursery, send_some, &from);
  g_assert_true (trio_wait_idle (0, error));
  g_assert_cmpuint (look (send, receive).tasks_waiting_send, ==, 1);
  trio_nursery_start_soon (nursery, receive_some, &to);
  g_assert_true (trio_nursery_close (nursery, TRUE));
  g_assert_cmpuint (look (send, receive).peak_buffer_used, ==, 0);
  return TRUE;
}

static void
test_without_a_buffer_sender_and_receiver_meet (void)
{
  int ahead = 0;

  mock_run_ok (meet, NULL);
  /* s1 is sent when it is taken, and so on: neither is ever more than one ahead. */
  for (const char *word = mock_log->str; word != NULL; word = strchr (word, ' '))
    {
      word += strspn (word, " ");
      ahead += *word == 's' ? 1 : -1;
      g_assert_cmpint (ABS (ahead), <=, 1);
    }
  mock_expect_in_any_order ("s1 r1 s2 r2 s3 r3");
}

static gboolean
fill_a_buffer (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  gpointer value = NULL;
  TrioChannelStatistics statistics;

  trio_open_memory_channel (2, NULL, &send, &receive);
  g_assert_false (trio_receive_channel_receive_nowait (receive, &value, error));
  mock_assert_error (*error, TRIO_ERROR_WOULD_BLOCK);
  g_assert_null (value);
  g_assert_true (trio_send_channel_send_nowait (send, number (1), error));
  g_assert_true (trio_send_channel_send (send, number (2), error));
  g_assert_false (trio_send_channel_send_nowait (send, number (3), error));
  mock_assert_error (*error, TRIO_ERROR_WOULD_BLOCK);
  statistics = look (send, receive);
  g_assert_cmpuint (statistics.current_buffer_used, ==, 2);
  g_assert_cmpuint (statistics.peak_buffer_used, ==, 2);
  g_assert_cmpuint (statistics.max_buffer_size, ==, 2);
  g_assert_cmpuint (statistics.open_send_channels, ==, 1);
  g_assert_cmpuint (statistics.open_receive_channels, ==, 1);
  g_assert_true (trio_receive_channel_receive (receive, &value, error));
  g_assert_cmpint (GPOINTER_TO_INT (value), ==, 1);
  g_assert_true (trio_receive_channel_receive_nowait (receive, &value, error));
  g_assert_cmpint (GPOINTER_TO_INT (value), ==, 2);
  g_assert_cmpuint (look (send, receive).current_buffer_used, ==, 0);
  g_assert_cmpuint (look (send, receive).peak_buffer_used, ==, 2);
  return TRUE;
}

static void
test_a_buffer_takes_as_many_as_it_was_opened_for (void)
{
  mock_run_ok (fill_a_buffer, NULL);
}

static gboolean
fill_without_end (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  gpointer value;
  int next_in = 0, next_out = 0;

  trio_open_memory_channel (G_MAXSIZE, NULL, &send, &receive);
  /* In and out by turns, so that the ring grows while its beginning lies anywhere. */
  for (int round = 1; round < 60; round++)
    {
      for (int i = 0; i < round; i++)
        g_assert_true (trio_send_channel_send_nowait (send, number (next_in++), error));
      for (int i = 0; i < round / 2; i++)
        {
          g_assert_true (trio_receive_channel_receive_nowait (receive, &value, error));
          g_assert_cmpint (GPOINTER_TO_INT (value), ==, next_out++);
        }
    }
  while (next_out < next_in)
    {
      g_assert_true (trio_receive_channel_receive_nowait (receive, &value, error));
      g_assert_cmpint (GPOINTER_TO_INT (value), ==, next_out++);
    }
  return TRUE;
}

static void
test_a_buffer_without_limit_grows_and_keeps_the_order (void)
{
  mock_run_ok (fill_without_end, NULL);
}

static gboolean
overfill (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  End from = { .name = "s", .n = 5 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_open_memory_channel (2, NULL, &send, &receive);
  from.send = send;
  trio_nursery_start_soon (nursery, send_some, &from);
  g_assert_true (trio_wait_idle (0, error));
  g_assert_cmpuint (look (send, receive).current_buffer_used, ==, 2);
  g_assert_cmpuint (look (send, receive).tasks_waiting_send, ==, 1);
  for (int i = 1; i <= 5; i++)
    {
      gpointer value;

      g_assert_true (trio_receive_channel_receive (receive, &value, error));
      g_assert_cmpint (GPOINTER_TO_INT (value), ==, i);
    }
  return trio_nursery_close (nursery, TRUE);
}

/* What lies in the buffer comes before what a waiting sender brings. */
static void
test_a_sender_that_waits_does_not_overtake_the_buffer (void)
{
  mock_run_ok (overfill, NULL);
  mock_forget ();
}

static gboolean
hand_over_directly (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  End to = { .name = "r", .n = 2 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_open_memory_channel (10, NULL, &send, &receive);
  to.receive = receive;
  trio_nursery_start_soon (nursery, receive_some, &to);
  g_assert_true (trio_wait_idle (0, error));
  g_assert_true (trio_send_channel_send_nowait (send, number (1), error));
  g_assert_cmpuint (look (send, receive).current_buffer_used, ==, 0);
  g_assert_true (trio_wait_idle (0, error));
  g_assert_true (trio_send_channel_send (send, number (2), error));
  g_assert_cmpuint (look (send, receive).peak_buffer_used, ==, 0);
  return trio_nursery_close (nursery, TRUE);
}

/* (108) */
static void
test_the_peak_counts_the_buffer_only_and_no_direct_hand_off (void)
{
  mock_run_ok (hand_over_directly, NULL);
  mock_expect ("r1 r2");
}

/* ---- fairness ---- */

static gboolean
send_all_the_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  End others[] = { { .name = "a", .n = 3 }, { .name = "b", .n = 3 } };
  gpointer value;
  int got[3] = { 0 };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_open_memory_channel (1, NULL, &send, &receive);
  for (int i = 0; i < 2; i++)
    {
      others[i].send = send;
      trio_nursery_start_soon (nursery, send_some, &others[i]);
    }
  g_assert_true (trio_wait_idle (0, error));
  /* This one takes and sends without ever waiting; who waits must still get its turn. */
  for (int i = 0; i < 20; i++)
    {
      g_assert_true (trio_receive_channel_receive_nowait (receive, &value, error));
      got[GPOINTER_TO_INT (value) >= 100 ? 2 : 1]++;
      (void) !trio_send_channel_send_nowait (send, number (100), NULL);
      g_assert_true (trio_wait_idle (0, error));
    }
  g_assert_cmpint (got[1], ==, 6);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
receive_all_the_time (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  End others[] = { { .name = "a", .n = 2 }, { .name = "b", .n = 2 } };
  gpointer value;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_open_memory_channel (1, NULL, &send, &receive);
  for (int i = 0; i < 2; i++)
    {
      others[i].receive = receive;
      trio_nursery_start_soon (nursery, receive_some, &others[i]);
      g_assert_true (trio_wait_idle (0, error));
    }
  for (int i = 1; i <= 4; i++)
    {
      g_assert_true (trio_send_channel_send_nowait (send, number (i), error));
      /* It is one of the waiting tasks' already. */
      if (i % 2 == 1)
        g_assert_false (trio_receive_channel_receive_nowait (receive, &value, NULL));
      g_assert_true (trio_wait_idle (0, error));
    }
  return trio_nursery_close (nursery, TRUE);
}

/* (104) */
static void
test_who_waits_is_served_in_turn_beside_one_who_never_waits (void)
{
  mock_run_ok (send_all_the_time, NULL);
  mock_forget ();
  mock_run_ok (receive_all_the_time, NULL);
  mock_expect ("a1 b2 a3 b4");
}

/* ---- checkpoints ---- */

static gboolean
say (gpointer word, GError **error G_GNUC_UNUSED)
{
  mock_say ("%s", (const char *) word);
  return TRUE;
}

static gboolean
operate_without_waiting (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  gpointer value = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_open_memory_channel (5, NULL, &send, &receive);
  trio_nursery_start_soon (nursery, say, (char *) "first");
  g_assert_true (trio_send_channel_send (send, number (1), error));
  mock_say ("sent");
  trio_nursery_start_soon (nursery, say, (char *) "second");
  g_assert_true (trio_receive_channel_receive (receive, &value, error));
  mock_say ("received");
  return trio_nursery_close (nursery, TRUE);
}

/* (17) */
static void
test_sending_and_receiving_are_checkpoints (void)
{
  mock_run_ok (operate_without_waiting, NULL);
  mock_expect ("first sent second received");
}

static gboolean
operate_when_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  gpointer value = NULL;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);

  trio_open_memory_channel (5, NULL, &send, &receive);
  g_assert_true (trio_send_channel_send (send, number (2), error));
  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_receive_channel_receive (receive, &value, error));
  mock_assert_error (*error, TRIO_ERROR_CANCELLED);
  g_assert_false (trio_send_channel_send (send, number (3), error));
  mock_assert_error (*error, TRIO_ERROR_CANCELLED);
  g_assert_null (value);
  g_assert_cmpuint (look (send, receive).current_buffer_used, ==, 1);
  return trio_cancel_scope_close (scope, TRUE);
}

/* (20) */
static void
test_sending_and_receiving_have_no_effect_when_cancelled (void)
{
  mock_run_ok (operate_when_cancelled, NULL);
}

/* ---- closing ---- */

static gboolean
close_senders (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioSendChannel) other = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  gpointer value = NULL;

  trio_open_memory_channel (5, NULL, &send, &receive);
  other = trio_send_channel_clone (send);
  g_assert_true (trio_send_channel_send (send, number (1), error));
  trio_send_channel_close (send);
  trio_send_channel_close (send);
  g_assert_cmpuint (look (send, receive).open_send_channels, ==, 1);
  g_assert_false (trio_send_channel_send (send, number (9), error));
  mock_assert_error (*error, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_false (trio_send_channel_send_nowait (send, number (9), error));
  mock_assert_error (*error, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_true (trio_send_channel_send (other, number (2), error));
  trio_send_channel_close (other);
  for (int i = 1; i <= 2; i++)
    {
      g_assert_true (trio_receive_channel_receive (receive, &value, error));
      g_assert_cmpint (GPOINTER_TO_INT (value), ==, i);
    }
  value = NULL;
  for (int i = 0; i < 2; i++)
    {
      g_assert_false (trio_receive_channel_receive (receive, &value, error));
      mock_assert_error (*error, TRIO_ERROR_END_OF_CHANNEL);
      g_assert_false (trio_receive_channel_receive_nowait (receive, &value, error));
      mock_assert_error (*error, TRIO_ERROR_END_OF_CHANNEL);
    }
  g_assert_null (value);
  return TRUE;
}

/* (105) */
static void
test_what_was_sent_survives_its_senders_and_comes_before_the_end (void)
{
  mock_run_ok (close_senders, NULL);
}

static int n_destroyed;

static void
destroy (gpointer value)
{
  n_destroyed += GPOINTER_TO_INT (value);
}

static gboolean
close_receivers (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  g_autoptr (TrioReceiveChannel) other = NULL;
  End from = { .name = "s", .n = 5 };
  gpointer value;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  n_destroyed = 0;
  trio_open_memory_channel (2, destroy, &send, &receive);
  other = trio_receive_channel_clone (receive);
  from.send = send;
  trio_nursery_start_soon (nursery, send_some, &from);
  g_assert_true (trio_wait_idle (0, error));
  trio_receive_channel_close (receive);
  g_assert_false (trio_receive_channel_receive (receive, &value, error));
  mock_assert_error (*error, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_cmpint (n_destroyed, ==, 0);
  trio_receive_channel_close (other);
  /* 1 and 2 were in the buffer; 3 is still its sender's. */
  g_assert_cmpint (n_destroyed, ==, 3);
  g_assert_false (trio_nursery_close (nursery, TRUE));
  mock_assert_error (*error, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_false (trio_send_channel_send_nowait (send, number (9), error));
  mock_assert_error (*error, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_false (trio_send_channel_send (send, number (9), error));
  mock_assert_error (*error, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_cmpint (n_destroyed, ==, 3);
  return TRUE;
}

/* (106) */
static void
test_closing_the_last_receiver_discards_the_buffer_and_breaks_senders (void)
{
  mock_run_ok (close_receivers, NULL);
  mock_expect ("s1 s2");
}

static gboolean
report_end (gpointer data, GError **error)
{
  End *end = data;
  gpointer value;
  gboolean ok = end->send != NULL ? trio_send_channel_send (end->send, number (1), error)
                                  : trio_receive_channel_receive (end->receive, &value, error);

  if (ok)
    mock_say ("%s", end->name);
  else
    mock_say ("%s-%d", end->name, (*error)->code);
  g_clear_error (error);
  return TRUE;
}

static gboolean
close_clones (gpointer of_senders, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioSendChannel) send_clone = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  g_autoptr (TrioReceiveChannel) receive_clone = NULL;
  End ends[4] = { { .name = "a" }, { .name = "b" }, { .name = "clone-a" }, { .name = "clone-b" } };
  g_autofree char *of_those_on_the_clones = g_strdup_printf ("clone-a-%d clone-b-%d", TRIO_ERROR_CLOSED_RESOURCE,
                                                             TRIO_ERROR_CLOSED_RESOURCE);
  gpointer value;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_open_memory_channel (0, NULL, &send, &receive);
  send_clone = trio_send_channel_clone (send);
  receive_clone = trio_receive_channel_clone (receive);
  for (int i = 0; i < 4; i++)
    {
      if (of_senders != NULL)
        ends[i].send = i < 2 ? send : send_clone;
      else
        ends[i].receive = i < 2 ? receive : receive_clone;
      trio_nursery_start_soon (nursery, report_end, &ends[i]);
    }
  g_assert_true (trio_wait_idle (0, error));
  if (of_senders != NULL)
    trio_send_channel_close (send_clone);
  else
    trio_receive_channel_close (receive_clone);
  g_assert_true (trio_wait_idle (0, error));
  mock_expect_in_any_order (of_those_on_the_clones);
  for (int i = 0; i < 2; i++)
    if (of_senders != NULL)
      g_assert_true (trio_receive_channel_receive (receive, &value, error));
    else
      g_assert_true (trio_send_channel_send (send, number (1), error));
  return trio_nursery_close (nursery, TRUE);
}

/* (107) */
static void
test_closing_a_clone_wakes_only_those_who_wait_on_it (void)
{
  mock_run_ok (close_clones, NULL);
  mock_expect_in_any_order ("a b");
  mock_run_ok (close_clones, GINT_TO_POINTER (TRUE));
  mock_expect_in_any_order ("a b");
}

static gboolean
end_for_those_who_wait (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioSendChannel) send = NULL;
  g_autoptr (TrioReceiveChannel) receive = NULL;
  End ends[2] = { { .name = "a" }, { .name = "b" } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_open_memory_channel (3, NULL, &send, &receive);
  for (int i = 0; i < 2; i++)
    {
      ends[i].receive = receive;
      trio_nursery_start_soon (nursery, report_end, &ends[i]);
    }
  g_assert_true (trio_wait_idle (0, error));
  g_clear_pointer (&send, trio_send_channel_free);
  return trio_nursery_close (nursery, TRUE);
}

/* (105) */
static void
test_receivers_that_wait_see_the_end_when_the_last_sender_goes (void)
{
  g_autofree char *expected = g_strdup_printf ("a-%d b-%d", TRIO_ERROR_END_OF_CHANNEL, TRIO_ERROR_END_OF_CHANNEL);

  mock_run_ok (end_for_those_who_wait, NULL);
  mock_expect_in_any_order (expected);
}

static void
test_freeing_both_ends_in_any_order_destroys_what_is_left (void)
{
  for (int order = 0; order < 2; order++)
    {
      TrioSendChannel *send;
      TrioReceiveChannel *receive;
      g_autoptr (GError) error = NULL;

      n_destroyed = 0;
      trio_open_memory_channel (5, destroy, &send, &receive);
      g_assert_true (trio_send_channel_send_nowait (send, number (1), &error));
      g_assert_true (trio_send_channel_send_nowait (send, number (2), &error));
      if (order == 0)
        trio_send_channel_free (send);
      trio_receive_channel_free (receive);
      if (order == 1)
        trio_send_channel_free (send);
      g_assert_cmpint (n_destroyed, ==, 3);
    }
  trio_send_channel_free (NULL);
  trio_receive_channel_free (NULL);
}

int
main (int argc, char **argv)
{
  static const char why[] = "it asserts what comes of it when nobody else cancels";

  g_test_init (&argc, &argv, NULL);
  core_test_add_undisturbed ("/channel/without-a-buffer-sender-and-receiver-meet",
                             test_without_a_buffer_sender_and_receiver_meet, why);
  core_test_add_undisturbed ("/channel/a-buffer-takes-as-many-as-it-was-opened-for",
                             test_a_buffer_takes_as_many_as_it_was_opened_for, why);
  core_test_add_undisturbed ("/channel/a-buffer-without-limit-grows-and-keeps-the-order",
                             test_a_buffer_without_limit_grows_and_keeps_the_order, why);
  core_test_add_undisturbed ("/channel/a-sender-that-waits-does-not-overtake-the-buffer",
                             test_a_sender_that_waits_does_not_overtake_the_buffer, why);
  core_test_add_undisturbed ("/channel/the-peak-counts-the-buffer-only-and-no-direct-hand-off",
                             test_the_peak_counts_the_buffer_only_and_no_direct_hand_off, why);
  core_test_add_undisturbed ("/channel/who-waits-is-served-in-turn-beside-one-who-never-waits",
                             test_who_waits_is_served_in_turn_beside_one_who_never_waits, why);
  core_test_add_ordered ("/channel/sending-and-receiving-are-checkpoints", test_sending_and_receiving_are_checkpoints,
                         "that one yield lets the other run is the order of production");
  core_test_add_undisturbed ("/channel/sending-and-receiving-have-no-effect-when-cancelled",
                             test_sending_and_receiving_have_no_effect_when_cancelled, why);
  core_test_add_undisturbed ("/channel/what-was-sent-survives-its-senders-and-comes-before-the-end",
                             test_what_was_sent_survives_its_senders_and_comes_before_the_end, why);
  core_test_add_undisturbed ("/channel/closing-the-last-receiver-discards-the-buffer-and-breaks-senders",
                             test_closing_the_last_receiver_discards_the_buffer_and_breaks_senders, why);
  core_test_add_undisturbed ("/channel/closing-a-clone-wakes-only-those-who-wait-on-it",
                             test_closing_a_clone_wakes_only_those_who_wait_on_it, why);
  core_test_add_undisturbed ("/channel/receivers-that-wait-see-the-end-when-the-last-sender-goes",
                             test_receivers_that_wait_see_the_end_when_the_last_sender_goes, why);
  g_test_add_func ("/channel/freeing-both-ends-in-any-order-destroys-what-is-left", test_freeing_both_ends_in_any_order_destroys_what_is_left);
  return g_test_run ();
}
