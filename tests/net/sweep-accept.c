/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* No connection is lost and none doubled, whatever is cancelled or interrupted wherever, where a select accepts beside other things: as statements
 * 20, 21, 38 have it for what hands values on. Clients of a unix socket, of which it is certain who is in line: each that connected was accepted, or
 * waits for who accepts next.
 *
 *     sweep-accept sweep --all-pairs --inject cancel,interrupt */

#include <trio-sim/sim.h>
#include <trio/lowlevel/socket.h>
#include <trio/trio.h>

#define NAME "@meeting"

typedef struct
{
  TrioListener    *listener;
  TrioEvent       *stop;
  TrioSendChannel *send;
  TrioReceiveChannel *receive;
  TrioCancelScope *accepting;           /* the scope of the server's attempt; NULL between two */
  guint            n_connected;
  guint            n_accepted;
  guint            n_sent;
  guint            n_received;
} Meeting;

/* Each attempt in a scope of its own, so that a cancellation has somebody who survives it. */
static gboolean
connect_two (gpointer data, GError **error)
{
  Meeting *self = data;

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      g_autoptr (TrioStream) stream = trio_open_unix_stream (NAME, error);

      if (stream != NULL)
        self->n_connected++;
      if (!trio_cancel_scope_close (scope, stream != NULL))
        return FALSE;
    }
  return TRUE;
}

static gboolean
send_one (gpointer data, GError **error)
{
  Meeting *self = data;
  g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
  gboolean ok = trio_send_channel_send (self->send, self, error);

  self->n_sent += ok;
  return trio_cancel_scope_close (scope, ok);
}

static void
took (Meeting *self, gsize chosen, gboolean ok, TrioStream *stream, gpointer value)
{
  trio_always (ok == (chosen != G_MAXSIZE), "these cases do not fail");
  trio_always ((stream != NULL) == (ok && chosen == 0), "a connection comes exactly from its case");
  trio_always ((value != NULL) == (ok && chosen == 1), "a value comes exactly from its case");
  self->n_accepted += stream != NULL;
  self->n_received += value != NULL;
}

static gboolean
accept_until_stopped (gpointer data, GError **error)
{
  Meeting *self = data;
  gsize chosen = 0;

  while (chosen != 2)
    {
      g_autoptr (TrioStream) stream = NULL;
      g_autoptr (TrioCancelScope) scope = trio_cancel_scope_open (error);
      gpointer value = NULL;
      gboolean ok;

      self->accepting = scope;
      ok = trio_select ((TrioSelectCase[]) { trio_case_accept (self->listener, &stream), trio_case_receive (self->receive, &value),
                                             trio_case_event (self->stop), trio_case_after (G_TIME_SPAN_SECOND) },
                        4, &chosen, error);
      took (self, chosen, ok, stream, value);
      self->accepting = NULL;
      if (!trio_cancel_scope_close (scope, ok))
        return FALSE;
    }
  return TRUE;
}

/* Cancels an attempt: before it waits, while it does, or when it is about to accept somebody, whenever it gets to it. */
static gboolean
cancel_one (gpointer data, GError **error)
{
  Meeting *self = data;

  if (!trio_checkpoint (error))
    return FALSE;
  if (self->accepting != NULL)
    trio_cancel_scope_cancel (self->accepting);
  return TRUE;
}

static gboolean
meet (Meeting *self, GError **error)
{
  g_autoptr (TrioNursery) servers = trio_nursery_open (error);
  g_autoptr (TrioNursery) clients = NULL;

  trio_nursery_start_soon (servers, accept_until_stopped, self);
  clients = trio_nursery_open (error);
  trio_nursery_start_soon (clients, connect_two, self);
  trio_nursery_start_soon (clients, send_one, self);
  trio_nursery_start_soon (clients, cancel_one, self);
  if (!trio_nursery_close (clients, TRUE))
    return FALSE;
  trio_event_set (self->stop);
  return trio_nursery_close (servers, TRUE);
}

/* Who is still in line; and nobody else uses the listener. */
static void
accept_the_rest (Meeting *self)
{
  gsize chosen;

  while (TRUE)
    {
      g_autoptr (TrioStream) stream = NULL;
      g_autoptr (GError) nobody = NULL;
      const TrioSelectCase one = trio_case_accept (self->listener, &stream);

      if (!trio_select_nowait (&one, 1, &chosen, &nobody))
        {
          trio_always (g_error_matches (nobody, TRIO_ERROR, TRIO_ERROR_WOULD_BLOCK), "losers leave no trace");
          return;
        }
      self->n_accepted++;
    }
}

static gboolean
accepting (gpointer unused G_GNUC_UNUSED, GError **error)
{
  Meeting self = { .listener = trio_open_unix_listener (NAME, NULL, error) };
  gboolean ok;

  if (self.listener == NULL)
    return FALSE;
  self.stop = trio_event_new ();
  trio_open_memory_channel (0, NULL, &self.send, &self.receive);
  ok = meet (&self, error);
  accept_the_rest (&self);
  trio_always (self.n_accepted == self.n_connected, "no connection is lost or doubled");
  trio_always (self.n_sent == self.n_received, "no value is lost or doubled");
  trio_sometimes (self.n_accepted == 2 && self.n_received == 1, "all meet");
  trio_send_channel_free (self.send);
  trio_receive_channel_free (self.receive);
  trio_event_free (self.stop);
  trio_listener_free (self.listener);
  return ok;
}

int
main (int argc, char **argv)
{
  static const TrioScenario scenarios[] = { { "accepting", accepting, NULL, "a select accepts, receives, and is cancelled" }, { 0 } };

  return trio_sim_main (argc, argv, scenarios);
}
