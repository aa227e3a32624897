/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Streams over descriptors: pipes, and what a program has been given, such as a terminal. Ordinary streams (<trio/stream.h>), that go the
 * ways that their descriptor goes: the ends of a pipe go one way only.
 *
 * Pipes are there in every world; descriptors of the program only in the real one. On the thread of the run. */

#pragma once

#include <trio/stream.h>

G_BEGIN_DECLS

/**
 * trio_open_pipe:
 * @send: (out) (transfer full): its stream only sends
 * @receive: (out) (transfer full): its stream only receives
 * @error: where it says why not
 *
 * Makes a pipe. Closing @send is the end of the stream for @receive; when @receive is closed, sending is BROKEN_RESOURCE. No SIGPIPE is
 * seen. Never suspends.
 *
 * Errors: %G_IO_ERROR, such as %G_IO_ERROR_TOO_MANY_OPEN_FILES.
 *
 * Returns: %TRUE if there is one
 */
TRIO_API gboolean    trio_open_pipe    (TrioStream **send, TrioStream **receive, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_fd_stream_new:
 * @fd: a descriptor: a pipe, a terminal, a connected socket; the stream owns it, if the call succeeds, and closes it
 * @error: where it says why not
 *
 * Makes a stream over a descriptor, which goes the ways that the descriptor was opened for. It no longer blocks, which everybody sees who
 * shares the open file; closing the stream makes it block again, if it did, and if no other stream or socket of this run has the same open
 * file: then the last of them does (standard input and output are one, if they are a terminal). Never suspends.
 *
 * Errors: %G_IO_ERROR: %G_IO_ERROR_INVALID_ARGUMENT if no descriptor has this number, %G_IO_ERROR_NOT_SUPPORTED if one cannot wait for it
 * (a file), or if this world has no descriptors (the simulator).
 *
 * Source: Trio's `trio.lowlevel.FdStream`.
 *
 * Returns: (transfer full): a stream, or %NULL
 */
TRIO_API TrioStream *trio_fd_stream_new (int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
