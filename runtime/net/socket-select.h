/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What makes a socket, or a group of them, something that a select can wait for: one line for each thing and direction. Source of the
 * rules: <trio/lowlevel/select.h>. */

#pragma once

#include <trio/lowlevel/select.h>

#include "net/socket-wait.h"

typedef struct _TrioSocketLine TrioSocketLine;

struct _TrioSocketLine
{
  TrioSocketWait    wait;          /* attached while a select waits: then its cell is not NULL */
  GQueue            line;          /* of that cell, or empty */
  guint64           chosen_at;
  TrioSocketHandle *alone;         /* where a line of one socket has it */
};

/* The handles stay where they are as long as the line. */
void     trio_socket_line_init     (TrioSocketLine *self, TrioSocketHandle *const *handles, guint n_handles, TrioIoDirection direction);
gboolean trio_socket_line_is_ready (TrioSocketLine *self);
gboolean trio_socket_line_arm      (TrioSocketLine *self);
void     trio_socket_line_join     (TrioSocketLine *self, TrioWaiter *cell);
void     trio_socket_line_leave    (TrioSocketLine *self);
