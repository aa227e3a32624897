/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: CockroachDB's MultiRaft and its store (https://github.com/cockroachdb/cockroach/pull/2448; GoKer cockroach/2448;
 * two channels in a circle). The loops are bounded here.
 *
 * The bug: two loops post to each other over channels without a buffer. Both may be sending at the same time, and then nobody
 * receives.
 *
 * The repair: channels that hold all that may be under way. */

#include "tests/bugs/primitives.h"

#define N_EVENTS 3

typedef struct
{
  Channel *events;
  Channel *callbacks;
} Raft;

static gboolean
state_loop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Raft *raft = data;
  guint n_sent = 0, n_called_back = 0;
  gpointer callback;

  while (n_called_back < N_EVENTS)
    {
      if (choose_from_nowait (trio_case_receive (raft->callbacks->receive, &callback)) != NOTHING_READY)
        n_called_back++;
      else if (n_sent < N_EVENTS)
        {
          channel_send (raft->events, NULL);
          n_sent++;
        }
      else if (channel_receive (raft->callbacks, NULL))
        n_called_back++;
    }
  return TRUE;
}

static gboolean
store_loop (gpointer data, GError **error G_GNUC_UNUSED)
{
  Raft *raft = data;

  for (guint i = 0; i < N_EVENTS; i++)
    {
      channel_receive (raft->events, NULL);
      channel_send (raft->callbacks, NULL);
    }
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  gsize capacity = repaired ? N_EVENTS : 0;
  g_autoptr (Channel) events = channel_new (capacity);
  g_autoptr (Channel) callbacks = channel_new (capacity);
  Raft raft = { events, callbacks };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, state_loop, &raft);
  trio_nursery_start_soon (nursery, store_loop, &raft);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_cockroach_2448 = {
  "cockroach-2448", run, "deadlock", NULL, "two loops send to each other at the same time, and nobody receives",
};
