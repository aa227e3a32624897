/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: AnyIO's CapacityLimiter (https://github.com/agronholm/anyio/issues/1170); a limiter that grants more than it has.
 *
 * The bug: a release wakes the first waiter, which counts its token only when it runs. Between the two the token looks free: who
 * tries without waiting gets it, and then the waiter takes it as well.
 *
 * The repair: count the token when it is handed over. */

#include "tests/bugs/cancel/cancel.h"

#define TOTAL 1

typedef struct
{
  gboolean repaired;
  int      borrowed;
  GQueue   waiters;
} Limiter;

static void
count_token (Limiter *limiter)
{
  limiter->borrowed++;
  trio_always (limiter->borrowed <= TOTAL, "no more tokens are borrowed than there are");
}

static gboolean
limiter_acquire_nowait (Limiter *limiter)
{
  if (!g_queue_is_empty (&limiter->waiters) || limiter->borrowed == TOTAL)
    return FALSE;
  count_token (limiter);
  return TRUE;
}

static void
limiter_release (Limiter *limiter)
{
  Event *turn = pop_waiter (&limiter->waiters);

  limiter->borrowed--;
  if (turn == NULL)
    return;
  if (limiter->repaired)
    count_token (limiter);
  event_set (turn);
}

static void TRIO_CHECKPOINT
limiter_acquire (Limiter *limiter)
{
  Event turn = { 0 };

  if (limiter_acquire_nowait (limiter))
    return;
  event_join (&turn, &limiter->waiters);
  event_wait_shielded (&turn, "limiter_acquire");
  if (!limiter->repaired)
    count_token (limiter);
}

static gboolean
use (gpointer data, GError **error G_GNUC_UNUSED)
{
  Limiter *limiter = data;

  limiter_acquire (limiter);
  bug_switch ();
  limiter_release (limiter);
  return TRUE;
}

static gboolean
try_twice (gpointer data, GError **error G_GNUC_UNUSED)
{
  Limiter *limiter = data;

  for (int i = 0; i < 2; i++)
    {
      gboolean got = limiter_acquire_nowait (limiter);

      bug_switch ();
      if (got)
        limiter_release (limiter);
    }
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Limiter limiter = { .repaired = repaired };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "trier", try_twice, &limiter);
  start_task (nursery, "u0", use, &limiter);
  start_task (nursery, "u1", use, &limiter);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_anyio_1170 = {
  "anyio-1170", run, "always", NULL, "between a token's hand-over and its count somebody else gets it too",
};
