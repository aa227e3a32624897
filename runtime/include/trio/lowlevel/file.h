/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a kind of stream needs to send files in a way of its own, and what it takes to give an open file away: net/send-file.c and
 * net/socket-pass.c are written against it. */

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

/**
 * trio_file_begin_passing:
 * @file: an open file that no call is using
 * @error: where it says why not
 *
 * Holds it: until trio_file_end_passing() whoever uses it gets %TRIO_ERROR_BUSY_RESOURCE, and it must not be freed. It may be closed. Not
 * a Checkpoint.
 *
 * Errors: %TRIO_ERROR_BUSY_RESOURCE; %TRIO_ERROR_CLOSED_RESOURCE.
 *
 * Returns: %TRUE if it is held
 */
TRIO_API gboolean  trio_file_begin_passing (TrioFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_file_get_handle:
 * @file: a file
 *
 * Not a Checkpoint.
 *
 * Returns: (transfer none) (nullable): what the run's disk knows it by; %NULL if it was closed, or is being closed
 */
TRIO_API struct _TrioFileHandle *trio_file_get_handle (TrioFile *file);

/**
 * trio_file_end_passing:
 * @file: a file that is held
 * @passed: whether somebody else has its handle now: then it is as if closed
 *
 * Never suspends.
 */
TRIO_API void      trio_file_end_passing   (TrioFile *file, gboolean passed);

/**
 * trio_file_new_passed:
 * @handle: (transfer full): of the run's disk
 * @path: (transfer full): what it is called
 * @flags: READ, WRITE, APPEND
 * @position: where it goes on
 *
 * An open file that came from elsewhere. Not a Checkpoint.
 *
 * Returns: (transfer full): the file
 */
TRIO_API TrioFile *trio_file_new_passed    (struct _TrioFileHandle *handle, char *path, TrioFileFlags flags, gint64 position)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
