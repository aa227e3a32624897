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

/**
 * trio_parking_lot_clear:
 * @lot: a lot
 *
 * Makes the memory of @lot free to be given up. It must be empty; else that is a programmer's mistake (critical), and the lot is broken. Never suspends.
 */
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

/**
 * trio_parking_lot_park_as:
 * @lot: a lot
 * @klass: (transfer none): static: a name for this wait, and its functions. Its abort may be %NULL; else it is called after the waiter has left the lot,
 *   so that the books of the lot's owner follow in the same step, and must answer %TRIO_ABORT_SUCCEEDED
 * @data: what the functions of @klass get
 * @error: where it says why not
 *
 * As trio_parking_lot_park(). Checkpoint.
 *
 * Errors: those of trio_parking_lot_park().
 *
 * Returns: %TRUE if it was unparked
 */
TRIO_API gboolean trio_parking_lot_park_as    (TrioParkingLot *lot, const TrioWaitClass *klass, gpointer data, GError **error)
  G_GNUC_WARN_UNUSED_RESULT TRIO_CHECKPOINT;

/**
 * trio_parking_lot_unpark:
 * @lot: a lot
 * @n: how many at most
 *
 * Wakes the first @n, or fewer, first in, first out. Never suspends.
 *
 * Returns: how many
 */
TRIO_API gsize    trio_parking_lot_unpark     (TrioParkingLot *lot, gsize n);

/**
 * trio_parking_lot_unpark_all:
 * @lot: a lot
 *
 * Wakes all, first in, first out. Never suspends.
 *
 * Returns: how many
 */
TRIO_API gsize    trio_parking_lot_unpark_all (TrioParkingLot *lot);

/**
 * trio_parking_lot_unpark_one:
 * @lot: a lot
 *
 * Wakes the first. Never suspends.
 *
 * Returns: (nullable) (transfer none): which task that was; %NULL if the lot is empty
 */
TRIO_API TrioTask *trio_parking_lot_unpark_one (TrioParkingLot *lot);

/**
 * trio_parking_lot_repark:
 * @lot: a lot
 * @new_lot: another one
 * @n: how many at most
 *
 * Moves the first @n, or fewer, to the end of @new_lot, asleep and in order; they can be cancelled there. If @new_lot is broken they fail as if they
 * had come to it. Never suspends.
 *
 * Returns: how many
 */
TRIO_API gsize    trio_parking_lot_repark     (TrioParkingLot *lot, TrioParkingLot *new_lot, gsize n);

/**
 * trio_parking_lot_repark_all:
 * @lot: a lot
 * @new_lot: another one
 *
 * trio_parking_lot_repark() of all. Never suspends.
 *
 * Returns: how many
 */
TRIO_API gsize    trio_parking_lot_repark_all (TrioParkingLot *lot, TrioParkingLot *new_lot);

/**
 * trio_parking_lot_break_lot:
 * @lot: a lot
 * @task: (nullable): the task that breaks it; %NULL for the calling one
 *
 * Wakes all with %TRIO_ERROR_BROKEN_RESOURCE; parking here fails at once from now on.
 */
TRIO_API void     trio_parking_lot_break_lot      (TrioParkingLot *lot, TrioTask *task);

/**
 * trio_parking_lot_is_broken:
 * @lot: a lot
 *
 * Never suspends.
 *
 * Returns: whether it was broken
 */
TRIO_API gboolean trio_parking_lot_is_broken      (TrioParkingLot *lot);

/**
 * trio_parking_lot_add_breaker:
 * @lot: a lot
 * @task: a task that lives
 *
 * The end of @task will break @lot. As many removes as adds. Never suspends.
 */
TRIO_API void     trio_parking_lot_add_breaker    (TrioParkingLot *lot, TrioTask *task);

/**
 * trio_parking_lot_remove_breaker:
 * @lot: a lot
 * @task: a task for which trio_parking_lot_add_breaker() was called
 *
 * Its end does not break @lot any more, for one such call. Never suspends.
 */
TRIO_API void     trio_parking_lot_remove_breaker (TrioParkingLot *lot, TrioTask *task);

/**
 * trio_parking_lot_get_statistics:
 * @lot: a lot
 * @statistics: (out caller-allocates): how many tasks wait in it now
 *
 * A snapshot. Never suspends.
 */
TRIO_API void     trio_parking_lot_get_statistics (TrioParkingLot *lot, TrioParkingLotStatistics *statistics);

G_END_DECLS
