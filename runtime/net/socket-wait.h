/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Waiting for one or several sockets: what net/socket.c arms, and trio_socket_wake() ends. */

#pragma once

#include <trio/lowlevel/waiter.h>

#include "net/socket.h"

struct _TrioSocketWait
{
  TrioTask                *task;
  TrioWaiter              *cell;         /* of a select: it is woken instead of the task; or NULL */
  TrioSocketHandle *const *handles;
  guint                    n_handles;
  TrioIoDirection          direction;
};

/* All its sockets point to it, or none. */
void      trio_socket_wait_attach   (TrioSocketWait *wait);
void      trio_socket_wait_detach   (TrioSocketWait *wait);

/**
 * trio_socket_wait:
 * @handles: open sockets; the calling task is the one that is busy with them in @direction
 * @n_handles: how many; the first that becomes ready ends the wait
 * @direction: what for
 * @klass: made with TRIO_SOCKET_WAIT_CLASS
 * @error: where it says why not
 *
 * Waits until an attempt may succeed; if the world says that it may already, only lets others run. Checkpoint, so that an operation that
 * has waited need not be one again.
 *
 * Errors: cancellation; %TRIO_ERROR_CLOSED_RESOURCE if one of them was closed, before or after it became ready.
 *
 * Returns: %TRUE if an attempt is worth while, and all sockets are open
 */
gboolean  trio_socket_wait          (TrioSocketHandle *const *handles, guint n_handles, TrioIoDirection direction,
                                     const TrioWaitClass *klass, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

TrioAbort trio_socket_wait_abort    (TrioTask *task, gpointer data);
void      trio_socket_wait_describe (gpointer data, GString *out);

/* A kind of wait; `function` is the public one that the task has called. */
#define TRIO_SOCKET_WAIT_CLASS(function) { function, trio_socket_wait_abort, trio_socket_wait_describe }

void      trio_socket_set_closed_error (GError **error);
/* For what only the real world has. */
void      trio_socket_set_no_descriptors_error (GError **error);

/* Around an operation and its waits. Errors: closed; another task is `doing` it, and is named so in the message. */
gboolean  trio_socket_begin         (TrioSocketHandle *self, TrioIoDirection direction, const char *doing, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
void      trio_socket_end           (TrioSocketHandle *self, TrioIoDirection direction);
