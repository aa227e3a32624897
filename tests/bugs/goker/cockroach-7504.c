/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: CockroachDB's leases of table descriptors, and the cache of their names
 * (https://github.com/cockroachdb/cockroach/pull/7504; GoKer cockroach/7504; lock order).
 *
 * The bug: who acquires a lease by name locks the name cache and then the lease; who releases one locks the lease and then the name
 * cache.
 *
 * The repair: the cache is unlocked before the lease it gave is locked. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    lease;
  Mutex    names;
  Mutex    table;
} Leases;

static gboolean
acquire_by_name (gpointer data, GError **error G_GNUC_UNUSED)
{
  Leases *leases = data;

  mutex_lock (&leases->names);
  if (leases->repaired)
    mutex_unlock (&leases->names);
  mutex_lock (&leases->lease);
  mutex_unlock (&leases->lease);
  if (!leases->repaired)
    mutex_unlock (&leases->names);
  return TRUE;
}

static gboolean
release (gpointer data, GError **error G_GNUC_UNUSED)
{
  Leases *leases = data;

  mutex_lock (&leases->table);
  mutex_lock (&leases->lease);
  mutex_lock (&leases->names);
  mutex_unlock (&leases->names);
  mutex_unlock (&leases->lease);
  mutex_unlock (&leases->table);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  Leases leases = { .repaired = repaired, .lease = MUTEX ("lease"), .names = MUTEX ("name cache"), .table = MUTEX ("table") };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, acquire_by_name, &leases);
  trio_nursery_start_soon (nursery, release, &leases);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_cockroach_7504 = {
  "cockroach-7504", run, "deadlock", NULL, "acquiring locks names, then lease; releasing locks lease, then names",
};
