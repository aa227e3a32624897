/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Waking a run from outside. */

#include "host/wakeup.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/eventfd.h>
#include <unistd.h>

gboolean
trio_wakeup_init (TrioWakeup *self, GError **error)
{
  self->pending = 0;
  self->fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (self->fd < 0)
    {
      int errnum = errno;

      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errnum), "could not make an eventfd for the run: %s",
                   g_strerror (errnum));
      return FALSE;
    }
  return TRUE;
}

void
trio_wakeup_clear (TrioWakeup *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
trio_wakeup_signal (TrioWakeup *self)
{
  if (__atomic_exchange_n (&self->pending, 1, __ATOMIC_SEQ_CST) == 0)
    trio_wakeup_write (self->fd);
}

void
trio_wakeup_write (int fd)
{
  const guint64 one = 1;
  int saved = errno;

  /* It cannot be full; a write that a signal interrupts has written nothing. */
  while (write (fd, &one, sizeof one) < 0 && errno == EINTR)
    ;
  errno = saved;
}

gboolean
trio_wakeup_take (TrioWakeup *self)
{
  return trio_wakeup_is_pending (self) && __atomic_exchange_n (&self->pending, 0, __ATOMIC_SEQ_CST) != 0;
}

gboolean
trio_wakeup_is_pending (TrioWakeup *self)
{
  return __atomic_load_n (&self->pending, __ATOMIC_SEQ_CST) != 0;
}
