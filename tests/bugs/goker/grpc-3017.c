/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: gRPC's cache of subconnections, which keeps a removed one for a while (https://github.com/grpc/grpc-go/pull/3017;
 * GoKer grpc/3017; an unlock that is missing, and a race with a timer). The loop is bounded here.
 *
 * The bug: a timer fires and waits for the mutex. Who holds it wants the subconnection back, is too late to stop the timer, and
 * tells it to give up instead. The timer's callback gives up without unlocking.
 *
 * The repair: unlock on that path too. */

#include "tests/bugs/primitives.h"

#define N_ROUNDS    3
#define CACHE_SPAN  G_TIME_SPAN_MILLISECOND

typedef struct _Cache Cache;

/* A removed subconnection, and the timer that will forget it. */
typedef struct
{
  Cache   *cache;
  gboolean stopped;
  gboolean fired;
  gboolean give_up;
} Removed;

struct _Cache
{
  gboolean     repaired;
  TrioNursery *nursery;
  GPtrArray   *all;             /* Removed, for freeing them */
  Mutex        mutex;
  gboolean     has_connection;
  Removed     *removed;         /* NULL: not removed */
};

static gboolean
forget_later (gpointer data, GError **error G_GNUC_UNUSED)
{
  Removed *removed = data;
  Cache *cache = removed->cache;

  sleep_for (CACHE_SPAN);
  if (removed->stopped)
    return TRUE;
  removed->fired = TRUE;

  mutex_lock (&cache->mutex);
  if (removed->give_up)
    {
      if (cache->repaired)
        mutex_unlock (&cache->mutex);
      return TRUE;
    }
  cache->removed = NULL;
  cache->has_connection = FALSE;
  mutex_unlock (&cache->mutex);
  return TRUE;
}

static void TRIO_CHECKPOINT
new_connection (Cache *cache)
{
  Removed *removed;

  mutex_lock (&cache->mutex);
  removed = g_steal_pointer (&cache->removed);
  if (removed == NULL)
    cache->has_connection = TRUE;
  else if (removed->fired)
    removed->give_up = TRUE;
  else
    removed->stopped = TRUE;
  mutex_unlock (&cache->mutex);
}

static void TRIO_CHECKPOINT
remove_connection (Cache *cache)
{
  mutex_lock (&cache->mutex);
  if (cache->has_connection && cache->removed == NULL)
    {
      cache->removed = g_new (Removed, 1);
      *cache->removed = (Removed) { .cache = cache };
      g_ptr_array_add (cache->all, cache->removed);
      trio_nursery_start_soon (cache->nursery, forget_later, cache->removed);
    }
  mutex_unlock (&cache->mutex);
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);
  Cache cache = { .repaired = repaired, .nursery = nursery, .all = all, .mutex = MUTEX ("cache") };

  new_connection (&cache);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      remove_connection (&cache);
      new_connection (&cache);
    }
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_grpc_3017 = {
  "grpc-3017", run, "deadlock", NULL, "a timer that is told to give up while it waits for the mutex never unlocks it",
};
