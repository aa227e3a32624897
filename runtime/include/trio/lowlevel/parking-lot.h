/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* A parking lot: the one built-in queue of waiting tasks, first in, first out. It may be a field of another structure:
 * initialise it with trio_parking_lot_init(). Waiters live in the waiting tasks' own frames, so parking allocates nothing. */

#pragma once

#include <trio/lowlevel/task.h>

G_BEGIN_DECLS

typedef struct _TrioParkingLot       TrioParkingLot;
typedef struct _TrioParkingLotWaiter TrioParkingLotWaiter;

struct _TrioParkingLot
{
  /*< private >*/
  TrioParkingLotWaiter *head;
  TrioParkingLotWaiter *tail;
  gsize                 n_waiting;
  const char           *what;          /* static */
  GError               *broken;        /* NULL while it works */
};

typedef struct
{
  gsize tasks_waiting;
} TrioParkingLotStatistics;

/**
 * trio_parking_lot_init:
 * @lot: memory for a lot
 * @what: (nullable): static; the public function in whose name tasks park here, such as "trio_lock_acquire"
 *
 * Makes it an empty lot.
 */
TRIO_API void     trio_parking_lot_init       (TrioParkingLot *lot, const char *what);
/* It must be empty; else that is reported (critical) and the lot is broken. */
TRIO_API void     trio_parking_lot_clear      (TrioParkingLot *lot);

/**
 * trio_parking_lot_park:
 * @lot: a lot
 * @error: where it says why not
 *
 * Waits to be unparked. A cancelled waiter leaves the lot as if it had never come. Checkpoint.
 *
 * Errors: cancellation; %TRIO_ERROR_BROKEN_RESOURCE if the lot is or gets broken.
 *
 * Returns: %TRUE if it was unparked
 */
TRIO_API gboolean trio_parking_lot_park       (TrioParkingLot *lot, GError **error) G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;
/* The same, with a name for this wait: a static class whose functions get data. Its abort may be NULL; else it is called after the waiter
 * has left the lot, so that the books of the lot's owner follow in the same step, and must answer TRIO_ABORT_SUCCEEDED. */
TRIO_API gboolean trio_parking_lot_park_as    (TrioParkingLot *lot, const TrioWaitClass *klass, gpointer data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/* Wakes the first n (or fewer); returns how many. Never suspends. */
TRIO_API gsize    trio_parking_lot_unpark     (TrioParkingLot *lot, gsize n);
TRIO_API gsize    trio_parking_lot_unpark_all (TrioParkingLot *lot);
/* Wakes the first and returns it; NULL if there is none. */
TRIO_API TrioTask *trio_parking_lot_unpark_one (TrioParkingLot *lot);
/* Moves the first n to the end of another lot, asleep and in order; they can be cancelled there. */
TRIO_API gsize    trio_parking_lot_repark     (TrioParkingLot *lot, TrioParkingLot *new_lot, gsize n);
TRIO_API gsize    trio_parking_lot_repark_all (TrioParkingLot *lot, TrioParkingLot *new_lot);

/**
 * trio_parking_lot_break_lot:
 * @lot: a lot
 * @task: (nullable): the task that breaks it; %NULL for the calling one
 *
 * Wakes all with %TRIO_ERROR_BROKEN_RESOURCE; parking here fails at once from now on.
 */
TRIO_API void     trio_parking_lot_break_lot      (TrioParkingLot *lot, TrioTask *task);
TRIO_API gboolean trio_parking_lot_is_broken      (TrioParkingLot *lot);
/* The end of task will break lot. As many removes as adds. */
TRIO_API void     trio_parking_lot_add_breaker    (TrioParkingLot *lot, TrioTask *task);
TRIO_API void     trio_parking_lot_remove_breaker (TrioParkingLot *lot, TrioTask *task);

TRIO_API void     trio_parking_lot_get_statistics (TrioParkingLot *lot, TrioParkingLotStatistics *statistics);

G_END_DECLS
