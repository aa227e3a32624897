/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* An event: happens once, and wakes everybody who waits for it. */

#pragma once

#include <trio/types.h>

G_BEGIN_DECLS

typedef struct
{
  gsize tasks_waiting;
} TrioEventStatistics;

TRIO_API TrioEvent *trio_event_new    (void) G_GNUC_WARN_UNUSED_RESULT;
/* To free an event that somebody waits for is a programmer's mistake (critical); they get %TRIO_ERROR_BROKEN_RESOURCE. */
TRIO_API void       trio_event_free   (TrioEvent *event);
/* Wakes all waiters, first in, first out; waiting for a set event does not block. Never suspends. */
TRIO_API void       trio_event_set    (TrioEvent *event);
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

TRIO_API void       trio_event_get_statistics (TrioEvent *event, TrioEventStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TrioEvent, trio_event_free)

G_END_DECLS
