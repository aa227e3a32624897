/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a TCP stream promises, from both of its ends. */

#include <string.h>

#include "tests/parity/parity.h"

/* A connection with one task at each end. */
typedef struct
{
  TrioListener *listener;
  TrioStream   *client;
  TrioStream   *server;
} Pair;

static gboolean
pair_open (Pair *pair, GError **error)
{
  pair->listener = parity_listen (error);
  return pair->listener != NULL && parity_connect (pair->listener, &pair->client, &pair->server, error);
}

static void
pair_clear (Pair *pair)
{
  trio_stream_free (pair->client);
  trio_stream_free (pair->server);
  trio_listener_free (pair->listener);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

/* Bytes that tell where they belong. */
static guint8 *
pattern (gsize size)
{
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (i * 7 + i / 251);
  return bytes;
}

typedef struct
{
  TrioStream   *stream;
  const guint8 *data;
  gsize         size;
} Sending;

static gboolean
send_everything (gpointer data, GError **error)
{
  Sending *sending = data;

  return trio_stream_send_all (sending->stream, sending->data, sending->size, error);
}

static gboolean
send_in_the_other_direction (TrioStream *from, TrioStream *to, gsize size, GError **error)
{
  g_autofree guint8 *data = pattern (size);
  g_autofree guint8 *received = g_malloc0 (size);
  Sending sending = { from, data, size };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, send_everything, &sending);
  if (!parity_receive_exactly (to, received, size, error))
    return FALSE;
  g_assert_cmpmem (received, size, data, size);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_bytes_of_any_number_arrive_whole_and_in_order (gpointer data G_GNUC_UNUSED, GError **error)
{
  static const gsize sizes[] = { 1, 2, 7, 1000, 4096, 65537, 300000 };
  g_auto (Pair) pair = { 0 };

  if (!pair_open (&pair, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    if (!send_in_the_other_direction (pair.client, pair.server, sizes[i], error)
        || !send_in_the_other_direction (pair.server, pair.client, sizes[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
test_an_empty_send_is_nothing_and_room_for_nothing_a_mistake (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (GError) refusal = NULL;
  char byte;

  if (!pair_open (&pair, error) || !trio_stream_send_all (pair.client, "", 0, error))
    return FALSE;
  g_assert_cmpint (trio_stream_receive_some (pair.server, &byte, 0, &refusal), ==, -1);
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  return TRUE;
}

static gboolean
test_one_side_may_end_while_the_other_goes_on (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (GError) refusal = NULL;
  char buffer[8];

  if (!pair_open (&pair, error) || !trio_stream_send_all (pair.client, "ping", 4, error)
      || !trio_stream_send_eof (pair.client, error))
    return FALSE;

  /* Idempotent; and nothing more can be sent. */
  if (!trio_stream_send_eof (pair.client, error))
    return FALSE;
  g_assert_false (trio_stream_send_all (pair.client, "more", 4, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);

  if (!parity_receive_exactly (pair.server, buffer, 4, error))
    return FALSE;
  g_assert_cmpmem (buffer, 4, "ping", 4);
  g_assert_cmpint (trio_stream_receive_some (pair.server, buffer, sizeof buffer, error), ==, 0);
  /* The end stays the end. */
  g_assert_cmpint (trio_stream_receive_some (pair.server, buffer, sizeof buffer, error), ==, 0);

  if (!trio_stream_send_all (pair.server, "pong!", 5, error) || !parity_receive_exactly (pair.client, buffer, 5, error))
    return FALSE;
  g_assert_cmpmem (buffer, 5, "pong!", 5);
  return TRUE;
}

/* The other side closes with bytes unread, which is a reset. Sending finds out sooner or later, and then for good. */
static gboolean
test_a_reset_is_broken_and_stays_broken (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (GError) failure = NULL;
  char byte;

  if (!pair_open (&pair, error) || !trio_stream_send_all (pair.client, "xy", 2, error)
      || !parity_receive_exactly (pair.server, &byte, 1, error))
    return FALSE;
  trio_stream_free (g_steal_pointer (&pair.server));

  for (guint i = 0; i < 1000 && failure == NULL; i++)
    if (trio_stream_send_all (pair.client, "z", 1, &failure) && !trio_sleep (G_TIME_SPAN_MILLISECOND, error))
      return FALSE;
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  g_assert_nonnull (strstr (failure->message, "127.0.0.1:"));
  g_clear_error (&failure);

  g_assert_false (trio_stream_send_all (pair.client, "z", 1, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

typedef struct
{
  TrioStream *stream;
  TrioEvent  *refused;
  guint       n_busy;
  guint       n_received;
} Contest;

static gboolean
receive_or_be_refused (gpointer data, GError **error)
{
  Contest *contest = data;
  GError *failure = NULL;
  char byte;

  if (trio_stream_receive_some (contest->stream, &byte, 1, &failure) == 1)
    contest->n_received++;
  else if (g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE))
    {
      g_clear_error (&failure);
      contest->n_busy++;
      trio_event_set (contest->refused);
    }
  else
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  return TRUE;
}

/* Statement 157. */
static gboolean
test_the_second_receiver_is_refused_and_the_first_undisturbed (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (TrioEvent) refused = trio_event_new ();
  g_autoptr (TrioNursery) nursery = NULL;
  Contest contest = { .refused = refused };

  if (!pair_open (&pair, error))
    return FALSE;
  contest.stream = pair.client;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, receive_or_be_refused, &contest);
  trio_nursery_start_soon (nursery, receive_or_be_refused, &contest);

  /* The other direction is free meanwhile. */
  if (!trio_event_wait (refused, error) || !trio_stream_send_all (pair.client, "?", 1, error)
      || !trio_stream_send_all (pair.server, "!", 1, error) || !trio_nursery_close (nursery, TRUE))
    return FALSE;
  g_assert_cmpuint (contest.n_busy, ==, 1);
  g_assert_cmpuint (contest.n_received, ==, 1);
  return TRUE;
}

static gboolean
receive_until_closed (gpointer data, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;
  char byte;

  g_assert_cmpint (trio_stream_receive_some (data, &byte, 1, &failure), ==, -1);
  g_assert_error (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return TRUE;
}

/* Statement 158. */
static gboolean
test_closing_wakes_who_waits (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (GError) refusal = NULL;
  char byte;

  if (!pair_open (&pair, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, receive_until_closed, pair.client);
  if (!trio_sleep (G_TIME_SPAN_MILLISECOND, error) || !trio_stream_close (pair.client, error)
      || !trio_nursery_close (nursery, TRUE))
    return FALSE;

  /* Afterwards everything is CLOSED, and closing again is fine. */
  g_assert_cmpint (trio_stream_receive_some (pair.client, &byte, 1, &refusal), ==, -1);
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_false (trio_stream_send_all (pair.client, "x", 1, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  g_assert_false (trio_stream_send_eof (pair.client, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE);
  return trio_stream_close (pair.client, error);
}

/* Statement 165. */
static gboolean
test_a_cancelled_task_closes_too (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (TrioCancelScope) scope = NULL;
  char byte;

  if (!pair_open (&pair, error))
    return FALSE;
  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_stream_close (pair.client, error));
  if (!trio_cancel_scope_close (scope, FALSE))
    return FALSE;
  g_assert_true (trio_cancel_scope_cancelled_caught (scope));

  g_assert_cmpint (trio_stream_receive_some (pair.server, &byte, 1, error), ==, 0);
  return TRUE;
}

#define N_COUNTED 200

static gboolean
send_one_by_one (gpointer data, GError **error)
{
  for (guint i = 0; i < N_COUNTED; i++)
    {
      guint8 byte = (guint8) i;

      if (!trio_stream_send_all (data, &byte, 1, error))
        return FALSE;
      if (i % 16 == 0 && !trio_sleep (300, error))
        return FALSE;
    }
  return trio_stream_send_eof (data, error);
}

/* Receives with a patience that often ends first. Statement 163. */
static gboolean
receive_impatiently (TrioStream *stream, GByteArray *received, gboolean *ended, GError **error)
{
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (50, error);
  guint8 buffer[3];
  gssize n = trio_stream_receive_some (stream, buffer, sizeof buffer, error);

  if (n > 0)
    g_byte_array_append (received, buffer, (guint) n);
  *ended = n == 0;
  return trio_cancel_scope_close (patience, n >= 0);
}

static gboolean
test_a_cancelled_receive_loses_no_bytes (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autoptr (TrioNursery) nursery = NULL;
  gboolean ended = FALSE;

  if (!pair_open (&pair, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_one_by_one, pair.server);
  while (!ended)
    if (!receive_impatiently (pair.client, received, &ended, error))
      return FALSE;

  g_assert_cmpuint (received->len, ==, N_COUNTED);
  for (guint i = 0; i < N_COUNTED; i++)
    g_assert_cmpuint (received->data[i], ==, (guint8) i);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
test_a_deadline_ends_the_wait_for_a_silent_peer (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  GError *failure = NULL;
  gint64 began;
  char byte;

  if (!pair_open (&pair, error))
    return FALSE;
  began = trio_current_time ();
  {
    g_autoptr (TrioCancelScope) patience = trio_fail_after (3 * G_TIME_SPAN_MILLISECOND, &failure);

    g_assert_cmpint (trio_stream_receive_some (pair.client, &byte, 1, &failure), ==, -1);
    g_assert_false (trio_cancel_scope_close (patience, FALSE));
  }
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_TOO_SLOW);
  g_assert_cmpint (trio_current_time () - began, >=, 3 * G_TIME_SPAN_MILLISECOND);

  /* The stream is as good as before. */
  return trio_stream_send_all (pair.server, "a", 1, error) && parity_receive_exactly (pair.client, &byte, 1, error);
}

/* Nobody reads, the buffers fill up, the sender is cancelled: how much has arrived is unknown. */
static gboolean
test_a_send_that_is_cancelled_half_way_breaks_the_stream (gpointer data G_GNUC_UNUSED, GError **error)
{
  const gsize size = 32 << 20;
  g_auto (Pair) pair = { 0 };
  g_autofree guint8 *much = g_malloc0 (size);
  g_autoptr (TrioCancelScope) patience = NULL;
  GError *failure = NULL;
  char byte;

  if (!pair_open (&pair, error))
    return FALSE;
  patience = trio_move_on_after (5 * G_TIME_SPAN_MILLISECOND, error);
  g_assert_false (trio_stream_send_all (pair.client, much, size, error));
  if (!trio_cancel_scope_close (patience, FALSE))
    return FALSE;

  g_assert_false (trio_stream_send_all (pair.client, "x", 1, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  /* Nor is there an end that would pass the half for the whole. */
  g_assert_false (trio_stream_send_eof (pair.client, &failure));
  parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
  /* What did go out can be read. */
  return parity_receive_exactly (pair.server, &byte, 1, error);
}

/* One that had not begun leaves it as it was. */
static gboolean
test_a_send_that_is_cancelled_before_it_began_changes_nothing (gpointer data G_GNUC_UNUSED, GError **error)
{
  g_auto (Pair) pair = { 0 };
  g_autoptr (TrioCancelScope) scope = NULL;
  char byte;

  if (!pair_open (&pair, error))
    return FALSE;
  scope = trio_cancel_scope_open (error);
  trio_cancel_scope_cancel (scope);
  g_assert_false (trio_stream_send_all (pair.client, "lost", 4, error));
  if (!trio_cancel_scope_close (scope, FALSE) || !trio_stream_send_all (pair.client, "b", 1, error)
      || !parity_receive_exactly (pair.server, &byte, 1, error))
    return FALSE;
  g_assert_cmpint (byte, ==, 'b');
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/stream/bytes-of-any-number-arrive-whole-and-in-order", test_bytes_of_any_number_arrive_whole_and_in_order);
  PARITY_TEST ("/stream/an-empty-send-is-nothing-and-room-for-nothing-a-mistake",
               test_an_empty_send_is_nothing_and_room_for_nothing_a_mistake);
  PARITY_TEST ("/stream/one-side-may-end-while-the-other-goes-on", test_one_side_may_end_while_the_other_goes_on);
  PARITY_TEST ("/stream/a-reset-is-broken-and-stays-broken", test_a_reset_is_broken_and_stays_broken);
  PARITY_TEST ("/stream/the-second-receiver-is-refused-and-the-first-undisturbed",
               test_the_second_receiver_is_refused_and_the_first_undisturbed);
  PARITY_TEST ("/stream/closing-wakes-who-waits", test_closing_wakes_who_waits);
  PARITY_TEST ("/stream/a-cancelled-task-closes-too", test_a_cancelled_task_closes_too);
  PARITY_TEST ("/stream/a-cancelled-receive-loses-no-bytes", test_a_cancelled_receive_loses_no_bytes);
  PARITY_TEST ("/stream/a-deadline-ends-the-wait-for-a-silent-peer", test_a_deadline_ends_the_wait_for_a_silent_peer);
  PARITY_TEST ("/stream/a-send-that-is-cancelled-half-way-breaks-the-stream",
               test_a_send_that_is_cancelled_half_way_breaks_the_stream);
  PARITY_TEST ("/stream/a-send-that-is-cancelled-before-it-began-changes-nothing",
               test_a_send_that_is_cancelled_before_it_began_changes_nothing);
  return g_test_run ();
}
