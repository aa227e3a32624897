/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: AnyIO's CapacityLimiter (https://github.com/agronholm/anyio/issues/646); a limiter, an entry that stays in line.
 *
 * The bug: raising the total wakes as many waiters as there is new room for, but leaves them in line. Whoever comes later sees a
 * line, and stands in it although tokens are free.
 *
 * The repair: take them out of the line when they are woken. */

#include "tests/bugs/cancel/cancel.h"

#define N_USERS 3

typedef struct
{
  gboolean repaired;
  int      total;
  int      borrowed;
  GQueue   waiters;
  int      n_inside;
  Event    turns[N_USERS];
  Event    all_inside[N_USERS];
} Limiter;

typedef struct
{
  Limiter *limiter;
  int      number;
} User;

static void
describe_limiter (gpointer data, GString *out)
{
  Limiter *limiter = data;

  g_string_append_printf (out, "%d of %d tokens are borrowed, %u stand in line", limiter->borrowed, limiter->total,
                          limiter->waiters.length);
}

static void TRIO_CHECKPOINT
limiter_acquire (Limiter *limiter, Event *turn)
{
  if (!g_queue_is_empty (&limiter->waiters) || limiter->borrowed == limiter->total)
    {
      *turn = (Event) { .describe = describe_limiter, .of = limiter };
      event_join (turn, &limiter->waiters);
      event_wait_shielded (turn, "limiter_acquire");
    }
  limiter->borrowed++;
}

static void
limiter_release (Limiter *limiter)
{
  limiter->borrowed--;
  if (limiter->borrowed < limiter->total && !g_queue_is_empty (&limiter->waiters))
    event_set (pop_waiter (&limiter->waiters));
}

static void
limiter_set_total (Limiter *limiter, int total)
{
  int n_more = total - limiter->total;

  limiter->total = total;
  for (; n_more > 0 && first_waiter (&limiter->waiters) != NULL; n_more--)
    event_set (limiter->repaired ? pop_waiter (&limiter->waiters) : first_waiter (&limiter->waiters));
}

/* In, and out when all are in. */
static gboolean
use (gpointer data, GError **error G_GNUC_UNUSED)
{
  User *user = data;
  Limiter *limiter = user->limiter;

  limiter_acquire (limiter, &limiter->turns[user->number]);
  if (++limiter->n_inside == N_USERS)
    for (int i = 0; i < N_USERS; i++)
      event_set (&limiter->all_inside[i]);
  event_wait_shielded (&limiter->all_inside[user->number], "wait_until_all_are_inside");
  limiter_release (limiter);
  return TRUE;
}

static gboolean
grow (gpointer data, GError **error G_GNUC_UNUSED)
{
  limiter_set_total (data, N_USERS);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Limiter limiter = { .repaired = repaired, .total = 1 };
  User users[N_USERS] = { { &limiter, 0 }, { &limiter, 1 }, { &limiter, 2 } };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  start_task (nursery, "u0", use, &users[0]);
  start_task (nursery, "u1", use, &users[1]);
  start_task (nursery, "grow", grow, &limiter);
  start_task (nursery, "u2", use, &users[2]);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_anyio_646 = {
  "anyio-646", run, "deadlock", NULL, "waiters that a raised limit has woken stay in line, and keep others out",
};
