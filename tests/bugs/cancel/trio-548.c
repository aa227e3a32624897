/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the CapacityLimiter of Python's Trio (https://github.com/python-trio/trio/issues/548); a limiter that forgets
 * nobody.
 *
 * The bug: who waits for a token is kept in a table of borrowers, and taken out when it has got one; not when it is cancelled.
 * Its name is in there for ever, and when it asks again it is told that it waits already.
 *
 * The repair: take it out whatever happens, and give a token back that came at the same time. */

#include "tests/bugs/cancel/cancel.h"

#define N_BORROWERS 1
#define X           0           /* the borrower's name */

typedef struct
{
  gboolean repaired;
  int      tokens;
  Event   *pending[N_BORROWERS];
  Victim   first;
  Event    turns[2];            /* of each who asks; they live on in the table */
} Limiter;

static void
limiter_release (Limiter *limiter)
{
  for (int i = 0; i < N_BORROWERS; i++)
    if (limiter->pending[i] != NULL && !event_is_done (limiter->pending[i]))
      {
        event_set (limiter->pending[i]);
        return;
      }
  limiter->tokens++;
}

static gboolean
limiter_acquire (Limiter *limiter, int borrower, Event *turn, GError **error)
{
  gboolean ok;

  trio_always (limiter->pending[borrower] == NULL, "nobody asks who waits already");
  if (limiter->tokens > 0)
    {
      limiter->tokens--;
      return TRUE;
    }
  limiter->pending[borrower] = turn;
  ok = event_wait (turn, "limiter_acquire", error);
  if (ok || limiter->repaired)
    limiter->pending[borrower] = NULL;
  if (!ok && limiter->repaired && turn->set)
    limiter_release (limiter);
  return ok;
}

static gboolean
use_first (gpointer data, GError **error)
{
  Limiter *limiter = data;

  if (!limiter_acquire (limiter, X, &limiter->turns[0], error))
    return FALSE;
  limiter_release (limiter);
  return TRUE;
}

/* By the same borrower, when its first attempt has ended in whatever way. */
static gboolean
retry (gpointer data, GError **error)
{
  Limiter *limiter = data;

  if (!victim_join (&limiter->first, error) || !limiter_acquire (limiter, X, &limiter->turns[1], error))
    return FALSE;
  limiter_release (limiter);
  return TRUE;
}

static gboolean
release_one (gpointer data, GError **error G_GNUC_UNUSED)
{
  limiter_release (data);
  return TRUE;
}

static gboolean
run (gboolean repaired, gboolean with_canceller, GError **error)
{
  Limiter limiter = { .repaired = repaired };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "owner", release_one, &limiter);
  start_victim (nursery, "first", &limiter.first, use_first, &limiter);
  if (with_canceller)
    start_canceller (nursery, &limiter.first);
  start_task (nursery, "retry", retry, &limiter);
  return trio_nursery_close (nursery, TRUE);
}

BUG_IN_TWO_WAYS (trio_548, "trio-548", run, "always", "always", "a cancelled borrower stays in the table, and may not ask again");
