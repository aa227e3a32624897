/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a condition needs of its lock. */

#pragma once

#include <trio/lock.h>
#include <trio/lowlevel/parking-lot.h>

/* The line of those who wait to acquire. A task unparked from it by trio_lock_release() is the owner. */
TrioParkingLot *trio_lock_get_lot   (TrioLock *lock);
gboolean        trio_lock_is_held   (TrioLock *lock);       /* by the calling task */
gboolean        trio_lock_is_broken (TrioLock *lock);
/* What breaks the lock breaks this lot too: those in it wait for something that only an owner can do. */
void            trio_lock_add_lot    (TrioLock *lock, TrioParkingLot *lot);
void            trio_lock_remove_lot (TrioLock *lock, TrioParkingLot *lot);
