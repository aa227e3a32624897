/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What travels beside the bytes of a message: descriptors, for epoll-messages.c. */

#pragma once

#include <sys/socket.h>

#include "host/epoll-private.h"

/* Room for the descriptors of one message. */
typedef union
{
  struct cmsghdr header;
  char           bytes[CMSG_SPACE (sizeof (int) * TRIO_SOCKET_PASSED_MAX)];
} TrioControl;

/* Into a message that is about to be sent. */
void trio_epoll_enclose (TrioIo *io, struct msghdr *header, TrioControl *control, const TrioSocketMessage *message);
/* After an attempt to send it: what has gone is closed here, what has not is as before. errno stays as it is. */
void trio_epoll_let_go  (TrioIo *io, const TrioSocketMessage *message, gboolean sent);
/* Out of one that came: each is ours from now on, or closed. */
void trio_epoll_unpack  (TrioIo *io, struct msghdr *header, TrioSocketMessage *message);
