/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the watch broadcasts of etcd's gRPC proxy (https://github.com/etcd-io/etcd/pull/6873; GoKer etcd/6873; a channel
 * and a lock).
 *
 * The bug: stop () holds the mutex while it waits for the update loop to end; the loop, with one update in hand, waits for that
 * mutex.
 *
 * The repair: unlock before waiting. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean   repaired;
  Mutex      mutex;
  Channel   *updates;
  TrioEvent *loop_ended;
} Broadcasts;

static gboolean
update_loop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Broadcasts *broadcasts = data;

  while (channel_receive (broadcasts->updates, NULL))
    {
      mutex_lock (&broadcasts->mutex);
      mutex_unlock (&broadcasts->mutex);
    }
  trio_event_set (broadcasts->loop_ended);
  return TRUE;
}

static gboolean
stop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Broadcasts *broadcasts = data;

  mutex_lock (&broadcasts->mutex);
  channel_close (broadcasts->updates);
  if (broadcasts->repaired)
    mutex_unlock (&broadcasts->mutex);
  wait_for (broadcasts->loop_ended);
  if (!broadcasts->repaired)
    mutex_unlock (&broadcasts->mutex);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) updates = channel_new (1);
  g_autoptr (TrioEvent) loop_ended = trio_event_new ();
  Broadcasts broadcasts = { .repaired = repaired, .mutex = MUTEX ("broadcasts"), .updates = updates, .loop_ended = loop_ended };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, update_loop, &broadcasts);
  choose_from_nowait (trio_case_send (updates->send, NULL));
  trio_nursery_start_soon (nursery, stop, &broadcasts);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_etcd_6873 = {
  "etcd-6873", run, "deadlock", NULL, "stop () holds the mutex that the loop it waits for needs",
};
