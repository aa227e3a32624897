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

/**
 * trio_trace_recorder_get_instrument:
 * @recorder: a recorder
 *
 * What is to be given to the run that is to be recorded.
 *
 * Returns: (transfer none): the instrument; it belongs to @recorder
 */
TRIO_API TrioInstrument    *trio_trace_recorder_get_instrument (TrioTraceRecorder *recorder);

/**
 * trio_trace_recorder_set_outcome:
 * @recorder: a recorder that is not closed
 * @ok: whether the run ended well
 * @outcome: how it ended: "always: balances add up"
 *
 * A remark for the end of the trace. After the run.
 */
TRIO_API void               trio_trace_recorder_set_outcome    (TrioTraceRecorder *recorder, gboolean ok, const char *outcome);

/**
 * trio_trace_recorder_close:
 * @recorder: a recorder
 * @error: where it says what went wrong
 *
 * Writes the rest and closes the file. Idempotent. Does not free.
 *
 * Errors: %G_FILE_ERROR, also of a write that failed earlier (a full disk).
 *
 * Returns: %TRUE if the whole trace is in the file
 */
TRIO_API gboolean           trio_trace_recorder_close          (TrioTraceRecorder *recorder, GError **error);

/**
 * trio_trace_recorder_free:
 * @recorder: (transfer full) (nullable): a recorder; the run that it records has ended
 *
 * Closes if need be, without a word about errors, and frees.
 */
TRIO_API void               trio_trace_recorder_free           (TrioTraceRecorder *recorder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioTraceRecorder, trio_trace_recorder_free)

G_END_DECLS
