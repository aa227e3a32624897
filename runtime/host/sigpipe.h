/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Writing to what nobody reads any more, without SIGPIPE: for calls that have no flag for it, as only those of sockets have. The signal is
 * sent to the thread that writes; it is blocked there meanwhile, and taken away again, unless one waited before. Any thread. */

#pragma once

#include <signal.h>

#include <glib.h>

typedef struct
{
  sigset_t before;
  gboolean waited;             /* one of somebody else's did */
} TrioSigpipe;

void trio_sigpipe_hold    (TrioSigpipe *self);
/* Keeps errno. was_sent: it may have been. */
void trio_sigpipe_release (TrioSigpipe *self, gboolean was_sent);
