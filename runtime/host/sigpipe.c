/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* SIGPIPE of one thread held back, and taken away. See sigpipe.h. */

#include "host/sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static sigset_t
only_sigpipe (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGPIPE);
  return set;
}

void
trio_sigpipe_hold (TrioSigpipe *self)
{
  sigset_t sigpipe = only_sigpipe (), pending;

  sigpending (&pending);
  self->waited = sigismember (&pending, SIGPIPE) == 1;
  pthread_sigmask (SIG_BLOCK, &sigpipe, &self->before);
}

void
trio_sigpipe_release (TrioSigpipe *self, gboolean was_sent)
{
  const struct timespec at_once = { 0, 0 };
  sigset_t sigpipe = only_sigpipe ();
  int errnum = errno;

  if (was_sent && !self->waited)
    while (sigtimedwait (&sigpipe, NULL, &at_once) < 0 && errno == EINTR)
      ;
  pthread_sigmask (SIG_SETMASK, &self->before, NULL);
  errno = errnum;
}
