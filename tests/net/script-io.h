/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* An io table that says what it is told to say. Each verb of a socket reads its next answer from a script; when the script is used
 * up the answer is EAGAIN (0 for connect_result and shutdown). Nothing happens by itself: the test calls trio_socket_wake().
 * */

#pragma once

#include <trio/trio.h>
#include <trio/seam/io.h>

#define SCRIPT_MAX 32

typedef struct
{
  gssize answers[SCRIPT_MAX];
  guint  n_answers;
  guint  n_asked;
} Script;

typedef struct
{
  TrioSocket socket;
  guint      number;         /* the how-manieth that was made */
  gboolean   armed[2];
} ScriptSocket;

/* The scripts are shared by all sockets of a test. */
typedef struct
{
  TrioIo        io;
  Script        socket;      /* 0 unless told otherwise */
  Script        bind;        /* 0 … */
  Script        accept;      /* 0 gives a connection */
  Script        connect;     /* 0 … */
  Script        connect_result;
  Script        receive;
  Script        send;
  Script        arm;         /* 0, or 1 for "it is ready already" */
  guint         n_opened;
  guint         n_closed;
  ScriptSocket *last;        /* the socket made last */
  TrioAddress   addresses[4];   /* what resolve says */
  guint         n_addresses;
  guint16       next_port;   /* for a bind to port 0 */
  TrioAddress   bound[8];    /* in order of binding */
  guint         n_bound;
} ScriptIo;

void        script_io_init (ScriptIo *self);
/* What the verb answers next: a count, or a negative errno. */
void        script_add     (Script *script, gssize answer);
TrioAddress script_ipv4    (guint8 last_byte, guint16 port);

/* Runs body, which gets the ScriptIo, in a mock world with that io. It must succeed and close what it has opened. */
void        script_run     (ScriptIo *self, TrioFunc body);
