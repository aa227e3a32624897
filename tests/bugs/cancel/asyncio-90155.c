/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Python's asyncio.Semaphore (https://github.com/python/cpython/issues/90155, as of
 * https://github.com/python/cpython/pull/31910); a semaphore, a flag that stays set.
 *
 * The bug: a release wakes one waiter and sets "a wake-up is under way", which makes all others wait. The woken one takes the
 * flag back when it runs; but if it is cancelled before that it only leaves, and everybody else waits for ever although the
 * semaphore is free.
 *
 * The repair: who was woken and then cancelled takes the flag back, and wakes the next. */

#include "tests/bugs/cancel/cancel.h"

typedef struct
{
  gboolean repaired;
  int      value;
  gboolean wakeup_scheduled;
  GQueue   waiters;
} Semaphore;

static void
describe_semaphore (gpointer data, GString *out)
{
  Semaphore *semaphore = data;

  g_string_append_printf (out, "its value is %d%s", semaphore->value,
                          semaphore->wakeup_scheduled ? ", a wake-up is under way" : "");
}

static void
wake_next (Semaphore *semaphore)
{
  Event *turn = pop_waiter (&semaphore->waiters);

  if (turn == NULL)
    return;
  event_set (turn);
  semaphore->wakeup_scheduled = TRUE;
}

static gboolean
semaphore_acquire (Semaphore *semaphore, GError **error)
{
  while (semaphore->wakeup_scheduled || semaphore->value <= 0)
    {
      Event turn = { .describe = describe_semaphore, .of = semaphore };

      event_join (&turn, &semaphore->waiters);
      if (event_wait (&turn, "semaphore_acquire", error))
        {
          semaphore->wakeup_scheduled = FALSE;
          continue;
        }
      event_leave (&turn);
      if (semaphore->repaired && turn.set)
        semaphore->wakeup_scheduled = FALSE;
      if (semaphore->value > 0 && !semaphore->wakeup_scheduled)
        wake_next (semaphore);
      return FALSE;
    }
  semaphore->value--;
  return TRUE;
}

static void
semaphore_release (Semaphore *semaphore)
{
  semaphore->value++;
  if (!semaphore->wakeup_scheduled)
    wake_next (semaphore);
}

static gboolean
use (gpointer data, GError **error)
{
  Semaphore *semaphore = data;
  gboolean ok;

  if (!semaphore_acquire (semaphore, error))
    return FALSE;
  ok = trio_checkpoint (error);
  semaphore_release (semaphore);
  return ok;
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Semaphore semaphore = { .repaired = repaired, .value = 1 };
  Victim u1;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "u0", use, &semaphore);
  start_victim (nursery, "u1", &u1, use, &semaphore);
  if (with_canceller)
    start_canceller (nursery, &u1);
  start_task (nursery, "late", use, &semaphore);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (asyncio_90155, "asyncio-90155", run, "deadlock", "deadlock",
                 "a waiter that is woken and then cancelled leaves the flag set that makes all others wait");
