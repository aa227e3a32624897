/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Each verb is its system call, made on a worker thread. Thread of the worker, but for perform () and drop (). */

#include "host/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <trio/checkpoint.h>
#include <trio/error.h>
#include <trio/lowlevel/mutation.h>
#include <trio/seam/io.h>
#include <trio/thread.h>

#include "host/file-watch.h"
#include "host/sigpipe.h"

struct _TrioFileHandle
{
  int            fd;
  TrioHostWatch *watch;        /* then there is no fd */
};

/* --- what verbs need --- */

static gint64
result_of (gint64 result)
{
  return result < 0 ? -errno : result;
}

static TrioFileHandle *
handle_new (int fd)
{
  TrioFileHandle *handle = g_new0 (TrioFileHandle, 1);

  handle->fd = fd;
  return handle;
}

static void
fill_stat (TrioFileStat *stat, const struct stat *found)
{
  stat->kind = S_ISREG (found->st_mode) ? TRIO_FILE_REGULAR : S_ISDIR (found->st_mode) ? TRIO_FILE_DIRECTORY : TRIO_FILE_OTHER;
  stat->mode = found->st_mode & 07777;
  stat->size = found->st_size;
  stat->number = found->st_ino;
  stat->modified = found->st_mtim.tv_sec * G_TIME_SPAN_SECOND + found->st_mtim.tv_nsec / 1000;
}

/* --- the verbs --- */

static int
open_flags (TrioFileFlags flags)
{
  static const struct
  {
    TrioFileFlags ours;
    int           theirs;
  } pairs[] = {
    { TRIO_FILE_CREATE, O_CREAT },
    { TRIO_FILE_EXCLUSIVE, O_EXCL },
    { TRIO_FILE_TRUNCATE, O_TRUNC },
    { TRIO_FILE_APPEND, O_APPEND },
  };
  int theirs = (flags & TRIO_FILE_WRITE) == 0 ? O_RDONLY : (flags & TRIO_FILE_READ) == 0 ? O_WRONLY : O_RDWR;

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    if ((flags & pairs[i].ours) != 0)
      theirs |= pairs[i].theirs;
  return theirs | O_CLOEXEC;
}

static gint64
do_open (TrioFileOp *op)
{
  int fd = open (op->path, open_flags (op->flags), op->mode);

  if (fd < 0)
    return -errno;
  op->handle = handle_new (fd);
  return 0;
}

/* close(2) has freed the descriptor also when it says EINTR, and must not be called again. */
static gint64
do_close (TrioFileOp *op)
{
  int result = close (op->handle->fd);
  int errnum = errno;

  g_free (op->handle);
  return result < 0 && errnum != EINTR ? -errnum : 0;
}

static gint64
do_read (TrioFileOp *op)
{
  return result_of (pread (op->handle->fd, op->buffer, op->size, op->offset));
}

static gint64
do_write (TrioFileOp *op)
{
  return result_of ((op->flags & TRIO_FILE_APPEND) != 0 ? write (op->handle->fd, op->data, op->size)
                                                        : pwrite (op->handle->fd, op->data, op->size, op->offset));
}

/* The target does not block; where it is a pipe sendfile(2) would do as well, but only since Linux 5.12. */
static gint64
do_send (TrioFileOp *op, int target)
{
  off_t offset = op->offset;
  TrioSigpipe sigpipe;
  struct stat about;
  gssize n;

  trio_sigpipe_hold (&sigpipe);
  if (fstat (target, &about) == 0 && S_ISFIFO (about.st_mode))
    n = splice (op->handle->fd, &offset, target, NULL, op->size, SPLICE_F_NONBLOCK);
  else
    n = sendfile (target, op->handle->fd, &offset, op->size);
  /* A connection that breaks half-way is a signal and a short count. */
  trio_sigpipe_release (&sigpipe, n < (gssize) op->size);
  return result_of (n);
}

static gint64
do_stat (TrioFileOp *op, int result, const struct stat *found)
{
  if (result == 0)
    fill_stat (op->stat, found);
  return result_of (result);
}

/* Until there is a name that nobody has. It returns what `make` does: 0 or more, or less and errno. */
static int
make_temporary (TrioFileOp *op, const char *prefix, int (*make) (const char *path, guint mode))
{
  int result;

  do
    {
      g_autofree char *name = g_strdup_printf ("%s%08x", prefix, g_random_int ());

      g_free (op->made_path);
      op->made_path = g_build_filename (op->path != NULL ? op->path : g_get_tmp_dir (), name, NULL);
      result = make (op->made_path, op->mode);
    }
  while (result < 0 && errno == EEXIST);
  if (result < 0)
    {
      int errnum = errno;

      g_clear_pointer (&op->made_path, g_free);
      errno = errnum;
    }
  return result;
}

static int
make_file (const char *path, guint mode)
{
  return open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}

static int
make_directory (const char *path, guint mode)
{
  return mkdir (path, mode);
}

static gint64
do_open_temporary (TrioFileOp *op)
{
  int fd = make_temporary (op, op->new_path, make_file);

  if (fd < 0)
    return -errno;
  op->handle = handle_new (fd);
  return 0;
}

static gint64
do_list (TrioFileOp *op)
{
  DIR *directory = opendir (op->path);
  struct dirent *entry;
  int errnum;

  if (directory == NULL)
    return -errno;
  g_ptr_array_set_size (op->names, 0);
  while (errno = 0, (entry = readdir (directory)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      g_ptr_array_add (op->names, g_strdup (entry->d_name));
  errnum = errno;
  closedir (directory);
  return -errnum;
}

static gint64
do_sync_directory (TrioFileOp *op)
{
  int fd = open (op->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gint64 result;

  if (fd < 0)
    return -errno;
  result = result_of (fsync (fd));
  close (fd);
  return result;
}

static gint64
do_watch (TrioFileOp *op)
{
  TrioHostWatch *watch;
  int result = trio_host_watch_begin (op->path, &watch);

  if (result < 0)
    return result;
  op->handle = handle_new (-1);
  op->handle->watch = watch;
  return 0;
}

static gint64
do_verb (TrioFileOp *op, int target)
{
  struct stat found;

  switch (op->verb)
    {
    case TRIO_FILE_VERB_OPEN:
      return do_open (op);
    case TRIO_FILE_VERB_CLOSE:
      return do_close (op);
    case TRIO_FILE_VERB_READ:
      return do_read (op);
    case TRIO_FILE_VERB_WRITE:
      return do_write (op);
    case TRIO_FILE_VERB_SYNC:
      return result_of (fsync (op->handle->fd));
    case TRIO_FILE_VERB_SYNC_DATA:
      return result_of (fdatasync (op->handle->fd));
    case TRIO_FILE_VERB_TRUNCATE:
      return result_of (ftruncate (op->handle->fd, op->offset));
    case TRIO_FILE_VERB_STAT:
      return do_stat (op, fstat (op->handle->fd, &found), &found);
    case TRIO_FILE_VERB_STAT_PATH:
      return do_stat (op, stat (op->path, &found), &found);
    case TRIO_FILE_VERB_RENAME:
      return result_of (rename (op->path, op->new_path));
    case TRIO_FILE_VERB_REMOVE:
      return result_of (unlink (op->path));
    case TRIO_FILE_VERB_OPEN_TEMPORARY:
      return do_open_temporary (op);
    case TRIO_FILE_VERB_MAKE_DIRECTORY:
      return result_of (mkdir (op->path, op->mode));
    case TRIO_FILE_VERB_MAKE_TEMPORARY_DIRECTORY:
      op->mode = 0700;
      return result_of (make_temporary (op, "trio-", make_directory));
    case TRIO_FILE_VERB_REMOVE_DIRECTORY:
      return result_of (rmdir (op->path));
    case TRIO_FILE_VERB_LIST:
      return do_list (op);
    case TRIO_FILE_VERB_SYNC_DIRECTORY:
      return do_sync_directory (op);
    case TRIO_FILE_VERB_WATCH:
      return do_watch (op);
    case TRIO_FILE_VERB_SEND:
      return do_send (op, target);
    case TRIO_FILE_N_VERBS:
      break;
    }
  g_assert_not_reached ();
}

/* fsync(2) may say EINTR on some file systems, and a second one would then hide a failure of the first: it is told as it came. */
static gboolean
is_repeatable (TrioFileVerb verb)
{
  return verb != TRIO_FILE_VERB_CLOSE && verb != TRIO_FILE_VERB_SYNC && verb != TRIO_FILE_VERB_SYNC_DATA
         && verb != TRIO_FILE_VERB_SYNC_DIRECTORY;
}

typedef struct
{
  TrioFileOp *op;
  int         target;          /* of SEND: a descriptor of our own, since the socket may be closed meanwhile; else -1 */
  TrioSocket *held;            /* that descriptor, as the io has it; or NULL */
} Work;

static gboolean
work (gpointer data, GError **error G_GNUC_UNUSED)
{
  Work *self = data;
  TrioFileOp *op = self->op;

  do
    op->result = do_verb (op, self->target);
  while (op->result == -EINTR && is_repeatable (op->verb));
  return TRUE;
}

/* --- the table --- */

static gboolean
take_any (TrioThreadLimit *limit G_GNUC_UNUSED, gconstpointer borrower G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
  return TRUE;
}

/* The limiter of files has been asked already. */
static TrioThreadLimit no_limit = { .acquire = take_any, .release = take_any };

/* The io has it, too, so that it goes on not to block: if the socket is closed meanwhile and would block again, as it was found, then it
 * does so when this is closed, and not under the thread. */
static int
find_target (Work *work)
{
  TrioSocket *socket = *work->op->socket;
  TrioIo *io = trio_current_io ();
  int fd = socket != NULL ? io->get_descriptor (io, socket) : -EBADF;
  TrioDescriptorFlags can;
  int result;

  if (fd < 0)
    return fd;
  fd = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    return -errno;
  result = io->adopt (io, fd, &work->held, &can);
  if (result < 0)
    close (fd);
  else
    work->target = fd;
  return result;
}

static void
let_target_go (Work *work)
{
  TrioIo *io = trio_current_io ();

  if (work->held != NULL)
    io->close (io, work->held);
}

static gboolean
perform (TrioFiles *files G_GNUC_UNUSED, TrioFileOp *op, GError **error)
{
  const TrioToThreadOptions options = { .limit = &no_limit, .name = op->what, .abandon_on_cancel = TRIO_MUTATION (cancelled_file_not_waited_for) };
  Work it = { op, -1, NULL };
  gboolean done;

  if (op->verb == TRIO_FILE_VERB_SEND && (op->result = find_target (&it)) < 0)
    return trio_checkpoint (error);
  done = trio_to_thread_run_sync_full (work, &it, &options, error);
  let_target_go (&it);
  if (!done)
    return FALSE;
  if (op->verb == TRIO_FILE_VERB_WATCH && op->result >= 0)
    trio_host_watch_attach (op->handle->watch, op->listener);
  return TRUE;
}

static gboolean
take (TrioFiles *files G_GNUC_UNUSED, TrioFileHandle *handle, TrioFileEvent *event)
{
  return trio_host_watch_take (handle->watch, event);
}

/* It may block for a moment, as on a network file system; who minds that says trio_file_close (). */
static void
drop (TrioFiles *files G_GNUC_UNUSED, TrioFileHandle *handle)
{
  if (handle->watch != NULL)
    trio_host_watch_free (handle->watch);
  else
    close (handle->fd);
  g_free (handle);
}

int
trio_host_file_get_fd (TrioFileHandle *handle)
{
  return handle->fd;
}

TrioFileHandle *
trio_host_file_adopt (int fd)
{
  return handle_new (fd);
}

TrioFiles *
trio_host_files_get (void)
{
  static TrioFiles files = { .name = "threads", .perform = perform, .take = take, .drop = drop };

  return &files;
}
