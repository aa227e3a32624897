/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Events in words: the one place that knows how each kind of event reads in English. Used by dump and diff (the page has its
 * own). Always one line, whatever a program put into its names. */

#pragma once

#include "trace/tool/model.h"

G_BEGIN_DECLS

/* "1.250000" */
void  trace_append_time  (GString *out, gint64 time_us);
/* Text with line ends and control characters made visible. */
void  trace_append_plain (GString *out, const char *text);
/* "handler#2", "task 7" for one without a name, "the loop" for 0. */
void  trace_append_task  (GString *out, const Trace *trace, guint64 serial);
/* "trio_lock_acquire, held by worker" */
void  trace_append_wait  (GString *out, const char *wait, const char *detail);
/* ": text", or nothing. Where it is said already that something was cancelled the text need not say it again. */
void  trace_append_colon (GString *out, const char *text);
/* The whole line, without a line end. With_time: a real run's times differ each time, and so must be left out to compare. */
char *trace_event_to_line (const Trace *trace, const TraceEvent *event, gboolean with_time);

G_END_DECLS
