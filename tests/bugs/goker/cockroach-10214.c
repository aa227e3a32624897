/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: CockroachDB's coalesced heartbeats (https://github.com/cockroachdb/cockroach/pull/10214; GoKer cockroach/10214;
 * lock order).
 *
 * The bug: who sends heartbeats takes the coalescing mutex, and then each replica's raft mutex; the tick of a replica takes them
 * the other way round. Each holds what the other needs.
 *
 * The repair: the sender copies the list of replicas and gives the coalescing mutex back before it touches one. */

#include "tests/bugs/primitives.h"

#define N_REPLICAS 2
#define N_ROUNDS   2

typedef struct
{
  gboolean repaired;
  Mutex    coalescing;
  Mutex    raft[N_REPLICAS];
  Mutex    state;
} Store;

static gboolean
send_heartbeats (gpointer data, GError **error G_GNUC_UNUSED)
{
  Store *store = data;

  mutex_lock (&store->coalescing);
  if (store->repaired)
    mutex_unlock (&store->coalescing);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      for (guint i = 0; i < N_REPLICAS; i++)
        {
          mutex_lock (&store->raft[i]);
          mutex_unlock (&store->raft[i]);
        }
    }
  if (!store->repaired)
    mutex_unlock (&store->coalescing);
  return TRUE;
}

static gboolean
tick (gpointer data, GError **error G_GNUC_UNUSED)
{
  Store *store = data;

  mutex_lock (&store->raft[0]);
  mutex_lock (&store->state);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      mutex_lock (&store->coalescing);
      mutex_unlock (&store->coalescing);
    }
  mutex_unlock (&store->state);
  mutex_unlock (&store->raft[0]);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Store store = {
    .repaired = repaired, .coalescing = MUTEX ("coalescing"), .raft = { MUTEX ("raft 0"), MUTEX ("raft 1") },
    .state = MUTEX ("replica state"),
  };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, send_heartbeats, &store);
  trio_nursery_start_soon (nursery, tick, &store);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_cockroach_10214 = {
  "cockroach-10214", run, "deadlock", NULL, "heartbeats take the coalescing and the raft mutex in one order, ticks in the other",
};
