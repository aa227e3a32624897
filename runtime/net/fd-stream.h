/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A stream over what the world has and is no connection. */

#pragma once

#include <trio/fd-stream.h>
#include <trio/seam/io.h>

/* Takes the world's socket, which is good for what `can` says. */
TrioStream *trio_fd_stream_new_over (TrioIo *io, TrioSocket *socket, TrioDescriptorFlags can) G_GNUC_WARN_UNUSED_RESULT;
