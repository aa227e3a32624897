/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The seam "files": a disk, at the height of the file verb. Not at system calls that return at once, since those of files do not; not at
 * whole files, or short counts, failed syncs and torn writes would go untested.
 *
 *     file/                                       world
 *     fills a TrioFileOp ---- perform (op) ---->  the real one: a worker thread blocks in the system call
 *     waits                                       the simulator: it happens at a time that the tape says, or fails
 *     reads op->result   <---- returns -------
 *
 * A verb that has begun is not given up, whatever happens to the task: its buffers lie where the caller has them. */

#pragma once

#include <trio/file-watch.h>
#include <trio/file.h>

G_BEGIN_DECLS

typedef struct _TrioFiles      TrioFiles;
typedef struct _TrioFileHandle TrioFileHandle;     /* an open file; each world has its own */
typedef struct _TrioFileOp     TrioFileOp;
typedef struct _TrioFileListener TrioFileListener;

/* Each with what it takes and gives. */
typedef enum
{
  TRIO_FILE_VERB_OPEN,               /* path, flags, mode -> handle */
  TRIO_FILE_VERB_CLOSE,              /* handle; which is gone afterwards, also if it fails */
  TRIO_FILE_VERB_READ,               /* handle, offset, buffer, size -> result: how many; 0 is the end of the file */
  TRIO_FILE_VERB_WRITE,              /* handle, offset (of no meaning with APPEND), data, size -> result: how many, at least 1 */
  TRIO_FILE_VERB_SYNC,               /* handle */
  TRIO_FILE_VERB_SYNC_DATA,          /* handle */
  TRIO_FILE_VERB_TRUNCATE,           /* handle, offset: the size */
  TRIO_FILE_VERB_STAT,               /* handle -> stat */
  TRIO_FILE_VERB_STAT_PATH,          /* path -> stat */
  TRIO_FILE_VERB_RENAME,             /* path, new_path */
  TRIO_FILE_VERB_REMOVE,             /* path */
  TRIO_FILE_VERB_OPEN_TEMPORARY,     /* path: a directory or NULL, new_path: how its name begins, mode -> handle, made_path */
  TRIO_FILE_VERB_MAKE_DIRECTORY,     /* path, mode */
  TRIO_FILE_VERB_MAKE_TEMPORARY_DIRECTORY,   /* path: a directory or NULL -> made_path */
  TRIO_FILE_VERB_REMOVE_DIRECTORY,   /* path */
  TRIO_FILE_VERB_LIST,               /* path -> names, in any order */
  TRIO_FILE_VERB_SYNC_DIRECTORY,     /* path */
  TRIO_FILE_VERB_WATCH,              /* path, listener -> handle; for take () and drop () only */
  TRIO_FILE_VERB_SEND,               /* handle, offset, size, socket -> result: how many went, as send () of the io table would; 0 is the end of the
                                      * file; -EAGAIN: the socket takes nothing now. What else went wrong is the file's, the socket's, or that
                                      * this cannot be done here: who copies will learn which */
  TRIO_FILE_N_VERBS,
} TrioFileVerb;

/* Embed it as the first member of your own; it outlives the handle of its watch. */
struct _TrioFileListener
{
  void (*tell) (TrioFileListener *self);     /* from the run's loop or a task: there may be something to take */
};

struct _TrioFileOp
{
  TrioFileVerb    verb;
  const char     *what;          /* static: the public function, for dumps: "trio_file_write" */
  const char     *path;
  const char     *new_path;
  TrioFileHandle *handle;
  TrioFileFlags   flags;
  guint           mode;
  gint64          offset;
  gpointer        buffer;
  gconstpointer   data;
  gsize           size;
  TrioFileListener *listener;
  struct _TrioSocket *const *socket;   /* of the run's io; NULL there once it is closed, which may be while the disk works */

  TrioFileStat   *stat;
  GPtrArray      *names;         /* of char *, freed by the array */
  char           *made_path;     /* (transfer full) */
  gint64          result;        /* 0 or more; or a negative errno, as the system call would set it */
};

/* Embed it as the first member of your own. */
struct _TrioFiles
{
  const char *name;          /* "threads", "simulated" */

  /* Does the verb in the calling task's name. Checkpoint. TRUE when it was done, well or not: op->result says. FALSE, with an error, if it was
   * not begun: a cancellation, no thread. */
  gboolean (*perform) (TrioFiles *self, TrioFileOp *op, GError **error);

  /* Of a watch: the first event that waits, if there is one. Never suspends. */
  gboolean (*take)    (TrioFiles *self, TrioFileHandle *handle, TrioFileEvent *event);

  /* Closes at once, and never suspends. Any time between turns or in a task, also when the run is going down. */
  void     (*drop)    (TrioFiles *self, TrioFileHandle *handle);
};

/**
 * trio_current_files:
 *
 * The disk of the run whose turn it is on this thread. Never suspends.
 *
 * Returns: (transfer none) (nullable): the disk; %NULL outside a run, and if its world has none
 */
TRIO_API TrioFiles *trio_current_files (void);

G_END_DECLS
