/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Pipes, in both worlds; and that the simulator has no descriptors but says so. */

#include <gio/gio.h>
#include <string.h>

#include <trio/testing.h>

#include "tests/parity/parity.h"

/* More than any pipe of either world holds. */
#define CLOG_BYTES 200000

static gboolean
make_pipe (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error)
{
  return trio_open_pipe (first, second, error);
}

static gboolean
make_stapled_pipes (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error)
{
  g_autoptr (TrioStream) there_send = NULL, there_receive = NULL;
  TrioStream *back_send, *back_receive;

  if (!trio_open_pipe (&there_send, &there_receive, error) || !trio_open_pipe (&back_send, &back_receive, error))
    return FALSE;
  *first = trio_stapled_stream_new (g_steal_pointer (&there_send), back_receive);
  *second = trio_stapled_stream_new (back_send, g_steal_pointer (&there_receive));
  return TRUE;
}

/* statements 17, 157, 158, 163, 164, 165 */
static gboolean
test_pipes_keep_the_promises_of_streams (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_check_one_way_stream (make_pipe, NULL, CLOG_BYTES, error);
}

/* A half that cannot end one direction is closed instead. */
static gboolean
test_stapled_pipes_keep_the_promises_of_streams (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_check_half_closeable_stream (make_stapled_pipes, NULL, CLOG_BYTES, error);
}

static gboolean
test_the_ends_of_a_pipe_go_one_way (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  g_autoptr (GError) refusal = NULL;
  char byte;

  if (!trio_open_pipe (&send, &receive, error))
    return FALSE;
  g_assert_true (trio_stream_can_send (send) && !trio_stream_can_receive (send) && !trio_stream_can_send_eof (send));
  g_assert_true (!trio_stream_can_send (receive) && trio_stream_can_receive (receive) && !trio_stream_can_send_eof (receive));
  g_assert_cmpint (trio_stream_receive_some (send, &byte, 1, &refusal), ==, -1);
  parity_expect_error (refusal, TRIO_ERROR, TRIO_ERROR_MISUSE);
  return TRUE;
}

/* What was sent before the end is read after it. */
static gboolean
test_bytes_outlive_the_end_that_sent_them (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  char received[5], byte;

  if (!trio_open_pipe (&send, &receive, error) || !trio_stream_send_all (send, "heirs", 5, error) || !trio_stream_close (send, error)
      || !parity_receive_exactly (receive, received, 5, error))
    return FALSE;
  g_assert_cmpmem (received, 5, "heirs", 5);
  g_assert_cmpint (trio_stream_receive_some (receive, &byte, 1, error), ==, 0);
  return TRUE;
}

/* No SIGPIPE, which would end the program. */
static gboolean
test_sending_to_nobody_is_broken_and_kills_nobody (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  g_autoptr (GError) failure = NULL;

  if (!trio_open_pipe (&send, &receive, error) || !trio_stream_close (receive, error))
    return FALSE;
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (trio_stream_send_all (send, "?", 1, &failure));
      parity_expect_error (failure, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE);
    }
  return TRUE;
}

static gboolean
read_a_line (gpointer data, GError **error)
{
  g_autoptr (TrioBufferedReader) reader = trio_buffered_reader_new (data);
  g_autofree char *line = NULL;

  if (!trio_buffered_reader_read_line (reader, 100, &line, NULL, error))
    return FALSE;
  g_assert_cmpstr (line, ==, "from one task to another");
  return TRUE;
}

static gboolean
test_a_pipe_leads_from_one_task_to_another (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  g_autoptr (TrioNursery) nursery = NULL;

  if (!trio_open_pipe (&send, &receive, error))
    return FALSE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, read_a_line, receive);
  if (!trio_stream_send_all (send, "from one task ", 14, error) || !trio_checkpoint (error)
      || !trio_stream_send_all (send, "to another\n", 11, error))
    return FALSE;
  return trio_nursery_close (nursery, TRUE);
}

/* statement 160 */
static gboolean
test_a_number_without_a_descriptor_is_an_error (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) refusal = NULL;
  gboolean has_descriptors;

  g_assert_null (trio_fd_stream_new (987654, &refusal));
  has_descriptors = g_error_matches (refusal, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  if (!has_descriptors)
    g_assert_error (refusal, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (refusal->message, "987654"));
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  PARITY_TEST ("/pipe/pipes-keep-the-promises-of-streams", test_pipes_keep_the_promises_of_streams);
  PARITY_TEST ("/pipe/stapled-pipes-keep-the-promises-of-streams", test_stapled_pipes_keep_the_promises_of_streams);
  PARITY_TEST ("/pipe/the-ends-of-a-pipe-go-one-way", test_the_ends_of_a_pipe_go_one_way);
  PARITY_TEST ("/pipe/bytes-outlive-the-end-that-sent-them", test_bytes_outlive_the_end_that_sent_them);
  PARITY_TEST ("/pipe/sending-to-nobody-is-broken-and-kills-nobody", test_sending_to_nobody_is_broken_and_kills_nobody);
  PARITY_TEST ("/pipe/a-pipe-leads-from-one-task-to-another", test_a_pipe_leads_from_one_task_to_another);
  PARITY_TEST ("/pipe/a-number-without-a-descriptor-is-an-error", test_a_number_without_a_descriptor_is_an_error);
  return g_test_run ();
}
