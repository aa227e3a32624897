/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* One verb as a Checkpoint; see file-op.h. */

#include "file/file-op.h"

#include <errno.h>
#include <gio/gio.h>

#include <trio/cancel-scope.h>
#include <trio/capacity-limiter.h>
#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/mutation.h>
#include <trio/lowlevel/run-local.h>
#include <trio/lowlevel/task.h>

#define TRIO_FILES_DEFAULT 16

static char limiter_key;

static void
limiter_free (gpointer data)
{
  TrioCapacityLimiterStatistics statistics;

  /* Whoever waits was abandoned with its stack, and so is the lot in which it stands. */
  trio_capacity_limiter_get_statistics (data, &statistics);
  if (statistics.tasks_waiting == 0)
    trio_capacity_limiter_free (data);
}

TrioCapacityLimiter *
trio_current_default_file_limiter (void)
{
  TrioCapacityLimiter *limiter = trio_process_local_get (&limiter_key);

  if (limiter == NULL)
    {
      limiter = trio_capacity_limiter_new (TRIO_FILES_DEFAULT);
      trio_process_local_set (&limiter_key, limiter, limiter_free);
    }
  return limiter;
}

gboolean
trio_file_check_process (const TrioCapacityLimiter *opener, const char *doing, const char *path, GError **error)
{
  if (opener == trio_current_default_file_limiter ())
    return TRUE;
  g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, "could not %s %s: it was opened on another host, or before this one crashed; open it again here",
               doing, path);
  return FALSE;
}

void
trio_file_set_error (GError **error, int errnum, const char *doing, const char *path)
{
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errnum), "could not %s %s: %s", doing, path, g_strerror (errnum));
}

static gint64
judge (const TrioFileOp *op, const char *doing, const char *path, GError **error)
{
  if (op->result >= 0)
    return op->result;
  if (op->verb == TRIO_FILE_VERB_RENAME)
    {
      g_autofree char *both = g_strdup_printf ("%s to %s", path, op->new_path);

      trio_file_set_error (error, (int) -op->result, doing, both);
    }
  else
    trio_file_set_error (error, (int) -op->result, doing, path);
  return -1;
}

gboolean
trio_file_op_begin (TrioFiles *files, TrioFileOp *op, GError **error)
{
  TrioCapacityLimiter *limiter;
  gboolean done;

  if (!trio_checkpoint_if_cancelled_in (op->what, error))
    return FALSE;
  limiter = trio_current_default_file_limiter ();
  if (!trio_capacity_limiter_acquire_on_behalf_of_nowait (limiter, op, NULL)
      && !trio_capacity_limiter_acquire_on_behalf_of (limiter, op, error))
    return FALSE;
  done = files->perform (files, op, error);
  if (!TRIO_MUTATION (file_keeps_its_token))
    trio_capacity_limiter_release_on_behalf_of (limiter, op);
  return done;
}

gint64
trio_file_op_perform (TrioFiles *files, TrioFileOp *op, const char *doing, const char *path, GError **error)
{
  return trio_file_op_begin (files, op, error) ? judge (op, doing, path, error) : -1;
}

/* The shield itself can be cancelled by nobody, but in a simulator: then it takes the cancellation in, and nothing was begun. FALSE. */
TRIO_CHECKPOINT static gboolean
perform_in_shield (TrioFiles *files, TrioFileOp *op, const char *doing, const char *path, gint64 *result, GError **error)
{
  g_autoptr (TrioCancelScope) shield = trio_cancel_scope_open (error);
  gint64 done;

  trio_cancel_scope_set_shield (shield, TRUE);
  done = trio_file_op_perform (files, op, doing, path, error);
  *result = trio_cancel_scope_close (shield, done >= 0) ? done : -1;
  return done >= 0 || !trio_cancel_scope_cancelled_caught (shield);
}

gint64
trio_file_op_perform_shielded (TrioFiles *files, TrioFileOp *op, const char *doing, const char *path, GError **error)
{
  gint64 result;

  while (!perform_in_shield (files, op, doing, path, &result, error))
    ;
  return result;
}

gint64
trio_file_op_on_path (TrioFileOp *op, const char *doing, GError **error)
{
  TrioFiles *files = trio_current_files ();

  if (trio_current_task () == NULL || files == NULL)
    {
      g_set_error (error, TRIO_ERROR, TRIO_ERROR_MISUSE, trio_current_task () == NULL ? "%s was called outside a task"
                                                                                       : "%s: this run's world has no disk", op->what);
      return -1;
    }
  return trio_file_op_perform (files, op, doing, op->path != NULL ? op->path : "the place for temporary files", error);
}
