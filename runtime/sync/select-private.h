/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What trio_select() asks of each kind of thing that it can wait for. One table for each kind of case, in the file of that thing;
 * the cases have an object. */

#pragma once

#include <trio/select.h>

#include "sync/waiter.h"

typedef struct
{
  const char *what;               /* "an event", "room in a channel" */
  /* Whether take() would not have to wait: also if it would fail. Has no effect. */
  gboolean  (*is_ready)  (const TrioSelectCase *self);
  /* Does it at once. Called only when it is ready, in the same step. */
  gboolean  (*take)      (const TrioSelectCase *self, GError **error);
  /* Puts the cell into the object's line. Called only when it is not ready. */
  void      (*join)      (const TrioSelectCase *self, TrioWaiter *waiter);
  /* What a cell that was woken without an error got goes to the caller. NULL: nothing. May not look at the object. */
  void      (*collect)   (const TrioSelectCase *self, TrioWaiter *waiter);
  /* When the object was last chosen. */
  guint64  *(*chosen_at) (const TrioSelectCase *self);
} TrioSelectable;

extern const TrioSelectable trio_event_selectable;
extern const TrioSelectable trio_future_selectable;
extern const TrioSelectable trio_send_selectable;
extern const TrioSelectable trio_receive_selectable;
extern const TrioSelectable trio_broadcast_selectable;
