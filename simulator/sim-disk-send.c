/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A file's bytes go into a socket without the program's seeing them: the disk reads, the network sends, each with what it leaves to chance.
 * As of sendfile(2): what the socket does not take is as if it had not been read; and some systems, file systems and sockets cannot do
 * it, so that whoever calls must know another way. */

#include "simulator/sim-disk.h"

#include <errno.h>

#include <trio/checkpoint.h>
#include <trio/lowlevel/task.h>
#include <trio/seam/io.h>

/* What the socket does not take is read again. */
#define BYTES_AT_ONCE 16384

static void
describe_refusal (const TrioChoicePoint *point, guint32 value G_GNUC_UNUSED, GString *out)
{
  g_autofree char *path = trio_task_dup_path (point->task);

  g_string_append_printf (out, "%s found that this system cannot send files by itself", path);
}

static gboolean
is_refused (const TrioFileOp *op)
{
  static const guint32 weights[] = { 3, 1 };
  const TrioChoicePoint point = {
    .label = "disk.sendfile",
    .bound = G_N_ELEMENTS (weights),
    .weights = weights,
    .what = op->what,
    .describe = describe_refusal,
  };

  return trio_choose (&point) != 0;
}

gboolean
trio_sim_disk_send (TrioFiles *files, TrioFileOp *op, GError **error)
{
  TrioIo *io = trio_current_io ();
  gsize size = MIN (op->size, BYTES_AT_ONCE);
  g_autofree guint8 *bytes = g_malloc (size);
  TrioFileOp read = { .verb = TRIO_FILE_VERB_READ, .what = op->what, .handle = op->handle, .offset = op->offset, .buffer = bytes, .size = size };

  if (is_refused (op))
    {
      op->result = -EINVAL;
      return trio_checkpoint (error);
    }
  if (!files->perform (files, &read, error))
    return FALSE;
  op->result = read.result;
  if (read.result > 0)
    op->result = *op->socket != NULL ? io->send (io, *op->socket, bytes, (gsize) read.result) : -EBADF;
  return TRUE;
}
