/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the lock-free Mutex of Scala's cats-effect (https://github.com/typelevel/cats-effect/commit/989277e9); a mutex, a
 * lost wake-up.
 *
 * The bug: a release looks whether anybody waits, finds nobody, and then frees the lock. Who comes between the two stands in
 * line, finds the lock taken still, and waits: for a lock that is free a moment later.
 *
 * The repair: look at the line again after the lock was freed, and wake one, who tries again.
 *
 * Threads are tasks here, with a switch where they can be interrupted. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  Event    woken;                       /* first, so that who stands in line is known by it */
  gboolean owns;                        /* the lock was handed to it */
} Waiter;

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

/* Compare and swap. */
static gboolean
try_lock (Lock *lock)
{
  if (lock->locked)
    return FALSE;
  lock->locked = TRUE;
  return TRUE;
}

static void TRIO_CHECKPOINT
lock_acquire (Lock *lock)
{
  Waiter self = { .owns = FALSE };

  while (!self.owns && !try_lock (lock))
    {
      self = (Waiter) { .woken = { .describe = describe_lock, .of = lock } };
      event_join (&self.woken, &lock->waiters);
      bug_switch ();
      if (try_lock (lock))
        break;
      event_wait_shielded (&self.woken, "lock_acquire");
    }
  event_leave (&self.woken);
}

static void TRIO_CHECKPOINT
lock_release (Lock *lock)
{
  Waiter *heir = (Waiter *) pop_waiter (&lock->waiters);

  if (heir != NULL)
    {
      heir->owns = TRUE;
      event_set (&heir->woken);
      return;
    }
  bug_switch ();
  lock->locked = FALSE;
  if (!lock->repaired)
    return;
  heir = (Waiter *) pop_waiter (&lock->waiters);
  if (heir != NULL)
    event_set (&heir->woken);
}

static gboolean
hold (gpointer data, GError **error G_GNUC_UNUSED)
{
  lock_release (data);
  return TRUE;
}

static gboolean
use (gpointer data, GError **error G_GNUC_UNUSED)
{
  lock_acquire (data);
  lock_release (data);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Lock lock = { .repaired = repaired, .locked = TRUE };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "holder", hold, &lock);
  start_task (nursery, "b", use, &lock);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_cats_mutex_release = {
  "cats-mutex-release", run, "deadlock", NULL, "a lock is freed after nobody was seen to wait, and somebody does by then",
};
