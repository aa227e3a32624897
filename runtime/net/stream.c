/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The abstract stream: each call goes to the function of the stream's class. Mistakes of the caller stop here, so that no class has
 * to look for them; asking a stream for what its kind cannot do is one. */

#include <trio/stream.h>

#include <trio/error.h>
#include <trio/lowlevel/socket.h>

#define COPY_BYTES 65536

static gboolean
can (TrioStream *stream, gboolean knows_how, const char *what, GError **error)
{
  if (!knows_how)
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "this %s cannot %s: ask trio_stream_can_…() first", stream->klass->name, what);
  return knows_how;
}

gssize
trio_stream_receive_some (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  g_return_val_if_fail (stream != NULL && buffer != NULL, -1);

  /* 0 bytes would look like the end of the stream. */
  if (size == 0)
    {
      g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "trio_stream_receive_some() needs room for at least one byte");
      return -1;
    }
  if (!can (stream, trio_stream_can_receive (stream), "receive", error))
    return -1;
  return stream->klass->receive_some (stream, buffer, MIN (size, (gsize) G_MAXSSIZE), error);
}

gboolean
trio_stream_send_all (TrioStream *stream, gconstpointer data, gsize size, GError **error)
{
  g_return_val_if_fail (stream != NULL && (data != NULL || size == 0), FALSE);

  return can (stream, trio_stream_can_send (stream), "send", error) && stream->klass->send_all (stream, data, size, error);
}

/* As one piece, so that nobody can send between two of them. */
static gboolean
send_joined (TrioStream *stream, const TrioOutputVector *vectors, guint n_vectors, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();

  for (guint i = 0; i < n_vectors; i++)
    if (vectors[i].size > 0)
      g_byte_array_append (all, vectors[i].buffer, (guint) vectors[i].size);
  return stream->klass->send_all (stream, all->data, all->len, error);
}

static gboolean
are_sendable (const TrioOutputVector *vectors, guint n_vectors, GError **error)
{
  gsize size = 0;

  for (guint i = 0; i < n_vectors; i++)
    {
      if (vectors[i].size > G_MAXINT32 - size)
        {
          g_set_error_literal (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "these vectors have more than 2 GiB together: send them in several calls");
          return FALSE;
        }
      size += vectors[i].size;
    }
  return TRUE;
}

gboolean
trio_stream_send_all_vectors (TrioStream *stream, const TrioOutputVector *vectors, guint n_vectors, GError **error)
{
  g_return_val_if_fail (stream != NULL && (vectors != NULL || n_vectors == 0), FALSE);

  if (!can (stream, trio_stream_can_send (stream), "send", error) || !are_sendable (vectors, n_vectors, error))
    return FALSE;
  return (stream->klass->send_all_vectors != NULL ? stream->klass->send_all_vectors : send_joined) (stream, vectors, n_vectors, error);
}

/* The bytes pass through our memory, piece by piece. A piece that fails may have gone in part, and the stream is done for then. */
static gboolean
copy_file (TrioStream *stream, TrioFile *file, gint64 offset, gint64 size, gint64 *sent, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (COPY_BYTES);

  while (*sent != size)
    {
      gsize at_most = size < 0 ? COPY_BYTES : (gsize) MIN (size - *sent, COPY_BYTES);
      gssize n = trio_file_read_at (file, offset + *sent, buffer, at_most, error);

      if (n <= 0)
        return n == 0;
      if (!trio_stream_send_all (stream, buffer, (gsize) n, error))
        return FALSE;
      *sent += n;
    }
  return TRUE;
}

gboolean
trio_stream_send_file (TrioStream *stream, TrioFile *file, gint64 offset, gint64 size, gint64 *sent, GError **error)
{
  gint64 ignored;

  g_return_val_if_fail (stream != NULL && file != NULL, FALSE);

  sent = sent != NULL ? sent : &ignored;
  *sent = 0;
  if (!can (stream, trio_stream_can_send (stream), "send", error))
    return FALSE;
  if (offset < 0)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "no file has a place %" G_GINT64_FORMAT " to send from", offset);
      return FALSE;
    }
  if (size < -1)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "cannot send %" G_GINT64_FORMAT " bytes of a file: -1 is all up to its end", size);
      return FALSE;
    }
  if (size == 0)
    return trio_stream_send_all (stream, NULL, 0, error);
  return (stream->klass->send_file != NULL ? stream->klass->send_file : copy_file) (stream, file, offset, size, sent, error);
}

gboolean
trio_stream_send_eof (TrioStream *stream, GError **error)
{
  g_return_val_if_fail (stream != NULL, FALSE);

  return can (stream, trio_stream_can_send_eof (stream), "end one direction only", error) && stream->klass->send_eof (stream, error);
}

gboolean
trio_stream_can_receive (TrioStream *stream)
{
  g_return_val_if_fail (stream != NULL, FALSE);

  return stream->klass->receive_some != NULL;
}

gboolean
trio_stream_can_send (TrioStream *stream)
{
  g_return_val_if_fail (stream != NULL, FALSE);

  return stream->klass->send_all != NULL;
}

gboolean
trio_stream_can_send_eof (TrioStream *stream)
{
  g_return_val_if_fail (stream != NULL, FALSE);

  return stream->klass->send_eof != NULL;
}

TrioSocketHandle *
trio_stream_get_socket (TrioStream *stream)
{
  g_return_val_if_fail (stream != NULL, NULL);

  return stream->klass->get_socket != NULL ? stream->klass->get_socket (stream) : NULL;
}

gboolean
trio_stream_close (TrioStream *stream, GError **error)
{
  g_return_val_if_fail (stream != NULL, FALSE);

  return stream->klass->close (stream, error);
}

void
trio_stream_free (TrioStream *stream)
{
  if (stream != NULL)
    stream->klass->free (stream);
}
