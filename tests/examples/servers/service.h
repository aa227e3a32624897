/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a server has around its handler: it listens at 127.0.0.1, survives peers that break off, and ends in good order. */

#pragma once

#include <trio/trio.h>

typedef struct
{
  TrioStreamHandler handler;        /* its data is the service */
  guint16           port;           /* 0: a free one */
  guint64           n_served;       /* connections that came to their end */
  guint64           n_broken;       /* …and those that did not */
  guint64           n_in;           /* bytes; the handler counts them */
  guint64           n_out;
} Service;

/* The whole program: PROGRAM [PORT]. */
int    service_main    (int argc, char **argv, TrioStreamHandler handler);

/* As trio_stream_receive_some(), but it ends with 0 when the service is to end and nothing has come. Counts. */
gssize service_receive (Service *service, TrioStream *stream, gpointer buffer, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT
  TRIO_CHECKPOINT;
