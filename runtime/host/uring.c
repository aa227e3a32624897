/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Submissions and completions; see uring.h.
 *
 *     task                         kernel                       context              run's loop
 *     submit ------------------->  done at once: the task goes on without a wait
 *     submit, wait ------------->  done: the ring is readable -> reap: mark it ----> tell: wake the task */

#include "host/uring.h"

#include <errno.h>
#include <glib-unix.h>
#include <liburing.h>

#include <trio/checkpoint.h>
#include <trio/lowlevel/task.h>
#include <trio/lowlevel/token.h>
#include <trio/seam/world.h>

#include "host/files.h"

/* More than the limiter lets through, unless somebody raised it; then the rest goes to threads. */
#define ENTRIES 64

struct _TrioUring
{
  TrioFiles       files;
  struct io_uring ring;
  gatomicrefcount refs;          /* its owner's, and that of each call to tell () under way */
  GSource        *source;        /* NULL: nobody has asked for anything yet */
  TrioToken      *token;
  guint           n_under_way;
  GQueue          done;          /* of Submission that wait to be told */
};

/* In the frame of the task that waits. */
typedef struct
{
  TrioUring  *uring;
  TrioFileOp *op;
  TrioTask   *task;              /* NULL: it does not wait yet */
  gboolean    is_done;
  GList       link;
} Submission;

/* --- completions --- */

static void
take_completion (TrioUring *self, struct io_uring_cqe *cqe)
{
  Submission *submission = io_uring_cqe_get_data (cqe);

  if (submission == NULL)
    return;
  submission->op->result = cqe->res;
  submission->is_done = TRUE;
  self->n_under_way--;
  if (submission->task != NULL)
    g_queue_push_tail_link (&self->done, &submission->link);
}

static void
reap (TrioUring *self)
{
  struct io_uring_cqe *cqe;

  while (io_uring_peek_cqe (&self->ring, &cqe) == 0)
    {
      take_completion (self, cqe);
      io_uring_cqe_seen (&self->ring, cqe);
    }
}

static void
unref (gpointer data)
{
  TrioUring *self = data;

  if (g_atomic_ref_count_dec (&self->refs))
    g_free (self);
}

/* In the run's loop, or in a task. */
static void
tell (gpointer data)
{
  TrioUring *self = data;
  GList *link;

  while ((link = g_queue_pop_head_link (&self->done)) != NULL)
    trio_reschedule (((Submission *) link->data)->task, NULL);
}

static gboolean
ring_is_readable (int fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer data)
{
  TrioUring *self = data;

  reap (self);
  if (!g_queue_is_empty (&self->done))
    {
      g_atomic_ref_count_inc (&self->refs);
      trio_token_run_sync_soon (self->token, tell, self, unref);
    }
  return G_SOURCE_CONTINUE;
}

/* --- submissions --- */

static void
prepare (struct io_uring_sqe *sqe, const TrioFileOp *op)
{
  int fd = trio_host_file_get_fd (op->handle);
  unsigned size = (unsigned) MIN (op->size, 1u << 30);       /* it may come back short, and then there is more to ask for */
  gboolean appends = (op->flags & TRIO_FILE_APPEND) != 0;

  if (op->verb == TRIO_FILE_VERB_READ)
    io_uring_prep_read (sqe, fd, op->buffer, size, (guint64) op->offset);
  else if (op->verb == TRIO_FILE_VERB_WRITE)
    io_uring_prep_write (sqe, fd, op->data, size, appends ? (guint64) -1 : (guint64) op->offset);
  else
    io_uring_prep_fsync (sqe, fd, op->verb == TRIO_FILE_VERB_SYNC_DATA ? IORING_FSYNC_DATASYNC : 0);
}

/* FALSE: the ring is full, or the kernel short of something. */
static gboolean
submit (TrioUring *self, Submission *submission)
{
  struct io_uring_sqe *sqe = io_uring_get_sqe (&self->ring);

  if (sqe == NULL)
    return FALSE;
  prepare (sqe, submission->op);
  io_uring_sqe_set_data (sqe, submission);
  if (io_uring_submit (&self->ring) >= 1)
    {
      self->n_under_way++;
      return TRUE;
    }
  /* It lies in the ring and would be sent with the next one. */
  io_uring_prep_nop (sqe);
  io_uring_sqe_set_data (sqe, NULL);
  return FALSE;
}

static void
attach (TrioUring *self)
{
  if (self->source != NULL)
    return;
  self->token = trio_current_token ();
  self->source = g_unix_fd_source_new (self->ring.ring_fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (ring_is_readable), self, NULL);
  g_source_set_can_recurse (self->source, TRUE);
  /* Tasks run in a dispatch of the run's source. */
  g_source_attach (self->source, g_source_get_context (g_main_current_source ()));
}

static TrioAbort
abort_wait (TrioTask *task G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
  return TRIO_ABORT_FAILED;
}

static gboolean
wait_for (Submission *submission, GError **error)
{
  const TrioWaitClass wait = { .what = submission->op->what, .abort = abort_wait };
  TrioLoop *loop = trio_loop_get_current ();
  gboolean ok;

  submission->task = trio_current_task ();
  submission->link.data = submission;
  trio_loop_hold (loop);
  ok = trio_wait (&wait, submission, error);
  trio_loop_release (loop);
  return ok;
}

static gboolean
is_for_ring (TrioFileVerb verb)
{
  return verb == TRIO_FILE_VERB_READ || verb == TRIO_FILE_VERB_WRITE || verb == TRIO_FILE_VERB_SYNC || verb == TRIO_FILE_VERB_SYNC_DATA;
}

static gboolean
perform (TrioFiles *files, TrioFileOp *op, GError **error)
{
  TrioUring *self = (TrioUring *) files;
  TrioFiles *threads = trio_host_files_get ();
  Submission submission = { .uring = self, .op = op };

  if (!is_for_ring (op->verb))
    return threads->perform (threads, op, error);
  if (!trio_checkpoint_if_cancelled_in (op->what, error))
    return FALSE;
  attach (self);
  if (!submit (self, &submission))
    return threads->perform (threads, op, error);
  reap (self);
  tell (self);
  if (submission.is_done)
    trio_cancel_shielded_checkpoint ();
  else if (!wait_for (&submission, error))
    return FALSE;
  /* The kernel was interrupted, or has no non-blocking way: a thread does it. */
  return op->result == -EINTR || op->result == -EAGAIN ? threads->perform (threads, op, error) : TRUE;
}

static gboolean
take (TrioFiles *files G_GNUC_UNUSED, TrioFileHandle *handle, TrioFileEvent *event)
{
  TrioFiles *threads = trio_host_files_get ();

  return threads->take (threads, handle, event);
}

static void
drop (TrioFiles *files G_GNUC_UNUSED, TrioFileHandle *handle)
{
  TrioFiles *threads = trio_host_files_get ();

  threads->drop (threads, handle);
}

/* --- life --- */

TrioUring *
trio_uring_new (void)
{
  static gint said;
  TrioUring *self;
  int result;

  if (g_strcmp0 (g_getenv ("TRIO_FILES"), "io_uring") != 0)
    return NULL;
  self = g_new0 (TrioUring, 1);
  self->files = (TrioFiles) { .name = "io_uring", .perform = perform, .take = take, .drop = drop };
  g_atomic_ref_count_init (&self->refs);
  g_queue_init (&self->done);
  result = io_uring_queue_init (ENTRIES, &self->ring, IORING_SETUP_CLAMP);
  if (result == 0)
    return self;
  if (g_atomic_int_compare_and_exchange (&said, 0, 1))
    g_message ("TRIO_FILES=io_uring: the kernel does not let us (%s); worker threads do it", g_strerror (-result));
  g_free (self);
  return NULL;
}

TrioFiles *
trio_uring_get_files (TrioUring *self)
{
  return &self->files;
}

void
trio_uring_drain (TrioUring *self)
{
  struct io_uring_cqe *cqe;

  while (self->n_under_way > 0)
    {
      int result = io_uring_wait_cqe (&self->ring, &cqe);

      if (result == -EINTR)
        continue;
      g_assert (result == 0);
      take_completion (self, cqe);
      io_uring_cqe_seen (&self->ring, cqe);
    }
  /* Those who waited are gone with their stacks, soon. */
  while (g_queue_pop_head_link (&self->done) != NULL)
    ;
}

void
trio_uring_free (TrioUring *self)
{
  g_assert (self->n_under_way == 0);
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_source_unref (self->source);
      trio_token_unref (self->token);
    }
  io_uring_queue_exit (&self->ring);
  unref (self);
}
