/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: the idle-aware framer of Kubernetes' SPDY streams (https://github.com/kubernetes/kubernetes/pull/6632; GoKer
 * kubernetes/6632; a channel and a lock).
 *
 * The bug: who writes tells the monitor over a channel with the mutex held. When the connection closes, the monitor wants that
 * mutex, to close the channel, and receives no longer.
 *
 * The repair: while it waits for the mutex, the monitor lets a helper empty the channel. */

#include "tests/bugs/primitives.h"

typedef struct
{
  gboolean  repaired;
  Mutex     mutex;
  Channel  *reset;        /* NULL: closed */
  Channel  *close;
} Framer;

static gboolean
empty (gpointer data, GError **error G_GNUC_UNUSED)
{
  Channel *channel = data;

  while (channel_receive (channel, NULL))
    continue;
  return TRUE;
}

static gboolean
monitor (gpointer data, GError **error)
{
  Framer *framer = data;
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  channel_receive (framer->close, NULL);
  if (framer->repaired)
    trio_nursery_start_soon (nursery, empty, framer->reset);
  mutex_lock (&framer->mutex);
  channel_close (g_steal_pointer (&framer->reset));
  mutex_unlock (&framer->mutex);
  return trio_nursery_close (nursery, TRUE);
}

static gboolean
write_frame (gpointer data, GError **error G_GNUC_UNUSED)
{
  Framer *framer = data;

  mutex_lock (&framer->mutex);
  if (framer->reset != NULL)
    channel_send (framer->reset, NULL);
  mutex_unlock (&framer->mutex);
  return TRUE;
}

static gboolean
close_connection (gpointer data, GError **error G_GNUC_UNUSED)
{
  Framer *framer = data;

  channel_send (framer->close, NULL);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) reset = channel_new (0);
  g_autoptr (Channel) closing = channel_new (0);
  Framer framer = { .repaired = repaired, .mutex = MUTEX ("framer"), .reset = reset, .close = closing };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, monitor, &framer);
  trio_nursery_start_soon (nursery, write_frame, &framer);
  trio_nursery_start_soon (nursery, close_connection, &framer);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_kubernetes_6632 = {
  "kubernetes-6632", run, "deadlock", NULL, "who writes sends under the mutex that the receiver needs to close",
};
