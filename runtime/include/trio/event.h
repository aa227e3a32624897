/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* An event: happens once, and wakes everybody who waits for it. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gsize tasks_waiting;
} TrioEventStatistics;

/**
 * trio_event_new:
 *
 * Makes an event that is not set. Any thread.
 *
 * Returns: (transfer full): the event; free it with trio_event_free() or g_autoptr
 */
TRIO_API TrioEvent *trio_event_new    (void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * trio_event_free:
 * @event: (nullable) (transfer full): an event
 *
 * Frees it. While somebody waits for it that is a programmer's mistake (critical); they get %TRIO_ERROR_BROKEN_RESOURCE. Never suspends.
 */
TRIO_API void       trio_event_free   (TrioEvent *event);

/**
 * trio_event_set:
 * @event: an event
 *
 * Sets it, for good, and wakes all who wait, first in, first out. Idempotent. Never suspends. Only from the thread of the run.
 */
TRIO_API void       trio_event_set    (TrioEvent *event);

/**
 * trio_event_is_set:
 * @event: an event
 *
 * Never suspends.
 *
 * Returns: whether it is set
 */
TRIO_API gboolean   trio_event_is_set (TrioEvent *event);

/**
 * trio_event_wait:
 * @event: an event
 * @error: where a cancellation comes out
 *
 * Waits until @event is set. Checkpoint, also if it is set already.
 *
 * Returns: %FALSE if the task was cancelled
 */
TRIO_API gboolean   trio_event_wait   (TrioEvent *event, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_event_get_statistics:
 * @event: an event
 * @statistics: (out caller-allocates): how many tasks wait for it now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void       trio_event_get_statistics (TrioEvent *event, TrioEventStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioEvent, trio_event_free)

G_END_DECLS
