/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The protocol's form: one connection for each question, a line each way. */

#pragma once

#include <trio/trio.h>

#define PORT     7000
#define LINE_SIZE 200

/* Checkpoint. A line, without its end, into LINE_SIZE + 1 bytes. FALSE without a line if the other hangs up first. */
gboolean lines_receive (TrioStream *stream, char *line, GError **error);
gboolean lines_send    (TrioStream *stream, const char *line, GError **error);

/* Checkpoint. *heard is whether there was an answer within that time. What else happened on the way is no error: hosts die, and ways are cut. */
gboolean lines_ask     (const char *host, const char *question, GTimeSpan patience, char *answer, gboolean *heard, GError **error);
