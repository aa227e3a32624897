/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The front of every test stream; see test-stream.h. */

#include "testing/test-stream.h"

#include <trio/checkpoint.h>
#include <trio/error.h>

void
trio_test_stream_set_closed_error (const TrioTestStream *self, GError **error)
{
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this %s was closed on this side", self->ways->name);
}

/* May this task do this now? */
static gboolean
may_begin (const TrioTestStream *self, gboolean busy, const char *what, GError **error)
{
  if (self->closed)
    trio_test_stream_set_closed_error (self, error);
  else if (busy)
    g_set_error (error, TRIO_ERROR, TRIO_ERROR_BUSY_RESOURCE, "another task is already using this %s to %s", self->ways->name, what);
  else
    return TRUE;
  return FALSE;
}

static gboolean
run_hook (const TrioTestStream *self, gboolean (*hook) (TrioStream *, gpointer, GError **), GError **error)
{
  return hook == NULL || hook ((TrioStream *) self, self->hook_data, error);
}

static gssize
receive_some (TrioStream *stream, gpointer buffer, gsize size, GError **error)
{
  TrioTestStream *self = (TrioTestStream *) stream;
  gssize n = -1;

  if (!may_begin (self, self->receiving, "receive", error))
    return -1;
  self->receiving = TRUE;
  if (run_hook (self, self->hooks.receive_some, error))
    {
      if (self->closed)
        trio_test_stream_set_closed_error (self, error);
      else
        n = self->ways->receive_some (self, buffer, size, error);
    }
  self->receiving = FALSE;
  return n;
}

static gboolean
send_all (TrioStream *stream, gconstpointer data, gsize size, GError **error)
{
  TrioTestStream *self = (TrioTestStream *) stream;
  gboolean ok;

  if (!may_begin (self, self->sending, "send", error))
    return FALSE;
  if (self->eof_sent)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_CLOSED_RESOURCE, "this %s has said that no more will be sent", self->ways->name);
      return FALSE;
    }
  self->sending = TRUE;
  ok = self->ways->send_all (self, data, size, error);
  self->sending = FALSE;
  return ok;
}

static gboolean
send_eof (TrioStream *stream, GError **error)
{
  TrioTestStream *self = (TrioTestStream *) stream;

  if (!may_begin (self, self->sending, "send", error) || !trio_checkpoint_if_cancelled_in ("trio_stream_send_eof", error))
    return FALSE;
  if (!self->eof_sent)
    {
      self->eof_sent = TRUE;
      self->ways->send_eof (self);
      if (self->hooks.send_eof != NULL)
        self->hooks.send_eof (stream, self->hook_data);
    }
  return trio_finish_checkpoint ();
}

static void
close_now (TrioTestStream *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  self->ways->close (self);
  if (self->hooks.close != NULL)
    self->hooks.close (&self->stream, self->hook_data);
}

/* First close, then look for a cancellation: a cancelled task closes, too. */
static gboolean
close_stream (TrioStream *stream, GError **error)
{
  close_now ((TrioTestStream *) stream);
  return trio_checkpoint (error);
}

static void
free_stream (TrioStream *stream)
{
  TrioTestStream *self = (TrioTestStream *) stream;

  close_now (self);
  if (self->sending || self->receiving)
    g_error ("a %s is freed while a task uses it", self->ways->name);
  self->ways->free (self);
}

static const TrioStreamClass both_ways_class = {
  .name = "test stream",
  .receive_some = receive_some,
  .send_all = send_all,
  .send_eof = send_eof,
  .close = close_stream,
  .free = free_stream,
};

static const TrioStreamClass send_class = {
  .name = "test stream, which only sends,",
  .send_all = send_all,
  .send_eof = send_eof,
  .close = close_stream,
  .free = free_stream,
};

static const TrioStreamClass receive_class = {
  .name = "test stream, which only receives,",
  .receive_some = receive_some,
  .close = close_stream,
  .free = free_stream,
};

void
trio_test_stream_init (TrioTestStream *self, const TrioTestStreamWays *ways, gboolean sends, gboolean receives)
{
  self->stream.klass = sends && receives ? &both_ways_class : sends ? &send_class : &receive_class;
  self->ways = ways;
}

TrioTestStream *
trio_test_stream_of (TrioStream *stream, const TrioTestStreamWays *ways)
{
  TrioTestStream *self = (TrioTestStream *) stream;

  if (stream == NULL || stream->klass->free != free_stream || (ways != NULL && self->ways != ways))
    g_error ("this is no %s, but %s", ways != NULL ? ways->name : "test stream", stream == NULL ? "NULL" : stream->klass->name);
  return self;
}

void
trio_testing_stream_set_hooks (TrioStream *stream, const TrioStreamHooks *hooks, gpointer data)
{
  TrioTestStream *self = trio_test_stream_of (stream, NULL);

  self->hooks = hooks != NULL ? *hooks : (TrioStreamHooks) { 0 };
  self->hook_data = data;
}
