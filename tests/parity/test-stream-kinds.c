/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Streams that go one way only, and streams made of two of them. */

#include <string.h>

#include <trio/testing.h>

#include "tests/parity/parity.h"

static gboolean
test_a_stream_is_asked_only_for_what_it_can (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (TrioStream) send = trio_memory_send_stream_new ();
  g_autoptr (TrioStream) receive = trio_memory_receive_stream_new ();
  g_autoptr (TrioStream) both = trio_memory_stream_new ();
  g_autoptr (GError) refusal = NULL;
  char byte;

  g_assert_true (trio_stream_can_send (send) && trio_stream_can_send_eof (send) && !trio_stream_can_receive (send));
  g_assert_true (!trio_stream_can_send (receive) && !trio_stream_can_send_eof (receive) && trio_stream_can_receive (receive));
  g_assert_true (trio_stream_can_send (both) && trio_stream_can_send_eof (both) && trio_stream_can_receive (both));

  g_assert_cmpint (trio_stream_receive_some (send, &byte, 1, &refusal), ==, -1);
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_false (trio_stream_send_all (receive, "x", 1, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  g_assert_false (trio_stream_send_eof (receive, &refusal));
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  return TRUE;
}

typedef struct
{
  guint n_closed;
} Halves;

static void
count_closed (TrioStream *stream G_GNUC_UNUSED, gpointer data)
{
  ((Halves *) data)->n_closed++;
}

static TrioStream *
staple_counted (Halves *halves)
{
  const TrioStreamHooks hooks = { .close = count_closed };
  TrioStream *send = trio_memory_send_stream_new ();
  TrioStream *receive = trio_memory_receive_stream_new ();

  trio_testing_stream_set_hooks (send, &hooks, halves);
  trio_testing_stream_set_hooks (receive, &hooks, halves);
  return trio_stapled_stream_new (send, receive);
}

static gboolean
test_a_stapled_stream_closes_both_halves_once (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Halves halves = { 0 };
  g_autoptr (TrioStream) stream = staple_counted (&halves);

  if (!trio_stream_close (stream, error))
    return FALSE;
  g_assert_cmpuint (halves.n_closed, ==, 2);
  if (!trio_stream_close (stream, error))
    return FALSE;
  g_assert_cmpuint (halves.n_closed, ==, 2);
  return TRUE;
}

/* statement 165 */
static gboolean
test_a_cancelled_task_closes_both_halves (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Halves halves = { 0 };
  g_autoptr (TrioStream) stream = staple_counted (&halves);
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_cancel (scope);
  ok = trio_stream_close (stream, error);
  g_assert_false (ok);
  g_assert_cmpuint (halves.n_closed, ==, 2);
  return trio_cancel_scope_close (scope, ok);
}

static gboolean
test_freeing_a_stapled_stream_closes_its_halves (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  Halves halves = { 0 };

  trio_stream_free (staple_counted (&halves));
  g_assert_cmpuint (halves.n_closed, ==, 2);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/stream-kinds/a-stream-is-asked-only-for-what-it-can", test_a_stream_is_asked_only_for_what_it_can);
  PARITY_TEST ("/stream-kinds/a-stapled-stream-closes-both-halves-once", test_a_stapled_stream_closes_both_halves_once);
  PARITY_TEST ("/stream-kinds/a-cancelled-task-closes-both-halves", test_a_cancelled_task_closes_both_halves);
  PARITY_TEST ("/stream-kinds/freeing-a-stapled-stream-closes-its-halves", test_freeing_a_stapled_stream_closes_its_halves);
  return g_test_run ();
}
