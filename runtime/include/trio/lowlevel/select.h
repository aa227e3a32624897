/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* Making something selectable: what trio_select() asks of each kind of thing that it can wait for. One table for each kind, in the file of
 * that thing, and a function that makes a case of it:
 *
 *     return (TrioSelectCase) { .kind = TRIO_SELECT_OTHER, .object = thing, .selectable = &thing_selectable };
 *
 * The thing has a line of cells (<trio/lowlevel/waiter.h>), and wakes the first of them when it is ready. The cases that its functions get
 * have an object.
 *
 * There are two ways to be woken:
 *
 *     handed over    the waker has done what the case is for, and the cell has what came of it: collect() gives it to the caller
 *     a hint         it may be ready: the select looks at all cases again, and may find that it is not. For what is ready by the word of
 *                    somebody else, such as the system
 *
 * Thread of the run. */

#pragma once

#include <trio/lowlevel/waiter.h>
#include <trio/select.h>

G_BEGIN_DECLS

typedef struct _TrioSelectable TrioSelectable;

struct _TrioSelectable
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
  /* Those below may be left out. TRUE: to be woken is a hint; and take() may fail with WOULD_BLOCK, if it was not ready after all: then the
   * select goes on. */
  gboolean    is_hint;
  /* Before a wait, after is_ready() was FALSE: TRUE if it has become ready meanwhile. */
  gboolean  (*arm)       (const TrioSelectCase *self);
  /* After join(), whichever case won, in the step in which the cells leave their lines. Never switches. */
  void      (*leave)     (const TrioSelectCase *self);
};

G_END_DECLS
