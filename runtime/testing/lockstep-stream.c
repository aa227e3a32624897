/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Lock-step streams: no buffer. What is sent stays with the sender until the other side has received it.
 *
 *     sender                     lane                         receiver
 *     offers its bytes    -->    data, size
 *     waits                      data + 3, size - 3    <--    takes 3
 *     waits                      -, 0                  <--    takes the rest, and wakes the sender
 *     returns
 *
 * A lane is one direction; both ends hold it, so one may be freed before the other.
 *
 * Always true:
 *  1. lane->data is not NULL exactly while the sender is in its wait: it points into the sender's memory.
 *  2. A sender that is cancelled before its first byte was taken takes the offer back at that moment; later, the lane is broken.
 */

#include "testing/test-stream.h"

#include <string.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/parking-lot.h>

typedef struct
{
  guint           n_refs;
  const guint8   *data;
  gsize           size;              /* of what is left at data */
  gboolean        partly_taken;      /* this offer */
  gboolean        all_taken;
  gboolean        ended;             /* by the sending side: closed, or end of file */
  gboolean        receiver_closed;
  gboolean        broken;
  TrioParkingLot  sender;
  TrioParkingLot  receiver;
} Lane;

typedef struct
{
  TrioTestStream  test;
  Lane           *out;
  Lane           *in;
} LockstepStream;

static void
lane_init (Lane **lane, LockstepStream *from, LockstepStream *to)
{
  *lane = g_new0 (Lane, 1);
  (*lane)->n_refs = 2;
  trio_parking_lot_init (&(*lane)->sender, "trio_stream_send_all");
  trio_parking_lot_init (&(*lane)->receiver, "trio_stream_receive_some");
  from->out = to->in = *lane;
}

static void
lane_unref (Lane *lane)
{
  if (--lane->n_refs > 0)
    return;
  trio_parking_lot_clear (&lane->sender);
  trio_parking_lot_clear (&lane->receiver);
  g_free (lane);
}

/* --- sending --- */

static void
take_back (Lane *lane)
{
  lane->broken = lane->broken || lane->partly_taken;
  lane->data = NULL;
  lane->size = 0;
}

static TrioAbort
abort_send (TrioTask *task G_GNUC_UNUSED, gpointer data)
{
  take_back (data);
  return TRIO_ABORT_SUCCEEDED;
}

static void
describe_send (gpointer data, GString *out)
{
  g_string_append_printf (out, "%" G_GSIZE_FORMAT " bytes are not yet received", ((const Lane *) data)->size);
}

static gboolean
set_broken_error (GError **error)
{
  g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "the other side of this lock-step stream is closed");
  return FALSE;
}

static gboolean
offer (LockstepStream *self, gconstpointer data, gsize size, GError **error)
{
  static const TrioWaitClass klass = { "trio_stream_send_all", abort_send, describe_send };
  Lane *lane = self->out;

  lane->data = data;
  lane->size = size;
  lane->partly_taken = lane->all_taken = FALSE;
  trio_parking_lot_unpark_all (&lane->receiver);
  if (!trio_parking_lot_park_as (&lane->sender, &klass, lane, error))
    return FALSE;

  if (lane->all_taken)
    return TRUE;
  take_back (lane);
  if (!self->test.closed)
    return set_broken_error (error);
  trio_test_stream_set_closed_error (&self->test, error);
  return FALSE;
}

static gboolean
lockstep_send_all (TrioTestStream *test, gconstpointer data, gsize size, GError **error)
{
  LockstepStream *self = (LockstepStream *) test;

  if (test->hooks.send_all != NULL && !test->hooks.send_all (&test->stream, test->hook_data, error))
    return FALSE;
  if (size == 0)
    return trio_checkpoint (error);
  if (!trio_checkpoint_if_cancelled_in ("trio_stream_send_all", error))
    return FALSE;
  if (test->closed)
    {
      trio_test_stream_set_closed_error (test, error);
      return FALSE;
    }
  if (self->out->broken)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BROKEN_RESOURCE, "a part of earlier bytes was received, and the rest was given up");
      return FALSE;
    }
  return self->out->receiver_closed ? set_broken_error (error) : offer (self, data, size, error);
}

/* --- receiving --- */

static TrioAbort
abort_receive (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_SUCCEEDED;
}

static gsize
take (Lane *lane, gpointer buffer, gsize size)
{
  gsize n = MIN (size, lane->size);

  if (n == 0)
    return 0;
  memcpy (buffer, lane->data, n);
  lane->data += n;
  lane->size -= n;
  lane->partly_taken = TRUE;
  if (lane->size == 0)
    {
      lane->data = NULL;
      lane->all_taken = TRUE;
      trio_parking_lot_unpark_all (&lane->sender);
    }
  return n;
}

static gboolean
is_ready (const Lane *lane)
{
  return lane->size > 0 || lane->ended;
}

static gssize
lockstep_receive_some (TrioTestStream *test, gpointer buffer, gsize size, GError **error)
{
  static const TrioWaitClass klass = { "trio_stream_receive_some", abort_receive, NULL };
  Lane *lane = ((LockstepStream *) test)->in;
  gboolean waited = !is_ready (lane);
  gsize n;

  if (!waited && !trio_checkpoint_if_cancelled_in (klass.what, error))
    return -1;
  /* An offer may have been taken back before our turn came. */
  while (!is_ready (lane) && !test->closed)
    if (!trio_parking_lot_park_as (&lane->receiver, &klass, lane, error))
      return -1;
  if (test->closed)
    {
      trio_test_stream_set_closed_error (test, error);
      return -1;
    }
  n = take (lane, buffer, size);
  if (!waited)
    trio_cancel_shielded_checkpoint ();
  return (gssize) n;
}

/* --- the end --- */

static void
lockstep_send_eof (TrioTestStream *test)
{
  Lane *lane = ((LockstepStream *) test)->out;

  lane->ended = TRUE;
  trio_parking_lot_unpark_all (&lane->receiver);
}

static void
lockstep_close (TrioTestStream *test)
{
  LockstepStream *self = (LockstepStream *) test;

  /* What this side still offers is off. */
  take_back (self->out);
  lockstep_send_eof (test);
  trio_parking_lot_unpark_all (&self->out->sender);
  self->in->receiver_closed = TRUE;
  trio_parking_lot_unpark_all (&self->in->receiver);
  trio_parking_lot_unpark_all (&self->in->sender);
}

static void
lockstep_free (TrioTestStream *test)
{
  LockstepStream *self = (LockstepStream *) test;

  lane_unref (self->out);
  lane_unref (self->in);
  g_free (self);
}

static const TrioTestStreamWays lockstep_ways = {
  .name = "lock-step stream",
  .receive_some = lockstep_receive_some,
  .send_all = lockstep_send_all,
  .send_eof = lockstep_send_eof,
  .close = lockstep_close,
  .free = lockstep_free,
};

static void
make_pair (TrioStream **first, TrioStream **second, gboolean both_ways)
{
  LockstepStream *a = g_new0 (LockstepStream, 1);
  LockstepStream *b = g_new0 (LockstepStream, 1);
  Lane *lane;

  trio_test_stream_init (&a->test, &lockstep_ways, TRUE, both_ways);
  trio_test_stream_init (&b->test, &lockstep_ways, both_ways, TRUE);
  lane_init (&lane, a, b);
  lane_init (&lane, b, a);
  *first = &a->test.stream;
  *second = &b->test.stream;
}

void
trio_lockstep_stream_pair (TrioStream **first, TrioStream **second)
{
  make_pair (first, second, TRUE);
}

void
trio_lockstep_stream_one_way_pair (TrioStream **send, TrioStream **receive)
{
  make_pair (send, receive, FALSE);
}
