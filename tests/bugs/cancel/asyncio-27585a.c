/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's asyncio.Lock (https://bugs.python.org/issue27585, first fix:
 * https://github.com/python/asyncio/pull/393), and AnyIO's ten years later (https://github.com/agronholm/anyio/pull/1145); a lock,
 * a cancelled waiter that still stands in line.
 *
 * The bug: a newcomer takes the free lock only if nobody stands in line. A waiter that was cancelled stands there until it has
 * run. If the lock is released just then there is nobody to wake, and who comes next stands in line behind it, for a release that
 * never comes.
 *
 * The repair: a waiter that was cancelled wakes the next if the lock is free when it leaves. (The first fix upstream looked past
 * cancelled waiters when a newcomer came. That leaves a waiter stranded behind one that was woken and cancelled then, which needed
 * a second fix.) */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  gboolean locked;
  GQueue   waiters;
} Lock;

static void
describe_lock (gpointer lock, GString *out)
{
  g_string_append (out, ((Lock *) lock)->locked ? "it is locked" : "it is free");
}

/* At most one is woken at a time. */
static void
wake_first (Lock *lock)
{
  for (GList *link = lock->waiters.head; link != NULL; link = link->next)
    if (((Event *) link->data)->set)
      return;
  if (first_waiter (&lock->waiters) != NULL)
    event_set (first_waiter (&lock->waiters));
}

static gboolean
lock_acquire (Lock *lock, GError **error)
{
  Event turn = { .describe = describe_lock, .of = lock };
  gboolean ok = TRUE;

  if (lock->locked || !g_queue_is_empty (&lock->waiters))
    {
      event_join (&turn, &lock->waiters);
      ok = event_wait (&turn, "lock_acquire", error);
      event_leave (&turn);
    }
  if (ok)
    lock->locked = TRUE;
  else if (lock->repaired && !lock->locked)
    wake_first (lock);
  return ok;
}

static void
lock_release (Lock *lock)
{
  lock->locked = FALSE;
  wake_first (lock);
}

static gboolean
use (gpointer data, GError **error)
{
  Lock *lock = data;
  gboolean ok;

  if (!lock_acquire (lock, error))
    return FALSE;
  ok = trio_checkpoint (error);
  lock_release (lock);
  return ok;
}

typedef struct
{
  TrioNursery *nursery;
  Lock        *lock;
} Late;

static gboolean
start_another (gpointer data, GError **error G_GNUC_UNUSED)
{
  Late *late = data;

  start_task (late->nursery, "u2", use, late->lock);
  return TRUE;
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Lock lock = { .repaired = repaired };
  Victim u1;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  Late late = { nursery, &lock };

  start_task (nursery, "u0", use, &lock);
  start_victim (nursery, "u1", &u1, use, &lock);
  if (with_canceller)
    start_canceller (nursery, &u1);
  start_task (nursery, "late", start_another, &late);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (asyncio_27585a, "asyncio-27585a", run, "deadlock", "deadlock",
                 "who comes to a free lock stands in line behind a cancelled waiter, and nobody will wake it");
