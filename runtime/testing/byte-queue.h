/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Bytes on their way, as many as there may be, and one task that may wait for them.
 *
 * Always true: bytes are taken only in a step that then returns them, so a cancellation loses none. */

#pragma once

#include <trio/lowlevel/parking-lot.h>

typedef struct
{
  GByteArray     *bytes;
  gboolean        ended;         /* nothing more will be put */
  gboolean        getting;       /* a task is in trio_byte_queue_get() */
  TrioParkingLot  getter;
} TrioByteQueue;

void     trio_byte_queue_init  (TrioByteQueue *self);
/* Nobody may wait for it. */
void     trio_byte_queue_clear (TrioByteQueue *self);

void     trio_byte_queue_put   (TrioByteQueue *self, gconstpointer data, gsize size);
void     trio_byte_queue_end   (TrioByteQueue *self);

/* Whether a getter would not have to wait. */
gboolean trio_byte_queue_is_ready (const TrioByteQueue *self);
/* At most max bytes, as many as there are. */
GBytes  *trio_byte_queue_take  (TrioByteQueue *self, gsize max) G_GNUC_WARN_UNUSED_RESULT;
/* Waits until there is something: then TRUE, and it is there still. Not itself a checkpoint if there is; `klass` names the wait. */
gboolean trio_byte_queue_wait  (TrioByteQueue *self, const TrioWaitClass *klass, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
