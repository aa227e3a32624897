/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Watching files and directories: what others do to them, told as it happens.
 *
 *     g_autoptr (TrioFileWatch) watch = trio_file_watch_open ("/etc/my-server", error);
 *
 *     load everything;                                             now, and not before: what happens meanwhile is told
 *     while (trio_file_watch_next (watch, &event, error))
 *       load what has changed, or, after LOST, everything;
 *
 * An event says that it is worth looking, and no more: when it is told the file may have changed again. Several writes may be told as one.
 * In the real world it is Linux' inotify, with its limits: nothing is told of what other machines do on a network file system, nor of what is
 * deeper than one directory; and when too many events wait, the rest is thrown away, which is told as LOST. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct _TrioFileWatch TrioFileWatch;

/**
 * TrioFileEventKind:
 * @TRIO_FILE_APPEARED: a name is there in the watched directory: made, or moved here, perhaps in place of another
 * @TRIO_FILE_VANISHED: a name is gone from there: removed, or moved away
 * @TRIO_FILE_CHANGED: what is in a file was written, or cut off
 * @TRIO_FILE_GONE: the watched file or directory itself was removed or moved, or its disk is gone: do not count on more events
 * @TRIO_FILE_LOST: events were lost: anything may have happened
 */
typedef enum
{
  TRIO_FILE_APPEARED,
  TRIO_FILE_VANISHED,
  TRIO_FILE_CHANGED,
  TRIO_FILE_GONE,
  TRIO_FILE_LOST,
} TrioFileEventKind;

/**
 * TrioFileEvent:
 * @kind: what has happened
 * @name: (nullable): to what in the watched directory; %NULL if it is about the watched file or directory itself
 *
 * Free what is in it with trio_file_event_clear().
 */
typedef struct
{
  TrioFileEventKind kind;
  char             *name;
} TrioFileEvent;

/**
 * trio_file_event_clear:
 * @event: an event
 *
 * Frees what is in it, not @event itself. Never suspends. Idempotent.
 */
TRIO_API void           trio_file_event_clear (TrioFileEvent *event);

/**
 * trio_file_watch_open:
 * @path: a directory, or one file
 * @error: where it says why not
 *
 * Begins to watch: all that happens after this has returned is told. Checkpoint; a cancellation leaves nothing behind.
 *
 * Errors: those of <trio/file.h>; %G_IO_ERROR_NO_SPACE or %G_IO_ERROR_TOO_MANY_OPEN_FILES if the system's number of watches is reached.
 *
 * Returns: (transfer full): the watch, or %NULL
 */
TRIO_API TrioFileWatch *trio_file_watch_open  (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_watch_next:
 * @watch: a watch
 * @event: (out): what has happened
 * @error: where it says why not
 *
 * Waits for the next event. Checkpoint. A cancellation loses none. Several tasks may wait; each event goes to one of them.
 *
 * Errors: cancellation.
 *
 * Returns: %TRUE if there was one
 */
TRIO_API gboolean       trio_file_watch_next  (TrioFileWatch *watch, TrioFileEvent *event, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_file_watch_free:
 * @watch: (transfer full) (nullable): a watch for which nobody waits any more
 *
 * Ends it, and frees. Events that were not taken are lost. Never suspends.
 */
TRIO_API void           trio_file_watch_free  (TrioFileWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioFileWatch, trio_file_watch_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TrioFileEvent, trio_file_event_clear)

G_END_DECLS
