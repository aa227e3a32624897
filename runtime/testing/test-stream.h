/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What memory and lock-step streams share: which way they go, whether they are closed, who is at work in them, and the hooks.
 *
 *     stream->klass     test-stream.c: one task for each direction, closed?, hooks       the same for both kinds
 *          |
 *     ways->…           memory-stream.c, lockstep-stream.c: where the bytes go
 */

#pragma once

#include <trio/testing/memory-stream.h>

typedef struct _TrioTestStream TrioTestStream;

/* What a kind of test stream does, when its turn has come. */
typedef struct
{
  const char *name;
  /* Checkpoints, also when they need not wait. `close` and `send_eof` of this side end them with CLOSED_RESOURCE. */
  gssize   (*receive_some) (TrioTestStream *self, gpointer buffer, gsize size, GError **error);
  gboolean (*send_all)     (TrioTestStream *self, gconstpointer data, gsize size, GError **error);
  /* Called once; `close` also if the end was sent before. */
  void     (*send_eof)     (TrioTestStream *self);
  void     (*close)        (TrioTestStream *self);
  void     (*free)         (TrioTestStream *self);
} TrioTestStreamWays;

struct _TrioTestStream
{
  TrioStream                stream;
  const TrioTestStreamWays *ways;
  gboolean                  sending;        /* a task is in send_all() */
  gboolean                  receiving;      /* a task is in receive_some() */
  gboolean                  eof_sent;
  gboolean                  closed;
  TrioStreamHooks           hooks;
  gpointer                  hook_data;
};

void            trio_test_stream_init (TrioTestStream *self, const TrioTestStreamWays *ways, gboolean sends, gboolean receives);
/* The test stream that it is; g_error() if it is another kind. */
TrioTestStream *trio_test_stream_of   (TrioStream *stream, const TrioTestStreamWays *ways);
/* "this %s was closed on this side" */
void            trio_test_stream_set_closed_error (const TrioTestStream *self, GError **error);
