/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A stream of two halves. The halves know everything about their own direction; here is only what they cannot know: that the whole was
 * closed, and that the end must not overtake what is being sent when the only way to end the sending half is to close it. */

#include <trio/stream.h>

#include <trio/checkpoint.h>
#include <trio/error.h>

typedef struct
{
  TrioStream  stream;
  guint       n_refs;            /* a call may outlast the stream, but not use its halves any more */
  TrioStream *send;              /* NULL, as receive, when freed */
  TrioStream *receive;
  gboolean    sending;           /* a task is in send_all() or send_eof() */
  gboolean    closed;
} StapledStream;

static void
stapled_unref (StapledStream *self)
{
  if (--self->n_refs == 0)
    g_free (self);
}

static gboolean
begin_sending (StapledStream *self, GError **error)
{
  if (self->closed)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this stapled stream was closed on this side");
  else if (self->sending)
    g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "another task is sending with this stapled stream already");
  else
    {
      self->sending = TRUE;
      self->n_refs++;
      return TRUE;
    }
  return FALSE;
}

static gboolean
end_sending (StapledStream *self, gboolean ok)
{
  self->sending = FALSE;
  stapled_unref (self);
  return ok;
}

static gssize
stapled_receive_some (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  return trio_stream_receive_some (((StapledStream *) stream)->receive, buffer, size, error);
}

static gboolean
stapled_send_all (TrioStream *stream, gconstpointer data, gsize size, GError **error)
{
  StapledStream *self = (StapledStream *) stream;

  return begin_sending (self, error) && end_sending (self, trio_stream_send_all (self->send, data, size, error));
}

static gboolean
stapled_send_all_vectors (TrioStream *stream, const TrioOutputVector *vectors, guint n_vectors, GError **error)
{
  StapledStream *self = (StapledStream *) stream;

  return begin_sending (self, error) && end_sending (self, trio_stream_send_all_vectors (self->send, vectors, n_vectors, error));
}

static gboolean
stapled_send_file (TrioStream *stream, TrioFile *file, gint64 offset, gint64 size, gint64 *sent, GError **error)
{
  StapledStream *self = (StapledStream *) stream;

  return begin_sending (self, error) && end_sending (self, trio_stream_send_file (self->send, file, offset, size, sent, error));
}

static gboolean
stapled_send_eof (TrioStream *stream, GError **error)
{
  StapledStream *self = (StapledStream *) stream;

  if (!begin_sending (self, error))
    return FALSE;
  if (trio_stream_can_send_eof (self->send))
    return end_sending (self, trio_stream_send_eof (self->send, error));

  /* A close cannot be cancelled, the end of one direction can. */
  if (!trio_checkpoint_if_cancelled_in ("trio_stream_send_eof", error))
    return end_sending (self, FALSE);
  return end_sending (self, trio_stream_close (self->send, error));
}

static gboolean
stapled_close (TrioStream *stream, GError **error)
{
  StapledStream *self = (StapledStream *) stream;
  g_autoptr (GError) second = NULL;
  gboolean ok;

  self->closed = TRUE;
  self->n_refs++;
  ok = trio_stream_close (self->send, error);
  /* Others ran meanwhile, and may have freed it. */
  if (self->receive != NULL && !trio_stream_close (self->receive, &second) && ok)
    {
      g_propagate_error (error, g_steal_pointer (&second));
      ok = FALSE;
    }
  stapled_unref (self);
  return ok;
}

static void
stapled_free (TrioStream *stream)
{
  StapledStream *self = (StapledStream *) stream;

  self->closed = TRUE;
  trio_stream_free (g_steal_pointer (&self->send));
  trio_stream_free (g_steal_pointer (&self->receive));
  stapled_unref (self);
}

static const TrioStreamClass stapled_stream_class = {
  .name = "stapled stream",
  .receive_some = stapled_receive_some,
  .send_all = stapled_send_all,
  .send_eof = stapled_send_eof,
  .send_all_vectors = stapled_send_all_vectors,
  .send_file = stapled_send_file,
  .close = stapled_close,
  .free = stapled_free,
};

TrioStream *
trio_stapled_stream_new (TrioStream *send, TrioStream *receive)
{
  StapledStream *self;

  g_return_val_if_fail (send != NULL && trio_stream_can_send (send), NULL);
  g_return_val_if_fail (receive != NULL && trio_stream_can_receive (receive), NULL);

  self = g_new0 (StapledStream, 1);
  self->stream.klass = &stapled_stream_class;
  self->n_refs = 1;
  self->send = send;
  self->receive = receive;
  return &self->stream;
}
