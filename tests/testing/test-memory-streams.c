/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Memory streams, their pump and hooks, and what is special to lock-step streams. That both are proper streams is shown by
 * test-conformance.c. */

#include <string.h>

#include "tests/testing/worlds.h"

#define EXPECT_BYTES(bytes, text)                                                                          \
  G_STMT_START                                                                                             \
    {                                                                                                      \
      GBytes *bytes_ = (bytes);                                                                            \
                                                                                                           \
      if (bytes_ == NULL)                                                                                  \
        return FALSE;                                                                                      \
      g_assert_cmpmem (g_bytes_get_data (bytes_, NULL), g_bytes_get_size (bytes_), (text), strlen (text)); \
      g_bytes_unref (bytes_);                                                                              \
    }                                                                                                      \
  G_STMT_END

static gboolean
receive_text (TrioStream *stream, const char *text, GError **error)
{
  char buffer[64];
  gssize n = trio_stream_receive_some (stream, buffer, sizeof buffer, error);

  if (n < 0)
    return FALSE;
  g_assert_cmpmem (buffer, (gsize) n, text, strlen (text));
  return TRUE;
}

static gboolean
test_what_is_sent_can_be_looked_at (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) stream = trio_memory_stream_new ();
  GError *refusal = NULL;

  g_assert_null (trio_memory_stream_get_data_nowait (stream, 0, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_WOULD_BLOCK);
  if (!trio_stream_send_all (stream, "abc", 3, error) || !trio_stream_send_all (stream, "defg", 4, error))
    return FALSE;
  EXPECT_BYTES (trio_memory_stream_get_data_nowait (stream, 2, error), "ab");
  EXPECT_BYTES (trio_memory_stream_get_data (stream, 2, error), "cd");
  EXPECT_BYTES (trio_memory_stream_get_data (stream, 0, error), "efg");
  if (!trio_stream_send_eof (stream, error))
    return FALSE;
  EXPECT_BYTES (trio_memory_stream_get_data (stream, 0, error), "");
  EXPECT_BYTES (trio_memory_stream_get_data_nowait (stream, 0, error), "");
  return TRUE;
}

static gboolean
test_what_is_put_is_received (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) stream = trio_memory_stream_new ();
  GError *refusal = NULL;

  if (!trio_memory_stream_put_data (stream, "hello", 5, error) || !trio_memory_stream_put_data (stream, "!", 1, error)
      || !receive_text (stream, "hello!", error))
    return FALSE;
  trio_memory_stream_put_eof (stream);
  trio_memory_stream_put_eof (stream);
  g_assert_false (trio_memory_stream_put_data (stream, "x", 1, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_BROKEN_RESOURCE);
  return receive_text (stream, "", error);
}

static gboolean
get_late (gpointer data, GError **error)
{
  EXPECT_BYTES (trio_memory_stream_get_data (data, 0, error), "late");
  return TRUE;
}

static gboolean
test_the_test_may_wait_for_what_is_sent (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) stream = trio_memory_send_stream_new ();
  GError *refusal = NULL;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, get_late, stream);
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  g_assert_null (trio_memory_stream_get_data (stream, 0, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_BUSY_RESOURCE);
  return trio_stream_send_all (stream, "late", 4, error) && trio_nursery_close (nursery, TRUE);
}

static gboolean
test_one_way_is_one_way (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) send = trio_memory_send_stream_new ();
  g_autoptr (TrioStream) receive = trio_memory_receive_stream_new ();
  GError *refusal = NULL;
  char byte;

  g_assert_cmpint (trio_stream_receive_some (send, &byte, 1, &refusal), ==, -1);
  mock_assert_error (refusal, TRIO_ERROR_MISUSE);
  g_assert_false (trio_stream_send_all (receive, "x", 1, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_MISUSE);
  g_assert_false (trio_stream_send_eof (receive, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_MISUSE);
  return trio_stream_close (send, error) && trio_stream_close (receive, error);
}

static gboolean
test_the_pump_moves_bytes_and_then_the_end (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) from = trio_memory_stream_new ();
  g_autoptr (TrioStream) to = trio_memory_stream_new ();
  gboolean moved = TRUE;

  if (!trio_memory_stream_pump (from, to, 0, &moved, error))
    return FALSE;
  g_assert_false (moved);
  if (!trio_stream_send_all (from, "abcde", 5, error) || !trio_stream_close (from, error)
      || !trio_memory_stream_pump (from, to, 3, &moved, error) || !receive_text (to, "abc", error))
    return FALSE;
  g_assert_true (moved);
  if (!trio_memory_stream_pump (from, to, 0, &moved, error) || !receive_text (to, "de", error) || !receive_text (to, "", error))
    return FALSE;
  g_assert_true (moved);
  if (!trio_memory_stream_pump (from, to, 0, &moved, error))
    return FALSE;
  g_assert_false (moved);
  return TRUE;
}

static gboolean
test_the_pump_cannot_move_to_what_is_closed (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) from = trio_memory_stream_new ();
  g_autoptr (TrioStream) to = trio_memory_stream_new ();
  GError *refusal = NULL;

  if (!trio_stream_close (to, error) || !trio_stream_send_all (from, "a", 1, error))
    return FALSE;
  g_assert_false (trio_memory_stream_pump (from, to, 0, NULL, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_BROKEN_RESOURCE);
  return TRUE;
}

static gboolean
test_one_of_a_pair_may_be_freed_first (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static void (*const makers[]) (TrioStream **first, TrioStream **second) = {
    trio_memory_stream_pair, trio_memory_stream_one_way_pair, trio_lockstep_stream_pair, trio_lockstep_stream_one_way_pair,
  };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (makers); i++)
    {
      TrioStream *send;
      TrioStream *receive;
      GError *refusal = NULL;

      makers[i / 2] (&send, &receive);
      if (i % 2 == 0)
        {
          trio_stream_free (receive);
          g_assert_false (trio_stream_send_all (send, "a", 1, &refusal));
          mock_assert_error (refusal, TRIO_ERROR_BROKEN_RESOURCE);
          trio_stream_free (send);
        }
      else
        {
          trio_stream_free (send);
          if (!receive_text (receive, "", error))
            return FALSE;
          trio_stream_free (receive);
        }
    }
  return TRUE;
}

/* --- hooks --- */

typedef struct
{
  GString *log;
  guint    fail;              /* the how-manieth send fails; 0: none */
} Hooked;

static gboolean
hook_send (TrioStream *stream G_GNUC_UNUSED, gpointer data, GError **error)
{
  Hooked *hooked = data;

  g_string_append_c (hooked->log, 's');
  if (hooked->fail > 0 && --hooked->fail == 0)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "the hook says no");
      return FALSE;
    }
  return trio_checkpoint (error);
}

static gboolean
hook_receive (TrioStream *stream, gpointer data, GError **error)
{
  Hooked *hooked = data;

  g_string_append_c (hooked->log, 'r');
  /* The test has just this to say, just now. */
  return trio_memory_stream_put_data (stream, "hook", 4, error);
}

static void
hook_eof (TrioStream *stream G_GNUC_UNUSED, gpointer data)
{
  g_string_append_c (((Hooked *) data)->log, 'e');
}

static void
hook_close (TrioStream *stream G_GNUC_UNUSED, gpointer data)
{
  g_string_append_c (((Hooked *) data)->log, 'c');
}

static const TrioStreamHooks all_hooks = { hook_send, hook_receive, hook_eof, hook_close };

static gboolean
test_hooks_are_called_and_may_fail (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Hooked hooked = { log, 2 };
  g_autoptr (TrioStream) stream = trio_memory_stream_new ();
  GError *refusal = NULL;

  trio_testing_stream_set_hooks (stream, &all_hooks, &hooked);
  if (!trio_stream_send_all (stream, "a", 1, error) || !receive_text (stream, "hook", error))
    return FALSE;
  g_assert_false (trio_stream_send_all (stream, "b", 1, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_BROKEN_RESOURCE);
  if (!trio_stream_send_eof (stream, error) || !trio_stream_send_eof (stream, error) || !trio_stream_close (stream, error)
      || !trio_stream_close (stream, error))
    return FALSE;
  g_assert_cmpstr (log->str, ==, "srsec");
  return TRUE;
}

/* A slow line: a byte at a time, a millisecond each. */
static gboolean
pump_slowly (TrioStream *stream, gpointer data, GError **error)
{
  gboolean moved = TRUE;

  while (moved)
    if (!trio_memory_stream_pump (stream, data, 1, &moved, error) || (moved && !trio_sleep (G_TIME_SPAN_MILLISECOND, error)))
      return FALSE;
  return TRUE;
}

/* In as many pieces as it comes in: who receives may be slower still than the line. */
static gboolean
receive_slow (gpointer data, GError **error)
{
  char text[] = "....";
  gsize n_received = 0;

  while (n_received < 4)
    {
      gssize n = trio_stream_receive_some (data, text + n_received, 4 - n_received, error);

      if (n < 0)
        return FALSE;
      g_assert_cmpint (n, >, 0);
      n_received += (gsize) n;
    }
  g_assert_cmpstr (text, ==, "slow");
  return TRUE;
}

static gboolean
test_a_hook_may_be_the_pump (gpointer unused G_GNUC_UNUSED, GError **error)
{
  static const TrioStreamHooks hooks = { .send_all = pump_slowly };
  g_autoptr (TrioStream) first = NULL;
  g_autoptr (TrioStream) second = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  gint64 began = trio_current_time ();

  trio_memory_stream_pair (&first, &second);
  trio_testing_stream_set_hooks (first, &hooks, second);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, receive_slow, second);
  if (!trio_stream_send_all (first, "slow", 4, error))
    return FALSE;
  g_assert_cmpint (trio_current_time () - began, >=, 4 * G_TIME_SPAN_MILLISECOND);
  return trio_nursery_close (nursery, TRUE);
}

/* --- lock-step --- */

typedef struct
{
  TrioStream *stream;
  const char *text;
  gboolean    sent;
} Sender;

static gboolean
send_text (gpointer data, GError **error)
{
  Sender *sender = data;

  sender->sent = trio_stream_send_all (sender->stream, sender->text, strlen (sender->text), error);
  return sender->sent;
}

static gboolean
test_lockstep_sending_ends_with_the_last_byte_received (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) send = NULL;
  g_autoptr (TrioStream) receive = NULL;
  Sender sender = { .text = "abc" };
  g_autoptr (TrioNursery) nursery = NULL;
  char bytes[2];

  trio_lockstep_stream_one_way_pair (&send, &receive);
  sender.stream = send;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_text, &sender);
  if (trio_stream_receive_some (receive, bytes, 2, error) != 2 || !trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  g_assert_false (sender.sent);
  if (trio_stream_receive_some (receive, bytes, 2, error) != 1 || !trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  g_assert_true (sender.sent);
  return trio_nursery_close (nursery, TRUE);
}

/* semantics: 20 */
static gboolean
test_lockstep_a_cancelled_send_of_which_nothing_was_taken_had_no_effect (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) send = NULL;
  g_autoptr (TrioStream) receive = NULL;
  Sender sender = { .text = "second" };
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (G_TIME_SPAN_MILLISECOND, error);
  g_autoptr (TrioNursery) nursery = NULL;

  trio_lockstep_stream_one_way_pair (&send, &receive);
  sender.stream = send;
  g_assert_false (trio_stream_send_all (send, "first", 5, error));
  if (!trio_cancel_scope_close (patience, FALSE))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, send_text, &sender);
  return receive_text (receive, "second", error) && trio_nursery_close (nursery, TRUE);
}

static gboolean
take_one (gpointer data, GError **error)
{
  char byte;

  return trio_stream_receive_some (data, &byte, 1, error) == 1;
}

static gboolean
test_lockstep_a_send_that_is_cancelled_half_way_breaks_the_stream (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) send = NULL;
  g_autoptr (TrioStream) receive = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  g_autoptr (TrioCancelScope) patience = NULL;
  GError *refusal = NULL;

  trio_lockstep_stream_one_way_pair (&send, &receive);
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, take_one, receive);
  /* The other one gets as far as it can. */
  if (!trio_testing_wait_all_tasks_blocked (0, error))
    return FALSE;
  patience = trio_move_on_after (20 * G_TIME_SPAN_MILLISECOND, error);
  g_assert_false (trio_stream_send_all (send, "first", 5, error));
  if (!trio_cancel_scope_close (patience, FALSE))
    return FALSE;
  g_assert_false (trio_stream_send_all (send, "second", 6, &refusal));
  mock_assert_error (refusal, TRIO_ERROR_BROKEN_RESOURCE);
  return trio_nursery_close (nursery, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  worlds_add ("/memory/what-is-sent-can-be-looked-at", test_what_is_sent_can_be_looked_at);
  worlds_add ("/memory/what-is-put-is-received", test_what_is_put_is_received);
  worlds_add ("/memory/the-test-may-wait-for-what-is-sent", test_the_test_may_wait_for_what_is_sent);
  worlds_add ("/memory/one-way-is-one-way", test_one_way_is_one_way);
  worlds_add ("/memory/the-pump-moves-bytes-and-then-the-end", test_the_pump_moves_bytes_and_then_the_end);
  worlds_add ("/memory/the-pump-cannot-move-to-what-is-closed", test_the_pump_cannot_move_to_what_is_closed);
  worlds_add ("/memory/one-of-a-pair-may-be-freed-first", test_one_of_a_pair_may_be_freed_first);
  worlds_add ("/hooks/are-called-and-may-fail", test_hooks_are_called_and_may_fail);
  worlds_add ("/hooks/may-be-the-pump", test_a_hook_may_be_the_pump);
  worlds_add ("/lockstep/sending-ends-with-the-last-byte-received", test_lockstep_sending_ends_with_the_last_byte_received);
  worlds_add ("/lockstep/a-cancelled-send-of-which-nothing-was-taken-had-no-effect",
              test_lockstep_a_cancelled_send_of_which_nothing_was_taken_had_no_effect);
  worlds_add ("/lockstep/a-send-that-is-cancelled-half-way-breaks-the-stream",
              test_lockstep_a_send_that_is_cancelled_half_way_breaks_the_stream);
  return g_test_run ();
}
