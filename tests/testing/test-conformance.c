/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The stream checks over the streams of the library, in all worlds; and over streams that are broken on purpose, which must be found. */

#include <string.h>

#include <trio/seam/files.h>

#include "tests/testing/worlds.h"

static gboolean
make_memory_one_way (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error G_GNUC_UNUSED)
{
  trio_memory_stream_one_way_pair (first, second);
  return TRUE;
}

static gboolean
make_memory (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error G_GNUC_UNUSED)
{
  trio_memory_stream_pair (first, second);
  return TRUE;
}

static gboolean
make_lockstep_one_way (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error G_GNUC_UNUSED)
{
  trio_lockstep_stream_one_way_pair (first, second);
  return TRUE;
}

static gboolean
make_lockstep (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error G_GNUC_UNUSED)
{
  trio_lockstep_stream_pair (first, second);
  return TRUE;
}

/* Two one-way pairs, in opposite directions. */
static void
staple (void (*make_pair) (TrioStream **, TrioStream **), TrioStream **first, TrioStream **second)
{
  TrioStream *there[2], *back[2];

  make_pair (&there[0], &there[1]);
  make_pair (&back[0], &back[1]);
  *first = trio_stapled_stream_new (there[0], back[1]);
  *second = trio_stapled_stream_new (back[0], there[1]);
}

static gboolean
make_stapled_memory (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error G_GNUC_UNUSED)
{
  staple (trio_memory_stream_one_way_pair, first, second);
  return TRUE;
}

static gboolean
make_stapled_lockstep (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error G_GNUC_UNUSED)
{
  staple (trio_lockstep_stream_one_way_pair, first, second);
  return TRUE;
}

static gboolean
make_tcp (gpointer data, TrioStream **first, TrioStream **second, GError **error)
{
  return parity_connect (data, first, second, error);
}

/* semantics: 17, 163, 165 */
static gboolean
test_memory_streams_keep_their_promises (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_check_one_way_stream (make_memory_one_way, NULL, 0, error)
         && trio_check_half_closeable_stream (make_memory, NULL, 0, error);
}

/* semantics: 17, 163, 165 */
static gboolean
test_lockstep_streams_keep_their_promises (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_check_one_way_stream (make_lockstep_one_way, NULL, 1000, error)
         && trio_check_half_closeable_stream (make_lockstep, NULL, 1000, error);
}

/* semantics: 17, 163, 165 */
static gboolean
test_stapled_streams_keep_their_promises (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_check_half_closeable_stream (make_stapled_memory, NULL, 0, error)
         && trio_check_half_closeable_stream (make_stapled_lockstep, NULL, 1000, error);
}

/* A real connection may have megabytes under way; a simulated one far less, and it often sends them in small pieces. */
static gsize
clog_bytes (gsize simulated_bytes, gsize real_bytes)
{
  gboolean simulated = g_str_equal (trio_loop_get_world (trio_loop_get_current ())->name, "simulator");

  return simulated ? simulated_bytes : real_bytes;
}

/* semantics: 17, 158, 163, 164, 165 */
static gboolean
test_tcp_streams_keep_their_promises (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioListener) listener = parity_listen (error);

  return listener != NULL && trio_check_half_closeable_stream (make_tcp, listener, clog_bytes (70000, 32 << 20), error);
}

static gboolean
make_unix (gpointer data G_GNUC_UNUSED, TrioStream **first, TrioStream **second, GError **error)
{
  return trio_unix_stream_pair (first, second, error);
}

/* semantics: 17, 158, 163, 164, 165 */
static gboolean
test_unix_streams_keep_their_promises (gpointer unused G_GNUC_UNUSED, GError **error)
{
  return trio_check_half_closeable_stream (make_unix, NULL, clog_bytes (220000, 4 << 20), error);
}

/* --- broken on purpose --- */

typedef enum
{
  NOT_BROKEN,
  NO_CHECKPOINT,              /* sending does not let others run */
  FORGETS_THE_END,            /* the second look at the end fails */
  LOSES_ON_CANCEL,            /* takes the bytes, then looks for a cancellation */
  SWAPS_BYTES,
  LETS_TWO_RECEIVE,
  CLOSE_CAN_BE_CANCELLED,
  CLOSE_TWICE_FAILS,
  CLOSED_SAYS_BROKEN,
  EOF_CLOSES_BOTH,
  GATHERS_BACKWARDS,
  GATHERS_WHEN_CLOSED,
  SENDS_FILES_FROM_THEIR_BEGINNING,
  SAYS_LESS_OF_A_FILE,
  N_FAULTS,
} Fault;

/* A stream around another. */
typedef struct
{
  TrioStream  stream;
  TrioStream *inner;
  Fault       fault;
  gboolean    closed;
  gboolean    ended;
} BrokenStream;

static gssize
broken_receive (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  BrokenStream *self = (BrokenStream *) stream;
  GError *failure = NULL;
  gssize n;

  if (self->fault == FORGETS_THE_END && self->ended)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "that was the end");
      return -1;
    }
  n = trio_stream_receive_some (self->inner, buffer, size, &failure);
  self->ended = n == 0;
  if (self->fault == LETS_TWO_RECEIVE && g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE))
    {
      g_clear_error (&failure);
      return 0;
    }
  if (self->fault == LOSES_ON_CANCEL && n > 0 && !trio_checkpoint (error))
    return -1;
  if (self->fault == SWAPS_BYTES && n > 1)
    {
      char *bytes = buffer;
      char first = bytes[0];

      bytes[0] = bytes[n - 1];
      bytes[n - 1] = first;
    }
  if (self->fault == CLOSED_SAYS_BROKEN && g_error_matches (failure, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE))
    failure->code = TRIO_ERROR_BROKEN_RESOURCE;
  if (failure != NULL)
    g_propagate_error (error, failure);
  return n;
}

static gboolean
broken_send (TrioStream *stream, gconstpointer data, gsize size, GError **error)
{
  BrokenStream *self = (BrokenStream *) stream;

  if (self->fault == NO_CHECKPOINT && size == 0)
    return TRUE;
  return trio_stream_send_all (self->inner, data, size, error);
}

static gboolean
broken_close (TrioStream *stream, GError **error)
{
  BrokenStream *self = (BrokenStream *) stream;

  if (self->fault == CLOSE_CAN_BE_CANCELLED && !trio_checkpoint (error))
    return FALSE;
  if (self->fault == CLOSE_TWICE_FAILS && self->closed)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "it is closed already");
      return FALSE;
    }
  self->closed = TRUE;
  return trio_stream_close (self->inner, error);
}

static gboolean
broken_send_eof (TrioStream *stream, GError **error)
{
  BrokenStream *self = (BrokenStream *) stream;

  return self->fault == EOF_CLOSES_BOTH ? trio_stream_close (self->inner, error) : trio_stream_send_eof (self->inner, error);
}

static gboolean
broken_send_vectors (TrioStream *stream, const TrioOutputVector *vectors, guint n_vectors, GError **error)
{
  BrokenStream *self = (BrokenStream *) stream;
  g_autofree TrioOutputVector *backwards = g_new (TrioOutputVector, n_vectors);

  if (self->fault == GATHERS_WHEN_CLOSED && self->closed)
    return TRUE;
  for (guint i = 0; i < n_vectors; i++)
    backwards[i] = vectors[n_vectors - 1 - i];
  return trio_stream_send_all_vectors (self->inner, self->fault == GATHERS_BACKWARDS ? backwards : vectors, n_vectors, error);
}

static gboolean
broken_send_file (TrioStream *stream, TrioFile *file, gint64 offset, gint64 size, gint64 *sent, GError **error)
{
  BrokenStream *self = (BrokenStream *) stream;
  gboolean ok = trio_stream_send_file (self->inner, file, self->fault == SENDS_FILES_FROM_THEIR_BEGINNING ? 0 : offset, size, sent, error);

  if (self->fault == SAYS_LESS_OF_A_FILE && *sent > 0)
    --*sent;
  return ok;
}

static void
broken_free (TrioStream *stream)
{
  trio_stream_free (((BrokenStream *) stream)->inner);
  g_free (stream);
}

static const TrioStreamClass broken_class = {
  .name = "broken stream",
  .receive_some = broken_receive,
  .send_all = broken_send,
  .send_eof = broken_send_eof,
  .send_all_vectors = broken_send_vectors,
  .send_file = broken_send_file,
  .close = broken_close,
  .free = broken_free,
};

static gboolean
make_broken (gpointer data, TrioStream **first, TrioStream **second, GError **error G_GNUC_UNUSED)
{
  BrokenStream *ends[2] = { g_new0 (BrokenStream, 1), g_new0 (BrokenStream, 1) };

  trio_memory_stream_pair (&ends[0]->inner, &ends[1]->inner);
  for (guint i = 0; i < 2; i++)
    {
      ends[i]->stream.klass = &broken_class;
      ends[i]->fault = *(const Fault *) data;
    }
  *first = &ends[0]->stream;
  *second = &ends[1]->stream;
  return TRUE;
}

/* Which check finds it, and what it says. */
static const char *const findings[N_FAULTS] = {
  [NO_CHECKPOINT] = "a success is a checkpoint: sending nothing succeeded and was no checkpoint: a cancellation could not have reached the "
                    "task, and others could not have run",
  [FORGETS_THE_END] = "closing is the end for the receiver: receiving failed with BROKEN_RESOURCE: that was the end",
  [LOSES_ON_CANCEL] = "a cancelled receive loses nothing: of 40 bytes only ",
  [SWAPS_BYTES] = "bytes arrive, whole and in order: of 2 bytes some arrived as others",
  [LETS_TWO_RECEIVE] = "a second receiver is busy, and disturbs nobody: receiving while another task does must fail with BUSY_RESOURCE, and "
                       "succeeded",
  [CLOSE_CAN_BE_CANCELLED] = "a cancelled task closes, too: sending after a close that was cancelled must fail with CLOSED_RESOURCE, and "
                             "succeeded",
  [CLOSE_TWICE_FAILS] = "closed is closed: closing failed with CLOSED_RESOURCE: it is closed already",
  [CLOSED_SAYS_BROKEN] = "closed is closed: receiving on a closed stream must fail with CLOSED_RESOURCE, and failed with",
  [EOF_CLOSES_BOTH] = "the end of one direction is not that of the other: ",
  [GATHERS_BACKWARDS] = "all ways of sending: bytes arrive, whole and in order: sending from several places, of 2 bytes some arrived as "
                        "others",
  [GATHERS_WHEN_CLOSED] = "all ways of sending: closed is closed: sending from several places on a closed stream must fail with "
                          "CLOSED_RESOURCE, and succeeded",
  [SENDS_FILES_FROM_THEIR_BEGINNING] = "all ways of sending: a part of a file is that part: another part of the file arrived than bytes 100 to "
                                       "600",
  [SAYS_LESS_OF_A_FILE] = "all ways of sending: bytes arrive, whole and in order: sending a file, 1 bytes, failed: of 1 bytes of a file 0 "
                          "were said to be sent",
};

static gboolean
is_of_files (Fault fault)
{
  return fault == SENDS_FILES_FROM_THEIR_BEGINNING || fault == SAYS_LESS_OF_A_FILE;
}

/* The mock world has none. */
static gboolean
there_is_a_disk (void)
{
  return trio_current_files () != NULL;
}

static gboolean
test_each_fault_is_found (gpointer unused G_GNUC_UNUSED, GError **error)
{
  for (Fault fault = NO_CHECKPOINT; fault < N_FAULTS; fault++)
    {
      GError *finding = NULL;

      if (is_of_files (fault) && !there_is_a_disk ())
        continue;
      g_assert_false (trio_check_half_closeable_stream (make_broken, &fault, 0, &finding));
      mock_assert_says (finding->message, findings[fault]);
      mock_assert_error (finding, TRIO_ERROR_FAILED);
    }
  return trio_check_half_closeable_stream (make_broken, &(Fault) { NOT_BROKEN }, 0, error);
}

/* That a stream never clogs is found if one says that it does. */
static gboolean
test_a_stream_that_should_clog_and_does_not_is_found (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  GError *finding = NULL;

  g_assert_false (trio_check_one_way_stream (make_memory, NULL, 100, &finding));
  mock_assert_says (finding->message, "100 bytes were said to clog the stream, and went out at once");
  mock_assert_error (finding, TRIO_ERROR_FAILED);
  return TRUE;
}

static gboolean
fail_to_make (gpointer data G_GNUC_UNUSED, TrioStream **first G_GNUC_UNUSED, TrioStream **second G_GNUC_UNUSED, GError **error)
{
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_MFILE, "no streams today");
  return FALSE;
}

static gboolean
test_a_maker_s_failure_comes_out_as_it_is (gpointer unused G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  g_autoptr (GError) failure = NULL;

  g_assert_false (trio_check_two_way_stream (fail_to_make, NULL, 0, &failure));
  g_assert_error (failure, G_FILE_ERROR, G_FILE_ERROR_MFILE);
  g_assert_cmpstr (failure->message, ==, "no streams today");
  return TRUE;
}

static gboolean
test_a_cancelled_check_is_cancelled (gpointer unused G_GNUC_UNUSED, GError **error)
{
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok;

  trio_cancel_scope_cancel (scope);
  ok = trio_check_two_way_stream (make_memory, NULL, 0, error);
  g_assert_false (ok);
  return trio_cancel_scope_close (scope, ok);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  worlds_add ("/conformance/memory-streams-keep-their-promises", test_memory_streams_keep_their_promises);
  worlds_add ("/conformance/lockstep-streams-keep-their-promises", test_lockstep_streams_keep_their_promises);
  worlds_add ("/conformance/stapled-streams-keep-their-promises", test_stapled_streams_keep_their_promises);
  PARITY_TEST ("/conformance/tcp-streams-keep-their-promises", test_tcp_streams_keep_their_promises);
  PARITY_TEST ("/conformance/unix-streams-keep-their-promises", test_unix_streams_keep_their_promises);
  worlds_add ("/conformance/each-fault-is-found", test_each_fault_is_found);
  worlds_add ("/conformance/a-stream-that-should-clog-and-does-not-is-found", test_a_stream_that_should_clog_and_does_not_is_found);
  worlds_add ("/conformance/a-maker-s-failure-comes-out-as-it-is", test_a_maker_s_failure_comes_out_as_it_is);
  worlds_add ("/conformance/a-cancelled-check-is-cancelled", test_a_cancelled_check_is_cancelled);
  return g_test_run ();
}
