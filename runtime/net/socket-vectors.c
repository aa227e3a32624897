/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What lies in several places is sent in their order, by one call of the system where that takes it all.
 *
 *     [ head ][ body ............ ][ tail ]
 *               ^ where: this vector, and so far into it
 *
 * The caller's vectors are never written to: each attempt gets a window of the next few, cut to what has not gone yet. */

#include <errno.h>

#include <trio/checkpoint.h>
#include <trio/error.h>

#include "net/socket-wait.h"
#include "net/socket.h"

/* So many in one attempt. More are sent in several. */
#define WINDOW 64

static const TrioWaitClass send_wait = TRIO_SOCKET_WAIT_CLASS ("trio_stream_send_all_vectors");

typedef struct
{
  const TrioOutputVector *vectors;
  guint                   n_vectors;
  guint                   index;
  gsize                   offset;
  gboolean                moved;         /* anything has gone */
} Where;

static void
skip_empty (Where *where)
{
  while (where->index < where->n_vectors && where->offset == where->vectors[where->index].size)
    {
      where->index++;
      where->offset = 0;
    }
}

static void
move (Where *where, gsize n)
{
  where->moved |= n > 0;
  while (n > 0)
    {
      gsize here = MIN (n, where->vectors[where->index].size - where->offset);

      where->offset += here;
      n -= here;
      skip_empty (where);
    }
}

static gssize
attempt (TrioSocketHandle *self, const Where *where)
{
  TrioOutputVector window[WINDOW];
  guint n = MIN (where->n_vectors - where->index, WINDOW);

  for (guint i = 0; i < n; i++)
    window[i] = where->vectors[where->index + i];
  window[0].buffer = (const guint8 *) window[0].buffer + where->offset;
  window[0].size -= where->offset;
  return self->io->send_message (self->io, self->socket, window, n, NULL);
}

/* Between begin and end. */
static gboolean
send_rest (TrioSocketHandle *self, Where *where, GError **error)
{
  TrioSocketHandle *const handles[] = { self };

  while (where->index < where->n_vectors)
    {
      gssize n = attempt (self, where);
      gboolean go_on = TRUE;

      if (n >= 0)
        {
          move (where, (gsize) n);
          go_on = where->index == where->n_vectors || trio_checkpoint (error);
        }
      else if (n == -EAGAIN)
        go_on = trio_socket_wait (handles, 1, TRIO_IO_WRITE, &send_wait, error);
      else
        {
          self->send_state = TRIO_SEND_BROKEN;
          trio_socket_set_send_error (self, (int) -n, error);
          return FALSE;
        }
      if (go_on && self->socket == NULL)
        {
          trio_socket_set_closed_error (error);
          go_on = FALSE;
        }
      if (!go_on)
        {
          if (where->moved)
            self->send_state = TRIO_SEND_BROKEN;
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
trio_socket_send_all_vectors (TrioSocketHandle *self, const TrioOutputVector *vectors, guint n_vectors, GError **error)
{
  Where where = { vectors, n_vectors, 0, 0, FALSE };
  gboolean ok;

  g_return_val_if_fail (self != NULL && (vectors != NULL || n_vectors == 0), FALSE);

  if (!trio_checkpoint_if_cancelled_in (send_wait.what, error) || !trio_socket_begin (self, TRIO_IO_WRITE, "sending", error))
    return FALSE;
  skip_empty (&where);
  ok = trio_socket_may_send (self, error) && send_rest (self, &where, error);
  if (ok)
    trio_cancel_shielded_checkpoint ();
  trio_socket_end (self, TRIO_IO_WRITE);
  return ok;
}
