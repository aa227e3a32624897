/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: etcd's keeper of authentication tokens (https://github.com/etcd-io/etcd/pull/7492; GoKer etcd/7492; a channel, a
 * lock and a timer). The ticker is bounded here.
 *
 * The bug: who logs in tells the keeper of its token while it holds the mutex. If the channel is full it waits for the keeper; if
 * the keeper is just deleting old tokens, it waits for that mutex. A tick must come while somebody logs in.
 *
 * The repair: tell the keeper with the mutex unlocked, and hand over directly. */

#include "tests/bugs/primitives.h"

#define N_LOGINS 3
#define N_TICKS  3

typedef struct
{
  gboolean   repaired;
  Mutex      mutex;
  Channel   *add;
  Channel   *ticks;
  TrioEvent *stop;
  TrioEvent *stopped;
  WaitGroup  logins;
} Keeper;

static gboolean
keep (gpointer data, GError **error G_GNUC_UNUSED)
{
  Keeper *keeper = data;
  guint n_tokens = 0;
  gpointer item;

  for (;;)
    {
      switch (choose_from (trio_case_receive (keeper->add->receive, &item), trio_case_receive (keeper->ticks->receive, &item),
                           trio_case_event (keeper->stop)))
        {
        case 0:
          n_tokens++;
          break;
        case 1:
          for (; n_tokens > 0; n_tokens--)
            {
              mutex_lock (&keeper->mutex);
              mutex_unlock (&keeper->mutex);
            }
          break;
        default:
          trio_event_set (keeper->stopped);
          return TRUE;
        }
    }
}

/* A tick for which there is no room is dropped. */
static gboolean
tick (gpointer data, GError **error G_GNUC_UNUSED)
{
  Keeper *keeper = data;

  for (guint i = 0; i < N_TICKS; i++)
    {
      sleep_for (G_TIME_SPAN_MILLISECOND);
      choose_from_nowait (trio_case_send (keeper->ticks->send, NULL));
    }
  return TRUE;
}

static gboolean
log_in (gpointer data, GError **error G_GNUC_UNUSED)
{
  Keeper *keeper = data;

  mutex_lock (&keeper->mutex);
  if (keeper->repaired)
    mutex_unlock (&keeper->mutex);
  channel_send (keeper->add, NULL);
  if (!keeper->repaired)
    mutex_unlock (&keeper->mutex);
  wait_group_done (&keeper->logins);
  return TRUE;
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (Channel) add = channel_new (repaired ? 0 : 1);
  g_autoptr (Channel) ticks = channel_new (1);
  g_autoptr (TrioEvent) stop = trio_event_new ();
  g_autoptr (TrioEvent) stopped = trio_event_new ();
  Keeper keeper = {
    .repaired = repaired, .mutex = MUTEX ("tokens"), .add = add, .ticks = ticks, .stop = stop, .stopped = stopped,
    .logins = WAIT_GROUP ("logins"),
  };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  trio_nursery_start_soon (nursery, keep, &keeper);
  trio_nursery_start_soon (nursery, tick, &keeper);
  wait_group_add (&keeper.logins, N_LOGINS);
  for (guint i = 0; i < N_LOGINS; i++)
    trio_nursery_start_soon (nursery, log_in, &keeper);

  wait_group_wait (&keeper.logins);
  trio_event_set (stop);
  wait_for (stopped);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_etcd_7492 = {
  "etcd-7492", run, "deadlock", NULL, "a full channel is sent to under the mutex that its reader needs for a tick",
};
