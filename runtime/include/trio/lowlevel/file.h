/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a kind of stream needs to send files in a way of its own: net/send-file.c is written against it. */

#pragma once

#include <trio/file.h>
#include <trio/seam/io.h>

G_BEGIN_DECLS

/**
 * trio_file_send_some:
 * @file: open for reading
 * @offset: from which place, in bytes
 * @size: how many bytes at most
 * @socket: (transfer none): where the caller has the socket of the run's io; NULL there once it was closed, which may be before the call returns
 * @what: the public function, for dumps; static
 * @result: (out): how many went; 0: the file has ended; or a negative errno: %-EAGAIN, the socket takes nothing now; another, and
 *   nothing went: something is wrong with the file or the socket, or such a pair cannot do this (%-EINVAL, %-ENOSYS)
 * @error: where it says why it was not begun
 *
 * Has the world send bytes of a file without taking them into this program's memory: one attempt, which never waits for the peer, but
 * does for the disk. In the real world that is sendfile(2), or splice(2) into a pipe, on a worker thread, since a disk may take its time. It
 * is not given up once it was begun. Checkpoint.
 *
 * Errors: those of <trio/file.h>, but for what the system said.
 *
 * Returns: %TRUE if it was begun: then @result says how it went
 */
TRIO_API gboolean trio_file_send_some (TrioFile *file, gint64 offset, gsize size, TrioSocket *const *socket, const char *what,
                                       gint64 *result, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

G_END_DECLS
