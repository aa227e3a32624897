/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A stream over one connected socket. */

#pragma once

#include <trio/stream.h>

#include "net/socket.h"

/* Takes the handle over. Small messages go out at once: a program that sends bit by bit should put the bits together itself. */
TrioStream *trio_tcp_stream_new (TrioSocketHandle *socket) G_GNUC_WARN_UNUSED_RESULT;
TrioStream *trio_unix_stream_new (TrioSocketHandle *socket) G_GNUC_WARN_UNUSED_RESULT;
