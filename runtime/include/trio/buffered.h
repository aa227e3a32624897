/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Reading records from a stream: lines, a number of bytes, what comes before a delimiter. A stream gives bytes in pieces of any size; the
 * reader puts them together, and keeps what it received beyond a record for the next call.
 *
 * Always true: a call takes a whole record or nothing. If it fails (a cancellation, the end in the middle, too long a line) all bytes are
 * still there for the next call, of this kind or another.
 *
 *   g_autoptr (TrioBufferedReader) reader = trio_buffered_reader_new (stream);
 *   g_autofree char *line = NULL;
 *
 *   if (!trio_buffered_reader_read_line (reader, 8000, &line, NULL, error))
 *     return FALSE;
 *   if (line == NULL)
 *     …                                        // the end of the stream
 *
 * One task at a time reads. Whoever reads from the stream itself misses what the reader holds. On the thread of the run.
 *
 * Errors that all reading functions have: cancellation; those of trio_stream_receive_some(); %TRIO_ERROR_BUSY_RESOURCE if another task is
 * reading; %G_IO_ERROR_PARTIAL_INPUT if the stream ends in the middle of a record, with the beginning of what is there in the message;
 * %G_IO_ERROR_MESSAGE_TOO_LARGE if a record is longer than its limit. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

/**
 * trio_buffered_reader_new:
 * @stream: (transfer none): a stream that receives; it must live as long as the reader
 *
 * Source: the readers of Python's asyncio (`StreamReader`) and AnyIO (`BufferedByteReceiveStream`).
 *
 * Returns: (transfer full): a reader that holds nothing yet
 */
TRIO_API TrioBufferedReader *trio_buffered_reader_new  (TrioStream *stream) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_buffered_reader_free:
 * @reader: (transfer full) (nullable): a reader with which nobody is reading; else it is a g_error()
 *
 * Frees it. Does not close the stream; what the reader holds is lost. Never suspends.
 */
TRIO_API void                trio_buffered_reader_free (TrioBufferedReader *reader);

/**
 * trio_buffered_reader_read_line:
 * @reader: a reader
 * @limit: the longest line, in bytes without its end
 * @line: (out) (transfer full): the line without its end, "\n" or "\r\n", and with a NUL behind it; %NULL at the end of the stream
 * @length: (out) (optional): its bytes, in case there are NULs among them
 * @error: where it says why not
 *
 * Reads a line. Checkpoint. A last line that nothing ends is %G_IO_ERROR_PARTIAL_INPUT.
 *
 * Returns: %TRUE if there was a line, or the end
 */
TRIO_API gboolean trio_buffered_reader_read_line    (TrioBufferedReader *reader, gsize limit, char **line, gsize *length, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_buffered_reader_read_until:
 * @reader: a reader
 * @delimiter: what ends a record
 * @delimiter_size: its bytes, at least 1
 * @limit: the longest record, in bytes without the delimiter
 * @record: (out) (transfer full): what came before the delimiter, which is taken too; %NULL at the end of the stream
 * @error: where it says why not
 *
 * Reads up to a delimiter. Checkpoint.
 *
 * Returns: %TRUE if there was a record, or the end
 */
TRIO_API gboolean trio_buffered_reader_read_until   (TrioBufferedReader *reader, gconstpointer delimiter, gsize delimiter_size, gsize limit,
                                                     GBytes **record, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_buffered_reader_read_exactly:
 * @reader: a reader
 * @buffer: where the bytes go; written only on success
 * @size: how many
 * @error: where it says why not
 *
 * Reads that many bytes. Checkpoint. The end of the stream is %G_IO_ERROR_PARTIAL_INPUT, also before the first byte: where a record may or
 * may not follow, ask with trio_buffered_reader_peek().
 *
 * Returns: %TRUE if @buffer is full
 */
TRIO_API gboolean trio_buffered_reader_read_exactly (TrioBufferedReader *reader, gpointer buffer, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_buffered_reader_read_to_end:
 * @reader: a reader
 * @limit: how much at most, in bytes
 * @error: where it says why not
 *
 * Reads all that comes until the end of the stream, which may be nothing. Checkpoint.
 *
 * Errors: as above, but for %G_IO_ERROR_PARTIAL_INPUT.
 *
 * Returns: (transfer full): the bytes, or %NULL
 */
TRIO_API GBytes  *trio_buffered_reader_read_to_end  (TrioBufferedReader *reader, gsize limit, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_buffered_reader_receive_some:
 * @reader: a reader
 * @buffer: where the bytes go
 * @size: how many fit; at least 1
 * @error: where it says why not
 *
 * As trio_stream_receive_some(): first what the reader holds, and if that is nothing what comes next. Checkpoint.
 *
 * Errors: as above, but for those about records; %TRIO_ERROR_MISUSE if @size is 0.
 *
 * Returns: how many; 0 at the end of the stream; -1 on error
 */
TRIO_API gssize   trio_buffered_reader_receive_some (TrioBufferedReader *reader, gpointer buffer, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_buffered_reader_peek:
 * @reader: a reader
 * @size: how many bytes to wait for, at least 1
 * @bytes: (out) (transfer none): what the reader holds; good until the next call with @reader
 * @error: where it says why not
 *
 * Waits until the reader holds @size bytes or the stream has ended, and shows them without taking any. Checkpoint.
 *
 * Returns: how many there are, which may be more than @size; less at the end of the stream; -1 on error
 */
TRIO_API gssize   trio_buffered_reader_peek         (TrioBufferedReader *reader, gsize size, const guint8 **bytes, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_buffered_reader_unread:
 * @reader: a reader with which nobody is reading
 * @data: (transfer none): the bytes
 * @size: how many
 *
 * Puts bytes back in front of what the reader holds. They need not be those that were read. Never suspends.
 */
TRIO_API void     trio_buffered_reader_unread       (TrioBufferedReader *reader, gconstpointer data, gsize size);

/**
 * TrioBufferedReaderStatistics:
 * @n_buffered: received, and not read yet
 * @n_allocated: what the buffer takes
 * @reading: a task is in a call
 */
typedef struct
{
  gsize    n_buffered;
  gsize    n_allocated;
  gboolean reading;
} TrioBufferedReaderStatistics;

/**
 * trio_buffered_reader_get_statistics:
 * @reader: a reader
 * @statistics: (out): how it is now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void     trio_buffered_reader_get_statistics (TrioBufferedReader *reader, TrioBufferedReaderStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioBufferedReader, trio_buffered_reader_free)

G_END_DECLS
