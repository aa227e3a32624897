/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Files and directories, as functions that let other tasks run while the disk works.
 *
 * What a cancellation means here, for all of them: it is looked for before the disk is asked, and not after. So CANCELLED says
 * "nothing was done", and what was begun is waited for, reported as it went, and the cancellation stays for the next checkpoint. A write is
 * never half done because of a cancellation. The price: a disk that hangs (a network file system whose server is gone) holds the task, and
 * no deadline helps; the operation is on a thread that nothing can interrupt, and giving it up would let it change the file later, or
 * fill memory that is somebody else's by then. (Trio waits likewise.) trio_file_close() always closes, and is not cancelled at all.
 *
 * What was written is safe from a crash of the machine only after trio_file_sync(), and a name (of a new, renamed or removed file) only after
 * trio_directory_sync(). If a sync fails, what was written since the one before may be lost although it can still be read, and a second
 * sync that succeeds means nothing: write it again, to a new file. trio_file_replace() does all that.
 *
 * In the real world worker threads do it. TRIO_FILES=io_uring in the environment has reads, writes and syncs done by Linux' io_uring instead, if
 * the library was built with it and the kernel lets us; else it says so once, and threads do it. What was said above holds there, too.
 *
 * Errors, for all of them: cancellation; %G_IO_ERROR with the system's words, and what was attempted with which file;
 * %TRIO_ERROR_MISUSE outside a task; %G_THREAD_ERROR_AGAIN if there is no thread for it, and then nothing was done. For those of a
 * #TrioFile besides: %TRIO_ERROR_CLOSED_RESOURCE after trio_file_close(); %TRIO_ERROR_BUSY_RESOURCE if another task is just using the file's
 * position; %TRIO_ERROR_MISUSE on another host of a simulator than the one that opened it, or when that one has crashed since. Thread of the run.
 * Source: Trio's `trio.open_file` and `trio.Path`. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioFile TrioFile;

/**
 * TrioFileFlags:
 * @TRIO_FILE_READ: it is for reading
 * @TRIO_FILE_WRITE: it is for writing
 * @TRIO_FILE_CREATE: it is made if there is none of that name
 * @TRIO_FILE_EXCLUSIVE: with CREATE: there must be none; else %G_IO_ERROR_EXISTS
 * @TRIO_FILE_TRUNCATE: what it held is thrown away
 * @TRIO_FILE_APPEND: what is written goes behind its end, wherever that is by then
 */
typedef enum
{
  TRIO_FILE_READ      = 1 << 0,
  TRIO_FILE_WRITE     = 1 << 1,
  TRIO_FILE_CREATE    = 1 << 2,
  TRIO_FILE_EXCLUSIVE = 1 << 3,
  TRIO_FILE_TRUNCATE  = 1 << 4,
  TRIO_FILE_APPEND    = 1 << 5,
} TrioFileFlags;

typedef enum
{
  TRIO_FILE_REGULAR,
  TRIO_FILE_DIRECTORY,
  TRIO_FILE_OTHER,
} TrioFileKind;

/**
 * TrioFileStat:
 * @kind: what it is
 * @mode: who may do what: the nine bits of chmod, and the three above them
 * @size: in bytes
 * @number: tells it from other files of its disk (the inode)
 * @modified: when it was written last, in microseconds; on the clock of the file system, not that of trio_current_time()
 */
typedef struct
{
  TrioFileKind kind;
  guint        mode;
  gint64       size;
  guint64      number;
  gint64       modified;
} TrioFileStat;

typedef enum
{
  TRIO_FILE_FROM_START,
  TRIO_FILE_FROM_POSITION,
  TRIO_FILE_FROM_END,
} TrioFileOrigin;

/**
 * trio_file_open:
 * @path: its name
 * @flags: what for; READ or WRITE at least
 * @error: where it says why not
 *
 * Opens a file, its position at the start. A new one may be read and written by everybody whom the process's umask lets. Checkpoint.
 *
 * Returns: (transfer full): the file, or %NULL
 */
TRIO_API TrioFile *trio_file_open         (const char *path, TrioFileFlags flags, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_open_mode:
 * @path: its name
 * @flags: what for; READ or WRITE at least
 * @mode: who may do what with a new file, such as 0600; less what the process's umask takes away. It does not matter for one that
 *   is there
 * @error: where it says why not
 *
 * trio_file_open() with the mode of a new file. Checkpoint.
 *
 * Errors: as above; %TRIO_ERROR_MISUSE for neither READ nor WRITE, for CREATE, TRUNCATE or APPEND without WRITE, and for EXCLUSIVE
 * without CREATE.
 *
 * Returns: (transfer full): the file, or %NULL
 */
TRIO_API TrioFile *trio_file_open_mode    (const char *path, TrioFileFlags flags, guint mode, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_open_temporary:
 * @directory: (nullable): where; %NULL for the system's place for such files
 * @path: (out) (transfer full): its name
 * @error: where it says why not
 *
 * Makes a new file with a name of its own, for reading and writing, which only this user may. Whoever makes it removes it. Checkpoint.
 *
 * Returns: (transfer full): the file, or %NULL
 */
TRIO_API TrioFile *trio_file_open_temporary (const char *directory, char **path, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_read:
 * @file: open for reading
 * @buffer: where the bytes go
 * @size: how many are wanted
 * @error: where it says why not
 *
 * Reads at the position and moves it by as much. Less than @size bytes come only at the end of the file. Checkpoint.
 *
 * Returns: how many; 0 at the end; -1 on error, and the position is where it was
 */
TRIO_API gssize    trio_file_read         (TrioFile *file, gpointer buffer, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_read_at:
 * @file: open for reading
 * @offset: from which place, in bytes from its start
 * @buffer: where the bytes go
 * @size: how many are wanted
 * @error: where it says why not
 *
 * Reads at a place in the file; its position neither matters nor moves. Several tasks may do so at once. Less than @size bytes
 * come only at the end of the file. Checkpoint.
 *
 * Errors: as above; %G_IO_ERROR_INVALID_ARGUMENT if there is no such place; %TRIO_ERROR_MISUSE if it is not open for reading.
 *
 * Returns: how many; 0 at the end; -1 on error
 */
TRIO_API gssize    trio_file_read_at      (TrioFile *file, gint64 offset, gpointer buffer, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_write:
 * @file: open for writing
 * @data: the bytes
 * @size: how many
 * @error: where it says why not
 *
 * Writes all of @data at the position, or at the end with %TRIO_FILE_APPEND, and moves the position behind it. Checkpoint. A cancellation
 * means that nothing was written. With another error, such as %G_IO_ERROR_NO_SPACE, a part may have been: the first so many bytes, by which the
 * position has moved, and which the message tells.
 *
 * Returns: %TRUE if all was written
 */
TRIO_API gboolean  trio_file_write        (TrioFile *file, gconstpointer data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_write_at:
 * @file: open for writing, without %TRIO_FILE_APPEND
 * @offset: to which place, in bytes from its start
 * @data: the bytes
 * @size: how many
 * @error: where it says why not
 *
 * Writes all of @data at a place in the file; its position neither matters nor moves. Several tasks may do so at once. Checkpoint.
 * Of a failure the same is true as of one of trio_file_write().
 *
 * Errors: as above; %G_IO_ERROR_INVALID_ARGUMENT if there is no such place; %TRIO_ERROR_MISUSE if it is not open for writing, or
 * open with APPEND.
 *
 * Returns: %TRUE if all was written
 */
TRIO_API gboolean  trio_file_write_at     (TrioFile *file, gint64 offset, gconstpointer data, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_seek:
 * @file: a file
 * @offset: how far, in bytes; may be negative
 * @origin: from where
 * @error: where it says why not
 *
 * Moves the position; behind the end is allowed. It is the file's own, and nobody else's. Checkpoint.
 *
 * Errors: %G_IO_ERROR_INVALID_ARGUMENT for a place before the start.
 *
 * Returns: the new position in bytes from the start, or -1
 */
TRIO_API gint64    trio_file_seek         (TrioFile *file, gint64 offset, TrioFileOrigin origin, GError **error) TRIO_CHECKPOINT;

/**
 * trio_file_get_position:
 * @file: a file
 *
 * Where trio_file_read() and trio_file_write() go on. Never suspends.
 *
 * Returns: the position in bytes from the start
 */
TRIO_API gint64    trio_file_get_position (TrioFile *file);

/**
 * trio_file_sync:
 * @file: a file
 * @error: where it says why not
 *
 * All that was written to the file is safe from a crash of the machine. Checkpoint.
 *
 * Errors: as above. If the disk says that it failed, nobody knows what was kept: see there, too.
 *
 * Source: fsync(2); Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020.
 *
 * Returns: %TRUE if it is safe
 */
TRIO_API gboolean  trio_file_sync         (TrioFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_sync_data:
 * @file: a file
 * @error: where it says why not
 *
 * As trio_file_sync(), but that the time when it was written last need not be safe: the bytes and the size are. Checkpoint.
 *
 * Errors: those of trio_file_sync().
 *
 * Source: fdatasync(2).
 *
 * Returns: %TRUE if they are safe
 */
TRIO_API gboolean  trio_file_sync_data    (TrioFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_truncate:
 * @file: open for writing
 * @size: how long, in bytes
 * @error: where it says why not
 *
 * Makes it so long, by cutting it off or with zeros. The position stays where it is, also behind the new end. Checkpoint.
 *
 * Errors: as above; %G_IO_ERROR_INVALID_ARGUMENT if @size is negative; %TRIO_ERROR_MISUSE if it is not open for writing.
 *
 * Returns: %TRUE if it is done
 */
TRIO_API gboolean  trio_file_truncate     (TrioFile *file, gint64 size, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_stat:
 * @file: a file
 * @stat: (out): what is known of it; written only on success
 * @error: where it says why not
 *
 * What is known of an open file, whatever its name is by now. Checkpoint.
 *
 * Errors: as above.
 *
 * Returns: %TRUE if @stat is filled
 */
TRIO_API gboolean  trio_file_stat         (TrioFile *file, TrioFileStat *stat, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_close:
 * @file: a file
 * @error: where it says what went wrong
 *
 * Waits until nobody uses the file any more (new uses are CLOSED_RESOURCE from now on) and closes it, always, also if the task is cancelled
 * and if it fails. Idempotent; of two that close at the same time the second returns at once. Does not free. Checkpoint, which is not
 * cancelled. It does not sync.
 *
 * Errors: what the system found when it came to close (a quota, a network file system); a Ctrl-C.
 *
 * Returns: %TRUE if it went well
 */
TRIO_API gboolean  trio_file_close        (TrioFile *file, GError **error) TRIO_CHECKPOINT;

/**
 * trio_file_free:
 * @file: (transfer full) (nullable): a file that nobody uses any more
 *
 * Closes if it is open, without a Checkpoint and without a word about errors, and frees. It does not sync. Never suspends.
 */
TRIO_API void      trio_file_free         (TrioFile *file);

/**
 * trio_file_get_path:
 * @file: a file
 *
 * The name it was opened by; it may have another one by now. Never suspends.
 *
 * Returns: (transfer none): the name; it belongs to @file
 */
TRIO_API const char *trio_file_get_path   (TrioFile *file);

/**
 * trio_path_stat:
 * @path: a name; a symbolic link is followed
 * @stat: (out): what is known of it; written only on success
 * @error: where it says why not
 *
 * What is known of what has that name. Checkpoint.
 *
 * Errors: as above; %G_IO_ERROR_NOT_FOUND if there is none.
 *
 * Returns: %TRUE if @stat is filled
 */
TRIO_API gboolean  trio_path_stat         (const char *path, TrioFileStat *stat, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_path_rename:
 * @from: the name of a file or directory
 * @to: the name it is to have
 * @error: where it says why not
 *
 * Gives a file or directory another name, in place of what has that name, in one moment: whoever looks finds the one or the other;
 * so does who comes after a crash. Which of them is certain only after trio_directory_sync(). Checkpoint.
 *
 * Errors: as above, such as %G_IO_ERROR_NOT_FOUND.
 *
 * Source: rename(2).
 *
 * Returns: %TRUE if it is done
 */
TRIO_API gboolean  trio_path_rename       (const char *from, const char *to, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_path_remove:
 * @path: the name of a file
 * @error: where it says why not
 *
 * Removes the name of a file; not of a directory. Who has it open keeps it. Checkpoint.
 *
 * Errors: as above; %G_IO_ERROR_NOT_FOUND if there is none.
 *
 * Returns: %TRUE if it is done
 */
TRIO_API gboolean  trio_path_remove       (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_directory_make:
 * @path: its name
 * @error: where it says why not
 *
 * Makes a directory, which everybody may use whom the process's umask lets. What it is to be in must be there. Checkpoint.
 *
 * Errors: as above; %G_IO_ERROR_EXISTS if the name is taken; %G_IO_ERROR_NOT_FOUND if what it is to be in is not there.
 *
 * Returns: %TRUE if it is done
 */
TRIO_API gboolean  trio_directory_make    (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_directory_remove:
 * @path: its name
 * @error: where it says why not
 *
 * Removes a directory that is empty. Checkpoint.
 *
 * Errors: as above; %G_IO_ERROR_NOT_EMPTY if something is in it; %G_IO_ERROR_NOT_FOUND.
 *
 * Returns: %TRUE if it is done
 */
TRIO_API gboolean  trio_directory_remove  (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_directory_make_temporary:
 * @directory: (nullable): where; %NULL for the system's place for such things
 * @error: where it says why not
 *
 * Makes a new directory with a name of its own, which only this user may use. Whoever makes it removes it. Checkpoint.
 *
 * Errors: as above.
 *
 * Returns: (transfer full): its name, or %NULL
 */
TRIO_API char     *trio_directory_make_temporary (const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_directory_list:
 * @path: its name
 * @error: where it says why not
 *
 * The names in a directory, sorted by their bytes, without "." and "..". Checkpoint.
 *
 * Errors: as above; %G_IO_ERROR_NOT_FOUND; %G_IO_ERROR_NOT_DIRECTORY.
 *
 * Returns: (transfer full): the names, with %NULL behind them, or %NULL
 */
TRIO_API GStrv     trio_directory_list    (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_directory_sync:
 * @path: its name
 * @error: where it says why not
 *
 * The names in a directory are safe from a crash of the machine: what was made there, renamed or removed. Checkpoint.
 *
 * Errors: as above.
 *
 * Returns: %TRUE if they are safe
 */
TRIO_API gboolean  trio_directory_sync    (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_load:
 * @path: its name
 * @error: where it says why not
 *
 * Reads a whole file. Checkpoint.
 *
 * Returns: (transfer full): what is in it, or %NULL
 */
TRIO_API GBytes   *trio_file_load         (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_replace:
 * @path: its name
 * @data: what is to be in it
 * @size: how many bytes
 * @error: where it says why not
 *
 * Puts a file in the place of another, or of none, so that at any time, and after a crash at any time, there is either all of the old or all
 * of the new; and after success the new. A temporary file beside it is written, synced and renamed, and the directory synced. Checkpoint, which
 * is cancelled only before the name has changed.
 *
 * Errors: if only the last sync failed, the new file is there, and a crash may bring the old one back; the message says so.
 *
 * Source: Pillai et al., All File Systems Are Not Created Equal, OSDI 2014.
 *
 * Returns: %TRUE if it is done
 */
TRIO_API gboolean  trio_file_replace      (const char *path, gconstpointer data, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_current_default_file_limiter:
 *
 * How many operations of this run the disk is asked for at once: 16, until you set another number. (It is arbitrary: enough to keep a disk busy,
 * and apart from other threads, so that a slow disk does not hold up the look-up of a name.)
 *
 * Returns: (transfer none): the limiter; it belongs to the run
 */
TRIO_API TrioCapacityLimiter *trio_current_default_file_limiter (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioFile, trio_file_free)

G_END_DECLS
