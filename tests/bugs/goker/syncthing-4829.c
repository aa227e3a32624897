/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: Syncthing's port mappings (https://github.com/syncthing/syncthing/pull/4829; GoKer syncthing/4829; a lock taken
 * twice. The same shape: etcd 6708 and 10492, moby 36114).
 *
 * The bug: a mapping tells its listeners that it was cleared while it is locked for writing, and telling them locks it for reading.
 * It fails in every schedule, and so tests whether a deadlock is noticed.
 *
 * The repair: unlock before telling. */

#include "tests/bugs/primitives.h"

typedef struct
{
  RWMutex service;
  RWMutex mapping;
} Nat;

static void TRIO_CHECKPOINT
notify (Nat *nat)
{
  rw_mutex_lock_read (&nat->mapping);
  rw_mutex_unlock_read (&nat->mapping);
}

static gboolean
run (gboolean repaired, GError **error G_GNUC_UNUSED)
{
  Nat nat = { .service = RW_MUTEX ("service"), .mapping = RW_MUTEX ("mapping") };

  rw_mutex_lock_write (&nat.service);
  rw_mutex_lock_write (&nat.mapping);
  if (repaired)
    rw_mutex_unlock_write (&nat.mapping);
  notify (&nat);
  if (!repaired)
    rw_mutex_unlock_write (&nat.mapping);
  rw_mutex_unlock_write (&nat.service);
  return TRUE;
}

const Bug bug_syncthing_4829 = {
  "syncthing-4829", run, "deadlock", NULL, "who holds the write lock takes the read lock",
};
