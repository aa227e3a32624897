/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: CockroachDB's gossip (https://github.com/cockroachdb/cockroach/pull/584; GoKer cockroach/584; an unlock that is
 * missing).
 *
 * The bug: the loop is left with the mutex locked when the node is closed; who comes next waits for ever. It fails in every
 * schedule, and so tests whether a deadlock is noticed.
 *
 * The repair: unlock before leaving. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean repaired;
  Mutex    mutex;
  gboolean closed;
} Gossip;

static void TRIO_CHECKPOINT
manage (Gossip *gossip)
{
  for (;;)
    {
      mutex_lock (&gossip->mutex);
      if (gossip->closed)
        {
          if (gossip->repaired)
            mutex_unlock (&gossip->mutex);
          break;
        }
      mutex_unlock (&gossip->mutex);
    }
}

static gboolean
run (gboolean repaired, GError **error G_GNUC_UNUSED)
{
  Gossip gossip = { .repaired = repaired, .mutex = MUTEX ("gossip"), .closed = TRUE };

  manage (&gossip);
  manage (&gossip);
  return TRUE;
}

const Bug bug_cockroach_584 = {
  "cockroach-584", run, "deadlock", NULL, "a loop is left without unlocking",
};
