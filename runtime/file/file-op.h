/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One verb of the seam as a Checkpoint: look for a cancellation, wait for a token of the limiter, let the world do it, and say in words
 * what went wrong.
 *
 * Only the files of this folder include this. */

#pragma once

#include <trio/capacity-limiter.h>
#include <trio/seam/files.h>

/* FALSE, with an error, if it was not begun; else op->result says how it went. */
gboolean trio_file_op_begin      (TrioFiles *files, TrioFileOp *op, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* Returns what is 0 or more of op->result, or -1 with an error. `doing` is as in "could not write": with the path behind it. */
gint64   trio_file_op_perform    (TrioFiles *files, TrioFileOp *op, const char *doing, const char *path, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* The same in a shield: it is begun, whatever happens, unless there is no thread or a Ctrl-C comes first. */
gint64   trio_file_op_perform_shielded (TrioFiles *files, TrioFileOp *op, const char *doing, const char *path, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* For verbs on a path of the current run. */
gint64   trio_file_op_on_path    (TrioFileOp *op, const char *doing, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* Who opened a file or a watch may use it: the calling task's process, by what that has once. On another host of a simulator, or when that one has crashed
 * and come up again, FALSE: nobody would be told what the tasks that are gone had under way with it. */
gboolean trio_file_check_process (const TrioCapacityLimiter *opener, const char *doing, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void     trio_file_set_error     (GError **error, int errnum, const char *doing, const char *path);

/* (transfer full) for handle. */
TrioFile *trio_file_new          (TrioFiles *files, TrioFileHandle *handle, const char *path, TrioFileFlags flags);
