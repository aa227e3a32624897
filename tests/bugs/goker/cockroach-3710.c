/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: CockroachDB's store, asked to scan its Raft log at once (https://github.com/cockroachdb/cockroach/pull/3710; GoKer
 * cockroach/3710; a read lock taken twice).
 *
 * The bug: the scan holds the store's read lock while the queue it fills takes the same lock for reading once more. If a writer
 * comes between, the second reading waits behind the writer, who waits for the first.
 *
 * The repair: the scan gives its read lock back before it fills the queue. */

#include "tests/bugs/primitives.h"

#define N_REPLICAS 2

typedef struct
{
  gboolean repaired;
  RWMutex  store;
  Mutex    queue;
} Store;

static gboolean
force_scan (gpointer data, GError **error G_GNUC_UNUSED)
{
  Store *store = data;

  rw_mutex_lock_read (&store->store);
  if (store->repaired)
    rw_mutex_unlock_read (&store->store);
  for (guint i = 0; i < N_REPLICAS; i++)
    {
      mutex_lock (&store->queue);
      rw_mutex_lock_read (&store->store);
      rw_mutex_unlock_read (&store->store);
      mutex_unlock (&store->queue);
    }
  if (!store->repaired)
    rw_mutex_unlock_read (&store->store);
  return TRUE;
}

static gboolean
process_raft (gpointer data, GError **error G_GNUC_UNUSED)
{
  Store *store = data;

  rw_mutex_lock_write (&store->store);
  rw_mutex_unlock_write (&store->store);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Store store = { .repaired = repaired, .store = RW_MUTEX ("store"), .queue = MUTEX ("queue") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, force_scan, &store);
  trio_nursery_start_soon (nursery, process_raft, &store);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_cockroach_3710 = {
  "cockroach-3710", run, "deadlock", NULL, "a read lock is taken a second time, behind a writer who waits for the first",
};
