/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Checkpoint functions over the verbs of <trio/seam/io.h>: the one place where a task waits for a socket, the same in every world.
 *
 *     look for a cancellation -> attempt -> EAGAIN? arm and wait, attempt again -> done: a checkpoint that cannot fail
 *
 * A TrioSocketHandle is a world's socket as net/ holds it, counted, because an operation may outlast the socket:
 *
 *     reader                                closer
 *     waits for bytes
 *     is made runnable: there are bytes
 *                                           closes; the world frees its socket
 *     runs: would read from freed memory, or from whoever has the descriptor now
 *
 * Always true:
 *  1. handle->socket is NULL from the moment of closing, at once, not when the last operation has noticed.
 *  2. Whoever comes back from a wait looks at handle->socket before anything else, and answers CLOSED_RESOURCE.
 *  3. At most one task does each direction (busy); only that one may be waiting in it.
 *  4. Bytes are taken from the world only in a step that then returns them: a cancellation never loses any.
 *
 * What of it is public is in <trio/lowlevel/socket.h>; the rest is for net/ only. On the thread of the run. */

#pragma once

#include <trio/lowlevel/socket.h>
#include <trio/lowlevel/task.h>

typedef enum
{
  TRIO_SEND_OPEN,
  TRIO_SEND_EOF,             /* no more, said by this side */
  TRIO_SEND_BROKEN,          /* an unknown part of some data was sent */
} TrioSendState;

struct _TrioSocketHandle
{
  guint         n_refs;
  TrioIo       *io;
  TrioSocket   *socket;      /* NULL once closed */
  TrioSendState send_state;
  gboolean      has_shut_send;   /* whatever was sent before */
  gboolean      is_connected;    /* by us; a system may forget to refuse the second time */
  int           died_of;     /* the errno that a connection ended with, or 0: the system tells it once, and an end of the stream from then on */
  struct _TrioSocketLine *line;  /* net/socket-select.h; NULL until a select asks */
};

/* Takes the world's socket. */
TrioSocketHandle *trio_socket_handle_new   (TrioIo *io, TrioSocket *socket) G_GNUC_WARN_UNUSED_RESULT;

/* Binds and listens. Not a Checkpoint. */
gboolean          trio_socket_listen_at    (TrioSocketHandle *self, const TrioAddress *address, int backlog, int *errnum,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The next connection at any of several listening sockets. Checkpoint. turn says which one to look at first and moves on, so that
 * none of them is starved. */
TrioSocketHandle *trio_socket_accept_any   (TrioSocketHandle *const *listening, guint n_listening, guint *turn, int *errnum,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* One that is there already; NULL with errnum EAGAIN if there is none. errnum says what else went wrong. Not a Checkpoint. */
TrioSocketHandle *trio_socket_accept_nowait (TrioSocketHandle *const *listening, guint n_listening, guint *turn, int *errnum)
  G_GNUC_WARN_UNUSED_RESULT;

/* The same without waiting, and with all that can be wrong. Errors: WOULD_BLOCK if there is none after all; those of accept. Not a Checkpoint. */
TrioSocketHandle *trio_socket_accept_now   (TrioSocketHandle *const *listening, guint n_listening, guint *turn, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/* FALSE after the end of what is sent, and if an unknown part of something was. */
gboolean          trio_socket_may_send     (TrioSocketHandle *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of each error of a system call that sends or receives: remembers what the connection died of. TRUE: error is set, since nothing is wrong but
 * that this side has said that it sends no more. */
gboolean          trio_socket_note_error   (TrioSocketHandle *self, int errnum, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* BROKEN_RESOURCE, with the peer's address. */
void              trio_socket_set_send_error (TrioSocketHandle *self, int errnum, GError **error);

/* As trio_stream_send_eof(). */
gboolean          trio_socket_send_eof     (TrioSocketHandle *self, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* Messages: net/socket-message.c. Checkpoints. errnum is not NULL here; the errors of the system are G_IO_ERROR, since a datagram
 * that went wrong says nothing about the next one. */

/* The next message at any of several sockets; turn as for trio_socket_accept_any(). Returns how many bytes of it fitted, or -1. */
gssize            trio_socket_receive_message (TrioSocketHandle *const *handles, guint n_handles, guint *turn,
                                               const TrioInputVector *vectors, guint n_vectors, TrioSocketMessage *message, int *errnum,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* Closes what came with a message and nobody asked for: net/socket-pass.c. */
void              trio_socket_drop_passed  (TrioIo *io, TrioSocketMessage *message);
gssize            trio_socket_send_message (TrioSocketHandle *self, const TrioOutputVector *vectors, guint n_vectors,
                                            const TrioSocketMessage *message, int *errnum, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
