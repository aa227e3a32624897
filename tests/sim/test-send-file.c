/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Sending files from disks that cannot be read and over connections that break. */

#include <string.h>

#include "tests/sim/disk-test.h"

#define SIZE 3000

static guint8
byte_at (gsize i)
{
  return (guint8) (i ^ (i >> 8));
}

static TrioFile *
make_file (GError **error)
{
  guint8 bytes[SIZE];

  for (gsize i = 0; i < SIZE; i++)
    bytes[i] = byte_at (i);
  trio_sim_disk_declare_copy (trio_sim_disk_get_current (), "/", "all", 0);
  return trio_file_replace (FILE_NAME, bytes, SIZE, error) ? trio_file_open (FILE_NAME, TRIO_FILE_READ, error) : NULL;
}

typedef struct
{
  TrioStream *stream;
  gint64      n_received;
  gboolean    ended;
} Reader;

static gboolean
read_all (gpointer data, GError **error)
{
  Reader *self = data;
  /* A peer may vanish without a word. */
  g_autoptr (TrioCancelScope) patience = trio_move_on_after (1000 * G_TIME_SPAN_SECOND, error);
  g_autoptr (GError) failure = NULL;
  guint8 buffer[512];
  gssize n;

  while ((n = trio_stream_receive_some (self->stream, buffer, sizeof buffer, &failure)) > 0)
    for (gssize i = 0; i < n; i++, self->n_received++)
      trio_always (buffer[i] == byte_at ((gsize) self->n_received), "what arrives is the file");
  self->ended = n == 0;
  if (n < 0 && !trio_error_contains (failure, TRIO_ERROR, TRIO_ERROR_CANCELLED))
    return trio_cancel_scope_close (patience, TRUE);
  if (n < 0)
    g_propagate_error (error, g_steal_pointer (&failure));
  return trio_cancel_scope_close (patience, n == 0);
}

/* Again and again, until it is through. One begins anew each time, one goes on behind what went. */
static gboolean
send_until_done (TrioStream *stream, TrioFile *file, gboolean naive, GError **error)
{
  for (gint64 done = 0; done < SIZE;)
    {
      g_autoptr (GError) failure = NULL;
      gint64 sent;

      if (!trio_stream_send_file (stream, file, done, SIZE - done, &sent, &failure) && failure->domain == TRIO_ERROR)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
      done = naive && failure != NULL ? 0 : done + sent;
    }
  return trio_stream_send_eof (stream, error);
}

static gboolean
serve_file (gboolean naive, GError **error)
{
  g_autoptr (TrioFile) file = make_file (error);
  g_autoptr (TrioStream) send = NULL, receive = NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  Reader reader = { 0 };

  if (file == NULL || !trio_unix_stream_pair (&send, &receive, error))
    return FALSE;
  reader.stream = receive;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, read_all, &reader);
  if (!send_until_done (send, file, naive, error) || !trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_always (reader.ended && reader.n_received == SIZE, "all of it arrives");
  return trio_file_close (file, error);
}

static gboolean
begin_anew (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return serve_file (TRUE, error);
}

static gboolean
go_on (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return serve_file (FALSE, error);
}

/* The kernel gives up, and so does the copy: the disk is at fault, and the connection is not. */
static void
test_what_went_before_the_disk_failed_is_not_sent_twice (void)
{
  static const char lines[] = "main disk.read 1 = 1/3\nmain fault.disk.read 2 = 1/2\nmain fault.disk.read 3 = 1/2";

  disk_expect_with (begin_anew, lines, TRIO_SIM_ALWAYS, "what arrives is the file");
  disk_expect_with (go_on, lines, TRIO_SIM_OK, NULL);
}

/* Until all goes well, or nothing can be made or opened. */
static gboolean
go_on_with_luck (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  (void) go_on (NULL, &failure);
  return TRUE;
}

static void
test_a_sender_that_goes_on_survives_every_fault (void)
{
  disk_expect_to_hold (go_on_with_luck, NULL, TRIO_SIM_INJECT_FAULT);
}

/* What the sender is told went is at least what arrived, whatever happens to the connection. */
static gboolean
send_over_tcp (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (TrioFile) file = make_file (&failure);
  g_autoptr (TrioListener) listener = file != NULL ? trio_open_tcp_listener ("127.0.0.1", 80, &failure) : NULL;
  g_autoptr (TrioStream) send = listener != NULL ? trio_open_tcp_stream ("127.0.0.1", 80, &failure) : NULL;
  g_autoptr (TrioStream) receive = send != NULL ? trio_listener_accept (listener, &failure) : NULL;
  g_autoptr (TrioNursery) nursery = NULL;
  Reader reader = { receive, 0, FALSE };
  gint64 sent;
  gboolean ok;

  if (receive == NULL)
    return TRUE;
  nursery = trio_nursery_open (error);
  trio_nursery_start_soon (nursery, read_all, &reader);
  ok = trio_stream_send_file (send, file, 0, -1, &sent, &failure);
  trio_always (ok == (failure == NULL), "a failure has an error");
  trio_stream_free (g_steal_pointer (&send));
  if (!trio_nursery_close (nursery, TRUE))
    return FALSE;
  trio_always (reader.n_received <= sent, "nothing arrives that did not go");
  trio_always (!ok || sent == SIZE, "success is all of the file");
  trio_always (!reader.ended || reader.n_received == sent, "a good end is that of all that went");
  return TRUE;
}

static void
test_what_arrives_over_tcp_went (void)
{
  disk_expect_to_hold (send_over_tcp, NULL, TRIO_SIM_INJECT_FAULT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/send-file/what-went-before-the-disk-failed-is-not-sent-twice", test_what_went_before_the_disk_failed_is_not_sent_twice);
  g_test_add_func ("/send-file/a-sender-that-goes-on-survives-every-fault", test_a_sender_that_goes_on_survives_every_fault);
  g_test_add_func ("/send-file/what-arrives-over-tcp-went", test_what_arrives_over_tcp_went);
  return g_test_run ();
}
