/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What a condition needs of its lock. */

#pragma once

#include <trio/lock.h>
#include <trio/lowlevel/parking-lot.h>

/* The line of those who wait to acquire. A task unparked from it by trio_lock_release() is the owner. */
TrioParkingLot *trio_lock_get_lot   (TrioLock *lock);
gboolean        trio_lock_is_held   (TrioLock *lock);       /* by the calling task */
