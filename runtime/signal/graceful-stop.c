/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The first signal asks, the second cancels: a receiver whose function does that to a scope. Cancelling never suspends, so no task is
 * needed, and a nursery is not kept open by one that waits for signals which need not come. */

#include <trio/graceful.h>

#include "signal/receiver.h"

struct _TrioGracefulStop
{
  TrioSignalReceiver *receiver;
  TrioCancelScope    *scope;
  GTimeSpan           grace;
  guint               n_asked;
  int                 first;
};

static void
ask (int number, gpointer data)
{
  TrioGracefulStop *self = data;
  g_autofree char *reason = g_strdup_printf ("%ssignal %d (%s)", self->n_asked == 0 ? "" : "again ", number, g_strsignal (number));

  if (self->n_asked++ == 0)
    {
      self->first = number;
      trio_cancel_scope_cancel_gracefully_with_reason (self->scope, self->grace, reason);
    }
  else
    trio_cancel_scope_cancel_with_reason (self->scope, reason);
}

TrioGracefulStop *
trio_stop_gracefully_on_signals (TrioCancelScope *scope, const int *signals, GTimeSpan grace, GError **error)
{
  TrioGracefulStop *self;

  g_return_val_if_fail (scope != NULL && signals != NULL, NULL);

  self = g_new0 (TrioGracefulStop, 1);
  self->scope = scope;
  self->grace = grace;
  self->receiver = trio_signal_receiver_new ("trio_stop_gracefully_on_signals", signals, ask, self, error);
  if (self->receiver == NULL)
    g_clear_pointer (&self, g_free);
  return self;
}

guint
trio_graceful_stop_get_asked (TrioGracefulStop *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->n_asked;
}

int
trio_graceful_stop_get_signal (TrioGracefulStop *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->first;
}

void
trio_graceful_stop_free (TrioGracefulStop *self)
{
  if (self == NULL)
    return;
  trio_signal_receiver_free (self->receiver);
  g_free (self);
}
