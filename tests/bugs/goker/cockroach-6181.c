/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: CockroachDB's cache of range descriptors, and a line in its log
 * (https://github.com/cockroachdb/cockroach/pull/6181; GoKer cockroach/6181; a read lock taken twice).
 *
 * The bug: a lookup logs the cache while it holds the read lock, and formatting the cache takes the read lock again. When another
 * lookup wants to write just then, the second reading waits behind it, and it for the first.
 *
 * The repair: what formats for somebody who holds the lock does not take it. */

#include "tests/bugs/primitives.h"

#define N_LOOKUPS 3

typedef struct
{
  gboolean repaired;
  RWMutex  ranges;
} Cache;

static void TRIO_CHECKPOINT
log_cache (Cache *cache)
{
  if (cache->repaired)
    return;
  rw_mutex_lock_read (&cache->ranges);
  rw_mutex_unlock_read (&cache->ranges);
}

static gboolean
look_up (gpointer data, GError **error G_GNUC_UNUSED)
{
  Cache *cache = data;

  rw_mutex_lock_read (&cache->ranges);
  log_cache (cache);
  rw_mutex_unlock_read (&cache->ranges);

  rw_mutex_lock_write (&cache->ranges);
  rw_mutex_unlock_write (&cache->ranges);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Cache cache = { .repaired = repaired, .ranges = RW_MUTEX ("ranges") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  for (guint i = 0; i < N_LOOKUPS; i++)
    trio_nursery_start_soon (nursery, look_up, &cache);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_cockroach_6181 = {
  "cockroach-6181", run, "deadlock", NULL, "logging a cache takes its read lock again, behind a writer who waits for the first",
};
