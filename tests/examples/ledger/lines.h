/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Lines over a stream, which knows only bytes: what arrives in pieces is put together, what arrives at once is taken apart. */

#pragma once

#include "protocol.h"

#include <trio/trio.h>

typedef struct
{
  TrioStream *stream;                        /* borrowed */
  gsize       used;                          /* how many bytes of the buffer are filled */
  char        buffer[PROTOCOL_LINE_MAX + 1];
} LineReader;

#define LINE_READER_INIT(stream) { (stream), 0, { 0 } }

/* The next line without its end. Checkpoint, unless the line is there already.
 * Errors: those of the stream; PROTOCOL_ERROR_LINE if it is too long, or if the stream ends in the middle of it.
 * Returns: (transfer full): the line; NULL with an error, and NULL without one at the end of the stream. */
char     *line_reader_next (LineReader *reader, GError **error);

/* Sends a line and its end, in one piece. Checkpoint. */
gboolean  line_send        (TrioStream *stream, const char *line, GError **error);
