/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* What happened: a test program of etcd's, in which clients meet after each round (https://github.com/etcd-io/etcd/pull/7902; GoKer
 * etcd/7902; a channel and a lock).
 *
 * The bug: a client waits for the end of the round while it holds the mutex which the leader needs to end the round. Only if they
 * go in step does nobody notice.
 *
 * The repair: no mutex is held while waiting; the clients meet at a barrier. */

#include "tests/bugs/primitives.h"

#define N_CLIENTS 3
#define N_ROUNDS  2

typedef struct
{
  gboolean     repaired;
  Mutex        mutex;
  GPtrArray   *rounds;        /* TrioEvent; the last one is the end of this round */
  TrioBarrier *barrier;
} Clients;

static TrioEvent *
this_round (Clients *clients)
{
  return g_ptr_array_index (clients->rounds, clients->rounds->len - 1);
}

static void TRIO_CHECKPOINT
play_round (Clients *clients, gboolean is_leader)
{
  TrioEvent *round_ends;

  mutex_lock (&clients->mutex);
  round_ends = this_round (clients);
  mutex_unlock (&clients->mutex);

  mutex_lock (&clients->mutex);
  if (is_leader)
    {
      trio_event_set (this_round (clients));
      g_ptr_array_add (clients->rounds, trio_event_new ());
    }
  wait_for (round_ends);
  mutex_unlock (&clients->mutex);
}

static gboolean TRIO_CHECKPOINT
play (Clients *clients, gboolean is_leader, GError **error)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      if (!clients->repaired)
        play_round (clients, is_leader);
      else if (!trio_barrier_wait (clients->barrier, NULL, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
leader (gpointer data, GError **error)
{
  return play (data, TRUE, error);
}

static gboolean
follower (gpointer data, GError **error)
{
  return play (data, FALSE, error);
}

static gboolean
run (gboolean repaired, GError **error)
{
  g_autoptr (GPtrArray) rounds = g_ptr_array_new_with_free_func ((GDestroyNotify) trio_event_free);
  g_autoptr (TrioBarrier) barrier = trio_barrier_new (N_CLIENTS);
  Clients clients = { .repaired = repaired, .mutex = MUTEX ("clients"), .rounds = rounds, .barrier = barrier };
  g_autoptr (TrioNursery) nursery = trio_nursery_open (error);

  g_ptr_array_add (rounds, trio_event_new ());
  trio_nursery_start_soon (nursery, leader, &clients);
  for (guint i = 1; i < N_CLIENTS; i++)
    trio_nursery_start_soon (nursery, follower, &clients);
  return trio_nursery_close (nursery, TRUE);
}

const Bug bug_etcd_7902 = {
  "etcd-7902", run, "deadlock", NULL, "clients wait for the end of a round under the mutex that ending it needs",
};
