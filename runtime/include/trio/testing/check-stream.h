/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Does a stream keep the promises of <trio/stream.h>? For whoever writes a kind of stream: call these from a task, in a test, in the real
 * world and under many schedules. */

#pragma once

#include <trio/stream.h>

G_BEGIN_DECLS

/**
 * TrioStreamPairMaker:
 * @data: as given to the check
 * @first: (out) (transfer full): one end of a new connection
 * @second: (out) (transfer full): its other end
 * @error: where it says why there is none
 *
 * Makes two connected streams. May suspend.
 *
 * Returns: %FALSE on error; then nothing was made
 */
typedef gboolean (*TrioStreamPairMaker) (gpointer data, TrioStream **first, TrioStream **second, GError **error);

/**
 * trio_check_one_way_stream:
 * @make: makes connections; called for each check
 * @data: what @make gets
 * @clog_bytes: so many bytes, sent at once, certainly wait for the other side to receive some; 0 if sending never waits
 * @error: where it says which promise was broken, and how
 *
 * Checks that bytes arrive from the first stream at the second; that successful calls are checkpoints; that a second sender or receiver
 * is refused as busy and disturbs nobody; that a cancelled receive loses nothing; what closing does, on either side, to those who wait and
 * to those who come later, in a cancelled scope and twice; that the end and breakage are told again and again. What is sent from several
 * places, or out of a file, keeps the same promises, also where the kind of stream has no way of its own to do so; files need a world with
 * a disk. Checkpoint.
 *
 * Errors: cancellation; what @make fails with; %TRIO_ERROR_FAILED with the name of the check and what happened instead.
 *
 * Source: Trio's `trio.testing.check_one_way_stream`.
 *
 * Returns: %TRUE if it keeps its promises
 */
TRIO_API gboolean trio_check_one_way_stream        (TrioStreamPairMaker make, gpointer data, gsize clog_bytes, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_check_two_way_stream:
 * @make: makes connections; called for each check
 * @data: what @make gets
 * @clog_bytes: as for trio_check_one_way_stream()
 * @error: where it says which promise was broken, and how
 *
 * trio_check_one_way_stream() in both directions; and much data in both at the same time, in pieces of many sizes. Checkpoint.
 *
 * Errors: those of trio_check_one_way_stream().
 *
 * Source: Trio's `trio.testing.check_two_way_stream`.
 *
 * Returns: %TRUE if it keeps its promises
 */
TRIO_API gboolean trio_check_two_way_stream        (TrioStreamPairMaker make, gpointer data, gsize clog_bytes, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_check_half_closeable_stream:
 * @make: makes connections; called for each check
 * @data: what @make gets
 * @clog_bytes: as for trio_check_one_way_stream()
 * @error: where it says which promise was broken, and how
 *
 * trio_check_two_way_stream(); and that trio_stream_send_eof() ends one direction and not the other. Checkpoint.
 *
 * Errors: those of trio_check_one_way_stream().
 *
 * Source: Trio's `trio.testing.check_half_closeable_stream`.
 *
 * Returns: %TRUE if it keeps its promises
 */
TRIO_API gboolean trio_check_half_closeable_stream (TrioStreamPairMaker make, gpointer data, gsize clog_bytes, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

G_END_DECLS
