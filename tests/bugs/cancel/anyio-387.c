/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: AnyIO's Lock (https://github.com/agronholm/anyio/issues/387), and OCaml's Lwt_mutex
 * (https://github.com/ocsigen/lwt/pull/202); a lock whose owner is gone.
 *
 * The bug: releasing the lock makes the first waiter its owner, and wakes it. If that waiter is cancelled before it has run, it
 * leaves the line, in which it no longer stands, and ends; the lock stays its own.
 *
 * The repair: a cancelled waiter that is the owner already releases the lock. */

#include <trio/lowlevel/task.h>

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  Event       turn;                     /* first, so that who stands in line is known by it */
  const char *name;
} Waiter;

typedef struct
{
  gboolean repaired;
  char     owner[16];                   /* its name; "": nobody */
  GQueue   waiters;
} Lock;

static void
describe_lock (gpointer lock, GString *out)
{
  g_string_append_printf (out, "it belongs to %s", ((Lock *) lock)->owner);
}

static void
set_owner (Lock *lock, const char *name)
{
  g_strlcpy (lock->owner, name, sizeof lock->owner);
}

static void
lock_release (Lock *lock)
{
  Waiter *heir = (Waiter *) pop_waiter (&lock->waiters);

  set_owner (lock, heir != NULL ? heir->name : "");
  if (heir != NULL)
    event_set (&heir->turn);
}

static gboolean
lock_acquire (Lock *lock, GError **error)
{
  Waiter self = { .turn = { .describe = describe_lock, .of = lock }, .name = trio_task_get_name (trio_current_task ()) };

  if (lock->owner[0] == '\0')
    {
      set_owner (lock, self.name);
      return TRUE;
    }
  event_join (&self.turn, &lock->waiters);
  if (event_wait (&self.turn, "lock_acquire", error))
    return TRUE;
  event_leave (&self.turn);
  if (lock->repaired && self.turn.set)
    lock_release (lock);
  return FALSE;
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

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Lock lock = { .repaired = repaired };
  Victim u1;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "u0", use, &lock);
  start_victim (nursery, "u1", &u1, use, &lock);
  start_task (nursery, "u2", use, &lock);
  if (with_canceller)
    start_canceller (nursery, &u1);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (anyio_387, "anyio-387", run, "deadlock", "deadlock",
                 "a lock is handed to a waiter that is being cancelled, and stays its own");
