/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* The trace recorder: an instrument that writes what a run does to a file, in either world. The format is trace/README.md. */

#pragma once

#include <trio/lowlevel/instrument.h>

G_BEGIN_DECLS

typedef struct _TrioTraceRecorder TrioTraceRecorder;

/**
 * trio_trace_recorder_new:
 * @path: the file to write; an old one is replaced
 * @program: (nullable): what runs, for the header: "ledger transfer"
 * @virtual_time: whether the clock is a simulated one
 * @error: where it says why not
 *
 * Returns: (transfer full): a recorder, or %NULL with a %G_FILE_ERROR
 */
TRIO_API TrioTraceRecorder *trio_trace_recorder_new            (const char *path, const char *program, gboolean virtual_time,
                                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Owned by the recorder. */
TRIO_API TrioInstrument    *trio_trace_recorder_get_instrument (TrioTraceRecorder *recorder);
/* A remark for the end of the trace: how the run ended ("always: balances add up"). Before close. */
TRIO_API void               trio_trace_recorder_set_outcome    (TrioTraceRecorder *recorder, gboolean ok, const char *outcome);
/* Writes the rest and closes the file. A write that failed earlier (full disk) is reported here. */
TRIO_API gboolean           trio_trace_recorder_close          (TrioTraceRecorder *recorder, GError **error);
/* Closes if need be, and frees. */
TRIO_API void               trio_trace_recorder_free           (TrioTraceRecorder *recorder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioTraceRecorder, trio_trace_recorder_free)

G_END_DECLS
